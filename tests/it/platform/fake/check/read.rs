use serde_json::json;

use super::super::{Edition, Fake, NewDemarche, Options, Value};
use super::{INES, ask, desk};

// The starter query of the reference, field for field.
const DETAIL: &str = "query Detail($n: Int!) { dossier(number: $n) {
    id number state archived dateDepot datePassageEnConstruction datePassageEnInstruction dateTraitement
    dateDerniereModification dateDerniereModificationChamps dateDerniereModificationAnnotations
    dateExpiration dateDerniereCorrectionEnAttente datePrevisionnelleDecisionSVASVR motivation
    usager { email } groupeInstructeur { id number label } instructeurs { id email } labels { id name }
    demandeur { __typename ... on PersonnePhysique { civilite nom prenom }
      ... on PersonneMorale { siret entreprise { raisonSociale } } ... on PersonneMoraleIncomplete { siret } }
    traitements { id event dateTraitement emailAgentTraitant motivation }
    messages { id email body createdAt discardedAt attachments { filename contentType byteSizeBigInt } correction { reason dateResolution } }
    avis { id question questionLabel questionAnswer reponse dateQuestion dateReponse claimant { email } expert { email } }
    annotations { id label stringValue updatedAt } pdf { url } demarche { number title revision { id } } } }";

#[tokio::test]
async fn a_dossier_is_read_whole() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.instructeur(INES).asks_avis(
        number,
        "abf@culture.example",
        "Qu’en pensez-vous ?",
        Some("Favorable ?"),
    );
    let found = ask(&fake, DETAIL, json!({ "n": number })).await;
    let dossier = &found["dossier"];
    assert_eq!(dossier["dateDepot"], "2026-09-01T10:00:00+02:00");
    assert_eq!(
        dossier["demandeur"],
        json!({ "__typename": "PersonnePhysique", "civilite": "Mme", "nom": "Exemplaire", "prenom": "Camille" })
    );
    assert_eq!(dossier["traitements"][0]["event"], "depose");
    assert_eq!(dossier["messages"][0]["email"], "contact@demarches.example");
    assert!(
        dossier["avis"][0]["reponse"].is_null() && dossier["avis"][0]["dateReponse"].is_string()
    );
    assert_eq!(dossier["instructeurs"][0]["email"], INES);
    assert_eq!(dossier["demarche"]["number"], demarche);
    fake.expert("abf@culture.example")
        .answers(number, "Favorable", Some(true), &[]);
    let found = ask(&fake, DETAIL, json!({ "n": number })).await;
    assert_eq!(found["dossier"]["avis"][0]["questionAnswer"], true);
    let pdf = found["dossier"]["pdf"]["url"].as_str().expect("a pdf");
    assert_eq!(reqwest::get(pdf).await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn the_type_of_a_champ_depends_on_the_fragments() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let kinds = async |fragments: &str| {
        let query = format!(
            "query C($n: Int!) {{ dossier(number: $n) {{ champs {{ __typename label stringValue {fragments} }} }} }}"
        );
        let found = ask(&fake, &query, json!({ "n": number })).await;
        let champs = found["dossier"]["champs"]
            .as_array()
            .expect("champs")
            .clone();
        champs
            .into_iter()
            .find(|champ| champ["label"] == "Commune")
            .expect("the commune")
    };
    let plain = kinds("").await;
    assert_eq!(
        (&plain["__typename"], &plain["stringValue"]),
        (&json!("TextChamp"), &json!("Exempleville"))
    );
    let typed = kinds("... on CommuneChamp { commune { name code } }").await;
    assert_eq!(
        typed["commune"],
        json!({ "name": "Exempleville", "code": "29000" })
    );
}

#[tokio::test]
async fn files_of_champs_are_signed_and_infected_ones_absent() {
    let (fake, demarche) = desk().await;
    let [plan, virus] =
        ["plan.pdf", "virus.exe"].map(|name| fake.store_file(name, "application/pdf", b"%PDF-"));
    fake.scan(virus, "infected");
    let new = super::super::NewDossier::of("usager@example.org")
        .champ("Plan de situation", Value::Files(vec![plan, virus]));
    let number = fake.add_dossier(demarche, new);
    let query = "query F($n: Int!, $id: ID!) { dossier(number: $n) { champs(id: $id) { ... on PieceJustificativeChamp { files { filename url checksum } } } } }";
    let found = ask(
        &fake,
        query,
        json!({ "n": number, "id": fake.champ_id(demarche, "Plan de situation") }),
    )
    .await;
    let files = found["dossier"]["champs"][0]["files"]
        .as_array()
        .expect("files")
        .clone();
    assert_eq!(files.len(), 1);
    let answer = reqwest::get(files[0]["url"].as_str().expect("an address"))
        .await
        .expect("an answer");
    assert_eq!(answer.bytes().await.expect("bytes").as_ref(), b"%PDF-");
}

#[tokio::test]
async fn the_directory_of_a_demarche() {
    let (fake, demarche) = desk().await;
    let query = "query Directory($d: Int!) { demarche(number: $d) { id title state labels { id name color }
        groupeInstructeurs { id number label closed instructeurs { id email } }
        activeRevision { annotationDescriptors { __typename id label type required
          ... on DropDownListChampDescriptor { options } ... on RepetitionChampDescriptor { champDescriptors { label } } } } } }";
    let found = ask(&fake, query, json!({ "d": demarche })).await;
    let found = &found["demarche"];
    assert_eq!(found["groupeInstructeurs"][0]["label"], "défaut");
    assert_eq!(
        found["groupeInstructeurs"][1]["instructeurs"][0]["email"],
        "lea@culture.example"
    );
    let priorite = &found["activeRevision"]["annotationDescriptors"][8];
    assert_eq!(priorite["options"], json!(["Haute", "Normale", "Basse"]));
    let groupe = &found["groupeInstructeurs"][1]["number"];
    fake.add_dossier(
        demarche,
        super::super::NewDossier::of("usager@example.org").groupe("Culture"),
    );
    fake.usager_files(demarche, "usager@example.org");
    let query = "query G($n: Int!) { groupeInstructeur(number: $n) { label dossiers { nodes { number } } } demarcheDescriptor(demarche: { number: 101 }) { title } }";
    let found = ask(&fake, query, json!({ "n": groupe })).await;
    assert_eq!(
        found["groupeInstructeur"]["dossiers"]["nodes"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_newer_platform_says_things_nobody_knows() {
    let fake = Fake::start(Options {
        edition: Edition::Future,
        ..Options::default()
    })
    .await;
    let mut new = NewDemarche::sample(&[INES]);
    new.champs.push(super::super::ChampDescriptor::new(
        "something_new",
        "Nouveauté",
    ));
    let demarche = fake.add_demarche(new);
    let new = super::super::NewDossier::of("usager@example.org").champ("Nouveauté", "42");
    let number = fake.add_dossier(demarche, new);
    let query = "query C($n: Int!) { dossier(number: $n) { champs { __typename stringValue } } }";
    let found = ask(&fake, query, json!({ "n": number })).await;
    let last = found["dossier"]["champs"]
        .as_array()
        .and_then(|champs| champs.last())
        .cloned();
    assert_eq!(
        last,
        Some(json!({ "__typename": "SomethingNewChamp", "stringValue": "42" }))
    );
}
