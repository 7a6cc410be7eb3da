//! The rules of application commands: their names, options, choices and sizes.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::refusal::Form;

/// The languages that Discord speaks.
const LOCALES: [&str; 32] = [
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko",
];
/// The characters of one command, of its names, descriptions and values together.
const LARGEST: usize = 8000;
fn at(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Whether the name is one of a slash command or of an option.
fn slash_name(name: &str) -> bool {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$").unwrap());
    NAME.is_match(name) && name.to_lowercase() == name
}

fn name(form: &mut Form, path: &str, value: &Value) {
    form.required_text(path, value, 1, 32);
    if let Some(name) = value.as_str()
        && !name.is_empty()
        && name.chars().count() <= 32
        && !slash_name(name)
    {
        form.fault(
            path,
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid",
        );
    }
}

/// Translations by locale, each as the text itself may be.
fn localizations(
    form: &mut Form,
    path: &str,
    value: &Value,
    mut each: impl FnMut(&mut Form, &str, &Value),
) {
    if value.is_null() {
        return;
    }
    let Some(map) = value.as_object() else {
        return form.fault(
            path,
            "DICT_TYPE_CONVERT",
            "Only dictionaries may be used in a DictType",
        );
    };
    for (locale, text) in map {
        let path = at(path, locale);
        if !LOCALES.contains(&locale.as_str()) {
            form.choices(&path, "the available locales");
        }
        each(form, &path, text);
    }
}

/// A command at `path`, everywhere or of a guild.
pub(crate) fn command(form: &mut Form, path: &str, it: &Value, of_guild: bool) {
    if !it.is_object() {
        return form.fault(
            path,
            "DICT_TYPE_CONVERT",
            "Only dictionaries may be used in a DictType",
        );
    }
    let slash = match it["type"].as_u64() {
        None | Some(1) if it["type"].is_null() || it["type"] == 1 => true,
        Some(2 | 3) => false,
        Some(4) if !of_guild => false,
        _ => return form.choices(&at(path, "type"), "(1, 2, 3, 4)"),
    };
    let names = at(path, "name_localizations");
    let descriptions = at(path, "description_localizations");
    if slash {
        name(form, &at(path, "name"), &it["name"]);
        localizations(form, &names, &it["name_localizations"], name);
        form.required_text(&at(path, "description"), &it["description"], 1, 100);
        localizations(
            form,
            &descriptions,
            &it["description_localizations"],
            |form, path, text| {
                form.text(path, text, 1, 100);
            },
        );
        options(form, &at(path, "options"), &it["options"], 0);
        if weight(it) > LARGEST {
            let message = format!("Command exceeds maximum size ({LARGEST})");
            form.fault(path, "APPLICATION_COMMAND_TOO_LARGE", &message);
        }
    } else {
        form.required_text(&at(path, "name"), &it["name"], 1, 32);
        if it["description"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
        {
            let message = "Context menu commands cannot have description";
            form.fault(
                path,
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_ERROR",
                message,
            );
        }
        if it["options"]
            .as_array()
            .is_some_and(|list| !list.is_empty())
        {
            let message = "Context menu commands cannot have options";
            form.fault(
                path,
                "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_ERROR",
                message,
            );
        }
    }
    let permissions = &it["default_member_permissions"];
    let number = permissions
        .as_str()
        .and_then(|text| text.parse::<u64>().ok());
    if !permissions.is_null() && number.is_none() {
        let path = at(path, "default_member_permissions");
        form.fault(&path, "NUMBER_TYPE_COERCE", "Value is not int.");
    }
    for (key, most) in [("contexts", 2), ("integration_types", 1)] {
        let list_path = at(path, key);
        let list = &it[key];
        if of_guild && !list.is_null() && key == "contexts" {
            let message = "Contexts cannot be set on guild commands";
            form.fault(&list_path, "APPLICATION_COMMAND_GUILD_CONTEXTS", message);
        }
        for (number, value) in form.list(&list_path, list, 3).iter().enumerate() {
            if value.as_u64().is_none_or(|value| value > most) {
                let path = format!("{list_path}.{number}");
                form.choices(&path, &format!("0 to {most}"));
            }
        }
    }
}

/// The options of a command, or of a subcommand at `depth`.
fn options(form: &mut Form, path: &str, value: &Value, depth: u8) {
    let mut names = BTreeSet::new();
    let mut optional = false;
    let list = form.list(path, value, 25);
    let nested = list
        .iter()
        .any(|it| matches!(it["type"].as_u64(), Some(1 | 2)));
    for (number, it) in list.iter().enumerate() {
        let path = format!("{path}.{number}");
        let kind = it["type"].as_u64().unwrap_or_default();
        let allowed = match (nested, depth) {
            (false, _) => (3..=11).contains(&kind),
            (true, 0) => matches!(kind, 1 | 2),
            (true, 1) => kind == 1,
            (true, _) => false,
        };
        if !allowed {
            let message = if nested && (3..=11).contains(&kind) {
                "Sub-command and sub-command group option types are mutually exclusive to all other types"
            } else {
                "This option type is not allowed here"
            };
            form.fault(
                &at(&path, "type"),
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                message,
            );
            continue;
        }
        if it["required"] == true {
            if optional {
                let message = "Required options must be placed before non-required options";
                form.fault(
                    &path,
                    "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                    message,
                );
            }
        } else {
            optional = true;
        }
        if !names.insert(it["name"].as_str()) {
            form.fault(
                &path,
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                "Option name already exists",
            );
        }
        option(form, &path, it, kind, depth);
    }
}

fn option(form: &mut Form, path: &str, it: &Value, kind: u64, depth: u8) {
    name(form, &at(path, "name"), &it["name"]);
    localizations(
        form,
        &at(path, "name_localizations"),
        &it["name_localizations"],
        name,
    );
    form.required_text(&at(path, "description"), &it["description"], 1, 100);
    let descriptions = at(path, "description_localizations");
    localizations(
        form,
        &descriptions,
        &it["description_localizations"],
        |form, path, text| {
            form.text(path, text, 1, 100);
        },
    );
    form.boolean(&at(path, "required"), &it["required"]);
    form.boolean(&at(path, "autocomplete"), &it["autocomplete"]);
    let only = |form: &mut Form, key: &str, kinds: &[u64]| {
        let set = !it[key].is_null() && it[key] != false && it[key] != json!([]);
        if set && !kinds.contains(&kind) {
            let message = format!("This option type cannot have {key}");
            form.fault(
                &at(path, key),
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                &message,
            );
        }
    };
    only(form, "choices", &[3, 4, 10]);
    only(form, "autocomplete", &[3, 4, 10]);
    only(form, "options", &[1, 2]);
    only(form, "channel_types", &[7]);
    only(form, "min_value", &[4, 10]);
    only(form, "max_value", &[4, 10]);
    only(form, "min_length", &[3]);
    only(form, "max_length", &[3]);
    only(form, "required", &[3, 4, 5, 6, 7, 8, 9, 10, 11]);
    form.number(&at(path, "min_length"), &it["min_length"], 0, 6000);
    form.number(&at(path, "max_length"), &it["max_length"], 1, 6000);
    let chosen = it["choices"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    if chosen && it["autocomplete"] == true {
        let message = "Autocomplete cannot be set to true if choices are present";
        form.fault(
            &at(path, "autocomplete"),
            "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES",
            message,
        );
    }
    choices(form, &at(path, "choices"), &it["choices"], kind);
    if matches!(kind, 1 | 2) {
        options(form, &at(path, "options"), &it["options"], depth + 1);
        if kind == 2 && it["options"].as_array().is_none_or(Vec::is_empty) {
            form.required(&at(path, "options"));
        }
    }
}

/// Choices of an option, or of an autocompletion, which are the same.
pub(crate) fn choices(form: &mut Form, path: &str, value: &Value, kind: u64) {
    let mut names = BTreeSet::new();
    for (number, it) in form.list(path, value, 25).iter().enumerate() {
        let path = format!("{path}.{number}");
        form.required_text(&at(&path, "name"), &it["name"], 1, 100);
        localizations(
            form,
            &at(&path, "name_localizations"),
            &it["name_localizations"],
            |form, path, text| {
                form.text(path, text, 1, 100);
            },
        );
        if !names.insert(it["name"].as_str()) {
            form.fault(
                &path,
                "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
                "Choice name already exists",
            );
        }
        let value_path = at(&path, "value");
        match kind {
            3 => form.required_text(&value_path, &it["value"], 1, 100),
            4 if it["value"]
                .as_i64()
                .is_none_or(|value| value.abs() >= 1 << 53) =>
            {
                form.fault(&value_path, "NUMBER_TYPE_COERCE", "Value is not int.");
            }
            10 if it["value"].as_f64().is_none() => {
                form.fault(&value_path, "FLOAT_TYPE_COERCE", "Value is not float.");
            }
            _ => {}
        }
    }
}

/// The characters that count, of each text its longest translation.
fn weight(it: &Value) -> usize {
    let length = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
    let longest = |key: &str| {
        let translations = it[format!("{key}_localizations")].as_object();
        let translations = translations.into_iter().flat_map(Map::values);
        translations
            .map(length)
            .max()
            .unwrap_or(0)
            .max(length(&it[key]))
    };
    let of = |key: &str| {
        it[key]
            .as_array()
            .into_iter()
            .flatten()
            .map(weight)
            .sum::<usize>()
    };
    longest("name") + longest("description") + length(&it["value"]) + of("options") + of("choices")
}
