//! How Discord writes what it has: the JSON of users, guilds, channels and messages, complete as the real one.

use serde_json::{Map, Value, json};

use super::clock;
use super::permission::Overwrite;
use super::world::{EPHEMERAL, File, Guild, Id, Member, Message, Role, User, World};

impl World {
    pub(crate) fn user_json(&self, id: Id) -> Value {
        user(&self.users[&id])
    }

    /// A member, without what depends on a channel.
    pub(crate) fn member_json(&self, guild: Id, id: Id) -> Option<Value> {
        let member = self.guilds.get(&guild)?.members.get(&id)?;
        let mut wire = member_without_user(member);
        wire["user"] = self.user_json(id);
        Some(wire)
    }

    pub(crate) fn channel_json(&self, id: Id) -> Value {
        let channel = &self.channels[&id];
        let mut wire = json!({
            "id": id.to_string(),
            "type": channel.kind,
            "last_message_id": channel.last_message.map(|id| id.to_string()),
            "flags": 0,
        });
        let Some(guild) = channel.guild else {
            let others = channel.recipients.iter().filter(|id| **id != self.bot);
            wire["recipients"] = others.map(|id| self.user_json(*id)).collect();
            return wire;
        };
        wire["guild_id"] = json!(guild.to_string());
        wire["name"] = json!(channel.name);
        wire["parent_id"] = json!(channel.parent.map(|id| id.to_string()));
        wire["rate_limit_per_user"] = json!(0);
        if channel.is_thread() {
            let messages = self.messages.values().filter(|it| it.channel == id);
            let count = messages.filter(|it| !it.deleted).count();
            wire["owner_id"] = json!(channel.owner.to_string());
            wire["message_count"] = json!(count);
            wire["total_message_sent"] = json!(count);
            wire["member_count"] = json!(channel.members.len().min(50));
            wire["thread_metadata"] = json!({
                "archived": channel.archived,
                "archive_timestamp": clock::text(channel.archived_at),
                "auto_archive_duration": channel.auto_archive,
                "locked": channel.locked,
                "create_timestamp": clock::text((id >> 22) + 1_420_070_400_000),
            });
        } else {
            wire["position"] = json!(0);
            wire["topic"] = Value::Null;
            wire["nsfw"] = json!(false);
            wire["permission_overwrites"] = channel.overwrites.iter().map(overwrite).collect();
        }
        wire
    }

    /// A guild as `GET /guilds/{id}` answers it.
    pub(crate) fn guild_json(&self, id: Id) -> Value {
        let Guild {
            name, owner, boost, ..
        } = &self.guilds[&id];
        json!({
            "id": id.to_string(), "name": name, "icon": null, "splash": null, "discovery_splash": null,
            "home_header": null, "description": null, "owner_id": owner.to_string(), "region": "deprecated",
            "afk_channel_id": null, "afk_timeout": 300, "widget_enabled": false, "widget_channel_id": null,
            "verification_level": 1, "default_message_notifications": 1, "explicit_content_filter": 2,
            "roles": self.roles_json(id), "emojis": [], "stickers": [], "features": [], "mfa_level": 0,
            "application_id": null, "system_channel_id": null, "system_channel_flags": 0,
            "rules_channel_id": null, "max_presences": null, "max_members": 500_000, "vanity_url_code": null,
            "banner": null, "premium_tier": boost, "premium_subscription_count": 0, "preferred_locale": "fr",
            "public_updates_channel_id": null, "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50, "nsfw": false, "nsfw_level": 0,
            "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null,
            "incidents_data": null,
        })
    }

    pub(crate) fn roles_json(&self, guild: Id) -> Value {
        let roles = self.guilds[&guild].roles.iter().enumerate();
        roles
            .map(|(position, it)| role(it, position, self.bot))
            .collect()
    }

