//! Rooms and threads where Discord does not let Greffier speak: noticed once, and left alone for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long a room is left alone: each refusal counts towards a ban.
const ALONE: SignedDuration = SignedDuration::from_mins(5);

/// Places that are remembered: those that are not left alone any more give way to others.
const MOST: usize = 1_000;

/// Why a room cannot be spoken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Greffier does not see it, or was put out.
    Unseen,
    /// It may not speak there.
    Forbidden,
    /// It is gone.
    Deleted,
}

impl Why {
    /// For the operator.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Unseen => "Greffier does not see it",
            Self::Forbidden => "a permission is missing",
            Self::Deleted => "it was deleted",
        }
    }
}

/// What is known of rooms in trouble, or of threads.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    rooms: Mutex<BTreeMap<String, (Why, Timestamp)>>,
}

impl Trouble {
    /// `room` is in trouble. True where that is news.
    pub(super) fn begins(&self, room: &str, why: Why, now: Timestamp) -> bool {
        let until = now.checked_add(ALONE).unwrap_or(now);
        let mut rooms = self.lock();
        if rooms.len() >= MOST {
            rooms.retain(|_, (_, until)| *until > now);
        }
        let before = rooms.insert(room.to_owned(), (why, until));
        before.is_none_or(|(known, _)| known != why)
    }

    /// It is not any more. True where it was.
    pub(super) fn ends(&self, room: &str) -> bool {
        self.lock().remove(room).is_some()
    }

    /// How long `room` is still left alone.
    pub(super) fn alone(&self, room: &str, now: Timestamp) -> Option<Duration> {
        let rooms = self.lock();
        let (why, until) = rooms.get(room)?;
        // What is gone does not come back: it is not waited for.
        let left = Duration::try_from(until.duration_since(now)).ok()?;
        (*why != Why::Deleted && !left.is_zero()).then_some(left)
    }

    /// All of it in one sentence; none where all is well.
    pub(super) fn told(&self) -> Option<String> {
        let rooms = self.lock();
        let told: Vec<String> = rooms
            .iter()
            .map(|(room, (why, _))| format!("{room}: {}", why.text()))
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Why, Timestamp)>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_news_once_and_leaves_the_room_alone() {
        let trouble = Trouble::default();
        let now = Timestamp::UNIX_EPOCH;
        let alone = Duration::try_from(ALONE).unwrap();
        assert!(trouble.begins("1", Why::Forbidden, now));
        assert!(!trouble.begins("1", Why::Forbidden, now));
        assert!(trouble.begins("1", Why::Unseen, now));
        assert_eq!(trouble.alone("1", now), Some(alone));
        assert_eq!(trouble.alone("1", now + ALONE), None);
        assert_eq!(trouble.told().unwrap(), "1: Greffier does not see it");
        assert!(trouble.ends("1") && !trouble.ends("1"));
        assert_eq!(trouble.told(), None);
        assert!(trouble.begins("2", Why::Deleted, now));
        assert_eq!(trouble.alone("2", now), None);
    }
}
