//! One commit, as one transaction.

use serde_json::Value;

use super::draft::{self, Draft};
use super::key::{self, Owner, Trace};
use super::meta::{self, Sequence};
use super::record::Record;
use super::tree::Tree;
use super::{journal, outbox, places, purge, rows};
use crate::domain::{DossierId, Event};
use crate::store::{Change, Commit, Committed, DossierChange, Error, Version};

/// Puts `commit` into `draft`. Where the answer is not `Applied`, the draft is to be dropped.
pub(super) fn commit(draft: &mut Draft<'_>, commit: &Commit) -> Result<Committed, Error> {
    if let Some(receipt) = journal::receipt(draft, &commit.cause)? {
        return Ok(Committed::AlreadyDone(receipt));
    }
    for tag in &commit.unsay {
        if !outbox::unsay(draft, tag, commit.at)? {
            return Ok(Committed::Stale);
        }
    }
    for tag in &commit.unsay_waiting {
        outbox::unsay(draft, tag, commit.at)?;
    }
    for change in &commit.dossiers {
        if !dossier(draft, change)? {
            return Ok(Committed::Stale);
        }
    }
    for change in &commit.changes {
        document(draft, change)?;
    }
    for queued in &commit.outbox {
        outbox::queue(draft, queued, commit.at)?;
    }
    if let Some(id) = commit.journal {
        journal::take(draft, id)?;
    }
    journal::done(draft, &commit.cause, commit.at, &commit.receipt)?;
    Ok(Committed::Applied)
}

/// Puts what a dossier becomes into `draft`. False where it is not at the version expected.
fn dossier(draft: &mut Draft<'_>, change: &DossierChange) -> Result<bool, Error> {
    let id = change.dossier.number;
    let state = key::number(id.0);
    let old = draft.get(Tree::States, &state)?;
    let old = old
        .map(|old| Ok::<_, Error>(Record::decode(&old)?.0))
        .transpose()?;
    if old.as_ref().map_or(Version(0), |old| old.version) != change.expected {
        return Ok(false);
    }
    let version = events(draft, id, change)?;
    let new = Record::of(&change.dossier, version, &change.view);
    draft.put(Tree::States, state, new.encode(&change.dossier)?);
    places::shift(draft, id, old.as_ref(), Some(&new))?;
    rows::shift(draft, old.as_ref(), &new, &change.dossier)?;
    meta::used(draft, Sequence::Dossier, id.0)?;
    Ok(true)
}

/// Adds the events. A purge takes away all before it, and everything else that speaks of the dossier.
fn events(draft: &mut Draft<'_>, id: DossierId, change: &DossierChange) -> Result<Version, Error> {
    let mut version = change.expected.0;
    for recorded in &change.events {
        version = version
            .checked_add(1)
            .ok_or_else(|| draft::corrupt(Tree::Events, "too many events"))?;
        if matches!(recorded.event, Event::Purged { .. }) {
            purge::purge(draft, id)?;
        }
        let json = draft::write(Tree::Events, recorded)?;
        draft.refer(&json, Owner::Dossier(id));
        draft.put(Tree::Events, key::event(id, version), json);
    }
    Ok(Version(version))
}

/// Puts what a document becomes into `draft`.
pub(super) fn document(draft: &mut Draft<'_>, change: &Change) -> Result<(), Error> {
    let key = key::document(change.collection, &change.key);
    remove_document(draft, &key)?;
    let Some(value) = &change.value else {
        return Ok(());
    };
    let json = draft::write(Tree::Documents, value)?;
    draft.refer(&json, Owner::Document(&key));
    if let Some(dossier) = subject(value) {
        draft.mark(Tree::About, key::about(dossier, Trace::Document(&key)));
    }
    draft.put(Tree::Documents, key, json);
    Ok(())
}

/// Takes a document away, with all that finds it.
pub(super) fn remove_document(draft: &mut Draft<'_>, key: &[u8]) -> Result<(), Error> {
    let Some(json) = draft.get(Tree::Documents, key)? else {
        return Ok(());
    };
    draft.release(&json, Owner::Document(key));
    let value: Value = draft::read(Tree::Documents, &json)?;
    if let Some(dossier) = subject(&value) {
        draft.remove(Tree::About, key::about(dossier, Trace::Document(key)));
    }
    draft.remove(Tree::Documents, key);
    Ok(())
}

/// The dossier that a document names.
pub(super) fn subject(value: &Value) -> Option<DossierId> {
    value.get("dossier")?.as_u64().map(DossierId)
}
