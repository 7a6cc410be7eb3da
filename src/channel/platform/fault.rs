//! Why the platform did not answer as asked.

use std::time::Duration;

use serde_json::Value;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Fault {
    /// 401, or `deprecated_token`: the token has expired, or is of a form that is not taken any more.
    #[error(
        "the platform says that the token has expired, or is too old in form: make a new one and write it into platform.token_file"
    )]
    Expired,
    /// 403: the token is unknown, or not for the network that we come from, which is told where the platform says it.
    #[error("the platform refuses the token: {}", forbidden(.0.as_deref()))]
    Forbidden(Option<String>),
    /// 429: too much was asked.
    #[error("the platform wants fewer requests")]
    Limited(Duration),
    /// Something took the server too long: what is there is not whole.
    #[error("the platform ran out of time and answered in part")]
    Partial(Value),
    /// The document, or what it asks for, is refused.
    #[error("the platform refuses what was asked ({})", codes(.0))]
    Refused(Vec<Complaint>),
    /// 4xx by something that stands before the application, and does not like what was sent.
    #[error("{}", barred(*.0))]
    Barred(u16),
    /// 5xx with an error of the application's own.
    #[error("the platform failed at it ({0})")]
    Failed(u16),
    /// An earlier try got no answer, and what it sent may still be done.
    #[error("an answer did not come: it is waited for what comes of it")]
    Unsure(Duration),
    /// No connection, or no answer.
    #[error("the platform is not reached: {0}")]
    Away(String),
    /// An answer, but none of the API's: of something in between, or of another site.
    #[error("{0}")]
    Strange(String),
    /// The server of its files, which is not the platform itself, does not do its part.
    #[error("the platform's file server {0}")]
    Storage(String),
    /// The instance cannot do that.
    #[error("the instance has no {0}")]
    Unable(String),
    /// What was to be sent is not here any more.
    #[error("{0}")]
    Lost(String),
    /// It is on this side: a file that cannot be read, a scanner that is away, a document that the instance does not
    /// understand in any form.
    #[error("{0}")]
    Local(String),
}

impl Fault {
    /// Whether the platform hides what was asked for, or has no such thing.
    pub(super) fn is_hidden(&self) -> bool {
        let Self::Refused(complaints) = self else {
            return false;
        };
        let hides =
            |complaint: &Complaint| matches!(complaint.code.as_str(), "unauthorized" | "not_found");
        complaints
            .iter()
            .any(|complaint| !complaint.within && hides(complaint))
    }

    /// Whether there is no such thing as what was asked for. Some instances do not tell that from what they hide.
    pub(super) fn is_unknown(&self) -> bool {
        let Self::Refused(complaints) = self else {
            return false;
        };
        complaints
            .iter()
            .any(|complaint| !complaint.within && complaint.code == "not_found")
    }

    /// Whether what was asked may be done all the same, now or a little later.
    pub(super) fn may_be_done(&self) -> bool {
        matches!(
            self,
            Self::Away(_) | Self::Strange(_) | Self::Failed(_) | Self::Partial(_)
        )
    }

    /// Whether fewer at once may go well: it is too much for the server, or one thing among others spoils the answer.
    pub(super) fn is_too_much(&self) -> bool {
        match self {
            Self::Partial(_) | Self::Failed(_) => true,
            Self::Away(why) => why == LATE || why == LONG,
            Self::Refused(complaints) => complaints.iter().any(|complaint| {
                complaint.code == "invalid_null"
                    || complaint.within && complaint.code == "unauthorized"
            }),
            _ => false,
        }
    }
}

fn forbidden(network: Option<&str>) -> String {
    match network {
        Some(network) => format!(
            "it is for other networks than the one that this comes from; add {network} to the token's networks, in the profile of the administrateur who made it"
        ),
        None => "either it is unknown there (revoked, cut short, or of another instance), so that a new one is to be written into platform.token_file; or it is for other networks, so that this machine's address is to be added to the token's networks, in the profile of the administrateur who made it".to_owned(),
    }
}

fn barred(status: u16) -> String {
    match status {
        404 => {
            "it answers 404: is platform.url the address of an instance of the platform?".to_owned()
        }
        status => format!("the platform, or what stands before it, turns this away ({status})"),
    }
}

/// No answer came in time.
pub(super) const LATE: &str = "no answer in time";
/// An answer was longer than is read.
pub(super) const LONG: &str = "the answer is too long";

fn codes(complaints: &[Complaint]) -> String {
    let codes = complaints.iter().map(|complaint| complaint.code.as_str());
    let codes: std::collections::BTreeSet<&str> = codes.filter(|code| !code.is_empty()).collect();
    if codes.is_empty() {
        return "no code".to_owned();
    }
    codes.into_iter().collect::<Vec<_>>().join(", ")
}

/// An error of GraphQL's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Complaint {
    /// `extensions.code`.
    pub(super) code: String,
    /// Its sentence, which may name what was asked for: for people, not for the log.
    pub(super) message: String,
    /// `extensions.typeName`, `fieldName`, `argumentName`, as graphql-ruby has them.
    names: [Option<String>; 3],
    /// It is about something within what was asked for (`path`), not about that itself.
    within: bool,
}

