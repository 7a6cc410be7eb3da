//! What Discord publishes of its API, which bodies are held to where it is at hand: `tests/discord/spec` fetches it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use super::body::Content;
use super::route::template;
use super::schema::{Schemas, Wrong};

/// The operations that have a body, and the schemas of it: it must be one of them. `[]` is a list of them, and
/// no schema is one that has no name.
const BODIES: [(&str, &str, &[&str]); 15] = [
    (
        "PUT",
        "/applications/{}/commands",
        &["[]ApplicationCommandUpdateRequest"],
    ),
    (
        "PUT",
        "/applications/{}/guilds/{}/commands",
        &["[]ApplicationCommandUpdateRequest"],
    ),
    (
        "POST",
        "/applications/{}/commands",
        &["ApplicationCommandCreateRequest"],
    ),
    (
        "POST",
        "/applications/{}/guilds/{}/commands",
        &["ApplicationCommandCreateRequest"],
    ),
    (
        "POST",
        "/users/@me/channels",
        &["CreatePrivateChannelRequest"],
    ),
    ("POST", "/channels/{}/messages", &["MessageCreateRequest"]),
    (
        "PATCH",
        "/channels/{}/messages/{}",
        &["MessageEditRequestPartial"],
    ),
    (
        "POST",
        "/channels/{}/messages/{}/threads",
        &["CreateTextThreadWithMessageRequest"],
    ),
    (
        "POST",
        "/channels/{}/threads",
        &[
            "CreateTextThreadWithoutMessageRequest",
            "CreateForumThreadRequest",
        ],
    ),
    (
        "PATCH",
        "/channels/{}",
        &[
            "UpdateThreadRequestPartial",
            "UpdateGuildChannelRequestPartial",
        ],
    ),
    ("PUT", "/channels/{}/permissions/{}", &[]),
    ("POST", "/interactions/{}/{}/callback", &CALLBACKS),
    (
        "POST",
        "/webhooks/{}/{}",
        &[
            "IncomingWebhookRequestPartial",
            "IncomingWebhookUpdateRequestPartial",
        ],
    ),
    (
        "PATCH",
        "/webhooks/{}/{}/messages/{}",
        &["IncomingWebhookUpdateRequestPartial"],
    ),
    (
        "PATCH",
        "/webhooks/{}/{}/messages/@original",
        &["IncomingWebhookUpdateRequestPartial"],
    ),
];

const CALLBACKS: [&str; 4] = [
    "CreateMessageInteractionCallbackRequest",
    "UpdateMessageInteractionCallbackRequest",
    "ApplicationCommandAutocompleteCallbackRequest",
    "ModalInteractionCallbackRequest",
];

/// The published schemas.
#[derive(Debug)]
pub(crate) struct Spec {
    schemas: Schemas,
}

/// The description, if it is there. The reason why it is not is printed, and fails with `GREFFIER_REQUIRE_SERVERS=1`.
pub(crate) fn published() -> Option<&'static Spec> {
    static SPEC: LazyLock<Option<Spec>> = LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = std::env::var_os("GREFFIER_DISCORD_SPEC");
        let folder = folder.map_or_else(|| "target/discord-api-spec".into(), PathBuf::from);
        let file = here.join(folder).join("schemas.json");
        let Ok(text) = fs::read_to_string(&file) else {
            let why = "bodies are not held to what Discord publishes: tests/discord/spec fetches it to target/discord-api-spec or $GREFFIER_DISCORD_SPEC";
            let required = std::env::var("GREFFIER_REQUIRE_SERVERS");
            assert!(required.as_deref() != Ok("1"), "{why}");
            eprintln!("skipped: {why}");
            return None;
        };
        let mut all: Value = serde_json::from_str(&text).unwrap();
        let Value::Object(schemas) = all["schemas"].take() else {
            panic!("{} has no schemas", file.display());
        };
        Some(Spec {
            schemas: Schemas(schemas),
        })
    });
    SPEC.as_ref()
}

impl Spec {
    /// What in a body is not as it is published.
    pub(crate) fn violations(&self, method: &str, path: &str, content: &Content) -> Vec<String> {
        let template = template(path);
        let operation = BODIES
            .iter()
            .find(|(of, it, _)| *of == method && *it == template);
        let Some((_, _, names)) = operation else {
            let body = !content.json.is_null() || content.multipart;
            let unknown = format!("{method} {template}: a body where none is published");
            return if body { vec![unknown] } else { Vec::new() };
        };
        // A form may bring nothing but files.
        if names.is_empty() || content.json.is_null() && content.multipart {
            return Vec::new();
        }
        let mut found = Vec::new();
        let body = numbered(&content.json);
        for name in *names {
            let faults = self.faults(name, &body);
            if faults.is_empty() {
                return faults;
            }
            found.extend(
                faults
                    .into_iter()
                    .map(|fault| format!("{method} {template}: {name}{fault}")),
            );
        }
        found
    }

    /// Where a value is not as the schema of this name has it.
    pub(crate) fn faults(&self, name: &str, value: &Value) -> Vec<String> {
        let list = name.strip_prefix("[]");
        let wrong = match (list, value.as_array()) {
            (None, _) => self.schemas.wrong(name, value),
            (Some(_), None) => return vec![": not a list".to_owned()],
            (Some(name), Some(list)) => {
                let all = list.iter().enumerate().flat_map(|(number, value)| {
                    let wrong = self.schemas.wrong(name, value);
                    wrong.into_iter().map(move |it| Wrong {
                        at: format!("/{number}{}", it.at),
                        ..it
                    })
                });
                all.collect()
            }
        };
        wrong
            .into_iter()
            .map(|it| format!("{}: {}", it.at, it.what))
            .collect()
    }
}

/// Sets of permissions as numbers: Discord's pages have them as texts, its description as numbers, and it takes both.
fn numbered(body: &Value) -> Value {
    match body {
        Value::Object(map) => {
            let pairs = map.iter().map(|(key, value)| {
                let set = matches!(
                    key.as_str(),
                    "default_member_permissions" | "allow" | "deny"
                );
                let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
                let value = number
                    .filter(|_| set)
                    .map_or_else(|| numbered(value), Value::from);
                (key.clone(), value)
            });
            Value::Object(pairs.collect())
        }
        Value::Array(list) => list.iter().map(numbered).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => body.clone(),
    }
}
