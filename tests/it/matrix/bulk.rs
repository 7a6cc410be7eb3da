//! An act on several dossiers from a Matrix room: confirmed by a reaction, one message that is edited, the report as a file.

use super::client::People;
use super::scene::Office;
use crate::daemon::desk::LINA;
use crate::servers::synapse::shared_synapse;

/// Dossiers of the act: more than are told without a file.
const DOSSIERS: usize = 12;

#[test]
fn a_dozen_dossiers_are_taken_by_one_reaction() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "nombre", true);
    for _ in 0..DOSSIERS {
        office.bot.deposit(LINA, "Nord");
    }
    office.room.shown(0, "Nouveau dossier n° 12");
    office.bot.quiet();
    let mark = office.room.mark();
    office.room.say("!suivre 1-12, 40");
    let preview = office.room.shown(mark, "suivre 12 dossiers");
    assert!(preview.text().contains("40"), "{}", preview.text());
    office.room.react(&preview.id, "✅");
    // What was confirmed says that it goes on, and then that it is done.
    office.room.reacted(&preview.id, "⏳");
    let report = office.room.shown(mark, "12 faits sur 12");
    let first = report
        .edits
        .clone()
        .expect("it stands in the place of the progress");
    let progress = office.room.with("0 sur 12");
    assert_eq!(progress.len(), 1);
    assert_eq!(progress[0].id, first);
    assert!(report.text().contains("1-12"), "{}", report.text());
    let file = office.room.find(mark, "the table", |seen| {
        let name = seen.filename.as_deref()?;
        (name.starts_with("rapport-") && seen.file.is_some()).then(|| seen.clone())
    });
    let table = String::from_utf8(office.room.fetch(&file)).unwrap();
    let rows: Vec<&str> = table.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(rows.len(), DOSSIERS + 1, "{table}");
    assert_eq!(rows[0], "numéro;acte;résultat;motif");
    assert_eq!(rows[1], "1;suivre;fait;");
    office.room.reacted(&preview.id, "☑️");
    // The cards follow, and no notice of each.
    office.room.find(mark, "the last card", |seen| {
        let text = seen.text();
        (seen.edits.is_some() && text.contains("n° 12") && text.contains("Suivi par")).then_some(())
    });
    office.bot.quiet();
    assert!(office.room.with("suit ce dossier").is_empty());
}
