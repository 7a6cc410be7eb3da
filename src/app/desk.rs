//! The middle as it stands now. The démarches of the platform change while Greffier runs: each thing heard is handled by a
//! middle that does not, and the next one by the newest.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use super::{App, Error};
use crate::domain::Demarches;
use crate::message::platform::Said;
use crate::message::{Heard, Incoming, Receipt};
use crate::store::{JournalId, Store};

/// The middle, and the démarches that it may come to know.
pub struct Desk<S> {
    app: RwLock<Arc<App<S>>>,
}

impl<S: Store> Desk<S> {
    /// A desk at which `app` works first.
    pub fn new(app: App<S>) -> Self {
        Self {
            app: RwLock::new(Arc::new(app)),
        }
    }

    /// The middle as it stands.
    pub fn app(&self) -> Arc<App<S>> {
        Arc::clone(&self.app.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Handles `incoming`, as [`App::handle`].
    pub fn handle(
        &self,
        journal: Option<JournalId>,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        let app = self.app();
        let receipt = app.handle(journal, incoming, now)?;
        if let Heard::Platform(said) = &incoming.heard
            && let Said::Demarche(_) = &**said
        {
            self.learn(app.with_mirrored()?);
        }
        Ok(receipt)
    }

    fn learn(&self, demarches: Demarches) {
        let mut app = self.app.write().unwrap_or_else(PoisonError::into_inner);
        let newer = App {
            demarches,
            ..(**app).clone()
        };
        *app = Arc::new(newer);
    }
}
