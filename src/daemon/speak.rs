//! Delivery: empties the outbox, in order for each destination, many destinations at once.
//!
//! What is due is known from an index in memory; the message itself is read when it leaves. A row that must be tried
//! again holds back those behind it, so that order is kept; one that was queued for later does not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::writer::Bells;
use crate::channel::{Channel, Known, Shelf};
use crate::clock;
use crate::kill;
use crate::message::{Body, Destination, Outcome};
use crate::store::{OutboxId, Row, Store};

/// Destinations served at once by a channel.
const AT_ONCE: usize = 16;
/// Rows read from the outbox at once.
const READ: usize = 1_000;
/// How long a message is tried before it is given up (RFC 5321 §4.5.4.1 says four to five days; people expect less).
const GIVE_UP: SignedDuration = SignedDuration::from_hours(48);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_hours(1);
/// How often the outbox is looked at although nothing rang.
const LOOK: Duration = Duration::from_secs(1);

/// What delivery shares.
pub struct Outbox<S> {
    /// The ledger.
    pub store: Arc<S>,
    /// The files.
    pub shelf: Arc<dyn Shelf>,
    /// Rung by the writer.
    pub bells: Arc<Bells>,
}

impl<S> Clone for Outbox<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            shelf: Arc::clone(&self.shelf),
            bells: Arc::clone(&self.bells),
        }
    }
}

/// Delivers what is for `channel` until `stop`, then what is due at once, until `cut`.
pub async fn speak<S: Store, C: Channel>(
    outbox: Outbox<S>,
    channel: Arc<C>,
    stop: CancellationToken,
    cut: CancellationToken,
) -> anyhow::Result<()> {
    let mut queue = Queue::default();
    let mut tasks: JoinSet<anyhow::Result<(Destination, OutboxId, Option<Timestamp>)>> =
        JoinSet::new();
    loop {
        // Registered before the outbox is read, so that nothing added meanwhile is missed.
        let committed = outbox.bells.committed.notified();
        queue.read(&*outbox.store, channel.name(), clock::now())?;
        while tasks.len() < AT_ONCE {
            let Some((to, id)) = queue.next(clock::now(), Instant::now()) else {
                break;
            };
            let (outbox, channel) = (outbox.clone(), Arc::clone(&channel));
            tasks.spawn(async move {
                deliver(&outbox, &*channel, id)
                    .await
                    .map(|next| (to, id, next))
            });
        }
        if tasks.is_empty() && stop.is_cancelled() {
            return Ok(());
        }
        let wait = queue.wait(clock::now(), Instant::now()).min(LOOK);
        tokio::select! {
            Some(done) = tasks.join_next() => {
                let (to, id, next) = done??;
                queue.settle(&to, id, next, Instant::now() + channel.limits().pace);
            }
            () = committed => {}
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
            () = cut.cancelled() => return Ok(()),
        }
    }
}

/// One try. Answers when to try again, or none when the row is gone.
async fn deliver<S: Store, C: Channel>(
    outbox: &Outbox<S>,
    channel: &C,
    id: OutboxId,
) -> anyhow::Result<Option<Timestamp>> {
    let store = Arc::clone(&outbox.store);
    let looked_up = tokio::task::spawn_blocking(move || look_up(&*store, id)).await??;
    let Some((row, thread, edits)) = looked_up else {
        return Ok(None);
    };
    let known = Known {
        thread,
        edits,
        shelf: Arc::clone(&outbox.shelf),
    };
    let key = outbox.store.key(id);
    kill::point("before-send");
    let outcome = channel.deliver(&key, &row.queued.outgoing, &known).await;
    kill::point("after-send");
    let now = clock::now();
    let (outcome, next) = judge(outcome, &row, now);
    report(channel.name(), id, &outcome);
    let store = Arc::clone(&outbox.store);
    let settled = outcome.clone();
    kill::point("before-record");
    let journaled =
        tokio::task::spawn_blocking(move || store.settle(id, &settled, next, now)).await??;
    kill::point("after-record");
    if journaled.is_some() {
        outbox.bells.journaled.notify_one();
    }
    Ok(matches!(outcome, Outcome::Retry { .. }).then_some(next))
}

