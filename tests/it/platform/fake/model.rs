//! What the fake platform keeps: démarches, groups, dossiers and what hangs on them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::champ::Champ;
use super::descriptor::ChampDescriptor;

/// An agent who may act on the dossiers of his groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructeur {
    /// Key inside the typed id `Instructeur-<id>`.
    pub id: u32,
    /// Lower-case address.
    pub email: String,
}

/// A routing group of a démarche.
#[derive(Debug, Clone)]
pub struct Groupe {
    /// Number, also the key of the typed id.
    pub number: i32,
    /// The démarche it belongs to.
    pub demarche: i32,
    /// Label, `défaut` for the first one.
    pub label: String,
    /// A closed group receives nothing new.
    pub closed: bool,
    /// Ids of its instructeurs.
    pub instructeurs: BTreeSet<u32>,
}

/// A coloured label that the administrateur defined on the démarche.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Key of the typed id `Label-<id>`.
    pub id: u32,
    /// Shown name.
    pub name: String,
    /// A value of `LabelColorEnum`.
    pub color: String,
}

/// A version of the form.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Key of the typed id `Revision-<id>`.
    pub id: u32,
    /// Fields of the usager.
    pub champs: Vec<ChampDescriptor>,
    /// Fields of the instructeurs.
    pub annotations: Vec<ChampDescriptor>,
    /// When it was created, and published.
    pub at: Timestamp,
}

/// What a démarche was configured to do.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a box that the administrateur ticks"
)]
pub struct Settings {
    /// An attestation is produced when a dossier is accepted.
    pub attestation: bool,
    /// An attestation is produced when a dossier is refused.
    pub attestation_refus: bool,
    /// The flag `blocking_pending_correction`: no passage while a correction is pending.
    pub blocking_correction: bool,
    /// Silence vaut accord (or rejet), after so many days.
    pub sva_days: Option<i64>,
    /// The usager acknowledges before he sees the decision.
    pub accuse_lecture: bool,
}

/// A démarche with its form, its groups and the index of its dossiers.
#[derive(Debug, Clone)]
pub struct Demarche {
    /// Number, also the key of `Procedure-<number>`.
    pub number: i32,
    /// Title.
    pub title: String,
    /// A value of `DemarcheState`.
    pub state: &'static str,
    /// When it was created.
    pub created_at: Timestamp,
    /// Oldest first; the last one is active.
    pub revisions: Vec<Revision>,
    /// Numbers of its groups.
    pub groupes: Vec<i32>,
    /// Its labels.
    pub labels: Vec<Label>,
    /// Its options.
    pub settings: Settings,
    pub(super) by_update: BTreeSet<(Timestamp, i32)>,
    pub(super) by_depot: BTreeSet<(Timestamp, i32)>,
    pub(super) deleted: Vec<Deleted>,
}

/// What remains of a purged dossier, or shows of a hidden one.
#[derive(Debug, Clone)]
pub(super) struct Deleted {
    /// Number of the dossier.
    pub number: i32,
    /// Its group at the time.
    pub groupe: i32,
    /// Its last state.
    pub statut: Statut,
    /// A value of `DeletedDossierReason`.
    pub reason: &'static str,
    /// When.
    pub at: Timestamp,
}

/// `DossierState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statut {
    /// Filed, may still be edited by the usager.
    EnConstruction,
    /// Being examined.
    EnInstruction,
    /// Accepted.
    Accepte,
    /// Refused.
    Refuse,
    /// Closed without decision.
    SansSuite,
}

impl Statut {
    /// The value of the enum in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::EnConstruction => "en_construction",
            Self::EnInstruction => "en_instruction",
            Self::Accepte => "accepte",
            Self::Refuse => "refuse",
            Self::SansSuite => "sans_suite",
        }
    }

    /// The words of the sentences of refusal.
    pub fn words(self) -> &'static str {
        match self {
            Self::EnConstruction => "en construction",
            Self::EnInstruction => "en instruction",
            Self::Accepte => "accepté",
            Self::Refuse => "refusé",
            Self::SansSuite => "classé sans suite",
        }
    }

    /// Whether a decision was made.
    pub fn termine(self) -> bool {
        matches!(self, Self::Accepte | Self::Refuse | Self::SansSuite)
    }
}

