//! What may be asked of a dossier, and why it may be refused.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Piece;
use super::dossier::{
    CorrectionKind, Decision, Demandeur, MailRef, Mark, Person, Proposal, Statut,
};
use super::id::{AvisId, DossierId, Email};
use super::valeur::Valeur;

/// An order, with who gives it and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// What.
    pub command: Command,
}

/// A dossier as it is filed, checked against the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Deposit {
    /// The group asked for, where the form does not route.
    pub groupe: Option<String>,
    /// Who files it.
    pub usager: Email,
    /// Who it is for.
    pub demandeur: Demandeur,
    /// The answers.
    pub champs: BTreeMap<String, Valeur>,
    /// People invited.
    pub invites: BTreeSet<Email>,
}

/// What may be asked of a dossier. The tag is what `commands/*.toml` names in `do`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Change answers of the form (the usager).
    Modify {
        /// The new answers.
        champs: BTreeMap<String, Valeur>,
    },
    /// Suivre.
    Follow,
    /// Ne plus suivre.
    Unfollow,
    /// Passer en instruction.
    PassToInstruction,
    /// Repasser en construction.
    ReturnToConstruction,
    /// Demander une correction.
    RequestCorrection {
        /// What kind.
        #[serde(default)]
        kind: CorrectionKind,
        /// What to correct.
        text: String,
        /// Attachments.
        #[serde(default)]
        pieces: Vec<Piece>,
    },
    /// The correction, or the answer, is not waited for any more.
    ResolveCorrection,
    /// Accepter.
    Accept {
        /// The reason, optional.
        #[serde(default)]
        motivation: Option<String>,
        /// The document attached.
        #[serde(default)]
        justificatif: Option<Piece>,
    },
    /// Refuser.
    Refuse {
        /// The reason.
        #[serde(default)]
        motivation: Option<String>,
        /// The document attached.
        #[serde(default)]
        justificatif: Option<Piece>,
    },
    /// Classer sans suite.
    Dismiss {
        /// The reason.
        #[serde(default)]
        motivation: Option<String>,
        /// The document attached.
        #[serde(default)]
        justificatif: Option<Piece>,
    },
    /// Take a decision that a colleague has proposed.
    Second {
        /// What he proposed, and when.
        proposal: Proposal,
        /// The decision.
        command: Box<Command>,
    },
    /// Join the attestation that was made.
    AttachAttestation {
        /// The document.
        piece: Piece,
    },
    /// Repasser en instruction.
    Reopen,
    /// Archiver.
    Archive,
    /// Désarchiver.
    Unarchive,
    /// Supprimer.
    Delete,
    /// Restaurer.
    Restore,
    /// Prolonger la conservation.
    Extend,
    /// Write in the messagerie.
    Post {
        /// The text.
        text: String,
        /// Attachments.
        #[serde(default)]
        pieces: Vec<Piece>,
        /// The mail that it came by.
        #[serde(default)]
        mail: Option<MailRef>,
        /// An answer of the usager is waited for ("en attente"). Only an instructeur's message can.
        #[serde(default)]
        awaits: bool,
    },
    /// Take back one's last message, within five minutes.
    Withdraw,
    /// Demander un avis.
    RequestAvis {
        /// Who is asked; one avis each.
        experts: Vec<Email>,
        /// What is asked.
        text: String,
        /// A question to be answered by oui or non.
        #[serde(default)]
        question: Option<String>,
        /// Hidden from the other experts.
        #[serde(default)]
        confidentiel: bool,
        /// Files shown to the experts.
        #[serde(default)]
        pieces: Vec<Piece>,
    },
    /// Rendre un avis.
    RenderAvis {
        /// Which.
        avis: AvisId,
        /// The answer.
        text: String,
        /// Oui or non, where it is certain.
        #[serde(default)]
        oui_non: Option<bool>,
        /// Attachments.
        #[serde(default)]
        pieces: Vec<Piece>,
        /// The mail that it came by.
        #[serde(default)]
        mail: Option<MailRef>,
    },
    /// Relancer un avis; all that are waited for where none is named.
    RemindAvis {
        /// Which.
        #[serde(default)]
        avis: Option<AvisId>,
    },
    /// Révoquer un avis.
    RevokeAvis {
        /// Which.
        avis: AvisId,
    },
    /// Write an annotation privée. An empty value empties it.
    Annotate {
        /// Its id or label.
        annotation: String,
        /// The value as typed.
        #[serde(default)]
        value: String,
    },
    /// Put a label on or take it off.
    Label {
        /// Which.
        etiquette: String,
        /// On rather than off.
        on: bool,
    },
    /// Envoyer à un instructeur.
    Send {
        /// To whom.
        to: Email,
    },
    /// Réaffecter à un groupe.
    Reassign {
        /// Its label.
        groupe: String,
    },
    /// Look at parts of the dossier, which clears their orange marks.
    Look {
        /// What was looked at.
        marks: BTreeSet<Mark>,
    },
    /// Time has passed: notice, expiry, purge.
    Tick,
    /// Mail to somebody came back.
    Bounce {
        /// The address.
        address: Email,
        /// What the other side said.
        why: String,
    },
}

impl Command {
    /// The decision that it is.
    pub fn decision(&self) -> Option<Decision> {
        match self {
            Self::Accept { .. } => Some(Decision::Accepte),
            Self::Refuse { .. } => Some(Decision::Refuse),
            Self::Dismiss { .. } => Some(Decision::SansSuite),
            Self::Second { command, .. } => command.decision(),
            _ => None,
        }
    }

