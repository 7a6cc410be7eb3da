//! Reading mails: a corpus as fast as it goes, and hostile mails one by one.
//!
//! The corpus is every `*.eml` under the folder that `GREFFIER_BENCH_MAILS` names, else `../shared/mailbench/corpus`,
//! else `tests/data/mail`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on stops, and its figures are printed"
)]

mod hostile;

use std::ffi::OsStr;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use greffier::mail::{Own, understand};

/// What reading one mail may take.
const LONGEST: Duration = Duration::from_millis(50);

fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("GREFFIER_BENCH_MAILS").map(PathBuf::from);
    let shared = here.join("../shared/mailbench/corpus");
    named
        .or_else(|| shared.is_dir().then_some(shared))
        .unwrap_or_else(|| here.join("tests/data/mail"))
}

fn read_mails(folder: &Path, mails: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_mails(&path, mails);
        } else if path.extension() == Some(OsStr::new("eml")) {
            mails.push(fs::read(path).unwrap());
        }
    }
}

fn corpus(criterion: &mut Criterion) {
    let own = Own::default();
    let mut mails = Vec::new();
    read_mails(&folder(), &mut mails);
    let octets: usize = mails.iter().map(Vec::len).sum();
    println!("{} mails, {octets} octets", mails.len());
    let mut group = criterion.benchmark_group("mail");
    group.throughput(Throughput::Elements(mails.len() as u64));
    group.bench_function("corpus", |bencher| {
        bencher.iter(|| {
            for raw in &mails {
                black_box(understand(raw, &own));
            }
        });
    });
    group.finish();
}

/// Not for criterion: what counts is the slowest of many mails, each at its best of five.
fn hostile(_: &mut Criterion) {
    let own = Own::default();
    let mut taken: Vec<_> = hostile::mails()
        .iter()
        .map(|mail| (time(&mail.raw, &own), mail.raw.len(), mail.name))
        .collect();
    taken.sort();
    let late = taken.iter().filter(|(time, ..)| *time > LONGEST).count();
    for (time, octets, name) in taken.iter().rev().take(10) {
        println!("{time:>12.2?} {octets:>9} octets: {name}");
    }
    println!(
        "{} hostile mails, {late} of them beyond {LONGEST:?}",
        taken.len()
    );
}

fn time(raw: &[u8], own: &Own) -> Duration {
    let once = || {
        let start = Instant::now();
        black_box(understand(raw, own));
        start.elapsed()
    };
    (0..5).map(|_| once()).min().unwrap()
}

criterion_group!(benches, corpus, hostile);
criterion_main!(benches);
