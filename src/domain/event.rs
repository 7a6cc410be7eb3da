//! What happened. Events are for ever: variants are added, fields get `#[serde(default)]`, nothing is renamed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Piece;
use super::dossier::{
    CorrectionKind, Decision, Demandeur, MailRef, Mark, Person, Proposal, Tombstone,
};
use super::id::{AvisId, DemarcheId, DossierId, Email, MessageId};
use super::valeur::Valeur;

/// An event, with when and by whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// When it happened.
    pub at: Timestamp,
    /// Who made it happen.
    pub by: Person,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened to a dossier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The usager filed it. Always the first.
    Deposited {
        /// Its number.
        number: DossierId,
        /// Its démarche.
        demarche: DemarcheId,
        /// The group that it was routed to.
        groupe: String,
        /// Who filed it.
        usager: Email,
        /// Who it is for.
        demandeur: Demandeur,
        /// The answers of the form.
        champs: BTreeMap<String, Valeur>,
        /// People invited by the usager.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        invites: BTreeSet<Email>,
    },
    /// The usager changed answers; only those changed are named.
    Modified {
        /// The new answers.
        champs: BTreeMap<String, Valeur>,
        /// Answers that are not there any more.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        emptied: BTreeSet<String>,
        /// Whose it is, where it was handed over to somebody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usager: Option<Email>,
        /// Who it is for, where that changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        demandeur: Option<Demandeur>,
    },
    /// Somebody follows it.
    Followed {
        /// Who.
        instructeur: Email,
    },
    /// Somebody does not follow it any more.
    Unfollowed {
        /// Who.
        instructeur: Email,
    },
    /// Passé en instruction.
    PassedToInstruction,
    /// Repassé en construction.
    ReturnedToConstruction,
    /// A correction was asked for; the message that asks comes before.
    CorrectionRequested {
        /// What kind.
        kind: CorrectionKind,
        /// The message.
        message: MessageId,
    },
    /// The correction is not waited for any more.
    CorrectionResolved,
    /// Decided.
    Decided {
        /// Which way.
        decision: Decision,
        /// The reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        motivation: Option<String>,
        /// The document attached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justificatif: Option<Piece>,
        /// Who proposed it, where a second instructeur took it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposal: Option<Proposal>,
    },
    /// Decided by the silence of the administration (SVA, SVR): the platform's `accepte_automatiquement` and
    /// `refuse_automatiquement`.
    DecidedAutomatically {
        /// Which way.
        decision: Decision,
    },
    /// The attestation of an acceptance was made.
    AttestationMade {
        /// The document.
        piece: Piece,
    },
    /// Repassé en instruction.
    Reopened,
    /// Put away.
    Archived,
    /// Taken out again.
    Unarchived,
    /// Put into "supprimés récemment".
    Deleted,
    /// Taken out of it.
    Restored,
    /// Kept a month longer.
    Extended,
    /// The platform has set when it expires, and when silence decides on it.
    Scheduled {
        /// When it expires, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
        /// When silence decides, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decides: Option<Timestamp>,
    },
    /// People were told that it expires.
    ExpiryNoticed {
        /// When it does.
        expires: Timestamp,
    },
    /// Its conservation ended; it is in the trash.
    Expired,
    /// Gone for good. Replaces all events before it.
    Purged {
        /// What stays.
        tombstone: Tombstone,
    },
    /// A message in the messagerie.
    MessagePosted {
        /// Its number.
        message: MessageId,
        /// Its text.
        text: String,
        /// Its attachments.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<Piece>,
        /// The mail that it came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<MailRef>,
    },
    /// An answer of the usager is waited for, or not any more.
    AnswerAwaited {
        /// To which message; none where it is not waited for any more.
        message: Option<MessageId>,
    },
    /// A message was taken back before it left.
    MessageWithdrawn {
        /// Which.
        message: MessageId,
    },
    /// An expert was asked for an avis.
    AvisRequested {
        /// Its number.
        avis: AvisId,
        /// Who is asked.
        expert: Email,
        /// What is asked.
        text: String,
        /// A question to be answered by oui or non.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        /// Hidden from the other experts.
        confidentiel: bool,
        /// The expert is told that the usager may read it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        to_usager: bool,
        /// Asked on the platform.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        elsewhere: bool,
        /// Files shown to the expert.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<Piece>,
    },
    /// The expert answered.
    AvisRendered {
        /// Which avis.
        avis: AvisId,
        /// The answer.
        text: String,
        /// Oui or non, where it was asked and is certain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        oui_non: Option<bool>,
        /// Its attachments.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<Piece>,
        /// The mail that it came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mail: Option<MailRef>,
    },
    /// The expert's oui or non was not clear; he is asked once more.
    AvisUnclear {
        /// Which avis.
        avis: AvisId,
    },
    /// The expert was reminded.
    AvisReminded {
        /// Which avis.
        avis: AvisId,
    },
    /// The avis was taken away from the expert.
    AvisRevoked {
        /// Which avis.
        avis: AvisId,
    },
    /// The avis was closed unanswered, by the decision.
    AvisClosed {
        /// Which avis.
        avis: AvisId,
    },
    /// An annotation privée was written, or emptied.
    Annotated {
        /// Its id.
        annotation: String,
        /// Its value; none when emptied.
        valeur: Option<Valeur>,
    },
    /// A label was put on.
    Labelled {
        /// Which.
        etiquette: String,
    },
    /// A label was taken off.
    Unlabelled {
        /// Which.
        etiquette: String,
    },
    /// The dossier was sent to an instructeur; he follows from then on.
    Sent {
        /// To whom.
        to: Email,
    },
    /// The dossier went to another group.
    Reassigned {
        /// Which.
        groupe: String,
    },
    /// A follower looked, which clears these orange marks.
    Seen {
        /// Who.
        instructeur: Email,
        /// Which marks.
        marks: BTreeSet<Mark>,
    },
    /// Mail to an address of the dossier came back.
    Bounced {
        /// The address.
        address: Email,
        /// What the other side said (RFC 3463 status and text).
        why: String,
    },
}
