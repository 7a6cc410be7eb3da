//! Stops asking when too much is refused: Discord bans an address after 10 000 refused requests in ten minutes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Within this time refusals count together.
const WINDOW: Duration = Duration::from_mins(10);
/// Refusals in that time after which nothing more is asked: far from Discord's ten thousand.
const TOLERATED: usize = 150;
/// How long nothing is asked then.
const PAUSE: Duration = Duration::from_mins(10);

/// Counts what Discord refuses as invalid: 401, 403, and 429 that is our own fault.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    refused: VecDeque<Instant>,
    open_until: Option<Instant>,
}

impl Breaker {
    /// How long nothing may be asked, if that is so.
    pub(super) fn closed_for(&self, now: Instant) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = state.open_until?;
        if until <= now {
            state.open_until = None;
            return None;
        }
        Some(until - now)
    }

    /// Something was refused. True where that was one too many.
    pub(super) fn refused(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.refused.push_back(now);
        while state
            .refused
            .front()
            .is_some_and(|first| now.duration_since(*first) > WINDOW)
        {
            state.refused.pop_front();
        }
        if state.refused.len() < TOLERATED {
            return false;
        }
        state.refused.clear();
        state.open_until = Some(now + PAUSE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_refusals_silences_it_for_a_while() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for _ in 1..TOLERATED {
            assert!(!breaker.refused(now));
        }
        assert_eq!(breaker.closed_for(now), None);
        assert!(breaker.refused(now));
        assert_eq!(breaker.closed_for(now), Some(PAUSE));
        assert_eq!(breaker.closed_for(now + PAUSE), None);
        assert!(!breaker.refused(now + PAUSE));
    }

    #[test]
    fn refusals_long_ago_do_not_count() {
        let breaker = Breaker::default();
        let now = Instant::now();
        let apart = Duration::from_secs(5);
        for number in 0..500 {
            assert!(!breaker.refused(now + apart * number));
        }
    }
}
