//! The files of a mail: named safely, typed by what they contain, refused where opening them would run something.

use std::borrow::Cow;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use serde::{Deserialize, Serialize};

use super::Limits;
use super::address::is_invisible;

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

/// Longest name, in octets: file systems take 255, and a number may be added.
const NAME: usize = 180;
/// A picture within the text that is smaller is an emoji or a logo.
const PICTURE: usize = 15_000;

/// The files of `message`. `shown` are the `Content-ID`s of pictures within the person's text; other inline pictures
/// are signatures and quotations, and left out.
pub(crate) fn attachments(
    message: &Message<'_>,
    shown: &[String],
    limits: &Limits,
) -> Vec<Attachment> {
    let mut attachments = Vec::new();
    let mut total = 0_u64;
    let parts = message
        .attachments
        .iter()
        .filter_map(|id| message.parts.get(*id as usize));
    for part in parts.filter(|part| is_file(part, shown)) {
        let mut attachment = attachment(message, part);
        total = total.saturating_add(attachment.bytes);
        if attachments.len() >= limits.attachments {
            attachment.refused = Some(format!("plus de {} pièces jointes", limits.attachments));
        } else if attachment.bytes > limits.attachment_bytes {
            attachment.refused = Some(format!(
                "plus de {} Mo",
                limits.attachment_bytes / 1_000_000
            ));
        } else if total > limits.total_bytes {
            attachment.refused = Some(format!(
                "plus de {} Mo en tout",
                limits.total_bytes / 1_000_000
            ));
        }
        if attachment.refused.is_some() {
            attachment.content = Vec::new();
        }
        attachments.push(attachment);
        // A mail of ten thousand parts is not listed to its end.
        if attachments.len() >= limits.attachments.saturating_mul(2) {
            break;
        }
    }
    attachments
}

fn is_file(part: &MessagePart<'_>, shown: &[String]) -> bool {
    let disposed = part
        .content_disposition()
        .is_some_and(mail_parser::ContentType::is_attachment);
    let named = part
        .attachment_name()
        .is_some_and(|name| !name.trim().is_empty());
    match &part.body {
        _ if is_report(part) => false,
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

fn attachment(message: &Message<'_>, part: &MessagePart<'_>) -> Attachment {
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
    let declared = declared
        .chars()
        .filter(char::is_ascii_graphic)
        .take(127)
        .collect::<String>();
    let content: Cow<'_, [u8]> = match &part.body {
        PartType::Message(_) => message
            .raw_message
            .get(part.offset_body as usize..part.offset_end as usize)
            .unwrap_or_default()
            .into(),
        PartType::Text(text) | PartType::Html(text) => {
            original_text(message, part).unwrap_or(text.as_bytes().into())
        }
        _ => part.contents().into(),
    };
    let name = match &part.body {
        PartType::Message(nested) => part
            .attachment_name()
            .map(str::to_owned)
            .or_else(|| nested.subject().map(|subject| format!("{subject}.eml"))),
        _ => part.attachment_name().map(str::to_owned),
    };
    let sniffed = sniff(&content);
    let media_type = match sniffed {
        // An office document is a ZIP archive, and a declared text may start like anything.
        Some("application/zip")
            if declared.contains("officedocument")
                || declared.contains("opendocument")
                || declared.contains("epub") =>
        {
            declared.clone()
        }
        Some(found) => found.to_owned(),
        None => declared.clone(),
    };
    let name = safe_name(name.as_deref().unwrap_or_default(), &media_type);
    let refused = refused(&name, &media_type).map(str::to_owned);
    Attachment {
        name,
        media_type,
        declared,
        bytes: content.len() as u64,
        refused,
        content: content.into_owned(),
    }
}

/// A text file byte for byte, where it travelled as it is; decoding it to UTF-8 would change it.
fn original_text<'a>(message: &'a Message<'_>, part: &MessagePart<'_>) -> Option<Cow<'a, [u8]>> {
    let raw = message
        .raw_message
        .get(part.offset_body as usize..part.offset_end as usize)?;
    match part.encoding {
        mail_parser::Encoding::None => Some(raw.into()),
        mail_parser::Encoding::Base64 => {
            mail_parser::decoders::base64::base64_decode(raw).map(Cow::Owned)
        }
        mail_parser::Encoding::QuotedPrintable => {
            mail_parser::decoders::quoted_printable::quoted_printable_decode(raw).map(Cow::Owned)
        }
    }
}

