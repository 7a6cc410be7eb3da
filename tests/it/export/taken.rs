//! An export from the line that asks for it to the file in somebody's hands: split, behind a link, made again after a
//! crash, refused to those who lost the right.

use std::sync::Arc;

use std::collections::BTreeMap;
use std::io::Cursor;

use greffier::app::Ration;
use greffier::directory::Directory;
use greffier::domain::Demarches;
use greffier::mail::locked;
use greffier::message::{Account, Body, DepositIn, Heard, Limits, Line, Place, Post, Verdict};
use greffier::store::Store;
use jiff::SignedDuration;
use serde_json::json;

use crate::conversation::desk::{Desk, Setting};

const INES: &str = "ines.roux@ddt-nord.example";

/// A desk with that many dossiers, at which a file of at most `most` bytes can be sent.
fn desk(dossiers: u64, most: u64) -> Desk {
    let demarche = super::scene::demarche();
    let setting = Setting {
        demarches: Demarches::from([(demarche.number, demarche)]),
        ..Setting::default()
    };
    let mut desk = Desk::new(setting, "2024-06-03T08:00:00Z".parse().unwrap());
    let limits = Limits {
        text: 20_000,
        file: most,
        ..Limits::NONE
    };
    let networks = [("matrix".to_owned(), limits)];
    desk.app.directory = Arc::new(Directory::new(Vec::new(), networks.into(), Vec::new()));
    link(&desk);
    for number in 0..dossiers {
        let body = json!({
            "usager": format!("usager{number}@exemple.example"),
            "demandeur": { "nom": "Martin", "prenom": "Jean" },
            "champs": { "texte": format!("=1+{number}") },
        });
        let deposit = DepositIn {
            demarche: 12,
            body,
            files: Vec::new(),
            digest: None,
        };
        let receipt = desk.hear(None, Heard::Deposit(deposit));
        assert_eq!(receipt.verdict, Verdict::Done, "{receipt:?}");
    }
    desk.pump(&BTreeMap::new());
    desk
}

fn account() -> Account {
    Account {
        network: "matrix".to_owned(),
        id: "@ines:agent.example".to_owned(),
    }
}

/// Binds the account as `lier` does.
fn link(desk: &Desk) {
    let Account { network, id } = account();
    let change = greffier::store::Change {
        collection: greffier::store::Collection::Link,
        key: format!("account\u{0}{network}\u{0}{id}"),
        value: Some(json!(INES)),
    };
    let commit = greffier::store::Commit {
        journal: None,
        cause: "test:link".to_owned(),
        at: desk.now,
        dossiers: Vec::new(),
        changes: vec![change],
        outbox: Vec::new(),
        unsay: Vec::new(),
        unsay_waiting: Vec::new(),
        receipt: greffier::message::Receipt::of(Verdict::Done),
    };
    desk.app.store.commit(&commit).unwrap();
    desk.app.store.flush().unwrap();
}

/// Types a line in private and answers what was said.
fn typed(desk: &mut Desk, line: &str) -> Vec<Post> {
    let line: Line =
        serde_json::from_value(json!({ "from": account(), "place": Place::Direct, "text": line }))
            .unwrap();
    desk.hear(None, Heard::Line(line));
    let said = desk.pump(&BTreeMap::new());
    said.into_iter()
        .filter_map(|said| match said.row.queued.outgoing.body {
            Body::Post(post) => Some(post),
            Body::React(_) | Body::Mail(_) | Body::Make(_) | Body::Platform(_) => None,
        })
        .collect()
}

#[test]
fn what_is_too_large_is_cut_between_dossiers_where_there_is_no_link() {
    let mut whole = desk(9, 1_000_000);
    let posts = typed(&mut whole, "exporter csv");
    let [file] = posts.last().unwrap().files.as_slice() else {
        panic!("{posts:?}");
    };
    assert_eq!(file.name, "dossiers-12-2024-06-03-10h00.csv");
    let mut cut = desk(9, file.bytes / 2);
    let posts = typed(&mut cut, "exporter csv");
    let files = &posts.last().unwrap().files;
    assert!((2..=10).contains(&files.len()), "{files:?}");
    assert!(files.iter().all(|part| part.bytes <= file.bytes / 2));
    let end = format!("-1-sur-{}.csv", files.len());
    assert!(files[0].name.ends_with(&end), "{}", files[0].name);
    let mut none = desk(9, 10);
    let post = typed(&mut none, "exporter csv").pop().unwrap();
    assert!(
        post.files.is_empty() && post.text.contains("ce réseau porte"),
        "{}",
        post.text
    );
}

