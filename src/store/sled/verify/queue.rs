//! Queues, documents and causes: readable, and found by what should find them.

use serde_json::Value;

use super::{Search, queue_counts};
use crate::message::Incoming;
use crate::store::sled::draft::read;
use crate::store::sled::key::{self, Owner, Trace};
use crate::store::sled::meta::Sequence;
use crate::store::sled::tree::Tree;
use crate::store::sled::{commit, journal};
use crate::store::{Error, Row, pieces};

/// All of them.
pub(super) fn queues(search: &mut Search<'_>) -> Result<(), Error> {
    rows(search, Tree::Outbox)?;
    rows(search, Tree::Dead)?;
    tags(search)?;
    journaled(search)?;
    causes(search)?;
    documents(search)?;
    abouts(search)
}

fn referred(
    search: &mut Search<'_>,
    what: &str,
    json: &[u8],
    owner: Owner<'_>,
) -> Result<(), Error> {
    for hash in pieces::named(json) {
        if !search.has(Tree::References, &key::reference(&hash, owner))? {
            search.fault(format!("{what}: a file that it names is not referred to"));
        }
    }
    Ok(())
}

fn rows(search: &mut Search<'_>, tree: Tree) -> Result<(), Error> {
    let (mut count, mut last) = (0, 0);
    for pair in search.trees.with(tree, &[]) {
        let (key, json) = pair?;
        let id = key::last_number(&key).unwrap_or_default();
        let what = format!("{} row {id}", tree.name());
        (count, last) = (count + 1, id);
        referred(search, &what, &json, Owner::Row(id))?;
        let Some(row) = search.readable(&what, read::<Row>(tree, &json))? else {
            continue;
        };
        if row.id != id {
            search.fault(format!("{what}: it bears the id {}", row.id));
        }
        if let Some(dossier) = row.queued.dossier
            && !search.has(Tree::About, &key::about(dossier, Trace::Row(id)))?
        {
            search.fault(format!("{what}: a purge of its dossier would not find it"));
        }
        if let (Some(tag), Tree::Outbox) = (&row.queued.tag, tree)
            && !search.has(Tree::Tags, &key::tagged(tag, id))?
        {
            search.fault(format!("{what}: it cannot be taken back by its tag"));
        }
    }
    queue_counts(search, tree, count, last, Sequence::Outbox)
}

fn tags(search: &mut Search<'_>) -> Result<(), Error> {
    for pair in search.trees.with(Tree::Tags, &[]) {
        let id = key::last_number(&pair?.0).unwrap_or_default();
        if !search.has(Tree::Outbox, &key::number(id))? {
            search.fault(format!(
                "a tag names the outbox row {id}, which is not there"
            ));
        }
    }
    Ok(())
}

fn journaled(search: &mut Search<'_>) -> Result<(), Error> {
    let (mut count, mut last) = (0, 0);
    for pair in search.trees.with(Tree::Journal, &[]) {
        let (key, json) = pair?;
        let id = key::last_number(&key).unwrap_or_default();
        let what = format!("journal row {id}");
        (count, last) = (count + 1, id);
        referred(search, &what, &json, Owner::Journal(id))?;
        let incoming = search.readable(&what, read::<Incoming>(Tree::Journal, &json))?;
        if let Some(incoming) = incoming
            && search.number(Tree::Heard, incoming.id.as_bytes())? != id
        {
            search.fault(format!(
                "{what}: it would be kept twice if it were heard again"
            ));
        }
    }
    for pair in search.trees.with(Tree::Heard, &[]) {
        let id = pair?.1;
        if !search.has(Tree::Journal, &id)? {
            search.fault("something counts as heard that the journal does not keep");
        }
    }
    queue_counts(search, Tree::Journal, count, last, Sequence::Journal)
}

fn causes(search: &mut Search<'_>) -> Result<(), Error> {
    for pair in search.trees.with(Tree::Causes, &[]) {
        let (cause, value) = pair?;
        let read = journal::read_cause(&value);
        let Some((at, receipt)) = search.readable("a cause", read)? else {
            continue;
        };
        let Ok(cause) = std::str::from_utf8(&cause) else {
            search.fault("a cause is not UTF-8");
            continue;
        };
        if !search.has(Tree::CauseTimes, &key::cause_time(at, cause))? {
            search.fault("a cause would never be forgotten");
        }
        if let Some(trace) = journal::spoken_of(&receipt, cause)
            && !search.has(Tree::About, &trace)?
        {
            search.fault("a purge would not find a receipt that speaks of its dossier");
        }
    }
    for pair in search.trees.with(Tree::CauseTimes, &[]) {
        let (key, _) = pair?;
        if !search.has(Tree::Causes, key.get(key::TIME..).unwrap_or_default())? {
            search.fault("a cause is to be forgotten that is not known");
        }
    }
    Ok(())
}

fn documents(search: &mut Search<'_>) -> Result<(), Error> {
    for pair in search.trees.with(Tree::Documents, &[]) {
        let (key, json) = pair?;
        let Some((collection, _)) = key::read_document(&key) else {
            search.fault("a document has a key that cannot be read");
            continue;
        };
        let what = format!("a document of {collection:?}");
        referred(search, &what, &json, Owner::Document(&key))?;
        let value = search.readable(&what, read::<Value>(Tree::Documents, &json))?;
        if let Some(dossier) = value.as_ref().and_then(commit::subject)
            && !search.has(Tree::About, &key::about(dossier, Trace::Document(&key)))?
        {
            search.fault(format!("{what}: a purge of its dossier would not find it"));
        }
    }
    Ok(())
}

/// What speaks of a dossier is there.
fn abouts(search: &mut Search<'_>) -> Result<(), Error> {
    for pair in search.trees.with(Tree::About, &[]) {
        let (key, _) = pair?;
        let Some((dossier, trace)) = key::read_about(&key) else {
            search.fault("something speaks of a dossier and cannot be read");
            continue;
        };
        let there = match trace {
            Trace::Row(id) => {
                let id = key::number(id);
                search.has(Tree::Outbox, &id)? || search.has(Tree::Dead, &id)?
            }
            Trace::Remote(key) => search.has(Tree::Remotes, key)?,
            Trace::Card(key) => search.has(Tree::Cards, key)?,
            Trace::Document(key) => search.has(Tree::Documents, key)?,
            Trace::Cause(cause) => search.has(Tree::Causes, cause)?,
        };
        if !there {
            search.fault(format!("dossier {dossier}: what speaks of it is not there"));
        }
    }
    Ok(())
}
