//! Ten or a hundred thousand dossiers at once.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Fake;
use super::champ::{Champ, Value};
use super::model::Demandeur;
use super::seed::blank;

const NOMS: &[&str] = &[
    "Arbelot",
    "Brindelune",
    "Corvalette",
    "Dormirande",
    "Esterlune",
    "Falbarret",
    "Grimaudelle",
];
const PRENOMS: &[&str] = &[
    "Camille",
    "Dominique",
    "Alix",
    "Sacha",
    "Maxime",
    "Lou",
    "Charlie",
    "Noa",
];

impl Fake {
    /// Files `count` dossiers, one a second up to now, spread over the groups; they share one form, and have no
    /// automatic message. Returns their numbers.
    pub fn bulk(&self, demarche: i32, count: i32) -> Range<i32> {
        let state = &mut *self.shared.state();
        let now = state.clock.tick();
        let form = state.demarche(demarche);
        let groupes = form.groupes.clone();
        let revision = form.revisions.len() - 1;
        let first_text = form
            .revisions
            .last()
            .and_then(|form| form.champs.iter().find(|each| each.kind == "text"));
        let champ = first_text.map(|descriptor| Champ {
            stable_id: descriptor.stable_id,
            value: Value::from("Réfection de la toiture"),
            updated_at: now,
        });
        let champs: Arc<Vec<Champ>> = Arc::new(champ.into_iter().collect());
        let mut first = None;
        for index in 0..count {
            let number = state.next_dossier();
            first.get_or_insert(number);
            let ago = Duration::from_secs(u64::try_from(count - index).unwrap_or_default());
            let pick = usize::try_from(index).unwrap_or_default();
            let some = |names: &[&'static str], step: usize| {
                names.get(pick / step % names.len()).copied().unwrap_or("")
            };
            let groupe = groupes
                .get(pick % groupes.len().max(1))
                .copied()
                .expect("a group");
            let civilite = if pick % 2 == 0 { "Mme" } else { "M" };
            let demandeur = Demandeur::Physique {
                civilite,
                nom: some(NOMS, 1).into(),
                prenom: some(PRENOMS, 7).into(),
            };
            let usager = format!("usager-{number}@example.org");
            let mut dossier = blank(number, demarche, groupe, usager, demandeur, now - ago);
            dossier.revision = revision;
            dossier.champs = champs.clone();
            state.insert_dossier(dossier);
            state.traite(number, "depose", None, None, now - ago);
        }
        let first = first.unwrap_or_default();
        first..first + count
    }
}
