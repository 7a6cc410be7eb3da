//! What a purge leaves, and what becomes of files.

use greffier::domain::{Command, DossierId, Person, Piece};
use greffier::message::{Body, Outcome, Receipt, Verdict};
use greffier::shelf::Shelf;
use greffier::store::portable::{export, import};
use greffier::store::sled::Sled;
use greffier::store::{Change, Collection, Commit, Committed, Queued, Store};
use serde_json::json;

use super::desk::{at, deposit, ines, keep, nothing, open, order, post, raw, rules, sled};

const MARK: &str = "marqueur-personnel";
const DAY: i64 = 86_400;

/// Orders something of dossier 1, with what else the commit has.
fn act(store: &dyn Store, by: &Person, seconds: i64, command: Command, rest: Commit) {
    let change = order(
        store.load(DossierId(1)).unwrap().unwrap(),
        by,
        seconds,
        command,
    )
    .unwrap();
    let commit = Commit {
        dossiers: vec![change],
        ..rest
    };
    assert_eq!(store.commit(&commit).unwrap(), Committed::Applied);
}

fn about(text: &str) -> Queued {
    Queued {
        dossier: Some(DossierId(1)),
        tag: Some("note".to_owned()),
        ..post(text)
    }
}

fn card(text: &str) -> Queued {
    let mut queued = about(text);
    if let Body::Post(post) = &mut queued.outgoing.body {
        post.card = Some("dossier-1".to_owned());
    }
    queued
}

/// Dossier 1 with something personal everywhere: its deposit, a file of its own and one that dossier 2 also has.
fn personal(store: &Sled) -> (Commit, Piece, Piece) {
    let plan = keep(store, MARK.as_bytes());
    let shared = keep(store, b"partage");
    let first = Commit {
        dossiers: vec![deposit(
            DossierId(1),
            0,
            MARK,
            vec![plan.clone(), shared.clone()],
        )],
        outbox: vec![about(MARK), card(MARK), about(MARK)],
        changes: vec![Change {
            collection: Collection::Quarantine,
            key: format!("q-{MARK}"),
            value: Some(json!({"dossier": 1, "text": MARK, "original": keep(store, b"courriel")})),
        }],
        receipt: Receipt {
            dossier: Some(1),
            answers: vec![MARK.to_owned()],
            ..Receipt::of(Verdict::Done)
        },
        ..nothing("depot", 0)
    };
    assert_eq!(store.commit(&first).unwrap(), Committed::Applied);
    let other = Commit {
        dossiers: vec![deposit(DossierId(2), 0, "autre", vec![shared.clone()])],
        ..nothing("autre", 0)
    };
    store.commit(&other).unwrap();
    store.flush().unwrap();
    // A card's name and the network's id of it are numbers: they outlive the dossier, so that its card can be emptied.
    let delivered = Outcome::Delivered {
        remote_id: "$carte".to_owned(),
    };
    store.settle(2, &delivered, at(1), at(1)).unwrap();
    store
        .settle(
            3,
            &Outcome::Dead {
                why: MARK.to_owned(),
            },
            at(1),
            at(1),
        )
        .unwrap();
    let (undelivered, incoming) = store.journaled().unwrap().remove(0);
    let handled = Commit {
        journal: Some(undelivered),
        ..nothing(&incoming.id, 1)
    };
    store.commit(&handled).unwrap();
    (first, plan, shared)
}

