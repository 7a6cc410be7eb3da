//! The files of a mail: named safely, typed by what they contain, refused where opening them would run something or
//! where nobody can look into them. What is refused is listed with its reason.

mod kind;
mod name;
mod policy;

use std::borrow::Cow;

use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};
use serde::{Deserialize, Serialize};

use super::{Own, pgp, smime, tnef};

pub use kind::sniff;
pub use name::safe_name;
pub use policy::Files;
use policy::{File, Refused};

/// A file that came with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// A name that is safe to show and to write: see [`safe_name`].
    pub name: String,
    /// Media type: what the content shows, else what the mail declared.
    pub media_type: String,
    /// Media type that the mail declared, in lower case.
    pub declared: String,
    /// Size of the content, in bytes.
    pub bytes: u64,
    /// Why it is not taken, in French, for the sender and the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The content, empty where it is refused.
    #[serde(skip)]
    pub content: Vec<u8>,
}

/// A picture within the text that is smaller is an emoji or a logo.
const PICTURE: usize = 15_000;
/// Messages within messages that are looked into; what is deeper is refused.
const DEPTH: u8 = 3;

/// The files of a mail while they are gathered.
struct Gathered<'a> {
    own: &'a Own,
    files: Vec<Attachment>,
    total: u64,
    /// Something among them is dangerous, or was not looked at.
    dangerous: bool,
}

/// A file as a mail brings it.
struct Found<'a> {
    name: String,
    alias: Option<String>,
    declared: String,
    content: Cow<'a, [u8]>,
    /// Already known to be dangerous: a message with a program in it, or with something that was not looked at.
    dangerous: bool,
}

/// The files of `message`. `shown` are the `Content-ID`s of pictures within the person's text; other inline pictures
/// are signatures and quotations, and left out.
pub(crate) fn attachments(
    message: &Message<'_>,
    shown: &[String],
    own: &Own,
    notes: &mut Vec<String>,
) -> Vec<Attachment> {
    gathered(message, shown, own, notes, 0).files
}

fn gathered<'a>(
    message: &Message<'_>,
    shown: &[String],
    own: &'a Own,
    notes: &mut Vec<String>,
    depth: u8,
) -> Gathered<'a> {
    let mut gathered = Gathered {
        own,
        files: Vec::new(),
        total: 0,
        dangerous: false,
    };
    let signatures = smime::signatures(message);
    let parts = message
        .attachments
        .iter()
        .filter(|id| !signatures.contains(id))
        .filter_map(|id| message.parts.get(*id as usize));
    for part in parts.filter(|part| is_file(part, shown)) {
        let content = content(message, part);
        if tnef::is_tnef(part, &content) {
            gathered.unpack(part, &content, notes);
        } else {
            let found = found(part, content, own, notes, depth);
            gathered.add(found, notes);
        }
        if gathered.is_full() {
            notes.push("Not all of the files are listed".to_owned());
            gathered.dangerous = true;
            break;
        }
    }
    gathered
}

impl Gathered<'_> {
    /// A mail of ten thousand parts is not listed to its end.
    fn is_full(&self) -> bool {
        self.files.len() >= self.own.inbound_limits.attachments.saturating_mul(2)
    }

    fn add(&mut self, found: Found<'_>, notes: &mut Vec<String>) {
        let (media_type, listing) = kind::media_type(&found.content, &found.declared, &found.name);
        let name = safe_name(&found.name, &media_type);
        let bytes = found.content.len() as u64;
        self.total = self.total.saturating_add(bytes);
        let refused = if found.dangerous {
            let why = "message qui contient un fichier exécutable ou actif".to_owned();
            let dangerous = true;
            Some(Refused { why, dangerous })
        } else {
            self.own.files.refuse(&File {
                name: &name,
                alias: found.alias.as_deref(),
                media_type: &media_type,
                listing: listing.as_ref(),
                content: &found.content,
            })
        };
        self.dangerous |= refused.as_ref().is_some_and(|refused| refused.dangerous);
        let refused = self.beyond(bytes).or(refused.map(|refused| refused.why));
        if media_type != found.declared && is_telling(&found.declared) {
            let number = self.files.len() + 1;
            notes.push(format!(
                "File {number} is {media_type}, declared as {}",
                found.declared
            ));
        }
        self.files.push(Attachment {
            name,
            media_type,
            declared: found.declared,
            bytes,
            content: if refused.is_some() {
                Vec::new()
            } else {
                found.content.into_owned()
            },
            refused,
        });
    }

    fn beyond(&self, bytes: u64) -> Option<String> {
        let limits = &self.own.inbound_limits;
        if self.files.len() >= limits.attachments {
            Some(format!("plus de {} pièces jointes", limits.attachments))
        } else if bytes > limits.attachment_bytes {
            let megabytes = limits.attachment_bytes / 1_000_000;
            Some(format!("plus de {megabytes}\u{a0}Mo"))
        } else if self.total > limits.total_bytes {
            let megabytes = limits.total_bytes / 1_000_000;
            Some(format!("plus de {megabytes}\u{a0}Mo en tout"))
        } else {
            None
        }
    }

    /// The files within Outlook's own wrapping, or the wrapping itself, refused, where it cannot be opened.
    fn unpack(&mut self, part: &MessagePart<'_>, content: &[u8], notes: &mut Vec<String>) {
        let Some(wrapped) = tnef::read(content) else {
            notes.push("A winmail.dat cannot be unpacked".to_owned());
            self.dangerous = true;
            let name = safe_name(part.attachment_name().unwrap_or("winmail.dat"), "");
            self.files.push(Attachment {
                name,
                media_type: "application/ms-tnef".to_owned(),
                declared: declared(part),
                bytes: content.len() as u64,
                refused: Some("format propre à Outlook (winmail.dat), abîmé".to_owned()),
                content: Vec::new(),
            });
            return;
        };
        for file in wrapped.files {
            if self.is_full() {
                return;
            }
            if let Some(why) = file.refused {
                self.dangerous = true;
                self.files.push(Attachment {
                    name: safe_name(&file.name, ""),
                    media_type: file.media_type.clone(),
                    declared: file.media_type,
                    bytes: 0,
                    refused: Some(why.to_owned()),
                    content: Vec::new(),
                });
                continue;
            }
            let found = Found {
                name: file.name,
                alias: None,
                declared: file.media_type,
                content: file.content,
                dangerous: false,
            };
            self.add(found, notes);
        }
    }
}

