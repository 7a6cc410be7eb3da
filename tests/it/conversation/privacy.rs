//! Whatever is done, nobody reads what is not for him: a property over the whole middle.
//!
//! Everything personal carries a marker (`znom1z`: the name of dossier 1). Random people do random things in random
//! rooms; each message that leaves is then read for markers that its reader may not see (design §6), and no room is
//! told of a dossier of another group, but for the one notice that it has left.

use std::collections::BTreeMap;

use greffier::config::Room;
use greffier::domain::{AvisId, DemarcheId, Demarches, Dossier, DossierId, Email, Piece, Privacy};
use greffier::message::{Account, Body, DepositIn, Heard, Line, Outgoing, Place};
use greffier::store::{Row, Store as _};
use proptest::prelude::*;
use regex::Regex;
use serde_json::json;

use super::desk::{DOMAIN, Desk, Setting};
use super::letter::{Answered, Letter, Proof};

/// Of the group of Creil; `zinesz` is his mark.
const INES: &str = "zinesz@oise.example";
const PAUL: &str = "zpaulz@oise.example";
/// Instructs both groups and the other démarche.
const CHEF: &str = "zchefz@oise.example";
const EXPERTS: [&str; 2] = ["zexperta1z@culture.example", "zexpertb1z@culture.example"];

/// One random thing, read as it fits.
#[derive(Debug, Clone, Copy)]
struct Act {
    what: u8,
    who: u8,
    place: u8,
    dossier: u64,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (any::<u8>(), any::<u8>(), any::<u8>(), 1..=2u64).prop_map(
        |(what, who, place, dossier)| Act {
            what,
            who,
            place,
            dossier,
        },
    );
    prop::collection::vec(act, 10..30)
}

fn demarches() -> Demarches {
    let form = r#"
        [[champ]]
        id = "secteur"
        libelle = "Secteur"
        type = "drop_down_list"
        options = ["Creil", "Beauvais"]
        [[champ]]
        id = "projet"
        libelle = "Projet"
        type = "text"
        [[champ]]
        id = "plan"
        libelle = "Plan"
        type = "piece_justificative"
        [[annotation]]
        id = "note"
        libelle = "Note"
        type = "text"
    "#;
    let first = format!(
        r#"
        number = 21
        titre = "Manifestations"
        service = "Préfecture"
        motivation_dans_mail = false
        etiquettes = ["zetiquettez"]
        [experts]
        decision_access = true
        [routage]
        champ = "secteur"
        [[groupe]]
        label = "Creil"
        instructeurs = ["{INES}", "{CHEF}"]
        valeurs = ["Creil"]
        [[groupe]]
        label = "Beauvais"
        instructeurs = ["{PAUL}", "{CHEF}"]
        valeurs = ["Beauvais"]
        {form}"#
    );
    let second = format!(
        r#"
        number = 30
        titre = "Autre"
        service = "Préfecture"
        [[groupe]]
        label = "Unique"
        instructeurs = ["{CHEF}"]
        "#
    );
    [first, second]
        .iter()
        .map(|text| toml::from_str::<greffier::domain::Demarche>(text).unwrap())
        .map(|demarche| (demarche.number, demarche))
        .collect()
}

fn rooms() -> Vec<Room> {
    let room = |id: &str, demarche, groupe: Option<&str>, privacy| Room {
        externals: false,
        network: "matrix".to_owned(),
        id: id.to_owned(),
        demarche: Some(DemarcheId(demarche)),
        groupe: groupe.map(str::to_owned),
        notify: None,
        threads: true,
        privacy: Some(privacy),
    };
    vec![
        room("#creil-minimal", 21, Some("Creil"), Privacy::Minimal),
        room("#creil-standard", 21, Some("Creil"), Privacy::Standard),
        room("#creil-full", 21, Some("Creil"), Privacy::Full),
        room("#beauvais-minimal", 21, Some("Beauvais"), Privacy::Minimal),
        room("#beauvais-full", 21, Some("Beauvais"), Privacy::Full),
        room("#tous-standard", 21, None, Privacy::Standard),
        room("#autre-full", 30, None, Privacy::Full),
    ]
}

