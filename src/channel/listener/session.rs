//! What a client may say when, and what it is answered: SMTP (RFC 5321) and LMTP (RFC 2033) without a socket.

#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::sync::Arc;

use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, Request};

use super::wire::Line;

/// Whether Greffier reads mail for a local part.
pub type Accepts = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Errors a client may make before it is shown the door.
const ERRORS_MAX: u32 = 10;
/// Commands of one connection.
const COMMANDS_MAX: u32 = 5000;

/// Which of the two protocols is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 2033: one answer per recipient after the content.
    Lmtp,
}

/// What a listener takes and from whom it says it is.
#[derive(Clone)]
pub struct Policy {
    /// Name given in the greeting.
    pub hostname: String,
    /// The mail domain that is ours, without regard to case.
    pub domain: String,
    /// Octets of a mail.
    pub max_bytes: usize,
    /// Recipients of a mail.
    pub max_recipients: usize,
    /// The local parts that are ours.
    pub accepts: Accepts,
}

/// One answer, on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply(pub &'static str);

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\r\n", self.0)
    }
}

/// What the connection does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Says this.
    Say(Reply),
    /// Says these lines.
    Introduce(String),
    /// Says 354 and reads the content.
    Content(Envelope),
    /// Reads a chunk of that many octets (RFC 3030).
    Chunk {
        /// Octets that follow.
        octets: usize,
        /// Whether the mail is whole after it.
        last: bool,
    },
    /// Says this and closes.
    Close(Reply),
}

/// From whom and to whom, as the client said it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Reverse-path, empty for `<>`.
    pub from: String,
    /// Forward-paths, each accepted.
    pub to: Vec<String>,
}

/// A conversation.
pub struct Session {
    policy: Arc<Policy>,
    protocol: Protocol,
    greeted: Option<String>,
    extended: bool,
    utf8: bool,
    envelope: Option<Envelope>,
    chunks: Vec<u8>,
    chunking: bool,
    errors: u32,
    commands: u32,
}

impl Session {
    /// A conversation that begins.
    pub fn new(policy: Arc<Policy>, protocol: Protocol) -> Self {
        Self {
            policy,
            protocol,
            greeted: None,
            extended: false,
            utf8: false,
            envelope: None,
            chunks: Vec::new(),
            chunking: false,
            errors: 0,
            commands: 0,
        }
    }

    /// Whether a mail is being handed over: the connection is then not cut for a stop.
    pub fn is_busy(&self) -> bool {
        self.envelope.is_some()
    }

    /// Name that the client gave itself.
    pub fn client(&self) -> &str {
        self.greeted.as_deref().unwrap_or_default()
    }

