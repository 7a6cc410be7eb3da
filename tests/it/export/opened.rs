//! What `LibreOffice` and pandas read in a table.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use greffier::export::{self, Table};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::scene::{HOSTILE, demarche, dossiers};

/// Program and format, then sheet, then rows.
type Read = BTreeMap<String, BTreeMap<String, Vec<Vec<Value>>>>;

const SHEETS: [&str; 5] = [
    "Avis",
    "Dossiers",
    "Dossiers (2)",
    "Entreprises 1 qui feront le (2)",
    "Entreprises 1 qui feront les tr",
];

#[test]
fn libreoffice_and_pandas_read_what_was_written_and_calculate_nothing() {
    let Some(python) = environment() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/export/read.py");
    let done = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let read: Read = serde_json::from_slice(&done.stdout).unwrap();
    for (program, sheets) in &read {
        let csv = program.ends_with("csv");
        let mut names: Vec<&str> = sheets.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            if csv { &SHEETS[1..2] } else { &SHEETS[..] },
            "{program}"
        );
        look(program, &sheets["Dossiers"], csv);
        if !csv {
            let rows = &sheets["Entreprises 1 qui feront les tr"];
            assert_eq!(rows.len(), 1 + 2 * dossiers().len(), "{program}");
            assert_eq!(rows[1][..2], [json!(1.0), json!(1.0)]);
            assert_eq!(rows[2][3], json!(-2.0));
            let avis = &sheets["Avis"];
            assert_eq!(avis[0][0], json!("Dossier ID"));
            assert!(avis.len() > dossiers().len());
        }
    }
    assert_eq!(read.len(), 6);
}

/// The sheet of dossiers, as some program has read it.
fn look(program: &str, rows: &[Vec<Value>], csv: bool) {
    let apostrophe = if csv { "'" } else { "" };
    let column = |label: &str| rows[0].iter().position(|found| found == label).unwrap();
    assert_eq!(rows.len(), 1 + dossiers().len(), "{program}");
    let heading = format!("{apostrophe}=Texte");
    for (number, row) in rows[1..].iter().enumerate() {
        let at = |label: &str| &row[column(label)];
        let id = u32::try_from(number + 1).unwrap();
        assert_eq!(*at("ID"), json!(f64::from(id)), "{program}");
        let texts = [
            at(&heading),
            at("surface (3)"),
            at("Motivation de la décision"),
        ];
        let kept = texts.map(|text| text.as_str().unwrap_or_default());
        match HOSTILE.get(number) {
            Some(hostile) => {
                for kept in kept {
                    assert_eq!(plain(kept), plain(&expected(hostile, csv)), "{program}");
                }
            }
            None => assert!(
                kept[0].encode_utf16().count() <= 32_768 && kept[0].ends_with("[suite coupée]"),
                "{program}: {}",
                kept[0].len()
            ),
        }
        assert_eq!(*at("Surface"), json!(-12.5), "{program}");
        assert_eq!(*at("Nombre"), json!(1_234_567.0), "{program}");
        assert_eq!(*at("Surface (2)"), "Oui");
        assert_eq!(*at("Choix"), "Toit, Murs");
        assert_eq!(*at("Ancien"), "14/07/1789");
        assert_eq!(*at("Téléphone"), "0320000000", "{program}");
        assert_eq!(*at("SIRET"), "00032932000007", "{program}");
        // A csv does not say what is a day; LibreOffice sees it, pandas is to be told.
        if program != "pandas csv" {
            for day in ["Début", "Déposé le"] {
                let date = at(day)["date"].as_str().unwrap_or_default();
                assert!(date.contains("2024"), "{program}: {day} is {}", at(day));
            }
        }
    }
}

/// What is to be read where `hostile` was written.
fn expected(hostile: &str, csv: bool) -> String {
    let calculated = hostile.trim_start().starts_with(['=', '+', '-', '@']);
    let apostrophe = if csv && calculated { "'" } else { "" };
    format!("{apostrophe}{hostile}").replace(['\0', '\u{7}', '\u{ffff}'], "")
}

/// pandas forgets the ends of lines and the tabs of ods, and openpyxl does not read the escapes of ECMA-376, 22.9.2.19.
fn plain(text: &str) -> String {
    text.replace(['\n', '\t'], "").replace("_x005F_", "_")
}

fn write(folder: &Path) {
    let at: Timestamp = "2024-09-02T08:00:00Z".parse().unwrap();
    for (kind, ending) in [
        (Table::Csv, "csv"),
        (Table::Xlsx, "xlsx"),
        (Table::Ods, "ods"),
    ] {
        let out = File::create(folder.join(format!("export.{ending}"))).unwrap();
        let dossiers = dossiers().into_iter().map(Ok);
        let written = export::table(kind, &demarche(), dossiers, at, folder, out).unwrap();
        assert_eq!(written, super::scene::dossiers().len() as u64);
    }
}

/// The Python of the tests of exports, where `LibreOffice` is installed too. None where one is absent: the reason is
/// printed, and the test passes by doing nothing. With `GREFFIER_REQUIRE_SERVERS=1` it fails instead.
fn environment() -> Option<PathBuf> {
    let folder = std::env::var_os("GREFFIER_EXPORT_VENV")
        .map_or_else(|| "target/venv-export".into(), PathBuf::from);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let why = if !folder.join("made-of").exists() {
        "there is no pandas: tests/export/venv makes the environment in target/venv-export or $GREFFIER_EXPORT_VENV"
    } else if Command::new("soffice").arg("--version").output().is_err() {
        "LibreOffice is not installed: apt-get install libreoffice-calc"
    } else {
        return Some(folder.join("bin/python"));
    };
    assert!(
        std::env::var("GREFFIER_REQUIRE_SERVERS").as_deref() != Ok("1"),
        "{why}"
    );
    eprintln!("Skipped: {why}");
    None
}