/// The desk, and what the world outside knows of it.
struct World {
    desk: Desk,
    /// The last mail to each address.
    mails: BTreeMap<String, Outgoing>,
    /// The dossiers before the act.
    before: BTreeMap<u64, Dossier>,
    deposited: u64,
    letters: u32,
}

impl World {
    fn new() -> Self {
        let setting = Setting {
            demarches: demarches(),
            rooms: rooms(),
            administrateurs: Vec::new(),
            quiet: None,
        };
        let mut world = Self {
            desk: Desk::new(setting, "2024-06-03T07:00:00Z".parse().unwrap()),
            mails: BTreeMap::new(),
            before: BTreeMap::new(),
            deposited: 0,
            letters: 0,
        };
        for (person, account) in [(INES, "@un"), (PAUL, "@deux"), (CHEF, "@trois")] {
            let said = world.say(account, Place::Direct, &format!("lier {person}"), &[]);
            let code = code_in(&said).expect("a code was sent");
            world.say(account, Place::Direct, &format!("lier {code}"), &[]);
        }
        world.deposit("Creil");
        world.deposit("Beauvais");
        world
    }

    fn file(&self, name: &str) -> Piece {
        let content = format!("%PDF-1.4 {name}");
        Piece {
            hash: self.desk.app.shelf.keep(content.as_bytes()).unwrap(),
            name: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: content.len() as u64,
        }
    }

    fn deposit(&mut self, secteur: &str) {
        self.deposited += 1;
        let d = self.deposited;
        let deposit = DepositIn {
            demarche: 21,
            body: json!({
                "usager": format!("zusager{d}z@exemple.fr"),
                "demandeur": { "prenom": "Jean", "nom": format!("znom{d}z") },
                "invites": [format!("zinvite{d}z@exemple.fr")],
                "champs": { "secteur": secteur, "projet": format!("zprojet{d}z") },
            }),
            files: vec![("plan".to_owned(), self.file(&format!("zplan{d}z.pdf")))],
            digest: None,
        };
        self.hear(Heard::Deposit(deposit));
    }

    fn say(&mut self, account: &str, place: Place, text: &str, files: &[&str]) -> Vec<Row> {
        let line = Line {
            from: Account {
                network: "matrix".to_owned(),
                id: account.to_owned(),
            },
            place,
            text: text.to_owned(),
            files: files.iter().map(|name| self.file(name)).collect(),
            about: None,
            remote_id: Some("ligne".to_owned()),
            doubt: None,
            addressed: true,
        };
        self.hear(Heard::Line(line))
    }

    fn hear(&mut self, heard: Heard) -> Vec<Row> {
        self.desk.hear(None, heard);
        self.deliver()
    }

    /// Delivers what is due, and checks every message of it.
    fn deliver(&mut self) -> Vec<Row> {
        let said = self.desk.pump(&BTreeMap::new());
        let now = self.dossiers();
        let rows: Vec<Row> = said.into_iter().map(|said| said.row).collect();
        for row in &rows {
            check(&self.desk, row, &[&self.before, &now]);
            let outgoing = &row.queued.outgoing;
            if outgoing.to.network == "mail" {
                self.mails
                    .insert(outgoing.to.address.clone(), outgoing.clone());
            }
        }
        self.before = now;
        rows
    }

    fn dossiers(&self) -> BTreeMap<u64, Dossier> {
        let loaded = (1..=self.deposited).filter_map(|number| {
            Some((
                number,
                self.desk.app.store.load(DossierId(number)).unwrap()?.0,
            ))
        });
        loaded.collect()
    }

