//! Forms: shown before anything is written, kept for an hour for the one who opened them, and lost to nobody.

use serde_json::json;

use super::fake::Fake;
use super::scene::Office;
use crate::daemon::desk::{PAUL, until};

#[test]
fn a_form_is_shown_whatever_the_disk_does() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (_, thread) = office.deposit();
    let forms = office.bot.path().join("var/discord/forms");
    std::fs::remove_dir_all(&forms).unwrap();
    std::fs::write(&forms, b"").unwrap();
    let file = office
        .ines
        .file("modele.pdf", "application/pdf", b"%PDF modele");
    let form = thread.inside.slash("message", &[("fichier", file)]);
    let (kind, _) = form.acknowledged();
    assert_eq!(kind, 9);
    // While the daemon lives it works as well.
    let answer = form.submit(&[("texte", json!("Voici."))]).answer();
    assert!(answer.text().contains("annuler"), "{}", answer.text());
    thread.shown("modele.pdf");
}

#[test]
fn what_was_written_into_a_form_that_is_too_old_is_given_back() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (_, thread) = office.deposit();
    let file = office
        .ines
        .file("modele.pdf", "application/pdf", b"%PDF modele");
    let form = thread.inside.slash("message", &[("fichier", file)]);
    form.modal();
    office.bot.advance(3_700);
    let answer = form
        .submit(&[("texte", json!("Un *long* texte, @everyone."))])
        .answer();
    assert!(answer.ephemeral);
    assert!(
        answer.text().contains("ouvert trop longtemps"),
        "{}",
        answer.text()
    );
    let written = answer.embeds[0]["description"].as_str().unwrap();
    assert!(
        written.contains("long") && !written.contains("*long*"),
        "{written}"
    );
    assert!(!answer.rung.everyone);
}

#[test]
fn the_form_of_somebody_else_is_of_no_use() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let paul = office.colleague("paul", PAUL);
    let (number, thread) = office.deposit();
    let file = office
        .ines
        .file("secret.pdf", "application/pdf", b"%PDF secret");
    let hers = thread.inside.slash("message", &[("fichier", file)]);
    let stolen = hers.modal()["custom_id"].clone();
    let his = |custom_id: serde_json::Value| {
        let options = [("dossiers", json!(number.to_string()))];
        let his = paul.slash("message", &options);
        his.modal();
        fake.with(|world| {
            let modal = &mut world.interactions.get_mut(&his.id).unwrap().modal;
            modal.as_mut().unwrap()["custom_id"] = custom_id;
        });
        his.submit(&[("texte", json!("Voici."))]).answer()
    };
    let answer = his(stolen);
    assert!(
        answer.text().contains("rien n'a été fait"),
        "{}",
        answer.text()
    );
    // Neither does an id by itself stand for a file.
    let url = format!("http://{}/attachments/1/2/a", fake.address());
    let forged = json!({ "line": format!("message {number}"), "files": [{ "url": url }] });
    his(json!(format!("v1:{forged}")));
    for odd in [
        "f1.../../interactions/1",
        "f1.",
        "v1./etc/passwd",
        "v1:",
        "",
    ] {
        let answer = his(json!(odd));
        assert!(
            !answer.text().contains("annuler"),
            "{odd}: {}",
            answer.text()
        );
    }
    office.bot.quiet();
    assert_eq!(fake.count("GET", "/attachments/"), 0);
    assert!(thread.inside.with("Voici.").is_empty());
    // It is still good for her.
    let answer = hers.submit(&[("texte", json!("Le plan."))]).answer();
    assert!(answer.text().contains("annuler"), "{}", answer.text());
    thread.shown("secret.pdf");
}

#[test]
fn somebody_who_opens_forms_fills_no_disk() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let stranger = office.guild.member("inconnu");
    let seat = stranger.at(office.channel);
    for number in 1..=30 {
        let file = stranger.file("a.pdf", "application/pdf", b"%PDF a");
        let options = [("dossiers", json!(number.to_string())), ("fichier", file)];
        seat.slash("message", &options).modal();
    }
    office.bot.quiet();
    let forms = office.bot.path().join("var/discord/forms");
    // Those that are over are swept away within seconds.
    until("few are kept", || {
        (std::fs::read_dir(&forms).unwrap().count() <= 8).then_some(())
    });
    let lines = office.bot.path().join("var/discord/lines");
    assert_eq!(std::fs::read_dir(lines).unwrap().count(), 0);
}
