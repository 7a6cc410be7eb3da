//! The connection on which Discord says what people do: begun, resumed, kept alive by the library; read here.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream as _;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;
use twilight_gateway::error::ReceiveMessageErrorType;
use twilight_gateway::{CloseFrame, ConfigBuilder, Intents, Message, Shard, ShardId, ShardState};

use super::api::Api;
use super::event::{Deed, Frame, interaction};
use super::fault::Fault;
use super::session::{Budget, Keeper, Resumable, kept};
use super::settings::is_loopback;
use super::{Ended, Inner, NETWORK};
use crate::channel::Inbox;

/// How long what is being dealt with may take when the daemon stops.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Time between two rounds of tidying.
const ROUND: Duration = Duration::from_secs(10);
/// Octets of an upload in a server of that level.
const LEVELS: [u64; 4] = [10_485_760, 10_485_760, 52_428_800, 104_857_600];

/// The token is not accepted.
const AUTHENTICATION_FAILED: u16 = 4_004;
/// An intent is not one, or is not allowed.
const INVALID_INTENTS: u16 = 4_013;
const DISALLOWED_INTENTS: u16 = 4_014;

type Connection = Shard<Budget>;

/// A server that the bot is in, in so far as uploads depend on it.
#[derive(Deserialize)]
struct Guild {
    #[serde(default)]
    premium_tier: usize,
    #[serde(default)]
    channels: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    id: String,
}

impl Inner {
    /// Listens on the gateway at `url` until something ends it.
    pub(super) async fn follow(
        self: &Arc<Self>,
        api: &Arc<Api>,
        url: &str,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Ended {
        let mut shard = self.shard(api, url);
        let mut tasks = JoinSet::new();
        let mut rounds = interval(ROUND);
        // Nothing here waits for the disk: what people do is acknowledged meanwhile.
        let keeper = Keeper::start(Arc::clone(&self.memo));
        let ended = loop {
            let item = tokio::select! {
                biased;
                () = stop.cancelled() => break Ended::Stopped,
                item = next(&mut shard) => item,
                Some(_) = tasks.join_next() => {
                    keeper.keep(self.place(&shard));
                    continue;
                }
                _ = rounds.tick() => {
                    keeper.keep(self.place(&shard));
                    let (inner, api) = (Arc::clone(self), Arc::clone(api));
                    tasks.spawn(async move { inner.tidy(&api).await });
                    continue;
                }
            };
            match item {
                Some(Ok(Message::Text(text))) => {
                    self.heard(api, &text, inbox, &mut tasks, &shard);
                    keeper.keep(self.place(&shard));
                }
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(0, |frame| frame.code);
                    if shard.state() == ShardState::FatallyClosed {
                        keeper.forget();
                        break Ended::Failed(fatal(code));
                    }
                    self.down(&format!("the gateway closed the connection ({code})"));
                }
                Some(Err(error)) => {
                    // The text of an event that cannot be read may hold anything: it is not logged.
                    if matches!(error.kind(), ReceiveMessageErrorType::Reconnect) {
                        self.down("the gateway cannot be reached");
                    } else {
                        tracing::warn!("Something that Discord's gateway said cannot be read");
                    }
                }
                None => break Ended::Failed(Fault::Away("the gateway is closed".to_owned())),
            }
        };
        if matches!(ended, Ended::Stopped) {
            // The session lives on at Discord for a while, and is resumed by the next start.
            shard.close(CloseFrame::RESUME);
            let _closed = timeout(Duration::from_secs(1), closed(&mut shard)).await;
        }
        let dealt = async { while tasks.join_next().await.is_some() {} };
        let _late = timeout(LAST_WORDS, dealt).await;
        if shard.state() != ShardState::FatallyClosed {
            keeper.keep(self.place(&shard));
        }
        keeper.end().await;
        ended
    }

