use serde_json::json;

use super::super::{ChampDescriptor, Demandeur, NewDemarche, Statut};
use super::{INES, LEA, PAUL, act, ask, desk, refusal, run};

#[tokio::test]
async fn a_dossier_goes_from_filing_to_decision_and_back() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let refused = act(&fake, "dossierAccepter", number, INES, json!({})).await;
    assert_eq!(refusal(&refused), "Le dossier est déjà en construction");
    let passed = act(&fake, "dossierPasserEnInstruction", number, INES, json!({})).await;
    assert_eq!(passed["dossier"]["state"], "en_instruction");
    assert_eq!(
        passed["dossier"]["instructeurs"],
        json!([{ "email": INES }])
    );
    let again = act(&fake, "dossierPasserEnInstruction", number, LEA, json!({})).await;
    // State before rights.
    assert_eq!(refusal(&again), "Le dossier est déjà en instruction");
    let foreign = act(&fake, "dossierAccepter", number, LEA, json!({})).await;
    assert_eq!(
        refusal(&foreign),
        "L’instructeur n’a pas les droits d’accès à ce dossier"
    );
    act(
        &fake,
        "dossierRefuser",
        number,
        PAUL,
        json!({ "motivation": "Hors zone." }),
    )
    .await;
    let refused = fake.dossier(number);
    assert_eq!(
        (refused.statut, refused.motivation.as_deref()),
        (Statut::Refuse, Some("Hors zone."))
    );
    assert!(
        refused
            .messages
            .last()
            .expect("automatic")
            .body
            .contains("a été refusé")
    );
    act(
        &fake,
        "dossierRepasserEnInstruction",
        number,
        PAUL,
        json!({}),
    )
    .await;
    let reopened = fake.dossier(number);
    assert_eq!(
        (reopened.statut, reopened.motivation),
        (Statut::EnInstruction, None)
    );
    let events: Vec<&str> = reopened.traitements.iter().map(|each| each.event).collect();
    assert_eq!(
        events,
        [
            "depose",
            "passe_en_instruction",
            "refuse",
            "repasse_en_instruction"
        ]
    );
    assert_eq!(fake.done("dossierRefuser", number), 1);
    assert_eq!(fake.effects().len(), 3);
}

#[tokio::test]
async fn the_attestation_appears_later_and_goes_with_the_decision() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.instructeur(INES).passes(number);
    act(
        &fake,
        "dossierAccepter",
        number,
        INES,
        json!({ "motivation": "Conforme." }),
    )
    .await;
    let query = "query A($n: Int!) { dossier(number: $n) { attestation { url filename } dateDerniereModification } }";
    let at_once = ask(&fake, query, json!({ "n": number })).await;
    assert!(at_once["dossier"]["attestation"].is_null());
    fake.advance(std::time::Duration::from_secs(6));
    let later = ask(&fake, query, json!({ "n": number })).await;
    assert_eq!(
        later["dossier"]["dateDerniereModification"],
        at_once["dossier"]["dateDerniereModification"]
    );
    let url = later["dossier"]["attestation"]["url"]
        .as_str()
        .expect("an attestation")
        .to_owned();
    let bytes = reqwest::get(&url)
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("bytes");
    assert!(bytes.starts_with(b"%PDF"));
    fake.advance(std::time::Duration::from_secs(3601));
    assert_eq!(reqwest::get(&url).await.expect("an answer").status(), 403);
    fake.instructeur(INES).reopens(number);
    assert_eq!(fake.dossier(number).attestation, None);
}

#[tokio::test]
async fn missing_annotations_are_told_as_a_wrong_state() {
    let (fake, _) = desk().await;
    let new = NewDemarche::sample(&[INES])
        .annotation(ChampDescriptor::new("text", "Avis du chef").required());
    let demarche = fake.add_demarche(new);
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.instructeur(INES).passes(number);
    let refused = act(&fake, "dossierAccepter", number, INES, json!({})).await;
    assert_eq!(refusal(&refused), "Le dossier est déjà en instruction");
    let id = fake.champ_id(demarche, "Avis du chef");
    let input = json!({ "annotations": [{ "id": id, "value": { "text": "Favorable" } }] });
    act(&fake, "dossierModifierAnnotations", number, INES, input).await;
    let accepted = act(&fake, "dossierAccepter", number, INES, json!({})).await;
    assert_eq!(accepted["dossier"]["state"], "accepte");
}

