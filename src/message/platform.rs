//! What the platform is asked for, and what it answers: plain data, as its GraphQL API v2 gives it.
//!
//! Ids are the platform's own and opaque; numbers are those that people read. Every field is `default` that an instance of
//! another age may lack.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Line, Piece};

/// The name of the platform in destinations.
pub const PLATFORM: &str = "platform";

/// Something that the platform said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Said {
    /// A démarche: its form, groups, instructeurs and labels.
    Demarche(Box<DemarcheIn>),
    /// A dossier, as it stands.
    Dossier(Box<DossierIn>),
    /// Dossiers that are not to be seen any more.
    Gone(Gone),
    /// How far a démarche has been read.
    Read(Progress),
    /// The démarches that are not read at present, all of them, by number.
    Unread {
        /// Since when, and why.
        #[serde(deserialize_with = "by_number")]
        demarches: BTreeMap<u64, Unread>,
    },
    /// What became of an order.
    Answered(Box<Answered>),
}

/// What stands under numbers. Within something that a tag tells apart, serde gives them as the texts that they are in JSON.
fn by_number<'de, D, T>(from: D) -> Result<BTreeMap<u64, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let read = BTreeMap::<String, T>::deserialize(from)?;
    let number = |(number, value): (String, T)| {
        let number = number.parse().map_err(D::Error::custom)?;
        Ok((number, value))
    };
    read.into_iter().map(number).collect()
}

/// A démarche (`Demarche` of the schema).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DemarcheIn {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// `DemarcheState`: `brouillon`, `publiee`, `close`, `depubliee`, or what a newer instance has.
    pub state: String,
    /// `DossierDeclarativeState`, where it is declarative.
    #[serde(default)]
    pub declarative: Option<String>,
    /// `service.nom`, where the API tells it.
    #[serde(default)]
    pub service: Option<String>,
    /// Its groups, with who instructs in each.
    pub groupes: Vec<GroupeIn>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<LabelIn>,
    /// The form: `activeRevision.champDescriptors`.
    #[serde(default)]
    pub champs: Vec<DescriptorIn>,
    /// `activeRevision.annotationDescriptors`.
    #[serde(default)]
    pub annotations: Vec<DescriptorIn>,
    /// Mutations that the instance knows, by name. A read-only token has none.
    #[serde(default)]
    pub mutations: BTreeSet<String>,
}

/// A groupe instructeur.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GroupeIn {
    /// GraphQL id.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// Its label.
    pub label: String,
    /// Takes no new dossiers.
    #[serde(default)]
    pub closed: bool,
    /// Who instructs.
    pub instructeurs: Vec<Profile>,
}

/// A person's account (`Profile`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// GraphQL id; empty where the API gives none.
    #[serde(default)]
    pub id: String,
    /// Mail address.
    pub email: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LabelIn {
    /// GraphQL id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `LabelColor`, as the schema names it.
    #[serde(default)]
    pub color: String,
}

/// A field of a form (`ChampDescriptor`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DescriptorIn {
    /// GraphQL id, the same in every revision of the form.
    pub id: String,
    /// `TypeDeChamp` (`text`, `integer_number`, `drop_down_list`…), or what a newer instance has. Where the instance tells
    /// no `type`, made from `__typename`.
    pub kind: String,
    /// Its label.
    pub label: String,
    /// Its explanation.
    #[serde(default)]
    pub description: Option<String>,
    /// Must be filled in.
    #[serde(default)]
    pub required: bool,
    /// Choices of a list.
    #[serde(default)]
    pub options: Vec<String>,
    /// Fields of each row of a repetition.
    #[serde(default)]
    pub champs: Vec<DescriptorIn>,
}

