//! What a person does, as Discord's own client lets them do it: the interaction that comes of it, or why there is none.

use serde_json::{Map, Value, json};

use super::component::{BUTTON, STRING_SELECT};
use super::interaction::{AUTOCOMPLETE, COMMAND, COMPONENT, Interaction, MODAL_SUBMIT};
use super::modal::{FILE_UPLOAD, LABEL};
use super::permission::{USE_APPLICATION_COMMANDS, VIEW_CHANNEL};
use super::typed;
use super::wire::member_without_user;
use super::world::{Id, Message, World};

/// Why the client does not let a person do something.
pub(crate) type Refused = String;

impl World {
    /// A command with its options, or its completion where one of them is being typed.
    pub(crate) fn command(
        &mut self,
        person: Id,
        channel: Id,
        line: &str,
        options: &[(&str, Value)],
        focused: Option<(&str, &str)>,
    ) -> Result<Id, Refused> {
        self.sees(person, channel)?;
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let found = self.offered(person, channel, name)?;
        let (path, level) = typed::subcommand(&found, words)?;
        let mut resolved = json!({});
        let mut sent = typed::options(self, level, options, focused, &mut resolved)?;
        for (kind, name) in path.iter().rev() {
            sent = vec![json!({ "type": kind, "name": name, "options": sent })];
        }
        let mut data = json!({ "id": found["id"], "name": found["name"], "type": 1 });
        if !sent.is_empty() {
            data["options"] = json!(sent);
        }
        if resolved != json!({}) {
            data["resolved"] = resolved;
        }
        if let Some(guild) = found.get("guild_id") {
            data["guild_id"] = guild.clone();
        }
        let kind = if focused.is_some() {
            AUTOCOMPLETE
        } else {
            COMMAND
        };
        let id = self.interact(person, channel, kind, &data, None);
        let it = self.interactions.get_mut(&id).unwrap();
        let names: Vec<&str> = path.iter().map(|(_, name)| name.as_str()).collect();
        it.name = Some([&[name], names.as_slice()].concat().join(" "));
        if let Some((name, _)) = focused {
            let option = level.iter().find(|it| it["name"] == name);
            it.focused = option.and_then(|it| it["type"].as_u64()).unwrap_or(3);
        }
        Ok(id)
    }

    /// The command of this name that this person is offered there.
    pub(crate) fn offered(&self, person: Id, channel: Id, name: &str) -> Result<Value, Refused> {
        let place = &self.channels[&channel];
        let of_guild = place
            .guild
            .and_then(|guild| self.commands.get(&Some(guild)));
        let everywhere = self.commands.get(&None);
        let mut all = of_guild.into_iter().chain(everywhere).flatten();
        let locale = &self.users[&person].locale;
        let found = all.find(|it| {
            it["type"] == 1 && (it["name"] == name || it["name_localizations"][locale] == name)
        });
        let found = found.ok_or_else(|| format!("there is no command /{name}"))?;
        let contexts = found["contexts"].as_array();
        let context = json!(u8::from(place.guild.is_none()));
        if contexts.is_some_and(|contexts| !contexts.contains(&context)) {
            return Err(format!("/{name} is not offered here"));
        }
        if place.guild.is_some() {
            let mine = self.permissions(place, person);
            let needed = found["default_member_permissions"].as_str();
            let needed = needed.and_then(|text| text.parse::<u64>().ok());
            let needed = match needed {
                // Nobody but those who may everything.
                Some(0) => super::permission::ALL,
                needed => needed.unwrap_or(0),
            };
            if mine & USE_APPLICATION_COMMANDS == 0 || mine & needed != needed {
                return Err(format!("/{name} is not offered to this person"));
            }
        }
        if place.archived {
            return Err("commands cannot be used in an archived thread".to_owned());
        }
        Ok(found.clone())
    }

    pub(crate) fn sees(&self, person: Id, channel: Id) -> Result<(), Refused> {
        let place = self.channels.get(&channel).ok_or("the channel is gone")?;
        if self.permissions(place, person) & VIEW_CHANNEL == 0 {
            return Err("this person does not see the channel".to_owned());
        }
        Ok(())
    }

    fn seen_message(&self, person: Id, message: Id) -> Result<&Message, Refused> {
        let found = self.messages.get(&message).filter(|it| !it.deleted);
        let found = found.ok_or("the message is gone")?;
        self.sees(person, found.channel)?;
        if found.only.is_some_and(|only| only != person) {
            return Err("the message is for somebody else".to_owned());
        }
        Ok(found)
    }

    /// A button, by its label or its custom id.
    pub(crate) fn press(&mut self, person: Id, message: Id, which: &str) -> Result<Id, Refused> {
        let found = self.seen_message(person, message)?;
        let button = components(&found.text.components)
            .into_iter()
            .find(|it| it["type"] == BUTTON && (it["custom_id"] == which || it["label"] == which))
            .ok_or_else(|| format!("there is no button {which:?}"))?;
        if button["disabled"] == true {
            return Err(format!("the button {which:?} is disabled"));
        }
        if button["custom_id"].is_null() {
            return Err(format!("the button {which:?} is a link"));
        }
        let data =
            json!({ "component_type": 2, "custom_id": button["custom_id"], "id": button["id"] });
        let channel = found.channel;
        Ok(self.interact(person, channel, COMPONENT, &data, Some(message)))
    }

