//! A dossier as it stands, made of what happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Piece;
use super::demarche::Plateforme;
use super::id::{AvisId, DemarcheId, DossierId, Email, MessageId};
use super::valeur::Valeur;

/// Where a dossier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statut {
    /// The usager may still edit it.
    EnConstruction,
    /// It is being instructed; the usager may not edit.
    EnInstruction,
    /// Decided: accepted.
    Accepte,
    /// Decided: refused.
    Refuse,
    /// Decided: closed without follow-up.
    SansSuite,
}

impl Statut {
    /// All of them, in the order of the procedure.
    pub const ALL: [Self; 5] = [
        Self::EnConstruction,
        Self::EnInstruction,
        Self::Accepte,
        Self::Refuse,
        Self::SansSuite,
    ];

    /// Neither decided nor closed.
    pub fn en_cours(self) -> bool {
        matches!(self, Self::EnConstruction | Self::EnInstruction)
    }

    /// Decided.
    pub fn traite(self) -> bool {
        !self.en_cours()
    }

    /// As people read it.
    pub fn libelle(self) -> &'static str {
        match self {
            Self::EnConstruction => "En construction",
            Self::EnInstruction => "En instruction",
            Self::Accepte => "Accepté",
            Self::Refuse => "Refusé",
            Self::SansSuite => "Classé sans suite",
        }
    }
}

/// The three decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Accepter.
    Accepte,
    /// Refuser.
    Refuse,
    /// Classer sans suite.
    SansSuite,
}

impl Decision {
    /// The statut that it leads to.
    pub fn statut(self) -> Statut {
        match self {
            Self::Accepte => Statut::Accepte,
            Self::Refuse => Statut::Refuse,
            Self::SansSuite => Statut::SansSuite,
        }
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "role", content = "email", rename_all = "snake_case")]
pub enum Person {
    /// An instructeur of the démarche.
    Instructeur(Email),
    /// The usager who filed the dossier.
    Usager(Email),
    /// Somebody asked for an avis.
    Expert(Email),
    /// Greffier itself: the clock, a declarative démarche.
    Greffier,
    /// The platform, by itself or by somebody whom it does not name.
    Plateforme,
}

impl Person {
    /// The address, where it is a human being.
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::Instructeur(email) | Self::Usager(email) | Self::Expert(email) => Some(email),
            Self::Greffier | Self::Plateforme => None,
        }
    }
}

/// Who the dossier is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Demandeur {
    /// `Madame` or `Monsieur`; empty for a legal person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub civilite: String,
    /// Family name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub nom: String,
    /// First name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prenom: String,
    /// Name of a legal person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub raison_sociale: String,
    /// SIRET of a legal person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub siret: String,
}

impl Demandeur {
    /// The name as people read it.
    pub fn name(&self) -> String {
        if self.raison_sociale.is_empty() {
            [self.prenom.as_str(), self.nom.as_str()]
                .iter()
                .filter(|part| !part.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(" ")
        } else {
            self.raison_sociale.clone()
        }
    }
}

/// What an orange mark (pastille) points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The demande was modified.
    Demande,
    /// A new message.
    Messagerie,
    /// An avis was rendered.
    Avis,
    /// An annotation was written by somebody else.
    Annotations,
}

/// Kinds of corrections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// Something is wrong.
    #[default]
    Incorrect,
    /// Something is missing.
    Incomplete,
    /// Something is out of date.
    Outdated,
}

/// The mail that something arrived by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRef {
    /// Its `Message-ID`, without angle brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The original, byte for byte.
    pub original: Piece,
    /// Whether the sender was proven (DKIM, SPF or a trusted relay), rather than only expected.
    pub authenticated: bool,
}

/// A message of the messagerie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub by: Person,
    /// When it was posted.
    pub at: Timestamp,
    /// Its text; empty once taken back.
    pub text: String,
    /// Its attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
    /// The correction that it asks for, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<CorrectionKind>,
    /// Taken back before it left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// The mail that it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailRef>,
}

