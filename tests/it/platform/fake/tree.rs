//! Answers that are already known: objects, lists and leaves; a dossier inside one is resolved when looked at.

use std::rc::Rc;

use apollo_compiler::resolvers::ResolvedValue;
use apollo_compiler::response::JsonValue;

use super::ctx::{Ctx, Node};

/// A value of the answer.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    Leaf(JsonValue),
    Object(&'static str, Rc<Vec<(&'static str, Tree)>>),
    List(Rc<Vec<Tree>>),
    Dossier(i32),
    /// An annotation of a dossier: stable id, row.
    Annotation(i32, u32, Option<Rc<str>>),
    /// The light form of a démarche.
    Descriptor(i32),
}

pub(super) fn object(name: &'static str, fields: Vec<(&'static str, Tree)>) -> Tree {
    Tree::Object(name, Rc::new(fields))
}

pub(super) fn list(items: impl IntoIterator<Item = Tree>) -> Tree {
    Tree::List(Rc::new(items.into_iter().collect()))
}

impl Tree {
    /// The field `name` of an object; null when there is none.
    pub(super) fn get(fields: &[(&'static str, Tree)], name: &str) -> Tree {
        fields
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    pub(super) fn resolve<'c>(self, ctx: &'c Ctx<'_>) -> ResolvedValue<'c> {
        match self {
            Self::Leaf(value) => ResolvedValue::Leaf(value),
            Self::Object(name, fields) => ResolvedValue::object(Node::tree(ctx, name, fields)),
            Self::List(items) => {
                let items: Vec<_> = items.iter().cloned().collect();
                ResolvedValue::list(items.into_iter().map(move |item| item.resolve(ctx)))
            }
            Self::Annotation(number, id, row) => {
                super::dossier::annotation(ctx, number, id, row.as_deref()).resolve(ctx)
            }
            Self::Dossier(number) => ResolvedValue::object(Node::dossier(ctx, number)),
            Self::Descriptor(number) => ResolvedValue::object(Node::descriptor(ctx, number)),
        }
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::Leaf(JsonValue::Null)
    }
}

impl<T: Into<JsonValue>> From<T> for Tree {
    fn from(value: T) -> Self {
        Self::Leaf(value.into())
    }
}
