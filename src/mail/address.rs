//! Mail addresses: read, compared and refused.

use serde::{Deserialize, Serialize};

/// Somebody in a header: a name to show and an address. Neither is proof of anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The display name, on one line, without control characters. Empty where there is none.
    pub name: String,
    /// The address, as [`normalise_address`] gives it.
    pub address: String,
}

/// Longest local part, in octets (RFC 5321 §4.5.3.1.1).
pub(super) const LOCAL_PART: usize = 64;
/// Longest address, in octets (RFC 5321 §4.5.3.1.3, less the angle brackets).
const ADDRESS: usize = 254;
/// Longest name kept, in characters.
const NAME: usize = 200;

/// `text` as the address that Greffier compares and stores: trimmed and in lower case. None unless it is a plain
/// addr-spec (dot-atom local part, host name with a dot; letters beyond ASCII as in RFC 6531), so that what is
/// answered can stand in a header or an SMTP command as it is.
pub fn normalise_address(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(text);
    if text.len() > ADDRESS {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    let sane = is_local_part(local) && is_domain(domain);
    let lower = text.to_lowercase();
    // Some letters grow in lower case.
    (sane && lower.len() <= ADDRESS).then_some(lower)
}

/// The part after `@`, of a normalised address.
pub(super) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// `name` fit to be shown beside an address: one line, nothing invisible, not too long.
pub(super) fn clean_name(name: &str) -> String {
    let visible: String = name
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !is_invisible(*c))
        .collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words
        .join(" ")
        .trim_matches(['"', '\''])
        .chars()
        .take(NAME)
        .collect()
}

/// Whether `c` takes no room on the screen, or changes the direction of what follows.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_local_part(local: &str) -> bool {
    local.len() <= LOCAL_PART
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

/// `atext` of RFC 5322 §3.2.3, with the letters of RFC 6531.
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && c.is_alphanumeric())
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric())
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_lowered() {
        assert_eq!(
            normalise_address("  <Ines.B+x@DDT.Example> ").as_deref(),
            Some("ines.b+x@ddt.example")
        );
        assert_eq!(
            normalise_address("élise@mairie.example").as_deref(),
            Some("élise@mairie.example")
        );
    }

    #[test]
    fn what_could_inject_or_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "a",
            "a@b",
            "a@b..c",
            "a b@c.d",
            "a@b.c\r\nBcc: x@y.z",
            ".a@b.c",
            "a@-b.c",
            "\"a\"@b.c",
            "a,b@c.d",
            "a@[1.2.3.4]",
            "<a@b.c",
            &long,
        ] {
            assert_eq!(normalise_address(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_name_stays_on_one_line() {
        assert_eq!(clean_name("\"Paul\r\n\u{202e}Durand\" "), "Paul Durand");
    }
}
