//! The sheets of a démarche: their columns, in the platform's order, and their rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cell::Cell;
use super::name::Names;
use crate::domain::{Avis, Champ, ChampType, Demarche, Dossier, Email, Statut, Valeur, paris};

/// A sheet: what it is called, its columns, and how a dossier fills it.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    of: Of<'a>,
    paris: TimeZone,
}

/// What a row of a sheet is.
#[derive(Debug)]
enum Of<'a> {
    /// A dossier, with these fields and annotations.
    Dossier(Vec<&'a Champ>, Vec<&'a Champ>),
    /// An avis.
    Avis,
    /// A row of a repeated field.
    Champ(&'a Champ),
    /// A row of a repeated annotation.
    Annotation(&'a Champ),
}

/// Columns of a dossier that no form asks for.
const DOSSIER: [&str; 17] = [
    "ID",
    "Email",
    "Civilité",
    "Nom",
    "Prénom",
    "Établissement SIRET",
    "Entreprise raison sociale",
    "Archivé",
    "État du dossier",
    "Dernière mise à jour le",
    "Déposé le",
    "Passé en instruction le",
    "Traité le",
    "Motivation de la décision",
    "Instructeurs",
    "Groupe instructeur",
    "Étiquettes",
];

const AVIS: [&str; 9] = [
    "Dossier ID",
    "Introduction",
    "Réponse",
    "Question",
    "Réponse oui/non",
    "Créé le",
    "Répondu le",
    "Instructeur",
    "Expert",
];

/// Before the fields of a repeated field.
const ROW: [&str; 2] = ["Dossier ID", "Ligne"];

impl<'a> Sheet<'a> {
    /// The sheet of dossiers alone, which is all that csv has.
    pub(super) fn dossiers(demarche: &'a Demarche) -> Self {
        let champs = single(&demarche.champs);
        let annotations = single(&demarche.annotations);
        let asked = champs.iter().chain(&annotations).copied();
        let columns = columns(&DOSSIER, asked);
        Self::new("Dossiers", columns, Of::Dossier(champs, annotations))
    }

    /// All sheets of a démarche.
    pub(super) fn all(demarche: &'a Demarche) -> Vec<Self> {
        let repeated = |champ: &&Champ| champ.kind == ChampType::Repetition;
        let champs = demarche.champs.iter().filter(repeated);
        let annotations = demarche.annotations.iter().filter(repeated);
        let mut sheets = vec![
            Self::dossiers(demarche),
            Self::new("Avis", columns(&AVIS, std::iter::empty()), Of::Avis),
        ];
        sheets.extend(champs.map(|champ| Self::repetition(champ, Of::Champ(champ))));
        sheets.extend(annotations.map(|champ| Self::repetition(champ, Of::Annotation(champ))));
        sheets
    }

    fn repetition(champ: &'a Champ, of: Of<'a>) -> Self {
        let columns = columns(&ROW, single(&champ.champs).into_iter());
        Self::new(&champ.libelle, columns, of)
    }

    fn new(name: &str, columns: Vec<String>, of: Of<'a>) -> Self {
        Self {
            name: name.to_owned(),
            columns,
            of,
            paris: paris(),
        }
    }

    /// The rows that a dossier has on it.
    pub(super) fn rows<'d>(&self, dossier: &'d Dossier) -> Vec<Vec<Cell<'d>>> {
        match &self.of {
            Of::Dossier(champs, annotations) => {
                let mut cells = self.dossier(dossier);
                cells.extend(
                    champs
                        .iter()
                        .map(|champ| Cell::valeur(dossier.champs.get(&champ.id))),
                );
                let annotated = |champ: &&Champ| Cell::valeur(dossier.annotations.get(&champ.id));
                cells.extend(annotations.iter().map(annotated));
                vec![cells]
            }
            Of::Avis => dossier
                .avis
                .values()
                .map(|avis| self.avis(dossier, avis))
                .collect(),
            Of::Champ(champ) => lines(dossier, champ, dossier.champs.get(&champ.id)),
            Of::Annotation(champ) => lines(dossier, champ, dossier.annotations.get(&champ.id)),
        }
    }

    fn dossier<'d>(&self, dossier: &'d Dossier) -> Vec<Cell<'d>> {
        let moment =
            |at: Option<Timestamp>| at.map_or(Cell::Empty, |at| Cell::moment(at, &self.paris));
        let mut latest = dossier.steps.iter().rev();
        let instruction = latest.find(|step| step.statut == Statut::EnInstruction);
        let decided = dossier.decided.as_ref();
        let motivation = decided.and_then(|decided| decided.motivation.as_deref());
        let demandeur = &dossier.demandeur;
        let followers: Vec<&str> = dossier.followers.keys().map(Email::as_str).collect();
        let etiquettes: Vec<&str> = dossier.etiquettes.iter().map(String::as_str).collect();
        vec![
            number(dossier.number.0),
            Cell::text(dossier.usager.as_str()),
            Cell::text(demandeur.civilite.as_str()),
            Cell::text(demandeur.nom.as_str()),
            Cell::text(demandeur.prenom.as_str()),
            Cell::text(demandeur.siret.as_str()),
            Cell::text(demandeur.raison_sociale.as_str()),
            Cell::text(oui_non(dossier.archived)),
            Cell::text(dossier.statut.libelle()),
            moment(Some(dossier.updated)),
            moment(Some(dossier.deposited)),
            moment(instruction.map(|step| step.at)),
            moment(decided.map(|decided| decided.at)),
            Cell::text(motivation.unwrap_or_default()),
            Cell::text(followers.join(", ")),
            Cell::text(dossier.groupe.as_str()),
            Cell::text(etiquettes.join(", ")),
        ]
    }

    /// All that an expert answered stands in one cell; the time is that of the last answer.
    fn avis<'d>(&self, dossier: &Dossier, avis: &'d Avis) -> Vec<Cell<'d>> {
        let texts = avis.answers.iter().map(|answer| answer.text.as_str());
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        let answered = avis.answers.last().map(|answer| answer.at);
        vec![
            number(dossier.number.0),
            Cell::text(avis.text.as_str()),
            Cell::text(texts.join("\n\n")),
            Cell::text(avis.question.as_deref().unwrap_or_default()),
            avis.oui_non()
                .map_or(Cell::Empty, |oui| Cell::text(oui_non(oui))),
            Cell::moment(avis.at, &self.paris),
            answered.map_or(Cell::Empty, |at| Cell::moment(at, &self.paris)),
            Cell::text(avis.by.as_str()),
            Cell::text(avis.expert.as_str()),
        ]
    }
}

