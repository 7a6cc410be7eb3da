//! A middle that is none: it notes what it hears and answers what it was told to.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use greffier::channel::clamd::Clamd;
use greffier::channel::{Inbox, Shelf};
use greffier::message::{Heard, Incoming, Receipt, Verdict};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// A shelf in memory, which can be made to fail.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) kept: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) full: bool,
}

impl Shelf for Memory {
    fn keep(&self, content: &[u8]) -> io::Result<String> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let hash = HEXLOWER.encode(&Sha256::digest(content));
        self.kept
            .lock()
            .unwrap()
            .insert(hash.clone(), content.to_vec());
        Ok(hash)
    }

    fn read(&self, hash: &str) -> io::Result<Vec<u8>> {
        self.kept
            .lock()
            .unwrap()
            .get(hash)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What the middle heard, with its shelf.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) inbox: Inbox,
    pub(crate) shelf: Arc<Memory>,
    heard: Arc<Mutex<Vec<Incoming>>>,
}

impl Desk {
    /// A middle that answers `receipt`, and to an id that it knows the receipt of the first time.
    pub(crate) fn answering(receipt: Receipt) -> Self {
        let shelf = Arc::new(Memory::default());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (sender, mut receiver) = mpsc::channel::<greffier::channel::Heard>(8);
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut done: HashMap<String, Receipt> = HashMap::new();
            while let Some(heard) = receiver.recv().await {
                let first = done
                    .entry(heard.incoming.id.clone())
                    .or_insert_with(|| Receipt {
                        digest: digest(&heard.incoming),
                        ..receipt.clone()
                    });
                let _ = heard.receipt.send(first.clone());
                notes.lock().unwrap().push(heard.incoming);
            }
        });
        Self {
            inbox: Inbox::new(sender, Arc::clone(&shelf) as _),
            shelf,
            heard,
        }
    }

    pub(crate) fn new() -> Self {
        Self::answering(Receipt::of(Verdict::Done))
    }

    /// The same, with a virus scanner before it.
    pub(crate) fn scanned_by(self, scanner: Arc<Clamd>) -> Self {
        Self {
            inbox: self.inbox.scanned_by(scanner),
            ..self
        }
    }

    /// A middle that has stopped.
    pub(crate) fn closed() -> Self {
        let shelf = Arc::new(Memory::default());
        let (sender, _) = mpsc::channel(1);
        Self {
            inbox: Inbox::new(sender, Arc::clone(&shelf) as _),
            shelf,
            heard: Arc::default(),
        }
    }

    /// A middle whose shelf is full.
    pub(crate) fn full() -> Self {
        let shelf = Arc::new(Memory {
            full: true,
            ..Memory::default()
        });
        let (sender, _) = mpsc::channel(1);
        Self {
            inbox: Inbox::new(sender, Arc::clone(&shelf) as _),
            shelf,
            heard: Arc::default(),
        }
    }

    pub(crate) fn heard(&self) -> Vec<Incoming> {
        self.heard.lock().unwrap().clone()
    }

    /// The content kept under `hash`, as text.
    pub(crate) fn text(&self, hash: &str) -> String {
        String::from_utf8(self.shelf.read(hash).unwrap()).unwrap()
    }
}

fn digest(incoming: &Incoming) -> Option<String> {
    match &incoming.heard {
        Heard::Deposit(deposit) => deposit.digest.clone(),
        _ => None,
    }
}
