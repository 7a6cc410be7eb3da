//! Several waits for the disk at the same time.

use std::thread;

/// Threads that wait for the disk at once.
const WAITERS: usize = 32;

/// Does `work` with each, several at a time, and answers in their order.
pub(super) fn side_by_side<T: Send, R: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if items.len() < 2 {
        return items.into_iter().map(work).collect();
    }
    let share = items.len().div_ceil(WAITERS);
    let mut items = items.into_iter();
    let work = &work;
    thread::scope(|scope| {
        let mut workers = Vec::new();
        loop {
            let part: Vec<T> = items.by_ref().take(share).collect();
            if part.is_empty() {
                break;
            }
            workers.push(scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>()));
        }
        let done = workers.into_iter().flat_map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        done.collect()
    })
}
