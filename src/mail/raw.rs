//! From octets to a parsed mail, without trusting the octets with memory or time.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser};

use super::body::windows_1252;
use super::smime::{self, Sealed};

/// Longest mail that is read, in octets. Base64 makes 20 MB of files 27 MB.
const LONGEST: usize = 60 << 20;
/// Most lines: each can be a header, and each header costs a hundred octets of memory.
const LINES: usize = 1_200_000;
/// Most lines that could be boundaries: each can be a part.
const BOUNDARIES: usize = 20_000;
/// Most messages within messages.
const NESTED: usize = 50;
/// Longest header section, in octets. Postfix takes a twentieth of it.
const HEADERS: usize = 2 << 20;
/// Most lines of a header section.
const HEADER_LINES: usize = 100_000;

/// The start of `raw` that is within the limits.
pub(crate) fn bounded<'a>(raw: &'a [u8], notes: &mut Vec<String>) -> Cow<'a, [u8]> {
    let (mut end, mut lines, mut boundaries, mut nested) = (0, 0, 0, 0);
    let mut in_headers = true;
    let mut ends = memchr::memchr_iter(b'\n', raw);
    while end < raw.len() {
        let next = ends.next().map_or(raw.len(), |at| at + 1);
        let line = raw.get(end..next).unwrap_or_default();
        lines += 1;
        boundaries += usize::from(line.starts_with(b"--"));
        nested += usize::from(opens_message(line));
        in_headers &= !matches!(line, b"\n" | b"\r\n");
        let excess = end + line.len() > LONGEST
            || lines > LINES
            || boundaries > BOUNDARIES
            || nested > NESTED
            || (in_headers && (end > HEADERS || lines > HEADER_LINES));
        if excess {
            notes.push(format!("Only the first {end} bytes are read"));
            break;
        }
        end += line.len();
    }
    Cow::Borrowed(raw.get(..end).unwrap_or_default())
}

/// Whether the line may declare a part that is a message of its own.
fn opens_message(line: &[u8]) -> bool {
    const KINDS: [&[u8]; 3] = [b"rfc822", b"global", b"digest"];
    let head = line.get(..line.len().min(300)).unwrap_or_default();
    // A field or what is folded below one, which a line of base64 is not.
    (head.contains(&b':') || head.starts_with(b" ") || head.starts_with(b"\t"))
        && head.contains(&b'/')
        && KINDS.iter().any(|kind| {
            head.windows(kind.len())
                .any(|found| found.eq_ignore_ascii_case(kind))
        })
}

/// The mail in `raw`. None where no header can be read.
pub(crate) fn parse<'a>(raw: &'a [u8], notes: &mut Vec<String>) -> Option<Message<'a>> {
    // The parser promises not to panic; a mail must not stop the daemon on the day that it does.
    let parsed = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(raw)));
    if parsed.is_err() {
        notes.push("The parser failed on this mail".to_owned());
    }
    let message = parsed
        .ok()
        .flatten()
        .filter(|message| !message.parts.is_empty());
    if message.is_none() {
        notes.push("No header can be read".to_owned());
    }
    message
}

/// `raw`, or the mail that is signed within it.
pub(crate) fn unsealed<'a>(raw: &'a [u8], notes: &mut Vec<String>) -> Cow<'a, [u8]> {
    if !smime::may_be_sealed(raw) {
        return Cow::Borrowed(raw);
    }
    let opened = smime::opened(raw, |mail| {
        let message = parse(mail, &mut Vec::new())?;
        match smime::sealed(&message)? {
            Sealed::Signed(inner) => Some(inner),
            Sealed::Encrypted => None,
        }
    });
    if matches!(opened, Cow::Owned(_)) {
        notes.push("Signed with S/MIME; the signature is not verified".to_owned());
    }
    // What was inside has bounds of its own.
    match opened {
        Cow::Owned(opened) => Cow::Owned(bounded(&opened, notes).into_owned()),
        borrowed @ Cow::Borrowed(_) => borrowed,
    }
}

/// The header of the mail in `raw`, read as [`parse`] reads it, without its parts. None where no header can be read.
pub(crate) fn head<'a>(raw: &'a [u8], notes: &mut Vec<String>) -> Option<Message<'a>> {
    // No header section that is read goes further.
    let start = raw.get(..raw.len().min(2 * HEADERS)).unwrap_or_default();
    let Cow::Borrowed(start) = bounded(start, notes) else {
        return None;
    };
    let parser = MessageParser::default();
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse_headers(start)));
    parsed
        .ok()
        .flatten()
        .filter(|message| !message.parts.is_empty())
}

/// The headers in order: name, and value as it came. Octets beyond ASCII are UTF-8 or else Windows-1252.
pub(crate) fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    let part = message
        .parts
        .first()
        .map(|part| part.headers.as_slice())
        .unwrap_or_default();
    let value = |from: u32, to: u32| {
        let octets = message
            .raw_message
            .get(from as usize..to as usize)
            .unwrap_or_default();
        std::str::from_utf8(octets)
            .map_or_else(|_| windows_1252(octets), str::to_owned)
            .trim()
            .to_owned()
    };
    part.iter()
        .take(2_000)
        .map(|header| {
            (
                header.name().to_owned(),
                value(header.offset_start, header.offset_end),
            )
        })
        .collect()
}
