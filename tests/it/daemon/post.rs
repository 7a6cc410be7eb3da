//! Mail: what left, read from its files; what comes, written as people's programs write it and handed over by SMTP.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;

use super::desk::plain;
use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders as _};

/// A mail that has left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mail {
    pub(crate) file: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) reply_to: String,
    pub(crate) message_id: String,
    pub(crate) in_reply_to: Vec<String>,
    pub(crate) references: Vec<String>,
    pub(crate) auto_submitted: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Mail {
    /// The mails of a folder, in the order of the outbox.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut mails: Vec<(u64, Self)> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
            .map(|path| {
                let file = path.file_stem().unwrap().to_string_lossy().into_owned();
                let number = file.split(['-', '.']).nth(1).unwrap().parse().unwrap();
                (number, Self::read(file, &fs::read(&path).unwrap()))
            })
            .collect();
        mails.sort_by_key(|(number, _)| *number);
        mails.into_iter().map(|(_, mail)| mail).collect()
    }

    /// The mail in these octets.
    pub(crate) fn read(file: String, raw: &[u8]) -> Self {
        let mail = MessageParser::default().parse(raw).unwrap();
        let address = |found: Option<&mail_parser::Address<'_>>| {
            let first = found.and_then(|found| found.first()?.address.as_deref());
            first.unwrap_or_default().to_owned()
        };
        let body = |text: Option<std::borrow::Cow<'_, str>>| plain(&text.unwrap_or_default());
        Self {
            file,
            to: address(mail.to()),
            from: address(mail.from()),
            subject: plain(mail.subject().unwrap_or_default()),
            text: body(mail.body_text(0)),
            html: body(mail.body_html(0)),
            reply_to: address(mail.reply_to()),
            message_id: mail.message_id().unwrap_or_default().to_owned(),
            in_reply_to: ids(mail.in_reply_to()),
            references: ids(mail.references()),
            auto_submitted: mail
                .header_raw("Auto-Submitted")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            files: attached(&mail),
        }
    }

    /// What somebody answers to it, as Thunderbird writes it: above the quotation.
    pub(crate) fn answer(&self, from: &str, text: &str) -> Reply {
        Reply {
            from: from.to_owned(),
            to: self.reply_to.clone(),
            subject: format!("Re: {}", self.subject),
            in_reply_to: Some(self.message_id.clone()),
            text: text.to_owned(),
            quotation: self.text.clone(),
            ..Reply::default()
        }
    }
}

fn attached(mail: &Message<'_>) -> Vec<(String, Vec<u8>)> {
    mail.attachments()
        .map(|part| {
            (
                part.attachment_name().unwrap_or_default().to_owned(),
                part.contents().to_vec(),
            )
        })
        .collect()
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(ids) => ids.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// A mail that somebody writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) text: String,
    pub(crate) quotation: String,
    pub(crate) file: Option<(String, String)>,
    /// More header fields, each with its line end.
    pub(crate) fields: String,
}

impl Reply {
    pub(crate) fn with_file(mut self, name: &str, content: &str) -> Self {
        self.file = Some((name.to_owned(), content.to_owned()));
        self
    }

    pub(crate) fn with_field(mut self, field: &str) -> Self {
        self.fields.push_str(field);
        self.fields.push_str("\r\n");
        self
    }

    /// Its octets.
    pub(crate) fn text(&self) -> String {
        let mut mail = format!(
            "From: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}@poste.example>\r\nDate: Mon, 03 Jun 2024 10:00:00 +0200\r\nMIME-Version: 1.0\r\n{}",
            self.from,
            self.to,
            encoded(&self.subject),
            self.own_id(),
            self.fields,
        );
        if let Some(id) = &self.in_reply_to {
            write!(mail, "In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n").unwrap();
        }
        let plain =
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
        match &self.file {
            None => write!(mail, "{plain}{}", self.body()).unwrap(),
            Some((name, content)) => write!(
                mail,
                "Content-Type: multipart/mixed; boundary=\"--frontiere\"\r\n\r\n----frontiere\r\n{plain}{}\r\n----frontiere\r\n\
                 Content-Type: application/pdf; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n\
                 {content}\r\n----frontiere--\r\n",
                self.body()
            )
            .unwrap(),
        }
        mail
    }

    /// Its Message-ID, without angle brackets.
    pub(crate) fn message_id(&self) -> String {
        format!("{}@poste.example", self.own_id())
    }

    /// Left part of it: made of what is said.
    fn own_id(&self) -> String {
        let letters: String = self
            .text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        format!("{letters}.{}", self.fields.len())
    }

    fn body(&self) -> String {
        let mut body = self.text.replace('\n', "\r\n");
        if !self.quotation.is_empty() {
            body.push_str("\r\n\r\nLe 03/06/2024 à 10:00, Greffe a écrit :\r\n");
            for line in self.quotation.lines() {
                write!(body, "> {line}\r\n").unwrap();
            }
        }
        body.push_str("\r\n");
        body
    }
}

/// RFC 2047.
fn encoded(subject: &str) -> String {
    let base64 = data_encoding::BASE64.encode(subject.as_bytes());
    let words: Vec<String> = base64
        .as_bytes()
        .chunks(56)
        .map(|chunk| format!("=?utf-8?B?{}?=", String::from_utf8_lossy(chunk)))
        .collect();
    words.join("\r\n ")
}

/// A client of the listener that says what it is told to.
pub(crate) struct Smtp {
    reader: BufReader<TcpStream>,
}

impl Smtp {
    /// Connects, greets and is greeted.
    pub(crate) fn connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        let mut smtp = Self {
            reader: BufReader::new(stream),
        };
        smtp.answer()?;
        smtp.say("EHLO poste.example")?;
        Some(smtp)
    }

    /// Says a line and answers the code that comes back.
    pub(crate) fn say(&mut self, line: &str) -> Option<u16> {
        self.write(&format!("{line}\r\n"))?;
        self.answer()
    }

    pub(crate) fn write(&mut self, octets: &str) -> Option<()> {
        self.reader.get_mut().write_all(octets.as_bytes()).ok()
    }

    /// The code of the next answer.
    pub(crate) fn answer(&mut self) -> Option<u16> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            let code = line.get(..3)?.parse().ok()?;
            if line.get(3..4) != Some("-") {
                return Some(code);
            }
        }
    }

    /// Hands a mail over: the code of the answer to its content, or of the first refusal.
    pub(crate) fn send(&mut self, from: &str, to: &str, mail: &str) -> Option<u16> {
        let envelope = [
            format!("MAIL FROM:<{from}>"),
            format!("RCPT TO:<{to}>"),
            "DATA".to_owned(),
        ];
        for line in envelope {
            let code = self.say(&line)?;
            if code >= 400 {
                return Some(code);
            }
        }
        let stuffed = mail.replace("\r\n.", "\r\n..");
        self.write(&stuffed)?;
        self.say(if stuffed.ends_with("\r\n") {
            "."
        } else {
            "\r\n."
        })
    }
}
