//! HTTP over loopback, octet for octet.

use std::net::SocketAddr;
use std::sync::Arc;

use greffier::channel::Channel;
use greffier::channel::http::health::Health;
use greffier::channel::http::{Http, Settings};
use greffier::message::{DepositIn, FieldError, Heard, Incoming, Receipt, Verdict};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;

const PATH: &str = "/api/demarches/7/dossiers";

fn settings() -> Settings {
    Settings {
        listen: "127.0.0.1:0".to_owned(),
        token: Some("secret".into()),
        max_json_bytes: 1000,
        max_file_bytes: 2000,
        max_total_bytes: 5000,
        max_files: 3,
        ..Settings::default()
    }
}

struct Running {
    address: SocketAddr,
    health: Arc<Health>,
    stop: CancellationToken,
}

async fn running(settings: Settings, desk: &Desk) -> Running {
    let health = Arc::new(Health::default());
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let http = Http::bind(settings, Arc::clone(&health), Some(metrics))
        .await
        .unwrap();
    let address = http.address().unwrap();
    let (inbox, stop) = (desk.inbox.clone(), CancellationToken::new());
    let stopping = stop.clone();
    tokio::spawn(async move { http.listen(inbox, stopping).await });
    Running {
        address,
        health,
        stop,
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The name of the problem that it is, held to RFC 9457.
    fn problem(&self) -> String {
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{}",
            self.head
        );
        let problem = self.json();
        assert_eq!(
            problem.get("status").and_then(Value::as_u64),
            Some(u64::from(self.status))
        );
        assert!(
            ["title", "detail"]
                .iter()
                .all(|key| problem.get(key).is_some_and(Value::is_string))
        );
        problem
            .get("type")
            .and_then(Value::as_str)
            .unwrap()
            .trim_start_matches("urn:greffier:problem:")
            .to_owned()
    }
}

async fn sent(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    received(stream).await
}

async fn received(mut stream: TcpStream) -> Answer {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        octets.extend_from_slice(buffer.get(..count).unwrap());
    }
    let text = String::from_utf8(octets).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn got(address: SocketAddr, path: &str) -> Answer {
    sent(address, &format!("GET {path} HTTP/1.1"), b"").await
}

async fn posted(address: SocketAddr, more: &str, body: &[u8]) -> Answer {
    sent(
        address,
        &format!("POST {PATH} HTTP/1.1\r\nAuthorization: Bearer secret{more}"),
        body,
    )
    .await
}

async fn json_posted(address: SocketAddr, body: &str) -> Answer {
    posted(
        address,
        "\r\nContent-Type: application/json; charset=utf-8",
        body.as_bytes(),
    )
    .await
}

/// A form of parts, each with its disposition parameters, its type and its content.
async fn form_posted(address: SocketAddr, parts: &[(&str, &str, &str)]) -> Answer {
    let part = |(disposition, kind, content): &(&str, &str, &str)| {
        format!(
            "--X\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n"
        )
    };
    let parts = parts.iter().map(part).collect::<Vec<_>>().concat();
    let body = format!("{parts}--X--\r\n");
    posted(
        address,
        "\r\nContent-Type: multipart/form-data; boundary=X",
        body.as_bytes(),
    )
    .await
}

fn taken() -> Desk {
    Desk::answering(Receipt {
        dossier: Some(4807),
        ..Receipt::of(Verdict::Done)
    })
}

fn deposit(incoming: &Incoming) -> &DepositIn {
    match &incoming.heard {
        Heard::Deposit(deposit) => deposit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dossier_is_created() {
    let desk = taken();
    let running = running(settings(), &desk).await;
    let answer = json_posted(running.address, r#"{"champs":{"surface":12}}"#).await;
    assert_eq!(answer.status, 201);
    assert!(
        answer
            .head
            .contains("location: /api/demarches/7/dossiers/4807"),
        "{}",
        answer.head
    );
    for guard in [
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "content-security-policy: default-src",
    ] {
        assert!(answer.head.contains(guard), "{}", answer.head);
    }
    assert_eq!(answer.json().get("dossier"), Some(&json!(4807)));
    assert_eq!(answer.json().get("statut"), Some(&json!("en_construction")));
    let heard = desk.heard();
    let incoming = heard.first().unwrap();
    assert!(incoming.id.starts_with("http:"));
    assert_eq!(deposit(incoming).demarche, 7);
    assert_eq!(
        deposit(incoming).body,
        json!({ "champs": { "surface": 12 } })
    );
}

#[tokio::test]
async fn only_who_has_the_token_may_deposit() {
    let desk = taken();
    let running = running(settings(), &desk).await;
    for header in [
        "",
        "\r\nAuthorization: Bearer wrong",
        "\r\nAuthorization: Basic secret",
    ] {
        let answer = sent(
            running.address,
            &format!("POST {PATH} HTTP/1.1{header}"),
            b"{}",
        )
        .await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (401, "unauthorized")
        );
        assert!(answer.head.contains("www-authenticate: Bearer"));
    }
    assert!(desk.heard().is_empty());
}

#[tokio::test]
async fn without_a_token_deposits_are_closed() {
    let desk = taken();
    for token in [None, Some("".into())] {
        let running = running(
            Settings {
                token,
                ..settings()
            },
            &desk,
        )
        .await;
        let answer = json_posted(running.address, "{}").await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "deposits-closed")
        );
        assert!(answer.body.contains("http.token_file"));
    }
    assert!(desk.heard().is_empty());
}

