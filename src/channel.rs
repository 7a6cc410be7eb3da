//! The port that every network stands behind.
//!
//! A channel hears things and hands them to its [`Inbox`]; it is told when they are committed, and only then
//! acknowledges them to its network. It delivers what the outbox gives it, under a key that is the same each time.

pub mod authenticate;
pub mod clamd;
pub mod clock;
pub mod console;
pub mod control;
pub mod discord;
pub mod eml;
pub mod examine;
pub mod http;
pub mod imap;
mod letter;
pub mod listener;
pub mod mail_id;
pub mod matrix;
pub mod platform;
pub mod smtp;
mod upload;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::authenticate::Authenticator;
use self::clamd::{Away, Clamd};
use crate::message::{Destination, Incoming, Limits, Outcome, Outgoing, Receipt, Scan};
pub use crate::shelf::Shelf;

/// What a channel hands to the middle, with the way to be told that it is committed.
#[derive(Debug)]
pub struct Heard {
    /// What was heard.
    pub incoming: Incoming,
    /// Told once the outcome is flushed to disk. Dropped unanswered when the daemon stops first.
    pub receipt: oneshot::Sender<Receipt>,
}

/// The way into the middle, one clone per channel.
#[derive(Clone)]
pub struct Inbox {
    sender: mpsc::Sender<Heard>,
    shelf: Arc<dyn Shelf>,
    scanner: Option<Arc<Clamd>>,
    authenticator: Option<Authenticator>,
    made: broadcast::Sender<Answered>,
}

/// The receipt of something that was [made](crate::message::work), with the id of what had asked for it.
pub type Answered = (String, Receipt);

/// Answers that may wait for whoever reads them slowly.
const UNREAD: usize = 64;

/// The daemon is stopping: what was handed in is not acknowledged, and must be handed in again later.
#[derive(Debug, thiserror::Error)]
#[error("Greffier is stopping, nothing more is taken in")]
pub struct Closed;

impl Inbox {
    /// An inbox that hands to `sender` and keeps files on `shelf`.
    pub fn new(sender: mpsc::Sender<Heard>, shelf: Arc<dyn Shelf>) -> Self {
        Self {
            sender,
            shelf,
            scanner: None,
            authenticator: None,
            made: broadcast::Sender::new(UNREAD),
        }
    }

    /// The same, with a scanner before it.
    #[must_use]
    pub fn scanned_by(self, scanner: Arc<Clamd>) -> Self {
        Self {
            scanner: Some(scanner),
            ..self
        }
    }

    /// What the virus scanner says of `content`; none where there is no scanner. To be asked before anything is kept.
    pub async fn scan(&self, content: &[u8]) -> Result<Option<Scan>, Away> {
        match &self.scanner {
            None => Ok(None),
            Some(scanner) => scanner.scan(content).await.map(Some),
        }
    }

    /// Hands `incoming` over and waits until what came of it is flushed to disk.
    pub async fn hand(&self, incoming: Incoming) -> Result<Receipt, Closed> {
        self.submit(incoming).await?.await.map_err(|_| Closed)
    }

    /// Hands `incoming` over. What comes back is told once what came of it is flushed to disk; dropped unanswered, it was
    /// not taken. Several that are handed over before the first is waited for are handled in that order, and share a flush.
    pub async fn submit(&self, incoming: Incoming) -> Result<oneshot::Receiver<Receipt>, Closed> {
        let (receipt, committed) = oneshot::channel();
        self.sender
            .send(Heard { incoming, receipt })
            .await
            .map_err(|_| Closed)?;
        Ok(committed)
    }

    /// From now on, what is made is told here.
    pub fn watch(&self) -> broadcast::Receiver<Answered> {
        self.made.subscribe()
    }

    /// Tells whoever waits for it that what `cause` had asked for is made and committed.
    pub fn tell(&self, cause: String, receipt: Receipt) {
        // Mostly nobody waits: the answer went to a room.
        let _nobody = self.made.send((cause, receipt));
    }

    /// The file behind `hash`, where it is a file of its own.
    pub fn located(&self, hash: &str) -> Option<PathBuf> {
        self.shelf.located(hash)
    }

    /// The content behind `hash`.
    pub fn read(&self, hash: &str) -> io::Result<Vec<u8>> {
        self.shelf.read(hash)
    }

    /// Keeps `content` on the shelf, off the async threads, and answers its hash.
    pub async fn keep(&self, content: Vec<u8>) -> io::Result<String> {
        let shelf = Arc::clone(&self.shelf);
        tokio::task::spawn_blocking(move || shelf.keep(&content))
            .await
            .map_err(io::Error::other)?
    }

    /// The same for several, which wait for the disk together. Answers for each in their order.
    pub async fn keep_all(&self, contents: Vec<Vec<u8>>) -> io::Result<Vec<io::Result<String>>> {
        let shelf = Arc::clone(&self.shelf);
        let keep = move || {
            let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
            shelf.keep_all(&contents)
        };
        tokio::task::spawn_blocking(keep)
            .await
            .map_err(io::Error::other)
    }
}

/// What delivery knows beside the message: where it belongs on the network, and the files.
#[derive(Clone)]
pub struct Known {
    /// The network's id of the first message of the thread, once it was delivered.
    pub thread: Option<String>,
    /// The network's id of the message to edit.
    pub edits: Option<String>,
    /// When the message was to leave: its date, the same at each try.
    pub since: Timestamp,
    /// Where the files are.
    pub shelf: Arc<dyn Shelf>,
}

/// A network.
pub trait Channel: Send + Sync + 'static {
    /// Its name in [`Destination::network`](crate::message::Destination) and in `bot.toml`.
    fn name(&self) -> &'static str;
    /// What it can carry.
    fn limits(&self) -> Limits;
    /// What [`Limits::pace`] holds for: messages to destinations of one lane leave that far apart. By itself a lane is one
    /// destination.
    fn lane(&self, to: &Destination) -> String {
        to.address.clone()
    }
    /// Waits until something may leave for `to`. What is to leave is looked up only then, so that of several edits of one
    /// card the newest leaves. By itself everything may leave at once.
    fn ready(&self, _to: &Destination) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
    /// Hands what it hears to `inbox` until `stop`. An error calls for a person (a port taken, a bad password).
    fn listen(
        &self,
        inbox: Inbox,
        stop: CancellationToken,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;
    /// Hands `message` over. Calling it again with the same `key` delivers at most once, as far as the other side allows.
    fn deliver(
        &self,
        key: &str,
        message: &Outgoing,
        known: &Known,
    ) -> impl Future<Output = Outcome> + Send;
}
