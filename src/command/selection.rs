//! Which dossiers a line is about: numbers, lists and ranges of numbers.
//!
//! The grammar, after the name of the command:
//!
//! ```text
//! list   = unit *( sep unit )
//! unit   = number [ "-" number | "à" number | "au" number ]
//! number = [ [ article ] "dossier" ] [ "#" | "n°" | "no" | "nº" | "№" ] digits
//! sep    = "," | ";" | "&" | "et" | blank
//! ```
//!
//! A blank alone continues the list only for commands that take no free text and no number of their own, so that a
//! number inside a text never becomes a dossier: `suivre 4807 4808` is two dossiers, `message 4807 12 pièces manquent`
//! is one. Digits glued to something else (`12e`, `3/6/2024`, `12.5`) are no number. Punctuation right after the list
//! (`4807 :`, `4807,`) belongs to it.

use std::ops::RangeInclusive;

use super::fold::{fold, is_space};
use crate::domain::Onglet;

/// The dossiers that a line is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Numbers of dossiers, inclusive, in growing order and without overlap. One number is a range of one.
    pub ranges: Vec<RangeInclusive<u64>>,
    /// All the dossiers of this onglet; where numbers are named too, those of them that are in it.
    pub onglet: Option<Onglet>,
    /// Columns and the value that each must have, among the dossiers selected otherwise, or among those of "au total".
    pub filter: Vec<(String, String)>,
    /// The démarche of those dossiers, where one is named. It narrows what is selected, and selects nothing by itself.
    pub demarche: Option<u64>,
    /// Whether the number was not typed: it is the dossier of the thread.
    pub implied: bool,
}

impl Selection {
    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.onglet.is_none() && self.filter.is_empty()
    }

    /// The dossier, when the selection is one number.
    pub fn single(&self) -> Option<u64> {
        match self.ranges.as_slice() {
            [one]
                if one.start() == one.end()
                    && self.onglet.is_none()
                    && self.filter.is_empty()
                    && self.demarche.is_none() =>
            {
                Some(*one.start())
            }
            _ => None,
        }
    }

    /// How many numbers are named. Some may not exist; an onglet and a filter are not counted.
    pub fn count(&self) -> u64 {
        let size = |range: &RangeInclusive<u64>| (range.end() - range.start()).saturating_add(1);
        self.ranges.iter().map(size).fold(0, u64::saturating_add)
    }

    /// The dossier of the thread in which the line was typed.
    pub(super) fn implied(dossier: u64) -> Self {
        Self {
            ranges: vec![dossier..=dossier],
            implied: true,
            ..Self::default()
        }
    }

    /// Adds ranges, and merges those that overlap.
    pub(super) fn add(&mut self, ranges: Vec<RangeInclusive<u64>>) {
        self.ranges.extend(ranges);
        self.ranges
            .sort_by_key(|range| (*range.start(), *range.end()));
        let mut merged: Vec<RangeInclusive<u64>> = Vec::with_capacity(self.ranges.len());
        for range in self.ranges.drain(..) {
            match merged.last_mut() {
                Some(last) if range.start() <= last.end() => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                Some(_) | None => merged.push(range),
            }
        }
        self.ranges = merged;
    }
}

/// What separates the numbers of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    /// There is one unit only.
    Single,
    /// Commas, semicolons and `et`.
    Marked,
    /// Those, and blanks.
    Blank,
}

/// Numbers found at the start of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// The numbers.
    pub(super) ranges: Vec<RangeInclusive<u64>>,
    /// Whether no `#` marks them: they might be something else than dossiers.
    pub(super) bare: bool,
    /// What follows, without blanks or punctuation before it.
    pub(super) rest: &'a str,
}

/// A number or a range that makes no sense, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nonsense(pub(super) String);

/// The list that `text` starts with, if it starts with a number.
pub(super) fn list(text: &str, joined: Joined) -> Result<Option<Found<'_>>, Nonsense> {
    let Some((first, marked, mut rest)) = unit(text)? else {
        return Ok(None);
    };
    let bare = !marked;
    let mut ranges = vec![first];
    if joined != Joined::Single {
        while let Some(after) = separator(rest, joined) {
            let Some((next, _, after)) = unit(after)? else {
                break;
            };
            ranges.push(next);
            rest = after;
        }
    }
    Ok(Some(Found {
        ranges,
        bare,
        rest: past_punctuation(rest),
    }))
}

