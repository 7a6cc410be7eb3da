use std::time::Duration;

use serde_json::json;

use super::super::{Fake, Fault};
use super::{INES, act, desk, post, raw};

async fn attempt(fake: &Fake, number: i32) -> reqwest::Result<reqwest::Response> {
    let query = "mutation Send($i: DossierEnvoyerMessageInput!) { dossierEnvoyerMessage(input: $i) { message { id } errors { message } } }";
    let input = json!({ "dossierId": fake.dossier_id(number), "instructeurId": fake.instructeur_id(INES), "body": "Bonjour" });
    raw(
        fake,
        &fake.token(),
        json!({ "query": query, "variables": { "i": input } }).to_string(),
    )
    .await
}

#[tokio::test]
async fn the_connection_drops_before_or_after_the_effect() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.fail("dossierEnvoyerMessage", 1, Fault::DropBefore);
    assert!(attempt(&fake, number).await.is_err());
    assert_eq!(fake.done("dossierEnvoyerMessage", number), 0);
    fake.fail("Send", 1, Fault::DropAfter);
    assert!(attempt(&fake, number).await.is_err());
    assert_eq!(fake.done("dossierEnvoyerMessage", number), 1);
    fake.fail("Send", 1, Fault::InternalAfter);
    assert_eq!(
        attempt(&fake, number).await.expect("an answer").status(),
        500
    );
    assert_eq!(fake.done("dossierEnvoyerMessage", number), 2);
    fake.fail("Send", 1, Fault::Truncated);
    let cut = attempt(&fake, number).await.expect("headers");
    assert!(cut.bytes().await.is_err());
    fake.fail("*", 1, Fault::Html(502));
    let html = attempt(&fake, number).await.expect("an answer");
    assert_eq!(html.status(), 502);
    assert!(
        html.text()
            .await
            .expect("a page")
            .starts_with("<!DOCTYPE html>")
    );
    assert_eq!(
        attempt(&fake, number).await.expect("an answer").status(),
        200
    );
    assert_eq!(fake.count("Send"), 6);
    assert_eq!(fake.clear_faults(), 0);
}

#[tokio::test]
async fn a_hung_request_is_ended_by_the_client() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.fail_after("Send", 1, 1, Fault::HangAfter);
    assert!(attempt(&fake, number).await.is_ok());
    let waited = tokio::time::timeout(Duration::from_millis(200), attempt(&fake, number)).await;
    assert!(waited.is_err());
    assert_eq!(fake.done("dossierEnvoyerMessage", number), 2);
    fake.fail("Send", 1, Fault::Slow(Duration::from_millis(50)));
    assert!(attempt(&fake, number).await.is_ok());
}

#[tokio::test]
async fn a_page_too_heavy_comes_back_in_part() {
    let (fake, demarche) = desk().await;
    fake.bulk(demarche, 50);
    fake.fail("Heavy", 1, Fault::Timeout(100));
    let query = "query Heavy($d: Int!) { demarche(number: $d) { dossiers { nodes { number messages { body } } } } }";
    let (status, answer) = post(&fake, &fake.token(), query, json!({ "d": demarche })).await;
    assert_eq!(status, 200);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "timeout");
    let nodes = answer["data"]["demarche"]["dossiers"]["nodes"]
        .as_array()
        .expect("nodes")
        .clone();
    assert!(
        nodes[0]["number"].is_i64() && nodes[49].is_null(),
        "{nodes:?}"
    );
    let (_, answer) = post(&fake, &fake.token(), query, json!({ "d": demarche })).await;
    assert_eq!(answer.get("errors"), None);
}

#[tokio::test]
async fn maintenance_lasts_until_it_ends() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.maintenance(503);
    assert_eq!(
        attempt(&fake, number).await.expect("an answer").status(),
        503
    );
    fake.unreachable();
    assert!(attempt(&fake, number).await.is_err());
    fake.back();
    act(&fake, "dossierBasculeSuivi", number, INES, json!({})).await;
    fake.fail(
        "Send",
        1,
        Fault::Root("internal_server_error".to_owned(), "Panne".to_owned()),
    );
    let answer = attempt(&fake, number)
        .await
        .expect("an answer")
        .text()
        .await
        .expect("a body");
    assert!(answer.contains("Panne"));
}
