//! What must survive a restart, as small files that only their owner can read: open interactions with their tokens, the
//! gateway's session, the starts of the last day, what was registered, and lines too long for a button.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::message::Incoming;

/// How long the token of an interaction is good for; it is forgotten then.
const TOKEN: SignedDuration = SignedDuration::from_mins(15);
/// How long an interaction is remembered: what answers it is given up before.
const NOTE: SignedDuration = SignedDuration::from_hours(60);
/// How long a line behind a button, or a form that was opened, is kept.
const LINE: SignedDuration = SignedDuration::from_hours(24 * 400);
/// Octets of a file at most.
const LARGEST: u64 = 1024 * 1024;

/// An interaction that is open, or was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Its id.
    pub(super) id: String,
    /// The application that it is for.
    pub(super) application: String,
    /// Its token, as long as that is good. Whoever has it speaks in Greffier's name.
    pub(super) token: Option<String>,
    /// When it came.
    pub(super) at: Timestamp,
    /// Who is behind it.
    pub(super) person: String,
    /// The channel that it was made in.
    pub(super) channel: String,
    /// Whether only that person sees the answer.
    pub(super) ephemeral: bool,
    /// Octets of a file that the answer may have.
    pub(super) largest: u64,
    /// What it says, until that is committed.
    pub(super) incoming: Option<Incoming>,
    /// Key of the message that answered it, or the word that did.
    #[serde(default)]
    pub(super) answered: Option<String>,
    /// Further messages that answered it, by their keys, with their ids.
    #[serde(default)]
    pub(super) more: BTreeMap<String, String>,
}

impl Note {
    /// Its age.
    pub(super) fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.at)
    }
}

/// The files, and the interactions in memory as well.
pub(super) struct Memo {
    folder: PathBuf,
    notes: Mutex<BTreeMap<String, Note>>,
    /// Held while a file is written: two changes of one note are both kept.
    writing: Mutex<()>,
}

/// A folder of [`Memo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawer {
    Interactions,
    Lines,
}

impl Drawer {
    fn name(self) -> &'static str {
        match self {
            Self::Interactions => "interactions",
            Self::Lines => "lines",
        }
    }
}

