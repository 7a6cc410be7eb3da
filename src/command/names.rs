//! Which command a line names, and which it probably meant.

use strsim::damerau_levenshtein;

use super::Catalogue;
use super::error::Error;
use super::fold::{fold, words};
use super::spec::{Spec, Takes};
use super::words::word;

/// Names suggested for one that does not exist.
const SUGGESTED: usize = 3;
/// Characters of a line that is shown to be typed again.
const SHOWN: usize = 200;
/// Words looked at to find what was meant, and letters of a name that anybody would type.
const LOOKED_AT: usize = 3;
const LONGEST_NAME: usize = 40;

/// Those of `known` that are called nearly `name`, the nearest first: with a slip, or with more words.
pub fn nearest(name: &str, known: &[String]) -> Vec<String> {
    let typed: String = fold(name).chars().take(LONGEST_NAME).collect();
    let mut near: Vec<(usize, &String)> = Vec::new();
    for name in known {
        let folded = fold(name);
        let distance = if typed.len() >= 3 && folded.contains(&typed) {
            0
        } else {
            damerau_levenshtein(&typed, &folded)
        };
        if distance <= tolerated(&folded) {
            near.push((distance, name));
        }
    }
    near.sort();
    near.into_iter()
        .take(SUGGESTED)
        .map(|(_, name)| name.clone())
        .collect()
}

