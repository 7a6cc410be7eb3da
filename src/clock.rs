//! What time it is: the one place that asks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Seconds by which this process is ahead of the machine.
static AHEAD: AtomicI64 = AtomicI64::new(0);
/// Rung when that changes.
static MOVED: Notify = Notify::const_new();
/// The same, for those who [`sleep`].
static WOKEN: Notify = Notify::const_new();

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
    WOKEN.notify_waiters();
}

/// Waits until somebody has [`advance`]d: what is due by then need not wait for the next look at the clock.
pub async fn moved() {
    MOVED.notified().await;
}

/// Waits for so long of this process's time: what [`advance`] moves it on need not be waited for.
pub async fn sleep(wait: Duration) {
    let begun = Instant::now();
    let ahead = AHEAD.load(Ordering::SeqCst);
    loop {
        // Made before the look at the clock, so that nothing is missed between the two.
        let woken = WOKEN.notified();
        let leapt = AHEAD.load(Ordering::SeqCst).saturating_sub(ahead);
        let leapt = Duration::from_secs(u64::try_from(leapt).unwrap_or_default());
        tokio::select! {
            () = sleep_until(begun + wait.saturating_sub(leapt)) => return,
            () = woken => {}
        }
    }
}
