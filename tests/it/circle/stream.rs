//! A stream of mails both ways, and the account that is made of it afterwards: nothing lost, nothing twice.

use std::collections::BTreeMap;
use std::sync::RwLock;
use std::thread;

use serde_json::{Value, json};

use super::stage::{MAILBOX, Stage, Way};
use crate::daemon::desk::{Desk, dossier};
use crate::servers::{CLIENT, until};

/// The mailbox that all usagers share, each at an address of their own.
const USAGERS: &str = "lina.moreau@courriel.example";

fn usager(number: usize) -> String {
    USAGERS.replace('@', &format!("+{number}@"))
}

fn mark(number: usize) -> String {
    format!("Marque lina.moreau-{number}.")
}

/// What may be disturbed while mails flow.
pub(crate) struct Flow<'a> {
    pub(crate) stage: &'a RwLock<&'a mut Stage>,
}

impl Flow<'_> {
    /// Waits until so many replies have reached the room.
    pub(crate) fn filed(&self, count: usize) {
        until(&format!("{count} replies are filed"), || {
            let room = self.stage.read().unwrap().desk.room();
            (room.matches("Marque lina.moreau-").count() >= count).then_some(())
        });
    }

    /// SIGKILL, and another life.
    pub(crate) fn kill(&self) {
        let mut stage = self.stage.write().unwrap();
        stage.desk.kill();
        stage.desk.start();
    }

    /// Postfix goes and comes; as if by a power cut, if `hard`.
    pub(crate) fn postfix(&self, hard: bool) {
        let stage = self.stage.read().unwrap();
        if hard {
            stage.postfix.abort();
        } else {
            stage.postfix.stop();
        }
        stage.postfix.start();
    }

    /// Dovecot goes and comes.
    pub(crate) fn dovecot(&self) {
        let mut stage = self.stage.write().unwrap();
        stage.dovecot.stop();
        stage.dovecot.start();
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Copies that reached the usagers' mailbox more than once.
    pub(crate) repeated: usize,
    /// Replies that were handed to Greffier more than once, where that can be counted.
    pub(crate) again: usize,
}

/// Deposits `count` dossiers, each of which writes to its usager, who answers with `files`, while `disturb` does what it
/// likes. Afterwards each dossier holds its usager's reply once, and the mailbox each mail once, but for copies that are
/// the same to the octet.
pub(crate) fn stream(
    stage: &mut Stage,
    count: usize,
    files: &[Value],
    disturb: impl FnOnce(&Flow<'_>) + Send,
) -> Account {
    let client = stage.client.clone();
    let request = json!({ "count": count, "files": files });
    let answering = client.ask("stream", USAGERS, request);
    let locked = RwLock::new(&mut *stage);
    let numbers: BTreeMap<u64, usize> = thread::scope(|scope| {
        let flow = Flow { stage: &locked };
        let depositing = scope.spawn(|| {
            (0..count)
                .map(|number| (deposit(&locked, number), number))
                .collect()
        });
        disturb(&flow);
        flow.filed(count);
        depositing.join().unwrap()
    });
    assert_eq!(answering.answer()["answered"], count);
    stage.desk.settled(0);
    assert_eq!(numbers.len(), count, "a dossier was deposited twice");
    let account = Account {
        repeated: received(stage, count),
        again: dealt_with(stage, count),
    };
    assert_eq!(stage.desk.stop(), 0);
    filed(&stage.desk, &numbers);
    account
}

/// Deposits until it is acknowledged, under the same key each time.
fn deposit(stage: &RwLock<&mut Stage>, number: usize) -> u64 {
    let body = dossier(&usager(number), "Nord");
    let reply = until("a deposit is taken", || {
        let stage = stage.read().unwrap();
        let reply = stage.desk.post(&format!("depot-{number}"), &body)?;
        (reply.status == 201).then_some(reply)
    });
    reply.json()["dossier"].as_u64().unwrap()
}

/// Each dossier holds the reply of its usager, once, and of nobody else.
fn filed(desk: &Desk, numbers: &BTreeMap<u64, usize>) {
    let export = String::from_utf8(desk.run(&["store", "export"], b"").stdout).unwrap();
    let mut found: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in export.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let event = &line["event"];
        let said = event["recorded"].to_string();
        if let Some((_, rest)) = said.split_once("Marque lina.moreau-") {
            let mark = rest.split('.').next().unwrap().to_owned();
            let dossier = event["dossier"].as_u64().unwrap();
            found.entry(dossier).or_default().push(mark);
        }
    }
    let expected = numbers
        .iter()
        .map(|(dossier, number)| (*dossier, vec![number.to_string()]));
    assert_eq!(
        found,
        expected.collect(),
        "not each reply in its thread, once"
    );
    let room = desk.room();
    for number in 0..numbers.len() {
        assert!(
            room.contains(&mark(number)),
            "the room was not told of {number}"
        );
    }
    for check in [&["store", "sweep"][..], &["store", "verify"]] {
        let done = desk.run(check, b"");
        assert!(done.status.success(), "{done:?}");
    }
}

/// Each usager has one mail, or the same mail more than once. Answers how many are too many.
fn received(stage: &Stage, count: usize) -> usize {
    let mails = stage.client.all(USAGERS, "INBOX");
    let mut seen: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut to: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &mails {
        let id = mail["message_id"].as_str().unwrap();
        if let Some(first) = seen.insert(id, mail) {
            assert_eq!(
                first["content"], mail["content"],
                "{id} differs from itself"
            );
        } else {
            *to.entry(mail["to"].as_str().unwrap()).or_default() += 1;
        }
    }
    assert!(
        to.values().all(|times| *times == 1),
        "written to twice: {to:?}"
    );
    assert_eq!(to.len(), count, "somebody was not written to");
    mails.len() - count
}

/// Greffier's own mailbox is empty, and nothing is in quarantine. Answers how many replies came more than once.
fn dealt_with(stage: &Stage, count: usize) -> usize {
    if stage.way == Way::Lmtp {
        return 0;
    }
    let mut mailbox = stage.dovecot.client_of(MAILBOX, CLIENT);
    until("all mail is dealt with", || {
        (mailbox.count("INBOX") == 0).then_some(())
    });
    assert_eq!(mailbox.count("Quarantaine"), 0);
    let moved = mailbox.count("Trait&AOk-");
    assert!(moved >= count, "only {moved} of {count} are there");
    moved - count
}
