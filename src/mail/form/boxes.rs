//! Boxes to tick: `[x] 2) Façade`, however a mail program or a person has changed them.

use super::words::{after, common, fold, trimmed};

/// Most characters between the brackets of a box.
const INSIDE: usize = 6;
/// What some programs make of a box as it is typed.
const TICKED: [char; 8] = ['☑', '☒', '✅', '✓', '✔', '✗', '✘', '🗹'];
const BLANK: [char; 3] = ['☐', '□', '▢'];

/// A box.
struct Tick {
    /// The octet after it.
    end: usize,
    ticked: bool,
}

/// The options that are ticked or named in `text`. What else is written there is given back where it names none.
pub(super) fn chosen(text: &str, options: &[String]) -> Result<Vec<usize>, String> {
    let mut chosen = Vec::new();
    let mut rest = String::new();
    let mut left = text;
    while !left.is_empty() {
        if let Some((option, ticked, end)) = line_of_option(left, options) {
            if ticked && !chosen.contains(&option) {
                chosen.push(option);
            }
            left = left.get(end..).unwrap_or_default();
        } else {
            let c = left.chars().next().unwrap_or_default();
            rest.push(c);
            left = left.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    let said: Vec<&str> = rest
        .lines()
        .map(trimmed)
        .filter(|l| !l.is_empty())
        .collect();
    let said = said.join("\n");
    if said.is_empty() {
        chosen.sort_unstable();
        return Ok(chosen);
    }
    for option in named(&said, options).ok_or(said)? {
        if !chosen.contains(&option) {
            chosen.push(option);
        }
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// A box at the start of `text` with its option: which, whether it is ticked, and the octet after it.
fn line_of_option(text: &str, options: &[String]) -> Option<(usize, bool, usize)> {
    let tick = tick(text)?;
    let behind = text.get(tick.end..)?;
    let (number, digits) = number(behind).unwrap_or((0, 0));
    let label = behind.get(digits..)?;
    let by_number = number.checked_sub(1).filter(|index| *index < options.len());
    // The number is believed; without one, the longest label that stands there.
    let option = by_number.or_else(|| {
        let whole = |(index, option): (usize, &String)| Some((after(behind, option)?, index));
        let found = options.iter().enumerate().filter_map(whole).max();
        found.map(|(_, index)| index)
    })?;
    let label = if by_number.is_some() { label } else { behind };
    let (_, length) = common(label, options.get(option)?);
    let label_at = text.len() - label.len();
    let mut end = label_at + length;
    let mut ticked = tick.ticked;
    // What the label ends with and is no word: `m)`, `?`.
    let tail = text.get(end..)?;
    end += tail.len()
        - tail
            .trim_start_matches([')', '?', '!', '.', '»', '"', ';', ','])
            .len();
    // Some write the cross behind.
    let tail = text.get(end..)?;
    let line = tail.split('\n').next().unwrap_or_default();
    if matches!(fold(line).as_str(), "x") {
        ticked = true;
        end += line.len();
    }
    Some((option, ticked, end))
}

fn tick(text: &str) -> Option<Tick> {
    let first = text.chars().next()?;
    if TICKED.contains(&first) || BLANK.contains(&first) {
        return Some(Tick {
            end: first.len_utf8(),
            ticked: TICKED.contains(&first),
        });
    }
    if first != '[' {
        return None;
    }
    let (inside, _) = text.get(1..)?.split_once(']')?;
    if inside.chars().count() > INSIDE || inside.contains('\n') {
        return None;
    }
    let mark = trimmed(inside);
    let ticked = match mark.to_lowercase().as_str() {
        "" | "_" | "__" | "." => false,
        "x" | "xx" | "×" | "*" | "v" | "+" | "oui" | "ok" => true,
        _ if mark.chars().any(|c| TICKED.contains(&c)) => true,
        _ => return None,
    };
    Some(Tick {
        end: 1 + inside.len() + 1,
        ticked,
    })
}

/// `2)` at the start of `text`, and the octet after it.
fn number(text: &str) -> Option<(usize, usize)> {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
    let digits = start.len() - start.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = start.get(..digits)?.parse().ok()?;
    let rest = start.get(digits..)?;
    let closed = rest.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
    let closed = closed.strip_prefix([')', '.'])?;
    Some((number, text.len() - closed.len()))
}

/// The options that `said` names, by label or number, one or several. None where anything else stands there.
fn named(said: &str, options: &[String]) -> Option<Vec<usize>> {
    let one = |part: &str| {
        let wanted = fold(part);
        let by_label = || options.iter().position(|option| fold(option) == wanted);
        let by_number = || {
            let number: usize = wanted.parse().ok()?;
            number.checked_sub(1).filter(|index| *index < options.len())
        };
        let numbered = || {
            let (number, end) = number(part)?;
            let index = number.checked_sub(1)?;
            let same = fold(part.get(end..)?) == fold(options.get(index)?);
            same.then_some(index)
        };
        by_label().or_else(by_number).or_else(numbered)
    };
    if let Some(option) = one(said) {
        return Some(vec![option]);
    }
    let parts = said.split([',', ';', '\n']);
    let parts: Vec<&str> = parts.filter(|part| !fold(part).is_empty()).collect();
    let parts: Vec<&str> = match parts.as_slice() {
        // "1 et 3"
        [one] => one.split(" et ").collect(),
        _ => parts,
    };
    let found: Option<Vec<usize>> = parts.iter().map(|part| one(part)).collect();
    found.filter(|found| !found.is_empty())
}

/// Whether `text` is nothing but a ticked box.
pub(super) fn is_ticked(text: &str) -> Option<bool> {
    let tick = tick(text)?;
    trimmed(text.get(tick.end..)?)
        .is_empty()
        .then_some(tick.ticked)
}
