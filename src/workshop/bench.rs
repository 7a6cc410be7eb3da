//! Whoever makes things: what each order needs of the store, and what is made of it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Make, Trouble};
use crate::document::{Press, Print, Reader};
use crate::domain::{Demarche, Demarches, Dossier, DossierId, Piece};
use crate::message::work::{Product, Work};
use crate::shelf::Shelf;
use crate::store::Store;

/// Makes everything that can be ordered.
pub struct Bench<S> {
    /// The ledger, only to be read.
    pub store: Arc<S>,
    /// Where files go.
    pub shelf: Arc<dyn Shelf>,
    /// Prints documents.
    pub press: Arc<Press>,
    /// The démarches and their rules.
    pub demarches: Demarches,
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
                    demarche,
                    reader: Reader::Instructeur,
                    at,
                    by: by.as_ref(),
                };
                let name = format!("Dossier {}.pdf", dossier.number);
                self.keep(&name, &self.press.dossier(&print)?)
            }
            Work::Attestation { dossier, decided } => {
                let (dossier, demarche) = self.dossier(*dossier)?;
                let still = dossier.decided.as_ref();
                let still = still.is_some_and(|found| found.at == *decided);
                let made = if still {
                    self.press.attestation(&dossier, demarche)?
                } else {
                    None
                };
                match made {
                    Some(pdf) => self.keep(&format!("Attestation {}.pdf", dossier.number), &pdf),
                    // Taken back meanwhile: there is nothing to attest.
                    None => Ok(Product::Files { files: Vec::new() }),
                }
            }
            Work::Export(export) => self.export(export, at, halt),
            Work::Stats { .. } => Err(Trouble::Lasting("figures are not made yet".to_owned())),
        }
    }
}

impl<S: Store> Bench<S> {
    fn dossier(&self, number: DossierId) -> Result<(Dossier, &Demarche), Trouble> {
        let gone = || Trouble::Lasting("the dossier is gone".to_owned());
        let (dossier, _) = self.store.load(number)?.ok_or_else(gone)?;
        let demarche = self.demarches.get(&dossier.demarche).ok_or_else(gone)?;
        if dossier.purged.is_some() {
            return Err(gone());
        }
        Ok((dossier, demarche))
    }

    /// Puts a PDF on the shelf.
    fn keep(&self, name: &str, pdf: &[u8]) -> Result<Product, Trouble> {
        let hash = self.shelf.keep(pdf);
        let piece = Piece {
            hash: hash.map_err(|error| Trouble::Passing(error.to_string()))?,
            name: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: u64::try_from(pdf.len()).unwrap_or(u64::MAX),
        };
        Ok(Product::Files { files: vec![piece] })
    }
}

impl From<crate::document::Error> for Trouble {
    fn from(error: crate::document::Error) -> Self {
        Self::Lasting(error.to_string())
    }
}

impl From<crate::store::Error> for Trouble {
    fn from(error: crate::store::Error) -> Self {
        Self::Passing(error.to_string())
    }
}
