//! What delivery may send, in order, known without reading the outbox again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::message::Destination;
use crate::store::{Due, OutboxId, Store};

/// Rows read from the outbox at once.
const READ: usize = 1_000;
/// The longest wait for something that nobody announced.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// The rows for one channel that are not settled, by destination.
///
/// A burst of mails has as many destinations as mails, so nothing here looks at all of them: those that may be written to
/// are kept in the order of their rows, the others in the order of the time at which they may.
#[derive(Default)]
pub(super) struct Queue {
    /// The last row read.
    read: Option<OutboxId>,
    lines: HashMap<Destination, Line>,
    /// Destinations whose turn is [`Turn::Ready`].
    ready: BTreeMap<OutboxId, Destination>,
    /// Those whose turn is [`Turn::Later`].
    later: BTreeSet<(Timestamp, Destination)>,
    /// Those whose turn is [`Turn::Paced`].
    paced: BTreeSet<(Instant, Destination)>,
    /// Lanes that rest, and until when.
    rests: HashMap<String, Instant>,
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
    /// When its lane has rested.
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
    pub(super) fn read<S: Store>(
        &mut self,
        store: &S,
        network: &str,
        now: Timestamp,
    ) -> Result<(), crate::store::Error> {
        loop {
            let rows = store.queued(self.read, READ)?;
            let full = rows.len() == READ;
            for due in rows {
                self.read = Some(due.id);
                if due.to.network == network {
                    self.add(&due, now);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    fn add(&mut self, row: &Due, now: Timestamp) {
        let Due { id, to, at, tried } = row;
        let line = self.lines.entry(to.clone()).or_default();
        let waiting = Waiting {
            due: *at,
            tried: *tried,
        };
        line.rows.insert(*id, waiting);
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

    /// The next row that may leave, marked as on its way. `lane` says what a destination rests with.
    pub(super) fn next(
        &mut self,
        now: Timestamp,
        instant: Instant,
        lane: impl Fn(&Destination) -> String,
    ) -> Option<(Destination, OutboxId)> {
        self.rests.retain(|_, until| *until > instant);
        while let Some((_, to)) = self.paced.first().filter(|(until, _)| *until <= instant) {
            self.place(&to.clone(), now);
        }
        while let Some((_, to)) = self.later.first().filter(|(due, _)| *due <= now) {
            self.place(&to.clone(), now);
        }
        while let Some((id, to)) = self.ready.pop_first() {
            let until = self.rests.get(&lane(&to)).copied();
            let Some(line) = self.lines.get_mut(&to) else {
                continue;
            };
            if let Some(until) = until {
                line.turn = Turn::Paced(until);
                self.paced.insert((until, to));
                continue;
            }
            line.turn = Turn::Busy;
            // An older row may have come due since this one was ready. A clock that was put back makes nothing wait again.
            let id = first_due(&line.rows, now).unwrap_or(id);
            return Some((to, id));
        }
        None
    }

    /// Lets a lane rest until then.
    pub(super) fn rest(&mut self, lane: String, until: Instant) {
        if until > Instant::now() {
            self.rests.insert(lane, until);
        }
    }

    /// A try is over: the row is gone, or due again at `next`.
    pub(super) fn settle(
        &mut self,
        to: &Destination,
        id: OutboxId,
        next: Option<Timestamp>,
        now: Timestamp,
    ) {
        let Some(line) = self.lines.get_mut(to) else {
            return;
        };
        match next {
            Some(due) => line.rows.insert(id, Waiting { due, tried: true }),
            None => line.rows.remove(&id),
        };
        self.place(to, now);
    }

    /// How long until something may leave that may not yet. What could leave now waits for room, and not for time.
    pub(super) fn wait(&self, now: Timestamp, instant: Instant) -> Duration {
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

    fn alone(to: &Destination) -> String {
        to.address.clone()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn row(id: OutboxId, address: &str, due: i64, tried: bool) -> Due {
        Due {
            id,
            to: to(address),
            at: at(due),
            tried,
        }
    }

    /// A queue with these rows, as it stands at second 0.
    fn queue(rows: &[(OutboxId, &str, i64, bool)]) -> Queue {
        let mut queue = Queue::default();
        for (id, address, due, tried) in rows {
            queue.add(&row(*id, address, *due, *tried), at(0));
        }
        queue
    }

    #[test]
    fn a_delayed_row_lets_others_pass_and_a_tried_one_does_not() {
        let instant = Instant::now();
        let mut delayed = queue(&[(1, "a", 300, false), (2, "a", 0, false)]);
        assert_eq!(delayed.next(at(10), instant, alone), Some((to("a"), 2)));
        let mut tried = queue(&[(1, "a", 300, true), (2, "a", 0, false), (3, "b", 0, false)]);
        assert_eq!(tried.next(at(10), instant, alone), Some((to("b"), 3)));
        assert_eq!(tried.next(at(10), instant, alone), None);
    }

    #[test]
    fn one_destination_gets_one_message_at_a_time() {
        let instant = Instant::now();
        let mut queue = queue(&[(1, "a", 0, false), (2, "a", 0, false)]);
        assert_eq!(queue.next(at(10), instant, alone), Some((to("a"), 1)));
        assert_eq!(queue.next(at(10), instant, alone), None);
        queue.settle(&to("a"), 1, None, at(10));
        assert_eq!(queue.next(at(10), instant, alone), Some((to("a"), 2)));
    }

    #[test]
    fn those_behind_a_tried_row_leave_once_it_has_arrived() {
        let instant = Instant::now();
        let mut queue = queue(&[(1, "a", 0, false), (2, "a", 0, false)]);
        assert_eq!(queue.next(at(10), instant, alone), Some((to("a"), 1)));
        queue.settle(&to("a"), 1, Some(at(20)), at(10));
        assert_eq!(queue.next(at(19), instant, alone), None);
        assert_eq!(queue.wait(at(19), instant), Duration::from_secs(1));
        assert_eq!(queue.next(at(20), instant, alone), Some((to("a"), 1)));
        queue.settle(&to("a"), 1, None, at(10));
        assert_eq!(queue.next(at(20), instant, alone), Some((to("a"), 2)));
        queue.settle(&to("a"), 2, None, at(10));
        assert_eq!(queue.next(at(20), instant, alone), None);
        assert!(queue.lines.is_empty() && queue.paced.is_empty());
    }

    #[test]
    fn a_pause_between_messages_is_kept_and_others_need_not_wait_for_it() {
        let instant = Instant::now();
        let later = instant + Duration::from_secs(2);
        let mut queue = queue(&[(1, "a", 0, false), (2, "a", 0, false), (3, "b", 0, false)]);
        assert_eq!(queue.next(at(10), instant, alone), Some((to("a"), 1)));
        queue.settle(&to("a"), 1, None, at(10));
        queue.rest("a".to_owned(), later);
        queue.add(&row(4, "a", 0, false), at(10));
        assert_eq!(queue.next(at(10), instant, alone), Some((to("b"), 3)));
        assert_eq!(queue.next(at(10), instant, alone), None);
        assert_eq!(queue.wait(at(10), instant), Duration::from_secs(2));
        assert_eq!(queue.next(at(10), later, alone), Some((to("a"), 2)));
    }

    #[test]
    fn the_oldest_row_of_a_destination_that_may_leave_goes_first() {
        let instant = Instant::now();
        let mut queue = queue(&[(1, "a", 20, false), (2, "b", 0, false), (3, "a", 0, false)]);
        assert_eq!(queue.next(at(20), instant, alone), Some((to("b"), 2)));
        assert_eq!(queue.next(at(20), instant, alone), Some((to("a"), 1)));
        assert_eq!(queue.next(at(20), instant, alone), None);
    }

    #[test]
    fn a_lane_that_rests_holds_back_its_own_and_nobody_else() {
        let domain = |to: &Destination| to.address.rsplit('@').next().unwrap().to_owned();
        let mut queue = queue(&[
            (1, "a@x", 0, false),
            (2, "b@x", 0, false),
            (3, "c@y", 0, false),
        ]);
        let instant = Instant::now();
        assert_eq!(queue.next(at(10), instant, domain), Some((to("a@x"), 1)));
        queue.rest("x".to_owned(), instant + Duration::from_mins(1));
        assert_eq!(queue.next(at(10), instant, domain), Some((to("c@y"), 3)));
        assert_eq!(queue.next(at(10), instant, domain), None);
        let later = instant + Duration::from_mins(2);
        assert_eq!(queue.next(at(10), later, domain), Some((to("b@x"), 2)));
    }
}
