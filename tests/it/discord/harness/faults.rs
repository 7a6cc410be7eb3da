//! Failures on demand.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::bare::{AGENT, Reply, call, raw, scene};
use crate::discord::fake::Fake;
use crate::discord::fake::fault::{Failure, Gate};

fn say(fake: &Fake, channel: u64) -> Option<Reply> {
    let head = format!(
        "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\nContent-Type: application/json\r\n",
        fake.token()
    );
    let body = json!({ "content": "dit" }).to_string();
    raw(
        fake,
        "POST",
        &format!("/api/v10/channels/{channel}/messages"),
        &head,
        body.as_bytes(),
    )
}

#[test]
fn a_failure_comes_as_often_as_it_is_asked_for() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    fake.fail("POST", "/messages", 2, Failure::Status(502));
    assert_eq!(say(&fake, scene.salle).unwrap().status, 502);
    assert_eq!(call(&fake, "GET", "/users/@me", &Value::Null).status, 200);
    assert_eq!(say(&fake, scene.salle).unwrap().status, 502);
    assert_eq!(room.timeline().len(), 0, "nothing was done");
    fake.fail("", "/messages", 1, Failure::CutBefore);
    assert!(say(&fake, scene.salle).is_none());
    assert_eq!(room.timeline().len(), 0, "nothing was done");
    fake.fail("", "/messages", 1, Failure::CutAfter);
    assert!(say(&fake, scene.salle).is_none());
    assert_eq!(room.timeline().len(), 1, "it was done, and the answer lost");
    fake.fail("", "/messages", 1, Failure::Late(Duration::from_millis(1)));
    assert_eq!(say(&fake, scene.salle).unwrap().status, 200);
    let statuses: Vec<u16> = fake
        .requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [502, 200, 502, 0, 200, 200]);
}

#[test]
fn an_answer_waits_at_a_gate() {
    let fake = Fake::start();
    let scene = scene(&fake);
    let room = scene.ines.at(scene.salle);
    let (before, after) = (Gate::default(), Gate::default());
    thread::scope(|scope| {
        fake.fail("POST", "", 1, Failure::HeldAfter(after.clone()));
        let answered = scope.spawn(|| say(&fake, scene.salle));
        room.shown(0, "dit");
        assert!(!answered.is_finished());
        after.open();
        assert_eq!(answered.join().unwrap().unwrap().status, 200);
        fake.fail("POST", "", 1, Failure::HeldBefore(before.clone()));
        let answered = scope.spawn(|| say(&fake, scene.salle));
        let other = call(&fake, "GET", "/users/@me", &Value::Null);
        assert_eq!((other.status, room.timeline().len()), (200, 1));
        before.open();
        assert_eq!(answered.join().unwrap().unwrap().status, 200);
    });
    assert_eq!(room.timeline().len(), 2);
    let request = fake.request(0, "POST", "/messages");
    assert_eq!(request.body, json!({ "content": "dit" }));
    assert!(request.files.is_empty() && request.reason.is_none() && request.query.is_empty());
    assert!(request.at >= room.timeline()[0].at);
}
