//! Answers to fields, with their types.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Piece;
use super::demarche::{Champ, ChampType};
use super::id::Email;

/// The most characters of one answer; longer ones are refused.
pub const MAX_TEXT: usize = 20_000;

/// An answer to a field, typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "valeur", rename_all = "snake_case")]
pub enum Valeur {
    /// Text, a choice, an address, a telephone number.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Decimal(f64),
    /// A day.
    Date(Date),
    /// Oui or non.
    YesNo(bool),
    /// Several choices.
    Choices(Vec<String>),
    /// Files.
    Pieces(Vec<Piece>),
    /// Rows of a repetition.
    Rows(Vec<BTreeMap<String, Valeur>>),
}

impl Valeur {
    /// The files in it.
    pub fn pieces(&self) -> Vec<&Piece> {
        match self {
            Self::Pieces(pieces) => pieces.iter().collect(),
            Self::Rows(rows) => rows
                .iter()
                .flat_map(BTreeMap::values)
                .flat_map(Self::pieces)
                .collect(),
            Self::Text(_)
            | Self::Integer(_)
            | Self::Decimal(_)
            | Self::Date(_)
            | Self::YesNo(_)
            | Self::Choices(_) => Vec::new(),
        }
    }

    /// The answer as people read it, on one line where it can be.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(number) => number.to_string().replace('.', ","),
            Self::Date(date) => date.strftime("%d/%m/%Y").to_string(),
            Self::YesNo(true) => "Oui".to_owned(),
            Self::YesNo(false) => "Non".to_owned(),
            Self::Choices(choices) => choices.join(", "),
            Self::Pieces(pieces) => pieces
                .iter()
                .map(|piece| piece.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            Self::Rows(rows) => rows
                .iter()
                .map(|row| row.values().map(Self::shown).collect::<Vec<_>>().join(", "))
                .collect::<Vec<_>>()
                .join(" ; "),
        }
    }

    /// The answer of a field, read from what somebody typed. The error says, in French, what to write instead.
    pub fn read(champ: &Champ, typed: &str) -> Result<Self, String> {
        let typed = typed.trim();
        if typed.chars().count() > MAX_TEXT {
            return Err(format!("la réponse dépasse {MAX_TEXT} caractères"));
        }
        let lines = matches!(champ.kind, ChampType::Textarea | ChampType::Address);
        if typed.contains('\n') && champ.kind == ChampType::Text {
            return Err("une seule ligne est attendue".to_owned());
        }
        // A list may be typed over several lines, one choice each.
        let lines = lines || champ.kind == ChampType::MultipleDropDownList;
        if typed.contains(|c: char| c.is_control() && !(lines && "\t\r\n".contains(c))) {
            return Err("la réponse contient des caractères de contrôle".to_owned());
        }
        match champ.kind {
            ChampType::Text | ChampType::Textarea | ChampType::Address => {
                Ok(Self::Text(typed.to_owned()))
            }
            ChampType::Email => email(typed),
            ChampType::Phone => phone(typed),
            ChampType::Siret => siret(typed),
            ChampType::IntegerNumber => integer(typed),
            ChampType::DecimalNumber => decimal(typed),
            ChampType::Date => date(typed),
            ChampType::YesNo | ChampType::Checkbox => yes_no(typed),
            ChampType::Civilite => choice(typed, &["Madame".to_owned(), "Monsieur".to_owned()]),
            ChampType::DropDownList => choice(typed, &champ.options),
            ChampType::MultipleDropDownList => choices(typed, &champ.options),
            ChampType::PieceJustificative => Err("un fichier est attendu, pas un texte".to_owned()),
            ChampType::Repetition => Err("une liste de lignes est attendue".to_owned()),
            ChampType::HeaderSection | ChampType::Explication => {
                Err("ce champ n’attend pas de réponse".to_owned())
            }
        }
    }
}

