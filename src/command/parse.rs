//! From a line to a command and its values.
//!
//! After the name come options (`nom=valeur`), the dossiers, and the arguments, in their order; free text comes last
//! and takes all that remains. A word is an option only if the command declares that name. [`super::selection`] says
//! which numbers are dossiers.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::Catalogue;
use super::error::{Error, Hint, described, wanted};
use super::fold::{fold, is_space};
use super::onglet::Onglet;
use super::quote::{Unclosed, free, quoted};
use super::selection::{Joined, Nonsense, Selection, list};
use super::spec::{Arg, Kind, Spec, Takes};
use super::value::{Bad, read};
use super::words::{extent, filters, option_name, word};

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
        let line = without_prefix(line);
        let (spec, rest) = self.find(line)?;
        let first = line.get(..line.len() - rest.len()).unwrap_or_default();
        if let Some(slip) = self.slip(first, rest) {
            return Err(slip);
        }
        let parsed = Reader::new(spec, here, rest).run();
        parsed.map_err(|error| self.misnamed(line, rest, &error).unwrap_or(error))
    }
}

/// `line` without blanks around it and without what announces a command.
pub(super) fn without_prefix(line: &str) -> &str {
    let line = line.trim_matches(is_space);
    let bare = line
        .strip_prefix("//")
        .or_else(|| line.strip_prefix(['!', '/']))
        .unwrap_or(line);
    bare.trim_start_matches(is_space)
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
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            if self.rest.is_empty() {
                return self.finish();
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
        if self
            .left
            .first()
            .is_some_and(|next| next.rest || takes_anything(next))
        {
            return Ok(false);
        }
        // An address may hold a `=`.
        if super::value::email(word(self.rest).0).is_some() {
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

    /// Reads `dossier=`, `onglet=` and `filtre=`, which select dossiers.
    fn selecting(&mut self, name: &str, after: &'b str) -> Result<bool, Error> {
        match (name, self.spec.selection) {
            ("dossier" | "dossiers", Takes::Optional | Takes::One | Takes::Many) => {
                let (text, rest) = self.quoted_or_word(after)?;
                self.numbers_of(&text)?;
                self.rest = rest;
            }
            ("onglet", Takes::Many) => {
                let (onglet, rest) = self.onglet(after)?;
                self.selection.onglet = Some(onglet);
                self.rest = rest;
            }
            ("filtre", Takes::Many) => {
                let (mut pairs, rest) =
                    filters(after, 1).map_err(|unclosed| self.unclosed(unclosed))?;
                if pairs.is_empty() {
                    return Err(self.bad(after, "j’attends un filtre de la forme colonne=valeur"));
                }
                self.selection.filter.append(&mut pairs);
                self.rest = rest;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn quoted_or_word(&self, text: &'b str) -> Result<(String, &'b str), Error> {
        let found = quoted(text).map_err(|unclosed| self.unclosed(unclosed))?;
        Ok(found.unwrap_or_else(|| {
            let (first, rest) = word(text);
            (first.to_owned(), rest)
        }))
    }

    fn numbers_of(&mut self, text: &str) -> Result<(), Error> {
        let joined = if self.spec.selection == Takes::Many {
            Joined::Blank
        } else {
            Joined::Single
        };
        let found = list(text, joined).map_err(|nonsense| self.nonsense(&nonsense))?;
        match found {
            Some(found) if found.rest.is_empty() => self.select(found.ranges),
            Some(_) | None => Err(self.bad(text, "j’attends le numéro d’un dossier, comme 4807")),
        }
    }

    fn onglet(&self, text: &'b str) -> Result<(Onglet, &'b str), Error> {
        if let Some((inner, rest)) = quoted(text).map_err(|unclosed| self.unclosed(unclosed))? {
            return Onglet::read(&inner)
                .map(|onglet| (onglet, rest))
                .ok_or_else(|| self.no_onglet(&inner));
        }
        super::words::longest(text, |words| Onglet::read(words))
            .ok_or_else(|| self.no_onglet(word(text).0))
    }

    fn no_onglet(&self, given: &str) -> Error {
        let labels: Vec<_> = Onglet::ALL
            .iter()
            .map(|onglet| onglet.label().to_owned())
            .collect();
        self.bad(
            given,
            &format!("les onglets sont {}", super::error::either(&labels)),
        )
    }

    /// Reads the numbers of dossiers, if the line goes on with numbers and they are dossiers.
    fn dossiers(&mut self) -> Result<bool, Error> {
        let takes = self.spec.selection;
        let waits = takes == Takes::Optional && self.left.iter().any(|arg| arg.required);
        if takes == Takes::None || waits || !self.selection.ranges.is_empty() {
            return Ok(false);
        }
        let found = list(self.rest, self.joined()).map_err(|nonsense| self.nonsense(&nonsense))?;
        let Some(found) = found else { return Ok(false) };
        if found.bare && self.is_something_else(&found.ranges, found.rest)? {
            return Ok(false);
        }
        self.select(found.ranges)?;
        self.rest = found.rest;
        Ok(true)
    }

    fn joined(&self) -> Joined {
        if self.spec.selection != Takes::Many {
            return Joined::Single;
        }
        let numeric = self.left.iter().any(|arg| arg.kind.is_numeric());
        if numeric || self.spec.has_free_text() {
            Joined::Marked
        } else {
            Joined::Blank
        }
    }

    /// Whether a bare number, in a dossier's thread, is an argument rather than another dossier.
    fn is_something_else(
        &self,
        ranges: &[std::ops::RangeInclusive<u64>],
        after: &str,
    ) -> Result<bool, Error> {
        let (Some(here), Some(next), Some(number)) =
            (self.here.dossier, self.left.first(), ranges.first())
        else {
            return Ok(false);
        };
        let number = *number.start();
        if number == here || after.is_empty() && next.rest {
            return Ok(false);
        }
        if next.rest {
            return Err(Error::Ambiguous {
                command: self.spec.name.clone(),
                number,
                here,
            });
        }
        Ok(next.kind.is_numeric() && !matches!(list(after, Joined::Single), Ok(Some(_))))
    }

    fn select(&mut self, ranges: Vec<std::ops::RangeInclusive<u64>>) -> Result<(), Error> {
        self.selection.add(ranges);
        if self.spec.selection != Takes::Many && self.selection.single().is_none() {
            return Err(Error::OneDossier { hint: self.hint() });
        }
        Ok(())
    }

    /// Reads the next argument. An optional one that does not fit leaves its place to those after it.
    fn positional(&mut self) -> Result<(), Error> {
        let mut first_error = None;
        for (place, arg) in self.left.clone().into_iter().enumerate() {
            if arg.rest {
                self.left.clear();
                return self.free_text(arg, self.rest);
            }
            match extent(arg, self.rest, self.here.today) {
                Ok((value, rest)) => {
                    self.left.drain(..=place);
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
        Err(first_error.unwrap_or_else(|| Error::TooMany {
            extra: self.rest.to_owned(),
            hint: self.hint(),
        }))
    }

    fn free_text(&mut self, arg: &Arg, text: &'b str) -> Result<(), Error> {
        self.needs_dossier(Some(word(text).0))?;
        let inner = free(text).map_err(|unclosed| self.unclosed(unclosed))?;
        let value = read(arg, &inner, self.here.today)
            .map_err(|bad| self.wrong(arg, text, Problem::Bad(bad)))?;
        self.keep(arg, value);
        self.rest = "";
        Ok(())
    }

    fn keep(&mut self, arg: &Arg, value: Value) {
        match (self.values.get_mut(&arg.key), value) {
            (Some(Value::Array(kept)), Value::Array(mut more)) => kept.append(&mut more),
            (_, value) => drop(self.values.insert(arg.key.clone(), value)),
        }
    }

    fn needs_dossier(&self, found: Option<&str>) -> Result<(), Error> {
        let needs = matches!(self.spec.selection, Takes::One | Takes::Many);
        if needs && self.selection.is_empty() && self.here.dossier.is_none() {
            return Err(Error::MissingDossier {
                found: found.map(str::to_owned),
                hint: self.hint(),
            });
        }
        Ok(())
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
                    what: described(arg),
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

    fn wrong(&self, arg: &Arg, text: &str, problem: Problem) -> Error {
        match problem {
            Problem::Unclosed(unclosed) => self.unclosed(unclosed),
            Problem::Bad(Bad::Empty) => Error::MissingArgument {
                what: described(arg),
                hint: self.hint(),
            },
            Problem::Bad(Bad::TooLong(most)) => Error::TooLong {
                what: described(arg),
                most,
                hint: self.hint(),
            },
            Problem::Bad(Bad::Wrong) => self.bad(word(text).0, &wanted(arg)),
        }
    }

    fn bad(&self, given: &str, wanted: &str) -> Error {
        Error::BadValue {
            given: given.to_owned(),
            wanted: wanted.to_owned(),
            hint: self.hint(),
        }
    }

    fn nonsense(&self, nonsense: &Nonsense) -> Error {
        self.bad(
            &nonsense.0,
            "j’attends un numéro de dossier, ou deux dans l’ordre, comme 4807-4812",
        )
    }

    fn unclosed(&self, unclosed: Unclosed) -> Error {
        Error::Unclosed {
            mark: unclosed.0,
            hint: self.hint(),
        }
    }

    fn hint(&self) -> Box<Hint> {
        Hint::of(self.spec)
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
    matches!(arg.kind, Kind::Filtre | Kind::Text)
}