#[tokio::test]
async fn the_verdict_decides_on_the_status() {
    let error = FieldError {
        pointer: "/champs/surface".to_owned(),
        detail: "Un nombre est attendu.".to_owned(),
    };
    let refused = Receipt {
        errors: vec![error.clone()],
        ..Receipt::of(Verdict::Refused)
    };
    let answer = json_posted(
        running(settings(), &Desk::answering(refused)).await.address,
        "{}",
    )
    .await;
    assert_eq!((answer.status, answer.problem().as_str()), (422, "refused"));
    assert_eq!(answer.json().get("errors"), Some(&json!([error])));
    let unknown = Desk::answering(Receipt::of(Verdict::Unknown));
    let answer = json_posted(running(settings(), &unknown).await.address, "{}").await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "unknown-demarche")
    );
    let answer = json_posted(running(settings(), &Desk::closed()).await.address, "{}").await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "unavailable")
    );
    assert!(answer.head.contains("retry-after: "));
}

#[tokio::test]
async fn the_same_key_is_the_same_deposit() {
    let desk = taken();
    let running = running(settings(), &desk).await;
    let with_key = async |key: &str, body: &str| {
        let headers = format!("\r\nContent-Type: application/json\r\nIdempotency-Key: {key}");
        posted(running.address, &headers, body.as_bytes()).await
    };
    assert_eq!(with_key("a", r#"{"x":1,"y":2}"#).await.status, 201);
    assert_eq!(with_key("a", r#"{ "y":2, "x":1 }"#).await.status, 201);
    let reused = with_key("a", r#"{"x":2}"#).await;
    assert_eq!(
        (reused.status, reused.problem().as_str()),
        (422, "idempotency-key-reused")
    );
    assert_eq!(with_key("b", r#"{"x":2}"#).await.status, 201);
    for bad in ["", &"k".repeat(256), "a\r\nIdempotency-Key: b"] {
        assert_eq!(with_key(bad, "{}").await.status, 400, "{bad:?}");
    }
    assert_eq!(json_posted(running.address, "{}").await.status, 201);
    assert_eq!(json_posted(running.address, "{}").await.status, 201);
    let heard = desk.heard();
    let ids: Vec<&str> = heard.iter().map(|incoming| incoming.id.as_str()).collect();
    let [a, again, reused, b, free, other] = ids.as_slice() else {
        panic!("{ids:?}")
    };
    assert!(a == again && a == reused && a != b);
    assert_ne!(free, other, "without a key each request is another");
}

#[tokio::test]
async fn files_come_as_parts() {
    let desk = taken();
    let running = running(settings(), &desk).await;
    let answer = form_posted(
        running.address,
        &[
            (
                r#"name="plan"; filename="plan d’été.pdf""#,
                "application/pdf",
                "abc",
            ),
            (r#"name="dossier""#, "application/json", r#"{"a":1}"#),
            (
                r#"name="photo"; filename="../../etc/passwd""#,
                "image/<script>",
                "def",
            ),
            (
                r#"name="acte"; filename*=UTF-8''..%2F..%2Fx%0D%0Ay.exe; filename="C:\\a\\b.txt""#,
                "text/plain",
                "ghi",
            ),
        ],
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let heard = desk.heard();
    let deposit = deposit(heard.first().unwrap());
    assert_eq!(deposit.body, json!({ "a": 1 }));
    let files: Vec<_> = deposit
        .files
        .iter()
        .map(|(champ, piece)| {
            (
                champ.as_str(),
                piece.name.as_str(),
                piece.media_type.as_str(),
                desk.text(&piece.hash),
            )
        })
        .collect();
    let [plan, photo, acte] = files.as_slice() else {
        panic!("{files:?}")
    };
    assert_eq!(
        *plan,
        (
            "plan",
            "plan d’été.pdf",
            "application/pdf",
            "abc".to_owned()
        )
    );
    assert_eq!(
        *photo,
        (
            "photo",
            "passwd",
            "application/octet-stream",
            "def".to_owned()
        )
    );
    assert!(
        !acte.1.contains(['/', '\\', '\r', '\n', '%']) && !acte.1.is_empty(),
        "{acte:?}"
    );
}

#[tokio::test]
async fn a_form_needs_one_dossier_and_names() {
    let running = running(settings(), &taken()).await;
    let dossier = (r#"name="dossier""#, "application/json", "{}");
    for parts in [
        &[][..],
        &[(r#"name="plan"; filename="a""#, "text/plain", "a")],
        &[dossier, dossier],
        &[dossier, (r#"filename="a""#, "text/plain", "a")],
        &[(r#"name="dossier""#, "application/json", "{")],
    ] {
        let answer = form_posted(running.address, parts).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "malformed"),
            "{parts:?}"
        );
    }
    let answer = posted(
        running.address,
        "\r\nContent-Type: multipart/form-data",
        b"",
    )
    .await;
    assert_eq!(answer.status, 400);
    let answer = posted(
        running.address,
        "\r\nContent-Type: multipart/form-data; boundary=X",
        b"--X\r\nhalf",
    )
    .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let desk = taken();
    let running = running(settings(), &desk).await;
    let address = running.address;
    assert_eq!(
        json_posted(address, &format!("\"{}\"", "x".repeat(1000)))
            .await
            .status,
        413
    );
    let dossier = (r#"name="dossier""#, "application/json", "{}");
    let (fits, large) = ("x".repeat(2000), "x".repeat(2001));
    let file = |content| (r#"name="plan"; filename="a""#, "text/plain", content);
    let (fits, large, small) = (file(fits.as_str()), file(large.as_str()), file("a"));
    assert_eq!(form_posted(address, &[dossier, fits]).await.status, 201);
    for parts in [
        &[dossier, large][..],
        &[dossier, fits, fits, fits],
        &[dossier, small, small, small, small],
    ] {
        let answer = form_posted(address, parts).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (413, "too-large")
        );
    }
    assert_eq!(desk.heard().len(), 1);
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_as_it_comes() {
    let running = running(settings(), &taken()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let chunk = format!("1f4\r\n{}\r\n", " ".repeat(500));
    let _ = stream
        .write_all(format!("{head}{}0\r\n\r\n", chunk.repeat(3)).as_bytes())
        .await;
    stream.shutdown().await.unwrap();
    assert_eq!(received(stream).await.status, 413);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let running = running(
        Settings {
            request_seconds: 0,
            ..settings()
        },
        &taken(),
    )
    .await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: 10\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = received(stream).await;
    assert_eq!((answer.status, answer.problem().as_str()), (408, "timeout"));
}

#[tokio::test]
async fn what_cannot_be_read_is_said_so() {
    let running = running(settings(), &taken()).await;
    let address = running.address;
    let answer = posted(address, "\r\nContent-Type: text/plain", b"{}").await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (415, "media-type")
    );
    assert_eq!(posted(address, "", b"{}").await.status, 415);
    let nested = "[".repeat(900);
    for wrong in ["", "{", "{\"a\":1}x", "\u{0}", &nested] {
        let answer = json_posted(address, wrong).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "malformed"),
            "{wrong:?}"
        );
    }
    for path in [
        "/api/demarches/x/dossiers",
        "/api/demarches/-1/dossiers",
        "/api/demarches/%2e%2e/dossiers",
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Type: application/json"
        );
        assert_eq!(
            sent(address, &head, b"{}").await.problem(),
            "unknown-demarche"
        );
    }
    assert_eq!(got(address, "/").await.problem(), "not-found");
    assert_eq!(got(address, "/../etc/passwd").await.status, 404);
    let answer = got(address, PATH).await;
    assert_eq!((answer.status, answer.problem().as_str()), (405, "method"));
}

#[tokio::test]
async fn a_shelf_that_is_full_is_not_the_clients_fault() {
    let running = running(settings(), &Desk::full()).await;
    let parts = [
        (r#"name="plan"; filename="a""#, "text/plain", "a"),
        (r#"name="dossier""#, "application/json", "{}"),
    ];
    assert_eq!(form_posted(running.address, &parts).await.status, 503);
}

#[tokio::test]
async fn a_supervisor_sees_what_is_well() {
    let running = running(settings(), &taken()).await;
    let address = running.address;
    assert_eq!(got(address, "/healthz").await.status, 200);
    running.health.well("store");
    assert_eq!(got(address, "/readyz").await.status, 200);
    running.health.ill("listener", "port taken");
    let answer = got(address, "/readyz").await;
    assert_eq!(answer.status, 503);
    let checks = json!([{ "name": "listener", "ok": false, "why": "port taken" }, { "name": "store", "ok": true }]);
    assert_eq!(answer.json(), json!({ "ready": false, "checks": checks }));
    let metrics = got(address, "/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .head
            .contains("content-type: text/plain; version=0.0.4")
    );
}

#[tokio::test]
async fn a_stop_closes_the_door() {
    let running = running(settings(), &taken()).await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    running.stop.cancel();
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}
