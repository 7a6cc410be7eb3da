//! How long to wait before the server is tried again.

use std::time::Duration;

/// Waits that double, with chance in them so that many clients do not come back together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    first: Duration,
    last: Duration,
    failures: u32,
}

impl Backoff {
    /// For a server that is away: a second, then longer, up to five minutes.
    pub(super) const AWAY: Self = Self::new(Duration::from_secs(1), Duration::from_mins(5));
    /// For a login that is refused, so that the account is not locked: a minute, then longer, up to half an hour.
    pub(super) const REFUSED: Self = Self::new(Duration::from_mins(1), Duration::from_mins(30));

    const fn new(first: Duration, last: Duration) -> Self {
        Self {
            first,
            last,
            failures: 0,
        }
    }

    /// The next wait, between half of its length and the whole.
    pub(super) fn next(&mut self) -> Duration {
        let whole = self
            .first
            .saturating_mul(1 << self.failures.min(16))
            .min(self.last);
        self.failures = self.failures.saturating_add(1);
        whole.div_f64(2.0).mul_f64(1.0 + chance())
    }

    /// All is well: the next failure is the first again.
    pub(super) fn calm(&mut self) {
        self.failures = 0;
    }
}

/// From 0 to 1. Without randomness there is no jitter, which is no reason to fail.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_again_when_all_is_well() {
        let mut backoff = Backoff::AWAY;
        for whole in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let wait = backoff.next().as_secs_f64();
            let whole = f64::from(whole);
            assert!((whole / 2.0..=whole).contains(&wait), "{wait} of {whole}");
        }
        backoff.calm();
        assert!(backoff.next() <= Duration::from_secs(1));
    }

    #[test]
    fn a_refused_login_is_not_tried_again_at_once() {
        let mut backoff = Backoff::REFUSED;
        assert!(backoff.next() >= Duration::from_secs(30));
    }
}
