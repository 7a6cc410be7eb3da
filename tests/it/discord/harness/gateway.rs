//! The gateway refuses what the real one refuses.

use serde_json::{Value, json};

use super::bare::{Heard, Socket, call, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::socket::frame;

/// Guilds and messages.
const INTENTS: u64 = 1 | 1 << 9;

#[test]
fn a_session_begins_with_who_is_who_and_goes_on_with_what_happens() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let (mut socket, ready) = Socket::identified(&fake, INTENTS);
    assert_eq!(ready["d"]["user"]["id"], fake.bot().to_string());
    assert_eq!(ready["d"]["resume_gateway_url"], fake.gateway());
    assert_eq!(ready["s"], 1);
    let guild = socket.event("GUILD_CREATE");
    assert_eq!(guild["d"]["id"], scene.guild.id.to_string());
    assert_eq!(guild["d"]["channels"][0]["name"], "salle");
    scene.ines.at(scene.salle).say("Bonjour");
    let said = socket.event("MESSAGE_CREATE");
    assert_eq!(
        said["d"]["content"], "",
        "the intent for contents is not granted"
    );
    socket.send(1, &json!(said["s"]));
    assert_eq!(socket.op(11)["d"], Value::Null);
    socket.ping();
    assert_eq!(socket.hear(), Heard::Pong);
    assert_eq!(fake.sessions(), (1, 0));
    let ops: Vec<u64> = fake.sent().iter().map(|sent| sent.op).collect();
    assert_eq!(ops, [2, 1]);
    assert!(
        fake.sent()
            .iter()
            .all(|sent| !sent.data.to_string().contains(&fake.token()))
    );
}

#[test]
fn contents_are_told_to_those_who_may_read_them() {
    let fake = Fake::start();
    fake.grant(false, false, true);
    let scene = scene(&fake);
    let (mut socket, _) = Socket::identified(&fake, INTENTS | 1 << 15);
    scene.ines.at(scene.salle).say("Bonjour");
    assert_eq!(socket.event("MESSAGE_CREATE")["d"]["content"], "Bonjour");
}

#[test]
fn a_wrong_token_and_wrong_intents_are_turned_away() {
    let fake = Fake::start();
    fake.grant(true, false, false);
    for (token, intents, code) in [
        ("another".to_owned(), 1, 4004),
        (fake.token(), 1 << 30, 4013),
        (fake.token(), 1 << 15, 4014),
        (fake.token(), 1 << 8, 4014),
    ] {
        let mut socket = Socket::open(&fake);
        socket.identify(&token, intents);
        assert_eq!(socket.closed(), code, "{intents}");
    }
    // Members are granted.
    Socket::identified(&fake, 1 << 1);
    assert_eq!(fake.closes(), [4004, 4013, 4014, 4014]);
}

#[test]
fn other_versions_and_other_forms_are_turned_away() {
    let fake = Fake::start();
    for query in [
        "v=10&encoding=etf",
        "v=10&encoding=json&compress=zlib-stream",
    ] {
        assert!(Socket::with(&fake, query).is_none(), "{query}");
    }
    let mut old = Socket::with(&fake, "v=9&encoding=json").unwrap();
    assert_eq!(old.closed(), 4012);
}

#[test]
fn malformed_and_untimely_payloads_close_the_connection() {
    let fake = Fake::start();
    let cases: [(&str, u16); 5] = [
        ("{", 4002),
        (r#"{"op":99,"d":null}"#, 4001),
        (r#"{"op":3,"d":{}}"#, 4003),
        (r#"{"op":2,"d":{"intents":1}}"#, 4002),
        (&json!({ "op": 1, "d": "x".repeat(4096) }).to_string(), 4002),
    ];
    for (text, code) in cases {
        let mut socket = Socket::open(&fake);
        socket.text(text);
        assert_eq!(socket.closed(), code, "{text}");
    }
    let malformed = [
        frame(1, b"{}", false),
        frame(2, b"{}", true),
        frame(1, b"\xff", true),
        vec![0x01, 0x80],
        vec![0xf1, 0x80],
    ];
    for bytes in malformed {
        let mut socket = Socket::open(&fake);
        socket.bytes(&bytes);
        assert_eq!(socket.closed(), 4002, "{bytes:?}");
    }
    let (mut twice, _) = Socket::identified(&fake, 1);
    twice.identify(&fake.token(), 1);
    assert_eq!(twice.closed(), 4005);
    let mut sharded = Socket::open(&fake);
    let properties = json!({ "os": "linux", "browser": "bare", "device": "bare" });
    sharded.send(
        2,
        &json!({ "token": fake.token(), "intents": 1, "properties": properties, "shard": [1, 2] }),
    );
    assert_eq!(sharded.closed(), 4010);
}

#[test]
fn a_hundred_and_twenty_payloads_a_minute_are_enough() {
    let fake = Fake::start();
    let (mut socket, _) = Socket::identified(&fake, 1);
    for _ in 0..120 {
        socket.text(r#"{"op":1,"d":null}"#);
    }
    assert_eq!(socket.closed(), 4008);
}

#[test]
fn a_heart_that_does_not_beat_ends_the_connection() {
    let fake = Fake::start();
    fake.heartbeat(50);
    assert_eq!(Socket::open(&fake).closed(), 4009);
    fake.heartbeat(60_000);
    fake.deaf(true);
    let (mut socket, _) = Socket::identified(&fake, 1);
    socket.send(1, &Value::Null);
    fake.ask_reconnect();
    // No answer stands before what came after.
    assert_eq!(
        socket.hear(),
        Heard::Payload(json!({ "op": 7, "s": null, "t": null, "d": null }))
    );
}

#[test]
fn sessions_are_counted_and_may_be_paced() {
    let fake = Fake::start();
    fake.stop_clock();
    let limit = |fake: &Fake| {
        call(fake, "GET", "/gateway/bot", &Value::Null).body["session_start_limit"].clone()
    };
    Socket::identified(&fake, 1);
    assert_eq!(limit(&fake)["remaining"], 999);
    fake.pace(true);
    let mut soon = Socket::open(&fake);
    soon.identify(&fake.token(), 1);
    assert_eq!(soon.op(9)["d"], false);
    fake.advance(std::time::Duration::from_secs(5));
    Socket::identified(&fake, 1);
    fake.remaining(0);
    fake.pace(false);
    let mut late = Socket::open(&fake);
    late.identify(&fake.token(), 1);
    assert_eq!(late.closed(), 4004);
    assert_eq!(fake.sessions().0, 2);
}