    /// A guild as the gateway tells of it.
    pub(crate) fn guild_create(&self, id: Id) -> Value {
        let mut wire = self.guild_json(id);
        let members = &self.guilds[&id].members;
        wire["joined_at"] = json!(clock::text(members[&self.bot].joined));
        wire["large"] = json!(false);
        wire["unavailable"] = json!(false);
        wire["member_count"] = json!(members.len());
        // Without the privileged intents only the bot itself is there.
        wire["members"] = json!([self.member_json(id, self.bot)]);
        for empty in [
            "voice_states",
            "presences",
            "stage_instances",
            "guild_scheduled_events",
            "soundboard_sounds",
        ] {
            wire[empty] = json!([]);
        }
        let of_guild = self.channels.values().filter(|it| it.guild == Some(id));
        let (threads, channels): (Vec<_>, Vec<_>) = of_guild.partition(|it| it.is_thread());
        wire["channels"] = channels.iter().map(|it| self.channel_json(it.id)).collect();
        let active = threads.iter().filter(|it| !it.archived);
        wire["threads"] = active.map(|it| self.channel_json(it.id)).collect();
        wire
    }

    pub(crate) fn attachment_json(&self, channel: Id, file: &File) -> Value {
        let url = format!(
            "http://{}/attachments/{channel}/{}/{}?ex=0&is=0&hm=0",
            self.http, file.id, file.name
        );
        let mut wire = json!({
            "id": file.id.to_string(),
            "filename": file.name,
            "size": file.content.len(),
            "url": url,
            "proxy_url": url,
            "content_type": file.kind,
            "content_scan_version": 1,
        });
        if let Some(description) = &file.description {
            wire["description"] = json!(description);
        }
        if file.ephemeral {
            wire["ephemeral"] = json!(true);
        }
        wire
    }

    pub(crate) fn message_json(&self, message: &Message) -> Value {
        let text = &message.text;
        let mentions = message.rung.users.iter().map(|id| self.user_json(*id));
        let roles = message.rung.roles.iter().map(Id::to_string);
        let files = message.files.iter();
        let mut wire = json!({
            "id": message.id.to_string(),
            "type": message.kind,
            "channel_id": message.channel.to_string(),
            "author": self.user_json(message.author),
            "content": text.content,
            "embeds": text.embeds,
            "components": text.components,
            "attachments": files.map(|file| self.attachment_json(message.channel, file)).collect::<Vec<_>>(),
            "mentions": mentions.collect::<Vec<_>>(),
            "mention_roles": roles.collect::<Vec<_>>(),
            "mention_everyone": message.rung.everyone,
            "pinned": false,
            "tts": false,
            "flags": message.flags,
            "timestamp": clock::text(message.at),
            "edited_timestamp": message.edited.map(clock::text),
        });
        if !message.reactions.is_empty() {
            let reactions = message.reactions.iter();
            wire["reactions"] = reactions
                .map(|(emoji, who)| self.reaction(emoji, who))
                .collect();
        }
        if let Some(reference) = message.reference {
            wire["message_reference"] = json!({ "type": 0, "message_id": reference.to_string(), "channel_id": message.channel.to_string() });
        }
        if self.channels.contains_key(&message.id) {
            wire["thread"] = self.channel_json(message.id);
        }
        if let Some(id) = message.interaction {
            self.write_interaction(&mut wire, id);
        }
        wire
    }

    fn reaction(&self, emoji: &str, who: &[Id]) -> Value {
        json!({
            "count": who.len(),
            "count_details": { "burst": 0, "normal": who.len() },
            "me": who.contains(&self.bot),
            "me_burst": false,
            "burst_colors": [],
            "emoji": { "id": null, "name": emoji },
        })
    }

