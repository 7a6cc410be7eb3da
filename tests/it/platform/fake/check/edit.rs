use serde_json::json;

use super::super::{Decision, NewDemarche, Statut};
use super::{INES, act, ask, desk, post, refusal, run};

#[tokio::test]
async fn archives_close_the_messagerie() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let early = act(&fake, "dossierArchiver", number, INES, json!({})).await;
    assert!(refusal(&early).contains("« à archiver »"));
    fake.instructeur(INES).passes(number);
    fake.instructeur(INES)
        .decides(number, Decision::ClasserSansSuite, "Abandon");
    act(&fake, "dossierArchiver", number, INES, json!({})).await;
    let refused = act(
        &fake,
        "dossierEnvoyerMessage",
        number,
        INES,
        json!({ "body": "Bonjour" }),
    )
    .await;
    assert!(
        refusal(&refused)
            .contains("Il n’est pas possible d’envoyer un message sur un dossier supprimé")
    );
    act(&fake, "dossierDesarchiver", number, INES, json!({})).await;
    let twice = act(&fake, "dossierDesarchiver", number, INES, json!({})).await;
    assert_eq!(
        refusal(&twice),
        "Un dossier non archivé ne peut pas être désarchivé"
    );
}

#[tokio::test]
async fn labels_do_not_move_the_dossier_but_follows_do() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let before = fake.dossier(number).updated_at;
    let input = json!({ "dossierId": fake.dossier_id(number), "labelId": fake.label_id(demarche, "Urgent") });
    let select = "dossier { labels { name color } } label { name }";
    let added = run(&fake, "dossierAjouterLabel", select, input.clone()).await;
    assert_eq!(
        added["dossier"]["labels"],
        json!([{ "name": "Urgent", "color": "pink_macaron" }])
    );
    let twice = run(&fake, "dossierAjouterLabel", select, input.clone()).await;
    assert_eq!(refusal(&twice), "Ce label est déjà associé au dossier");
    run(&fake, "dossierSupprimerLabel", select, input.clone()).await;
    let gone = run(&fake, "dossierSupprimerLabel", select, input).await;
    assert_eq!(refusal(&gone), "Ce label n’est pas associé au dossier");
    assert_eq!(fake.dossier(number).updated_at, before);
    act(&fake, "dossierBasculeSuivi", number, INES, json!({})).await;
    assert!(fake.dossier(number).updated_at > before);
    let left = act(
        &fake,
        "dossierBasculeSuivi",
        number,
        INES,
        json!({ "follow": false }),
    )
    .await;
    assert_eq!(left["dossier"]["instructeurs"], json!([]));
}

#[tokio::test]
async fn a_new_group_sheds_the_followers_who_are_not_in_it() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.instructeur(INES).follows(number);
    let culture = fake.groupe(demarche, "Culture");
    let groupe = super::super::typed_id("GroupeInstructeur", culture.number);
    let input = json!({ "dossierId": fake.dossier_id(number), "groupeInstructeurId": groupe });
    let select = "dossier { groupeInstructeur { label } instructeurs { email } }";
    let moved = run(
        &fake,
        "dossierChangerGroupeInstructeur",
        select,
        input.clone(),
    )
    .await;
    assert_eq!(
        moved["dossier"],
        json!({ "groupeInstructeur": { "label": "Culture" }, "instructeurs": [] })
    );
    let again = run(&fake, "dossierChangerGroupeInstructeur", select, input).await;
    assert_eq!(
        refusal(&again),
        "Le dossier est déjà avec le groupe instructeur: 'Culture'"
    );
}

#[tokio::test]
async fn annotations_are_saved_one_by_one() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let id = |label| fake.champ_id(demarche, label);
    let input = json!({ "annotations": [
        { "id": id("Note interne"), "value": { "textarea": "À voir" } },
        { "id": id("Référence interne"), "value": { "checkbox": true } },
        { "id": id("Priorité"), "value": { "dropDownList": "Extrême" } },
        { "id": id("Visites"), "value": { "repetition": 2 } },
        { "id": "inconnu", "value": { "text": "?" } },
    ] });
    let saved = act(&fake, "dossierModifierAnnotations", number, INES, input).await;
    assert_eq!(
        saved["annotations"].as_array().map(Vec::len),
        Some(2),
        "{saved}"
    );
    assert_eq!(saved["annotations"][0]["stringValue"], "À voir");
    assert_eq!(saved["errors"].as_array().map(Vec::len), Some(3), "{saved}");
    assert_eq!(
        fake.champ_text(number, "Note interne").as_deref(),
        Some("À voir")
    );
    let rows = "query R($n: Int!, $id: ID) { dossier(number: $n) { annotations(id: $id) {
        ... on RepetitionChamp { rows { id champs { id label } } } } dateDerniereModificationAnnotations dateDepot } }";
    let found = ask(&fake, rows, json!({ "n": number, "id": id("Visites") })).await;
    let dossier = &found["dossier"];
    assert_eq!(
        dossier["dateDerniereModificationAnnotations"],
        dossier["dateDepot"]
    );
    let constat = dossier["annotations"][0]["rows"][1]["champs"][1]["id"].clone();
    let input =
        json!({ "annotations": [{ "id": constat, "value": { "text": "Rien à signaler" } }] });
    let row = act(&fake, "dossierModifierAnnotations", number, INES, input).await;
    assert_eq!(row["annotations"][0]["stringValue"], "Rien à signaler");
    let older = json!({ "annotationId": id("Numéro d’ordre"), "value": 12 });
    let older = act(
        &fake,
        "dossierModifierAnnotationIntegerNumber",
        number,
        INES,
        older,
    )
    .await;
    assert_eq!(older["annotation"]["stringValue"], "12");
}

#[tokio::test]
async fn unknown_and_foreign_ids_are_root_errors() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let query = "mutation M($i: DossierPasserEnInstructionInput!) { dossierPasserEnInstruction(input: $i) { errors { message } } }";
    let input = |dossier| json!({ "i": { "dossierId": dossier, "instructeurId": fake.instructeur_id(INES) } });
    let (status, answer) = post(&fake, &fake.token(), query, input(fake.dossier_id(1))).await;
    assert_eq!(
        (status, &answer["errors"][0]["extensions"]["code"]),
        (200, &json!("not_found")),
        "{answer}"
    );
    let other = fake.token_for(&[1]);
    let (_, answer) = post(&fake, &other, query, input(fake.dossier_id(number))).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "unauthorized");
    let (_, answer) = post(&fake, &fake.read_token(), query, input(fake.dossier_id(1))).await;
    let sentence = &answer["data"]["dossierPasserEnInstruction"]["errors"][0]["message"];
    assert_eq!(
        sentence,
        "Le jeton utilisé est configuré seulement en lecture"
    );
    assert!(fake.effects().is_empty());
}

#[tokio::test]
async fn a_plain_return_to_construction_crashes_an_sva() {
    let (fake, _) = desk().await;
    let mut new = NewDemarche::sample(&[INES]);
    new.settings.sva_days = Some(60);
    let demarche = fake.add_demarche(new);
    let number = fake.usager_files(demarche, "usager@example.org");
    assert_eq!(fake.dossier(number).statut, Statut::EnInstruction);
    let query = "mutation M($i: DossierRepasserEnConstructionInput!) { dossierRepasserEnConstruction(input: $i) { errors { message } } }";
    let input = json!({ "i": { "dossierId": fake.dossier_id(number), "instructeurId": fake.instructeur_id(INES) } });
    let (status, answer) = post(&fake, &fake.token(), query, input).await;
    assert_eq!(status, 500);
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        "internal_server_error"
    );
}
