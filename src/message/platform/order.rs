//! What the platform is to do, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DossierIn, FileIn, Profile};
use crate::message::{Line, Piece};

/// What the platform is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The order's own name, for ever unique.
    pub id: String,
    /// Number of the démarche.
    pub demarche: u64,
    /// Number of the dossier.
    pub dossier: u64,
    /// GraphQL id of the dossier.
    pub dossier_id: String,
    /// In whose name.
    pub instructeur: Profile,
    /// What, in order. One that fails ends it.
    pub acts: Vec<Act>,
    /// GraphQL id of the last [`TraitementIn`](super::TraitementIn) that the instructeur knew, where the acts change the state: it must still be
    /// the last one, or this is about another dossier than he saw.
    #[serde(default)]
    pub expects: Option<String>,
    /// When it was ordered.
    pub at: Timestamp,
    /// The line that asked for it; who said it is answered.
    #[serde(default)]
    pub asked: Option<Box<Line>>,
    /// The id of what asked for it, as [`Incoming::id`](crate::message::Incoming::id).
    pub cause: String,
    /// What the middle wants to remember until the answer.
    #[serde(default)]
    pub memo: serde_json::Value,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// `dossierBasculeSuivi`.
    Suivi {
        /// Whether to follow.
        follow: bool,
    },
    /// `dossierPasserEnInstruction`.
    PasserEnInstruction,
    /// `dossierRepasserEnConstruction`.
    RepasserEnConstruction,
    /// `dossierRepasserEnInstruction`.
    RepasserEnInstruction,
    /// `dossierAccepter`.
    Accepter {
        /// The reason.
        motivation: Option<String>,
        /// The document.
        justificatif: Option<Piece>,
    },
    /// `dossierRefuser`.
    Refuser {
        /// The reason.
        motivation: String,
        /// The document.
        justificatif: Option<Piece>,
    },
    /// `dossierClasserSansSuite`.
    ClasserSansSuite {
        /// The reason.
        motivation: String,
        /// The document.
        justificatif: Option<Piece>,
    },
    /// `dossierArchiver`.
    Archiver,
    /// `dossierDesarchiver`.
    Desarchiver,
    /// `dossierEnvoyerMessage`.
    EnvoyerMessage {
        /// The text.
        body: String,
        /// The only file that a message may have.
        piece: Option<Piece>,
        /// `CorrectionReason`, where it asks for a correction.
        correction: Option<String>,
    },
    /// `dossierSupprimerMessage`.
    SupprimerMessage {
        /// GraphQL id of the message.
        message: String,
    },
    /// `dossierAnnulerDemandeCorrection`.
    AnnulerDemandeCorrection {
        /// GraphQL id of the message that asks.
        message: String,
    },
    /// `dossierChangerGroupeInstructeur`.
    ChangerGroupe {
        /// GraphQL id of the group.
        groupe: String,
        /// Its label.
        label: String,
    },
    /// `dossierModifierAnnotations`, or the older mutation of its type.
    ModifierAnnotation {
        /// `champDescriptorId` of the annotation.
        annotation: String,
        /// `TypeDeChamp` of the annotation.
        kind: String,
        /// The value, as its type is written; empty to empty it.
        value: serde_json::Value,
        /// The heading under which the value is added to what stands there, unless it does already. It takes the place of all
        /// where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under: Option<String>,
    },
    /// `dossierAjouterLabel`, `dossierSupprimerLabel`.
    Label {
        /// GraphQL id of the label.
        label: String,
        /// Its name.
        name: String,
        /// On rather than off.
        on: bool,
    },
    /// Fetch files onto the shelf. Asks for no mutation.
    Fetch {
        /// Which: those of one dossier that have these checksums.
        files: Vec<FileIn>,
    },
}

/// What became of an [`Order`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The order.
    pub order: Order,
    /// How it ended.
    pub ended: Ended,
    /// The dossier, read again afterwards. None where the platform does not show it any more.
    pub dossier: Option<Box<DossierIn>>,
    /// GraphQL ids of the messages that the acts made, one for each [`Act::EnvoyerMessage`] that was done, in order.
    #[serde(default)]
    pub messages: Vec<String>,
    /// The files of an [`Act::Fetch`], on the shelf, in the order asked; none for one that could not be had.
    #[serde(default)]
    pub files: Vec<Option<Piece>>,
}

/// How an [`Order`] ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum Ended {
    /// All is done, now or by an earlier try.
    Done,
    /// The platform refused.
    Refused {
        /// Which of the acts, from 0; those before it are done.
        act: usize,
        /// Its own sentences.
        sentences: Vec<String>,
    },
    /// Somebody else has changed the state since: nothing (more) was done.
    Moved {
        /// Which of the acts, from 0.
        act: usize,
    },
    /// The token may only read.
    ReadOnly,
    /// This instance has no such mutation.
    Unable {
        /// Its name.
        mutation: String,
    },
    /// The platform hides the dossier from the token.
    Hidden,
    /// It was tried for too long. Some of it may be done.
    GivenUp,
}

impl Answered {
    /// That `order` has ended so, without a look at its dossier.
    pub fn unseen(order: Order, ended: Ended) -> Self {
        Self {
            order,
            ended,
            dossier: None,
            messages: Vec::new(),
            files: Vec::new(),
        }
    }
}
