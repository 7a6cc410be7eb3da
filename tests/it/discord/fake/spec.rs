//! What Discord publishes of its API, which bodies are held to where it is at hand: `tests/discord/spec` fetches it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::body::Content;
use super::route::template;

/// The operations that have a body, and the schemas of it: it must be one of them. `[]` is a list of them.
const BODIES: [(&str, &str, &[&str]); 17] = [
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
    (
        "PUT",
        "/channels/{}/permissions/{}",
        &["ChannelPermissionOverwriteRequest"],
    ),
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
    ("POST", "/channels/{}/typing", &[]),
    ("PUT", "/channels/{}/messages/{}/reactions/{}/@me", &[]),
];

const CALLBACKS: [&str; 4] = [
    "CreateMessageInteractionCallbackRequest",
    "UpdateMessageInteractionCallbackRequest",
    "ApplicationCommandAutocompleteCallbackRequest",
    "ModalInteractionCallbackRequest",
];

/// The published schemas, each made ready when it is first needed.
#[derive(Debug)]
pub(crate) struct Spec {
    schemas: Map<String, Value>,
    ready: Mutex<BTreeMap<String, &'static Validator>>,
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
            schemas,
            ready: Mutex::default(),
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
        if content.json.is_null() && (content.multipart || names.is_empty()) {
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

    /// Where an instance is not as the schema of this name has it.
    pub(crate) fn faults(&self, name: &str, instance: &Value) -> Vec<String> {
        let validator = self.validator(name);
        let errors = validator.iter_errors(instance);
        errors
            .map(|error| {
                let mut what = error.to_string();
                what.truncate(what.floor_char_boundary(400));
                format!("{}: {what}", error.instance_path())
            })
            .collect()
    }

    fn validator(&self, name: &str) -> &'static Validator {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = ready.get(name) {
            return validator;
        }
        let single = name.trim_start_matches("[]");
        let mut needed = Map::new();
        self.gather(single, &mut needed);
        let reference = json!({ "$ref": format!("#/schemas/{single}") });
        let mut schema = if single == name {
            reference
        } else {
            json!({ "type": "array", "items": reference })
        };
        schema["schemas"] = Value::Object(needed);
        // One of each for the whole process.
        let validator: &Validator =
            Box::leak(Box::new(jsonschema::validator_for(&schema).unwrap()));
        ready.insert(name.to_owned(), validator);
        validator
    }

    /// The schema of a name with those that it refers to.
    fn gather(&self, name: &str, needed: &mut Map<String, Value>) {
        if needed.contains_key(name) {
            return;
        }
        let schema = self.schemas.get(name);
        let schema = schema.unwrap_or_else(|| panic!("Discord publishes no {name} any more"));
        needed.insert(name.to_owned(), schema.clone());
        let mut references = Vec::new();
        refers(schema, &mut references);
        for reference in references {
            self.gather(&reference, needed);
        }
    }
}

fn refers(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            found.extend(reference.and_then(|it| Some(it.strip_prefix("#/schemas/")?.to_owned())));
            map.values().for_each(|value| refers(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| refers(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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
