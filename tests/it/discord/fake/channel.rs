//! Channels and threads: read, changed, started, archived.

use serde_json::{Value, json};

use super::permission::{
    CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, MANAGE_CHANNELS, MANAGE_ROLES, MANAGE_THREADS,
    Overwrite, SEND_MESSAGES,
};
use super::refusal::{Form, Refusal};
use super::route::Answer;
use super::world::{HAS_THREAD, Id, PRIVATE_THREAD, PUBLIC_THREAD, TEXT, World};

impl World {
    pub(crate) fn get_channel(&self, channel: Id) -> Result<Answer, Refusal> {
        self.visible(channel)?;
        Ok(Answer::ok(self.channel_json(channel)))
    }

    pub(crate) fn typing(&self, channel: Id) -> Result<Answer, Refusal> {
        self.allowed(channel, SEND_MESSAGES)?;
        Ok(Answer::nothing())
    }

    /// Whether the bot may unarchive a locked thread and write in it.
    pub(crate) fn may_lock(&self, channel: Id) -> bool {
        self.permissions(&self.channels[&channel], self.bot) & MANAGE_THREADS != 0
    }

    pub(crate) fn edit_channel(&mut self, channel: Id, body: &Value) -> Result<Answer, Refusal> {
        let found = self.visible(channel)?;
        let mut form = Form::default();
        form.optional_text("name", &body["name"], 1, 100);
        form.optional_text("topic", &body["topic"], 0, 1024);
        auto_archive(&mut form, &body["auto_archive_duration"]);
        form.boolean("archived", &body["archived"]);
        form.boolean("locked", &body["locked"]);
        let thread = found.is_thread();
        let (archived, locked, owner) = (found.archived, found.locked, found.owner);
        form.done()?;
        if !thread {
            self.allowed(channel, MANAGE_CHANNELS)?;
        } else if !self.may_lock(channel) {
            let opens =
                body["archived"] == false && body.as_object().is_some_and(|body| body.len() == 1);
            if owner != self.bot && (locked || !opens) {
                return Err(Refusal::missing_permissions());
            }
        }
        if archived && body["archived"] != false {
            return Err(Refusal::new(400, 50083, "Thread is archived"));
        }
        let now = self.now();
        let it = self.channels.get_mut(&channel).unwrap();
        if let Some(name) = body["name"].as_str() {
            name.clone_into(&mut it.name);
        }
        if let Some(minutes) = body["auto_archive_duration"].as_u64() {
            it.auto_archive = minutes;
            it.archived_at = now;
        }
        if let Some(locked) = body["locked"].as_bool() {
            it.locked = locked;
        }
        match body["archived"].as_bool() {
            Some(archived) => self.set_archived(channel, archived),
            None => self.tell_channel(channel),
        }
        Ok(Answer::ok(self.channel_json(channel)))
    }

    pub(crate) fn set_archived(&mut self, channel: Id, archived: bool) {
        let now = self.now();
        let it = self.channels.get_mut(&channel).unwrap();
        it.archived = archived;
        it.archived_at = now;
        self.tell_channel(channel);
    }

    /// Tells that a channel is other than it was.
    pub(crate) fn tell_channel(&mut self, channel: Id) {
        let event = if self.channels[&channel].is_thread() {
            "THREAD_UPDATE"
        } else {
            "CHANNEL_UPDATE"
        };
        let wire = self.channel_json(channel);
        self.dispatch(event, &wire, 1);
        self.changed();
    }

    pub(crate) fn delete_channel(&mut self, channel: Id) -> Result<Answer, Refusal> {
        let thread = self.visible(channel)?.is_thread();
        self.allowed(
            channel,
            if thread {
                MANAGE_THREADS
            } else {
                MANAGE_CHANNELS
            },
        )?;
        let wire = self.channel_json(channel);
        self.remove_channel(channel);
        Ok(Answer::ok(wire))
    }

    /// It is gone, with its threads.
    pub(crate) fn remove_channel(&mut self, channel: Id) {
        let threads = self
            .channels
            .values()
            .filter(|it| it.parent == Some(channel));
        let threads: Vec<Id> = threads.map(|it| it.id).collect();
        for id in threads.into_iter().chain([channel]) {
            let wire = self.channel_json(id);
            let gone = self.channels.remove(&id).unwrap();
            if gone.is_thread() {
                let wire = json!({
                    "id": wire["id"], "guild_id": wire["guild_id"], "parent_id": wire["parent_id"], "type": gone.kind,
                });
                self.dispatch("THREAD_DELETE", &wire, 1);
            } else {
                self.dispatch("CHANNEL_DELETE", &wire, 1);
            }
            self.messages.retain(|_, message| message.channel != id);
        }
        self.changed();
    }

