//! Two deployments, a machine, and the post between them.

use std::collections::{BTreeMap, VecDeque};

use greffier::config::Room;
use greffier::domain::{Demarche, Demarches, Piece, Privacy};
use greffier::mail::OwnSeal;
use greffier::mail::compose::{Identity, compose};
use greffier::message::{Account, Body, DepositIn, Heard, Line, MailIn, MailOut, Place};
use greffier::store::Store as _;
use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;
use serde_json::json;

use crate::conversation::desk::{Desk, Setting};

pub(super) const A: &str = "a.example";
pub(super) const B: &str = "b.example";
pub(super) const SECRET_A: &[u8] = b"the secret of the first of the two";
pub(super) const SECRET_B: &[u8] = b"the secret of the other of the two";

/// What the way does to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Washing {
    /// Nothing.
    None,
    /// Nothing is left but who writes to whom, what, and where to answer; and the mail gets another name.
    Thorough,
}

/// A mail on its way.
struct Letter {
    due: Timestamp,
    to: String,
    raw: Vec<u8>,
}

pub(super) struct Office {
    now: Timestamp,
    desks: BTreeMap<&'static str, (Desk, Identity)>,
    known: BTreeMap<&'static str, String>,
    instructeur: Option<String>,
    washing: Washing,
    post: VecDeque<Letter>,
    /// How long the machine takes to answer.
    pub(super) delay_minutes: i64,
    /// Mails that the two have sent.
    pub(super) sent: usize,
    letters: usize,
}

fn demarche(instructeur: &str) -> Demarche {
    let text = format!(
        "number = 12\ntitre = \"Travaux\"\nservice = \"Service\"\ndepot_par_mail = true\n[[groupe]]\nlabel = \"Seul\"\n\
         instructeurs = [\"ines@oise.example\", \"{instructeur}\"]\n\
         [[champ]]\nid = \"adresse\"\nlibelle = \"Adresse\"\ntype = \"text\"\n"
    );
    toml::from_str(&text).unwrap()
}

fn desk(domain: &str, secret: &[u8], known: &str, now: Timestamp) -> (Desk, Identity) {
    let demarche = demarche(known);
    let setting = Setting {
        demarches: Demarches::from([(demarche.number, demarche)]),
        rooms: vec![Room {
            externals: false,
            network: "console".to_owned(),
            id: "#salon".to_owned(),
            demarche: None,
            groupe: None,
            notify: None,
            threads: true,
            privacy: Some(Privacy::Full),
        }],
        administrateurs: Vec::new(),
        quiet: None,
    };
    let identity = Identity {
        domain: domain.to_owned(),
        from_address: format!("greffier@{domain}"),
        host: domain.to_owned(),
        seal: Some(OwnSeal::of(secret)),
    };
    (Desk::of(domain, secret, setting, now), identity)
}

impl Office {
    /// Two deployments; each knows one address outside: its usager, its expert and an instructeur of its own.
    pub(super) fn new(known_to_a: &str, known_to_b: &str, washing: Washing) -> Self {
        Self::with(known_to_a, known_to_b, None, washing)
    }

    /// The same with an instructeur who is somebody else.
    pub(super) fn with(
        known_to_a: &str,
        known_to_b: &str,
        instructeur: Option<&str>,
        washing: Washing,
    ) -> Self {
        let now = "2024-06-03T07:00:00Z".parse().unwrap();
        Self {
            now,
            desks: BTreeMap::from([
                (A, desk(A, SECRET_A, instructeur.unwrap_or(known_to_a), now)),
                (B, desk(B, SECRET_B, instructeur.unwrap_or(known_to_b), now)),
            ]),
            known: BTreeMap::from([(A, known_to_a.to_owned()), (B, known_to_b.to_owned())]),
            instructeur: instructeur.map(str::to_owned),
            washing,
            post: VecDeque::new(),
            delay_minutes: 0,
            sent: 0,
            letters: 0,
        }
    }

    /// A dossier is filed at each, an avis is asked for, and the usager is written to; the instructeur who is a machine
    /// follows, and wants to be told everything by mail.
    pub(super) fn begin(&mut self) {
        for domain in [A, B] {
            let known = self.known[domain].clone();
            let body = json!({ "usager": &known, "demandeur": { "nom": "X" }, "champs": { "adresse": "ici" } });
            let deposit = DepositIn {
                demarche: 12,
                body,
                files: Vec::new(),
                digest: None,
            };
            let (desk, _) = self.desks.get_mut(domain).unwrap();
            let receipt = desk.hear(None, Heard::Deposit(deposit));
            assert_eq!(receipt.dossier, Some(1), "{receipt:?}");
            let follower = self.instructeur.clone().unwrap_or_else(|| known.clone());
            self.types(domain, &follower, "notifications message oui");
            self.types(domain, &follower, "notifications avis oui");
            self.types(domain, &follower, "suivre 1");
            let ines = "ines@oise.example";
            self.types(
                domain,
                ines,
                &format!(
                    "avis demander 1 {known} question=« Êtes-vous d’accord ? » Qu’en pensez-vous ?"
                ),
            );
            self.types(domain, ines, "message 1 Bonjour, merci de répondre.");
        }
        self.deliver();
    }

