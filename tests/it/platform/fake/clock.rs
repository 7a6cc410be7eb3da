//! The time of the fake: it stands still but for a millisecond at each write, until a test moves it.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

// Spelled as a rule, so that no time zone database is needed.
static PARIS: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rule is well formed")
});

/// The clock of a fake platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    now: Timestamp,
    real: bool,
}

impl Clock {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now, real: false }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the fake stands for another machine's clock"
    )]
    pub(super) fn now(&self) -> Timestamp {
        if self.real {
            self.now.max(Timestamp::now())
        } else {
            self.now
        }
    }

    /// The instant of a write, later than any other.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.now = self.now() + Duration::from_millis(1);
        self.now
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now += by;
    }

    pub(super) fn set(&mut self, now: Timestamp) {
        self.now = now;
    }

    pub(super) fn follow_real_time(&mut self) {
        self.real = true;
    }
}

/// ISO 8601 to the second with the offset of Paris, as the platform writes it.
pub(super) fn iso(at: Timestamp) -> String {
    at.to_zoned_datetime(PARIS.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

/// An argument of type `ISO8601DateTime`, with or without offset, or a date alone.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        PARIS.to_timestamp(local).ok()
    })
}