    pub(crate) fn edit_permissions(
        &mut self,
        channel: Id,
        target: Id,
        body: &Value,
    ) -> Result<Answer, Refusal> {
        let found = self.allowed(channel, MANAGE_ROLES)?;
        if found.kind != TEXT {
            return Err(Refusal::new(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let mine = self.permissions(found, self.bot);
        let mut form = Form::default();
        let bits = |form: &mut Form, key: &str| match &body[key] {
            Value::Null => 0,
            value => form.snowflake(key, value).unwrap_or(0),
        };
        let (allow, deny) = (bits(&mut form, "allow"), bits(&mut form, "deny"));
        let kind = match body["type"].as_u64() {
            Some(0) => 0,
            Some(1) => 1,
            _ => {
                form.choices("type", "(0, 1)");
                0
            }
        };
        form.done()?;
        if (allow | deny) & !mine != 0 {
            return Err(Refusal::missing_permissions());
        }
        let it = self.channels.get_mut(&channel).unwrap();
        it.overwrites.retain(|it| it.id != target);
        it.overwrites.push(Overwrite {
            id: target,
            kind,
            allow,
            deny,
        });
        self.tell_channel(channel);
        Ok(Answer::nothing())
    }

    /// A thread from a message, or by itself.
    pub(crate) fn start_thread(
        &mut self,
        channel: Id,
        from: Option<Id>,
        body: &Value,
    ) -> Result<Answer, Refusal> {
        let found = self.visible(channel)?;
        if found.kind != TEXT {
            return Err(Refusal::new(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let guild = found.guild;
        let mut form = Form::default();
        form.required_text("name", &body["name"], 1, 100);
        auto_archive(&mut form, &body["auto_archive_duration"]);
        form.number(
            "rate_limit_per_user",
            &body["rate_limit_per_user"],
            0,
            21_600,
        );
        let kind = match (from, body["type"].as_u64()) {
            (Some(_), _) | (None, Some(11)) => PUBLIC_THREAD,
            (None, None | Some(12)) => PRIVATE_THREAD,
            (None, Some(_)) => {
                form.choices("type", "(10, 11, 12)");
                PUBLIC_THREAD
            }
        };
        form.done()?;
        let wanted = if kind == PUBLIC_THREAD {
            CREATE_PUBLIC_THREADS
        } else {
            CREATE_PRIVATE_THREADS
        };
        self.allowed(channel, wanted)?;
        let mut thread = self.channel(kind, guild, body["name"].as_str().unwrap_or_default());
        if let Some(from) = from {
            let message = self.message(channel, from).filter(|it| it.only.is_none());
            if message.is_none() {
                return Err(Refusal::unknown_message());
            }
            if self.messages[&from].flags & HAS_THREAD != 0 {
                return Err(Refusal::new(
                    400,
                    160_004,
                    "A thread has already been created for this message",
                ));
            }
            thread.id = from;
        }
        thread.parent = Some(channel);
        thread.auto_archive = body["auto_archive_duration"].as_u64().unwrap_or(4320);
        thread.members = vec![self.bot];
        let id = self.add_channel(thread);
        if let Some(from) = from {
            let revision = self.changed();
            let message = self.messages.get_mut(&from).unwrap();
            message.flags |= HAS_THREAD;
            message.revision = revision;
            self.tell_message("MESSAGE_UPDATE", from);
        }
        Ok(Answer::json(201, self.channel_json(id)))
    }

    pub(crate) fn add_thread_member(&mut self, channel: Id, user: Id) -> Result<Answer, Refusal> {
        let found = self.visible(channel)?;
        if !found.is_thread() {
            return Err(Refusal::new(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        self.active(channel)?;
        let members = &mut self.channels.get_mut(&channel).unwrap().members;
        if !members.contains(&user) {
            members.push(user);
        }
        Ok(Answer::nothing())
    }
}

fn auto_archive(form: &mut Form, value: &Value) {
    if !value.is_null() && !matches!(value.as_u64(), Some(60 | 1440 | 4320 | 10_080)) {
        form.choices("auto_archive_duration", "(60, 1440, 4320, 10080)");
    }
}