impl Catalogue {
    /// `text` with `prefix` before each command that it shows as code.
    pub fn prefixed(&self, text: &str, prefix: &str) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        let mut inside = false;
        let mut escaped = false;
        for (at, letter) in text.char_indices() {
            out.push(letter);
            if letter == '`' && !escaped {
                inside = !inside;
                let shown = text.get(at + 1..).and_then(|rest| rest.split_once('`'));
                if inside && shown.is_some_and(|(shown, _)| self.find(shown).is_ok()) {
                    out.push_str(prefix);
                }
            }
            escaped = letter == '\\' && !escaped;
        }
        out
    }

    /// `line` as it would be typed for the démarche of that number; none where it is no single line of a command.
    pub fn for_demarche(&self, line: &str, number: u64) -> Option<String> {
        let line = super::parse::without_prefix(line);
        let (_, rest) = self.find(line).ok()?;
        let name = line.get(..line.len() - rest.len())?.trim_end();
        let rest = rest.trim();
        let blank = if rest.is_empty() { "" } else { " " };
        let whole = format!("{name} demarche={number}{blank}{rest}");
        (!whole.contains(char::is_control) && whole.chars().count() <= SHOWN).then_some(whole)
    }

    /// The command whose name or alias opens `line`, the longest one, and what follows it.
    pub(super) fn find<'b>(&self, line: &'b str) -> Result<(&Spec, &'b str), Error> {
        let prefixes = prefixes(line, self.longest_name);
        if prefixes.is_empty() {
            return Err(Error::Empty);
        }
        for (count, key, rest) in prefixes.iter().rev() {
            let named = self.names.get(key).filter(|named| *count <= named.words);
            if let Some(spec) = named.and_then(|named| self.specs.get(named.spec)) {
                return Ok((spec, rest));
            }
        }
        Err(self.unknown(line))
    }

    /// Whether `line` is a command that takes the files sent with it.
    pub fn takes_files(&self, line: &str) -> bool {
        self.find(super::parse::without_prefix(line))
            .is_ok_and(|(spec, _)| spec.files)
    }

    /// The command of that name or alias.
    pub fn get(&self, name: &str) -> Option<&Spec> {
        self.names
            .get(&fold(name))
            .and_then(|named| self.specs.get(named.spec))
    }

    fn unknown(&self, line: &str) -> Error {
        Error::Unknown {
            name: word(line).0.to_owned(),
            nearest: self.nearest(line),
        }
    }

    /// The names that the first words of `line` look like, the nearest first.
    pub(super) fn nearest(&self, line: &str) -> Vec<String> {
        let typed = prefixes(line, LOOKED_AT);
        let mut found: Vec<(usize, usize, &str)> = Vec::new();
        for (key, named) in &self.names {
            let distances = typed
                .iter()
                .filter(|(_, typed, _)| typed.len() <= LONGEST_NAME);
            // `instr` is the beginning of `instruire`, rather than a slip.
            let begun = typed.iter().any(|(_, typed, _)| {
                typed.len() >= 3 && key.starts_with(typed) && !self.names.contains_key(typed)
            });
            let best = distances
                .map(|(_, typed, _)| damerau_levenshtein(typed, key))
                .min()
                .map(|distance| if begun { 0 } else { distance });
            if let Some(distance) = best.filter(|distance| *distance <= tolerated(key)) {
                found.push((distance, named.spec, &named.shown));
            }
        }
        found.sort_unstable();
        let mut specs = Vec::new();
        found.retain(|(_, spec, _)| {
            !specs.contains(spec) && {
                specs.push(*spec);
                true
            }
        });
        found
            .into_iter()
            .take(SUGGESTED)
            .map(|(_, _, shown)| shown.to_owned())
            .collect()
    }

    /// What to say instead of `error`, when the line probably named a command of two words and missed the second:
    /// `avis demnder 4807`, which was read as `avis` followed by nonsense.
    pub(super) fn misnamed(
        &self,
        spec: &Spec,
        line: &str,
        rest: &str,
        error: &Error,
    ) -> Option<Error> {
        let (next, _) = word(rest);
        let named = next.starts_with(char::is_alphabetic);
        let senseless = match error {
            // `quarantaine 3` says what to look at, and not what to do with it.
            Error::TooMany { .. } => named || spec.selection == Takes::None,
            Error::MissingDossier { found: Some(_), .. } => named,
            _ => false,
        };
        if !senseless {
            return None;
        }
        let first = line.get(..line.len() - rest.len())?;
        let under = self.under(first);
        if under.is_empty() {
            return None;
        }
        let near = self
            .nearest(line)
            .into_iter()
            .filter(|name| under.contains(name));
        let near: Vec<_> = near.collect();
        let nearest = if near.is_empty() { under } else { near };
        Some(Error::Unknown {
            name: format!("{} {next}", first.trim()),
            nearest,
        })
    }

    /// An error if `rest`, after the command named by `first`, opens with a slip of a command of two words. Otherwise
    /// the slip would be sent as a text.
    pub(super) fn slip(&self, first: &str, rest: &str) -> Option<Error> {
        let (next, _) = word(rest);
        let typed = fold(next);
        if typed.len() > LONGEST_NAME || typed.len() < 5 {
            return None;
        }
        let typed = fold(first) + typed.as_str();
        let near = |name: &String| (1..=2).contains(&damerau_levenshtein(&typed, &fold(name)));
        let nearest: Vec<_> = self.under(first).into_iter().filter(near).collect();
        let name = format!("{} {next}", first.trim());
        (!nearest.is_empty()).then_some(Error::Unknown { name, nearest })
    }

    /// The names of the commands of several words that start with `first`.
    pub(super) fn under(&self, first: &str) -> Vec<String> {
        let folded = fold(first);
        let is_under = |spec: &&Spec| {
            words(&spec.name) > words(first)
                && prefixes(&spec.name, words(first))
                    .last()
                    .is_some_and(|(_, key, _)| *key == folded)
        };
        self.specs
            .iter()
            .filter(is_under)
            .map(|spec| spec.name.clone())
            .collect()
    }
}

/// How many slips a name of that length bears.
fn tolerated(name: &str) -> usize {
    match name.len() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    }
}

type Prefix<'b> = (usize, String, &'b str);

/// The first word of `line`, its first two words, and so on up to `most`: how many, folded together, what follows.
fn prefixes(line: &str, most: usize) -> Vec<Prefix<'_>> {
    let mut found: Vec<Prefix<'_>> = Vec::new();
    let (mut key, mut rest) = (String::new(), line);
    while found.len() < most {
        let (next, after) = word(rest);
        if next.is_empty() {
            break;
        }
        key.push_str(&fold(next));
        found.push((found.len() + 1, key.clone(), after));
        rest = after;
    }
    found
}
