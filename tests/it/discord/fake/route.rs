//! From a request to what answers it.

use axum::http::{HeaderMap, Uri};
use serde_json::Value;

use super::body::Content;
use super::refusal::{Form, Refusal};
use super::world::{Id, World};

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// After `/api/v10`.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) reason: Option<String>,
    /// Whether the path began as it should.
    versioned: bool,
}

/// What is answered; no body is null.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn nothing() -> Self {
        Self::json(204, Value::Null)
    }
}

impl Call {
    pub(crate) fn of(method: &str, uri: &Uri, headers: &HeaderMap) -> Self {
        let path = uri.path().strip_prefix("/api/v10");
        let reason = headers.get("x-audit-log-reason");
        Self {
            method: method.to_owned(),
            path: path.unwrap_or_else(|| uri.path()).to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            reason: reason.and_then(|reason| Some(reason.to_str().ok()?.to_owned())),
            versioned: path.is_some(),
        }
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Whether it answers an interaction, with its token and without the bot's.
    pub(crate) fn interaction(&self) -> bool {
        self.path.starts_with("/interactions/") || self.path.starts_with("/webhooks/")
    }

    /// The path with its parameters as `{}`.
    pub(crate) fn template(&self) -> String {
        template(&self.path)
    }

    /// What a limit is counted by besides the route: the channel, the guild, the webhook.
    pub(crate) fn major(&self) -> String {
        let segments: Vec<&str> = self.path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["channels" | "guilds", id, ..] => (*id).to_owned(),
            ["webhooks", id, token, ..] => format!("{id}/{token}"),
            _ => String::new(),
        }
    }

    /// Does it.
    pub(crate) fn route(&self, world: &mut World, content: &Content) -> Result<Answer, Refusal> {
        if !self.versioned {
            return Err(Refusal::not_found());
        }
        if self
            .reason
            .as_ref()
            .is_some_and(|reason| reason.len() > 512)
        {
            let mut form = Form::default();
            form.fault(
                "reason",
                "BASE_TYPE_MAX_LENGTH",
                "Must be 512 or fewer in length.",
            );
            form.done()?;
        }
        let segments: Vec<&str> = self.path.split('/').skip(1).collect();
        let body = &content.json;
        match (self.method.as_str(), segments.as_slice()) {
            ("GET", ["gateway"]) => Ok(world.get_gateway()),
            ("GET", ["gateway", "bot"]) => Ok(world.get_gateway_bot()),
            ("GET", ["users", "@me"]) => Ok(world.get_current_user()),
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => {
                Ok(world.get_application())
            }
            ("GET", ["users", "@me", "guilds"]) => Ok(world.get_guilds()),
            ("POST", ["users", "@me", "channels"]) => world.open_direct(body),
            ("GET", ["guilds", guild]) => world.get_guild(id(guild)?),
            ("GET", ["guilds", guild, "roles"]) => world.get_roles(id(guild)?),
            ("GET", ["guilds", guild, "channels"]) => world.get_channels(id(guild)?),
            ("GET", ["guilds", guild, "threads", "active"]) => world.get_threads(id(guild)?),
            ("GET", ["guilds", guild, "members", "@me"]) => world.get_member(id(guild)?, world.bot),
            ("GET", ["guilds", guild, "members", user]) => world.get_member(id(guild)?, id(user)?),
            (method, ["applications", application, rest @ ..]) => {
                world.commands(method, id(application)?, rest, body)
            }
            (method, ["channels", channel, rest @ ..]) => {
                self.channel(world, method, id(channel)?, rest, content)
            }
            ("POST", ["interactions", interaction, token, "callback"]) => {
                let answer = self.parameter("with_response") == Some("true");
                world.callback(id(interaction)?, token, content, answer)
            }
            (method, ["webhooks", application, token, rest @ ..]) => {
                world.webhook(method, id(application)?, token, rest, content)
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn channel(
        &self,
        world: &mut World,
        method: &str,
        channel: Id,
        rest: &[&str],
        content: &Content,
    ) -> Result<Answer, Refusal> {
        let body = &content.json;
        match (method, rest) {
            ("GET", []) => world.get_channel(channel),
            ("PATCH", []) => world.edit_channel(channel, body),
            ("DELETE", []) => world.delete_channel(channel),
            ("PUT", ["permissions", target]) => world.edit_permissions(channel, id(target)?, body),
            ("POST", ["typing"]) => world.typing(channel),
            ("GET", ["messages"]) => world.get_messages(channel, self),
            ("POST", ["messages"]) => world.create_message(channel, content),
            ("GET", ["messages", message]) => world.get_message(channel, id(message)?),
            ("PATCH", ["messages", message]) => world.edit_message(channel, id(message)?, content),
            ("DELETE", ["messages", message]) => world.delete_message(channel, id(message)?),
            ("POST", ["messages", message, "threads"]) => {
                world.start_thread(channel, Some(id(message)?), body)
            }
            ("POST", ["threads"]) => world.start_thread(channel, None, body),
            ("PUT", ["thread-members", user]) => {
                let user = if *user == "@me" { world.bot } else { id(user)? };
                world.add_thread_member(channel, user)
            }
            (method, ["messages", message, "reactions", emoji, who]) => {
                world.reaction_by_bot(method, channel, id(message)?, emoji, who)
            }
            _ => Err(Refusal::not_found()),
        }
    }
}

/// A path with its parameters as `{}`.
pub(crate) fn template(path: &str) -> String {
    let mut template = String::new();
    let mut last = "";
    let mut secret = false;
    for segment in path.split('/').skip(1) {
        let number = segment.parse::<Id>().is_ok();
        template.push('/');
        if number || secret || last == "reactions" {
            template.push_str("{}");
        } else {
            template.push_str(segment);
        }
        // After the id of an interaction or of a webhook comes its token.
        secret = number && matches!(last, "webhooks" | "interactions");
        last = segment;
    }
    template
}

fn id(text: &str) -> Result<Id, Refusal> {
    text.parse().map_err(|_| {
        let mut form = Form::default();
        form.fault(
            "id",
            "NUMBER_TYPE_COERCE",
            &format!("Value \"{text}\" is not snowflake."),
        );
        form.done().unwrap_err()
    })
}
