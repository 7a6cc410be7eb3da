//! What must survive a restart, as small files that only their owner can read: open interactions with their tokens, the
//! gateway's session, the starts of the last day, what was registered, lines too long for a button, forms that were opened.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::disk;
use super::event::File;
use super::opened::Opened;
use super::sent::Sent;
use crate::message::{Incoming, Line};

/// How long the token of an interaction is good for; it is forgotten then.
const TOKEN: SignedDuration = SignedDuration::from_mins(15);
/// How long an interaction is remembered: what answers it is given up before.
const NOTE: SignedDuration = SignedDuration::from_hours(60);
/// How long a line behind a button is kept after it was offered last.
const LINE: SignedDuration = SignedDuration::from_hours(24 * 400);
/// A line that is offered again is written again when it is older than that.
const RENEWED: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Time between two looks at all lines.
const DAY: SignedDuration = SignedDuration::from_hours(24);

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
    /// The channel that that is a thread of.
    #[serde(default)]
    pub(super) room: Option<String>,
    /// Whether only that person sees the answer.
    pub(super) ephemeral: bool,
    /// Octets of a file that the answer may have.
    pub(super) largest: u64,
    /// What was asked, until its files are here.
    #[serde(default)]
    pub(super) asked: Option<Asked>,
    /// What it says, until that is committed.
    pub(super) incoming: Option<Incoming>,
    /// Key of the message that answered it, or the word that did.
    #[serde(default)]
    pub(super) answered: Option<String>,
    /// Further messages that answered it, by their keys, with their ids. Without an id one was begun: whether Discord has it
    /// is not known.
    #[serde(default)]
    pub(super) more: BTreeMap<String, String>,
}

/// A line whose files are not here yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// The line, without them.
    pub(super) line: Line,
    /// The files.
    pub(super) files: Vec<File>,
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
    /// Held while a note is written: two changes of one note are both kept.
    writing: Mutex<()>,
    /// Held while a document is written. They wait for no note.
    documents: Mutex<()>,
    /// Held while a line is written. When all were looked at last.
    lines: Mutex<Option<Timestamp>>,
    /// Forms that were opened.
    pub(super) opened: Opened,
    /// Messages that were created.
    pub(super) sent: Sent,
}

/// Names of folders.
const INTERACTIONS: &str = "interactions";
const LINES: &str = "lines";
const FORMS: &str = "forms";
/// Name of the file of what was sent.
const SENT: &str = "sent";

