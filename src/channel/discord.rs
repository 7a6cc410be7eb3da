//! Discord: slash commands, forms, buttons and threads.
//!
//! What a person does is acknowledged before anything else, kept, handed in, and answered in the place of the
//! acknowledgement. What is said bears a nonce made from its outbox key. Neither a crash nor a lost answer says or does
//! anything twice.

mod answer;
mod api;
mod breaker;
mod button;
mod cache;
mod complete;
mod create;
mod disk;
mod event;
pub mod examine;
mod fault;
mod first;
mod form;
mod gateway;
mod hear;
mod lane;
mod live;
mod markdown;
mod memo;
mod multipart;
mod opened;
mod pages;
mod parts;
mod permission;
mod phrase;
mod register;
mod request;
mod send;
mod sent;
mod session;
pub mod settings;
mod trouble;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::api::Api;
use self::breaker::Breaker;
use self::cache::Cache;
pub use self::complete::{Asked, Complete, Offer, Wanted};
use self::fault::Fault;
use self::lane::Lanes;
use self::live::Ended;
use self::memo::Memo;
pub use self::phrase::{Phrase, Phrases};
use self::session::Underway;
pub use self::settings::{Bound, Settings};
use self::trouble::Trouble;
use super::http::health::Health;
use super::{Channel, Inbox, Known};
use crate::command::Catalogue;
use crate::message::{Account, Incoming, Limits, Outcome, Outgoing};

/// Its name among the networks.
pub(crate) const NETWORK: &str = "discord";
/// How long a message waits for the session before it is held.
const PATIENCE: Duration = Duration::from_secs(5);
/// Octets of a file, where the server does not take more.
const LARGEST: u64 = 10_485_760;
/// Remarks that wait to be handed in.
const REMARKS: usize = 256;
/// What it can carry.
pub const LIMITS: Limits = Limits {
    // Room for what is escaped; what is longer all the same is sent in several messages.
    text: 1_800,
    file: LARGEST,
    buttons: 25,
    threads: true,
    edits: true,
    reactions: true,
    forms: true,
    prefix: "",
    // Each route has limits of its own, which Discord tells.
    pace: Duration::ZERO,
};

/// What the channel needs of the rest of Greffier.
pub struct Desk {
    /// What may be typed.
    pub catalogue: Catalogue,
    /// Completes what is being typed.
    pub complete: Arc<Complete>,
    /// Its words.
    pub words: Arc<Phrases>,
    /// Whether an account is linked to somebody: nothing is fetched for a stranger.
    pub linked: Arc<Linked>,
    /// Whether a thread, by its id, is that of a dossier.
    pub known: Arc<IsKnown>,
}

/// Says whether an account is linked.
pub type Linked = dyn Fn(&Account) -> bool + Send + Sync;
/// Says whether a thread is a dossier's.
pub type IsKnown = dyn Fn(&str) -> bool + Send + Sync;

/// Discord, as a network.
pub struct Discord(Arc<Inner>);

struct Inner {
    settings: Settings,
    bound: Vec<Bound>,
    health: Arc<Health>,
    catalogue: Catalogue,
    complete: Arc<Complete>,
    words: Arc<Phrases>,
    linked: Arc<Linked>,
    known: Arc<IsKnown>,
    memo: Arc<Memo>,
    online: watch::Sender<Option<Arc<Api>>>,
    /// The bot's own id, once it is known.
    me: Mutex<Option<String>>,
    stopping: CancellationToken,
    remarks: mpsc::Sender<Incoming>,
    heard_remarks: tokio::sync::Mutex<mpsc::Receiver<Incoming>>,
    /// Rooms that cannot be spoken in.
    trouble: Trouble,
    /// Threads that cannot, while their rooms can.
    threads: Trouble,
    breaker: Arc<Breaker>,
    lanes: Lanes,
    underway: Arc<Underway>,
    /// Interactions that were heard.
    seen: Cache,
    /// Channels of private conversations, by person.
    directs: Cache,
    /// Octets of a file, by channel.
    sizes: Cache,
}