/// Who the dossier is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demandeur {
    /// A person.
    Physique {
        /// `M` or `Mme`.
        civilite: &'static str,
        /// Family name.
        nom: Cow<'static, str>,
        /// First name.
        prenom: Cow<'static, str>,
    },
    /// A company or a public body.
    Morale {
        /// Fourteen digits.
        siret: Cow<'static, str>,
        /// Registered name.
        raison_sociale: Cow<'static, str>,
    },
    /// A body whose SIRET could not be looked up: no decision is possible.
    MoraleIncomplete {
        /// Fourteen digits.
        siret: Cow<'static, str>,
    },
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traitement {
    /// Key of `Traitement-<id>`.
    pub id: u32,
    /// A value of `TraitementEvent`.
    pub event: &'static str,
    /// When.
    pub at: Timestamp,
    /// Who, if an agent.
    pub agent: Option<Arc<str>>,
    /// Why, for a decision.
    pub motivation: Option<String>,
    /// State after it.
    pub statut: Statut,
}

/// A demande de correction, carried by a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// A value of `CorrectionReason`.
    pub reason: String,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
}

/// A message of the messagerie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Key of `Commentaire-<id>`.
    pub id: u32,
    /// Author.
    pub email: Arc<str>,
    /// The instructeur who wrote it, if one did.
    pub instructeur: Option<u32>,
    /// Text, or HTML for the automatic ones; empty once deleted.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub discarded_at: Option<Timestamp>,
    /// Attached files.
    pub files: Vec<u32>,
    /// The correction it asks for.
    pub correction: Option<Correction>,
}

/// An expert opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avis {
    /// Key of `Avis-<id>`.
    pub id: u32,
    /// Who asks: an address.
    pub claimant: String,
    /// Who is asked: an address.
    pub expert: String,
    /// Introduction.
    pub question: String,
    /// The yes-or-no question.
    pub question_label: Option<String>,
    /// Its answer.
    pub question_answer: Option<bool>,
    /// The answer in words.
    pub reponse: Option<String>,
    /// The expert's files.
    pub files: Vec<u32>,
    /// When it was asked.
    pub created_at: Timestamp,
    /// `dateReponse` in the API, which is never null.
    pub updated_at: Timestamp,
    /// Not shown by the API.
    pub revoked_at: Option<Timestamp>,
}

/// A dossier, as the tests may look at it.
#[derive(Debug, Clone)]
pub struct DossierState {
    /// Number.
    pub number: i32,
    /// Its démarche.
    pub demarche: i32,
    /// Its group.
    pub groupe: i32,
    /// Index of its revision in the démarche.
    pub revision: usize,
    /// State.
    pub statut: Statut,
    /// Archived by an instructeur.
    pub archived: bool,
    /// Address of the account.
    pub usager: String,
    /// The account was deleted.
    pub usager_deleted: bool,
    /// Who it is for.
    pub demandeur: Demandeur,
    /// First filing.
    pub depose_at: Timestamp,
    /// Last entry into `en_construction`.
    pub en_construction_at: Timestamp,
    /// Last passage.
    pub en_instruction_at: Option<Timestamp>,
    /// Decision.
    pub processed_at: Option<Timestamp>,
    /// What polling sees.
    pub updated_at: Timestamp,
    /// Last edit of the champs.
    pub champs_at: Timestamp,
    /// Last edit of the annotations in the web UI.
    pub annotations_at: Option<Timestamp>,
    /// Hidden by its usager.
    pub hidden_by_usager_at: Option<Timestamp>,
    /// In the trash of the instructeurs.
    pub hidden_by_administration_at: Option<Timestamp>,
    /// Hidden because it expired.
    pub hidden_by_expired_at: Option<Timestamp>,
    /// Reason of the decision.
    pub motivation: Option<String>,
    /// File joined to the decision.
    pub justificatif: Option<u32>,
    /// The attestation and the moment from which the API shows it.
    pub attestation: Option<(u32, Timestamp)>,
    /// Values of the usager's fields.
    pub champs: Arc<Vec<Champ>>,
    /// Values of the annotations privées.
    pub annotations: Arc<Vec<Champ>>,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Oldest first.
    pub avis: Vec<Avis>,
    /// Oldest first.
    pub traitements: Vec<Traitement>,
    /// Ids of the instructeurs who follow it.
    pub followers: BTreeSet<u32>,
    /// Ids of its labels.
    pub labels: BTreeSet<u32>,
}

impl DossierState {
    /// Whether the API lists it.
    pub fn visible(&self) -> bool {
        self.hidden_by_administration_at.is_none()
            && self.hidden_by_expired_at.is_none()
            && !(self.hidden_by_usager_at.is_some() && self.statut == Statut::EnConstruction)
    }

    /// When the correction that still waits was asked.
    pub fn correction_pending_since(&self) -> Option<Timestamp> {
        self.messages
            .iter()
            .rev()
            .find(|message| {
                message
                    .correction
                    .as_ref()
                    .is_some_and(|correction| correction.resolved_at.is_none())
            })
            .map(|message| message.created_at)
    }
}
