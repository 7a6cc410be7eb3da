//! People of other homeservers: those who may work with dossiers, and those who may not even hear of them.

use super::client::{People, Room};
use super::scene::{Bot, Office, Thread};
use crate::daemon::desk::{LINA, PAUL, code, until};
use crate::servers::synapse::{Synapse, federated_synapse, shared_federation};

/// What a room is told when people from outside have come.
const TOLD: &str = "Des personnes extérieures sont dans ce salon";

/// `bot.toml` that lets the people of `other` read dossiers, and invite.
fn allow(bot: &Bot, home: &Synapse, other: &Synapse) {
    for key in ["allowed_servers", "inviters"] {
        bot.reconfigure(
            &format!("{key} = [\"{}\"]", home.name()),
            &format!("{key} = [\"{}\", \"{}\"]", home.name(), other.name()),
        );
    }
}

/// Waits until Greffier has heard all that came before. Whether it answers is another matter.
fn caught_up(office: &Office<'_>) {
    let line = office.room.say("!statut");
    until("the line is marked as read", || {
        let read = office.room.read_by(&office.bot.id);
        read.contains(&line).then_some(())
    });
    office.bot.quiet();
}

/// What Greffier said in a room, reactions apart.
fn said(room: &Room<'_>, bot: &Bot) -> Vec<String> {
    let seen = room.timeline();
    let from_bot = seen
        .iter()
        .filter(|seen| seen.sender == bot.id && seen.is_message());
    from_bot.map(super::client::Seen::text).collect()
}

#[test]
fn somebody_of_an_allowed_server_works_from_the_room() {
    let Some([home, other]) = shared_federation() else {
        return;
    };
    let (people, guests) = (People::of(home), People::of(other));
    let office = Office::open_with(home, &people, "ami", true, |bot| allow(bot, home, other));
    let paul = guests.person("paul-ami");
    office.room.invite(&paul.id);
    let room = paul.enter(&office.room.id, true);
    // He opens the conversation: an invitation of his server is taken.
    office.bot.link(&paul, PAUL);
    let number = office.bot.deposit(LINA, "Nord");
    let thread = Thread::of(&room, number);
    assert!(thread.card.encrypted && !thread.card.sealed);
    thread.shown("Nouveau dossier");
    let line = thread.say("!suivre");
    room.reacted(&line, "✅");
    thread.becomes("Suivi par");
    let mark = room.mark();
    room.say(&format!("!dossier {number}"));
    room.shown(mark, "Secteur");
    let line = thread.say("!instruire");
    room.reacted(&line, "✅");
    // Those at home see what he does.
    Thread::of(&office.room, number).shown("passé en instruction");
    let mark = room.mark();
    thread.say("!accepter Le projet respecte le règlement.");
    let preview = room.shown(mark, "À confirmer");
    room.say(&format!(
        "!confirmer {}",
        code(&preview.text().replace('`', ""))
    ));
    office.bot.mail(LINA, "a été accepté");
    office.bot.quiet();
    assert_eq!(office.bot.count(LINA, "a été accepté"), 1);
    assert!(office.room.with(TOLD).is_empty());
    assert!(room.timeline().iter().all(|seen| !seen.sealed));
}