/// A dossier (`Dossier` of the schema), whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DossierIn {
    /// GraphQL id.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// Number of its démarche.
    pub demarche: u64,
    /// `DossierState`.
    pub state: String,
    /// Put away.
    #[serde(default)]
    pub archived: bool,
    /// `dateDepot`.
    pub depot: Timestamp,
    /// `dateDerniereModification`.
    pub modified: Timestamp,
    /// `dateDerniereModificationChamps`.
    #[serde(default)]
    pub champs_modified: Option<Timestamp>,
    /// `dateExpiration`.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// `dateDerniereCorrectionEnAttente`.
    #[serde(default)]
    pub correction_pending: Option<Timestamp>,
    /// `datePrevisionnelleDecisionSVASVR`.
    #[serde(default)]
    pub sva_svr: Option<Timestamp>,
    /// `dateTraitement`.
    #[serde(default)]
    pub processed: Option<Timestamp>,
    /// Reason of the decision.
    #[serde(default)]
    pub motivation: Option<String>,
    /// `motivationAttachment`.
    #[serde(default)]
    pub justificatif: Option<FileIn>,
    /// The attestation, once the platform has made it.
    #[serde(default)]
    pub attestation: Option<FileIn>,
    /// `usager.email`.
    pub usager: String,
    /// Who it is for.
    #[serde(default)]
    pub demandeur: DemandeurIn,
    /// `groupeInstructeur.label`.
    pub groupe: String,
    /// Current followers (`instructeurs`).
    #[serde(default)]
    pub followers: Vec<Profile>,
    /// `messages`, oldest first.
    #[serde(default)]
    pub messages: Vec<MessageIn>,
    /// `avis`, of the platform's own.
    #[serde(default)]
    pub avis: Vec<AvisIn>,
    /// Answers of the form.
    #[serde(default)]
    pub champs: Vec<ChampIn>,
    /// Annotations privées.
    #[serde(default)]
    pub annotations: Vec<ChampIn>,
    /// `traitements`, oldest first.
    #[serde(default)]
    pub traitements: Vec<TraitementIn>,
    /// `labels`, by name. None where the instance has no labels.
    #[serde(default)]
    pub labels: Option<Vec<String>>,
}

/// The demandeur of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DemandeurIn {
    /// `M` or `Mme`, as the API gives it.
    #[serde(default)]
    pub civilite: Option<String>,
    /// Family name.
    #[serde(default)]
    pub nom: Option<String>,
    /// First name.
    #[serde(default)]
    pub prenom: Option<String>,
    /// SIRET of a legal person.
    #[serde(default)]
    pub siret: Option<String>,
    /// `entreprise.raisonSociale`, or the association's title.
    #[serde(default)]
    pub raison_sociale: Option<String>,
}

/// A file on the platform (`File`). Its URL is signed, opens to anyone for an hour, and is therefore kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileIn {
    /// Its name, as its author gave it.
    pub filename: String,
    /// `contentType`.
    pub content_type: String,
    /// `byteSizeBigInt`, or `byteSize` of an older instance.
    pub bytes: u64,
    /// `checksum`: MD5 in base64.
    pub checksum: String,
}

/// A message of the messagerie (`Message`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MessageIn {
    /// GraphQL id.
    pub id: String,
    /// Its author's address; no role.
    pub email: String,
    /// Its text, which may be HTML.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// Deleted; its text is then empty.
    #[serde(default)]
    pub discarded: Option<Timestamp>,
    /// Its files.
    #[serde(default)]
    pub files: Vec<FileIn>,
    /// The correction that it asks for.
    #[serde(default)]
    pub correction: Option<CorrectionIn>,
}

/// A demande de correction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CorrectionIn {
    /// `CorrectionReason`: `incorrect`, `incomplete`, `outdated`, or what a newer instance has.
    pub reason: String,
    /// `dateResolution`.
    #[serde(default)]
    pub resolved: Option<Timestamp>,
}

/// An avis of the platform (`Avis`). It is answered only where `reponse` or `answer` is there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AvisIn {
    /// GraphQL id.
    pub id: String,
    /// Who asks.
    #[serde(default)]
    pub claimant: Option<String>,
    /// Who is asked.
    #[serde(default)]
    pub expert: Option<String>,
    /// `question`: the introduction.
    #[serde(default)]
    pub question: String,
    /// `questionLabel`: a question to be answered by oui or non.
    #[serde(default)]
    pub label: Option<String>,
    /// `questionAnswer`.
    #[serde(default)]
    pub answer: Option<bool>,
    /// The answer.
    #[serde(default)]
    pub reponse: Option<String>,
    /// `dateQuestion`.
    pub asked: Timestamp,
    /// `dateReponse`, which is never null and is the time of the last change.
    #[serde(default)]
    pub answered: Option<Timestamp>,
    /// The expert's files.
    #[serde(default)]
    pub files: Vec<FileIn>,
}

/// An answer to a field (`Champ`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChampIn {
    /// GraphQL id of the answer; `annotationId` of mutations.
    pub id: String,
    /// `champDescriptorId`; the id where an older instance has none.
    pub descriptor: String,
    /// Its label.
    pub label: String,
    /// `__typename` (`TextChamp`, `IntegerNumberChamp`…).
    pub kind: String,
    /// `stringValue`, which may always be shown.
    #[serde(default)]
    pub string: Option<String>,
    /// Its value as its type has it, where it is plain: a number as text, `true`, `2026-01-31`.
    #[serde(default)]
    pub value: Option<String>,
    /// The choices of a `MultipleDropDownListChamp`.
    #[serde(default)]
    pub values: Vec<String>,
    /// The files of a `PieceJustificativeChamp`.
    #[serde(default)]
    pub files: Vec<FileIn>,
    /// The rows of a `RepetitionChamp`.
    #[serde(default)]
    pub rows: Vec<Vec<ChampIn>>,
}

