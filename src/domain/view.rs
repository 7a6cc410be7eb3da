//! Where a dossier is listed: a pure function of its state, so that indexes can always be made anew.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::demarche::Demarche;
use super::dossier::Dossier;
use super::id::{DemarcheId, DossierId, Email};

/// A tab (onglet) of the instructeur's dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Onglet {
    /// En cours and followed by nobody.
    ASuivre,
    /// En cours and followed by the one who looks.
    Suivis,
    /// Decided, not archived.
    Traites,
    /// All but the archived and the deleted.
    Total,
    /// In the trash.
    Supprimes,
    /// Expiry announced.
    Expirants,
    /// Put away.
    Archives,
}

impl Onglet {
    /// All tabs, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::ASuivre,
        Self::Suivis,
        Self::Traites,
        Self::Total,
        Self::Supprimes,
        Self::Expirants,
        Self::Archives,
    ];

    /// As people read it.
    pub fn libelle(self) -> &'static str {
        match self {
            Self::ASuivre => "à suivre",
            Self::Suivis => "suivis",
            Self::Traites => "traités",
            Self::Total => "au total",
            Self::Supprimes => "supprimés récemment",
            Self::Expirants => "expirants",
            Self::Archives => "archivés",
        }
    }
}

/// A list of dossiers that the store keeps in order and counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct List {
    /// The démarche.
    pub demarche: DemarcheId,
    /// The group, or the follower.
    pub of: Of,
    /// Which tab.
    pub onglet: Onglet,
    /// Only those with an orange mark for that follower.
    pub marked: bool,
}

impl List {
    /// All that is in a tab, with and without marks.
    pub fn whole(demarche: DemarcheId, of: Of, onglet: Onglet) -> Self {
        Self {
            demarche,
            of,
            onglet,
            marked: false,
        }
    }
}

/// Whose list it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// A group's, by its label.
    Groupe(String),
    /// A follower's.
    Instructeur(Email),
}

/// All the places where a dossier is listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The lists that it is in.
    pub lists: BTreeSet<List>,
    /// When the clock must look at it.
    pub due: Option<Timestamp>,
}

impl View {
    /// Where `dossier` is listed.
    pub fn of(dossier: &Dossier, demarche: &Demarche) -> Self {
        Self {
            lists: lists(dossier),
            due: super::decide::due(dossier, demarche),
        }
    }
}

/// The key by which lists are ordered: newest deposit first, then the higher number.
pub fn order(dossier: &Dossier) -> (i64, DossierId) {
    (dossier.deposited.as_second(), dossier.number)
}

fn lists(dossier: &Dossier) -> BTreeSet<List> {
    let mut lists = BTreeSet::new();
    if dossier.purged.is_some() {
        return lists;
    }
    let groupe = |onglet| List::whole(dossier.demarche, Of::Groupe(dossier.groupe.clone()), onglet);
    if dossier.trash.is_some() {
        lists.insert(groupe(Onglet::Supprimes));
        return lists;
    }
    if dossier.expiry_noticed.is_some() {
        lists.insert(groupe(Onglet::Expirants));
    }
    if dossier.archived {
        lists.insert(groupe(Onglet::Archives));
        return lists;
    }
    lists.insert(groupe(Onglet::Total));
    let followed = if dossier.statut.traite() {
        lists.insert(groupe(Onglet::Traites));
        Onglet::Traites
    } else {
        if dossier.followers.is_empty() {
            lists.insert(groupe(Onglet::ASuivre));
        }
        Onglet::Suivis
    };
    for (follower, marks) in &dossier.followers {
        let of = |marked| List {
            demarche: dossier.demarche,
            of: Of::Instructeur(follower.clone()),
            onglet: followed,
            marked,
        };
        if followed == Onglet::Suivis {
            lists.insert(of(false));
        }
        if !marks.is_empty() {
            lists.insert(of(true));
        }
    }
    lists
}
