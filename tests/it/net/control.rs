//! The control socket, from both ends.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use greffier::channel::Channel;
use greffier::channel::control::{
    Answer, CallError, Control, DepositRequest, FileOf, LineRequest, MailRequest, Request,
    Settings, call,
};
use greffier::message::{Heard, Place, Receipt, Verdict};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;

async fn running(folder: &Path, desk: &Desk) -> (PathBuf, CancellationToken) {
    let socket = folder.join("greffier.sock");
    let admin = Arc::new(|value: Value| {
        anyhow::ensure!(value.get("name").is_some(), "no such act");
        Ok(json!({ "asked": value }))
    });
    let control = Control::bind(
        Settings {
            socket: socket.clone(),
        },
        admin,
    )
    .await
    .unwrap();
    let (inbox, stop) = (desk.inbox.clone(), CancellationToken::new());
    let stopping = stop.clone();
    tokio::spawn(async move { control.listen(inbox, stopping).await });
    (socket, stop)
}

async fn asked(socket: &Path, request: Request) -> Result<Answer, CallError> {
    let socket = socket.to_owned();
    tokio::task::spawn_blocking(move || call(&socket, &request))
        .await
        .unwrap()
}

fn line(files: Vec<PathBuf>) -> Request {
    let id = Some("essai-1".to_owned());
    Request::Line(LineRequest {
        by: "ines@ddt.example".to_owned(),
        text: "suivre 4807".to_owned(),
        files,
        id,
    })
}

#[tokio::test]
async fn a_line_is_heard_and_answered() {
    let receipt = Receipt {
        answers: vec!["C’est fait.".to_owned()],
        ..Receipt::of(Verdict::Done)
    };
    let desk = Desk::answering(receipt.clone());
    let folder = tempfile::tempdir().unwrap();
    let (socket, _stop) = running(folder.path(), &desk).await;
    assert_eq!(
        std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let file = folder.path().join("plan.pdf");
    std::fs::write(&file, "abc").unwrap();
    assert_eq!(
        asked(&socket, line(vec![file])).await.unwrap(),
        Answer::Receipt(receipt)
    );
    let heard = desk.heard();
    let incoming = heard.first().unwrap();
    let Heard::Line(line) = &incoming.heard else {
        panic!("{incoming:?}")
    };
    assert_eq!(
        (incoming.id.as_str(), line.text.as_str()),
        ("shell:essai-1", "suivre 4807")
    );
    assert_eq!(
        (line.from.network.as_str(), line.from.id.as_str()),
        ("shell", "ines@ddt.example")
    );
    assert_eq!(line.place, Place::Direct);
    let piece = line.files.first().unwrap();
    assert_eq!(
        (piece.name.as_str(), desk.text(&piece.hash).as_str()),
        ("plan.pdf", "abc")
    );
}

#[tokio::test]
async fn a_mail_a_deposit_and_an_admin_act_go_through() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let (socket, _stop) = running(folder.path(), &desk).await;
    let mail = MailRequest {
        original_base64: Some(BASE64.encode(b"Subject: a\r\n\r\nb")),
        ..MailRequest::default()
    };
    assert!(matches!(
        asked(&socket, Request::Mail(mail)).await.unwrap(),
        Answer::Receipt(_)
    ));
    let file = folder.path().join("plan.pdf");
    std::fs::write(&file, "abc").unwrap();
    let files = vec![FileOf {
        champ: "plan".to_owned(),
        path: file,
    }];
    let deposit = DepositRequest {
        demarche: 7,
        body: json!({ "a": 1 }),
        files,
        id: None,
    };
    assert!(matches!(
        asked(&socket, Request::Deposit(deposit)).await.unwrap(),
        Answer::Receipt(_)
    ));
    let heard = desk.heard();
    let [first, second] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    let (Heard::Mail(mail), Heard::Deposit(deposit)) = (&first.heard, &second.heard) else {
        panic!("{heard:?}")
    };
    assert_eq!(desk.text(&mail.original.hash), "Subject: a\r\n\r\nb");
    assert_eq!((deposit.demarche, deposit.files.len()), (7, 1));
    let act = json!({ "name": "verify" });
    assert_eq!(
        asked(&socket, Request::Admin(act.clone())).await.unwrap(),
        Answer::Admin(json!({ "asked": act }))
    );
    let Answer::Error(failure) = asked(&socket, Request::Admin(json!({}))).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        (failure.code.as_str(), failure.detail.as_str()),
        ("failed", "no such act")
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_and_the_next_request_is_heard() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let (socket, _stop) = running(folder.path(), &desk).await;
    let mut stream = BufReader::new(UnixStream::connect(&socket).await.unwrap());
    let here = folder.path().display();
    for (request, code) in [
        ("not json".to_owned(), "malformed"),
        (
            r#"{"line":{"as":"a","text":"b","colour":"red"}}"#.to_owned(),
            "malformed",
        ),
        (r#"{"mail":{}}"#.to_owned(), "malformed"),
        (r#"{"mail":{"path":"relative.eml"}}"#.to_owned(), "file"),
        (format!(r#"{{"mail":{{"path":"{here}"}}}}"#), "file"),
        (r#"{"mail":{"path":"/dev/zero"}}"#.to_owned(), "file"),
    ] {
        stream
            .get_mut()
            .write_all(format!("{request}\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        let Answer::Error(failure) = serde_json::from_str(&answer).unwrap() else {
            panic!("{answer}")
        };
        assert_eq!(failure.code, code, "{request}");
    }
    assert!(desk.heard().is_empty());
}

#[tokio::test]
async fn without_a_daemon_the_caller_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("greffier.sock");
    assert!(matches!(
        asked(&socket, line(Vec::new())).await,
        Err(CallError::NoDaemon)
    ));
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    assert!(matches!(
        asked(&socket, line(Vec::new())).await,
        Err(CallError::NoDaemon)
    ));
    let (socket, _stop) = running(folder.path(), &Desk::new()).await;
    assert!(
        asked(&socket, line(Vec::new())).await.is_ok(),
        "a stale socket is no hindrance"
    );
    let second = Control::bind(Settings { socket }, Arc::new(Ok)).await;
    assert!(second.is_err(), "one daemon at a time");
}

#[tokio::test]
async fn a_middle_that_stopped_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, _stop) = running(folder.path(), &Desk::closed()).await;
    let Answer::Error(failure) = asked(&socket, line(Vec::new())).await.unwrap() else {
        panic!()
    };
    assert_eq!(failure.code, "stopping");
}
