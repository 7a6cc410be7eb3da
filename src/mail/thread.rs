//! The name of a conversation, as it travels in `References` (RFC 5322 §3.6.4).
//!
//! Mail of ours carries `<dossier-4807.avis-2@HOST>` as its first reference, so that mail programs show one
//! conversation as one thread. It comes back with the answer and says what it is about; it does not say who writes.

use super::token::Purpose;

/// The name of the conversation about `dossier` for `purpose`: `dossier-4807`, `dossier-4807.avis-2`.
pub fn thread_name(dossier: u64, purpose: Purpose) -> String {
    match purpose {
        Purpose::Message => format!("dossier-{dossier}"),
        Purpose::Avis(avis) => format!("dossier-{dossier}.avis-{avis}"),
        Purpose::Instructeur => format!("dossier-{dossier}.instructeur"),
        // Not read back: what belongs to no dossier is found by its address alone.
        Purpose::Deposit => format!("depot-{dossier}"),
    }
}

/// What a conversation name is about: the inverse of [`thread_name`].
pub fn parse_thread(name: &str) -> Option<(u64, Purpose)> {
    let rest = name.strip_prefix("dossier-")?;
    let (dossier, purpose) = match rest.split_once('.') {
        None => (rest, Purpose::Message),
        Some((dossier, "instructeur")) => (dossier, Purpose::Instructeur),
        Some((dossier, avis)) => (dossier, Purpose::Avis(number(avis.strip_prefix("avis-")?)?)),
    };
    Some((number(dossier)?, purpose))
}

/// What the conversation named by `message_id` is about, where it is one of ours: its host is `host`.
pub fn thread_of(message_id: &str, host: &str) -> Option<(u64, Purpose)> {
    parse_thread(local_part_at(message_id, host)?)
}

/// Whether `message_id` was given by an outbox of ours: `<outbox-42.INSTANCE@HOST>`.
pub fn is_ours(message_id: &str, host: &str) -> bool {
    local_part_at(message_id, host).is_some_and(|local| {
        let id = local
            .strip_prefix("outbox-")
            .map(|rest| rest.split_once('.').map_or(rest, |(id, _)| id));
        id.is_some_and(|id| number::<u64>(id).is_some())
    })
}

fn local_part_at<'a>(message_id: &'a str, host: &str) -> Option<&'a str> {
    let bare = message_id
        .trim()
        .trim_start_matches('<')
        .trim_end_matches('>');
    let (local, at) = bare.rsplit_once('@')?;
    at.eq_ignore_ascii_case(host).then_some(local)
}

/// Digits only, without the sign and the leading zeros that `parse` would take.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        for purpose in [Purpose::Message, Purpose::Avis(2), Purpose::Instructeur] {
            let id = format!("<{}@Greffier.Example>", thread_name(4807, purpose));
            assert_eq!(thread_of(&id, "greffier.example"), Some((4807, purpose)));
        }
    }

    #[test]
    fn what_is_not_quite_ours_is_not_read() {
        for id in [
            "dossier-4807@elsewhere.example",
            "dossier-+1@h.example",
            "dossier-01@h.example",
            "dossier-1.avis-@h.example",
            "dossier-1.x@h.example",
            "dossier-@h.example",
            "dossier-99999999999999999999999@h.example",
            "",
        ] {
            assert_eq!(thread_of(id, "h.example"), None, "{id}");
        }
    }

    #[test]
    fn an_outbox_id_is_ours() {
        assert!(is_ours("<outbox-42.a1b2@h.example>", "h.example"));
        assert!(!is_ours("<outbox-42.a1b2@h.example>", "other.example"));
        assert!(!is_ours("<outbox-x@h.example>", "h.example"));
    }
}
