//! Messages: sent, edited, read, deleted.

use serde_json::{Value, json};

use super::body::Content;
use super::draft::{Draft, Way};
use super::interaction::COMMAND;
use super::permission::{
    ATTACH_FILES, EMBED_LINKS, MANAGE_MESSAGES, READ_MESSAGE_HISTORY, SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
};
use super::refusal::Refusal;
use super::route::{Answer, Call};
use super::world::{Channel, DIRECT, Id, Message, Text, World};

/// For so long a nonce is remembered.
const NONCE_MILLISECONDS: u64 = 5 * 60 * 1000;

impl World {
    /// The channel, if the bot may write in it.
    fn writable(&self, channel: Id) -> Result<&Channel, Refusal> {
        let found = self.visible(channel)?;
        if found.kind == DIRECT {
            let other = found.recipients.iter().find(|id| **id != self.bot);
            let other = other.map(|id| &self.users[id]);
            let shared = other.is_some_and(|user| {
                self.guilds.values().any(|it| {
                    it.members.contains_key(&user.id) && it.members.contains_key(&self.bot)
                })
            });
            if !shared {
                let message = "Cannot send messages to this user due to having no mutual guilds";
                return Err(Refusal::new(403, 50278, message));
            }
            if other.is_none_or(|user| !user.takes_direct) {
                return Err(Refusal::new(
                    403,
                    50007,
                    "Cannot send messages to this user",
                ));
            }
            return Ok(found);
        }
        let wanted = if found.is_thread() {
            SEND_MESSAGES_IN_THREADS
        } else {
            SEND_MESSAGES
        };
        let found = self.allowed(channel, wanted)?;
        if found.locked && !self.may_lock(channel) {
            return Err(Refusal::new(403, 160_005, "Thread is locked"));
        }
        Ok(found)
    }

    /// The largest file of a channel.
    pub(crate) fn file_limit(&self, channel: Id) -> usize {
        let guild = self.channels.get(&channel).and_then(|it| it.guild);
        guild.map_or(10 << 20, |guild| self.guilds[&guild].file_limit())
    }

    pub(crate) fn create_message(
        &mut self,
        channel: Id,
        content: &Content,
    ) -> Result<Answer, Refusal> {
        self.writable(channel)?;
        let limit = self.file_limit(channel);
        let draft = self.draft(content, Way::Channel, None, limit)?;
        let mut wanted = 0;
        if draft.embeds.as_ref().is_some_and(|list| !list.is_empty()) {
            wanted |= EMBED_LINKS;
        }
        if !draft.new_files.is_empty() {
            wanted |= ATTACH_FILES;
        }
        if draft.reference.is_some() {
            wanted |= READ_MESSAGE_HISTORY;
        }
        let found = self.allowed(channel, wanted)?;
        let archived = found.archived;
        if draft.enforce_nonce
            && let Some(same) = self.same_nonce(channel, &draft)
        {
            return Ok(Answer::ok(self.message_json(&self.messages[&same])));
        }
        if let Some(reference) = draft.reference
            && self.message(channel, reference).is_none()
            && content.json["message_reference"]["fail_if_not_exists"] != false
        {
            let mut form = super::refusal::Form::default();
            form.fault(
                "message_reference",
                "REPLIES_UNKNOWN_MESSAGE",
                "Unknown message",
            );
            form.done()?;
        }
        if archived {
            // Writing in it brings it back.
            self.set_archived(channel, false);
        }
        let id = self.post(
            channel,
            self.bot,
            draft,
            &["users", "roles", "everyone"],
            None,
        );
        let mut wire = self.message_json(&self.messages[&id]);
        if let Some(nonce) = &self.messages[&id].nonce {
            wire["nonce"] = nonce.clone();
        }
        Ok(Answer::ok(wire))
    }

    fn same_nonce(&self, channel: Id, draft: &Draft) -> Option<Id> {
        let nonce = draft.nonce.as_ref()?;
        let same = self.messages.values().find(|it| {
            it.channel == channel
                && it.author == self.bot
                && it.nonce.as_ref().map(plain) == Some(plain(nonce))
                && self.now() < it.at + NONCE_MILLISECONDS
        });
        same.map(|it| it.id)
    }

