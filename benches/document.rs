//! What is printed: a dossier, a very large one, an attestation, a picture; and the figures of a million dossiers.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use greffier::document::{Chart, Press, Print, Reader, Theme};
use greffier::domain::samples::{self, Texts};
use greffier::domain::stats::Tally;
use greffier::domain::{Dossier, Valeur};

fn accepted(texts: &Texts) -> Dossier {
    let mut dossiers = samples::dossiers(texts).into_iter();
    dossiers.find(|(name, _)| *name == "accepted").unwrap().1
}

fn large(texts: &Texts) -> Dossier {
    let mut dossier = accepted(texts);
    let lines: Vec<String> = (1..=2000).map(|n| format!("Ligne {n}.")).collect();
    let row = |n: i64| {
        BTreeMap::from([
            ("nature".to_owned(), Valeur::Text(format!("Poste {n}"))),
            ("montant".to_owned(), Valeur::Integer(n * 1000)),
        ])
    };
    let rows = (1..=300).map(row).collect();
    dossier
        .champs
        .insert("travaux".to_owned(), Valeur::Text(lines.join("\n")));
    dossier
        .champs
        .insert("depenses".to_owned(), Valeur::Rows(rows));
    dossier
}

fn document(criterion: &mut Criterion) {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let press = Press::embedded();
    let (dossier, large) = (accepted(&texts), large(&texts));
    let mut group = criterion.benchmark_group("document");
    group.sample_size(20);
    group.bench_function("load the templates and fonts", |bencher| {
        bencher.iter(|| black_box(Press::embedded()));
    });
    for (name, dossier) in [
        ("a dossier of 3 pages", &dossier),
        ("a dossier of 49 pages", &large),
    ] {
        let print = Print {
            dossier,
            demarche: &demarche,
            reader: Reader::Instructeur,
            at: samples::now(),
            by: None,
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(press.dossier(&print).unwrap()));
        });
    }
    group.bench_function("an attestation", |bencher| {
        bencher.iter(|| black_box(press.attestation(&dossier, &demarche).unwrap()));
    });
    let mut tally = Tally::new(samples::now());
    for (_, dossier) in samples::dossiers(&texts) {
        tally.add(&dossier);
    }
    let figures = tally.figures();
    for chart in Chart::ALL {
        group.bench_function(format!("the picture {}", chart.nom()), |bencher| {
            bencher.iter(|| {
                black_box(
                    press
                        .chart(chart, &figures, &demarche, Theme::Light)
                        .unwrap(),
                )
            });
        });
    }
    group.bench_function("add a dossier to the figures", |bencher| {
        bencher.iter(|| tally.add(black_box(&dossier)));
    });
    group.finish();
}

criterion_group!(benches, document);
criterion_main!(benches);
