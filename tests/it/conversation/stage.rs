//! What each step of a script does.

mod heard;
mod setting;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use greffier::domain::{Email, Piece, Quiet};
use greffier::message::{Body, Outgoing, Receipt};
use jiff::Timestamp;
use regex::Regex;

use super::desk::{Desk, Setting};
use super::person::Typing;
use super::saying;

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
