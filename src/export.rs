//! Dossiers taken away as a file: csv, xlsx, ods, or a zip with the PDF and the files of each.
//!
//! Everything streams: dossiers come from an iterator, one is held at a time, and rows go to the file or to an unnamed
//! temporary one. Columns, their order and the names of sheets are the platform's (`DossierExportConcern` and
//! `ProcedureExportService`), less what only the platform knows (`FranceConnect`, mandataires, data of the INSEE).
//!
//! - xlsx and ods have a sheet `Dossiers`, one `Avis`, and one for each repeated field.
//! - csv has the dossiers alone, without repeated fields, as the tutorial says.
//! - Text never becomes a formula: it is typed as text in xlsx and ods, and begins with an apostrophe in csv where a
//!   spreadsheet would calculate it.

mod archive;
mod capped;
mod cell;
mod csv;
mod layout;
mod name;
mod ods;
mod xlsx;

use std::io::{self, Seek, Write};
use std::path::Path;

use jiff::Timestamp;

use crate::domain::{Demarche, Dossier};

pub use self::archive::{Archived, archive};
pub use self::capped::Capped;
use self::cell::Cell;
use self::layout::Sheet;
use self::name::Names;

/// The formats that are tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a format")]
pub enum Table {
    Csv,
    Xlsx,
    Ods,
}

/// Why an export was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A dossier could not be read.
    #[error("a dossier cannot be read: {0}")]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// The file could not be written, or a file of a dossier not read.
    #[error("an export cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The spreadsheet has no room for it, or its temporary files failed.
    #[error("a spreadsheet cannot be written: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// A dossier could not be printed.
    #[error("a dossier cannot be printed: {0}")]
    Print(String),
    /// The archive could not be written.
    #[error("an archive cannot be written: {0}")]
    Zip(#[from] zip::result::ZipError),
}

/// Writes `dossiers` of one démarche into `out` as a table, and answers how many there were.
///
/// Temporary files, unnamed and the owner's alone, are made in the folder `scratch`. `at` is written into the file, so
/// that the same dossiers at the same time make the same bytes.
pub fn table<I>(
    kind: Table,
    demarche: &Demarche,
    dossiers: I,
    at: Timestamp,
    scratch: &Path,
    out: impl Write + Seek + Send,
) -> Result<u64, Error>
where
    I: Iterator<Item = Result<Dossier, Error>>,
{
    match kind {
        Table::Csv => fill(csv::Csv::new(out), &[Sheet::dossiers(demarche)], dossiers),
        Table::Xlsx => {
            let book = xlsx::Xlsx::new(out, scratch, demarche, at)?;
            fill(book, &Sheet::all(demarche), dossiers)
        }
        Table::Ods => {
            let book = ods::Ods::new(out, scratch, demarche, at);
            fill(book, &Sheet::all(demarche), dossiers)
        }
    }
}

/// Something that takes sheets and their rows. Rows of different sheets come mixed.
trait Book {
    /// Rows that a sheet has room for, the heading among them.
    const ROWS: u32;
    /// Begins a sheet, whose name and columns are safe already, and answers its index.
    fn sheet(&mut self, name: &str, columns: &[String]) -> Result<usize, Error>;
    /// Adds a row to a sheet.
    fn row(&mut self, sheet: usize, cells: &[Cell<'_>]) -> Result<(), Error>;
    /// Ends the file.
    fn close(self) -> Result<(), Error>;
}

/// A sheet that is being written.
struct Open {
    index: usize,
    rows: u32,
}

fn fill<B: Book>(
    mut book: B,
    sheets: &[Sheet<'_>],
    dossiers: impl Iterator<Item = Result<Dossier, Error>>,
) -> Result<u64, Error> {
    let mut names = Names::default();
    let mut begin = |book: &mut B, sheet: &Sheet<'_>| -> Result<Open, Error> {
        let index = book.sheet(&names.sheet(&sheet.name), &sheet.columns)?;
        Ok(Open { index, rows: 1 })
    };
    let mut open = Vec::new();
    for sheet in sheets {
        open.push(begin(&mut book, sheet)?);
    }
    let mut written = 0;
    for dossier in dossiers {
        let dossier = dossier?;
        for (sheet, open) in sheets.iter().zip(&mut open) {
            for cells in sheet.rows(&dossier) {
                if open.rows == B::ROWS {
                    *open = begin(&mut book, sheet)?;
                }
                book.row(open.index, &cells)?;
                open.rows += 1;
            }
        }
        written += 1;
    }
    book.close()?;
    Ok(written)
}

#[cfg(test)]
mod tests;
