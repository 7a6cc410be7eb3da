//! The answers of a form, in its order: labels with answers, repetitions as tables where they fit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ligne, files};
use crate::document::plain;
use crate::domain::{Champ, ChampType, Valeur};
use crate::template::french;

/// The most columns of a repetition that is shown as a table.
const COLUMNS: usize = 5;
/// The most characters of an answer in such a table.
const CELL: usize = 120;
/// Letters of one line across the page, in the type of tables.
const ACROSS: usize = 95;

/// A part of a form.
#[derive(Debug, Serialize)]
#[serde(tag = "genre", rename_all = "snake_case")]
pub(in crate::document) enum Bloc {
    /// A title of the form's own.
    Titre { texte: String },
    /// Labels and answers.
    Champs { lignes: Vec<Ligne> },
    /// A repetition, a row each.
    Tableau {
        libelle: String,
        colonnes: Vec<String>,
        /// How wide each column is beside the others.
        parts: Vec<usize>,
        /// Which columns hold numbers.
        nombres: Vec<bool>,
        rangs: Vec<Vec<Ligne>>,
    },
    /// A repetition whose answers are too long for a table.
    Fiches {
        libelle: String,
        fiches: Vec<Vec<Ligne>>,
    },
}

/// The form's parts with their answers; what was answered to fields that the form has no more comes last.
pub(super) fn blocs(form: &[Champ], answers: &BTreeMap<String, Valeur>) -> Vec<Bloc> {
    let mut blocs: Vec<Bloc> = Vec::new();
    for champ in form {
        match (champ.kind, answers.get(&champ.id)) {
            (ChampType::Explication, _) => {}
            (ChampType::HeaderSection, _) => blocs.push(Bloc::Titre {
                texte: champ.libelle.clone(),
            }),
            (_, Some(Valeur::Rows(rows))) if !rows.is_empty() => {
                blocs.push(repetition(champ, rows));
            }
            (_, answer) => push(&mut blocs, ligne(champ, answer)),
        }
    }
    let gone: Vec<(&String, &Valeur)> = answers
        .iter()
        .filter(|(id, _)| !form.iter().any(|champ| champ.id == **id))
        .collect();
    if !gone.is_empty() {
        blocs.push(Bloc::Titre {
            texte: "Champs retirés du formulaire".to_owned(),
        });
    }
    for (id, answer) in gone {
        push(&mut blocs, answered(id, answer, None));
    }
    blocs
}

fn push(blocs: &mut Vec<Bloc>, ligne: Ligne) {
    if let Some(Bloc::Champs { lignes }) = blocs.last_mut() {
        lignes.push(ligne);
    } else {
        blocs.push(Bloc::Champs {
            lignes: vec![ligne],
        });
    }
}

fn ligne(champ: &Champ, answer: Option<&Valeur>) -> Ligne {
    match answer {
        Some(answer) => answered(&champ.libelle, answer, Some(champ.kind)),
        None => Ligne::text(&champ.libelle, ""),
    }
}

fn answered(libelle: &str, answer: &Valeur, kind: Option<ChampType>) -> Ligne {
    match answer {
        Valeur::Pieces(pieces) => Ligne::files(libelle, pieces),
        Valeur::Text(text) if kind == Some(ChampType::Siret) => Ligne::text(libelle, &siret(text)),
        Valeur::Choices(choices) => Ligne::text(libelle, &choices.join("\n")),
        Valeur::Rows(_) => Ligne {
            fichiers: files(answer.pieces()),
            ..Ligne::text(libelle, &answer.shown())
        },
        answer => Ligne::text(libelle, &shown(answer)),
    }
}

fn repetition(champ: &Champ, rows: &[BTreeMap<String, Valeur>]) -> Bloc {
    let columns: Vec<&Champ> = champ
        .champs
        .iter()
        .filter(|champ| champ.kind.answered())
        .collect();
    let rangs: Vec<Vec<Ligne>> = rows
        .iter()
        .map(|row| {
            let cell = |champ: &&Champ| ligne(champ, row.get(&champ.id));
            columns.iter().map(cell).collect()
        })
        .collect();
    let short = |ligne: &Ligne| ligne.length() <= CELL && ligne.fichiers.len() <= 1;
    if columns.len() > COLUMNS || !rangs.iter().flatten().all(short) {
        return Bloc::Fiches {
            libelle: champ.libelle.clone(),
            fiches: rangs,
        };
    }
    let parts = parts(&columns, &rangs);
    Bloc::Tableau {
        libelle: champ.libelle.clone(),
        colonnes: narrow(&columns, &parts),
        nombres: columns
            .iter()
            .map(|champ| {
                matches!(
                    champ.kind,
                    ChampType::IntegerNumber | ChampType::DecimalNumber
                )
            })
            .collect(),
        rangs: rangs
            .into_iter()
            .map(|rang| {
                rang.into_iter()
                    .zip(&parts)
                    .map(|(ligne, part)| ligne.narrowed(*part, &parts))
                    .collect()
            })
            .collect(),
        parts,
    }
}

