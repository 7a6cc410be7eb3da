//! The rules of a modal.

use std::collections::BTreeSet;

use serde_json::Value;

use super::component::{ROW, TEXT_INPUT, custom_id, select};
use super::refusal::Form;

/// A text and its caption in one component, or a caption around one.
pub(crate) const LABEL: u64 = 18;
const TEXT_DISPLAY: u64 = 10;
pub(crate) const FILE_UPLOAD: u64 = 19;

pub(crate) fn check(form: &mut Form, path: &str, modal: &Value) {
    form.required_text(&format!("{path}.title"), &modal["title"], 1, 45);
    form.required_text(&format!("{path}.custom_id"), &modal["custom_id"], 1, 100);
    let mut ids = BTreeSet::new();
    let path = format!("{path}.components");
    let list = form.list(&path, &modal["components"], 5);
    if list.is_empty() {
        form.fault(
            &path,
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        );
    }
    for (number, it) in list.iter().enumerate() {
        let path = format!("{path}.{number}");
        match it["type"].as_u64() {
            Some(ROW) => row(form, &path, it, &mut ids),
            Some(LABEL) => label(form, &path, it, &mut ids),
            Some(TEXT_DISPLAY) => {
                form.required_text(&format!("{path}.content"), &it["content"], 1, 4000);
            }
            _ => form.choices(&format!("{path}.type"), "(1, 10, 18)"),
        }
    }
}

/// The older form: one text in a row.
fn row(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    let path = format!("{path}.components");
    let list = form.list(&path, &it["components"], 1);
    if list.is_empty() {
        form.fault(&path, "BASE_TYPE_BAD_LENGTH", "Must be 1 in length.");
    }
    for (number, it) in list.iter().enumerate() {
        let path = format!("{path}.{number}");
        if it["type"] == TEXT_INPUT {
            form.required_text(&format!("{path}.label"), &it["label"], 1, 45);
            text(form, &path, it, ids);
        } else {
            form.choices(&format!("{path}.type"), "(4,)");
        }
    }
}

fn label(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    form.required_text(&format!("{path}.label"), &it["label"], 1, 45);
    form.optional_text(&format!("{path}.description"), &it["description"], 0, 100);
    let path = format!("{path}.component");
    let it = &it["component"];
    match it["type"].as_u64() {
        Some(TEXT_INPUT) => {
            if !it["label"].is_null() {
                let message = "A text input in a label cannot have a label";
                form.fault(
                    &format!("{path}.label"),
                    "TEXT_INPUT_LABEL_NOT_ALLOWED",
                    message,
                );
            }
            text(form, &path, it, ids);
        }
        Some(3 | 5..=8) => {
            form.boolean(&format!("{path}.required"), &it["required"]);
            if it["disabled"] == true {
                let message = "Select menus cannot be disabled in modals";
                form.fault(
                    &format!("{path}.disabled"),
                    "COMPONENT_DISABLED_INVALID",
                    message,
                );
            }
            select(form, &path, it, ids);
        }
        Some(FILE_UPLOAD) => {
            custom_id(form, &path, it, ids);
            form.number(&format!("{path}.min_values"), &it["min_values"], 0, 10);
            form.number(&format!("{path}.max_values"), &it["max_values"], 1, 10);
        }
        Some(21..=23) => custom_id(form, &path, it, ids),
        _ => form.choices(
            &format!("{path}.type"),
            "(3, 4, 5, 6, 7, 8, 19, 21, 22, 23)",
        ),
    }
}

fn text(form: &mut Form, path: &str, it: &Value, ids: &mut BTreeSet<String>) {
    custom_id(form, path, it, ids);
    if !matches!(it["style"].as_u64(), Some(1 | 2)) {
        form.choices(&format!("{path}.style"), "(1, 2)");
    }
    let least = form.number(&format!("{path}.min_length"), &it["min_length"], 0, 4000);
    let most = form.number(&format!("{path}.max_length"), &it["max_length"], 1, 4000);
    if least.unwrap_or(0) > most.unwrap_or(4000) {
        let message = "min_length must be less than or equal to max_length";
        form.fault(
            &format!("{path}.min_length"),
            "TEXT_INPUT_MIN_LENGTH_EXCEEDS_MAX",
            message,
        );
    }
    form.boolean(&format!("{path}.required"), &it["required"]);
    let most = usize::try_from(most.unwrap_or(4000)).unwrap_or(4000);
    form.optional_text(&format!("{path}.value"), &it["value"], 0, most.min(4000));
    form.optional_text(&format!("{path}.placeholder"), &it["placeholder"], 0, 100);
}
