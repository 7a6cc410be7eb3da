//! How far an argument goes: the words of a line that belong to it.

use jiff::civil::Date;
use serde_json::Value;

use super::fold::{fold, is_space};
use super::parse::Problem;
use super::quote::{Unclosed, quoted};
use super::spec::{Arg, Kind};
use super::value::{Bad, filter, read, sign};

/// Words that the label of an onglet or of a choice may have.
const LABEL: usize = 4;

/// What names a démarche, in any command that needs one. No column is called so.
pub(super) const DEMARCHE: &str = "demarche";

/// The first word of `text`, and what follows it.
pub(super) fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(is_space);
    let end = text.find(is_space).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The name and what follows the `=`, when `text` starts with `nom=`.
pub(super) fn option_name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|letter: char| {
        !letter.is_alphanumeric() && !matches!(letter, '-' | '_' | '\u{301}' | '\u{300}')
    })?;
    let (name, rest) = text.split_at_checked(end)?;
    let after = rest.strip_prefix('=')?;
    (!name.is_empty()).then_some((name, after))
}

/// `text` without the `demarche=12` that ends it, and that number.
pub(super) fn ending_demarche(text: &str) -> Option<(&str, u64)> {
    let text = text.trim_end_matches(is_space);
    let start = text.rfind(is_space).map_or(0, |blank| blank + 1);
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at))?;
    let (before, last) = text.split_at_checked(start)?;
    let (name, number) = option_name(last)?;
    let number = number.parse().ok()?;
    (fold(name) == DEMARCHE).then_some((before.trim_end_matches(is_space), number))
}

/// The value that `text` starts with for `arg`, and what follows it.
pub(super) fn extent<'a>(
    arg: &Arg,
    text: &'a str,
    today: Date,
) -> Result<(Value, &'a str), Problem> {
    if arg.kind == Kind::Filtre {
        return filter_pairs(arg, text);
    }
    let text = past_filler(arg, text);
    if let Some((inner, rest)) = quoted(text).map_err(Problem::Unclosed)? {
        return Ok((read(arg, &inner, today)?, past_equals(arg, rest)));
    }
    if let (Kind::Annotation, Some((name, after))) = (arg.kind, option_name(text)) {
        return Ok((read(arg, name, today)?, after));
    }
    match arg.kind {
        Kind::Choice | Kind::Onglet | Kind::Date => {
            let found = longest(text, |words| read(arg, words, today).ok());
            found.ok_or(Problem::Bad(if word(text).0.is_empty() {
                Bad::Empty
            } else {
                Bad::Wrong
            }))
        }
        Kind::Emails => {
            let (addresses, rest) = addresses(text);
            Ok((read(arg, addresses, today)?, rest))
        }
        _ => {
            let (first, rest) = if text.starts_with(is_space) {
                ("", text)
            } else {
                word(text)
            };
            Ok((read(arg, first, today)?, rest))
        }
    }
}

/// `text` without the `à` of `envoyer 4807 à paul@ddt`.
fn past_filler<'a>(arg: &Arg, text: &'a str) -> &'a str {
    let (first, after) = word(text);
    let is_filler = matches!(first, "à" | "a" | "À") && word(after).0.contains('@');
    match arg.kind {
        Kind::Email | Kind::Emails | Kind::Expert if is_filler => {
            after.trim_start_matches(is_space)
        }
        _ => text,
    }
}

/// `rest` without the `=` of `annoter 4807 "Date de visite"=demain`.
fn past_equals<'a>(arg: &Arg, rest: &'a str) -> &'a str {
    let after = (arg.kind == Kind::Annotation)
        .then(|| rest.strip_prefix('='))
        .flatten();
    after.unwrap_or(rest)
}

/// What the greatest number of first words of `text` means, at most [`LABEL`], and what follows them.
pub(super) fn longest<T>(text: &str, means: impl Fn(&str) -> Option<T>) -> Option<(T, &str)> {
    let mut ends = Vec::new();
    let mut rest = text;
    while ends.len() < LABEL {
        let (first, after) = word(rest);
        if first.is_empty() {
            break;
        }
        ends.push(text.len() - after.len());
        rest = after;
    }
    ends.into_iter().rev().find_map(|end| {
        let (words, after) = text.split_at_checked(end)?;
        means(words.trim_end_matches([',', ';', ':'])).map(|meant| (meant, after))
    })
}

/// The addresses that `text` starts with, as far as words go on holding an `@`, and what follows them. The first word
/// always belongs to it, so that it can be said to be wrong.
fn addresses(text: &str) -> (&str, &str) {
    let (_, mut rest) = word(text);
    loop {
        let (mut next, mut after) = word(rest);
        if matches!(next, "," | ";")
            || fold(next.get(..2).unwrap_or_default()) == "et" && next.len() == 2
        {
            (next, after) = word(after);
        }
        if !next.contains('@') || next.starts_with('@') || next.contains('=') {
            break;
        }
        rest = after;
    }
    text.split_at_checked(text.len() - rest.len())
        .unwrap_or((text, ""))
}

fn filter_pairs<'a>(arg: &Arg, text: &'a str) -> Result<(Value, &'a str), Problem> {
    let most = if arg.option { 1 } else { usize::MAX };
    let (pairs, rest) = filters(text, most).map_err(Problem::Unclosed)?;
    if pairs.is_empty() {
        return Err(Problem::Bad(Bad::Wrong));
    }
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(column, value)| vec![column, value])
        .collect();
    Ok((pairs.into(), rest))
}

/// At most `most` filters at the start of `text`, and what follows them.
pub(super) fn filters(text: &str, most: usize) -> Result<Pairs<'_>, Unclosed> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while pairs.len() < most {
        let next = rest.trim_start_matches(is_space);
        if option_name(next).is_some_and(|(name, _)| fold(name) == DEMARCHE) {
            break;
        }
        let Some((pair, after)) = pair(next)? else {
            break;
        };
        pairs.push(pair);
        rest = after;
    }
    Ok((pairs, rest))
}

type Pair<'a> = ((String, String), &'a str);
type Pairs<'a> = (Vec<(String, String)>, &'a str);

/// `colonne=valeur`, each side quoted or not, or the whole of it.
fn pair(text: &str) -> Result<Option<Pair<'_>>, Unclosed> {
    let (column, after) = match quoted(text)? {
        Some((inner, rest)) if sign(rest).is_none() => {
            return Ok(filter(&inner).map(|pair| (pair, rest)));
        }
        Some(found) => found,
        None => {
            let ends = |(at, letter)| {
                is_space(letter) || text.get(at..).is_some_and(|rest| sign(rest).is_some())
            };
            let end = text.char_indices().find(|found| ends(*found));
            let end = end.map_or(text.len(), |(at, _)| at);
            let (column, rest) = text.split_at_checked(end).unwrap_or((text, ""));
            (column.to_owned(), rest)
        }
    };
    let Some((kept, after)) = sign(after) else {
        return Ok(None);
    };
    let (value, rest) = match quoted(after)? {
        Some(found) => found,
        None if after.starts_with(is_space) => return Ok(None),
        None => {
            let (first, rest) = word(after);
            (first.to_owned(), rest)
        }
    };
    let value = format!("{kept}{value}");
    Ok((!column.is_empty() && value.len() > kept.len()).then_some(((column, value), rest)))
}
