//! The ledger: acts a second, listing, opening and memory, by the number of dossiers it has.
//!
//! Stores are made once, in the folder that `GREFFIER_BENCH_DIR` names (`target/bench-stores` by default): 10 000
//! dossiers, and with `GREFFIER_BENCH_LARGE=1` also 100 000 and 1 000 000.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on stops, and its figures are printed"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use greffier::domain::column::Column;
use greffier::domain::query::{Query, Sort, Test, Want, Word};
use greffier::domain::{
    self, Command, Demandeur, Demarche, Deposit, DossierId, Email, List, Of, Onglet, Person,
    Recorded, Request, Valeur, View, evolve,
};
use greffier::message::{Body, Destination, Outgoing, Post, Receipt, Verdict};
use greffier::store::sled::{OpenOptions, Sled};
use greffier::store::{Commit, Committed, DossierChange, Queued, Store, Version, find};
use jiff::Timestamp;

/// Dossiers of a group: as many groups as the number of dossiers asks for. The first also has a third of all.
const GROUPE: u64 = 5_000;

fn demarche(dossiers: u64) -> Demarche {
    let mut text = "number = 7\ntitre = \"Autorisation\"\nservice = \"DDT\"\n".to_owned();
    for groupe in 0..=dossiers / GROUPE {
        let groupe = format!(
            "[[groupe]]\nlabel = \"groupe {groupe}\"\ninstructeurs = [\"i{groupe}@ddt.example\"]\n"
        );
        text.push_str(&groupe);
    }
    toml::from_str(&text).unwrap()
}

fn instructeur(number: u64) -> Person {
    Person::Instructeur(Email::new(&format!("i{}@ddt.example", number / GROUPE)))
}

fn at(number: u64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + i64::try_from(number).unwrap()).unwrap()
}

/// One dossier in ten is of Quimper, one in a hundred thousand of Locronan.
fn commune(number: u64) -> &'static str {
    match number {
        number if number % 100_000 == 7 => "Locronan",
        number if number.is_multiple_of(10) => "Quimper",
        _ => "Brest",
    }
}

/// Anything up to a thousand, in no order.
fn surface(number: u64) -> f64 {
    let mixed = number.wrapping_mul(2_654_435_761) % 100_003;
    f64::from(u32::try_from(mixed).unwrap()) / 100.0
}

/// A deposit with some answers; every third is followed, en instruction and has a message.
fn dossier(demarche: &Demarche, number: u64) -> DossierChange {
    let texte = |text: &str| Valeur::Text(text.to_owned());
    let deposit = Deposit {
        groupe: Some(if number % 3 == 1 {
            "groupe 0".to_owned()
        } else {
            format!("groupe {}", number / GROUPE)
        }),
        usager: Email::new(&format!("usager{number}@example.org")),
        demandeur: Demandeur {
            nom: "Martin".to_owned(),
            prenom: format!("Claude {number}"),
            ..Demandeur::default()
        },
        champs: [
            (
                "objet".to_owned(),
                texte("Pose d’une enseigne sur la façade"),
            ),
            (
                "adresse".to_owned(),
                texte("12 rue de l’Église, 29000 Quimper"),
            ),
            ("commune".to_owned(), texte(commune(number))),
            ("surface".to_owned(), Valeur::Decimal(surface(number))),
        ]
        .into(),
        invites: [].into(),
    };
    let events = domain::deposit(demarche, DossierId(number), deposit, at(number)).unwrap();
    let mut change = state(demarche, Version(0), None, events);
    if number.is_multiple_of(3) {
        let message = Command::Post {
            text: "Bonjour, votre dossier est complet.".to_owned(),
            pieces: Vec::new(),
            mail: None,
            awaits: false,
        };
        for command in [Command::Follow, Command::PassToInstruction, message] {
            let next = act(demarche, &change, number, command);
            change.events.extend(next.events);
            change.dossier = next.dossier;
            change.view = next.view;
        }
    }
    change
}