/// Columns of ours and then one for each field, each name once.
fn columns<'a>(first: &[&str], asked: impl Iterator<Item = &'a Champ>) -> Vec<String> {
    let asked = asked.map(|champ| {
        let unnamed = champ.libelle.trim().is_empty();
        if unnamed { &champ.id } else { &champ.libelle }
    });
    let mut names = Names::default();
    let labels = first.iter().copied().chain(asked.map(String::as_str));
    labels.map(|label| names.column(label)).collect()
}

/// The fields that have one cell: no title, no rows.
fn single(champs: &[Champ]) -> Vec<&Champ> {
    let single = |champ: &&Champ| champ.kind.typed() || champ.kind == ChampType::PieceJustificative;
    champs.iter().filter(single).collect()
}

/// The rows of a repeated field.
fn lines<'d>(dossier: &Dossier, champ: &Champ, valeur: Option<&'d Valeur>) -> Vec<Vec<Cell<'d>>> {
    let Some(Valeur::Rows(rows)) = valeur else {
        return Vec::new();
    };
    let line = |(index, row): (usize, &'d BTreeMap<String, Valeur>)| {
        let mut cells = vec![number(dossier.number.0), number(index as u64 + 1)];
        let asked = single(&champ.champs).into_iter();
        cells.extend(asked.map(|champ| Cell::valeur(row.get(&champ.id))));
        cells
    };
    rows.iter().enumerate().map(line).collect()
}

fn number<'a>(number: u64) -> Cell<'a> {
    Cell::integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn oui_non(oui: bool) -> &'static str {
    if oui { "Oui" } else { "Non" }
}
