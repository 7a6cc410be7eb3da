//! Opening the ledger: alone, of a form that is known, and durable.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Sled;
use super::disk::Disk;
use super::draft::Draft;
use super::instance::Instances;
use super::key;
use super::meta::{self, Sequence};
use super::rows;
use super::tree::{Tree, Trees};
use crate::store::Error;
use crate::store::pieces::{Pieces, private_folder};

/// How long, and how often, to wait for a store that this process has just closed.
const LINGER: Duration = Duration::from_millis(10);
const LINGERS: u32 = 200;

/// How to open the ledger.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Bytes of the database to keep in memory.
    pub cache: u64,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            cache: 64 * 1024 * 1024,
        }
    }
}

impl Sled {
    /// Opens the store in the folder `path`, which is made where there is none. After a crash nothing more is needed.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        private_folder(path)?;
        let lock = lock(path)?;
        let ledger = path.join("ledger");
        let db = database(&ledger, options)?;
        let trees = Trees::open(&db)?;
        let mut draft = Draft::new(&trees);
        check_schema(&trees, &mut draft)?;
        let instances = Instances::load(&mut draft)?;
        let committed = meta::peek(&draft, Sequence::Outbox)?;
        draft.apply()?;
        db.flush()?;
        // What an unclean stop left may have reached the file and not the disk; from here on it counts as durable.
        let file = File::open(ledger.join("db"))?;
        file.sync_all()?;
        let pieces = Pieces::open(&path.join("pieces"))?;
        // Nobody else writes files here: the folder is locked, and nothing is kept yet.
        pieces.sweep_unfinished()?;
        Ok(Self {
            path: path.to_owned(),
            db,
            disk: Disk::new(file),
            trees,
            pieces: Arc::new(pieces),
            instances,
            writing: Mutex::new(()),
            committed: AtomicU64::new(committed),
            durable: AtomicU64::new(committed),
            loosened: Mutex::default(),
            _lock: lock,
        })
    }
}

/// Takes the lock of the folder, which the system gives back when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Opens the database. Who has the folder's lock is alone, but for this process's own last store: sled's threads hold
/// on to its file until their last write is done, a moment after it is closed.
fn database(ledger: &Path, options: &OpenOptions) -> Result<::sled::Db, Error> {
    let config = ::sled::Config::new()
        .path(ledger)
        .cache_capacity(options.cache)
        .flush_every_ms(None);
    for _ in 0..LINGERS {
        match config.open() {
            Err(::sled::Error::Io(error)) if error.kind() == std::io::ErrorKind::Other => {
                std::thread::sleep(LINGER);
            }
            opened => return Ok(opened?),
        }
    }
    Ok(config.open()?)
}

/// Refuses a store of a newer form, and gives a new or older store the present one.
fn check_schema(trees: &Trees, draft: &mut Draft<'_>) -> Result<(), Error> {
    let known = meta::SCHEMA_KNOWN;
    match draft.number(Tree::Meta, meta::SCHEMA)? {
        found if found > known => return Err(Error::Newer { found, known }),
        // It had no rows yet. Begun anew where that is interrupted.
        1 => rows::found(trees)?,
        _ => {}
    }
    draft.put(Tree::Meta, meta::SCHEMA, &key::number(known));
    Ok(())
}
