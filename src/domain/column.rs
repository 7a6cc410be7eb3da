//! Columns of lists: what each shows of a dossier, and by which names people call them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::demarche::{Champ, ChampType, Demarche};
use super::dossier::{Avis, Dossier, Statut};
use super::valeur::Valeur;

/// A column of a list. The serde names are kept in what people have saved and in orders that wait.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Where the dossier stands.
    Statut,
    /// Who it is for.
    Demandeur,
    /// His family name.
    Nom,
    /// His first name.
    Prenom,
    /// The address of who filed it.
    Usager,
    /// When it was filed.
    Depot,
    /// When it last passed en instruction.
    Instruction,
    /// When it was decided.
    Decision,
    /// When anything last happened to it.
    MiseAJour,
    /// Its group.
    Groupe,
    /// Who follows it.
    Suivi,
    /// Its labels.
    Etiquettes,
    /// What experts answered by oui or non.
    Avis,
    /// A field of the form, by its id.
    Champ(String),
    /// An annotation privée, by its id.
    Annotation(String),
}

/// What a column holds, and so how its values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text of any kind.
    Text,
    /// One or several of known values.
    Choice,
    /// Numbers.
    Number,
    /// Days.
    Day,
    /// Moments, of which the day is compared.
    Moment,
}

/// A column with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which.
    pub column: Column,
    /// The word for it in commands.
    pub id: String,
    /// What people read.
    pub label: String,
}

/// The columns that every démarche has, with their names.
const BUILT_IN: [(Column, &str, &str); 13] = [
    (Column::Statut, "statut", "Statut"),
    (Column::Demandeur, "demandeur", "Demandeur"),
    (Column::Depot, "depot", "Date de dépôt"),
    (Column::MiseAJour, "mise_a_jour", "Dernière modification"),
    (Column::Groupe, "groupe", "Groupe instructeur"),
    (Column::Avis, "avis", "Avis (oui ou non)"),
    (Column::Nom, "nom", "Nom du demandeur"),
    (Column::Prenom, "prenom", "Prénom du demandeur"),
    (Column::Usager, "usager", "Adresse de l’usager"),
    (
        Column::Instruction,
        "instruction",
        "Date de passage en instruction",
    ),
    (Column::Decision, "decision", "Date de décision"),
    (Column::Suivi, "suivi", "Suivi par"),
    (Column::Etiquettes, "etiquette", "Étiquettes"),
];

/// How many of them keep their ids whatever the form has.
const ELDER: usize = 6;

/// Every column of `demarche`: those that all have, then its form's, then its annotations. A heading and an explanation
/// hold nothing that could be shown, sorted or filtered.
pub fn columns(demarche: &Demarche) -> Vec<Named> {
    let built_in = BUILT_IN.map(|(column, id, label)| Named {
        column,
        id: id.to_owned(),
        label: label.to_owned(),
    });
    let of = |champs: &[Champ], column: fn(String) -> Column| {
        let holding = champs.iter().filter(|champ| {
            !matches!(
                champ.kind,
                ChampType::HeaderSection | ChampType::Explication
            )
        });
        holding
            .map(|champ| Named {
                column: column(champ.id.clone()),
                id: champ.id.clone(),
                label: champ.libelle.clone(),
            })
            .collect::<Vec<_>>()
    };
    let champs = of(&demarche.champs, Column::Champ);
    let annotations = of(&demarche.annotations, Column::Annotation);
    let mut columns: Vec<Named> = built_in
        .into_iter()
        .chain(champs)
        .chain(annotations)
        .collect();
    // Each id means one column. The first that has it keeps it; a field goes before those that came later than forms.
    let mut taken = BTreeSet::new();
    let (elder, rest) = columns.split_at_mut(ELDER);
    let (younger, own) = rest.split_at_mut(BUILT_IN.len() - ELDER);
    for named in elder.iter_mut().chain(own).chain(younger) {
        if !taken.insert(super::fold(&named.id)) {
            let label = named.label.clone();
            let second = format!("{label} (2)");
            let mut free = [label, second].into_iter();
            let free = free.find(|id| taken.insert(super::fold(id)));
            named.id = free.unwrap_or_default();
        }
    }
    columns
}

/// The column of `demarche` that `name` means: an id, else a label. Where a field has the id of a column that all have,
/// or an annotation that of a field, the label tells them apart.
pub fn column(demarche: &Demarche, name: &str) -> Option<Named> {
    let wanted = super::fold(name);
    let mut columns = columns(demarche);
    let place = columns
        .iter()
        .position(|named| super::fold(&named.id) == wanted)
        .or_else(|| {
            columns
                .iter()
                .position(|named| super::fold(&named.label) == wanted)
        })?;
    Some(columns.swap_remove(place))
}