fn state(
    demarche: &Demarche,
    expected: Version,
    before: Option<domain::Dossier>,
    events: Vec<Recorded>,
) -> DossierChange {
    let dossier = events.iter().fold(before, evolve).unwrap();
    let view = View::of(&dossier, demarche);
    DossierChange {
        expected,
        events,
        dossier,
        view,
    }
}

fn act(
    demarche: &Demarche,
    change: &DossierChange,
    number: u64,
    command: Command,
) -> DossierChange {
    let by = instructeur(number);
    let request = Request {
        by: by.clone(),
        at: at(number),
        command,
    };
    let events = domain::decide(&change.dossier, demarche, &request).unwrap();
    let recorded = |event| Recorded {
        at: at(number),
        by: by.clone(),
        event,
    };
    let events = events.into_iter().map(recorded).collect();
    let expected = Version(u32::try_from(change.events.len()).unwrap());
    state(demarche, expected, Some(change.dossier.clone()), events)
}

fn commit(cause: String, dossiers: Vec<DossierChange>, told: bool) -> Commit {
    let post = Queued {
        outgoing: Outgoing {
            to: Destination {
                network: "console".to_owned(),
                address: "#salle".to_owned(),
            },
            body: Body::Post(Post {
                text: "C’est fait.".to_owned(),
                ..Post::default()
            }),
        },
        not_before: None,
        dossier: None,
        tag: None,
    };
    Commit {
        journal: None,
        cause,
        at: at(0),
        dossiers,
        changes: Vec::new(),
        outbox: if told { vec![post] } else { Vec::new() },
        unsay: Vec::new(),
        unsay_waiting: Vec::new(),
        receipt: Receipt::of(Verdict::Done),
    }
}

/// A store with so many dossiers, made where there is none.
fn filled(dossiers: u64) -> PathBuf {
    let folder = std::env::var_os("GREFFIER_BENCH_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-stores"),
        PathBuf::from,
    );
    let path = folder.join(dossiers.to_string());
    let done = folder.join(format!("{dossiers}.done"));
    if done.exists() {
        return path;
    }
    let demarche = demarche(dossiers);
    let started = Instant::now();
    let store = Sled::open(&path, &OpenOptions::default()).unwrap();
    let mut number = store.next_number().unwrap().0;
    while number <= dossiers {
        let end = (number + 100).min(dossiers + 1);
        let changes = (number..end)
            .map(|number| dossier(&demarche, number))
            .collect();
        let commit = commit(format!("load {number}"), changes, false);
        assert_eq!(store.commit(&commit).unwrap(), Committed::Applied);
        number = end;
        if number % 10_000 < 100 {
            store.flush().unwrap();
        }
    }
    store.flush().unwrap();
    drop(store);
    std::fs::write(done, "").unwrap();
    println!(
        "made a store of {dossiers} dossiers in {:?}",
        started.elapsed()
    );
    path
}

fn sizes() -> Vec<u64> {
    if std::env::var_os("GREFFIER_BENCH_LARGE").is_some_and(|large| large == "1") {
        vec![10_000, 100_000, 1_000_000]
    } else {
        vec![10_000]
    }
}

/// Resident memory of this process, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

/// One act: the dossier is read, the act decided, the commit made; then the disk is waited for.
pub fn acts(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let store = Sled::open(folder.path(), &OpenOptions::default()).unwrap();
    let demarche = demarche(1);
    let mut next = 0_u64;
    for number in 1..=1000 {
        let change = dossier(&demarche, number);
        store
            .commit(&commit(format!("load {number}"), vec![change], false))
            .unwrap();
    }
    store.flush().unwrap();
    let mut one = |store: &Sled| {
        next += 1;
        let number = DossierId(next % 1000 + 1);
        let (dossier, version) = store.load(number).unwrap().unwrap();
        let command = if dossier.followed_by(&Email::new("i0@ddt.example")) {
            Command::Unfollow
        } else {
            Command::Follow
        };
        let request = Request {
            by: instructeur(0),
            at: at(next),
            command,
        };
        let events = domain::decide(&dossier, &demarche, &request).unwrap();
        let recorded = |event| Recorded {
            at: at(next),
            by: instructeur(0),
            event,
        };
        let events = events.into_iter().map(recorded).collect();
        let change = state(&demarche, version, Some(dossier), events);
        let commit = commit(format!("act {next}"), vec![change], true);
        assert_eq!(store.commit(&commit).unwrap(), Committed::Applied);
    };
    let mut group = criterion.benchmark_group("acts");
    group
        .measurement_time(Duration::from_secs(5))
        .sample_size(20);
    group.throughput(Throughput::Elements(1));
    group.bench_function("one a flush", |bencher| {
        bencher.iter(|| {
            one(&store);
            store.flush().unwrap();
        });
    });
    group.throughput(Throughput::Elements(32));
    group.bench_function("32 a flush", |bencher| {
        bencher.iter(|| {
            for _ in 0..32 {
                one(&store);
            }
            store.flush().unwrap();
        });
    });
    group.finish();
}

