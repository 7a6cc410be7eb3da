//! The rules of the components of a message: rows of buttons and menus, and the newer ones of whole layouts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::refusal::Form;

pub(crate) const ROW: u64 = 1;
pub(crate) const BUTTON: u64 = 2;
pub(crate) const STRING_SELECT: u64 = 3;
pub(crate) const TEXT_INPUT: u64 = 4;
const SECTION: u64 = 9;
const TEXT_DISPLAY: u64 = 10;
const CONTAINER: u64 = 17;

/// Checks rows, or a layout where the message says that it is one.
pub(crate) fn check(form: &mut Form, path: &str, value: &Value, layout: bool) {
    let mut ids = BTreeSet::new();
    if layout {
        let (mut count, mut text) = (0, 0);
        for (number, it) in form.list(path, value, 40).iter().enumerate() {
            let path = format!("{path}.{number}");
            part(form, &path, it, &mut ids, (&mut count, &mut text));
        }
        if count > 40 {
            let message = "The total number of components must be 40 or fewer";
            form.fault(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message);
        }
        if text > 4000 {
            let message = "The total text must be 4000 or fewer in length";
            form.fault(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message);
        }
        return;
    }
    for (number, it) in form.list(path, value, 5).iter().enumerate() {
        let path = format!("{path}.{number}");
        if it["type"] == ROW {
            row(form, &path, it, &mut ids);
        } else {
            form.choices(&format!("{path}.type"), "(1,)");
        }
    }
}

/// A part of a layout.
fn part(
    form: &mut Form,
    path: &str,
    it: &Value,
    ids: &mut BTreeSet<String>,
    sums: (&mut usize, &mut usize),
) {
    let (count, text) = sums;
    *count += 1;
    match it["type"].as_u64() {
        Some(ROW) => {
            *count += it["components"].as_array().map_or(0, Vec::len);
            row(form, path, it, ids);
        }
        Some(TEXT_DISPLAY) => {
            form.required_text(&format!("{path}.content"), &it["content"], 1, 4000);
            *text += it["content"]
                .as_str()
                .map_or(0, |text| text.chars().count());
        }
        Some(SECTION | CONTAINER) => {
            let most = if it["type"] == SECTION { 3 } else { 40 };
            let inner = format!("{path}.components");
            for (number, it) in form
                .list(&inner, &it["components"], most)
                .iter()
                .enumerate()
            {
                part(form, &format!("{inner}.{number}"), it, ids, (count, text));
            }
            let accessory = &it["accessory"];
            if accessory["type"] == BUTTON {
                *count += 1;
                button(form, &format!("{path}.accessory"), accessory, ids);
            }
        }
        // Thumbnails, galleries, files and separators.
        Some(11..=14) => {}
        _ => form.choices(&format!("{path}.type"), "(1, 9, 10, 11, 12, 13, 14, 17)"),
    }
}

fn row(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    let path = format!("{path}.components");
    let list = form.list(&path, &it["components"], 5);
    if list.is_empty() {
        form.fault(
            &path,
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        );
    }
    // A menu takes the width of five buttons.
    let width: usize = list
        .iter()
        .map(|it| if it["type"] == BUTTON { 1 } else { 5 })
        .sum();
    if width > 5 && list.len() <= 5 {
        form.fault(
            &path,
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        );
    }
    for (number, it) in list.iter().enumerate() {
        let path = format!("{path}.{number}");
        match it["type"].as_u64() {
            Some(BUTTON) => button(form, &path, it, ids),
            Some(STRING_SELECT | 5..=8) => {
                if !it["required"].is_null() {
                    let message = "The required field is not available on select menus in messages";
                    form.fault(
                        &format!("{path}.required"),
                        "COMPONENT_REQUIRED_INVALID",
                        message,
                    );
                }
                select(form, &path, it, ids);
            }
            _ => form.choices(&format!("{path}.type"), "(2, 3, 5, 6, 7, 8)"),
        }
    }
}

