//! What a mail would put on the shelf, known before its turn comes.

use jiff::Timestamp;

use super::App;
use super::draft::Draft;
use crate::message::{Heard, Incoming};
use crate::store::Store;

impl<S: Store> App<S> {
    /// The files that a mail would put on the shelf, were it handled now. Kept before its turn comes, they do not hold up
    /// those behind it.
    pub fn files(&self, incoming: &Incoming, now: Timestamp) -> Vec<Vec<u8>> {
        let Heard::Mail(mail) = &incoming.heard else {
            return Vec::new();
        };
        let mut draft = Draft::new(&*self.store, None, &incoming.id, now);
        draft.rehearse();
        // What fails here fails again when the mail is handled, and is said then.
        match self.mail(&mut draft, mail) {
            Ok(()) => draft.noted(),
            Err(_) => Vec::new(),
        }
    }
}