/// A row, with the remote ids of its thread and of the message that it edits.
type Found = (Row, Option<String>, Option<String>);

fn look_up<S: Store>(store: &S, id: OutboxId) -> Result<Option<Found>, crate::store::Error> {
    let Some(row) = store.row(id)? else {
        return Ok(None);
    };
    let outgoing = &row.queued.outgoing;
    let remote = |card: Option<&String>| {
        card.map(|card| store.remote(&outgoing.to, card))
            .transpose()
            .map(Option::flatten)
    };
    let (thread, edits) = match &outgoing.body {
        Body::Post(post) => (remote(post.thread.as_ref())?, remote(post.card.as_ref())?),
        Body::React(_) | Body::Mail(_) => (None, None),
    };
    Ok(Some((row, thread, edits)))
}

/// What an outcome means for a row of that age: after too long, a retry is a death.
fn judge(outcome: Outcome, row: &Row, now: Timestamp) -> (Outcome, Timestamp) {
    let Outcome::Retry { after, why } = outcome else {
        return (outcome, now);
    };
    let since = row.queued.not_before.unwrap_or(row.since).max(row.since);
    if now.duration_since(since) > GIVE_UP {
        return (Outcome::Dead { why }, now);
    }
    let wait = after.unwrap_or_else(|| backoff(row.attempts));
    let next = SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(now);
    (Outcome::Retry { after, why }, next)
}

/// One second, doubled at each try up to an hour, a quarter more or less so that not all come back at once.
fn backoff(attempts: u32) -> Duration {
    let base = Duration::from_secs(1u64 << attempts.min(12)).min(LONGEST);
    let mut byte = [128u8];
    // Without chance the wait is the plain one.
    let _plain = getrandom::fill(&mut byte);
    let [byte] = byte;
    base.mul_f64(0.75 + f64::from(byte) / 512.0)
}

fn report(network: &'static str, id: OutboxId, outcome: &Outcome) {
    let what = match outcome {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Retry { .. } => "retry",
        Outcome::Dead { .. } => "dead",
    };
    metrics::counter!("greffier_delivery_total", "network" => network, "outcome" => what)
        .increment(1);
    match outcome {
        Outcome::Delivered { .. } => tracing::debug!(
            outbox.id = id,
            network,
            "Delivered outbox row {id} by {network}"
        ),
        Outcome::Retry { why, .. } => tracing::warn!(
            outbox.id = id,
            network,
            "Outbox row {id} could not be delivered by {network} yet: {why}"
        ),
        Outcome::Dead { why } => tracing::warn!(
            outbox.id = id,
            network,
            "Outbox row {id} cannot be delivered by {network}: {why}"
        ),
    }
}

/// The rows for one channel that are not settled, by destination.
///
/// A burst of mails has as many destinations as mails, so nothing here looks at all of them: those that may be written to
/// are kept in the order of their rows, the others in the order of the time at which they may.
#[derive(Default)]
struct Queue {
    /// The last row read.
    read: Option<OutboxId>,
    lines: HashMap<Destination, Line>,
    /// Destinations whose turn is [`Turn::Ready`].
    ready: BTreeMap<OutboxId, Destination>,
    /// Those whose turn is [`Turn::Later`].
    later: BTreeSet<(Timestamp, Destination)>,
    /// Those whose turn is [`Turn::Paced`].
    paced: BTreeSet<(Instant, Destination)>,
}

/// The rows for one destination.
#[derive(Default)]
struct Line {
    rows: BTreeMap<OutboxId, Waiting>,
    turn: Turn,
}

/// When a destination may be written to.
#[derive(Default, Clone, Copy)]
enum Turn {
    /// Not known yet.
    #[default]
    New,
    /// At once: this row.
    Ready(OutboxId),
    /// When something is due.
    Later(Timestamp),
    /// When it may be written to again.
    Paced(Instant),
    /// When what is on its way to it has arrived or failed.
    Busy,
}

/// A row that waits.
struct Waiting {
    due: Timestamp,
    /// It was tried: those behind it wait for it.
    tried: bool,
}

