//! `/exports/…` over loopback: to look uses nothing up, the button does.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use greffier::channel::Channel as _;
use greffier::channel::http::health::Health;
use greffier::channel::http::{Http, Settings};
use greffier::message::{Heard, Piece, Receipt, Verdict};
use greffier::shelf::Shelf as _;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;

#[tokio::test]
async fn an_export_is_given_to_the_button_and_not_to_who_looks() {
    let word = "0f".repeat(32);
    let name = HEXLOWER.encode(&Sha256::digest(word.as_bytes()));
    let mut receipt = Receipt::of(Verdict::Done);
    receipt.files = vec![Piece {
        hash: HEXLOWER.encode(&Sha256::digest(b"le fichier")),
        name: "dossiers-12.zip".to_owned(),
        media_type: "application/zip".to_owned(),
        bytes: 10,
    }];
    let desk = Desk::answering(receipt);
    desk.shelf.keep(b"le fichier").unwrap();
    let settings = Settings {
        listen: "127.0.0.1:0".to_owned(),
        ..Settings::default()
    };
    let http = Http::bind(settings, Arc::<Health>::default(), None)
        .await
        .unwrap();
    let waits = name.clone();
    let http = http.serving(Arc::new(move |export: &str| export == waits));
    let address = http.address().unwrap();
    let (inbox, stop) = (desk.inbox.clone(), CancellationToken::new());
    tokio::spawn(async move { http.listen(inbox, stop).await });
    let ask = async |method: &str, path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.to_lowercase()
    };
    let path = format!("/exports/{word}");
    assert!(ask("GET", &path).await.contains("<form method=\"post\">"));
    assert!(ask("HEAD", &path).await.starts_with("http/1.1 200"));
    for wrong in ["0f", &"1f".repeat(32), "..%2f..%2fetc"] {
        for method in ["GET", "POST"] {
            let answer = ask(method, &format!("/exports/{wrong}")).await;
            assert!(answer.starts_with("http/1.1 404"), "{answer}");
        }
    }
    assert!(ask("GET", "/exports/").await.starts_with("http/1.1 404"));
    assert!(
        desk.heard().is_empty(),
        "nothing was used up or written down"
    );
    let fetched = ask("POST", &path).await;
    for part in [
        "http/1.1 200",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "content-disposition: attachment; filename=\"dossiers-12.zip\"",
        "content-length: 10",
        "le fichier",
    ] {
        assert!(fetched.contains(part), "{part}: {fetched}");
    }
    let heard = desk.heard();
    let [incoming] = heard.as_slice() else {
        panic!("{heard:?}");
    };
    assert!(matches!(&incoming.heard, Heard::Fetch { export } if *export == name));
}
