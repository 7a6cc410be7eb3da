//! The fake against the facts.

mod act;
mod edit;
mod fault;
mod http;
mod page;
mod read;
mod schema;
mod upload;

use serde_json::{Value as Json, json};

use super::{Fake, NewDemarche};

const INES: &str = "ines@ddt.example";
const PAUL: &str = "paul@ddt.example";
const LEA: &str = "lea@culture.example";

/// A platform with one démarche: Inès and Paul in `défaut`, Léa in `Culture`.
async fn desk() -> (Fake, i32) {
    let fake = Fake::new().await;
    let demarche = fake.add_demarche(NewDemarche::sample(&[INES, PAUL]).groupe("Culture", &[LEA]));
    (fake, demarche)
}

/// Posts a document; returns the status and the answer.
async fn post(fake: &Fake, token: &str, query: &str, variables: Json) -> (u16, Json) {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let answer = raw(fake, token, body).await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (
        status,
        serde_json::from_str(&text).unwrap_or(Json::String(text)),
    )
}

async fn raw(fake: &Fake, token: &str, body: String) -> reqwest::Result<reqwest::Response> {
    let client = reqwest::Client::new();
    let request = client
        .post(fake.url())
        .header("authorization", format!("Bearer {token}"));
    request
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
}

/// Asks with the full token; the answer must be without errors.
async fn ask(fake: &Fake, query: &str, variables: Json) -> Json {
    let (status, mut answer) = post(fake, &fake.token(), query, variables).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"].take()
}

/// Runs one mutation; returns its payload.
async fn run(fake: &Fake, mutation: &str, selection: &str, input: Json) -> Json {
    let name = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation M($input: {name}Input!) {{ {mutation}(input: $input) {{ {selection} errors {{ message }} }} }}"
    );
    ask(fake, &query, json!({ "input": input })).await[mutation].take()
}

/// Runs a mutation of an instructeur on a dossier.
async fn act(fake: &Fake, mutation: &str, dossier: i32, instructeur: &str, more: Json) -> Json {
    let mut input = json!({ "dossierId": fake.dossier_id(dossier), "instructeurId": fake.instructeur_id(instructeur) });
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let selection = match mutation {
        "dossierEnvoyerMessage" => {
            "message { id body correction { reason } attachments { filename url byteSizeBigInt } }"
        }
        "dossierModifierAnnotations" => "annotations { __typename id stringValue }",
        _ if mutation.starts_with("dossierModifierAnnotation") => "annotation { id stringValue }",
        _ => "dossier { number state archived instructeurs { email } }",
    };
    run(fake, mutation, selection, input).await
}

fn refusal(payload: &Json) -> &str {
    payload["errors"][0]["message"].as_str().unwrap_or("")
}
