//! The SDL of the instance: what is published, less what an older one lacks, plus what a newer one has.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use apollo_compiler::ast::Type;
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, InputValueDefinition};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::{Value, json};

/// The published schema, in parts.
pub const PUBLISHED: &[&str] = &[
    include_str!("schema/demarche.graphql"),
    include_str!("schema/dossier.graphql"),
    include_str!("schema/champ.graphql"),
    include_str!("schema/descriptor.graphql"),
    include_str!("schema/mutation.graphql"),
];
const EMPTY: &str = "interface, union and object types must have a subselection set";
const CURRENT: &str = include_str!("schema/current.graphql");
const FUTURE: &str = include_str!("schema/future.graphql");

/// Which version of the platform this instance runs.
#[derive(Debug, Clone, Default)]
pub enum Edition {
    /// What the published schema says, and no more.
    Published,
    /// Production: the published schema and what came since.
    #[default]
    Current,
    /// Production, and types and values that no client knows (`SomethingNewChamp`).
    Future,
    /// The published schema without these: `Type`, `Type.field`, `Enum.value`, `Input.field`, `Type.field.arg`.
    Older(Vec<String>),
}

impl Edition {
    /// An instance that lags by a year or two: no labels, no follow, no grouped annotations, no `event`, no `byteSizeBigInt`.
    pub fn lagging() -> Self {
        let gone = [
            "Label",
            "LabelColorEnum",
            "Mutation.dossierAjouterLabel",
            "Mutation.dossierSupprimerLabel",
            "Mutation.dossierBasculeSuivi",
            "Mutation.dossierModifierAnnotations",
            "Traitement.event",
            "TraitementEvent",
            "File.byteSizeBigInt",
            "CorrectionReason.outdated",
            "HeaderSectionChamp",
            "ExplicationChamp",
            "RNFChamp",
            "Dossier.dateDerniereCorrectionEnAttente",
            "Message.attachments",
            "Avis.attachments",
        ];
        Self::Older(gone.iter().map(|&name| name.to_owned()).collect())
    }

    pub(super) fn schema(&self) -> Valid<Schema> {
        let mut text = PUBLISHED.concat();
        if matches!(self, Self::Current | Self::Future) {
            text.push_str(CURRENT);
        }
        if matches!(self, Self::Future) {
            text.push_str(FUTURE);
        }
        let mut schema = Schema::parse(text, "schema.graphql")
            .unwrap_or_else(|bad| panic!("bad SDL: {}", bad.errors));
        if let Self::Older(gone) = self {
            gone.iter()
                .for_each(|coordinate| remove(&mut schema, coordinate));
            sweep(&mut schema);
        }
        schema
            .validate()
            .unwrap_or_else(|bad| panic!("bad SDL: {}", bad.errors))
    }
}

fn remove(schema: &mut Schema, coordinate: &str) {
    let parts: Vec<&str> = coordinate.split('.').collect();
    match parts.as_slice() {
        [name] => {
            let _ = schema.types.shift_remove(*name);
        }
        [name, member, rest @ ..] => match schema.types.get_mut(*name) {
            Some(ExtendedType::Object(object)) => {
                let object = object.make_mut();
                match (rest, object.fields.get_mut(*member)) {
                    ([arg], Some(field)) => {
                        field.make_mut().arguments.retain(|each| each.name != *arg);
                    }
                    _ => {
                        let _ = object.fields.shift_remove(*member);
                    }
                }
            }
            Some(ExtendedType::Interface(interface)) => {
                let _ = interface.make_mut().fields.shift_remove(*member);
            }
            Some(ExtendedType::Enum(values)) => {
                let _ = values.make_mut().values.shift_remove(*member);
            }
            Some(ExtendedType::InputObject(input)) => {
                let _ = input.make_mut().fields.shift_remove(*member);
            }
            _ => {}
        },
        [] => {}
    }
}

// What speaks of a removed type goes too, until nothing does.
fn sweep(schema: &mut Schema) {
    loop {
        let known: HashSet<String> = schema.types.keys().map(ToString::to_string).collect();
        let exists = |ty: &Type| known.contains(ty.inner_named_type().as_str());
        let keeps = |args: &mut Vec<Node<InputValueDefinition>>| args.retain(|arg| exists(&arg.ty));
        let mut empty = vec![];
        for (name, definition) in &mut schema.types {
            match definition {
                ExtendedType::Object(object) if !name.starts_with("__") => {
                    let object = object.make_mut();
                    object.fields.retain(|_, field| exists(&field.ty));
                    object
                        .fields
                        .values_mut()
                        .for_each(|field| keeps(&mut field.make_mut().arguments));
                    object
                        .implements_interfaces
                        .retain(|interface| known.contains(interface.name.as_str()));
                    if object.fields.is_empty() {
                        empty.push(name.clone());
                    }
                }
                ExtendedType::Interface(interface) => {
                    let interface = interface.make_mut();
                    interface.fields.retain(|_, field| exists(&field.ty));
                }
                ExtendedType::InputObject(input) => {
                    input.make_mut().fields.retain(|_, field| exists(&field.ty));
                }
                _ => {}
            }
        }
        if empty.is_empty() {
            return;
        }
        empty.iter().for_each(|name| {
            let _ = schema.types.shift_remove(name);
        });
    }
}