/// The dashboard of an instructeur: the first page of a tab, and the counts of all.
pub fn listing(criterion: &mut Criterion) {
    for size in sizes() {
        let path = filled(size);
        let before = resident();
        let store = Sled::open(&path, &OpenOptions::default()).unwrap();
        println!(
            "{size} dossiers: {} MiB resident once open, {before} before",
            resident()
        );
        let list = |onglet| List {
            demarche: demarche(1).number,
            of: Of::Groupe("groupe 0".to_owned()),
            onglet,
            marked: false,
        };
        let lists = Onglet::ALL.map(list);
        let total = list(Onglet::Total);
        let followed = List {
            of: Of::Instructeur(Email::new("i0@ddt.example")),
            ..list(Onglet::Suivis)
        };
        assert!(store.count(&total).unwrap() > 0);
        let mut group = criterion.benchmark_group(format!("listing of {size}"));
        group.sample_size(20);
        group.bench_function("first page of 20, one list, with states", |bencher| {
            bencher.iter(|| {
                let page = store.page(std::slice::from_ref(&total), None, 20).unwrap();
                let loaded = page
                    .dossiers
                    .iter()
                    .map(|id| store.load(*id).unwrap().unwrap());
                loaded.count()
            });
        });
        group.bench_function("first page of 20, two lists", |bencher| {
            bencher.iter(|| {
                store
                    .page(&[total.clone(), followed.clone()], None, 20)
                    .unwrap()
            });
        });
        group.bench_function("counts of seven tabs", |bencher| {
            bencher.iter(|| lists.each_ref().map(|list| store.count(list).unwrap()));
        });
        group.finish();
        println!("{size} dossiers: {} MiB resident after listing", resident());
    }
}

/// A page of the tab of all dossiers of the démarche: as it is, filtered, searched and sorted.
pub fn dashboard(criterion: &mut Criterion) {
    for size in sizes() {
        let path = filled(size);
        let store = Sled::open(&path, &OpenOptions::default()).unwrap();
        let demarche = demarche(size);
        let lists: Vec<List> = demarche
            .groupes
            .iter()
            .map(|groupe| List {
                demarche: demarche.number,
                of: Of::Groupe(groupe.label.clone()),
                onglet: Onglet::Total,
                marked: false,
            })
            .collect();
        let plain = Query {
            lists: lists.clone(),
            take: 20,
            ..Query::default()
        };
        let of = |commune: &str| Query {
            tests: vec![Test {
                any: vec![Want::Has(domain::fold(commune))],
                ..Test::of(Column::Champ("commune".to_owned()))
            }],
            ..plain.clone()
        };
        let sorted = Query {
            sort: Some(Sort {
                column: Column::Champ("surface".to_owned()),
                down: true,
            }),
            ..plain.clone()
        };
        let searched = Query {
            words: vec![Word::of("claude").unwrap(), Word::of("locronan").unwrap()],
            ..plain.clone()
        };
        let mut group = criterion.benchmark_group(format!("list page at {size} dossiers"));
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(5));
        group.bench_function("plain, with states", |bencher| {
            bencher.iter(|| {
                let page = store.page(&lists, None, 20).unwrap();
                let loaded = page.dossiers.iter();
                loaded
                    .filter(|id| store.load(**id).unwrap().is_some())
                    .count()
            });
        });
        let mut bench = |name: &str, query: &Query, most: u64, fitting: Option<u64>| {
            let found = find(&store, query, most, &|| false).unwrap();
            if let Some(fitting) = fitting {
                assert_eq!(found.fitting, fitting, "{name}");
            }
            group.bench_function(name, |bencher| {
                bencher.iter(|| find(&store, query, most, &|| false).unwrap());
            });
        };
        let rare = size.div_ceil(100_000);
        bench(
            "common value, 20 000 looked at",
            &of("Quimper"),
            20_000,
            None,
        );
        bench("common value, all", &of("Quimper"), u64::MAX, None);
        bench("rare value, all", &of("Locronan"), u64::MAX, Some(rare));
        bench("two words anywhere, all", &searched, u64::MAX, Some(rare));
        bench("sorted by a number, all", &sorted, u64::MAX, Some(size));
        group.finish();
        println!("{size} dossiers: {} MiB resident after them", resident());
        beside_the_writer(&store, &sorted);
    }
}

