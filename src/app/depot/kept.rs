//! What is kept of somebody's form while it is not complete: a draft, private, for thirty days.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::draft::Draft;
use super::super::tally::Measure;
use super::super::{App, Error};
use super::form::Answers;
use crate::domain::{DemarcheId, DossierId, Email, Piece};
use crate::mail::short_code;
use crate::store::{Collection, Store};

/// Keys of the drafts, among [`Collection::Address`].
const PREFIX: &str = "depot\u{0}";
/// How long a draft is kept after the last mail.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Days of that, as people are told.
pub(super) const DAYS: u32 = 30;
/// How many mails we send about forms to one address for one démarche, and in how long. Beyond, a person looks at what
/// comes, and whatever answers everything is answered no more.
const MOST: [(SignedDuration, usize); 4] = [
    (SignedDuration::from_hours(1), 10),
    (SignedDuration::from_hours(24), 20),
    (SignedDuration::from_hours(24 * 7), 30),
    (SignedDuration::from_hours(24 * 30), 40),
];
/// The same for an address that nobody has proven to be the sender's.
const MOST_UNPROVEN: [(SignedDuration, usize); 2] = [
    (SignedDuration::from_hours(24), 2),
    (SignedDuration::from_hours(24 * 30), 6),
];
/// How often a form is sent to somebody who answers nothing that can be read.
const IDLE: u32 = 8;
/// `Message-ID`s that are remembered.
const SEEN: usize = 40;
/// Drafts looked at in one sweep.
const SWEPT: usize = 100_000;
/// How often they are looked at.
const SWEEP: Measure = Measure {
    most: 1,
    within: SignedDuration::from_mins(59),
};

/// A dossier that was made of a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    /// Its number. Not named `dossier`: the purge of the dossier would take the whole document away.
    pub(super) number: DossierId,
    /// The code of the form.
    pub(super) code: String,
    /// A digest of what was answered.
    pub(super) answers: String,
}

/// A draft. Its files stay on the shelf as long as it does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// When it was begun: no two forms have the same code.
    began: Timestamp,
    /// When its person last wrote.
    at: Timestamp,
    /// When we wrote to somebody who was proven to be the sender.
    #[serde(default)]
    sent: Vec<Timestamp>,
    /// When we wrote because somebody said that he was. Apart, so that he takes nothing from the other.
    #[serde(default)]
    unproven: Vec<Timestamp>,
    /// How often we wrote since something could be read in what came.
    #[serde(default)]
    idle: u32,
    /// `Message-ID`s of the mails that were read.
    #[serde(default)]
    seen: Vec<String>,
    #[serde(default)]
    pub(super) answers: Answers,
    /// The files, by the id of their champ; those that belong to none yet under an empty one.
    #[serde(default)]
    pub(super) files: Vec<(String, Piece)>,
    /// What became of the one before.
    #[serde(default)]
    pub(super) made: Option<Made>,
}

impl Kept {
    fn new(at: Timestamp) -> Self {
        Self {
            began: at,
            at,
            sent: Vec::new(),
            unproven: Vec::new(),
            idle: 0,
            seen: Vec::new(),
            answers: Answers::new(),
            files: Vec::new(),
            made: None,
        }
    }

    /// Whether one more mail of ours is of use at `now`.
    pub(super) fn may_be_sent(&self, now: Timestamp, proven: bool) -> bool {
        let (most, sent) = if proven {
            (&MOST[..], &self.sent)
        } else {
            (&MOST_UNPROVEN[..], &self.unproven)
        };
        most.iter().all(|(window, most)| {
            let recent = sent.iter().filter(|at| now.duration_since(**at) < *window);
            recent.count() < *most
        })
    }

    /// Notes that we write at `now`.
    pub(super) fn wrote(&mut self, now: Timestamp, proven: bool) {
        let sent = if proven {
            &mut self.sent
        } else {
            &mut self.unproven
        };
        sent.retain(|at| now.duration_since(*at) < KEPT);
        sent.push(now);
    }

