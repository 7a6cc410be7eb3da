//! An attestation as its template reads it: the words of the démarche, with what the dossier says in the place of balises.

use jiff::Timestamp;
use serde::Serialize;

use super::plain::paragraphs;
use crate::domain::balise::{Balise, Stretch, stretches};
use crate::domain::{Demarche, Dossier, Statut, Valeur};
use crate::template::french;

/// What `attestation.typ` reads.
#[derive(Debug, Serialize)]
pub(super) struct Sheet {
    titre: String,
    dossier: String,
    demarche: String,
    service: String,
    date: String,
    corps: Vec<Vec<String>>,
    pied: Vec<String>,
}

/// The attestation of the dossier's decision, with its time; nothing where there is none.
pub(super) fn sheet(dossier: &Dossier, demarche: &Demarche) -> Option<(Sheet, Timestamp)> {
    let decided = dossier.decided.as_ref()?;
    let words = demarche.attestation_of(decided.decision)?;
    let fill = |text: &str| filled(text, dossier, demarche);
    let sheet = Sheet {
        titre: fill(&words.titre)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        dossier: dossier.number.to_string(),
        demarche: demarche.titre.clone(),
        service: demarche.service.clone(),
        date: day(decided.at),
        corps: paragraphs(&fill(&words.corps)),
        pied: paragraphs(&fill(&words.pied)).concat(),
    };
    Some((sheet, decided.at))
}

/// A text with its balises filled; one that stands for nothing leaves nothing.
fn filled(text: &str, dossier: &Dossier, demarche: &Demarche) -> String {
    let fill = |stretch: &Stretch<'_>| match stretch {
        Stretch::Text(text) => (*text).to_owned(),
        Stretch::Balise(balise) => said(*balise, dossier, demarche),
        Stretch::Unknown(name) => format!("--{name}--"),
    };
    stretches(text, demarche).iter().map(fill).collect()
}

fn said(balise: Balise<'_>, dossier: &Dossier, demarche: &Demarche) -> String {
    let decided = dossier.decided.as_ref();
    let answer = |answer: Option<&Valeur>| answer.map(super::dossier::shown).unwrap_or_default();
    let who = &dossier.demandeur;
    match balise {
        Balise::Numero => dossier.number.to_string(),
        Balise::Demarche => demarche.titre.clone(),
        Balise::Service => demarche.service.clone(),
        Balise::Groupe => dossier.groupe.clone(),
        Balise::Depot => day(dossier.deposited),
        Balise::Instruction => {
            let passed = dossier.steps.iter().rev();
            let mut passed = passed.filter(|step| step.statut == Statut::EnInstruction);
            passed.next().map(|step| day(step.at)).unwrap_or_default()
        }
        Balise::Decision => decided.map(|decided| day(decided.at)).unwrap_or_default(),
        Balise::Motivation => decided
            .and_then(|decided| decided.motivation.clone())
            .unwrap_or_default(),
        Balise::Demandeur => who.name(),
        Balise::Civilite => who.civilite.clone(),
        Balise::Nom => who.nom.clone(),
        Balise::Prenom => who.prenom.clone(),
        Balise::RaisonSociale => who.raison_sociale.clone(),
        Balise::Siret => super::dossier::siret(&who.siret),
        Balise::Champ(champ) => answer(dossier.champs.get(&champ.id)),
        Balise::Annotation(champ) => answer(dossier.annotations.get(&champ.id)),
    }
}

fn day(at: Timestamp) -> String {
    french::date(french::france(at))
}