impl Discord {
    /// Discord as `settings` say, with its state under `data`.
    pub fn new(
        settings: Settings,
        bound: Vec<Bound>,
        data: &Path,
        health: Arc<Health>,
        desk: Desk,
    ) -> anyhow::Result<Self> {
        if let Some(fault) = settings.faults().first() {
            anyhow::bail!("{fault}");
        }
        let folder = settings.store.clone().unwrap_or_else(|| data.join(NETWORK));
        let memo =
            Memo::open(&folder).with_context(|| format!("Cannot open {}", folder.display()))?;
        // Two kinds of cryptography are linked; the library that speaks with the gateway wants to be told which.
        let _told_before = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        health.ill(NETWORK, "not connected yet");
        let (remarks, heard_remarks) = mpsc::channel(REMARKS);
        Ok(Self(Arc::new(Inner {
            settings,
            bound,
            health,
            catalogue: desk.catalogue,
            complete: desk.complete,
            words: desk.words,
            linked: desk.linked,
            known: desk.known,
            memo: Arc::new(memo),
            online: watch::Sender::new(None),
            me: Mutex::default(),
            stopping: CancellationToken::new(),
            remarks,
            heard_remarks: tokio::sync::Mutex::new(heard_remarks),
            trouble: Trouble::default(),
            threads: Trouble::default(),
            breaker: Arc::default(),
            lanes: Lanes::default(),
            underway: Arc::default(),
            seen: Cache::new(5_000),
            directs: Cache::new(5_000),
            sizes: Cache::new(20_000),
        })))
    }
}

impl Inner {
    /// Says a phrase.
    fn say(&self, phrase: Phrase) -> String {
        (self.words)(phrase)
    }

    /// The bot's own id.
    fn me(&self) -> Option<String> {
        self.me
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Octets of a file in a channel.
    fn largest(&self, channel: &str) -> u64 {
        let known = self.sizes.get(channel);
        known.and_then(|size| size.parse().ok()).unwrap_or(LARGEST)
    }

    /// Puts a remark where listening finds it. With too many, the newest is lost: it was said before in other words.
    fn remark(&self, incoming: Incoming) {
        if self.remarks.try_send(incoming).is_err() {
            tracing::warn!("Too much to remark at once about Discord; something is left unsaid");
        }
    }

    /// The way to Discord, as soon as there is one, for a while.
    async fn session(&self) -> Option<Arc<Api>> {
        let mut online = self.online.subscribe();
        let now = online.borrow().clone();
        if now.is_some() || self.stopping.is_cancelled() {
            return now;
        }
        let there = timeout(PATIENCE, online.wait_for(Option::is_some)).await;
        there.ok()?.ok()?.clone()
    }
}

/// The token, as it stands in its file now.
fn token(path: &Path) -> Result<SecretString, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Fault::Person(format!(
            "discord.token_file: {} cannot be read: {}",
            path.display(),
            error.kind()
        ))
    })?;
    let text = text.trim();
    if text.is_empty() || text.len() > 512 || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Fault::Person(format!(
            "discord.token_file: {} holds no token; write the bot's token alone into it",
            path.display()
        )));
    }
    Ok(SecretString::from(text))
}

impl Channel for Discord {
    fn name(&self) -> &'static str {
        NETWORK
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let inner = &self.0;
        let _stopping = inner.stopping.clone().drop_guard();
        let listening = async {
            let mut failures = 0;
            loop {
                let begun = Instant::now();
                let fault = match inner.live(&inbox, &stop).await {
                    Ended::Stopped => return Ok(()),
                    Ended::Failed(fault) => fault,
                };
                if begun.elapsed() > Duration::from_mins(10) {
                    failures = 0;
                }
                let wait = inner.after(&fault, &mut failures)?;
                if inner.rest(wait, &stop).await {
                    return Ok(());
                }
            }
        };
        tokio::select! {
            ended = listening => ended,
            // It ends with the daemon.
            () = inner.hand_in_remarks(&inbox) => Ok(()),
        }
    }

    async fn deliver(&self, key: &str, message: &Outgoing, known: &Known) -> Outcome {
        let Some(api) = self.0.session().await else {
            return Outcome::Held {
                after: Duration::from_secs(5),
                why: "there is no session with Discord".to_owned(),
            };
        };
        if let Some(wait) = api.silent() {
            self.0
                .health
                .ill("discord-requests", "too many requests were refused lately");
            return Outcome::Held {
                after: wait,
                why: "too many requests were refused lately".to_owned(),
            };
        }
        self.0.send(&api, key, message, known).await
    }
}
