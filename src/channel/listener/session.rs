//! What a client may say when, and what it is answered: SMTP (RFC 5321) and LMTP (RFC 2033) without a socket.

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

#[cfg(test)]
mod tests {
    use super::*;

    fn session(protocol: Protocol) -> Session {
        let policy = Policy {
            hostname: "mx.example".to_owned(),
            domain: "Greffe.example".to_owned(),
            max_bytes: 1000,
            max_recipients: 2,
            accepts: Arc::new(|local| local.starts_with("reponse+")),
        };
        Session::new(Arc::new(policy), protocol)
    }

    fn said(session: &mut Session, line: &str) -> String {
        match session.hear(Line::Complete(line.to_owned())) {
            Step::Say(reply) | Step::Close(reply) => reply.0.to_owned(),
            Step::Introduce(lines) => lines,
            Step::Content(_) => "354".to_owned(),
            Step::Chunk { octets, .. } => format!("chunk {octets}"),
        }
    }

    fn code(session: &mut Session, line: &str) -> String {
        said(session, line).chars().take(3).collect()
    }

    #[test]
    fn everything_has_its_turn() {
        let mut session = session(Protocol::Smtp);
        assert_eq!(code(&mut session, "MAIL FROM:<a@b>"), "503");
        assert_eq!(code(&mut session, "EHLO client"), "250");
        assert_eq!(
            code(&mut session, "RCPT TO:<reponse+x@greffe.example>"),
            "503"
        );
        assert_eq!(code(&mut session, "DATA"), "503");
        assert_eq!(code(&mut session, "MAIL FROM:<>"), "250");
        assert_eq!(code(&mut session, "DATA"), "503");
        assert_eq!(code(&mut session, "MAIL FROM:<a@b>"), "503");
        assert_eq!(
            code(&mut session, "RCPT TO:<reponse+x@greffe.EXAMPLE>"),
            "250"
        );
        assert_eq!(code(&mut session, "DATA"), "354");
    }

    #[test]
    fn it_is_no_relay() {
        let mut session = session(Protocol::Smtp);
        said(&mut session, "EHLO client");
        said(&mut session, "MAIL FROM:<a@b>");
        for (line, answer) in [
            ("RCPT TO:<reponse+x@elsewhere.example>", "550 5.7.1"),
            (
                "RCPT TO:<reponse+x@greffe.example@elsewhere.example>",
                "501",
            ),
            (
                "RCPT TO:<reponse+x%elsewhere.example@greffe.example.evil>",
                "550 5.7.1",
            ),
            ("RCPT TO:<somebody@greffe.example>", "550 5.1.1"),
            (
                "RCPT TO:<@greffe.example:reponse+x@elsewhere.example>",
                "550 5.7.1",
            ),
            ("RCPT TO:<>", "501"),
        ] {
            assert!(said(&mut session, line).starts_with(answer), "{line}");
        }
    }

    #[test]
    fn the_size_is_refused_early() {
        let mut session = session(Protocol::Smtp);
        said(&mut session, "EHLO client");
        assert_eq!(code(&mut session, "MAIL FROM:<a@b> SIZE=1001"), "552");
        assert_eq!(
            code(&mut session, "MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME"),
            "250"
        );
    }

    #[test]
    fn what_was_not_offered_is_refused() {
        let mut session = session(Protocol::Smtp);
        said(&mut session, "EHLO client");
        for line in [
            "MAIL FROM:<a@b> BODY=BINARYMIME",
            "MAIL FROM:<a@b> REQUIRETLS",
            "MAIL FROM:<a@b> RET=FULL",
        ] {
            assert_eq!(code(&mut session, line), "555", "{line}");
        }
        assert_eq!(code(&mut session, "MAIL FROM:<é@b>"), "553");
        assert_eq!(code(&mut session, "MAIL FROM:<é@b> SMTPUTF8"), "250");
    }

    #[test]
    fn too_many_recipients_may_come_later() {
        let mut session = session(Protocol::Smtp);
        said(&mut session, "EHLO client");
        said(&mut session, "MAIL FROM:<a@b>");
        for (local, answer) in [("a", "250"), ("b", "250"), ("c", "452")] {
            assert_eq!(
                code(
                    &mut session,
                    &format!("RCPT TO:<reponse+{local}@greffe.example>")
                ),
                answer
            );
        }
    }

    #[test]
    fn whoever_errs_on_and_on_is_shown_the_door() {
        let mut session = session(Protocol::Smtp);
        let codes: Vec<String> = (0..ERRORS_MAX)
            .map(|_| code(&mut session, "FROBNICATE"))
            .collect();
        assert_eq!(codes.first().map(String::as_str), Some("500"));
        assert_eq!(codes.last().map(String::as_str), Some("421"));
    }

    #[test]
    fn each_protocol_has_its_own_greeting() {
        assert_eq!(code(&mut session(Protocol::Lmtp), "EHLO a"), "500");
        assert_eq!(code(&mut session(Protocol::Smtp), "LHLO a"), "500");
        assert_eq!(code(&mut session(Protocol::Lmtp), "LHLO a"), "250");
        assert_eq!(code(&mut session(Protocol::Smtp), "HELO a"), "250");
    }
}