    /// Notes a mail. False where it was read before.
    pub(super) fn heard(&mut self, message_id: Option<&str>, now: Timestamp) -> bool {
        self.at = now;
        let Some(id) = message_id else { return true };
        if self.seen.iter().any(|seen| seen == id) {
            return false;
        }
        if self.seen.len() >= SEEN {
            self.seen.remove(0);
        }
        self.seen.push(id.to_owned());
        true
    }

    /// The code of the form as it is sent: it tells it from another draft's, and from what the form was before its
    /// démarche changed.
    pub(super) fn code(&self, secret: &[u8], form: &str) -> String {
        short_code(
            secret,
            &format!("depot\u{0}{}\u{0}{form}", self.began.as_microsecond()),
        )
    }

    /// A new draft in its place, after a dossier was made of it.
    pub(super) fn done(&mut self, now: Timestamp, made: Made) {
        self.began = now;
        self.answers.clear();
        self.files.clear();
        self.made = Some(made);
    }

    /// Notes that a form was asked for, or that nothing could be read. False where that was so too often: nobody asks so
    /// often, and a machine would go on.
    pub(super) fn idles(&mut self) -> bool {
        self.idle = self.idle.saturating_add(1);
        self.idle <= IDLE
    }

    /// Notes that something was read.
    pub(super) fn was_read(&mut self) {
        self.idle = 0;
    }

    /// Forgets everything that was answered.
    pub(super) fn empty(&mut self) {
        self.answers.clear();
        self.files.clear();
    }
}

fn key(demarche: DemarcheId, person: &Email) -> String {
    format!("{PREFIX}{demarche}\u{0}{person}")
}

impl<S: Store> App<S> {
    pub(super) fn kept_form(
        &self,
        draft: &Draft<'_, S>,
        demarche: DemarcheId,
        person: &Email,
    ) -> Result<Kept, Error> {
        let kept = draft.get(Collection::Address, &key(demarche, person))?;
        Ok(kept.unwrap_or_else(|| Kept::new(draft.at)))
    }

    pub(super) fn keep_form(
        &self,
        draft: &mut Draft<'_, S>,
        demarche: DemarcheId,
        person: &Email,
        kept: &Kept,
    ) -> Result<(), Error> {
        draft.put(Collection::Address, key(demarche, person), kept)
    }

    /// Forgets the drafts of those who have not written for [`DAYS`] days.
    pub(in crate::app) fn sweep_forms(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        if self.too_often(draft, "sweep of forms", SWEEP)? {
            return Ok(());
        }
        let rows = self
            .store
            .scan(Collection::Address, PREFIX, Bound::Unbounded, SWEPT)?;
        for (key, value) in rows {
            let kept: Kept = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Address, &error))?;
            if draft.at.duration_since(kept.at) > KEPT {
                draft.remove(Collection::Address, key);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_writes_without_end_is_answered_no_more() {
        let mut kept = Kept::new(Timestamp::UNIX_EPOCH);
        let mut now = Timestamp::UNIX_EPOCH;
        for _ in 0..2000 {
            if kept.may_be_sent(now, true) {
                kept.wrote(now, true);
            }
            now += SignedDuration::from_mins(15);
        }
        // Twenty days.
        assert_eq!(kept.sent.len(), 40);
        assert!(!kept.may_be_sent(now, true));
        // Who only says that he is the same has not used that up.
        assert!(kept.may_be_sent(now, false));
    }

    #[test]
    fn a_form_that_changed_has_another_code() {
        let kept = Kept::new(Timestamp::UNIX_EPOCH);
        let mut later = kept.clone();
        later.done(
            Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1),
            Made {
                number: DossierId(1),
                code: String::new(),
                answers: String::new(),
            },
        );
        assert_eq!(kept.code(b"s", "a"), kept.code(b"s", "a"));
        assert_ne!(kept.code(b"s", "a"), kept.code(b"s", "b"));
        assert_ne!(kept.code(b"s", "a"), later.code(b"s", "a"));
    }
}
