//! The ledger: what is kept, and the one way to change it.
//!
//! Everything that one [`Incoming`] brings about is one [`Commit`]. It is seen whole or not at all, and nobody is told
//! of it before [`Store::flush`] has returned. sled is one way to keep it; a shared database could be another.

mod find;
pub mod pieces;
pub mod portable;
pub mod sled;

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Demarche, DemarcheId, Dossier, DossierId, List, Recorded, View};
use crate::message::{Destination, Incoming, Outcome, Outgoing, Receipt};

pub use self::find::{OPEN, find};

/// How many events a dossier has had: what a commit expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

/// Place of something in the journal, in order of arrival.
pub type JournalId = u64;
/// Row of the outbox, in order of commit. It is never used again.
pub type OutboxId = u64;

/// Small documents beside the dossiers, each kind under its own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// Chat account → instructeur.
    Link,
    /// Codes sent by mail to link an account.
    LinkCode,
    /// What a person wants to be told, see and filter.
    Preference,
    /// Acts that wait for `confirmer CODE`.
    Confirmation,
    /// Mail that waits for a person to decide.
    Quarantine,
    /// What is known of a mail address: it bounces, it was told once.
    Address,
    /// Mails that have left, by dossier: when, to whom, under which subject.
    Sent,
    /// Counters and marks of Greffier's own.
    Meta,
    /// What is known of rooms: whether they are encrypted, what an administrateur has bound them to.
    Room,
    /// Acts on several dossiers: what is to be done, how far it is, what became of each.
    Bulk,
    /// Exports that wait to be fetched, each with its files, until it is too late.
    Export,
    /// What is known of the platform's démarches and dossiers beside what happened to them.
    Mirror,
}

impl Collection {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Link,
        Self::LinkCode,
        Self::Preference,
        Self::Confirmation,
        Self::Quarantine,
        Self::Address,
        Self::Sent,
        Self::Meta,
        Self::Room,
        Self::Bulk,
        Self::Export,
        Self::Mirror,
    ];
}

/// A change of one document. A document whose value has a number under `dossier` belongs to that dossier, whose purge
/// takes it away. Files that it names (as [`Piece`](crate::domain::Piece)s) stay on the shelf as long as it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which collection.
    pub collection: Collection,
    /// Which document.
    pub key: String,
    /// What it becomes; none removes it.
    pub value: Option<Value>,
}

/// What one dossier becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct DossierChange {
    /// The version that this was decided on; a different one makes the commit [`Committed::Stale`].
    pub expected: Version,
    /// What happened, in order. A `Purged` event takes the place of all before it.
    pub events: Vec<Recorded>,
    /// The state after them.
    pub dossier: Dossier,
    /// Where it is listed from now on.
    pub view: View,
}

/// A mail that has left, as [`Collection::Sent`] keeps it under [`sent_key`]. The purge of its dossier takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The dossier that it spoke of.
    pub dossier: DossierId,
    /// When it was taken by the other side.
    pub at: Timestamp,
    /// To whom.
    pub address: String,
    /// Under which subject.
    pub subject: String,
}

/// Key of a [`Sent`], or the prefix of all those of a dossier.
pub fn sent_key(dossier: DossierId, row: Option<OutboxId>) -> String {
    let row = row.map(|row| format!("{row:020}")).unwrap_or_default();
    format!("{dossier}\u{0}{row}")
}

/// A message to send, with what the outbox must know of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// The message.
    pub outgoing: Outgoing,
    /// Not before this time.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// The dossier that it speaks of: its purge takes the row away.
    #[serde(default)]
    pub dossier: Option<DossierId>,
    /// Name by which it can be unsaid while it waits.
    #[serde(default)]
    pub tag: Option<String>,
}

/// All that one [`Incoming`] brings about.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Its journal row, which goes away with the commit.
    pub journal: Option<JournalId>,
    /// Its network id, remembered with the receipt so that hearing it again does nothing.
    pub cause: String,
    /// When this is decided: an `unsay` succeeds only for what may not have left by then.
    pub at: Timestamp,
    /// Dossiers changed, or made where `expected` is zero.
    pub dossiers: Vec<DossierChange>,
    /// Documents changed.
    pub changes: Vec<Change>,
    /// Messages to send.
    pub outbox: Vec<Queued>,
    /// Tags of messages to take back. One that has left, or may be leaving, makes the commit [`Committed::Stale`].
    pub unsay: Vec<String>,
    /// Tags of messages to take back as far as they still wait: what has left, or may be leaving, leaves.
    pub unsay_waiting: Vec<String>,
    /// What to answer.
    pub receipt: Receipt,
}

