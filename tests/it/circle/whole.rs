//! A dossier from its deposit to its decision, with everybody but the instructeur at a real mailbox.

use super::client::file;
use super::stage::{Between, MAILBOX, Stage, Way, stage};
use crate::daemon::desk::{ABF, INES, LINA, plain};
use crate::servers::{CLIENT, until};

const PLAN: &str = "Plan de façade – côté été (n° 2).pdf";
const PHOTO: &str = "Détail d’une lucarne.png";

fn circle(way: Way) {
    let Some(mut stage) = stage(way, "") else {
        return;
    };
    stage.start(&Between::default());
    let number = stage.desk.deposit(LINA, "Nord");
    stage.desk.type_line(&format!("instruire {number}"));
    stage.desk.type_line(&format!(
        "avis demander {number} {ABF} question=\"Favorable ?\" Bonjour, qu’en dites-vous ?"
    ));
    avis(&stage);
    usager(&stage, number);
    decision(&stage, number);
    stage.desk.settled(0);
    if way == Way::Imap {
        let mut mailbox = stage.dovecot.client_of(MAILBOX, CLIENT);
        until("all mail is dealt with", || {
            (mailbox.count("INBOX") == 0).then_some(())
        });
        assert_eq!(mailbox.count("Trait&AOk-"), 2);
        assert_eq!(mailbox.count("Quarantaine"), 0);
    }
    assert_eq!(stage.desk.stop(), 0);
}

/// The expert is asked, and answers.
fn avis(stage: &Stage) {
    let asked = stage.client.read(ABF, "qu'en dites-vous");
    assert_eq!(asked["auto_submitted"], "auto-generated");
    assert!(asked["html"].as_str().unwrap().contains("qu'en dites-vous"));
    let photo = file(PHOTO, "image/png", b"\x89PNG\r\n\x1a\n lucarne");
    let text = "Oui, sous réserve que les lucarnes soient en ardoise.\n\nLe reste est conforme.";
    stage
        .client
        .reply(ABF, "qu'en dites-vous", "avis", text, &[photo]);
    stage.desk.shown("avis n° 1 rendu");
    let room = stage.desk.shown(&plain(PHOTO));
    assert!(room.contains("Réponse : oui"), "{room}");
    assert!(room.contains("lucarnes soient en ardoise."), "{room}");
    assert!(room.contains("Le reste est conforme."), "{room}");
    assert!(!room.contains("a écrit"), "the quotation is shown: {room}");
}

/// The usager answers the receipt, with a file.
fn usager(stage: &Stage, number: u64) {
    let plan = file(PLAN, "application/pdf", b"%PDF-1.4 le plan");
    let text = "Bonjour,\n\nvoici le plan demandé.";
    stage
        .client
        .reply(LINA, &format!("n° {number}"), "plan", text, &[plan]);
    stage.desk.shown("voici le plan demandé.");
    stage.desk.shown(&plain(PLAN));
    let messages = stage.desk.done(&format!("messages {number}"), INES);
    assert_eq!(messages.matches("voici le plan demandé.").count(), 1);
    assert!(!messages.contains("a écrit"), "{messages}");
}

/// The dossier is decided on, and both are told, in the thread that they know.
fn decision(stage: &Stage, number: u64) {
    stage
        .desk
        .confirmed(&format!("accepter {number} Beau colombage."), INES);
    for (person, first) in [
        (LINA, format!("n° {number}")),
        (ABF, "qu'en dites".to_owned()),
    ] {
        let told = stage.client.read(person, "a été accepté");
        let thread = stage.client.read(person, &first)["references"].clone();
        assert_eq!(told["references"][0], thread[0], "another thread");
        let twice = stage.client.all(person, "INBOX");
        let twice = twice
            .iter()
            .filter(|mail| mail["message_id"] == told["message_id"]);
        assert_eq!(twice.count(), 1);
    }
}

#[test]
fn the_circle_closes_by_imap() {
    circle(Way::Imap);
}

#[test]
fn the_circle_closes_by_lmtp() {
    circle(Way::Lmtp);
}
