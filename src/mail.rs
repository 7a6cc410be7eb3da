//! Understanding an inbound mail, and composing what goes out. Pure: octets in, plain data out, nothing believed.
//!
//! In order: is it automatic? whose is it (token, thread)? is the sender's domain authentic? what is new in it? what
//! files does it bring? What to do with the answers is decided elsewhere.

mod address;
mod answer;
mod archive;
mod attachment;
mod automatic;
mod body;
mod bounce;
pub mod compose;
mod contained;
pub mod dkim;
pub mod form;
mod html;
mod nested;
mod octets;
mod own;
mod pgp;
mod raw;
pub mod reply;
mod smime;
pub mod thread;
mod tnef;
pub mod token;
pub mod trust;

use mail_parser::{HeaderName, HeaderValue, Message};
use serde::{Deserialize, Serialize};

pub use address::{Address, normalise_address};
pub use answer::{Answer, OuiNon, answer};
pub use attachment::{Attachment, Files, safe_name, sniff};
pub use automatic::{Class, Reason};
pub use bounce::{Action, Bounce};
pub use contained::contained;
pub use html::text_of_html;
pub use own::OwnSeal;
pub use thread::{parse_thread, thread_name};
pub use token::{Claim, Purpose, locked, long_code, short_code, token};

pub use crate::message::authentication::{Authentication, State};

/// What the deployment is, as far as mail needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Domain of the reply addresses, in lower case.
    pub domain: String,
    /// Hosts in our `Message-ID`s, in lower case.
    pub hosts: Vec<String>,
    /// Names by which trusted relays sign their `Authentication-Results` (RFC 8601 §2.5).
    pub authserv_ids: Vec<String>,
    /// Start of the local part of a reply address, before `+`.
    pub reply_prefix: String,
    /// What is taken in.
    pub inbound_limits: Limits,
    /// By which our own mail is known when it comes back; by its `Message-ID` alone where absent.
    pub seal: Option<OwnSeal>,
    /// By which mail of ours is known that was sent before the key was changed.
    pub retired_seals: Vec<OwnSeal>,
    /// Which files are taken.
    pub files: Files,
}

impl Default for Own {
    fn default() -> Self {
        Self {
            domain: "greffier.example".to_owned(),
            hosts: vec!["greffier.example".to_owned()],
            authserv_ids: Vec::new(),
            reply_prefix: "reponse".to_owned(),
            inbound_limits: Limits::default(),
            seal: None,
            retired_seals: Vec::new(),
            files: Files::default(),
        }
    }
}

impl Own {
    /// The token in `address`, where it is a reply address of ours. Whether the token is good is not said here.
    pub fn token_in(&self, address: &str) -> Option<String> {
        let address = address.trim().trim_matches(['<', '>']).to_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        let token = local
            .strip_prefix(self.reply_prefix.to_lowercase().as_str())?
            .strip_prefix('+')?;
        (domain.eq_ignore_ascii_case(&self.domain) && !token.is_empty()).then(|| token.to_owned())
    }

    /// The local part of the reply address that carries `token`.
    pub fn reply_local(&self, token: &str) -> String {
        format!("{}+{token}", self.reply_prefix)
    }
}

/// Bounds of an inbound mail. What is beyond is listed and refused; the rest is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one attachment.
    pub attachment_bytes: u64,
    /// Bytes of all attachments.
    pub total_bytes: u64,
    /// Number of attachments.
    pub attachments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attachment_bytes: 20_000_000,
            total_bytes: 50_000_000,
            attachments: 30,
        }
    }
}

/// What a mail says, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Understood {
    /// Who wrote it: a person or which machine.
    pub class: Class,
    /// Why it is not a person's reply.
    pub reason: Option<Reason>,
    /// The `From`. It can be forged: see `authentication`.
    pub from: Option<Address>,
    /// The subject, on one line.
    pub subject: String,
    /// `Message-ID`, without angle brackets.
    pub message_id: Option<String>,
    /// `Date`, as RFC 3339. The sender's clock wrote it.
    pub date: Option<String>,
    /// First `In-Reply-To`, without angle brackets.
    pub in_reply_to: Option<String>,
    /// `References`, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// Addresses of `To`, `Cc`, `Delivered-To`, `X-Original-To` and `Envelope-To`, each once.
    pub recipients: Vec<String>,
    /// The token of a reply address of ours among the recipients, in lower case. Whether it is good is not said here.
    pub token: Option<String>,
    /// The name of the conversation among the references: see [`thread::parse_thread`].
    pub thread: Option<String>,
    /// The person's own text.
    pub reply: String,
    /// The message passed on below it.
    pub forwarded: Option<String>,
    /// What the reply says to a question oui/non.
    pub oui_non: Option<OuiNon>,
    /// The files, those refused among them.
    pub attachments: Vec<Attachment>,
    /// Whether the `From` domain answers for it.
    pub authentication: Authentication,
    /// What it reports of a mail of ours.
    pub bounce: Option<Bounce>,
    /// What was malformed or left unread, in English.
    pub notes: Vec<String>,
}

