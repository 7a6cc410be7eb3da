//! Any octets said to the listener, in any pieces: it answers in whole lines, and the pieces make no difference.

#![no_main]

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greffier::channel::listener::Protocol;
use greffier::channel::listener::connection::{Host, serve};
use greffier::channel::listener::session::Policy;
use greffier::channel::{Heard, Inbox, Shelf};
use greffier::message::{Incoming, MailIn, Receipt, Verdict};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const MAX_BYTES: usize = 4_000;

/// What came of a conversation.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    answers: Vec<u8>,
    /// Envelope, and content without the trace line, which bears the time.
    mails: Vec<(Option<String>, Vec<String>, Vec<u8>)>,
}

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        Builder::new_current_thread().enable_time().build().expect("a runtime"),
    );
}

fuzz_target!(|octets: &[u8]| {
    let Some(([kind, size], said)) = octets.split_first_chunk::<2>() else {
        return;
    };
    let protocol = if kind % 2 == 0 {
        Protocol::Smtp
    } else {
        Protocol::Lmtp
    };
    let greeting: &[u8] = match (kind / 2 % 2, protocol) {
        (0, _) => b"",
        (_, Protocol::Smtp) => {
            b"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<reponse+x@greffier.example>\r\n"
        }
        (_, Protocol::Lmtp) => {
            b"LHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<reponse+x@greffier.example>\r\n"
        }
    };
    let said = [greeting, said].concat();
    let whole = talk(protocol, &said, said.len().max(1));
    check(&whole);
    let pieces = talk(protocol, &said, usize::from(*size).max(1));
    assert_eq!(whole, pieces, "pieces of {size} make a difference");
});

fn check(outcome: &Outcome) {
    let answers = std::str::from_utf8(&outcome.answers).expect("answers are text");
    assert!(
        answers.starts_with("220 ") && answers.ends_with("\r\n"),
        "{answers:?}"
    );
    for line in answers.split_terminator("\r\n") {
        let (code, rest) = line.split_at_checked(3).expect("each line has a code");
        assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{line:?}");
        assert!(
            rest.starts_with([' ', '-']) && !rest.contains(char::is_control),
            "{line:?}"
        );
    }
    let taken = answers.matches("250 2.0.0 Taken\r\n").count();
    assert!(
        taken >= outcome.mails.len(),
        "{taken} taken, {} handed in",
        outcome.mails.len()
    );
    assert!(outcome.mails.is_empty() == (taken == 0));
    for (_, to, content) in &outcome.mails {
        assert!(!to.is_empty() && content.len() <= MAX_BYTES);
    }
}

fn talk(protocol: Protocol, said: &[u8], piece: usize) -> Outcome {
    RUNTIME.with_borrow(|runtime| runtime.block_on(converse(protocol, said, piece)))
}

async fn converse(protocol: Protocol, said: &[u8], piece: usize) -> Outcome {
    let (sender, mut heard) = mpsc::channel::<Heard>(1);
    let kept = Arc::new(Kept::default());
    let (client, server) = tokio::io::duplex(64);
    let serving = serve(
        host(sender, kept.clone()),
        protocol,
        server,
        None,
        CancellationToken::new(),
    );
    let (mut answers, mut words) = tokio::io::split(client);
    let speaking = async move {
        for piece in said.chunks(piece) {
            if words.write_all(piece).await.is_err() {
                break;
            }
        }
        // The listener may have hung up first.
        let _ = words.shutdown().await;
    };
    let listening = async {
        let mut all = Vec::new();
        let _ = answers.read_to_end(&mut all).await;
        all
    };
    let mut mails = Vec::new();
    let taking = async {
        while let Some(Heard { incoming, receipt }) = heard.recv().await {
            mails.push(mail(incoming, &kept));
            let _ = receipt.send(Receipt::of(Verdict::Done));
        }
    };
    let (_, (), answers, ()) = tokio::join!(serving, speaking, listening, taking);
    Outcome { answers, mails }
}

fn host(sender: mpsc::Sender<Heard>, kept: Arc<Kept>) -> Host {
    let policy = Policy {
        hostname: "mail.greffier.example".to_owned(),
        domain: "greffier.example".to_owned(),
        max_bytes: MAX_BYTES,
        max_recipients: 3,
        accepts: Arc::new(|local| local.starts_with("reponse+") || local == "postmaster"),
    };
    Host {
        policy: Arc::new(policy),
        inbox: Inbox::new(sender, kept),
        authenticator: None,
        command: Duration::from_secs(60),
        data: Duration::from_secs(60),
    }
}

fn mail(incoming: Incoming, kept: &Kept) -> (Option<String>, Vec<String>, Vec<u8>) {
    let greffier::message::Heard::Mail(MailIn {
        mail_from, rcpt_to, ..
    }) = incoming.heard
    else {
        panic!("a listener hands in mails only");
    };
    let original = kept.last.lock().expect("nobody panics").clone();
    let trace = original
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair == b"\r\n")
        .nth(2);
    let (end, _) = trace.expect("three lines of trace");
    (
        mail_from,
        rcpt_to,
        original.get(end + 2..).unwrap_or_default().to_vec(),
    )
}

/// A shelf for one mail.
#[derive(Default)]
struct Kept {
    last: Mutex<Vec<u8>>,
}

impl Shelf for Kept {
    fn keep(&self, content: &[u8]) -> io::Result<String> {
        content.clone_into(&mut *self.last.lock().expect("nobody panics"));
        Ok("hash".to_owned())
    }

    fn read(&self, _hash: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}
