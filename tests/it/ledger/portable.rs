//! Export and import.

use greffier::domain::{Command, DossierId};
use greffier::message::{Body, Outcome, Receipt, Verdict};
use greffier::store::portable::{Error, export, import};
use greffier::store::sled::Sled;
use greffier::store::{Change, Collection, Commit, Queued, Store};
use serde_json::json;

use super::desk::{at, deposit, ines, keep, nothing, open, order, post, raw, room, rules, sled};

/// A store with something of everything.
fn filled() -> (tempfile::TempDir, Sled) {
    let (folder, store) = sled();
    let large = keep(&store, &vec![7; 2_000_000]);
    let empty = keep(&store, b"");
    let mut card = post("carte");
    card.dossier = Some(DossierId(1));
    if let Body::Post(post) = &mut card.outgoing.body {
        post.card = Some("dossier-1".to_owned());
    }
    let tagged = Queued {
        tag: Some("t".to_owned()),
        dossier: Some(DossierId(1)),
        ..post("deux")
    };
    let first = Commit {
        dossiers: vec![deposit(DossierId(1), 0, "objet", vec![large, empty])],
        outbox: vec![card, tagged, post("trois")],
        changes: vec![Change {
            collection: Collection::Quarantine,
            key: "q".to_owned(),
            value: Some(json!({"dossier": 1})),
        }],
        receipt: Receipt {
            dossier: Some(1),
            answers: vec!["Déposé.".to_owned()],
            ..Receipt::of(Verdict::Done)
        },
        ..nothing("a", 0)
    };
    store.commit(&first).unwrap();
    let follow = order(
        store.load(DossierId(1)).unwrap().unwrap(),
        &ines(),
        1,
        Command::Follow,
    )
    .unwrap();
    store
        .commit(&Commit {
            dossiers: vec![follow],
            ..nothing("b", 1)
        })
        .unwrap();
    store.flush().unwrap();
    let delivered = Outcome::Delivered {
        remote_id: "$un".to_owned(),
    };
    store.settle(1, &delivered, at(2), at(2)).unwrap();
    store
        .settle(
            3,
            &Outcome::Dead {
                why: "5.1.1".to_owned(),
            },
            at(2),
            at(2),
        )
        .unwrap();
    (folder, store)
}

fn exported(store: &Sled) -> Vec<u8> {
    let mut lines = Vec::new();
    export(store, &mut lines).unwrap();
    lines
}

#[test]
fn what_is_exported_imported_and_exported_is_the_same() {
    let (folder, store) = filled();
    let lines = exported(&store);
    let other = tempfile::tempdir().unwrap();
    let summary = import(&mut lines.as_slice(), &other.path().join("store"), &rules).unwrap();
    assert_eq!(
        (summary.dossiers, summary.events, summary.pieces),
        (1, 2, 2)
    );
    let copy = open(other.path());
    assert!(exported(&copy) == lines, "the second export differs");
    assert_eq!(copy.verify(&rules).unwrap().faults, Vec::<String>::new());
    assert_eq!(
        copy.remote(&room(), "dossier-1").unwrap(),
        Some("$un".to_owned())
    );
    drop((store, copy));
    let ours = |path: &std::path::Path| {
        let mut raw = raw(path);
        raw.retain(|(_, key, _)| key.as_slice() != b"restored");
        // The order of the fields within an event is not kept.
        let sorted = |value: Vec<u8>| match serde_json::from_slice::<serde_json::Value>(&value) {
            Ok(json) => json.to_string().into_bytes(),
            Err(_) => value,
        };
        let sorted = raw
            .into_iter()
            .map(|(tree, key, value)| (tree, key, sorted(value)));
        sorted.collect::<Vec<_>>()
    };
    let (copied, original) = (ours(other.path()), ours(folder.path()));
    assert_eq!(copied.len(), original.len());
    for (copied, original) in copied.into_iter().zip(original) {
        assert_eq!(copied, original);
    }
    assert_eq!(
        std::fs::read_dir(other.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn a_restored_store_gives_new_rows_keys_of_its_own() {
    let (_folder, store) = filled();
    let lines = exported(&store);
    let other = tempfile::tempdir().unwrap();
    import(&mut lines.as_slice(), &other.path().join("store"), &rules).unwrap();
    let copy = open(other.path());
    for store in [&store, &copy] {
        store
            .commit(&Commit {
                outbox: vec![post("quatre")],
                ..nothing("z", 9)
            })
            .unwrap();
    }
    assert_eq!(
        copy.key(2),
        store.key(2),
        "what was perhaps delivered before"
    );
    assert_ne!(copy.key(4), store.key(4), "another message of the same id");
    let key = copy.key(4);
    drop(copy);
    assert_eq!(open(other.path()).key(4), key);
}

#[test]
fn an_export_that_is_not_whole_is_refused_and_leaves_nothing() {
    let (_folder, store) = filled();
    let lines = exported(&store);
    let text = String::from_utf8(lines.clone()).unwrap();
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let without_one = [&all[..1], &all[2..]].concat().concat();
    let cut = text[..text.len() - 20].to_owned();
    let changed = text.replace("trois", "quatre");
    let without_end = all[..all.len() - 1].concat();
    let followed = format!("{text}{{}}\n");
    for torn in [
        without_one,
        cut,
        changed,
        without_end,
        followed,
        String::new(),
        "{}\n".to_owned(),
    ] {
        let other = tempfile::tempdir().unwrap();
        let path = other.path().join("store");
        assert!(import(&mut torn.as_bytes(), &path, &rules).is_err());
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 0);
    }
}

#[test]
fn an_export_is_imported_into_an_empty_store_only() {
    let (_folder, store) = filled();
    let lines = exported(&store);
    let refused = import(&mut lines.as_slice(), store.path(), &rules);
    assert!(matches!(refused, Err(Error::NotEmpty { .. })));
}
