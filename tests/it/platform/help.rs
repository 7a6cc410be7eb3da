//! What `aide` says where the platform is the record.

use greffier::command::{Catalogue, Doer};
use greffier::domain::DemarcheId;
use greffier::mirror::Settings;

use super::middle::{INES, Middle};

#[test]
fn help_knows_whose_the_dossiers_are() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &["dossierAccepter"]);
    let help = middle.line(INES, "aide").answers.concat();
    assert!(help.contains("sur le site seulement"), "{help}");
    let help = middle.line(INES, "aide supprimer").answers.concat();
    assert!(help.contains("sur le site de la plateforme"), "{help}");
    let help = middle.line(INES, "aide instruire").answers.concat();
    assert!(help.contains('⏳') && help.contains('✅'), "{help}");
    middle.desk.app.mirrored = greffier::app::Mirrored::default();
    let help = middle.line(INES, "aide").answers.concat();
    assert!(!help.contains("le site") && !help.contains('⏳'), "{help}");
}

/// What help leaves to the site is what an act refuses, on a dossier that allows everything else.
#[test]
fn what_help_leaves_to_the_site_is_refused() {
    let mut middle = Middle::ready();
    middle.step("passe_en_instruction", "en_instruction", INES);
    middle.wait(1);
    middle.step("accepte", "accepte", INES);
    middle.look();
    middle.out();
    let catalogue = Catalogue::embedded();
    let specs = catalogue.specs().iter();
    let left: Vec<&str> = specs
        .filter(|spec| spec.platform == Doer::Site)
        .map(|spec| spec.name.as_str())
        .collect();
    assert_eq!(left, ["prolonger", "restaurer", "supprimer"]);
    for name in left {
        let refused = middle.line(INES, &format!("{name} 4807"));
        assert!(
            refused.answers[0].contains("sur le site de la plateforme"),
            "{name}: {refused:?}"
        );
    }
    middle.out();
}
