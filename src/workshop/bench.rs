//! Whoever makes things: what each order needs of the store, and what is made of it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Make, Trouble};
use crate::domain::{Demarches, Dossier, DossierId};
use crate::message::work::{Product, Work};
use crate::shelf::Shelf;
use crate::store::{Store, find};

/// Makes everything that can be ordered.
pub struct Bench<S> {
    /// The ledger, only to be read.
    pub store: Arc<S>,
    /// Where files go.
    pub shelf: Arc<dyn Shelf>,
    /// The démarches and their rules.
    pub demarches: Demarches,
}

impl<S: Store> Make for Bench<S> {
    fn make(
        &self,
        work: &Work,
        _at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble> {
        match work {
            Work::Dossier { dossier } | Work::Attestation { dossier } => {
                let _dossier = self.dossier(*dossier)?;
                Err(Trouble::Lasting("documents are not made yet".to_owned()))
            }
            Work::List { query } => {
                let found = find(&*self.store, query, u64::MAX, &|| halt.is_cancelled())?;
                if !found.whole {
                    return Err(Trouble::Passing("Greffier is stopping".to_owned()));
                }
                Ok(Product::Found { found })
            }
            Work::Stats { .. } => Err(Trouble::Lasting("figures are not made yet".to_owned())),
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

impl From<crate::store::Error> for Trouble {
    fn from(error: crate::store::Error) -> Self {
        Self::Passing(error.to_string())
    }
}
