//! SMTP and LMTP over loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use greffier::channel::Channel;
use greffier::channel::listener::{Listener, Settings};
use greffier::message::{Heard, Incoming, MailIn, Receipt, Verdict};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;

struct Running {
    smtp: SocketAddr,
    lmtp: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<anyhow::Result<()>>,
}

fn settings() -> Settings {
    Settings {
        smtp: "127.0.0.1:0".to_owned(),
        lmtp: "127.0.0.1:0".to_owned(),
        hostname: "mx.example".to_owned(),
        domain: "greffe.example".to_owned(),
        max_bytes: 2000,
        ..Settings::default()
    }
}

async fn running(settings: Settings, desk: &Desk) -> Running {
    let accepts = Arc::new(|local: &str| local.starts_with("reponse+"));
    let listener = Listener::bind(settings, accepts).await.unwrap();
    let (smtp, lmtp) = (
        listener.smtp_address().unwrap(),
        listener.lmtp_address().unwrap(),
    );
    let stop = CancellationToken::new();
    let (inbox, stopping) = (desk.inbox.clone(), stop.clone());
    let ended = tokio::spawn(async move { listener.listen(inbox, stopping).await });
    Running {
        smtp,
        lmtp,
        stop,
        ended,
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn new(address: SocketAddr) -> Self {
        let mut client = Self(BufReader::new(TcpStream::connect(address).await.unwrap()));
        assert!(client.answer().await.starts_with("220 mx.example"));
        client
    }

    async fn send(&mut self, octets: &str) {
        self.0.get_mut().write_all(octets.as_bytes()).await.unwrap();
    }

    /// One answer, all its lines; empty once the connection is closed.
    async fn answer(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let start = answer.len();
            self.0.read_line(&mut answer).await.unwrap();
            if answer.get(start + 3..=start + 3) != Some("-") {
                return answer;
            }
        }
    }

    async fn said(&mut self, line: &str) -> String {
        self.send(&format!("{line}\r\n")).await;
        self.answer().await
    }

    /// The codes of the next answers.
    async fn codes(&mut self, count: usize) -> Vec<String> {
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(self.answer().await.chars().take(3).collect());
        }
        codes
    }

    async fn ready(&mut self) {
        self.send("EHLO client.example\r\nMAIL FROM:<paul@client.example>\r\nRCPT TO:<reponse+a@greffe.example>\r\nDATA\r\n").await;
        assert_eq!(self.codes(4).await, ["250", "250", "250", "354"]);
    }

    async fn is_closed(&mut self) -> bool {
        self.answer().await.is_empty()
    }
}

fn mail(incoming: &Incoming) -> &MailIn {
    match &incoming.heard {
        Heard::Mail(mail) => mail,
        other => panic!("{other:?}"),
    }
}

const MAIL: &str =
    "Message-ID: <1@client.example>\r\nSubject: Avis\r\n\r\nBonjour\r\n..point\r\n.\r\n";

#[tokio::test]
async fn a_pipelined_session_hands_one_mail_over() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    let mut client = Client::new(running.smtp).await;
    client.ready().await;
    client
        .send(&format!(
            "{MAIL}NOOP\r\nVRFY paul\r\nHELP\r\nRSET\r\nQUIT\r\n"
        ))
        .await;
    assert_eq!(
        client.codes(6).await,
        ["250", "250", "252", "214", "250", "221"]
    );
    assert!(client.is_closed().await);
    let heard = desk.heard();
    let [incoming] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    let mail = mail(incoming);
    assert_eq!(mail.mail_from.as_deref(), Some("paul@client.example"));
    assert_eq!(mail.rcpt_to, ["reponse+a@greffe.example"]);
    assert_eq!(mail.peer, None, "loopback is our own relay");
    let original = desk.text(&mail.original.hash);
    assert_eq!(mail.original.bytes, original.len() as u64);
    let (trace, rest) = original.split_once("Message-ID").unwrap();
    assert!(
        trace.starts_with("Received: from client.example\r\n\tby mx.example with ESMTP id "),
        "{trace}"
    );
    assert!(!trace.contains('@'));
    assert!(rest.ends_with("\r\nBonjour\r\n.point\r\n"), "{rest}");
}

#[tokio::test]
async fn ehlo_says_what_is_offered() {
    let running = running(settings(), &Desk::new()).await;
    let answer = Client::new(running.smtp)
        .await
        .said("EHLO client.example")
        .await;
    for offered in [
        "PIPELINING",
        "SIZE 2000",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "ENHANCEDSTATUSCODES",
    ] {
        assert!(answer.contains(offered), "{answer}");
    }
}

