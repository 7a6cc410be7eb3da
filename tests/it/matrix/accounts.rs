//! Accounts, their devices, and what these may do.

use std::fs;

use serde_json::json;

use super::client::People;
use super::scene::Office;
use crate::daemon::desk::{LINA, PAUL, code};
use crate::servers::synapse::shared_synapse;

#[test]
fn an_account_that_is_not_linked_any_more_can_do_nothing() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "delie", true);
    let (number, _) = office.deposit();
    let mark = office.direct.mark();
    office.direct.say("!delier");
    office.direct.shown(mark, "n'est plus relié");
    let mark = office.room.mark();
    office.room.say(&format!("!suivre {number}"));
    office.room.shown(mark, "pas encore relié");
    assert_eq!(office.room.with("suit ce dossier").len(), 0);
    office
        .bot
        .link_in(&office.direct, crate::daemon::desk::INES);
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
}

#[test]
fn one_person_may_link_two_accounts() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "deux", true);
    let (_other, room) =
        office.colleague(&people, "ines-deux-telephone", crate::daemon::desk::INES);
    let (number, _) = office.deposit();
    let line = room.say(&format!("!suivre {number}"));
    room.reacted(&line, "✅");
    let mark = office.room.mark();
    office.room.say(&format!("!suivre {number}"));
    office.room.shown(mark, "déjà");
}

#[test]
fn rights_are_read_again_at_each_act() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "droits", true);
    let (_paul, room) = office.colleague(&people, "paul-droits", PAUL);
    let (number, thread) = office.deposit();
    room.say(&format!("!suivre {number}"));
    thread.shown("suit ce dossier");
    thread.say("!instruire");
    thread.shown("passé en instruction");
    // A preview that waits while he leaves the group.
    let mark = room.mark();
    room.say(&format!("!accepter {number} Bonjour."));
    let preview = room.shown(mark, "À confirmer");
    assert_eq!(office.bot.stop(), 0);
    let file = office.bot.path().join("demarches/101.toml");
    let demarche = fs::read_to_string(&file).unwrap();
    fs::write(&file, demarche.replace(&format!(", \"{PAUL}\""), "")).unwrap();
    office.bot.start();
    room.react(&preview.id, "✅");
    let code = code(&preview.text().replace('`', ""));
    let mark = room.mark();
    room.say(&format!("!confirmer {code}"));
    room.find(mark, "a refusal", |seen| {
        (seen.sender == office.bot.id && seen.is_message()).then_some(())
    });
    office.bot.quiet();
    assert_eq!(office.bot.count(LINA, "a été accepté"), 0);
}

#[test]
fn a_device_that_is_not_signed_reads_and_does_not_decide() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "appareil", true);
    let phone = people.login("telephone-appareil", "ines-appareil", false);
    let room = phone.enter(&office.room.id, true);
    let (number, thread) = office.deposit();
    // It can read what is said from now on.
    room.shown(0, &format!("Nouveau dossier n° {number}"));
    thread.say("!instruire");
    thread.shown("passé en instruction");
    let mark = room.mark();
    room.say(&format!("!dossier {number}"));
    room.find(mark, "the dossier", |seen| {
        seen.text().contains("Secteur").then_some(())
    });
    let mark = room.mark();
    room.say(&format!("!accepter {number} Bonjour."));
    let answer = room.find(mark, "a refusal", |seen| {
        (seen.sender == office.bot.id && seen.is_message()).then(|| seen.text())
    });
    assert!(answer.contains("n'est pas vérifiée"), "{answer}");
    assert!(!answer.contains("Pour le faire"), "{answer}");
    // The same words from the device that its owner has signed.
    let mark = office.room.mark();
    office.room.say(&format!("!accepter {number} Bonjour."));
    let preview = office.room.shown(mark, "À confirmer");
    let code = code(&preview.text().replace('`', ""));
    // Nor does it confirm what the other has asked.
    let mark = room.mark();
    room.say(&format!("!confirmer {code}"));
    room.find(mark, "a refusal", |seen| {
        (seen.sender == office.bot.id
            && seen.is_message()
            && seen.text().contains("n'est pas vérifiée"))
        .then_some(())
    });
    // A reaction tells no device: with one that is not signed among hers, none is believed.
    let refused = room.mark();
    room.react(&preview.id, "✅");
    room.shown(refused, "Une réaction ne dit pas de quelle session");
    office.bot.quiet();
    assert_eq!(office.bot.count(LINA, "a été accepté"), 0);
    office.room.say(&format!("!confirmer {code}"));
    office.bot.mail(LINA, "a été accepté");
}

