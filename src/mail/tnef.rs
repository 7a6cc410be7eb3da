//! TNEF (MS-OXTNEF), `winmail.dat`: how Outlook and Exchange wrap a mail for their own kind. Its files and its text are
//! taken out.

mod property;
mod rtf;

use std::borrow::Cow;

use mail_parser::{Message, MessagePart, MimeHeaders};

use super::body::windows_1252;
use super::octets::Octets;
use property::{Properties, Value};

const SIGNATURE: u32 = 0x223e_9f78;
/// Files taken at most.
const FILES: usize = 200;
/// What is said of the first file beyond, and of those after it.
const TOO_MANY: &str =
    "trop de fichiers dans le message d’Outlook\u{a0}: les suivants ne sont pas lus";
/// Messages within messages that are looked into.
const DEPTH: u8 = 3;
/// A picture that belongs to the text and is smaller is an emoji or a logo.
const PICTURE: usize = 15_000;

/// What was wrapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wrapped<'a> {
    pub(super) files: Vec<Unwrapped<'a>>,
    pub(super) html: Option<String>,
    pub(super) text: Option<String>,
}

/// A file that was wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unwrapped<'a> {
    /// As it was given: not safe.
    pub(super) name: String,
    /// As it was declared.
    pub(super) media_type: String,
    pub(super) content: Cow<'a, [u8]>,
    /// Why it could not be taken out, in French.
    pub(super) refused: Option<&'static str>,
}

impl Unwrapped<'_> {
    /// A mark in the place of what could not be taken out.
    fn refused(name: String, why: &'static str) -> Self {
        Self {
            name,
            media_type: "application/octet-stream".to_owned(),
            content: Cow::Borrowed(&[]),
            refused: Some(why),
        }
    }
}

/// Whether a part is Outlook's wrapping.
pub(super) fn is_tnef(part: &MessagePart<'_>, content: &[u8]) -> bool {
    let declared = part.content_type().is_some_and(|kind| {
        kind.ctype() == "application" && matches!(kind.subtype(), Some("ms-tnef" | "vnd.ms-tnef"))
    });
    let named = part
        .attachment_name()
        .is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"));
    declared || named || Octets::new(content).u32() == Some(SIGNATURE)
}

/// The text in the first wrapping of `message`.
pub(super) fn body(message: &Message<'_>) -> (Option<String>, Option<String>) {
    let parts = message
        .attachments
        .iter()
        .filter_map(|id| message.parts.get(*id as usize));
    let wrapped = parts
        .filter(|part| is_tnef(part, part.contents()))
        .find_map(|part| read(part.contents()));
    wrapped.map_or((None, None), |wrapped| (wrapped.html, wrapped.text))
}

/// What is in `content`. None where it is no TNEF or is damaged.
pub(super) fn read(content: &[u8]) -> Option<Wrapped<'_>> {
    let mut wrapped = Wrapped::default();
    unwrap(content, &mut wrapped, DEPTH)?;
    Some(wrapped)
}

/// A file while its attributes are read.
#[derive(Default)]
struct Attached<'a> {
    title: Option<String>,
    content: Option<&'a [u8]>,
    properties: Properties<'a>,
}

fn unwrap<'a>(content: &'a [u8], wrapped: &mut Wrapped<'a>, depth: u8) -> Option<()> {
    const FILE: u32 = 0x0006_9002;
    const TITLE: u32 = 0x0001_8010;
    const CONTENT: u32 = 0x0006_800f;
    const FILE_PROPERTIES: u32 = 0x0006_9005;
    const BODY: u32 = 0x0002_800c;
    const PROPERTIES: u32 = 0x0006_9003;
    let mut rest = Octets::new(content);
    if rest.u32()? != SIGNATURE {
        return None;
    }
    rest.skip(2)?;
    let mut attached: Option<Attached<'a>> = None;
    // What fills the last octets up is no attribute.
    while rest.rest().len() > 10 {
        rest.skip(1)?;
        let (attribute, length) = (rest.u32()?, rest.length()?);
        let value = rest.take(length)?;
        rest.skip(2)?;
        let file = attached.as_mut();
        match (attribute, file) {
            (FILE, _) => {
                if let Some(attached) = attached.replace(Attached::default()) {
                    finish(attached, wrapped, depth);
                }
            }
            (TITLE, Some(file)) => file.title = Some(string8(value)),
            (CONTENT, Some(file)) => file.content = Some(value),
            (FILE_PROPERTIES, Some(file)) => file.properties = Properties::read(value)?,
            (BODY, _) => wrapped.text = wrapped.text.take().or(Some(string8(value))),
            (PROPERTIES, _) => text(&Properties::read(value)?, wrapped),
            _ => {}
        }
    }
    if let Some(attached) = attached {
        finish(attached, wrapped, depth);
    }
    Some(())
}

