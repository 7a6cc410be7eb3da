//! When the next message may leave: a token bucket below the homeserver's own.
//!
//! Synapse lets an account send ten messages at once and one every five seconds after that (`rc_message`); reactions,
//! edits and redactions count as well. A sender that keeps below is never made to wait, and never told off.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The bucket of one account.
#[derive(Debug)]
pub(super) struct Pace {
    burst: u32,
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the bucket will be (or was) full again: each message moves it on by `every`.
    full: Instant,
    /// Nothing leaves before: the homeserver said so.
    shut: Option<Instant>,
}

impl Pace {
    /// A full bucket of `burst` messages, one more each `every`.
    pub(super) fn new(burst: u32, every: Duration) -> Self {
        Self {
            burst: burst.max(1),
            every,
            state: Mutex::new(State {
                full: Instant::now(),
                shut: None,
            }),
        }
    }

    /// How long until one more message may leave.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // After this one the bucket may be `burst` messages away from full, not more.
        let room = self.every.saturating_mul(self.burst - 1);
        let filled = state.full.saturating_duration_since(now);
        let shut = state
            .shut
            .map(|until| until.saturating_duration_since(now))
            .unwrap_or_default();
        filled.saturating_sub(room).max(shut)
    }

    /// Takes what one message costs, whether it is there or not.
    pub(super) fn take(&self, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.full = state.full.max(now) + self.every;
    }

    /// Takes what one message costs if it may leave at once; otherwise says how long it must wait.
    pub(super) fn try_take(&self, now: Instant) -> Result<(), Duration> {
        let wait = self.wait(now);
        if wait.is_zero() {
            self.take(now);
            Ok(())
        } else {
            Err(wait)
        }
    }

    /// The homeserver wants nothing for so long.
    pub(super) fn shut(&self, now: Instant, wait: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now + wait;
        state.shut = Some(state.shut.map_or(until, |shut| shut.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_one_by_one() {
        let pace = Pace::new(3, 5 * SECOND);
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(pace.try_take(now), Ok(()));
        }
        assert_eq!(pace.try_take(now), Err(5 * SECOND));
        assert_eq!(pace.try_take(now + 4 * SECOND), Err(SECOND));
        assert_eq!(pace.try_take(now + 5 * SECOND), Ok(()));
        assert_eq!(pace.try_take(now + 5 * SECOND), Err(5 * SECOND));
        for _ in 0..3 {
            assert_eq!(pace.try_take(now + 100 * SECOND), Ok(()));
        }
        assert!(pace.try_take(now + 100 * SECOND).is_err());
    }

    #[test]
    fn what_the_homeserver_asks_is_waited_for() {
        let pace = Pace::new(3, 5 * SECOND);
        let now = Instant::now();
        pace.shut(now, 30 * SECOND);
        pace.shut(now, 10 * SECOND);
        assert_eq!(pace.try_take(now + 12 * SECOND), Err(18 * SECOND));
        assert_eq!(pace.try_take(now + 30 * SECOND), Ok(()));
    }

    #[test]
    fn without_a_pace_everything_leaves() {
        let pace = Pace::new(1, Duration::ZERO);
        let now = Instant::now();
        for _ in 0..1000 {
            assert_eq!(pace.try_take(now), Ok(()));
        }
    }
}
