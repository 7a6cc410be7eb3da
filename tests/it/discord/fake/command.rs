//! Application commands: what may be registered, and what is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::refusal::{Form, Refusal};
use super::route::Answer;
use super::slash;
use super::world::{Id, World};

/// Creations in a day, in one scope.
const A_DAY: usize = 200;

impl World {
    pub(crate) fn commands(
        &mut self,
        method: &str,
        application: Id,
        rest: &[&str],
        body: &Value,
    ) -> Result<Answer, Refusal> {
        if application != self.application {
            let message = "You are not authorized to perform this action on this application";
            return Err(Refusal::new(403, 20012, message));
        }
        let (scope, rest) = match rest {
            ["guilds", guild, rest @ ..] => {
                let guild = guild.parse().map_err(|_| Refusal::not_found())?;
                let known = self.guilds.get(&guild);
                if !known.is_some_and(|it| it.members.contains_key(&self.bot)) {
                    return Err(Refusal::missing_access());
                }
                (Some(guild), rest)
            }
            rest => (None, rest),
        };
        match (method, rest) {
            ("GET", ["commands"]) => Ok(Answer::ok(json!(self.registered(scope)))),
            ("PUT", ["commands"]) => self.overwrite(scope, body),
            ("POST", ["commands"]) => {
                let mut form = Form::default();
                slash::command(&mut form, "", body, scope.is_some());
                form.done()?;
                let made = self.make(scope, body)?;
                let commands = self.commands.entry(scope).or_default();
                commands.retain(|it| it["id"] != made["id"]);
                commands.push(made.clone());
                Ok(Answer::json(201, made))
            }
            ("DELETE", ["commands", id]) => {
                let commands = self.commands.entry(scope).or_default();
                let before = commands.len();
                commands.retain(|it| it["id"] != *id);
                if commands.len() == before {
                    return Err(Refusal::new(404, 10063, "Unknown application command"));
                }
                Ok(Answer::nothing())
            }
            (_, ["commands", ..]) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::not_found()),
        }
    }

    pub(crate) fn registered(&self, scope: Option<Id>) -> Vec<Value> {
        self.commands.get(&scope).cloned().unwrap_or_default()
    }

    /// All of a scope in one go: those that are not in it any more go.
    fn overwrite(&mut self, scope: Option<Id>, body: &Value) -> Result<Answer, Refusal> {
        let mut form = Form::default();
        let Some(list) = body.as_array() else {
            form.fault(
                "",
                "LIST_TYPE_CONVERT",
                "Only iterables may be used in a ListType",
            );
            return Err(form.done().unwrap_err());
        };
        let mut names = BTreeSet::new();
        for (number, it) in list.iter().enumerate() {
            slash::command(&mut form, &number.to_string(), it, scope.is_some());
            if !names.insert((kind(it), it["name"].as_str())) {
                let message = "Application command names must be unique";
                form.fault(
                    &number.to_string(),
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    message,
                );
            }
        }
        form.done()?;
        for (wanted, most) in [(1, 100), (2, 15), (3, 15)] {
            if list.iter().filter(|it| kind(it) == wanted).count() > most {
                let message = format!("Maximum number of application commands reached ({most})");
                return Err(Refusal::new(400, 30032, &message));
            }
        }
        let made: Result<Vec<Value>, Refusal> =
            list.iter().map(|it| self.make(scope, it)).collect();
        let made = made?;
        self.commands.insert(scope, made.clone());
        self.changed();
        Ok(Answer::ok(json!(made)))
    }

    /// The command as it is kept: a new one counts, one of the same name keeps its id.
    fn make(&mut self, scope: Option<Id>, body: &Value) -> Result<Value, Refusal> {
        let kept = self.commands.get(&scope).into_iter().flatten();
        let same = kept
            .into_iter()
            .find(|it| it["name"] == body["name"] && kind(it) == kind(body));
        let same = same.map(|it| it["id"].clone());
        let now = self.now();
        let id = if let Some(id) = same {
            id
        } else {
            let made = self.made.entry(scope).or_default();
            made.retain(|at| at + 86_400_000 > now);
            if made.len() >= A_DAY {
                let message =
                    "Max number of daily application command creates has been reached (200)";
                return Err(Refusal::new(400, 30034, message));
            }
            made.push(now);
            json!(self.clock.snowflake().to_string())
        };
        let mut made = body.as_object().cloned().unwrap_or_default();
        let defaults = [
            ("type", json!(1)),
            ("description", json!("")),
            ("default_member_permissions", Value::Null),
            ("dm_permission", json!(true)),
            ("nsfw", json!(false)),
            ("name_localizations", Value::Null),
            ("description_localizations", Value::Null),
        ];
        for (key, value) in defaults {
            made.entry(key).or_insert(value);
        }
        made.insert("id".to_owned(), id);
        made.insert(
            "application_id".to_owned(),
            json!(self.application.to_string()),
        );
        made.insert(
            "version".to_owned(),
            json!(self.clock.snowflake().to_string()),
        );
        if let Some(guild) = scope {
            made.insert("guild_id".to_owned(), json!(guild.to_string()));
        } else {
            made.entry("integration_types").or_insert(json!([0]));
            made.entry("contexts").or_insert(Value::Null);
        }
        Ok(Value::Object(made))
    }
}

fn kind(command: &Value) -> u64 {
    command["type"].as_u64().unwrap_or(1)
}
