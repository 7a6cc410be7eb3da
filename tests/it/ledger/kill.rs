//! A process that commits is killed again and again: what was flushed is there, and each commit is whole.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use greffier::domain::DossierId;
use greffier::store::{Change, Collection, Commit, Committed, Store};
use serde_json::json;

use super::desk::{deposit, keep, nothing, open, post, rules};

const FOLDER: &str = "GREFFIER_TEST_KILL_FOLDER";

/// Each commit makes two dossiers, a row and a document, of one number.
fn write(folder: &Path) {
    let store = open(folder);
    let mut number = store.next_number().unwrap().0;
    loop {
        for _ in 0..4 {
            let piece = keep(&store, format!("fichier {number}").as_bytes());
            let commit = Commit {
                dossiers: [number, number + 1]
                    .map(|number| deposit(DossierId(number), 0, "objet", vec![piece.clone()]))
                    .into(),
                outbox: vec![post(&number.to_string())],
                changes: vec![Change {
                    collection: Collection::Meta,
                    key: number.to_string(),
                    value: Some(json!(number)),
                }],
                ..nothing(&format!("c{number}"), 0)
            };
            assert_eq!(store.commit(&commit).unwrap(), Committed::Applied);
            number += 2;
        }
        store.flush().unwrap();
        eprintln!("flushed {}", number - 2);
    }
}

#[test]
#[ignore = "runs until it is killed, as the child of the next one"]
fn child() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        write(Path::new(&folder));
    }
}

#[test]
fn nothing_flushed_is_lost_and_no_commit_is_half() {
    let folder = tempfile::tempdir().unwrap();
    let mut flushed = 0;
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["ledger::kill::child", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told =
            lines.filter_map(|line| line.unwrap().strip_prefix("flushed ")?.parse::<u64>().ok());
        flushed = told.take(3 + 5 * round).last().unwrap().max(flushed);
        child.kill().unwrap();
        child.wait().unwrap();
        check(folder.path(), flushed);
    }
}

fn check(folder: &Path, flushed: u64) {
    let store = open(folder);
    let end = store.next_number().unwrap().0;
    assert!(
        end > flushed,
        "{flushed} was flushed, {end} is the next number"
    );
    for number in (1..end).step_by(2) {
        for number in [number, number + 1] {
            assert!(
                store.load(DossierId(number)).unwrap().is_some(),
                "{number} of {end}"
            );
        }
        assert!(
            store
                .get(Collection::Meta, &number.to_string())
                .unwrap()
                .is_some()
        );
        assert!(store.row(number.div_ceil(2)).unwrap().is_some());
    }
    assert_eq!(store.load(DossierId(end)).unwrap(), None);
    assert_eq!(store.depths().unwrap().outbox, (end - 1) / 2);
    // A file kept for a commit that was not made is an orphan, and the only fault there may be.
    store.sweep().unwrap();
    assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
}