/// The text of the message, in the best form that there is.
fn text(properties: &Properties<'_>, wrapped: &mut Wrapped<'_>) {
    const BODY: u16 = 0x1000;
    const RTF: u16 = 0x1009;
    const HTML: u16 = 0x1013;
    let plain = properties.text(BODY).filter(|text| !text.trim().is_empty());
    let html = match properties.get(HTML) {
        Some(Value::Binary(html)) => Some(string8(html)),
        Some(Value::Text(html)) => Some(html.clone()),
        _ => None,
    };
    wrapped.html = html;
    wrapped.text = plain.or(wrapped.text.take());
    if let (None, Some(Value::Binary(packed))) = (&wrapped.html, properties.get(RTF)) {
        match rtf::unpacked(packed).map(|rtf| rtf::read(&rtf)) {
            Some(rtf::Document::Html(html)) => wrapped.html = Some(html),
            Some(rtf::Document::Text(text)) => wrapped.text = wrapped.text.take().or(Some(text)),
            None => {}
        }
    }
}

fn finish<'a>(attached: Attached<'a>, wrapped: &mut Wrapped<'a>, depth: u8) {
    const CONTENT: u16 = 0x3701;
    const LONG_NAME: u16 = 0x3707;
    const NAME: u16 = 0x3704;
    const SHOWN_NAME: u16 = 0x3001;
    const MEDIA_TYPE: u16 = 0x370e;
    const CONTENT_ID: u16 = 0x3712;
    const HIDDEN: u16 = 0x7ffe;
    // The first that is too many stands for the others.
    if wrapped.files.len() > FILES {
        return;
    }
    let Attached {
        title,
        content,
        properties,
    } = attached;
    let name = properties
        .text(LONG_NAME)
        .or_else(|| properties.text(NAME))
        .or(title)
        .or_else(|| properties.text(SHOWN_NAME))
        .unwrap_or_default();
    if wrapped.files.len() == FILES {
        wrapped.files.push(Unwrapped::refused(name, TOO_MANY));
        return;
    }
    if let Some(Value::Object(object)) = properties.get(CONTENT)
        && let Some(inner) = message_in(object)
    {
        within(inner, &name, wrapped, depth);
        return;
    }
    let content = match properties.get(CONTENT) {
        Some(Value::Binary(content) | Value::Object(content)) if !content.is_empty() => *content,
        _ => content.unwrap_or_default(),
    };
    let media_type =
        properties
            .text(MEDIA_TYPE)
            .map_or("application/octet-stream".to_owned(), |kind| {
                kind.to_lowercase()
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(127)
                    .collect()
            });
    let decoration = properties.is_true(HIDDEN)
        || (properties.text(CONTENT_ID).is_some() && media_type.starts_with("image/"));
    if decoration && content.len() < PICTURE {
        return;
    }
    wrapped.files.push(Unwrapped {
        name,
        media_type,
        content: content.into(),
        refused: None,
    });
}

/// The wrapped message that an object holds, after the class that says so.
fn message_in(object: &[u8]) -> Option<&[u8]> {
    const CLASS: &[u8] = b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    object.strip_prefix(CLASS)
}

/// A message within the message: its files beside the others, its text as a file.
fn within<'a>(inner: &'a [u8], name: &str, wrapped: &mut Wrapped<'a>, depth: u8) {
    let Some(depth) = depth.checked_sub(1) else {
        let why = "message trop profondément imbriqué";
        wrapped.files.push(Unwrapped::refused(name.to_owned(), why));
        return;
    };
    let mut message = Wrapped::default();
    let damaged = unwrap(inner, &mut message, depth).is_none();
    let text = message.text.or_else(|| {
        let html = message.html?;
        let lines = super::html::page(&html).lines;
        let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        Some(lines.join("\n"))
    });
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        wrapped.files.push(Unwrapped {
            name: format!("{name}.txt"),
            media_type: "text/plain".to_owned(),
            content: text.into_bytes().into(),
            refused: None,
        });
    }
    let mut files = message.files.into_iter();
    let room = FILES.saturating_sub(wrapped.files.len());
    wrapped.files.extend(files.by_ref().take(room));
    if let Some(file) = files.next() {
        let refused = Unwrapped::refused(file.name, TOO_MANY);
        wrapped.files.push(refused);
    }
    if damaged {
        let why = "message propre à Outlook, abîmé";
        wrapped.files.push(Unwrapped::refused(name.to_owned(), why));
    }
}

/// A string of one octet a character, up to its zero: UTF-8 where it is, else Windows-1252.
fn string8(octets: &[u8]) -> String {
    let octets = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    std::str::from_utf8(octets).map_or_else(|_| windows_1252(octets), str::to_owned)
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
