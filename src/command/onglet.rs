//! The tabs of the tutorial's dashboard, as people type them.

use super::fold::fold;
use crate::domain::Onglet;

/// The onglet that `text` means, in whatever form it is typed: `à suivre`, `mes dossiers`, `corbeille`.
pub fn read_onglet(text: &str) -> Option<Onglet> {
    let folded = fold(text);
    let means = |form: &str| fold(form) == folded;
    let mut onglets = Onglet::ALL.into_iter();
    onglets.find(|onglet| means(onglet.libelle()) || forms(*onglet).iter().any(|form| means(form)))
}

fn forms(onglet: Onglet) -> &'static [&'static str] {
    match onglet {
        Onglet::ASuivre => &["nouveaux", "non suivis"],
        Onglet::Suivis => &[
            "suivi",
            "suivis par moi",
            "mes dossiers",
            "mes suivis",
            "les miens",
        ],
        Onglet::Traites => &["traité", "décidés", "terminés"],
        Onglet::Total => &["total", "tous", "tous les dossiers", "tout"],
        Onglet::Supprimes => &["supprimé récemment", "supprimés", "supprimé", "corbeille"],
        Onglet::Expirants => &["expirant", "expirent"],
        Onglet::Archives => &["archivé"],
    }
}

/// What people read of every onglet.
pub(super) fn labels() -> Vec<String> {
    Onglet::ALL
        .iter()
        .map(|onglet| onglet.libelle().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_onglet_is_read_in_many_forms_and_each_means_one() {
        assert_eq!(read_onglet("A-Suivre"), Some(Onglet::ASuivre));
        assert_eq!(read_onglet("supprime\u{301}s"), Some(Onglet::Supprimes));
        assert_eq!(read_onglet("au\u{a0}total"), Some(Onglet::Total));
        assert_eq!(read_onglet("ailleurs"), None);
        for onglet in Onglet::ALL {
            let name = serde_json::to_value(onglet).expect("an onglet is a word");
            assert_eq!(
                read_onglet(name.as_str().expect("an onglet is a word")),
                Some(onglet)
            );
            for form in forms(onglet) {
                assert_eq!(read_onglet(form), Some(onglet), "{form}");
            }
        }
    }
}
