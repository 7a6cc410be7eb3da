//! The daemon is killed at each named point under a stream of deposits, mails and commands, and started again. Each client
//! repeats what was not acknowledged. What comes of it must equal what comes of the same stream undisturbed: nothing lost,
//! nothing twice.

use std::collections::BTreeMap;
use std::sync::{LazyLock, RwLock};
use std::thread;

use greffier::message::Verdict;
use serde_json::{Value, json};

use crate::daemon::desk::{Desk, INES, PAUL, code, dossier, until};
use crate::daemon::post::Mail;

/// Clients at once.
const CLIENTS: usize = 3;
/// How often the daemon is killed in one run.
const DEATHS: usize = 2;

/// What came of the stream, for each client.
type Outcome = BTreeMap<String, Facts>;

/// What came of a client's stream, without what differs from run to run: numbers, times, hashes of mails that bear them.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    /// The events of the dossier.
    events: Vec<Value>,
    /// Recipient, subject, text and names of files of every mail, sorted.
    mails: Vec<(String, String, String, Vec<String>)>,
    /// Mails held.
    held: usize,
}

/// The same stream without any kill.
static UNDISTURBED: LazyLock<Outcome> = LazyLock::new(|| {
    let outcome = run(None);
    assert_eq!(outcome.len(), CLIENTS);
    for facts in outcome.values() {
        assert_eq!(facts.held, 1);
        let told = |words: &str| {
            facts
                .mails
                .iter()
                .filter(|mail| mail.2.contains(words))
                .count()
        };
        assert_eq!(told("Le service vous écrit"), 1, "{:?}", facts.mails);
        // The usager, and the expert who gave an avis.
        assert_eq!(told("a été accepté"), 2, "{:?}", facts.mails);
    }
    outcome
});

/// A daemon that is started again whenever it is gone.
struct Stage {
    desk: RwLock<Desk>,
}

impl Stage {
    /// Asks until there is an answer, whatever becomes of the daemon meanwhile.
    fn insist<T>(&self, what: &str, ask: impl Fn(&Desk) -> Option<T>) -> T {
        until(what, || ask(&self.desk.read().unwrap()))
    }

    /// A line that must be done.
    fn line(&self, id: &str, line: &str, by: &str) -> Vec<String> {
        let receipt = self.insist(line, |desk| desk.line(id, line, by));
        assert_eq!(receipt.verdict, Verdict::Done, "{line}: {receipt:?}");
        receipt.answers
    }

    fn mail(&self, to: &str, with: &str) -> Mail {
        self.insist(&format!("a mail to {to} with {with}"), |desk| {
            desk.mails()
                .into_iter()
                .find(|mail| mail.to == to && mail.text.contains(with))
        })
    }

    fn send(&self, from: &str, mail: &Mail, text: &str) {
        let reply = mail
            .answer(from, text)
            .with_file("plan-masse.pdf", "%PDF plan");
        let code = self.insist(text, |desk| {
            desk.try_send(from, &mail.reply_to, &reply.text())
                .filter(|code| *code != 421)
        });
        assert_eq!(code, 250, "{text}");
    }
}

