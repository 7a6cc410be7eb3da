//! The one writer: what is heard is journaled, handled in order, flushed, and only then acknowledged.
//!
//! Under load many are taken together, with one flush for their journal rows and one for their commits.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::app::{App, Desk, Next};
use crate::channel::Heard;
use crate::clock;
use crate::kill;
use crate::message::{Heard as What, Incoming, Receipt};
use crate::store::{JournalId, Journaled, Store};

/// The most that is taken together.
const GROUP: usize = 64;
/// Octets of a mail at most whose files are kept before its turn: a whole group of them is in memory.
const PREPARED: u64 = 1024 * 1024;
/// Mails of a group that are read at once.
const THINKERS: usize = 4;

/// Steps of slow work taken between two looks at what is heard.
const STEPS: usize = 8;
/// How long slow work rests that waits for messages to leave.
const REST: Duration = Duration::from_millis(500);

/// Wakes whoever waits for the writer, and the writer itself.
#[derive(Debug, Default)]
pub struct Bells {
    /// Something was committed: there may be messages to send.
    pub committed: Notify,
    /// Delivery put something into the journal.
    pub journaled: Notify,
}

/// Handles what is heard until every [`Inbox`](crate::channel::Inbox) is gone. An error means that the store failed.
pub async fn write<S: Store>(
    desk: Arc<Desk<S>>,
    mut inbox: mpsc::Receiver<Heard>,
    bells: Arc<Bells>,
) -> anyhow::Result<()> {
    // First what an earlier life of the daemon left in the journal.
    run(&desk, &bells, Vec::new()).await?;
    let mut work = Work::default();
    loop {
        let group = tokio::select! {
            heard = inbox.recv() => {
                let Some(first) = heard else { return Ok(()) };
                gather(first, &mut inbox)
            }
            () = bells.journaled.notified() => Vec::new(),
            () = work.waits() => {
                work = go_on(&desk, &bells, work).await?;
                continue;
            }
        };
        run(&desk, &bells, group).await?;
        // What was heard may have set slow work going.
        work.pause = Some(Duration::ZERO);
    }
}

/// Slow work between two of its steps. Its steps and what is heard take turns.
struct Work {
    /// The work that the last step was of: the others come first.
    last: Option<String>,
    /// How long the next step waits; none where there is no work.
    pause: Option<Duration>,
}

impl Default for Work {
    /// There may be work that an earlier life of the daemon left.
    fn default() -> Self {
        Self {
            last: None,
            pause: Some(Duration::ZERO),
        }
    }
}

impl Work {
    async fn waits(&self) {
        match self.pause {
            Some(Duration::ZERO) => {}
            Some(pause) => tokio::time::sleep(pause).await,
            None => std::future::pending().await,
        }
    }
}

/// Takes a few steps, with one flush for them.
async fn go_on<S: Store>(
    desk: &Arc<Desk<S>>,
    bells: &Arc<Bells>,
    work: Work,
) -> anyhow::Result<Work> {
    let desk = Arc::clone(desk);
    let (work, taken) = tokio::task::spawn_blocking(move || take_steps(&desk, work)).await??;
    if taken > 0 {
        bells.committed.notify_waiters();
    }
    Ok(work)
}

/// A step need not be journaled: until it is committed, the ledger says that it is to be taken.
fn take_steps<S: Store>(desk: &Desk<S>, mut work: Work) -> anyhow::Result<(Work, usize)> {
    let mut taken = 0;
    let app = desk.app();
    while taken < STEPS {
        let step = match app.next_step(work.last.as_deref(), clock::now())? {
            Next::Step(step) => {
                work.pause = Some(Duration::ZERO);
                step
            }
            Next::Rest => {
                work.pause = Some(REST);
                break;
            }
            Next::Nothing => {
                work.pause = None;
                break;
            }
        };
        if let What::Step(step) = &step.heard {
            work.last = Some(step.work.clone());
        }
        kill::point("before-transaction");
        let receipt = app.handle(None, &step, clock::now())?;
        kill::point("after-transaction");
        metrics::counter!("greffier_heard_total", "kind" => kind(&step), "verdict" => verdict(&receipt)).increment(1);
        taken += 1;
    }
    if taken > 0 {
        kill::point("before-flush");
        app.store.flush()?;
        kill::point("after-flush");
    }
    Ok((work, taken))
}

fn gather(first: Heard, inbox: &mut mpsc::Receiver<Heard>) -> Vec<Heard> {
    let mut group = vec![first];
    while group.len() < GROUP {
        match inbox.try_recv() {
            Ok(heard) => group.push(heard),
            Err(_) => break,
        }
    }
    group
}

async fn run<S: Store>(
    desk: &Arc<Desk<S>>,
    bells: &Arc<Bells>,
    group: Vec<Heard>,
) -> anyhow::Result<()> {
    let desk = Arc::clone(desk);
    tokio::task::spawn_blocking(move || {
        if group.is_empty() {
            catch_up(&desk)
        } else {
            take(&desk, group)
        }
    })
    .await??;
    bells.committed.notify_waiters();
    Ok(())
}

