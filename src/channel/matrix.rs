//! Matrix: encrypted rooms on a homeserver, Tchap among them.
//!
//! One device, one store, one process. What is heard is handed in and committed before Greffier's place in the stream is
//! kept; what is said bears a transaction id made from its outbox key, so that neither a crash nor a lost answer says or
//! does anything twice.

mod attach;
mod connect;
mod event;
mod fault;
mod file;
mod form;
mod hear;
mod history;
mod home;
mod html;
pub mod identity;
mod late;
mod memo;
mod online;
mod pace;
mod picture;
mod recent;
mod rooms;
mod send;
mod sender;
pub mod settings;
mod sync;
pub mod tool;
mod verify;
mod words;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use matrix_sdk::SessionChange;
use tokio::sync::broadcast::{self, error::TryRecvError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::connect::{Connected, connect, log_out_softly};
use self::fault::Fault;
use self::home::Home;
use self::identity::{Established, establish, keep, look};
use self::online::Online;
use self::pace::Pace;
use self::recent::{Failures, Passing, Recent};
pub use self::settings::{Bound, Rooms, Settings};
use self::sync::Ended;
use super::http::health::Health;
use super::{Channel, Inbox, Known};
use crate::message::{Destination, Incoming, Limits, Outcome, Outgoing};

/// Its name among the networks.
pub(crate) const NETWORK: &str = "matrix";
/// How long a message waits for the session before it is held.
const PATIENCE: Duration = Duration::from_secs(5);
/// Remarks that wait to be handed in.
const REMARKS: usize = 256;
/// What it can carry.
pub const LIMITS: Limits = Limits {
    // Both bodies of a page of this length fit one event, markup included.
    text: 8_000,
    file: file::LARGEST,
    buttons: 10,
    threads: true,
    edits: true,
    reactions: true,
    prefix: "!",
    forms: false,
    // It has a pace of its own, for all rooms together.
    pace: Duration::ZERO,
};

/// Whether a line is a command that takes files.
pub type TakesFiles = dyn Fn(&str) -> bool + Send + Sync;

/// Matrix, as a network.
pub struct Matrix {
    settings: Settings,
    home: Home,
    rooms: Arc<Rooms>,
    health: Arc<Health>,
    takes_files: Arc<TakesFiles>,
    pace: Pace,
    online: watch::Sender<Option<Arc<Online>>>,
    /// Given when nothing more is listened to: what must wait then waits for the next start.
    stopping: CancellationToken,
    remarks: mpsc::Sender<Incoming>,
    heard_remarks: tokio::sync::Mutex<mpsc::Receiver<Incoming>>,
    /// One at a time looks at what could not be read.
    late: tokio::sync::Mutex<()>,
    /// One at a time is unpacked to be made small.
    drawing: tokio::sync::Mutex<()>,
    /// Events that could not be read, as they came.
    sealed: Recent,
    /// Threads of lines: an answer to a line stays in its thread.
    roots: Recent,
    /// Notes of tries, of parts and of lines, to be forgotten in time.
    tries: Passing,
    parts: Passing,
    lines: Passing,
    choices: Passing,
    /// Rung when the homeserver has taken something.
    answers: tokio::sync::Notify,
    /// Rooms of which what was left out could not be read.
    gaps: Failures,
}

impl Matrix {
    /// Matrix as `settings` say, with its state under `data`. Half a device is refused here, before anything starts.
    pub fn new(
        mut settings: Settings,
        rooms: Arc<Rooms>,
        data: &Path,
        health: Arc<Health>,
        takes_files: Arc<TakesFiles>,
    ) -> anyhow::Result<Self> {
        settings.settle(data);
        let home = Home::new(&settings);
        home.session()?;
        health.ill(NETWORK, "not connected yet");
        let (remarks, heard_remarks) = mpsc::channel(REMARKS);
        Ok(Self {
            pace: Pace::new(settings.burst, settings.pace()),
            settings,
            home,
            rooms,
            health,
            takes_files,
            online: watch::Sender::new(None),
            stopping: CancellationToken::new(),
            remarks,
            heard_remarks: tokio::sync::Mutex::new(heard_remarks),
            late: tokio::sync::Mutex::default(),
            drawing: tokio::sync::Mutex::default(),
            sealed: Recent::new(500),
            roots: Recent::new(4_000),
            // What was delivered is settled long before so many more are.
            tries: Passing::new(500),
            parts: Passing::new(500),
            lines: Passing::new(20_000),
            choices: Passing::new(5_000),
            answers: tokio::sync::Notify::new(),
            gaps: Failures::default(),
        })
    }

    /// Puts a remark where listening finds it. With too many, the newest is lost: it was said before in other words.
    fn remark(&self, incoming: Incoming) {
        if self.remarks.try_send(incoming).is_err() {
            tracing::warn!(
                "Too much to remark at once about Matrix rooms; something is left unsaid"
            );
        }
    }

    /// Connects, signs the device, listens. Ends with what ended it.
    async fn live(&self, inbox: &Inbox, stop: &CancellationToken) -> Ended {
        let lock = match self.home.lock() {
            Ok(lock) => lock,
            Err(error) => return Ended::Failed(Fault::Person(format!("{error:#}"))),
        };
        let connected = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            connected = self.open() => connected,
        };
        let (online, since) = match connected {
            Ok(connected) => connected,
            Err(fault) => return Ended::Failed(fault),
        };
        let mut changes = online.client.subscribe_to_session_changes();
        self.online.send_replace(Some(Arc::clone(&online)));
        let ended = match Box::pin(self.follow(&online, since, inbox, stop)).await {
            Ended::Failed(Fault::LoggedOut { .. }) => Ended::Failed(Fault::LoggedOut {
                soft: was_soft(&mut changes),
            }),
            ended => ended,
        };
        if !matches!(ended, Ended::Stopped) {
            // What is being delivered ends by itself; nothing new begins.
            self.online.send_replace(None);
        }
        drop(lock);
        ended
    }

    async fn open(&self) -> Result<(Arc<Online>, Option<String>), Fault> {
        let Connected {
            client,
            since,
            made,
            fresh,
        } = connect(&self.settings, &self.home).await?;
        verify::answer(&client, &self.settings.administrateurs);
        match establish(&client, &self.settings).await {
            Ok(Established::Signed) => {}
            Ok(Established::Made(key)) => self.keep_recovery(&key)?,
            Err(fault @ Fault::Person(_)) if fresh => {
                // A device that cannot be used is not left behind in the account's list.
                let _logged_out = client.matrix_auth().logout().await;
                drop(client);
                self.home.clear()?;
                return Err(fault);
            }
            Err(fault) => return Err(fault),
        }
        let online = Online::of(client, made, &self.rooms).await?;
        for room in online.client.invited_rooms() {
            if let Err(fault) = self.invited(&online, &room).await {
                tracing::warn!("An invitation could not be dealt with: {fault}");
            }
        }
        self.warn_of_renewal();
        tracing::info!("Connected to the Matrix homeserver");
        Ok((Arc::new(online), since))
    }

    /// Says how the device stands, once the homeserver has told all of it.
    async fn report(&self, online: &Online) {
        let identity = look(&online.client).await;
        if identity.signed {
            self.health.well("matrix-device");
        } else {
            tracing::error!(
                "The Matrix device is not signed by its account: others do not send it keys; see `greffier matrix status`"
            );
            self.health.ill(
                "matrix-device",
                "the device is not signed: run `greffier matrix recover`",
            );
        }
        if let Err(error) = self.home.keep_status(&identity) {
            tracing::warn!(
                "How the Matrix device stands cannot be written: {}",
                error.kind()
            );
        }
    }

    fn keep_recovery(&self, key: &str) -> Result<(), Fault> {
        let Some(path) = &self.settings.recovery_key_file else {
            return Ok(());
        };
        keep(key, path).map_err(|error| Fault::Local(format!("{error:#}")))?;
        tracing::warn!(
            "The recovery key of the Matrix account is in {}: keep a copy away from this machine; with it a lost device is replaced",
            path.display()
        );
        Ok(())
    }

    /// Accounts on Tchap end unless they are renewed each year by a link in a mail.
    fn warn_of_renewal(&self) {
        let Some(day) = self.settings.renew_before else {
            return;
        };
        let today = jiff::tz::TimeZone::UTC
            .to_datetime(crate::clock::now())
            .date();
        let left = today.until(day).map_or(0, |span| span.get_days());
        if left <= 31 {
            tracing::warn!("The Matrix account must be renewed before {day}");
        }
        if left < 0 {
            self.health.ill(
                "matrix-account",
                format!("the account should have been renewed before {day}"),
            );
        }
    }

    /// What follows from an end: how long to wait, or an error that calls for a person.
    fn after(&self, fault: &Fault, failures: &mut u32) -> anyhow::Result<Duration> {
        *failures = failures.saturating_add(1);
        let (wait, loud) = match fault {
            Fault::Person(why) => anyhow::bail!("{why}"),
            Fault::LoggedOut { soft: true }
                if self.settings.password_file.is_some() && *failures <= 2 =>
            {
                log_out_softly(&self.home).map_err(|fault| anyhow::anyhow!("{fault}"))?;
                tracing::warn!("The Matrix session has expired: the same device logs in again");
                return Ok(Duration::from_secs(1));
            }
            Fault::LoggedOut { .. } | Fault::Refused(_) => (Duration::from_mins(1), true),
            Fault::Limited(wait) => (*wait, false),
            Fault::Away(_) | Fault::Denied { .. } | Fault::Local(_) => {
                (Duration::from_secs(1), false)
            }
        };
        let why = match fault {
            Fault::LoggedOut { .. } => {
                "the device was logged out: run `greffier matrix login --new-device`".to_owned()
            }
            fault => fault.to_string(),
        };
        // Once for each reason: the same again is no news.
        let news = !self.health.says(NETWORK, &why);
        if loud && news {
            tracing::error!("Matrix does not work: {why}");
            self.keep_fault(&why);
            metrics::counter!("greffier_matrix_refused_total").increment(1);
        } else if news {
            tracing::warn!("Matrix: {why}; tried again, less and less often");
        }
        self.health.ill(NETWORK, why);
        Ok(wait
            .saturating_mul(1 << (*failures - 1).min(9))
            .min(if loud {
                Duration::from_mins(30)
            } else {
                Duration::from_mins(5)
            }))
    }

    /// Lets `greffier matrix status` say what ails the device.
    fn keep_fault(&self, why: &str) {
        if let Some(seen) = self.home.seen() {
            let ill = identity::Identity {
                fault: Some(why.to_owned()),
                ..seen
            };
            // It is in the log as well.
            let _unsaid = self.home.keep_status(&ill);
        }
    }

    /// The session, as soon as there is one, for a while.
    async fn session(&self) -> Option<Arc<Online>> {
        let mut online = self.online.subscribe();
        let now = online.borrow().clone();
        if now.is_some() || self.stopping.is_cancelled() {
            return now;
        }
        let there = timeout(PATIENCE, online.wait_for(Option::is_some)).await;
        there.ok()?.ok()?.clone()
    }

    /// Waits until one more message may leave, and counts it. At the end nothing waits: it leaves at the next start.
    async fn turn(&self) -> Result<(), Outcome> {
        loop {
            let Err(wait) = self.pace.try_take(Instant::now()) else {
                return Ok(());
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopping.cancelled() => {
                    return Err(Outcome::Held {
                        after: wait.max(Duration::from_secs(1)),
                        why: "the pace of the homeserver is kept to".to_owned(),
                    });
                }
            }
        }
    }
}