/// A request for an avis, and its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a plain fact, said by an event"
)]
pub struct Avis {
    /// Who is asked.
    pub expert: Email,
    /// Who asked.
    pub by: Email,
    /// When.
    pub at: Timestamp,
    /// What is asked.
    pub text: String,
    /// A question to be answered by oui or non.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Files shown to the expert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
    /// Hidden from the other experts.
    pub confidentiel: bool,
    /// The expert was told that the usager may read it. One who was not told so is never shown to him, whatever the démarche
    /// says by then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_usager: bool,
    /// Asked on the platform, which alone speaks with the expert.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
    /// What the expert answered, first to last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// When the expert was last reminded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Timestamp>,
    /// How many times.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reminders: u32,
    /// The expert was asked to say oui or non more clearly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked_again: bool,
    /// Taken away from the expert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// Closed unanswered by the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}

impl Avis {
    /// Still waited for.
    pub fn open(&self) -> bool {
        self.answers.is_empty() && self.revoked.is_none() && self.closed.is_none()
    }

    /// Answered without the oui or non that is asked for, for which the expert was asked once more.
    pub fn unclear(&self) -> bool {
        self.asked_again
            && self.answers.len() == 1
            && self.oui_non().is_none()
            && self.revoked.is_none()
            && self.closed.is_none()
    }

    /// Whether `answer`, which came by mail, is put where the usager reads it: the démarche says so, the expert was told so, and
    /// it is proven to be his. What is published in an instructeur's name cannot be taken back.
    pub fn shown_to_usager(&self, answer: &Answer, plateforme: &Plateforme) -> bool {
        let proven = answer.mail.as_ref().is_some_and(|mail| mail.authenticated);
        plateforme.avis_message && self.to_usager && !self.confidentiel && proven
    }

    /// The last oui or non that was understood.
    pub fn oui_non(&self) -> Option<bool> {
        self.answers.iter().rev().find_map(|answer| answer.oui_non)
    }
}

/// An answer to a request for an avis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
    /// Oui or non, where the question was asked and the answer is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oui_non: Option<bool>,
    /// Its attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
    /// The mail that it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailRef>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// Which way.
    pub decision: Decision,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Person,
    /// The reason given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motivation: Option<String>,
    /// The document attached to the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justificatif: Option<Piece>,
    /// The attestation made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Piece>,
    /// Who proposed it, where a second instructeur took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// A decision that an instructeur proposed, for another to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Who proposed it.
    pub by: Email,
    /// When.
    pub at: Timestamp,
}

/// A correction that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// What kind.
    pub kind: CorrectionKind,
    /// When it was asked.
    pub at: Timestamp,
    /// The message that asks for it.
    pub message: MessageId,
}

/// Why and when a dossier went to "supprimés récemment".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trash {
    /// When.
    pub at: Timestamp,
    /// Expired, rather than deleted by somebody.
    pub expired: bool,
}

/// What stays of a dossier that was purged: nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Its number.
    pub number: DossierId,
    /// Its démarche.
    pub demarche: DemarcheId,
    /// Its group.
    pub groupe: String,
    /// Where it stood.
    pub statut: Statut,
    /// When it was filed.
    pub deposited: Timestamp,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// When it went to the trash.
    pub trashed: Timestamp,
    /// Expired, rather than deleted by somebody.
    pub expired: bool,
}

/// A step of the procedure, for "décisions rendues".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The statut reached.
    pub statut: Statut,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Person,
    /// Who proposed it, where it takes two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

/// A change of group, for "réaffectations".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassignment {
    /// The group it left.
    pub from: String,
    /// The group it went to.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Person,
}

