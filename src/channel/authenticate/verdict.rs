//! From what was found to a verdict: no network here.

use mail_auth::SpfResult;

use crate::mail::trust::{aligned, is_same};
use crate::message::authentication::{Authentication, State};

/// What was found of a mail.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The domain of the `From`.
    pub(super) from: String,
    /// Domains whose signatures are good.
    pub(super) dkim: Vec<String>,
    /// Whether every signature could be checked.
    pub(super) dkim_known: bool,
    /// The trusted forwarder that saw it pass.
    pub(super) forwarder: Option<String>,
    /// SPF, where the peer is known.
    pub(super) spf: Option<Spf>,
    /// What the owner of the domain asks for.
    pub(super) dmarc: Dmarc,
}

/// Whether the peer may send for a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spf {
    /// The domain of the reverse-path.
    pub(super) domain: String,
    /// What its record says of the peer.
    pub(super) result: SpfResult,
}

/// The policy of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dmarc {
    /// There is none.
    None,
    /// The DNS did not say.
    Unknown,
    /// There is one.
    Record {
        /// Whether it asks to quarantine or to reject what fails, rather than to do nothing.
        asks: bool,
        /// Whether a signature must be of the very domain (`adkim=s`).
        strict_dkim: bool,
        /// Whether the reverse-path must be of the very domain (`aspf=s`).
        strict_spf: bool,
    },
}

/// The verdict on `found`.
///
/// - *Pass*: a good signature or a good peer of a domain aligned with the `From`, or a trusted forwarder's word that there
///   was one.
/// - *Fail*: the domain says that the mail is not its own. It publishes a policy that asks to quarantine or reject what has
///   neither (RFC 7489 §6.6.2), or its SPF record says that the peer is not its own (`-all`), which a receiver may act on
///   whatever DMARC says (RFC 7489 §6.7). It needs the peer: of a mail that was relayed, SPF may have been good.
/// - *None*: the rest. A domain with `p=none` asks for no action (RFC 7489 §6.3), most of all those that do not know yet
///   whether all of their own mail passes: its mail is not authenticated, and not forged either. A policy is for the whole
///   of a domain's mail here: `pct` is not drawn (RFC 9989 does without it). While any question has gone unanswered nothing
///   fails.
pub(super) fn verdict(found: &Found) -> Authentication {
    let (strict_dkim, strict_spf, method) = match found.dmarc {
        Dmarc::None => (false, false, None),
        // It may be strict.
        Dmarc::Unknown => (true, true, None),
        Dmarc::Record {
            strict_dkim,
            strict_spf,
            ..
        } => (strict_dkim, strict_spf, Some("dmarc")),
    };
    let near = |domain: &str, strict: bool| {
        if strict {
            is_same(domain, &found.from)
        } else {
            aligned(domain, &found.from)
        }
    };
    let says = |state, method: &str, domain: &str| Authentication {
        state,
        method: method.to_owned(),
        domain: Some(domain.to_owned()),
        aligned: true,
        note: None,
    };
    if let Some(domain) = found.dkim.iter().find(|domain| near(domain, strict_dkim)) {
        return says(State::Pass, method.unwrap_or("dkim"), domain);
    }
    if let Some(spf) = &found.spf
        && spf.result == SpfResult::Pass
        && near(&spf.domain, strict_spf)
    {
        return says(State::Pass, method.unwrap_or("spf"), &spf.domain);
    }
    if found.forwarder.is_some() {
        return says(State::Pass, "arc", &found.from);
    }
    if is_unanswered(found) {
        return Authentication::unknown("The DNS did not answer");
    }
    if let Some(spf) = &found.spf {
        if matches!(found.dmarc, Dmarc::Record { asks: true, .. }) {
            return says(State::Fail, "dmarc", &found.from);
        }
        if spf.result == SpfResult::Fail && aligned(&spf.domain, &found.from) {
            return says(State::Fail, "spf", &spf.domain);
        }
    }
    of_another(found)
}

/// Whether something that could still make it pass is not known. An answer about a domain that is not the sender's would
/// change nothing, but who signed what cannot be known before.
fn is_unanswered(found: &Found) -> bool {
    let spf = found.spf.as_ref();
    let silent = spf.is_some_and(|spf| spf.result == SpfResult::TempError);
    !found.dkim_known || silent || found.dmarc == Dmarc::Unknown
}