#[tokio::test]
async fn a_peer_that_is_no_relay_of_ours_is_told_on() {
    let desk = Desk::new();
    let running = running(
        Settings {
            relays: Vec::new(),
            ..settings()
        },
        &desk,
    )
    .await;
    let mut client = Client::new(running.smtp).await;
    client.ready().await;
    assert!(client.said(MAIL.trim_end()).await.starts_with("250"));
    let heard = desk.heard();
    let mail = mail(heard.first().unwrap());
    assert_eq!(mail.peer, Some("127.0.0.1".parse().unwrap()));
    assert!(
        desk.text(&mail.original.hash)
            .contains("from client.example ([127.0.0.1])")
    );
}

#[tokio::test]
async fn lmtp_answers_for_each_recipient_that_was_accepted() {
    let desk = Desk::answering(Receipt::of(Verdict::Quarantined));
    let running = running(settings(), &desk).await;
    let mut client = Client::new(running.lmtp).await;
    client
        .send(
            "LHLO mta.example\r\nMAIL FROM:<>\r\nRCPT TO:<reponse+a@greffe.example>\r\n\
             RCPT TO:<unknown@greffe.example>\r\nRCPT TO:<reponse+b@greffe.example>\r\nDATA\r\n",
        )
        .await;
    assert_eq!(
        client.codes(6).await,
        ["250", "250", "250", "550", "250", "354"]
    );
    client.send(MAIL).await;
    assert_eq!(client.codes(2).await, ["250", "250"]);
    assert!(client.said("NOOP").await.starts_with("250"));
    let heard = desk.heard();
    let [incoming] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    assert_eq!(mail(incoming).mail_from.as_deref(), Some(""));
    assert_eq!(mail(incoming).rcpt_to.len(), 2);
    assert!(
        desk.text(&mail(incoming).original.hash)
            .contains("with LMTP")
    );
}

#[tokio::test]
async fn lmtp_speaks_over_a_unix_socket() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    let settings = || Settings {
        lmtp: path.to_str().unwrap().to_owned(),
        ..settings()
    };
    // A stale socket is in the way.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Listener::bind(settings(), Arc::new(|_: &str| true))
        .await
        .unwrap();
    assert!(
        Listener::bind(settings(), Arc::new(|_: &str| true))
            .await
            .is_err(),
        "it is in use"
    );
    let (inbox, stop) = (desk.inbox.clone(), CancellationToken::new());
    let stopping = stop.clone();
    let ended = tokio::spawn(async move { listener.listen(inbox, stopping).await });
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let said = "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@greffe.example>\r\nDATA\r\n\r\n.\r\nQUIT\r\n";
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(
        answers.ends_with("250 2.0.0 Taken\r\n221 2.0.0 Bye\r\n"),
        "{answers}"
    );
    stop.cancel();
    ended.await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_mail_too_large_is_refused_and_the_connection_goes_on() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    let mut client = Client::new(running.smtp).await;
    client.ready().await;
    let large = format!("{}\r\n.\r\nNOOP\r\n", "x".repeat(2001));
    client.send(&large).await;
    assert_eq!(client.codes(2).await, ["552", "250"]);
    assert!(
        client
            .said("MAIL FROM:<a@b.example> SIZE=2001")
            .await
            .starts_with("552 5.3.4")
    );
    assert!(desk.heard().is_empty());
}

#[tokio::test]
async fn a_smuggled_mail_is_refused_with_its_carrier() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n"] {
        let mut client = Client::new(running.smtp).await;
        client.ready().await;
        let second = "MAIL FROM:<evil@x.example>\r\nRCPT TO:<reponse+b@greffe.example>\r\nDATA\r\nSubject: faux\r\n\r\nOui";
        client
            .send(&format!(
                "Subject: vrai\r\n\r\nNon{end}{second}\r\n.\r\nNOOP\r\n"
            ))
            .await;
        assert_eq!(client.codes(2).await, ["550", "250"], "{end:?}");
    }
    assert!(desk.heard().is_empty());
}

#[tokio::test]
async fn long_lines_and_bare_newlines_are_no_commands() {
    let running = running(settings(), &Desk::new()).await;
    let mut client = Client::new(running.smtp).await;
    client
        .send(&format!(
            "EHLO {}\r\nNOOP\nEHLO client\r\n",
            "x".repeat(5000)
        ))
        .await;
    assert_eq!(client.codes(3).await, ["500", "500", "250"]);
}