    fn wait(&mut self, minutes: i64) {
        self.desk.now += jiff::SignedDuration::from_mins(minutes);
        self.hear(Heard::Tick);
    }

    /// A mail from `from`, in answer to the last one that `to` received.
    fn write(&mut self, from: &str, to: &str, text: &str, file: &str) {
        let Some(Outgoing {
            body: Body::Mail(mail),
            ..
        }) = self.mails.get(to)
        else {
            return;
        };
        let local = mail.reply_to.clone().unwrap_or("perdu".to_owned());
        let answers = Some(Answered {
            subject: mail.subject.clone(),
            message_id: format!("outbox-1.essai@{DOMAIN}"),
            thread: mail.thread.as_ref().map(|name| format!("{name}@{DOMAIN}")),
        });
        self.letters += 1;
        let lines = [text.to_owned(), format!("joint {file} : %PDF-1.4")];
        let address = format!("{local}@{DOMAIN}");
        let letter = Letter {
            from,
            to: &address,
            proof: Proof::Signed,
            answers,
            lines: &lines,
            id: self.letters,
            at: self.desk.now,
        };
        let mail = letter.taken(&*self.desk.app.shelf);
        self.hear(Heard::Mail(mail));
    }

    fn act(&mut self, act: Act) {
        let d = act.dossier;
        let expert = EXPERTS[usize::from(act.who) % 2].replace("1z", &format!("{d}z"));
        let x = if act.who.is_multiple_of(2) { "a" } else { "b" };
        let usager = format!("zusager{d}z@exemple.fr");
        match act.what % 44 {
            0 => return self.wait(6),
            1 => return self.wait(60 * 24),
            2 | 3 => {
                return self.write(
                    &usager,
                    &usager,
                    &format!("zmessage{d}z"),
                    &format!("zjoint{d}z.pdf"),
                );
            }
            4..=6 => {
                return self.write(
                    &expert,
                    &expert,
                    &format!("Oui. zrendu{x}{d}z"),
                    &format!("zrendu{x}{d}z.pdf"),
                );
            }
            7 => {
                let stranger = format!("zinconnu{d}z@ailleurs.example");
                return self.write(
                    &stranger,
                    &usager,
                    &format!("zfaux{d}z"),
                    &format!("zfaux{d}z.pdf"),
                );
            }
            _ => {}
        }
        let accounts = ["@un", "@deux", "@trois", "@trois", "@personne"];
        let account = accounts[usize::from(act.who) % accounts.len()];
        let rooms = rooms();
        let place = match usize::from(act.place) % (rooms.len() + 2) {
            n if n < rooms.len() => Place::Room(rooms[n].id.clone()),
            n if n == rooms.len() => Place::Room("#ailleurs".to_owned()),
            _ => Place::Direct,
        };
        let files: &[&str] = match act.what % 44 {
            12 => &["zjustificatif0z.pdf"],
            _ => &[],
        };
        let files: Vec<String> = files
            .iter()
            .map(|name| name.replace('0', &d.to_string()))
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let text = match act.what % 44 {
            8 => format!("suivre {d}"),
            9 | 10 => format!("instruire {d}"),
            11 => format!("message {d} zmessage{d}z"),
            12 => format!("refuser {d} zmotivation{d}z"),
            13 => format!("accepter {d} zmotivation{d}z"),
            14 => format!("reinstruire {d}"),
            15 | 16 => format!("avis demander {d} {expert} zdemande{x}{d}z"),
            17 => format!(
                "avis demander {d} {expert} confidentiel=oui question=zdemande{x}{d}z zdemande{x}{d}z"
            ),
            18 => format!("avis relancer {d}"),
            19 => format!("avis revoquer {d} 1"),
            20 => format!("annoter {d} note = zannotation{d}z"),
            21 => format!("etiqueter {d} zetiquettez"),
            22 => format!(
                "reaffecter {d} {}",
                if act.who > 127 { "Creil" } else { "Beauvais" }
            ),
            23 => format!("envoyer {d} {CHEF}"),
            24 => format!("corriger {d} zmessage{d}z"),
            25 => format!("annuler {d}"),
            26 => format!("dossier {d}"),
            27 => format!("messages {d}"),
            28 => format!("avis liste {d}"),
            29 => format!("personnes {d}"),
            30 => format!("historique {d}"),
            31 => format!("pieces {d}"),
            32 => format!("courriel {d}"),
            33 => "dossiers total colonnes=\"projet, note, demandeur\"".to_owned(),
            34 => "quarantaine".to_owned(),
            35 => "quarantaine voir 1".to_owned(),
            36 => "quarantaine accepter 1".to_owned(),
            37 => "notifications oui demarche=21".to_owned(),
            38 => format!("supprimer {d}"),
            39 => format!("piece {d} {}", 1 + act.place % 3),
            40 => format!("piece {d} toutes"),
            41 => "comptes".to_owned(),
            42 => "salon".to_owned(),
            _ => format!("dossiers suivis demarche={}", if d == 1 { 21 } else { 30 }),
        };
        let said = self.say(account, place.clone(), &text, &files);
        if let Some(code) = code_in(&said) {
            self.say(account, place, &format!("confirmer {code}"), &[]);
        }
    }
}

