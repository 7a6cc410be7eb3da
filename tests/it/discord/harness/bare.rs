//! The bare clients: one request on a connection of its own, and a socket of the gateway.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::discord::fake::Fake;
use crate::discord::fake::guild::Guild;
use crate::discord::fake::room::Person;
use crate::discord::fake::socket::{Frame, frame};
use crate::discord::fake::world::Id;

/// How long an answer may take before the test has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A guild with one channel and one member.
pub(super) struct Scene<'a> {
    pub(super) guild: Guild<'a>,
    pub(super) salle: Id,
    pub(super) ines: Person<'a>,
}

pub(super) fn scene(fake: &Fake) -> Scene<'_> {
    let guild = fake.guild("Préfecture");
    let salle = guild.channel("salle");
    let ines = guild.member("ines");
    Scene { guild, salle, ines }
}

/// What was answered.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    head: String,
    pub(super) body: Value,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim())
    }

    /// The status and the code of Discord's own.
    pub(super) fn refused(&self) -> (u16, u64) {
        (self.status, self.body["code"].as_u64().unwrap_or_default())
    }

    /// The id of what was made.
    pub(super) fn id(&self) -> Id {
        assert!(self.status < 300, "{self:?}");
        self.body["id"].as_str().unwrap().parse().unwrap()
    }

    /// The code of the fault that stands at `path`, of a form that was refused.
    #[track_caller]
    pub(super) fn fault(&self, path: &str) -> String {
        assert_eq!(self.refused(), (400, 50035), "{self:?}");
        let mut place = &self.body["errors"];
        for key in path.split('.').filter(|key| !key.is_empty()) {
            place = &place[key];
        }
        let code = place["_errors"][0]["code"].as_str();
        code.unwrap_or_else(|| panic!("no fault at {path}: {}", self.body))
            .to_owned()
    }
}

/// A request as it should be.
pub(super) fn call(fake: &Fake, method: &str, path: &str, body: &Value) -> Reply {
    let head = format!(
        "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\nContent-Type: application/json\r\n",
        fake.token()
    );
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    raw(
        fake,
        method,
        &format!("/api/v10{path}"),
        &head,
        body.as_bytes(),
    )
    .expect("an answer")
}

pub(super) const AGENT: &str = "DiscordBot (https://greffier.example, 0.1)";

/// A form with `payload_json` and these files, as number, name and content.
pub(super) fn form(
    fake: &Fake,
    method: &str,
    path: &str,
    body: &Value,
    files: &[(u64, &str, &[u8])],
) -> Reply {
    let mut bytes = format!("--limite\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{body}\r\n").into_bytes();
    for (number, name, content) in files {
        let head = format!(
            "--limite\r\nContent-Disposition: form-data; name=\"files[{number}]\"; filename=\"{name}\"\r\nContent-Type: application/pdf\r\n\r\n"
        );
        bytes.extend(head.as_bytes());
        bytes.extend(*content);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"--limite--\r\n");
    let head = format!(
        "Authorization: Bot {}\r\nUser-Agent: {AGENT}\r\nContent-Type: multipart/form-data; boundary=limite\r\n",
        fake.token()
    );
    raw(fake, method, &format!("/api/v10{path}"), &head, &bytes).expect("an answer")
}

/// Any request. None where the connection ended without an answer.
pub(super) fn raw(fake: &Fake, method: &str, path: &str, head: &str, body: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(fake.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let line = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n",
        fake.address()
    );
    stream.write_all(line.as_bytes()).unwrap();
    // A body that is too large may not be read to its end.
    let _cut = stream.write_all(body);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply {
        status,
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or_default(),
    })
}

/// The gateway as a client sees it.
pub(super) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What comes out of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    Payload(Value),
    Closed(u16),
    /// The answer to a ping.
    Pong,
    /// Without a word.
    Gone,
}

impl Socket {
    pub(super) fn open(fake: &Fake) -> Self {
        Self::with(fake, "v=10&encoding=json").expect("a gateway")
    }

