//! Our own mail, known again when it comes back: by the host in its `Message-ID`, and by a mark that only we can make.
//!
//! `X-Greffier-Instance: HOST; MARK`, where MARK is base32 of the first sixteen octets of HMAC-SHA-256 (RFC 2104) over
//! the `Message-ID`. Whoever reads one can at most have a copy of that very mail ignored: a mark moved to another mail is
//! false, and a mail with a false mark is read like anybody's.

use data_encoding::BASE32_NOPAD_NOCASE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::compose::INSTANCE;
use super::thread;

/// Keeps these marks apart from whatever else the same secret may seal.
const LABEL: &[u8] = b"greffier own mail 1\0";
/// Octets of a mark.
const MARK: usize = 16;

/// What our own mail is marked with. Made from the deployment's secret, and of no other use than this.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnSeal([u8; 32]);

impl std::fmt::Debug for OwnSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnSeal")
    }
}

impl OwnSeal {
    /// The seal of the deployment with this secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(hmac(secret, LABEL))
    }

    /// The mark of the mail with this `Message-ID`, without angle brackets.
    pub fn mark(&self, message_id: &str) -> String {
        let whole = hmac(&self.0, message_id.as_bytes());
        let (mark, _) = whole.split_at(MARK);
        BASE32_NOPAD_NOCASE.encode(mark).to_ascii_lowercase()
    }

    /// Whether `mark` is that of this `Message-ID`. Takes the same time whatever is wrong.
    pub fn is_mark(&self, message_id: &str, mark: &str) -> bool {
        let expected = self.mark(message_id);
        expected
            .as_bytes()
            .ct_eq(mark.to_ascii_lowercase().as_bytes())
            .into()
    }
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Whether a mail is one of ours. The error is a note: it claims to be, and is not.
pub(super) fn is_own(
    headers: &[(String, String)],
    message_id: Option<&str>,
    own: &super::Own,
) -> Result<bool, &'static str> {
    let by_id = message_id.is_some_and(|id| own.hosts.iter().any(|host| thread::is_ours(id, host)));
    let Some(seal) = &own.seal else {
        return Ok(by_id);
    };
    // Another Greffier's mail is no mail of ours, however it is marked.
    let marks = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(INSTANCE))
        .filter_map(|(_, value)| value.split_once(';'))
        .filter(|(host, _)| {
            own.hosts
                .iter()
                .any(|ours| ours.eq_ignore_ascii_case(host.trim()))
        });
    let mut marked = false;
    for (_, mark) in marks.take(8) {
        marked = true;
        let mut seals = std::iter::once(seal).chain(&own.retired_seals);
        if message_id.is_some_and(|id| seals.any(|seal| seal.is_mark(id, mark.trim()))) {
            return Ok(true);
        }
    }
    if marked {
        Err("It carries a mark of ours that is false")
    } else {
        Ok(by_id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Class, Own, understand};
    use super::OwnSeal;

    fn own() -> Own {
        Own {
            seal: Some(OwnSeal::of(b"a secret of the tests")),
            ..Own::default()
        }
    }

    fn read(id: &str, mark: Option<&str>) -> (Class, Vec<String>) {
        let mark = mark.map_or(String::new(), |mark| {
            format!("X-Greffier-Instance: greffier.example; {mark}\r\n")
        });
        let raw = format!("From: a@b.example\r\nMessage-ID: <{id}>\r\n{mark}\r\nBonjour\r\n");
        let understood = understand(raw.as_bytes(), &own());
        (understood.class, understood.notes)
    }

    #[test]
    fn a_mail_of_ours_is_known_by_its_mark() {
        let id = "outbox-42.a1b2c3@greffier.example";
        let mark = OwnSeal::of(b"a secret of the tests").mark(id);
        assert_eq!(read(id, Some(&mark)).0, Class::Own);
        assert_eq!(read(id, Some(&mark.to_uppercase())).0, Class::Own);
        assert_eq!(read(id, None).0, Class::Own);
    }

    #[test]
    fn a_false_mark_hides_nobody_s_mail() {
        let id = "outbox-42.a1b2c3@greffier.example";
        let ours = OwnSeal::of(b"a secret of the tests").mark(id);
        let theirs = OwnSeal::of(b"another secret").mark(id);
        for (id, mark) in [
            ("x@client.example", ours.as_str()),
            ("outbox-43.a1b2c3@greffier.example", ours.as_str()),
            (id, theirs.as_str()),
            (id, ""),
        ] {
            let (class, notes) = read(id, Some(mark));
            assert_eq!(class, Class::Reply, "{id} {mark}");
            assert_eq!(notes, ["It carries a mark of ours that is false"]);
        }
    }

    #[test]
    fn a_mail_from_before_the_key_was_changed_is_still_ours() {
        let id = "outbox-42.a1b2c3@greffier.example";
        let mark = OwnSeal::of(b"the key before").mark(id);
        let raw = format!(
            "From: a@b.example\r\nMessage-ID: <{id}>\r\nX-Greffier-Instance: greffier.example; {mark}\r\n\r\nBonjour\r\n"
        );
        let class = |own: &Own| understand(raw.as_bytes(), own).class;
        assert_eq!(class(&own()), Class::Reply);
        let retired_seals = vec![OwnSeal::of(b"older"), OwnSeal::of(b"the key before")];
        let own = Own {
            retired_seals,
            ..own()
        };
        assert_eq!(class(&own), Class::Own);
    }

    #[test]
    fn the_seal_is_not_shown() {
        assert_eq!(format!("{:?}", OwnSeal::of(b"x")), "OwnSeal");
    }
}
