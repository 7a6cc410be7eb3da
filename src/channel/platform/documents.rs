//! Every GraphQL document that may be sent, as an instance understands it.

use std::sync::OnceLock;

use super::reading;
use super::schema::Schema;
use super::selection::{Library, Node};

/// Dossiers of a page at most: the platform gives no more.
pub(super) const PAGE: u32 = 100;

/// The text of all, of which each instance is sent what it knows.
const TEXT: &str = include_str!("documents.txt");

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| reading::read(TEXT).unwrap_or_default())
}

/// The document `name` for an instance that knows `schema`. None where it cannot do what that is about.
pub(super) fn document(name: &str, schema: &Schema) -> Option<String> {
    library().adapted(name, schema)
}

/// Every document that may be sent to an instance that knows `schema`, with its name.
pub fn every(schema: &Schema) -> Vec<(String, String)> {
    let names = library().operations.iter().map(|(name, _)| name);
    names
        .filter_map(|name| Some((name.clone(), document(name, schema)?)))
        .collect()
}

/// What the document `name` is about: the name of its mutation, or of what is queried.
pub(super) fn subject(name: &str) -> &'static str {
    let found = library().operations.iter().find(|(own, _)| own == name);
    let first = found.and_then(|(_, operation)| operation.nodes.first());
    match first {
        Some(Node::Field(forms)) => forms.first().map_or("", |form| &form.name),
        _ => "",
    }
}
