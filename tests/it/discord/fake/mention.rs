//! Whom a text rings, and the rules of `allowed_mentions`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::permission::MENTION_EVERYONE;
use super::refusal::Form;
use super::world::{Channel, Id, World};

/// Those that a message rings.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rung {
    pub(crate) users: Vec<Id>,
    pub(crate) roles: Vec<Id>,
    pub(crate) everyone: bool,
}

pub(crate) fn check(form: &mut Form, value: &Value) {
    if value.is_null() {
        return;
    }
    let path = "allowed_mentions";
    let parse = form.list("allowed_mentions.parse", &value["parse"], 3);
    for (number, it) in parse.iter().enumerate() {
        if !matches!(it.as_str(), Some("users" | "roles" | "everyone")) {
            let path = format!("allowed_mentions.parse.{number}");
            form.choices(&path, "('users', 'roles', 'everyone')");
        }
    }
    for key in ["users", "roles"] {
        let key_path = format!("{path}.{key}");
        let list = form.list(&key_path, &value[key], 100);
        for (number, it) in list.iter().enumerate() {
            form.snowflake(&format!("{key_path}.{number}"), it);
        }
        if !list.is_empty() && parse.contains(&json!(key)) {
            let message = format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive.");
            form.fault(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
        }
    }
    form.boolean("allowed_mentions.replied_user", &value["replied_user"]);
}

impl World {
    /// Whom `content` rings, with what is allowed, or by default with `parse`.
    pub(crate) fn rung(
        &self,
        channel: &Channel,
        content: &str,
        allowed: &Value,
        parse: &[&str],
    ) -> Rung {
        static MENTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<@(&|!)?(\d+)>").unwrap());
        let all = |key: &str| {
            if allowed.is_null() {
                parse.contains(&key)
            } else {
                allowed["parse"]
                    .as_array()
                    .is_some_and(|list| list.contains(&json!(key)))
            }
        };
        let named = |key: &str, id: Id| {
            let list = allowed[key].as_array();
            list.is_some_and(|list| list.contains(&json!(id.to_string())))
        };
        let may_all = self.permissions(channel, self.bot) & MENTION_EVERYONE != 0;
        let guild = channel.guild.map(|guild| &self.guilds[&guild]);
        let mut rung = Rung::default();
        for found in MENTION.captures_iter(content) {
            let Ok(id) = found[2].parse::<Id>() else {
                continue;
            };
            if found.get(1).is_some_and(|mark| mark.as_str() == "&") {
                let roles = guild.into_iter().flat_map(|guild| &guild.roles);
                let known = roles
                    .into_iter()
                    .any(|role| role.id == id && (role.mentionable || may_all));
                if known && (all("roles") || named("roles", id)) && !rung.roles.contains(&id) {
                    rung.roles.push(id);
                }
            } else if self.users.contains_key(&id)
                && (all("users") || named("users", id))
                && !rung.users.contains(&id)
            {
                rung.users.push(id);
            }
        }
        let everyone = content.contains("@everyone") || content.contains("@here");
        rung.everyone = everyone && all("everyone") && may_all;
        rung
    }
}