    fn write_interaction(&self, wire: &mut Value, id: Id) {
        let interaction = &self.interactions[&id];
        let owners = match interaction.guild {
            Some(guild) => json!({ "0": guild.to_string() }),
            None => json!({ "0": "0" }),
        };
        wire["application_id"] = json!(self.application.to_string());
        wire["webhook_id"] = json!(self.application.to_string());
        wire["interaction_metadata"] = json!({
            "id": id.to_string(),
            "type": interaction.kind,
            "user": self.user_json(interaction.person),
            "authorizing_integration_owners": owners,
        });
        if let Some(name) = &interaction.name {
            wire["interaction"] = json!({ "id": id.to_string(), "type": 2, "name": name, "user": self.user_json(interaction.person) });
        }
    }

    /// The message as the gateway tells of it.
    pub(crate) fn message_event(&self, message: &Message) -> Value {
        let mut wire = self.message_json(message);
        if let Some(guild) = self.channels[&message.channel].guild {
            wire["guild_id"] = json!(guild.to_string());
            if let Some(member) = self.guilds[&guild].members.get(&message.author) {
                wire["member"] = member_without_user(member);
            }
        }
        if let Some(nonce) = &message.nonce {
            wire["nonce"] = nonce.clone();
        }
        wire["channel_type"] = json!(self.channels[&message.channel].kind);
        wire
    }

    /// Tells the bot of a message, as its intents allow it to be told. Nobody is told of an ephemeral one.
    pub(crate) fn tell_message(&mut self, event: &str, id: Id) {
        let message = &self.messages[&id];
        if message.flags & EPHEMERAL != 0 {
            return;
        }
        let whole = self.message_event(message);
        let direct = self.channels[&message.channel].guild.is_none();
        let own = message.author == self.bot || message.rung.users.contains(&self.bot);
        let wire = if direct || own || self.sessions.read_content() {
            whole
        } else {
            without_content(whole)
        };
        let intent = if direct { 1 << 12 } else { 1 << 9 };
        self.dispatch(event, &wire, intent);
    }
}

/// What somebody without the intent for contents is told.
fn without_content(mut wire: Value) -> Value {
    wire["content"] = json!("");
    for key in ["embeds", "attachments", "components"] {
        wire[key] = json!([]);
    }
    wire
}

fn user(user: &User) -> Value {
    let mut wire = json!({
        "id": user.id.to_string(),
        "username": user.name,
        "discriminator": if user.bot { "4807" } else { "0" },
        "global_name": if user.bot { Value::Null } else { json!(user.name) },
        "avatar": null,
        "avatar_decoration_data": null,
        "collectibles": null,
        "primary_guild": null,
        "public_flags": 0,
        "flags": 0,
    });
    if user.bot {
        wire["bot"] = json!(true);
    }
    wire
}

/// A member as it stands beside its user.
pub(crate) fn member_without_user(member: &Member) -> Value {
    let roles: Vec<String> = member.roles.iter().map(Id::to_string).collect();
    json!({
        "nick": member.nick,
        "avatar": null,
        "banner": null,
        "roles": roles,
        "joined_at": clock::text(member.joined),
        "premium_since": null,
        "deaf": false,
        "mute": false,
        "flags": 0,
        "pending": false,
        "communication_disabled_until": null,
    })
}

fn role(role: &Role, position: usize, bot: Id) -> Value {
    let managed = role.name == "greffier";
    let mut wire = json!({
        "id": role.id.to_string(),
        "name": role.name,
        "description": null,
        "permissions": role.permissions.to_string(),
        "position": position,
        "color": 0,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
        "hoist": false,
        "managed": managed,
        "mentionable": role.mentionable,
        "icon": null,
        "unicode_emoji": null,
        "flags": 0,
    });
    if managed {
        wire["tags"] = Value::Object(Map::from_iter([(
            "bot_id".to_owned(),
            json!(bot.to_string()),
        )]));
    }
    wire
}

fn overwrite(it: &Overwrite) -> Value {
    json!({ "id": it.id.to_string(), "type": it.kind, "allow": it.allow.to_string(), "deny": it.deny.to_string() })
}
