//! What lists know of a dossier without reading it: one compact row, to filter, sort and search by. A pure function of
//! the dossier alone, so that it can always be made anew.

use super::column::Column;
use super::dossier::Dossier;
use super::fold;
use super::valeur::Valeur;

/// The form of the bytes. A store whose rows have another one makes them anew.
const FORM: u8 = 1;

/// Bytes of a text that a row keeps; of a longer one it keeps the beginning, and says so.
const KEPT: usize = 400;

/// The longest text that can be written down.
const LONGEST: u32 = (1 << 24) - 1;

/// What a row holds of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Folded text; values of a column that has several stand on lines of their own.
    Text {
        /// The text.
        text: &'a str,
        /// There was more of it.
        cut: bool,
    },
    /// A number.
    Number(f64),
    /// A day, counted from the first of 1970.
    Day(f64),
    /// A moment, in seconds.
    Moment(f64),
}

/// A row, as it was written.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    bytes: &'a [u8],
}

const TEXT: u8 = 0;
const CUT: u8 = 1;
const NUMBER: u8 = 2;
const DAY: u8 = 3;
const MOMENT: u8 = 4;

const CHAMP: u8 = b'c';
const ANNOTATION: u8 = b'a';

/// The columns that stand in a row without a name. Their places are for ever.
const PLACED: [Column; 13] = [
    Column::Statut,
    Column::Demandeur,
    Column::Nom,
    Column::Prenom,
    Column::Usager,
    Column::Depot,
    Column::Instruction,
    Column::Decision,
    Column::MiseAJour,
    Column::Groupe,
    Column::Suivi,
    Column::Etiquettes,
    Column::Avis,
];

/// The row of `dossier`, as lists keep it.
pub fn row(dossier: &Dossier) -> Vec<u8> {
    written(dossier, KEPT)
}

/// The row of `dossier` with the whole of its texts.
pub fn whole_row(dossier: &Dossier) -> Vec<u8> {
    written(dossier, usize::MAX)
}

fn written(dossier: &Dossier, most: usize) -> Vec<u8> {
    let mut bytes = vec![FORM];
    for column in &PLACED {
        put(&mut bytes, column, dossier, most);
    }
    for id in dossier.champs.keys() {
        put(&mut bytes, &Column::Champ(id.clone()), dossier, most);
    }
    for id in dossier.annotations.keys() {
        put(&mut bytes, &Column::Annotation(id.clone()), dossier, most);
    }
    bytes
}

/// How `column` is named in a row: its place, or a letter and its id.
fn name(column: &Column) -> Vec<u8> {
    let (letter, id) = match column {
        Column::Champ(id) => (CHAMP, id),
        Column::Annotation(id) => (ANNOTATION, id),
        placed => {
            let place = PLACED.iter().position(|other| other == placed);
            let place = place.and_then(|place| u8::try_from(place).ok());
            return vec![place.unwrap_or(u8::MAX)];
        }
    };
    let mut name = vec![letter];
    name.extend(length(id.len()));
    name.extend(id.as_bytes());
    name
}

fn length(length: usize) -> [u8; 3] {
    let [_, length @ ..] = u32::try_from(length).unwrap_or(LONGEST).to_be_bytes();
    length
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let ([first, second, third], rest) = bytes.split_first_chunk::<3>()?;
    let length = u32::from_be_bytes([0, *first, *second, *third]);
    Some((usize::try_from(length).ok()?, rest))
}

fn put(bytes: &mut Vec<u8>, column: &Column, dossier: &Dossier, most: usize) {
    let number = |bytes: &mut Vec<u8>, tag, number: f64| {
        bytes.extend(name(column));
        bytes.push(tag);
        bytes.extend(number.to_be_bytes());
    };
    if let Some(at) = column.moment(dossier) {
        #[expect(clippy::cast_precision_loss, reason = "seconds, exact for ages")]
        return number(bytes, MOMENT, at.as_second() as f64);
    }
    match column.valeur(dossier) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact up to nine million milliards"
        )]
        Some(Valeur::Integer(value)) => return number(bytes, NUMBER, *value as f64),
        Some(Valeur::Decimal(value)) => return number(bytes, NUMBER, *value),
        Some(Valeur::Date(date)) => return number(bytes, DAY, day(*date)),
        _ => {}
    }
    let texts = column.texts(dossier);
    let folded: Vec<String> = texts.iter().map(|text| fold(text)).collect();
    let text = folded.join("\n");
    if text.trim().is_empty() {
        return;
    }
    let longest = usize::try_from(LONGEST).unwrap_or(usize::MAX);
    let kept = text.floor_char_boundary(most.min(longest));
    bytes.extend(name(column));
    bytes.push(if kept < text.len() { CUT } else { TEXT });
    bytes.extend(length(kept));
    bytes.extend(text.as_bytes().get(..kept).unwrap_or_default());
}

/// A day as cells count them.
pub(super) fn day(date: jiff::civil::Date) -> f64 {
    let first = jiff::civil::date(1970, 1, 1);
    first
        .until(date)
        .map_or(0.0, |span| f64::from(span.get_days()))
}

impl<'a> Row<'a> {
    /// A row that was written; none where it is of another form.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (form, bytes) = bytes.split_first()?;
        (*form == FORM).then_some(Self { bytes })
    }

    fn raw(self) -> impl Iterator<Item = Raw<'a>> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let raw = Raw::next(rest)?;
            rest = raw.rest;
            Some(raw)
        })
    }

    /// Every cell that is not empty.
    pub fn cells(self) -> impl Iterator<Item = Cell<'a>> {
        self.raw().filter_map(Raw::cell)
    }

    /// What it holds of a column; none where that is empty.
    pub fn cell(self, place: &Place) -> Option<Cell<'a>> {
        self.raw().find(|raw| *raw.name == place.0)?.cell()
    }
}

/// Where a column stands in rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Vec<u8>);

impl From<&Column> for Place {
    fn from(column: &Column) -> Self {
        Self(name(column))
    }
}

/// A cell that is not looked into yet.
#[derive(Debug, Clone, Copy)]
struct Raw<'a> {
    name: &'a [u8],
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Raw<'a> {
    fn next(bytes: &'a [u8]) -> Option<Self> {
        let long = match *bytes.first()? {
            CHAMP | ANNOTATION => 4 + read_length(bytes.get(1..)?)?.0,
            _ => 1,
        };
        let (name, rest) = bytes.split_at_checked(long)?;
        let (tag, rest) = rest.split_first()?;
        let (length, rest) = if matches!(*tag, TEXT | CUT) {
            read_length(rest)?
        } else {
            (8, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some(Self {
            name,
            tag: *tag,
            content,
            rest,
        })
    }

    fn cell(self) -> Option<Cell<'a>> {
        if matches!(self.tag, TEXT | CUT) {
            let text = std::str::from_utf8(self.content).ok()?;
            let cut = self.tag == CUT;
            return Some(Cell::Text { text, cut });
        }
        let number = f64::from_be_bytes(self.content.try_into().ok()?);
        match self.tag {
            NUMBER => Some(Cell::Number(number)),
            DAY => Some(Cell::Day(number)),
            MOMENT => Some(Cell::Moment(number)),
            _ => None,
        }
    }
}
