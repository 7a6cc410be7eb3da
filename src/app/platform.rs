//! What the platform says.

use super::draft::Draft;
use super::{App, Error};
use crate::message::platform::Said;
use crate::store::Store;

impl<S: Store> App<S> {
    /// Takes in what the platform said.
    pub(super) fn platform(&self, _draft: &mut Draft<'_, S>, _said: &Said) -> Result<(), Error> {
        Ok(())
    }
}
