//! What people may type: the files of `commands/`, and how a line becomes an order.
//!
//! A [`Catalogue`] is read once from the files, and answers everything about them: what a line means
//! ([`Catalogue::parse`]), what there is ([`Catalogue::help`]), what may come next ([`Catalogue::complete`]). It knows
//! nothing of what the orders do.

mod catalogue;
mod complete;
mod date;
mod error;
mod fold;
mod form;
mod help;
mod names;
mod onglet;
mod parse;
mod quote;
mod read;
mod selection;
mod spec;
mod table;
mod value;
mod words;

#[cfg(test)]
mod tests;

pub use crate::diagnostic::Diagnostic;
pub use catalogue::Catalogue;
pub use complete::{Candidate, Completion, Expecting};
pub use date::read_date;
pub use error::{Error, Hint};
pub use fold::fold;
pub use form::Form;
pub use names::nearest;
pub use onglet::read_onglet;
pub use parse::{Here, LONGEST_LINE, Parsed};
pub use quote::quote;
pub use selection::Selection;
pub use spec::{Arg, Choice, Doer, Family, Kind, Record, Right, Spec, Takes};
