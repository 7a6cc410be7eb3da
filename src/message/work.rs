//! Files that take long to make: ordered through the outbox, made beside the writer, heard of again when they are there.

use serde::{Deserialize, Serialize};

use super::{Destination, Line, Piece};
use crate::domain::query::{Found, Query};
use crate::domain::{DemarcheId, DossierId};

/// The name of the workshop in destinations.
pub const WORKSHOP: &str = "workshop";

/// A file to be made, and who waits for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What is to be made.
    pub work: Work,
    /// The line that asked for it. Who said it must still have the right when the file is there. None where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<Line>>,
    /// The id of what asked for it, as [`Incoming::id`](super::Incoming::id).
    pub cause: String,
}

/// What can be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// A dossier as a document.
    Dossier {
        /// Which.
        dossier: DossierId,
    },
    /// The attestation of a decision.
    Attestation {
        /// Of which dossier.
        dossier: DossierId,
    },
    /// Figures of a démarche, with their charts.
    Stats {
        /// Which.
        demarche: DemarcheId,
        /// Labels of the groups whose dossiers count.
        groupes: Vec<String>,
    },
    /// A page of a list that is too long to be looked through at once.
    List {
        /// Which.
        query: Box<Query>,
    },
}

impl Work {
    /// Where its order goes: those of one kind wait for each other, so that a long one holds back no short one of another.
    pub fn destination(&self) -> Destination {
        Destination {
            network: WORKSHOP.to_owned(),
            address: self.name().to_owned(),
        }
    }

    /// Its name, in destinations and in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dossier { .. } => "dossier",
            Self::Attestation { .. } => "attestation",
            Self::Stats { .. } => "stats",
            Self::List { .. } => "list",
        }
    }
}

/// What came of an [`Order`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The order.
    pub order: Order,
    /// What was made of it.
    pub product: Product,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "product", rename_all = "snake_case")]
pub enum Product {
    /// Files, on the shelf.
    Files {
        /// In order.
        files: Vec<Piece>,
    },
    /// Dossiers.
    Found {
        /// Which.
        found: Found,
    },
    /// Nothing, for a reason of ours that the log tells.
    Failed,
}
