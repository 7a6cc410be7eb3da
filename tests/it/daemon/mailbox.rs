//! Mail that is read from a mailbox of a real Dovecot.

use std::fs;
use std::io::Write as _;

use super::desk::{Desk, INES, LINA};
use crate::servers::{Dovecot, USER, dovecot, until};

/// A daemon, not started yet, that reads that mailbox, mails of `max_bytes` at most.
fn desk(server: &Dovecot, max_bytes: u32) -> Desk {
    let desk = Desk::closed();
    let mut bot = fs::OpenOptions::new()
        .append(true)
        .open(desk.path().join("bot.toml"))
        .unwrap();
    write!(
        bot,
        "\n[imap]\nhost = \"{}\"\nport = 1143\nsecurity = \"none\"\nuser = \"{USER}\"\npassword_file = \"{}\"\nmax_bytes = {max_bytes}\n",
        server.address(),
        server.path("password").display(),
    )
    .unwrap();
    desk
}

/// Waits until mail that comes from now on is taken.
fn ready(desk: &Desk) {
    until("the mailbox is read", || {
        fs::metadata(desk.path().join("var/imap.json")).ok()
    });
}

#[test]
fn a_daemon_killed_around_the_commit_files_a_reply_once() {
    let Some(server) = dovecot("") else { return };
    let mut client = server.client();
    let mut desk = desk(&server, 100_000);
    desk.start();
    ready(&desk);
    let number = desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    desk.settled(0);
    // The second thing heard after a start: the first is a tick of the clock.
    let points = [
        "after-journal:2",
        "after-transaction:2",
        "before-flush:2",
        "after-flush:2",
    ];
    for (index, point) in points.into_iter().enumerate() {
        assert_eq!(desk.stop(), 0);
        let opened = desk.log().matches("a folder is open").count();
        assert!(desk.start_killed_at(Some(point)));
        until("the clock has ticked and the mailbox is read", || {
            let again = desk.log().matches("a folder is open").count() > opened;
            (again && desk.ticks() > 0).then_some(())
        });
        let said = format!("Voici le plan numéro {index}.");
        client.append("INBOX", None, &mail.answer(LINA, &said).text());
        desk.ended();
        assert_eq!(client.count("INBOX"), 1, "{point}: moved before its time");
        if point.starts_with("after-flush") {
            let ledger = desk.run(&["store", "export"], b"").stdout;
            assert!(
                String::from_utf8_lossy(&ledger).contains(&said),
                "not committed"
            );
        }
        desk.start();
        until("the reply is moved", || {
            (client.count("INBOX") == 0).then_some(())
        });
    }
    desk.settled(0);
    let messages = desk.done(&format!("messages {number}"), INES);
    for index in 0..points.len() {
        let said = format!("Voici le plan numéro {index}.");
        assert_eq!(messages.matches(&said).count(), 1, "{messages}");
    }
    assert_eq!(client.count("Trait&AOk-"), points.len());
    assert_eq!(desk.stop(), 0);
}

#[test]
fn the_sender_of_a_mail_that_is_too_large_is_told_and_the_room_too() {
    let Some(server) = dovecot("") else { return };
    let mut client = server.client();
    let mut desk = desk(&server, 20_000);
    desk.start();
    ready(&desk);
    desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    let reply = mail
        .answer(LINA, "Voici le plan.")
        .with_file("plan.pdf", &"x".repeat(30_000));
    client.append("INBOX", None, &reply.text());
    let told = desk.mail(LINA, "trop lourd");
    assert_eq!(told.in_reply_to, [reply.message_id()]);
    desk.shown("le courriel est trop lourd");
    // There is nothing to accept but a header.
    desk.command("quarantaine accepter 1", INES);
    desk.shown("quarantaine accepter 2");
    desk.settled(0);
    assert_eq!(desk.count(LINA, "trop lourd"), 1);
    until("it is quarantined", || {
        (client.count("Quarantaine") == 1).then_some(())
    });
    assert_eq!(desk.stop(), 0);
}
