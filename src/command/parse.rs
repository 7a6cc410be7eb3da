//! From a line to a command and its values.
//!
//! After the name come options (`nom=valeur`), the dossiers, and the arguments, in their order; free text comes last
//! and takes all that remains. A word is an option only if the command declares that name. [`super::selection`] says
//! which numbers are dossiers.

mod dossiers;
mod slip;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::Catalogue;
use super::error::{Error, absent};
use super::fold::{fold, is_space};
use super::quote::{Unclosed, free};
use super::selection::Selection;
use super::spec::{Arg, Kind, Spec, Takes};
use super::value::{Bad, read};
use super::words::{ending_demarche, extent, option_name, word};

/// Bytes of a line. A longer one is refused unread.
pub const LONGEST_LINE: usize = 64 * 1024;

/// What the place and the day add to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    /// The dossier in whose thread the line was typed.
    pub dossier: Option<u64>,
    /// Today, where the person is.
    pub today: Date,
}

/// A line that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<'a> {
    /// The command.
    pub spec: &'a Spec,
    /// The dossiers.
    pub selection: Selection,
    /// Its arguments, defaults and constant values, by key of the order.
    pub values: Map<String, Value>,
}

impl Catalogue {
    /// Reads `line`: a command as typed, with or without the `!` or `/` before it.
    pub fn parse(&self, line: &str, here: &Here) -> Result<Parsed<'_>, Error> {
        if line.len() > LONGEST_LINE {
            return Err(Error::LineTooLong { most: LONGEST_LINE });
        }
        // Names that are copied from what Greffier says bear it, so that they ring for nobody.
        let line = line.replace(['\u{200b}', '\u{2060}', '\u{feff}'], "");
        let line = without_prefix(&line);
        let (spec, rest) = self.find(line)?;
        let first = line.get(..line.len() - rest.len()).unwrap_or_default();
        if let Some(slip) = self.slip(first, rest) {
            return Err(slip);
        }
        let parsed = Reader::new(spec, here, rest).run();
        parsed.map_err(|error| self.misnamed(spec, line, rest, &error).unwrap_or(error))
    }

    /// What `line` says so far, be it all that its command needs or not; none where something in it is wrong.
    pub(super) fn begun(&self, line: &str, here: &Here) -> Option<Parsed<'_>> {
        if line.len() > LONGEST_LINE {
            return None;
        }
        let (spec, rest) = self.find(without_prefix(line)).ok()?;
        let mut reader = Reader::new(spec, here, rest);
        reader.read().ok()?;
        Some(Parsed {
            spec,
            selection: reader.selection,
            values: reader.values,
        })
    }
}

/// `line` without blanks around it and without what announces a command.
pub(super) fn without_prefix(line: &str) -> &str {
    past_prefix(line).trim_end_matches(is_space)
}

/// `line` without the blanks, and what announces a command, at its start.
pub(super) fn past_prefix(line: &str) -> &str {
    let line = line.trim_start_matches(is_space);
    let bare = line
        .strip_prefix("//")
        .or_else(|| line.strip_prefix(['!', '/']));
    bare.unwrap_or(line).trim_start_matches(is_space)
}

struct Reader<'a, 'b> {
    spec: &'a Spec,
    here: &'b Here,
    rest: &'b str,
    /// The positional arguments not yet read.
    left: Vec<&'a Arg>,
    selection: Selection,
    values: Map<String, Value>,
}

impl<'a, 'b> Reader<'a, 'b> {
    fn new(spec: &'a Spec, here: &'b Here, rest: &'b str) -> Self {
        let left = spec.positional().collect();
        Self {
            spec,
            here,
            rest,
            left,
            selection: Selection::default(),
            values: spec.fixed.clone(),
        }
    }

