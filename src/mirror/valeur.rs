//! Answers of the platform as typed answers, and back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::{Champ, ChampType, Piece, Valeur};
use crate::mail::safe_name;
use crate::message::platform::{ChampIn, FileIn};

/// The answers in `read`, by id of their field in the form.
pub(super) fn valeurs(read: &[ChampIn], form: &[Champ]) -> BTreeMap<String, Valeur> {
    let each = read.iter().filter_map(|champ| {
        let known = form.iter().find(|known| known.id == champ.descriptor);
        Some((champ.descriptor.clone(), valeur(champ, known)?))
    });
    each.collect()
}

/// An answer; none where there is none. What is not of the type that the form says is text.
fn valeur(read: &ChampIn, known: Option<&Champ>) -> Option<Valeur> {
    if !read.rows.is_empty() {
        let form = known.map_or(&[][..], |known| &known.champs);
        let rows = read.rows.iter().map(|row| valeurs(row, form)).collect();
        return Some(Valeur::Rows(rows));
    }
    if !read.files.is_empty() {
        return Some(Valeur::Pieces(read.files.iter().map(piece).collect()));
    }
    if !read.values.is_empty() {
        return Some(Valeur::Choices(read.values.clone()));
    }
    let shown = read.string.as_deref().map(str::trim).unwrap_or_default();
    let plain = read.value.as_deref().map_or(shown, str::trim);
    let typed = match known.map(|known| known.kind) {
        Some(ChampType::IntegerNumber) => plain.parse().ok().map(Valeur::Integer),
        Some(ChampType::DecimalNumber) => decimal(plain).map(Valeur::Decimal),
        Some(ChampType::Date) => plain
            .get(..10)
            .and_then(|day| day.parse().ok())
            .map(Valeur::Date),
        Some(ChampType::YesNo | ChampType::Checkbox) => yes_no(plain).map(Valeur::YesNo),
        Some(
            ChampType::HeaderSection
            | ChampType::Explication
            | ChampType::PieceJustificative
            | ChampType::Repetition,
        ) => return None,
        _ => None,
    };
    typed.or_else(|| (!shown.is_empty()).then(|| Valeur::Text(shown.to_owned())))
}

fn decimal(text: &str) -> Option<f64> {
    let number: f64 = text.replace(',', ".").parse().ok()?;
    number.is_finite().then_some(number)
}

fn yes_no(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "oui" | "on" | "1" => Some(true),
        "false" | "non" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A file that stays on the platform until somebody asks for it. Its name is made safe.
pub(super) fn piece(file: &FileIn) -> Piece {
    let media_type = if file.content_type.is_empty() {
        "application/octet-stream"
    } else {
        &file.content_type
    };
    Piece::remote(
        &file.checksum,
        safe_name(&file.filename, media_type),
        media_type.to_owned(),
        file.bytes,
    )
}

/// An annotation's value as a mutation takes it; an empty text where it is emptied.
pub(super) fn value(valeur: Option<&Valeur>) -> Value {
    match valeur {
        Some(Valeur::Text(text)) => json!(text),
        Some(Valeur::Integer(number)) => json!(number),
        Some(Valeur::Decimal(number)) => json!(number),
        Some(Valeur::Date(date)) => json!(date.to_string()),
        Some(Valeur::YesNo(yes)) => json!(yes),
        Some(Valeur::Choices(choices)) => json!(choices),
        Some(Valeur::Pieces(_) | Valeur::Rows(_)) | None => json!(""),
    }
}