/// No verdict; somebody else's domain may be good all the same, and is told.
fn of_another(found: &Found) -> Authentication {
    let signed = found.dkim.first().map(|domain| ("dkim", domain));
    let sent = found
        .spf
        .as_ref()
        .filter(|spf| spf.result == SpfResult::Pass)
        .map(|spf| ("spf", &spf.domain));
    signed
        .or(sent)
        .map_or_else(Authentication::default, |(method, domain)| Authentication {
            method: method.to_owned(),
            domain: Some(domain.clone()),
            ..Authentication::default()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(asks: bool) -> Dmarc {
        Dmarc::Record {
            asks,
            strict_dkim: false,
            strict_spf: false,
        }
    }

    fn found(dkim: &[&str], spf: Option<(&str, SpfResult)>, dmarc: Dmarc) -> Found {
        Found {
            from: "ville.example".to_owned(),
            dkim: dkim.iter().map(|&domain| domain.to_owned()).collect(),
            dkim_known: true,
            forwarder: None,
            spf: spf.map(|(domain, result)| Spf {
                domain: domain.to_owned(),
                result,
            }),
            dmarc,
        }
    }

    fn says(found: &Found) -> (State, String, bool) {
        let verdict = verdict(found);
        (verdict.state, verdict.method, verdict.aligned)
    }

    #[test]
    fn one_good_aligned_identity_is_enough() {
        let (pass, fail) = (SpfResult::Pass, SpfResult::Fail);
        for (dkim, spf, dmarc, method) in [
            (&["mail.ville.example"][..], None, Dmarc::None, "dkim"),
            (
                &["x.example", "ville.example"],
                Some(("ville.example", fail)),
                record(true),
                "dmarc",
            ),
            (&[], Some(("ville.example", pass)), Dmarc::None, "spf"),
            (
                &["x.example"],
                Some(("bounce.ville.example", pass)),
                record(true),
                "dmarc",
            ),
            (
                &["ville.example"],
                Some(("ville.example", fail)),
                Dmarc::Unknown,
                "dkim",
            ),
        ] {
            let found = found(dkim, spf, dmarc);
            assert_eq!(
                says(&found),
                (State::Pass, method.to_owned(), true),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_strict_domain_wants_its_very_name() {
        let strict = Dmarc::Record {
            asks: true,
            strict_dkim: true,
            strict_spf: false,
        };
        let below = found(
            &["mail.ville.example"],
            Some(("x.example", SpfResult::Pass)),
            strict,
        );
        assert_eq!(verdict(&below).state, State::Fail);
        let itself = found(
            &["ville.example"],
            Some(("x.example", SpfResult::Pass)),
            strict,
        );
        assert_eq!(verdict(&itself).state, State::Pass);
    }

    #[test]
    fn the_domain_s_own_word_fails_a_mail() {
        for (spf, dmarc, method) in [
            (("x.example", SpfResult::Pass), record(true), "dmarc"),
            (
                ("ville.example", SpfResult::SoftFail),
                record(true),
                "dmarc",
            ),
            (("ville.example", SpfResult::None), record(true), "dmarc"),
            (("ville.example", SpfResult::Fail), record(false), "spf"),
            (("ville.example", SpfResult::Fail), Dmarc::None, "spf"),
        ] {
            let found = found(&["evil.example"], Some(spf), dmarc);
            assert_eq!(
                says(&found),
                (State::Fail, method.to_owned(), true),
                "{found:?}"
            );
        }
    }

    #[test]
    fn none_is_not_fail() {
        for (spf, dmarc) in [
            (("ville.example", SpfResult::SoftFail), Dmarc::None),
            (("ville.example", SpfResult::None), Dmarc::None),
            (("ville.example", SpfResult::PermError), Dmarc::None),
            (("ville.example", SpfResult::SoftFail), record(false)),
            (("x.example", SpfResult::Fail), Dmarc::None),
        ] {
            let found = found(&[], Some(spf), dmarc);
            assert_eq!(verdict(&found), Authentication::default(), "{found:?}");
        }
        let other = found(&["evil.example"], None, Dmarc::None);
        assert_eq!(says(&other), (State::None, "dkim".to_owned(), false));
    }

    #[test]
    fn a_relayed_mail_does_not_fail() {
        let found = found(&["evil.example"], None, record(true));
        assert_eq!(verdict(&found).state, State::None);
    }

    #[test]
    fn nothing_fails_while_the_dns_is_silent() {
        let sure = found(&[], Some(("ville.example", SpfResult::Fail)), record(true));
        assert_eq!(verdict(&sure).state, State::Fail);
        for unsure in [
            Found {
                dkim_known: false,
                ..sure.clone()
            },
            Found {
                dmarc: Dmarc::Unknown,
                ..sure.clone()
            },
            found(
                &[],
                Some(("ville.example", SpfResult::TempError)),
                record(true),
            ),
        ] {
            let verdict = verdict(&unsure);
            assert_eq!(verdict.state, State::None);
            assert!(verdict.note.is_some(), "{unsure:?}");
        }
        let relaxed = found(&["mail.ville.example"], None, Dmarc::Unknown);
        assert_eq!(verdict(&relaxed).state, State::None);
    }

    #[test]
    fn a_trusted_forwarder_s_word_is_a_pass() {
        let sealed = Found {
            forwarder: Some("lists.example".to_owned()),
            ..found(&[], Some(("lists.example", SpfResult::Pass)), record(true))
        };
        assert_eq!(says(&sealed), (State::Pass, "arc".to_owned(), true));
    }
}
