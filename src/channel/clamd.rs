//! `ClamAV`, asked by way of clamd (`INSTREAM`, clamd(8)): what comes in is scanned before it is handed to the middle.
//!
//! Where clamd does not answer, nothing is taken in: mail stays with whoever sends it, and a deposit comes again.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::http::health::Health;
use super::{Channel, Inbox, Known};
use crate::message::{Limits, Outcome, Outgoing, Scan};

/// Octets of one chunk. clamd takes any size.
const CHUNK: usize = 64 * 1024;
/// Octets of an answer at most: it is one line.
const ANSWER: u64 = 4 * 1024;
/// Scans at once; the next ones wait. clamd has as many threads by default (`MaxThreads`).
const SCANS: usize = 10;
/// How often clamd is asked whether it is there.
const PROBED: Duration = Duration::from_mins(1);
/// How often while it is not.
const PROBED_AWAY: Duration = Duration::from_secs(5);
/// What it is asked with.
const PROBE: &[u8] = b"Greffier asks whether you are there.\n";
/// The name among the health checks.
const NAME: &str = "clamd";

/// `[clamav]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port of clamd, or the path of its Unix socket (it holds a `/`).
    pub address: String,
    /// Seconds that one scan may take, the connection included.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    /// Octets that are scanned at most: `StreamMaxLength` of clamd.conf. What is larger is held unscanned.
    #[serde(default = "max_bytes")]
    pub max_bytes: u64,
}

fn timeout_seconds() -> u64 {
    60
}
fn max_bytes() -> u64 {
    25 * 1024 * 1024
}

impl Settings {
    /// What is wrong, each with what to write instead.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut say = |wrong: bool, what: &str| {
            if wrong {
                faults.push(format!("clamav.{what}"));
            }
        };
        let port = self.address.rsplit_once(':');
        let tcp = port.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        say(
            !tcp && !self.is_unix(),
            "address: write one like \"127.0.0.1:3310\", or the path of a Unix socket",
        );
        say(
            !(1..=600).contains(&self.timeout_seconds),
            "timeout_seconds: write 1 to 600",
        );
        say(
            !(1024..=4_000_000_000).contains(&self.max_bytes),
            "max_bytes: write 1024 to 4000000000",
        );
        faults
    }

    /// Makes the path of a socket absolute.
    pub fn settle(&mut self, base: &Path) {
        if self.is_unix() {
            self.address = base.join(&self.address).display().to_string();
        }
    }

    fn is_unix(&self) -> bool {
        self.address.contains('/')
    }
}

/// Nothing was scanned: what was to be taken in is to be left where it is, and tried again.
#[derive(Debug, thiserror::Error)]
#[error("the virus scanner does not answer: {why}")]
pub struct Away {
    why: String,
    /// Whether clamd took the connection: then it may be what was to be scanned that it fails at.
    pub reached: bool,
}

impl Away {
    fn new(why: impl Into<String>, reached: bool) -> Self {
        let why = why.into();
        Self { why, reached }
    }
}

/// clamd, and how it is.
pub struct Clamd {
    settings: Settings,
    free: Semaphore,
    health: Arc<Health>,
    well: Mutex<Option<bool>>,
}

impl Clamd {
    /// A scanner that nobody has asked yet. How it goes is told to `health`.
    pub fn new(settings: Settings, health: Arc<Health>) -> Self {
        health.ill(NAME, "not asked yet");
        Self {
            settings,
            free: Semaphore::new(SCANS),
            health,
            well: Mutex::new(None),
        }
    }

    /// What clamd says of `octets`.
    pub async fn scan(&self, octets: &[u8]) -> Result<Scan, Away> {
        if octets.len() as u64 > self.settings.max_bytes {
            count("not_scanned");
            return Ok(Scan::NotScanned);
        }
        let scanned = self.ask(octets).await;
        self.note(scanned.as_ref().err());
        count(match &scanned {
            Ok(Scan::Clean) => "clean",
            Ok(Scan::Infected { .. }) => "infected",
            Ok(Scan::NotScanned) => "not_scanned",
            Err(_) => "away",
        });
        scanned
    }

    async fn ask(&self, octets: &[u8]) -> Result<Scan, Away> {
        let _permit = self.free.acquire().await;
        let limit = Duration::from_secs(self.settings.timeout_seconds);
        let address = self.settings.address.as_str();
        let connected = async {
            if self.settings.is_unix() {
                UnixStream::connect(address).await.map(Stream::Unix)
            } else {
                TcpStream::connect(address).await.map(Stream::Tcp)
            }
        };
        let stream = timeout(limit, connected)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| Away::new(error.kind().to_string(), false))?;
        let exchanged = match stream {
            Stream::Tcp(stream) => timeout(limit, exchange(stream, octets)).await,
            Stream::Unix(stream) => timeout(limit, exchange(stream, octets)).await,
        };
        let answer = exchanged
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| Away::new(error.kind().to_string(), true))?;
        verdict(&answer)
    }

    /// Notes how clamd is; said once when it goes and once when it returns.
    fn note(&self, away: Option<&Away>) {
        let mut well = self.well.lock().unwrap_or_else(PoisonError::into_inner);
        let before = well.replace(away.is_none());
        match away {
            None => {
                if before != Some(true) {
                    tracing::info!("The virus scanner answers");
                }
                self.health.well(NAME);
            }
            Some(away) => {
                if before != Some(false) {
                    tracing::error!(
                        "{away}. Mail and deposited files are not taken in until it does; look at clamav.address and at clamd"
                    );
                }
                self.health.ill(NAME, away.to_string());
            }
        }
        metrics::gauge!("greffier_scanner_up").set(f64::from(u8::from(away.is_none())));
    }
}