/// A dossier as it stands. It is `evolve`d from its events and from nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// Its number.
    pub number: DossierId,
    /// Its démarche.
    pub demarche: DemarcheId,
    /// Label of its group.
    pub groupe: String,
    /// Where it stands.
    pub statut: Statut,
    /// Who filed it; answers go to this address.
    pub usager: Email,
    /// Who it is for.
    pub demandeur: Demandeur,
    /// People whom the usager invited.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub invites: BTreeSet<Email>,
    /// The answers of the form, by id of champ.
    pub champs: BTreeMap<String, Valeur>,
    /// Annotations privées, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Valeur>,
    /// Who follows it, each with the orange marks that he has not looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub followers: BTreeMap<Email, BTreeSet<Mark>>,
    /// The messagerie.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub messages: BTreeMap<MessageId, Message>,
    /// Avis asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub avis: BTreeMap<AvisId, Avis>,
    /// The correction that is waited for ("en attente").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// The message to which an answer of the usager is waited for ("en attente").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<MessageId>,
    /// The decision, while it is traité.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub etiquettes: BTreeSet<String>,
    /// Put away: no messages, no notifications.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// In "supprimés récemment".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trash: Option<Trash>,
    /// Months added to its conservation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extension_mois: u32,
    /// Kept at least until then, by the last extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Timestamp>,
    /// When the platform lets it expire, where it is the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When silence decides on the platform, where it is the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decides: Option<Timestamp>,
    /// The expiry that people were told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_noticed: Option<Timestamp>,
    /// Addresses that mail to came back from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub bounced: BTreeSet<Email>,
    /// Every statut it went through.
    pub steps: Vec<Step>,
    /// Every group it went through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reassignments: Vec<Reassignment>,
    /// When it was first filed.
    pub deposited: Timestamp,
    /// When anything last happened to it.
    pub updated: Timestamp,
    /// What stays once it is purged; everything personal above is then empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged: Option<Box<Tombstone>>,
}

/// What somebody looked at when he was shown what an act would do: where the dossier stood, and what was asked in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its statut.
    pub statut: Statut,
    /// How many statuts it had gone through: one that was left and reached again is another.
    steps: usize,
    /// The answers of its form, as a digest.
    demande: u64,
}

impl Dossier {
    /// Where it stands, with what is asked in it.
    pub fn standing(&self) -> Standing {
        let mut digest = DefaultHasher::new();
        // Maps are in order of key: the same answers are the same text.
        let champs = serde_json::to_string(&self.champs).unwrap_or_default();
        champs.hash(&mut digest);
        Standing {
            statut: self.statut,
            steps: self.steps.len(),
            demande: digest.finish(),
        }
    }

    /// Whether somebody follows it.
    pub fn followed_by(&self, person: &Email) -> bool {
        self.followers.contains_key(person)
    }

    /// Neither in the trash nor purged.
    pub fn present(&self) -> bool {
        self.trash.is_none() && self.purged.is_none()
    }

    /// When its present statut was reached.
    pub fn since(&self) -> Timestamp {
        self.steps.last().map_or(self.deposited, |step| step.at)
    }

    /// The hashes of every file that it keeps on the shelf, originals of mails included.
    pub fn pieces(&self) -> BTreeSet<&str> {
        let of_valeurs = self
            .champs
            .values()
            .chain(self.annotations.values())
            .flat_map(Valeur::pieces);
        let of_messages = self.messages.values().flat_map(|message| {
            message
                .pieces
                .iter()
                .chain(message.mail.iter().map(|mail| &mail.original))
        });
        let of_answers = self.avis.values().flat_map(|avis| &avis.answers);
        let of_answers = of_answers.flat_map(|answer| {
            answer
                .pieces
                .iter()
                .chain(answer.mail.iter().map(|mail| &mail.original))
        });
        let of_avis = self.avis.values().flat_map(|avis| &avis.pieces);
        let of_decision = self
            .decided
            .iter()
            .flat_map(|decided| decided.justificatif.iter().chain(&decided.attestation));
        of_valeurs
            .chain(of_messages)
            .chain(of_answers)
            .chain(of_avis)
            .chain(of_decision)
            .filter(|piece| piece.elsewhere().is_none())
            .map(|piece| piece.hash.as_str())
            .collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