/// How long a commit and its flush take while another thread sorts all of the dossiers, again and again.
fn beside_the_writer(store: &Sled, query: &Query) {
    let mut number = store.next_number().unwrap().0;
    // With a group for each that comes now.
    let demarche = demarche(number + GROUPE * 20);
    let mut took = |what: &str| {
        let mut times = Vec::new();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(4) {
            let change = dossier(&demarche, number);
            let commit = commit(format!("beside {number}"), vec![change], true);
            number += 1;
            let one = Instant::now();
            store.commit(&commit).unwrap();
            store.flush().unwrap();
            times.push(one.elapsed());
        }
        times.sort_unstable();
        let at = |part: usize| {
            times
                .get((times.len() - 1) * part / 100)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{what}: median {:?}, 99 % {:?}, most {:?}",
            at(50),
            at(99),
            at(100)
        );
    };
    took("a commit and its flush, alone");
    let halt = std::sync::atomic::AtomicBool::new(false);
    let halted = || halt.load(std::sync::atomic::Ordering::Relaxed);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !halted() {
                find(store, query, u64::MAX, &halted).unwrap();
            }
        });
        took("a commit and its flush, while all is sorted");
        halt.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// Opening, after a clean close and as after a kill: a copy of the files as they are while the store is open.
pub fn opening(criterion: &mut Criterion) {
    for size in sizes() {
        let path = filled(size);
        let mut group = criterion.benchmark_group(format!("opening of {size}"));
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(5));
        group.bench_function("after a clean close", |bencher| {
            bencher.iter_batched(
                || (),
                |()| Sled::open(&path, &OpenOptions::default()).unwrap(),
                BatchSize::PerIteration,
            );
        });
        group.finish();
        let killed = killed(&path, size);
        let started = Instant::now();
        let store = Sled::open(killed.path(), &OpenOptions::default()).unwrap();
        println!(
            "{size} dossiers: opened in {:?} after a kill",
            started.elapsed()
        );
        assert!(store.next_number().unwrap().0 > size);
    }
}

/// A copy of the store at `path` in which 1000 more commits were made and nothing was closed.
fn killed(path: &Path, size: u64) -> tempfile::TempDir {
    let (open, copy) = (beside(path), beside(path));
    copy_all(path, open.path());
    let store = Sled::open(open.path(), &OpenOptions::default()).unwrap();
    let demarche = demarche(size + 1000);
    for number in size + 1..=size + 1000 {
        let change = dossier(&demarche, number);
        store
            .commit(&commit(format!("late {number}"), vec![change], true))
            .unwrap();
    }
    store.flush().unwrap();
    copy_all(open.path(), copy.path());
    copy
}

fn beside(path: &Path) -> tempfile::TempDir {
    tempfile::tempdir_in(path.parent().unwrap()).unwrap()
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

criterion_group!(benches, acts, listing, dashboard, opening);
criterion_main!(benches);
