//! The people in the rooms: clients with their own encryption, in a Python process that this speaks JSON lines with.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::daemon::desk::plain;
use crate::servers::synapse::{SHARED_SECRET, Synapse, environment};

/// How long the clients may take for one thing.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long something may take to be seen in a room, on a busy machine.
const SIGHT: Duration = Duration::from_secs(90);

/// The process with all the people of a test. It ends when it is dropped.
pub(crate) struct People {
    child: Child,
    talk: Mutex<(ChildStdin, Receiver<String>)>,
    _folder: tempfile::TempDir,
}

impl People {
    /// Nobody yet, on this homeserver.
    pub(crate) fn of(server: &Synapse) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(environment().unwrap())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix/client.py"))
            .arg(server.url())
            .arg(folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{SHARED_SECRET}").unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            talk: Mutex::new((stdin, lines)),
            _folder: folder,
        }
    }

    /// Asks the process for something; the error is its own words.
    fn try_ask(&self, request: &Value) -> Result<Value, String> {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{request}").unwrap();
        talk.0.flush().unwrap();
        let line = talk
            .1
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|why| panic!("the clients do not answer {request}: {why}"));
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }

    /// The same for what must work.
    pub(crate) fn ask(&self, request: &Value) -> Value {
        self.try_ask(request)
            .unwrap_or_else(|error| panic!("{request}: {error}"))
    }

    /// Makes an account with the password of all of them, and answers its full id.
    pub(crate) fn register(&self, user: &str) -> String {
        let made = self.ask(&json!({ "do": "register", "user": user }));
        made.as_str().unwrap().to_owned()
    }

    /// Somebody with an account of their own and a device that they have signed.
    pub(crate) fn person(&self, user: &str) -> Person<'_> {
        self.register(user);
        self.login(user, user, true)
    }

    /// The same, an administrator of the homeserver.
    pub(crate) fn administrator(&self, user: &str) -> Person<'_> {
        self.ask(&json!({ "do": "register", "user": user, "admin": true }));
        self.login(user, user, true)
    }

    /// Another device of `user`, called `who` in the test, signed by its owner or not.
    pub(crate) fn login(&self, who: &str, user: &str, signed: bool) -> Person<'_> {
        let id = self.ask(&json!({ "do": "login", "as": who, "user": user, "signed": signed }));
        self.known(who, &id)
    }

    /// The same with a password of one's own.
    pub(crate) fn login_with(
        &self,
        who: &str,
        user: &str,
        password: &str,
        signed: bool,
    ) -> Person<'_> {
        let request = json!({ "do": "login", "as": who, "user": user, "password": password, "signed": signed });
        let id = self.ask(&request);
        self.known(who, &id)
    }

    fn known(&self, who: &str, id: &Value) -> Person<'_> {
        Person {
            people: self,
            who: who.to_owned(),
            id: id.as_str().unwrap().to_owned(),
        }
    }
}

impl Drop for People {
    fn drop(&mut self) {
        // Nothing of it is needed any more.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Somebody at a client.
#[derive(Clone)]
pub(crate) struct Person<'a> {
    people: &'a People,
    who: String,
    /// `@ines:agent.example`.
    pub(crate) id: String,
}

/// A file of a message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Info {
    #[serde(default)]
    pub(crate) mimetype: String,
    #[serde(default)]
    pub(crate) size: u64,
}

/// A picture that a client has fetched and decoded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Decoded {
    #[serde(rename = "type")]
    pub(crate) media_type: String,
    pub(crate) size: (u64, u64),
    /// Its colours at the left and at the right: red, green, blue.
    pub(crate) left: [u8; 3],
    pub(crate) right: [u8; 3],
}

impl Decoded {
    /// Whether it is red on the left and blue on the right.
    pub(crate) fn is_red_and_blue(&self) -> bool {
        let [red, _, blue] = self.left;
        let [less, _, more] = self.right;
        red > blue && more > less
    }
}

