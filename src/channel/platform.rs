//! The platform: démarches are read over its GraphQL API, and what instructeurs decide is sent to it.
//!
//! What is read is handed in page by page, and the place in the list only after what stood before it is committed. What
//! is done looks first whether it is done already, so that a lost answer, or a crash anywhere, does nothing twice.

mod acts;
mod annotation;
mod client;
mod directory;
pub mod documents;
mod fault;
mod fetch;
mod gone;
mod hand;
mod instance;
mod json;
mod outside;
mod pace;
mod pages;
mod patrol;
mod plan;
pub mod probe;
mod read;
mod reading;
mod right;
mod schema;
mod selection;
mod settings;
mod stumble;
mod sync;
mod token;
mod unread;
mod upload;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::instance::Instance;
pub use self::schema::Schema;
pub use self::settings::Settings;
use self::stumble::Stumbles;
use super::http::health::Health;
use super::{Channel, Inbox, Known};
use crate::message::platform::{Claims, PLATFORM, Progress, Taken, Unread};
use crate::message::{Body, Limits, Outcome, Outgoing};

/// Days before its end from which a token is spoken of.
const NOTICE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long it is remembered that a dossier was acted on.
const ACTED: Duration = Duration::from_mins(10);

/// What the middle knows of the platform already.
pub trait Mirror: Send + Sync + 'static {
    /// How far a démarche has been read; none before the first time.
    fn progress(&self, demarche: u64) -> Option<Progress>;
    /// A dossier as it was taken in last; none where it is not known, or was said to be gone.
    fn taken(&self, dossier: u64) -> Option<Taken>;
    /// The messages of a dossier that are known: which of them `order` made, as far as that was seen, and which it did not.
    fn claims(&self, dossier: u64, order: &str) -> Claims;
    /// The démarches that are said not to be read.
    fn unread(&self) -> BTreeMap<u64, Unread>;
    /// Numbers of the dossiers of a démarche that are known and were not said to be gone, in any order.
    fn shown(&self, demarche: u64) -> Vec<u64>;
}

/// The platform, as a network.
pub struct Platform(Arc<Inner>);

struct Inner {
    settings: Settings,
    demarches: Vec<u64>,
    instance: Instance,
    mirror: Arc<dyn Mirror>,
    health: Arc<Health>,
    /// The way back in, while Greffier runs.
    door: Mutex<Option<Inbox>>,
    stopping: CancellationToken,
    /// Dossiers that are acted on, or were lately, and when that ended: what was read before is not the newest.
    acted: Mutex<HashMap<u64, Instant>>,
    /// Orders that have failed.
    stumbles: Stumbles,
    /// When Greffier started, by its clock and by the machine's.
    started: (Timestamp, Instant),
    /// Orders of which a message got no answer, and when.
    unanswered: Mutex<HashMap<String, Instant>>,
    /// Dossiers to be read again a little later, with their démarche: an attestation comes some time after its decision.
    again: Mutex<HashMap<u64, (u64, Instant)>>,
    /// How the last looks went.
    looks: Mutex<unread::Looks>,
    /// Dossiers that could not be read, until when they are let be.
    passed: Mutex<HashMap<u64, Instant>>,
}

impl Platform {
    /// The platform as `settings` say, of which `demarches` are read. Nothing is asked before [`listen`](Channel::listen).
    pub fn new(
        settings: Settings,
        demarches: Vec<u64>,
        mirror: Arc<dyn Mirror>,
        health: Arc<Health>,
    ) -> anyhow::Result<Self> {
        if let Some(fault) = settings.faults().first() {
            anyhow::bail!("{fault}");
        }
        let instance = Instance::new(&settings, Arc::clone(&health))?;
        // Without one nothing can be asked. Later on it is waited for.
        instance.client.token()?;
        health.ill(PLATFORM, "not connected yet");
        Ok(Self(Arc::new(Inner {
            settings,
            demarches,
            instance,
            mirror,
            health,
            door: Mutex::new(None),
            stopping: CancellationToken::new(),
            acted: Mutex::default(),
            stumbles: Stumbles::default(),
            started: (crate::clock::now(), Instant::now()),
            unanswered: Mutex::default(),
            again: Mutex::default(),
            looks: Mutex::default(),
            passed: Mutex::default(),
        })))
    }
}

