//! Reading an export. Everything goes into a folder beside the store's, which takes the store's name only when all of
//! it is there and on disk.

use std::fs::{self, File};
use std::io::{BufRead, ErrorKind, Read, Write};
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256};

use super::{Error, FORMAT, Line, Summary, count, readable};
use crate::domain::{Demarche, DemarcheId, DossierId};
use crate::store::pieces::{self, Hash, Pieces, Unfinished};
use crate::store::sled::{OpenOptions, Sled};

/// Longest line that is read.
const MAX_LINE: u64 = 64 * 1024 * 1024;
/// Lines taken in at once, and their bytes.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Makes a store at `path` from an export. `rules` finds a dossier's démarche, for the lists. Where it fails, nothing
/// is there.
pub fn import(
    input: &mut dyn BufRead,
    path: &Path,
    rules: &dyn Fn(DemarcheId) -> Option<Demarche>,
) -> Result<Summary, Error> {
    let empty = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    if !empty {
        let path = path.display().to_string();
        return Err(Error::NotEmpty { path });
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent)?;
    let beside = tempfile::Builder::new()
        .prefix(".import-")
        .tempdir_in(parent)?;
    let store = Sled::open(beside.path(), &OpenOptions::default())?;
    let summary = fill(&store, input)?;
    store.complete(rules)?;
    drop(store);
    fs::rename(beside.path(), path)?;
    File::open(parent)?.sync_all()?;
    Ok(summary)
}

fn fill(store: &Sled, input: &mut dyn BufRead) -> Result<Summary, Error> {
    let shelf = store.pieces();
    let mut reader = Reader::new(input);
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut writing: Option<Writing<'_>> = None;
    loop {
        let (line, length) = reader.line()?;
        match line {
            Line::End { summary, sha256 } => {
                if writing.is_some() {
                    return Err(Error::Torn("a file has no end"));
                }
                store.take_in(batch)?;
                return reader.end(summary, &sha256);
            }
            Line::Piece { .. } => {
                writing = part(&reader, &shelf, writing, line)?;
            }
            line => {
                batch.push(line);
                bytes += length;
            }
        }
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            store.take_in(std::mem::take(&mut batch))?;
            bytes = 0;
        }
    }
}

/// A file of which more is to come.
struct Writing<'a> {
    hash: Hash,
    offset: u64,
    file: Unfinished<'a>,
}

/// Takes in a part of a file.
fn part<'a>(
    reader: &Reader<'_>,
    shelf: &'a Pieces,
    writing: Option<Writing<'a>>,
    line: Line,
) -> Result<Option<Writing<'a>>, Error> {
    let Line::Piece {
        hash,
        offset,
        data,
        last,
    } = line
    else {
        return Ok(writing);
    };
    let hash = pieces::hash(&hash).ok_or_else(|| reader.error("a hash of a file is 64 digits"))?;
    let data = BASE64
        .decode(data.as_bytes())
        .map_err(|_| reader.error("the content of the file is not base64"))?;
    let mut writing = match writing {
        Some(writing) => writing,
        None => Writing {
            hash,
            offset: 0,
            file: shelf.begin()?,
        },
    };
    if writing.hash != hash || writing.offset != offset {
        return Err(reader.error("a part of a file is missing"));
    }
    writing.file.write_all(&data)?;
    writing.offset += data.len() as u64;
    if !last {
        return Ok(Some(writing));
    }
    if writing.file.finish(&hash)? {
        Ok(None)
    } else {
        Err(reader.error("the content of the file has another SHA-256"))
    }
}

/// Reads lines and sums them up.
struct Reader<'a> {
    input: &'a mut dyn BufRead,
    /// Of all lines before the present one.
    hasher: Sha256,
    present: Vec<u8>,
    summary: Summary,
    last_dossier: Option<DossierId>,
    number: u64,
}

impl<'a> Reader<'a> {
    fn new(input: &'a mut dyn BufRead) -> Self {
        Self {
            input,
            hasher: Sha256::new(),
            present: Vec::new(),
            summary: Summary::default(),
            last_dossier: None,
            number: 0,
        }
    }

    fn error(&self, why: &str) -> Error {
        Error::Line {
            line: self.number,
            why: why.to_owned(),
        }
    }

    /// The next line, and its length in bytes.
    fn line(&mut self) -> Result<(Line, usize), Error> {
        self.hasher.update(&self.present);
        self.present.clear();
        self.number += 1;
        let mut input = (&mut *self.input).take(MAX_LINE);
        input.read_until(b'\n', &mut self.present)?;
        if self.present.last() != Some(&b'\n') {
            return Err(Error::Torn("it was cut short"));
        }
        let line: Line = serde_json::from_slice(&self.present).map_err(|error| {
            self.error(&format!(
                "{:?} at byte {}",
                error.classify(),
                error.column()
            ))
        })?;
        self.check(&line)?;
        if !matches!(line, Line::End { .. }) {
            count(&mut self.summary, &mut self.last_dossier, &line);
        }
        Ok((line, self.present.len()))
    }

    fn check(&self, line: &Line) -> Result<(), Error> {
        match line {
            Line::Greffier { format } if self.number == 1 && *format == FORMAT => Ok(()),
            Line::Greffier { format } if self.number == 1 => Err(self.error(&format!(
                "the export has the form {format}, this greffier reads {FORMAT}"
            ))),
            _ if self.number == 1 => Err(self.error("this is no export of greffier's")),
            Line::Greffier { .. } => Err(self.error("a second beginning")),
            Line::Event { recorded, .. } if !readable(recorded) => {
                Err(self.error("an event that this greffier does not know"))
            }
            _ => Ok(()),
        }
    }

    /// Compares with what the last line says.
    fn end(self, summary: Summary, sha256: &str) -> Result<Summary, Error> {
        if HEXLOWER.encode(&self.hasher.finalize()) != sha256 || self.summary != summary {
            return Err(Error::Torn("its lines are not those that were written"));
        }
        let mut more = [0];
        if self.input.read(&mut more)? != 0 {
            return Err(Error::Torn("something stands after its end"));
        }
        Ok(summary)
    }
}
