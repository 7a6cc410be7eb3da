//! The mail program in `tests/client.py`.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::servers::CLIENT;

/// The mail program, set up for two servers.
#[derive(Clone)]
pub(crate) struct Client {
    /// Where mailboxes are read.
    pub(crate) imap: String,
    /// Where mail is handed over.
    pub(crate) smtp: String,
}

/// A file that somebody attaches.
pub(crate) fn file(name: &str, media_type: &str, content: &[u8]) -> Value {
    json!({ "name": name, "type": media_type, "base64": BASE64.encode(content) })
}

/// A request under way.
pub(crate) struct Asked(Child);

impl Asked {
    /// Waits for the answer.
    pub(crate) fn answer(self) -> Value {
        let output = self.0.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the mail program: {complaint}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Client {
    /// Begins a request on behalf of `user`.
    pub(crate) fn ask(&self, command: &str, user: &str, mut request: Value) -> Asked {
        request["imap"] = json!(self.imap);
        request["smtp"] = json!(self.smtp);
        request["user"] = json!(user);
        request["password"] = json!(CLIENT);
        let mut child = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.py"))
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(request.to_string().as_bytes()).unwrap();
        Asked(child)
    }

    /// The mail to `user` with these words, once it is in the mailbox.
    pub(crate) fn read(&self, user: &str, with: &str) -> Value {
        self.ask("read", user, json!({ "with": with })).answer()
    }

    /// Answers it, under a `Message-ID` made of `name`.
    pub(crate) fn reply(&self, user: &str, with: &str, name: &str, text: &str, files: &[Value]) {
        let request = json!({ "with": with, "name": name, "text": text, "files": files });
        self.ask("reply", user, request).answer();
    }

    /// What is in that folder of `user`.
    pub(crate) fn all(&self, user: &str, folder: &str) -> Vec<Value> {
        let request = json!({ "folders": [folder] });
        let mut answer = self.ask("all", user, request).answer();
        serde_json::from_value(answer[folder].take()).unwrap()
    }
}