impl Inner {
    fn door(&self) -> Option<Inbox> {
        lock(&self.door).clone()
    }

    /// Says now and then that the token ends soon. Until `stop`.
    async fn warn_of_expiry(&self, stop: &CancellationToken) {
        const TOKEN: &str = "platform-token";
        let Some(day) = self.settings.token_expires else {
            return stop.cancelled().await;
        };
        loop {
            let now = crate::clock::now();
            let left = json::paris(day).map(|end| end.duration_since(now));
            // Whether it is taken all the same is the platform's to say, and the check of the platform's name follows that.
            match self.settings.ended(now) {
                Some(ended) => {
                    tracing::error!("{ended}");
                    self.health.noted(TOKEN, ended);
                }
                None if left.is_some_and(|left| left < NOTICE) => {
                    let soon = format!("the token ends on {day}: make another before");
                    tracing::warn!("The platform: {soon}");
                    self.health.noted(TOKEN, soon);
                }
                None => self.health.well(TOKEN),
            }
            if let Some(left) = left {
                metrics::gauge!("greffier_platform_token_days").set(left.as_secs_f64() / 86_400.0);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = crate::clock::sleep(Duration::from_hours(24)) => {}
            }
        }
    }

    /// Notes that a dossier is being acted on. What is read of it until the guard is dropped is thrown away.
    fn acting(self: &Arc<Self>, dossier: u64) -> Acting {
        lock(&self.acted).insert(dossier, Instant::now() + ACTED);
        Acting(Arc::clone(self), dossier)
    }

    /// Whether a dossier was acted on after `since`: what was asked then may be older than what is known.
    fn acted_after(&self, dossier: u64, since: Instant) -> bool {
        lock(&self.acted)
            .get(&dossier)
            .is_some_and(|ended| *ended >= since)
    }
}

/// A dossier that is being acted on.
struct Acting(Arc<Inner>, u64);

impl Drop for Acting {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut acted = lock(&self.0.acted);
        acted.insert(self.1, now);
        acted.retain(|_, ended| *ended + ACTED > now);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Channel for Platform {
    fn name(&self) -> &'static str {
        PLATFORM
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let inner = &self.0;
        let _stopping = inner.stopping.clone().drop_guard();
        *lock(&inner.door) = Some(inbox.clone());
        let mut reading = JoinSet::new();
        for demarche in &inner.demarches {
            let reader = sync::Reader::new(Arc::clone(inner), *demarche, inbox.clone());
            reading.spawn(reader.run(stop.clone()));
        }
        if inner.demarches.is_empty() {
            inner.health.well(PLATFORM);
        }
        let read = async {
            // Each goes on until it is told to stop.
            while let Some(ended) = reading.join_next().await {
                ended?;
            }
            stop.cancelled().await;
            anyhow::Ok(())
        };
        let ended = tokio::select! {
            ended = read => ended,
            () = inner.warn_of_expiry(&stop) => Ok(()),
            told = inner.tell_unread(&inbox, &stop) => told.map_err(Into::into),
        };
        *lock(&inner.door) = None;
        ended
    }

    async fn deliver(&self, _key: &str, message: &Outgoing, known: &Known) -> Outcome {
        let Body::Platform(order) = &message.body else {
            return Outcome::Dead {
                why: "the platform carries orders only".to_owned(),
            };
        };
        let inner = &self.0;
        tokio::select! {
            biased;
            // Whatever was sent is found again by the next try.
            () = inner.stopping.cancelled() => Outcome::Held {
                after: Duration::from_secs(1),
                why: "Greffier is stopping".to_owned(),
            },
            outcome = inner.carry_out(order, known) => outcome,
        }
    }
}
