//! An act on several dossiers from a Discord channel.

use serde_json::json;

use super::fake::Fake;
use super::scene::Office;
use crate::daemon::desk::LINA;

#[test]
fn several_dossiers_are_taken_by_one_button_and_one_message_tells_of_it() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    for _ in 0..11 {
        office.bot.deposit(LINA, "Nord");
    }
    office.deposit();
    office.bot.quiet();
    let asked = office
        .room
        .slash("suivre", &[("dossiers", json!("1-12"))])
        .answer();
    assert!(
        asked.text().contains("suivre 12 dossiers"),
        "{}",
        asked.text()
    );
    assert_eq!(asked.buttons(), ["Confirmer", "Annuler"]);
    office.room.press(asked.id, "Confirmer").acknowledged();
    let report = office.room.find(0, "the report", |seen| {
        seen.text()
            .contains("12 faits sur 12")
            .then(|| seen.clone())
    });
    assert!(report.edited.is_some(), "it is the message of the progress");
    assert!(report.buttons().is_empty(), "{:?}", report.buttons());
    let table = office.room.find(0, "the table", |seen| {
        let file = seen.files.first()?;
        file.name.starts_with("rapport-").then(|| file.clone())
    });
    assert!(table.name.contains(".csv"), "{}", table.name);
    office.bot.quiet();
    assert!(office.room.with("suit ce dossier").is_empty());
}
