//! What each step of a script does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use greffier::config::Room;
use greffier::domain::{DemarcheId, Email, Piece, Privacy, Quiet, Topic};
use greffier::message::{
    Account, Body, DepositIn, Destination, Heard, Line, MailIn, Outgoing, Place, Receipt, RoomIn,
    Scan,
};
use greffier::store::Store as _;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};
use regex::Regex;

use super::desk::{DOMAIN, Desk, Setting};
use super::letter::{Answered, Letter, Proof};
use super::person::{About, Typing};
use super::saying;
use super::site::Site;

/// A script's people, rooms, démarches, and the desk once the first thing is done.
pub(super) struct Stage {
    demarches: PathBuf,
    setting: Setting,
    home: Option<(String, String)>,
    start: Timestamp,
    desk: Option<Desk>,
    said: BTreeMap<u64, Outgoing>,
    pictures: BTreeMap<String, Vec<u8>>,
    refused: BTreeMap<String, String>,
    codes: Vec<String>,
    lines: u32,
    letters: u32,
}

impl Stage {
    pub(super) fn new(demarches: PathBuf) -> Self {
        Self {
            demarches,
            setting: Setting::default(),
            home: None,
            start: "2024-06-03T07:00:00Z".parse().unwrap(),
            desk: None,
            said: BTreeMap::new(),
            pictures: BTreeMap::new(),
            refused: BTreeMap::new(),
            codes: Vec::new(),
            lines: 0,
            letters: 0,
        }
    }

    /// Ends it: nothing may be left to say.
    pub(super) fn leave(&mut self) {
        if let Some(desk) = self.desk.take() {
            desk.leave();
        }
    }

    fn desk(&mut self) -> &mut Desk {
        let (setting, start) = (&mut self.setting, self.start);
        self.desk
            .get_or_insert_with(|| Desk::new(std::mem::take(setting), start))
    }

    /// Does what `line` says, and answers what is said of it.
    pub(super) fn step(&mut self, line: &str, more: &[String]) -> Vec<String> {
        if let Some(typing) = Typing::read(line, self.home.as_ref()) {
            return self.types(typing, more);
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "démarche" => self.demarche(rest),
            "salon" => self.salon(rest),
            "administrateur" => self.setting.administrateurs.push(Email::new(rest)),
            "le" => {
                self.start = format!("{}:00+02:00", rest.replace(' ', "T"))
                    .parse()
                    .unwrap();
            }
            "absence" => return self.absence(rest),
            "calme" => self.setting.quiet = Some(Quiet::default()),
            "compte" => self.compte(rest),
            "panne" => {
                let (address, why) = rest.split_once(" : ").unwrap();
                self.refused.insert(address.to_owned(), why.to_owned());
            }
            "réparé" => drop(self.refused.remove(rest)),
            "chiffré" => self.chiffre(rest),
            "listes" => self.desk().app.at_once = rest.parse().unwrap(),
            "atelier" => self.desk().broken = rest == "en panne",
            "exports" => self.exports(rest),
            "perdu" => self.lose(rest),
            "retrouvé" => drop(self.file(rest)),
            "nouvelle" => self.new_key(),
            "plateforme" => return self.plateforme(rest, more),
            "sur" => return self.on_site(rest),
            "dépôt" => return self.depot(rest, more),
            "courriel" => return self.courriel(rest, more),
            "voir" => return self.voir(rest),
            "retenu" => self.desk().held_back = true,
            "avance" => return self.advance(rest),
            _ if word.starts_with('+') => return self.attend(word, rest),
            _ => panic!("not a step: {line}"),
        }
        Vec::new()
    }

    /// The same, and answers what left for somebody, codes hidden.
    pub(super) fn play(&mut self, line: &str, more: &[String]) -> Vec<Outgoing> {
        // What was queued for later leaves after what came after it.
        let before: BTreeSet<u64> = self.said.keys().copied().collect();
        self.step(line, more);
        let new = self.said.iter().filter(|(row, _)| !before.contains(row));
        let new: Vec<Outgoing> = new.map(|(_, outgoing)| outgoing.clone()).collect();
        new.into_iter()
            .map(|mut outgoing| {
                match &mut outgoing.body {
                    Body::Post(post) => post.text = self.hide(&post.text),
                    Body::Mail(mail) => mail.text = self.hide(&mail.text),
                    Body::React(_) | Body::Make(_) | Body::Platform(_) => {}
                }
                outgoing
            })
            .collect()
    }

    /// A picture that left, by its name: the last of that name.
    pub(super) fn picture(&self, name: &str) -> Vec<u8> {
        self.pictures[name].clone()
    }

