//! What an instance of the platform knows, as far as it matters here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fault::Complaint;

/// The schema that was published in January 2026, in so far as documents speak of it.
const PUBLISHED: &str = include_str!("published.txt");
/// What instances had already in 2023: what is left where an instance tells nothing of its schema and nothing of what it
/// does not know in a document.
const LATER: [(&str, &[&str]); 12] = [
    ("Demarche", &["labels"]),
    (
        "Dossier",
        &[
            "labels",
            "connectionUsager",
            "dateDerniereModificationChamps",
            "datePrevisionnelleDecisionSVASVR",
        ],
    ),
    ("File", &["byteSizeBigInt"]),
    ("Message", &["correction", "discardedAt"]),
    ("Avis", &["questionLabel", "questionAnswer"]),
    ("Traitement", &["event"]),
    ("Champ", &["champDescriptorId"]),
    ("PieceJustificativeChamp", &["files"]),
    ("RepetitionChamp", &["rows"]),
    ("Label", &["id", "name", "color"]),
    (
        "Mutation",
        &[
            "dossierBasculeSuivi",
            "dossierModifierAnnotations",
            "dossierAjouterLabel",
            "dossierSupprimerLabel",
        ],
    ),
    ("DossierEnvoyerMessageInput", &["correction"]),
];

/// Arguments of a field, and the name of its type.
pub(super) type Known = (BTreeSet<String>, String);

/// Types, and what they have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    types: BTreeMap<String, Type>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Type {
    fields: BTreeMap<String, Known>,
    /// Fields of an input.
    inputs: BTreeSet<String>,
    /// Values of an enumeration.
    values: BTreeSet<String>,
}

impl Schema {
    /// The published schema.
    pub fn published() -> Self {
        let types = PUBLISHED.lines().filter_map(line).collect();
        Self { types }
    }

    /// What even old instances know.
    pub(super) fn conservative() -> Self {
        let mut schema = Self::published();
        for (kind, names) in LATER {
            for name in names {
                schema.forget(kind, name);
            }
        }
        schema
    }

    /// What an introspection answered. None where it is no schema.
    pub(super) fn introspected(data: &Value) -> Option<Self> {
        let types = data.pointer("/__schema/types")?.as_array()?;
        let types: BTreeMap<String, Type> = types.iter().filter_map(introspected).collect();
        let schema = Self { types };
        schema.has("Query").then_some(schema)
    }

    /// Whether there is a type of that name.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.types.contains_key(kind)
    }

    /// Arguments and type of a field.
    pub(super) fn field(&self, kind: &str, name: &str) -> Option<(&BTreeSet<String>, &str)> {
        let (arguments, of) = self.types.get(kind)?.fields.get(name)?;
        Some((arguments, of))
    }

    /// Whether an input has a field.
    pub(super) fn input(&self, kind: &str, name: &str) -> bool {
        let kind = self.types.get(kind);
        kind.is_some_and(|kind| kind.inputs.contains(name))
    }

    /// Whether an enumeration has a value.
    pub(super) fn value(&self, kind: &str, name: &str) -> bool {
        let kind = self.types.get(kind);
        kind.is_some_and(|kind| kind.values.contains(name))
    }

    /// Its mutations.
    pub fn mutations(&self) -> BTreeSet<String> {
        let mutation = self.types.get("Mutation");
        mutation.map_or_else(BTreeSet::new, |mutation| {
            mutation.fields.keys().cloned().collect()
        })
    }

    /// The same without a field, an input's field, a value, or (with an empty name) a type.
    #[must_use]
    pub fn without(mut self, kind: &str, name: &str) -> Self {
        self.forget(kind, name);
        self
    }

    /// The same without what `complaints` say is not known. None where they name nothing that is here.
    pub(super) fn corrected(&self, complaints: &[Complaint]) -> Option<Self> {
        let mut schema = self.clone();
        for complaint in complaints {
            for (kind, name) in complaint.unknown() {
                schema.forget(&kind, &name);
            }
        }
        (schema != *self).then_some(schema)
    }

    /// What is here and not in `other`, by type: `Dossier.labels`. What documents do not speak of is left out.
    pub(super) fn beyond(&self, other: &Self) -> Vec<String> {
        let mut beyond = Vec::new();
        for (name, kind) in &self.types {
            let Some(theirs) = other.types.get(name) else {
                beyond.push(name.clone());
                continue;
            };
            let fields = kind
                .fields
                .keys()
                .filter(|field| !theirs.fields.contains_key(*field));
            let inputs = kind.inputs.difference(&theirs.inputs);
            let values = kind.values.difference(&theirs.values);
            let names = fields.chain(inputs).chain(values);
            beyond.extend(names.map(|field| format!("{name}.{field}")));
        }
        beyond
    }

    fn forget(&mut self, kind: &str, name: &str) {
        if name.is_empty() {
            self.types.remove(kind);
        } else if let Some((field, argument)) = name.split_once('.') {
            let known = self
                .types
                .get_mut(kind)
                .and_then(|kind| kind.fields.get_mut(field));
            if let Some((arguments, _)) = known {
                arguments.remove(argument);
            }
        } else if let Some(kind) = self.types.get_mut(kind) {
            kind.fields.remove(name);
            kind.inputs.remove(name);
            kind.values.remove(name);
        }
    }
}

/// A line of the published schema: `Type > field(argument):Type`, `Input < field`, `Enumeration = value`.
fn line(line: &str) -> Option<(String, Type)> {
    let (name, rest) = line.split_once(' ')?;
    let (sign, rest) = rest.split_at_checked(1)?;
    let mut kind = Type::default();
    match sign {
        "<" => kind.inputs = rest.split_whitespace().map(ToOwned::to_owned).collect(),
        "=" => kind.values = rest.split_whitespace().map(ToOwned::to_owned).collect(),
        _ => {
            let mut arguments = BTreeSet::new();
            let mut name = String::new();
            for word in rest
                .replace('(', " ( ")
                .replace(')', " ) ")
                .split_whitespace()
            {
                match (word, word.strip_prefix(':'), word.split_once(':')) {
                    ("(" | ")", ..) => {}
                    (_, Some(of), _) => {
                        let known = (std::mem::take(&mut arguments), of.to_owned());
                        kind.fields.insert(std::mem::take(&mut name), known);
                    }
                    (_, None, Some((name, of))) => {
                        kind.fields
                            .insert(name.to_owned(), (BTreeSet::new(), of.to_owned()));
                    }
                    (word, None, None) if name.is_empty() => word.clone_into(&mut name),
                    (word, None, None) => {
                        arguments.insert(word.to_owned());
                    }
                }
            }
        }
    }
    Some((name.to_owned(), kind))
}

fn introspected(value: &Value) -> Option<(String, Type)> {
    let name = text(value, "name")?;
    let fields = list(value, "fields").filter_map(|field| {
        let arguments = list(field, "args").filter_map(|argument| text(argument, "name"));
        let known = (arguments.collect(), named(field.get("type")?)?);
        Some((text(field, "name")?, known))
    });
    let kind = Type {
        fields: fields.collect(),
        inputs: list(value, "inputFields")
            .filter_map(|field| text(field, "name"))
            .collect(),
        values: list(value, "enumValues")
            .filter_map(|field| text(field, "name"))
            .collect(),
    };
    Some((name, kind))
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(ToOwned::to_owned)
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The type inside lists and what must not be null.
fn named(kind: &Value) -> Option<String> {
    match kind.get("ofType").filter(|inner| !inner.is_null()) {
        Some(inner) => named(inner),
        None => text(kind, "name"),
    }
}
