//! Rows: what is found by them is what the dossiers say, and they can always be made anew.

use greffier::domain::column::Column;
use greffier::domain::query::{Query, Sort, Test, Want};
use greffier::domain::{Dossier, DossierId, List, fold};
use greffier::store::{Commit, Store, find};
use proptest::prelude::*;

use super::desk::{database, deposit, nothing, open, raw, rules, sled};
use super::model::{all_lists, expected, play, step};

/// What `query` wants among all dossiers.
fn naive(dossiers: &[Dossier], query: &Query) -> Vec<DossierId> {
    let of = |number: &DossierId| {
        let mut all = dossiers.iter();
        all.find(|dossier| dossier.number == *number).unwrap()
    };
    let mut found = expected(dossiers, &query.lists);
    for test in &query.tests {
        let [Want::Is(statut)] = test.any.as_slice() else {
            panic!("not asked for");
        };
        found.retain(|number| fold(of(number).statut.libelle()) == *statut);
    }
    match &query.sort {
        Some(sort) if sort.down => {
            found.sort_by_key(|number| std::cmp::Reverse(of(number).updated.as_second()));
        }
        Some(_) => found.sort_by_key(|number| of(number).updated.as_second()),
        None => {}
    }
    let page = found.into_iter().skip(query.skip);
    page.take(query.take).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_by_rows_is_what_the_dossiers_say(
        steps in prop::collection::vec(step(), 1..60),
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        statut in prop::option::of(prop::sample::select(vec!["en construction", "en instruction", "refuse"])),
        sort in prop::option::of(any::<bool>()),
        (skip, take) in (0..4_usize, 1..6_usize),
    ) {
        let (_folder, store) = sled();
        let dossiers = play(&store, &steps);
        let lists = all_lists();
        let union: Vec<List> = chosen.iter().map(|index| lists[index.index(lists.len())].clone()).collect();
        let tests = statut.map(|statut| Test {
            any: vec![Want::Is(statut.to_owned())],
            ..Test::of(Column::Statut)
        });
        let query = Query {
            lists: union,
            tests: tests.into_iter().collect(),
            sort: sort.map(|down| Sort { column: Column::MiseAJour, down }),
            skip,
            take,
            ..Query::default()
        };
        let found = find(&store, &query, u64::MAX, &|| false).unwrap();
        prop_assert!(found.whole);
        prop_assert_eq!(found.numbers, naive(&dossiers, &query));
    }
}

fn filled(store: &dyn Store) {
    for index in 0..40_u32 {
        let number = store.next_number().unwrap();
        let commit = Commit {
            dossiers: vec![deposit(number, i64::from(index % 7), "objet", Vec::new())],
            ..nothing(&format!("d{index}"), 10)
        };
        store.commit(&commit).unwrap();
    }
    store.flush().unwrap();
}

#[test]
fn a_search_ends_after_as_many_as_it_may_look_at() {
    let (_folder, store) = sled();
    filled(&store);
    let query = Query {
        lists: all_lists(),
        take: 3,
        ..Query::default()
    };
    let of = |most| find(&store, &query, most, &|| false).unwrap();
    assert!(!of(39).whole && of(39).fitting == 39 && of(39).numbers.len() == 3);
    assert!(of(40).whole && of(40).fitting == 40);
    let halted = find(&store, &query, u64::MAX, &|| true).unwrap();
    assert!(!halted.whole && halted.fitting == 0);
}

#[test]
fn a_row_that_is_wrong_is_told_of_and_mended() {
    let (folder, store) = sled();
    filled(&store);
    drop(store);
    let kept = raw(folder.path());
    let ruin = |how: &dyn Fn(&::sled::Tree, ::sled::IVec, ::sled::IVec)| {
        let db = database(folder.path());
        let rows = db.open_tree("rows").unwrap();
        let (key, row) = rows.first().unwrap().unwrap();
        how(&rows, key, row);
        drop((rows, db));
        let store = open(folder.path());
        let faults = store.verify(&rules).unwrap().faults;
        // Filters still find all of them: what has no row is opened.
        let query = Query {
            lists: all_lists(),
            tests: vec![Test {
                any: vec![Want::Has("objet".to_owned())],
                ..Test::of(Column::Champ("objet".to_owned()))
            }],
            ..Query::default()
        };
        let found = find(&store, &query, u64::MAX, &|| false).unwrap();
        store.rebuild(&rules).unwrap();
        assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
        drop(store);
        assert_eq!(raw(folder.path()), kept);
        (faults.join("\n"), found.fitting)
    };
    let (faults, found) = ruin(&|rows, key, _| drop(rows.remove(key).unwrap()));
    assert!(faults.contains("its row in lists is not what"), "{faults}");
    assert_eq!(found, 40);
    let (faults, _) = ruin(&|rows, key, row| {
        let mut row = row.to_vec();
        *row.last_mut().unwrap() ^= 1;
        rows.insert(key, row).unwrap();
    });
    assert!(faults.contains("its row in lists is not what"), "{faults}");
    let (faults, found) = ruin(&|rows, mut key, row| {
        *key.last_mut().unwrap() ^= 0x55;
        rows.insert(key, row).unwrap();
    });
    assert!(faults.contains("it has a row without reason"), "{faults}");
    assert_eq!(found, 40);
}

#[test]
fn a_store_from_before_rows_gets_them_when_it_is_opened() {
    let (folder, store) = sled();
    filled(&store);
    drop(store);
    let kept = raw(folder.path());
    let db = database(folder.path());
    db.open_tree("rows").unwrap().clear().unwrap();
    let meta = db.open_tree("meta").unwrap();
    meta.insert("schema", &1_u64.to_be_bytes()).unwrap();
    drop((meta, db));
    let store = open(folder.path());
    assert_eq!(store.verify(&rules).unwrap().faults, Vec::<String>::new());
    drop(store);
    assert_eq!(raw(folder.path()), kept);
}
