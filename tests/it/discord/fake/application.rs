//! What the bot asks about itself, its guilds and its gateway.

use serde_json::{Value, json};

use super::permission::VIEW_CHANNEL;
use super::refusal::{Form, Refusal};
use super::route::Answer;
use super::world::{DIRECT, Id, World};

impl World {
    pub(crate) fn get_gateway(&self) -> Answer {
        Answer::ok(json!({ "url": format!("ws://{}", self.gateway) }))
    }

    pub(crate) fn get_gateway_bot(&self) -> Answer {
        Answer::ok(json!({
            "url": format!("ws://{}", self.gateway),
            "shards": 1,
            "session_start_limit": {
                "total": 1000,
                "remaining": self.sessions.remaining,
                "reset_after": 14_400_000,
                "max_concurrency": 1,
            },
        }))
    }

    pub(crate) fn get_current_user(&self) -> Answer {
        let mut user = self.user_json(self.bot);
        for (key, value) in [
            ("verified", json!(true)),
            ("mfa_enabled", json!(true)),
            ("locale", json!("en-US")),
            ("email", Value::Null),
            ("premium_type", json!(0)),
            ("bio", json!("")),
        ] {
            user[key] = value;
        }
        Answer::ok(user)
    }

    pub(crate) fn get_application(&self) -> Answer {
        Answer::ok(json!({
            "id": self.application.to_string(),
            "name": "greffier",
            "icon": null,
            "description": "",
            "type": null,
            "bot": self.user_json(self.bot),
            "summary": "",
            "bot_public": false,
            "bot_require_code_grant": false,
            "verify_key": "0000000000000000000000000000000000000000000000000000000000000000",
            "flags": self.flags,
            "flags_new": self.flags.to_string(),
            "hook": true,
            "is_monetized": false,
            "is_verified": false,
            "discoverability_state": 1,
            "redirect_uris": [],
            "interactions_endpoint_url": null,
            "role_connections_verification_url": null,
            "owner": self.users.values().find(|user| !user.bot).map(|user| self.user_json(user.id)),
            "team": null,
            "integration_types_config": { "0": {} },
            "approximate_guild_count": self.guilds.len(),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": ["applications.commands", "bot"],
        }))
    }

    pub(crate) fn get_guilds(&self) -> Answer {
        let guilds = self.guilds.values();
        let guilds = guilds.filter(|guild| guild.members.contains_key(&self.bot));
        let guilds = guilds.map(|guild| {
            json!({
                "id": guild.id.to_string(), "name": guild.name, "icon": null, "banner": null, "owner": false,
                "permissions": self.guild_permissions(guild.id, self.bot).to_string(), "features": [],
            })
        });
        Answer::ok(guilds.collect())
    }

    /// The guild, if the bot is in it.
    fn own_guild(&self, guild: Id) -> Result<Id, Refusal> {
        match self.guilds.get(&guild) {
            None => Err(Refusal::unknown_guild()),
            Some(found) if !found.members.contains_key(&self.bot) => Err(Refusal::missing_access()),
            Some(_) => Ok(guild),
        }
    }

    pub(crate) fn get_guild(&self, guild: Id) -> Result<Answer, Refusal> {
        Ok(Answer::ok(self.guild_json(self.own_guild(guild)?)))
    }

    pub(crate) fn get_roles(&self, guild: Id) -> Result<Answer, Refusal> {
        Ok(Answer::ok(self.roles_json(self.own_guild(guild)?)))
    }

    pub(crate) fn get_channels(&self, guild: Id) -> Result<Answer, Refusal> {
        let guild = self.own_guild(guild)?;
        let channels = self.channels.values();
        let channels = channels.filter(|it| it.guild == Some(guild) && !it.is_thread());
        Ok(Answer::ok(
            channels.map(|it| self.channel_json(it.id)).collect(),
        ))
    }

    pub(crate) fn get_threads(&self, guild: Id) -> Result<Answer, Refusal> {
        let guild = self.own_guild(guild)?;
        let threads = self.channels.values().filter(|it| {
            it.guild == Some(guild)
                && it.is_thread()
                && !it.archived
                && self.permissions(it, self.bot) & VIEW_CHANNEL != 0
        });
        let threads: Value = threads.map(|it| self.channel_json(it.id)).collect();
        Ok(Answer::ok(
            json!({ "threads": threads, "members": [], "has_more": false }),
        ))
    }

    pub(crate) fn get_member(&self, guild: Id, user: Id) -> Result<Answer, Refusal> {
        let member = self.member_json(self.own_guild(guild)?, user);
        let member = member.ok_or_else(|| Refusal::new(404, 10007, "Unknown Member"))?;
        Ok(Answer::ok(member))
    }

    /// The channel in private with somebody, made if need be. Whether one may write in it is seen on writing.
    pub(crate) fn open_direct(&mut self, body: &Value) -> Result<Answer, Refusal> {
        let mut form = Form::default();
        let user = if body["recipient_id"].is_null() {
            form.required("recipient_id");
            None
        } else {
            form.snowflake("recipient_id", &body["recipient_id"])
        };
        form.done()?;
        let user = user.filter(|user| self.users.contains_key(user) && *user != self.bot);
        let user = user.ok_or_else(|| Refusal::new(400, 50033, "Invalid Recipient(s)"))?;
        let id = self.direct(user);
        Ok(Answer::ok(self.channel_json(id)))
    }

    /// The same for the fake itself.
    pub(crate) fn direct(&mut self, user: Id) -> Id {
        let found = self
            .channels
            .values()
            .find(|it| it.kind == DIRECT && it.recipients.contains(&user));
        if let Some(found) = found {
            return found.id;
        }
        let mut channel = self.channel(DIRECT, None, "");
        channel.recipients = vec![user, self.bot];
        self.add_channel(channel)
    }
}
