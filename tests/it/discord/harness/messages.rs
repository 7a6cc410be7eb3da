//! The rules of messages.

use serde_json::{Value, json};

use super::bare::{Reply, call, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::permission::MANAGE_MESSAGES;

/// What the bot sends.
pub(super) fn send(fake: &Fake, channel: u64, body: &Value) -> Reply {
    call(fake, "POST", &format!("/channels/{channel}/messages"), body)
}

#[test]
fn a_message_is_sent_seen_edited_and_deleted() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let sent = send(
        &fake,
        scene.salle,
        &json!({ "content": " L’avis\u{a0}: ", "nonce": "outbox-1" }),
    );
    assert_eq!(
        (&sent.body["content"], &sent.body["nonce"]),
        (&json!("L’avis\u{a0}:"), &json!("outbox-1"))
    );
    let seen = room.shown(0, "L'avis :");
    assert_eq!(
        (seen.id, seen.author, seen.channel),
        (sent.id(), fake.bot(), scene.salle)
    );
    assert!(!room.is_direct() && seen.edited.is_none() && seen.answers.is_none());
    let path = format!("/channels/{}/messages/{}", scene.salle, sent.id());
    let mark = room.mark();
    let edited = call(
        &fake,
        "PATCH",
        &path,
        &json!({ "content": "Rendu", "embeds": [{ "title": "Dossier 7" }] }),
    );
    assert_eq!(edited.status, 200);
    let seen = room.shown(mark, "Dossier 7");
    assert_eq!(seen.past.len(), 1);
    assert_eq!(seen.past[0].0.content, "L’avis\u{a0}:");
    assert!(seen.edited.unwrap() >= seen.at);
    assert_eq!(
        call(&fake, "GET", &path, &Value::Null).body["content"],
        "Rendu"
    );
    let listed = call(
        &fake,
        "GET",
        &format!("/channels/{}/messages?limit=1", scene.salle),
        &Value::Null,
    );
    assert_eq!(listed.body[0]["id"], sent.id().to_string());
    assert_eq!(call(&fake, "DELETE", &path, &Value::Null).status, 204);
    assert!(room.message(sent.id()).is_none());
    for method in ["GET", "PATCH", "DELETE"] {
        let body = if method == "PATCH" {
            json!({ "content": "x" })
        } else {
            Value::Null
        };
        assert_eq!(
            call(&fake, method, &path, &body).refused(),
            (404, 10008),
            "{method}"
        );
    }
}

#[test]
fn contents_have_a_length_and_something_is_in_a_message() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |body: Value| send(&fake, scene.salle, &body);
    assert_eq!(refused(json!({ "content": "é".repeat(2000) })).status, 200);
    assert_eq!(
        refused(json!({ "content": "é".repeat(2001) })).fault("content"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(
        refused(json!({ "content": 4 })).fault("content"),
        "STRING_TYPE_CONVERT"
    );
    for empty in [
        json!({}),
        json!({ "content": " \n" }),
        json!({ "content": "", "embeds": [] }),
    ] {
        assert_eq!(refused(empty).refused(), (400, 50006));
    }
    assert_eq!(
        refused(json!({ "content": "x", "tts": "oui" })).fault("tts"),
        "BOOLEAN_TYPE_CONVERT"
    );
    for flags in [1 << 6, 1 << 7, 1] {
        assert_eq!(
            refused(json!({ "content": "x", "flags": flags })).fault("flags"),
            "MESSAGE_FLAGS_INVALID"
        );
    }
    assert_eq!(
        refused(json!({ "content": "x", "flags": 1 << 12 })).status,
        200
    );
    refused(json!({ "content": "x", "poll": { "question": { "text": "?" } } }));
    let violations = fake.take_violations();
    assert!(
        violations.iter().any(|it| it.starts_with("poll")),
        "{violations:?}"
    );
    let unknown = json!({ "content": "x", "message_reference": { "message_id": "1" } });
    assert_eq!(
        refused(unknown).fault("message_reference"),
        "REPLIES_UNKNOWN_MESSAGE"
    );
    let limit = call(
        &fake,
        "GET",
        &format!("/channels/{}/messages?limit=101", scene.salle),
        &Value::Null,
    );
    assert_eq!(limit.fault("limit"), "NUMBER_TYPE_MAX");
    // An edit cannot empty it.
    let sent = refused(json!({ "content": "x" })).id();
    let path = format!("/channels/{}/messages/{sent}", scene.salle);
    assert_eq!(
        call(&fake, "PATCH", &path, &json!({ "content": null })).refused(),
        (400, 50006)
    );
    fake.take_violations();
}

#[test]
fn a_nonce_is_short_and_enforced_where_that_is_asked() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    let say = |nonce: Value, enforce: bool| {
        send(
            &fake,
            scene.salle,
            &json!({ "content": "x", "nonce": nonce, "enforce_nonce": enforce }),
        )
    };
    assert_eq!(
        say(json!("n".repeat(26)), false).fault("nonce"),
        "NONCE_TYPE_TOO_LONG"
    );
    assert_eq!(say(json!([1]), false).fault("nonce"), "NONCE_TYPE_COERCE");
    let first = say(json!("n".repeat(25)), true).id();
    assert_eq!(say(json!("n".repeat(25)), true).id(), first);
    assert_eq!(say(json!(42), true).id(), say(json!("42"), true).id());
    assert_ne!(say(json!("n".repeat(25)), false).id(), first);
    fake.advance(std::time::Duration::from_mins(6));
    assert_ne!(
        say(json!("n".repeat(25)), true).id(),
        first,
        "it is forgotten after some minutes"
    );
    let seen = scene.ines.at(scene.salle).with("x");
    assert_eq!(seen[0].nonce, Some(json!("n".repeat(25))));
    fake.take_violations();
}

