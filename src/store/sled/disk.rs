//! Waiting for the disk: the writer at once, deliveries together.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::Error;

/// The file of the database, and how far it is known to be on the disk.
#[derive(Debug)]
pub(super) struct Disk {
    file: File,
    /// How many have asked so far.
    asked: AtomicU64,
    /// Those that asked before this many are served. Held by whoever waits for the disk.
    served: Mutex<u64>,
}

impl Disk {
    /// The disk behind `file`, which is a second opening of the database's own.
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            asked: AtomicU64::new(0),
            served: Mutex::new(0),
        }
    }

    /// Waits until all that was applied before the call is on the disk. On Linux sled itself only calls
    /// `sync_file_range`, which neither empties the disk's own cache nor writes the file's length: a power cut could take
    /// back what it calls flushed.
    pub(super) fn wait(&self, db: &::sled::Db) -> Result<(), Error> {
        db.flush()?;
        Ok(self.file.sync_data()?)
    }

    /// The same for many at once: who comes while somebody waits is served by the next wait, with all who came meanwhile.
    /// The writer does not wait with them, for that would be up to two waits rather than one.
    pub(super) fn wait_together(&self, db: &::sled::Db) -> Result<(), Error> {
        self.together(|| self.wait(db))
    }

    /// Runs `flush`, unless a run of it that began after this call has ended meanwhile.
    fn together(&self, flush: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        let ticket = self.asked.fetch_add(1, Ordering::AcqRel);
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        if ticket < *served {
            return Ok(());
        }
        // Whoever has asked by now applied its change before: what begins here takes it along.
        let asked = self.asked.load(Ordering::Acquire);
        flush()?;
        *served = asked;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn disk() -> Disk {
        Disk::new(tempfile::tempfile().unwrap())
    }

    #[test]
    fn those_who_come_while_one_waits_share_the_next_wait() {
        let (disk, runs) = (disk(), AtomicU64::new(0));
        let (begun, first) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                disk.together(|| {
                    begun.send(()).unwrap();
                    // Until the others have asked too.
                    while disk.asked.load(Ordering::Acquire) < 9 {
                        std::thread::yield_now();
                    }
                    runs.fetch_add(1, Ordering::AcqRel);
                    Ok(())
                })
            });
            first.recv().unwrap();
            for _ in 0..8 {
                scope.spawn(|| {
                    disk.together(|| {
                        runs.fetch_add(1, Ordering::AcqRel);
                        Ok(())
                    })
                });
            }
        });
        assert_eq!(runs.into_inner(), 2);
    }

    #[test]
    fn a_wait_that_failed_serves_nobody() {
        let disk = disk();
        let failed = disk.together(|| Err(Error::Database("full".to_owned())));
        assert!(failed.is_err());
        let mut ran = false;
        disk.together(|| {
            ran = true;
            Ok(())
        })
        .unwrap();
        assert!(ran);
    }
}
