//! A decision of two on the platform, in the daemon.

use super::desk::Desk;
use super::fake::{Fault, Statut};
use crate::daemon::desk::{INES, LINA, PAUL, code};

#[test]
fn what_the_platform_refuses_to_two_is_decided_for_nobody() {
    let desk = Desk::open("four_eyes = true\nusager_mail = true\n");
    let number = desk.filed(LINA);
    desk.done(&format!("instruire {number}"), INES);
    let preview = desk.done(&format!("accepter {number} Conforme."), INES);
    let confirmer = format!("confirmer {}", code(&preview));
    // Whoever proposes it does not decide it alone, however often he says so.
    desk.command(&confirmer, INES);
    desk.command(&confirmer, INES);
    assert_eq!(desk.site.fake.done("dossierAccepter", number), 0);
    let siret = "Les informations du SIRET du dossier ne sont pas complètes";
    let refused = Fault::Root("bad_request".to_owned(), siret.to_owned());
    desk.site.fake.fail("dossierAccepter", 1, refused);
    let said = desk.command(&confirmer, PAUL);
    assert_ne!(said.code, 0, "{said:?}");
    desk.shown("la décision confirmée n'a pas été prise sur la plateforme");
    desk.settled(0);
    let dossier = desk.site.fake.dossier(number);
    assert_eq!(dossier.statut, Statut::EnInstruction);
    let seen = desk.done(&format!("dossier {number}"), PAUL);
    assert!(seen.contains("En instruction"), "{seen}");
    for word in ["**accepté**", "est accepté", "Accepté"] {
        assert!(!desk.room().contains(word), "{word}: {}", desk.room());
    }
    assert_eq!(desk.count(LINA, "accepté"), 0);
    // The same code decides nothing any more; another decision does.
    desk.command(&confirmer, PAUL);
    assert_eq!(desk.site.fake.done("dossierAccepter", number), 0);
    let preview = desk.done(&format!("accepter {number} Conforme."), PAUL);
    let confirmer = format!("confirmer {}", code(&preview));
    desk.command(&confirmer, PAUL);
    desk.done(&confirmer, INES);
    assert_eq!(desk.site.fake.done("dossierAccepter", number), 1);
    desk.shown("accepté");
}
