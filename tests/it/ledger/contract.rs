//! The contract of `Store`.

use std::ops::Bound;

use greffier::domain::{Command, DossierId};
use greffier::message::{Account, Body, Heard, Incoming, Line, Outcome, Place, Receipt, Verdict};
use greffier::store::sled::{OpenOptions, Sled};
use greffier::store::{
    Change, Collection, Commit, Committed, Depths, Error, Journaled, Queued, Store,
};
use serde_json::json;

use super::desk::{
    at, database, deposit, due, each_store, ines, nothing, open, order, post, room, rules, sled,
};

fn line(id: &str) -> Incoming {
    Incoming {
        id: id.to_owned(),
        at: at(0),
        heard: Heard::Line(Line {
            from: Account {
                network: "console".to_owned(),
                id: "ines@ddt.example".to_owned(),
            },
            place: Place::Direct,
            text: "aide".to_owned(),
            files: Vec::new(),
            about: None,
            remote_id: None,
            doubt: None,
            addressed: true,
        }),
    }
}

fn deposited(store: &dyn Store, cause: &str) -> DossierId {
    let number = store.next_number().unwrap();
    let commit = Commit {
        dossiers: vec![deposit(number, 0, "objet", Vec::new())],
        ..nothing(cause, 0)
    };
    assert_eq!(store.commit(&commit).unwrap(), Committed::Applied);
    number
}

fn delivered(remote_id: &str) -> Outcome {
    Outcome::Delivered {
        remote_id: remote_id.to_owned(),
    }
}

#[test]
fn a_cause_is_committed_once() {
    each_store(|store| {
        let receipt = Receipt {
            answers: vec!["C’est fait.".to_owned()],
            ..Receipt::of(Verdict::Done)
        };
        let first = Commit {
            outbox: vec![post("un")],
            receipt: receipt.clone(),
            ..nothing("a", 0)
        };
        assert_eq!(store.commit(&first).unwrap(), Committed::Applied);
        let again = Commit {
            outbox: vec![post("deux")],
            ..nothing("a", 1)
        };
        assert_eq!(
            store.commit(&again).unwrap(),
            Committed::AlreadyDone(receipt)
        );
        assert_eq!(store.depths().unwrap().outbox, 1);
    });
}

#[test]
fn what_moved_meanwhile_makes_a_commit_stale_and_changes_nothing() {
    each_store(|store| {
        let number = deposited(store, "a");
        let loaded = store.load(number).unwrap().unwrap();
        let follow = order(loaded.clone(), &ines(), 1, Command::Follow).unwrap();
        let pass = order(loaded, &ines(), 1, Command::PassToInstruction).unwrap();
        let other = deposit(store.next_number().unwrap(), 1, "autre", Vec::new());
        let first = Commit {
            dossiers: vec![follow],
            ..nothing("b", 1)
        };
        assert_eq!(store.commit(&first).unwrap(), Committed::Applied);
        let late = Commit {
            dossiers: vec![other, pass],
            outbox: vec![post("tard")],
            ..nothing("c", 1)
        };
        assert_eq!(store.commit(&late).unwrap(), Committed::Stale);
        assert_eq!(store.next_number().unwrap(), DossierId(number.0 + 1));
        assert_eq!(store.load(DossierId(number.0 + 1)).unwrap(), None);
        assert_eq!(store.depths().unwrap(), Depths::default());
        assert_eq!(store.commit(&nothing("c", 2)).unwrap(), Committed::Applied);
    });
}

#[test]
fn a_number_is_given_out_once() {
    each_store(|store| {
        let number = deposited(store, "a");
        let again = Commit {
            dossiers: vec![deposit(number, 5, "double", Vec::new())],
            ..nothing("b", 5)
        };
        assert_eq!(store.commit(&again).unwrap(), Committed::Stale);
        assert_eq!(store.events(number).unwrap().len(), 1);
    });
}

#[test]
fn what_waits_can_be_unsaid_until_it_is_due() {
    each_store(|store| {
        let queued = |tag: &str, seconds| Queued {
            not_before: Some(at(seconds)),
            tag: Some(tag.to_owned()),
            ..post("bientôt")
        };
        let first = Commit {
            outbox: vec![
                queued("a", 300),
                queued("a", 400),
                queued("b", 300),
                queued("ab", 900),
            ],
            ..nothing("a", 0)
        };
        store.commit(&first).unwrap();
        let unsay = |cause, tag: &str, seconds| Commit {
            unsay: vec![tag.to_owned()],
            ..nothing(cause, seconds)
        };
        assert_eq!(
            store.commit(&unsay("late", "b", 300)).unwrap(),
            Committed::Stale
        );
        assert_eq!(
            store.commit(&unsay("early", "a", 299)).unwrap(),
            Committed::Applied
        );
        assert_eq!(
            store.commit(&unsay("again", "a", 299)).unwrap(),
            Committed::Stale
        );
        store.flush().unwrap();
        let left: Vec<u64> = store
            .queued(None, 9)
            .unwrap()
            .iter()
            .map(|due| due.id)
            .collect();
        assert_eq!(left, [3, 4]);
        let retry = Outcome::Retry {
            after: None,
            why: "plus tard".to_owned(),
        };
        store.settle(4, &retry, at(2000), at(900)).unwrap();
        // Those behind it wait for it, also after a restart.
        let tried = store.queued(Some(3), 9).unwrap();
        assert_eq!((tried[0].at, tried[0].tried), (at(2000), true));
        assert_eq!(
            store.commit(&unsay("tried", "ab", 1000)).unwrap(),
            Committed::Stale
        );
        // Where it may leave all the same, the commit goes on, and what has left stays.
        let waiting = Commit {
            unsay_waiting: vec!["ab".to_owned(), "a".to_owned(), "nobody".to_owned()],
            ..nothing("waiting", 1000)
        };
        assert_eq!(store.commit(&waiting).unwrap(), Committed::Applied);
        assert!(store.row(4).unwrap().is_some());
    });
}