fn button(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    form.optional_text(&format!("{path}.label"), &it["label"], 0, 80);
    form.boolean(&format!("{path}.disabled"), &it["disabled"]);
    emoji(form, path, it);
    let style = it["style"].as_u64();
    let (custom, url) = (!it["custom_id"].is_null(), !it["url"].is_null());
    match style {
        Some(1..=4) => {
            if url {
                let message = "A custom id and url cannot both be specified";
                form.fault(
                    path,
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    message,
                );
            }
            custom_id(form, path, it, ids);
        }
        Some(5) => {
            if custom {
                let message = "A custom id and url cannot both be specified";
                form.fault(
                    path,
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    message,
                );
            }
            let path = format!("{path}.url");
            form.required_text(&path, &it["url"], 1, 512);
            let known = ["http://", "https://", "discord://"];
            let text = it["url"].as_str().unwrap_or("https://");
            if !known.iter().any(|scheme| text.starts_with(scheme)) {
                form.fault(
                    &path,
                    "URL_TYPE_INVALID_SCHEME",
                    "Scheme must be one of ('http', 'https', 'discord').",
                );
            }
        }
        _ => form.choices(&format!("{path}.style"), "(1, 2, 3, 4, 5)"),
    }
    let label = it["label"].as_str().is_some_and(|label| !label.is_empty());
    if !label && it["emoji"].is_null() && matches!(style, Some(1..=5)) {
        form.fault(
            path,
            "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
            "A label or emoji is required",
        );
    }
}

fn emoji(form: &mut Form, path: &str, it: &Value) {
    let emoji = &it["emoji"];
    let name = emoji["name"].as_str().unwrap_or_default();
    if !emoji.is_null() && emoji["id"].is_null() && (name.is_empty() || name.is_ascii()) {
        form.fault(
            &format!("{path}.emoji.name"),
            "BUTTON_COMPONENT_INVALID_EMOJI",
            "Invalid emoji",
        );
    }
}

/// The name that comes back when it is used: once in a message.
pub(crate) fn custom_id(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    let path = format!("{path}.custom_id");
    form.required_text(&path, &it["custom_id"], 1, 100);
    if let Some(id) = it["custom_id"].as_str()
        && !ids.insert(id.to_owned())
    {
        form.fault(
            &path,
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        );
    }
}

/// A menu, in a message or in a modal.
pub(crate) fn select(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    custom_id(form, path, it, ids);
    form.optional_text(&format!("{path}.placeholder"), &it["placeholder"], 0, 150);
    let least = form.number(&format!("{path}.min_values"), &it["min_values"], 0, 25);
    let most = form.number(&format!("{path}.max_values"), &it["max_values"], 1, 25);
    if least.unwrap_or(1) > most.unwrap_or(1) {
        let message = "min_values must be less than or equal to max_values";
        form.fault(
            &format!("{path}.min_values"),
            "SELECT_COMPONENT_MIN_VALUES_EXCEEDS_MAX",
            message,
        );
    }
    if it["type"] != STRING_SELECT {
        return;
    }
    let path = format!("{path}.options");
    let list = form.list(&path, &it["options"], 25);
    if list.is_empty() {
        form.fault(
            &path,
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 25 in length.",
        );
    }
    if most.is_some_and(|most| usize::try_from(most).unwrap_or(0) > list.len()) {
        let message = "max_values must be less than or equal to the number of options";
        form.fault(
            &path,
            "SELECT_COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS",
            message,
        );
    }
    let mut values = BTreeSet::new();
    let mut chosen = 0;
    for (number, option) in list.iter().enumerate() {
        let path = format!("{path}.{number}");
        form.required_text(&format!("{path}.label"), &option["label"], 1, 100);
        form.required_text(&format!("{path}.value"), &option["value"], 1, 100);
        form.optional_text(
            &format!("{path}.description"),
            &option["description"],
            0,
            100,
        );
        emoji(form, &path, option);
        if !values.insert(option["value"].as_str()) {
            let message = "The specified option value is already used";
            form.fault(
                &format!("{path}.value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                message,
            );
        }
        chosen += i64::from(option["default"] == true);
    }
    if chosen > most.unwrap_or(1) {
        let message = "Number of default options exceeds max_values";
        form.fault(&path, "SELECT_COMPONENT_TOO_MANY_DEFAULT_OPTIONS", message);
    }
}