fn email(typed: &str) -> Result<Valeur, String> {
    let email = Email::new(typed);
    if email.plausible() {
        Ok(Valeur::Text(email.into()))
    } else {
        Err("une adresse électronique est attendue, par exemple « nom@exemple.fr »".to_owned())
    }
}

fn phone(typed: &str) -> Result<Valeur, String> {
    let digits = typed.chars().filter(char::is_ascii_digit).count();
    let sane = (6..=15).contains(&digits)
        && typed
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+.-()/".contains(c));
    if sane {
        Ok(Valeur::Text(typed.to_owned()))
    } else {
        Err("un numéro de téléphone est attendu, par exemple « 01 23 45 67 89 »".to_owned())
    }
}

/// SIRET: 14 digits under the Luhn rule; La Poste's establishments (SIREN 356000000) follow a rule of their own.
fn siret(typed: &str) -> Result<Valeur, String> {
    let digits: Vec<u32> = typed
        .chars()
        .filter(|c| !c.is_whitespace())
        .map_while(|c| c.to_digit(10))
        .collect();
    let all_digits = typed.chars().filter(|c| !c.is_whitespace()).count() == digits.len();
    let luhn: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            if i % 2 == 1 {
                let e = d * 2;
                if e > 9 { e - 9 } else { e }
            } else {
                *d
            }
        })
        .sum();
    let text: String = digits
        .iter()
        .filter_map(|d| char::from_digit(*d, 10))
        .collect();
    let poste = text.starts_with("356000000") && digits.iter().sum::<u32>() % 5 == 0;
    if all_digits && digits.len() == 14 && (luhn.is_multiple_of(10) || poste) {
        Ok(Valeur::Text(text))
    } else {
        Err("un numéro SIRET de 14 chiffres, exact, est attendu".to_owned())
    }
}

fn integer(typed: &str) -> Result<Valeur, String> {
    let plain: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    plain
        .parse()
        .map(Valeur::Integer)
        .map_err(|_| "un nombre entier est attendu, par exemple « 42 »".to_owned())
}

/// A number of at most fifteen digits: those a `f64` keeps exactly, through JSON and back.
fn decimal(typed: &str) -> Result<Valeur, String> {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == ',' { '.' } else { c })
        .collect();
    let digits_only = plain
        .chars()
        .all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    if plain.chars().filter(char::is_ascii_digit).count() > 15 {
        return Err("un nombre de quinze chiffres au plus est attendu".to_owned());
    }
    plain
        .parse()
        .ok()
        .filter(|number: &f64| digits_only && number.is_finite())
        .map(Valeur::Decimal)
        .ok_or_else(|| "un nombre est attendu, par exemple « 12,5 »".to_owned())
}

