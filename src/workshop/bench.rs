//! Whoever makes things: what each order needs of the store, and what is made of it.

mod stats;

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Make, Trouble};
use crate::document::Press;
use crate::domain::{Demarches, Dossier, DossierId, Piece};
use crate::message::work::{Product, Work};
use crate::shelf::Shelf;
use crate::store::Store;

/// Makes everything that can be ordered.
pub struct Bench<S> {
    /// The ledger, only to be read.
    pub store: Arc<S>,
    /// Where files go.
    pub shelf: Arc<dyn Shelf>,
    /// The démarches and their rules.
    pub demarches: Demarches,
    /// Prints and draws.
    pub press: Arc<Press>,
}

impl<S: Store> Make for Bench<S> {
    fn make(
        &self,
        work: &Work,
        at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble> {
        match work {
            Work::Dossier { dossier } | Work::Attestation { dossier } => {
                let _dossier = self.dossier(*dossier)?;
                Err(Trouble::Lasting("documents are not made yet".to_owned()))
            }
            Work::Stats { demarche, dark } => self.stats(*demarche, *dark, at, halt),
        }
    }
}

impl<S: Store> Bench<S> {
    fn dossier(&self, number: DossierId) -> Result<Dossier, Trouble> {
        let loaded = self.store.load(number)?;
        loaded
            .map(|(dossier, _)| dossier)
            .ok_or_else(|| Trouble::Lasting("the dossier is gone".to_owned()))
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
        Self::Passing(error.to_string())
    }
}
