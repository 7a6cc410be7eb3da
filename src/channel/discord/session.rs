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
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
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

/// Keeps the place in the session on disk, the newest only, while nobody waits for the disk.
pub(super) struct Keeper {
    newest: watch::Sender<Option<Resumable>>,
    keeping: JoinHandle<()>,
}

impl Keeper {
    /// Keeps in `memo`.
    pub(super) fn start(memo: Arc<Memo>) -> Self {
        let (newest, mut changed) = watch::channel(None);
        let keeping = tokio::spawn(async move {
            while changed.changed().await.is_ok() {
                let place: Option<Resumable> = changed.borrow_and_update().clone();
                let memo = Arc::clone(&memo);
                let kept = tokio::task::spawn_blocking(move || keep(&memo, place.as_ref()));
                // What it could not write it has said.
                let _kept = kept.await;
            }
        });
        Self { newest, keeping }
    }

    /// Keeps `place`, if there is one and it has changed.
    pub(super) fn keep(&self, place: Option<Resumable>) {
        if place.is_some() {
            self.newest.send_if_modified(|newest| {
                let news = *newest != place;
                *newest = place;
                news
            });
        }
    }

    /// The session is over for good.
    pub(super) fn forget(&self) {
        self.newest.send_replace(None);
    }

    /// Waits until the newest is on disk.
    pub(super) async fn end(self) {
        drop(self.newest);
        let _ended = self.keeping.await;
    }
}

/// Which events are not on disk yet.
#[derive(Debug, Default)]
pub(super) struct Underway {
    numbers: Mutex<Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    /// Which session they are of: each counts anew.
    session: u64,
    held: BTreeSet<u64>,
}

/// An event that is being dealt with. It holds the place until it is dropped, however its task ends.
#[derive(Debug)]
pub(super) struct Dealing {
    underway: Arc<Underway>,
    session: u64,
    number: u64,
}

impl Underway {
    /// An event is being dealt with.
    pub(super) fn begin(self: &Arc<Self>, number: u64) -> Dealing {
        let mut numbers = self.lock();
        numbers.held.insert(number);
        Dealing {
            underway: Arc::clone(self),
            session: numbers.session,
            number,
        }
    }

    /// A session is begun: the numbers of the last one mean nothing any more.
    pub(super) fn anew(&self) {
        let mut numbers = self.lock();
        numbers.session += 1;
        numbers.held.clear();
    }

    /// How far everything is on disk, where `last` was heard last.
    pub(super) fn safe(&self, last: u64) -> u64 {
        self.lock()
            .held
            .first()
            .map_or(last, |first| first.saturating_sub(1).min(last))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dealing {
    fn drop(&mut self) {
        let mut numbers = self.underway.lock();
        if numbers.session == self.session {
            numbers.held.remove(&self.number);
        }
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
        let underway = Arc::new(Underway::default());
        assert_eq!(underway.safe(7), 7);
        let [nine, eight, twelve] = [9, 8, 12].map(|number| underway.begin(number));
        assert_eq!(underway.safe(13), 7);
        drop(eight);
        assert_eq!(underway.safe(13), 8);
        drop(nine);
        assert_eq!(underway.safe(13), 11);
        drop(twelve);
        assert_eq!(underway.safe(13), 13);
    }

    #[tokio::test]
    async fn a_task_that_is_cut_off_holds_the_place_no_longer() {
        let underway = Arc::new(Underway::default());
        let dealing = underway.begin(3);
        let task = tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(dealing);
        });
        assert_eq!(underway.safe(9), 2);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(underway.safe(9), 9);
    }

    #[test]
    fn the_numbers_of_another_session_mean_nothing() {
        let underway = Arc::new(Underway::default());
        let old = underway.begin(2);
        underway.anew();
        assert_eq!(underway.safe(9), 9);
        let _new = underway.begin(2);
        drop(old);
        assert_eq!(underway.safe(9), 1);
    }

    #[tokio::test]
    async fn the_newest_place_is_kept_and_one_that_is_over_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let memo = Arc::new(Memo::open(folder.path()).unwrap());
        let place = |number| Resumable {
            session: Session::new(number, "s".to_owned()),
            url: "wss://gateway.example".to_owned(),
        };
        let keeper = Keeper::start(Arc::clone(&memo));
        for number in 1..=40 {
            keeper.keep(Some(place(number)));
        }
        keeper.keep(None);
        keeper.end().await;
        assert_eq!(kept(&memo), Some(place(40)));
        let keeper = Keeper::start(Arc::clone(&memo));
        keeper.forget();
        keeper.end().await;
        assert_eq!(kept(&memo), None);
    }
}
