//! The tabs of the tutorial's dashboard.

use serde::{Deserialize, Serialize};

use super::fold::fold;

/// A tab of a démarche: which of its dossiers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Onglet {
    /// Followed by nobody.
    ASuivre,
    /// Followed by the person who asks.
    Suivis,
    /// Decided.
    Traites,
    /// All of them.
    Total,
    /// Deleted within the last two weeks.
    Supprimes,
    /// Soon to be deleted, at the end of their conservation.
    Expirants,
    /// Archived.
    Archives,
}

impl Onglet {
    /// Every onglet, in the order of the dashboard.
    pub const ALL: [Self; 7] = [
        Self::ASuivre,
        Self::Suivis,
        Self::Traites,
        Self::Total,
        Self::Supprimes,
        Self::Expirants,
        Self::Archives,
    ];

    /// What people read.
    pub fn label(self) -> &'static str {
        self.forms().first().copied().unwrap_or_default()
    }

    /// Its name in an order and in `onglet=…`: `a_suivre`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ASuivre => "a_suivre",
            Self::Suivis => "suivis",
            Self::Traites => "traites",
            Self::Total => "total",
            Self::Supprimes => "supprimes",
            Self::Expirants => "expirants",
            Self::Archives => "archives",
        }
    }

    /// The onglet that `text` means, in whatever form it is typed: `à suivre`, `mes dossiers`, `corbeille`.
    pub fn read(text: &str) -> Option<Self> {
        let folded = fold(text);
        Self::ALL
            .into_iter()
            .find(|onglet| onglet.forms().iter().any(|form| fold(form) == folded))
    }

    fn forms(self) -> &'static [&'static str] {
        match self {
            Self::ASuivre => &["à suivre", "nouveaux", "non suivis"],
            Self::Suivis => &[
                "suivis",
                "suivi",
                "suivis par moi",
                "mes dossiers",
                "mes suivis",
                "les miens",
            ],
            Self::Traites => &["traités", "traité", "décidés", "terminés"],
            Self::Total => &["au total", "total", "tous", "tous les dossiers", "tout"],
            Self::Supprimes => &[
                "supprimés récemment",
                "supprimé récemment",
                "supprimés",
                "supprimé",
                "corbeille",
            ],
            Self::Expirants => &["expirants", "expirant", "expirent"],
            Self::Archives => &["archivés", "archivé", "archives"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_onglet_is_read_in_many_forms_and_each_means_one() {
        assert_eq!(Onglet::read("A-Suivre"), Some(Onglet::ASuivre));
        assert_eq!(Onglet::read("supprime\u{301}s"), Some(Onglet::Supprimes));
        assert_eq!(Onglet::read("au\u{a0}total"), Some(Onglet::Total));
        assert_eq!(Onglet::read("ailleurs"), None);
        for onglet in Onglet::ALL {
            assert_eq!(Onglet::read(onglet.name()), Some(onglet));
            for form in onglet.forms() {
                assert_eq!(Onglet::read(form), Some(onglet), "{form}");
            }
        }
    }

    #[test]
    fn its_name_is_the_one_serde_writes() {
        for onglet in Onglet::ALL {
            assert_eq!(serde_json::to_value(onglet).unwrap(), onglet.name());
        }
    }
}