/// What the first octets show, for the types that matter: those that people send, and those that run.
pub fn sniff(content: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"%PDF-", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"PK\x03\x04", "application/zip"),
        (b"Rar!\x1a\x07", "application/vnd.rar"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "application/x-ole-storage",
        ),
        (b"MZ", "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF", "application/x-elf"),
        (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
        (b"\xca\xfe\xba\xbe", "application/java-vm"),
        (b"#!", "text/x-shellscript"),
        (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    ];
    if content.get(4..8) == Some(b"ftyp") {
        let heic = content.get(8..12).is_some_and(|brand| {
            [b"heic", b"heix", b"mif1"]
                .iter()
                .any(|known| *known == brand)
        });
        return Some(if heic { "image/heic" } else { "video/mp4" });
    }
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    MAGIC
        .iter()
        .find(|(magic, _)| content.starts_with(magic))
        .map(|(_, kind)| match *kind {
            // The old office formats: the declared type says which.
            "application/x-ole-storage" => None,
            kind => Some(kind),
        })?
}

/// Endings of files that run something when they are opened.
const RUNS: &[&str] = &[
    "ade", "adp", "apk", "app", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg",
    "exe", "hta", "htm", "html", "inf", "ins", "iso", "img", "isp", "jar", "jnlp", "js", "jse",
    "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "one", "pif", "ps1", "psm1", "py", "reg",
    "scr", "sct", "sh", "shtml", "svg", "sys", "url", "vb", "vbe", "vbs", "vhd", "vhdx", "vxd",
    "ws", "wsc", "wsf", "wsh", "xhtml", "xll", "docm", "dotm", "xlsm", "xltm", "xlam", "pptm",
    "potm", "ppam", "ppsm", "sldm",
];

fn refused(name: &str, media_type: &str) -> Option<&'static str> {
    const KINDS: &[&str] = &[
        "application/vnd.microsoft.portable-executable",
        "application/x-elf",
        "application/x-mach-binary",
        "application/java-vm",
        "text/x-shellscript",
        "application/x-ms-shortcut",
        "application/x-msdownload",
        "application/hta",
    ];
    let ending = name
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_lowercase();
    if KINDS.contains(&media_type) || RUNS.contains(&ending.as_str()) {
        return Some("type de fichier exécutable ou actif");
    }
    // TNEF: Outlook's own wrapping, which the recipient cannot open either.
    (media_type == "application/ms-tnef" || ending == "winmail.dat")
        .then_some("format propre à Outlook (winmail.dat)")
}

/// `name` made safe for any file system and any screen: the last part of a path, without control or invisible
/// characters, without those that Windows refuses, not a device's name, not hidden, of bounded length. Never empty.
pub fn safe_name(name: &str, media_type: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c));
    let legal: String = visible
        .map(|c| {
            if "<>:\"|?*".contains(c) || (c.is_whitespace() && c != ' ') {
                '_'
            } else {
                c
            }
        })
        .collect();
    let legal = legal
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let legal = legal
        .trim_start_matches(['.', ' ', '~', '-'])
        .trim_end_matches(['.', ' ']);
    if legal.is_empty() {
        return format!("piece-jointe.{}", ending_of(media_type));
    }
    let (stem, ending) = match legal.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 16 => (stem, Some(ending)),
        _ => (legal, None),
    };
    let device = stem
        .split('.')
        .next()
        .unwrap_or_default()
        .trim()
        .to_uppercase();
    let reserved = matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || ((device.starts_with("COM") || device.starts_with("LPT"))
            && device.chars().count() == 4
            && device.ends_with(|c: char| c.is_numeric()));
    let stem = if reserved {
        format!("_{stem}")
    } else {
        stem.to_owned()
    };
    let stem = stem
        .get(..stem.floor_char_boundary(NAME))
        .unwrap_or_default();
    ending.map_or_else(
        || stem.to_owned(),
        |ending| format!("{}.{ending}", stem.trim_end()),
    )
}

fn ending_of(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/heic" => "heic",
        "application/zip" => "zip",
        "message/rfc822" => "eml",
        "text/plain" => "txt",
        "text/calendar" => "ics",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_safe() {
        for (name, safe) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
            ("a\u{202e}fdp.exe", "afdp.exe"),
            ("con.pdf", "_con.pdf"),
            ("LPT1", "_LPT1"),
            (".htaccess", "htaccess"),
            ("plan\r\nB: c.pdf", "planB_ c.pdf"),
            ("Avis de l’ABF.pdf", "Avis de l’ABF.pdf"),
            ("", "piece-jointe.pdf"),
            ("...", "piece-jointe.pdf"),
        ] {
            assert_eq!(safe_name(name, "application/pdf"), safe);
        }
    }

    #[test]
    fn what_runs_is_refused() {
        assert!(refused("plan.pdf.exe", "application/pdf").is_some());
        assert!(refused("plan.pdf", sniff(b"MZ\x90").unwrap()).is_some());
        assert!(refused("plan.pdf", "application/pdf").is_none());
    }

    proptest! {
        #[test]
        fn no_name_is_dangerous(name in "\\PC*|[\\x00-\\x7f]*") {
            let safe = safe_name(&name, "image/png");
            prop_assert!(!safe.is_empty() && safe.len() <= 200 && !safe.starts_with('.'));
            prop_assert!(!safe.contains(['/', '\\', '\0', '\n', '\r', ':']));
        }
    }
}
