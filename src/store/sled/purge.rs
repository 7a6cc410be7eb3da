//! Purge: nothing personal stays of a dossier.

use super::draft::{self, Draft};
use super::key::{self, Owner, Trace};
use super::tree::Tree;
use super::{commit, journal, outbox};
use crate::domain::DossierId;
use crate::store::Error;

/// Takes away the events of a dossier so far, with their files, and everything else that speaks of it. What is
/// queued afterwards, in the same commit, stays.
pub(super) fn purge(draft: &mut Draft<'_>, dossier: DossierId) -> Result<(), Error> {
    let prefix = key::number(dossier.0);
    for key in draft.keys(Tree::Events, &prefix)? {
        if let Some(json) = draft.get(Tree::Events, &key)? {
            draft.release(&json, Owner::Dossier(dossier));
        }
        draft.remove(Tree::Events, key);
    }
    for key in draft.keys(Tree::About, &prefix)? {
        let (_, trace) =
            key::read_about(&key).ok_or_else(|| draft::corrupt(Tree::About, "a key"))?;
        match trace {
            Trace::Row(id) => {
                outbox::take(draft, Tree::Outbox, id)?;
                outbox::take(draft, Tree::Dead, id)?;
            }
            // Where the card is stays known: its last edit takes the name of the demandeur out of the room. These are
            // a number and the network's own ids, nothing personal.
            Trace::Remote(_) | Trace::Card(_) => continue,
            Trace::Document(key) => commit::remove_document(draft, key)?,
            Trace::Cause(cause) => journal::silence(draft, cause)?,
        }
        draft.remove(Tree::About, key);
    }
    Ok(())
}
