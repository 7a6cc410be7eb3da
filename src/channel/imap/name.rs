//! Names of folders as IMAP writes them.

use data_encoding::BASE64_NOPAD;

/// `name` in the modified UTF-7 of RFC 3501 §5.1.3, as a quoted string.
pub(super) fn folder(name: &str) -> String {
    quoted(&utf7(name))
}

/// A quoted string of RFC 3501 §4.3. The caller has seen to it that there is no line end in it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn utf7(name: &str) -> String {
    let mut written = String::new();
    let mut shifted: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut shifted, &mut written);
            written.push(c);
            if c == '&' {
                written.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                shifted.extend(unit.to_be_bytes());
            }
        }
    }
    shift(&mut shifted, &mut written);
    written
}

/// Writes what waits to be written in base 64.
fn shift(shifted: &mut Vec<u8>, written: &mut String) {
    if !shifted.is_empty() {
        written.push('&');
        written.push_str(&BASE64_NOPAD.encode(shifted).replace('/', ","));
        written.push('-');
        shifted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_modified_utf_7() {
        for (name, written) in [
            ("INBOX", "INBOX"),
            ("Traité", "Trait&AOk-"),
            ("Réponses/à lire", "R&AOk-ponses/&AOA- lire"),
            ("R&D", "R&-D"),
            // The example of RFC 3501 §5.1.3.
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("📥", "&2D3c5Q-"),
        ] {
            assert_eq!(utf7(name), written);
        }
    }

    #[test]
    fn quotes_cannot_be_broken_out_of() {
        assert_eq!(folder(r#"a" b\"#), r#""a\" b\\""#);
    }
}
