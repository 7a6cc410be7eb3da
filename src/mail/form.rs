//! A form that is filled in a mail: what its lines look like, and what was written on them.
//!
//! Each question has a number between brackets, which survives quotation marks, another wrapping and another charset:
//!
//! ```text
//! [3] Surface, en m²
//! (obligatoire ; un nombre, par exemple 12,5)
//! Réponse : 40
//! ```
//!
//! A choice has boxes, `[x] 2) Façade`; a row of a repetition is `[5.2.1]`; a title is `[-]`; the form ends at `[fin
//! CODE]`. Whoever writes above the form may name a question by its label, `Surface, en m² : 40`.

mod answer;
mod boxes;
mod read;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

pub use read::read;
pub use words::fold;

/// Most lines that are read.
pub const LINES: usize = 20_000;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// What is asked, on one line.
    pub label: String,
    /// How to answer, without parentheses.
    pub hint: String,
    /// What there is to choose from, with boxes.
    pub options: Vec<String>,
    /// Whether an answer has several lines.
    pub lines: bool,
    /// The questions of each row.
    pub rows: Vec<Field>,
}

/// Where an answer belongs. Counted from 0; shown from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which question.
    pub field: usize,
    /// Which row, and which question of it.
    pub row: Option<(usize, usize)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.field + 1)?;
        match self.row {
            Some((row, field)) => write!(f, ".{}.{}", row + 1, field + 1),
            None => Ok(()),
        }
    }
}

impl Place {
    /// The question at this place.
    pub fn of(self, fields: &[Field]) -> Option<&Field> {
        let field = fields.get(self.field)?;
        match self.row {
            Some((_, sub)) => field.rows.get(sub),
            None => Some(field),
        }
    }
}

/// Who wrote a line of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The person, or nobody knows.
    Person,
    /// Whoever is quoted, or the person within the quotation.
    Quoted,
    /// A program: an attribution, a signature.
    Machine,
}

/// A line of a mail, without quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub by: By,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A text.
    Text(String),
    /// Of the options, those ticked or named, by their index.
    Chosen(Vec<usize>),
    /// The word `effacer`: nothing any more.
    Nothing,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// To which question.
    pub place: Place,
    /// What.
    pub said: Said,
    /// Whether it stands on the person's own lines rather than within a quotation.
    pub own: bool,
    /// Whether the question's label stands there too, so that its number is not all there is.
    pub labelled: bool,
}

/// What was found in a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The answers, one for each question, in the order of the form.
    pub answers: Vec<Answer>,
    /// Questions with two answers that differ, both among the person's own lines.
    pub torn: Vec<Place>,
    /// Numbers of questions that the form does not have, as they were written.
    pub strange: Vec<String>,
    /// The code of the newest form in it.
    pub code: Option<String>,
    /// Whether that code stands on the person's own lines: nothing marks the form as quoted.
    pub code_own: bool,
}