fn date(typed: &str) -> Result<Valeur, String> {
    let parts: Vec<&str> = typed
        .split(|c: char| "/.-".contains(c) || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .collect();
    let places = parts.iter().enumerate();
    let numbers: Option<Vec<i16>> = places
        .map(|(place, part)| date_part(part, place == 1))
        .collect();
    let date = match numbers.as_deref() {
        Some([year, month, day]) if *year >= 1000 => {
            Date::new(*year, small(*month), small(*day)).ok()
        }
        Some([day, month, year]) if *year >= 1000 => {
            Date::new(*year, small(*month), small(*day)).ok()
        }
        _ => None,
    };
    date.map(Valeur::Date)
        .ok_or_else(|| "une date est attendue, par exemple « 03/06/2024 »".to_owned())
}

/// The months, as typed words are compared with them: [folded](super::fold).
pub const MONTHS: [&str; 12] = [
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
];

/// A number, `1er` or, in the middle, the name of a month.
fn date_part(part: &str, middle: bool) -> Option<i16> {
    let folded = super::fold(part);
    let month = MONTHS.iter().position(|month| *month == folded);
    let month = month.filter(|_| middle);
    let month = month.and_then(|index| i16::try_from(index + 1).ok());
    month.or_else(|| folded.strip_suffix("er").unwrap_or(&folded).parse().ok())
}

fn small(number: i16) -> i8 {
    i8::try_from(number).unwrap_or(0)
}

fn yes_no(typed: &str) -> Result<Valeur, String> {
    match super::fold(typed).as_str() {
        "oui" | "o" | "vrai" | "true" | "1" | "yes" | "x" => Ok(Valeur::YesNo(true)),
        "non" | "n" | "faux" | "false" | "0" | "no" => Ok(Valeur::YesNo(false)),
        _ => Err("« oui » ou « non » est attendu".to_owned()),
    }
}

fn choice(typed: &str, options: &[String]) -> Result<Valeur, String> {
    let wanted = super::fold(typed);
    options
        .iter()
        .find(|option| super::fold(option) == wanted)
        .map(|option| Valeur::Text(option.clone()))
        .ok_or_else(|| {
            format!(
                "un de ces choix est attendu : {}",
                options
                    .iter()
                    .map(|option| format!("« {option} »"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        })
}

/// Several choices, each once.
fn choices(typed: &str, options: &[String]) -> Result<Valeur, String> {
    let mut chosen = Vec::new();
    for part in typed.split([',', ';', '\n']) {
        if part.trim().is_empty() {
            continue;
        }
        let option = choice(part, options)?.shown();
        if !chosen.contains(&option) {
            chosen.push(option);
        }
    }
    if chosen.is_empty() {
        return choice(typed, options);
    }
    Ok(Valeur::Choices(chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn champ(kind: ChampType) -> Champ {
        Champ {
            id: "c".into(),
            libelle: "C".into(),
            kind,
            obligatoire: false,
            options: vec!["Forêt".into(), "Étang".into()],
            champs: vec![],
        }
    }

    #[test]
    fn a_date_is_read_in_french_and_in_iso() {
        let expected = Ok(Valeur::Date(Date::constant(2024, 6, 3)));
        for typed in [
            "3/6/2024",
            "03/06/2024",
            "2024-06-03",
            "3.6.2024",
            "3 juin 2024",
            "3 Juin\u{a0}2024",
            "03 juin 2024",
        ] {
            assert_eq!(Valeur::read(&champ(ChampType::Date), typed), expected);
        }
        for wrong in [
            "31/02/2024",
            "juin 2024",
            "3 juin",
            "juin 3 2024",
            "3 prairial 2024",
        ] {
            assert!(Valeur::read(&champ(ChampType::Date), wrong).is_err());
        }
        assert_eq!(
            Valeur::read(&champ(ChampType::Date), "1er août 2024"),
            Ok(Valeur::Date(Date::constant(2024, 8, 1)))
        );
    }

    #[test]
    fn a_choice_forgives_accents_and_case() {
        assert_eq!(
            Valeur::read(&champ(ChampType::DropDownList), "foret"),
            Ok(Valeur::Text("Forêt".into()))
        );
        assert!(Valeur::read(&champ(ChampType::DropDownList), "mer").is_err());
    }

    #[test]
    fn a_siret_is_checked() {
        assert!(Valeur::read(&champ(ChampType::Siret), "732 829 320 00074").is_ok());
        assert!(Valeur::read(&champ(ChampType::Siret), "73282932000075").is_err());
        assert!(Valeur::read(&champ(ChampType::Siret), "732829320000").is_err());
    }

    #[test]
    fn numbers_are_read_as_the_french_write_them() {
        assert_eq!(
            Valeur::read(&champ(ChampType::DecimalNumber), "1 234,5"),
            Ok(Valeur::Decimal(1234.5))
        );
        assert_eq!(
            Valeur::read(&champ(ChampType::IntegerNumber), "1\u{202f}234"),
            Ok(Valeur::Integer(1234))
        );
        assert!(Valeur::read(&champ(ChampType::DecimalNumber), "inf").is_err());
    }
}
