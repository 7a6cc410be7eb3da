//! PGP in a mail (RFC 3156, RFC 9580 §7): what is signed is read, what is encrypted is known for what it is. Nothing is
//! verified.

use mail_parser::{Message, MessagePart, MimeHeaders};

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";
const ENCRYPTED: &str = "-----BEGIN PGP MESSAGE-----";
/// Header lines of an armour that are read.
const HEADERS: usize = 20;

/// Whether a part is one that PGP puts around a mail: a key that the mail program adds by itself, or a control part.
pub(super) fn is_wrapping(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| {
        kind.ctype() == "application"
            && matches!(kind.subtype(), Some("pgp-keys" | "pgp-encrypted"))
    })
}

/// Whether `message` is encrypted as a whole, in the proper form or as Exchange leaves it.
pub(super) fn is_encrypted(message: &Message<'_>) -> bool {
    message.parts.iter().any(|part| {
        part.content_type().is_some_and(|kind| {
            let subtype = kind.subtype().unwrap_or_default();
            (kind.ctype() == "application" && subtype == "pgp-encrypted")
                || (kind.ctype() == "multipart" && subtype == "encrypted")
        })
    })
}

/// Whether a reply is, or holds, an encrypted text.
pub(super) fn holds_encrypted(text: &str) -> bool {
    text.lines().any(|line| line.trim() == ENCRYPTED)
}

/// Whether a file is, or holds near its start, an encrypted text.
pub(super) fn is_armoured(content: &[u8]) -> bool {
    const LOOKED_AT: usize = 64 * 1024;
    let start = content.get(..LOOKED_AT).unwrap_or(content);
    start
        .split(|octet| matches!(octet, b'\n' | b'\r'))
        .any(|line| line.trim_ascii() == ENCRYPTED.as_bytes())
}

/// `text` without the armour around what is signed in clear text, and with its dashes as they were typed.
pub(super) fn unarmoured(text: &str) -> Option<String> {
    if !text.contains(SIGNED) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_end() != SIGNED {
            push(&mut plain, line);
            continue;
        }
        // Headers (`Hash: SHA256`), then one blank line.
        lines
            .by_ref()
            .take(HEADERS)
            .find(|line| line.trim().is_empty());
        let mut signature = false;
        for line in lines.by_ref() {
            match line.trim_end() {
                SIGNATURE => signature = true,
                SIGNATURE_END => break,
                _ if signature => {}
                _ => push(&mut plain, line.strip_prefix("- ").unwrap_or(line)),
            }
        }
    }
    Some(plain)
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_signed_in_clear_text_is_read() {
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nBonjour,\n- -- un tiret\n- - deux\n\
            -----BEGIN PGP SIGNATURE-----\n\niQEz\n=abcd\n-----END PGP SIGNATURE-----\n\nPied de liste\n";
        assert_eq!(
            unarmoured(signed).as_deref(),
            Some("Bonjour,\n-- un tiret\n- deux\n\nPied de liste\n")
        );
        assert_eq!(unarmoured("Bonjour\n- un\n"), None);
    }

    #[test]
    fn an_armour_that_never_ends_loses_no_text() {
        let cut = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nBonjour\n";
        assert_eq!(unarmoured(cut).as_deref(), Some("Bonjour\n"));
    }

    #[test]
    fn an_encrypted_text_is_known() {
        assert!(holds_encrypted(
            "Bonjour\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n"
        ));
        assert!(!holds_encrypted(
            "le bloc « -----BEGIN PGP MESSAGE----- » est illisible"
        ));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,80}", end in "(?s).{0,80}") {
            unarmoured(&format!("{SIGNED}\n{text}\n{SIGNATURE}\n{end}"));
        }
    }
}
