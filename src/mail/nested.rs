//! Where a mail has no text of its own: that of Outlook's wrapping, or that of the mail passed on as an attachment.

use mail_parser::{Message, PartType};

use super::attachment::Attachment;
use super::reply::{self, Reply, line};
use super::{body, html, one_line, printable, tnef};

/// Longest text of a mail passed on, in octets.
const LONGEST: usize = 200_000;

/// Completes `reply` where there is nothing to read in it.
pub(super) fn complete(message: &Message<'_>, reply: &mut Reply, files: &[Attachment]) {
    if !reply.text.trim().is_empty() {
        return;
    }
    if let Some(wrapped) = wrapped(message) {
        *reply = wrapped;
        return;
    }
    // Beside other files, the mail is one of them; alone, it is what was to be said.
    let alone = files
        .iter()
        .all(|file| file.declared.starts_with("message/"));
    if reply.forwarded.is_none() && alone {
        reply.forwarded = passed_on(message);
    }
}

/// The reply in Outlook's wrapping.
fn wrapped(message: &Message<'_>) -> Option<Reply> {
    let (page, text) = tnef::body(message);
    let from_page = page.map(|page| reply::extract(html::page(&page).lines));
    let from_text = || text.map(|text| reply::extract(line::lines_of(&text)));
    from_page
        .filter(|reply| !reply.text.trim().is_empty())
        .or_else(from_text)
        .filter(|reply| !reply.text.trim().is_empty() || reply.forwarded.is_some())
}

/// The first mail within `message`, with who wrote it and when.
fn passed_on(message: &Message<'_>) -> Option<String> {
    let nested =
        message
            .attachments
            .iter()
            .find_map(|id| match &message.parts.get(*id as usize)?.body {
                PartType::Message(nested) => Some(nested),
                _ => None,
            })?;
    let text = body::whole(nested);
    if text.trim().is_empty() {
        return None;
    }
    let from = nested.from().and_then(|from| from.first()).map(|from| {
        let address = from.address().unwrap_or_default();
        match from.name() {
            Some(name) => format!("{name} <{address}>"),
            None => address.to_owned(),
        }
    });
    let date = nested.date().filter(|date| date.is_valid());
    let fields = [
        ("De", from),
        ("Date", date.map(mail_parser::DateTime::to_rfc3339)),
        ("Objet", nested.subject().map(str::to_owned)),
    ];
    let mut passed_on = String::new();
    for (name, value) in fields {
        if let Some(value) = value {
            let value = one_line(&value, 300);
            passed_on.extend([name, "\u{a0}: ", &value, "\n"]);
        }
    }
    passed_on.push('\n');
    passed_on.push_str(printable(text.trim()).as_str());
    passed_on.truncate(passed_on.floor_char_boundary(LONGEST));
    Some(passed_on)
}
