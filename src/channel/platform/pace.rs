//! Whose turn it is to ask the platform, which takes so many requests a minute of one token.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What goes before what. Within a rank, who came first asks first: each démarche asks one thing at a time, so they take
/// turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Somebody waits for it.
    Act,
    /// What has changed.
    Read,
    /// What may have changed unseen.
    Patrol,
}

/// A bucket of requests, filled as time passes.
#[derive(Debug)]
pub(super) struct Pace {
    state: Mutex<State>,
    /// Rung when another is the first in line, or when it is shut.
    moved: Notify,
    /// What the bucket holds.
    most: f64,
    /// Requests a second.
    rate: f64,
}

#[derive(Debug)]
struct State {
    left: f64,
    filled: Instant,
    /// Nothing leaves before.
    shut: Option<Instant>,
    line: BTreeSet<(Rank, u64)>,
    next: u64,
}

/// Somebody's place in the line; left when dropped.
struct Place<'a>(&'a Pace, (Rank, u64));

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state().line.remove(&self.1);
        self.0.moved.notify_waiters();
    }
}

impl Pace {
    /// So many requests a minute, of which a few may leave at once after a rest.
    pub(super) fn new(per_minute: u32) -> Self {
        let per_minute = f64::from(per_minute.max(1));
        let most = (per_minute / 18.0).max(1.0);
        Self {
            state: Mutex::new(State {
                left: most,
                filled: Instant::now(),
                shut: None,
                line: BTreeSet::new(),
                next: 0,
            }),
            moved: Notify::new(),
            most,
            rate: per_minute / 60.0,
        }
    }

    /// Waits until one request may leave.
    pub(super) async fn turn(&self, rank: Rank) {
        let place = {
            let mut state = self.state();
            let place = (rank, state.next);
            state.next += 1;
            state.line.insert(place);
            Place(self, place)
        };
        loop {
            // Registered before the look at the line, so that nothing that moves meanwhile is missed.
            let moved = self.moved.notified();
            match self.take(place.1) {
                Wait::None => return,
                Wait::Until(then) => {
                    tokio::select! {
                        () = sleep_until(then) => {}
                        () = moved => {}
                    }
                }
                Wait::Others => moved.await,
            }
        }
    }

    /// Nothing leaves for so long.
    pub(super) fn shut(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.shut = state.shut.max(Some(until));
        // What had leaked through the other side's limit is not sent at once afterwards.
        state.left = state.left.min(1.0);
        drop(state);
        self.moved.notify_waiters();
    }

    fn take(&self, place: (Rank, u64)) -> Wait {
        let mut state = self.state();
        if state.line.first() != Some(&place) {
            return Wait::Others;
        }
        let now = Instant::now();
        if let Some(until) = state.shut.filter(|until| *until > now) {
            return Wait::Until(until);
        }
        let passed = now.duration_since(state.filled).as_secs_f64();
        state.left = (state.left + passed * self.rate).min(self.most);
        state.filled = now;
        if state.left >= 1.0 {
            state.left -= 1.0;
            return Wait::None;
        }
        let missing = (1.0 - state.left) / self.rate;
        Wait::Until(now + Duration::from_secs_f64(missing) + Duration::from_millis(1))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Wait {
    None,
    Until(Instant),
    Others,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_than_the_limit() {
        let pace = Pace::new(360);
        let begun = Instant::now();
        let mut left = Vec::new();
        while begun.elapsed() < Duration::from_mins(3) {
            pace.turn(Rank::Read).await;
            left.push(begun.elapsed());
        }
        let within = |from: u64| {
            let (from, to) = (Duration::from_secs(from), Duration::from_secs(from + 60));
            left.iter().filter(|at| (from..to).contains(at)).count()
        };
        for from in 0..120 {
            assert!((350..=380).contains(&within(from)), "{}", within(from));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn acts_go_first_and_those_who_read_take_turns() {
        let pace = Arc::new(Pace::new(60));
        for _ in 0..3 {
            pace.turn(Rank::Read).await;
        }
        let (said, mut heard) = mpsc::unbounded_channel();
        for (rank, name, times) in [
            (Rank::Patrol, "patrol", 1),
            (Rank::Read, "a", 3),
            (Rank::Read, "b", 3),
            (Rank::Act, "act", 2),
        ] {
            let (pace, said) = (Arc::clone(&pace), said.clone());
            tokio::spawn(async move {
                for _ in 0..times {
                    pace.turn(rank).await;
                    said.send(name).unwrap();
                }
            });
        }
        drop(said);
        let mut order = Vec::new();
        while let Some(name) = heard.recv().await {
            order.push(name);
        }
        assert_eq!(
            order,
            ["act", "act", "a", "b", "a", "b", "a", "b", "patrol"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn told_to_wait_everybody_waits() {
        let pace = Arc::new(Pace::new(360));
        let begun = Instant::now();
        pace.shut(Duration::from_secs(30));
        pace.turn(Rank::Act).await;
        assert!(begun.elapsed() >= Duration::from_secs(30));
        // Shut while somebody waits in the line.
        for _ in 0..20 {
            pace.turn(Rank::Read).await;
        }
        let waiting = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn(Rank::Read).await }
        });
        tokio::task::yield_now().await;
        let shut = Instant::now();
        pace.shut(Duration::from_secs(20));
        waiting.await.unwrap();
        assert!(shut.elapsed() >= Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_the_line_holds_nobody_up() {
        let pace = Arc::new(Pace::new(60));
        for _ in 0..4 {
            pace.turn(Rank::Read).await;
        }
        let gone = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn(Rank::Act).await }
        });
        tokio::task::yield_now().await;
        gone.abort();
        let begun = Instant::now();
        pace.turn(Rank::Patrol).await;
        assert!(begun.elapsed() < Duration::from_secs(3));
    }
}