/// Runs the stream, with the daemon killed at `point`, and answers what came of it.
fn run(point: Option<&str>) -> Outcome {
    let mut desk = Desk::closed();
    let mut deaths = 0;
    while !desk.start_killed_at(point.filter(|_| deaths < DEATHS)) {
        deaths += 1;
    }
    let stage = Stage {
        desk: RwLock::new(desk),
    };
    let streams: Vec<_> = thread::scope(|scope| {
        let stage = &stage;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || stream(stage, client)))
            .collect();
        while !clients.iter().all(thread::ScopedJoinHandle::is_finished) {
            deaths += revive(stage, point.filter(|_| deaths + 1 < DEATHS));
            thread::sleep(std::time::Duration::from_millis(5));
        }
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    // The messages may leave; the clock is lost with each daemon.
    until("everything has left", || {
        deaths += revive(&stage, point.filter(|_| deaths + 1 < DEATHS));
        let desk = stage.desk.read().unwrap();
        desk.try_admin(json!({ "name": "advance", "seconds": 301 }))?;
        let depths = desk.try_admin(json!({ "name": "depths" }))?;
        (depths["journal"] == 0 && depths["outbox"] == 0).then_some(())
    });
    if let Some(point) = point {
        assert!(deaths > 0, "nobody came by {point}");
    }
    let mut desk = stage.desk.into_inner().unwrap();
    assert_eq!(desk.stop(), 0);
    // A mail that was kept and not journaled came again with another `Received`: its first copy is nobody's.
    let swept = desk.run(&["store", "sweep"], b"");
    assert!(swept.status.success(), "{swept:?}");
    let verified = desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
    outcome(&desk, &streams)
}

/// Starts the daemon again where it is gone. Answers how many have died.
fn revive(stage: &Stage, point: Option<&str>) -> usize {
    let mut desk = stage.desk.write().unwrap();
    if desk.lives() {
        return 0;
    }
    desk.kill();
    let mut died = 1;
    if !desk.start_killed_at(point) {
        died += 1;
        desk.start();
    }
    died
}

/// What one client brings, in order, each thing until it is acknowledged. Answers its dossier's number.
fn stream(stage: &Stage, client: usize) -> u64 {
    let [usager, expert, stranger] = people(client);
    let body = dossier(&usager, "Nord");
    let deposited = stage.insist("the deposit", |desk| {
        desk.post(&format!("depot-{client}"), &body)
            .filter(|reply| reply.status != 503)
    });
    assert_eq!(deposited.status, 201, "{}", deposited.body);
    let number = deposited.json()["dossier"].as_u64().unwrap();
    let line = |step: &str, line: &str| {
        stage.line(
            &format!("{step}-{client}"),
            line,
            if step == "suivre" { PAUL } else { INES },
        )
    };
    line("suivre", &format!("suivre {number}"));
    line("instruire", &format!("instruire {number}"));
    line(
        "avis",
        &format!(
            "avis demander {number} {expert} question=\"Favorable ?\" Bonjour, qu'en dites-vous ?"
        ),
    );
    let receipt = stage.mail(&usager, "n° ");
    stage.send(&usager, &receipt, "Bonjour, voici le plan.");
    let invitation = stage.mail(&expert, "qu'en dites-vous");
    stage.send(&expert, &invitation, "Oui\n\nBonjour, un beau colombage.");
    stage.send(&stranger, &receipt, "Bonjour, je suis le voisin.");
    line(
        "message",
        &format!("message {number} Bonjour. Pouvez-vous signer le plan ?"),
    );
    let preview = line("accepter", &format!("accepter {number} Beau colombage."));
    let preview = crate::daemon::desk::plain(&preview.concat()).replace('`', "");
    line("confirmer", &format!("confirmer {}", code(&preview)));
    number
}

/// The usager, the expert and a stranger of a client.
fn people(client: usize) -> [String; 3] {
    [
        format!("usager{client}@courriel.example"),
        format!("expert{client}@culture.example"),
        format!("voisin{client}@ailleurs.example"),
    ]
}