/// Longest subject kept, in characters.
const SUBJECT: usize = 500;
/// Longest `Message-ID` kept, in octets (RFC 5322 §2.1.1 bounds the line).
const MESSAGE_ID: usize = 998;
/// Headers that a server adds for the address that it delivered to.
const DELIVERED: [&str; 4] = [
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
];
/// Most references and recipients kept.
const LISTED: usize = 100;

/// Reads `raw`, a mail as it came from a network. It answers for any octets, in time bounded by their number.
pub fn understand(raw: &[u8], own: &Own) -> Understood {
    let mut notes = Vec::new();
    let bounded = raw::bounded(raw, &mut notes);
    let bounded = raw::unsealed(&bounded, &mut notes);
    let Some(message) = raw::parse(&bounded, &mut notes) else {
        return unreadable(notes);
    };
    let headers = raw::headers(&message);
    let from = sender(&message, &mut notes);
    let subject = subject(&message, &headers);
    let recipients = recipients(&message, &headers);
    let token = recipients.iter().find_map(|address| own.token_in(address));
    let message_id = message
        .message_id()
        .map(clean_id)
        .filter(|id| !id.is_empty());
    let in_reply_to = ids(message.in_reply_to()).into_iter().next();
    let references = ids(message.references());
    let thread = references
        .iter()
        .chain(&in_reply_to)
        .find_map(|id| thread_in(id, own));
    let mut reply = body::reply(&message, &mut notes);
    let attachments = attachment::attachments(&message, &reply.images, own, &mut notes);
    nested::complete(&message, &mut reply, &attachments);
    reply.text = printable(&reply.text);
    let domain = from
        .as_ref()
        .map_or("", |from| address::domain_of(&from.address));
    let authentication = trust::authentication(&headers, domain, &own.authserv_ids);
    let oui_non = answer::answer(&reply.text);
    let known = automatic::Known {
        headers: &headers,
        subject: &subject,
        from: from.as_ref().map_or("", |from| from.address.as_str()),
        token: token.is_some(),
        answers: in_reply_to.is_some(),
    };
    let ours = own::is_own(&headers, message_id.as_deref(), own).unwrap_or_else(|note| {
        notes.push(note.to_owned());
        false
    });
    let bounce = bounce(&message, &known, &reply.text);
    let (class, reason) = class(
        &message,
        &known,
        ours,
        bounce.as_ref(),
        &reply.text,
        oui_non,
        attachments.len(),
    );
    let encrypted =
        matches!(class, Class::Reply | Class::Other) && is_encrypted(&message, &reply.text);
    let (class, reason) = if encrypted && reason.is_none_or(|reason| reason == Reason::Empty) {
        (Class::Other, Some(Reason::Encrypted))
    } else {
        (class, reason)
    };
    Understood {
        class,
        reason,
        from,
        subject,
        message_id,
        date: message
            .date()
            .filter(|date| date.is_valid())
            .map(mail_parser::DateTime::to_rfc3339),
        in_reply_to,
        references,
        recipients,
        token,
        thread,
        reply: reply.text,
        forwarded: reply.forwarded,
        oui_non,
        attachments,
        authentication,
        bounce,
        notes,
    }
}

/// The lines of `raw` that a filled form may be read from, at most [`form::LINES`].
pub fn written(raw: &[u8]) -> Vec<form::Line> {
    let mut notes = Vec::new();
    let bounded = raw::bounded(raw, &mut notes);
    let bounded = raw::unsealed(&bounded, &mut notes);
    let Some(message) = raw::parse(&bounded, &mut notes) else {
        return Vec::new();
    };
    let lines = body::attributed(&message).into_iter().take(form::LINES);
    let line = |(line, by): (reply::line::Line, reply::Writer)| form::Line {
        text: printable(&line.text),
        by: match by {
            reply::Writer::Person => form::By::Person,
            reply::Writer::Quoted => form::By::Quoted,
            reply::Writer::Machine => form::By::Machine,
        },
    };
    lines.map(line).collect()
}

fn unreadable(notes: Vec<String>) -> Understood {
    Understood {
        class: Class::Other,
        reason: Some(Reason::Unreadable),
        from: None,
        subject: String::new(),
        message_id: None,
        date: None,
        in_reply_to: None,
        references: Vec::new(),
        recipients: Vec::new(),
        token: None,
        thread: None,
        reply: String::new(),
        forwarded: None,
        oui_non: None,
        attachments: Vec::new(),
        authentication: Authentication::default(),
        bounce: None,
        notes,
    }
}

fn class(
    message: &Message<'_>,
    known: &automatic::Known<'_>,
    ours: bool,
    bounce: Option<&Bounce>,
    reply: &str,
    oui_non: Option<OuiNon>,
    files: usize,
) -> (Class, Option<Reason>) {
    if ours {
        return (Class::Own, Some(Reason::OwnMessage));
    }
    if bounce.is_some() {
        return (Class::Bounce, Some(Reason::Delivery));
    }
    if let Some((class, reason)) = automatic::by_headers(message, known) {
        return (class, Some(reason));
    }
    let answered = oui_non.is_some_and(|said| said.certain) || files > 0;
    if let Some((class, reason)) = automatic::by_text(reply).filter(|_| !answered) {
        return (class, Some(reason));
    }
    if reply.is_empty() && files == 0 {
        return (Class::Other, Some(Reason::Empty));
    }
    (Class::Reply, None)
}

