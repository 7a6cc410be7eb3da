//! Where reading began in each folder, kept across restarts.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::channel::eml;

/// Where reading began in one folder. What is dealt with leaves the folder, so that all there is from here on is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The numbering that `first_uid` belongs to (RFC 3501 §2.3.1.1).
    pub(super) uid_validity: u32,
    /// The first message that is ours to read.
    pub(super) first_uid: u32,
    /// When the newest message came (INTERNALDATE) that was there before the first start; none if the folder was empty.
    #[serde(default)]
    pub(super) before: Option<Timestamp>,
    /// Whether the numbering has changed since, so that `before` decides which messages are old.
    #[serde(default)]
    pub(super) renumbered: bool,
}

impl Place {
    /// Whether a message that came at `at` is ours to read.
    pub(super) fn takes(&self, uid: u32, at: Option<Timestamp>) -> bool {
        // A message without a date is rather read twice than never.
        let new = match (self.before, at) {
            (Some(before), Some(at)) => at > before,
            (None, _) | (_, None) => true,
        };
        uid >= self.first_uid && (!self.renumbered || new)
    }

    /// The place in the same folder after its messages got new numbers.
    pub(super) fn renumbered(&self, uid_validity: u32) -> Self {
        Self {
            uid_validity,
            first_uid: 1,
            before: self.before,
            renumbered: true,
        }
    }
}

/// The places of all folders.
pub(super) struct Places {
    file: PathBuf,
    known: Mutex<BTreeMap<String, Place>>,
}

impl Places {
    /// The places kept in `file`, none if there is no such file yet.
    pub(super) fn open(file: PathBuf) -> anyhow::Result<Self> {
        let known = match fs::read(&file) {
            Ok(octets) => serde_json::from_slice(&octets).with_context(|| {
                format!(
                    "{} cannot be understood: restore it, or remove it, and what lies in the mailbox now is left alone",
                    file.display()
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("Cannot read {}", file.display()));
            }
        };
        Ok(Self {
            file,
            known: Mutex::new(known),
        })
    }

    /// The place in a folder, if it was read before.
    pub(super) fn get(&self, key: &str) -> Option<Place> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).cloned()
    }

    /// Keeps the place in a folder; it is on disk when this ends well.
    pub(super) fn put(&self, key: &str, place: Place) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = known.clone();
        next.insert(key.to_owned(), place);
        let octets = serde_json::to_vec_pretty(&next)?;
        let folder = self.file.parent().unwrap_or(Path::new("."));
        eml::put(folder, &self.file, &octets)?;
        *known = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn place() -> Place {
        Place {
            uid_validity: 1,
            first_uid: 10,
            before: Some(at(100)),
            renumbered: false,
        }
    }

    #[test]
    fn a_place_is_found_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("imap.json");
        let places = Places::open(file.clone()).unwrap();
        assert_eq!(places.get("INBOX"), None);
        places.put("INBOX", place()).unwrap();
        assert_eq!(Places::open(file).unwrap().get("INBOX"), Some(place()));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_said_rather_than_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("imap.json");
        fs::write(&file, "{").unwrap();
        assert!(Places::open(file).is_err());
    }

    #[test]
    fn what_was_there_first_is_left_alone() {
        assert!(!place().takes(9, Some(at(500))));
        // Somebody may move an old mail in: it is meant to be read.
        assert!(place().takes(10, Some(at(50))));
    }

    #[test]
    fn after_new_numbers_the_date_tells_old_from_new() {
        let place = place().renumbered(2);
        assert!(!place.takes(9, Some(at(100))));
        assert!(place.takes(9, Some(at(101))));
        assert!(place.takes(9, None));
        let empty = Place {
            before: None,
            ..place
        };
        assert!(empty.takes(1, Some(at(0))));
    }
}
