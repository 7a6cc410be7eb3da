//! A decision that takes two, in a Discord channel: one button proposes it, somebody else's takes it.

use std::fs;

use serde_json::json;

use super::fake::Fake;
use super::scene::Office;
use crate::daemon::desk::PAUL;

#[test]
fn two_people_press_for_a_decision() {
    let fake = Fake::start();
    let office = Office::open_changed(
        &fake,
        "privacy_acknowledged = true\ndirect = \"full\"",
        "privacy = \"full\"",
        |bot| {
            let file = bot.path().join("demarches/101.toml");
            let demarche = fs::read_to_string(&file).unwrap();
            fs::write(file, format!("four_eyes = true\n{demarche}")).unwrap();
        },
    );
    let paul = office.colleague("paul", PAUL);
    let (number, thread) = office.deposit();
    let preview = office
        .room
        .slash(
            "accepter",
            &[
                ("dossiers", json!(number.to_string())),
                ("motivation", json!("Rien à conserver.")),
            ],
        )
        .answer();
    assert!(
        preview.text().contains("Cette décision se prend à deux"),
        "{}",
        preview.text()
    );
    office.room.press(preview.id, "Confirmer").acknowledged();
    let proposal = office.room.shown(0, "Un autre instructeur du groupe");
    assert_eq!(proposal.buttons(), ["Confirmer", "Annuler"]);
    // Who proposed it cannot take it.
    let answer = office.room.press(proposal.id, "Confirmer").answer();
    assert!(
        answer.text().contains("Vous avez proposé cette décision"),
        "{}",
        answer.text()
    );
    paul.press(proposal.id, "Confirmer").acknowledged();
    thread.becomes("Accepté");
    let ended = office.room.find(0, "the end of the proposal", |seen| {
        let ours = seen.id == proposal.id && seen.text().contains("Confirmé par paul");
        ours.then(|| seen.clone())
    });
    assert!(ended.buttons().is_empty(), "{:?}", ended.buttons());
    office.bot.quiet();
}