#[test]
fn whose_identity_is_made_anew_proves_anew_who_he_is() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "identite", true);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    // Somebody who has the password could do this as well as she.
    office.ines.ask(json!({ "do": "cross_sign" }));
    let mark = office.room.mark();
    let line = thread.say("!instruire");
    office
        .room
        .shown(mark, "l'identité de votre compte a changé");
    office.room.reacted(&line, "❌");
    // To look is still allowed, and a code by mail proves that it is she.
    let mark = office.room.mark();
    thread.say("!dossier");
    office.room.shown(mark, "Secteur");
    office.bot.advance(61);
    office
        .bot
        .link_in(&office.direct, crate::daemon::desk::INES);
    let line = thread.say("!instruire");
    office.room.reacted(&line, "✅");
    thread.shown("passé en instruction");
}

#[test]
fn a_lost_account_is_cut_off_from_another_or_by_an_administrateur() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "perdue", true);
    let (phone, room) = office.colleague(&people, "ines-perdue-tel", crate::daemon::desk::INES);
    let (chief, _) = office.colleague(&people, "cheffe-perdue", crate::daemon::desk::CHEFFE);
    let (number, _) = office.deposit();
    let line = room.say(&format!("!suivre {number}"));
    room.reacted(&line, "✅");
    let mark = office.direct.mark();
    office.direct.say(&format!("!delier {}", phone.id));
    office.direct.shown(mark, "ne l'est plus");
    let mark = room.mark();
    room.say(&format!("!instruire {number}"));
    room.shown(mark, "pas encore relié");
    // The administratrice cuts off the rest.
    let private = chief.direct(&office.bot.id);
    office.bot.comes(&private);
    let mark = private.mark();
    private.say(&format!("!comptes {}", crate::daemon::desk::INES));
    private.shown(mark, "ines-perdue");
    let mark = private.mark();
    private.say(&format!("!delier {}", crate::daemon::desk::INES));
    private.shown(mark, "1 compte relié");
    let mark = office.room.mark();
    office.room.say(&format!("!instruire {number}"));
    office.room.shown(mark, "pas encore relié");
    assert_eq!(office.room.with("passé en instruction").len(), 0);
}

#[test]
fn in_clear_and_in_private_one_looks_and_does_not_act() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "enclair", true);
    let (number, _) = office.deposit();
    // Who has her password, and no device that she has signed, could open such a conversation.
    let clear = office
        .ines
        .create_with(false, &json!({ "invite": [office.bot.id], "direct": true }));
    office.bot.comes(&clear);
    let mark = office.direct.mark();
    clear.say(&format!("!suivre {number}"));
    // The answer comes where it is encrypted.
    office.direct.shown(mark, "n'est pas chiffrée");
    let mark = office.direct.mark();
    clear.say(&format!("!dossier {number}"));
    office.direct.shown(mark, "Secteur");
    office.bot.quiet();
    assert_eq!(clear.with("").len(), 0, "{}", clear.told());
    assert_eq!(office.room.with("suit ce dossier").len(), 0);
}

#[test]
fn a_stranger_has_answers_enough_some_day() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "bruyant", true);
    let stranger = people.person("inconnu-bruyant");
    let room = stranger.direct(&office.bot.id);
    office.bot.comes(&room);
    let mut last = String::new();
    for _ in 0..25 {
        last = room.say("!dossiers");
    }
    crate::daemon::desk::until("the last one is heard", || {
        room.read_by(&office.bot.id).contains(&last).then_some(())
    });
    office.bot.quiet();
    let answers = || room.with("pas encore relié").len();
    crate::daemon::desk::until("the last answer is seen", || {
        (answers() >= 20).then_some(())
    });
    assert_eq!(answers(), 20);
}