/// What became of a [`Commit`].
#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
    /// Applied; visible, and durable after the next flush.
    Applied,
    /// The cause was committed before, with this receipt. Nothing changed.
    AlreadyDone(Receipt),
    /// Something moved meanwhile. Nothing changed; decide again.
    Stale,
}

/// What the journal knows of an [`Incoming`].
#[derive(Debug, Clone, PartialEq)]
pub enum Journaled {
    /// New, kept under this id.
    Fresh(JournalId),
    /// Kept already and not yet handled.
    Waiting(JournalId),
    /// Handled; this was the receipt.
    Done(Receipt),
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its id.
    pub id: OutboxId,
    /// What to send.
    pub queued: Queued,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due.
    pub next: Timestamp,
    /// When it was queued.
    pub since: Timestamp,
    /// Why the last try failed, or why it was given up.
    #[serde(default)]
    pub why: Option<String>,
}

/// What delivery must know of a [`Row`] to find its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub id: OutboxId,
    /// Where it goes.
    pub to: Destination,
    /// When the next try is due.
    pub at: Timestamp,
    /// It was tried, and those behind it wait for it; one that is due later because it was queued so lets them pass.
    pub tried: bool,
}

/// One page of a listing, newest deposit first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The dossiers.
    pub dossiers: Vec<DossierId>,
    /// What to give as `after` for the next page; none when this is the last.
    pub next: Option<(i64, DossierId)>,
}

/// What is wrong with the store, as `store verify` finds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Dossiers read.
    pub dossiers: u64,
    /// Events read.
    pub events: u64,
    /// Files read and hashed.
    pub pieces: u64,
    /// Everything found wrong, in English, without personal data. Empty is good.
    pub faults: Vec<String>,
}

/// Something went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it open.
    #[error(
        "another greffier has the store at {path} open: stop it first, or let the command go through it"
    )]
    Locked {
        /// Folder of the store.
        path: String,
    },
    /// It was written by a newer Greffier.
    #[error(
        "the store has the form {found}, and this greffier knows none after {known}: run the newer greffier that wrote it"
    )]
    Newer {
        /// The form found.
        found: u64,
        /// The newest form known.
        known: u64,
    },
    /// The database failed.
    #[error("the store cannot be read or written: {0}")]
    Database(String),
    /// A record cannot be read.
    #[error(
        "the store holds something unreadable in {tree}: {why}; `greffier store verify` tells more"
    )]
    Corrupt {
        /// Where.
        tree: &'static str,
        /// What the reader said.
        why: String,
    },
    /// A file of the store failed.
    #[error("a file of the store cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
}

/// What is done with a dossier and its row; a break ends it.
pub type EachRow<'a> = &'a mut dyn FnMut(DossierId, &[u8]) -> Result<ControlFlow<()>, Error>;

