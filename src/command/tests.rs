//! The embedded commands, as a whole.

use jiff::civil::date;
use serde_json::{Value, json};

use super::*;

mod discord;
mod loading;
mod messages;
mod orders;
mod parsing;
mod properties;

/// A line typed outside any thread.
fn nowhere() -> Here {
    Here {
        dossier: None,
        today: date(2024, 6, 3),
    }
}

/// A line typed in the thread of dossier 4807.
fn in_thread() -> Here {
    Here {
        dossier: Some(4807),
        today: date(2024, 6, 3),
    }
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: std::sync::OnceLock<Catalogue> = std::sync::OnceLock::new();
    CATALOGUE.get_or_init(Catalogue::embedded)
}

/// The order made of a line, and its dossiers.
fn order(line: &str, here: &Here) -> (Value, Vec<(u64, u64)>) {
    let parsed = catalogue()
        .parse(line, here)
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    let mut order = parsed.values;
    order.insert("do".to_owned(), parsed.spec.tag.clone().into());
    let ranges = parsed
        .selection
        .ranges
        .iter()
        .map(|range| (*range.start(), *range.end()));
    (Value::Object(order), ranges.collect())
}

/// One value of the order made of a line typed outside any thread.
fn value(line: &str, key: &str) -> Value {
    order(line, &nowhere())
        .0
        .get(key)
        .cloned()
        .unwrap_or_default()
}

#[test]
fn the_embedded_commands_are_read() {
    let tags: Vec<_> = catalogue()
        .specs()
        .iter()
        .map(|spec| spec.tag.as_str())
        .collect();
    for tag in [
        "follow",
        "request_avis",
        "accept",
        "list_dossiers",
        "cancel",
        "mail_trace",
    ] {
        assert!(tags.contains(&tag), "{tag}");
    }
}

#[test]
fn a_bare_family_reads_as_its_list() {
    assert_eq!(
        order("avis 4807", &nowhere()),
        (json!({"do": "list_avis"}), vec![(4807, 4807)])
    );
    assert_eq!(
        order("quarantaine", &nowhere()).0,
        json!({"do": "list_quarantine"})
    );
}
