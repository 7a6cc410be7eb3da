//! The main job: from the deposit to the decision.

use std::fs;

use super::desk::{ABF, Desk, INES, LINA, PAUL, code};
use super::post::{Mail, Reply};

#[test]
fn a_dossier_goes_from_its_deposit_to_its_decision() {
    let mut desk = Desk::open();
    let (number, receipt) = deposited(&desk);
    taken_in_charge(&mut desk, number, &receipt);
    avis_given(&desk, number, &receipt);
    let answer = usager_answered(&desk, number, &receipt);
    decided(&desk, number, &receipt, &answer);

    assert_eq!(desk.stop(), 0);
    let verified = desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
    // No two mails share their name.
    let mut ids: Vec<String> = desk
        .mails()
        .into_iter()
        .map(|mail| mail.message_id)
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

/// A deposit: the room is told, the usager too.
fn deposited(desk: &Desk) -> (u64, Mail) {
    let number = desk.deposit(LINA, "Nord");
    desk.shown(&format!("Nouveau dossier n° {number}"));
    let receipt = desk.mail(LINA, &format!("n° {number}"));
    assert_eq!(receipt.from, "greffier@greffier.example");
    assert_eq!(receipt.auto_submitted, "auto-generated");
    assert!(receipt.reply_to.starts_with("reponse+"));
    assert!(receipt.reply_to.ends_with("@greffier.example"));
    assert!(receipt.html.contains("<p"));
    (number, receipt)
}

/// Taken by the one who sits in the room, instructed from elsewhere.
fn taken_in_charge(desk: &mut Desk, number: u64, receipt: &Mail) {
    desk.type_line(&format!("suivre {number}"));
    desk.shown("suit ce dossier");
    desk.done(&format!("instruire {number}"), INES);
    desk.shown("passé en instruction");
    let passed = desk.mail(LINA, "instruction");
    assert_eq!(passed.references.first(), receipt.references.first());
    assert_eq!(passed.reply_to, receipt.reply_to);
}

/// An expert is asked, with a file, and answers by mail.
fn avis_given(desk: &Desk, number: u64, receipt: &Mail) {
    let piece = desk.path().join("notice.pdf");
    fs::write(&piece, "%PDF notice").unwrap();
    let line = format!(
        "avis demander {number} {ABF} question=\"Favorable ?\" Le projet respecte-t-il les abords ?"
    );
    let asked = desk.command_with(&line, INES, &[&piece]);
    assert_eq!(asked.code, 0, "{}", asked.text);
    let invitation = desk.mail(ABF, "abords");
    assert!(
        invitation.text.contains("Favorable ?"),
        "{}",
        invitation.text
    );
    assert_eq!(
        invitation.files,
        [("notice.pdf".to_owned(), b"%PDF notice".to_vec())]
    );
    assert_ne!(invitation.reply_to, receipt.reply_to);
    assert_ne!(invitation.references.first(), receipt.references.first());
    assert_eq!(invitation.auto_submitted, "auto-generated");

    let reply = invitation
        .answer(ABF, "Oui\n\nLe colombage est bien conservé.")
        .with_file("rapport.pdf", "%PDF rapport");
    assert_eq!(desk.send(ABF, &invitation.reply_to, &reply.text()), 250);
    let room = desk.shown("colombage est bien conservé");
    assert!(room.contains("Réponse : oui"), "{room}");
    assert!(room.contains("rapport.pdf"), "{room}");
    let avis = desk.done(&format!("avis liste {number}"), INES);
    assert!(avis.to_lowercase().contains("oui"), "{avis}");
    assert!(avis.contains("colombage est bien conservé"), "{avis}");
    assert!(
        !avis.contains("Comment répondre"),
        "the quotation was taken for the answer: {avis}"
    );
    let pieces = desk.done(&format!("pieces {number}"), PAUL);
    assert!(pieces.contains("rapport.pdf"), "{pieces}");
    let told = desk.count(LINA, "conservé");
    assert_eq!(told, 0, "the usager never sees an avis");
}

/// A message leaves five minutes later, and the usager answers with a file.
fn usager_answered(desk: &Desk, number: u64, receipt: &Mail) -> Reply {
    desk.done(
        &format!("message {number} Pouvez-vous joindre le plan ?"),
        INES,
    );
    desk.settled(1);
    assert_eq!(desk.count(LINA, "joindre le plan"), 0, "too early");
    desk.advance(301);
    let message = desk.mail(LINA, "joindre le plan");
    assert_eq!(message.references.first(), receipt.references.first());
    let answer = message
        .answer(LINA, "Voici le plan demandé.")
        .with_file("plan-masse.pdf", "%PDF plan");
    assert_eq!(desk.send(LINA, &message.reply_to, &answer.text()), 250);
    let room = desk.shown("Voici le plan demandé.");
    assert!(room.contains("plan-masse.pdf"), "{room}");
    answer
}

/// The decision, in two steps; somebody else's code is nobody's.
fn decided(desk: &Desk, number: u64, receipt: &Mail, answer: &Reply) {
    let preview = desk.done(
        &format!("accepter {number} Le projet respecte le règlement."),
        INES,
    );
    assert!(
        preview.contains("Le projet respecte le règlement."),
        "{preview}"
    );
    let code = code(&preview);
    desk.refused(&format!("confirmer {code}"), PAUL);
    desk.settled(0);
    assert_eq!(
        desk.count(LINA, "a été accepté"),
        0,
        "confirmed by somebody else"
    );
    desk.done(&format!("confirmer {code}"), INES);
    let decision = desk.mail(LINA, "a été accepté");
    assert!(
        decision.text.contains("Le projet respecte le règlement."),
        "{}",
        decision.text
    );
    assert_eq!(decision.in_reply_to, [answer.message_id()]);
    assert_eq!(decision.references.first(), receipt.references.first());
    assert!(decision.references.contains(&answer.message_id()));
    assert_eq!(decision.reply_to, receipt.reply_to);
    desk.shown(&format!("Dossier n° {number} — accepté par"));
    desk.mail(ABF, "a été accepté");
    desk.refused(&format!("confirmer {code}"), INES);
    desk.settled(0);
    assert_eq!(desk.count(LINA, "a été accepté"), 1, "decided once");
}