#[test]
fn nothing_is_queued_before_it_is_on_disk() {
    each_store(|store| {
        store
            .commit(&Commit {
                outbox: vec![post("un")],
                ..nothing("a", 0)
            })
            .unwrap();
        assert_eq!(store.queued(None, 9).unwrap(), []);
        store.flush().unwrap();
        store
            .commit(&Commit {
                outbox: vec![post("deux")],
                ..nothing("b", 1)
            })
            .unwrap();
        assert_eq!(store.queued(None, 9).unwrap(), [due(1, 0)]);
        // Something else that waits for the disk does not let it be seen either.
        store.settle(1, &delivered(""), at(2), at(2)).unwrap();
        assert_eq!(store.queued(None, 9).unwrap(), []);
        store.flush().unwrap();
        assert_eq!(store.queued(Some(1), 9).unwrap(), [due(2, 1)]);
        assert_eq!(store.queued(Some(2), 9).unwrap(), []);
    });
}

#[test]
fn the_journal_keeps_what_is_heard_until_it_is_handled() {
    each_store(|store| {
        let batch = [line("a"), line("b"), line("a")];
        let kept = store.journal(&batch).unwrap();
        assert_eq!(
            kept,
            [
                Journaled::Fresh(1),
                Journaled::Fresh(2),
                Journaled::Waiting(1)
            ]
        );
        assert_eq!(store.journaled().unwrap().len(), 2);
        let handled = Commit {
            journal: Some(1),
            ..nothing("a", 1)
        };
        store.commit(&handled).unwrap();
        assert_eq!(store.journaled().unwrap(), [(2, line("b"))]);
        let again = store.journal(&[line("a"), line("c")]).unwrap();
        assert_eq!(
            again,
            [
                Journaled::Done(Receipt::of(Verdict::Done)),
                Journaled::Fresh(3)
            ]
        );
        assert_eq!(store.depths().unwrap().journal, 2);
    });
}

#[test]
fn causes_are_forgotten_by_their_age() {
    each_store(|store| {
        for seconds in 0..5 {
            store
                .commit(&nothing(&format!("c{seconds}"), seconds))
                .unwrap();
        }
        assert_eq!(store.forget_causes(at(3)).unwrap(), 3);
        assert_eq!(store.forget_causes(at(3)).unwrap(), 0);
        assert_eq!(store.commit(&nothing("c2", 9)).unwrap(), Committed::Applied);
        assert!(matches!(
            store.commit(&nothing("c3", 9)).unwrap(),
            Committed::AlreadyDone(_)
        ));
    });
}

#[test]
fn a_delivered_card_is_known_by_its_remote_id() {
    each_store(|store| {
        let mut card = post("carte");
        let mut reply = post("dans le fil");
        for (queued, is_card) in [(&mut card, true), (&mut reply, false)] {
            if let Body::Post(post) = &mut queued.outgoing.body {
                post.card = is_card.then(|| "dossier-1".to_owned());
                post.thread = Some("dossier-1".to_owned());
            }
        }
        store
            .commit(&Commit {
                outbox: vec![card.clone(), reply, card],
                ..nothing("a", 0)
            })
            .unwrap();
        store.flush().unwrap();
        assert_eq!(
            store.settle(1, &delivered("$un"), at(1), at(1)).unwrap(),
            None
        );
        assert_eq!(
            store.remote(&room(), "dossier-1").unwrap(),
            Some("$un".to_owned())
        );
        store.settle(2, &delivered("$deux"), at(1), at(1)).unwrap();
        store.settle(3, &delivered("$trois"), at(1), at(1)).unwrap();
        assert_eq!(
            store.remote(&room(), "dossier-1").unwrap(),
            Some("$trois".to_owned())
        );
        for remote in ["$un", "$deux", "$trois"] {
            assert_eq!(
                store.card("console", remote).unwrap(),
                Some("dossier-1".to_owned())
            );
        }
        assert_eq!(store.card("matrix", "$un").unwrap(), None);
        assert_eq!(
            store.settle(1, &delivered("$un"), at(1), at(1)).unwrap(),
            None
        );
        assert_eq!(store.depths().unwrap(), Depths::default());
    });
}

