//! Which dossiers the line is about.

use std::ops::RangeInclusive;

use super::Reader;
use crate::command::error::{Error, either};
use crate::command::onglet::{labels, read_onglet};
use crate::command::quote::quoted;
use crate::command::selection::{Joined, list, whole_number};
use crate::command::spec::Takes;
use crate::command::words::{DEMARCHE, filters, longest, word};
use crate::domain::Onglet;

impl<'b> Reader<'_, 'b> {
    /// Reads `dossier=`, `onglet=`, `filtre=` and `demarche=`, which select dossiers.
    pub(super) fn selecting(&mut self, name: &str, after: &'b str) -> Result<bool, Error> {
        match (name, self.spec.selection) {
            ("dossier" | "dossiers", takes) if takes != Takes::None => {
                let (text, rest) = self.quoted_or_word(after)?;
                self.numbers_of(&text)?;
                self.rest = rest;
            }
            ("onglet", takes) if takes.many() => {
                let (onglet, rest) = self.onglet(after)?;
                self.selection.onglet = Some(onglet);
                self.rest = rest;
            }
            ("filtre", takes) if takes.many() => {
                let (mut pairs, rest) =
                    filters(after, 1).map_err(|unclosed| self.unclosed(unclosed))?;
                if pairs.is_empty() {
                    return Err(self.bad(after, "j’attends un filtre de la forme colonne=valeur"));
                }
                self.selection.filter.append(&mut pairs);
                self.rest = rest;
            }
            (DEMARCHE, takes) if takes.many() => {
                let (text, rest) = self.quoted_or_word(after)?;
                let number = whole_number(&text)
                    .ok_or_else(|| self.bad(&text, "j’attends le numéro d’une démarche"))?;
                self.selection.demarche = Some(number);
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
        let joined = if self.spec.selection.many() {
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
            return read_onglet(&inner)
                .map(|onglet| (onglet, rest))
                .ok_or_else(|| self.no_onglet(&inner));
        }
        longest(text, read_onglet).ok_or_else(|| self.no_onglet(word(text).0))
    }

    fn no_onglet(&self, given: &str) -> Error {
        self.bad(given, &format!("les onglets sont {}", either(&labels())))
    }

    /// Reads the numbers of dossiers, if the line goes on with numbers and they are dossiers.
    pub(super) fn dossiers(&mut self) -> Result<bool, Error> {
        let takes = self.spec.selection;
        let waits = takes == Takes::Optional && self.left.iter().any(|arg| arg.required);
        if takes == Takes::None || waits || !self.selection.ranges.is_empty() {
            return Ok(false);
        }
        let found = match list(self.rest, self.joined()) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(false),
            // `message 12-10, la réunion…`: the thread says which dossier.
            Err(_)
                if self.here.dossier.is_some() && self.left.first().is_some_and(|arg| arg.rest) =>
            {
                return Ok(false);
            }
            Err(nonsense) => return Err(self.nonsense(&nonsense)),
        };
        if found.bare && self.is_something_else(&found.ranges, found.rest)? {
            return Ok(false);
        }
        self.select(found.ranges)?;
        self.rest = found.rest;
        Ok(true)
    }

    fn joined(&self) -> Joined {
        if !self.spec.selection.many() {
            return Joined::Single;
        }
        let numeric = self.left.iter().any(|arg| arg.kind.is_numeric());
        if numeric || self.spec.has_free_text() {
            Joined::Marked
        } else {
            Joined::Blank
        }
    }

    /// Whether numbers, in a dossier's thread, are an argument rather than other dossiers. Those that start a text and
    /// are not marked by `#` could be either.
    fn is_something_else(
        &self,
        ranges: &[RangeInclusive<u64>],
        after: &str,
    ) -> Result<bool, Error> {
        let (Some(here), Some(next)) = (self.here.dossier, self.left.first()) else {
            return Ok(false);
        };
        let number = ranges.first().map_or(here, |first| *first.start());
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
        let more = matches!(list(after, Joined::Single), Ok(Some(_)));
        Ok(next.kind.is_numeric() && ranges.len() == 1 && !more)
    }

    fn select(&mut self, ranges: Vec<RangeInclusive<u64>>) -> Result<(), Error> {
        self.selection.add(ranges);
        if !self.spec.selection.many() && self.selection.single().is_none() {
            return Err(Error::OneDossier { hint: self.hint() });
        }
        Ok(())
    }

    pub(super) fn needs_dossier(&self, found: Option<&str>) -> Result<(), Error> {
        let needs = matches!(self.spec.selection, Takes::One | Takes::Many);
        if needs && self.selection.is_empty() && self.here.dossier.is_none() {
            return Err(Error::MissingDossier {
                found: found.map(str::to_owned),
                hint: self.hint(),
            });
        }
        Ok(())
    }
}
