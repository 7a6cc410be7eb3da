//! What comes in: lines, deposits, mails, and what is done on the platform.

use greffier::message::{Account, Body, DepositIn, Destination, Heard, Line, MailIn, Place, Scan};
use greffier::store::Store as _;
use regex::Regex;

use super::super::desk::DOMAIN;
use super::super::letter::{Answered, Letter, Proof};
use super::super::person::{About, Typing};

use super::Stage;

impl Stage {
    /// `sur le site, paul@oise.example suit le dossier 4807`, which Greffier sees at once but for `, ce que Greffier n’a pas
    /// encore vu`.
    pub(super) fn on_site(&mut self, rest: &str) -> Vec<String> {
        let rest = rest.strip_prefix("le site, ").expect("sur le site, …");
        let unseen = rest.strip_suffix(", ce que Greffier n’a pas encore vu");
        let desk = self.desk();
        let site = desk.site.clone().expect("there is a platform");
        site.act(desk.now, unseen.unwrap_or(rest));
        if unseen.is_none() {
            site.look(desk);
        }
        self.deliver()
    }

    pub(super) fn types(&mut self, typing: Typing, more: &[String]) -> Vec<String> {
        self.lines += 1;
        let number = self.lines;
        let mut text = typing.text.clone();
        for line in more {
            text.push('\n');
            text.push_str(line);
        }
        for (index, code) in self.codes.iter().enumerate().rev() {
            text = text.replace(&format!("CODE-{}", index + 1), code);
        }
        let files = typing.files.iter().map(|name| self.file(name)).collect();
        let about = typing.about.map(|about| match about {
            About::Row(row) => format!("remote-{row}"),
            About::Thread(dossier) => {
                let Place::Room(address) = &typing.place else {
                    panic!("a thread is in a room");
                };
                let to = Destination {
                    network: typing.network.clone(),
                    address: address.clone(),
                };
                let card = format!("dossier-{dossier}");
                let card = self.desk().app.store.remote(&to, &card).unwrap();
                card.expect("the dossier has a card in that room")
            }
        });
        let line = Line {
            from: Account {
                network: typing.network,
                id: typing.who,
            },
            place: typing.place,
            text,
            files,
            about,
            remote_id: Some(format!("ligne-{number}")),
            doubt: None,
            addressed: true,
        };
        let receipt = self.desk().hear(None, Heard::Line(line));
        self.report(&receipt)
    }

    /// `dépôt 12 de jean@exemple.fr pour Jean Martin`, with the answers as TOML.
    pub(super) fn depot(&mut self, rest: &str, more: &[String]) -> Vec<String> {
        let form = Regex::new(r"^(\d+)(?: clé (\S+))? de (\S+) pour (.*)$").unwrap();
        let found = form
            .captures(rest)
            .expect("dépôt N [clé K] de ADRESSE pour NOM");
        let (files, answers): (Vec<&String>, Vec<&String>) =
            more.iter().partition(|line| line.starts_with("joint "));
        let answers: Vec<&str> = answers.into_iter().map(String::as_str).collect();
        let champs: toml::Table = toml::from_str(&answers.join("\n")).unwrap();
        let mut champs = serde_json::to_value(champs).unwrap();
        let groupe = champs.as_object_mut().unwrap().remove("groupe");
        let (prenom, nom) = found[4].split_once(' ').unwrap_or(("", &found[4]));
        let mut body = serde_json::json!({
            "usager": &found[3],
            "demandeur": { "prenom": prenom, "nom": nom },
            "champs": champs,
        });
        if let Some(groupe) = groupe {
            body["groupe"] = groupe;
        }
        let files = files
            .into_iter()
            .map(|line| {
                let (champ, name) = line["joint ".len()..].split_once(" : ").unwrap();
                (champ.to_owned(), self.file(name))
            })
            .collect();
        let deposit = DepositIn {
            demarche: found[1].parse().unwrap(),
            body,
            files,
            digest: None,
        };
        let id = found.get(2).map(|key| format!("http:{}", key.as_str()));
        let receipt = self.desk().hear(id, Heard::Deposit(deposit));
        let mut lines: Vec<String> = receipt
            .dossier
            .map(|number| format!("= dossier {number}"))
            .into_iter()
            .collect();
        lines.extend(self.report(&receipt));
        lines
    }