/// A schema with the documents already checked against it.
pub(super) struct Documents {
    pub(super) schema: Valid<Schema>,
    known: Mutex<BTreeMap<String, Arc<Valid<ExecutableDocument>>>>,
}

/// Why a document cannot be run.
pub(super) enum Refusal {
    /// Not GraphQL at all: status 400.
    Unparsable(String),
    /// Errors of validation, answered with status 200.
    Invalid(Vec<Value>),
}

impl Documents {
    pub(super) fn new(edition: &Edition) -> Self {
        Self {
            schema: edition.schema(),
            known: Mutex::default(),
        }
    }

    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        matches!(self.schema.types.get(name), Some(ExtendedType::Enum(found)) if found.values.contains_key(value))
    }

    /// The document, parsed and valid.
    pub(super) fn get(&self, text: &str) -> Result<Arc<Valid<ExecutableDocument>>, Refusal> {
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(document) = known.get(text) {
            return Ok(document.clone());
        }
        if let Err(bad) = apollo_compiler::ast::Document::parse(text, "query.graphql") {
            return Err(Refusal::Unparsable(
                bad.errors
                    .iter()
                    .next()
                    .map(|each| each.to_json().message)
                    .unwrap_or_default(),
            ));
        }
        let document = ExecutableDocument::parse_and_validate(&self.schema, text, "query.graphql");
        let document = document.map_err(|bad| Refusal::Invalid(errors(&bad.errors)))?;
        let deepest = document
            .operations
            .iter()
            .map(|each| depth(&document, &each.selection_set))
            .max()
            .unwrap_or_default();
        if deepest > 15 {
            let message = format!("Query has depth of {deepest}, which exceeds max depth of 15");
            return Err(Refusal::Invalid(vec![json!({ "message": message })]));
        }
        let document = Arc::new(document);
        known.insert(text.to_owned(), document.clone());
        Ok(document)
    }
}

fn depth(document: &ExecutableDocument, selections: &SelectionSet) -> usize {
    let one = |selection: &Selection| match selection {
        // Introspection is deep by nature.
        Selection::Field(field) if field.name.starts_with("__") => 1,
        Selection::Field(field) => 1 + depth(document, &field.selection_set),
        Selection::InlineFragment(inline) => depth(document, &inline.selection_set),
        Selection::FragmentSpread(spread) => spread
            .fragment_def(document)
            .map_or(0, |def| depth(document, &def.selection_set)),
    };
    selections
        .selections
        .iter()
        .map(one)
        .max()
        .unwrap_or_default()
}

fn errors(found: &DiagnosticList) -> Vec<Value> {
    let all: Vec<Value> = found
        .iter()
        .map(|each| each.to_json())
        .map(|each| invalid(&each.message, &json!(each.locations)))
        .collect();
    // A selection that holds only unknown fields is then empty, which is no news.
    let unknown = |each: &Value| {
        let code = each.pointer("/extensions/code").and_then(Value::as_str);
        code.is_some_and(|code| code.starts_with("undefined"))
    };
    let empty = |each: &Value| each.get("message") == Some(&json!(EMPTY));
    if all.iter().any(unknown) {
        all.into_iter().filter(|each| !empty(each)).collect()
    } else {
        all
    }
}

/// An error of validation in the words of graphql-ruby for the cases that betray an older instance.
fn invalid(message: &str, locations: &Value) -> Value {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (message, code) = match quoted.as_slice() {
        [kind, field] if message.contains("does not have a field") => (
            format!("Field '{field}' doesn't exist on type '{kind}'"),
            "undefinedField",
        ),
        [argument, coordinate] if message.contains("is not supported by") => {
            let field = coordinate
                .rsplit('.')
                .next()
                .unwrap_or(coordinate)
                .trim_end_matches("(…)");
            (
                format!("Field '{field}' doesn't accept argument '{argument}'"),
                "argumentNotAccepted",
            )
        }
        [kind, ..] if message.contains("type condition") => (
            format!("No such type {kind}, so it can't be a fragment condition"),
            "undefinedType",
        ),
        [kind] if message.contains("cannot find type") => (
            format!("{kind} isn't a defined input type"),
            "variableRequiresValidType",
        ),
        _ => (message.to_owned(), "argumentLiteralsIncompatible"),
    };
    json!({ "message": message, "locations": locations, "extensions": { "code": code } })
}

/// The types that some fragment of the document names: the answers depend on them.
pub(super) fn fragments(document: &ExecutableDocument) -> HashSet<String> {
    fn inline(selections: &SelectionSet, found: &mut HashSet<String>) {
        for selection in &selections.selections {
            match selection {
                Selection::Field(field) => inline(&field.selection_set, found),
                Selection::InlineFragment(each) => {
                    found.extend(each.type_condition.as_ref().map(ToString::to_string));
                    inline(&each.selection_set, found);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut found: HashSet<String> = HashSet::new();
    for fragment in document.fragments.values() {
        found.insert(fragment.type_condition().to_string());
        inline(&fragment.selection_set, &mut found);
    }
    document
        .operations
        .iter()
        .for_each(|operation| inline(&operation.selection_set, &mut found));
    found
}
