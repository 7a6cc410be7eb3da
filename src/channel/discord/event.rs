//! What the gateway says, as far as Greffier listens. Everything in it is from outside, and fields that it does not use
//! may come and go.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::is_snowflake;

/// Characters of an interaction's token at most.
const TOKEN: usize = 1_024;
/// Type of a conversation between one person and the bot.
const DIRECT: u8 = 1;
/// Types of threads.
const THREADS: [u8; 3] = [10, 11, 12];

/// The frame of an event.
#[derive(Debug, Deserialize)]
pub(super) struct Frame {
    /// Its name.
    #[serde(default, rename = "t")]
    pub(super) name: Option<String>,
    /// Its number in the session.
    #[serde(default, rename = "s")]
    pub(super) number: Option<u64>,
}

/// Something that a person did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interaction {
    /// Its id.
    pub(super) id: String,
    /// The application that it is for.
    pub(super) application: String,
    /// Its token: a secret.
    pub(super) token: String,
    /// Who did it.
    pub(super) person: String,
    /// In which server, where it was in one.
    pub(super) guild: Option<String>,
    /// Where.
    pub(super) channel: Channel,
    /// What.
    pub(super) deed: Deed,
    /// Octets of a file that the answer may have.
    pub(super) largest: u64,
}

/// Where something was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Channel {
    /// Its id.
    pub(super) id: String,
    /// The channel that it is a thread of.
    pub(super) parent: Option<String>,
    /// Whether nobody else is in it.
    pub(super) direct: bool,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    /// A slash command was sent.
    Command {
        /// Its name.
        name: String,
        /// Its options, with what was typed.
        options: Vec<(String, String)>,
        /// The files beside it.
        files: Vec<File>,
    },
    /// An option is being typed.
    Typing {
        /// The command.
        name: String,
        /// The option.
        option: String,
        /// What is typed of it so far.
        typed: String,
        /// The other options.
        options: Vec<(String, String)>,
    },
    /// A button was pressed, or something chosen from a list.
    Press {
        /// The id of the button, or of what was chosen.
        custom_id: String,
        /// The message that it is on.
        message: String,
        /// Whether only that person sees the message.
        ephemeral: bool,
        /// Whether it was a list.
        list: bool,
    },
    /// A form was filled in.
    Form {
        /// Its id.
        custom_id: String,
        /// What was written, by the name of the field.
        values: Vec<(String, String)>,
    },
}

/// A file that was sent with a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// Its name.
    #[serde(default)]
    pub(super) filename: String,
    /// Its media type, as the sender's client says.
    #[serde(default)]
    pub(super) content_type: Option<String>,
    /// Its octets.
    #[serde(default)]
    pub(super) size: u64,
    /// Where it is.
    #[serde(default)]
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Raw {
    id: String,
    application_id: String,
    #[serde(rename = "type")]
    kind: u8,
    token: String,
    guild_id: Option<String>,
    channel_id: Option<String>,
    channel: Option<RawChannel>,
    member: Option<Member>,
    user: Option<User>,
    message: Option<Message>,
    #[serde(default)]
    data: Data,
    attachment_size_limit: Option<u64>,
}

#[derive(Deserialize)]
struct RawChannel {
    id: String,
    #[serde(rename = "type")]
    kind: u8,
    parent_id: Option<String>,
}

#[derive(Deserialize)]
struct Member {
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    #[serde(default)]
    flags: u64,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    name: String,
    #[serde(default)]
    options: Vec<RawOption>,
    #[serde(default)]
    resolved: Resolved,
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    component_type: u8,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    components: Vec<Row>,
}

#[derive(Deserialize)]
struct RawOption {
    name: String,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    focused: bool,
}

#[derive(Default, Deserialize)]
struct Resolved {
    #[serde(default)]
    attachments: std::collections::BTreeMap<String, File>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    components: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    value: String,
}

/// The interaction of an event's text; none where it is nothing that Greffier offers, or not what Discord would send.
pub(super) fn interaction(text: &str) -> Option<Interaction> {
    #[derive(Deserialize)]
    struct Event {
        d: Raw,
    }
    let raw = serde_json::from_str::<Event>(text).ok()?.d;
    let person = raw.member.and_then(|member| member.user).or(raw.user)?.id;
    let direct = raw.guild_id.is_none();
    let channel = match raw.channel {
        Some(channel) => Channel {
            parent: channel
                .parent_id
                .filter(|_| THREADS.contains(&channel.kind)),
            // A conversation of several people is not private.
            direct: direct && channel.kind == DIRECT,
            id: channel.id,
        },
        None => Channel {
            id: raw.channel_id?,
            parent: None,
            direct,
        },
    };
    let deed = deed(raw.kind, raw.data, raw.message)?;
    let ids = [&raw.id, &raw.application_id, &person, &channel.id];
    let others = [&raw.guild_id, &channel.parent].into_iter().flatten();
    // They become parts of addresses.
    let sound = ids.into_iter().chain(others).all(|id| is_snowflake(id)) && is_token(&raw.token);
    sound.then_some(Interaction {
        id: raw.id,
        application: raw.application_id,
        token: raw.token,
        person,
        guild: raw.guild_id,
        channel,
        deed,
        largest: raw.attachment_size_limit.unwrap_or(0),
    })
}

