//! The rules of interactions: what may answer what, and until when.

use std::time::Duration;

use serde_json::{Value, json};

use super::bare::{Scene, Socket, call, callback, form, register, scene, webhook};
use crate::discord::fake::Fake;
use crate::discord::fake::asked::Asked;

/// A bot that has registered a few commands and listens.
pub(super) fn listening(fake: &Fake) -> (Scene<'_>, Socket) {
    fake.stop_clock();
    let scene = scene(fake);
    let made = register(
        fake,
        &json!([
            { "name": "aide", "description": "Aide", "options": [
                { "type": 3, "name": "sujet", "description": "Le sujet", "autocomplete": true },
            ] },
        ]),
    );
    assert_eq!(made.status, 200, "{made:?}");
    let (socket, _) = Socket::identified(fake, 1);
    (scene, socket)
}

/// A command of hers, and what the bot is told of it.
pub(super) fn slash<'a>(scene: &Scene<'a>, socket: &mut Socket) -> (Asked<'a>, Value) {
    let asked = scene.ines.at(scene.salle).slash("aide", &[]);
    (asked, socket.event("INTERACTION_CREATE"))
}

#[test]
fn the_first_answer_is_due_within_three_seconds_and_comes_once() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let answer = json!({ "type": 4, "data": { "content": "Voici" } });
    let (asked, event) = slash(&scene, &mut socket);
    fake.advance(Duration::from_secs(3));
    assert_eq!(call(&fake, "POST", &callback(&event), &answer).status, 204);
    assert_eq!(asked.acknowledged(), (4, 3000));
    assert_eq!(asked.answer().content, "Voici");
    assert_eq!(
        call(&fake, "POST", &callback(&event), &answer).refused(),
        (400, 40060)
    );
    let (late, event) = slash(&scene, &mut socket);
    fake.advance(Duration::from_millis(3001));
    assert_eq!(
        call(&fake, "POST", &callback(&event), &answer).refused(),
        (404, 10062)
    );
    assert!(!late.is_answered());
    // Without its token it is not known.
    let path = format!(
        "/interactions/{}/another/callback",
        event["d"]["id"].as_str().unwrap()
    );
    assert_eq!(call(&fake, "POST", &path, &answer).refused(), (404, 10062));
    let other = format!("{}/messages/@original", webhook(&event));
    assert_eq!(
        call(&fake, "GET", &other, &Value::Null).refused(),
        (404, 10015)
    );
}

