//! A message that somebody wants to send or to edit, held to the rules.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::body::Content;
use super::refusal::{Form, Refusal};
use super::world::{
    COMPONENTS_V2, EPHEMERAL, File, Id, Message, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, Text,
    World,
};
use super::{component, embed, mention};

/// What a message is sent as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    /// By the bot, in a channel.
    Channel,
    /// As an answer to an interaction, where it may be for one person.
    Interaction,
    /// In the place of what is there.
    Edit,
}

/// A message that holds to the rules. What is none is not mentioned, which an edit leaves as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) content: Option<String>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) new_files: Vec<File>,
    /// Of an edit: those of before that stay.
    pub(crate) kept_files: Option<Vec<Id>>,
    pub(crate) flags: u64,
    pub(crate) nonce: Option<Value>,
    pub(crate) enforce_nonce: bool,
    pub(crate) allowed_mentions: Value,
    pub(crate) reference: Option<Id>,
}

impl World {
    /// Checks a body. `before` is the message of an edit, `limit` the largest file.
    pub(crate) fn draft(
        &mut self,
        body: &Content,
        way: Way,
        before: Option<&Message>,
        limit: usize,
    ) -> Result<Draft, Refusal> {
        let json = &body.json;
        if !json.is_object() && !json.is_null() {
            return Err(Refusal::new(400, 50035, "Invalid Form Body"));
        }
        let mut form = Form::default();
        form.optional_text("content", &json["content"], 0, 2000);
        embed::check(&mut form, "embeds", &json["embeds"]);
        mention::check(&mut form, &json["allowed_mentions"]);
        form.boolean("tts", &json["tts"]);
        form.boolean("enforce_nonce", &json["enforce_nonce"]);
        nonce(&mut form, &json["nonce"]);
        let flags = flags(
            &mut form,
            &json["flags"],
            way,
            before.map_or(0, |it| it.flags),
        );
        let layout = flags & COMPONENTS_V2 != 0;
        component::check(&mut form, "components", &json["components"], layout);
        if layout {
            for key in ["content", "embeds"] {
                if !json[key].is_null() && json[key] != json!([]) {
                    let message = "The content and embeds fields cannot be used when using MessageFlags.IS_COMPONENTS_V2";
                    form.fault(
                        key,
                        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                        message,
                    );
                }
            }
        }
        let kept_files = attachments(&mut form, body, before);
        let reference = match &json["message_reference"] {
            Value::Null => None,
            reference => form.snowflake("message_reference.message_id", &reference["message_id"]),
        };
        for unknown in ["poll", "sticker_ids", "shared_client_theme"] {
            if !json[unknown].is_null() {
                let violation = format!("{unknown}: the fake does not know what is refused of it");
                self.records.violations.push(violation);
            }
        }
        form.done()?;
        if body.files.len() + kept_files.as_ref().map_or(0, Vec::len) > 10 {
            let message = "Maximum number of attachments in a message reached (10)";
            return Err(Refusal::new(400, 30015, message));
        }
        if body.files.iter().any(|file| file.content.len() > limit) {
            return Err(Refusal::too_large());
        }
        let list = |key: &str| match &json[key] {
            Value::Array(list) => Some(list.clone()),
            Value::Null if json.get(key).is_some() => Some(Vec::new()),
            _ => None,
        };
        let content = match &json["content"] {
            Value::String(text) => Some(text.trim().to_owned()),
            _ => json.get("content").map(|_| String::new()),
        };
        let draft = Draft {
            content,
            embeds: list("embeds"),
            components: list("components").map(|mut list| {
                number(&mut list, &mut 1);
                list
            }),
            new_files: self.files(body, flags & EPHEMERAL != 0),
            kept_files,
            flags,
            nonce: json.get("nonce").filter(|nonce| !nonce.is_null()).cloned(),
            enforce_nonce: json["enforce_nonce"] == true,
            allowed_mentions: json["allowed_mentions"].clone(),
            reference,
        };
        if draft.empty_after(before) {
            return Err(Refusal::empty_message());
        }
        Ok(draft)
    }

    fn files(&mut self, body: &Content, ephemeral: bool) -> Vec<File> {
        let mut files = Vec::new();
        for part in &body.files {
            let listed = body.json["attachments"].as_array().into_iter().flatten();
            let mut listed = listed.filter(|it| same(&it["id"], part.number));
            let listed = listed.next().cloned().unwrap_or_default();
            let name = listed["filename"].as_str().unwrap_or(&part.name);
            files.push(File {
                id: self.clock.snowflake(),
                name: safe(name),
                kind: part
                    .kind
                    .clone()
                    .unwrap_or_else(|| "application/octet-stream".to_owned()),
                description: listed["description"].as_str().map(ToOwned::to_owned),
                content: part.content.clone(),
                ephemeral,
            });
        }
        files
    }
}