fn code_in(rows: &[Row]) -> Option<String> {
    let code = Regex::new(r"(?:confirmer|lier) `?([A-Z0-9]{4,12})\b").unwrap();
    rows.iter().find_map(|row| {
        let text = match &row.queued.outgoing.body {
            Body::Post(post) => &post.text,
            Body::Mail(mail) => &mail.text,
            Body::React(_) | Body::Make(_) | Body::Platform(_) => return None,
        };
        Some(code.captures(text)?[1].to_owned())
    })
}

/// Who reads a message.
#[derive(Debug)]
enum Reader<'a> {
    Room(&'a Room),
    Instructeur(&'a str),
    Usager(u64),
    Expert(&'a str),
    Stranger,
    Nobody,
}

/// Reads `row` as the one who gets it, in the states before and after the act.
fn check(desk: &Desk, row: &Row, states: &[&BTreeMap<u64, Dossier>]) {
    let Outgoing { to, body } = &row.queued.outgoing;
    let mut read = body.clone();
    if let Body::Mail(mail) = &mut read {
        // Chance letters, which may look like a marker.
        mail.reply_to = None;
    }
    let text = serde_json::to_string(&read).unwrap().to_lowercase();
    let direct = matches!(body, Body::Post(post) if post.direct);
    let rooms = rooms();
    let reader = match (to.network.as_str(), to.address.as_str()) {
        ("mail", address) if [INES, PAUL, CHEF].contains(&address) => Reader::Instructeur(address),
        ("mail", address) if address.starts_with("zusager") => {
            Reader::Usager(address["zusager".len()..][..1].parse().unwrap())
        }
        ("mail", address) if address.starts_with("zexpert") => Reader::Expert(address),
        ("mail", _) => Reader::Stranger,
        (_, "@un") if direct => Reader::Instructeur(INES),
        (_, "@deux") if direct => Reader::Instructeur(PAUL),
        (_, "@trois") if direct => Reader::Instructeur(CHEF),
        (_, address) => rooms
            .iter()
            .find(|room| room.id == address && !direct)
            .map_or(Reader::Nobody, Reader::Room),
    };
    if let (Reader::Room(room), Some(number)) = (&reader, row.queued.dossier) {
        told_of_its_own(room, number, &text, states);
    }
    let markers = Regex::new(r"z([a-z]+?)([ab]?)([0-9]?)z").unwrap();
    for found in markers.captures_iter(&text) {
        let marker = Marker {
            what: &found[1],
            expert: &found[2],
            dossier: found[3].parse().ok(),
        };
        let allowed = states
            .iter()
            .any(|state| may_read(desk, &reader, &marker, state));
        assert!(allowed, "{reader:?} read {} in\n{text}", &found[0]);
    }
}

/// No room hears of a dossier of another group, but that it has left.
fn told_of_its_own(room: &Room, number: DossierId, text: &str, states: &[&BTreeMap<u64, Dossier>]) {
    let is_for = |state: &BTreeMap<u64, Dossier>| {
        let dossier = state.get(&number.0);
        dossier.is_some_and(|dossier| room.is_for(dossier.demarche, &dossier.groupe))
    };
    let now = states.last().is_some_and(|state| is_for(state));
    let before = states.first().is_some_and(|state| is_for(state));
    let left = before && text.contains("réaffecté");
    assert!(
        now || left,
        "{} was told of dossier {number} of another group:\n{text}",
        room.id
    );
}

#[derive(Debug)]
struct Marker<'a> {
    what: &'a str,
    /// `a` or `b`, where it belongs to an avis.
    expert: &'a str,
    dossier: Option<u64>,
}

fn may_read(
    desk: &Desk,
    reader: &Reader<'_>,
    marker: &Marker<'_>,
    state: &BTreeMap<u64, Dossier>,
) -> bool {
    let dossier = marker.dossier.and_then(|number| state.get(&number));
    match reader {
        Reader::Nobody => false,
        // What he wrote himself may be quoted to him.
        Reader::Stranger => marker.what == "inconnu",
        Reader::Room(room) => {
            let here = dossier.is_none_or(|dossier| room.is_for(dossier.demarche, &dossier.groupe));
            here && room.privacy >= Some(privacy_of(marker))
        }
        Reader::Instructeur(person) => dossier.is_none_or(|dossier| {
            let demarche = &desk.app.demarches[&dossier.demarche];
            let groupe = demarche.groupe(&dossier.groupe).unwrap();
            groupe.instructeurs.contains(&Email::new(person))
        }),
        Reader::Usager(number) => {
            let own = [
                "nom", "usager", "invite", "projet", "plan", "message", "joint",
            ];
            let decided = ["justificatif"];
            // Let in from quarantine, it is a message of his dossier.
            let admitted = ["faux", "inconnu"];
            marker.dossier == Some(*number)
                && [&own[..], &decided, &admitted]
                    .concat()
                    .contains(&marker.what)
        }
        Reader::Expert(address) => expert_may_read(address, marker, dossier),
    }
}

/// How much a room must be allowed to show.
fn privacy_of(marker: &Marker<'_>) -> Privacy {
    match marker.what {
        "nom" | "ines" | "paul" | "chef" | "etiquette" => Privacy::Standard,
        _ => Privacy::Full,
    }
}

/// The demande, his own avis, what others answered openly, and who asked him.
fn expert_may_read(address: &str, marker: &Marker<'_>, dossier: Option<&Dossier>) -> bool {
    if ["ines", "paul", "chef"].contains(&marker.what) {
        return true;
    }
    let Some(dossier) = dossier else {
        return false;
    };
    let asked = |avis: &AvisId| dossier.avis[avis].expert.as_str() == address;
    if !dossier.avis.keys().any(asked) {
        return false;
    }
    match marker.what {
        "nom" | "projet" | "plan" => true,
        "expert" | "demande" | "rendu" => {
            let whose = format!(
                "zexpert{}{}z@culture.example",
                marker.expert, dossier.number
            );
            whose == address
                || dossier.avis.values().any(|avis| {
                    avis.expert.as_str() == whose
                        && !avis.confidentiel
                        && !avis.answers.is_empty()
                        && avis.revoked.is_none()
                })
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nobody_reads_what_is_not_for_him(acts in acts()) {
        let mut world = World::new();
        for act in acts {
            world.act(act);
        }
        world.wait(6);
        world.desk.leave();
    }
}
