//! What somebody types into options, menus and modals, held to what they are for.

use serde_json::{Value, json};

use super::ask::{Refused, resolve};
use super::component::TEXT_INPUT;
use super::modal::FILE_UPLOAD;
use super::world::{Id, World};

/// The steps to a subcommand, each with its type.
type Path = Vec<(u64, String)>;

/// The path to a subcommand, each step with its type, and the options that stand at its end.
pub(crate) fn subcommand<'a, 'b>(
    command: &'a Value,
    words: impl Iterator<Item = &'b str>,
) -> Result<(Path, &'a [Value]), Refused> {
    let of = |it: &'a Value| {
        it["options"]
            .as_array()
            .map_or(&[] as &[Value], Vec::as_slice)
    };
    let mut path = Vec::new();
    let mut level = of(command);
    for word in words {
        let found = level
            .iter()
            .find(|it| it["name"] == word && matches!(it["type"].as_u64(), Some(1 | 2)));
        let found = found.ok_or_else(|| format!("{} has no subcommand {word}", command["name"]))?;
        path.push((found["type"].as_u64().unwrap_or(1), word.to_owned()));
        level = of(found);
    }
    if level
        .iter()
        .any(|it| matches!(it["type"].as_u64(), Some(1 | 2)))
    {
        return Err(format!("{} needs a subcommand", command["name"]));
    }
    Ok((path, level))
}

/// The options as they are sent.
pub(crate) fn options(
    world: &World,
    level: &[Value],
    given: &[(&str, Value)],
    focused: Option<(&str, &str)>,
    resolved: &mut Value,
) -> Result<Vec<Value>, Refused> {
    let known = |name: &str| {
        let found = level.iter().find(|it| it["name"] == name);
        found.ok_or_else(|| format!("there is no option {name}"))
    };
    let mut sent = Vec::new();
    for (name, value) in given {
        let it = known(name)?;
        let kind = it["type"].as_u64().unwrap_or_default();
        let value = option(world, it, kind, value, resolved)?;
        sent.push(json!({ "name": name, "type": kind, "value": value }));
    }
    if let Some((name, text)) = focused {
        let it = known(name)?;
        if it["autocomplete"] != true {
            return Err(format!("the option {name} is not completed"));
        }
        sent.push(json!({ "name": name, "type": it["type"], "value": text, "focused": true }));
        return Ok(sent);
    }
    let missing = level
        .iter()
        .find(|it| it["required"] == true && !given.iter().any(|(name, _)| it["name"] == *name));
    match missing {
        Some(it) => Err(format!("the option {} is required", it["name"])),
        None => Ok(sent),
    }
}

fn option(
    world: &World,
    it: &Value,
    kind: u64,
    value: &Value,
    resolved: &mut Value,
) -> Result<Value, Refused> {
    let name = &it["name"];
    let wrong = || format!("{value} is not a value for {name}");
    let choices = it["choices"].as_array().filter(|list| !list.is_empty());
    if let Some(choices) = choices {
        let found = choices
            .iter()
            .find(|it| it["value"] == *value || it["name"] == *value);
        return found.map(|it| it["value"].clone()).ok_or_else(wrong);
    }
    let fits = match kind {
        3 => {
            let length = value.as_str().map(|text| text.chars().count() as u64);
            length.is_some_and(|length| {
                length >= it["min_length"].as_u64().unwrap_or(1)
                    && length <= it["max_length"].as_u64().unwrap_or(6000)
            })
        }
        4 => value.is_i64(),
        10 => value.is_number(),
        5 => value.is_boolean(),
        _ => {
            let id: Id = value
                .as_str()
                .and_then(|id| id.parse().ok())
                .ok_or_else(wrong)?;
            let there = match kind {
                6 | 9 => world.users.contains_key(&id),
                7 => world.channels.contains_key(&id),
                11 => world.chosen.contains_key(&id),
                _ => true,
            };
            if there {
                resolve(world, resolved, kind, id);
            }
            there
        }
    };
    let number = value.as_f64().filter(|_| matches!(kind, 4 | 10));
    let between = number.is_none_or(|number| {
        number >= it["min_value"].as_f64().unwrap_or(f64::MIN)
            && number <= it["max_value"].as_f64().unwrap_or(f64::MAX)
    });
    if fits && between {
        Ok(value.clone())
    } else {
        Err(wrong())
    }
}

/// Whether a menu lets these be chosen.
pub(crate) fn selected(menu: &Value, values: &[&str]) -> Result<(), Refused> {
    if menu["disabled"] == true {
        return Err("the menu is disabled".to_owned());
    }
    let options = menu["options"]
        .as_array()
        .map_or(&[] as &[Value], Vec::as_slice);
    if let Some(value) = values
        .iter()
        .find(|value| !options.iter().any(|it| it["value"] == **value))
    {
        return Err(format!("the menu has no {value}"));
    }
    let count = values.len() as u64;
    let least = menu["min_values"].as_u64().unwrap_or(1);
    let most = menu["max_values"].as_u64().unwrap_or(1);
    if !(least..=most).contains(&count) {
        return Err(format!("the menu takes {least} to {most} values"));
    }
    Ok(())
}

/// A field of a modal as it is sent.
pub(crate) fn field(
    world: &World,
    it: &Value,
    given: Option<&Value>,
    resolved: &mut Value,
) -> Result<Value, Refused> {
    let kind = it["type"].as_u64().unwrap_or_default();
    let id = &it["custom_id"];
    let required = it["required"] != false;
    if kind == TEXT_INPUT {
        let text = given.unwrap_or(&it["value"]).as_str().unwrap_or_default();
        let length = text.chars().count() as u64;
        let least = it["min_length"].as_u64().unwrap_or(u64::from(required));
        let most = it["max_length"].as_u64().unwrap_or(4000);
        let empty = length == 0 && !required;
        if !empty && (length < least || length > most || length == 0) {
            return Err(format!("{id} takes {least} to {most} characters"));
        }
        return Ok(json!({ "type": kind, "custom_id": id, "value": text }));
    }
    let values = given.and_then(Value::as_array).cloned().unwrap_or_default();
    if values.is_empty() && required {
        return Err(format!("{id} is required"));
    }
    let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    if kind == FILE_UPLOAD {
        for id in texts.iter().filter_map(|text| text.parse().ok()) {
            resolve(world, resolved, kind, id);
        }
    } else if !texts.is_empty() && !it["options"].is_null() {
        selected(it, &texts)?;
    }
    Ok(json!({ "type": kind, "custom_id": id, "values": values }))
}
