//! A message that will never arrive.

use super::draft::Draft;
use super::{App, Error};
use crate::domain::{Command, DossierId, Email, Person};
use crate::message::Undelivered;
use crate::message::platform::PLATFORM;
use crate::store::Store;

impl<S: Store> App<S> {
    /// A mail about a dossier marks the address and tells the room; an order that the platform has not taken is answered.
    /// Anything else is for the operator, who sees it among the dead letters: a room that cannot be written to cannot be told so.
    pub(super) fn undelivered(
        &self,
        draft: &mut Draft<'_, S>,
        undelivered: &Undelivered,
    ) -> Result<(), Error> {
        let Undelivered {
            outbox,
            to,
            dossier,
            why,
        } = undelivered;
        tracing::error!(
            outbox.id = outbox,
            network = to.network,
            "Gave up outbox row {outbox}; `greffier outbox dead` lists it"
        );
        if to.network == PLATFORM {
            return self.given_up(draft, *outbox);
        }
        let Some(number) = dossier.filter(|_| to.network == "mail") else {
            return Ok(());
        };
        let command = Command::Bounce {
            address: Email::new(&to.address),
            why: why.clone(),
        };
        // A dossier that is gone has nobody to be told.
        let _refused = self.act(draft, DossierId(number), &Person::Greffier, &[command])?;
        Ok(())
    }
}
