//! Delivery: empties the outbox, in order for each destination, many destinations at once.
//!
//! What is due is known from an index in memory; the message itself is read when it leaves. A row that must be tried
//! again holds back those behind it, so that order is kept; one that was queued for later does not.

use std::collections::{BTreeMap, HashMap, HashSet};
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
        queue.read(&*outbox.store, channel.name())?;
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
        let wait = queue.wait(clock::now()).min(LOOK);
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
#[derive(Default)]
struct Queue {
    /// The last row read.
    read: Option<OutboxId>,
    waiting: HashMap<Destination, BTreeMap<OutboxId, Waiting>>,
    /// Destinations that something is on its way to.
    busy: HashSet<Destination>,
    /// When a destination may be written to again.
    paced: HashMap<Destination, Instant>,
}

/// A row that waits.
struct Waiting {
    due: Timestamp,
    /// It was tried: those behind it wait for it.
    tried: bool,
}

impl Queue {
    /// Takes in what was committed since the last time.
    fn read<S: Store>(&mut self, store: &S, network: &str) -> Result<(), crate::store::Error> {
        loop {
            let rows = store.queued(self.read, READ)?;
            let full = rows.len() == READ;
            for (id, to, due) in rows {
                self.read = Some(id);
                if to.network == network {
                    self.waiting
                        .entry(to)
                        .or_default()
                        .insert(id, Waiting { due, tried: false });
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// The next row that may leave, marked as on its way.
    fn next(&mut self, now: Timestamp, instant: Instant) -> Option<(Destination, OutboxId)> {
        let free = self.waiting.iter().filter(|(to, _)| {
            !self.busy.contains(*to) && self.paced.get(*to).is_none_or(|until| *until <= instant)
        });
        let found = free
            .filter_map(|(to, rows)| Some((to, first_due(rows, now)?)))
            .min_by_key(|(_, id)| *id);
        let (to, id) = found.map(|(to, id)| (to.clone(), id))?;
        self.busy.insert(to.clone());
        Some((to, id))
    }

    /// A try is over: the row is gone, or due again at `next`.
    fn settle(&mut self, to: &Destination, id: OutboxId, next: Option<Timestamp>, paced: Instant) {
        self.busy.remove(to);
        if paced > Instant::now() {
            self.paced.insert(to.clone(), paced);
        } else {
            self.paced.remove(to);
        }
        let Some(rows) = self.waiting.get_mut(to) else {
            return;
        };
        match next {
            Some(due) => {
                rows.insert(id, Waiting { due, tried: true });
            }
            None => {
                rows.remove(&id);
            }
        }
        if rows.is_empty() {
            self.waiting.remove(to);
        }
    }

    /// How long until something is due.
    fn wait(&self, now: Timestamp) -> Duration {
        let dues = self
            .waiting
            .iter()
            .filter(|(to, _)| !self.busy.contains(*to))
            .flat_map(|(_, rows)| rows.values());
        let next = dues.map(|waiting| waiting.due).min();
        next.and_then(|due| Duration::try_from(due.duration_since(now)).ok())
            .unwrap_or(LOOK)
            .max(Duration::from_millis(5))
    }
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

    fn queue(rows: &[(OutboxId, &str, i64, bool)]) -> Queue {
        let mut queue = Queue::default();
        for (id, address, due, tried) in rows {
            queue.waiting.entry(to(address)).or_default().insert(
                *id,
                Waiting {
                    due: at(*due),
                    tried: *tried,
                },
            );
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
