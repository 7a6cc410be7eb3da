//! Sessions that are dropped, resumed, or no good any more.

use super::bare::{Heard, Socket, scene};
use crate::discord::fake::Fake;

const INTENTS: u64 = 1 | 1 << 9;

#[test]
fn what_was_missed_is_told_when_the_session_is_resumed() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let (mut socket, ready) = Socket::identified(&fake, INTENTS);
    room.say("un");
    let last = socket.event("MESSAGE_CREATE");
    fake.drop_sockets();
    assert_eq!(socket.hear(), Heard::Gone);
    fake.until_silent();
    let missed = room.say("deux");
    let mut again = Socket::open(&fake);
    again.resume(
        &fake.token(),
        &ready["d"]["session_id"],
        last["s"].as_u64().unwrap(),
    );
    let told = again.event("MESSAGE_CREATE");
    assert_eq!(told["d"]["id"], missed.to_string());
    again.event("RESUMED");
    room.say("trois");
    again.event("MESSAGE_CREATE");
    fake.until_sessions(1, 1);
}

#[test]
fn a_session_that_was_closed_cannot_be_resumed() {
    let fake = Fake::start();
    let (socket, ready) = Socket::identified(&fake, INTENTS);
    // A close without a code is a goodbye.
    socket.close();
    fake.until_silent();
    let mut again = Socket::open(&fake);
    again.resume(&fake.token(), &ready["d"]["session_id"], 1);
    assert_eq!(again.op(9)["d"], false);
    // On the same connection one may begin again.
    again.identify(&fake.token(), INTENTS);
    again.event("READY");
}

#[test]
fn a_session_ahead_of_the_gateway_or_of_another_token_is_turned_away() {
    let fake = Fake::start();
    let (_socket, ready) = Socket::identified(&fake, INTENTS);
    let session = &ready["d"]["session_id"];
    for (token, sequence, code) in [(fake.token(), 9999, 4007), ("another".to_owned(), 1, 4004)] {
        let mut again = Socket::open(&fake);
        again.resume(&token, session, sequence);
        assert_eq!(again.closed(), code);
    }
}

#[test]
fn the_gateway_asks_clients_to_come_back_or_to_begin_again() {
    let fake = Fake::start();
    let (mut socket, ready) = Socket::identified(&fake, INTENTS);
    fake.ask_reconnect();
    socket.op(7);
    fake.invalidate(true);
    assert_eq!(socket.op(9)["d"], true);
    fake.close_sockets(4000);
    assert_eq!(socket.closed(), 4000);
    let mut again = Socket::open(&fake);
    again.resume(&fake.token(), &ready["d"]["session_id"], 1);
    again.event("RESUMED");
    fake.invalidate(false);
    assert_eq!(again.op(9)["d"], false);
    let (_other, ready) = Socket::identified(&fake, INTENTS);
    fake.forget_sessions();
    let mut lost = Socket::open(&fake);
    lost.resume(&fake.token(), &ready["d"]["session_id"], 1);
    assert_eq!(lost.op(9)["d"], false);
}