/// As wide as the longest answer or label asks for, but none so narrow or so wide that the others suffer.
fn parts(columns: &[&Champ], rangs: &[Vec<Ligne>]) -> Vec<usize> {
    let widest = |(at, champ): (usize, &&Champ)| {
        let cells = rangs.iter().filter_map(|rang| rang.get(at));
        let longest = cells.map(Ligne::length).max().unwrap_or(0);
        longest.max(champ.libelle.chars().count()).clamp(8, 40)
    };
    columns.iter().enumerate().map(widest).collect()
}

fn narrow(columns: &[&Champ], parts: &[usize]) -> Vec<String> {
    let named =
        |(champ, part): (&&Champ, &usize)| plain::breakable(&champ.libelle, letters(*part, parts));
    columns.iter().zip(parts).map(named).collect()
}

/// Letters of one line in a column.
fn letters(part: usize, parts: &[usize]) -> f32 {
    let all: usize = parts.iter().sum();
    let letters = u16::try_from(part * ACROSS / all.max(1)).unwrap_or(u16::MAX);
    (f32::from(letters) - 3.0).max(4.0)
}

impl Ligne {
    /// Characters of all of it, a file's size included.
    fn length(&self) -> usize {
        let text: usize = self
            .paragraphes
            .iter()
            .flatten()
            .map(|line| line.chars().count())
            .sum();
        let files: usize = self
            .fichiers
            .iter()
            .map(|file| file.nom.chars().count() + 20)
            .sum();
        text + files
    }

    /// Its words broken to stay within a column.
    fn narrowed(mut self, part: usize, parts: &[usize]) -> Self {
        let most = letters(part, parts);
        for line in self.paragraphes.iter_mut().flatten() {
            *line = plain::breakable(line, most);
        }
        for file in &mut self.fichiers {
            file.nom = plain::breakable(&file.nom, most);
        }
        self
    }
}

/// An answer as it is read on paper: days in words, the thousands of large numbers apart.
pub(in crate::document) fn shown(answer: &Valeur) -> String {
    match answer {
        Valeur::Integer(number) => apart(&number.to_string()),
        Valeur::Decimal(number) => apart(&number.to_string().replace('.', ",")),
        Valeur::Date(day) => french::day(*day),
        other => other.shown(),
    }
}

/// `12 400`, `-12 400,5`; numbers of four digits stay as they are, for they may be years.
fn apart(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("−", digits),
        None => ("", number),
    };
    let (whole, rest) = match digits.split_once(',') {
        Some((whole, decimals)) => (whole, format!(",{decimals}")),
        None => (digits, String::new()),
    };
    let whole = match whole.parse::<u64>() {
        Ok(number) if number >= 10_000 => french::nombre(number),
        _ => whole.to_owned(),
    };
    format!("{sign}{whole}{rest}")
}

/// `732 829 320 00074`, where it has fourteen digits.
pub(in crate::document) fn siret(number: &str) -> String {
    if number.len() != 14 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let part = |from, to| number.get(from..to).unwrap_or_default();
    [part(0, 3), part(3, 6), part(6, 9), part(9, 14)].join("\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_easily() {
        for (number, expected) in [
            ("2024", "2024"),
            ("12400", "12\u{202f}400"),
            ("-1234567,5", "−1\u{202f}234\u{202f}567,5"),
            ("0,25", "0,25"),
        ] {
            assert_eq!(apart(number), expected);
        }
    }

    #[test]
    fn a_siret_is_read_by_groups() {
        assert_eq!(siret("73282932000074"), "732\u{a0}829\u{a0}320\u{a0}00074");
        assert_eq!(siret("12"), "12");
    }
}
