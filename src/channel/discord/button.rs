//! Buttons and lists. Each bears the line that it stands for, so that it works after any restart; one too long for that
//! bears a key to it.

use std::collections::BTreeSet;

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::message::{Button, Style};

/// What stands before a line.
const LINE: &str = "v1:";
/// What stands before a key.
const KEY: &str = "v1.";
/// What stands before the key of a form.
const FORM: &str = "f1.";
/// Characters of an id.
const LONGEST: usize = 100;
/// Characters of a button, and of an entry of a list.
const LABEL: usize = 80;
/// Buttons in a row, rows, entries of a list.
const IN_A_ROW: usize = 5;
const ROWS: usize = 5;
const ENTRIES: usize = 25;

/// What an id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meant {
    /// A line.
    Line(String),
    /// The line kept under a key.
    Key(String),
    /// The form kept under a key.
    Form(String),
    /// Nothing that this version knows.
    Unknown,
}

/// The id that stands for `line`, and the key to keep it under where it is too long.
pub(super) fn id_of(line: &str) -> (String, Option<String>) {
    let whole = format!("{LINE}{line}");
    // Characters are what Discord counts; one that counts otherwise is not met either.
    if whole.encode_utf16().count() <= LONGEST && !line.is_empty() {
        return (whole, None);
    }
    let key = key_of(line);
    (format!("{KEY}{key}"), Some(key))
}

/// The id of the form kept under `key`.
pub(super) fn form_id(key: &str) -> String {
    format!("{FORM}{key}")
}

/// The key of a text.
pub(super) fn key_of(text: &str) -> String {
    let digest = BASE32_NOPAD.encode(&Sha256::digest(text.as_bytes()));
    digest.chars().take(26).collect()
}

/// What `id` stands for.
pub(super) fn meant(id: &str) -> Meant {
    if let Some(line) = id.strip_prefix(LINE) {
        return Meant::Line(line.to_owned());
    }
    if let Some(key) = id.strip_prefix(FORM) {
        return Meant::Form(key.to_owned());
    }
    match id.strip_prefix(KEY) {
        Some(key) => Meant::Key(key.to_owned()),
        None => Meant::Unknown,
    }
}

/// The rows under a message, and the lines that must be kept, by their keys.
pub(super) fn rows(
    buttons: &[Button],
    menu: &[Button],
    choose: &str,
) -> (Vec<Value>, Vec<(String, String)>) {
    let mut kept = Vec::new();
    let mut seen = BTreeSet::new();
    let mut id = |line: &str| {
        let (id, key) = id_of(line);
        if let Some(key) = key {
            kept.push((key, line.to_owned()));
        }
        // Discord takes each once in a message.
        seen.insert(id.clone()).then_some(id)
    };
    let mut made = Vec::new();
    for button in buttons {
        let Some(id) = id(&button.line) else { continue };
        made.push(json!({
            "type": 2,
            "style": style(button.style),
            "label": label(&button.label),
            "custom_id": id,
        }));
    }
    let entries: Vec<Value> = menu
        .iter()
        .filter_map(|entry| {
            let id = id(&entry.line)?;
            Some(json!({ "label": label(&entry.label), "value": id }))
        })
        .take(ENTRIES)
        .collect();
    let room = ROWS - usize::from(!entries.is_empty());
    let mut rows: Vec<Value> = made
        .chunks(IN_A_ROW)
        .take(room)
        .map(|row| json!({ "type": 1, "components": row }))
        .collect();
    if !entries.is_empty() {
        rows.push(json!({ "type": 1, "components": [{
            "type": 3,
            "custom_id": "v1",
            "placeholder": cut(choose, 150),
            "options": entries,
        }] }));
    }
    (rows, kept)
}

fn style(style: Style) -> u8 {
    match style {
        Style::Primary => 1,
        Style::Secondary => 2,
        Style::Danger => 4,
    }
}

fn label(text: &str) -> String {
    let text = cut(text.trim(), LABEL);
    if text.is_empty() {
        "…".to_owned()
    } else {
        text
    }
}

/// `text` of at most `most` UTF-16 units, which is what Discord counts in places; characters are never more.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut length = 0;
    for letter in text.chars() {
        length += letter.len_utf16();
        if length >= most {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn button(label: &str, line: &str) -> Button {
        Button {
            label: label.to_owned(),
            emoji: String::new(),
            line: line.to_owned(),
            style: Style::Primary,
        }
    }

    #[test]
    fn a_line_is_borne_and_a_long_one_is_kept() {
        assert_eq!(id_of("suivre 4807"), ("v1:suivre 4807".to_owned(), None));
        let long = "é".repeat(98);
        let (id, key) = id_of(&long);
        assert_eq!(meant(&id), Meant::Key(key.unwrap()));
        assert_eq!(
            meant("v1:suivre 4807"),
            Meant::Line("suivre 4807".to_owned())
        );
        assert_eq!(meant("v0:suivre"), Meant::Unknown);
    }

    #[test]
    fn the_same_choice_stands_once() {
        let twice = [button("a", "x"), button("b", "x"), button("c", "y")];
        let (rows, kept) = rows(&twice, &[button("d", "x"), button("e", "z")], "Choisir");
        assert_eq!(rows[0]["components"].as_array().unwrap().len(), 2);
        assert_eq!(
            rows[1]["components"][0]["options"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert!(kept.is_empty());
    }

    proptest! {
        #[test]
        fn whatever_is_offered_fits(
            buttons in proptest::collection::vec(("\\PC{0,200}", "\\PC{0,200}"), 0..40),
            menu in proptest::collection::vec(("\\PC{0,200}", "\\PC{0,200}"), 0..40),
        ) {
            let of = |pairs: &[(String, String)]| {
                pairs.iter().map(|(label, line)| button(label, line)).collect::<Vec<_>>()
            };
            let (rows, _) = rows(&of(&buttons), &of(&menu), &"é".repeat(400));
            prop_assert!(rows.len() <= 5);
            let mut ids = BTreeSet::new();
            for row in &rows {
                let parts = row["components"].as_array().unwrap();
                prop_assert!((1..=5).contains(&parts.len()));
                for part in parts {
                    let id = part["custom_id"].as_str().unwrap();
                    prop_assert!((1..=100).contains(&id.encode_utf16().count()));
                    prop_assert!(ids.insert(id.to_owned()));
                    if let Some(options) = part["options"].as_array() {
                        prop_assert!((1..=25).contains(&options.len()));
                        for option in options {
                            prop_assert!((1..=100).contains(&option["value"].as_str().unwrap().encode_utf16().count()));
                            prop_assert!((1..=100).contains(&option["label"].as_str().unwrap().encode_utf16().count()));
                        }
                    } else {
                        prop_assert!((1..=80).contains(&part["label"].as_str().unwrap().encode_utf16().count()));
                    }
                }
            }
        }
    }
}
