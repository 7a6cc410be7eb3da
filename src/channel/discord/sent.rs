//! Which messages were created, by the keys of their rows, across restarts: one that says the same as another is told
//! apart from it by its id.
//!
//! It is written without waiting for the disk. What a power cut takes away is searched for by its text.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::cache::Cache;
use super::form::nonce;

/// Messages that are remembered.
const MOST: usize = 5_000;
/// Lines after which the file is written anew.
const LONGEST: usize = 4 * MOST;

/// What was sent.
pub(super) struct Sent {
    path: PathBuf,
    cache: Cache,
    file: Mutex<Lines>,
}

struct Lines {
    file: File,
    count: usize,
}

impl Sent {
    /// What the file `path` remembers; it is made where it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let cache = Cache::new(MOST);
        let file = shortened(path)?;
        let known = fs::read_to_string(path)?;
        for (nonce, id) in known.lines().filter_map(|line| line.split_once(' ')) {
            cache.put(nonce, id);
        }
        let count = known.lines().count();
        Ok(Self {
            path: path.to_owned(),
            cache,
            file: Mutex::new(Lines { file, count }),
        })
    }

    /// The message that was created under `key`.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.cache.get(&nonce(key))
    }

    /// Whether the message of that id was created under some key.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.cache.holds(id)
    }

    /// A message was created.
    pub(super) fn put(&self, key: &str, id: &str) {
        let nonce = nonce(key);
        self.cache.put(&nonce, id);
        if self.append(&format!("{nonce} {id}\n")).is_err() {
            tracing::warn!("That a message was sent to Discord cannot be written");
        }
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let mut lines = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        lines.file.write_all(line.as_bytes())?;
        lines.count += 1;
        if lines.count > LONGEST {
            lines.file = shortened(&self.path)?;
            lines.count = MOST;
        }
        Ok(())
    }
}

/// The file without its oldest lines, to be added to.
fn shortened(path: &Path) -> io::Result<File> {
    let open = |path: &Path| {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
    };
    let file = open(path)?;
    // Half a line, which a power cut may leave, is none.
    let whole = fs::read(path)?;
    let text = String::from_utf8_lossy(&whole);
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= MOST && (text.is_empty() || text.ends_with('\n')) {
        return Ok(file);
    }
    let new = path.with_extension("new");
    let newest = lines.iter().skip(lines.len().saturating_sub(MOST));
    let mut text = newest.copied().collect::<Vec<_>>().join("\n");
    text.push('\n');
    drop(open(&new)?);
    fs::write(&new, text)?;
    fs::rename(&new, path)?;
    open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_known_to_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent");
        let sent = Sent::open(&path).unwrap();
        sent.put("outbox-1", "42");
        drop(sent);
        // A power cut left half a line.
        fs::write(&path, fs::read_to_string(&path).unwrap() + "ABC").unwrap();
        let sent = Sent::open(&path).unwrap();
        sent.put("outbox-2", "43");
        let sent = Sent::open(&path).unwrap();
        assert_eq!(sent.get("outbox-1").as_deref(), Some("42"));
        assert_eq!(sent.get("outbox-2").as_deref(), Some("43"));
        assert!(sent.holds("42") && !sent.holds("44"));
        assert_eq!(sent.get("outbox-3"), None);
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent");
        let sent = Sent::open(&path).unwrap();
        for number in 0..=LONGEST {
            sent.put(&format!("outbox-{number}"), &number.to_string());
        }
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), MOST);
        let sent = Sent::open(&path).unwrap();
        let last = format!("outbox-{LONGEST}");
        assert_eq!(sent.get(&last), Some(LONGEST.to_string()));
    }
}
