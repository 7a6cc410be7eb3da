//! zip: a folder for each dossier with its PDF and its files, as the platform lays them out.

use std::io::{self, BufWriter, Seek, Write};

use jiff::Timestamp;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::Error;
use super::name::Names;
use crate::domain::{Dossier, Piece, Valeur, paris};
use crate::mail::safe_name;
use crate::shelf::Shelf;

/// From this many bytes on an entry needs the form of ZIP64; some room for what does not compress.
const LARGE: u64 = u32::MAX as u64 - 16 * 1024 * 1024;

/// Lists, in the archive, what could not be put into it.
const MISSING: &str = "fichiers-manquants.txt";

/// Lists, in the archive, what the platform has and Greffier has not fetched, and says how to get it.
const ELSEWHERE: &str = "fichiers-sur-la-plateforme.txt";

/// How they are got.
const HOW: &str = "Ces fichiers sont sur la plateforme, et pas dans l’archive. Pour en avoir un, tapez dans Greffier « pieces » et \
                   le numéro du dossier, puis « piece », le numéro du dossier et celui de la pièce. Ils sont aussi sur le site.";

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archived {
    /// Dossiers in it.
    pub dossiers: u64,
    /// Files that should be in it and are not on the shelf, or not whole. The archive has a list of them.
    pub missing: u64,
    /// Files that are on the platform. The archive has a list of them.
    pub elsewhere: u64,
}

/// Writes `dossiers` into `out` as an archive: of each its PDF, which `print` makes, and its files from `shelf`, read
/// piece by piece.
///
/// Names of folders are numbers and words of ours; those of files are made safe again, each once in its folder whatever
/// its case.
pub fn archive<I>(
    dossiers: I,
    shelf: &dyn Shelf,
    print: &mut dyn FnMut(&Dossier) -> Result<Vec<u8>, Error>,
    at: Timestamp,
    out: impl Write + Seek,
) -> Result<Archived, Error>
where
    I: Iterator<Item = Result<Dossier, Error>>,
{
    let mut archive = Archive {
        zip: ZipWriter::new(BufWriter::new(out)),
        shelf,
        at,
        missing: Vec::new(),
        elsewhere: Vec::new(),
    };
    let mut archived = Archived::default();
    let minute = at
        .to_zoned_datetime(paris())
        .strftime("%d-%m-%Y-%H-%M")
        .to_string();
    for dossier in dossiers {
        let dossier = dossier?;
        let number = dossier.number;
        let pdf = print(&dossier)?;
        let name = format!("dossier-{number}/export-{number}-{minute}.pdf");
        archive.begin(&name, "application/pdf", pdf.len() as u64)?;
        archive.zip.write_all(&pdf)?;
        for (folder, pieces) in folders(&dossier) {
            let mut names = Names::default();
            for piece in pieces {
                let name = names.file(&safe_name(&piece.name, &piece.media_type));
                archive.piece(format!("dossier-{number}/{folder}/{name}"), piece)?;
            }
        }
        archived.dossiers += 1;
    }
    archived.missing = archive.missing.len() as u64;
    archived.elsewhere = archive.elsewhere.len() as u64;
    if archived.missing > 0 {
        let list = archive.missing.join("\r\n");
        archive.list(MISSING, &list)?;
    }
    if archived.elsewhere > 0 {
        let list = archive.elsewhere.join("\r\n");
        archive.list(ELSEWHERE, &format!("{HOW}\r\n\r\n{list}"))?;
    }
    archive.zip.finish()?.flush()?;
    Ok(archived)
}

struct Archive<'a, W: Write + Seek> {
    zip: ZipWriter<W>,
    shelf: &'a dyn Shelf,
    at: Timestamp,
    missing: Vec<String>,
    elsewhere: Vec<String>,
}

impl<W: Write + Seek> Archive<'_, W> {
    fn piece(&mut self, name: String, piece: &Piece) -> Result<(), Error> {
        if piece.elsewhere().is_some() {
            self.elsewhere.push(name);
            return Ok(());
        }
        let whole = self
            .shelf
            .size(&piece.hash)
            .is_ok_and(|bytes| bytes == piece.bytes);
        let content = if whole {
            self.shelf.open(&piece.hash).ok()
        } else {
            None
        };
        let Some(mut content) = content else {
            tracing::error!(piece.hash, "A file of a dossier is missing from an export");
            self.missing.push(name);
            return Ok(());
        };
        self.begin(&name, &piece.media_type, piece.bytes)?;
        io::copy(&mut content, &mut self.zip)?;
        Ok(())
    }

    fn list(&mut self, name: &str, list: &str) -> Result<(), Error> {
        self.begin(name, "text/plain", list.len() as u64)?;
        self.zip.write_all(list.as_bytes())?;
        Ok(())
    }

    fn begin(&mut self, name: &str, media_type: &str, bytes: u64) -> Result<(), Error> {
        let method = if packed(media_type) {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(moment(self.at))
            .large_file(bytes >= LARGE);
        self.zip.start_file(name, options)?;
        Ok(())
    }
}

/// The files of a dossier, by folder of the archive.
fn folders(dossier: &Dossier) -> [(&'static str, Vec<&Piece>); 4] {
    let valeurs = dossier.champs.values().chain(dossier.annotations.values());
    let messages = dossier
        .messages
        .values()
        .flat_map(|message| &message.pieces);
    let avis = dossier.avis.values().flat_map(|avis| {
        let answered = avis.answers.iter().flat_map(|answer| &answer.pieces);
        avis.pieces.iter().chain(answered)
    });
    let decided = dossier.decided.iter();
    let decided =
        decided.flat_map(|decided| decided.attestation.iter().chain(&decided.justificatif));
    [
        ("dossier", decided.collect()),
        (
            "pieces_justificatives",
            valeurs.flat_map(Valeur::pieces).collect(),
        ),
        ("messagerie", messages.collect()),
        ("avis", avis.collect()),
    ]
}

/// Whether it is compressed already.
fn packed(media_type: &str) -> bool {
    let office = media_type.starts_with("application/vnd.o");
    let picture = media_type.starts_with("image/")
        && !matches!(media_type, "image/svg+xml" | "image/bmp" | "image/tiff");
    office
        || picture
        || matches!(
            media_type,
            "application/pdf" | "application/zip" | "application/gzip" | "video/mp4"
        )
}

/// The time in Paris, as zip keeps it; its first, if it is before 1980.
fn moment(at: Timestamp) -> DateTime {
    let at = at.to_zoned_datetime(paris());
    DateTime::from_date_and_time(
        at.year().unsigned_abs(),
        at.month().unsigned_abs(),
        at.day().unsigned_abs(),
        at.hour().unsigned_abs(),
        at.minute().unsigned_abs(),
        at.second().unsigned_abs(),
    )
    .unwrap_or_default()
}
