//! What an operator sees of a virus scanner that is not there.

use std::fs;

use super::desk::{Desk, until};
use super::web::get;

#[test]
fn without_the_scanner_nothing_is_taken_in_and_the_state_says_so() {
    let mut desk = Desk::closed();
    let config = desk.path().join("bot.toml");
    let socket = desk.path().join("no-clamd.sock");
    let scanned = format!(
        "{}\n[clamav]\naddress = \"{}\"\n",
        fs::read_to_string(&config).unwrap(),
        socket.display()
    );
    fs::write(&config, scanned).unwrap();
    let mail = b"From: lina@exemple.example\r\nSubject: x\r\n\r\nBonjour\r\n";
    let deliver = |desk: &Desk| desk.run(&["mail", "deliver"], mail).status.code();
    assert_eq!(deliver(&desk), Some(75), "without the daemon");
    desk.start();
    assert_eq!(deliver(&desk), Some(75), "through the daemon");
    until("the state says it", || {
        let ready = get(desk.http(), "/readyz")?;
        (ready.status == 503 && ready.body.contains("clamd")).then_some(())
    });
}
