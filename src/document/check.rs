//! Prints the samples.

use std::collections::BTreeSet;

use super::{Chart, Error, Press, Print, Reader, Theme};
use crate::diagnostic::Diagnostic;
use crate::domain::samples::{self, Texts};
use crate::domain::stats::Tally;

pub(super) fn check(press: &Press) -> Vec<Diagnostic> {
    let texts = Texts::default();
    let demarche = samples::demarche(&texts);
    let mut faults = BTreeSet::new();
    let mut note = |file: &str, result: Result<(), Error>| match result {
        Ok(()) => {}
        Err(Error::Failed(diagnostic)) => drop(faults.insert(diagnostic)),
        Err(error) => drop(faults.insert(Diagnostic::whole(file, error.to_string()))),
    };
    let dossiers = samples::dossiers(&texts);
    let told = ["new", "accepted", "refused"];
    for (_, dossier) in dossiers.iter().filter(|(name, _)| told.contains(name)) {
        for reader in [Reader::Instructeur, Reader::Usager] {
            let print = Print {
                dossier,
                demarche: &demarche,
                reader,
                at: samples::now(),
                by: None,
            };
            note("pdf/dossier.typ", press.dossier(&print).map(drop));
        }
        note(
            "pdf/attestation.typ",
            press.attestation(dossier, &demarche).map(drop),
        );
    }
    let empty = Tally::new(samples::now());
    let mut some = empty.clone();
    dossiers.iter().for_each(|(_, dossier)| some.add(dossier));
    for tally in [empty, some] {
        for chart in Chart::ALL {
            let made = press.chart(chart, &tally.figures(), &demarche, Theme::Light);
            note("pdf/graphique.typ", made.map(drop));
        }
    }
    faults.into_iter().collect()
}
