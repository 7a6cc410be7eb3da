//! The gateway's session across restarts, and how often a new one may be begun.
//!
//! A session that is resumed replays what was missed. How far it was heard is kept only when everything up to there is on
//! disk, so that a crash hears a thing twice rather than never. New sessions are few: after a thousand a day Discord
//! takes the token away.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use twilight_gateway::Session;
use twilight_gateway::queue::Queue;

use super::memo::Memo;

/// Name of the session's document.
const SESSION: &str = "session";
/// Name of the document of starts.
const STARTS: &str = "starts";
/// Starts within ten minutes that need no patience.
const FREE: usize = 12;
/// Starts in a day after which one waits: Discord takes a thousand.
const A_DAY: usize = 400;
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(30);

/// A session to be resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resumable {
    /// Its id, and how far it was heard.
    pub(super) session: Session,
    /// Where it is resumed.
    pub(super) url: String,
}

impl Resumable {
    /// The id of the session.
    pub(super) fn id(&self) -> &str {
        self.session.id()
    }
}

/// The session that was kept, if one was.
pub(super) fn kept(memo: &Memo) -> Option<Resumable> {
    memo.document(SESSION).ok().flatten()
}

/// Keeps a session, or forgets it.
pub(super) fn keep(memo: &Memo, session: Option<&Resumable>) {
    if memo.keep_document(SESSION, &session).is_err() {
        tracing::warn!(
            "The place in Discord's gateway cannot be written: a restart may hear things again"
        );
    }
}

/// Which events are not on disk yet.
#[derive(Debug, Default)]
pub(super) struct Underway {
    numbers: Mutex<BTreeSet<u64>>,
}

impl Underway {
    /// An event is being dealt with.
    pub(super) fn begin(&self, number: u64) {
        self.lock().insert(number);
    }

    /// It is on disk, or nothing is to be kept of it.
    pub(super) fn end(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// How far everything is on disk, where `last` was heard last.
    pub(super) fn safe(&self, last: u64) -> u64 {
        self.lock()
            .first()
            .map_or(last, |first| first.saturating_sub(1).min(last))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When sessions were begun.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Starts(Vec<Timestamp>);

impl Starts {
    /// How long the next one waits.
    fn wait(&self, now: Timestamp) -> Duration {
        let within = |span: SignedDuration| {
            let young = self.0.iter().filter(|at| now.duration_since(**at) <= span);
            young.count()
        };
        let hasty = within(SignedDuration::from_mins(10)).saturating_sub(FREE);
        let many = within(SignedDuration::from_hours(24)).saturating_sub(A_DAY);
        let power = u32::try_from(hasty.max(many)).unwrap_or(u32::MAX).min(11);
        if power == 0 {
            return Duration::ZERO;
        }
        Duration::from_secs(1 << power).min(LONGEST)
    }

    fn add(&mut self, now: Timestamp) {
        self.0
            .retain(|at| now.duration_since(*at) <= SignedDuration::from_hours(24));
        self.0.push(now);
    }
}

/// Lets a session be begun when there were not too many lately.
#[derive(Clone)]
pub(super) struct Budget(Arc<Memo>);

impl Budget {
    /// The budget that `memo` remembers.
    pub(super) fn of(memo: Arc<Memo>) -> Self {
        Self(memo)
    }

    async fn turn(memo: Arc<Memo>) {
        let mut starts: Starts = memo.document(STARTS).ok().flatten().unwrap_or_default();
        let wait = starts.wait(crate::clock::now());
        if !wait.is_zero() {
            tracing::warn!(
                "Sessions with Discord were begun too often: the next one waits {} seconds",
                wait.as_secs()
            );
            tokio::time::sleep(wait).await;
        }
        starts.add(crate::clock::now());
        if memo.keep_document(STARTS, &starts).is_err() {
            tracing::warn!("That a session with Discord was begun cannot be written");
        }
    }
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Budget")
    }
}

impl Queue for Budget {
    fn enqueue(&self, _shard: u32) -> oneshot::Receiver<()> {
        let (go, gone) = oneshot::channel();
        let memo = Arc::clone(&self.0);
        tokio::spawn(async move {
            Self::turn(memo).await;
            metrics::counter!("greffier_discord_identify_total").increment(1);
            // The connection may have broken meanwhile: it asks again.
            let _unwanted = go.send(());
        });
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_crash_loop_slows_down() {
        let mut starts = Starts::default();
        for _ in 0..FREE {
            assert_eq!(starts.wait(at(0)), Duration::ZERO);
            starts.add(at(0));
        }
        starts.add(at(0));
        assert_eq!(starts.wait(at(1)), Duration::from_secs(2));
        starts.add(at(1));
        assert_eq!(starts.wait(at(1)), Duration::from_secs(4));
        for _ in 0..50 {
            starts.add(at(1));
        }
        assert_eq!(starts.wait(at(1)), LONGEST);
        assert_eq!(starts.wait(at(700)), Duration::ZERO);
    }

    #[test]
    fn a_day_has_its_limit_and_ends() {
        let mut starts = Starts::default();
        for number in 0..450 {
            starts.add(at(number * 60));
        }
        assert!(starts.wait(at(450 * 60)) > Duration::from_mins(10));
        starts.add(at(60 * 60 * 60));
        assert!(starts.0.len() < 10);
    }

    #[test]
    fn what_is_not_on_disk_holds_the_place() {
        let underway = Underway::default();
        assert_eq!(underway.safe(7), 7);
        for number in [9, 8, 12] {
            underway.begin(number);
        }
        assert_eq!(underway.safe(13), 7);
        underway.end(8);
        assert_eq!(underway.safe(13), 8);
        underway.end(9);
        assert_eq!(underway.safe(13), 11);
        underway.end(12);
        assert_eq!(underway.safe(13), 13);
    }
}
