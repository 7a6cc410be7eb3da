//! Exports: which dossiers are meant, read one after the other, and the file or its parts.

use std::fs::File;
use std::io::{ErrorKind, Seek};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Trouble;
use super::bench::Bench;
use crate::document::{Print, Reader};
use crate::domain::query::passes;
use crate::domain::{Demarche, Dossier, DossierId, Email, List, Of, Onglet, Piece, paris};
use crate::export::{self, Archived, Capped, Error, Table};
use crate::message::work::{Export, Format, Product};
use crate::store::Store;

/// Dossiers of a list that are read together.
const PAGE: usize = 1_000;
/// Numbers that are looked up one by one. Where more are named, the lists are looked through for them.
const LOOKED_UP: u64 = 10_000;
/// The tabs in which every dossier is found that is not in the trash.
const EVERYWHERE: [Onglet; 2] = [Onglet::Total, Onglet::Archives];
/// Parts at most: as many files as go with one message.
const PARTS: usize = 10;

/// What became of a try.
enum Tried {
    Made(Part),
    /// It would be larger than anything that is made. What there was of it is gone.
    TooLarge,
}

/// A file that was made.
struct Part {
    file: File,
    bytes: u64,
    dossiers: u64,
    missing: u64,
    elsewhere: u64,
}

impl<S: Store> Bench<S> {
    /// Makes an export; in parts, where the whole is too large for where it goes and cannot be fetched by a link.
    pub(super) fn export(
        &self,
        wanted: &Export,
        at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble> {
        let demarche = (self.rules)(wanted.demarche);
        let demarche = demarche.ok_or_else(|| Trouble::Lasting("no such démarche".to_owned()))?;
        let numbers = self.numbers(wanted)?;
        let make = |numbers: &[DossierId]| {
            let dossiers = self.read(wanted, numbers, halt);
            self.part(wanted, &demarche, dossiers, at)
        };
        let whole = match make(&numbers)? {
            Tried::Made(whole) => whole,
            Tried::TooLarge => {
                return Ok(Product::TooLarge {
                    most: self.largest_export,
                });
            }
        };
        let (bytes, dossiers) = (whole.bytes, whole.dossiers);
        let product = |files, missing, elsewhere| Product::Export {
            files,
            dossiers,
            missing,
            elsewhere,
            bytes,
        };
        if dossiers == 0 {
            return Ok(product(Vec::new(), 0, 0));
        }
        let mut parts = vec![whole];
        while !wanted.link && parts.iter().any(|part| part.bytes > wanted.most) {
            let count = next_count(parts.len(), &parts, wanted.most);
            if count > PARTS.min(numbers.len()) {
                return Ok(product(Vec::new(), 0, 0));
            }
            let each = numbers.len().div_ceil(count);
            parts.clear();
            for numbers in numbers.chunks(each) {
                // It was small enough as a whole; files may have been added since.
                let Tried::Made(part) = make(numbers)? else {
                    return Ok(product(Vec::new(), 0, 0));
                };
                parts.push(part);
            }
        }
        parts.retain(|part| part.dossiers > 0);
        let missing = parts.iter().map(|part| part.missing).sum();
        let elsewhere = parts.iter().map(|part| part.elsewhere).sum();
        let total = parts.len();
        let numbered = parts.into_iter().zip(1..);
        let files = numbered.map(|(part, number)| {
            let name = name(wanted, at, (total > 1).then_some((number, total)));
            self.shelve(part, name, wanted.format)
        });
        Ok(product(
            files.collect::<Result<_, _>>()?,
            missing,
            elsewhere,
        ))
    }

    /// The dossiers that may be meant; whether they are is looked at when each is read.
    fn numbers(&self, wanted: &Export) -> Result<Vec<DossierId>, Trouble> {
        let named = wanted.ranges.iter();
        let size =
            |range: &std::ops::RangeInclusive<u64>| range.end().saturating_sub(*range.start());
        let count = named.clone().map(size).fold(0, u64::saturating_add);
        if wanted.onglet.is_none() && !wanted.ranges.is_empty() && count <= LOOKED_UP {
            return Ok(named.flat_map(Clone::clone).map(DossierId).collect());
        }
        let onglets = wanted
            .onglet
            .as_ref()
            .map_or(&EVERYWHERE[..], std::slice::from_ref);
        let list = |of, onglet| List {
            demarche: wanted.demarche,
            of,
            onglet,
            marked: false,
        };
        let lists: Vec<List> = onglets
            .iter()
            .flat_map(|onglet| {
                if *onglet == Onglet::Suivis {
                    return vec![list(Of::Instructeur(wanted.person.clone()), *onglet)];
                }
                let groupes = wanted.groupes.iter();
                let of = |label: &String| list(Of::Groupe(label.clone()), *onglet);
                groupes.map(of).collect()
            })
            .collect();
        let mut numbers = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.page(&lists, after, PAGE)?;
            numbers.extend(page.dossiers);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !wanted.ranges.is_empty() {
            numbers.retain(|number| named.clone().any(|range| range.contains(&number.0)));
        }
        Ok(numbers)
    }

    /// The dossiers that are meant, one in memory at a time. They stand as they are when each is read.
    fn read<'a>(
        &'a self,
        wanted: &'a Export,
        numbers: &'a [DossierId],
        halt: &'a CancellationToken,
    ) -> impl Iterator<Item = Result<Dossier, Error>> + 'a {
        numbers.iter().filter_map(move |number| {
            if halt.is_cancelled() {
                return Some(Err(Error::Source("Greffier is stopping".into())));
            }
            match self.store.load(*number) {
                Ok(loaded) => loaded
                    .map(|(dossier, _)| dossier)
                    .filter(|dossier| meant(wanted, dossier))
                    .map(Ok),
                Err(error) => Some(Err(Error::Source(error.into()))),
            }
        })
    }

    fn part(
        &self,
        wanted: &Export,
        demarche: &Demarche,
        dossiers: impl Iterator<Item = Result<Dossier, Error>>,
        at: Timestamp,
    ) -> Result<Tried, Trouble> {
        let scratch = self.shelf.scratch();
        let mut file = tempfile::tempfile_in(&scratch).map_err(Error::from)?;
        let table = match wanted.format {
            Format::Csv => Some(Table::Csv),
            Format::Xlsx => Some(Table::Xlsx),
            Format::Ods => Some(Table::Ods),
            Format::Zip => None,
        };
        let mut out = Capped::new(&file, self.largest_export);
        let made = if let Some(table) = table {
            let written = export::table(table, demarche, dossiers, at, &scratch, &mut out);
            written.map(|dossiers| Archived {
                dossiers,
                ..Archived::default()
            })
        } else {
            let mut print = |dossier: &Dossier| self.print(dossier, demarche, &wanted.person, at);
            export::archive(dossiers, &*self.shelf, &mut print, at, &mut out)
        };
        if out.exceeded() {
            return Ok(Tried::TooLarge);
        }
        let Archived {
            dossiers,
            missing,
            elsewhere,
        } = made?;
        let bytes = file.metadata().map_err(Error::from)?.len();
        file.rewind().map_err(Error::from)?;
        Ok(Tried::Made(Part {
            file,
            bytes,
            dossiers,
            missing,
            elsewhere,
        }))
    }

    /// A dossier as a document, for the instructeur who asked.
    fn print(
        &self,
        dossier: &Dossier,
        demarche: &Demarche,
        by: &Email,
        at: Timestamp,
    ) -> Result<Vec<u8>, Error> {
        let print = Print {
            dossier,
            demarche,
            reader: Reader::Instructeur,
            at,
            by: Some(by),
        };
        let printed = self.press.dossier(&print);
        printed.map_err(|error| Error::Print(error.to_string()))
    }

    fn shelve(&self, part: Part, name: String, format: Format) -> Result<Piece, Trouble> {
        let mut file = part.file;
        let hash = self.shelf.keep_from(&mut file).map_err(Error::from)?;
        Ok(Piece {
            hash,
            name,
            media_type: format.media_type().to_owned(),
            bytes: part.bytes,
        })
    }
}