    fn run(mut self) -> Result<Parsed<'a>, Error> {
        self.read()?;
        self.finish()
    }

    /// Reads all that was typed.
    fn read(&mut self) -> Result<(), Error> {
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            if self.rest.is_empty() {
                return Ok(());
            }
            if !self.option()? && !self.dossiers()? {
                self.positional()?;
            }
        }
    }

    /// Reads `nom=valeur`, if the line goes on with that.
    fn option(&mut self) -> Result<bool, Error> {
        let Some((name, after)) = option_name(self.rest) else {
            return Ok(false);
        };
        let folded = fold(name);
        if let Some(arg) = self.spec.args.iter().find(|arg| fold(&arg.name) == folded) {
            return self.named(arg, after).map(|()| true);
        }
        if self.selecting(&folded, after)? {
            return Ok(true);
        }
        let mut left = self.left.iter();
        // The number of a démarche may be left out before it.
        let next = left.find(|arg| arg.required || arg.kind != Kind::Demarche);
        if next.is_some_and(|next| next.rest && next.kind == Kind::Text)
            && let Some(stray) = self.stray(name, after)
        {
            return Err(stray);
        }
        if next.is_some_and(|next| next.rest || takes_anything(next)) {
            return Ok(false);
        }
        Err(Error::UnknownOption {
            name: name.to_owned(),
            known: self.known(),
            hint: self.hint(),
        })
    }

    fn known(&self) -> Vec<String> {
        self.spec.options().map(|arg| arg.name.clone()).collect()
    }

    fn named(&mut self, arg: &'a Arg, after: &'b str) -> Result<(), Error> {
        if self.values.contains_key(&arg.key) && arg.kind != Kind::Filtre {
            return Err(Error::Repeated {
                name: arg.name.clone(),
                hint: self.hint(),
            });
        }
        self.left.retain(|left| left.name != arg.name);
        if arg.rest {
            return self.free_text(arg, after);
        }
        let (value, rest) = extent(arg, after, self.here.today)
            .map_err(|problem| self.wrong(arg, after, problem))?;
        self.rest = rest;
        self.keep(arg, value);
        Ok(())
    }

    /// Reads the next argument. An optional one that does not fit leaves its place to those after it, and may come later.
    fn positional(&mut self) -> Result<(), Error> {
        let mut first_error = None;
        for (place, arg) in self.left.clone().into_iter().enumerate() {
            if arg.rest {
                self.left.clear();
                return self.free_text(arg, self.rest);
            }
            match extent(arg, self.rest, self.here.today) {
                Ok((value, rest)) => {
                    self.left.remove(place);
                    self.rest = rest;
                    self.keep(arg, value);
                    return Ok(());
                }
                Err(problem) => {
                    first_error.get_or_insert_with(|| self.wrong(arg, self.rest, problem));
                    if arg.required {
                        break;
                    }
                }
            }
        }
        self.needs_dossier(Some(word(self.rest).0))?;
        Err(first_error.unwrap_or_else(|| self.too_many()))
    }

    fn free_text(&mut self, arg: &Arg, text: &'b str) -> Result<(), Error> {
        self.needs_dossier(Some(word(text).0))?;
        let text = self.without_demarche(text);
        if text.is_empty() && !arg.required {
            self.rest = "";
            return Ok(());
        }
        if let Some(late) = self.late(text) {
            return Err(late);
        }
        let inner = free(text).map_err(|unclosed| self.unclosed(unclosed))?;
        let value = read(arg, &inner, self.here.today)
            .map_err(|bad| self.wrong(arg, text, Problem::Bad(bad)))?;
        self.keep(arg, value);
        self.rest = "";
        Ok(())
    }

    /// `text` without the `demarche=12` that ends it, which is kept where the command needs one and none is named. What is
    /// said of dossiers by their numbers keeps it: these are of a démarche already.
    fn without_demarche(&mut self, text: &'b str) -> &'b str {
        let Some((before, number)) = ending_demarche(text) else {
            return text;
        };
        let named = self.spec.args.iter().find(|arg| arg.kind == Kind::Demarche);
        let chosen = self.selection.onglet.is_some() || !self.selection.filter.is_empty();
        match named {
            Some(arg) if !self.values.contains_key(&arg.key) => {
                self.values.insert(arg.key.clone(), number.into());
                before
            }
            None if chosen && self.selection.demarche.is_none() => {
                self.selection.demarche = Some(number);
                before
            }
            Some(_) | None => text,
        }
    }

    fn keep(&mut self, arg: &Arg, value: Value) {
        match (self.values.get_mut(&arg.key), value) {
            (Some(Value::Array(kept)), Value::Array(mut more)) => kept.append(&mut more),
            (_, value) => drop(self.values.insert(arg.key.clone(), value)),
        }
    }

    fn finish(mut self) -> Result<Parsed<'a>, Error> {
        self.needs_dossier(None)?;
        if let (true, Some(dossier)) = (self.selection.is_empty(), self.here.dossier)
            && self.spec.selection != Takes::None
        {
            self.selection = Selection::implied(dossier);
        }
        for arg in &self.spec.args {
            if self.values.contains_key(&arg.key) {
                continue;
            }
            if let Some(default) = &arg.default {
                let value = read(arg, default, self.here.today)
                    .map_err(|bad| self.wrong(arg, default, bad.into()))?;
                self.values.insert(arg.key.clone(), value);
            } else if arg.required {
                return Err(Error::MissingArgument {
                    what: absent(arg),
                    hint: self.hint(),
                });
            }
        }
        Ok(Parsed {
            spec: self.spec,
            selection: self.selection,
            values: self.values,
        })
    }
}

/// Why an argument could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// A quotation mark is left open.
    Unclosed(Unclosed),
    /// The value does not fit.
    Bad(Bad),
}

impl From<Bad> for Problem {
    fn from(bad: Bad) -> Self {
        Self::Bad(bad)
    }
}

fn takes_anything(arg: &Arg) -> bool {
    matches!(arg.kind, Kind::Filtre | Kind::Text | Kind::Annotation)
}