    /// `courriel [infecté|non analysé] [sans preuve|falsifié] de ADRESSE (en réponse [à outbox-3] | vers ADRESSE)`, with the
    /// mail's own lines; then `, sans jeton`, `, jeton abîmé`, `, sans références`.
    pub(super) fn courriel(&mut self, rest: &str, more: &[String]) -> Vec<String> {
        let (scan, rest) = if let Some(rest) = rest.strip_prefix("infecté ") {
            let signature = "Win.Test.EICAR_HDB-1".to_owned();
            (Some(Scan::Infected { signature }), rest)
        } else if let Some(rest) = rest.strip_prefix("non analysé ") {
            (Some(Scan::NotScanned), rest)
        } else {
            (None, rest)
        };
        let (proof, rest) = if let Some(rest) = rest.strip_prefix("sans preuve ") {
            (Proof::None, rest)
        } else if let Some(rest) = rest.strip_prefix("falsifié ") {
            (Proof::Forged, rest)
        } else {
            (Proof::Signed, rest)
        };
        let (rest, damage) = rest
            .split_once(", ")
            .map_or((rest, ""), |(rest, damage)| (rest, damage));
        let rest = rest.strip_prefix("de ").expect("courriel de ADRESSE …");
        let (from, to) = rest
            .split_once(" en réponse")
            .or_else(|| rest.rsplit_once(" vers "))
            .expect("en réponse, or vers ADRESSE");
        let (to, answers) = if to.contains('@') {
            (to.to_owned(), None)
        } else {
            self.answered(from, to.trim_start_matches(" à "))
        };
        let (to, answers) = damaged(damage, to, answers);
        self.letters += 1;
        let id = self.letters;
        let at = self.desk().now;
        let letter = Letter {
            from,
            to: &to,
            proof,
            answers,
            lines: more,
            id,
            at,
        };
        let mail = MailIn {
            scan,
            ..letter.taken(&*self.desk().app.shelf)
        };
        let receipt = self
            .desk()
            .hear(Some(format!("mail:courriel-{id}")), Heard::Mail(mail));
        self.report(&receipt)
    }

    /// The reply address, and the mail of ours that `from` answers: the row named, or the last one to him.
    fn answered(&self, from: &str, row: &str) -> (String, Option<Answered>) {
        let from = from
            .trim_end_matches('>')
            .rsplit('<')
            .next()
            .unwrap_or(from);
        let mails = self
            .said
            .iter()
            .rev()
            .filter_map(|(row, said)| match &said.body {
                Body::Mail(mail) => Some((row, &said.to.address, mail)),
                Body::Post(_) | Body::React(_) | Body::Make(_) | Body::Platform(_) => None,
            });
        let mut mails = mails.filter(|(id, address, _)| match row.strip_prefix("outbox-") {
            Some(row) => id.to_string() == row,
            None => *address == from,
        });
        let (id, _, mail) = mails.next().expect("a mail that can be answered");
        let local = mail.reply_to.clone().unwrap_or("greffier".to_owned());
        let answered = Answered {
            subject: mail.subject.clone(),
            message_id: format!("outbox-{id}.essai@{DOMAIN}"),
            thread: mail.thread.as_ref().map(|name| format!("{name}@{DOMAIN}")),
        };
        (format!("{local}@{DOMAIN}"), Some(answered))
    }
}

/// What is left of an answer's address and references.
fn damaged(damage: &str, to: String, answers: Option<Answered>) -> (String, Option<Answered>) {
    match damage {
        "" => (to, answers),
        "sans jeton" => (format!("reponse@{DOMAIN}"), answers),
        "sans références" => (to, None),
        "jeton abîmé" => {
            let (local, domain) = to.split_once('@').unwrap();
            let last = if local.ends_with('a') { 'b' } else { 'a' };
            let local = &local[..local.len() - 1];
            (format!("{local}{last}@{domain}"), None)
        }
        _ => panic!("not something that happens to an answer: {damage}"),
    }
}
