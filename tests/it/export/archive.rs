//! What stands in a zip.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use greffier::domain::Piece;
use greffier::domain::{Valeur, samples};
use greffier::export;
use greffier::shelf::Shelf;
use greffier::store::pieces::Pieces;

fn piece(shelf: &Pieces, name: &str, media_type: &str, content: &[u8]) -> Piece {
    Piece {
        hash: shelf.keep(content).unwrap(),
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        bytes: content.len() as u64,
    }
}

#[test]
fn an_archive_has_a_folder_for_each_dossier_and_nothing_outside() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Pieces::open(folder.path()).unwrap();
    let mut dossier = samples::dossiers(&samples::Texts::default())[0].1.clone();
    dossier.messages.clear();
    dossier.avis.clear();
    dossier.annotations.clear();
    dossier.decided = None;
    let lost = Piece {
        hash: "ab".repeat(32),
        ..piece(&shelf, "perdu.pdf", "application/pdf", b"?")
    };
    let pieces = vec![
        piece(&shelf, "plan.pdf", "application/pdf", b"un plan"),
        piece(&shelf, "Plan.pdf", "application/pdf", b"un autre"),
        piece(&shelf, "../../../etc/passwd", "text/plain", b"root"),
        piece(&shelf, "C:\\Windows\\con.txt", "text/plain", b"con"),
        lost,
        Piece::remote(
            "bWQ1",
            "notice.pdf".to_owned(),
            "application/pdf".to_owned(),
            3,
        ),
    ];
    dossier.champs = BTreeMap::from([("plan".to_owned(), Valeur::Pieces(pieces))]);
    let other = greffier::domain::Dossier {
        number: greffier::domain::DossierId(4808),
        ..dossier.clone()
    };
    let mut out = Cursor::new(Vec::new());
    let mut print =
        |dossier: &greffier::domain::Dossier| Ok(format!("%PDF {}", dossier.number).into_bytes());
    let at = "2024-06-03T08:05:00Z".parse().unwrap();
    let dossiers = [dossier, other].into_iter().map(Ok);
    let archived = export::archive(dossiers, &shelf, &mut print, at, &mut out).unwrap();
    assert_eq!((archived.dossiers, archived.missing), (2, 2));
    assert_eq!(archived.elsewhere, 2);
    let mut zip = zip::ZipArchive::new(out).unwrap();
    let mut found = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        assert!(file.enclosed_name().is_some());
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        found.insert(file.name().unwrap().into_owned(), content);
    }
    let of = |number: u64, name: &str| format!("dossier-{number}/{name}");
    for number in [4807, 4808] {
        let expected = [
            (
                "export-{}-03-06-2024-10-05.pdf".replace("{}", &number.to_string()),
                format!("%PDF {number}"),
            ),
            (
                "pieces_justificatives/plan.pdf".to_owned(),
                "un plan".to_owned(),
            ),
            (
                "pieces_justificatives/Plan (2).pdf".to_owned(),
                "un autre".to_owned(),
            ),
            ("pieces_justificatives/passwd".to_owned(), "root".to_owned()),
            (
                "pieces_justificatives/_con.txt".to_owned(),
                "con".to_owned(),
            ),
        ];
        for (name, content) in expected {
            assert_eq!(found.remove(&of(number, &name)), Some(content), "{name}");
        }
    }
    let missing = found.remove("fichiers-manquants.txt").unwrap();
    assert_eq!(missing.lines().count(), 2);
    assert!(missing.contains("dossier-4808/pieces_justificatives/perdu.pdf"));
    let elsewhere = found.remove("fichiers-sur-la-plateforme.txt").unwrap();
    assert!(elsewhere.contains("dossier-4808/pieces_justificatives/notice.pdf"));
    assert!(elsewhere.contains("« piece »"), "{elsewhere}");
    assert!(found.is_empty(), "{:?}", found.keys());
}
