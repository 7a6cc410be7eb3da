//! From the socket to the thread: mails, deposits and commands a second, and how fast the outbox empties.
//!
//! "Committed" is the other side's view: the `250` or the `201` has come back, which is after the flush. Beside the mails
//! stand the same mails taken by the same listener with nothing behind it but a file and an fsync.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a bench that cannot go on stops"
)]

mod client;
mod desk;
#[path = "../../tests/it/servers/dovecot.rs"]
#[expect(dead_code, reason = "the tests ask more of it")]
mod dovecot;
mod mailbox;

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use greffier::daemon::speak::{Outbox, speak};
use greffier::message::{Body, Destination, MailOut, Outgoing, Receipt, Verdict};
use greffier::store::sled::Sled;
use greffier::store::{Commit, Queued, Store as _};
use tokio_util::sync::CancellationToken;

use self::desk::{Bare, Desk, Quiet};

/// Dossiers that the mails are for.
const DOSSIERS: u64 = 500;
/// Mails of one measurement.
const MAILS: u64 = 96;

fn mails(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mails");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(MAILS));
    for connections in [1, 4, 16] {
        let bare = LazyCell::new(Bare::open);
        group.bench_function(format!("kept only, {connections} connections"), |bencher| {
            bencher.iter_custom(|times| {
                let batch =
                    |_| client::send(bare.smtp, connections, &client::mails(MAILS, DOSSIERS));
                (0..times).map(batch).sum()
            });
        });
        drop(bare);
        let desk = LazyCell::new(|| Desk::open(DOSSIERS));
        group.bench_function(format!("committed, {connections} connections"), |bencher| {
            bencher.iter_custom(|times| {
                let batch =
                    |_| client::send(desk.smtp, connections, &client::mails(MAILS, DOSSIERS));
                (0..times).map(batch).sum()
            });
        });
    }
    group.finish();
}

fn deposits(criterion: &mut Criterion) {
    let desk = LazyCell::new(|| Desk::open(0));
    let mut group = criterion.benchmark_group("deposits");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(64));
    for connections in [1, 8] {
        group.bench_function(format!("{connections} connections"), |bencher| {
            bencher.iter_custom(|times| {
                (0..times)
                    .map(|_| client::deposit(desk.http, connections, 64))
                    .sum()
            });
        });
    }
    group.finish();
}

/// Lines through the middle alone: parsed, decided, worded, committed, flushed.
fn commands(criterion: &mut Criterion) {
    let folder = desk::folder();
    let app = LazyCell::new(|| {
        let app = desk::app(folder.path());
        desk::fill(&app, DOSSIERS);
        app
    });
    let mut next = 0_u64;
    let mut say = |text: &dyn Fn(u64, u64) -> String| {
        let line = desk::line(text(next % DOSSIERS + 1, next / DOSSIERS));
        desk::done(&app, format!("said {next}"), line);
        next += 1;
    };
    let mut group = criterion.benchmark_group("commands");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(4))
        .throughput(Throughput::Elements(1));
    let message = |number: u64, round: u64| format!("message {number} Bonjour, voici le {round}.");
    let look = |number: u64, _: u64| format!("dossier {number}");
    group.bench_function("message, without a flush", |bencher| {
        bencher.iter(|| say(&message));
    });
    group.bench_function("message, flushed", |bencher| {
        bencher.iter(|| {
            say(&message);
            app.store.flush().unwrap();
        });
    });
    group.bench_function("dossier, without a flush", |bencher| {
        bencher.iter(|| say(&look));
    });
    group.bench_function("dossier, flushed", |bencher| {
        bencher.iter(|| {
            say(&look);
            app.store.flush().unwrap();
        });
    });
    group.finish();
}

/// Mails of one measurement of a mailbox.
const MAILBOX: u64 = 500;

/// From a mailbox to the threads, beside a bare fetch of the same mails.
fn imap(criterion: &mut Criterion) {
    let Some(server) = dovecot::dovecot("") else {
        return;
    };
    let mut group = criterion.benchmark_group("imap");
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(MAILBOX));
    group.bench_function("fetched only", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| mailbox::fetched(&server, MAILBOX)).sum());
    });
    group.bench_function("committed and moved", |bencher| {
        // Each time a desk of its own: nobody writes ten mails an hour for long.
        let taken = || mailbox::Reader::open().taken(&server, MAILBOX);
        bencher.iter_custom(|times| (0..times).map(|_| taken()).sum());
    });
    group.finish();
}

/// The outbox emptied of so many mails, each to an address of its own, by a network that costs nothing.
fn delivery(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("delivery");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for count in [1_000, 10_000] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} to as many addresses"), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| deliver(count)).sum());
        });
    }
    group.finish();
}

fn deliver(count: u64) -> Duration {
    let folder = desk::folder();
    let app = desk::app(folder.path());
    queue(&app.store, count);
    let outbox = Outbox {
        store: Arc::clone(&app.store),
        shelf: app.shelf,
        bells: Arc::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Asked to stop from the start, it ends when nothing is due any more.
    let stop = CancellationToken::new();
    stop.cancel();
    let started = Instant::now();
    let network = Arc::new(Quiet("mail"));
    let spoken = speak(outbox, network, stop, CancellationToken::new());
    runtime.block_on(runtime.spawn(spoken)).unwrap().unwrap();
    let elapsed = started.elapsed();
    assert_eq!(app.store.depths().unwrap().outbox, 0);
    elapsed
}

fn queue(store: &Sled, count: u64) {
    let mail = |number| Queued {
        outgoing: Outgoing {
            to: Destination {
                network: "mail".to_owned(),
                address: desk::usager(number),
            },
            body: Body::Mail(Box::new(MailOut {
                subject: "Votre dossier".to_owned(),
                text: "Bonjour.".repeat(100),
                ..MailOut::default()
            })),
        },
        not_before: None,
        dossier: None,
        tag: None,
    };
    let commit = Commit {
        journal: None,
        cause: "a burst".to_owned(),
        at: greffier::clock::now(),
        dossiers: Vec::new(),
        changes: Vec::new(),
        outbox: (0..count).map(mail).collect(),
        unsay: Vec::new(),
        unsay_waiting: Vec::new(),
        receipt: Receipt::of(Verdict::Done),
    };
    store.commit(&commit).unwrap();
    store.flush().unwrap();
}

criterion_group!(benches, mails, imap, deposits, commands, delivery);
criterion_main!(benches);
