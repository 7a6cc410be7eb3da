//! A name server on loopback that answers what it was told to, and counts what it was asked.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

const TXT: u16 = 16;
const MX: u16 = 15;
const A: u16 = 1;
const AAAA: u16 = 28;

/// What it does with a question that it has no record for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Servfail,
    Silent,
    Garbage,
}

#[derive(Default)]
struct Zone {
    records: HashMap<(String, u16), Vec<Vec<u8>>>,
    moods: HashMap<String, Mood>,
    everywhere: Option<Mood>,
}

/// A name server. It ends with the test's runtime.
pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    asked: Arc<AtomicUsize>,
}

impl Dns {
    /// One that knows nothing yet: every name is NXDOMAIN.
    pub(crate) async fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Self {
            address: socket.local_addr().unwrap(),
            zone: Arc::default(),
            asked: Arc::default(),
        };
        let (zone, asked) = (Arc::clone(&dns.zone), Arc::clone(&dns.asked));
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = answer(&zone.lock().unwrap(), &buffer[..length]);
                if let Some(answer) = answer {
                    socket.send_to(&answer, client).await.unwrap();
                }
            }
        });
        dns
    }

    /// How often it was asked anything.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn txt(&self, name: &str, text: &str) -> &Self {
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(u8::try_from(piece.len()).unwrap());
            data.extend_from_slice(piece);
        }
        self.record(name, TXT, data)
    }

    pub(crate) fn mx(&self, name: &str, host: &str) -> &Self {
        let mut data = vec![0, 10];
        for label in host.split('.') {
            data.push(u8::try_from(label.len()).unwrap());
            data.extend_from_slice(label.as_bytes());
        }
        data.push(0);
        self.record(name, MX, data)
    }

    pub(crate) fn host(&self, name: &str, address: &str) -> &Self {
        match address.parse().unwrap() {
            IpAddr::V4(address) => self.record(name, A, address.octets().to_vec()),
            IpAddr::V6(address) => self.record(name, AAAA, address.octets().to_vec()),
        }
    }

    /// Fails for that name and what is below it.
    pub(crate) fn servfail(&self, name: &str) -> &Self {
        self.mood(name, Mood::Servfail)
    }

    /// Says nothing for that name and what is below it.
    pub(crate) fn silent(&self, name: &str) -> &Self {
        self.mood(name, Mood::Silent)
    }

    /// Answers nonsense for that name and what is below it.
    pub(crate) fn garbage(&self, name: &str) -> &Self {
        self.mood(name, Mood::Garbage)
    }

    /// Says nothing at all.
    pub(crate) fn dead(&self) -> &Self {
        self.zone.lock().unwrap().everywhere = Some(Mood::Silent);
        self
    }

    fn mood(&self, name: &str, mood: Mood) -> &Self {
        self.zone
            .lock()
            .unwrap()
            .moods
            .insert(name.to_owned(), mood);
        self
    }

    fn record(&self, name: &str, kind: u16, data: Vec<u8>) -> &Self {
        let mut zone = self.zone.lock().unwrap();
        zone.records
            .entry((name.to_owned(), kind))
            .or_default()
            .push(data);
        drop(zone);
        self
    }
}

/// The answer to a question, none where it keeps silent.
fn answer(zone: &Zone, query: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = name(query);
    let kind = u16::from_be_bytes([query[end], query[end + 1]]);
    let below = |parent: &String| name == *parent || name.ends_with(&format!(".{parent}"));
    let mood = zone.everywhere.or_else(|| {
        zone.moods
            .iter()
            .find(|(parent, _)| below(parent))
            .map(|(_, mood)| *mood)
    });
    let records = zone.records.get(&(name.clone(), kind));
    let known = zone.records.keys().any(|(other, _)| *other == name);
    let (code, records) = match (mood, records) {
        (Some(Mood::Silent), _) => return None,
        (Some(Mood::Garbage), _) => return Some([&query[..2], &[0xff; 40]].concat()),
        (Some(Mood::Servfail), _) => (2, &[][..]),
        (None, Some(records)) => (0, records.as_slice()),
        (None, None) if known => (0, &[][..]),
        (None, None) => (3, &[][..]),
    };
    let mut answer = query[..2].to_vec();
    answer.extend_from_slice(&[0x81, 0x80 | code, 0, 1]);
    answer.extend_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    answer.extend_from_slice(&[0, 0, 0, 0]);
    answer.extend_from_slice(&query[12..end + 4]);
    for data in records {
        answer.extend_from_slice(&[0xc0, 12]);
        answer.extend_from_slice(&kind.to_be_bytes());
        answer.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        answer.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend_from_slice(data);
    }
    Some(answer)
}

/// The name that is asked for, and where it ends.
fn name(query: &[u8]) -> (String, usize) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    (labels.join("."), at + 1)
}
