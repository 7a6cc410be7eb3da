//! What was heard: kept until it is handled, then remembered with its receipt.

use jiff::Timestamp;
use serde::Deserialize;

use super::draft::{self, Draft, corrupt, read};
use super::key::{self, Owner, Trace};
use super::meta::{self, Sequence};
use super::tree::{Tree, Trees};
use crate::domain::DossierId;
use crate::message::{Incoming, Receipt};
use crate::store::{Error, JournalId, Journaled};

/// How many causes are forgotten in one transaction.
const BATCH: usize = 1000;

/// Keeps `incoming`, unless it is known.
pub(super) fn keep(draft: &mut Draft<'_>, incoming: &Incoming) -> Result<Journaled, Error> {
    if let Some(receipt) = receipt(draft, &incoming.id)? {
        return Ok(Journaled::Done(receipt));
    }
    let heard = incoming.id.as_bytes();
    if let Some(id) = draft.get(Tree::Heard, heard)? {
        return Ok(Journaled::Waiting(draft::number(Tree::Heard, Some(&id))?));
    }
    let id = meta::take(draft, Sequence::Journal)?;
    put(draft, id, incoming)?;
    Ok(Journaled::Fresh(id))
}

/// Adds `incoming` to the journal under `id`.
pub(super) fn put(draft: &mut Draft<'_>, id: JournalId, incoming: &Incoming) -> Result<(), Error> {
    let json = draft::write(Tree::Journal, incoming)?;
    draft.refer(&json, Owner::Journal(id));
    draft.put(Tree::Journal, key::number(id), json);
    draft.put(Tree::Heard, incoming.id.as_str(), &key::number(id));
    draft.add(Tree::Meta, &meta::depth(Tree::Journal), 1)
}

/// Only the id of an `Incoming`.
#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Takes something out of the journal, if it is there.
pub(super) fn take(draft: &mut Draft<'_>, id: JournalId) -> Result<(), Error> {
    let key = key::number(id);
    let Some(json) = draft.get(Tree::Journal, &key)? else {
        return Ok(());
    };
    let named: Named = read(Tree::Journal, &json)?;
    draft.release(&json, Owner::Journal(id));
    draft.remove(Tree::Journal, key);
    draft.remove(Tree::Heard, named.id);
    draft.add(Tree::Meta, &meta::depth(Tree::Journal), -1)
}

/// What the journal keeps, in order.
pub(super) fn all(trees: &Trees) -> Result<Vec<(JournalId, Incoming)>, Error> {
    let mut all = Vec::new();
    for pair in trees.with(Tree::Journal, &[]) {
        let (key, json) = pair?;
        let id = key::last_number(&key).ok_or_else(|| corrupt(Tree::Journal, "a key"))?;
        all.push((id, read(Tree::Journal, &json)?));
    }
    Ok(all)
}

/// The receipt of a cause that was committed.
pub(super) fn receipt(draft: &Draft<'_>, cause: &str) -> Result<Option<Receipt>, Error> {
    draft
        .get(Tree::Causes, cause.as_bytes())?
        .map(|value| Ok(read_cause(&value)?.1))
        .transpose()
}

/// When a cause was committed, and its receipt.
pub(super) fn read_cause(value: &[u8]) -> Result<(Timestamp, Receipt), Error> {
    let at = key::read_time(value).ok_or_else(|| corrupt(Tree::Causes, "its time"))?;
    let json = value.get(key::TIME..).unwrap_or_default();
    Ok((at, read(Tree::Causes, json)?))
}

/// Remembers that `cause` is done.
pub(super) fn done(
    draft: &mut Draft<'_>,
    cause: &str,
    at: Timestamp,
    receipt: &Receipt,
) -> Result<(), Error> {
    let json = draft::write(Tree::Causes, receipt)?;
    let value = [key::time(at).as_slice(), &json].concat();
    draft.put(Tree::Causes, cause, value);
    draft.mark(Tree::CauseTimes, key::cause_time(at, cause));
    if let Some(trace) = spoken_of(receipt, cause) {
        draft.mark(Tree::About, trace);
    }
    Ok(())
}

/// The trace of a receipt that says something about a dossier.
pub(super) fn spoken_of(receipt: &Receipt, cause: &str) -> Option<Vec<u8>> {
    let speaks = !receipt.answers.is_empty() || !receipt.errors.is_empty();
    let dossier = DossierId(receipt.dossier.filter(|_| speaks)?);
    Some(key::about(dossier, Trace::Cause(cause.as_bytes())))
}

/// Empties the receipt of a cause of what it said. That it was done stays known.
pub(super) fn silence(draft: &mut Draft<'_>, cause: &[u8]) -> Result<(), Error> {
    let Some(value) = draft.get(Tree::Causes, cause)? else {
        return Ok(());
    };
    let (at, mut receipt) = read_cause(&value)?;
    receipt.answers.clear();
    receipt.errors.clear();
    let json = draft::write(Tree::Causes, &receipt)?;
    draft.put(
        Tree::Causes,
        cause,
        [key::time(at).as_slice(), &json].concat(),
    );
    Ok(())
}

/// Forgets at most [`BATCH`] causes older than `before`. Answers how many.
pub(super) fn forget(
    draft: &mut Draft<'_>,
    trees: &Trees,
    before: Timestamp,
) -> Result<u64, Error> {
    let mut forgotten = 0;
    let old = trees
        .of(Tree::CauseTimes)
        .range(..key::time(before).to_vec());
    for pair in old.take(BATCH) {
        let (key, _) = pair?;
        let cause = key.get(key::TIME..).unwrap_or_default();
        if let Some(value) = draft.get(Tree::Causes, cause)? {
            let receipt = read_cause(&value)?.1;
            let cause = String::from_utf8_lossy(cause);
            if let Some(trace) = spoken_of(&receipt, &cause) {
                draft.remove(Tree::About, trace);
            }
        }
        draft.remove(Tree::Causes, cause);
        draft.remove(Tree::CauseTimes, key.to_vec());
        forgotten += 1;
    }
    Ok(forgotten)
}
