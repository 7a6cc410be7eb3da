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
        let place = self.join(rank);
        loop {
            // Registered before the look at the line, so that nothing that moves meanwhile is missed.
            let moved = self.moved.notified();
            match self.take(place.1, Instant::now()) {
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

    fn join(&self, rank: Rank) -> Place<'_> {
        let mut state = self.state();
        let place = (rank, state.next);
        state.next += 1;
        state.line.insert(place);
        Place(self, place)
    }

    /// Nothing leaves for so long.
    pub(super) fn shut(&self, wait: Duration) {
        self.shut_until(Instant::now() + wait);
    }

    fn shut_until(&self, until: Instant) {
        let mut state = self.state();
        state.shut = state.shut.max(Some(until));
        // What had leaked through the other side's limit is not sent at once afterwards.
        state.left = state.left.min(1.0);
        drop(state);
        self.moved.notify_waiters();
    }

    fn take(&self, place: (Rank, u64), now: Instant) -> Wait {
        let mut state = self.state();
        if state.line.first() != Some(&place) {
            return Wait::Others;
        }
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

#[derive(Debug, PartialEq, Eq)]
enum Wait {
    None,
    Until(Instant),
    Others,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When somebody who comes to an empty line at `now` may ask.
    fn alone(pace: &Pace, mut now: Instant) -> Instant {
        let place = pace.join(Rank::Read);
        loop {
            match pace.take(place.1, now) {
                Wait::None => return now,
                Wait::Until(then) => now = then,
                Wait::Others => panic!("nobody else is there"),
            }
        }
    }

    #[test]
    fn no_minute_has_more_than_the_limit() {
        let pace = Pace::new(360);
        let begun = Instant::now();
        let mut left = vec![alone(&pace, begun)];
        while left[left.len() - 1] < begun + Duration::from_mins(3) {
            left.push(alone(&pace, left[left.len() - 1]));
        }
        for from in 0..120 {
            let from = begun + Duration::from_secs(from);
            let minute = from..from + Duration::from_mins(1);
            let count = left.iter().filter(|at| minute.contains(*at)).count();
            assert!((350..=380).contains(&count), "{count}");
        }
    }

    #[test]
    fn acts_go_first_and_those_who_read_take_turns() {
        let pace = Pace::new(60);
        let mut now = Instant::now();
        // Each asks again as soon as it has asked.
        let mut places: Vec<(&str, Rank, Option<Place<'_>>, u32)> = [
            ("patrol", Rank::Patrol, 1),
            ("a", Rank::Read, 3),
            ("b", Rank::Read, 3),
            ("act", Rank::Act, 2),
        ]
        .into_iter()
        .map(|(name, rank, times)| (name, rank, Some(pace.join(rank)), times))
        .collect();
        let mut order = Vec::new();
        while places.iter().any(|(_, _, place, _)| place.is_some()) {
            now += Duration::from_secs(1);
            for (name, rank, place, times) in &mut places {
                let Some(asking) = place else { continue };
                if pace.take(asking.1, now) == Wait::None {
                    order.push(*name);
                    *times -= 1;
                    *place = None;
                    *place = (*times > 0).then(|| pace.join(*rank));
                    break;
                }
            }
        }
        assert_eq!(
            order,
            ["act", "act", "a", "b", "a", "b", "a", "b", "patrol"]
        );
    }

    #[test]
    fn told_to_wait_everybody_waits() {
        let pace = Pace::new(360);
        let now = Instant::now();
        let until = now + Duration::from_secs(30);
        pace.shut_until(until);
        pace.shut_until(now + Duration::from_secs(3));
        let act = pace.join(Rank::Act);
        assert_eq!(pace.take(act.1, now), Wait::Until(until));
        assert_eq!(pace.take(act.1, until), Wait::None);
    }

    #[tokio::test]
    async fn who_leaves_the_line_holds_nobody_up() {
        let pace = std::sync::Arc::new(Pace::new(6_000));
        pace.shut(Duration::from_millis(200));
        let waiting = |rank| {
            let pace = std::sync::Arc::clone(&pace);
            tokio::spawn(async move { pace.turn(rank).await })
        };
        let gone = waiting(Rank::Act);
        tokio::task::yield_now().await;
        let patrol = waiting(Rank::Patrol);
        tokio::task::yield_now().await;
        gone.abort();
        let waited = tokio::time::timeout(Duration::from_secs(5), patrol).await;
        waited.unwrap().unwrap();
        assert!(pace.state().line.is_empty());
    }
}