/// Whether nobody but its addressee could read the mail.
fn is_encrypted(message: &Message<'_>, reply: &str) -> bool {
    pgp::is_encrypted(message) || pgp::holds_encrypted(reply) || smime::is_encrypted(message)
}

/// A report of delivery, by its form or, from a mail server, by its words.
fn bounce(message: &Message<'_>, known: &automatic::Known<'_>, reply: &str) -> Option<Bounce> {
    let robot = [
        "mailer-daemon@",
        "postmaster@",
        "mail-daemon@",
        "mailer_daemon@",
    ]
    .iter()
    .any(|robot| known.from.starts_with(robot));
    let null = known
        .headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("Return-Path") && value.trim() == "<>");
    let failed = known
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("X-Failed-Recipients"));
    let free = || {
        let text = message.body_text(0);
        bounce::free_form(
            message,
            known.headers,
            known.subject,
            text.as_deref().unwrap_or(reply),
        )
    };
    bounce::report(message).or_else(|| {
        if robot || null || failed {
            free()
        } else {
            None
        }
    })
}

fn sender(message: &Message<'_>, notes: &mut Vec<String>) -> Option<Address> {
    let from = message.from()?;
    // RFC 5322 §3.6 allows one From. Of two, a relay may have checked the one that we would not have read.
    let fields = message.headers();
    let fields = fields.iter().filter(|field| field.name == HeaderName::From);
    if from.iter().nth(1).is_some() || fields.count() > 1 {
        notes.push("More than one From address; none is taken as the sender".to_owned());
        return None;
    }
    let first = from.first()?;
    let address = first.address().and_then(normalise_address);
    if address.is_none() {
        notes.push("The From address is malformed".to_owned());
    }
    Some(Address {
        name: address::clean_name(first.name().unwrap_or_default()),
        address: address?,
    })
}

fn subject(message: &Message<'_>, headers: &[(String, String)]) -> String {
    let decoded = message.subject().unwrap_or_default();
    // Octets beyond ASCII without a declared charset: the raw header is read as Windows-1252.
    let raw = || {
        headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Subject"))
            .map(|(_, value)| value.clone())
    };
    let text = if decoded.contains('\u{fffd}') {
        raw().unwrap_or_else(|| decoded.to_owned())
    } else {
        decoded.to_owned()
    };
    one_line(&text, SUBJECT)
}

fn one_line(text: &str, longest: usize) -> String {
    let spaced: String = text
        .chars()
        .filter(|c| !address::is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(longest)
        .collect()
}

/// `text` without control characters other than line ends and tabs, and without what turns the direction of writing.
fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let printable: String = text
        .chars()
        .filter(|c| (!c.is_control() || matches!(c, '\n' | '\t')) && !turns(*c))
        .collect();
    // A line may have held nothing else.
    printable.trim_end().trim_start_matches('\n').to_owned()
}

fn recipients(message: &Message<'_>, headers: &[(String, String)]) -> Vec<String> {
    let mut recipients: Vec<String> = Vec::new();
    let mut add = |address: Option<String>| {
        if let Some(address) = address
            && recipients.len() < LISTED
            && !recipients.contains(&address)
        {
            recipients.push(address);
        }
    };
    for list in message.all_to().chain(message.all_cc()) {
        list.iter()
            .filter_map(|to| to.address())
            .for_each(|to| add(normalise_address(to)));
    }
    for (name, value) in headers {
        if DELIVERED
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        {
            value
                .split([',', ' '])
                .take(20)
                .for_each(|address| add(normalise_address(address)));
        }
    }
    recipients
}

/// The conversation that a `Message-ID` of ours names.
fn thread_in(id: &str, own: &Own) -> Option<String> {
    own.hosts
        .iter()
        .find_map(|host| thread::thread_of(id, host))
        .map(|(dossier, purpose)| thread::thread_name(dossier, purpose))
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    let list: Vec<&str> = match value {
        HeaderValue::Text(text) => vec![text.as_ref()],
        HeaderValue::TextList(list) => list.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    // The first reference names the conversation and the last are the nearest: the middle can go.
    let skipped = list.len().saturating_sub(LISTED);
    let kept = list
        .iter()
        .enumerate()
        .filter(|(index, _)| *index == 0 || *index > skipped);
    kept.map(|(_, id)| clean_id(id))
        .filter(|id| !id.is_empty())
        .collect()
}

fn clean_id(id: &str) -> String {
    let graphic = id
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>'));
    let mut id: String = graphic.collect();
    id.truncate(id.floor_char_boundary(MESSAGE_ID));
    id
}
