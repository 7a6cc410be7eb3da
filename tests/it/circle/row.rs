//! Many mails in a row, 1 000 of them; 10 000 with `GREFFIER_LONG=1`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::chown;
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::stage::{Between, MAILBOX, Stage, Way, stage};
use crate::daemon::desk::{Desk, dossier};
use crate::daemon::post::Smtp;
use crate::servers::{CLIENT, until};

const USAGERS: &str = "lina.moreau@courriel.example";
/// Mails to one dossier: what one person may write in an hour before somebody looks.
const EACH: usize = 10;
/// Connections that hand them over at once.
const CONNECTIONS: usize = 8;

fn many() -> usize {
    match std::env::var("GREFFIER_LONG").as_deref() {
        Ok("1") => 10_000,
        _ => 1_000,
    }
}

fn dossiers() -> usize {
    many() / EACH
}

/// A usager's reply.
struct Letter {
    from: String,
    to: String,
    octets: String,
}

/// Deposits the dossiers, and writes as many replies to the addresses that their usagers were given.
fn letters(stage: &Stage) -> Vec<Letter> {
    for number in 0..dossiers() {
        let body = dossier(&USAGERS.replace('@', &format!("+{number}@")), "Nord");
        let reply = stage.desk.post(&format!("depot-{number}"), &body).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
    }
    stage.desk.settled(0);
    let asked = until("all mails are in the mailbox", || {
        let mails = stage.client.all(USAGERS, "INBOX");
        (mails.len() == dossiers()).then_some(mails)
    });
    (0..many())
        .map(|number| letter(&asked[number % dossiers()], number))
        .collect()
}

fn letter(asked: &Value, number: usize) -> Letter {
    let field = |name: &str| asked[name].as_str().unwrap().to_owned();
    let (from, to, id) = (field("to"), field("reply_to"), field("message_id"));
    let to = to
        .rsplit('<')
        .next()
        .unwrap()
        .trim_end_matches('>')
        .to_owned();
    let octets = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: Re: votre dossier\r\nMessage-ID: <{number}@poste.example>\r\n\
         In-Reply-To: {id}\r\nReferences: {id}\r\nDate: Mon, 03 Jun 2024 10:00:00 +0200\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Voici la marque {number}, comme demandé.\r\n\r\nLe 03/06/2024 à 10:00, Greffe a écrit :\r\n> Bonjour\r\n"
    );
    Letter { from, to, octets }
}

/// Each of them is in a thread, once.
fn filed(desk: &Desk) {
    let export = String::from_utf8(desk.run(&["store", "export"], b"").stdout).unwrap();
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    for line in export.lines().filter(|line| line.contains("\"event\"")) {
        let line: Value = serde_json::from_str(line).unwrap();
        let said = line["event"]["recorded"].to_string();
        if let Some((_, rest)) = said.split_once("Voici la marque ") {
            let number = rest.split(',').next().unwrap().parse().unwrap();
            *found.entry(number).or_default() += 1;
        }
    }
    assert_eq!(found, (0..many()).map(|number| (number, 1)).collect());
    let verified = desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
}

fn report(way: &str, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let count = many();
    eprintln!("{count} mails by {way}: {seconds:.1} s");
}

#[test]
fn many_mails_in_a_mailbox_are_each_filed_once() {
    let Some(mut stage) = stage(Way::Imap, "") else {
        return;
    };
    stage.start(&Between::default());
    let letters = letters(&stage);
    let folder = stage.dovecot.path("mail").join(MAILBOX).join("new");
    let owner = stage.dovecot.owner();
    let started = Instant::now();
    for (number, letter) in letters.iter().enumerate() {
        // Written beside and put there at once, as a delivery does.
        let name = format!("{}.{number}.row", 1_717_405_200 + number);
        let part = folder.parent().unwrap().join("tmp").join(&name);
        fs::write(&part, &letter.octets).unwrap();
        chown(&part, Some(owner), Some(owner)).unwrap();
        fs::rename(&part, folder.join(&name)).unwrap();
    }
    let mut mailbox = stage.dovecot.client_of(MAILBOX, CLIENT);
    let mut left = many();
    while left > 0 {
        // Each mail has its time, not all of them together.
        left = until("one more is moved", || {
            let now = many() - mailbox.count("Trait&AOk-");
            (now < left).then_some(now)
        });
    }
    report("IMAP", started);
    assert_eq!(
        (mailbox.count("INBOX"), mailbox.count("Quarantaine")),
        (0, 0)
    );
    stage.desk.settled(0);
    assert_eq!(stage.desk.stop(), 0);
    filed(&stage.desk);
}

#[test]
fn many_mails_by_lmtp_are_each_filed_once() {
    let Some(mut stage) = stage(Way::Lmtp, "") else {
        return;
    };
    stage.start(&Between::default());
    let letters = letters(&stage);
    let lmtp = stage.postfix.lmtp();
    let started = Instant::now();
    thread::scope(|scope| {
        for part in letters.chunks(letters.len().div_ceil(CONNECTIONS)) {
            let lmtp = &lmtp;
            scope.spawn(move || {
                let mut client = Smtp::connect(lmtp).unwrap();
                assert_eq!(client.say("LHLO poste.example"), Some(250));
                for letter in part {
                    let code = client.send(&letter.from, &letter.to, &letter.octets);
                    assert_eq!(code, Some(250));
                }
            });
        }
    });
    report("LMTP", started);
    stage.desk.settled(0);
    assert_eq!(stage.desk.stop(), 0);
    filed(&stage.desk);
}