#[test]
fn an_answer_may_be_put_off_and_edited_for_a_quarter_of_an_hour() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let room = scene.ines.at(scene.salle);
    let paul = scene.guild.member("paul");
    let (asked, event) = slash(&scene, &mut socket);
    let answered = call(
        &fake,
        "POST",
        &format!("{}?with_response=true", callback(&event)),
        &json!({ "type": 5, "data": { "flags": 64 } }),
    );
    assert_eq!(
        answered.body["interaction"]["response_message_loading"],
        true
    );
    assert!(room.timeline()[0].loading);
    let original = format!("{}/messages/@original", webhook(&event));
    let edit = |text: &str| call(&fake, "PATCH", &original, &json!({ "content": text }));
    assert_eq!(edit("").refused(), (400, 50006));
    assert_eq!(edit("Voici").status, 200);
    let seen = asked.answer();
    assert!(seen.ephemeral && !seen.loading);
    assert!(
        paul.at(scene.salle).timeline().is_empty(),
        "it is for her only"
    );
    // It is no message of the channel.
    let message = format!("/channels/{}/messages/{}", scene.salle, seen.id);
    assert_eq!(
        call(&fake, "GET", &message, &Value::Null).refused(),
        (404, 10008)
    );
    assert_eq!(
        call(&fake, "PATCH", &message, &json!({ "content": "x" })).refused(),
        (404, 10008)
    );
    let follow = |body: Value| call(&fake, "POST", &webhook(&event), &body);
    assert_eq!(
        follow(json!({ "content": "Suite", "flags": 64 })).status,
        200
    );
    assert_eq!(asked.followups()[0].content, "Suite");
    assert_eq!(
        follow(json!({ "content": "x".repeat(2001) })).fault("content"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let file = form(
        &fake,
        "POST",
        &webhook(&event),
        &json!({}),
        &[(0, "export.csv", b"a;b")],
    );
    assert_eq!(file.status, 200);
    let followup = format!("{}/messages/{}", webhook(&event), file.id());
    assert_eq!(call(&fake, "DELETE", &followup, &Value::Null).status, 204);
    assert_eq!(
        call(&fake, "DELETE", &followup, &Value::Null).refused(),
        (404, 10008)
    );
    assert_eq!(call(&fake, "PUT", &original, &Value::Null).status, 405);
    fake.advance(Duration::from_mins(15));
    assert_eq!(edit("Encore").status, 200);
    fake.advance(Duration::from_millis(1));
    assert_eq!(edit("Trop tard").refused(), (401, 50027));
    assert_eq!(
        follow(json!({ "content": "Trop tard" })).refused(),
        (401, 50027)
    );
    let wrong = format!("/webhooks/{}/another", fake.application());
    assert_eq!(
        call(&fake, "POST", &wrong, &json!({ "content": "x" })).refused(),
        (401, 50027)
    );
    assert_eq!(
        call(
            &fake,
            "POST",
            "/webhooks/1/another",
            &json!({ "content": "x" })
        )
        .refused(),
        (404, 10015)
    );
    fake.take_violations();
}

#[test]
fn a_first_answer_that_is_refused_can_be_given_again() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (asked, event) = slash(&scene, &mut socket);
    let answer = |body: Value| call(&fake, "POST", &callback(&event), &body);
    assert_eq!(
        answer(json!({ "type": 4, "data": { "content": "x".repeat(2001) } })).fault("data.content"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(
        answer(json!({ "type": 4, "data": {} })).refused(),
        (400, 50006)
    );
    assert_eq!(
        answer(json!({ "type": 5, "data": { "flags": 4 } })).fault("data.flags"),
        "MESSAGE_FLAGS_INVALID"
    );
    for kind in [1, 6, 7, 8, 99] {
        assert_eq!(
            answer(json!({ "type": kind, "data": { "content": "x" } })).fault("type"),
            "BASE_TYPE_CHOICES"
        );
    }
    assert!(!asked.is_answered());
    assert_eq!(
        answer(json!({ "type": 4, "data": { "content": format!("<@{}>", scene.ines.id) } })).status,
        204
    );
    assert_eq!(
        asked.answer().rung.users,
        [scene.ines.id],
        "users are rung by default"
    );
    fake.take_violations();
}

#[test]
fn an_answer_may_bring_files() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (asked, event) = slash(&scene, &mut socket);
    let answer =
        json!({ "type": 4, "data": { "attachments": [{ "id": "0", "filename": "export.csv" }] } });
    let answered = form(
        &fake,
        "POST",
        &callback(&event),
        &answer,
        &[(0, "x", b"a;b")],
    );
    assert_eq!(answered.status, 204);
    let files = asked.answer().files;
    assert_eq!(
        (files[0].name.as_str(), files[0].content.as_slice()),
        ("export.csv", b"a;b".as_slice())
    );
}

#[test]
fn an_answer_to_a_channel_that_is_gone_goes_nowhere() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (_asked, event) = slash(&scene, &mut socket);
    let answered = call(
        &fake,
        "POST",
        &callback(&event),
        &json!({ "type": 5, "data": { "flags": 64 } }),
    );
    assert_eq!(answered.status, 204);
    let own = scene.ines.at(scene.salle).timeline()[0].id;
    let path = format!(
        "/channels/{}/messages/{own}/reactions/%E2%9C%85/@me",
        scene.salle
    );
    assert_eq!(
        call(&fake, "PUT", &path, &Value::Null).refused(),
        (404, 10008)
    );
    scene.guild.delete(scene.salle);
    let original = format!("{}/messages/@original", webhook(&event));
    let edited = call(&fake, "PATCH", &original, &json!({ "content": "x" }));
    assert_eq!(edited.refused(), (404, 10003));
}

#[test]
fn an_older_way_to_answer_what_was_put_off_still_works() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let (asked, event) = slash(&scene, &mut socket);
    call(&fake, "POST", &callback(&event), &json!({ "type": 5 }));
    let followed = call(
        &fake,
        "POST",
        &webhook(&event),
        &json!({ "content": "Voici", "flags": 64 }),
    );
    let seen = asked.answer();
    assert_eq!(seen.id, followed.id());
    assert!(!seen.ephemeral, "what was said on putting it off holds");
    assert!(asked.followups().is_empty());
}