/// The ledger. Calls are synchronous and may block on the disk. There is one writer of commits; `settle` may run beside it.
pub trait Store: Send + Sync + 'static {
    /// Keeps all of `batch` in the journal, in order, and flushes once.
    fn journal(&self, batch: &[Incoming]) -> Result<Vec<Journaled>, Error>;
    /// What the journal keeps that is not handled yet, in order.
    fn journaled(&self) -> Result<Vec<(JournalId, Incoming)>, Error>;

    /// A dossier and its version.
    fn load(&self, id: DossierId) -> Result<Option<(Dossier, Version)>, Error>;
    /// The events of a dossier, in order.
    fn events(&self, id: DossierId) -> Result<Vec<Recorded>, Error>;
    /// The number that the next deposit gets. The commit that uses it moves it on.
    fn next_number(&self) -> Result<DossierId, Error>;
    /// One page of the union of `lists`, newest deposit first, after `after`.
    fn page(
        &self,
        lists: &[List],
        after: Option<(i64, DossierId)>,
        limit: usize,
    ) -> Result<Page, Error>;
    /// Calls `each` with every dossier of the union of `lists`, newest deposit first, and its row as
    /// [`row`](crate::domain::row) writes it (nothing where it is missing), until it breaks off.
    fn rows(&self, lists: &[List], each: EachRow<'_>) -> Result<(), Error>;
    /// How many dossiers a list has.
    fn count(&self, list: &List) -> Result<u64, Error>;
    /// Dossiers that the clock must look at by `now`, each with the time since when, the longest due first, after
    /// `after`; at most `limit`.
    fn due(
        &self,
        now: Timestamp,
        after: Option<(Timestamp, DossierId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DossierId)>, Error>;

    /// A document.
    fn get(&self, collection: Collection, key: &str) -> Result<Option<Value>, Error>;
    /// The documents whose keys begin with `prefix`, in order of key, from `from` on, at most `limit`.
    fn scan(
        &self,
        collection: Collection,
        prefix: &str,
        from: Bound<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Value)>, Error>;

    /// Applies a commit, whole. Not yet durable: see [`Store::flush`].
    fn commit(&self, commit: &Commit) -> Result<Committed, Error>;
    /// Makes all commits so far durable, then lets their outbox rows be seen by [`Store::queued`].
    fn flush(&self) -> Result<(), Error>;

    /// The durable rows after `after`, in order, at most `limit`.
    fn queued(&self, after: Option<OutboxId>, limit: usize) -> Result<Vec<Due>, Error>;
    /// A row of the outbox; none when it was delivered, unsaid or given up.
    fn row(&self, id: OutboxId) -> Result<Option<Row>, Error>;
    /// The key under which a row is delivered: `outbox-42.1f3a9c`, unique to this store and row.
    fn key(&self, id: OutboxId) -> String;
    /// Records what came of a try, durably. `Delivered` removes the row and remembers the card's remote id, the last one
    /// told: a channel that has edited a message answers the id of that message. `Retry` sets the next try; `Dead` moves
    /// it to the dead letters and puts an `Undelivered` into the journal, in one transaction, and answers its id. A row
    /// that is not there any more changes nothing.
    fn settle(
        &self,
        id: OutboxId,
        outcome: &Outcome,
        next: Timestamp,
        now: Timestamp,
    ) -> Result<Option<JournalId>, Error>;
    /// The dead letters.
    fn dead(&self) -> Result<Vec<Row>, Error>;
    /// Puts a dead letter back into the outbox, under a new id. False when there is none of that id.
    fn replay(&self, id: OutboxId, now: Timestamp) -> Result<bool, Error>;
    /// Forgets a dead letter. False when there is none of that id.
    fn forget(&self, id: OutboxId) -> Result<bool, Error>;

    /// The network's id of a card in a room, once it was delivered.
    fn remote(&self, to: &Destination, card: &str) -> Result<Option<String>, Error>;
    /// The card behind a network's id: of the card itself, or of the thread that the message stands in.
    fn card(&self, network: &str, remote_id: &str) -> Result<Option<String>, Error>;

    /// Every démarche's count of dossiers that are not purged, for metrics and `statut`.
    fn totals(&self) -> Result<BTreeMap<DemarcheId, u64>, Error>;
    /// How many rows wait: journal, outbox, dead letters.
    fn depths(&self) -> Result<Depths, Error>;
    /// Forgets causes older than `before`, whose networks do not repeat themselves any more. Answers how many.
    fn forget_causes(&self, before: Timestamp) -> Result<u64, Error>;

    /// Makes states, indexes and counts anew from the events, wherever they differ, and answers how many dossiers there
    /// are. `rules` finds a dossier's démarche; one without is listed as before. Nothing is committed meanwhile.
    fn rebuild(&self, rules: &dyn Fn(DemarcheId) -> Option<Demarche>) -> Result<u64, Error>;
    /// Reads everything and compares: states with events, indexes with states, files with their hashes. Nothing is
    /// committed meanwhile.
    fn verify(&self, rules: &dyn Fn(DemarcheId) -> Option<Demarche>) -> Result<Report, Error>;
}

/// How many rows wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Depths {
    /// Heard and not handled.
    pub journal: u64,
    /// To be sent.
    pub outbox: u64,
    /// Given up.
    pub dead: u64,
}
