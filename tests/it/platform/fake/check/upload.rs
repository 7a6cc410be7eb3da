use data_encoding::BASE64;
use md5::{Digest, Md5};
use serde_json::{Value as Json, json};

use super::super::{Fake, Fault};
use super::{INES, act, desk, refusal, run};

async fn promise(fake: &Fake, number: i32, bytes: &[u8], checksum: Option<&str>) -> Json {
    let input = json!({
        "dossierId": fake.dossier_id(number), "filename": "plan.pdf", "byteSize": bytes.len(), "contentType": "application/pdf",
        "checksum": checksum.map_or_else(|| BASE64.encode(&Md5::digest(bytes)), str::to_owned),
    });
    let query = "mutation U($input: CreateDirectUploadInput!) { createDirectUpload(input: $input) { directUpload { url headers blobId signedBlobId } } }";
    super::ask(fake, query, json!({ "input": input })).await["createDirectUpload"]["directUpload"]
        .take()
}

async fn put(upload: &Json, bytes: &[u8]) -> reqwest::Result<u16> {
    let headers: Json =
        serde_json::from_str(upload["headers"].as_str().expect("headers")).expect("JSON");
    let mut request = reqwest::Client::new()
        .put(upload["url"].as_str().expect("an address"))
        .body(bytes.to_vec());
    for (name, value) in headers.as_object().expect("an object") {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn a_file_is_promised_put_then_attached() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let upload = promise(&fake, number, b"%PDF-plan", None).await;
    let input = json!({ "body": "Voici", "attachment": upload["signedBlobId"] });
    let early = act(&fake, "dossierEnvoyerMessage", number, INES, input.clone()).await;
    assert_eq!(
        refusal(&early),
        "Le fichier n’a pas été correctement téléversé sur le serveur de stockage"
    );
    assert_eq!(put(&upload, b"%PDF-plan").await.expect("an answer"), 200);
    let sent = act(&fake, "dossierEnvoyerMessage", number, INES, input.clone()).await;
    let file = &sent["message"]["attachments"][0];
    assert_eq!(
        (&file["filename"], &file["byteSizeBigInt"]),
        (&json!("plan.pdf"), &json!("9"))
    );
    let back = reqwest::get(file["url"].as_str().expect("an address"))
        .await
        .expect("an answer");
    assert_eq!(back.bytes().await.expect("bytes").as_ref(), b"%PDF-plan");
    fake.advance(std::time::Duration::from_secs(3700));
    let late = act(&fake, "dossierEnvoyerMessage", number, INES, input).await;
    assert_eq!(
        refusal(&late),
        "L’identifiant du fichier téléversé est invalide"
    );
}

#[tokio::test]
async fn a_wrong_hash_is_refused_by_the_storage() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let upload = promise(&fake, number, b"abc", None).await;
    assert_eq!(put(&upload, b"abd").await.expect("an answer"), 400);
    fake.fail("upload", 1, Fault::DropBefore);
    assert!(put(&upload, b"abc").await.is_err());
    assert_eq!(put(&upload, b"abc").await.expect("an answer"), 200);
    fake.instructeur(INES).passes(number);
    let input = json!({ "motivation": "Conforme", "justificatif": upload["signedBlobId"] });
    act(&fake, "dossierAccepter", number, INES, input).await;
    let file = fake.dossier(number).justificatif.expect("a justificatif");
    assert_eq!(fake.file_bytes(file), b"abc");
    let input = json!({ "dossierId": fake.dossier_id(number), "instructeurId": fake.instructeur_id(INES), "body": "x", "attachment": "faux" });
    let forged = run(&fake, "dossierEnvoyerMessage", "message { id }", input).await;
    assert_eq!(
        refusal(&forged),
        "L’identifiant du fichier téléversé est invalide"
    );
}
