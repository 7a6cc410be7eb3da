//! The end of a dossier: notice, trash, purge, and nothing left.

use std::fs;
use std::path::Path;

use super::desk::{ABF, Desk, INES, LINA, ROSE};

/// What nothing may keep.
const PERSONAL: [&str; 5] = ["Moreau", "lina.", "colombage", "plan-masse", ABF];

const DAY: i64 = 24 * 3600;

#[test]
fn a_dossier_expires_is_purged_and_leaves_nothing_personal() {
    let mut desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    let reply = mail
        .answer(LINA, "Bonjour, voici le plan.")
        .with_file("plan-masse.pdf", "%PDF colombage");
    assert_eq!(desk.send(LINA, &mail.reply_to, &reply.text()), 250);
    let stranger = mail.answer("voisin@ailleurs.example", "Bonjour, et moi.");
    assert_eq!(
        desk.send("voisin@ailleurs.example", &mail.reply_to, &stranger.text()),
        250
    );
    desk.done(
        &format!("avis demander {number} {ABF} Bonjour, qu'en dites-vous ?"),
        INES,
    );
    desk.confirmed(&format!("accepter {number} Beau colombage."), INES);
    desk.mail(LINA, "accepté");

    desk.advance(18 * DAY);
    desk.mail(LINA, "supprimé");
    desk.settled(0);
    let before = desk.room();
    desk.advance(14 * DAY);
    let expired = desk.shown_after(&before, "n° 1");
    assert!(desk.done("dossiers supprimes", INES).contains("n° 1") || expired.contains("n° 1"));
    desk.settled(0);
    let before = desk.room();
    desk.advance(15 * DAY);
    desk.shown_after(&before, "n° 1");
    desk.settled(0);
    let entry = desk.done(&format!("dossier {number}"), INES);
    assert!(entry.contains("Purgé le") && entry.contains("fin de la durée de conservation"));
    for part in ["messages", "pieces", "avis liste", "historique"] {
        desk.refused(&format!("{part} {number}"), INES);
    }
    desk.refused(&format!("dossier {number}"), ROSE);
    // A late answer of the usager finds nobody.
    let late = mail.answer(LINA, "Bonjour, et mon dossier ?");
    assert_eq!(desk.send(LINA, &mail.reply_to, &late.text()), 250);
    desk.mail(LINA, "n'a pas été remis");
    desk.settled(0);
    desk.done("quarantaine rejeter 2", super::desk::CHEFFE);

    // Receipts are kept for a month, so that what is heard again is answered again; a rejected mail for a year.
    desk.advance(366 * DAY);
    desk.settled(0);
    desk.advance(DAY);
    desk.settled(0);
    let verified = desk.run(&["store", "verify"], b"");
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    assert_eq!(desk.stop(), 0);
    let export = desk.run(&["store", "export"], b"").stdout;
    // sled's log keeps what was deleted until it uses the place again; a store made anew from a backup has none of it.
    fs::remove_dir_all(desk.path().join("var/store/ledger")).unwrap();
    let other = Desk::closed();
    let import = other.run(&["store", "import"], &export);
    assert_eq!(import.status.code(), Some(0), "{import:?}");
    for word in PERSONAL {
        for desk in [&desk, &other] {
            let left = holding(&desk.path().join("var"), word.as_bytes());
            assert!(left.is_empty(), "{word} is left in {left:?}");
        }
    }
}

/// The files under `folder` that hold `word`.
fn holding(folder: &Path, word: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, word));
        } else if fs::read(&path)
            .is_ok_and(|octets| octets.windows(word.len()).any(|part| part == word))
        {
            found.push(path.display().to_string());
        }
    }
    found
}
