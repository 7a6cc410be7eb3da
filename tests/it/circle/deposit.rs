//! A dossier deposited by mail, through real servers: an empty mail, the form, the reply that fills it in.

use std::fs;

use serde_json::json;

use super::client::file;
use super::stage::{Between, Way, stage};
use crate::daemon::desk::{INES, LINA};

const ADDRESS: &str = "depot+101@greffier.example";
const PLAN: &str = "Plan de façade – côté été (n° 2).pdf";

#[test]
fn an_empty_mail_gets_the_form_and_its_answer_becomes_a_dossier() {
    let Some(mut stage) = stage(Way::Lmtp, "") else {
        return;
    };
    let path = stage.desk.path().join("demarches/101.toml");
    let demarche = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("depot_par_mail = true\n{demarche}")).unwrap();
    stage.start(&Between::default());

    let empty = json!({ "to": ADDRESS, "subject": "", "text": "", "name": "vide" });
    stage.client.ask("write", LINA, empty).answer();
    let form = stage.client.read(LINA, "Formulaire");
    assert_eq!(form["auto_submitted"], "auto-replied");
    assert!(form["html"].as_str().unwrap().contains("Secteur"));

    let plan = file(PLAN, "application/pdf", b"%PDF-1.4 le plan");
    let answers = "Nom : Moreau\n\nPrénom : Lina\n\nSecteur : Nord\n\nTravaux : Démolir un mur.";
    stage
        .client
        .reply(LINA, "Formulaire", "rempli", answers, &[plan]);
    let receipt = stage.client.read(LINA, "a bien été déposé");
    let text = receipt["text"].as_str().unwrap();
    assert!(text.contains("Démolir un mur."), "{text}");
    assert!(text.contains("Plan de façade"), "{text}");
    stage.desk.shown("Nouveau dossier n° 1");
    let dossier = stage.desk.done("dossier 1", INES);
    assert!(dossier.contains("Lina Moreau"), "{dossier}");
    assert!(!stage.desk.room().contains("mis de côté"));
    stage.desk.settled(0);
    assert_eq!(stage.desk.stop(), 0);
    let verified = stage.desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
}
