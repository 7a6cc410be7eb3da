//! A demande de correction with files: one goes with it, and the others are messages after it.

use std::fs;
use std::path::PathBuf;

use super::desk::Desk;
use super::fake::{Fault, Statut};
use crate::daemon::desk::{INES, LINA};

fn files(desk: &Desk, names: &[&str]) -> Vec<PathBuf> {
    let write = |name: &&str| {
        let path = desk.path().join(name);
        fs::write(&path, format!("%PDF-1.4 {name}")).unwrap();
        path
    };
    names.iter().map(write).collect()
}

#[test]
fn the_first_file_goes_with_the_correction_and_the_others_after_it() {
    for fault in [None, Some(Fault::DropAfter), Some(Fault::InternalAfter)] {
        let desk = Desk::open("");
        let number = desk.filed(LINA);
        desk.done(&format!("instruire {number}"), INES);
        let before = desk.site.fake.dossier(number).messages.len();
        let files = files(&desk, &["modele.pdf", "exemple.pdf", "notice.pdf"]);
        let files: Vec<_> = files.iter().map(PathBuf::as_path).collect();
        if let Some(fault) = &fault {
            desk.site
                .fake
                .fail("dossierEnvoyerMessage", 1, fault.clone());
            desk.site
                .fake
                .fail_after("dossierEnvoyerMessage", 1, 1, fault.clone());
        }
        let line = format!("corriger {number} motif=incomplet Il manque le plan.");
        let said = desk.command_with(&line, INES, &files);
        assert_eq!(said.code, 0, "{said:?}");
        desk.settled(0);
        let dossier = desk.site.fake.dossier(number);
        assert_eq!(dossier.statut, Statut::EnConstruction, "{fault:?}");
        let names = |files: &[u32]| -> Vec<Vec<u8>> {
            files
                .iter()
                .map(|file| desk.site.fake.file_bytes(*file))
                .collect()
        };
        let sent: Vec<_> = dossier
            .messages
            .iter()
            .skip(before)
            .filter(|message| message.instructeur.is_some())
            .map(|message| {
                (
                    message.body.contains("Il manque le plan."),
                    message.correction.is_some(),
                    names(&message.files),
                )
            })
            .collect();
        let file = |name: &str| vec![format!("%PDF-1.4 {name}").into_bytes()];
        assert_eq!(
            sent,
            [
                (true, true, file("modele.pdf")),
                (false, false, file("exemple.pdf")),
                (false, false, file("notice.pdf")),
            ],
            "{fault:?}"
        );
        let seen = desk.done(&format!("dossier {number}"), INES);
        assert!(seen.contains("En construction"), "{seen}");
    }
}