    fn demarche(&mut self, name: &str) {
        let path = self.demarches.join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let demarche: greffier::domain::Demarche = toml::from_str(&text).unwrap();
        assert_eq!(demarche.faults(), Vec::<String>::new(), "{name}");
        self.setting.demarches.insert(demarche.number, demarche);
    }

    /// `plateforme ines@oise.example paul@oise.example`: its one démarche has these instructeurs; `| usager_mail = true` and
    /// the like as in `bot.toml`.
    fn plateforme(&mut self, rest: &str, more: &[String]) -> Vec<String> {
        let instructeurs: Vec<&str> = rest.split(' ').collect();
        let site = Rc::new(Site::open(&instructeurs, self.start));
        let desk = self.desk();
        site.follow(desk, more);
        desk.site = Some(site);
        self.deliver()
    }

    /// `sur le site, paul@oise.example suit le dossier 4807`, which Greffier sees at once but for `, ce que Greffier n’a pas
    /// encore vu`.
    fn on_site(&mut self, rest: &str) -> Vec<String> {
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

    fn salon(&mut self, rest: &str) {
        let mut words = rest.split(' ');
        let (network, id) = (words.next().unwrap(), words.next().unwrap());
        let mut room = Room {
            externals: false,
            network: network.to_owned(),
            id: id.to_owned(),
            demarche: None,
            groupe: None,
            notify: None,
            threads: true,
            privacy: Some(Privacy::Full),
        };
        for option in words {
            let (name, value) = option.split_once('=').unwrap();
            match name {
                "démarche" => room.demarche = Some(DemarcheId(value.parse().unwrap())),
                "groupe" => room.groupe = Some(value.to_owned()),
                "montre" => room.privacy = Some(serde_json::from_value(value.into()).unwrap()),
                "fils" => room.threads = value == "oui",
                "prévient" => {
                    let topics = value
                        .split(',')
                        .map(|topic| serde_json::from_value::<Topic>(topic.into()).unwrap());
                    room.notify = Some(topics.collect());
                }
                _ => panic!("not an option of a room: {option}"),
            }
        }
        self.home.get_or_insert((network.to_owned(), id.to_owned()));
        self.setting.rooms.push(room);
    }

    /// The channel finds that a room is encrypted.
    fn chiffre(&mut self, rest: &str) {
        let (network, address) = rest.split_once(' ').unwrap();
        let found = RoomIn {
            room: Destination {
                network: network.to_owned(),
                address: address.to_owned(),
            },
            encrypted: true,
        };
        self.desk().hear(None, Heard::Room(found));
    }

    /// Links an account, as its owner would, without a word of it in the conversation.
    fn compte(&mut self, rest: &str) {
        let words: Vec<&str> = rest.split(' ').collect();
        let [account, network, email] = words[..] else {
            panic!("compte COMPTE RÉSEAU ADRESSE, not {rest}");
        };
        let typing = |text: &str| Typing {
            who: account.to_owned(),
            network: network.to_owned(),
            place: Place::Direct,
            about: None,
            files: Vec::new(),
            text: text.to_owned(),
        };
        self.types(typing(&format!("lier {email}")), &[]);
        let code = self.codes.last().unwrap().clone();
        self.types(typing(&format!("lier {code}")), &[]);
        let link = Account {
            network: network.to_owned(),
            id: account.to_owned(),
        };
        let key = format!("account\u{0}{}\u{0}{}", link.network, link.id);
        let linked = self
            .desk()
            .app
            .store
            .get(greffier::store::Collection::Link, &key);
        assert_eq!(
            linked.unwrap(),
            Some(email.into()),
            "{account} is not linked"
        );
    }

    fn types(&mut self, typing: Typing, more: &[String]) -> Vec<String> {
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

    fn file(&mut self, name: &str) -> Piece {
        let content = format!("%PDF-1.4 {name}");
        let hash = self.desk().app.shelf.keep(content.as_bytes()).unwrap();
        Piece {
            hash,
            name: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: content.len() as u64,
        }
    }

    /// `exports jour=3 ensemble=1 taille=2000`: what one person may order, and how large an export may be.
    fn exports(&mut self, rest: &str) {
        let desk = self.desk();
        for option in rest.split(' ') {
            let (name, value) = option.split_once('=').unwrap();
            match name {
                "jour" => desk.app.ration.per_day = value.parse().unwrap(),
                "ensemble" => desk.app.ration.under_way = value.parse().unwrap(),
                "taille" => desk.largest_export = value.parse().unwrap(),
                _ => panic!("not a limit of exports: {option}"),
            }
        }
    }

    /// `perdu plan.pdf`: the shelf has that file no more; `retrouvé plan.pdf` puts it back.
    fn lose(&mut self, name: &str) {
        let hash = self.file(name).hash;
        let place = self.desk().app.shelf.located(&hash).unwrap();
        std::fs::remove_file(place).unwrap();
    }

    /// `nouvelle clé`: what `greffier mail rotate-key` and a restart do.
    fn new_key(&mut self) {
        let app = &mut self.desk().app;
        let new = format!("another secret, number {}", app.replies.retired.len());
        let old = std::mem::replace(&mut app.secret, new.into_bytes());
        app.replies.retired.insert(0, old);
    }

    /// `dépôt 12 de jean@exemple.fr pour Jean Martin`, with the answers as TOML.
    fn depot(&mut self, rest: &str, more: &[String]) -> Vec<String> {
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
    fn courriel(&mut self, rest: &str, more: &[String]) -> Vec<String> {
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

    /// Lets time pass, a day at a time, as the clock would see it.
    fn attend(&mut self, amount: &str, unit: &str) -> Vec<String> {
        let amount: i64 = amount[1..].parse().unwrap();
        let span: Span = match unit.trim_end_matches('s') {
            "min" => amount.minutes(),
            "h" => amount.hours(),
            "jour" => amount.days(),
            "moi" => amount.months(),
            "an" => amount.years(),
            _ => panic!("not a span of time: {unit}"),
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let end = self
            .desk()
            .now
            .to_zoned_datetime(zone.clone())
            .checked_add(span)
            .unwrap();
        let end = end.timestamp();
        let mut said = Vec::new();
        let mut tick = self.desk().now + 24.hours();
        while self.desk().now < end {
            let due = self.desk().next_due().unwrap_or(end);
            let next = tick.min(end).min(due.max(self.desk().now));
            let desk = self.desk();
            desk.now = next;
            if next == tick || next == end {
                tick = next + 24.hours();
                self.desk().hear(None, Heard::Tick);
            }
            if next == end
                && let Some(site) = self.desk().site.clone()
            {
                site.look(self.desk());
            }
            let lines = self.deliver();
            if !lines.is_empty() {
                let then = self.desk().now.to_zoned_datetime(zone.clone());
                said.push(format!("[{}]", then.strftime("%d/%m/%Y %H:%M")));
                said.extend(lines);
            }
        }
        said
    }

    /// `absence 7 jours`: Greffier was down for so long; the clock ticks once it is there again.
    fn absence(&mut self, rest: &str) -> Vec<String> {
        let (amount, unit) = rest.split_once(' ').unwrap();
        assert!(unit.starts_with("jour"), "an absence is counted in days");
        let desk = self.desk();
        desk.now += (24 * amount.parse::<i64>().unwrap()).hours();
        desk.hear(None, Heard::Tick);
        self.deliver()
    }

    /// `avance 3`: slow work takes three steps; `avance`: it goes on by itself again.
    fn advance(&mut self, rest: &str) -> Vec<String> {
        if rest.is_empty() {
            self.desk().held_back = false;
        } else {
            let steps = rest.parse().unwrap();
            assert_eq!(self.desk().work(steps), steps, "there was less to do");
        }
        self.deliver()
    }

    fn voir(&mut self, rest: &str) -> Vec<String> {
        let (html, rest) = rest
            .strip_prefix("html ")
            .map_or((false, rest), |rest| (true, rest));
        let row: u64 = rest.strip_prefix("outbox-").unwrap().parse().unwrap();
        let outgoing = self.said.get(&row).expect("it was said");
        let text = self.hide(&saying::whole(outgoing, html));
        text.lines().map(str::to_owned).collect()
    }

    /// The receipt, and what is delivered at once.
    fn report(&mut self, receipt: &Receipt) -> Vec<String> {
        let mut lines = saying::receipt(receipt);
        lines.extend(self.deliver());
        lines
    }

    fn deliver(&mut self) -> Vec<String> {
        let refused = self.refused.clone();
        let said = self.desk().pump(&refused);
        let mut lines = Vec::new();
        for said in said {
            let outgoing = said.row.queued.outgoing.clone();
            saying::sound(&outgoing);
            self.learn(&outgoing);
            lines.push(self.hide(&saying::said(&said)));
            self.said.insert(said.row.id, outgoing);
            self.pictures.extend(said.pictures);
        }
        lines
    }

    /// Keeps the codes that are said, so that the script can name them.
    fn learn(&mut self, outgoing: &Outgoing) {
        let text = saying::whole(outgoing, false);
        let code = Regex::new(r"(?:confirmer|lier) `?([A-Z0-9]{4,12})\b").unwrap();
        for found in code.captures_iter(&text) {
            let code = found[1].to_owned();
            if !self.codes.contains(&code) {
                self.codes.push(code);
            }
        }
    }

    /// Codes by the order in which they came, so that a conversation can be changed without changing them.
    fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (index, code) in self.codes.iter().enumerate() {
            text = text.replace(code.as_str(), &format!("CODE-{}", index + 1));
        }
        text
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