    /// Puts a message where people see it, and tells the bot of it.
    pub(crate) fn post(
        &mut self,
        channel: Id,
        author: Id,
        draft: Draft,
        parse: &[&str],
        interaction: Option<Id>,
    ) -> Id {
        let id = self.clock.snowflake();
        let text = Text {
            content: draft.content.unwrap_or_default(),
            embeds: draft.embeds.unwrap_or_default().iter().map(rich).collect(),
            components: draft.components.unwrap_or_default(),
        };
        let place = &self.channels[&channel];
        let rung = self.rung(place, &text.content, &draft.allowed_mentions, parse);
        let ephemeral = draft.flags & super::world::EPHEMERAL != 0;
        let only = interaction
            .filter(|_| ephemeral)
            .map(|id| self.interactions[&id].person);
        let first = interaction.and_then(|id| self.interactions.get(&id));
        let first = first.is_some_and(|it| it.kind == COMMAND && it.original.is_none());
        let kind = match (first, draft.reference) {
            (true, _) => 20,
            (false, Some(_)) => 19,
            (false, None) => 0,
        };
        let at = self.now();
        let revision = self.changed();
        let message = Message {
            id,
            kind,
            channel,
            author,
            text,
            past: Vec::new(),
            files: draft.new_files,
            flags: draft.flags,
            nonce: draft.nonce,
            rung,
            at,
            edited: None,
            reactions: Vec::new(),
            only,
            interaction,
            reference: draft.reference,
            deleted: false,
            revision,
        };
        self.messages.insert(id, message);
        if only.is_none() {
            self.channels.get_mut(&channel).unwrap().last_message = Some(id);
        }
        self.tell_message("MESSAGE_CREATE", id);
        id
    }

    /// Changes a message as the draft says.
    pub(crate) fn rewrite(&mut self, id: Id, draft: Draft, parse: &[&str]) {
        let now = self.now();
        let revision = self.changed();
        let before = self.messages[&id].clone();
        let mut text = before.text.clone();
        let rung = draft.content.as_ref().map(|content| {
            let place = &self.channels[&before.channel];
            self.rung(place, content, &draft.allowed_mentions, parse)
        });
        if let Some(content) = draft.content {
            text.content = content;
        }
        if let Some(embeds) = draft.embeds {
            text.embeds = embeds.iter().map(rich).collect();
        }
        if let Some(components) = draft.components {
            text.components = components;
        }
        let message = self.messages.get_mut(&id).unwrap();
        if let Some(kept) = draft.kept_files {
            message.files.retain(|file| kept.contains(&file.id));
        }
        message.files.extend(draft.new_files);
        if let Some(rung) = rung {
            message.rung = rung;
        }
        message.past.push((before.text, now));
        message.text = text;
        message.flags = draft.flags;
        message.edited = Some(now);
        message.revision = revision;
        self.tell_message("MESSAGE_UPDATE", id);
    }

    pub(crate) fn edit_message(
        &mut self,
        channel: Id,
        id: Id,
        content: &Content,
    ) -> Result<Answer, Refusal> {
        self.visible(channel)?;
        let before = self
            .message(channel, id)
            .ok_or_else(Refusal::unknown_message)?
            .clone();
        if before.author != self.bot {
            return Err(Refusal::new(
                403,
                50005,
                "Cannot edit a message authored by another user",
            ));
        }
        if before.only.is_some() {
            // It is there for its interaction only.
            return Err(Refusal::unknown_message());
        }
        self.active(channel)?;
        self.old_edit(before.at)?;
        let limit = self.file_limit(channel);
        let draft = self.draft(content, Way::Edit, Some(&before), limit)?;
        self.rewrite(id, draft, &["users", "roles", "everyone"]);
        Ok(Answer::ok(self.message_json(&self.messages[&id])))
    }