#[test]
fn what_others_say_is_theirs() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let said = room.say("Bonjour");
    let path = format!("/channels/{}/messages/{said}", scene.salle);
    let edit = || call(&fake, "PATCH", &path, &json!({ "content": "Bonsoir" }));
    assert_eq!(edit().refused(), (403, 50005));
    assert_eq!(
        call(&fake, "DELETE", &path, &Value::Null).refused(),
        (403, 50013)
    );
    scene.guild.allow_bot(MANAGE_MESSAGES);
    assert_eq!(edit().refused(), (403, 50005));
    room.edit(said, "Bonsoir");
    assert_eq!(room.timeline()[0].content, "Bonsoir");
    assert_eq!(call(&fake, "DELETE", &path, &Value::Null).status, 204);
    let said = room.say("Encore");
    room.delete(said);
    assert!(room.timeline().is_empty());
    // An answer to what is there.
    let said = room.say("Une question");
    let body = json!({ "content": "Une réponse", "message_reference": { "message_id": said.to_string() } });
    let answer = room.message(send(&fake, scene.salle, &body).id()).unwrap();
    assert_eq!(answer.answers, Some(said));
}

#[test]
fn twenty_emoji_fit_on_a_message() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let said = room.say("Bonjour");
    let react = |method: &str, emoji: &str| {
        let path = format!(
            "/channels/{}/messages/{said}/reactions/{emoji}/@me",
            scene.salle
        );
        call(&fake, method, &path, &Value::Null)
    };
    assert_eq!(react("PUT", "%E2%9C%85").status, 204);
    assert_eq!(room.reacted(said, "✅").reactions, [("✅".to_owned(), 1)]);
    room.react(said, "✅");
    assert_eq!(room.reacted(said, "✅").reactions, [("✅".to_owned(), 2)]);
    for emoji in ["oui", "%E2%9C", "%zz", ":white_check_mark:"] {
        assert_eq!(react("PUT", emoji).refused(), (400, 10014), "{emoji}");
    }
    for number in 0..19 {
        room.react(said, &char::from_u32(0x1f600 + number).unwrap().to_string());
    }
    assert_eq!(react("PUT", "%F0%9F%9A%80").refused(), (400, 30010));
    assert_eq!(react("PUT", "%E2%9C%85").status, 204, "it is there already");
    assert_eq!(react("DELETE", "%E2%9C%85").status, 204);
    assert_eq!(
        room.reacted(said, "✅").reactions.len(),
        20,
        "hers is still there"
    );
}
