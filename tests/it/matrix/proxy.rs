//! What stands between Greffier and its homeserver when the network is bad: each request is passed on, answered in the
//! homeserver's place, or cut off.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is done with a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// It goes through.
    Pass,
    /// The homeserver never sees it; this status and body are the answer.
    Answer(u16, String),
    /// The homeserver does what it asks, and the answer is lost.
    LoseAnswer,
    /// The homeserver does what it asks, and the last octets of the answer are lost.
    Tear,
    /// It is cut off before the homeserver sees it.
    Cut,
}

impl Act {
    /// A refusal with an error code of Matrix, and whatever else stands in its body.
    pub(crate) fn refusal(status: u16, code: &str, more: &str) -> Self {
        let body = format!("{{\"errcode\":\"{code}\",\"error\":\"No\"{more}}}");
        Self::Answer(status, body)
    }

    /// Too many requests: wait so many milliseconds.
    pub(crate) fn too_many(wait: u64) -> Self {
        let wait = format!(",\"retry_after_ms\":{wait}");
        Self::refusal(429, "M_LIMIT_EXCEEDED", &wait)
    }
}

/// A request, as far as what is done with it depends on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
}

impl Request {
    /// Whether it asks what is new.
    pub(crate) fn syncs(&self) -> bool {
        self.path.contains("/sync?")
    }

    /// Whether it sends an event into a room.
    pub(crate) fn sends(&self) -> bool {
        self.method == "PUT" && self.path.contains("/send/m.room.")
    }
}

type Judge = Box<dyn FnMut(&Request) -> Act + Send>;

/// A proxy. It ends with the process.
pub(crate) struct Proxy {
    address: SocketAddr,
    judge: Arc<Mutex<Judge>>,
    seen: Arc<Mutex<Vec<(Request, Act)>>>,
}

impl Proxy {
    /// In front of the homeserver at `url` (`http://127.11.0.0:4711`). Everything goes through until [`Proxy::judge`].
    pub(crate) fn before(url: &str) -> Self {
        let upstream: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            judge: Arc::new(Mutex::new(Box::new(|_| Act::Pass))),
            seen: Arc::default(),
        };
        let (judge, seen) = (Arc::clone(&proxy.judge), Arc::clone(&proxy.seen));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (judge, seen) = (Arc::clone(&judge), Arc::clone(&seen));
                thread::spawn(move || serve(stream, upstream, &judge, &seen));
            }
        });
        proxy
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Decides from now on.
    pub(crate) fn judge(&self, judge: impl FnMut(&Request) -> Act + Send + 'static) {
        *self.judge.lock().unwrap() = Box::new(judge);
    }

    /// What came, and what was done with it.
    pub(crate) fn seen(&self) -> Vec<(Request, Act)> {
        self.seen.lock().unwrap().clone()
    }
}

/// Serves one request: the connection is closed after it.
fn serve(
    stream: TcpStream,
    upstream: SocketAddr,
    judge: &Mutex<Judge>,
    seen: &Mutex<Vec<(Request, Act)>>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&line);
        }
        line.clear();
    }
    let mut words = head.split(' ');
    let request = Request {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
    };
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let act = (judge.lock().unwrap())(&request);
    seen.lock().unwrap().push((request, act.clone()));
    let mut client = reader.into_inner();
    match act {
        Act::Cut => None,
        Act::Answer(status, body) => {
            let length = body.len();
            write!(
                client,
                "HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .ok()
        }
        Act::Pass | Act::LoseAnswer | Act::Tear => {
            let mut server = TcpStream::connect(upstream).ok()?;
            write!(server, "{head}Connection: close\r\n\r\n").ok()?;
            server.write_all(&body).ok()?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).ok()?;
            let said = match act {
                Act::Tear => answer.split_last_chunk::<7>()?.0,
                Act::LoseAnswer => &[],
                _ => &answer,
            };
            client.write_all(said).ok()
        }
    }
}