#[tokio::test]
async fn chunks_make_a_mail_of_any_octets() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    let mut client = Client::new(running.smtp).await;
    client
        .send("EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<reponse+a@greffe.example>\r\n")
        .await;
    client
        .send("BDAT 12\r\nSubject: a\r\nBDAT 9 LAST\r\n\r\n.\r\n.\r\nxNOOP\r\n")
        .await;
    assert_eq!(
        client.codes(6).await,
        ["250", "250", "250", "250", "250", "250"]
    );
    let heard = desk.heard();
    assert!(
        desk.text(&mail(heard.first().unwrap()).original.hash)
            .ends_with("Subject: a\r\n\r\n.\r\n.\r\nx")
    );
    client.send("BDAT 4\r\nQUITNOOP\r\n").await;
    assert_eq!(
        client.codes(2).await,
        ["503", "250"],
        "a chunk out of turn is read over"
    );
    client
        .send("MAIL FROM:<a@b.example>\r\nRCPT TO:<reponse+a@greffe.example>\r\nBDAT 2001\r\n")
        .await;
    client.send(&format!("{}NOOP\r\n", "x".repeat(2001))).await;
    assert_eq!(client.codes(4).await, ["250", "250", "552", "250"]);
}

#[tokio::test]
async fn a_mail_is_answered_before_the_next_chunk_is_there() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    let mut client = Client::new(running.smtp).await;
    client
        .send("EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<reponse+a@greffe.example>\r\n")
        .await;
    client.send("BDAT 2 LAST\r\nxyBDAT 9 LAST\r\nz").await;
    assert_eq!(client.codes(4).await, ["250", "250", "250", "250"]);
}

#[tokio::test]
async fn what_cannot_be_kept_or_committed_stays_with_its_sender() {
    for desk in [Desk::closed(), Desk::full()] {
        let running = running(settings(), &desk).await;
        let mut client = Client::new(running.smtp).await;
        client.ready().await;
        client.send(MAIL).await;
        assert!(client.answer().await.starts_with("451 4.3.0"));
    }
}

#[tokio::test]
async fn a_mail_that_comes_again_has_the_same_id_and_another_has_another() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    for mail in [MAIL, MAIL, &MAIL.replace("Bonjour", "Bonsoir")] {
        let mut client = Client::new(running.smtp).await;
        client.ready().await;
        client.send(mail).await;
        assert!(client.answer().await.starts_with("250"));
    }
    let heard = desk.heard();
    let ids: Vec<&str> = heard.iter().map(|incoming| incoming.id.as_str()).collect();
    let [first, again, other] = ids.as_slice() else {
        panic!("{ids:?}")
    };
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_sent_away() {
    let running = running(
        Settings {
            command_seconds: 0,
            ..settings()
        },
        &Desk::new(),
    )
    .await;
    let mut client = Client::new(running.smtp).await;
    assert!(client.answer().await.starts_with("421 4.4.2"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_client_that_does_not_end_its_mail_is_sent_away() {
    let desk = Desk::new();
    let running = running(
        Settings {
            data_seconds: 0,
            ..settings()
        },
        &desk,
    )
    .await;
    let mut client = Client::new(running.smtp).await;
    client.ready().await;
    client.send("Subject: sans fin\r\n").await;
    assert!(client.answer().await.starts_with("421 4.4.2"));
    assert!(desk.heard().is_empty());
}

#[tokio::test]
async fn one_client_too_many_is_told_to_come_again() {
    let running = running(
        Settings {
            max_connections: 1,
            ..settings()
        },
        &Desk::new(),
    )
    .await;
    let _first = Client::new(running.smtp).await;
    let mut second = Client(BufReader::new(
        TcpStream::connect(running.smtp).await.unwrap(),
    ));
    assert!(second.answer().await.starts_with("421 4.3.2"));
}

#[tokio::test]
async fn a_stop_ends_the_idle_and_waits_for_the_busy() {
    let desk = Desk::new();
    let running = running(settings(), &desk).await;
    let mut idle = Client::new(running.smtp).await;
    let mut busy = Client::new(running.smtp).await;
    busy.ready().await;
    running.stop.cancel();
    assert!(idle.answer().await.starts_with("421 4.3.2"));
    assert!(idle.is_closed().await);
    busy.send(MAIL).await;
    assert_eq!(busy.codes(2).await, ["250", "421"]);
    running.ended.await.unwrap().unwrap();
    assert_eq!(desk.heard().len(), 1);
    assert!(TcpStream::connect(running.smtp).await.is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_plainly() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = Listener::bind(
        Settings {
            smtp: address.clone(),
            ..settings()
        },
        Arc::new(|_: &str| true),
    )
    .await
    .err()
    .unwrap();
    assert!(
        error.to_string().contains(&address) && error.to_string().contains("listener.smtp"),
        "{error}"
    );
}

#[tokio::test]
async fn without_a_domain_nothing_is_listened_for() {
    let nameless = Settings {
        domain: String::new(),
        ..settings()
    };
    let error = Listener::bind(nameless, Arc::new(|_: &str| true))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("mail.domain"), "{error}");
}