/// Whether a dossier is meant: of one of the groups, there, and as the filter wants it.
fn meant(wanted: &Export, dossier: &Dossier) -> bool {
    dossier.demarche == wanted.demarche
        && dossier.purged.is_none()
        && (dossier.trash.is_none() || wanted.onglet == Some(Onglet::Supprimes))
        && wanted.groupes.contains(&dossier.groupe)
        && passes(&wanted.filter, dossier)
}

/// How many parts to try next: as many as would do if all dossiers were as large, and more than before.
fn next_count(count: usize, parts: &[Part], most: u64) -> usize {
    let largest = parts.iter().map(|part| part.bytes).max().unwrap_or(0);
    let wanted = largest.saturating_mul(count as u64).div_ceil(most.max(1));
    usize::try_from(wanted).unwrap_or(usize::MAX).max(count + 1)
}

/// `dossiers-12-2024-06-03-10h05.xlsx`; nothing in it comes from outside.
fn name(wanted: &Export, at: Timestamp, part: Option<(usize, usize)>) -> String {
    let when = at.to_zoned_datetime(paris()).strftime("%Y-%m-%d-%Hh%M");
    let part = part.map(|(number, total)| format!("-{number}-sur-{total}"));
    format!(
        "dossiers-{}-{when}{}.{}",
        wanted.demarche,
        part.unwrap_or_default(),
        wanted.format.extension()
    )
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            // A dossier that cannot be read, or a disk that is too small for all of them, is so the next time too: to try
            // for ever would fill the disk again and again.
            Error::Source(error) => Self::Lasting(error.to_string()),
            Error::Io(error)
            | Error::Xlsx(rust_xlsxwriter::XlsxError::IoError(error))
            | Error::Zip(zip::result::ZipError::Io(error))
                if !matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::StorageFull | ErrorKind::QuotaExceeded
                ) =>
            {
                Self::Passing(error.to_string())
            }
            error => Self::Lasting(error.to_string()),
        }
    }
}
