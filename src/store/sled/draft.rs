//! Changes not yet applied: read through, then written in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use ::sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};
use ::sled::{IVec, Tree as Opened};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::{self, Owner};
use super::tree::{Tree, Trees};
use crate::store::Error;
use crate::store::pieces::{self, Hash};

/// Changes, seen by its own reads and by nobody else until [`Draft::apply`]. Who makes one holds the writer's lock, so
/// that nothing it has read changes meanwhile.
///
/// sled locks all of a process's trees during a transaction: reading a tree beside it, in the same thread, would wait
/// for ever. So everything is read here, before, and the transaction itself only writes.
pub(super) struct Draft<'a> {
    trees: &'a Trees,
    writes: BTreeMap<Tree, BTreeMap<Vec<u8>, Option<IVec>>>,
    effects: Effects,
}

/// What to do about files once a draft is applied.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Files that something names now.
    pub(super) named: BTreeSet<Hash>,
    /// Files that something does not name any more.
    pub(super) loosened: BTreeSet<Hash>,
}

impl<'a> Draft<'a> {
    /// No changes yet.
    pub(super) fn new(trees: &'a Trees) -> Self {
        Self {
            trees,
            writes: BTreeMap::new(),
            effects: Effects::default(),
        }
    }

    /// The value behind `key`, with the changes so far.
    pub(super) fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<IVec>, Error> {
        match self.writes.get(&tree).and_then(|writes| writes.get(key)) {
            Some(written) => Ok(written.clone()),
            None => self.trees.get(tree, key),
        }
    }

    /// The value behind `key`, read as JSON.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        tree: Tree,
        key: &[u8],
    ) -> Result<Option<T>, Error> {
        self.get(tree, key)?
            .map(|value| read(tree, &value))
            .transpose()
    }

    /// The keys that begin with `prefix`, with the changes so far.
    pub(super) fn keys(&self, tree: Tree, prefix: &[u8]) -> Result<BTreeSet<Vec<u8>>, Error> {
        let mut keys = BTreeSet::new();
        for pair in self.trees.with(tree, prefix) {
            keys.insert(pair?.0.to_vec());
        }
        let written = self.writes.get(&tree).into_iter();
        let written = written.flat_map(|writes| writes.range(prefix.to_vec()..));
        for (key, value) in written.take_while(|(key, _)| key.starts_with(prefix)) {
            if value.is_some() {
                keys.insert(key.clone());
            } else {
                keys.remove(key);
            }
        }
        Ok(keys)
    }

    /// Sets `key`.
    pub(super) fn put(&mut self, tree: Tree, key: impl Into<Vec<u8>>, value: impl Into<IVec>) {
        let writes = self.writes.entry(tree).or_default();
        writes.insert(key.into(), Some(value.into()));
    }

    /// Sets `key` without a value.
    pub(super) fn mark(&mut self, tree: Tree, key: impl Into<Vec<u8>>) {
        self.put(tree, key, IVec::default());
    }

    /// Removes `key`.
    pub(super) fn remove(&mut self, tree: Tree, key: impl Into<Vec<u8>>) {
        let writes = self.writes.entry(tree).or_default();
        writes.insert(key.into(), None);
    }

    /// Adds `by` to the counter at `key`; one that comes to nothing goes away.
    pub(super) fn add(&mut self, tree: Tree, key: &[u8], by: i64) -> Result<(), Error> {
        let old = self.number(tree, key)?;
        match old.saturating_add_signed(by) {
            0 => self.remove(tree, key),
            new => self.put(tree, key, &key::number(new)),
        }
        Ok(())
    }

    /// The number at `key`; zero where there is none.
    pub(super) fn number(&self, tree: Tree, key: &[u8]) -> Result<u64, Error> {
        number(tree, self.get(tree, key)?.as_deref())
    }

    /// `owner` needs the files that `json` names.
    pub(super) fn refer(&mut self, json: &[u8], owner: Owner<'_>) {
        for hash in pieces::named(json) {
            self.mark(Tree::References, key::reference(&hash, owner));
            self.effects.named.insert(hash);
        }
    }

    /// `owner` does not need the files that `json` names any more.
    pub(super) fn release(&mut self, json: &[u8], owner: Owner<'_>) {
        for hash in pieces::named(json) {
            self.remove(Tree::References, key::reference(&hash, owner));
            self.effects.loosened.insert(hash);
        }
    }

    /// Writes all of it, or nothing.
    pub(super) fn apply(self) -> Result<Effects, Error> {
        let trees: Vec<&Opened> = self
            .writes
            .keys()
            .map(|tree| self.trees.of(*tree))
            .collect();
        if trees.is_empty() {
            return Ok(self.effects);
        }
        let applied = trees.as_slice().transaction(|views| {
            for (view, writes) in views.iter().zip(self.writes.values()) {
                for (key, value) in writes {
                    match value {
                        Some(value) => view.insert(key.as_slice(), value)?,
                        None => view.remove(key.as_slice())?,
                    };
                }
            }
            Ok::<(), ConflictableTransactionError<()>>(())
        });
        match applied {
            Ok(()) => Ok(self.effects),
            Err(TransactionError::Storage(error)) => Err(error.into()),
            Err(TransactionError::Abort(())) => {
                Err(Error::Database("a transaction was abandoned".to_owned()))
            }
        }
    }
}

/// `value` as JSON.
pub(super) fn write(tree: Tree, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| unreadable(tree, &error))
}

/// `value` from JSON.
pub(super) fn read<T: DeserializeOwned>(tree: Tree, value: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(value).map_err(|error| unreadable(tree, &error))
}

/// What serde says repeats the value: only the kind and the place are told.
fn unreadable(tree: Tree, error: &serde_json::Error) -> Error {
    let (kind, column) = (error.classify(), error.column());
    corrupt(tree, &format!("{kind:?} at byte {column}"))
}

/// A record of `tree` that cannot be read.
pub(super) fn corrupt(tree: Tree, why: &str) -> Error {
    Error::Corrupt {
        tree: tree.name(),
        why: why.to_owned(),
    }
}

/// A counter's value.
pub(super) fn number(tree: Tree, value: Option<&[u8]>) -> Result<u64, Error> {
    match value {
        None => Ok(0),
        Some(value) => value
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| corrupt(tree, "a counter is not 8 bytes long")),
    }
}