/// `text` as one number, with or without `n°` or `#`.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let (number, _, rest) = number(text)?;
    rest.trim_matches(|letter: char| is_space(letter) || ".,;:!?)".contains(letter))
        .is_empty()
        .then_some(number?)
}

type Unit<'a> = (RangeInclusive<u64>, bool, &'a str);

/// One number or one range at the start of `text`, whether a `#` marks it, and what follows.
fn unit(text: &str) -> Result<Option<Unit<'_>>, Nonsense> {
    let Some((start, marked, rest)) = number(text) else {
        return Ok(None);
    };
    let range = range_mark(rest).and_then(number);
    let (end, after) = range.map_or((start, rest), |(end, _, after)| (end, after));
    if !at_boundary(after) {
        return Ok(None);
    }
    match (start, end) {
        (Some(start), Some(end)) if start >= 1 && start <= end => {
            Ok(Some((start..=end, marked, after)))
        }
        // `message 4807 à 12 heures`: a range cannot go down, so that was no range.
        (Some(start), Some(_)) if start >= 1 && rest.starts_with(is_space) => {
            Ok(Some((start..=start, marked, rest)))
        }
        _ => Err(Nonsense(
            text.get(..text.len() - after.len())
                .unwrap_or(text)
                .to_owned(),
        )),
    }
}

/// Digits at the start of `text`. The number is None when it is too large.
fn number(text: &str) -> Option<(Option<u64>, bool, &str)> {
    let (marked, text) = marker(text.trim_start_matches(is_space));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    (!digits.is_empty()).then(|| (digits.parse().ok(), marked, rest))
}

/// Whether `text` starts by a `#`, and what follows that or the words that announce a number.
fn marker(text: &str) -> (bool, &str) {
    let (word, rest) = announcing(text);
    let (second, after) = announcing(rest);
    let is_dossier = |word: &str| matches!(word, "dossier" | "dossiers");
    let text = match word.as_str() {
        "le" | "les" | "du" | "des" | "au" | "aux" if is_dossier(&second) => after,
        dossier if is_dossier(dossier) => rest,
        _ => text,
    };
    let (word, rest) = announcing(text);
    match word.as_str() {
        "#" => (true, rest),
        "n" | "no" | "nos" | "num" | "numero" => (false, rest),
        _ => (false, text),
    }
}

