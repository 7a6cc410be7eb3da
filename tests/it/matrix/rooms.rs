//! Invitations, kicks, upgrades, and rooms where others are.

use serde_json::json;

use super::client::People;
use super::scene::{Bot, Office, Thread};
use crate::daemon::desk::{CHEFFE, INES, LINA};
use crate::servers::synapse::{SERVER, shared_synapse};

#[test]
fn only_those_on_the_list_may_invite_it() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ines = people.person("ines-invite");
    let stranger = people.person("inconnu-invite");
    let mut bot = Bot::on(server, &people, "greffier-invite");
    bot.reconfigure(
        &format!("inviters = [\"{SERVER}\"]"),
        &format!("administrateurs = [\"{}\"]", ines.id),
    );
    bot.start();
    let hers = ines.create(true, &[&bot.id]);
    bot.comes(&hers);
    let theirs = stranger.create(false, &[&bot.id]);
    theirs.until_member(&bot.id, "leave");
    assert!(theirs.with("").is_empty(), "nothing is said to a stranger");
    // It is still there for those who may.
    let again = ines.create(false, &[&bot.id]);
    bot.comes(&again);
}

#[test]
fn thrown_out_it_goes_on_elsewhere_and_comes_back_when_invited() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "dehors", true);
    let (number, _) = office.deposit();
    office.bot.quiet();
    office.room.membership("kick", &office.bot.id);
    office.room.until_member(&office.bot.id, "leave");
    // Neither the daemon nor the private conversation minds.
    let mark = office.direct.mark();
    office.direct.say(&format!("!dossier {number}"));
    office.direct.shown(mark, "Secteur");
    office.bot.deposit(LINA, "Nord");
    let mark = office.direct.mark();
    office.direct.say("!statut");
    office.direct.shown(mark, "à envoyer");
    let away = office.room.mark();
    office.room.invite(&office.bot.id);
    office.room.find(away, "its return", |seen| {
        (seen.state.as_deref() == Some(&office.bot.id) && seen.content["membership"] == "join")
            .then_some(())
    });
    let third = office.bot.deposit(LINA, "Nord");
    Thread::of(&office.room, third).shown("Nouveau dossier");
}

#[test]
fn an_upgraded_room_is_followed() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "neuf", false);
    let (first, _) = office.deposit();
    office.bot.quiet();
    let path = format!("/_matrix/client/v3/rooms/{}/upgrade", office.room.id);
    let upgraded = office
        .ines
        .request("POST", &path, &json!({ "new_version": "11" }));
    let new = upgraded["replacement_room"].as_str().unwrap().to_owned();
    let new = office.ines.enter(&new, false);
    // As Element does for everybody who was there.
    new.invite(&office.bot.id);
    office.bot.comes(&new);
    let old = office.room.mark();
    let number = office.bot.deposit(LINA, "Nord");
    let thread = Thread::of(&new, number);
    thread.shown("Nouveau dossier");
    let line = thread.say("!suivre");
    new.reacted(&line, "✅");
    // And after a restart.
    assert_eq!(office.bot.stop(), 0);
    office.bot.start();
    let line = new.say(&format!("!suivre {first}"));
    new.reacted(&line, "✅");
    office.bot.quiet();
    let seen = office.room.timeline();
    assert!(
        seen.iter()
            .skip(old)
            .all(|seen| seen.sender != office.bot.id || !seen.is_message())
    );
}

#[test]
fn a_room_is_bound_by_its_alias() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ines = people.person("ines-alias");
    let mut bot = Bot::on(server, &people, "greffier-alias");
    let room = ines.create_with(
        true,
        &json!({ "invite": [bot.id], "alias": "salle-des-dossiers" }),
    );
    bot.bind(
        &format!("#salle-des-dossiers:{SERVER}"),
        "privacy = \"standard\"",
    );
    bot.start();
    bot.comes(&room);
    bot.link(&ines, INES);
    let number = bot.deposit(LINA, "Nord");
    let thread = Thread::of(&room, number);
    let line = thread.say("!suivre");
    room.reacted(&line, "✅");
    thread.becomes("Suivi par");
}

#[test]
fn an_administrateur_binds_a_room_by_a_command() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "lie", true);
    let (chief, _) = office.colleague(&people, "cheffe-lie", CHEFFE);
    let new = chief.create(true, &[&office.bot.id, &office.ines.id]);
    let seen_by_ines = office.ines.enter(&new.id, true);
    office.bot.comes(&new);
    let first = office.bot.deposit(LINA, "Nord");
    Thread::of(&office.room, first).shown("Nouveau dossier");
    // She who is no administratrice may not.
    let mark = seen_by_ines.mark();
    seen_by_ines.say("!salon lier 101");
    seen_by_ines.shown(mark, "Seuls les administrateurs");
    let mark = new.mark();
    new.say("!salon lier 101 groupe=Nord");
    let said = new.shown(mark, "Ce salon est relié").text();
    assert!(said.contains("chiffré"), "{said}");
    // Encrypted, it shows the name, and no more.
    let number = office.bot.deposit(LINA, "Nord");
    let thread = Thread::of(&seen_by_ines, number);
    let news = thread.shown("Nouveau dossier");
    assert!(news.encrypted && thread.card.text().contains("Moreau"));
    assert!(!thread.card.text().contains("colombage"));
    let line = thread.say("!suivre");
    seen_by_ines.reacted(&line, "✅");
    // After a restart as well, and as long as it is not undone.
    assert_eq!(office.bot.stop(), 0);
    office.bot.start();
    let number = office.bot.deposit(LINA, "Nord");
    Thread::of(&new, number).shown("Nouveau dossier");
    let mark = new.mark();
    new.say("!salon delier");
    new.shown(mark, "n'est plus relié");
    let last = office.bot.deposit(LINA, "Nord");
    Thread::of(&office.room, last).shown("Nouveau dossier");
    office.bot.quiet();
    assert_eq!(new.with(&format!("n° {last} ")).len(), 0);
    assert_eq!(new.with(&format!("n° {first} ")).len(), 0);
}

#[test]
fn once_encrypted_a_room_is_never_spoken_to_in_clear() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "bascule", false);
    let (number, _) = office.deposit();
    office.bot.quiet();
    let path = format!(
        "/_matrix/client/v3/rooms/{}/state/m.room.encryption",
        office.room.id
    );
    let megolm = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    office.ines.request("PUT", &path, &megolm);
    let room = office.ines.enter(&office.room.id, true);
    let mark = room.mark();
    let line = room.say(&format!("!suivre {number}"));
    room.reacted(&line, "✅");
    assert_eq!(office.bot.stop(), 0);
    office.bot.start();
    let next = office.bot.deposit(LINA, "Nord");
    Thread::of(&room, next).shown("Nouveau dossier");
    office.bot.quiet();
    for seen in room.timeline().into_iter().skip(mark) {
        let from_bot = seen.sender == office.bot.id && seen.is_message();
        assert!(!from_bot || seen.encrypted, "in clear: {}", seen.text());
    }
}
