//! Named points at which the tests kill the daemon.
//!
//! `GREFFIER_KILL_AT=after-journal:3` kills the process with SIGKILL the third time it comes by `after-journal`. Builds
//! without debug assertions, which is to say releases, have no such points.

/// The points, in the order of a message's way through.
pub const POINTS: [&str; 10] = [
    "before-journal",
    "after-journal",
    "before-transaction",
    "after-transaction",
    "before-flush",
    "after-flush",
    "before-send",
    "after-send",
    "before-record",
    "after-record",
];

/// The process comes by `point`.
#[cfg(debug_assertions)]
pub fn point(point: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static AT: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let at = std::env::var("GREFFIER_KILL_AT").ok()?;
        let (point, times) = at.split_once(':').unwrap_or((&at, "1"));
        Some((point.to_owned(), times.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);

    let Some((wanted, times)) = AT.as_ref() else {
        return;
    };
    if wanted == point && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *times {
        // Nothing is left to do if the kernel refuses; the test will see that the process lives.
        let _refused =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// The process comes by `point`.
#[cfg(not(debug_assertions))]
#[inline]
pub fn point(_point: &str) {}
