//! One life on Discord: connected, registered, listened to, until something ends it; and what follows from that.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::api::{Api, Request};
use super::fault::Fault;
use super::settings::{self, is_snowflake};
use super::{Inner, NETWORK, register, session, token};
use crate::channel::Inbox;

/// How a session ended.
pub(super) enum Ended {
    /// It was asked to.
    Stopped,
    /// By a fault.
    Failed(Fault),
}

impl Inner {
    /// Connects and listens. Ends with what ended it.
    pub(super) async fn live(self: &Arc<Self>, inbox: &Inbox, stop: &CancellationToken) -> Ended {
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

    /// Waits; true when it is to stop.
    pub(super) async fn rest(&self, wait: Duration, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(wait) => false,
        }
    }

    /// Hands in what the channel has to say of itself.
    pub(super) async fn hand_in_remarks(&self, inbox: &Inbox) {
        let mut remarks = self.heard_remarks.lock().await;
        while let Some(remark) = remarks.recv().await {
            if inbox.hand(remark).await.is_err() {
                return;
            }
        }
    }

    /// What follows from an end: how long to wait, or an error that calls for a person.
    pub(super) fn after(&self, fault: &Fault, failures: &mut u32) -> anyhow::Result<Duration> {
        *failures = failures.saturating_add(1);
        let (wait, loud) = match fault {
            Fault::Person(why) => anyhow::bail!("{why}"),
            Fault::Unauthorized => (Duration::from_mins(1), true),
            Fault::Limited(wait) | Fault::Broken(wait) => (*wait, false),
            Fault::Denied { .. } | Fault::Local(_) => (Duration::from_secs(30), true),
            Fault::Away(_) | Fault::Unwell(_) => (Duration::from_secs(1), false),
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
}