/// An event as a client understands it. An edit shows its new content.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) sender: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) msgtype: Option<String>,
    body: Option<String>,
    pub(crate) html: Option<String>,
    /// What clients show that do not know edits.
    pub(crate) fallback: Option<String>,
    /// The root of its thread.
    pub(crate) thread: Option<String>,
    /// The message that it answers.
    pub(crate) answers: Option<String>,
    /// The message in whose place it stands.
    pub(crate) edits: Option<String>,
    /// The message that it reacts to, and how.
    pub(crate) reacts: Option<String>,
    pub(crate) key: Option<String>,
    /// The state key, of a state event.
    pub(crate) state: Option<String>,
    /// Who is rung.
    pub(crate) mentions: Option<Value>,
    /// Who is mentioned in the new content of an edit.
    pub(crate) pings: Option<Value>,
    pub(crate) file: Option<Value>,
    pub(crate) info: Option<Info>,
    pub(crate) filename: Option<String>,
    pub(crate) encrypted: bool,
    /// It could not be read.
    pub(crate) sealed: bool,
    pub(crate) content: Value,
    /// When the client read it, in milliseconds.
    pub(crate) read_at: f64,
}

impl Seen {
    /// The text that stands alone, with the spaces and apostrophes of a keyboard.
    pub(crate) fn text(&self) -> String {
        plain(self.body.as_deref().unwrap_or_default())
    }

    /// Whether it is a message rather than a reaction, a state or a redaction.
    pub(crate) fn is_message(&self) -> bool {
        self.kind.as_deref() == Some("m.room.message")
    }

    /// The accounts that it rings.
    pub(crate) fn rung(&self) -> Vec<String> {
        let users = self
            .mentions
            .as_ref()
            .and_then(|mentions| mentions.get("user_ids"));
        let users = users.and_then(Value::as_array).cloned().unwrap_or_default();
        users
            .iter()
            .filter_map(|user| Some(user.as_str()?.to_owned()))
            .collect()
    }

    /// Whether the whole room is rung.
    pub(crate) fn rings_all(&self) -> bool {
        [&self.mentions, &self.pings]
            .into_iter()
            .flatten()
            .any(|mentions| mentions["room"] == true)
    }
}

impl<'a> Person<'a> {
    /// Asks this person's client for something.
    pub(crate) fn ask(&self, request: Value) -> Value {
        let request = self.own(request);
        self.people.ask(&request)
    }

    fn own(&self, mut request: Value) -> Value {
        request["as"] = json!(self.who);
        request
    }

    /// A bare request to the homeserver in this person's name.
    pub(crate) fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer =
            self.ask(json!({ "do": "request", "method": method, "path": path, "body": body }));
        let status = answer["status"].as_u64().unwrap();
        assert!(status < 400, "{method} {path}: {answer}");
        answer["answer"].clone()
    }

    /// A new room of this person, encrypted or in clear, with these people invited.
    pub(crate) fn create(&self, encrypted: bool, invited: &[&str]) -> Room<'a> {
        self.create_with(encrypted, &json!({ "invite": invited }))
    }

    /// The same with an alias, a first state, as a conversation in private.
    pub(crate) fn create_with(&self, encrypted: bool, more: &Value) -> Room<'a> {
        let mut request = json!({ "do": "create", "encrypted": encrypted });
        for (key, value) in more.as_object().unwrap() {
            request[key] = value.clone();
        }
        let id = self.ask(request);
        self.room(id.as_str().unwrap())
    }

    /// A conversation between this person and another.
    pub(crate) fn direct(&self, with: &str) -> Room<'a> {
        self.create_with(true, &json!({ "invite": [with], "direct": true }))
    }

    /// A room that this person has come into.
    pub(crate) fn enter(&self, id: &str, encrypted: bool) -> Room<'a> {
        self.ask(json!({ "do": "enter", "room": id, "encrypted": encrypted }));
        self.room(id)
    }

    pub(crate) fn room(&self, id: &str) -> Room<'a> {
        Room {
            person: self.clone(),
            id: id.to_owned(),
            seen: Arc::default(),
        }
    }
}

