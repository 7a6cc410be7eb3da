//! WebSocket as far as the gateway needs it: the handshake, and frames that are whole messages.

use std::io;

use data_encoding::BASE64;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the answer of a handshake is made with.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The largest head of a request.
const HEAD: usize = 8 << 10;
/// The largest frame that is read at all: what is too large for the gateway is its own to say.
const LARGEST: usize = 1 << 20;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    Text(String),
    Binary,
    /// With its code, if it has one.
    Close(Option<u16>),
    Ping(Vec<u8>),
    Pong,
}

/// The bytes are no frame.
#[derive(Debug, thiserror::Error)]
#[error("malformed frame")]
pub(crate) struct Malformed;

impl Frame {
    /// The first frame of `buffer`, taken out of it, once it is there whole. A client masks its frames, a server does not.
    pub(crate) fn take(buffer: &mut Vec<u8>, masked: bool) -> Result<Option<Self>, Malformed> {
        let [first, second, ..] = buffer[..] else {
            return Ok(None);
        };
        // Whole, without extensions, masked as it should be.
        if first & 0xf0 != 0x80 || (second & 0x80 != 0) != masked {
            return Err(Malformed);
        }
        let wide = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let start = 2 + wide + if masked { 4 } else { 0 };
        if buffer.len() < start {
            return Ok(None);
        }
        let length = if wide == 0 {
            usize::from(second & 0x7f)
        } else {
            let bytes = buffer[2..2 + wide].iter();
            bytes.fold(0, |length, byte| length << 8 | usize::from(*byte))
        };
        if length > LARGEST {
            return Err(Malformed);
        }
        if buffer.len() < start + length {
            return Ok(None);
        }
        let rest = buffer.split_off(start + length);
        let whole = std::mem::replace(buffer, rest);
        let mut payload = whole[start..].to_vec();
        if masked {
            let mask = &whole[start - 4..start];
            for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
                *byte ^= mask;
            }
        }
        match first & 0x0f {
            1 => Ok(Some(Self::Text(
                String::from_utf8(payload).map_err(|_| Malformed)?,
            ))),
            2 => Ok(Some(Self::Binary)),
            8 => Ok(Some(Self::Close(match payload[..] {
                [high, low, ..] => Some(u16::from_be_bytes([high, low])),
                _ => None,
            }))),
            9 => Ok(Some(Self::Ping(payload))),
            10 => Ok(Some(Self::Pong)),
            _ => Err(Malformed),
        }
    }
}

/// The bytes of a frame: 1 for a text, 8 for a close, 10 for a pong. A mask of zeros is a mask.
pub(crate) fn frame(opcode: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => frame.push(mask | length),
        (_, Ok(length)) => {
            frame.push(mask | 0x7e);
            frame.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(mask | 0x7f);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    if masked {
        frame.extend([0; 4]);
    }
    frame.extend(payload);
    frame
}

/// What a client asks for on connecting.
#[derive(Debug)]
pub(crate) struct Upgrade {
    pub(crate) query: String,
    key: String,
}

impl Upgrade {
    /// Reads the request; none where it is no handshake.
    pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // What comes after the head is not touched: a client may be quick.
            if head.len() > HEAD {
                return Ok(None);
            }
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
        };
        let path = head
            .strip_prefix("GET ")
            .and_then(|line| line.split(' ').next());
        let proper = header("upgrade").is_some_and(|it| it.eq_ignore_ascii_case("websocket"))
            && header("sec-websocket-version") == Some("13");
        let (Some(path), Some(key), true) = (path, header("sec-websocket-key"), proper) else {
            return Ok(None);
        };
        let query = path.split_once('?').map_or("", |(_, query)| query);
        Ok(Some(Self {
            query: query.to_owned(),
            key: key.to_owned(),
        }))
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, wanted: &str) -> Option<&str> {
        let mut pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == wanted).then_some(value))
    }

    pub(crate) async fn accept(&self, stream: &mut TcpStream) -> io::Result<()> {
        let answer = answer(&self.key);
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {answer}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await
    }

    pub(crate) async fn refuse(&self, stream: &mut TcpStream, why: &str) -> io::Result<()> {
        let length = why.len();
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{why}"
        );
        stream.write_all(head.as_bytes()).await
    }
}

/// What proves that a handshake was understood.
pub(crate) fn answer(key: &str) -> String {
    let digest = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        format!("{key}{MAGIC}").as_bytes(),
    );
    BASE64.encode(digest.as_ref())
}
