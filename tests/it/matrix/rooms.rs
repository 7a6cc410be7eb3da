//! Invitations, kicks, upgrades, and rooms where others are.

use serde_json::json;

use super::client::People;
use super::scene::{Bot, Office, Thread};
use crate::daemon::desk::{INES, LINA};
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
