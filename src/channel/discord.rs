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
mod event;
pub mod examine;
mod fault;
mod form;
mod gateway;
mod hear;
mod lane;
mod markdown;
mod memo;
mod multipart;
mod parts;
mod permission;
mod phrase;
mod register;
mod send;
mod session;
pub mod settings;
mod trouble;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use self::api::{Api, Request};
use self::breaker::Breaker;
use self::cache::Cache;
pub use self::complete::{Asked, Complete, Offer, Wanted};
use self::fault::Fault;
use self::lane::Lanes;
use self::memo::Memo;
pub use self::phrase::{Phrase, Phrases};
use self::session::Underway;
use self::settings::is_snowflake;
pub use self::settings::{Bound, Settings};
use self::trouble::Trouble;
use super::http::health::Health;
use super::{Channel, Inbox, Known};
use crate::command::Catalogue;
use crate::message::{Incoming, Limits, Outcome, Outgoing};

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
}

/// Discord, as a network.
pub struct Discord(Arc<Inner>);

struct Inner {
    settings: Settings,
    bound: Vec<Bound>,
    health: Arc<Health>,
    catalogue: Catalogue,
    complete: Arc<Complete>,
    words: Arc<Phrases>,
    memo: Arc<Memo>,
    online: watch::Sender<Option<Arc<Api>>>,
    /// The bot's own id, once it is known.
    me: Mutex<Option<String>>,
    stopping: CancellationToken,
    remarks: mpsc::Sender<Incoming>,
    heard_remarks: tokio::sync::Mutex<mpsc::Receiver<Incoming>>,
    trouble: Trouble,
    breaker: Arc<Breaker>,
    lanes: Lanes,
    underway: Underway,
    /// Interactions that were heard.
    seen: Cache,
    /// Messages that were created, by their keys.
    sent: Cache,
    /// Channels of private conversations, by person.
    directs: Cache,
    /// Octets of a file, by channel.
    sizes: Cache,
}

/// How a session ended.
enum Ended {
    /// It was asked to.
    Stopped,
    /// By a fault.
    Failed(Fault),
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
            memo: Arc::new(memo),
            online: watch::Sender::new(None),
            me: Mutex::default(),
            stopping: CancellationToken::new(),
            remarks,
            heard_remarks: tokio::sync::Mutex::new(heard_remarks),
            trouble: Trouble::default(),
            breaker: Arc::default(),
            lanes: Lanes::default(),
            underway: Underway::default(),
            seen: Cache::new(5_000),
            sent: Cache::new(5_000),
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

    /// Connects and listens. Ends with what ended it.
    async fn live(self: &Arc<Self>, inbox: &Inbox, stop: &CancellationToken) -> Ended {
        let opened = tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            opened = self.open() => opened,
        };
        let (api, url) = match opened {
            Ok(opened) => opened,
            Err(fault) => return Ended::Failed(fault),
        };
        self.online.send_replace(Some(Arc::clone(&api)));
        self.go_on(&api, inbox).await;
        let ended = self.follow(&api, &url, inbox, stop).await;
        if matches!(ended, Ended::Failed(Fault::Unauthorized)) {
            self.online.send_replace(None);
        }
        ended
    }

    /// Asks Discord who we are and where its gateway is, and registers the commands.
    async fn open(&self) -> Result<(Arc<Api>, String), Fault> {
        let settings = &self.settings;
        let api = Api::new(
            settings.api.as_deref(),
            token(&settings.token_file)?,
            Arc::clone(&self.breaker),
        )?;
        let application = api.ask(Request::get("applications/@me")).await?;
        let id = |path: &str| {
            let id = application.pointer(path).and_then(Value::as_str);
            id.filter(|id| is_snowflake(id)).map(ToOwned::to_owned)
        };
        let own = id("/id").ok_or_else(|| Fault::Away("its answer cannot be read".to_owned()))?;
        if self
            .settings
            .application
            .as_ref()
            .is_some_and(|wanted| *wanted != own)
        {
            return Err(Fault::Local(format!(
                "the token is that of the application {own}, which discord.application does not name"
            )));
        }
        let me = id("/bot/id").unwrap_or_else(|| own.clone());
        *self.me.lock().unwrap_or_else(PoisonError::into_inner) = Some(me);
        let commands = register::commands(&self.catalogue, &*self.words);
        match register::register(&api, &self.memo, &own, &commands).await {
            Ok(()) => self.health.well("discord-commands"),
            Err(fault @ Fault::Denied { .. }) => {
                tracing::error!("Discord does not take the commands: {fault}");
                self.health.ill("discord-commands", fault.to_string());
            }
            Err(fault) => return Err(fault),
        }
        let gateway = api.ask(Request::get("gateway/bot")).await?;
        let url = gateway
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let sound = if api.elsewhere {
            settings::is_loopback(url)
        } else {
            url.starts_with("wss://")
        };
        if !sound {
            return Err(Fault::Away(
                "its gateway's address cannot be read".to_owned(),
            ));
        }
        let left = gateway
            .pointer("/session_start_limit/remaining")
            .and_then(Value::as_u64);
        if left.is_some_and(|left| left < 10) && session::kept(&self.memo).is_none() {
            return Err(Fault::Limited(Duration::from_hours(1)));
        }
        Ok((Arc::new(api), url.trim_end_matches('/').to_owned()))
    }

    /// What an earlier life of the daemon left: it is handed in, before anything new is.
    async fn go_on(self: &Arc<Self>, api: &Arc<Api>, inbox: &Inbox) {
        for note in self.memo.notes() {
            if note.incoming.is_some() {
                self.hand_in(api, &note, inbox, None).await;
            }
        }
    }

    /// Waits; true when it is to stop.
    async fn rest(&self, wait: Duration, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(wait) => false,
        }
    }

    /// Hands in what the channel has to say of itself.
    async fn hand_in_remarks(&self, inbox: &Inbox) {
        let mut remarks = self.heard_remarks.lock().await;
        while let Some(remark) = remarks.recv().await {
            if inbox.hand(remark).await.is_err() {
                return;
            }
        }
    }

    /// What follows from an end: how long to wait, or an error that calls for a person.
    fn after(&self, fault: &Fault, failures: &mut u32) -> anyhow::Result<Duration> {
        *failures = failures.saturating_add(1);
        let (wait, loud) = match fault {
            Fault::Person(why) => anyhow::bail!("{why}"),
            Fault::Unauthorized => (Duration::from_mins(1), true),
            Fault::Limited(wait) | Fault::Broken(wait) => (*wait, false),
            Fault::Denied { .. } | Fault::Local(_) => (Duration::from_secs(30), true),
            Fault::Away(_) => (Duration::from_secs(1), false),
        };
        let why = match fault {
            Fault::Unauthorized => {
                "Discord does not accept the token: write a new one into discord.token_file"
                    .to_owned()
            }
            fault => fault.to_string(),
        };
        // Once for each reason: the same again is no news.
        let news = !self.health.says(NETWORK, &why);
        if loud && news {
            tracing::error!("Discord does not work: {why}");
        } else if news {
            tracing::warn!("Discord: {why}; tried again, less and less often");
        }
        if matches!(fault, Fault::Broken(_)) {
            self.health.ill("discord-requests", why.clone());
        }
        self.health.ill(NETWORK, why);
        Ok(wait
            .saturating_mul(1 << (*failures - 1).min(9))
            .min(Duration::from_mins(if loud { 30 } else { 5 }).max(wait)))
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