fn outcome(desk: &Desk, numbers: &[u64]) -> Outcome {
    let export = desk.run(&["store", "export"], b"").stdout;
    let lines: Vec<Value> = String::from_utf8(export)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut outcome = Outcome::new();
    let mut mails = desk.mails();
    // A terminal cannot tell what it was shown twice, but nothing is left out.
    let room = desk.room();
    for (client, number) in numbers.iter().enumerate() {
        for news in ["avis n° 1 rendu", "accepté"] {
            assert!(
                room.contains(&format!("Dossier n° {number} — {news}")),
                "{news}"
            );
        }
        let text = format!("Nouveau dossier n° {number} ");
        assert!(room.contains(&text), "{text}");
        let people = people(client);
        let of_client = |line: &&Value, kind: &str| line[kind]["dossier"] == *number;
        let mut events: Vec<Value> = lines
            .iter()
            .filter(|line| of_client(line, "event"))
            .map(|line| line["event"]["recorded"].clone())
            .collect();
        events.iter_mut().for_each(|event| forget(event, *number));
        let held = lines
            .iter()
            .filter(|line| line["document"]["collection"] == "quarantine")
            .filter(|line| line["document"]["value"]["dossier"] == *number)
            .count();
        let subject = format!("[Dossier {number}]");
        let theirs: Vec<Mail> = mails
            .extract_if(.., |mail| {
                people.contains(&mail.to) || mail.subject.starts_with(&subject)
            })
            .collect();
        let mut told: Vec<_> = theirs.iter().map(|mail| told(mail, *number)).collect();
        told.sort();
        let facts = Facts {
            events,
            mails: told,
            held,
        };
        outcome.insert(format!("client {client}"), facts);
    }
    assert_eq!(mails, [], "nobody else is written to");
    let deposits = lines
        .iter()
        .filter(|line| line["event"]["version"] == 1)
        .count();
    assert_eq!(deposits, CLIENTS);
    outcome
}

/// Takes out of an event what differs from run to run.
fn forget(value: &mut Value, number: u64) {
    match value {
        Value::Object(fields) => {
            for key in ["at", "mail", "deposited"] {
                fields.remove(key);
            }
            if fields.get("number") == Some(&json!(number)) {
                fields.remove("number");
            }
            fields.values_mut().for_each(|value| forget(value, number));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| forget(value, number)),
        _ => {}
    }
}

/// What a mail says, with every number as `#`: that of its dossier is looked for first.
fn told(mail: &Mail, number: u64) -> (String, String, String, Vec<String>) {
    let own = [format!("n° {number}"), format!("Dossier {number}")];
    let names = |text: &str| text.contains("n° ") || text.contains("Dossier ");
    for text in [&mail.subject, &mail.text] {
        assert!(
            !names(text) || own.iter().any(|own| text.contains(own)),
            "{mail:?} is not of {number}"
        );
    }
    (
        mail.to.clone(),
        numberless(&mail.subject),
        numberless(&mail.text),
        mail.files.iter().map(|(name, _)| name.clone()).collect(),
    )
}

fn numberless(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(letter),
        }
    }
    out
}

/// Kills at `point` the first, some and many times that the daemon comes by.
fn killed_at(point: &str) {
    assert!(greffier::kill::POINTS.contains(&point));
    for times in [1, 2, 5, 9] {
        let outcome = run(Some(&format!("{point}:{times}")));
        for (client, facts) in &*UNDISTURBED {
            let disturbed = &outcome[client];
            assert_eq!(disturbed.events, facts.events, "{client}, {point}:{times}");
            assert_eq!(disturbed.mails, facts.mails, "{client}, {point}:{times}");
            assert_eq!(disturbed.held, facts.held, "{client}, {point}:{times}");
        }
    }
}

#[test]
fn before_the_journal() {
    killed_at("before-journal");
}

#[test]
fn after_the_journal() {
    killed_at("after-journal");
}

#[test]
fn before_the_transaction() {
    killed_at("before-transaction");
}

#[test]
fn after_the_transaction() {
    killed_at("after-transaction");
}

#[test]
fn before_the_flush() {
    killed_at("before-flush");
}

#[test]
fn after_the_flush() {
    killed_at("after-flush");
}

#[test]
fn before_sending() {
    killed_at("before-send");
}

#[test]
fn after_sending() {
    killed_at("after-send");
}

#[test]
fn before_recording() {
    killed_at("before-record");
}

#[test]
fn after_recording() {
    killed_at("after-record");
}
