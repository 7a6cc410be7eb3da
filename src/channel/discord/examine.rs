//! What `greffier check --online` asks Discord: whether everything that the rooms need is there.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::api::{Api, Request};
use super::fault::{Fault, MISSING_ACCESS, UNKNOWN_CHANNEL};
use super::permission::{ALL, missing, permissions};
use super::phrase::Phrases;
use super::register::{commands, is_registered};
use super::settings::{Bound, Settings};
use super::{NETWORK, token};
use crate::command::Catalogue;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is well, and what is good to know.
    pub well: Vec<String>,
    /// What is missing, each with what to do.
    pub missing: Vec<String>,
}

/// Asks Discord about everything that `settings` and `bound` need.
pub async fn examine(
    settings: &Settings,
    bound: &[Bound],
    data: &Path,
    catalogue: &Catalogue,
    words: &Phrases,
) -> Findings {
    let mut findings = Findings::default();
    if let Err(fault) = look(settings, bound, data, catalogue, words, &mut findings).await {
        findings.missing.push(match fault {
            Fault::Unauthorized => {
                "Discord does not accept the token: write a new one into discord.token_file"
                    .to_owned()
            }
            fault => fault.to_string(),
        });
    }
    findings
}

async fn look(
    settings: &Settings,
    bound: &[Bound],
    data: &Path,
    catalogue: &Catalogue,
    words: &Phrases,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let api = Api::new(
        settings.api.as_deref(),
        token(&settings.token_file)?,
        Arc::default(),
    )?;
    let application = api.ask(Request::get("applications/@me")).await?;
    let id = text(&application, "/id").to_owned();
    let me = text(&application, "/bot/id");
    let me = if me.is_empty() { &id } else { me }.to_owned();
    if settings
        .application
        .as_ref()
        .is_some_and(|wanted| *wanted != id)
    {
        findings.missing.push(format!(
            "the token is that of the application {id}, which discord.application does not name"
        ));
    }
    findings.well.push(format!(
        "Discord: application {id}; no privileged intent is needed"
    ));
    findings.well.push(format!(
        "invite it with https://discord.com/oauth2/authorize?client_id={id}&scope=bot+applications.commands&permissions={ALL}"
    ));
    let gateway = api.ask(Request::get("gateway/bot")).await?;
    let left = gateway
        .pointer("/session_start_limit/remaining")
        .and_then(Value::as_u64);
    if left.is_some_and(|left| left < 10) {
        findings.missing.push(
            "nearly all sessions of the day are used up: something restarts too often".to_owned(),
        );
    }
    let folder = settings.store.clone().unwrap_or_else(|| data.join(NETWORK));
    let wanted = commands(catalogue, words);
    findings.well.push(if is_registered(&folder, &id, &wanted) {
        "Discord: the commands are registered".to_owned()
    } else {
        "Discord: the commands are not registered as they are now: the daemon does it at its next start".to_owned()
    });
    for room in bound {
        match channel(&api, settings, room, &me).await {
            Ok(Ok(name)) => findings.well.push(format!("Discord: room {} ({name}) is well", room.id)),
            Ok(Err(why)) => findings.missing.push(format!("room {}: {why}", room.id)),
            Err(fault) if fault.is(UNKNOWN_CHANNEL) => findings
                .missing
                .push(format!("room {}: there is no such channel; take its [[room]] out", room.id)),
            Err(fault) if fault.is(MISSING_ACCESS) => findings.missing.push(format!(
                "room {}: Greffier does not see it: invite it into the server, and allow it View Channel there",
                room.id
            )),
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// The name of a room where everything is allowed, or what is wrong with it.
async fn channel(
    api: &Api,
    settings: &Settings,
    room: &Bound,
    me: &str,
) -> Result<Result<String, String>, Fault> {
    let channel = api
        .ask(Request::get(format!("channels/{}", room.id)))
        .await?;
    let kind = channel.get("type").and_then(Value::as_u64);
    if !matches!(kind, Some(0 | 5)) {
        return Ok(Err(
            "it is no text channel: bind one, threads are made under its cards".to_owned(),
        ));
    }
    let guild = text(&channel, "/guild_id");
    if !settings.guilds.is_empty() && settings.guilds.iter().all(|known| known != guild) {
        return Ok(Err(format!(
            "it is in the server {guild}, which discord.guilds does not name"
        )));
    }
    let roles = api
        .ask(Request::get(format!("guilds/{guild}/roles")))
        .await?;
    let member = api
        .ask(Request::get(format!("guilds/{guild}/members/{me}")))
        .await?;
    let allowed = permissions(guild, me, &member, &roles, &channel);
    let missing = missing(allowed, room.threads);
    if missing.is_empty() {
        return Ok(Ok(text(&channel, "/name").to_owned()));
    }
    Ok(Err(format!("allow the bot there: {}", missing.join(", "))))
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
