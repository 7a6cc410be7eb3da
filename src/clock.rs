//! What time it is: the one place that asks.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// Seconds by which this process is ahead of the machine.
static AHEAD: AtomicI64 = AtomicI64::new(0);
/// Rung when that changes.
static MOVED: Notify = Notify::const_new();

/// Now. The demo and the tests can be ahead of the machine; see [`advance`].
#[expect(clippy::disallowed_methods, reason = "this is the place that asks")]
pub fn now() -> Timestamp {
    let ahead = SignedDuration::from_secs(AHEAD.load(Ordering::SeqCst));
    let now = Timestamp::now();
    now.checked_add(ahead).unwrap_or(now)
}

/// Moves this process ahead in time: the demo need not wait five minutes for a mail to leave.
pub fn advance(by: SignedDuration) {
    AHEAD.fetch_add(by.as_secs(), Ordering::SeqCst);
    MOVED.notify_one();
}

/// Waits until somebody has [`advance`]d: what is due by then need not wait for the next look at the clock.
pub async fn moved() {
    MOVED.notified().await;
}
