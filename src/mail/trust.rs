//! Whether a mail comes from the domain that its `From` names: what its header says, and what can be believed of that.
//!
//! Of the `Authentication-Results` (RFC 8601) only the topmost of a relay that the configuration names is believed, and
//! only where every `Received` above it is by such a relay, by its full name: what stands below came with the mail. A
//! relay's own may stand above its `Received` or below (milters write it there), so that what a sender wrote in its name is
//! the relay's to remove (RFC 8601 §5). The channels check the rest themselves.

mod alignment;
mod results;

pub use self::alignment::{aligned, in_dns, is_same, is_within, organization};
use self::results::{Results, without_comments};
use super::{address, raw};
use crate::message::authentication::{Authentication, State};

/// What the header of a mail claims of its sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The domain of its `From`. None where there is no `From` or more than one: nobody can answer for such a mail.
    pub from: Option<String>,
    /// What a trusted relay wrote, where one did.
    pub relay: Option<Authentication>,
}

/// Reads the header of the mail `raw`, believing the relays named in `trusted`.
pub fn claimed(raw: &[u8], trusted: &[String]) -> Claimed {
    let mut notes = Vec::new();
    let Some(message) = raw::head(raw, &mut notes) else {
        return Claimed::default();
    };
    let Some(from) = super::sender(&message, &mut notes) else {
        return Claimed::default();
    };
    let from = address::domain_of(&from.address).to_owned();
    let relay = relayed(&raw::headers(&message), &from, trusted);
    Claimed {
        from: Some(from),
        relay,
    }
}

/// Whether an `ARC-Authentication-Results` (RFC 8617 §4.1.1) says that DKIM or DMARC passed for the domain `from`.
/// Whether its seal is good and its sealer believed is not said here.
pub fn is_vouched(value: &str, from: &str) -> bool {
    let value = unfold(value);
    let Some((_, results)) = value.split_once(';') else {
        return false;
    };
    let verdict = Results::parse(results).verdict(from);
    verdict.state == State::Pass && matches!(verdict.method.as_str(), "dmarc" | "dkim")
}

/// The verdict on `from_domain` of a trusted relay, out of the mail's headers in order (name, raw value).
pub(super) fn authentication(
    headers: &[(String, String)],
    from_domain: &str,
    trusted: &[String],
) -> Authentication {
    relayed(headers, from_domain, trusted).unwrap_or_default()
}

fn relayed(
    headers: &[(String, String)],
    from_domain: &str,
    trusted: &[String],
) -> Option<Authentication> {
    if from_domain.is_empty() {
        return None;
    }
    // A content filter on the relay's own host passes mail on as localhost, which alone says nothing of which host that is.
    let (mut by_localhost, mut by_relay) = (false, false);
    for (name, value) in headers {
        let value = unfold(value);
        if name.eq_ignore_ascii_case("Received") {
            let host = received_by(&value);
            if host == "localhost" {
                by_localhost = true;
            } else if trusted.iter().any(|id| id.eq_ignore_ascii_case(&host)) {
                by_relay = true;
            } else {
                return None;
            }
        } else if name.eq_ignore_ascii_case("Authentication-Results") {
            let results = Results::parse(&value);
            if (by_relay || !by_localhost)
                && trusted
                    .iter()
                    .any(|id| id.eq_ignore_ascii_case(&results.authserv_id))
            {
                return Some(results.verdict(from_domain));
            }
        }
    }
    None
}

/// The host in the `by` of a `Received`, in lower case.
fn received_by(value: &str) -> String {
    let value = without_comments(value);
    let mut words = value
        .split_whitespace()
        .skip_while(|word| !word.eq_ignore_ascii_case("by"))
        .skip(1);
    words
        .next()
        .unwrap_or_default()
        .trim_matches([';', '[', ']'])
        .to_lowercase()
}

