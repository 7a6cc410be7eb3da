//! A mail as a mail program and its relay would hand it over.

use data_encoding::BASE64;
use greffier::domain::Piece;
use greffier::message::MailIn;
use greffier::shelf::Shelf;
use jiff::Timestamp;

use super::desk::RELAY;

/// What the relay says of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The domain signed it.
    Signed,
    /// Nobody says anything.
    None,
    /// The domain says that it is not from there.
    Forged,
}

/// What a mail program keeps of the mail that is answered.
pub(crate) struct Answered {
    pub(crate) subject: String,
    pub(crate) message_id: String,
    /// Its first reference: the name of the conversation.
    pub(crate) thread: Option<String>,
}

/// A mail to be written.
pub(crate) struct Letter<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) proof: Proof,
    pub(crate) answers: Option<Answered>,
    /// The lines of the script: headers (`Subject: …`), a blank line, the text, files (`joint NOM : CONTENU`).
    pub(crate) lines: &'a [String],
    pub(crate) id: u32,
    pub(crate) at: Timestamp,
}

impl Letter<'_> {
    /// The mail in the form of RFC 5322, with CRLF.
    fn write(&self) -> Vec<u8> {
        let (headers, text, files) = parts(self.lines);
        let mut mail = self.trace();
        let mut standard = vec![
            format!("From: {}", self.from),
            format!("To: {}", self.to),
            format!("Message-ID: <courriel-{}@ailleurs.example>", self.id),
            format!("Date: {}", self.at.strftime("%a, %d %b %Y %H:%M:%S +0000")),
            "MIME-Version: 1.0".to_owned(),
        ];
        if let Some(Answered {
            subject,
            message_id,
            thread,
        }) = &self.answers
        {
            let subject = BASE64.encode(format!("Re: {subject}").as_bytes());
            standard.push(format!("Subject: =?utf-8?B?{subject}?="));
            standard.push(format!("In-Reply-To: <{message_id}>"));
            let thread = thread.iter().map(|thread| format!("<{thread}> "));
            standard.push(format!(
                "References: {}<{message_id}>",
                thread.collect::<String>()
            ));
        }
        standard.retain(|line| {
            let name = line.split(':').next().unwrap_or_default().to_lowercase();
            !headers
                .iter()
                .any(|given| given.to_lowercase().starts_with(&format!("{name}:")))
        });
        mail.extend(standard);
        mail.extend(headers);
        let typed = mail
            .iter()
            .any(|line| line.to_lowercase().starts_with("content-type:"));
        if typed {
            mail.push(String::new());
            mail.extend(text);
        } else if files.is_empty() {
            mail.extend(plain(&text));
        } else {
            mail.push("Content-Type: multipart/mixed; boundary=couture".to_owned());
            mail.push(String::new());
            mail.push("--couture".to_owned());
            mail.extend(plain(&text));
            for (name, content) in files {
                mail.extend(attached(&name, &content));
            }
            mail.push("--couture--".to_owned());
        }
        mail.join("\r\n").into_bytes()
    }

    /// The mail as Greffier takes it in.
    pub(crate) fn taken(&self, shelf: &dyn Shelf) -> MailIn {
        let raw = self.write();
        let original = Piece {
            hash: shelf.keep(&raw).unwrap(),
            name: "courriel.eml".to_owned(),
            media_type: "message/rfc822".to_owned(),
            bytes: raw.len() as u64,
        };
        MailIn {
            original,
            mail_from: Some(self.from.to_owned()),
            rcpt_to: vec![self.to.to_owned()],
            peer: None,
            authentication: None,
            too_large: None,
            scan: None,
        }
    }

    /// What the relay writes above.
    fn trace(&self) -> Vec<String> {
        let domain = self
            .from
            .trim_end_matches('>')
            .rsplit('@')
            .next()
            .unwrap_or_default();
        let verdict = match self.proof {
            Proof::Signed => {
                format!("dkim=pass header.d={domain}; dmarc=pass header.from={domain}")
            }
            Proof::Forged => {
                format!("dkim=fail header.d={domain}; dmarc=fail header.from={domain}")
            }
            Proof::None => return Vec::new(),
        };
        vec![format!("Authentication-Results: {RELAY}; {verdict}")]
    }
}

fn plain(text: &[String]) -> Vec<String> {
    let mut part = vec![
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: 8bit".to_owned(),
        String::new(),
    ];
    part.extend(text.iter().cloned());
    part
}

fn attached(name: &str, content: &str) -> Vec<String> {
    vec![
        "--couture".to_owned(),
        "Content-Type: application/octet-stream".to_owned(),
        format!("Content-Disposition: attachment; filename=\"{name}\""),
        "Content-Transfer-Encoding: base64".to_owned(),
        String::new(),
        BASE64.encode(content.as_bytes()),
    ]
}

/// Headers, text, and files by name.
fn parts(lines: &[String]) -> (Vec<String>, Vec<String>, Vec<(String, String)>) {
    let is_header = |line: &String| {
        line.split_once(": ")
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphabetic() || c == '-'))
    };
    let headed = lines.first().is_some_and(is_header);
    let end = if headed {
        lines
            .iter()
            .position(String::is_empty)
            .unwrap_or(lines.len())
    } else {
        0
    };
    let (headers, text) = lines.split_at(end);
    let mut files = Vec::new();
    let mut body = Vec::new();
    for line in text.iter().skip(usize::from(headed)) {
        match line
            .strip_prefix("joint ")
            .and_then(|rest| rest.split_once(" : "))
        {
            Some((name, content)) => files.push((name.to_owned(), content.to_owned())),
            None => body.push(line.clone()),
        }
    }
    (headers.to_vec(), body, files)
}
