//! The platform's dossiers as Greffier's own. Pure: what was read becomes events, what an act brought about in thought becomes
//! what the platform is asked.
//!
//! The platform tells how a dossier stands, not what happened: several changes between two looks are one answer. What it has
//! a date and an author for (states, messages, avis) is told in their order; the rest when it was seen.

mod absorb;
mod acts;
mod demarche;
mod message;
mod settings;
mod valeur;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::absorb::{Absorbed, Hint, absorb};
pub use self::acts::{Ids, acts, instructeur, messages, steps};
pub use self::demarche::demarche;
pub use self::settings::Settings;
use crate::domain::{AvisId, MessageId, Piece};
use crate::message::platform::{Claims, Taken, Undated};

/// What is known of a dossier's other half. Kept as a document of the ledger, under the dossier's number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mirror {
    /// The dossier's number: its purge takes this away.
    pub dossier: u64,
    /// GraphQL id of the dossier.
    pub id: String,
    /// When it was last looked at; not known of one that an earlier version looked at.
    #[serde(default)]
    pub looked: Option<Timestamp>,
    /// Digest of what was absorbed last.
    #[serde(default)]
    pub digest: String,
    /// `dateDerniereModification` of what was absorbed last.
    #[serde(default)]
    pub modified: Timestamp,
    /// `dateDerniereModificationChamps` of what was absorbed last.
    #[serde(default)]
    pub champs_modified: Option<Timestamp>,
    /// Labels of what was absorbed last.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
    /// Whether a correction was waited for, and since when.
    #[serde(default)]
    pub correction_pending: Option<Timestamp>,
    /// Whether it was put away.
    #[serde(default)]
    pub archived: bool,
    /// GraphQL ids of the traitements that are absorbed.
    #[serde(default)]
    pub traitements: BTreeSet<String>,
    /// The last of them.
    #[serde(default)]
    pub last_traitement: Option<String>,
    /// Messages, by their GraphQL ids.
    #[serde(default)]
    pub messages: BTreeMap<String, MessageId>,
    /// Avis of the platform, by their GraphQL ids.
    #[serde(default)]
    pub avis: BTreeMap<String, AvisId>,
    /// Messages that were ordered and have not been seen there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<Post>,
    /// Which messages an order has made, by the order's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Vec<String>>,
}

/// A message on its way to the platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// The order that posts it.
    pub order: String,
    /// In whose name, as an address.
    pub author: String,
    /// Its text.
    pub body: String,
    /// When it was ordered.
    pub at: Timestamp,
    /// The message that it is here already, where it was said here first.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// Its file, which is on the shelf.
    #[serde(default)]
    pub piece: Option<Piece>,
    /// The GraphQL id that the platform has given it, once it is told.
    #[serde(default)]
    pub id: Option<String>,
}

impl Mirror {
    /// The GraphQL id of a message.
    pub fn id_of(&self, message: MessageId) -> Option<&str> {
        let mut all = self.messages.iter();
        all.find(|(_, known)| **known == message)
            .map(|(id, _)| id.as_str())
    }

    /// What a reading is compared with.
    pub fn taken(self) -> Taken {
        Taken {
            digest: self.digest,
            modified: self.modified,
            undated: Undated {
                labels: self.labels,
                correction_pending: self.correction_pending,
                archived: self.archived,
            },
        }
    }

    /// Which of the messages that are known `order` has made, as far as that was seen, and which it has not.
    pub fn claims(&self, order: &str) -> Claims {
        let own = self.claims.get(order).into_iter().flatten().cloned();
        let own: BTreeSet<String> = own.collect();
        let others = self.messages.keys().filter(|id| !own.contains(*id));
        Claims {
            others: others.cloned().collect(),
            own,
        }
    }
}

#[cfg(test)]
mod tests;