#[test]
fn where_somebody_from_outside_is_no_dossier_is_spoken_of() {
    let Some([home, other]) = shared_federation() else {
        return;
    };
    let (people, guests) = (People::of(home), People::of(other));
    let office = Office::open(home, &people, "dehors", true);
    let (first, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let eve = guests.person("eve-dehors");
    let mut hers = eve.room(&office.room.id);
    for times in 1..=2 {
        let came = office.room.mark();
        office.room.invite(&eve.id);
        hers = eve.enter(&office.room.id, true);
        office.room.find(came, "her coming", |seen| {
            let she = seen.state.as_deref() == Some(&eve.id);
            (she && seen.content["membership"] == "join").then_some(())
        });
        caught_up(&office);
        office.room.shown(came, TOLD);
        // By a deposit, by a question, by an act.
        office.bot.deposit(LINA, "Nord");
        office.room.say(&format!("!dossier {first}"));
        office.room.say(&format!("!suivre {first}"));
        caught_up(&office);
        assert_eq!(office.room.with(TOLD).len(), times, "told each time, once");
        let told = said(&hers, &office.bot);
        assert!(!told.is_empty());
        assert!(told.iter().all(|text| text.contains(TOLD)), "{told:?}");
        office.room.membership("kick", &eve.id);
        let left = office.room.mark();
        caught_up(&office);
        office.room.shown(left, "à envoyer");
    }
    let last = office.bot.deposit(LINA, "Nord");
    Thread::of(&office.room, last).shown("Nouveau dossier");
    let mark = office.room.mark();
    office.room.say(&format!("!dossier {first}"));
    office.room.shown(mark, "Secteur");
    office.bot.quiet();
    let told = said(&hers, &office.bot);
    assert!(told.iter().all(|text| text.contains(TOLD)), "{told:?}");
}

#[test]
fn where_externals_may_hear_they_hear() {
    let Some([home, other]) = shared_federation() else {
        return;
    };
    let (people, guests) = (People::of(home), People::of(other));
    let office = Office::open_with(home, &people, "ouvert", true, |bot| {
        bot.reconfigure(
            "network = \"matrix\"\n",
            "network = \"matrix\"\nexternals = true\n",
        );
    });
    let eve = guests.person("eve-ouvert");
    office.room.invite(&eve.id);
    let hers = eve.enter(&office.room.id, true);
    caught_up(&office);
    let number = office.bot.deposit(LINA, "Nord");
    Thread::of(&hers, number).shown("Nouveau dossier");
    // To read is not to act.
    let line = hers.say(&format!("!suivre {number}"));
    hers.shown(0, "pas encore relié");
    office.bot.quiet();
    assert!(
        hers.timeline()
            .iter()
            .all(|seen| seen.reacts.as_deref() != Some(&line)
                || !seen.key.as_deref().is_some_and(|key| key.starts_with('✅')))
    );
    assert!(office.room.with(TOLD).is_empty());
}

#[test]
fn invitations_of_other_servers_are_taken_by_the_list_only() {
    let Some([home, other]) = shared_federation() else {
        return;
    };
    let (people, guests) = (People::of(home), People::of(other));
    let friend = guests.person("ami-liste");
    let stranger = guests.person("inconnu-liste");
    let mut bot = Bot::on(home, &people, "greffier-liste");
    bot.reconfigure(
        &format!("inviters = [\"{}\"]", home.name()),
        &format!("inviters = [\"{}\", \"{}\"]", home.name(), friend.id),
    );
    bot.start();
    let theirs = stranger.create(true, &[&bot.id]);
    theirs.until_member(&bot.id, "leave");
    let private = stranger.direct(&bot.id);
    private.until_member(&bot.id, "leave");
    assert_eq!(said(&theirs, &bot), Vec::<String>::new());
    assert_eq!(said(&private, &bot), Vec::<String>::new());
    let named = friend.create(true, &[&bot.id]);
    bot.comes(&named);
    // By the name of the server, from the next start on.
    assert_eq!(bot.stop(), 0);
    bot.reconfigure(&friend.id, other.name());
    bot.start();
    let again = stranger.create(true, &[&bot.id]);
    bot.comes(&again);
}

#[test]
fn a_guest_whose_homeserver_is_away_keeps_nobody_waiting() {
    let Some([home, _]) = shared_federation() else {
        return;
    };
    let Some(mut other) = federated_synapse() else {
        return;
    };
    let (people, guests) = (People::of(home), People::of(&other));
    let office = Office::open_with(home, &people, "parti", true, |bot| allow(bot, home, &other));
    let paul = guests.person("paul-parti");
    office.room.invite(&paul.id);
    let room = paul.enter(&office.room.id, true);
    caught_up(&office);
    // Away with two keys to come: he has one already, and his other device has none.
    let phone = guests.login("telephone-parti", "paul-parti", false);
    phone.enter(&office.room.id, true);
    let there = office.bot.deposit(LINA, "Nord");
    Thread::of(&room, there).shown("Nouveau dossier");
    office.bot.quiet();
    other.cut_off();
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    let line = thread.say("!suivre");
    office.room.reacted(&line, "✅");
    thread.becomes("Suivi par");
    office.bot.quiet();
    // Back, he has missed nothing.
    other.start();
    Thread::of(&room, number).shown("suit ce dossier");
    assert!(room.timeline().iter().all(|seen| !seen.sealed));
}
