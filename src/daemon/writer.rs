//! The one writer: what is heard is journaled, handled in order, flushed, and only then acknowledged.
//!
//! Under load many are taken together, with one flush for their journal rows and one for their commits.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::app::App;
use crate::channel::Heard;
use crate::clock;
use crate::kill;
use crate::message::{Incoming, Receipt};
use crate::store::{JournalId, Journaled, Store};

/// The most that is taken together.
const GROUP: usize = 64;

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
    app: Arc<App<S>>,
    mut inbox: mpsc::Receiver<Heard>,
    bells: Arc<Bells>,
) -> anyhow::Result<()> {
    // First what an earlier life of the daemon left in the journal.
    run(&app, &bells, Vec::new()).await?;
    loop {
        let group = tokio::select! {
            heard = inbox.recv() => {
                let Some(first) = heard else { return Ok(()) };
                gather(first, &mut inbox)
            }
            () = bells.journaled.notified() => Vec::new(),
        };
        run(&app, &bells, group).await?;
    }
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
    app: &Arc<App<S>>,
    bells: &Arc<Bells>,
    group: Vec<Heard>,
) -> anyhow::Result<()> {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || {
        if group.is_empty() {
            catch_up(&app)
        } else {
            take(&app, group)
        }
    })
    .await??;
    bells.committed.notify_waiters();
    Ok(())
}

/// Handles what waits in the journal and that nobody waits for any more.
fn catch_up<S: Store>(app: &App<S>) -> anyhow::Result<()> {
    let waiting = app.store.journaled()?;
    for (id, incoming) in &waiting {
        handle(app, *id, incoming)?;
    }
    if !waiting.is_empty() {
        app.store.flush()?;
        tracing::info!("Handled {} things left in the journal", waiting.len());
    }
    Ok(())
}

/// Journals, handles, flushes and acknowledges a group.
fn take<S: Store>(app: &App<S>, group: Vec<Heard>) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    let (incoming, receipts): (Vec<Incoming>, Vec<oneshot::Sender<Receipt>>) = group
        .into_iter()
        .map(|heard| (heard.incoming, heard.receipt))
        .unzip();
    kill::point("before-journal");
    let journaled = app.store.journal(&incoming)?;
    kill::point("after-journal");
    let mut outcomes = Vec::with_capacity(journaled.len());
    for (incoming, journaled) in incoming.iter().zip(journaled) {
        outcomes.push(match journaled {
            Journaled::Done(receipt) => receipt,
            Journaled::Fresh(id) | Journaled::Waiting(id) => handle(app, id, incoming)?,
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

fn handle<S: Store>(app: &App<S>, id: JournalId, incoming: &Incoming) -> anyhow::Result<Receipt> {
    kill::point("before-transaction");
    let receipt = app.handle(Some(id), incoming, clock::now())?;
    kill::point("after-transaction");
    Ok(receipt)
}

fn kind(incoming: &Incoming) -> &'static str {
    use crate::message::Heard;
    match incoming.heard {
        Heard::Line(_) => "line",
        Heard::Mail(_) => "mail",
        Heard::Deposit(_) => "deposit",
        Heard::Tick => "tick",
        Heard::Undelivered(_) => "undelivered",
        Heard::Remark(_) => "remark",
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