#[test]
fn what_is_given_up_is_told_and_can_be_tried_again() {
    each_store(|store| {
        store
            .commit(&Commit {
                outbox: vec![post("perdu")],
                ..nothing("a", 0)
            })
            .unwrap();
        store.flush().unwrap();
        let retry = Outcome::Retry {
            after: None,
            why: "4.4.1".to_owned(),
        };
        store.settle(1, &retry, at(60), at(1)).unwrap();
        let row = store.row(1).unwrap().unwrap();
        assert_eq!(
            (row.attempts, row.next, row.why.as_deref()),
            (1, at(60), Some("4.4.1"))
        );
        let dead = Outcome::Dead {
            why: "5.1.1".to_owned(),
        };
        let journaled = store.settle(1, &dead, at(60), at(60)).unwrap();
        assert_eq!(store.settle(1, &dead, at(60), at(60)).unwrap(), None);
        let (id, incoming) = store.journaled().unwrap().remove(0);
        assert_eq!(journaled, Some(id));
        assert!(
            matches!(incoming.heard, Heard::Undelivered(undelivered) if undelivered.outbox == 1)
        );
        assert_eq!(store.dead().unwrap()[0].attempts, 2);
        assert_eq!(
            store.depths().unwrap(),
            Depths {
                journal: 1,
                outbox: 0,
                dead: 1
            }
        );
        assert!(store.replay(1, at(90)).unwrap());
        assert!(!store.replay(1, at(90)).unwrap());
        assert_eq!(store.queued(None, 9).unwrap(), [due(2, 90)]);
        assert_ne!(store.key(1), store.key(2));
        store.settle(2, &dead, at(91), at(91)).unwrap();
        assert!(store.forget(2).unwrap());
        assert!(!store.forget(2).unwrap());
        assert_eq!(store.dead().unwrap(), []);
    });
}

#[test]
fn documents_are_read_in_order_of_their_keys() {
    each_store(|store| {
        let change = |collection, key: &str, value| Change {
            collection,
            key: key.to_owned(),
            value,
        };
        let some = |key: &str| change(Collection::Preference, key, Some(json!({"cle": key})));
        let changes = vec![
            some("b/2"),
            some("a/1"),
            some("b/1"),
            some("c"),
            change(Collection::Link, "b/0", Some(json!(1))),
        ];
        store
            .commit(&Commit {
                changes,
                ..nothing("a", 0)
            })
            .unwrap();
        let keys = |prefix, from, limit| {
            let found = store
                .scan(Collection::Preference, prefix, from, limit)
                .unwrap();
            found.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(keys("", Bound::Unbounded, 9), ["a/1", "b/1", "b/2", "c"]);
        assert_eq!(keys("b/", Bound::Unbounded, 9), ["b/1", "b/2"]);
        assert_eq!(keys("b/", Bound::Excluded("b/1"), 9), ["b/2"]);
        assert_eq!(keys("b/", Bound::Included("a"), 1), ["b/1"]);
        assert_eq!(keys("b/", Bound::Included("c"), 9), Vec::<String>::new());
        assert_eq!(store.get(Collection::Link, "b/0").unwrap(), Some(json!(1)));
        let changes = vec![change(Collection::Link, "b/0", None)];
        store
            .commit(&Commit {
                changes,
                ..nothing("b", 0)
            })
            .unwrap();
        assert_eq!(store.get(Collection::Link, "b/0").unwrap(), None);
    });
}

#[test]
fn a_second_process_is_told_so_plainly() {
    let (folder, store) = sled();
    let again = Sled::open(store.path(), &OpenOptions::default());
    let Err(error @ Error::Locked { .. }) = again else {
        panic!("the store was opened twice");
    };
    assert!(
        error
            .to_string()
            .starts_with("another greffier has the store at ")
    );
    drop(store);
    open(folder.path());
}

#[test]
fn a_newer_form_is_refused() {
    let (folder, store) = sled();
    drop(store);
    let db = database(folder.path());
    db.open_tree("meta")
        .unwrap()
        .insert("schema", &99_u64.to_be_bytes())
        .unwrap();
    drop(db);
    let opened = Sled::open(&folder.path().join("store"), &OpenOptions::default());
    assert!(matches!(opened, Err(Error::Newer { found: 99, .. })));
}

#[test]
fn a_reopened_store_is_as_it_was_left() {
    let (folder, store) = sled();
    let number = deposited(&store, "a");
    store
        .commit(&Commit {
            outbox: vec![post("un")],
            ..nothing("b", 0)
        })
        .unwrap();
    store.flush().unwrap();
    let (key, loaded) = (store.key(1), store.load(number).unwrap());
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.key(1), key);
    assert_eq!(store.load(number).unwrap(), loaded);
    assert_eq!(store.queued(None, 9).unwrap(), [due(1, 0)]);
    store
        .commit(&Commit {
            outbox: vec![post("deux")],
            ..nothing("c", 0)
        })
        .unwrap();
    assert!(store.row(2).unwrap().is_some());
    assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
}