    /// Messages that are older than an hour may not be edited as often as one likes.
    fn old_edit(&mut self, at: u64) -> Result<(), Refusal> {
        if self.now() <= at + 3_600_000 {
            return Ok(());
        }
        if self.rates.old_edits == Some(0) {
            let message =
                "Maximum number of edits to messages older than 1 hour reached. Try again later";
            return Err(Refusal::new(429, 30046, message));
        }
        self.rates.old_edits = self.rates.old_edits.map(|left| left - 1);
        Ok(())
    }

    /// Nothing of an archived thread may be changed.
    pub(crate) fn active(&self, channel: Id) -> Result<(), Refusal> {
        if self.channels[&channel].archived {
            return Err(Refusal::new(400, 50083, "Thread is archived"));
        }
        Ok(())
    }

    pub(crate) fn get_message(&self, channel: Id, id: Id) -> Result<Answer, Refusal> {
        self.allowed(channel, READ_MESSAGE_HISTORY)?;
        let message = self.message(channel, id).filter(|it| it.only.is_none());
        let message = message.ok_or_else(Refusal::unknown_message)?;
        Ok(Answer::ok(self.message_json(message)))
    }

    pub(crate) fn get_messages(&self, channel: Id, call: &Call) -> Result<Answer, Refusal> {
        self.allowed(channel, READ_MESSAGE_HISTORY)?;
        let number = |name| {
            call.parameter(name)
                .and_then(|value| value.parse::<u64>().ok())
        };
        let limit = number("limit").unwrap_or(50);
        if !(1..=100).contains(&limit) {
            let mut form = super::refusal::Form::default();
            form.number("limit", &json!(limit), 1, 100);
            form.done()?;
        }
        let before = number("before").unwrap_or(u64::MAX);
        let after = number("after").unwrap_or(0);
        let messages = self.messages.values().filter(|it| {
            it.channel == channel
                && !it.deleted
                && it.only.is_none()
                && it.id < before
                && it.id > after
        });
        let limit = usize::try_from(limit).unwrap();
        let newest: Vec<Value> = if call.parameter("after").is_some() {
            let first: Vec<&Message> = messages.take(limit).collect();
            first.iter().rev().map(|it| self.message_json(it)).collect()
        } else {
            messages
                .rev()
                .take(limit)
                .map(|it| self.message_json(it))
                .collect()
        };
        Ok(Answer::ok(json!(newest)))
    }

    pub(crate) fn delete_message(&mut self, channel: Id, id: Id) -> Result<Answer, Refusal> {
        let found = self.visible(channel)?;
        let may = self.permissions(found, self.bot) & MANAGE_MESSAGES != 0;
        let message = self.message(channel, id).filter(|it| it.only.is_none());
        let message = message.ok_or_else(Refusal::unknown_message)?;
        if message.author != self.bot && !may {
            return Err(Refusal::missing_permissions());
        }
        self.remove_message(id);
        Ok(Answer::nothing())
    }

    pub(crate) fn remove_message(&mut self, id: Id) {
        let revision = self.changed();
        let message = self.messages.get_mut(&id).unwrap();
        message.deleted = true;
        message.revision = revision;
        let (channel, seen) = (message.channel, message.only.is_none());
        if seen {
            let guild = self.channels[&channel].guild;
            let intent = if guild.is_none() { 1 << 12 } else { 1 << 9 };
            let mut event = json!({ "id": id.to_string(), "channel_id": channel.to_string() });
            if let Some(guild) = guild {
                event["guild_id"] = json!(guild.to_string());
            }
            self.dispatch("MESSAGE_DELETE", &event, intent);
        }
    }
}

/// Two nonces are one, written as a text or as a number.
fn plain(nonce: &Value) -> String {
    nonce
        .as_str()
        .map_or_else(|| nonce.to_string(), ToOwned::to_owned)
}

/// An embed as it comes back.
fn rich(embed: &Value) -> Value {
    let mut embed = embed.clone();
    embed["type"] = json!("rich");
    embed["content_scan_version"] = json!(0);
    embed
}