    pub(super) fn with(fake: &Fake, query: &str) -> Option<Self> {
        let address = fake.gateway().trim_start_matches("ws://").to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The key of the example in RFC 6455, and the answer to it.
        let head = format!(
            "GET /?{query} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut buffer = Vec::new();
        while !buffer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            buffer.extend(byte);
        }
        let head = String::from_utf8(std::mem::take(&mut buffer)).unwrap();
        if !head.starts_with("HTTP/1.1 101 ") {
            assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
            return None;
        }
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Some(Self { stream, buffer })
    }

    /// One that has identified with these intents, with its `READY`.
    pub(super) fn identified(fake: &Fake, intents: u64) -> (Self, Value) {
        let mut socket = Self::open(fake);
        socket.identify(&fake.token(), intents);
        let ready = socket.event("READY");
        (socket, ready)
    }

    pub(super) fn identify(&mut self, token: &str, intents: u64) {
        let properties = json!({ "os": "linux", "browser": "bare", "device": "bare" });
        self.send(
            2,
            &json!({ "token": token, "intents": intents, "properties": properties }),
        );
    }

    pub(super) fn resume(&mut self, token: &str, session: &Value, sequence: u64) {
        self.send(
            6,
            &json!({ "token": token, "session_id": session, "seq": sequence }),
        );
    }

    pub(super) fn send(&mut self, op: u64, data: &Value) {
        self.text(&json!({ "op": op, "d": data }).to_string());
    }

    pub(super) fn text(&mut self, text: &str) {
        // The gateway may have closed it by now, which is then heard.
        let _gone = self.stream.write_all(&frame(1, text.as_bytes(), true));
    }

    pub(super) fn close(mut self) {
        self.stream.write_all(&frame(8, &[], true)).unwrap();
        while matches!(self.hear(), Heard::Payload(_)) {}
    }

    /// Anything, a frame or not.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// A ping of the protocol, which is not a heartbeat.
    pub(super) fn ping(&mut self) {
        self.stream.write_all(&frame(9, b"?", true)).unwrap();
    }

    pub(super) fn hear(&mut self) -> Heard {
        loop {
            match Frame::take(&mut self.buffer, false).unwrap() {
                Some(Frame::Text(text)) => {
                    return Heard::Payload(serde_json::from_str(&text).unwrap());
                }
                Some(Frame::Close(code)) => return Heard::Closed(code.unwrap()),
                Some(Frame::Pong) => return Heard::Pong,
                Some(other) => panic!("unexpected: {other:?}"),
                None => {}
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return Heard::Gone,
                Ok(count) => self.buffer.extend(&bytes[..count]),
            }
        }
    }

    /// The code that it is closed with, after whatever comes before.
    pub(super) fn closed(&mut self) -> u16 {
        loop {
            match self.hear() {
                Heard::Payload(_) | Heard::Pong => {}
                Heard::Closed(code) => return code,
                Heard::Gone => panic!("the socket is gone"),
            }
        }
    }

    /// The next payload of this opcode, after whatever comes before.
    pub(super) fn op(&mut self, op: u64) -> Value {
        loop {
            match self.hear() {
                Heard::Payload(payload) if payload["op"] == op => return payload,
                Heard::Payload(_) => {}
                other => panic!("{other:?} before op {op}"),
            }
        }
    }

    /// The next event of this name, whole, after whatever comes before.
    pub(super) fn event(&mut self, name: &str) -> Value {
        loop {
            match self.hear() {
                Heard::Payload(payload) if payload["t"] == name => return payload,
                Heard::Payload(_) => {}
                other => panic!("{other:?} before {name}"),
            }
        }
    }
}

/// The path of the callback of an interaction, as its event says.
pub(super) fn callback(event: &Value) -> String {
    let (id, token) = (&event["d"]["id"], &event["d"]["token"]);
    format!(
        "/interactions/{}/{}/callback",
        id.as_str().unwrap(),
        token.as_str().unwrap()
    )
}

/// The path of the webhook of an interaction.
pub(super) fn webhook(event: &Value) -> String {
    let (application, token) = (&event["d"]["application_id"], &event["d"]["token"]);
    format!(
        "/webhooks/{}/{}",
        application.as_str().unwrap(),
        token.as_str().unwrap()
    )
}

/// Registers these commands everywhere.
pub(super) fn register(fake: &Fake, commands: &Value) -> Reply {
    let path = format!("/applications/{}/commands", fake.application());
    call(fake, "PUT", &path, commands)
}