#[test]
fn a_purge_leaves_nothing_personal() {
    let (folder, store) = sled();
    let (first, plan, shared) = personal(&store);
    act(
        &store,
        &ines(),
        2,
        Command::PassToInstruction,
        nothing("b", 2),
    );
    let refuse = Command::Refuse {
        motivation: Some(MARK.to_owned()),
        justificatif: None,
    };
    act(&store, &ines(), 3, refuse, nothing("c", 3));
    act(&store, &ines(), 4, Command::Delete, nothing("d", 4));
    let told = Commit {
        outbox: vec![about("Le dossier 1 est purgé.")],
        ..nothing("e", 5)
    };
    act(&store, &Person::Greffier, 20 * DAY, Command::Tick, told);

    assert_eq!(store.events(DossierId(1)).unwrap().len(), 1);
    assert!(
        store
            .load(DossierId(1))
            .unwrap()
            .unwrap()
            .0
            .purged
            .is_some()
    );
    assert!(
        store.pieces().read(&plan.hash).is_ok(),
        "files go once the purge is on disk"
    );
    store.flush().unwrap();
    assert!(store.pieces().read(&plan.hash).is_err());
    assert_eq!(store.pieces().read(&shared.hash).unwrap(), b"partage");
    assert_eq!(
        store.depths().unwrap().outbox,
        1,
        "what the purge itself says stays"
    );
    assert_eq!(store.depths().unwrap().dead, 0);
    assert!(matches!(
        store.commit(&first).unwrap(),
        Committed::AlreadyDone(_)
    ));
    let report = store.verify(&rules).unwrap();
    assert_eq!((report.faults, report.pieces), (Vec::<String>::new(), 1));
    drop(store);

    let raw = raw(folder.path());
    assert!(raw.iter().any(|(tree, ..)| tree == "events"));
    for (tree, key, value) in raw {
        for bytes in [key, value] {
            let found = bytes
                .windows(MARK.len())
                .any(|part| part == MARK.as_bytes());
            assert!(!found, "{tree}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}

/// The files under `folder` that hold the mark.
fn marked(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(marked(&path));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(MARK.len())
            .any(|part| part == MARK.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn after_a_purge_no_file_but_the_databases_own_log_holds_anything_personal_and_a_new_store_none_at_all()
 {
    let (folder, store) = sled();
    personal(&store);
    act(
        &store,
        &ines(),
        2,
        Command::PassToInstruction,
        nothing("b", 2),
    );
    let refuse = Command::Refuse {
        motivation: Some(MARK.to_owned()),
        justificatif: None,
    };
    act(&store, &ines(), 3, refuse, nothing("c", 3));
    act(&store, &ines(), 4, Command::Delete, nothing("d", 4));
    act(
        &store,
        &Person::Greffier,
        20 * DAY,
        Command::Tick,
        nothing("e", 5),
    );
    store.flush().unwrap();
    assert_eq!(
        marked(&folder.path().join("store/pieces")),
        Vec::<String>::new()
    );
    let mut backup = Vec::new();
    export(&store, &mut backup).unwrap();
    let text = String::from_utf8_lossy(&backup);
    assert!(!text.contains(MARK), "the backup holds it");
    assert!(text.contains("\"purged\""), "and what stays");
    drop(store);
    // sled writes its log anew bit by bit, whenever it uses a place again: that alone cannot be promised.
    for file in marked(folder.path()) {
        assert!(file.contains("/ledger/"), "{file}");
    }
    let fresh = tempfile::tempdir().unwrap();
    import(&mut backup.as_slice(), &fresh.path().join("store"), &rules).unwrap();
    assert_eq!(marked(fresh.path()), Vec::<String>::new());
}

#[test]
fn what_is_delivered_after_a_purge_is_not_remembered() {
    let (_folder, store) = sled();
    let first = Commit {
        dossiers: vec![deposit(DossierId(1), 0, "objet", Vec::new())],
        ..nothing("a", 0)
    };
    store.commit(&first).unwrap();
    act(
        &store,
        &ines(),
        2,
        Command::PassToInstruction,
        nothing("b", 2),
    );
    let refuse = Command::Refuse {
        motivation: Some("non".to_owned()),
        justificatif: None,
    };
    act(&store, &ines(), 3, refuse, nothing("c", 3));
    act(&store, &ines(), 4, Command::Delete, nothing("d", 4));
    let told = Commit {
        outbox: vec![card("purgé")],
        ..nothing("e", 5)
    };
    act(&store, &Person::Greffier, 20 * DAY, Command::Tick, told);
    store.flush().unwrap();
    let delivered = Outcome::Delivered {
        remote_id: "$un".to_owned(),
    };
    store.settle(1, &delivered, at(1), at(1)).unwrap();
    assert_eq!(store.card("console", "$un").unwrap(), None);
}

#[test]
fn a_file_stays_as_long_as_something_names_it() {
    let (_folder, store) = sled();
    let original = keep(&store, b"courriel");
    let document = |value| Change {
        collection: Collection::Quarantine,
        key: "q".to_owned(),
        value,
    };
    let value = Some(json!({"original": original}));
    store
        .commit(&Commit {
            changes: vec![document(value)],
            ..nothing("a", 0)
        })
        .unwrap();
    store.flush().unwrap();
    assert_eq!(store.sweep().unwrap(), 0);
    // Taken over by a dossier in the commit that removes the document.
    let moved = Commit {
        dossiers: vec![deposit(DossierId(1), 0, "objet", vec![original.clone()])],
        changes: vec![document(None)],
        ..nothing("b", 1)
    };
    store.commit(&moved).unwrap();
    store.flush().unwrap();
    assert_eq!(store.pieces().read(&original.hash).unwrap(), b"courriel");
    assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_file_just_kept_is_not_taken_away_by_what_lets_go_of_its_twin() {
    let (_folder, store) = sled();
    let original = keep(&store, b"courriel");
    let document = |value| Change {
        collection: Collection::Quarantine,
        key: "q".to_owned(),
        value,
    };
    let value = Some(json!({"original": original}));
    store
        .commit(&Commit {
            changes: vec![document(value)],
            ..nothing("a", 0)
        })
        .unwrap();
    store.flush().unwrap();
    // A channel keeps the same content and has not handed it in yet.
    keep(&store, b"courriel");
    store
        .commit(&Commit {
            changes: vec![document(None)],
            ..nothing("b", 1)
        })
        .unwrap();
    store.flush().unwrap();
    assert_eq!(store.pieces().read(&original.hash).unwrap(), b"courriel");
}

#[test]
fn what_nothing_needs_is_found_and_swept() {
    let (folder, store) = sled();
    let lost = keep(&store, b"perdu");
    let unfinished = folder.path().join("store/pieces/.unfinished-x");
    std::fs::write(&unfinished, b"x").unwrap();
    assert_eq!(
        store.sweep().unwrap(),
        0,
        "what was just kept may still be handed in"
    );
    drop(store);
    let store = open(folder.path());
    assert!(!unfinished.exists());
    assert_eq!(store.verify(&rules).unwrap().faults.len(), 1);
    assert_eq!(store.sweep().unwrap(), 1);
    assert!(store.pieces().read(&lost.hash).is_err());
    assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_damaged_or_missing_file_is_found() {
    let (folder, store) = sled();
    let (one, two) = (keep(&store, b"un"), keep(&store, b"deux"));
    let commit = Commit {
        dossiers: vec![deposit(
            DossierId(1),
            0,
            "objet",
            vec![one.clone(), two.clone()],
        )],
        ..nothing("a", 0)
    };
    store.commit(&commit).unwrap();
    let path = |hash: &str| {
        let (first, rest) = hash.split_at(2);
        folder.path().join("store/pieces").join(first).join(rest)
    };
    std::fs::write(path(&one.hash), b"UN").unwrap();
    std::fs::remove_file(path(&two.hash)).unwrap();
    assert!(store.pieces().read(&one.hash).is_err());
    let faults = store.verify(&rules).unwrap().faults;
    assert_eq!(faults.len(), 2, "{faults:?}");
    for name in ["", "../lock", &one.hash.to_uppercase(), "é", &one.hash[1..]] {
        let error = store.pieces().read(name).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{name}");
    }
}