    /// The same, where it is a decision that `proposal` made; anything else as it is.
    #[must_use]
    pub fn proposed(self, proposal: &Proposal) -> Self {
        match self {
            Self::Accept { .. } | Self::Refuse { .. } | Self::Dismiss { .. } => Self::Second {
                proposal: proposal.clone(),
                command: Box::new(self),
            },
            other => other,
        }
    }
}

/// Why something was not done. Worded by `templates/refusal/`, one file each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// No such dossier, or not one that this person may know of: both are said alike.
    UnknownDossier {
        /// The number asked for.
        number: DossierId,
    },
    /// The act is not possible where the dossier stands.
    WrongStatut {
        /// The act, as its domain tag.
        act: String,
        /// Where it stands.
        statut: Statut,
        /// Where it would have to stand.
        needed: Vec<Statut>,
    },
    /// A decision was asked of a dossier en construction: the two acts can be chained.
    NotInstructed {
        /// The decision wanted.
        decision: Decision,
    },
    /// The motivation is required.
    MotivationRequired {
        /// For which decision.
        decision: Decision,
    },
    /// A text is required.
    TextRequired,
    /// The text is too long.
    TextTooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// The dossier is archived.
    Archived,
    /// The dossier is not archived.
    NotArchived,
    /// The dossier is among "supprimés récemment".
    Trashed,
    /// The dossier is not among them.
    NotTrashed,
    /// A correction is already waited for.
    CorrectionPending,
    /// None is waited for.
    NoCorrection,
    /// Silence decides here: a dossier goes back en construction by a correction only, which suspends the period.
    SilenceRuns,
    /// Required annotations are missing before the decision.
    MissingAnnotations {
        /// Their labels.
        libelles: Vec<String>,
    },
    /// No expert was named.
    NoExpert,
    /// That is not a mail address.
    BadAddress {
        /// What was given.
        address: String,
    },
    /// The démarche allows only the experts of its list.
    ExpertNotListed {
        /// Who was asked.
        expert: Email,
        /// Who may be.
        list: Vec<Email>,
    },
    /// That expert has already been asked and has not answered.
    AvisPending {
        /// Who.
        expert: Email,
        /// The avis waited for.
        avis: AvisId,
    },
    /// No such avis.
    UnknownAvis {
        /// The number asked for.
        avis: AvisId,
        /// Those that there are.
        known: Vec<AvisId>,
    },
    /// No avis is waited for.
    NoOpenAvis,
    /// The avis was already answered.
    AvisAnswered {
        /// Which.
        avis: AvisId,
    },
    /// The avis was revoked.
    AvisRevoked {
        /// Which.
        avis: AvisId,
    },
    /// The dossier was decided, so the avis is closed.
    AvisClosed {
        /// Which.
        avis: AvisId,
    },
    /// Only who asked for the avis, or a follower, may.
    NotInCharge,
    /// No such annotation.
    UnknownAnnotation {
        /// What was asked for.
        annotation: String,
        /// Labels of those that there are.
        known: Vec<String>,
    },
    /// The value does not fit.
    BadValue {
        /// The field's label.
        libelle: String,
        /// What to write instead.
        detail: String,
    },
    /// No such group.
    UnknownGroupe {
        /// What was asked for.
        groupe: String,
        /// Labels of those that there are.
        known: Vec<String>,
    },
    /// The dossier is in that group already.
    SameGroupe {
        /// Which.
        groupe: String,
    },
    /// That person is not an instructeur of the démarche's group.
    NotAnInstructeur {
        /// Who.
        email: Email,
    },
    /// No such label.
    UnknownEtiquette {
        /// What was asked for.
        etiquette: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A file is too large.
    TooLarge {
        /// Its name.
        name: String,
        /// The most bytes allowed.
        max: u64,
    },
    /// The démarche wants a decision to be confirmed by a second instructeur.
    SecondNeeded,
    /// Who proposed the decision cannot confirm it.
    OwnProposal,
    /// Who proposed the decision is not an instructeur of the group any more.
    ProposerLeft,
    /// A decision takes one justificatif, not several.
    OneJustificatif,
    /// The dossier does not expire soon.
    NotExpiring,
    /// There is no message of this person to take back.
    NothingToWithdraw,
    /// The message is more than five minutes old: its mail has left.
    TooLateToWithdraw,
    /// The usager may not edit where the dossier stands.
    NotEditable {
        /// Where it stands.
        statut: Statut,
    },
    /// Not somebody who may do this.
    NotAllowed,
    /// The démarche takes no dossiers any more.
    DemarcheClosed,
    /// The platform's API has no way to do that.
    OnlyOnSite {
        /// The act, as its domain tag.
        act: String,
    },
    /// The platform refused.
    PlatformRefused {
        /// In its own words.
        sentences: Vec<String>,
    },
    /// Somebody has changed the dossier on the platform meanwhile.
    PlatformMoved,
    /// Greffier may only read on the platform.
    PlatformReadOnly,
    /// The platform does not show the dossier any more.
    PlatformHidden,
    /// The platform did not confirm it, however often it was asked.
    PlatformGivenUp,
    /// Nobody is named in whose name Greffier writes there.
    NoPorteParole,
    /// The platform knows no such instructeur of that démarche.
    PlatformUnknownInstructeur {
        /// Whom Greffier would have acted for.
        email: Email,
    },
}