/// Handles what waits in the journal and that nobody waits for any more.
fn catch_up<S: Store>(desk: &Desk<S>) -> anyhow::Result<()> {
    let store = Arc::clone(&desk.app().store);
    let waiting = store.journaled()?;
    for (id, incoming) in &waiting {
        handle(desk, *id, incoming)?;
    }
    if !waiting.is_empty() {
        store.flush()?;
        tracing::info!("Handled {} things left in the journal", waiting.len());
    }
    Ok(())
}

/// Journals, handles, flushes and acknowledges a group.
fn take<S: Store>(desk: &Desk<S>, group: Vec<Heard>) -> anyhow::Result<()> {
    let app = desk.app();
    let started = std::time::Instant::now();
    let (incoming, receipts): (Vec<Incoming>, Vec<oneshot::Sender<Receipt>>) = group
        .into_iter()
        .map(|heard| (heard.incoming, heard.receipt))
        .unzip();
    kill::point("before-journal");
    let journaled = app.store.journal(&incoming)?;
    kill::point("after-journal");
    prepare(&app, &incoming, &journaled);
    let mut outcomes = Vec::with_capacity(journaled.len());
    for (incoming, journaled) in incoming.iter().zip(journaled) {
        outcomes.push(match journaled {
            Journaled::Done(receipt) => receipt,
            Journaled::Fresh(id) | Journaled::Waiting(id) => handle(desk, id, incoming)?,
        });
    }
    kill::point("before-flush");
    app.store.flush()?;
    kill::point("after-flush");
    metrics::histogram!("greffier_group_seconds").record(started.elapsed());
    for (incoming, (receipt, outcome)) in incoming.iter().zip(receipts.into_iter().zip(outcomes)) {
        metrics::counter!("greffier_heard_total", "kind" => kind(incoming), "verdict" => verdict(&outcome)).increment(1);
        // Whoever does not wait any more hears of it when he hands it in again.
        let _gone = receipt.send(outcome);
    }
    Ok(())
}

/// Puts the files of all mails of a group on the shelf at once, so that those behind do not wait for the disk as often as
/// there are files before them. What is not prepared, the handling keeps.
fn prepare<S: Store>(app: &App<S>, incoming: &[Incoming], journaled: &[Journaled]) {
    let mails: Vec<&Incoming> = incoming
        .iter()
        .zip(journaled)
        .filter(|(incoming, journaled)| {
            let new = !matches!(journaled, Journaled::Done(_));
            new && matches!(&incoming.heard, What::Mail(mail) if mail.original.bytes <= PREPARED)
        })
        .map(|(incoming, _)| incoming)
        .collect();
    if mails.len() < 2 {
        return;
    }
    let now = clock::now();
    let share = mails.len().div_ceil(THINKERS);
    let files: Vec<Vec<u8>> = thread::scope(|scope| {
        let thinkers: Vec<_> = mails
            .chunks(share)
            .map(|mails| {
                scope.spawn(move || {
                    let files = mails.iter().flat_map(|mail| app.files(mail, now));
                    files.collect::<Vec<_>>()
                })
            })
            .collect();
        // One that panics has prepared nothing; the same panic is met again where it is reported.
        let files = thinkers
            .into_iter()
            .filter_map(|thinker| thinker.join().ok());
        files.flatten().collect()
    });
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    for failed in app
        .shelf
        .keep_all(&files)
        .into_iter()
        .filter_map(Result::err)
    {
        tracing::debug!("A file cannot be kept before its turn: {failed}");
    }
}

fn handle<S: Store>(desk: &Desk<S>, id: JournalId, incoming: &Incoming) -> anyhow::Result<Receipt> {
    kill::point("before-transaction");
    let receipt = desk.handle(Some(id), incoming, clock::now())?;
    kill::point("after-transaction");
    Ok(receipt)
}

fn kind(incoming: &Incoming) -> &'static str {
    match incoming.heard {
        What::Line(_) => "line",
        What::Mail(_) => "mail",
        What::Deposit(_) => "deposit",
        What::Tick => "tick",
        What::Undelivered(_) => "undelivered",
        What::Remark(_) => "remark",
        What::Room(_) => "room",
        What::Made(_) => "made",
        What::Step(_) => "step",
        What::Platform(_) => "platform",
        What::Fetch { .. } => "fetch",
    }
}

fn verdict(receipt: &Receipt) -> &'static str {
    use crate::message::Verdict;
    match receipt.verdict {
        Verdict::Done => "done",
        Verdict::Refused => "refused",
        Verdict::Misunderstood => "misunderstood",
        Verdict::Quarantined => "quarantined",
        Verdict::Ignored => "ignored",
        Verdict::Unknown => "unknown",
    }
}