impl Memo {
    /// The memory in `folder`, made where it is missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        for drawer in [INTERACTIONS, LINES] {
            disk::make(&folder.join(drawer))?;
        }
        let memo = Self {
            folder: folder.to_owned(),
            notes: Mutex::default(),
            writing: Mutex::default(),
            documents: Mutex::default(),
            lines: Mutex::default(),
            opened: Opened::open(&folder.join(FORMS))?,
            sent: Sent::open(&folder.join(SENT))?,
        };
        for path in disk::files(&folder.join(INTERACTIONS))? {
            // One that cannot be read is as good as forgotten.
            if let Some(note) = disk::read::<Note>(&path)? {
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
        // Discord's ids grow with time.
        notes.sort_by_key(|note| note.id.parse::<u64>().unwrap_or(0));
        notes
    }

    /// Keeps an interaction; it is on disk when this returns.
    pub(super) fn keep_note(&self, note: &Note) -> io::Result<()> {
        let _alone = alone(&self.writing);
        self.store_note(note)
    }

    fn store_note(&self, note: &Note) -> io::Result<()> {
        disk::write(&self.path(INTERACTIONS, &note.id), note)?;
        self.lock().insert(note.id.clone(), note.clone());
        Ok(())
    }

    /// Changes what is known of an interaction. Nothing where it is not known.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Note)) -> io::Result<()> {
        let _alone = alone(&self.writing);
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

    /// Forgets an interaction that nothing will answer.
    pub(super) fn forget(&self, id: &str) -> io::Result<()> {
        let _alone = alone(&self.writing);
        self.lock().remove(id);
        disk::forget(&self.path(INTERACTIONS, id))
    }

    /// Forgets tokens that are not good any more, and what nobody will ask for.
    pub(super) fn sweep(&self, now: Timestamp) -> io::Result<()> {
        for note in self.notes() {
            if note.age(now) > NOTE {
                self.forget(&note.id)?;
            } else if note.age(now) > TOKEN && note.token.is_some() {
                self.change(&note.id, |note| note.token = None)?;
            }
        }
        self.opened.sweep(now)?;
        self.sweep_lines(now)
    }

    /// Once a day: there are many, and they are read one by one.
    fn sweep_lines(&self, now: Timestamp) -> io::Result<()> {
        let mut looked = alone(&self.lines);
        if looked.is_some_and(|looked| now.duration_since(looked) < DAY) {
            return Ok(());
        }
        for path in disk::files(&self.folder.join(LINES))? {
            let kept = disk::read::<Kept>(&path)?;
            if kept.is_none_or(|kept| now.duration_since(kept.at) > LINE) {
                disk::forget(&path)?;
            }
        }
        *looked = Some(now);
        Ok(())
    }

    /// Keeps a line under `key`, which is made from it.
    pub(super) fn keep_line(&self, key: &str, line: &str, now: Timestamp) -> io::Result<()> {
        let path = self.path(LINES, key);
        let _alone = alone(&self.lines);
        let known: Option<Kept> = disk::read(&path)?;
        if known.is_some_and(|known| now.duration_since(known.at) < RENEWED) {
            return Ok(());
        }
        let kept = Kept {
            line: line.to_owned(),
            at: now,
        };
        disk::write(&path, &kept)
    }

    /// The line kept under `key`. None where there is none, or `key` could be no key.
    pub(super) fn line(&self, key: &str) -> Option<String> {
        let plain = (1..=64).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_alphanumeric());
        if !plain {
            return None;
        }
        let kept: Option<Kept> = disk::read(&self.path(LINES, key)).ok()?;
        kept.map(|kept| kept.line)
    }

    /// A document of that name.
    pub(super) fn document<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        disk::read(&disk::path(&self.folder, name))
    }

    /// Keeps a document.
    pub(super) fn keep_document<T: Serialize>(&self, name: &str, value: &T) -> io::Result<()> {
        let _alone = alone(&self.documents);
        disk::write(&disk::path(&self.folder, name), value)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Note>> {
        alone(&self.notes)
    }

    fn path(&self, drawer: &str, name: &str) -> PathBuf {
        disk::path(&self.folder.join(drawer), name)
    }
}

/// A line behind a button.
#[derive(Serialize, Deserialize)]
struct Kept {
    line: String,
    at: Timestamp,
}

fn alone<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;
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
            room: None,
            ephemeral: true,
            largest: 10,
            asked: None,
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
        // One that is offered again is kept from then on.
        let day = |number: i64| at(number * 24 * 3_600);
        memo.keep_line("abc", "suivre 1", day(100)).unwrap();
        memo.sweep(day(401)).unwrap();
        assert_eq!(memo.line("abc").as_deref(), Some("suivre 1"));
        // All are looked at once a day.
        memo.keep_line("def", "suivre 2", day(1)).unwrap();
        memo.sweep(day(401) + SignedDuration::from_hours(23))
            .unwrap();
        assert_eq!(memo.line("def").as_deref(), Some("suivre 2"));
        memo.sweep(day(501)).unwrap();
        assert_eq!((memo.line("abc"), memo.line("def")), (None, None));
    }

    #[test]
    fn a_document_waits_for_no_note() {
        let folder = tempfile::tempdir().unwrap();
        let memo = Memo::open(folder.path()).unwrap();
        let _note = alone(&memo.writing);
        memo.keep_document("session", &1).unwrap();
        assert_eq!(memo.document("session").unwrap(), Some(1));
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