    /// The word for `Received: … with` (RFC 3848, RFC 6531).
    pub fn with(&self) -> &'static str {
        match (self.protocol, self.extended, self.utf8) {
            (Protocol::Lmtp, _, true) => "UTF8LMTP",
            (Protocol::Lmtp, _, false) => "LMTP",
            (Protocol::Smtp, _, true) => "UTF8SMTP",
            (Protocol::Smtp, true, false) => "ESMTP",
            (Protocol::Smtp, false, false) => "SMTP",
        }
    }

    /// What to do about `line`.
    pub fn hear(&mut self, line: Line) -> Step {
        self.commands += 1;
        let step = match line {
            Line::Complete(line) => self.command(&line),
            Line::TooLong => Step::Say(Reply("500 5.5.2 Line too long")),
            Line::Malformed => Step::Say(Reply(
                "500 5.5.2 Not a command line: it must be UTF-8 and end in CRLF",
            )),
        };
        if let Step::Say(reply) = &step {
            self.count(reply);
        }
        if self.errors >= ERRORS_MAX || self.commands >= COMMANDS_MAX {
            return Step::Close(Reply("421 4.7.0 Too many errors or commands, closing"));
        }
        step
    }

    fn count(&mut self, reply: &Reply) {
        if reply.0.starts_with('5') || reply.0.starts_with('4') {
            self.errors += 1;
        }
    }

    fn command(&mut self, line: &str) -> Step {
        let octets = format!("{line}\r\n");
        let request = match Request::parse(&mut octets.as_bytes().iter()) {
            Ok(request) => request,
            Err(error) => return Step::Say(unreadable(&error)),
        };
        let reply = match request {
            Request::Ehlo { host } if self.protocol == Protocol::Smtp => {
                return self.introduce(&host, true);
            }
            Request::Lhlo { host } if self.protocol == Protocol::Lmtp => {
                return self.introduce(&host, true);
            }
            Request::Helo { host } if self.protocol == Protocol::Smtp => {
                return self.introduce(&host, false);
            }
            Request::Ehlo { .. } | Request::Helo { .. } => {
                Reply("500 5.5.1 This is LMTP: say LHLO")
            }
            Request::Lhlo { .. } => Reply("500 5.5.1 This is SMTP: say EHLO"),
            Request::Mail { from } => self.mail(from),
            Request::Rcpt { to } => self.recipient(&to.address, line),
            Request::Data => return self.data(),
            Request::Bdat {
                chunk_size,
                is_last,
            } => {
                return Step::Chunk {
                    octets: chunk_size,
                    last: is_last,
                };
            }
            Request::Rset => self.reset(),
            Request::Noop { .. } => Reply("250 2.0.0 OK"),
            // Neither confirmed nor denied, so that nobody can list our addresses (RFC 5321 §7.3).
            Request::Vrfy { .. } => Reply("252 2.5.2 Cannot verify, but send and see"),
            Request::Help { .. } => Reply("214 2.0.0 See RFC 5321 and RFC 2033"),
            Request::Quit => return Step::Close(Reply("221 2.0.0 Bye")),
            _ => Reply("502 5.5.1 Not implemented"),
        };
        Step::Say(reply)
    }

    fn introduce(&mut self, host: &str, extended: bool) -> Step {
        self.forget();
        self.greeted = Some(host.to_owned());
        self.extended = extended;
        let Policy {
            hostname,
            max_bytes,
            ..
        } = &*self.policy;
        if !extended {
            return Step::Introduce(format!("250 {hostname}\r\n"));
        }
        Step::Introduce(format!(
            "250-{hostname}\r\n250-PIPELINING\r\n250-SIZE {max_bytes}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
             250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n"
        ))
    }

    fn mail(&mut self, from: MailFrom<std::borrow::Cow<'_, str>>) -> Reply {
        if self.greeted.is_none() {
            return self.introduce_first();
        }
        if self.envelope.is_some() {
            return Reply("503 5.5.1 One mail at a time: MAIL was said already");
        }
        let from = from.into_owned();
        let offered = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8;
        let understood = MailFrom {
            address: from.address.clone(),
            size: from.size,
            flags: from.flags & offered,
            ..MailFrom::default()
        };
        if from != understood {
            return Reply("555 5.5.4 A parameter that was not offered");
        }
        if from.size > self.policy.max_bytes {
            return Reply("552 5.3.4 Mail too large");
        }
        self.utf8 = from.flags & MAIL_SMTPUTF8 != 0;
        if !self.utf8 && !from.address.is_ascii() {
            return Reply("553 5.6.7 Say SMTPUTF8 for this address");
        }
        self.envelope = Some(Envelope {
            from: from.address,
            to: Vec::new(),
        });
        Reply("250 2.1.0 OK")
    }

    fn introduce_first(&self) -> Reply {
        match self.protocol {
            Protocol::Smtp => Reply("503 5.5.1 Say EHLO first"),
            Protocol::Lmtp => Reply("503 5.5.1 Say LHLO first"),
        }
    }

    fn recipient(&mut self, address: &str, line: &str) -> Reply {
        if self.greeted.is_none() {
            return self.introduce_first();
        }
        let Some(envelope) = &mut self.envelope else {
            return Reply("503 5.5.1 Say MAIL first");
        };
        if self.chunking {
            return Reply("503 5.5.1 The content has begun");
        }
        if !self.utf8 && !address.is_ascii() {
            return Reply("553 5.6.7 Say SMTPUTF8 for this address");
        }
        // smtp-proto answers an empty address both for `<>` and for `<Postmaster>`, which needs no domain (RFC 5321 §4.1.1.3).
        let postmaster = format!("postmaster@{}", self.policy.domain);
        let address = match address {
            "" if line.to_ascii_lowercase().contains("<postmaster>") => &postmaster,
            address => address,
        };
        let Some((local, domain)) = address.rsplit_once('@') else {
            return Reply("501 5.1.3 Not an address");
        };
        if !domain.eq_ignore_ascii_case(&self.policy.domain) {
            return Reply("550 5.7.1 Relaying denied");
        }
        if !(self.policy.accepts)(local) {
            return Reply("550 5.1.1 No such address here");
        }
        if envelope.to.len() >= self.policy.max_recipients {
            return Reply("452 4.5.3 Too many recipients");
        }
        envelope.to.push(address.to_owned());
        Reply("250 2.1.5 OK")
    }

    fn data(&mut self) -> Step {
        if self.chunking {
            return Step::Say(Reply("503 5.5.1 BDAT was begun: DATA cannot follow"));
        }
        match self.ready() {
            Ok(envelope) => Step::Content(envelope),
            Err(reply) => Step::Say(reply),
        }
    }

    fn ready(&self) -> Result<Envelope, Reply> {
        match &self.envelope {
            None => Err(Reply("503 5.5.1 Say MAIL first")),
            Some(envelope) if envelope.to.is_empty() => Err(Reply("503 5.5.1 No valid recipient")),
            Some(envelope) => Ok(envelope.clone()),
        }
    }

    /// Whether a chunk of `octets` may come now. If not, it is read and thrown away before the answer.
    pub fn expect_chunk(&mut self, octets: usize) -> Result<(), Reply> {
        let room = self.policy.max_bytes.saturating_sub(self.chunks.len());
        let refusal = match self.ready() {
            Err(reply) => reply,
            Ok(_) if octets > room => Reply("552 5.3.4 Mail too large"),
            Ok(_) => {
                self.chunking = true;
                return Ok(());
            }
        };
        // RFC 3030 §2: what follows a failed chunk fails too, until the next MAIL.
        self.forget();
        self.count(&refusal);
        Err(refusal)
    }

    /// Adds a chunk that was expected; after the `last` the mail is whole.
    pub fn chunk(&mut self, octets: &[u8], last: bool) -> Option<(Envelope, Vec<u8>)> {
        self.chunks.extend_from_slice(octets);
        let envelope = self.envelope.clone()?;
        last.then(|| (envelope, mem::take(&mut self.chunks)))
    }

    /// Ends the mail at hand: how the client must be answered, once for all or once for each recipient.
    pub fn settle(&mut self, reply: &Reply) -> String {
        let recipients = self
            .envelope
            .as_ref()
            .map_or(1, |envelope| envelope.to.len());
        self.forget();
        self.count(reply);
        match self.protocol {
            Protocol::Smtp => reply.to_string(),
            Protocol::Lmtp => reply.to_string().repeat(recipients.max(1)),
        }
    }

    fn reset(&mut self) -> Reply {
        self.forget();
        Reply("250 2.0.0 OK")
    }

    fn forget(&mut self) {
        self.envelope = None;
        self.chunks = Vec::new();
        self.chunking = false;
        self.utf8 = false;
    }
}

fn unreadable(error: &Error) -> Reply {
    match error {
        Error::UnknownCommand | Error::NeedsMoreData { .. } => Reply("500 5.5.1 Unknown command"),
        Error::InvalidSenderAddress => Reply("501 5.1.7 Sender address not understood"),
        Error::InvalidRecipientAddress => Reply("501 5.1.3 Recipient address not understood"),
        Error::UnsupportedParameter { .. } => Reply("555 5.5.4 Unknown parameter"),
        _ => Reply("501 5.5.4 Not understood"),
    }
}