#[test]
fn what_is_too_large_waits_behind_a_link_that_opens_once() {
    let mut desk = desk(3, 10);
    desk.app.public_url = Some("https://greffier.example.org".to_owned());
    let post = typed(&mut desk, "exporter xlsx").pop().unwrap();
    assert!(post.files.is_empty());
    let (_, rest) = post
        .text
        .split_once("https://greffier.example.org/exports/")
        .unwrap();
    let word = &rest[..64];
    let export = locked(word);
    // What is kept does not tell the word, and whoever guesses finds nothing.
    assert!(!desk.app.waits_to_be_fetched(word, desk.now).unwrap());
    assert!(desk.app.waits_to_be_fetched(&export, desk.now).unwrap());
    let fetch = Heard::Fetch {
        export: export.clone(),
    };
    let receipt = desk.hear(Some("http:1".to_owned()), fetch.clone());
    let [piece] = receipt.files.as_slice() else {
        panic!("{receipt:?}");
    };
    let content = desk.app.shelf.read(&piece.hash).unwrap();
    assert!(zip::ZipArchive::new(Cursor::new(content)).is_ok());
    assert!(!desk.app.waits_to_be_fetched(&export, desk.now).unwrap());
    let again = desk.hear(Some("http:2".to_owned()), fetch);
    assert_eq!((again.verdict, again.files.len()), (Verdict::Refused, 0));
    // An hour later the file is gone.
    desk.now += SignedDuration::from_mins(61);
    desk.hear(None, Heard::Tick);
    assert!(desk.app.shelf.read(&piece.hash).is_err());
}

#[test]
fn a_link_that_nobody_follows_ends_after_a_day() {
    let mut desk = desk(3, 10);
    desk.app.public_url = Some("https://greffier.example.org".to_owned());
    let post = typed(&mut desk, "exporter xlsx").pop().unwrap();
    let (_, rest) = post.text.split_once("/exports/").unwrap();
    let export = locked(&rest[..64]);
    desk.now += SignedDuration::from_hours(23);
    desk.hear(None, Heard::Tick);
    assert!(desk.app.waits_to_be_fetched(&export, desk.now).unwrap());
    desk.now += SignedDuration::from_hours(1);
    let receipt = desk.hear(None, Heard::Fetch { export });
    assert_eq!(receipt.verdict, Verdict::Refused);
}

#[test]
fn a_link_ends_with_the_account_that_it_was_given_to() {
    let mut desk = desk(3, 10);
    desk.app.public_url = Some("https://greffier.example.org".to_owned());
    let post = typed(&mut desk, "exporter xlsx").pop().unwrap();
    let (_, rest) = post.text.split_once("/exports/").unwrap();
    let export = locked(&rest[..64]);
    typed(&mut desk, "delier");
    let receipt = desk.hear(None, Heard::Fetch { export });
    assert_eq!(
        (receipt.verdict, receipt.files.len()),
        (Verdict::Refused, 0)
    );
}

#[test]
fn an_archive_has_the_document_of_each_dossier() {
    let mut desk = desk(2, 10_000_000);
    let posts = typed(&mut desk, "exporter zip 1-2");
    let [file] = posts.last().unwrap().files.as_slice() else {
        panic!("{posts:?}");
    };
    assert!(file.bytes > 10_000, "two PDFs: {}", file.bytes);
}

#[test]
fn nobody_has_more_under_way_or_a_day_than_his_share() {
    let mut desk = desk(2, 10_000_000);
    desk.app.ration = Ration {
        per_day: 4,
        under_way: 2,
    };
    let order = |desk: &mut Desk, line: &str| {
        let line: Line = serde_json::from_value(
            json!({ "from": account(), "place": Place::Direct, "text": line }),
        )
        .unwrap();
        desk.hear(None, Heard::Line(line)).verdict
    };
    // Nothing is made meanwhile.
    assert_eq!(order(&mut desk, "exporter csv"), Verdict::Done);
    assert_eq!(order(&mut desk, "pdf 1"), Verdict::Done);
    assert_eq!(order(&mut desk, "exporter ods"), Verdict::Refused);
    let said = texts(&mut desk);
    assert!(said.contains("attendez que l’un d’eux arrive"), "{said}");
    // What has arrived makes room, and figures are not counted.
    assert_eq!(order(&mut desk, "exporter ods"), Verdict::Done);
    assert_eq!(order(&mut desk, "stats"), Verdict::Done);
    texts(&mut desk);
    assert_eq!(order(&mut desk, "pdf 2"), Verdict::Done);
    texts(&mut desk);
    assert_eq!(order(&mut desk, "pdf 1"), Verdict::Refused);
    let said = texts(&mut desk);
    assert!(
        said.contains("Vous avez demandé 4 exports et documents aujourd’hui"),
        "{said}"
    );
    desk.now += SignedDuration::from_hours(24);
    desk.hear(None, Heard::Tick);
    assert_eq!(order(&mut desk, "pdf 1"), Verdict::Done);
    texts(&mut desk);
}

/// What is said once everything is made.
fn texts(desk: &mut Desk) -> String {
    let said = desk.pump(&BTreeMap::new());
    let texts = said.into_iter().filter_map(|said| {
        let Body::Post(post) = said.row.queued.outgoing.body else {
            return None;
        };
        Some(post.text)
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_export_that_nobody_could_carry_is_not_made_and_leaves_nothing_behind() {
    for format in ["zip", "csv", "xlsx", "ods"] {
        let mut desk = desk(2, 10_000_000);
        desk.app.public_url = Some("https://greffier.example.org".to_owned());
        desk.largest_export = 100;
        let before = files(&desk);
        let post = typed(&mut desk, &format!("exporter {format} 1-2"))
            .pop()
            .unwrap();
        assert!(
            post.files.is_empty() && post.text.contains("Demandez moins de dossiers"),
            "{format}: {}",
            post.text
        );
        assert_eq!(files(&desk), before, "{format}");
    }
}

/// The files on the shelf, and those that are being made.
fn files(desk: &Desk) -> Vec<std::path::PathBuf> {
    let mut folders = vec![desk.app.shelf.scratch()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
