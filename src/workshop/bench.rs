//! Whoever makes things: what each order needs of the store, and what is made of it.

mod stats;

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Make, Trouble};
use crate::document::{Press, Print, Reader};
use crate::domain::{Demarche, DemarcheId, Dossier, DossierId, Piece};
use crate::message::work::{Product, Work};
use crate::shelf::Shelf;
use crate::store::{Store, find};

/// The media type of what is printed.
const PDF: &str = "application/pdf";

/// Finds the démarche of a number, with its rules as they are now.
pub type Rules = Arc<dyn Fn(DemarcheId) -> Option<Demarche> + Send + Sync>;

/// Makes everything that can be ordered.
pub struct Bench<S> {
    /// The ledger, only to be read.
    pub store: Arc<S>,
    /// Where files go.
    pub shelf: Arc<dyn Shelf>,
    /// The démarches and their rules.
    pub rules: Rules,
    /// Prints and draws.
    pub press: Arc<Press>,
    /// Bytes of an export at most.
    pub largest_export: u64,
}

impl<S: Store> Make for Bench<S> {
    fn make(
        &self,
        work: &Work,
        at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble> {
        match work {
            Work::Dossier { dossier, by } => {
                let (dossier, demarche) = self.dossier(*dossier)?;
                let print = Print {
                    dossier: &dossier,
                    demarche: &demarche,
                    reader: Reader::Instructeur,
                    at,
                    by: by.as_ref(),
                };
                let name = format!("Dossier {}.pdf", dossier.number);
                let piece = self.keep(name, PDF, &self.press.dossier(&print)?)?;
                Ok(Product::Files { files: vec![piece] })
            }
            Work::Attestation { dossier, decided } => {
                let (dossier, demarche) = self.dossier(*dossier)?;
                let still = dossier.decided.as_ref();
                let still = still.is_some_and(|found| found.at == *decided);
                let made = if still {
                    self.press.attestation(&dossier, &demarche)?
                } else {
                    None
                };
                // Taken back meanwhile: there is nothing to attest.
                let Some(pdf) = made else {
                    return Ok(Product::Files { files: Vec::new() });
                };
                let name = format!("Attestation {}.pdf", dossier.number);
                let piece = self.keep(name, PDF, &pdf)?;
                Ok(Product::Files { files: vec![piece] })
            }
            Work::Stats { demarche, dark } => self.stats(*demarche, *dark, at, halt),
            Work::Export(export) => self.export(export, at, halt),
            Work::List { query } => {
                let found = find(&*self.store, query, u64::MAX, &|| halt.is_cancelled())?;
                if !found.whole {
                    return Err(Trouble::Passing("Greffier is stopping".to_owned()));
                }
                Ok(Product::Found { found })
            }
        }
    }
}

impl<S: Store> Bench<S> {
    fn dossier(&self, number: DossierId) -> Result<(Dossier, Demarche), Trouble> {
        let gone = || Trouble::Lasting("the dossier is gone".to_owned());
        let (dossier, _) = self.store.load(number)?.ok_or_else(gone)?;
        let demarche = (self.rules)(dossier.demarche).ok_or_else(gone)?;
        if dossier.purged.is_some() {
            return Err(gone());
        }
        Ok((dossier, demarche))
    }
}

impl<S> Bench<S> {
    /// Keeps a file that was made.
    fn keep(&self, name: String, media_type: &str, content: &[u8]) -> Result<Piece, Trouble> {
        let hash = self.shelf.keep(content);
        Ok(Piece {
            hash: hash.map_err(|error| Trouble::Passing(error.to_string()))?,
            name,
            media_type: media_type.to_owned(),
            bytes: content.len() as u64,
        })
    }
}

impl From<crate::document::Error> for Trouble {
    fn from(error: crate::document::Error) -> Self {
        Self::Lasting(error.to_string())
    }
}

impl From<crate::store::Error> for Trouble {
    fn from(error: crate::store::Error) -> Self {
        match error {
            // What is unreadable now is so for ever.
            crate::store::Error::Corrupt { .. } => Self::Lasting(error.to_string()),
            error => Self::Passing(error.to_string()),
        }
    }
}
