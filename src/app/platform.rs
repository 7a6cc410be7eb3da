//! What the platform says.

use super::draft::Draft;
use super::{App, Error};
use crate::domain::Demarches;
use crate::message::platform::Said;
use crate::store::Store;

impl<S: Store> App<S> {
    /// Takes in what the platform said.
    pub(super) fn platform(&self, _draft: &mut Draft<'_, S>, _said: &Said) -> Result<(), Error> {
        Ok(())
    }

    /// The démarches, with those of the platform as they were last read.
    pub(super) fn mirrored(&self) -> Result<Demarches, Error> {
        Ok(self.demarches.clone())
    }
}
