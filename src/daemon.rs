//! Starts the channels, empties the outbox, winds down.

mod queue;
pub mod speak;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::speak::{Outbox, speak};
use self::writer::{Bells, write};
use crate::app::Desk;
use crate::channel::authenticate::Authenticator;
use crate::channel::clamd::Clamd;
use crate::channel::http::health::Health;
use crate::channel::{Channel, Heard, Inbox};
use crate::store::Store;

/// How long stopping may take, all in all.
const GRACE: Duration = Duration::from_secs(10);
/// How much of it the listeners have to hang up. What they have not acknowledged by then comes again.
const HANGING_UP: Duration = Duration::from_secs(5);
/// What is heard and waits for the writer.
const WAITING: usize = 256;

/// The daemon while it is put together: channels are added, then it [runs](Daemon::run).
pub struct Daemon<S> {
    desk: Arc<Desk<S>>,
    inbox: mpsc::Receiver<Heard>,
    door: Inbox,
    bells: Arc<Bells>,
    stop: CancellationToken,
    /// Given when nothing more will be committed.
    quiet: CancellationToken,
    /// Given when there is no more time.
    cut: CancellationToken,
    listeners: JoinSet<anyhow::Result<()>>,
    speakers: JoinSet<anyhow::Result<()>>,
    health: Arc<Health>,
}

impl<S: Store> Daemon<S> {
    /// A daemon around `desk`, without channels. `stop` asks it to wind down.
    pub fn new(desk: Arc<Desk<S>>, health: Arc<Health>, stop: CancellationToken) -> Self {
        let (sender, inbox) = mpsc::channel(WAITING);
        let door = Inbox::new(sender, Arc::clone(&desk.app().shelf));
        Self {
            desk,
            inbox,
            door,
            bells: Arc::default(),
            stop,
            quiet: CancellationToken::new(),
            cut: CancellationToken::new(),
            listeners: JoinSet::new(),
            speakers: JoinSet::new(),
            health,
        }
    }

    /// Has everything that comes in scanned. To be called before anything listens.
    pub fn scan_by(&mut self, scanner: Arc<Clamd>) {
        self.door = self.door.clone().scanned_by(Arc::clone(&scanner));
        self.listen(scanner);
    }

    /// Has the senders of all mail checked. To be called before anything listens.
    pub fn check_by(&mut self, authenticator: Authenticator) {
        self.door = self.door.clone().checked_by(authenticator);
    }

    /// Listens to `channel`.
    pub fn listen<C: Channel>(&mut self, channel: Arc<C>) {
        let (inbox, stop) = (self.door.clone(), self.stop.clone());
        self.listeners.spawn(async move {
            // Whatever ends, for whatever reason, ends the others.
            let _guard = stop.clone().drop_guard();
            let name = channel.name();
            channel
                .listen(inbox, stop)
                .await
                .with_context(|| format!("The channel {name} failed"))
        });
    }

    /// Delivers by `channel`.
    pub fn speak<C: Channel>(&mut self, channel: Arc<C>) {
        let app = self.desk.app();
        let outbox = Outbox {
            store: Arc::clone(&app.store),
            shelf: Arc::clone(&app.shelf),
            bells: Arc::clone(&self.bells),
        };
        let (stop, quiet, cut) = (self.stop.clone(), self.quiet.clone(), self.cut.clone());
        self.speakers.spawn(async move {
            let name = channel.name();
            let spoken = speak(outbox, channel, quiet, cut)
                .await
                .with_context(|| format!("Delivery by {name} failed"));
            if spoken.is_err() {
                stop.cancel();
            }
            spoken
        });
    }

    /// Runs until it is asked to stop, then finishes what is under way. The answer is an error when something failed, or
    /// when there was no time to finish: nothing is lost then, the next start goes on.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self {
            desk,
            inbox,
            door,
            bells,
            stop,
            quiet,
            cut,
            mut listeners,
            mut speakers,
            health,
        } = self;
        drop(door);
        let gauges = tokio::spawn(gauge(Arc::clone(&desk.app().store), stop.clone()));
        let writer_stop = stop.clone();
        let writer = tokio::spawn(async move {
            let _guard = writer_stop.drop_guard();
            write(desk, inbox, bells).await.context("The writer failed")
        });
        health.well("writer");
        stop.cancelled().await;
        health.ill("writer", "Greffier is stopping");
        tracing::info!("Stopping: what is under way is finished");
        let wound_down = async {
            let mut first = hang_up(&mut listeners).await;
            // With the last listener the last inbox is gone: the writer finishes and ends.
            first = first.and(
                writer
                    .await
                    .map_err(anyhow::Error::from)
                    .and_then(|ended| ended),
            );
            quiet.cancel();
            while let Some(ended) = speakers.join_next().await {
                first = first.and(ended.map_err(anyhow::Error::from).and_then(|ended| ended));
            }
            first
        };
        let ended = tokio::time::timeout(GRACE, wound_down).await;
        cut.cancel();
        gauges.abort();
        ended.unwrap_or_else(|_| anyhow::bail!("Not everything could be finished within {} seconds; the next start goes on with it", GRACE.as_secs()))
    }
}

/// Waits for the listeners, and cuts off those that do not end: a slow client must not keep the writer from finishing.
async fn hang_up(listeners: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    let mut first = Ok(());
    let ended = tokio::time::timeout(HANGING_UP, async {
        while let Some(ended) = listeners.join_next().await {
            let ended = ended.map_err(anyhow::Error::from).and_then(|ended| ended);
            first = std::mem::replace(&mut first, Ok(())).and(ended);
        }
    })
    .await;
    if ended.is_err() {
        tracing::warn!(
            "Clients were cut off after {} seconds; what was not acknowledged comes again",
            HANGING_UP.as_secs()
        );
        listeners.shutdown().await;
    }
    first
}

/// Shows how much waits, every few seconds.
async fn gauge<S: Store>(store: Arc<S>, stop: CancellationToken) {
    loop {
        let store = Arc::clone(&store);
        if let Ok(Ok(depths)) = tokio::task::spawn_blocking(move || store.depths()).await {
            #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
            for (name, depth) in [
                ("journal", depths.journal),
                ("outbox", depths.outbox),
                ("dead", depths.dead),
            ] {
                metrics::gauge!("greffier_waiting", "queue" => name).set(depth as f64);
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(15)) => {}
        }
    }
}
