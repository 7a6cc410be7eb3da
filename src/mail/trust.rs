//! Whether a mail comes from the domain that its `From` names, as far as a relay of ours has checked it.
//!
//! Only the topmost `Authentication-Results` (RFC 8601) of a relay that the configuration names is believed, and only
//! above the first `Received` of somebody else's: what stands below came with the mail. Checking DKIM, SPF and DMARC
//! ourselves would give the same [`Authentication`].

use serde::{Deserialize, Serialize};

/// What is known of the sender's domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// The verdict on the `From` domain.
    pub state: State,
    /// What the verdict rests on: `dmarc`, `dkim`, `spf`. Empty where nothing was checked.
    #[serde(default)]
    pub method: String,
    /// The domain that was checked.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether that domain is aligned with the `From` domain (RFC 7489 §3.1).
    pub aligned: bool,
}

/// The verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The domain answers for the mail.
    Pass,
    /// The domain says that the mail is not from it.
    Fail,
    /// Nobody says either. Small communes and universities are often so: it is not a failure.
    #[default]
    None,
}

/// Names under which others register: a mail of `mairie.gouv.example` is not one of its parent.
const SHARED: &[&str] = &[
    "gouv.fr", "asso.fr", "com.fr", "nom.fr", "tm.fr", "prd.fr", "co.uk", "org.uk", "ac.uk",
    "gov.uk", "com.au", "co.jp", "com.br",
];

/// The verdict on `from_domain`, out of the mail's headers in order (name, raw value).
pub(super) fn authentication(
    headers: &[(String, String)],
    from_domain: &str,
    trusted: &[String],
) -> Authentication {
    if from_domain.is_empty() {
        return Authentication::default();
    }
    for (name, value) in headers {
        let value = unfold(value);
        if name.eq_ignore_ascii_case("Received") {
            if !received_by(&value, trusted) {
                break;
            }
        } else if name.eq_ignore_ascii_case("Authentication-Results") {
            let results = Results::parse(&value);
            if trusted
                .iter()
                .any(|id| id.eq_ignore_ascii_case(&results.authserv_id))
            {
                return results.verdict(from_domain);
            }
        }
    }
    Authentication::default()
}

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
}

#[derive(Debug, Default)]
struct Results {
    authserv_id: String,
    outcomes: Vec<Outcome>,
}

impl Results {
    fn parse(value: &str) -> Self {
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

    fn verdict(&self, from: &str) -> Authentication {
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
        };
        // RFC 7489 has already looked at alignment, for the domain that it names.
        for outcome in of("dmarc") {
            let domain = outcome
                .domain(&["header.from"])
                .unwrap_or_else(|| from.to_owned());
            if aligned(&domain, from) {
                match outcome.result.as_str() {
                    "pass" => return verdict(State::Pass, "dmarc", Some(domain)),
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
            }
        })
    }
}

/// Whether the two domains are one organisation's: the same, or one below the other and not below a shared name.
fn aligned(one: &str, other: &str) -> bool {
    let below = |child: &str, parent: &str| {
        parent.contains('.')
            && !SHARED.contains(&parent)
            && child
                .strip_suffix(parent)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one == other || below(&one, &other) || below(&other, &one)
}

/// Whether the `by` of a `Received` is a relay of ours, or a host beside it in the same domain.
fn received_by(value: &str, trusted: &[String]) -> bool {
    let value = without_comments(value);
    let mut words = value
        .split_whitespace()
        .skip_while(|word| !word.eq_ignore_ascii_case("by"))
        .skip(1);
    let host = words
        .next()
        .unwrap_or_default()
        .trim_matches([';', '[', ']'])
        .to_lowercase();
    let ours = |id: &String| {
        let id = id.to_lowercase();
        let parent = id.split_once('.').map_or("", |(_, parent)| parent);
        host == id
            || (parent.contains('.')
                && !SHARED.contains(&parent)
                && host
                    .strip_suffix(parent)
                    .is_some_and(|rest| rest.ends_with('.')))
    };
    host == "localhost" || trusted.iter().any(ours)
}

fn unfold(value: &str) -> String {
    value
        .chars()
        .take(16_384)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Without the comments (RFC 5322 §3.2.2), which may hold anything, nested and quoted.
fn without_comments(value: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut kept = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => {
                depth += 1;
                kept.push(' ');
                continue;
            }
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            // What is quoted must not look like a separator.
            kept.push(if quoted && c == ';' { ',' } else { c });
        }
    }
    kept
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
}
