//! The commit that is being made: what a handler adds to while it thinks.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;
use crate::domain::{DossierId, Recorded};
use crate::message::{Destination, Outgoing, Receipt, Verdict};
use crate::store::{Change, Collection, Commit, DossierChange, JournalId, Queued, Store, Version};

/// A commit in the making. What it changes is seen by what is looked up later through it.
pub(super) struct Draft<'a, S> {
    store: &'a S,
    /// When the decision is taken.
    pub(super) at: Timestamp,
    /// Network id of what is being handled.
    pub(super) cause: String,
    /// An earlier try was stale: what was to be unsaid has left.
    pub(super) again: bool,
    /// What is not said of each dossier, because it is said of many at once.
    pub(super) hushed: Option<Hushed>,
    journal: Option<JournalId>,
    /// In a rehearsal, which is not committed: the files that would have been kept.
    rehearsed: Option<Vec<Vec<u8>>>,
    dossiers: BTreeMap<DossierId, DossierChange>,
    changes: BTreeMap<(Collection, String), Option<Value>>,
    outbox: Vec<Queued>,
    unsay: Vec<String>,
    unsay_waiting: Vec<String>,
    /// What is answered to a caller that waits.
    pub(super) receipt: Receipt,
}

/// What an act on many dossiers does not say of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hushed {
    /// The dossier's card is not as it should be.
    pub(super) card: bool,
    /// Rooms that would have been told.
    pub(super) rooms: BTreeSet<Destination>,
}

impl<S> Clone for Draft<'_, S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store,
            at: self.at,
            cause: self.cause.clone(),
            again: self.again,
            hushed: self.hushed.clone(),
            journal: self.journal,
            rehearsed: self.rehearsed.clone(),
            dossiers: self.dossiers.clone(),
            changes: self.changes.clone(),
            outbox: self.outbox.clone(),
            unsay: self.unsay.clone(),
            unsay_waiting: self.unsay_waiting.clone(),
            receipt: self.receipt.clone(),
        }
    }
}

impl<'a, S: Store> Draft<'a, S> {
    pub(super) fn new(
        store: &'a S,
        journal: Option<JournalId>,
        cause: &str,
        at: Timestamp,
    ) -> Self {
        Self {
            store,
            at,
            cause: cause.to_owned(),
            again: false,
            hushed: None,
            journal,
            rehearsed: None,
            dossiers: BTreeMap::new(),
            changes: BTreeMap::new(),
            outbox: Vec::new(),
            unsay: Vec::new(),
            unsay_waiting: Vec::new(),
            receipt: Receipt::of(Verdict::Done),
        }
    }

    /// From now on files are noted instead of kept.
    pub(super) fn rehearse(&mut self) {
        self.rehearsed = Some(Vec::new());
    }

    /// Notes files that are about to be kept. False where this is no rehearsal.
    pub(super) fn note(&mut self, contents: &[&[u8]]) -> bool {
        let Some(noted) = &mut self.rehearsed else {
            return false;
        };
        noted.extend(contents.iter().map(|content| content.to_vec()));
        true
    }

    /// The files that were noted.
    pub(super) fn noted(self) -> Vec<Vec<u8>> {
        self.rehearsed.unwrap_or_default()
    }

    /// The dossier as this commit leaves it so far, or as the store has it.
    pub(super) fn dossier(&self, number: DossierId) -> Result<Option<DossierChange>, Error> {
        if let Some(change) = self.dossiers.get(&number) {
            return Ok(Some(change.clone()));
        }
        let loaded = self.store.load(number)?;
        Ok(loaded.map(|(dossier, expected)| DossierChange {
            expected,
            events: Vec::new(),
            dossier,
            view: crate::domain::View::default(),
        }))
    }

    /// Puts a dossier's change into the commit, in the place of an earlier one.
    pub(super) fn change(&mut self, change: DossierChange) {
        self.dossiers.insert(change.dossier.number, change);
    }

    /// A dossier that does not exist yet.
    pub(super) fn found(
        &mut self,
        dossier: crate::domain::Dossier,
        events: Vec<Recorded>,
        view: crate::domain::View,
    ) {
        self.change(DossierChange {
            expected: Version::default(),
            events,
            dossier,
            view,
        });
    }

    /// A document, as this commit leaves it.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        collection: Collection,
        key: &str,
    ) -> Result<Option<T>, Error> {
        let value = match self.changes.get(&(collection, key.to_owned())) {
            Some(value) => value.clone(),
            None => self.store.get(collection, key)?,
        };
        value
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| Error::document(collection, &error))
    }

    /// Writes a document.
    pub(super) fn put<T: Serialize>(
        &mut self,
        collection: Collection,
        key: impl Into<String>,
        value: &T,
    ) -> Result<(), Error> {
        let value =
            serde_json::to_value(value).map_err(|error| Error::document(collection, &error))?;
        self.changes.insert((collection, key.into()), Some(value));
        Ok(())
    }

    /// Removes a document.
    pub(super) fn remove(&mut self, collection: Collection, key: impl Into<String>) {
        self.changes.insert((collection, key.into()), None);
    }

    /// Queues a message that speaks of no dossier.
    pub(super) fn send(&mut self, outgoing: Outgoing) {
        self.queue(Queued {
            outgoing,
            not_before: None,
            dossier: None,
            tag: None,
        });
    }

    /// Queues a message.
    pub(super) fn queue(&mut self, queued: Queued) {
        self.outbox.push(queued);
    }

    /// How many messages are queued so far.
    pub(super) fn queued(&self) -> usize {
        self.outbox.len()
    }

    /// Takes back the messages of that tag: those of this commit, and those that wait in the outbox.
    pub(super) fn unsay(&mut self, tag: String) {
        self.unqueue(&tag);
        self.unsay.push(tag);
    }

    /// The same, as far as they still wait: what they were to say is taken back in any case.
    pub(super) fn unsay_waiting(&mut self, tag: String) {
        self.unqueue(&tag);
        self.unsay_waiting.push(tag);
    }

    fn unqueue(&mut self, tag: &str) {
        self.outbox
            .retain(|queued| queued.tag.as_deref() != Some(tag));
    }

    /// The commit.
    pub(super) fn finish(self) -> Commit {
        let changes = self
            .changes
            .into_iter()
            .map(|((collection, key), value)| Change {
                collection,
                key,
                value,
            })
            .collect();
        Commit {
            journal: self.journal,
            cause: self.cause,
            at: self.at,
            dossiers: self.dossiers.into_values().collect(),
            changes,
            outbox: self.outbox,
            unsay: self.unsay,
            unsay_waiting: self.unsay_waiting,
            receipt: self.receipt,
        }
    }
}
