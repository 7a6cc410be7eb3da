//! A mail server that answers from a script.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Hangs up instead of answering.
pub(crate) const DROP: &str = "DROP";
/// Says nothing more and keeps the line open.
pub(crate) const HANG: &str = "HANG";

/// A mail that the server was given whole, taken or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    /// The MAIL line.
    pub(crate) mail: String,
    /// The RCPT lines.
    pub(crate) rcpt: Vec<String>,
    /// The content, unstuffed.
    pub(crate) content: String,
    /// Whether it was answered with 250.
    pub(crate) taken: bool,
}

/// The server, for as long as the test runs.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What to answer to a line that begins so; the last answer stays. `BODY` is the first line of a content.
    script: HashMap<String, VecDeque<String>>,
    lines: Vec<String>,
    given: Vec<Given>,
    open: usize,
    most_open: usize,
}

impl Fake {
    /// A server that answers with this script, and as servers do where it says nothing.
    pub(crate) fn new(script: &[(&str, &[&str])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let fake = Self {
            address,
            state: Arc::default(),
        };
        for (start, answers) in script {
            fake.script(start, answers);
        }
        let state = Arc::clone(&fake.state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&state));
                thread::spawn(move || {
                    {
                        let mut state = state.lock().unwrap();
                        state.open += 1;
                        state.most_open = state.most_open.max(state.open);
                    }
                    // The client may hang up at any time.
                    let _ended = serve(stream, &state);
                    state.lock().unwrap().open -= 1;
                });
            }
        });
        fake
    }

    /// Answers so from now on.
    pub(crate) fn script(&self, start: &str, answers: &[&str]) {
        let answers = answers.iter().map(ToString::to_string).collect();
        let mut state = self.state.lock().unwrap();
        state.script.insert(start.to_owned(), answers);
    }

    /// The commands that begin so, in order.
    pub(crate) fn lines(&self, start: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let lines = state.lines.iter().filter(|line| line.starts_with(start));
        lines.cloned().collect()
    }

    pub(crate) fn given(&self) -> Vec<Given> {
        self.state.lock().unwrap().given.clone()
    }

    /// Connections at once, at most.
    pub(crate) fn most_open(&self) -> usize {
        self.state.lock().unwrap().most_open
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut given = None;
    answer(&mut reader, state, "GREETING", "220 fake.example ESMTP")?;
    loop {
        let line = line(&mut reader)?;
        state.lock().unwrap().lines.push(line.clone());
        let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
        let usual = match verb.as_str() {
            "EHLO" => "250-fake.example\r\n250 8BITMIME",
            "AUTH" => "235 2.7.0 welcome",
            "DATA" => "354 go on",
            "QUIT" => "221 2.0.0 bye",
            _ => "250 2.0.0 ok",
        };
        let code = answer(&mut reader, state, &verb, usual)?;
        match verb.as_str() {
            "MAIL" => {
                given = Some(Given {
                    mail: line,
                    rcpt: Vec::new(),
                    content: String::new(),
                    taken: false,
                });
            }
            "RCPT" if code == "250" => given.as_mut()?.rcpt.push(line),
            "DATA" if code == "354" => {
                let mut given = given.take()?;
                given.content = content(&mut reader, state)?;
                let answer = choose(state, ".", "250 2.0.0 queued");
                // Before the client can know of it.
                given.taken = answer.starts_with("250");
                state.lock().unwrap().given.push(given);
                say(&mut reader, &answer)?;
            }
            "QUIT" => return None,
            _ => {}
        }
    }
}

/// Answers from the script, or as usual, and says with which code.
fn answer(
    reader: &mut BufReader<TcpStream>,
    state: &Mutex<State>,
    to: &str,
    usual: &str,
) -> Option<String> {
    let answer = choose(state, to, usual);
    say(reader, &answer)?;
    Some(answer.chars().take(3).collect())
}

fn choose(state: &Mutex<State>, to: &str, usual: &str) -> String {
    let mut state = state.lock().unwrap();
    let scripted = state.script.get_mut(to).and_then(|answers| {
        if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        }
    });
    scripted.unwrap_or_else(|| usual.to_owned())
}

fn say(reader: &mut BufReader<TcpStream>, answer: &str) -> Option<()> {
    match answer {
        DROP => None,
        HANG => {
            // Until the client gives up.
            let _gone = line(reader);
            None
        }
        _ => {
            let octets = format!("{answer}\r\n");
            reader.get_mut().write_all(octets.as_bytes()).ok()
        }
    }
}

fn content(reader: &mut BufReader<TcpStream>, state: &Mutex<State>) -> Option<String> {
    let mut content = String::new();
    loop {
        let line = line(reader)?;
        if line == "." {
            return Some(content);
        }
        if content.is_empty() && scripted_drop(state) {
            return None;
        }
        content.push_str(line.strip_prefix('.').unwrap_or(&line));
        content.push_str("\r\n");
    }
}

fn scripted_drop(state: &Mutex<State>) -> bool {
    let mut state = state.lock().unwrap();
    let body = state.script.get_mut("BODY");
    body.and_then(VecDeque::pop_front)
        .is_some_and(|answer| answer == DROP)
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    let read = reader.read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8(line).unwrap();
    (read > 0).then(|| {
        line.strip_suffix("\r\n")
            .expect("lines end in CRLF")
            .to_owned()
    })
}