impl Column {
    /// What it holds in dossiers of `demarche`.
    pub fn holds(&self, demarche: &Demarche) -> Holds {
        match self {
            Self::Statut | Self::Groupe | Self::Etiquettes | Self::Avis => Holds::Choice,
            Self::Demandeur | Self::Nom | Self::Prenom | Self::Usager | Self::Suivi => Holds::Text,
            Self::Depot | Self::Instruction | Self::Decision | Self::MiseAJour => Holds::Moment,
            Self::Champ(_) | Self::Annotation(_) => {
                self.champ(demarche)
                    .map_or(Holds::Text, |champ| match champ.kind {
                        ChampType::IntegerNumber | ChampType::DecimalNumber => Holds::Number,
                        ChampType::Date => Holds::Day,
                        ChampType::YesNo
                        | ChampType::Checkbox
                        | ChampType::Civilite
                        | ChampType::DropDownList
                        | ChampType::MultipleDropDownList => Holds::Choice,
                        _ => Holds::Text,
                    })
            }
        }
    }

    /// The values that it can have in dossiers of `demarche`, where they are known.
    pub fn options(&self, demarche: &Demarche) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            Self::Statut => Statut::ALL.map(|statut| statut.libelle().to_owned()).into(),
            Self::Groupe => {
                let groupes = demarche.groupes.iter();
                groupes.map(|groupe| groupe.label.clone()).collect()
            }
            Self::Etiquettes => {
                let etiquettes = demarche.etiquettes.iter();
                etiquettes.map(|etiquette| etiquette.nom.clone()).collect()
            }
            Self::Avis => words(&["Oui", "Non"]),
            _ => match self.champ(demarche) {
                Some(champ) => match champ.kind {
                    ChampType::YesNo | ChampType::Checkbox => words(&["Oui", "Non"]),
                    ChampType::Civilite => words(&["Madame", "Monsieur"]),
                    _ => champ.options.clone(),
                },
                None => Vec::new(),
            },
        }
    }

    fn champ<'a>(&self, demarche: &'a Demarche) -> Option<&'a Champ> {
        match self {
            Self::Champ(id) => demarche.champ(id),
            Self::Annotation(id) => demarche.annotations.iter().find(|champ| champ.id == *id),
            _ => None,
        }
    }

    /// The answer behind it, where it is a field or an annotation.
    pub(super) fn valeur<'a>(&self, dossier: &'a Dossier) -> Option<&'a Valeur> {
        match self {
            Self::Champ(id) => dossier.champs.get(id),
            Self::Annotation(id) => dossier.annotations.get(id),
            _ => None,
        }
    }

    /// The moment behind it, where it is one.
    pub(super) fn moment(&self, dossier: &Dossier) -> Option<Timestamp> {
        match self {
            Self::Depot => Some(dossier.deposited),
            Self::MiseAJour => Some(dossier.updated),
            Self::Instruction => {
                let mut steps = dossier.steps.iter().rev();
                let step = steps.find(|step| step.statut == Statut::EnInstruction)?;
                Some(step.at)
            }
            Self::Decision => dossier.decided.as_ref().map(|decided| decided.at),
            _ => None,
        }
    }

    /// The texts behind it, one for each value that it has.
    pub(super) fn texts(&self, dossier: &Dossier) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match self {
            Self::Statut => one(dossier.statut.libelle()),
            Self::Demandeur => vec![dossier.demandeur.name()],
            Self::Nom => one(&dossier.demandeur.nom),
            Self::Prenom => one(&dossier.demandeur.prenom),
            Self::Usager => one(dossier.usager.as_str()),
            Self::Groupe => one(&dossier.groupe),
            Self::Suivi => {
                let followers = dossier.followers.keys();
                followers.map(|email| local(email.as_str())).collect()
            }
            Self::Etiquettes => dossier.etiquettes.iter().cloned().collect(),
            Self::Avis => {
                let answers = dossier.avis.values().filter_map(Avis::oui_non);
                answers
                    .map(|oui| if oui { "Oui" } else { "Non" }.to_owned())
                    .collect()
            }
            Self::Depot | Self::Instruction | Self::Decision | Self::MiseAJour => Vec::new(),
            Self::Champ(_) | Self::Annotation(_) => match self.valeur(dossier) {
                Some(Valeur::Choices(choices)) => choices.clone(),
                Some(Valeur::Pieces(pieces)) => {
                    pieces.iter().map(|piece| piece.name.clone()).collect()
                }
                Some(Valeur::Rows(rows)) => {
                    let cells = rows.iter().flat_map(|row| row.values());
                    cells.map(Valeur::shown).collect()
                }
                Some(other) => vec![other.shown()],
                None => Vec::new(),
            },
        }
    }

    /// What it shows of `dossier`, as people read it.
    pub fn shown(&self, dossier: &Dossier) -> String {
        if let Some(at) = self.moment(dossier) {
            let day = at.to_zoned_datetime(super::paris()).date();
            return day.strftime("%d/%m/%Y").to_string();
        }
        match self.valeur(dossier) {
            Some(valeur) => valeur.shown(),
            None => self.texts(dossier).join(", "),
        }
    }
}

fn local(address: &str) -> String {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.to_owned()
}
