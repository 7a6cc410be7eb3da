use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{ask, desk, post, raw};

const ONE: &str = "query One($n: Int!) { dossier(number: $n) { number } }";

#[tokio::test]
async fn tokens_open_or_do_not() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let code = async |token: &str| {
        let (status, answer) = post(&fake, token, ONE, json!({ "n": number })).await;
        (
            status,
            answer["errors"][0]["extensions"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    assert_eq!(code(&fake.token()).await, (200, String::new()));
    assert_eq!(code(&fake.read_token()).await, (200, String::new()));
    assert_eq!(
        code(&fake.token_for(&[demarche])).await,
        (200, String::new())
    );
    assert_eq!(
        code(&fake.token_for(&[7])).await,
        (200, "unauthorized".to_owned())
    );
    assert_eq!(
        code(&fake.expired_token()).await,
        (401, "unauthorized".to_owned())
    );
    assert_eq!(
        code(&fake.foreign_token()).await,
        (403, "forbidden".to_owned())
    );
    assert_eq!(code("inconnu").await, (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn a_demarche_out_of_reach_is_hidden() {
    let (fake, demarche) = desk().await;
    let query = "query D($d: Int!) { demarche(number: $d) { title } }";
    let (_, hidden) = post(
        &fake,
        &fake.token_for(&[7]),
        query,
        json!({ "d": demarche }),
    )
    .await;
    assert_eq!(
        hidden["errors"][0]["message"],
        "An object of type Demarche was hidden due to permissions"
    );
    assert_eq!(hidden["errors"][0]["path"], json!(["demarche"]));
    let (_, missing) = post(&fake, &fake.token(), query, json!({ "d": 9 })).await;
    assert_eq!(missing["errors"][0]["extensions"]["code"], "not_found");
}

#[tokio::test]
async fn what_cannot_be_read_is_400_and_what_is_not_valid_is_200() {
    let (fake, _) = desk().await;
    let token = fake.token();
    assert_eq!(
        raw(&fake, &token, "{".to_owned())
            .await
            .expect("an answer")
            .status(),
        400
    );
    let (status, answer) = post(&fake, &token, "query {", Json::Null).await;
    assert_eq!(
        (status, &answer["errors"][0]["extensions"]["code"]),
        (400, &json!("graphql_parse_failed"))
    );
    let (status, answer) = post(
        &fake,
        &token,
        "query { dossier(number: 1) { inconnu } }",
        Json::Null,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["errors"][0]["message"],
        "Field 'inconnu' doesn't exist on type 'Dossier'"
    );
    assert_eq!(answer["errors"][0]["extensions"]["code"], "undefinedField");
    let (status, answer) = post(&fake, &token, ONE, json!({})).await;
    assert!(status == 200 && answer["errors"].is_array(), "{answer}");
    let deep = format!(
        "query {{ dossier(number: 1) {{ champs {{ {} id {} }} }} }}",
        "... on RepetitionChamp { champs { ".repeat(14),
        "} } ".repeat(14)
    );
    let (_, answer) = post(&fake, &token, &deep, Json::Null).await;
    assert!(
        answer["errors"][0]["message"]
            .as_str()
            .is_some_and(|text| text.contains("max depth of 15")),
        "{answer}"
    );
}

#[tokio::test]
async fn variables_may_come_as_a_string() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    let found = ask(&fake, ONE, json!(json!({ "n": number }).to_string())).await;
    assert_eq!(found["dossier"]["number"], number);
}

#[tokio::test]
async fn too_many_requests_a_minute_must_wait() {
    let (fake, demarche) = desk().await;
    let number = fake.usager_files(demarche, "usager@example.org");
    fake.limit_rate(Some(3));
    for _ in 0..3 {
        ask(&fake, ONE, json!({ "n": number })).await;
    }
    let body = json!({ "query": ONE, "variables": { "n": number } }).to_string();
    let refused = raw(&fake, &fake.token(), body.clone())
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 429);
    let header = |name: &str| {
        refused
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    assert_eq!(header("ratelimit-remaining").as_deref(), Some("0"));
    let wait: u64 = header("retry-after")
        .expect("a header")
        .parse()
        .expect("seconds");
    assert!(header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    // Another token has its own count.
    assert_eq!(
        raw(&fake, &fake.read_token(), body)
            .await
            .expect("an answer")
            .status(),
        200
    );
    fake.advance(Duration::from_secs(wait));
    ask(&fake, ONE, json!({ "n": number })).await;
    assert!(fake.counts()["One"].sent > 0);
}