/// A room as one person sees it.
#[derive(Clone)]
pub(crate) struct Room<'a> {
    pub(crate) person: Person<'a>,
    pub(crate) id: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Room<'_> {
    // Saying

    /// Says a line and answers its event id.
    pub(crate) fn say(&self, text: &str) -> String {
        self.send(&json!({ "msgtype": "m.text", "body": text }))
    }

    /// Says a line in a thread, as a client that knows threads does.
    pub(crate) fn say_in(&self, thread: &str, text: &str) -> String {
        self.send(&json!({
            "msgtype": "m.text",
            "body": text,
            "m.relates_to": {
                "rel_type": "m.thread",
                "event_id": thread,
                "is_falling_back": true,
                "m.in_reply_to": { "event_id": thread },
            },
        }))
    }

    /// Says a line with nothing done before it, and answers when that was begun, in milliseconds.
    pub(crate) fn bare(&self, text: &str) -> f64 {
        let request = json!({ "do": "bare", "room": self.id, "text": text });
        self.person.ask(request).as_f64().unwrap()
    }

    /// Answers a message, as a client without threads does.
    pub(crate) fn answer(&self, message: &str, text: &str) -> String {
        self.send(&json!({
            "msgtype": "m.text",
            "body": text,
            "m.relates_to": { "m.in_reply_to": { "event_id": message } },
        }))
    }

    /// Edits one's own message.
    pub(crate) fn edit(&self, message: &str, text: &str) -> String {
        self.send(&json!({
            "msgtype": "m.text",
            "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": message },
        }))
    }

    /// Reacts to a message.
    pub(crate) fn react(&self, message: &str, key: &str) -> String {
        let content = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": message, "key": key } });
        self.event("m.reaction", &content)
    }

    /// Withdraws a message.
    pub(crate) fn redact(&self, message: &str) {
        let path = format!(
            "/_matrix/client/v3/rooms/{}/redact/{message}/retire",
            self.id
        );
        self.person.request("PUT", &path, &json!({}));
    }

    /// Invites somebody.
    pub(crate) fn invite(&self, user: &str) {
        self.membership("invite", user);
    }

    /// `invite`, `kick`, `ban`.
    pub(crate) fn membership(&self, act: &str, user: &str) {
        let path = format!("/_matrix/client/v3/rooms/{}/{act}", self.id);
        self.person
            .request("POST", &path, &json!({ "user_id": user }));
    }

    /// Sends any content.
    pub(crate) fn send(&self, content: &Value) -> String {
        self.event("m.room.message", content)
    }

    /// Sends an encrypted event that calls itself a state event.
    pub(crate) fn ask_raw(&self, kind: &str, content: &Value) {
        let request = json!({ "do": "forge", "room": self.id, "type": kind, "content": content });
        self.person.ask(request);
    }

    /// Sends an event of any type.
    pub(crate) fn event(&self, kind: &str, content: &Value) -> String {
        let request = json!({ "do": "send", "room": self.id, "type": kind, "content": content });
        self.person.ask(request).as_str().unwrap().to_owned()
    }

    /// Uploads a file, in a thread or not, and answers the id of its message.
    pub(crate) fn upload(
        &self,
        name: &str,
        mimetype: &str,
        content: &[u8],
        thread: Option<&str>,
        body: &str,
    ) -> String {
        let request = json!({
            "do": "upload", "room": self.id, "filename": name, "mimetype": mimetype,
            "octets": BASE64.encode(content), "thread": thread, "body": body,
        });
        self.person.ask(request).as_str().unwrap().to_owned()
    }

    // Seeing

    /// All that was seen, after what is there now has been read.
    pub(crate) fn timeline(&self) -> Vec<Seen> {
        self.read(0.0);
        self.seen.lock().unwrap().clone()
    }

    /// How much was seen: what is waited for after it is new.
    pub(crate) fn mark(&self) -> usize {
        self.timeline().len()
    }

    fn read(&self, seconds: f64) {
        let mut seen = self.seen.lock().unwrap();
        let request =
            json!({ "do": "more", "room": self.id, "after": seen.len(), "seconds": seconds });
        let new: Vec<Seen> = serde_json::from_value(self.person.ask(request)).unwrap();
        seen.extend(new);
    }

    /// What `look` finds in what was seen after `mark`, as soon as it is there.
    pub(crate) fn find<T>(
        &self,
        mark: usize,
        what: &str,
        mut look: impl FnMut(&Seen) -> Option<T>,
    ) -> T {
        let end = Instant::now() + SIGHT;
        let mut from = mark;
        loop {
            self.read(0.5);
            let new: Vec<Seen> = {
                let seen = self.seen.lock().unwrap();
                seen.iter().skip(from).cloned().collect()
            };
            if let Some(found) = new.iter().find_map(&mut look) {
                return found;
            }
            from += new.len();
            assert!(
                Instant::now() < end,
                "{} never saw {what}\n{}",
                self.person.id,
                self.told()
            );
        }
    }

    /// The first message after `mark` of somebody else that holds `text`, edits included.
    pub(crate) fn shown(&self, mark: usize, text: &str) -> Seen {
        let own = &self.person.id;
        self.find(mark, &format!("{text:?}"), |seen| {
            (seen.sender != *own && seen.is_message() && seen.text().contains(text))
                .then(|| seen.clone())
        })
    }

    /// The reaction `key` to a message, by somebody else.
    pub(crate) fn reacted(&self, message: &str, key: &str) -> Seen {
        let own = &self.person.id;
        self.find(0, &format!("{key} on {message}"), |seen| {
            let it = seen.sender != *own && seen.reacts.as_deref() == Some(message);
            (it && seen
                .key
                .as_deref()
                .is_some_and(|found| found.starts_with(key)))
            .then(|| seen.clone())
        })
    }

    /// The messages of somebody else that hold `text`, edits apart.
    pub(crate) fn with(&self, text: &str) -> Vec<Seen> {
        let own = &self.person.id;
        let mut seen = self.timeline();
        seen.retain(|seen| {
            seen.sender != *own
                && seen.is_message()
                && seen.edits.is_none()
                && seen.text().contains(text)
        });
        seen
    }

    /// Waits until somebody is in the room, or out of it (`join`, `leave`).
    pub(crate) fn until_member(&self, user: &str, membership: &str) {
        self.find(0, &format!("{membership} of {user}"), |seen| {
            let it = seen.kind.as_deref() == Some("m.room.member")
                && seen.state.as_deref() == Some(user);
            (it && seen.content["membership"] == membership).then_some(())
        });
    }

    /// The messages that somebody has read, by receipts.
    pub(crate) fn read_by(&self, user: &str) -> Vec<String> {
        let all = self
            .person
            .ask(json!({ "do": "receipts", "room": self.id }));
        let of_user = all[user].as_array().cloned().unwrap_or_default();
        of_user
            .iter()
            .filter_map(|id| Some(id.as_str()?.to_owned()))
            .collect()
    }

    /// A file that a message brought.
    pub(crate) fn fetch(&self, message: &Seen) -> Vec<u8> {
        let file = message.file.as_ref().expect("the message has a file");
        let octets = self.person.ask(json!({ "do": "fetch", "file": file }));
        BASE64.decode(octets.as_str().unwrap().as_bytes()).unwrap()
    }

    /// A picture, as the client decodes it.
    pub(crate) fn picture(&self, file: &Value) -> Decoded {
        let decoded = self.person.ask(json!({ "do": "picture", "file": file }));
        serde_json::from_value(decoded).unwrap()
    }

    /// The timeline, for the eye.
    pub(crate) fn told(&self) -> String {
        let mut told = format!("--- {} by {}\n", self.id, self.person.id);
        for seen in self.seen.lock().unwrap().iter() {
            let kind = seen.kind.as_deref().unwrap_or_default();
            let text = seen.text();
            let text = if seen.sealed { "(sealed)" } else { &text };
            let key = seen.key.as_deref().unwrap_or_default();
            let edit = if seen.edits.is_some() { " (edit)" } else { "" };
            let thread = if seen.thread.is_some() {
                " (thread)"
            } else {
                ""
            };
            let state = seen.state.as_deref().unwrap_or_default();
            writeln!(
                told,
                "{} {kind}{edit}{thread} {state}{key} {text}",
                seen.sender
            )
            .unwrap();
        }
        told
    }
}