    /// Values of a menu, by its custom id or its placeholder.
    pub(crate) fn select(
        &mut self,
        person: Id,
        message: Id,
        which: &str,
        values: &[&str],
    ) -> Result<Id, Refused> {
        let found = self.seen_message(person, message)?;
        let menu = components(&found.text.components)
            .into_iter()
            .find(|it| {
                it["type"] == STRING_SELECT
                    && (it["custom_id"] == which || it["placeholder"] == which)
            })
            .ok_or_else(|| format!("there is no menu {which:?}"))?;
        typed::selected(&menu, values)?;
        let data = json!({ "component_type": 3, "custom_id": menu["custom_id"], "id": menu["id"], "values": values });
        let channel = found.channel;
        Ok(self.interact(person, channel, COMPONENT, &data, Some(message)))
    }

    /// The modal that an interaction opened, filled in.
    pub(crate) fn submit(&mut self, opened: Id, values: &[(&str, Value)]) -> Result<Id, Refused> {
        let it = self.interactions[&opened].clone();
        let modal = it.modal.ok_or("no modal is open")?;
        let mut rest: Vec<&str> = values.iter().map(|(id, _)| *id).collect();
        let mut resolved = json!({});
        let mut filled = Vec::new();
        for (number, outer) in modal["components"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let label = outer["type"] == LABEL;
            let inner = if label {
                &outer["component"]
            } else {
                &outer["components"][0]
            };
            if inner.is_null() {
                filled.push(json!({ "type": outer["type"], "id": number * 2 + 1 }));
                continue;
            }
            let given = values
                .iter()
                .find(|(id, _)| inner["custom_id"] == *id)
                .map(|(_, value)| value);
            rest.retain(|id| inner["custom_id"] != *id);
            let mut sent = typed::field(self, inner, given, &mut resolved)?;
            sent["id"] = json!(number * 2 + 2);
            let id = number * 2 + 1;
            filled.push(if label {
                json!({ "type": LABEL, "id": id, "component": sent })
            } else {
                json!({ "type": 1, "id": id, "components": [sent] })
            });
        }
        if !rest.is_empty() {
            return Err(format!("the modal has no {rest:?}"));
        }
        let mut data = json!({ "custom_id": modal["custom_id"], "components": filled });
        if resolved != json!({}) {
            data["resolved"] = resolved;
        }
        let id = self.interact(it.person, it.channel, MODAL_SUBMIT, &data, it.message);
        // A modal is sent once.
        self.interactions.get_mut(&opened).unwrap().modal = None;
        Ok(id)
    }

    /// Tells the bot of what somebody did.
    fn interact(
        &mut self,
        person: Id,
        channel: Id,
        kind: u8,
        data: &Value,
        message: Option<Id>,
    ) -> Id {
        let id = self.clock.snowflake();
        let place = &self.channels[&channel];
        let guild = place.guild;
        // As long as real ones.
        let token = format!("interaction:{id}:{}", "jeton-de-la-fausse-".repeat(6));
        let token = data_encoding::BASE64URL_NOPAD.encode(token.as_bytes());
        let mut channel_wire = self.channel_json(channel);
        channel_wire["permissions"] = json!(self.permissions(place, person).to_string());
        let mut wire = json!({
            "id": id.to_string(),
            "application_id": self.application.to_string(),
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "channel_id": channel.to_string(),
            "channel": channel_wire,
            "locale": self.users[&person].locale,
            "app_permissions": self.permissions(place, self.bot).to_string(),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": self.file_limit(channel),
        });
        if let Some(guild) = guild {
            let mut member = member_without_user(&self.guilds[&guild].members[&person]);
            member["user"] = self.user_json(person);
            member["permissions"] = json!(self.permissions(place, person).to_string());
            wire["member"] = member;
            wire["guild_id"] = json!(guild.to_string());
            wire["guild"] = json!({ "id": guild.to_string(), "locale": "fr", "features": [] });
            wire["guild_locale"] = json!("fr");
            wire["context"] = json!(0);
            wire["authorizing_integration_owners"] = json!({ "0": guild.to_string() });
        } else {
            wire["user"] = self.user_json(person);
            wire["context"] = json!(1);
            wire["authorizing_integration_owners"] = json!({ "0": "0" });
        }
        if let Some(message) = message.and_then(|id| self.messages.get(&id)) {
            wire["message"] = self.message_json(message);
        }
        let it = Interaction {
            id,
            token,
            kind,
            person,
            guild,
            channel,
            at: self.now(),
            name: None,
            message,
            focused: 3,
            answered: None,
            original: None,
            choices: None,
            modal: None,
            followups: Vec::new(),
        };
        self.interactions.insert(id, it);
        self.changed();
        self.dispatch("INTERACTION_CREATE", &wire, 0);
        id
    }
}

/// All that can be used in rows, layouts and sections.
pub(crate) fn components(list: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for it in list {
        let inner = it["components"].as_array().map(Vec::as_slice);
        all.extend(components(inner.unwrap_or_default()));
        all.extend(it.get("accessory").cloned());
        if inner.is_none() {
            all.push(it.clone());
        }
    }
    all
}

/// What stands beside the values of options: the files, people, roles and channels that they name.
pub(crate) fn resolve(world: &World, resolved: &mut Value, kind: u64, id: Id) {
    let mut put = |table: &str, wire: Value| {
        let table = &mut resolved[table];
        if table.is_null() {
            *table = Value::Object(Map::new());
        }
        table[id.to_string()] = wire;
    };
    match kind {
        6 => put("users", world.user_json(id)),
        7 => {
            let mut wire = world.channel_json(id);
            wire["permissions"] = json!(super::permission::ALL.to_string());
            put("channels", wire);
        }
        _ if kind == 11 || kind == FILE_UPLOAD => {
            put(
                "attachments",
                world.attachment_json(world.bot, &world.chosen[&id]),
            );
        }
        _ => {}
    }
}