    fn shard(&self, api: &Api, url: &str) -> Connection {
        let token = api.token().expose_secret().to_owned();
        let config = ConfigBuilder::new(token, Intents::GUILDS)
            .proxy_url(url.to_owned())
            .queue(Budget::of(Arc::clone(&self.memo)));
        // A session of somewhere else is not resumed: with a test's address nothing may leave this machine.
        let config = match kept(&self.memo) {
            Some(kept) if is_loopback(&kept.url) == api.elsewhere => {
                config.session(kept.session).resume_url(kept.url)
            }
            Some(_) | None => config,
        };
        Shard::with_config(ShardId::ONE, config.build())
    }

    /// Deals with an event, without waiting for anything.
    fn heard(
        self: &Arc<Self>,
        api: &Arc<Api>,
        text: &str,
        inbox: &Inbox,
        tasks: &mut JoinSet<()>,
        shard: &Connection,
    ) {
        let Ok(Frame {
            name: Some(name),
            number,
        }) = serde_json::from_str::<Frame>(text)
        else {
            return;
        };
        match name.as_str() {
            "READY" | "RESUMED" => {
                if name == "READY" {
                    self.underway.anew();
                }
                tracing::info!("Connected to Discord ({})", name.to_lowercase());
                metrics::counter!("greffier_discord_sessions_total", "kind" => name.to_lowercase())
                    .increment(1);
                self.up();
            }
            "GUILD_CREATE" => self.learn(text),
            "INTERACTION_CREATE" => {
                let Some(interaction) = interaction(text) else {
                    tracing::warn!("An interaction of Discord is not understood");
                    return;
                };
                // Repeated after a connection broke.
                if !self.seen.put(&interaction.id, &interaction.id) {
                    return;
                }
                let (inner, api) = (Arc::clone(self), Arc::clone(api));
                if matches!(interaction.deed, Deed::Typing { .. }) {
                    tasks.spawn(inner.complete(api, interaction));
                    return;
                }
                let turn = self.turn(&interaction.person, &interaction.channel.id);
                let number =
                    number.or_else(|| shard.session().map(twilight_gateway::Session::sequence));
                let inbox = inbox.clone();
                let dealing = number.map(|number| self.underway.begin(number));
                tasks.spawn(async move {
                    inner.deal(api, interaction, turn, inbox).await;
                    drop(dealing);
                });
            }
            _ => {}
        }
    }

    /// Learns how large a file may be in the channels of a server.
    fn learn(&self, text: &str) {
        #[derive(Deserialize)]
        struct Event {
            d: Guild,
        }
        let Ok(Event { d: guild }) = serde_json::from_str(text) else {
            return;
        };
        let largest = LEVELS
            .get(guild.premium_tier)
            .copied()
            .unwrap_or(super::LARGEST);
        for channel in guild.channels {
            self.sizes.put(&channel.id, &largest.to_string());
        }
    }

    fn up(&self) {
        self.health.well(NETWORK);
    }

    fn down(&self, why: &str) {
        tracing::warn!("Discord: {why}; tried again, less and less often");
        self.health.ill(NETWORK, why);
    }

    /// How far everything is on disk, if there is a session.
    fn place(&self, shard: &Connection) -> Option<Resumable> {
        let (session, url) = shard.session().zip(shard.resume_url())?;
        let safe = self.underway.safe(session.sequence());
        Some(Resumable {
            session: twilight_gateway::Session::new(safe, session.id().to_owned()),
            url: url.to_owned(),
        })
    }
}

async fn next(
    shard: &mut Connection,
) -> Option<Result<Message, twilight_gateway::error::ReceiveMessageError>> {
    poll_fn(|context| Pin::new(&mut *shard).poll_next(context)).await
}

/// Waits until the connection is closed.
async fn closed(shard: &mut Connection) {
    let begun = Instant::now();
    while let Some(item) = next(shard).await {
        if matches!(item, Ok(Message::Close(_)) | Err(_)) || begun.elapsed() > LAST_WORDS {
            return;
        }
    }
}

fn fatal(code: u16) -> Fault {
    match code {
        AUTHENTICATION_FAILED => Fault::Unauthorized,
        INVALID_INTENTS | DISALLOWED_INTENTS => Fault::Local(
            "Discord does not allow the intents: allow «Guilds» for the application".to_owned(),
        ),
        code => Fault::Away(format!("the gateway ended the session for good ({code})")),
    }
}
