//! 100 000 dossiers written as csv, xlsx and ods: time, size, and the most memory that a process of its own held.
//!
//! `cargo bench --bench export`, with `-- 10000` for fewer. `benches/export/pandas_write.py` does the same in Python.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on stops, and its figures are printed"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Command;
use std::time::Instant;

use greffier::domain::samples::{self, Texts};
use greffier::domain::{Demarche, Dossier, DossierId, Valeur};
use greffier::export::{Table, table};

/// Fields of the form.
const CHAMPS: u64 = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["one", kind, count] = words.as_slice() {
        return one(kind, count.parse().unwrap());
    }
    let count = words.iter().find_map(|word| word.parse::<u64>().ok());
    for kind in ["csv", "xlsx", "ods"] {
        let count = count.unwrap_or(100_000).to_string();
        let here = std::env::current_exe().unwrap();
        Command::new(here)
            .args(["one", kind, &count])
            .status()
            .unwrap();
    }
}

fn one(kind: &str, count: u64) {
    let format = match kind {
        "csv" => Table::Csv,
        "xlsx" => Table::Xlsx,
        _ => Table::Ods,
    };
    let folder = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target")).unwrap();
    let path = folder.path().join("export");
    let (demarche, model) = scene();
    let before = peak();
    let began = Instant::now();
    let dossiers = (0..count).map(|number| Ok(dossier(&model, number)));
    let out = File::create(&path).unwrap();
    table(
        format,
        &demarche,
        dossiers,
        samples::now(),
        folder.path(),
        out,
    )
    .unwrap();
    let took = began.elapsed();
    let megabytes = fs::metadata(&path).unwrap().len() / 1_000_000;
    println!(
        "{kind}: {count} dossiers in {took:.1?}, {megabytes} MB, {} MiB at most ({before} before)",
        peak()
    );
}

/// A démarche of twenty fields and a repeated one, and a dossier with an avis.
fn scene() -> (Demarche, Dossier) {
    let texts = Texts::default();
    let mut demarche = samples::demarche(&texts);
    let model = demarche
        .champs
        .iter()
        .find(|champ| champ.id == "travaux")
        .unwrap()
        .clone();
    demarche.champs.retain(|champ| champ.id == "depenses");
    for number in 0..CHAMPS {
        let mut champ = model.clone();
        champ.id = format!("c{number}");
        champ.libelle = format!("Champ {number}");
        demarche.champs.push(champ);
    }
    let dossiers = samples::dossiers(&texts);
    let (_, dossier) = dossiers
        .into_iter()
        .max_by_key(|(_, dossier)| dossier.avis.len())
        .unwrap();
    (demarche, dossier)
}

/// Half of the fields are text of some fifty characters, a quarter numbers, a quarter days; two rows are repeated.
fn dossier(model: &Dossier, number: u64) -> Dossier {
    let mut dossier = model.clone();
    dossier.number = DossierId(number + 1);
    dossier.champs = (0..CHAMPS)
        .map(|champ| {
            let valeur = match champ % 4 {
                0 | 1 => Valeur::Text(format!(
                    "Réfection de la toiture du bâtiment {number}, travée {champ}"
                )),
                2 => Valeur::Decimal(f64::from(u32::try_from(number).unwrap()) + 0.5),
                _ => Valeur::Date(jiff::civil::Date::constant(2024, 6, 3)),
            };
            (format!("c{champ}"), valeur)
        })
        .collect();
    let row = BTreeMap::from([
        ("nature".to_owned(), Valeur::Text("Ardoises".to_owned())),
        ("montant".to_owned(), Valeur::Integer(12_400)),
    ]);
    dossier
        .champs
        .insert("depenses".to_owned(), Valeur::Rows(vec![row.clone(), row]));
    dossier
}

/// The most memory that this process has held, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
