//! Whether a mail comes from the domain that its `From` names.

use serde::{Deserialize, Serialize};

/// What is known of the sender's domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// The verdict on the `From` domain.
    pub state: State,
    /// What the verdict rests on: `dmarc`, `dkim`, `spf`, `arc`. Empty where nothing was checked.
    #[serde(default)]
    pub method: String,
    /// The domain that was checked.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether that domain is aligned with the `From` domain (RFC 7489 §3.1).
    pub aligned: bool,
    /// Why there is no verdict, in English: the DNS was silent, there is no single `From`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Authentication {
    /// No verdict, for this reason.
    pub fn unknown(note: &str) -> Self {
        Self {
            note: Some(note.to_owned()),
            ..Self::default()
        }
    }

    /// Whether the `From` domain itself answers for the mail. That nobody says it is forged is less.
    pub fn is_proven(&self) -> bool {
        self.state == State::Pass && self.aligned
    }
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
