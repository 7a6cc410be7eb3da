//! From the parts of a mail to its reply: which body to read, and how.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};

use super::reply::line::Line;
use super::reply::{self, Reply, Writer, line};
use super::{html, pgp};

/// Longest text body that is read, in octets. More is a log or an attack; the original is kept.
const LONGEST: usize = 1 << 20;
/// Longest stretch of an encoded body that is decoded again, in octets.
const ENCODED: usize = 4 << 20;

/// The reply in `message`, from the body that says most about its structure.
pub(crate) fn reply(message: &Message<'_>, notes: &mut Vec<String>) -> Reply {
    let plain = text_of(message, &message.text_body, notes);
    let html = html_of(message, notes);
    let from_plain = plain
        .as_deref()
        .map(|text| reply::extract(line::lines_of(text)));
    let Some(html) = html else {
        return from_plain.unwrap_or_default();
    };
    let page = html::page(&html);
    if !page.whole {
        notes.push("The HTML body is longer than what is read of it".to_owned());
    }
    let marked = page.marked;
    let from_html = reply::extract(page.lines);
    match from_plain {
        Some(from_plain) if !prefer_html(&from_html, &from_plain, marked) => from_plain,
        _ => from_html,
    }
}

/// All text of `message`, quotations and signatures among it.
pub(crate) fn whole(message: &Message<'_>) -> String {
    let mut notes = Vec::new();
    let plain = text_of(message, &message.text_body, &mut notes);
    plain
        .filter(|plain| !plain.trim().is_empty())
        .or_else(|| {
            let html = html_of(message, &mut notes)?;
            let lines = html::page(&html).lines.into_iter();
            Some(lines.map(|line| line.text + "\n").collect())
        })
        .unwrap_or_default()
}

/// All lines of `message`, with who wrote each: of the HTML where it has one, for a filled form is edited in place there
/// and the plain text that goes with it is wrapped anyhow.
pub(crate) fn attributed(message: &Message<'_>) -> Vec<(Line, Writer)> {
    let mut notes = Vec::new();
    let html = html_of(message, &mut notes);
    let lines = html.map(|html| html::page(&html).lines);
    let lines = lines.filter(|lines| lines.iter().any(|line| !line.is_blank()));
    let lines = lines.or_else(|| {
        let plain = text_of(message, &message.text_body, &mut notes)?;
        Some(line::lines_of(&plain))
    });
    reply::attributed(lines.unwrap_or_default())
}

fn html_of<'a>(message: &'a Message<'_>, notes: &mut Vec<String>) -> Option<Cow<'a, str>> {
    message
        .html_body
        .iter()
        .find_map(|id| message.parts.get(*id as usize))
        .and_then(|part| match &part.body {
            PartType::Html(text) => {
                let near = start(text, html::LONGEST);
                Some(recoded(message, part, near, notes))
            }
            _ => None,
        })
}

/// The HTML part is believed where its structure marks the quotation or the plain part is a stub, unless it then has
/// nothing new to say and the plain part has.
fn prefer_html(html: &Reply, plain: &Reply, marked: bool) -> bool {
    if html.text.is_empty() {
        return plain.text.is_empty() && marked;
    }
    marked || plain.text.is_empty() || is_stub(&plain.text)
}

/// "This mail needs HTML" and what is left of a page without its text.
fn is_stub(text: &str) -> bool {
    let lower = text.to_lowercase();
    let asks = lower.contains("html") && text.len() < 400;
    let says = [
        "support html",
        "compatible html",
        "format html",
        "view this",
        "pour visualiser",
        "html email",
        "html message",
        "afficher ce message",
    ];
    (asks && says.iter().any(|says| lower.contains(says)))
        || (lower.contains('{') && lower.contains("!important"))
}

/// The plain text parts of the body, one after the other: a picture between them splits a text in two.
fn text_of(message: &Message<'_>, ids: &[u32], notes: &mut Vec<String>) -> Option<String> {
    let mut whole = String::new();
    let mut found = false;
    for part in ids
        .iter()
        .take(32)
        .filter_map(|id| message.parts.get(*id as usize))
    {
        let PartType::Text(text) = &part.body else {
            continue;
        };
        let near = start(text, LONGEST);
        let cut = near.len() < text.len();
        let text = recoded(message, part, near, notes);
        found = true;
        if !whole.is_empty() {
            whole.push('\n');
        }
        let text = pgp::unarmoured(&text).map_or(text, Cow::Owned);
        whole.push_str(&unflowed(part, text));
        if cut || whole.len() > LONGEST {
            whole.truncate(whole.floor_char_boundary(LONGEST));
            notes.push("The text body is longer than what is read of it".to_owned());
            break;
        }
    }
    found.then_some(whole)
}

/// The start of `text`: a little more than `longest`, so that it shows whether there is more.
fn start(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest + 4))
        .unwrap_or(text)
}

fn unflowed<'a>(part: &MessagePart<'_>, text: Cow<'a, str>) -> Cow<'a, str> {
    let is = |name: &str, value: &str| {
        part.content_type()
            .and_then(|kind| kind.attribute(name))
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    if is("format", "flowed") {
        Cow::Owned(line::unflow(&text, is("delsp", "yes")))
    } else {
        text
    }
}

/// `text`, decoded again as Windows-1252 where its declared charset, or none, does not fit its octets.
fn recoded<'a>(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    text: &'a str,
    notes: &mut Vec<String>,
) -> Cow<'a, str> {
    if !text.contains('\u{fffd}') {
        return Cow::Borrowed(text);
    }
    let raw = message
        .raw_message
        .get(part.offset_body as usize..part.offset_end as usize)
        .unwrap_or_default();
    let raw = raw.get(..raw.len().min(ENCODED)).unwrap_or_default();
    let octets = match part.encoding {
        Encoding::None => Some(raw.to_vec()),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
    };
    let Some(octets) = octets.filter(|octets| std::str::from_utf8(octets).is_err()) else {
        return Cow::Borrowed(text);
    };
    notes.push("The body is not in the charset that it declares; read as Windows-1252".to_owned());
    Cow::Owned(windows_1252(&octets))
}

pub(crate) fn windows_1252(octets: &[u8]) -> String {
    charset_decoder(b"windows-1252").map_or_else(
        || String::from_utf8_lossy(octets).into_owned(),
        |decode| decode(octets),
    )
}
