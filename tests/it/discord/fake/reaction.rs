//! Reactions: put and taken away.

use serde_json::json;

use super::permission::{ADD_REACTIONS, MANAGE_MESSAGES, READ_MESSAGE_HISTORY};
use super::refusal::Refusal;
use super::route::Answer;
use super::world::{Id, World};

impl World {
    /// `PUT` and `DELETE` of a reaction.
    pub(crate) fn reaction_by_bot(
        &mut self,
        method: &str,
        channel: Id,
        message: Id,
        emoji: &str,
        who: &str,
    ) -> Result<Answer, Refusal> {
        self.allowed(channel, READ_MESSAGE_HISTORY)?;
        let found = self.message(channel, message);
        if found.is_none_or(|it| it.only.is_some()) {
            return Err(Refusal::unknown_message());
        }
        self.active(channel)?;
        let emoji = decoded(emoji).filter(|emoji| is_emoji(emoji));
        let emoji = emoji.ok_or_else(|| Refusal::new(400, 10014, "Unknown Emoji"))?;
        match (method, who) {
            ("PUT", "@me") => {
                let there = self.messages[&message]
                    .reactions
                    .iter()
                    .any(|(it, _)| *it == emoji);
                if !there {
                    self.allowed(channel, ADD_REACTIONS)?;
                    if self.messages[&message].reactions.len() >= 20 {
                        let why = "Maximum number of reactions reached (20)";
                        return Err(Refusal::new(400, 30010, why));
                    }
                }
                self.react(message, &emoji, self.bot);
            }
            ("DELETE", "@me") => self.unreact(message, &emoji, self.bot),
            ("DELETE", user) => {
                let user = user.parse().map_err(|_| Refusal::not_found())?;
                self.allowed(channel, MANAGE_MESSAGES)?;
                self.unreact(message, &emoji, user);
            }
            _ => return Err(Refusal::method_not_allowed()),
        }
        Ok(Answer::nothing())
    }

    pub(crate) fn react(&mut self, id: Id, emoji: &str, user: Id) {
        let revision = self.changed();
        let message = self.messages.get_mut(&id).unwrap();
        message.revision = revision;
        let found = message.reactions.iter_mut().find(|(it, _)| it == emoji);
        match found {
            Some((_, who)) if who.contains(&user) => return,
            Some((_, who)) => who.push(user),
            None => message.reactions.push((emoji.to_owned(), vec![user])),
        }
        self.tell_reaction("MESSAGE_REACTION_ADD", id, emoji, user);
    }

    pub(crate) fn unreact(&mut self, id: Id, emoji: &str, user: Id) {
        let revision = self.changed();
        let message = self.messages.get_mut(&id).unwrap();
        message.revision = revision;
        for (it, who) in &mut message.reactions {
            if it == emoji {
                who.retain(|it| *it != user);
            }
        }
        message.reactions.retain(|(_, who)| !who.is_empty());
        self.tell_reaction("MESSAGE_REACTION_REMOVE", id, emoji, user);
    }

    fn tell_reaction(&mut self, event: &str, id: Id, emoji: &str, user: Id) {
        let message = &self.messages[&id];
        let channel = &self.channels[&message.channel];
        let mut wire = json!({
            "user_id": user.to_string(),
            "channel_id": channel.id.to_string(),
            "message_id": id.to_string(),
            "message_author_id": message.author.to_string(),
            "emoji": { "id": null, "name": emoji },
            "burst": false,
            "type": 0,
        });
        let mut intent = 1 << 13;
        if let Some(guild) = channel.guild {
            intent = 1 << 10;
            wire["guild_id"] = json!(guild.to_string());
            if event == "MESSAGE_REACTION_ADD" {
                wire["member"] = json!(self.member_json(guild, user));
            }
        }
        self.dispatch(event, &wire, intent);
    }
}

/// The text of a part of a path; none where it is not encoded as it should be.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?.to_owned();
            bytes.push(u8::from_str_radix(&digits, 16).ok()?);
        } else if byte.is_ascii() {
            bytes.push(byte);
        } else {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

/// One sign, with what may go with it: not a word, and nothing of ASCII but the digits of keycaps.
fn is_emoji(text: &str) -> bool {
    let few = (1..=10).contains(&text.chars().count());
    few && !text.is_ascii() && !text.chars().any(char::is_alphabetic)
}
