//! The virus scanner, real and feigned, before each of the ways in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use greffier::channel::Channel;
use greffier::channel::clamd::{Clamd, Settings};
use greffier::channel::control::{Answer, DepositRequest, FileOf, MailRequest, Request, answer};
use greffier::channel::http::health::Health;
use greffier::channel::{http, imap, listener};
use greffier::message::{Heard, MailIn, Scan};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use crate::servers::clamd::{SIGNATURE, VIRUS};
use crate::servers::{USER, clamd, dovecot, until};

/// How a feigned clamd behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// It takes everything and says nothing.
    Mute,
    /// It hangs up in the middle of what it is sent.
    Cut,
    /// It says half a line and hangs up.
    Half,
    /// It reports an error of its own.
    Broken,
    /// It takes no more than that.
    Limit(usize),
}

/// A feigned clamd. It finds [`VIRUS`] and holds its callers to the protocol.
struct Feigned {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
}

impl Feigned {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(Mutex::new(mood));
        let moods = Arc::clone(&mood);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mood = *moods.lock().unwrap();
                tokio::spawn(serve(stream, mood));
            }
        });
        Self { address, mood }
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn scanner(&self, health: &Arc<Health>) -> Arc<Clamd> {
        scanner(&self.address.to_string(), health)
    }
}

async fn serve(mut stream: TcpStream, mood: Mood) -> Option<()> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.ok()?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let length = stream.read_u32().await.ok()? as usize;
        if length == 0 {
            break;
        }
        let start = content.len();
        content.resize(start + length, 0);
        if mood == Mood::Cut {
            return None;
        }
        stream.read_exact(content.get_mut(start..)?).await.ok()?;
        if matches!(mood, Mood::Limit(limit) if content.len() > limit) {
            let exceeded = b"INSTREAM size limit exceeded. ERROR\0";
            return stream.write_all(exceeded).await.ok();
        }
    }
    let infected = String::from_utf8_lossy(&content).contains(VIRUS);
    let said: &[u8] = match mood {
        Mood::Mute => return std::future::pending().await,
        Mood::Half => b"stream: O",
        Mood::Broken => b"stream: Can't create temporary file ERROR\0",
        _ if infected => b"stream: Greffier.Test.Sample.UNOFFICIAL FOUND\0",
        _ => b"stream: OK\0",
    };
    stream.write_all(said).await.ok()
}

fn scanner(address: &str, health: &Arc<Health>) -> Arc<Clamd> {
    let settings = toml::from_str::<Settings>(&format!(
        "address = \"{address}\"\ntimeout_seconds = 1\nmax_bytes = 4000000"
    ));
    Arc::new(Clamd::new(settings.unwrap(), Arc::clone(health)))
}

fn infected() -> Scan {
    Scan::Infected {
        signature: SIGNATURE.to_owned(),
    }
}

fn is_well(health: &Health) -> bool {
    let checks = health.checks();
    checks.iter().any(|check| check.name == "clamd" && check.ok)
}

#[tokio::test]
async fn each_answer_has_its_verdict() {
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Well).await;
    let scanner = clamd.scanner(&health);
    assert!(!is_well(&health), "nobody has asked yet");
    assert_eq!(scanner.scan(b"Bonjour").await.unwrap(), Scan::Clean);
    assert!(is_well(&health));
    assert_eq!(scanner.scan(b"").await.unwrap(), Scan::Clean);
    assert_eq!(scanner.scan(VIRUS.as_bytes()).await.unwrap(), infected());
    let large = vec![b'a'; 1_000_000];
    assert_eq!(scanner.scan(&large).await.unwrap(), Scan::Clean);
    clamd.is(Mood::Limit(100_000));
    assert_eq!(scanner.scan(&large).await.unwrap(), Scan::NotScanned);
    let beyond = vec![b'a'; 4_000_001];
    assert_eq!(scanner.scan(&beyond).await.unwrap(), Scan::NotScanned);
    for mood in [Mood::Cut, Mood::Half, Mood::Broken, Mood::Mute] {
        clamd.is(mood);
        assert!(scanner.scan(&large).await.unwrap_err().reached, "{mood:?}");
        assert!(!is_well(&health));
    }
    clamd.is(Mood::Well);
    assert_eq!(scanner.scan(b"Bonjour").await.unwrap(), Scan::Clean);
    assert!(is_well(&health));
}

