//! A dossier as the platform shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Profile;

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
