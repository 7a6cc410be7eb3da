//! A dossier deposited and corrected by mail, from an empty mail on.

use std::fs;

use super::desk::{Desk, LINA};

#[test]
fn an_empty_mail_becomes_a_dossier_with_its_file_and_a_correction() {
    let mut desk = Desk::closed();
    let file = desk.path().join("demarches/101.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("conservation_mois = 1", "depot_par_mail = true");
    fs::write(&file, text).unwrap();
    desk.start();

    // A démarche that takes no mail has no address.
    let empty = format!(
        "From: <{LINA}>\r\nTo: <depot+101@greffier.example>\r\nMessage-ID: <vide@poste.example>\r\n\r\n\r\n"
    );
    assert_eq!(desk.send(LINA, "depot+102@greffier.example", &empty), 550);
    assert_eq!(desk.send(LINA, "depot+101@greffier.example", &empty), 250);
    let form = desk.mail(LINA, "Formulaire");
    assert!(form.text.contains("Secteur"), "{}", form.text);
    assert!(form.html.contains("Secteur"));
    assert_eq!(form.auto_submitted, "auto-replied");

    // Half of it, with the file.
    let reply = form
        .answer(LINA, "Nom : Morel\nSecteur : 2")
        .with_file("plan.pdf", "%PDF-1.4 plan");
    assert_eq!(desk.send(LINA, &form.reply_to, &reply.text()), 250);
    let faults = desk.mail(LINA, "pas encore déposé");
    assert!(faults.text.contains("Travaux"), "{}", faults.text);
    assert!(faults.text.contains("plan.pdf"), "{}", faults.text);

    // What was missing.
    let reply = faults.answer(LINA, "Travaux : Démolir un mur.");
    assert_eq!(desk.send(LINA, &faults.reply_to, &reply.text()), 250);
    let receipt = desk.mail(LINA, "a bien été déposé");
    assert!(receipt.text.contains("Démolir un mur."), "{}", receipt.text);
    assert!(receipt.text.contains("plan.pdf"), "{}", receipt.text);
    desk.shown("Nouveau dossier n° 1");

    // A correction, and what it changed.
    let reply = receipt.answer(LINA, "Travaux : Démolir deux murs.");
    assert_eq!(desk.send(LINA, &receipt.reply_to, &reply.text()), 250);
    let changed = desk.mail(LINA, "sont modifiées");
    assert!(
        changed.text.contains("Démolir deux murs."),
        "{}",
        changed.text
    );
    desk.shown("demande modifiée par l'usager");
    assert_eq!(desk.stop(), 0);
    let verified = desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
}