/// The folded word before the first blank or digit, and what follows it.
fn announcing(text: &str) -> (String, &str) {
    let end = text
        .find(|letter: char| is_space(letter) || letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    // Folding drops `°` and dots, and would drop `#`. No word that announces a number has more than ten bytes.
    let folded = if word == "#" {
        word.to_owned()
    } else {
        fold(word.get(..end.min(10)).unwrap_or_default())
    };
    (folded, rest.trim_start_matches(is_space))
}

/// What follows the mark of a range, if `text` starts with one.
fn range_mark(text: &str) -> Option<&str> {
    let trimmed = text.trim_start_matches(is_space);
    for mark in ["..", "…", "-", "–", "—", "‑"] {
        if let Some(rest) = trimmed.strip_prefix(mark) {
            return Some(rest);
        }
    }
    let (word, rest) = first_word(trimmed);
    (trimmed.len() < text.len() && matches!(word, "à" | "À" | "a" | "au")).then_some(rest)
}

fn separator(text: &str, joined: Joined) -> Option<&str> {
    let trimmed = text.trim_start_matches(is_space);
    if let Some(rest) = trimmed.strip_prefix([',', ';', '&', '+']) {
        // `4807, et 4810`
        let (word, after) = first_word(rest.trim_start_matches(is_space));
        return Some(if word == "et" { after } else { rest });
    }
    let (word, rest) = first_word(trimmed);
    if fold(word.get(..2).unwrap_or_default()) == "et" && word.len() == 2 {
        return Some(rest);
    }
    (joined == Joined::Blank && trimmed.len() < text.len()).then_some(trimmed)
}

fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(is_space).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Whether a number may end before `rest`.
fn at_boundary(rest: &str) -> bool {
    let mut letters = rest.chars();
    match letters.next() {
        None => true,
        Some('.') => letters
            .next()
            .is_none_or(|next| is_space(next) || next == '.'),
        Some(letter) => is_space(letter) || ",;:)&+!?".contains(letter),
    }
}

/// `text` without the punctuation that ends a list, when a blank follows it.
fn past_punctuation(text: &str) -> &str {
    let trimmed = text.trim_start_matches(is_space);
    let after = trimmed.trim_start_matches([',', ';', ':', '.']);
    if after.is_empty() || after.starts_with(is_space) {
        after.trim_start_matches(is_space)
    } else {
        trimmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, joined: Joined) -> (Vec<(u64, u64)>, &str) {
        let found = list(text, joined).expect("reads").expect("reads");
        (
            found
                .ranges
                .iter()
                .map(|range| (*range.start(), *range.end()))
                .collect(),
            found.rest,
        )
    }

    #[test]
    fn a_number_is_read_in_every_form() {
        for form in [
            "4807",
            "#4807",
            "n° 4807",
            "N°4807",
            "nº\u{a0}4807",
            "№ 4807",
            "no 4807",
            "dossier 4807",
            "Dossier n° 4807",
            "4807.",
            "4807 :",
        ] {
            assert_eq!(
                found(form, Joined::Marked),
                (vec![(4807, 4807)], ""),
                "{form}"
            );
        }
    }

    #[test]
    fn ranges_and_lists_are_read() {
        let two = vec![(4807, 4807), (4810, 4810)];
        for form in [
            "4807, 4810",
            "4807,4810",
            "4807;4810",
            "4807 et 4810",
            "n° 4807 et n° 4810",
            "4807, et 4810",
        ] {
            assert_eq!(found(form, Joined::Marked).0, two, "{form}");
        }
        for form in [
            "4807-4812",
            "4807 – 4812",
            "4807 à 4812",
            "4807 a 4812",
            "4807..4812",
            "#4807 au n° 4812",
        ] {
            assert_eq!(found(form, Joined::Marked).0, vec![(4807, 4812)], "{form}");
        }
    }

    #[test]
    fn a_blank_continues_a_list_only_where_it_may() {
        assert_eq!(
            found("4807 4808 x", Joined::Blank),
            (vec![(4807, 4807), (4808, 4808)], "x")
        );
        assert_eq!(
            found("4807 12 pièces manquent", Joined::Marked),
            (vec![(4807, 4807)], "12 pièces manquent")
        );
        assert_eq!(
            found("4807, il manque", Joined::Marked),
            (vec![(4807, 4807)], "il manque")
        );
        assert_eq!(
            found("4807 à 12 heures", Joined::Marked),
            (vec![(4807, 4807)], "à 12 heures")
        );
    }

    #[test]
    fn digits_glued_to_something_else_are_no_number() {
        for form in [
            "12e", "12.5", "3/6/2024", "4807a", "abc", "", "#", "n°", "a@b", "-4807",
        ] {
            assert_eq!(list(form, Joined::Blank), Ok(None), "{form}");
        }
    }

    #[test]
    fn a_range_that_goes_down_and_a_number_that_is_too_large_are_refused() {
        assert_eq!(
            list("4812-4807 x", Joined::Marked),
            Err(Nonsense("4812-4807".to_owned()))
        );
        assert!(list("99999999999999999999", Joined::Marked).is_err());
        assert!(list("0", Joined::Marked).is_err());
    }

    #[test]
    fn overlapping_ranges_are_merged_and_counted_once() {
        let mut selection = Selection::default();
        selection.add(vec![10..=20, 15..=30, 5..=5, 5..=5]);
        assert_eq!(selection.ranges, [5..=5, 10..=30]);
        assert_eq!(selection.count(), 22);
        assert_eq!(selection.single(), None);
    }
}
