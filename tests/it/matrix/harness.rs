//! That the people of these tests can do, without Greffier, what the tests make them do.

use serde_json::json;

use super::client::People;
use crate::servers::synapse::{Rates, shared_synapse, synapse};

#[test]
fn two_people_talk_in_an_encrypted_room_and_in_a_clear_one() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ada = people.person("ada-harness");
    let bob = people.person("bob-harness");
    for encrypted in [true, false] {
        let room = ada.create(encrypted, &[&bob.id]);
        let seen_by_bob = bob.enter(&room.id, encrypted);
        room.until_member(&bob.id, "join");
        let said = room.say("Bonjour l’équipe");
        let seen = seen_by_bob.shown(0, "Bonjour l'équipe");
        assert_eq!(
            (seen.id.as_str(), seen.encrypted),
            (said.as_str(), encrypted)
        );
        let answer = seen_by_bob.say_in(&said, "Bien reçu");
        assert_eq!(
            room.shown(0, "Bien reçu").thread.as_deref(),
            Some(said.as_str())
        );
        seen_by_bob.edit(&answer, "Bien lu");
        let edit = room.shown(0, "Bien lu");
        assert_eq!(edit.edits.as_deref(), Some(answer.as_str()));
        seen_by_bob.react(&said, "✅");
        room.reacted(&said, "✅");
        let file = seen_by_bob.upload(
            "plan.pdf",
            "application/pdf",
            b"%PDF plan",
            Some(&said),
            "plan.pdf",
        );
        let brought = room.shown(0, "plan.pdf");
        assert_eq!(brought.id, file);
        assert_eq!(room.fetch(&brought), b"%PDF plan");
        let info = brought.info.as_ref().unwrap();
        assert_eq!((info.mimetype.as_str(), info.size), ("application/pdf", 9));
        assert_eq!(brought.filename.as_deref(), Some("plan.pdf"));
        assert_eq!(
            brought.file.as_ref().unwrap().get("key").is_some(),
            encrypted
        );
    }
}

#[test]
fn a_device_that_its_owner_has_not_signed_is_told_nothing() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ada = people.person("ada-unsigned");
    people.register("bob-unsigned");
    let bob = people.login("bob", "bob-unsigned", false);
    let room = ada.create(true, &[&bob.id]);
    let seen_by_bob = bob.enter(&room.id, true);
    room.until_member(&bob.id, "join");
    room.say("Entre nous");
    seen_by_bob.find(0, "a sealed message", |seen| seen.sealed.then_some(()));
    bob.ask(json!({ "do": "cross_sign" }));
    room.say("Bienvenue");
    assert!(!seen_by_bob.shown(0, "Bienvenue").sealed);
    let devices = ada.ask(json!({ "do": "devices", "user": bob.id }));
    assert!(
        devices
            .as_object()
            .unwrap()
            .values()
            .all(|signed| *signed == true)
    );
}

#[test]
fn a_homeserver_comes_back_with_its_rooms() {
    let Some(mut server) = synapse(Rates::Default) else {
        return;
    };
    let people = People::of(&server);
    let ada = people.person("ada");
    let room = ada.create(true, &[]);
    server.cut_off();
    server.start();
    let said = room.say("Après la panne");
    server.stop();
    server.start();
    room.find(0, "her own line", |seen| (seen.id == said).then_some(()));
}