impl Complaint {
    /// The errors of an answer.
    pub(super) fn of(answer: &Value) -> Vec<Self> {
        let errors = answer.get("errors").and_then(Value::as_array);
        errors.into_iter().flatten().map(Self::read).collect()
    }

    fn read(error: &Value) -> Self {
        let extension = |key: &str| {
            let text = error.pointer(&format!("/extensions/{key}"))?.as_str()?;
            Some(text.to_owned())
        };
        Self {
            code: extension("code").unwrap_or_default(),
            message: error
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            names: ["typeName", "fieldName", "argumentName"].map(extension),
            within: error
                .get("path")
                .and_then(Value::as_array)
                .is_some_and(|path| path.len() > 1),
        }
    }

    /// What it says that the instance does not know: a type with a field, with `field.argument`, or with nothing. By its
    /// code where it has one, else by the names that its sentence quotes.
    pub(super) fn unknown(&self) -> Vec<(String, String)> {
        let [kind, field, argument] = &self.names;
        let quoted = quoted(&self.message);
        let said = |at: usize| quoted.get(at).cloned();
        let pair = match self.code.as_str() {
            "undefinedField" => kind.clone().or(said(1)).zip(field.clone().or(said(0))),
            "undefinedType" => kind.clone().or(said(0)).map(|kind| (kind, String::new())),
            "argumentNotAccepted" => {
                // Of a field's argument, `typeName` is "Field" and `name` the field's; the sentence has both.
                let field =
                    said(0).filter(|name| name.chars().next().is_some_and(char::is_lowercase));
                let argument = argument.clone().or(said(1));
                return field
                    .zip(argument)
                    .map(|(field, argument)| {
                        vec![("Demarche".to_owned(), format!("{field}.{argument}"))]
                    })
                    .unwrap_or_default();
            }
            "" => match quoted.as_slice() {
                [name, kind, ..] if starts_upper(kind) && !starts_upper(name) => {
                    Some((kind.clone(), name.clone()))
                }
                [kind] if starts_upper(kind) => Some((kind.clone(), String::new())),
                _ => None,
            },
            _ => None,
        };
        pair.into_iter().collect()
    }
}

fn starts_upper(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// The names that a sentence quotes, in their order; without quotes, of `No such type X, so …` and the like the `X`.
fn quoted(sentence: &str) -> Vec<String> {
    let is_name = |word: &&str| {
        !word.is_empty() && word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    let sentence = sentence.replace("n't", "nt").replace("n’t", "nt");
    let parts: Vec<&str> = sentence.split(['\'', '"', '`', '’', '‘']).collect();
    if parts.len() > 2 {
        let inside = parts.iter().skip(1).step_by(2).copied();
        return inside.filter(is_name).map(ToOwned::to_owned).collect();
    }
    let after = sentence.split_once("type ").map(|(_, rest)| rest);
    let word = after.and_then(|rest| rest.split([',', ' ', '.']).next());
    word.filter(is_name)
        .map(ToOwned::to_owned)
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unknown(error: &Value) -> Vec<(String, String)> {
        Complaint::of(&json!({ "errors": [error] }))[0].unknown()
    }

    #[test]
    fn what_is_hidden_within_an_answer_hides_not_the_whole() {
        let refused = |error: Value| Fault::Refused(Complaint::of(&json!({ "errors": [error] })));
        let root = refused(
            json!({"message": "x", "path": ["demarche"], "extensions": {"code": "unauthorized"}}),
        );
        assert!(root.is_hidden() && !root.is_unknown() && !root.is_too_much());
        let none = refused(
            json!({"message": "x", "path": ["demarche"], "extensions": {"code": "not_found"}}),
        );
        assert!(none.is_hidden() && none.is_unknown());
        for within in [
            json!({"message": "x", "path": ["demarche", "dossiers", "nodes", 3, "champs"],
                   "extensions": {"code": "unauthorized"}}),
            json!({"message": "x", "extensions": {"code": "invalid_null"}}),
        ] {
            let within = refused(within);
            assert!(!within.is_hidden() && within.is_too_much());
        }
    }

    #[test]
    fn what_is_not_known_is_read_by_code_or_from_the_sentence() {
        let field = ("Dossier".to_owned(), "labels".to_owned());
        for error in [
            json!({"message": "x", "extensions": {"code": "undefinedField", "typeName": "Dossier", "fieldName": "labels"}}),
            json!({"message": "Field 'labels' doesn't exist on type 'Dossier'", "extensions": {"code": "undefinedField"}}),
            json!({"message": "Cannot query field \"labels\" on type \"Dossier\"."}),
        ] {
            assert_eq!(unknown(&error), vec![field.clone()]);
        }
        let kind = ("RNFChamp".to_owned(), String::new());
        for error in [
            json!({"message": "No such type RNFChamp, so it can't be a fragment condition",
                   "extensions": {"code": "undefinedType", "typeName": "RNFChamp"}}),
            json!({"message": "No such type RNFChamp, so it can’t", "extensions": {"code": "undefinedType"}}),
            json!({"message": "Unknown type \"RNFChamp\"."}),
        ] {
            assert_eq!(unknown(&error), vec![kind.clone()]);
        }
        assert!(
            unknown(&json!({"message": "Dossier not found", "extensions": {"code": "not_found"}}))
                .is_empty()
        );
    }
}
