//! The ledger in sled: one folder with the database, the files, and a lock.

mod commit;
mod disk;
mod draft;
mod history;
pub(super) mod instance;
mod journal;
mod key;
mod look;
mod meta;
mod open;
mod outbox;
mod places;
mod purge;
mod rebuild;
mod record;
mod rows;
mod transfer;
mod tree;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use self::disk::Disk;
use self::draft::{Draft, Effects};
use self::instance::Instances;
use self::meta::Sequence;
pub use self::open::OpenOptions;
use self::tree::{Tree, Trees};
use super::pieces::{Found, Hash, Pieces};
use super::{
    Collection, Commit, Committed, Depths, Due, EachRow, Error, JournalId, Journaled, OutboxId,
    Page, Report, Row, Store, Version,
};
use crate::domain::{Demarche, DemarcheId, Dossier, DossierId, List, Recorded};
use crate::message::{Destination, Incoming, Outcome};

/// The ledger in sled.
pub struct Sled {
    path: PathBuf,
    db: ::sled::Db,
    disk: Disk,
    trees: Trees,
    pieces: Arc<Pieces>,
    instances: Instances,
    /// Held by whoever changes anything, from the first read to the transaction. The disk is waited for without it.
    writing: Mutex<()>,
    /// Rows before this id are committed.
    committed: AtomicU64,
    /// Rows before this id are on disk.
    durable: AtomicU64,
    /// Files that perhaps nobody needs, once the next flush is done.
    loosened: Mutex<BTreeSet<Hash>>,
    /// Held as long as the store is open, so that no second process opens it.
    _lock: File,
}

impl std::fmt::Debug for Sled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sled")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Sled {
    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The shelf of the files that the ledger names.
    pub fn pieces(&self) -> Arc<Pieces> {
        Arc::clone(&self.pieces)
    }

    /// Nothing is changed as long as the answer is held.
    pub(super) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loosened(&self) -> MutexGuard<'_, BTreeSet<Hash>> {
        self.loosened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one change: `change` fills a draft, which is then applied if `keep` says so of the answer.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Draft<'_>) -> Result<T, Error>,
        keep: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error> {
        let _writing = self.writing();
        let mut draft = Draft::new(&self.trees);
        let renewed = self.instances.renewed(&mut draft)?;
        let answer = change(&mut draft)?;
        if !keep(&answer) {
            return Ok(answer);
        }
        let next = meta::peek(&draft, Sequence::Outbox)?;
        let Effects { named, loosened } = draft.apply()?;
        if let Some(instances) = renewed {
            self.instances.set(instances);
        }
        self.committed.store(next, Ordering::Release);
        self.pieces.settled(&named);
        self.loosened().extend(loosened);
        Ok(answer)
    }

    /// Waits for the disk, then takes away the files that nothing durable needs any more.
    fn harden(&self) -> Result<(), Error> {
        self.harden_by(Disk::wait)
    }

    fn harden_by(
        &self,
        wait: impl FnOnce(&Disk, &::sled::Db) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let loosened = std::mem::take(&mut *self.loosened());
        if let Err(error) = wait(&self.disk, &self.db) {
            self.loosened().extend(loosened);
            return Err(error);
        }
        for hash in loosened {
            self.remove_unneeded(&hash)?;
        }
        Ok(())
    }

    /// Takes away the files that nothing needs: a crash between a purge and their removal leaves them, as does what was
    /// kept and never handed in. Answers how many. What this process has just kept is left alone, so that channels may
    /// listen meanwhile.
    pub fn sweep(&self) -> Result<u64, Error> {
        let mut swept = 0;
        self.pieces.walk(|found| {
            if let Found::Piece(hash) = found {
                swept += u64::from(self.remove_unneeded(&hash)?);
            }
            Ok::<(), Error>(())
        })?;
        Ok(swept)
    }

    /// Takes a file away if nothing refers to it. True where it did.
    fn remove_unneeded(&self, hash: &Hash) -> Result<bool, Error> {
        // Nothing can come to need it between the look and the removal.
        let _writing = self.writing();
        if self.trees.with(Tree::References, hash).next().is_some() {
            return Ok(false);
        }
        Ok(self.pieces.remove(hash)?)
    }
}

