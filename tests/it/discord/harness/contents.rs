//! The rules of what is in a message: types, embeds, mentions.

use serde_json::{Value, json};

use super::bare::scene;
use super::messages::send;
use crate::discord::fake::Fake;

#[test]
fn embeds_have_lengths_each_and_together() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |embed: Value| send(&fake, scene.salle, &json!({ "embeds": [embed] }));
    for (embed, path, code) in [
        (
            json!({ "title": "t".repeat(257) }),
            "title",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "description": "d".repeat(4097) }),
            "description",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "footer": { "text": "f".repeat(2049) } }),
            "footer.text",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "author": { "name": "a".repeat(257) } }),
            "author.name",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "fields": [{ "name": "n".repeat(257), "value": "v" }] }),
            "fields.0.name",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "fields": [{ "name": "n", "value": "v".repeat(1025) }] }),
            "fields.0.value",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            json!({ "fields": [{ "name": "n", "value": " " }] }),
            "fields.0.value",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({ "fields": [{ "value": "v" }] }),
            "fields.0.name",
            "BASE_TYPE_REQUIRED",
        ),
        (
            json!({ "title": "t", "url": "ftp://a.example" }),
            "url",
            "URL_TYPE_INVALID_URL",
        ),
        (
            json!({ "title": "t", "color": 1 << 24 }),
            "color",
            "NUMBER_TYPE_MAX",
        ),
        (
            json!({ "title": "t", "timestamp": "hier" }),
            "timestamp",
            "DATE_TIME_TYPE_PARSE",
        ),
        (json!({ "image": {} }), "image.url", "BASE_TYPE_REQUIRED"),
        (json!({}), "description", "BASE_TYPE_REQUIRED"),
    ] {
        assert_eq!(
            refused(embed).fault(&format!("embeds.0.{path}")),
            code,
            "{path}"
        );
    }
    let fields: Value = (0..26)
        .map(|_| json!({ "name": "n", "value": "v" }))
        .collect();
    assert_eq!(
        refused(json!({ "fields": fields })).fault("embeds.0.fields"),
        "BASE_TYPE_MAX_LENGTH"
    );
    let eleven: Value = (0..11).map(|_| json!({ "title": "t" })).collect();
    let eleven = send(&fake, scene.salle, &json!({ "embeds": eleven }));
    assert_eq!(eleven.fault("embeds"), "BASE_TYPE_MAX_LENGTH");
    let two = |length: usize| {
        let text = "d".repeat(length);
        send(
            &fake,
            scene.salle,
            &json!({ "embeds": [{ "description": text }, { "footer": { "text": "f".repeat(2000) } }] }),
        )
    };
    assert_eq!(two(4000).status, 200);
    assert_eq!(two(4001).fault("embeds"), "MAX_EMBED_SIZE_EXCEEDED");
    fake.take_violations();
}

#[test]
fn mentions_ring_whom_they_may() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let role = scene.guild.role("instructeurs", 0);
    let room = scene.ines.at(scene.salle);
    let text = format!("<@{}> <@&{role}> @everyone", scene.ines.id);
    let rung = |allowed: Value| {
        let mut body = json!({ "content": text });
        if !allowed.is_null() {
            body["allowed_mentions"] = allowed;
        }
        let seen = room.message(send(&fake, scene.salle, &body).id()).unwrap();
        (seen.rung.users, seen.rung.roles, seen.rung.everyone)
    };
    assert_eq!(
        rung(Value::Null),
        (vec![scene.ines.id], vec![role], false),
        "everybody needs a permission"
    );
    scene.guild.allow_bot(1 << 17);
    assert!(rung(Value::Null).2);
    assert_eq!(rung(json!({ "parse": [] })), (vec![], vec![], false));
    assert_eq!(
        rung(json!({ "users": [scene.ines.id.to_string()] })),
        (vec![scene.ines.id], vec![], false)
    );
    assert_eq!(
        rung(json!({ "parse": ["roles"] })),
        (vec![], vec![role], false)
    );
    let refused = |allowed: Value| {
        send(
            &fake,
            scene.salle,
            &json!({ "content": "x", "allowed_mentions": allowed }),
        )
    };
    let both = refused(json!({ "parse": ["users"], "users": ["1"] }));
    assert_eq!(
        both.fault("allowed_mentions"),
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
    );
    assert_eq!(
        refused(json!({ "parse": ["all"] })).fault("allowed_mentions.parse.0"),
        "BASE_TYPE_CHOICES"
    );
    let many: Value = (0..101).map(|number| number.to_string()).collect();
    assert_eq!(
        refused(json!({ "users": many })).fault("allowed_mentions.users"),
        "BASE_TYPE_MAX_LENGTH"
    );
    assert_eq!(
        refused(json!({ "roles": ["x"] })).fault("allowed_mentions.roles.0"),
        "NUMBER_TYPE_COERCE"
    );
    fake.take_violations();
}

#[test]
fn values_have_their_types() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let refused = |body: Value| send(&fake, scene.salle, &body);
    for (body, path, code) in [
        (
            json!({ "enforce_nonce": 1 }),
            "enforce_nonce",
            "BOOLEAN_TYPE_CONVERT",
        ),
        (json!({ "flags": "64" }), "flags", "NUMBER_TYPE_COERCE"),
        (
            json!({ "message_reference": {} }),
            "message_reference.message_id",
            "NUMBER_TYPE_COERCE",
        ),
        (
            json!({ "allowed_mentions": { "parse": "users" } }),
            "allowed_mentions.parse",
            "LIST_TYPE_CONVERT",
        ),
        (
            json!({ "allowed_mentions": { "replied_user": 1 } }),
            "allowed_mentions.replied_user",
            "BOOLEAN_TYPE_CONVERT",
        ),
        (json!({ "embeds": ["x"] }), "embeds.0", "MODEL_TYPE_CONVERT"),
        (
            json!({ "embeds": [{ "title": "t", "timestamp": 4 }] }),
            "embeds.0.timestamp",
            "DATE_TIME_TYPE_PARSE",
        ),
        (
            json!({ "embeds": [{ "title": "t", "url": 4 }] }),
            "embeds.0.url",
            "STRING_TYPE_CONVERT",
        ),
        (
            json!({ "embeds": [{ "title": "t", "url": format!("https://{}", "u".repeat(2048)) }] }),
            "embeds.0.url",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            json!({ "embeds": [{ "fields": [{ "name": "n", "value": "v", "inline": 1 }] }] }),
            "embeds.0.fields.0.inline",
            "BOOLEAN_TYPE_CONVERT",
        ),
    ] {
        assert_eq!(refused(body).fault(path), code, "{path}");
    }
    fake.take_violations();
}
