//! Forms that were opened and are not filled in yet. Anybody can open as many as he likes, so that few are kept of each
//! person, and for an hour.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::button::key_of;
use super::disk;
use super::event::File;

/// How long somebody may take to fill in a form.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// Forms of one person.
const EACH: usize = 8;
/// Forms of all.
const MOST: usize = 2_000;

/// A line that is not complete: the form asks for the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// What there is of the line.
    pub(super) line: String,
    /// The files that go with it.
    pub(super) files: Vec<File>,
    /// Who has begun it. Nobody else may end it.
    pub(super) person: String,
    /// When.
    pub(super) at: Timestamp,
}

/// The forms, in memory and on disk.
pub(super) struct Opened {
    folder: PathBuf,
    kept: Mutex<BTreeMap<String, Begun>>,
    /// Held while files are written and removed.
    writing: Mutex<()>,
}

impl Opened {
    /// The forms in `folder`, which is made where it is missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        disk::make(folder)?;
        let mut kept = BTreeMap::new();
        for path in disk::files(folder)? {
            let key = path.file_stem().and_then(|stem| stem.to_str());
            match (key, disk::read(&path)?) {
                (Some(key), Some(begun)) => {
                    kept.insert(key.to_owned(), begun);
                }
                _ => disk::forget(&path)?,
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            kept: Mutex::new(kept),
            writing: Mutex::default(),
        })
    }

    /// Remembers a form, and answers its key. It does not outlive the process before [`Self::write`].
    pub(super) fn begin(&self, begun: Begun) -> String {
        let text = serde_json::to_string(&begun).unwrap_or_default();
        let key = key_of(&text);
        let mut kept = self.lock();
        let oldest = |kept: &BTreeMap<String, Begun>, of: &dyn Fn(&Begun) -> bool| {
            let of = kept.iter().filter(|(_, begun)| of(begun));
            of.min_by_key(|(_, begun)| begun.at)
                .map(|(key, _)| key.clone())
        };
        let his = |other: &Begun| other.person == begun.person;
        while kept.values().filter(|other| his(other)).count() >= EACH {
            oldest(&kept, &his).and_then(|key| kept.remove(&key));
        }
        while kept.len() >= MOST {
            oldest(&kept, &|_| true).and_then(|key| kept.remove(&key));
        }
        kept.insert(key.clone(), begun);
        key
    }

    /// Writes the form of `key`, unless it is forgotten already.
    pub(super) fn write(&self, key: &str) -> io::Result<()> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.lock().get(key).cloned();
        begun.map_or(Ok(()), |begun| {
            disk::write(&disk::path(&self.folder, key), &begun)
        })
    }

    /// The form of `key` that `person` has opened.
    pub(super) fn get(&self, key: &str, person: &str, now: Timestamp) -> Option<Begun> {
        let kept = self.lock();
        let begun = kept.get(key).filter(|begun| begun.person == person);
        begun.filter(|begun| is_young(begun, now)).cloned()
    }

    /// Forgets what is over.
    pub(super) fn sweep(&self, now: Timestamp) -> io::Result<()> {
        self.lock().retain(|_, begun| is_young(begun, now));
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for path in disk::files(&self.folder)? {
            let key = path.file_stem().and_then(|stem| stem.to_str());
            if key.is_none_or(|key| !self.lock().contains_key(key)) {
                disk::forget(&path)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Begun>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_young(begun: &Begun, now: Timestamp) -> bool {
    now.duration_since(begun.at) <= KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn begun(person: &str, line: &str, second: i64) -> Begun {
        Begun {
            line: line.to_owned(),
            files: Vec::new(),
            person: person.to_owned(),
            at: at(second),
        }
    }

    #[test]
    fn a_form_is_for_who_opened_it_outlives_the_process_and_not_the_hour() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Opened::open(folder.path()).unwrap();
        let form = begun("7", "message 4807", 0);
        let key = opened.begin(form.clone());
        opened.write(&key).unwrap();
        assert_eq!(opened.get(&key, "8", at(1)), None);
        let again = Opened::open(folder.path()).unwrap();
        assert_eq!(again.get(&key, "7", at(3_600)), Some(form));
        assert_eq!(again.get(&key, "7", at(3_601)), None);
        again.sweep(at(3_601)).unwrap();
        assert!(disk::files(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn few_are_kept_of_one_person_whatever_he_opens() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Opened::open(folder.path()).unwrap();
        let other = opened.begin(begun("8", "accepter 1", 0));
        opened.write(&other).unwrap();
        let mut last = String::new();
        for number in 0..50 {
            last = opened.begin(begun("7", &format!("message {number}"), number));
            opened.write(&last).unwrap();
        }
        opened.sweep(at(50)).unwrap();
        assert_eq!(disk::files(folder.path()).unwrap().len(), EACH + 1);
        assert!(opened.get(&last, "7", at(50)).is_some());
        assert!(opened.get(&other, "8", at(50)).is_some());
    }
}
