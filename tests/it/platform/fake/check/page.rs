use std::time::Duration;

use serde_json::{Value as Json, json};

use super::super::Fake;
use super::{INES, ask, desk, post};

const POLL: &str = "query Poll($d: Int!, $since: ISO8601DateTime, $first: Int, $after: String, $last: Int, $before: String, $order: Order, $state: DossierState) {
    demarche(number: $d) { dossiers(first: $first, updatedSince: $since, after: $after, last: $last, before: $before, order: $order, state: $state) {
      pageInfo { endCursor startCursor hasNextPage hasPreviousPage } nodes { number dateDerniereModification } edges { cursor node { number } } } } }";

async fn page(fake: &Fake, variables: Json) -> (Vec<i64>, Json) {
    let mut data = ask(fake, POLL, variables).await;
    let found = data["demarche"]["dossiers"].take();
    let numbers = found["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|node| node["number"].as_i64())
        .collect();
    (numbers, found["pageInfo"].clone())
}

#[tokio::test]
async fn pages_follow_each_other_and_a_changed_dossier_comes_again() {
    let (fake, demarche) = desk().await;
    let filed: Vec<i32> = (0..5)
        .map(|_| fake.usager_files(demarche, "usager@example.org"))
        .collect();
    let since = "2026-01-01T00:00:00+01:00";
    let (one, info) = page(&fake, json!({ "d": demarche, "since": since, "first": 2 })).await;
    assert_eq!(one, [i64::from(filed[0]), i64::from(filed[1])]);
    assert_eq!(info["hasNextPage"], true);
    fake.instructeur(INES).follows(filed[0]);
    let (rest, info) = page(
        &fake,
        json!({ "d": demarche, "since": since, "after": info["endCursor"] }),
    )
    .await;
    assert_eq!(
        rest,
        [filed[2], filed[3], filed[4], filed[0]].map(i64::from)
    );
    assert_eq!(info["hasNextPage"], false);
    let (none, info) = page(
        &fake,
        json!({ "d": demarche, "since": since, "after": info["endCursor"] }),
    )
    .await;
    assert!(none.is_empty() && info["endCursor"].is_null());
    // Without `updatedSince`, by date of filing.
    let (filing, _) = page(&fake, json!({ "d": demarche })).await;
    assert_eq!(filing.first(), Some(&i64::from(filed[0])));
}

#[tokio::test]
async fn a_late_commit_hides_behind_the_cursor() {
    let (fake, demarche) = desk().await;
    let first = fake.usager_files(demarche, "usager@example.org");
    fake.advance(Duration::from_mins(1));
    let second = fake.usager_files(demarche, "usager@example.org");
    let since = "2026-01-01T00:00:00+01:00";
    let (_, info) = page(&fake, json!({ "d": demarche, "since": since })).await;
    fake.backdate_next_write(Duration::from_secs(30));
    fake.usager(first).writes("Bonjour", &[]);
    let (missed, _) = page(
        &fake,
        json!({ "d": demarche, "since": since, "after": info["endCursor"] }),
    )
    .await;
    assert!(missed.is_empty());
    let (all, _) = page(&fake, json!({ "d": demarche, "since": since })).await;
    assert_eq!(all, [first, second].map(i64::from));
    let overlap = "2026-09-01T10:00:20+02:00";
    let (seen, _) = page(&fake, json!({ "d": demarche, "since": overlap })).await;
    assert_eq!(seen, [first, second].map(i64::from));
}

#[tokio::test]
async fn pages_go_backwards_too() {
    let (fake, demarche) = desk().await;
    let filed: Vec<i64> = (0..5)
        .map(|_| i64::from(fake.usager_files(demarche, "usager@example.org")))
        .collect();
    let (last, info) = page(&fake, json!({ "d": demarche, "last": 2 })).await;
    assert_eq!(last, filed[3..]);
    assert_eq!(
        (&info["hasPreviousPage"], &info["hasNextPage"]),
        (&json!(true), &json!(false))
    );
    let (before, _) = page(
        &fake,
        json!({ "d": demarche, "last": 2, "before": info["startCursor"] }),
    )
    .await;
    assert_eq!(before, filed[1..3]);
    let (desc, _) = page(&fake, json!({ "d": demarche, "first": 2, "order": "DESC" })).await;
    assert_eq!(desc, [filed[4], filed[3]]);
    let (_, wrong) = post(
        &fake,
        &fake.token(),
        POLL,
        json!({ "d": demarche, "first": 1, "last": 1 }),
    )
    .await;
    assert_eq!(wrong["errors"][0]["extensions"]["code"], "bad_request");
}

#[tokio::test]
async fn a_hundred_thousand_dossiers_are_paged_quickly() {
    let (fake, demarche) = desk().await;
    let numbers = fake.bulk(demarche, 100_000);
    let started = std::time::Instant::now();
    let mut seen = 0;
    let mut after = Json::Null;
    for _ in 0..20 {
        let (page, info) = page(
            &fake,
            json!({ "d": demarche, "since": "2026-01-01T00:00:00Z", "first": 500, "after": after }),
        )
        .await;
        seen += page.len();
        after = info["endCursor"].clone();
    }
    assert_eq!((seen, numbers.len()), (2000, 100_000));
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn deletions_have_their_own_lists() {
    let (fake, demarche) = desk().await;
    let [hidden, purged, expired] =
        [(); 3].map(|()| fake.usager_files(demarche, "usager@example.org"));
    fake.usager(hidden).deletes();
    fake.purge(purged, "user_request");
    fake.expire_dossier(expired);
    let query = "query D($d: Int!) { demarche(number: $d) {
        dossiers { nodes { number } }
        pendingDeletedDossiers { nodes { number reason state } }
        deletedDossiers(deletedSince: \"2026-01-01T00:00:00Z\") { nodes { number reason dateSupression } pageInfo { endCursor } } } }";
    let found = ask(&fake, query, json!({ "d": demarche })).await;
    let demarche = &found["demarche"];
    assert_eq!(demarche["dossiers"]["nodes"], json!([]));
    assert_eq!(
        demarche["pendingDeletedDossiers"]["nodes"][0]["number"],
        hidden
    );
    assert_eq!(
        demarche["pendingDeletedDossiers"]["nodes"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(demarche["deletedDossiers"]["nodes"][0]["number"], purged);
    let one = "query One($n: Int!) { dossier(number: $n) { id } }";
    let (_, answer) = post(&fake, &fake.token(), one, json!({ "n": hidden })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "not_found");
    assert!(answer["data"].is_null());
}
