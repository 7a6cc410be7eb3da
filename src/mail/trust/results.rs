//! `Authentication-Results` (RFC 8601) and what they mean for a `From` domain.

use super::alignment::aligned;
use crate::message::authentication::{Authentication, State};

/// One method's result with its properties.
#[derive(Debug, Default)]
struct Outcome {
    method: String,
    result: String,
    properties: Vec<(String, String)>,
}

impl Outcome {
    fn domain(&self, names: &[&str]) -> Option<String> {
        let found = self
            .properties
            .iter()
            .find(|(name, _)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)))?;
        let value = found
            .1
            .rsplit_once('@')
            .map_or(found.1.as_str(), |(_, domain)| domain);
        Some(value.trim_matches(['<', '>', '.']).to_lowercase())
    }

    /// Whether the domain asks for no action on what fails: in `policy.dmarc` (RFC 8601), in the `action` of Microsoft, or
    /// in a comment.
    fn is_watched(&self) -> bool {
        self.properties.iter().any(|(name, value)| {
            matches!(name.as_str(), "policy.dmarc" | "action") && value.eq_ignore_ascii_case("none")
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Results {
    /// Who says it.
    pub(super) authserv_id: String,
    outcomes: Vec<Outcome>,
}

impl Results {
    /// Reads the value of a header field, unfolded. What is not understood is left out.
    pub(super) fn parse(value: &str) -> Self {
        let value = without_comments(value);
        let mut pieces = value.split(';');
        let authserv_id = pieces
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
        let outcomes = pieces.take(64).filter_map(|piece| {
            let mut words = piece.split_whitespace();
            let (method, result) = words.next()?.split_once('=')?;
            let method = method.split('/').next().unwrap_or_default().to_lowercase();
            let properties = words
                .filter_map(|word| word.split_once('='))
                .map(|(name, value)| (name.to_lowercase(), value.trim_matches('"').to_owned()));
            Some(Outcome {
                method,
                result: result.to_lowercase(),
                properties: properties.collect(),
            })
        });
        Self {
            authserv_id,
            outcomes: outcomes.collect(),
        }
    }

    /// What they say of the domain `from`.
    pub(super) fn verdict(&self, from: &str) -> Authentication {
        let of = |method: &'static str| {
            self.outcomes
                .iter()
                .filter(move |outcome| outcome.method == method)
        };
        let verdict = |state, method: &str, domain| Authentication {
            state,
            method: method.to_owned(),
            domain,
            aligned: true,
            note: None,
        };
        // RFC 7489 has already looked at alignment, for the domain that it names.
        for outcome in of("dmarc") {
            let domain = outcome
                .domain(&["header.from"])
                .unwrap_or_else(|| from.to_owned());
            if aligned(&domain, from) {
                match outcome.result.as_str() {
                    "pass" => return verdict(State::Pass, "dmarc", Some(domain)),
                    // A domain that asks for no action (`p=none`) is still watching whether its own mail passes.
                    "fail" if outcome.is_watched() => {}
                    "fail" => return verdict(State::Fail, "dmarc", Some(domain)),
                    _ => {}
                }
            }
        }
        let dkim = of("dkim").map(|outcome| (outcome, outcome.domain(&["header.d", "header.i"])));
        let spf = of("spf").map(|outcome| {
            (
                outcome,
                outcome.domain(&["smtp.mailfrom", "smtp.mail", "smtp.helo"]),
            )
        });
        let checked: Vec<_> = dkim.chain(spf).collect();
        let near = |domain: &Option<String>| {
            domain
                .as_deref()
                .is_some_and(|domain| aligned(domain, from))
        };
        if let Some((outcome, domain)) = checked
            .iter()
            .find(|(outcome, domain)| outcome.result == "pass" && near(domain))
        {
            return verdict(State::Pass, &outcome.method, domain.clone());
        }
        // A broken signature counts as none (RFC 6376 §6.1); a hard failure of SPF is the domain's own word.
        if let Some((outcome, domain)) = checked.iter().find(|(outcome, domain)| {
            outcome.method == "spf" && outcome.result == "fail" && near(domain)
        }) {
            return verdict(State::Fail, &outcome.method, domain.clone());
        }
        let other = checked
            .into_iter()
            .find(|(outcome, _)| outcome.result == "pass");
        other.map_or_else(Authentication::default, |(outcome, domain)| {
            Authentication {
                state: State::None,
                method: outcome.method.clone(),
                domain,
                aligned: false,
                note: None,
            }
        })
    }
}

/// Without the comments (RFC 5322 §3.2.2), which may hold anything, nested and quoted. What a quoted string holds stays one
/// word.
///
/// One word of them is kept: `(p=none …)` beside a result of DMARC, where many relays write the policy of the domain.
pub(super) fn without_comments(value: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut kept = String::with_capacity(value.len());
    let mut comment = String::new();
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                kept.push('"');
                continue;
            }
            '(' if !quoted => {
                depth += 1;
                kept.push(' ');
                comment.clear();
                continue;
            }
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                if depth == 0 && is_watching(&comment) {
                    kept.push_str(" policy.dmarc=none ");
                }
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            // What is quoted must neither look like a separator nor end what it is in: a local part may hold anything.
            let separates = c.is_whitespace() || matches!(c, ';' | '"');
            kept.push(if quoted && separates { '_' } else { c });
        } else {
            comment.push(c);
        }
    }
    kept
}

/// Whether a comment beside a result of DMARC says that the policy is `none`, for the domain and for what is below it.
fn is_watching(comment: &str) -> bool {
    let comment = comment.to_lowercase();
    let mut policies = comment
        .split_whitespace()
        .filter_map(|word| word.split_once('='))
        .filter(|(name, _)| matches!(*name, "p" | "sp"))
        .peekable();
    policies.peek().is_some() && policies.all(|(_, policy)| policy == "none")
}
