//! The clock of the fake: the machine's, which a test may stop and put forward.

use std::time::{Duration, UNIX_EPOCH};

/// Where Discord's own count of milliseconds begins.
const EPOCH: u64 = 1_420_070_400_000;

/// Milliseconds since 1970, as Discord sees them.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: u64,
    stopped: Option<u64>,
    last: u64,
}

impl Clock {
    pub(crate) fn now(&self) -> u64 {
        self.stopped.unwrap_or_else(machine) + self.ahead
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.ahead += u64::try_from(by.as_millis()).unwrap();
    }

    /// From now on only [`Clock::advance`] moves it.
    pub(crate) fn stop(&mut self) {
        self.stopped = Some(machine());
    }

    /// A new id, later than all before.
    pub(crate) fn snowflake(&mut self) -> u64 {
        let of_now = (self.now() - EPOCH) << 22;
        self.last = of_now.max(self.last + 1);
        self.last
    }
}

/// A time as Discord writes it.
pub(crate) fn text(milliseconds: u64) -> String {
    let milliseconds = i64::try_from(milliseconds).unwrap();
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap();
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

fn machine() -> u64 {
    u64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}