fn deed(kind: u8, data: Data, message: Option<Message>) -> Option<Deed> {
    match kind {
        2 => {
            let mut attachments = data.resolved.attachments;
            let mut files = Vec::new();
            let mut options = Vec::new();
            for option in data.options {
                let value = written(&option.value);
                match attachments.remove(&value) {
                    Some(file) => files.push(file),
                    None => options.push((option.name, value)),
                }
            }
            Some(Deed::Command {
                name: data.name,
                options,
                files,
            })
        }
        3 => {
            let message = message.filter(|message| is_snowflake(&message.id))?;
            let list = data.component_type != 2;
            Some(Deed::Press {
                custom_id: if list {
                    data.values.into_iter().next()?
                } else {
                    data.custom_id
                },
                message: message.id,
                ephemeral: message.flags & (1 << 6) != 0,
                list,
            })
        }
        4 => {
            let (mut focused, others): (Vec<_>, Vec<_>) =
                data.options.into_iter().partition(|option| option.focused);
            let focused = focused.pop()?;
            let others = others.into_iter();
            Some(Deed::Typing {
                name: data.name,
                typed: written(&focused.value),
                option: focused.name,
                options: others
                    .map(|option| (option.name, written(&option.value)))
                    .collect(),
            })
        }
        5 => {
            let fields = data.components.into_iter().flat_map(|row| row.components);
            Some(Deed::Form {
                custom_id: data.custom_id,
                values: fields.map(|field| (field.custom_id, field.value)).collect(),
            })
        }
        _ => None,
    }
}

/// A value as somebody would type it.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "oui".to_owned(),
        Value::Bool(false) => "non".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn is_token(token: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.=:+~".contains(&c);
    (1..=TOKEN).contains(&token.len()) && token.bytes().all(plain) && !token.starts_with('.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn command() -> Value {
        json!({
            "id": "10", "application_id": "1", "type": 2, "token": "aW50.x-_", "version": 1,
            "guild_id": "2", "channel_id": "3", "channel": { "id": "3", "type": 0, "parent_id": "8" },
            "member": { "user": { "id": "4", "username": "x" }, "permissions": "0" },
            "attachment_size_limit": 10_485_760,
            "data": { "id": "5", "name": "suivre", "type": 1, "options": [
                { "name": "dossiers", "type": 3, "value": "4807" },
                { "name": "confidentiel", "type": 5, "value": true },
                { "name": "fichier", "type": 11, "value": "77" },
            ], "resolved": { "attachments": { "77": {
                "id": "77", "filename": "a.pdf", "size": 3, "url": "https://cdn.discordapp.com/a.pdf" } } } },
        })
    }

    fn read(data: &Value) -> Option<Interaction> {
        interaction(&json!({ "op": 0, "t": "INTERACTION_CREATE", "s": 3, "d": data }).to_string())
    }

    #[test]
    fn a_command_bears_its_options_and_files() {
        let read = read(&command()).unwrap();
        let Deed::Command {
            name,
            options,
            files,
        } = read.deed
        else {
            panic!("no command")
        };
        assert_eq!(name, "suivre");
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            options,
            [value("dossiers", "4807"), value("confidentiel", "oui")]
        );
        assert_eq!(files[0].filename, "a.pdf");
        // The parent of a channel is its category, and no room.
        assert_eq!(read.channel.parent, None);
        assert!(!read.channel.direct);
    }

    #[test]
    fn a_thread_has_a_room_and_a_conversation_of_several_is_not_private() {
        let mut thread = command();
        thread["channel"]["type"] = json!(11);
        assert_eq!(read(&thread).unwrap().channel.parent.as_deref(), Some("8"));
        let mut direct = command();
        direct["guild_id"] = Value::Null;
        direct["channel"] = json!({ "id": "3", "type": 1 });
        direct["user"] = direct["member"]["user"].clone();
        direct["member"] = Value::Null;
        assert!(read(&direct).unwrap().channel.direct);
        direct["channel"]["type"] = json!(3);
        assert!(!read(&direct).unwrap().channel.direct);
    }

    #[test]
    fn what_would_lead_a_request_astray_is_not_taken() {
        for (key, value) in [
            ("id", "10/../x"),
            ("token", "a/b"),
            ("token", ".."),
            ("token", "a?b"),
            ("application_id", ""),
            ("guild_id", "x"),
        ] {
            let mut odd = command();
            odd[key] = json!(value);
            assert_eq!(read(&odd), None, "{key} {value}");
        }
        let mut unknown = command();
        unknown["type"] = json!(9);
        assert_eq!(read(&unknown), None);
        assert_eq!(interaction("{"), None);
    }
}
