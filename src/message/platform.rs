//! What the platform is asked for, and what it answers: plain data, as its GraphQL API v2 gives it.
//!
//! Ids are the platform's own and opaque; numbers are those that people read. Every field is `default` that an instance of
//! another age may lack.

mod dossier;
mod order;

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::dossier::{
    AvisIn, ChampIn, CorrectionIn, DemandeurIn, DossierIn, FileIn, MessageIn, TraitementIn,
};
pub use self::order::{Act, Answered, Ended, Order};
pub use crate::domain::WhyUnread;

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

/// The messages of a dossier that are known, by their GraphQL ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// Those that were found to be an order's own.
    pub own: BTreeSet<String>,
    /// All others.
    pub others: BTreeSet<String>,
}

/// What changes without `dateDerniereModification`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undated {
    /// `labels`, by name.
    pub labels: Option<Vec<String>>,
    /// `dateDerniereCorrectionEnAttente`.
    pub correction_pending: Option<Timestamp>,
    /// `archived`.
    pub archived: bool,
}

/// What is known of a dossier, as it was taken in last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// [`DossierIn::digest`].
    pub digest: String,
    /// `dateDerniereModification`.
    pub modified: Timestamp,
    /// What changes without it.
    pub undated: Undated,
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