/// A change of state (`Traitement`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TraitementIn {
    /// GraphQL id.
    pub id: String,
    /// `TraitementEvent`; where an older instance has none, `state:` and the state.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// `emailAgentTraitant`; none where nobody did it.
    #[serde(default)]
    pub by: Option<String>,
    /// Reason of a decision.
    #[serde(default)]
    pub motivation: Option<String>,
}

/// Dossiers that have left the lists of a démarche.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Gone {
    /// The démarche.
    pub demarche: u64,
    /// Those purged (`deletedDossiers`).
    #[serde(default)]
    pub purged: Vec<GoneDossier>,
    /// Those in a trash (`pendingDeletedDossiers`).
    #[serde(default)]
    pub trashed: Vec<GoneDossier>,
}

/// A dossier that was deleted (`DeletedDossier`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GoneDossier {
    /// Its number.
    pub number: u64,
    /// `state`.
    #[serde(default)]
    pub state: String,
    /// `reason`: `user_request`, `instructeur_request`, `expired`…
    #[serde(default)]
    pub reason: String,
    /// `dateSupression` (sic).
    pub at: Timestamp,
}

/// How far a démarche has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The démarche.
    pub demarche: u64,
    /// When it was first met: what happened before is told to nobody.
    pub met: Timestamp,
    /// The first reading is over.
    #[serde(default)]
    pub whole: bool,
    /// `after` of the next page, while a reading is under way.
    #[serde(default)]
    pub after: Option<String>,
    /// The newest `dateDerniereModification` that was read.
    #[serde(default)]
    pub newest: Option<Timestamp>,
    /// The newest `dateSupression` that was read.
    #[serde(default)]
    pub deleted: Option<Timestamp>,
}

/// That a démarche is not read: what is known of it is what was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: WhyUnread,
}

/// Why a démarche is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyUnread {
    /// The platform is not reached, or does not answer as it should.
    Away,
    /// The token is refused: it has ended, is not known any more, or is for another network.
    Token,
    /// The démarche is not shown to the token any more, or is gone.
    Hidden,
}

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
    /// GraphQL id of the last [`TraitementIn`] that the instructeur knew, where the acts change the state: it must still be
    /// the last one, or this is about another dossier than he saw.
    #[serde(default)]
    pub expects: Option<String>,
    /// When it was ordered.
    pub at: Timestamp,
    /// The line that asked for it; who said it is answered.
    #[serde(default)]
    pub asked: Option<Box<Line>>,
    /// The id of what asked for it, as [`Incoming::id`](super::Incoming::id).
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

impl DossierIn {
    /// SHA-256 of all that it says, in lower-case hexadecimal: two that are the same say the same.
    pub fn digest(&self) -> String {
        digest(self)
    }
}

impl DemarcheIn {
    /// The same of a démarche.
    pub fn digest(&self) -> String {
        digest(self)
    }
}

fn digest<T: Serialize>(value: &T) -> String {
    // Fields come in their order, and there is no map whose keys could change places.
    let json = serde_json::to_vec(value).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(json))
}

/// What a message says, without how it is written: HTML and plain text of the same words are the same.
pub fn plain(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        if let Some((_, after)) = tag.split_once('>').filter(|_| is_tag) {
            text.push(' ');
            rest = after;
        } else {
            text.push('<');
            rest = tag;
        }
    }
    text.push_str(rest);
    for (entity, sign) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, sign);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_in_html() {
        let said = "Bonjour,\n\n1 < 2 & c’est dit.";
        assert_eq!(
            plain(said),
            plain("<p>Bonjour,</p>\n<p>1 &lt; 2 &amp; c’est  dit.</p>")
        );
        assert_ne!(
            plain(said),
            plain("<p>Bonjour,</p>\n<p>1 &lt; 3 &amp; c’est dit.</p>")
        );
        assert_eq!(plain("<"), "<");
        assert_eq!(plain("a<br/>b"), "a b");
    }

    #[test]
    fn what_says_the_same_has_the_same_digest() {
        let one = DossierIn::default();
        let other = DossierIn {
            archived: true,
            ..DossierIn::default()
        };
        assert_eq!(one.digest(), one.clone().digest());
        assert_ne!(one.digest(), other.digest());
        assert_eq!(one.digest().len(), 64);
    }
}
