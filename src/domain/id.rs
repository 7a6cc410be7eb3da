//! The ids of the field, each a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Number of a dossier, as everybody writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DossierId(pub u64);

/// Number of a démarche.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DemarcheId(pub u64);

/// Number of an avis within its dossier, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AvisId(pub u32);

/// Number of a message within its dossier, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub u32);

/// A mail address in the one form in which it is compared: trimmed, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The address in its compared form.
    pub fn new(address: &str) -> Self {
        Self(address.trim().to_lowercase())
    }

    /// Whether it has the shape of an address that mail can be sent to: one line, one `@`, a domain with a dot, no more
    /// than the 254 bytes of RFC 5321.
    pub fn plausible(&self) -> bool {
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"".contains(c);
        self.0.len() <= 254
            && !self.0.contains(forbidden)
            && self.0.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !domain.contains('@')
                    && domain.contains('.')
                    && domain.split('.').all(|label| !label.is_empty())
            })
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Email {
    fn from(address: String) -> Self {
        Self::new(&address)
    }
}

impl From<&str> for Email {
    fn from(address: &str) -> Self {
        Self::new(address)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl FromStr for Email {
    type Err = std::convert::Infallible;
    fn from_str(address: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(address))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! shown_as_number {
    ($($id:ty),*) => { $(impl fmt::Display for $id {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    })* };
}
shown_as_number!(DossierId, DemarcheId, AvisId, MessageId);