fn unfold(value: &str) -> String {
    value
        .chars()
        .take(16_384)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(headers: &[(&str, &str)]) -> Authentication {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        authentication(
            &headers,
            "culture.example",
            &["mx.greffier.example".to_owned()],
        )
    }

    #[test]
    fn dmarc_decides() {
        let pass = verdict(&[(
            "Authentication-Results",
            "mx.greffier.example;\r\n dmarc=pass (p=none) header.from=culture.example",
        )]);
        assert_eq!((pass.state, pass.aligned), (State::Pass, true));
        assert_eq!(verdict(&[("Authentication-Results", "mx.greffier.example; dkim=pass header.d=evil.example; dmarc=fail header.from=culture.example")]).state, State::Fail);
    }

    #[test]
    fn a_signature_counts_when_aligned() {
        assert_eq!(
            verdict(&[(
                "Authentication-Results",
                "mx.greffier.example; dkim=pass header.d=mail.culture.example"
            )])
            .state,
            State::Pass
        );
        let other = verdict(&[(
            "Authentication-Results",
            "mx.greffier.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=a@evil.example",
        )]);
        assert_eq!((other.state, other.aligned), (State::None, false));
    }

    #[test]
    fn what_others_say_is_not_heard() {
        for headers in [
            &[(
                "Authentication-Results",
                "mx.evil.example; dmarc=pass header.from=culture.example",
            )][..],
            &[
                ("Received", "from x by mx.evil.example; date"),
                (
                    "Authentication-Results",
                    "mx.greffier.example; dmarc=pass header.from=culture.example",
                ),
            ],
            &[(
                "Authentication-Results",
                "mx.evil.example (; mx.greffier.example); dmarc=pass header.from=culture.example",
            )],
            &[(
                "Authentication-Results",
                "mx.greffier.example; spf=none smtp.mailfrom=\"a;dmarc=pass header.from=culture.example\"",
            )],
        ] {
            assert_eq!(verdict(headers).state, State::None, "{headers:?}");
        }
    }

    #[test]
    fn our_own_hops_may_stand_above() {
        let state = verdict(&[
            (
                "Received",
                "from a by mx.greffier.example (Postfix) with LMTP",
            ),
            (
                "Authentication-Results",
                "mx.greffier.example; spf=fail smtp.mailfrom=culture.example",
            ),
        ])
        .state;
        assert_eq!(state, State::Fail);
    }

    #[test]
    fn hosts_beside_the_relay_are_not_the_relay() {
        let results = (
            "Authentication-Results",
            "mx.greffier.example; dmarc=pass header.from=culture.example",
        );
        let below = |hosts: &[&str]| {
            let received = hosts
                .iter()
                .map(|host| format!("from x by {host} with SMTP"));
            let received: Vec<String> = received.collect();
            let mut headers: Vec<_> = received
                .iter()
                .map(|value| ("Received", value.as_str()))
                .collect();
            headers.push(results);
            verdict(&headers).state
        };
        assert_eq!(below(&[]), State::Pass);
        assert_eq!(below(&["mx.greffier.example"]), State::Pass);
        let filtered = ["mx.greffier.example", "localhost", "MX.greffier.example"];
        assert_eq!(below(&filtered), State::Pass);
        assert_eq!(below(&filtered[..2]), State::Pass);
        for hosts in [
            &["other.greffier.example"][..],
            &["greffier.example"],
            &["localhost"],
            &["mx.greffier.example", "other.greffier.example"],
            &[
                "mx.greffier.example",
                "mx.evil.example",
                "mx.greffier.example",
            ],
        ] {
            assert_eq!(below(hosts), State::None, "{hosts:?}");
        }
    }

    #[test]
    fn a_quoted_local_part_names_no_domain() {
        for results in [
            r#"spf=pass smtp.mailfrom="a@culture.example b"@evil.example"#,
            r#"spf=pass smtp.mailfrom="a@culture.example;b"@evil.example"#,
            "spf=pass smtp.mailfrom=\"a@culture.example\tb\"@evil.example",
            r#"spf=pass smtp.mailfrom="a@culture.example\" \"b"@evil.example"#,
            r#"spf=pass smtp.mailfrom="a\ @culture.example\ b"@evil.example"#,
            r#"spf=pass smtp.mailfrom="a smtp.mailfrom=b@culture.example c"@evil.example"#,
            r#"dkim=pass header.i="a@culture.example b"@evil.example"#,
        ] {
            let value = format!("mx.greffier.example; {results}");
            let found = verdict(&[("Authentication-Results", &value)]);
            assert_eq!(
                (found.state, found.aligned),
                (State::None, false),
                "{results}"
            );
            assert_eq!(found.domain.as_deref(), Some("evil.example"), "{results}");
            let value = format!("i=1; lists.example; {results}");
            assert!(!is_vouched(&value, "culture.example"), "{results}");
        }
        let ours = "mx.greffier.example; spf=pass smtp.mailfrom=\"a b\"@culture.example";
        let found = verdict(&[("Authentication-Results", ours)]);
        assert_eq!(found.state, State::Pass);
    }

    #[test]
    fn a_domain_that_only_watches_does_not_fail_its_mail() {
        let state = |results: &str| {
            let value = format!("mx.greffier.example; {results}");
            verdict(&[("Authentication-Results", &value)]).state
        };
        for watched in [
            "dmarc=fail (p=none dis=none) header.from=culture.example",
            "dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=culture.example",
            "dmarc=fail policy.dmarc=none header.from=culture.example",
            "dmarc=fail action=none header.from=culture.example",
        ] {
            assert_eq!(state(watched), State::None, "{watched}");
        }
        for failed in [
            "dmarc=fail (p=REJECT sp=NONE dis=NONE) header.from=culture.example",
            "spf=none (p=none) smtp.mailfrom=a@evil.example; dmarc=fail header.from=culture.example",
            "spf=fail smtp.mailfrom=culture.example; dmarc=fail (p=none) header.from=culture.example",
        ] {
            assert_eq!(state(failed), State::Fail, "{failed}");
        }
    }

    #[test]
    fn a_forwarder_vouches_for_what_it_checked() {
        let vouched = |value| is_vouched(value, "culture.example");
        assert!(vouched(
            "i=1; lists.example; dkim=pass header.d=culture.example"
        ));
        assert!(vouched(
            "i=1; lists.example;\r\n\tdmarc=pass header.from=culture.example"
        ));
        assert!(!vouched(
            "i=1; lists.example; spf=pass smtp.mailfrom=culture.example"
        ));
        assert!(!vouched(
            "i=1; lists.example; dkim=pass header.d=evil.example"
        ));
        assert!(!vouched(
            "i=1; lists.example; dmarc=fail header.from=culture.example"
        ));
        assert!(!vouched("i=1"));
    }

    #[test]
    fn only_a_single_from_is_claimed() {
        let from = |header: &str| claimed(header.as_bytes(), &[]).from;
        let one = "From: Paul <paul@Culture.example>\r\n";
        assert_eq!(
            from(&format!("{one}\r\n")).as_deref(),
            Some("culture.example")
        );
        assert_eq!(from(&format!("{one}From: eve@evil.example\r\n\r\n")), None);
        assert_eq!(from("From: a@b.example, c@d.example\r\n\r\n"), None);
        assert_eq!(from("Subject: x\r\n\r\n"), None);
    }
}