#[test]
fn completions_are_twenty_five_at_most() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    std::thread::scope(|scope| {
        let proposed = scope.spawn(|| {
            scene
                .ines
                .at(scene.salle)
                .complete("aide", &[], "sujet", "do")
        });
        let event = socket.event("INTERACTION_CREATE");
        assert_eq!(event["d"]["type"], 4);
        let typed = &event["d"]["data"]["options"][0];
        assert_eq!(
            (&typed["value"], &typed["focused"]),
            (&json!("do"), &json!(true))
        );
        let answer = |body: Value| call(&fake, "POST", &callback(&event), &body);
        assert_eq!(
            answer(json!({ "type": 4, "data": { "content": "x" } })).fault("type"),
            "BASE_TYPE_CHOICES"
        );
        let choices = |count: usize| -> Value {
            let list: Value = (0..count)
                .map(|number| json!({ "name": format!("n{number}"), "value": "v" }))
                .collect();
            json!({ "type": 8, "data": { "choices": list } })
        };
        assert_eq!(
            answer(choices(26)).fault("data.choices"),
            "BASE_TYPE_MAX_LENGTH"
        );
        assert_eq!(
            answer(json!({ "type": 8, "data": {} })).fault("data.choices"),
            "BASE_TYPE_REQUIRED"
        );
        let number = json!({ "type": 8, "data": { "choices": [{ "name": "n", "value": 4 }] } });
        assert_eq!(
            answer(number).fault("data.choices.0.value"),
            "STRING_TYPE_CONVERT"
        );
        assert_eq!(answer(choices(25)).status, 204);
        let proposed = proposed.join().unwrap();
        assert_eq!(
            (proposed.len(), &proposed[0]),
            (25, &("n0".to_owned(), json!("v")))
        );
    });
    fake.take_violations();
}

#[test]
fn components_answer_in_place() {
    let fake = Fake::start();
    let (scene, mut socket) = listening(&fake);
    let room = scene.ines.at(scene.salle);
    let card = json!({ "content": "Dossier 7", "components": [{ "type": 1, "components": [
        { "type": 2, "style": 1, "label": "Suivre", "custom_id": "v1:suivre:7" },
    ] }] });
    let sent = call(
        &fake,
        "POST",
        &format!("/channels/{}/messages", scene.salle),
        &card,
    )
    .id();
    let asked = room.press(sent, "Suivre");
    let event = socket.event("INTERACTION_CREATE");
    assert_eq!(event["d"]["message"]["id"], sent.to_string());
    let answer = json!({ "type": 7, "data": { "content": "Dossier 7, suivi", "components": [] } });
    assert_eq!(call(&fake, "POST", &callback(&event), &answer).status, 204);
    assert_eq!(asked.answer().id, sent);
    let seen = room.message(sent).unwrap();
    assert_eq!(
        (seen.content.as_str(), seen.buttons().len()),
        ("Dossier 7, suivi", 0)
    );
    assert_eq!(
        room.try_press(sent, "Suivre").err().unwrap(),
        "there is no button \"Suivre\""
    );
    // Or later, without a sign that one thinks.
    let edit = format!("/channels/{}/messages/{sent}", scene.salle);
    call(&fake, "PATCH", &edit, &card);
    room.press(sent, "v1:suivre:7");
    let event = socket.event("INTERACTION_CREATE");
    assert_eq!(
        call(&fake, "POST", &callback(&event), &json!({ "type": 6 })).status,
        204
    );
    let original = format!("{}/messages/@original", webhook(&event));
    assert_eq!(
        call(
            &fake,
            "PATCH",
            &original,
            &json!({ "content": "Suivi encore" })
        )
        .status,
        200
    );
    assert_eq!(room.message(sent).unwrap().content, "Suivi encore");
    // A message that is gone cannot be answered in place.
    room.press(sent, "Suivre");
    let event = socket.event("INTERACTION_CREATE");
    scene.guild.delete_message(sent);
    let answer = json!({ "type": 7, "data": { "content": "x" } });
    assert_eq!(
        call(&fake, "POST", &callback(&event), &answer).refused(),
        (404, 10008)
    );
}
