//! The name of a mail, the same each time it is handed over.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Header fields that are added on the way, so that they may differ between two deliveries of one mail
/// (RFC 5321 §4.4, RFC 8601, RFC 8617, and what mail servers add themselves).
const TRACE: [&str; 10] = [
    "received",
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "authentication-results",
    "received-spf",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
];

/// `mail:` and a digest of what the sender wrote (`Message-ID`, all other fields but those added on the way, the body)
/// and of the recipients, whatever their order and case. The `Message-ID` alone would not do: whoever knows one could
/// send it first and have the real mail taken for a repetition.
pub fn mail_id(original: &[u8], recipients: &[String]) -> String {
    let (header, body) = split(original);
    let mut digest = Sha256::new();
    for field in fields(header) {
        if !is_trace(field) {
            put(&mut digest, trim(field));
        }
    }
    put(&mut digest, b"");
    put(&mut digest, trim(body));
    let mut recipients: Vec<String> = recipients
        .iter()
        .map(|recipient| recipient.to_lowercase())
        .collect();
    recipients.sort_unstable();
    recipients.dedup();
    for recipient in &recipients {
        put(&mut digest, recipient.as_bytes());
    }
    format!("mail:{}", HEXLOWER.encode(&digest.finalize()))
}

/// Lengths go in too, so that no two lists of parts look the same.
fn put(digest: &mut Sha256, part: &[u8]) {
    digest.update((part.len() as u64).to_be_bytes());
    digest.update(part);
}

/// The header, with the line end of its last field, and the body.
fn split(original: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    for line in original.split_inclusive(|octet| *octet == b'\n') {
        if matches!(line, b"\r\n" | b"\n") {
            let (header, rest) = original.split_at(start);
            return (header, rest.get(line.len()..).unwrap_or_default());
        }
        start += line.len();
    }
    (original, &[])
}

/// The fields of a header, each with its folded lines.
fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let (mut start, mut end) = (0, 0);
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        if end > start && !matches!(line.first(), Some(b' ' | b'\t')) {
            fields.push(header.get(start..end).unwrap_or_default());
            start = end;
        }
        end += line.len();
    }
    fields.push(header.get(start..end).unwrap_or_default());
    fields
}

fn is_trace(field: &[u8]) -> bool {
    let name = field
        .split(|octet| *octet == b':')
        .next()
        .unwrap_or_default();
    TRACE
        .iter()
        .any(|trace| name.trim_ascii().eq_ignore_ascii_case(trace.as_bytes()))
}

/// Line ends at the end come and go between servers.
fn trim(part: &[u8]) -> &[u8] {
    part.trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"Message-ID: <a@b>\r\nSubject: un\r\n deux\r\n\r\nBonjour\r\n";

    fn to(recipients: &[&str]) -> Vec<String> {
        recipients
            .iter()
            .map(|recipient| (*recipient).to_owned())
            .collect()
    }

    #[test]
    fn the_way_it_came_does_not_count() {
        let relayed = [b"Received: from x\r\n by y\r\nReturn-Path: <z>\r\n", MAIL].concat();
        assert_eq!(
            mail_id(MAIL, &to(&["a@b"])),
            mail_id(&relayed, &to(&["a@b"]))
        );
    }

    #[test]
    fn the_order_and_case_of_recipients_do_not_count() {
        assert_eq!(
            mail_id(MAIL, &to(&["a@b", "C@d"])),
            mail_id(MAIL, &to(&["c@d", "a@b", "A@b"]))
        );
    }

    #[test]
    fn another_body_recipient_or_field_is_another_mail() {
        let id = mail_id(MAIL, &to(&["a@b"]));
        let body = String::from_utf8_lossy(MAIL).replace("Bonjour", "Bonsoir");
        let field = String::from_utf8_lossy(MAIL).replace("deux", "trois");
        assert_ne!(id, mail_id(body.as_bytes(), &to(&["a@b"])));
        assert_ne!(id, mail_id(field.as_bytes(), &to(&["a@b"])));
        assert_ne!(id, mail_id(MAIL, &to(&["c@d"])));
        assert_ne!(mail_id(b"A: 1\r\n\r\nB", &[]), mail_id(b"A: 1\r\nB", &[]));
    }

    #[test]
    fn anything_has_an_id() {
        for odd in [
            &b""[..],
            b"\r\n",
            b"\n\n\n",
            b"no header",
            b" folded first\r\n",
            b":\r\n:\r\n",
        ] {
            assert!(mail_id(odd, &[]).starts_with("mail:"));
        }
    }
}
