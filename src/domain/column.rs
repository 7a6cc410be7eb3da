//! Columns of lists: what each shows of a dossier, which is also what a filter looks at.

use jiff::Timestamp;

use super::dossier::{Avis, Dossier};
use super::valeur::Valeur;

/// What the column of that id shows of `dossier`: one of those that every démarche has, a field or an annotation.
pub fn column(dossier: &Dossier, id: &str) -> String {
    match id {
        "statut" => dossier.statut.libelle().to_owned(),
        "demandeur" => dossier.demandeur.name(),
        "depot" => day(dossier.deposited),
        "mise_a_jour" => day(dossier.updated),
        "groupe" => dossier.groupe.clone(),
        "avis" => dossier
            .avis
            .values()
            .filter_map(Avis::oui_non)
            .map(|oui| if oui { "oui" } else { "non" })
            .collect::<Vec<_>>()
            .join(", "),
        id => dossier
            .champs
            .get(id)
            .or_else(|| dossier.annotations.get(id))
            .map(Valeur::shown)
            .unwrap_or_default(),
    }
}

fn day(at: Timestamp) -> String {
    let date = at.to_zoned_datetime(super::paris()).date();
    date.strftime("%d/%m/%Y").to_string()
}