fn count(verdict: &'static str) {
    metrics::counter!("greffier_scan_total", "verdict" => verdict).increment(1);
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Sends `octets` and reads the answer. Both at once: a limit exceeded is said before everything is sent.
async fn exchange<S: AsyncRead + AsyncWrite>(stream: S, octets: &[u8]) -> io::Result<Vec<u8>> {
    let (reader, mut writer) = tokio::io::split(stream);
    let send = async {
        writer.write_all(b"zINSTREAM\0").await?;
        for chunk in octets.chunks(CHUNK) {
            // A chunk has 64 KiB at most.
            let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
            writer.write_all(&length.to_be_bytes()).await?;
            writer.write_all(chunk).await?;
        }
        writer.write_all(&0_u32.to_be_bytes()).await?;
        writer.flush().await
    };
    let receive = async {
        let mut answer = Vec::new();
        let mut reader = reader.take(ANSWER);
        loop {
            // A reset after the answer takes nothing away from it.
            match reader.read_buf(&mut answer).await {
                Ok(0) => return Ok(answer),
                Ok(_) if answer.contains(&0) => return Ok(answer),
                Ok(_) => {}
                Err(_) if !answer.is_empty() => return Ok(answer),
                Err(error) => return Err(error),
            }
        }
    };
    let (mut send, mut receive) = (std::pin::pin!(send), std::pin::pin!(receive));
    tokio::select! {
        sent = &mut send => match (sent, receive.await) {
            (Err(error), Ok(answer)) if answer.is_empty() => Err(error),
            (_, received) => received,
        },
        received = &mut receive => received,
    }
}

/// Reads an answer of clamd. What is no verdict is its own trouble, and passes.
fn verdict(answer: &[u8]) -> Result<Scan, Away> {
    let line = answer
        .split(|octet| *octet == 0)
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if line == b"stream: OK" {
        return Ok(Scan::Clean);
    }
    if line.starts_with(b"INSTREAM size limit exceeded") {
        return Ok(Scan::NotScanned);
    }
    let found = line
        .strip_prefix(b"stream: ")
        .and_then(|line| line.strip_suffix(b" FOUND"));
    match found {
        Some(name) => Ok(Scan::Infected {
            signature: signature(name),
        }),
        None if line.is_empty() => Err(Away::new("the connection was cut", true)),
        None => Err(Away::new("clamd reports an error; see its log", true)),
    }
}

/// The name of a signature, without anything that a room or a log could stumble over.
fn signature(name: &[u8]) -> String {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"._-".contains(octet);
    name.iter()
        .take(100)
        .map(|octet| {
            if plain(octet) {
                char::from(*octet)
            } else {
                '_'
            }
        })
        .collect()
}

impl Channel for Clamd {
    fn name(&self) -> &'static str {
        NAME
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    /// Asks now and then whether clamd is there, so that its absence is known before a mail comes.
    async fn listen(&self, _inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                asked = self.ask(PROBE) => asked,
            };
            self.note(asked.as_ref().err());
            let wait = if asked.is_ok() { PROBED } else { PROBED_AWAY };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn deliver(&self, _key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        Outcome::Dead {
            why: "the virus scanner only scans".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_clamd_are_read() {
        assert_eq!(verdict(b"stream: OK\0").unwrap(), Scan::Clean);
        assert_eq!(
            verdict(b"INSTREAM size limit exceeded. ERROR\0").unwrap(),
            Scan::NotScanned
        );
        let infected = verdict(b"stream: Win.Test.EICAR_HDB-1 FOUND\0").unwrap();
        let signature = "Win.Test.EICAR_HDB-1".to_owned();
        assert_eq!(infected, Scan::Infected { signature });
        for trouble in [
            &b""[..],
            b"\0",
            b"stream: OK ERROR",
            b"stream: O",
            b"COMMAND READ TIMED OUT\0",
            b"stream: Can't allocate memory ERROR\0",
            b"UNKNOWN COMMAND",
            b"\xff\xfe FOUND",
        ] {
            assert!(verdict(trouble).is_err(), "{trouble:?}");
        }
    }

    #[test]
    fn a_signature_can_neither_ping_nor_format() {
        assert_eq!(signature(b"@room <b> *x*\r\n"), "_room__b___x___");
        assert_eq!(signature(&[b'a'; 500]).len(), 100);
    }

    #[test]
    fn an_address_is_a_port_or_a_socket() {
        let faults = |address: &str| {
            let settings = Settings {
                address: address.to_owned(),
                timeout_seconds: timeout_seconds(),
                max_bytes: max_bytes(),
            };
            settings.faults().len()
        };
        assert_eq!(faults("127.0.0.1:3310"), 0);
        assert_eq!(faults("/run/clamav/clamd.ctl"), 0);
        assert_eq!(faults("clamd"), 1);
        assert_eq!(faults(""), 1);
    }
}