impl Store for Sled {
    fn journal(&self, batch: &[Incoming]) -> Result<Vec<Journaled>, Error> {
        let keep = |draft: &mut Draft<'_>| {
            batch
                .iter()
                .map(|incoming| journal::keep(draft, incoming))
                .collect()
        };
        let journaled = self.change(keep, |_| true)?;
        // Also where all is done already: what is answered may be a commit that is not on disk yet.
        self.harden()?;
        Ok(journaled)
    }

    fn journaled(&self) -> Result<Vec<(JournalId, Incoming)>, Error> {
        journal::all(&self.trees)
    }

    fn load(&self, id: DossierId) -> Result<Option<(Dossier, Version)>, Error> {
        look::load(&self.trees, id)
    }

    fn events(&self, id: DossierId) -> Result<Vec<Recorded>, Error> {
        look::events(&self.trees, id)
    }

    fn next_number(&self) -> Result<DossierId, Error> {
        let draft = Draft::new(&self.trees);
        Ok(DossierId(meta::peek(&draft, Sequence::Dossier)?))
    }

    fn page(
        &self,
        lists: &[List],
        after: Option<(i64, DossierId)>,
        limit: usize,
    ) -> Result<Page, Error> {
        look::page(&self.trees, lists, after, limit)
    }

    fn rows(&self, lists: &[List], each: EachRow<'_>) -> Result<(), Error> {
        rows::each(&self.trees, lists, each)
    }

    fn count(&self, list: &List) -> Result<u64, Error> {
        look::count(&self.trees, list)
    }

    fn due(
        &self,
        now: Timestamp,
        after: Option<(Timestamp, DossierId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DossierId)>, Error> {
        look::due(&self.trees, now, after, limit)
    }

    fn get(&self, collection: Collection, key: &str) -> Result<Option<Value>, Error> {
        look::document(&self.trees, collection, key)
    }

    fn scan(
        &self,
        collection: Collection,
        prefix: &str,
        from: Bound<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Value)>, Error> {
        look::documents(&self.trees, collection, prefix, from, limit)
    }

    fn commit(&self, commit: &Commit) -> Result<Committed, Error> {
        self.change(
            |draft| commit::commit(draft, commit),
            |committed| *committed == Committed::Applied,
        )
    }

    fn flush(&self) -> Result<(), Error> {
        let committed = self.committed.load(Ordering::Acquire);
        self.harden()?;
        self.durable.fetch_max(committed, Ordering::AcqRel);
        Ok(())
    }

    fn queued(&self, after: Option<OutboxId>, limit: usize) -> Result<Vec<Due>, Error> {
        let end = self.durable.load(Ordering::Acquire);
        look::queued(&self.trees, after, end, limit)
    }

    fn row(&self, id: OutboxId) -> Result<Option<Row>, Error> {
        Draft::new(&self.trees).json(Tree::Outbox, &key::number(id))
    }

    fn key(&self, id: OutboxId) -> String {
        self.instances.key(id)
    }

    fn settle(
        &self,
        id: OutboxId,
        outcome: &Outcome,
        next: Timestamp,
        now: Timestamp,
    ) -> Result<Option<JournalId>, Error> {
        let key = self.key(id);
        let settle = |draft: &mut Draft<'_>| outbox::settle(draft, (id, &key), outcome, next, now);
        let journaled = self.change(settle, |_| true)?;
        self.harden_by(Disk::wait_together)?;
        Ok(journaled)
    }

    fn dead(&self) -> Result<Vec<Row>, Error> {
        outbox::dead(&self.trees)
    }

    fn replay(&self, id: OutboxId, now: Timestamp) -> Result<bool, Error> {
        let replayed = self.change(|draft| outbox::replay(draft, id, now), |_| true)?;
        self.flush()?;
        Ok(replayed)
    }

    fn forget(&self, id: OutboxId) -> Result<bool, Error> {
        let forgotten = self.change(|draft| outbox::take(draft, Tree::Dead, id), |_| true)?;
        self.harden()?;
        Ok(forgotten.is_some())
    }

    fn remote(&self, to: &Destination, card: &str) -> Result<Option<String>, Error> {
        look::named(&self.trees, Tree::Remotes, &key::remote(to, card))
    }

    fn card(&self, network: &str, remote_id: &str) -> Result<Option<String>, Error> {
        look::named(&self.trees, Tree::Cards, &key::card(network, remote_id))
    }

    fn totals(&self) -> Result<BTreeMap<DemarcheId, u64>, Error> {
        look::totals(&self.trees)
    }

    fn depths(&self) -> Result<Depths, Error> {
        let draft = Draft::new(&self.trees);
        let depth = |tree| draft.number(Tree::Meta, &meta::depth(tree));
        Ok(Depths {
            journal: depth(Tree::Journal)?,
            outbox: depth(Tree::Outbox)?,
            dead: depth(Tree::Dead)?,
        })
    }

    fn forget_causes(&self, before: Timestamp) -> Result<u64, Error> {
        let mut forgotten = 0;
        loop {
            let forget = |draft: &mut Draft<'_>| journal::forget(draft, &self.trees, before);
            match self.change(forget, |_| true)? {
                0 => break,
                some => forgotten += some,
            }
        }
        self.harden()?;
        Ok(forgotten)
    }

    fn rebuild(&self, rules: &dyn Fn(DemarcheId) -> Option<Demarche>) -> Result<u64, Error> {
        let _writing = self.writing();
        let dossiers = rebuild::rebuild(&self.trees, rules)?;
        self.disk.wait(&self.db)?;
        Ok(dossiers)
    }

    fn verify(&self, rules: &dyn Fn(DemarcheId) -> Option<Demarche>) -> Result<Report, Error> {
        let _writing = self.writing();
        verify::verify(&self.trees, &self.pieces, rules)
    }
}