impl Queue {
    /// Takes in what was committed since the last time.
    fn read<S: Store>(
        &mut self,
        store: &S,
        network: &str,
        now: Timestamp,
    ) -> Result<(), crate::store::Error> {
        loop {
            let rows = store.queued(self.read, READ)?;
            let full = rows.len() == READ;
            for (id, to, due) in rows {
                self.read = Some(id);
                if to.network == network {
                    self.add(&to, id, due, now);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    fn add(&mut self, to: &Destination, id: OutboxId, due: Timestamp, now: Timestamp) {
        let line = self.lines.entry(to.clone()).or_default();
        line.rows.insert(id, Waiting { due, tried: false });
        if !matches!(line.turn, Turn::Busy | Turn::Paced(_)) {
            self.place(to, now);
        }
    }

    /// Finds out anew when a destination may be written to. One without rows is forgotten.
    fn place(&mut self, to: &Destination, now: Timestamp) {
        self.leave_turn(to);
        let Some(line) = self.lines.get_mut(to) else {
            return;
        };
        if let Some(id) = first_due(&line.rows, now) {
            line.turn = Turn::Ready(id);
            self.ready.insert(id, to.clone());
        } else if let Some(due) = next_due(&line.rows) {
            line.turn = Turn::Later(due);
            self.later.insert((due, to.clone()));
        } else {
            self.lines.remove(to);
        }
    }

    fn leave_turn(&mut self, to: &Destination) {
        let Some(line) = self.lines.get_mut(to) else {
            return;
        };
        match std::mem::take(&mut line.turn) {
            Turn::New | Turn::Busy => {}
            Turn::Ready(id) => {
                self.ready.remove(&id);
            }
            Turn::Later(due) => {
                self.later.remove(&(due, to.clone()));
            }
            Turn::Paced(until) => {
                self.paced.remove(&(until, to.clone()));
            }
        }
    }

    /// The next row that may leave, marked as on its way.
    fn next(&mut self, now: Timestamp, instant: Instant) -> Option<(Destination, OutboxId)> {
        while let Some((_, to)) = self.paced.first().filter(|(until, _)| *until <= instant) {
            self.place(&to.clone(), now);
        }
        while let Some((_, to)) = self.later.first().filter(|(due, _)| *due <= now) {
            self.place(&to.clone(), now);
        }
        let (ready, to) = self.ready.pop_first()?;
        let line = self.lines.get_mut(&to)?;
        line.turn = Turn::Busy;
        // An older row may have come due since this one was ready. A clock that was put back makes nothing wait again.
        let id = first_due(&line.rows, now).unwrap_or(ready);
        Some((to, id))
    }

    /// A try is over: the row is gone, or due again at `next`. The destination may be written to again at `paced`.
    fn settle(&mut self, to: &Destination, id: OutboxId, next: Option<Timestamp>, paced: Instant) {
        let Some(line) = self.lines.get_mut(to) else {
            return;
        };
        match next {
            Some(due) => line.rows.insert(id, Waiting { due, tried: true }),
            None => line.rows.remove(&id),
        };
        line.turn = Turn::Paced(paced);
        self.paced.insert((paced, to.clone()));
    }

    /// How long until something may leave that may not yet. What could leave now waits for room, and not for time.
    fn wait(&self, now: Timestamp, instant: Instant) -> Duration {
        let due = self.later.first().and_then(|(due, _)| {
            let wait = due.duration_since(now);
            Duration::try_from(wait).ok()
        });
        let paced = self.paced.first();
        let paced = paced.map(|(until, _)| until.saturating_duration_since(instant));
        [due, paced]
            .into_iter()
            .flatten()
            .filter(|wait| !wait.is_zero())
            .min()
            .unwrap_or(LOOK)
            .max(Duration::from_millis(5))
    }
}

/// When [`first_due`] will find something in `rows` that are not due yet.
fn next_due(rows: &BTreeMap<OutboxId, Waiting>) -> Option<Timestamp> {
    let tried = rows.values().position(|waiting| waiting.tried);
    let before = rows.values().take(tried.map_or(usize::MAX, |at| at + 1));
    before.map(|waiting| waiting.due).min()
}

/// The first row due, unless one before it has been tried and must go first.
fn first_due(rows: &BTreeMap<OutboxId, Waiting>, now: Timestamp) -> Option<OutboxId> {
    for (id, waiting) in rows {
        if waiting.due <= now {
            return Some(*id);
        }
        if waiting.tried {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(address: &str) -> Destination {
        Destination {
            network: "mail".to_owned(),
            address: address.to_owned(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A queue with these rows, as it stands at second 0.
    fn queue(rows: &[(OutboxId, &str, i64, bool)]) -> Queue {
        let mut queue = Queue::default();
        for (id, address, due, tried) in rows {
            queue.add(&to(address), *id, at(*due), at(0));
            let line = queue.lines.get_mut(&to(address)).unwrap();
            line.rows.get_mut(id).unwrap().tried = *tried;
            queue.place(&to(address), at(0));
        }
        queue
    }

    #[test]
    fn a_delayed_row_lets_others_pass_and_a_tried_one_does_not() {
        let instant = Instant::now();
        let mut delayed = queue(&[(1, "a", 300, false), (2, "a", 0, false)]);
        assert_eq!(delayed.next(at(10), instant), Some((to("a"), 2)));
        let mut tried = queue(&[(1, "a", 300, true), (2, "a", 0, false), (3, "b", 0, false)]);
        assert_eq!(tried.next(at(10), instant), Some((to("b"), 3)));
        assert_eq!(tried.next(at(10), instant), None);
    }

    #[test]
    fn one_destination_gets_one_message_at_a_time() {
        let instant = Instant::now();
        let mut queue = queue(&[(1, "a", 0, false), (2, "a", 0, false)]);
        assert_eq!(queue.next(at(10), instant), Some((to("a"), 1)));
        assert_eq!(queue.next(at(10), instant), None);
        queue.settle(&to("a"), 1, None, instant);
        assert_eq!(queue.next(at(10), instant), Some((to("a"), 2)));
    }

    #[test]
    fn those_behind_a_tried_row_leave_once_it_has_arrived() {
        let instant = Instant::now();
        let mut queue = queue(&[(1, "a", 0, false), (2, "a", 0, false)]);
        assert_eq!(queue.next(at(10), instant), Some((to("a"), 1)));
        queue.settle(&to("a"), 1, Some(at(20)), instant);
        assert_eq!(queue.next(at(19), instant), None);
        assert_eq!(queue.wait(at(19), instant), Duration::from_secs(1));
        assert_eq!(queue.next(at(20), instant), Some((to("a"), 1)));
        queue.settle(&to("a"), 1, None, instant);
        assert_eq!(queue.next(at(20), instant), Some((to("a"), 2)));
        queue.settle(&to("a"), 2, None, instant);
        assert_eq!(queue.next(at(20), instant), None);
        assert!(queue.lines.is_empty() && queue.paced.is_empty());
    }

    #[test]
    fn a_pause_between_messages_is_kept_and_others_need_not_wait_for_it() {
        let instant = Instant::now();
        let later = instant + Duration::from_secs(2);
        let mut queue = queue(&[(1, "a", 0, false), (2, "a", 0, false), (3, "b", 0, false)]);
        assert_eq!(queue.next(at(10), instant), Some((to("a"), 1)));
        queue.settle(&to("a"), 1, None, later);
        queue.add(&to("a"), 4, at(0), at(10));
        assert_eq!(queue.next(at(10), instant), Some((to("b"), 3)));
        assert_eq!(queue.next(at(10), instant), None);
        assert_eq!(queue.wait(at(10), instant), Duration::from_secs(2));
        assert_eq!(queue.next(at(10), later), Some((to("a"), 2)));
    }

    #[test]
    fn of_two_rows_that_may_leave_the_older_goes_first() {
        let instant = Instant::now();
        let mut queue = queue(&[(1, "a", 20, false), (2, "b", 0, false), (3, "a", 0, false)]);
        assert_eq!(queue.next(at(20), instant), Some((to("b"), 2)));
        assert_eq!(queue.next(at(20), instant), Some((to("a"), 1)));
        assert_eq!(queue.next(at(20), instant), None);
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        for attempts in 0..64 {
            let wait = backoff(attempts);
            assert!(
                wait >= Duration::from_millis(750) && wait <= LONGEST.mul_f64(1.26),
                "{attempts}: {wait:?}"
            );
        }
        assert!(backoff(6) > backoff(1));
    }
}
