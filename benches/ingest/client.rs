//! Those who bring things: a mail server with several connections, a form with several visitors.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::desk::{TOKEN, body, expert, reply_address, usager};

/// Of everything that is brought in, so that no two things are alike.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A mail ready to be handed over: two thirds of them usagers' with a file, the others experts'.
pub(crate) struct Mail {
    envelope: String,
    /// With the dot that ends it.
    pub(crate) content: String,
}

/// So many mails, for `dossiers` in turn.
pub(crate) fn mails(count: u64, dossiers: u64) -> Vec<Mail> {
    (0..count).map(|_| mail(dossiers)).collect()
}

fn mail(dossiers: u64) -> Mail {
    let serial = NEXT.fetch_add(1, Ordering::Relaxed);
    let number = serial % dossiers + 1;
    let of_expert = serial % 3 == 2;
    let from = if of_expert {
        expert(number)
    } else {
        usager(number)
    };
    let to = reply_address(number, of_expert);
    let mut content = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: Re: Dossier {number}\r\nMessage-ID: <{serial}@poste.example>\r\n\
         Date: Mon, 03 Jun 2024 10:00:00 +0200\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"--frontiere\"\r\n\r\n----frontiere\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Bonjour,\r\n\r\nVoici ma réponse numéro {serial}, comme convenu au téléphone.\r\n\r\nCordialement,\r\nLina Moreau\r\n\r\n\
         Le 03/06/2024 à 10:00, Greffe a écrit :\r\n"
    );
    for row in 0..20 {
        write!(
            content,
            "> Ligne {row} du message cité, qui n’est pas à lire une autre fois.\r\n"
        )
        .unwrap();
    }
    if !of_expert {
        write!(
            content,
            "----frontiere\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"plan.pdf\"\r\n\r\n"
        )
        .unwrap();
        let file = format!("%PDF-1.4 {serial} {}", "0123456789abcde ".repeat(512));
        let encoded = data_encoding::BASE64.encode(file.as_bytes());
        for line in encoded.as_bytes().chunks(76) {
            content.push_str(std::str::from_utf8(line).unwrap());
            content.push_str("\r\n");
        }
    }
    content.push_str("----frontiere--\r\n.\r\n");
    Mail {
        envelope: format!("MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n"),
        content,
    }
}

/// Hands `mails` over by so many connections, and answers how long it took until the last 250.
pub(crate) fn send(smtp: SocketAddr, connections: usize, mails: &[Mail]) -> Duration {
    let share = mails.len().div_ceil(connections);
    let mut clients: Vec<Smtp> = (0..connections).map(|_| Smtp::connect(smtp)).collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for (client, mails) in clients.iter_mut().zip(mails.chunks(share)) {
            scope.spawn(move || client.hand_over(mails));
        }
    });
    started.elapsed()
}

struct Smtp(BufReader<TcpStream>);

impl Smtp {
    fn connect(smtp: SocketAddr) -> Self {
        let stream = TcpStream::connect(smtp).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self(BufReader::new(stream));
        client.answered("220");
        client.say("EHLO poste.example\r\n");
        client.answered("250");
        client
    }

    /// The next envelope leaves with the content before it (RFC 2920): the server need not wait for us.
    fn hand_over(&mut self, mails: &[Mail]) {
        let mut mails = mails.iter().peekable();
        if let Some(first) = mails.peek() {
            self.say(&first.envelope);
        }
        while let Some(mail) = mails.next() {
            for code in ["250", "250", "354"] {
                self.answered(code);
            }
            let next = mails.peek().map_or("", |next| next.envelope.as_str());
            self.say(&format!("{}{next}", mail.content));
            self.answered("250");
        }
    }

    fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn answered(&mut self, code: &str) {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            assert!(line.starts_with(code), "{line}");
            if !line[3..].starts_with('-') {
                return;
            }
        }
    }
}

/// Deposits so many dossiers by so many connections, and answers how long it took until the last 201.
pub(crate) fn deposit(http: SocketAddr, connections: u64, count: u64) -> Duration {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(move || visit(http, count / connections));
        }
    });
    started.elapsed()
}

fn visit(http: SocketAddr, count: u64) {
    let stream = TcpStream::connect(http).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    for _ in 0..count {
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let body = body(serial).to_string();
        let request = format!(
            "POST /api/demarches/7/dossiers HTTP/1.1\r\nHost: {http}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Idempotency-Key: bench-{serial}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        answered(&mut stream);
    }
}

fn answered(stream: &mut BufReader<TcpStream>) {
    let mut length = 0;
    let mut status = String::new();
    stream.read_line(&mut status).unwrap();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let line = line.trim_end().to_lowercase();
        if let Some(octets) = line.strip_prefix("content-length:") {
            length = octets.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    assert!(
        status.contains(" 201 "),
        "{status}{}",
        String::from_utf8_lossy(&body)
    );
}