    /// Somebody writes to `to`, unasked.
    pub(super) fn writes(&mut self, from: &str, to: &str) {
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Bonjour\r\nMessage-ID: <begin@robot.example>\r\n\r\nBonjour.\r\n"
        );
        self.post.push_back(Letter {
            due: self.now,
            to: to.to_owned(),
            raw: raw.into_bytes(),
        });
        self.deliver();
    }

    fn types(&mut self, domain: &str, who: &str, text: &str) {
        let line = Line {
            from: Account {
                network: "console".to_owned(),
                id: who.to_owned(),
            },
            place: Place::Room("#salon".to_owned()),
            text: text.to_owned(),
            files: Vec::new(),
            about: None,
            remote_id: None,
            doubt: None,
            addressed: true,
        };
        let (desk, _) = self.desks.get_mut(domain).unwrap();
        desk.hear(None, Heard::Line(line));
    }

    /// Lets so many rounds pass.
    pub(super) fn run(&mut self, rounds: usize, minutes: i64) {
        for round in 0..rounds {
            self.now += SignedDuration::from_mins(minutes);
            for (desk, _) in self.desks.values_mut() {
                desk.now = self.now;
                if round % 100 == 0 {
                    desk.hear(None, Heard::Tick);
                }
            }
            self.deliver();
        }
    }

    /// Carries everything that is due, until nothing is.
    fn deliver(&mut self) {
        loop {
            self.collect();
            let due = self.post.iter().position(|letter| letter.due <= self.now);
            let Some(letter) = due.and_then(|at| self.post.remove(at)) else {
                return;
            };
            self.hand_over(&letter);
            assert!(self.sent < 10_000, "a loop");
        }
    }

    /// Takes what the two have to send.
    fn collect(&mut self) {
        for (desk, identity) in self.desks.values_mut() {
            for said in desk.pump(&BTreeMap::new()) {
                let outgoing = &said.row.queued.outgoing;
                let Body::Mail(mail) = &outgoing.body else {
                    continue;
                };
                self.sent += 1;
                let key = desk.app.store.key(said.row.id);
                let mail = MailOut {
                    files: Vec::new(),
                    ..(**mail).clone()
                };
                let raw = compose(&mail, &outgoing.to.address, &key, identity, desk.now, &[]);
                self.letters += 1;
                let raw = match self.washing {
                    Washing::None => raw,
                    Washing::Thorough => washed(&raw, self.letters),
                };
                self.post.push_back(Letter {
                    due: self.now,
                    to: outgoing.to.address.clone(),
                    raw,
                });
            }
        }
    }

    fn hand_over(&mut self, letter: &Letter) {
        let domain = letter.to.rsplit('@').next().unwrap();
        if let Some((desk, _)) = self.desks.get_mut(domain) {
            let from = address(&letter.raw, false);
            let proof = format!(
                "Authentication-Results: mx.{domain}; dkim=pass header.d={0}; dmarc=pass header.from={0}\r\n",
                from.rsplit('@').next().unwrap()
            );
            let raw = [proof.as_bytes(), &letter.raw].concat();
            let hash = desk.app.shelf.keep(&raw).unwrap();
            let mail = MailIn {
                original: Piece {
                    hash,
                    name: "courriel.eml".to_owned(),
                    media_type: "message/rfc822".to_owned(),
                    bytes: raw.len() as u64,
                },
                mail_from: Some(from),
                rcpt_to: vec![letter.to.clone()],
                peer: None,
                too_large: None,
                authentication: None,
                scan: None,
            };
            desk.hear(None, Heard::Mail(mail));
            return;
        }
        // The machine: another subject, another name, no header, a text that is new each time.
        self.letters += 1;
        let number = self.letters;
        let to = address(&letter.raw, true);
        let raw = format!(
            "From: {}\r\nTo: {to}\r\nSubject: Au sujet de {number}\r\nMessage-ID: <{number}@robot.example>\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\nOui, c’est entendu pour le point {number}.\r\n",
            letter.to
        );
        self.post.push_back(Letter {
            due: self.now + SignedDuration::from_mins(self.delay_minutes),
            to,
            raw: raw.into_bytes(),
        });
    }

    pub(super) fn leave(self) {
        for (desk, _) in self.desks.into_values() {
            desk.leave();
        }
    }
}

/// Who wrote a mail, or where its answer goes.
fn address(raw: &[u8], answer: bool) -> String {
    let read = MessageParser::new().parse(raw).unwrap();
    let reply_to = read.reply_to().filter(|_| answer);
    let field = reply_to.or(read.from()).unwrap();
    field.first().unwrap().address().unwrap().to_owned()
}

/// `raw` with nothing in its header but who, to whom, what, where to answer, and how it is written.
fn washed(raw: &[u8], number: usize) -> Vec<u8> {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    let kept = [
        "from:",
        "to:",
        "reply-to:",
        "subject:",
        "date:",
        "mime-version:",
        "content-",
    ];
    let mut fields: Vec<String> = Vec::new();
    for line in header.split("\r\n") {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.extend(["\r\n", line]),
            _ => fields.push(line.to_owned()),
        }
    }
    fields.retain(|field| {
        kept.iter()
            .any(|name| field.to_lowercase().starts_with(name))
    });
    fields.push(format!("Message-ID: <washed-{number}@relay.example>"));
    format!("{}\r\n\r\n{body}", fields.join("\r\n")).into_bytes()
}
