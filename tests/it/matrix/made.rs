//! What takes long to make, in an encrypted room: charts with their words, an export, a dossier as a document.

use super::client::{People, Room, Seen};
use super::scene::Office;
use crate::servers::synapse::shared_synapse;

/// The message that brings a file whose name ends so.
fn file(room: &Room<'_>, mark: usize, ending: &str) -> Seen {
    room.find(mark, ending, |seen| {
        let named = seen.filename.as_deref()?.ends_with(ending);
        (named && seen.file.is_some()).then(|| seen.clone())
    })
}

#[test]
fn charts_exports_and_documents_come_encrypted_to_whoever_asks() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "atelier", true);
    let (number, _) = office.deposit();
    office.bot.quiet();
    // The charts, each a picture whose words say its figures.
    let mark = office.room.mark();
    let asked = office.room.say("!stats theme=sombre");
    office.room.reacted(&asked, "⏳");
    office.room.shown(mark, "Temps de traitement usuel");
    for name in [
        "temps-de-traitement.png",
        "avancee.png",
        "taux-d-acceptation.png",
        "repartition-par-semaine.png",
    ] {
        let seen = file(&office.room, mark, name);
        assert!(seen.encrypted && seen.msgtype.as_deref() == Some("m.image"));
        assert!(seen.text().len() > name.len() + 10, "{}", seen.text());
        let drawn = office.room.picture(seen.file.as_ref().unwrap());
        assert_eq!(drawn.size, (1600, 1000));
    }
    // An export and a document, in private: the tables of a spreadsheet, the pages of a PDF.
    let mark = office.direct.mark();
    office.direct.say("exporter xlsx");
    let table = office.direct.fetch(&file(&office.direct, mark, ".xlsx"));
    assert!(table.starts_with(b"PK"));
    office.direct.say(&format!("pdf {number}"));
    let pages = office.direct.fetch(&file(&office.direct, mark, ".pdf"));
    assert!(pages.starts_with(b"%PDF"));
    office.bot.quiet();
    assert!(office.direct.timeline().iter().all(|seen| !seen.sealed));
}
