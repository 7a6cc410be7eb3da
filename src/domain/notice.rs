//! What is to be said, to whom. The words are in `templates/`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::dossier::{Decision, Person};
use super::id::{AvisId, Email, MessageId};

/// Something to say, once what caused it is committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Tell somebody.
    Tell {
        /// Whom.
        to: Recipient,
        /// What.
        notice: Notice,
        /// Not before this time.
        #[serde(default)]
        not_before: Option<Timestamp>,
    },
    /// Show the dossier's card as it now stands, in every room of its group.
    Card,
    /// Make the attestation of the decision that was taken then.
    Attest {
        /// When.
        decided: Timestamp,
    },
    /// Unsay what a message was to say: it has not left yet.
    Unsay {
        /// The message taken back.
        message: MessageId,
    },
}

/// Whom to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Recipient {
    /// The rooms of the dossier's group, in its thread.
    Rooms,
    /// The rooms of another group.
    RoomsOf {
        /// Its label.
        groupe: String,
    },
    /// By e-mail, the instructeurs of the group who want each deposit.
    Groupe,
    /// By e-mail, the followers who want it; never the author.
    Followers,
    /// One instructeur, by e-mail and by private message.
    Instructeur {
        /// Who.
        email: Email,
    },
    /// The usager, by e-mail.
    Usager,
    /// The expert of an avis, by e-mail.
    Expert {
        /// Which avis.
        avis: AvisId,
    },
}

/// What kind of thing a notice is about: rooms and people choose by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A dossier was filed, modified or reassigned.
    Depot,
    /// A message of the usager.
    Message,
    /// An avis asked, rendered, reminded, revoked.
    Avis,
    /// A change of statut, a decision, a correction.
    Statut,
    /// Followers, annotations, labels: what colleagues do.
    Suivi,
    /// Expiry, trash, purge.
    Conservation,
    /// Mail that came back or is held.
    Courrier,
}

/// What is said. Each is a folder of `templates/`; the fields are what its templates see, beside the dossier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A dossier was filed.
    Deposited,
    /// The usager changed answers.
    Modified {
        /// Labels of the champs changed.
        champs: Vec<String>,
    },
    /// Somebody follows.
    Followed {
        /// Who.
        instructeur: Email,
    },
    /// Somebody does not follow any more.
    Unfollowed {
        /// Who.
        instructeur: Email,
    },
    /// Passé en instruction.
    PassedToInstruction,
    /// Repassé en construction.
    ReturnedToConstruction,
    /// A correction was asked for.
    CorrectionRequested {
        /// The message that asks.
        message: MessageId,
    },
    /// The correction is not waited for any more.
    CorrectionResolved,
    /// An answer of the usager is not waited for any more, although none came.
    AnswerNotAwaited,
    /// Accepté, refusé, classé sans suite.
    Decided {
        /// Which way.
        decision: Decision,
    },
    /// The attestation is there.
    AttestationMade,
    /// It could not be made; somebody must ask for it again.
    AttestationFailed,
    /// Repassé en instruction after a decision.
    Reopened,
    /// Archivé.
    Archived,
    /// Désarchivé.
    Unarchived,
    /// Supprimé.
    Deleted,
    /// Restauré.
    Restored,
    /// Conservation prolongée.
    Extended,
    /// It expires soon.
    ExpiryNoticed {
        /// When.
        expires: Timestamp,
    },
    /// It expired.
    Expired,
    /// It was purged.
    Purged,
    /// A message was posted.
    MessagePosted {
        /// Which.
        message: MessageId,
        /// By whom.
        author: Person,
    },
    /// A message was taken back.
    MessageWithdrawn {
        /// Which.
        message: MessageId,
    },
    /// An avis was asked for.
    AvisRequested {
        /// Which.
        avis: AvisId,
    },
    /// An avis was rendered.
    AvisRendered {
        /// Which.
        avis: AvisId,
    },
    /// The oui or non was not clear.
    AvisUnclear {
        /// Which.
        avis: AvisId,
    },
    /// The expert is reminded.
    AvisReminded {
        /// Which.
        avis: AvisId,
    },
    /// The avis was taken away.
    AvisRevoked {
        /// Which.
        avis: AvisId,
    },
    /// The avis was closed unanswered.
    AvisClosed {
        /// Which.
        avis: AvisId,
    },
    /// An annotation was written.
    Annotated {
        /// Its label.
        libelle: String,
    },
    /// A label was put on or taken off.
    Labelled {
        /// Which.
        etiquette: String,
        /// On rather than off.
        on: bool,
    },
    /// The dossier was sent to somebody.
    Sent {
        /// To whom.
        recipient: Email,
    },
    /// The dossier changed group.
    Reassigned {
        /// From.
        from: String,
        /// To.
        groupe: String,
    },
    /// What came by mail could not be written on the platform, or what two have decided could not be done there.
    NotWritten {
        /// What: `usager`, `avis`, `message` or `decision`.
        what: String,
        /// Why not, as a sentence.
        why: String,
    },
    /// Mail came back.
    Bounced {
        /// From which address.
        address: Email,
        /// What the other side said.
        why: String,
    },
}

impl Notice {
    /// What kind of thing it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Deposited | Self::Modified { .. } | Self::Reassigned { .. } => Topic::Depot,
            Self::MessagePosted { .. } | Self::MessageWithdrawn { .. } => Topic::Message,
            Self::AvisRequested { .. }
            | Self::AvisRendered { .. }
            | Self::AvisUnclear { .. }
            | Self::AvisReminded { .. }
            | Self::AvisRevoked { .. }
            | Self::AvisClosed { .. } => Topic::Avis,
            Self::PassedToInstruction
            | Self::ReturnedToConstruction
            | Self::CorrectionRequested { .. }
            | Self::CorrectionResolved
            | Self::AnswerNotAwaited
            | Self::Decided { .. }
            | Self::AttestationMade
            | Self::AttestationFailed
            | Self::Reopened => Topic::Statut,
            Self::Followed { .. }
            | Self::Unfollowed { .. }
            | Self::Annotated { .. }
            | Self::Labelled { .. }
            | Self::Sent { .. } => Topic::Suivi,
            Self::Archived
            | Self::Unarchived
            | Self::Deleted
            | Self::Restored
            | Self::Extended
            | Self::ExpiryNoticed { .. }
            | Self::Expired
            | Self::Purged => Topic::Conservation,
            Self::NotWritten { what, .. } if what == "decision" => Topic::Statut,
            Self::Bounced { .. } | Self::NotWritten { .. } => Topic::Courrier,
        }
    }

    /// Whether it should ring rather than be read in passing.
    pub fn alert(&self) -> bool {
        match self {
            Self::Deposited
            | Self::AvisRendered { .. }
            | Self::Bounced { .. }
            | Self::NotWritten { .. }
            | Self::AttestationFailed
            | Self::Reassigned { .. }
            | Self::Modified { .. } => true,
            Self::MessagePosted { author, .. } => {
                matches!(author, Person::Usager(_) | Person::Expert(_))
            }
            _ => false,
        }
    }
}

/// How much of a dossier a room may show.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Number, démarche and statut only.
    #[default]
    Minimal,
    /// And the demandeur's name.
    Standard,
    /// And fields and texts.
    Full,
}