#[tokio::test]
async fn a_siret_in_degraded_mode_blocks_the_decision() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.instructeur(INES).passes(number);
    fake.edit_dossier(number, false, |dossier| {
        dossier.demandeur = Demandeur::MoraleIncomplete {
            siret: "00000000000000".into(),
        };
    });
    let refused = act(&fake, "dossierAccepter", number, INES, json!({})).await;
    assert!(refusal(&refused).starts_with("Les informations du SIRET"));
}

#[tokio::test]
async fn a_correction_returns_the_dossier_and_waits_for_the_usager() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.instructeur(INES).passes(number);
    let input = json!({ "body": "Il manque le plan.", "correction": "incomplete" });
    let sent = act(&fake, "dossierEnvoyerMessage", number, INES, input.clone()).await;
    assert_eq!(sent["message"]["correction"]["reason"], "incomplete");
    let dossier = fake.dossier(number);
    assert_eq!(dossier.statut, Statut::EnConstruction);
    assert!(dossier.correction_pending_since().is_some());
    let again = act(&fake, "dossierEnvoyerMessage", number, INES, input).await;
    assert_eq!(
        refusal(&again),
        "Une demande de correction est déjà en attente sur ce dossier"
    );
    fake.usager(number)
        .submits(&[("Intitulé du projet", "Toiture et façade".into())]);
    let dossier = fake.dossier(number);
    assert_eq!(dossier.correction_pending_since(), None);
    assert_eq!(
        dossier.traitements.last().map(|each| each.event),
        Some("depose_correction_usager")
    );
    assert_eq!(
        fake.champ_text(number, "Intitulé du projet").as_deref(),
        Some("Toiture et façade")
    );
}

#[tokio::test]
async fn a_message_is_deleted_by_its_author_only_and_once() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let sent = act(
        &fake,
        "dossierEnvoyerMessage",
        number,
        INES,
        json!({ "body": "Bonjour" }),
    )
    .await;
    assert!(
        fake.dossier(number).followers.is_empty(),
        "the API does not make the author follow"
    );
    let delete = |email: &str| json!({ "messageId": sent["message"]["id"], "instructeurId": fake.instructeur_id(email) });
    let select = "message { body discardedAt }";
    let other = run(&fake, "dossierSupprimerMessage", select, delete(PAUL)).await;
    assert_eq!(refusal(&other), "Le message ne peut pas être supprimé");
    let own = run(&fake, "dossierSupprimerMessage", select, delete(INES)).await;
    assert!(own["message"]["discardedAt"].is_string() && own["message"]["body"] == "");
    let twice = run(&fake, "dossierSupprimerMessage", select, delete(INES)).await;
    assert_eq!(refusal(&twice), "Le message ne peut pas être supprimé");
}

#[tokio::test]
async fn a_correction_can_be_cancelled() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let id = fake
        .instructeur(INES)
        .asks_correction(number, "incorrect", "À revoir");
    let before = fake.dossier(number).updated_at;
    let message = super::super::typed_id("Commentaire", id);
    let input = json!({ "messageId": message, "instructeurId": fake.instructeur_id(PAUL) });
    run(
        &fake,
        "dossierAnnulerDemandeCorrection",
        "message { id }",
        input.clone(),
    )
    .await;
    assert_eq!(fake.dossier(number).correction_pending_since(), None);
    assert_eq!(fake.dossier(number).updated_at, before);
    let again = run(
        &fake,
        "dossierAnnulerDemandeCorrection",
        "message { id }",
        input,
    )
    .await;
    assert_eq!(
        refusal(&again),
        "La demande de correction ne peut pas être annulée"
    );
}