/// Whether the homeserver keeps the device (soft logout), as it said when it refused the session. What it says of the
/// refresh token afterwards does not tell; and a device that it has forgotten must not be logged in again under its name,
/// for its keys are forgotten as well.
fn was_soft(changes: &mut broadcast::Receiver<SessionChange>) -> bool {
    let mut soft = false;
    loop {
        match changes.try_recv() {
            Ok(SessionChange::UnknownToken(data)) => soft = data.soft_logout,
            Ok(SessionChange::TokensRefreshed) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return soft,
        }
    }
}

impl Channel for Matrix {
    fn name(&self) -> &'static str {
        NETWORK
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn ready(&self, _to: &Destination) {
        while !self.stopping.is_cancelled() {
            let wait = self.pace.wait(Instant::now());
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let _stopping = self.stopping.clone().drop_guard();
        let mut failures = 0;
        loop {
            let begun = Instant::now();
            let fault = match Box::pin(self.live(&inbox, &stop)).await {
                Ended::Stopped => return Ok(()),
                Ended::Failed(fault) => fault,
            };
            if begun.elapsed() > Duration::from_mins(10) {
                failures = 0;
            }
            let wait = self.after(&fault, &mut failures)?;
            if self.rest(wait, &stop).await {
                return Ok(());
            }
        }
    }

    async fn deliver(&self, key: &str, message: &Outgoing, known: &Known) -> Outcome {
        let Some(online) = self.session().await else {
            return Outcome::Held {
                after: Duration::from_secs(5),
                why: "there is no session with the homeserver".to_owned(),
            };
        };
        self.send(&online, key, message, known).await
    }
}