#[tokio::test]
async fn the_real_clamd_says_the_same() {
    let Some(mut clamd) = clamd() else { return };
    let health = Arc::new(Health::default());
    let scanner = scanner(&clamd.socket().display().to_string(), &health);
    assert_eq!(scanner.scan(b"Bonjour").await.unwrap(), Scan::Clean);
    assert_eq!(scanner.scan(VIRUS.as_bytes()).await.unwrap(), infected());
    let file = BASE64.encode(format!("un fichier {VIRUS}").as_bytes());
    let mail = format!(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.bin\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{file}\r\n"
    );
    assert_eq!(scanner.scan(mail.as_bytes()).await.unwrap(), infected());
    let large = vec![b'a'; 3_000_000];
    assert_eq!(scanner.scan(&large).await.unwrap(), Scan::NotScanned);
    clamd.stop();
    assert!(!scanner.scan(b"Bonjour").await.unwrap_err().reached);
    assert!(!is_well(&health));
    clamd.start();
    assert_eq!(scanner.scan(b"Bonjour").await.unwrap(), Scan::Clean);
}

#[tokio::test]
async fn its_absence_is_known_before_anything_comes() {
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Broken).await;
    let (scanner, stop) = (clamd.scanner(&health), CancellationToken::new());
    let (inbox, stopping) = (Desk::new().inbox, stop.clone());
    let task = tokio::spawn(async move { scanner.listen(inbox, stopping).await });
    let why = loop {
        let check = health.checks().into_iter().next().unwrap();
        match check.why {
            Some(why) if why != "not asked yet" => break why,
            _ => tokio::task::yield_now().await,
        }
    };
    assert!(why.contains("does not answer"), "{why}");
    stop.cancel();
    task.await.unwrap().unwrap();
}

