//! Rate limits.

use std::time::Duration;

use serde_json::{Value, json};

use super::bare::{call, register, scene, webhook};
use crate::discord::fake::Fake;
use crate::discord::fake::permission::VIEW_CHANNEL;

#[test]
fn a_route_is_limited_by_channel_and_says_so() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    let other = scene.guild.channel("autre");
    fake.limit("POST", "/channels/{}/messages", 2, 5000, false);
    let say = |channel: u64| {
        call(
            &fake,
            "POST",
            &format!("/channels/{channel}/messages"),
            &json!({ "content": "x" }),
        )
    };
    let first = say(scene.salle);
    assert_eq!(first.header("X-RateLimit-Limit"), Some("2"));
    assert_eq!(first.header("X-RateLimit-Remaining"), Some("1"));
    assert_eq!(first.header("X-RateLimit-Reset-After"), Some("5.000"));
    let bucket = first.header("X-RateLimit-Bucket").unwrap().to_owned();
    assert_eq!(say(scene.salle).status, 200);
    fake.advance(Duration::from_millis(1500));
    let limited = say(scene.salle);
    assert_eq!(limited.status, 429);
    assert_eq!(limited.body["retry_after"], 3.5);
    assert_eq!(limited.body["global"], false);
    assert_eq!(limited.header("Retry-After"), Some("4"));
    assert_eq!(limited.header("X-RateLimit-Scope"), Some("user"));
    assert_eq!(limited.header("X-RateLimit-Remaining"), Some("0"));
    assert_eq!(limited.header("X-RateLimit-Bucket"), Some(bucket.as_str()));
    assert_eq!(fake.invalid(), 1);
    assert_eq!(say(other).status, 200, "another channel has its own");
    assert_eq!(
        call(&fake, "GET", "/users/@me", &Value::Null).header("X-RateLimit-Limit"),
        None
    );
    fake.advance(Duration::from_millis(3500));
    assert_eq!(say(scene.salle).status, 200);
}

#[test]
fn a_limit_of_the_resource_does_not_count_against_the_bot() {
    let fake = Fake::start();
    let scene = scene(&fake);
    fake.limit("PATCH", "", 0, 60_000, true);
    let path = format!("/channels/{}", scene.salle);
    let limited = call(&fake, "PATCH", &path, &json!({ "name": "autre" }));
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("X-RateLimit-Scope"), Some("shared"));
    assert_eq!(fake.invalid(), 0);
}

#[test]
fn old_messages_are_not_edited_for_ever() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    let path = format!("/channels/{}/messages", scene.salle);
    let sent = call(&fake, "POST", &path, &json!({ "content": "x" })).id();
    let edit = || {
        call(
            &fake,
            "PATCH",
            &format!("{path}/{sent}"),
            &json!({ "content": "y" }),
        )
    };
    fake.limit_old_edits(1);
    assert_eq!((edit().status, edit().status), (200, 200));
    fake.advance(Duration::from_hours(1) + Duration::from_millis(1));
    assert_eq!(edit().status, 200);
    assert_eq!(edit().refused(), (429, 30046));
}

#[test]
fn whoever_asks_too_often_for_what_is_refused_is_shut_out() {
    let fake = Fake::start();
    let scene = scene(&fake);
    fake.ban_after(2);
    scene
        .guild
        .overwrite(scene.salle, fake.bot(), 0, VIEW_CHANNEL);
    let path = format!("/channels/{}", scene.salle);
    for _ in 0..2 {
        assert_eq!(
            call(&fake, "GET", &path, &Value::Null).refused(),
            (403, 50001)
        );
    }
    let banned = call(&fake, "GET", "/users/@me", &Value::Null);
    assert_eq!((banned.status, banned.body.clone()), (429, Value::Null));
    assert_eq!(banned.header("Retry-After"), Some("600"));
}

#[test]
fn all_requests_together_are_limited_but_for_interactions() {
    let fake = Fake::start();
    fake.stop_clock();
    let scene = scene(&fake);
    register(&fake, &json!([{ "name": "aide", "description": "Aide" }]));
    let (mut socket, _) = super::bare::Socket::identified(&fake, 1);
    scene.ines.at(scene.salle).slash("aide", &[]);
    let event = socket.event("INTERACTION_CREATE");
    fake.limit_all(Some(50));
    for _ in 0..50 {
        assert_eq!(call(&fake, "GET", "/users/@me", &Value::Null).status, 200);
    }
    let limited = call(&fake, "GET", "/users/@me", &Value::Null);
    assert_eq!(
        (limited.status, &limited.body["global"]),
        (429, &json!(true))
    );
    assert_eq!(limited.header("X-RateLimit-Global"), Some("true"));
    assert_eq!(limited.header("X-RateLimit-Scope"), Some("global"));
    let answer = call(
        &fake,
        "POST",
        &super::bare::callback(&event),
        &json!({ "type": 5 }),
    );
    assert_eq!(answer.status, 204);
    let original = format!("{}/messages/@original", webhook(&event));
    assert_eq!(call(&fake, "GET", &original, &Value::Null).status, 200);
    fake.advance(Duration::from_secs(1));
    assert_eq!(call(&fake, "GET", "/users/@me", &Value::Null).status, 200);
}
