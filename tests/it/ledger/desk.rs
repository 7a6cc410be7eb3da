//! A small office for the store's tests: a démarche, people, and commits to make.

use std::path::Path;

use greffier::domain::{
    self, Command, Demandeur, Demarche, DemarcheId, Deposit, Dossier, DossierId, Email, Person,
    Piece, Recorded, Request, Valeur, View, evolve, replay,
};
use greffier::message::{Body, Destination, Outgoing, Post, Receipt, Verdict};
use greffier::store::sled::{OpenOptions, Sled};
use greffier::store::{Commit, DossierChange, Due, Queued, Store, Version};
use jiff::Timestamp;
use tempfile::TempDir;

/// A démarche with two groups.
pub(super) fn demarche() -> Demarche {
    toml::from_str(
        r#"
        number = 7
        titre = "Autorisation"
        service = "DDT"
        conservation_mois = 12
        [[groupe]]
        label = "nord"
        instructeurs = ["ines@ddt.example", "paul@ddt.example"]
        [[groupe]]
        label = "sud"
        instructeurs = ["ines@ddt.example"]
        [[champ]]
        id = "objet"
        libelle = "Objet"
        type = "text"
        [[champ]]
        id = "plan"
        libelle = "Plan"
        type = "piece_justificative"
        "#,
    )
    .unwrap()
}

/// The rules of the only démarche.
pub(super) fn rules(id: DemarcheId) -> Option<Demarche> {
    Some(demarche()).filter(|demarche| demarche.number == id)
}

pub(super) fn ines() -> Person {
    Person::Instructeur(Email::new("ines@ddt.example"))
}

pub(super) fn usager() -> Person {
    Person::Usager(Email::new("claude@usager.example"))
}

/// Seconds after some morning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// A store in a folder of its own.
pub(super) fn sled() -> (TempDir, Sled) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    (folder, store)
}

pub(super) fn open(folder: &Path) -> Sled {
    Sled::open(&folder.join("store"), &OpenOptions::default()).unwrap()
}

/// Runs `test` on each store that there is.
pub(super) fn each_store(test: impl Fn(&dyn Store)) {
    let (_folder, store) = sled();
    test(&store);
    let report = store.verify(&rules).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
}

/// A commit of nothing.
pub(super) fn nothing(cause: &str, seconds: i64) -> Commit {
    Commit {
        journal: None,
        cause: cause.to_owned(),
        at: at(seconds),
        dossiers: Vec::new(),
        changes: Vec::new(),
        outbox: Vec::new(),
        unsay: Vec::new(),
        unsay_waiting: Vec::new(),
        receipt: Receipt::of(Verdict::Done),
    }
}

/// What a deposit makes.
pub(super) fn deposit(
    number: DossierId,
    seconds: i64,
    text: &str,
    pieces: Vec<Piece>,
) -> DossierChange {
    let deposit = Deposit {
        groupe: None,
        usager: Email::new("claude@usager.example"),
        demandeur: Demandeur {
            nom: text.to_owned(),
            ..Demandeur::default()
        },
        champs: [
            ("objet".to_owned(), Valeur::Text(text.to_owned())),
            ("plan".to_owned(), Valeur::Pieces(pieces)),
        ]
        .into(),
        invites: [].into(),
    };
    let events = domain::deposit(&demarche(), number, deposit, at(seconds)).unwrap();
    let dossier = replay(&events).unwrap();
    let view = View::of(&dossier, &demarche());
    DossierChange {
        expected: Version(0),
        events,
        dossier,
        view,
    }
}

/// What an order makes of a dossier; none where it is refused or already so.
pub(super) fn order(
    (dossier, expected): (Dossier, Version),
    by: &Person,
    seconds: i64,
    command: Command,
) -> Option<DossierChange> {
    let request = Request {
        by: by.clone(),
        at: at(seconds),
        command,
    };
    let events = domain::decide(&dossier, &demarche(), &request).ok()?;
    if events.is_empty() {
        return None;
    }
    let recorded = |event| Recorded {
        at: at(seconds),
        by: by.clone(),
        event,
    };
    let events: Vec<Recorded> = events.into_iter().map(recorded).collect();
    let dossier = events.iter().fold(Some(dossier), evolve).unwrap();
    let view = View::of(&dossier, &demarche());
    Some(DossierChange {
        expected,
        events,
        dossier,
        view,
    })
}

/// A post to the room.
pub(super) fn post(text: &str) -> Queued {
    Queued {
        outgoing: Outgoing {
            to: room(),
            body: Body::Post(Post {
                text: text.to_owned(),
                ..Post::default()
            }),
        },
        not_before: None,
        dossier: None,
        tag: None,
    }
}

pub(super) fn room() -> Destination {
    Destination {
        network: "console".to_owned(),
        address: "#salle".to_owned(),
    }
}

/// A row for the room that was not tried yet.
pub(super) fn due(id: u64, second: i64) -> Due {
    Due {
        id,
        to: room(),
        at: at(second),
        tried: false,
    }
}

/// Keeps a file and says how it is called.
pub(super) fn keep(store: &Sled, content: &[u8]) -> Piece {
    use greffier::shelf::Shelf;
    Piece {
        hash: store.pieces().keep(content).unwrap(),
        name: "plan.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: content.len() as u64,
    }
}

/// The database of a store that was closed. sled's writing threads may hold on to its file a moment longer.
pub(super) fn database(folder: &Path) -> ::sled::Db {
    loop {
        match ::sled::open(folder.join("store/ledger")) {
            Ok(db) => return db,
            Err(::sled::Error::Io(_)) => std::thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Everything in the database, raw: tree, key, value.
pub(super) fn raw(folder: &Path) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let db = database(folder);
    let mut names = db.tree_names();
    names.sort();
    let mut raw = Vec::new();
    for name in names {
        let text = String::from_utf8_lossy(&name).into_owned();
        for pair in &db.open_tree(&name).unwrap() {
            let (key, value) = pair.unwrap();
            raw.push((text.clone(), key.to_vec(), value.to_vec()));
        }
    }
    raw
}
