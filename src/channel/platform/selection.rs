//! Documents as trees: read from their text, cut down to what an instance knows, and written again.
//!
//! The text is GraphQL with one thing more: of `a | b`, the first that the instance knows is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::schema::Schema;

/// What stands between braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A field, in the forms that it may have.
    Field(Vec<Field>),
    /// `... on Type { … }`.
    On(String, Vec<Node>),
    /// `...Fragment`.
    Spread(String),
}

/// One form of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// What the answer calls it.
    pub(super) alias: Option<String>,
    /// Its name.
    pub(super) name: String,
    /// Its arguments, by name.
    pub(super) arguments: Vec<(String, String)>,
    /// What is asked of it.
    pub(super) nodes: Vec<Node>,
}

/// A query or a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    /// `query` or `mutation`.
    pub(super) kind: String,
    /// Its variables, with their types.
    pub(super) variables: Vec<(String, String)>,
    /// What it asks.
    pub(super) nodes: Vec<Node>,
}

/// A fragment: its type, and what it asks.
pub(super) type Fragment = (String, Vec<Node>);

/// Operations and fragments by name.
#[derive(Debug, Default)]
pub(super) struct Library {
    /// Operations, in the order in which they are written.
    pub(super) operations: Vec<(String, Operation)>,
    /// Fragments.
    pub(super) fragments: BTreeMap<String, Fragment>,
}

impl Library {
    /// The operation `name` as an instance with `schema` understands it, in full. None where it lacks what that is about.
    pub(super) fn adapted(&self, name: &str, schema: &Schema) -> Option<String> {
        let (_, operation) = self.operations.iter().find(|(own, _)| own == name)?;
        let root = match operation.kind.as_str() {
            "mutation" => "Mutation",
            _ => "Query",
        };
        let mut cutter = Cutter {
            library: self,
            schema,
            fragments: BTreeMap::new(),
            used: BTreeSet::new(),
        };
        let nodes = cutter.cut(&operation.nodes, Some(root));
        if nodes.is_empty() {
            return None;
        }
        let mut text = format!("{} {name}", operation.kind);
        let variables: Vec<String> = operation
            .variables
            .iter()
            .filter(|(variable, _)| cutter.used.contains(variable))
            .map(|(variable, kind)| format!("${variable}: {kind}"))
            .collect();
        if !variables.is_empty() {
            let _infallible = write!(text, "({})", variables.join(", "));
        }
        write(&mut text, &nodes, 0);
        for (name, (kind, nodes)) in cutter.fragments {
            if !nodes.is_empty() {
                let _infallible = write!(text, "\n\nfragment {name} on {kind}");
                write(&mut text, &nodes, 0);
            }
        }
        text.push('\n');
        Some(text)
    }
}

/// Cuts one operation.
struct Cutter<'a> {
    library: &'a Library,
    schema: &'a Schema,
    /// Fragments that are used, cut.
    fragments: BTreeMap<String, Fragment>,
    /// Variables that are used.
    used: BTreeSet<String>,
}

impl Cutter<'_> {
    /// What of `nodes` is known on a type. Of a type that nothing is known of, everything is.
    fn cut(&mut self, nodes: &[Node], kind: Option<&str>) -> Vec<Node> {
        nodes
            .iter()
            .filter_map(|node| match node {
                Node::Field(forms) => self.field(forms, kind),
                Node::On(on, nodes) => {
                    let known = self.schema.has(on);
                    let nodes = known.then(|| self.cut(nodes, Some(on)))?;
                    (!nodes.is_empty()).then(|| Node::On(on.clone(), nodes))
                }
                Node::Spread(name) => self.spread(name).then(|| node.clone()),
            })
            .collect()
    }

    fn field(&mut self, forms: &[Field], kind: Option<&str>) -> Option<Node> {
        let known = kind.filter(|kind| self.schema.has(kind));
        let (form, of, arguments) = forms.iter().find_map(|form| {
            let Some(kind) = known.filter(|_| !form.name.starts_with("__")) else {
                return Some((form, None, form.arguments.clone()));
            };
            let (arguments, of) = self.schema.field(kind, &form.name)?;
            let given = form.arguments.iter();
            let given = given.filter(|(name, _)| arguments.contains(name)).cloned();
            Some((form, Some(of.to_owned()), given.collect()))
        })?;
        let nodes = self.cut(&form.nodes, of.as_deref());
        if nodes.is_empty() && !form.nodes.is_empty() {
            return None;
        }
        for (_, value) in &arguments {
            if let Some(variable) = value.strip_prefix('$') {
                self.used.insert(variable.to_owned());
            }
        }
        Some(Node::Field(vec![Field {
            arguments,
            nodes,
            ..form.clone()
        }]))
    }

    /// Cuts a fragment, and says whether anything is left of it.
    fn spread(&mut self, name: &str) -> bool {
        if let Some((_, nodes)) = self.fragments.get(name) {
            return !nodes.is_empty();
        }
        let Some((kind, nodes)) = self.library.fragments.get(name) else {
            return false;
        };
        // A type of introspection is not among those that introspection tells of.
        let known = kind.starts_with("__") || self.schema.has(kind);
        let nodes = if known {
            self.cut(nodes, Some(kind))
        } else {
            Vec::new()
        };
        let left = !nodes.is_empty();
        self.fragments
            .insert(name.to_owned(), (kind.clone(), nodes));
        left
    }
}

fn write(text: &mut String, nodes: &[Node], depth: usize) {
    text.push_str(" {\n");
    for node in nodes {
        text.push_str(&"  ".repeat(depth + 1));
        match node {
            Node::Field(forms) => {
                for form in forms.iter().take(1) {
                    field(text, form, depth);
                }
            }
            Node::On(kind, nodes) => {
                let _infallible = write!(text, "... on {kind}");
                write(text, nodes, depth + 1);
            }
            Node::Spread(name) => {
                let _infallible = write!(text, "...{name}");
            }
        }
        text.push('\n');
    }
    text.push_str(&"  ".repeat(depth));
    text.push('}');
}

fn field(text: &mut String, field: &Field, depth: usize) {
    if let Some(alias) = &field.alias {
        let _infallible = write!(text, "{alias}: ");
    }
    text.push_str(&field.name);
    if !field.arguments.is_empty() {
        let arguments = field.arguments.iter();
        let arguments: Vec<String> = arguments
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let _infallible = write!(text, "({})", arguments.join(", "));
    }
    if !field.nodes.is_empty() {
        write(text, &field.nodes, depth + 1);
    }
}
