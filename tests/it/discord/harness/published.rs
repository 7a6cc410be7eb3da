//! Bodies are held to what Discord publishes, and what the fake itself says is too.

use serde_json::{Value, json};

use super::bare::{Socket, call, callback, form, register, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::spec::published;

#[test]
fn a_body_that_is_not_as_published_is_noticed() {
    if published().is_none() {
        return;
    }
    let fake = Fake::start();
    let scene = scene(&fake);
    let channel = format!("/channels/{}", scene.salle);
    let noticed = |method: &str, path: &str, body: Value| {
        call(&fake, method, path, &body);
        let violations = fake.take_violations();
        assert!(!violations.is_empty(), "{method} {path} {body}");
        violations
    };
    let text = noticed(
        "POST",
        &format!("{channel}/messages"),
        json!({ "content": 4 }),
    );
    assert!(text[0].contains("/content"), "{text:?}");
    noticed(
        "POST",
        &format!("{channel}/messages"),
        json!({ "content": "x", "nonce": "n".repeat(26) }),
    );
    noticed(
        "POST",
        &format!("{channel}/messages"),
        json!({ "embeds": [{ "title": "t".repeat(257) }] }),
    );
    noticed(
        "POST",
        &format!("{channel}/messages"),
        json!({ "components": [{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "l".repeat(81), "custom_id": "c" }] }] }),
    );
    noticed(
        "POST",
        &format!("{channel}/messages/1/threads"),
        json!({ "name": 4 }),
    );
    noticed("PATCH", &channel, json!({ "name": 4 }));
    noticed(
        "PATCH",
        &format!("{channel}/messages/1"),
        json!({ "flags": "64" }),
    );
    noticed(
        "POST",
        "/users/@me/channels",
        json!({ "recipient_id": "ines" }),
    );
    noticed(
        "POST",
        "/interactions/1/jeton/callback",
        json!({ "type": 8, "data": { "choices": [{ "name": "n" }] } }),
    );
    noticed(
        "POST",
        "/interactions/1/jeton/callback",
        json!({ "type": 9, "data": { "custom_id": "c", "title": "t".repeat(46), "components": [] } }),
    );
    noticed("POST", "/webhooks/1/jeton", json!({ "content": ["x"] }));
    noticed(
        "PATCH",
        "/webhooks/1/jeton/messages/@original",
        json!({ "embeds": "x" }),
    );
    let commands = format!("/applications/{}/commands", fake.application());
    noticed(
        "PUT",
        &commands,
        json!([{ "name": "n".repeat(33), "description": "d" }]),
    );
    noticed(
        "POST",
        &commands,
        json!({ "name": "aide", "options": [{ "type": 3, "name": "n" }] }),
    );
    noticed(
        "POST",
        &format!("{channel}/typing"),
        json!({ "content": "x" }),
    );
    noticed("POST", &format!("{channel}/pins"), json!({}));
    call(
        &fake,
        "POST",
        &format!("{channel}/messages"),
        &json!({ "content": "x" }),
    );
    assert!(fake.take_violations().is_empty());
}

#[test]
fn what_the_fake_answers_is_as_published() {
    let Some(spec) = published() else {
        return;
    };
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    let check = |name: &str, answer: &Value| {
        let faults = spec.faults(name, answer);
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{answer:#}");
    };
    let get = |path: &str| call(&fake, "GET", path, &Value::Null).body;
    check("UserPIIResponse", &get("/users/@me"));
    check("PrivateApplicationResponse", &get("/applications/@me"));
    check("GatewayBotResponse", &get("/gateway/bot"));
    check(
        "GuildWithCountsResponse",
        &get(&format!("/guilds/{}", scene.guild.id)),
    );
    check(
        "GuildMemberResponse",
        &get(&format!("/guilds/{}/members/@me", scene.guild.id)),
    );
    let roles = get(&format!("/guilds/{}/roles", scene.guild.id));
    check("GuildRoleResponse", &roles[1]);
    check(
        "GuildChannelResponse",
        &get(&format!("/channels/{}", scene.salle)),
    );
    let direct = scene.ines.direct();
    check(
        "PrivateChannelResponse",
        &get(&format!("/channels/{}", direct.id)),
    );
    let commands = register(&fake, &json!([{ "name": "aide", "description": "Aide" }])).body;
    check("ApplicationCommandResponse", &commands[0]);
    let body = json!({
        "content": format!("<@{}>", scene.ines.id), "embeds": [{ "title": "Dossier 7" }],
        "components": [{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "Suivre", "custom_id": "c" }] }],
    });
    let path = format!("/channels/{}/messages", scene.salle);
    let sent = form(&fake, "POST", &path, &body, &[(0, "a.pdf", b"a")]);
    check("MessageResponse", &sent.body);
    scene.ines.at(scene.salle).react(sent.id(), "✅");
    let thread = call(
        &fake,
        "POST",
        &format!("{path}/{}/threads", sent.id()),
        &json!({ "name": "t" }),
    )
    .body;
    check("ThreadResponse", &thread);
    check("MessageResponse", &get(&format!("{path}/{}", sent.id())));
    let (mut socket, _) = Socket::identified(&fake, 1);
    scene.ines.at(scene.salle).slash("aide", &[]);
    let event = socket.event("INTERACTION_CREATE");
    let answer = json!({ "type": 4, "data": { "content": "Voici" } });
    let answered = call(
        &fake,
        "POST",
        &format!("{}?with_response=true", callback(&event)),
        &answer,
    );
    check("InteractionCallbackResponse", &answered.body);
    let mut broken = sent.body.clone();
    broken["timestamp"] = json!("hier");
    broken["author"]["id"] = json!(4);
    assert_eq!(spec.faults("MessageResponse", &broken).len(), 2);
    // Those of forms are not: their codes are published as numbers, and are words.
    let refused = call(&fake, "GET", "/channels/1", &Value::Null).body;
    check("ErrorResponse", &refused);
}