/// Whether a declared type says anything: many programs send everything as the same.
fn is_telling(declared: &str) -> bool {
    ![
        "application/octet-stream",
        "application/x-zip-compressed",
        "application/x-rar-compressed",
        "application/x-download",
        "application/force-download",
        "application/x-pdf",
        "image/jpg",
        "image/pjpeg",
        "image/heif",
        "text/rtf",
    ]
    .contains(&declared)
}

/// Texts that are not the body, pictures that are not decoration, everything else but what programs say to programs.
fn is_file(part: &MessagePart<'_>, shown: &[String]) -> bool {
    let disposed = part
        .content_disposition()
        .is_some_and(mail_parser::ContentType::is_attachment);
    let named = part
        .attachment_name()
        .is_some_and(|name| !name.trim().is_empty());
    match &part.body {
        _ if is_report(part) || pgp::is_wrapping(part) => false,
        PartType::Text(_) | PartType::Html(_) => {
            let plain = part
                .content_type()
                .is_none_or(|kind| matches!(kind.subtype(), Some("plain" | "html") | None));
            disposed || named || !plain
        }
        PartType::Multipart(_) => false,
        PartType::Message(_) => true,
        PartType::Binary(content) | PartType::InlineBinary(content) => {
            let image = part
                .content_type()
                .is_some_and(|kind| kind.ctype() == "image");
            let id = part.content_id().map(|id| id.trim_matches(['<', '>']));
            let inline = image
                && !disposed
                && (id.is_some()
                    || part
                        .content_disposition()
                        .is_some_and(mail_parser::ContentType::is_inline));
            let within_text =
                id.is_some_and(|id| shown.iter().any(|cid| cid == id)) || (id.is_none() && named);
            !inline || (within_text && content.len() >= PICTURE)
        }
    }
}

/// What a report says in a form for programs is not a file.
fn is_report(part: &MessagePart<'_>) -> bool {
    const KINDS: [&str; 4] = [
        "delivery-status",
        "global-delivery-status",
        "disposition-notification",
        "rfc822-headers",
    ];
    part.content_type()
        .and_then(mail_parser::ContentType::subtype)
        .is_some_and(|kind| KINDS.contains(&kind))
}

/// The media type that a part declares.
fn declared(part: &MessagePart<'_>) -> String {
    let declared = part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |kind| {
            format!(
                "{}/{}",
                kind.ctype(),
                kind.subtype().unwrap_or("octet-stream")
            )
            .to_lowercase()
        },
    );
    declared
        .chars()
        .filter(char::is_ascii_graphic)
        .take(127)
        .collect()
}

/// The octets of a part, as they were before they were made fit for travel.
fn content<'a>(message: &'a Message<'_>, part: &'a MessagePart<'_>) -> Cow<'a, [u8]> {
    match &part.body {
        PartType::Message(nested) if part.encoding != Encoding::None => {
            nested.raw_message.as_ref().into()
        }
        PartType::Message(_) => message
            .raw_message
            .get(part.offset_body as usize..part.offset_end as usize)
            .unwrap_or_default()
            .into(),
        PartType::Text(text) | PartType::Html(text) => {
            original_text(message, part).unwrap_or(text.as_bytes().into())
        }
        _ => part.contents().into(),
    }
}

fn found<'a>(
    part: &MessagePart<'_>,
    content: Cow<'a, [u8]>,
    own: &Own,
    notes: &mut Vec<String>,
    depth: u8,
) -> Found<'a> {
    let given = part.attachment_name();
    let (name, dangerous) = match &part.body {
        PartType::Message(nested) => {
            let inner =
                depth < DEPTH && !gathered(nested, &[], own, &mut Vec::new(), depth + 1).dangerous;
            if depth >= DEPTH {
                notes.push("Messages are nested too deep".to_owned());
            }
            let subject = || nested.subject().map(|subject| format!("{subject}.eml"));
            let name = given.map(str::to_owned).or_else(subject);
            (name, !inner)
        }
        _ => (given.map(str::to_owned), false),
    };
    // The two places where a name stands may differ.
    let alias = part
        .content_type()
        .and_then(|kind| kind.attribute("name"))
        .filter(|alias| Some(*alias) != given)
        .map(|alias| safe_name(alias, ""));
    Found {
        name: name.unwrap_or_default(),
        alias,
        declared: declared(part),
        content,
        dangerous,
    }
}

/// A text file byte for byte, where it travelled as it is; decoding it to UTF-8 would change it.
fn original_text<'a>(message: &'a Message<'_>, part: &MessagePart<'_>) -> Option<Cow<'a, [u8]>> {
    let raw = message
        .raw_message
        .get(part.offset_body as usize..part.offset_end as usize)?;
    match part.encoding {
        Encoding::None => Some(raw.into()),
        Encoding::Base64 => mail_parser::decoders::base64::base64_decode(raw).map(Cow::Owned),
        Encoding::QuotedPrintable => {
            mail_parser::decoders::quoted_printable::quoted_printable_decode(raw).map(Cow::Owned)
        }
    }
}

#[cfg(test)]
mod tests;
