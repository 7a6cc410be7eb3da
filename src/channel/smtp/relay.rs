//! Whether the mail server works for us. While it does not, nobody knocks at its door but one mail from time to time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::channel::http::health::Health;

/// The longest wait between two looks.
const LONGEST: Duration = Duration::from_mins(5);
/// The check's name on `/readyz`.
const CHECK: &str = "smtp";

/// What is known of the server.
pub(super) struct Relay {
    trouble: Mutex<Option<Trouble>>,
    health: Arc<Health>,
}

#[derive(Clone, Copy)]
struct Trouble {
    until: Instant,
    times: u32,
}

impl Relay {
    /// A server that is thought to work until it is known better.
    pub(super) fn new(health: Arc<Health>) -> Self {
        health.well(CHECK);
        Self {
            trouble: Mutex::default(),
            health,
        }
    }

    /// How long to leave it alone; none when it may be tried.
    pub(super) fn rests(&self, now: Instant) -> Option<Duration> {
        let trouble = *self.lock();
        let until = trouble?.until;
        let left = until.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// It has answered as it should.
    pub(super) fn works(&self) {
        if self.lock().take().is_some() {
            self.health.well(CHECK);
            tracing::info!("The mail server works again");
        }
    }

    /// It does not work for us, and the answer is how long to leave it alone: a second, doubled each time.
    pub(super) fn fails(&self, why: &str, now: Instant) -> Duration {
        let mut trouble = self.lock();
        if let Some(Trouble { until, .. }) = *trouble
            && until > now
        {
            // Another mail has found out already.
            return until - now;
        }
        let times = trouble.map_or(0, |trouble| trouble.times + 1);
        let wait = Duration::from_secs(1 << times.min(9)).min(LONGEST);
        *trouble = Some(Trouble {
            until: now + wait,
            times,
        });
        self.health.ill(CHECK, why);
        if times == 0 {
            tracing::error!("The mail server does not take mail from us, all mail waits: {why}");
        }
        wait
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_when_it_works_again() {
        let health = Arc::new(Health::default());
        let relay = Relay::new(Arc::clone(&health));
        let mut now = Instant::now();
        assert_eq!(relay.rests(now), None);
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = relay.fails("535 bad password", now);
            waits.push(wait.as_secs());
            assert_eq!(relay.fails("again", now), wait);
            assert_eq!(relay.rests(now), Some(wait));
            assert!(!health.checks().iter().all(|check| check.ok));
            now += wait;
            assert_eq!(relay.rests(now), None);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        relay.works();
        assert!(health.checks().iter().all(|check| check.ok));
        assert_eq!(relay.fails("535", now).as_secs(), 1);
    }
}
