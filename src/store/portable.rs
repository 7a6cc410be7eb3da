//! A backup that any Greffier can read: JSON lines. The first tells the form, the last how many there were and their
//! SHA-256, so that a file that is cut short or damaged is refused.

mod import;

use std::io::{self, Read, Write};

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use import::import;

use super::pieces::{Found, Hash, Pieces};
use super::sled::Sled;
use super::sled::instance::Instance;
use super::{Collection, JournalId, Row};
use crate::domain::{DossierId, Recorded};
use crate::message::{Destination, Incoming, Receipt};

/// The form that this program writes and reads.
const FORMAT: u32 = 1;
/// Bytes of a file in one line; in base64 they are a mebibyte.
const CHUNK: u64 = 768 * 1024;

/// What was exported or imported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Lines, without the last.
    pub lines: u64,
    /// Dossiers.
    pub dossiers: u64,
    /// Their events.
    pub events: u64,
    /// Files.
    pub pieces: u64,
}

/// An export or an import that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] super::Error),
    /// The export could not be written or read.
    #[error("the export cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// A line cannot be read.
    #[error("line {line} of the export: {why}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it, without repeating it.
        why: String,
    },
    /// It was cut short or changed.
    #[error("the export is not whole: {0}")]
    Torn(&'static str),
    /// There is something where it should go.
    #[error(
        "there is something at {path} already: an export is imported into an empty store only, move the old one away"
    )]
    NotEmpty {
        /// The folder.
        path: String,
    },
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::store) enum Line {
    /// The first.
    Greffier {
        format: u32,
    },
    /// As it was written, whatever its age.
    Event {
        dossier: DossierId,
        version: u32,
        recorded: Value,
    },
    Document {
        collection: Collection,
        key: String,
        value: Value,
    },
    Outbox(Row),
    Dead(Row),
    Cause {
        id: String,
        at: Timestamp,
        receipt: Receipt,
    },
    Journal {
        id: JournalId,
        incoming: Incoming,
    },
    Remote {
        to: Destination,
        card: String,
        remote_id: String,
        dossier: Option<DossierId>,
    },
    Card {
        network: String,
        remote_id: String,
        card: String,
        dossier: Option<DossierId>,
    },
    Sequences {
        dossier: u64,
        outbox: u64,
        journal: u64,
        instances: Vec<Instance>,
    },
    /// A part of a file. Its parts stand together, in order.
    Piece {
        hash: String,
        offset: u64,
        data: String,
        last: bool,
    },
    /// The last.
    End {
        summary: Summary,
        sha256: String,
    },
}

/// Writes lines and sums them up.
struct Writer<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256,
    summary: Summary,
    last_dossier: Option<DossierId>,
}

impl Writer<'_> {
    fn line(&mut self, line: &Line) -> Result<(), Error> {
        let mut json = serde_json::to_vec(line).map_err(io::Error::from)?;
        json.push(b'\n');
        self.hasher.update(&json);
        self.out.write_all(&json)?;
        count(&mut self.summary, &mut self.last_dossier, line);
        Ok(())
    }
}

/// Counts a line.
fn count(summary: &mut Summary, last_dossier: &mut Option<DossierId>, line: &Line) {
    summary.lines += 1;
    match line {
        Line::Event { dossier, .. } => {
            summary.events += 1;
            if last_dossier.replace(*dossier) != Some(*dossier) {
                summary.dossiers += 1;
            }
        }
        Line::Piece { last: true, .. } => summary.pieces += 1,
        _ => {}
    }
}

/// Writes all of the store to `out`. Nothing is committed meanwhile.
pub fn export(store: &Sled, out: &mut dyn Write) -> Result<Summary, Error> {
    let _writing = store.writing();
    let mut writer = Writer {
        out,
        hasher: Sha256::new(),
        summary: Summary::default(),
        last_dossier: None,
    };
    writer.line(&Line::Greffier { format: FORMAT })?;
    store.each_line(&mut |line| writer.line(&line))?;
    let pieces = store.pieces();
    pieces.walk(|found| match found {
        Found::Piece(hash) => piece(&mut writer, &pieces, &hash),
        Found::Stray(_) => Ok(()),
    })?;
    let Writer {
        out,
        hasher,
        summary,
        ..
    } = writer;
    let end = Line::End {
        summary: summary.clone(),
        sha256: HEXLOWER.encode(&hasher.finalize()),
    };
    serde_json::to_writer(&mut *out, &end).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(summary)
}

fn piece(writer: &mut Writer<'_>, pieces: &Pieces, hash: &Hash) -> Result<(), Error> {
    let (mut file, bytes) = pieces.file(hash)?;
    let mut offset = 0;
    loop {
        let mut chunk = Vec::new();
        (&mut file).take(CHUNK).read_to_end(&mut chunk)?;
        let end = offset + chunk.len() as u64;
        let last = end >= bytes || chunk.is_empty();
        writer.line(&Line::Piece {
            hash: HEXLOWER.encode(hash),
            offset,
            data: BASE64.encode(&chunk),
            last,
        })?;
        if last {
            return Ok(());
        }
        offset = end;
    }
}

/// Whether `value` is an event that this program can read.
fn readable(value: &Value) -> bool {
    Recorded::deserialize(value).is_ok()
}