impl Memo {
    /// The memory in `folder`, made where it is missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        for drawer in [Drawer::Interactions, Drawer::Lines] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder.join(drawer.name()))?;
        }
        let memo = Self {
            folder: folder.to_owned(),
            notes: Mutex::default(),
            writing: Mutex::default(),
        };
        for path in memo.files(Drawer::Interactions)? {
            // One that cannot be read is as good as forgotten.
            if let Some(note) = read::<Note>(&path)? {
                memo.lock().insert(note.id.clone(), note);
            }
        }
        Ok(memo)
    }

    /// An interaction.
    pub(super) fn note(&self, id: &str) -> Option<Note> {
        self.lock().get(id).cloned()
    }

    /// Every interaction, the oldest first.
    pub(super) fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.lock().values().cloned().collect();
        notes.sort_by_key(|note| note.at);
        notes
    }

    /// Keeps an interaction; it is on disk when this returns.
    pub(super) fn keep_note(&self, note: &Note) -> io::Result<()> {
        let _alone = self.alone();
        self.store_note(note)
    }

    fn store_note(&self, note: &Note) -> io::Result<()> {
        self.write(&self.path(Drawer::Interactions, &note.id), note)?;
        self.lock().insert(note.id.clone(), note.clone());
        Ok(())
    }

    /// Changes what is known of an interaction. Nothing where it is not known.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Note)) -> io::Result<()> {
        let _alone = self.alone();
        let Some(mut note) = self.note(id) else {
            return Ok(());
        };
        let before = note.clone();
        change(&mut note);
        if note == before {
            return Ok(());
        }
        self.store_note(&note)
    }

    /// Forgets tokens that are not good any more, and what nobody will ask for.
    pub(super) fn sweep(&self, now: Timestamp) -> io::Result<()> {
        for note in self.notes() {
            if note.age(now) > NOTE {
                self.lock().remove(&note.id);
                forget(&self.path(Drawer::Interactions, &note.id))?;
            } else if note.age(now) > TOKEN && note.token.is_some() {
                self.change(&note.id, |note| note.token = None)?;
            }
        }
        for path in self.files(Drawer::Lines)? {
            let kept = read::<Kept>(&path)?;
            if kept.is_none_or(|kept| now.duration_since(kept.at) > LINE) {
                forget(&path)?;
            }
        }
        Ok(())
    }

    /// Keeps a line under `key`, which is made from it.
    pub(super) fn keep_line(&self, key: &str, line: &str, now: Timestamp) -> io::Result<()> {
        let path = self.path(Drawer::Lines, key);
        if path.exists() {
            return Ok(());
        }
        let kept = Kept {
            line: line.to_owned(),
            at: now,
        };
        let _alone = self.alone();
        self.write(&path, &kept)
    }

    /// The line kept under `key`. None where there is none, or `key` could be no key.
    pub(super) fn line(&self, key: &str) -> Option<String> {
        let plain = (1..=64).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_alphanumeric());
        if !plain {
            return None;
        }
        let kept: Option<Kept> = read(&self.path(Drawer::Lines, key)).ok()?;
        kept.map(|kept| kept.line)
    }

    /// A document of that name.
    pub(super) fn document<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        read(&self.folder.join(format!("{name}.json")))
    }

    /// Keeps a document.
    pub(super) fn keep_document<T: Serialize>(&self, name: &str, value: &T) -> io::Result<()> {
        let _alone = self.alone();
        self.write(&self.folder.join(format!("{name}.json")), value)
    }

    fn alone(&self) -> std::sync::MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Note>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, drawer: Drawer, name: &str) -> PathBuf {
        self.folder.join(drawer.name()).join(format!("{name}.json"))
    }

    fn files(&self, drawer: Drawer) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.folder.join(drawer.name()))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        Ok(paths
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect())
    }

    /// Writes a file whole or not at all.
    fn write<T: Serialize>(&self, path: &Path, value: &T) -> io::Result<()> {
        let new = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

/// A line behind a button.
#[derive(Serialize, Deserialize)]
struct Kept {
    line: String,
    at: Timestamp,
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut octets = Vec::new();
    file.take(LARGEST).read_to_end(&mut octets)?;
    Ok(serde_json::from_slice(&octets).ok())
}

fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn note() -> Note {
        Note {
            id: "42".to_owned(),
            application: "1".to_owned(),
            token: Some("secret".to_owned()),
            at: at(0),
            person: "7".to_owned(),
            channel: "9".to_owned(),
            ephemeral: true,
            largest: 10,
            incoming: None,
            answered: None,
            more: BTreeMap::new(),
        }
    }

    #[test]
    fn a_note_outlives_the_process_and_its_token_does_not_outlive_its_use() {
        let folder = tempfile::tempdir().unwrap();
        Memo::open(folder.path())
            .unwrap()
            .keep_note(&note())
            .unwrap();
        let file = folder.path().join("interactions/42.json");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read the token");
        let memo = Memo::open(folder.path()).unwrap();
        assert_eq!(memo.note("42"), Some(note()));
        memo.sweep(at(899)).unwrap();
        assert_eq!(memo.note("42"), Some(note()));
        memo.sweep(at(901)).unwrap();
        assert!(!fs::read_to_string(&file).unwrap().contains("secret"));
        assert_eq!(memo.note("42").unwrap().token, None);
        memo.sweep(at(61 * 3_600)).unwrap();
        assert_eq!((memo.note("42"), file.exists()), (None, false));
    }

    #[test]
    fn a_line_is_found_by_its_key_and_a_path_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let memo = Memo::open(folder.path()).unwrap();
        memo.keep_line("abc", "suivre 1", at(0)).unwrap();
        assert_eq!(memo.line("abc").as_deref(), Some("suivre 1"));
        for odd in ["", "../interactions/42", "abd", "a/b", "é"] {
            assert_eq!(memo.line(odd), None, "{odd}");
        }
        memo.sweep(at(401 * 24 * 3_600)).unwrap();
        assert_eq!(memo.line("abc"), None);
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let memo = Memo::open(folder.path()).unwrap();
        memo.keep_note(&note()).unwrap();
        std::thread::scope(|scope| {
            for number in 0..16 {
                let memo = &memo;
                scope.spawn(move || {
                    let change = |note: &mut Note| {
                        note.more.insert(number.to_string(), String::new());
                    };
                    memo.change("42", change).unwrap();
                });
            }
        });
        let again = Memo::open(folder.path()).unwrap();
        assert_eq!(again.note("42").unwrap().more.len(), 16);
    }

    #[test]
    fn half_a_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        drop(Memo::open(folder.path()).unwrap());
        fs::write(folder.path().join("interactions/1.json"), b"{\"id\":").unwrap();
        fs::write(folder.path().join("session.json"), b"{").unwrap();
        let memo = Memo::open(folder.path()).unwrap();
        assert!(memo.notes().is_empty());
        assert_eq!(memo.document::<Note>("session").unwrap(), None);
    }
}
