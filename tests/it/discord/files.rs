//! Files sent with a command: whose, when they are fetched, and what becomes of them when the daemon dies meanwhile.

use serde_json::{Value, json};

use super::fake::Fake;
use super::fake::asked::Asked;
use super::fake::fault::{Failure, Gate};
use super::scene::{Office, Thread};
use crate::daemon::desk::{LINA, until};

/// Where files are had.
const FILES: &str = "/attachments/";

/// A message to the usager with a file.
fn message<'a>(office: &Office<'a>, thread: &Thread<'a>, text: &str) -> Asked<'a> {
    let file = office
        .ines
        .file("modele.pdf", "application/pdf", b"%PDF modele");
    let options = [("texte", json!(text)), ("fichier", file)];
    thread.inside.slash("message", &options)
}

#[test]
fn a_line_whose_files_are_not_here_yet_outlives_the_daemon() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (_, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let gate = Gate::default();
    fake.fail("GET", FILES, 1, Failure::HeldBefore(gate.clone()));
    let asked = message(&office, &thread, "Bonjour, voici le modèle.");
    asked.acknowledged();
    kept(&office, "\"asked\":{");
    // What was heard is not told again.
    fake.forget_sessions();
    office.bot.kill();
    gate.open();
    office.bot.start();
    let answer = asked.answer();
    assert!(answer.text().contains("annuler"), "{}", answer.text());
    thread.shown("modele.pdf");
    office.bot.settled(1);
    office.bot.advance(301);
    office.bot.mail(LINA, "Bonjour, voici le modèle.");
    assert_eq!(thread.inside.with("voici le modèle").len(), 1);
}

#[test]
fn a_line_that_lay_too_long_is_said_to_be_too_late() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (_, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let gate = Gate::default();
    fake.fail("GET", FILES, 1, Failure::HeldBefore(gate.clone()));
    message(&office, &thread, "Bonjour, voici le modèle.").acknowledged();
    kept(&office, "\"asked\":{");
    fake.forget_sessions();
    office.bot.kill();
    gate.open();
    for path in notes(&office) {
        let mut note: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if !note["asked"].is_null() {
            note["at"] = json!("2024-06-03T08:00:00Z");
            std::fs::write(&path, note.to_string()).unwrap();
        }
    }
    let before = fake.count("GET", FILES);
    office.bot.start();
    thread.shown("arrivée trop tard");
    office.bot.quiet();
    assert_eq!(fake.count("GET", FILES), before);
    assert!(thread.inside.with("voici le modèle").is_empty());
    assert_eq!(office.bot.count(LINA, "voici le modèle"), 0);
}

#[test]
fn nothing_is_fetched_for_a_stranger() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    let stranger = office.guild.member("inconnu");
    let file = stranger.file("virus.pdf", "application/pdf", b"%PDF virus");
    let options = [
        ("dossiers", json!(number.to_string())),
        ("texte", json!("Bonjour.")),
        ("fichier", file),
    ];
    let refused = stranger.at(office.channel).slash("message", &options);
    let answer = refused.answer();
    assert!(
        answer.text().contains("pas encore relié"),
        "{}",
        answer.text()
    );
    assert_eq!(fake.count("GET", FILES), 0);
    message(&office, &thread, "Bonjour.").answer();
    assert_eq!(fake.count("GET", FILES), 1);
}

#[test]
fn a_file_that_is_slow_to_come_holds_back_nobody_else_in_the_room() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, _) = office.deposit();
    let rose = office.colleague("paul", crate::daemon::desk::PAUL);
    let gate = Gate::default();
    fake.fail("GET", FILES, 1, Failure::HeldBefore(gate.clone()));
    // A stranger's is not waited for at all, for it is not fetched.
    let stranger = office.guild.member("inconnu");
    let file = stranger.file("virus.pdf", "application/pdf", b"%PDF virus");
    let options = [
        ("dossiers", json!(number.to_string())),
        ("texte", json!("Bonjour.")),
        ("fichier", file),
    ];
    stranger
        .at(office.channel)
        .slash("message", &options)
        .acknowledged();
    let answer = rose.slash("statut", &[]).answer();
    assert!(answer.text().contains("paul"), "{}", answer.text());
    gate.open();
}

/// The notes of interactions.
fn notes(office: &Office<'_>) -> Vec<std::path::PathBuf> {
    let folder = office.bot.path().join("var/discord/interactions");
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect()
}

/// Waits until a note that holds `text` is on disk.
fn kept(office: &Office<'_>, text: &str) {
    until("it is kept", || {
        let mut notes = notes(office).into_iter();
        notes.find(|path| std::fs::read_to_string(path).is_ok_and(|note| note.contains(text)))
    });
}
