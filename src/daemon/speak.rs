//! Delivery: empties the outbox, in order for each destination, many destinations at once.
//!
//! What is due is known from an index in memory; the message itself is read when it leaves. A row that must be tried
//! again holds back those behind it, so that order is kept; one that was queued for later does not.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::queue::{LOOK, Queue};
use super::writer::Bells;
use crate::channel::{Channel, Known, Shelf};
use crate::clock;
use crate::kill;
use crate::message::{Body, Destination, Outcome};
use crate::store::{OutboxId, Row, Store};

/// Destinations served at once by a channel.
const AT_ONCE: usize = 16;
/// How long a message is tried before it is given up (RFC 5321 §4.5.4.1 says four to five days; people expect less).
const GIVE_UP: SignedDuration = SignedDuration::from_hours(48);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_hours(1);

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
            let lane = |to: &Destination| channel.lane(to);
            let Some((to, id)) = queue.next(clock::now(), Instant::now(), lane) else {
                break;
            };
            queue.rest(channel.lane(&to), Instant::now() + channel.limits().pace);
            let (outbox, channel) = (outbox.clone(), Arc::clone(&channel));
            tasks.spawn(async move {
                deliver(&outbox, &*channel, &to, id)
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
                queue.rest(channel.lane(&to), Instant::now() + channel.limits().pace);
                queue.settle(&to, id, next, clock::now());
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
    to: &Destination,
    id: OutboxId,
) -> anyhow::Result<Option<Timestamp>> {
    channel.ready(to).await;
    let store = Arc::clone(&outbox.store);
    let looked_up = tokio::task::spawn_blocking(move || look_up(&*store, id)).await??;
    let Some((row, thread, edits)) = looked_up else {
        return Ok(None);
    };
    if let Some(remote_id) = &edits
        && outdated(outbox, &row).await?
    {
        let (store, now) = (Arc::clone(&outbox.store), clock::now());
        let unneeded = Outcome::Delivered {
            remote_id: remote_id.clone(),
        };
        tokio::task::spawn_blocking(move || store.settle(id, &unneeded, now, now)).await??;
        metrics::counter!("greffier_delivery_total", "network" => channel.name(), "outcome" => "outdated").increment(1);
        return Ok(None);
    }
    let known = Known {
        thread,
        edits,
        since: leaves(&row),
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
    let again = matches!(outcome, Outcome::Retry { .. } | Outcome::Held { .. });
    Ok(again.then_some(next))
}

/// Rows looked through for a newer edit of the same card.
const AHEAD: usize = 200;

/// Whether a newer edit of the same card waits behind `row`: nobody would see this one for long.
async fn outdated<S: Store>(outbox: &Outbox<S>, row: &Row) -> anyhow::Result<bool> {
    let Body::Post(post) = &row.queued.outgoing.body else {
        return Ok(false);
    };
    let Some(card) = post.card.clone().filter(|_| post.files.is_empty()) else {
        return Ok(false);
    };
    let (store, to, id) = (
        Arc::clone(&outbox.store),
        row.queued.outgoing.to.clone(),
        row.id,
    );
    let now = clock::now();
    let newer = tokio::task::spawn_blocking(move || {
        for due in store.queued(Some(id), AHEAD)? {
            if due.to != to || due.at > now {
                continue;
            }
            let row = store.row(due.id)?;
            let same = row.is_some_and(|row| {
                matches!(row.queued.outgoing.body, Body::Post(post) if post.card.as_ref() == Some(&card))
            });
            if same {
                return Ok::<_, crate::store::Error>(true);
            }
        }
        Ok(false)
    });
    Ok(newer.await??)
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
        Body::React(_) | Body::Mail(_) | Body::Make(_) | Body::Platform(_) => (None, None),
    };
    Ok(Some((row, thread, edits)))
}

/// What an outcome means for a row of that age: after too long, a retry is a death.
fn judge(outcome: Outcome, row: &Row, now: Timestamp) -> (Outcome, Timestamp) {
    let wait = match &outcome {
        Outcome::Delivered { .. } | Outcome::Dead { .. } => return (outcome, now),
        Outcome::Held { after, .. } => *after,
        Outcome::Retry { why, .. } if now.duration_since(leaves(row)) > GIVE_UP => {
            return (Outcome::Dead { why: why.clone() }, now);
        }
        Outcome::Retry { after, .. } => after.unwrap_or_else(|| backoff(row.attempts)),
    };
    let next = SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(now);
    (outcome, next)
}

/// When a row was to leave: not before it was queued, later where it was queued for later.
fn leaves(row: &Row) -> Timestamp {
    row.queued.not_before.unwrap_or(row.since).max(row.since)
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
        Outcome::Held { .. } => "held",
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
        Outcome::Held { why, .. } => tracing::debug!(
            outbox.id = id,
            network,
            "Outbox row {id} waits, {network} does not work: {why}"
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

    #[test]
    fn what_is_held_is_never_given_up() {
        let row = |hours: i64| Row {
            id: 1,
            queued: crate::store::Queued {
                outgoing: crate::message::Outgoing {
                    to: to("a"),
                    body: Body::Mail(Box::default()),
                },
                dossier: None,
                not_before: None,
                tag: None,
            },
            attempts: 9,
            next: at(0),
            since: at(-3600 * hours),
            why: None,
        };
        let held = Outcome::Held {
            after: Duration::from_mins(1),
            why: "down".to_owned(),
        };
        let retry = Outcome::Retry {
            after: None,
            why: "full".to_owned(),
        };
        assert_eq!(judge(held.clone(), &row(1000), at(0)), (held, at(60)));
        let (outcome, _) = judge(retry.clone(), &row(47), at(0));
        assert_eq!(outcome, retry);
        let (outcome, _) = judge(retry, &row(49), at(0));
        assert!(matches!(outcome, Outcome::Dead { .. }));
    }

    /// A store with these cards waiting for the room, in order.
    fn waiting(folder: &std::path::Path, cards: &[&str]) -> Outbox<crate::store::sled::Sled> {
        use crate::message::{Outgoing, Post, Receipt, Verdict};
        use crate::store::sled::{OpenOptions, Sled};
        let store = Arc::new(Sled::open(folder, &OpenOptions::default()).unwrap());
        let queued = |card: &&str| crate::store::Queued {
            outgoing: Outgoing {
                to: to("salle"),
                body: Body::Post(Post {
                    card: Some((*card).to_owned()),
                    ..Post::default()
                }),
            },
            dossier: None,
            not_before: None,
            tag: None,
        };
        let commit = crate::store::Commit {
            journal: None,
            cause: "essai".to_owned(),
            at: at(0),
            dossiers: Vec::new(),
            changes: Vec::new(),
            outbox: cards.iter().map(queued).collect(),
            unsay: Vec::new(),
            unsay_waiting: Vec::new(),
            receipt: Receipt::of(Verdict::Done),
        };
        store.commit(&commit).unwrap();
        store.flush().unwrap();
        Outbox {
            shelf: store.pieces() as Arc<dyn Shelf>,
            store,
            bells: Arc::default(),
        }
    }

    #[tokio::test]
    async fn of_several_edits_of_a_card_the_newest_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = waiting(folder.path(), &["a", "b", "a"]);
        let rows = outbox.store.queued(None, 10).unwrap();
        let mut outdated_rows = Vec::new();
        for due in rows {
            let row = outbox.store.row(due.id).unwrap().unwrap();
            outdated_rows.push(outdated(&outbox, &row).await.unwrap());
        }
        assert_eq!(outdated_rows, [true, false, false]);
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