/// Everything that the listener says to a client that sends one mail.
async fn mailed(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let session = format!(
        "EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<reponse+a@greffe.example>\r\nDATA\r\n\
         Message-ID: <1@client.example>\r\n\r\n{text}\r\n.\r\nQUIT\r\n"
    );
    stream.write_all(session.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

fn heard(desk: &Desk) -> Vec<MailIn> {
    let mails = desk
        .heard()
        .into_iter()
        .map(|incoming| match incoming.heard {
            Heard::Mail(mail) => mail,
            other => panic!("{other:?}"),
        });
    mails.collect()
}

#[tokio::test]
async fn a_mail_is_scanned_before_it_is_taken() {
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Well).await;
    let desk = Desk::new().scanned_by(clamd.scanner(&health));
    let settings = listener::Settings {
        smtp: "127.0.0.1:0".to_owned(),
        hostname: "mx.example".to_owned(),
        domain: "greffe.example".to_owned(),
        ..listener::Settings::default()
    };
    let listener = listener::Listener::bind(settings, Arc::new(|_: &str| true));
    let listener = listener.await.unwrap();
    let address = listener.smtp_address().unwrap();
    let (inbox, stop) = (desk.inbox.clone(), CancellationToken::new());
    tokio::spawn(async move { listener.listen(inbox, stop).await });

    assert!(mailed(address, "Bonjour").await.contains("250 2.0.0 Taken"));
    assert!(mailed(address, VIRUS).await.contains("250 2.0.0 Taken"));
    let scans: Vec<_> = heard(&desk).into_iter().map(|mail| mail.scan).collect();
    assert_eq!(scans, [Some(Scan::Clean), Some(infected())]);
    clamd.is(Mood::Cut);
    let said = mailed(address, "Encore").await;
    assert!(said.contains("451 4.7.1 "), "{said}");
    assert_eq!(desk.shelf.kept.lock().unwrap().len(), 2, "nothing is kept");
    clamd.is(Mood::Well);
    assert!(mailed(address, "Encore").await.contains("250 2.0.0 Taken"));
    assert_eq!(heard(&desk).len(), 3);
}

#[tokio::test]
async fn deposited_files_are_scanned() {
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Well).await;
    let desk = Desk::new().scanned_by(clamd.scanner(&health));
    let settings = http::Settings {
        listen: "127.0.0.1:0".to_owned(),
        token: Some("secret".into()),
        ..http::Settings::default()
    };
    let server = http::Http::bind(settings, Arc::clone(&health), None);
    let server = server.await.unwrap();
    let address = server.address().unwrap();
    let (inbox, stop) = (desk.inbox.clone(), CancellationToken::new());
    tokio::spawn(async move { server.listen(inbox, stop).await });
    let deposited = async |file: &str| {
        let part = "--b\r\nContent-Disposition: form-data; name=";
        let body = format!(
            "{part}dossier\r\n\r\n{{}}\r\n{part}plan; filename=plan.pdf\r\n\r\n{file}\r\n--b--\r\n"
        );
        let head = format!(
            "POST /api/demarches/7/dossiers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer secret\r\n\
             Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        said
    };
    assert!(deposited("un plan").await.starts_with("HTTP/1.1 202"));
    let refused = deposited(VIRUS).await;
    assert!(refused.starts_with("HTTP/1.1 422"), "{refused}");
    assert!(refused.contains("infected") && refused.contains(SIGNATURE));
    clamd.is(Mood::Limit(3));
    assert!(deposited("un plan").await.starts_with("HTTP/1.1 413"));
    clamd.is(Mood::Cut);
    let later = deposited("un plan").await;
    assert!(later.starts_with("HTTP/1.1 503"), "{later}");
    assert!(later.contains("retry-after: "));
    assert_eq!(desk.heard().len(), 1);
    assert_eq!(desk.shelf.kept.lock().unwrap().len(), 1, "nothing is kept");
}

#[tokio::test]
async fn what_the_shell_hands_in_is_scanned() {
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Well).await;
    let desk = Desk::new().scanned_by(clamd.scanner(&health));
    let admin: greffier::channel::control::Admin = Arc::new(Ok);
    let mail = |text: &str| {
        Request::Mail(MailRequest {
            original_base64: Some(BASE64.encode(text.as_bytes())),
            ..MailRequest::default()
        })
    };
    let code = |answer: Answer| match answer {
        Answer::Error(failure) => failure.code,
        other => panic!("{other:?}"),
    };
    let taken = answer(mail(VIRUS), &desk.inbox, &admin).await;
    assert!(matches!(taken, Answer::Receipt(_)));
    assert_eq!(heard(&desk)[0].scan, Some(infected()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.pdf");
    std::fs::write(&path, VIRUS).unwrap();
    let deposit = Request::Deposit(DepositRequest {
        demarche: 7,
        body: json!({}),
        files: vec![FileOf {
            champ: "plan".to_owned(),
            path,
        }],
        id: None,
    });
    let refused = answer(deposit.clone(), &desk.inbox, &admin).await;
    assert_eq!(code(refused), "infected");
    clamd.is(Mood::Cut);
    for request in [mail("Bonjour"), deposit] {
        let refused = answer(request, &desk.inbox, &admin).await;
        assert_eq!(code(refused), "away");
    }
    assert_eq!(desk.heard().len(), 1);
}

/// A mail with one part in base64.
fn wrapped(kind: &str, content: &[u8]) -> Request {
    let mail = format!(
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        BASE64.encode(content)
    );
    Request::Mail(MailRequest {
        original_base64: Some(BASE64.encode(mail.as_bytes())),
        ..MailRequest::default()
    })
}

/// `mail` signed as one block, in pieces of seven octets and in lengths that only the end marks tell (X.690 §8.1.3.6).
fn signed(mail: &[u8]) -> Vec<u8> {
    let streamed = |tag: u8, content: &[u8]| [&[tag, 0x80][..], content, &[0, 0]].concat();
    let mut pieces = Vec::new();
    for piece in mail.chunks(7) {
        pieces.extend([0x04, u8::try_from(piece.len()).unwrap()]);
        pieces.extend(piece);
    }
    let data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    let content = streamed(0xa0, &streamed(0x24, &pieces));
    let encapsulated = streamed(0x30, &[&data[..], &content].concat());
    let signed = streamed(0x30, &[&[2, 1, 1, 0x31, 0][..], &encapsulated].concat());
    let kind = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    streamed(0x30, &[&kind[..], &streamed(0xa0, &signed)].concat())
}

/// A `winmail.dat` (MS-OXTNEF) with one file.
fn winmail(content: &[u8]) -> Vec<u8> {
    let mut tnef = b"\x78\x9f\x3e\x22\x01\0".to_vec();
    let file: [(u32, &[u8]); 3] = [
        (0x0006_9002, &[0; 14]),
        (0x0001_8010, b"note.txt\0"),
        (0x0006_800f, content),
    ];
    for (attribute, value) in file {
        tnef.push(2);
        tnef.extend(attribute.to_le_bytes());
        tnef.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        tnef.extend(value);
        let sum = value.iter().map(|octet| u16::from(*octet));
        tnef.extend(sum.fold(0_u16, u16::wrapping_add).to_le_bytes());
    }
    tnef
}

#[tokio::test]
async fn what_will_be_taken_out_of_a_mail_is_scanned() {
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Well).await;
    let desk = Desk::new().scanned_by(clamd.scanner(&health));
    let admin: greffier::channel::control::Admin = Arc::new(Ok);
    let mail = |text: &str| format!("Content-Type: text/plain\r\n\r\n{text}\r\n");
    let opaque = "application/pkcs7-mime; name=smime.p7m";
    for request in [
        wrapped(opaque, &signed(mail(VIRUS).as_bytes())),
        wrapped(
            "application/ms-tnef; name=winmail.dat",
            &winmail(VIRUS.as_bytes()),
        ),
        wrapped(opaque, &signed(mail("Bonjour").as_bytes())),
    ] {
        let taken = answer(request, &desk.inbox, &admin).await;
        assert!(matches!(taken, Answer::Receipt(_)), "{taken:?}");
    }
    let scans: Vec<_> = heard(&desk).into_iter().map(|mail| mail.scan).collect();
    let found = || Some(infected());
    assert_eq!(scans, [found(), found(), Some(Scan::Clean)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_keeps_its_mail_while_the_scanner_is_away() {
    let Some(server) = dovecot("") else { return };
    let health = Arc::new(Health::default());
    let clamd = Feigned::start(Mood::Broken).await;
    let desk = Desk::new().scanned_by(clamd.scanner(&health));
    let mut client = server.client();
    client.append("INBOX", None, "From: a@b.example\r\n\r\nBonjour\r\n");
    let settings = toml::from_str::<imap::Settings>(&format!(
        "host = \"{}\"\nport = 1143\nsecurity = \"none\"\nuser = \"{USER}\"\npassword_file = \"{}\"\ntake_all = true\n",
        server.address(),
        server.path("password").display(),
    ));
    let data = tempfile::tempdir().unwrap();
    let mailbox = imap::Imap::new(settings.unwrap(), data.path(), Arc::clone(&health));
    let (mailbox, stop) = (mailbox.unwrap(), CancellationToken::new());
    let (inbox, stopping) = (desk.inbox.clone(), stop.clone());
    let task = tokio::spawn(async move { mailbox.listen(inbox, stopping).await });
    until("the scanner is missed", || {
        let checks = health.checks();
        let imap = checks.into_iter().find(|check| check.name == "imap")?;
        imap.why.filter(|why| why.contains("scanner"))
    });
    assert_eq!(client.count("INBOX"), 1);
    assert!(desk.heard().is_empty());
    clamd.is(Mood::Well);
    until("the mail is taken", || {
        (client.count("INBOX") == 0).then_some(())
    });
    stop.cancel();
    task.await.unwrap().unwrap();
    assert_eq!(heard(&desk)[0].scan, Some(Scan::Clean));
}