impl Draft {
    /// Whether nothing would be left to see.
    fn empty_after(&self, before: Option<&Message>) -> bool {
        let none = Text::default();
        let text = before.map_or(&none, |it| &it.text);
        let content = self.content.as_ref().unwrap_or(&text.content);
        let embeds = self.embeds.as_ref().unwrap_or(&text.embeds);
        let components = self.components.as_ref().unwrap_or(&text.components);
        let files = before.map_or(0, |it| it.files.len());
        let kept = self.kept_files.as_ref().map_or(files, Vec::len);
        content.is_empty()
            && embeds.is_empty()
            && components.is_empty()
            && kept + self.new_files.len() == 0
    }
}

/// Discord numbers the components that have no number.
fn number(list: &mut [Value], next: &mut u64) {
    for it in list {
        if it["id"].as_u64().unwrap_or(0) == 0 {
            it["id"] = json!(next);
        }
        *next += 1;
        if let Some(inner) = it.get_mut("components").and_then(Value::as_array_mut) {
            number(inner, next);
        }
    }
}

fn nonce(form: &mut Form, value: &Value) {
    match value {
        Value::Null => {}
        Value::Number(number) if number.is_i64() || number.is_u64() => {}
        Value::String(text) if text.chars().count() > 25 => {
            form.fault(
                "nonce",
                "NONCE_TYPE_TOO_LONG",
                "Must be 25 or fewer in length.",
            );
        }
        Value::String(_) => {}
        Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            form.fault(
                "nonce",
                "NONCE_TYPE_COERCE",
                "Value is neither a string nor an integer.",
            );
        }
    }
}

fn flags(form: &mut Form, value: &Value, way: Way, before: u64) -> u64 {
    let wanted = form.number("flags", value, 0, 1 << 53);
    let wanted = wanted
        .and_then(|wanted| u64::try_from(wanted).ok())
        .unwrap_or(0);
    let may = match way {
        Way::Channel => SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2,
        Way::Interaction => SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2 | EPHEMERAL,
        // What was set may be said again, and changes nothing.
        Way::Edit => SUPPRESS_EMBEDS | COMPONENTS_V2 | before,
    };
    if wanted & !may != 0 {
        form.fault("flags", "MESSAGE_FLAGS_INVALID", "Invalid message flags.");
    }
    if way == Way::Edit {
        before | wanted & COMPONENTS_V2
    } else {
        wanted
    }
}

fn same(value: &Value, number: u64) -> bool {
    value.as_u64() == Some(number) || value.as_str() == Some(number.to_string().as_str())
}

/// Each new file is one that came, each old one is there. Answers the old ones that stay, if that is said.
fn attachments(form: &mut Form, body: &Content, before: Option<&Message>) -> Option<Vec<Id>> {
    let list = &body.json["attachments"];
    let mut numbers = BTreeSet::new();
    for file in &body.files {
        if !numbers.insert(file.number) {
            form.fault(
                "files",
                "ATTACHMENT_ID_DUPLICATED",
                "Each file must have a number of its own",
            );
        }
    }
    if list.is_null() {
        return body.json.get("attachments").map(|_| Vec::new());
    }
    let mut kept = Vec::new();
    for (number, it) in form.list("attachments", list, 10).iter().enumerate() {
        let path = format!("attachments.{number}");
        form.optional_text(&format!("{path}.description"), &it["description"], 0, 1024);
        form.optional_text(&format!("{path}.filename"), &it["filename"], 1, 1024);
        let new = body.files.iter().any(|file| same(&it["id"], file.number));
        let old = it["id"].as_str().and_then(|id| id.parse().ok());
        let old =
            old.filter(|old| before.is_some_and(|it| it.files.iter().any(|file| file.id == *old)));
        match old {
            Some(old) if !new => kept.push(old),
            _ if new => {}
            _ => form.fault(
                &format!("{path}.id"),
                "ATTACHMENT_NOT_FOUND",
                "No file and no attachment has this id",
            ),
        }
    }
    Some(kept)
}

/// The name as Discord keeps it: no spaces, nothing of a path.
fn safe(name: &str) -> String {
    let kept = name.chars().map(|c| if c == ' ' { '_' } else { c });
    kept.filter(|c| c.is_alphanumeric() || "_-.".contains(*c))
        .collect()
}
