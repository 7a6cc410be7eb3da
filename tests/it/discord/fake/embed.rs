//! The rules of embeds.

use serde_json::Value;

use super::refusal::Form;

/// The characters of all embeds of a message together.
const ALL: usize = 6000;

pub(crate) fn check(form: &mut Form, path: &str, value: &Value) {
    let list = form.list(path, value, 10);
    for (number, it) in list.iter().enumerate() {
        embed(form, &format!("{path}.{number}"), it);
    }
    if list.iter().map(weight).sum::<usize>() > ALL {
        let message = format!("Embed size exceeds maximum size of {ALL}");
        form.fault(path, "MAX_EMBED_SIZE_EXCEEDED", &message);
    }
}

fn embed(form: &mut Form, path: &str, it: &Value) {
    if !it.is_object() {
        return form.fault(
            path,
            "MODEL_TYPE_CONVERT",
            "Only dictionaries may be used in a ModelType",
        );
    }
    form.optional_text(&format!("{path}.title"), &it["title"], 0, 256);
    form.optional_text(&format!("{path}.description"), &it["description"], 0, 4096);
    url(form, &format!("{path}.url"), &it["url"], false);
    form.number(&format!("{path}.color"), &it["color"], 0, 0xff_ffff);
    if let Some(time) = it["timestamp"].as_str() {
        if time.parse::<jiff::Timestamp>().is_err() {
            let message = format!("Could not parse {time}. Should be ISO8601.");
            form.fault(
                &format!("{path}.timestamp"),
                "DATE_TIME_TYPE_PARSE",
                &message,
            );
        }
    } else if !it["timestamp"].is_null() {
        form.fault(
            &format!("{path}.timestamp"),
            "DATE_TIME_TYPE_PARSE",
            "Should be ISO8601.",
        );
    }
    for (part, text, most) in [("footer", "text", 2048), ("author", "name", 256)] {
        let value = &it[part];
        if !value.is_null() {
            form.required_text(&format!("{path}.{part}.{text}"), &value[text], 1, most);
            url(
                form,
                &format!("{path}.{part}.icon_url"),
                &value["icon_url"],
                true,
            );
        }
    }
    url(
        form,
        &format!("{path}.author.url"),
        &it["author"]["url"],
        false,
    );
    for part in ["image", "thumbnail"] {
        let value = &it[part];
        if !value.is_null() {
            let path = format!("{path}.{part}.url");
            if value["url"].is_null() {
                form.required(&path);
            }
            url(form, &path, &value["url"], true);
        }
    }
    let fields = format!("{path}.fields");
    for (number, field) in form.list(&fields, &it["fields"], 25).iter().enumerate() {
        let path = format!("{fields}.{number}");
        // Spaces are taken away before it is measured.
        form.required_text(&format!("{path}.name"), &trimmed(&field["name"]), 1, 256);
        form.required_text(&format!("{path}.value"), &trimmed(&field["value"]), 1, 1024);
        form.boolean(&format!("{path}.inline"), &field["inline"]);
    }
    if weight(it) == 0
        && ["image", "thumbnail", "video", "url"]
            .iter()
            .all(|key| it[key].is_null())
    {
        form.required(&format!("{path}.description"));
    }
}

fn trimmed(value: &Value) -> Value {
    value
        .as_str()
        .map_or_else(|| value.clone(), |text| Value::from(text.trim()))
}

fn url(form: &mut Form, path: &str, value: &Value, attachments: bool) {
    let Some(text) = value.as_str() else {
        return form.optional_text(path, value, 0, 2048);
    };
    let schemes: &[&str] = if attachments {
        &["http", "https", "attachment"]
    } else {
        &["http", "https", "discord"]
    };
    let scheme = text.split_once("://");
    if !scheme.is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty()) {
        let message = format!("Not a well formed URL: scheme must be one of {schemes:?}.");
        form.fault(path, "URL_TYPE_INVALID_URL", &message);
    }
    form.text(path, value, 0, 2048);
}

/// The characters that count.
fn weight(it: &Value) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.trim().chars().count());
    let fields = it["fields"].as_array().into_iter().flatten();
    let fields: usize = fields
        .map(|field| length(&field["name"]) + length(&field["value"]))
        .sum();
    length(&it["title"])
        + length(&it["description"])
        + length(&it["footer"]["text"])
        + length(&it["author"]["name"])
        + fields
}
