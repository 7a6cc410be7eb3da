//! Files that take long to make: ordered through the outbox, made beside the writer, heard of again when they are there.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Destination, Line, Piece};
use crate::domain::stats::Usual;
use crate::domain::{DemarcheId, DossierId, Email};

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
        /// Who asked for it, as the document says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Email>,
    },
    /// The attestation of a decision.
    Attestation {
        /// Of which dossier.
        dossier: DossierId,
        /// When that decision was taken: a later one has an attestation of its own.
        decided: Timestamp,
    },
    /// Figures of a démarche, with their charts.
    Stats {
        /// Which.
        demarche: DemarcheId,
        /// Light charts on a dark ground.
        dark: bool,
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
    /// The figures of a démarche.
    Stats {
        /// The day that they are of.
        on: Date,
        /// How long a dossier usually takes, where enough were decided lately.
        usual: Option<Usual>,
        /// The charts.
        charts: Vec<Drawn>,
    },
    /// Nothing, for a reason of ours that the log tells.
    Failed,
}

/// A picture on the shelf, and the words for who does not see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// The file.
    pub piece: Piece,
    /// What it shows, in French, with its figures.
    pub alt: String,
}
