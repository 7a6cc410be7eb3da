//! Pages, counts and what is due, compared with a model that knows nothing of indexes.

use std::collections::BTreeSet;

use greffier::domain::{
    Command, Dossier, DossierId, Email, List, Of, Onglet, Person, View, order as place,
};
use greffier::store::{Commit, Committed, Store};
use proptest::prelude::*;

use super::desk::{
    at, database, demarche, deposit, ines, nothing, open, order, raw, rules, sled, usager,
};

const DAY: i64 = 86_400;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Deposit {
        seconds: i64,
    },
    Order {
        which: usize,
        by: Person,
        command: Command,
    },
    Years {
        which: usize,
        days: i64,
    },
}

fn paul() -> Person {
    Person::Instructeur(Email::new("paul@ddt.example"))
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let decision = || Command::Refuse {
        motivation: Some("non".to_owned()),
        justificatif: None,
    };
    let post = || Command::Post {
        text: "bonjour".to_owned(),
        pieces: Vec::new(),
        mail: None,
        awaits: false,
    };
    let command = prop::sample::select(vec![
        Command::Follow,
        Command::Unfollow,
        Command::PassToInstruction,
        Command::PassToInstruction,
        decision(),
        decision(),
        Command::Reopen,
        Command::Archive,
        Command::Unarchive,
        Command::Delete,
        Command::Restore,
        Command::Extend,
        post(),
        Command::Reassign {
            groupe: "sud".to_owned(),
        },
        Command::Reassign {
            groupe: "nord".to_owned(),
        },
        Command::Look {
            marks: [greffier::domain::Mark::Messagerie].into(),
        },
    ]);
    let by = prop::sample::select(vec![ines(), ines(), paul(), usager()]);
    prop_oneof![
        2 => (0..4_i64).prop_map(|seconds| Step::Deposit { seconds }),
        8 => (any::<usize>(), by, command).prop_map(|(which, by, command)| Step::Order { which, by, command }),
        2 => (any::<usize>(), prop::sample::select(vec![15, 400])).prop_map(|(which, days)| Step::Years { which, days }),
    ]
}

/// Plays `steps` on `store`; answers the dossiers.
pub(super) fn play(store: &dyn Store, steps: &[Step]) -> Vec<Dossier> {
    let mut dossiers: Vec<Dossier> = Vec::new();
    let mut now = 10;
    for (index, step) in steps.iter().enumerate() {
        now += 1;
        let change = match step {
            Step::Deposit { seconds } => {
                let number = store.next_number().unwrap();
                Some(deposit(number, *seconds, "objet", Vec::new()))
            }
            Step::Order { .. } | Step::Years { .. } if dossiers.is_empty() => None,
            Step::Order { which, by, command } => {
                let number = dossiers[which % dossiers.len()].number;
                order(
                    store.load(number).unwrap().unwrap(),
                    by,
                    now,
                    command.clone(),
                )
            }
            Step::Years { which, days } => {
                now += days * DAY;
                let number = dossiers[which % dossiers.len()].number;
                order(
                    store.load(number).unwrap().unwrap(),
                    &Person::Greffier,
                    now,
                    Command::Tick,
                )
            }
        };
        let Some(change) = change else { continue };
        let dossier = change.dossier.clone();
        let commit = Commit {
            dossiers: vec![change],
            ..nothing(&format!("s{index}"), now)
        };
        assert_eq!(store.commit(&commit).unwrap(), Committed::Applied);
        dossiers.retain(|other| other.number != dossier.number);
        dossiers.push(dossier);
    }
    dossiers
}

pub(super) fn all_lists() -> Vec<List> {
    let of = [
        Of::Groupe("nord".to_owned()),
        Of::Groupe("sud".to_owned()),
        Of::Instructeur(Email::new("ines@ddt.example")),
        Of::Instructeur(Email::new("paul@ddt.example")),
    ];
    let mut lists = Vec::new();
    for of in of {
        for onglet in Onglet::ALL {
            for marked in [false, true] {
                lists.push(List {
                    demarche: demarche().number,
                    of: of.clone(),
                    onglet,
                    marked,
                });
            }
        }
    }
    lists
}

/// What the union of `lists` must show.
pub(super) fn expected(dossiers: &[Dossier], lists: &[List]) -> Vec<DossierId> {
    let wanted: BTreeSet<&List> = lists.iter().collect();
    let mut found: Vec<&Dossier> = dossiers
        .iter()
        .filter(|dossier| {
            View::of(dossier, &demarche())
                .lists
                .iter()
                .any(|list| wanted.contains(list))
        })
        .collect();
    found.sort_by_key(|dossier| std::cmp::Reverse(place(dossier)));
    found.iter().map(|dossier| dossier.number).collect()
}

/// All pages, one after the other.
fn paged(store: &dyn Store, lists: &[List], limit: usize) -> Vec<DossierId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.page(lists, after, limit).unwrap();
        assert!(page.dossiers.len() <= limit);
        all.extend(page.dossiers);
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_and_counts_are_what_the_dossiers_say(
        steps in prop::collection::vec(step(), 1..60),
        limit in 1_usize..5,
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let (folder, store) = sled();
        let dossiers = play(&store, &steps);
        for list in all_lists() {
            let expected = expected(&dossiers, std::slice::from_ref(&list));
            prop_assert_eq!(store.count(&list).unwrap(), expected.len() as u64);
            prop_assert_eq!(paged(&store, &[list], limit), expected);
        }
        let lists = all_lists();
        let union: Vec<List> = chosen.iter().map(|index| lists[index.index(lists.len())].clone()).collect();
        prop_assert_eq!(paged(&store, &union, limit), expected(&dossiers, &union));

        let now = at(500 * DAY);
        let due = |dossier: &&Dossier| View::of(dossier, &demarche()).due.is_some_and(|due| due <= now);
        let expected_due: BTreeSet<_> = dossiers.iter().filter(due).map(|dossier| dossier.number).collect();
        let found = store.due(now, None, 1000).unwrap();
        let numbers: BTreeSet<_> = found.iter().map(|(_, number)| *number).collect();
        prop_assert_eq!(numbers, expected_due);
        for (place, last) in found.iter().enumerate() {
            prop_assert_eq!(&store.due(now, Some(*last), 1000).unwrap()[..], &found[place + 1..]);
        }
        let total = dossiers.iter().filter(|dossier| dossier.purged.is_none()).count() as u64;
        prop_assert_eq!(store.totals().unwrap().get(&demarche().number).copied().unwrap_or_default(), total);
        prop_assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());

        drop(store);
        rebuilt_is_kept(folder.path());
    }
}

/// A rebuild of a sound store changes nothing, and one of a ruined store makes it sound.
fn rebuilt_is_kept(folder: &std::path::Path) {
    let kept = raw(folder);
    let store = open(folder);
    store.rebuild(&rules).unwrap();
    drop(store);
    assert_eq!(raw(folder), kept);
    if !kept.iter().any(|(tree, ..)| tree == "events") {
        return;
    }

    let db = database(folder);
    for tree in ["states", "lists", "rows", "counts", "totals", "due"] {
        let tree = db.open_tree(tree).unwrap();
        let first = tree.iter().next();
        tree.clear().unwrap();
        if let Some(Ok((mut key, value))) = first {
            if let Some(last) = key.last_mut() {
                *last ^= 0x55;
            }
            tree.insert(key, value).unwrap();
        }
    }
    drop(db);
    let store = open(folder);
    assert_ne!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
    store.rebuild(&rules).unwrap();
    assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
    drop(store);
    assert_eq!(raw(folder), kept);
}
