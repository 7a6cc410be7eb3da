//! Files that take long to make: ordered through the outbox, made beside the writer, heard of again when they are there.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Destination, Line, Piece};
use crate::domain::query::{Found, Query, Test};
use crate::domain::stats::Usual;
use crate::domain::{DemarcheId, DossierId, Email, Onglet};

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
    /// Dossiers of a démarche, taken away as a file.
    Export(Box<Export>),
    /// A page of a list that is too long to be looked through at once.
    List {
        /// Which.
        query: Box<Query>,
    },
}

/// Which dossiers are exported, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// What it is written as.
    pub format: Format,
    /// The démarche, whose form gives the columns.
    pub demarche: DemarcheId,
    /// Who asked.
    pub person: Email,
    /// Labels of the groups whose dossiers are meant: of those that he instructs, those that the room is for.
    pub groupes: Vec<String>,
    /// Numbers of dossiers, where some are named.
    #[serde(default)]
    pub ranges: Vec<RangeInclusive<u64>>,
    /// The tab; where there is none, all but those in the trash.
    #[serde(default)]
    pub onglet: Option<Onglet>,
    /// What their columns must hold.
    #[serde(default)]
    pub filter: Vec<Test>,
    /// Bytes that a file may have where it goes.
    pub most: u64,
    /// A larger one is fetched by a link; where that cannot be, it is made in parts.
    pub link: bool,
}

/// What an export is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text between semicolons.
    Csv,
    /// Office Open XML, as Excel has it.
    Xlsx,
    /// `OpenDocument`, as `LibreOffice` has it.
    Ods,
    /// A folder for each dossier: PDF, attachments, attestation.
    Zip,
}

impl Format {
    /// The end of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ods => "ods",
            Self::Zip => "zip",
        }
    }

    /// The media type (RFC 6838).
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Zip => "application/zip",
        }
    }
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
            Self::Export(_) => "export",
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
    /// The figures of a démarche.
    Stats {
        /// The day that they are of.
        on: Date,
        /// How long a dossier usually takes, where enough were decided lately.
        usual: Option<Usual>,
        /// The charts.
        charts: Vec<Drawn>,
    },
    /// An export.
    Export {
        /// The file, or its parts; none where no dossier is meant, or where no part would be small enough.
        files: Vec<Piece>,
        /// Dossiers in it.
        dossiers: u64,
        /// Attachments that are not in the archive, because they are not on the shelf or not whole.
        missing: u64,
        /// Attachments that are not in the archive, because they are on the platform.
        #[serde(default)]
        elsewhere: u64,
        /// Bytes of the whole.
        bytes: u64,
    },
    /// No export: it would be larger than anything that is made.
    TooLarge {
        /// Bytes at most.
        most: u64,
    },
    /// Dossiers.
    Found {
        /// Which.
        found: Found,
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
