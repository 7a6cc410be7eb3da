//! What stands below a number or behind a label: the answer, without our own words around it.

use super::boxes;
use super::words::{after, common, fold, trimmed};
use super::{Field, Said};

/// A line of so many characters may have been wrapped by a mail program: what follows belongs to it.
const WRAPPED: usize = 60;
/// How people end a mail.
const CLOSINGS: [&str; 9] = [
    "cordialement",
    "bien cordialement",
    "bien a vous",
    "merci",
    "salutations",
    "respectueusement",
    "sinceres salutations",
    "bonne journee",
    "envoye",
];

/// The octet behind the label at the start of `text`; also behind the start of one, up to a colon.
pub(super) fn behind_label(text: &str, field: &Field) -> Option<usize> {
    if let Some(end) = after(text, &field.label).or_else(|| behind_lost(text, &field.label)) {
        return Some(end);
    }
    let (count, end) = common(text, &field.label);
    let colon = text.get(end..)?.trim_start().starts_with(':');
    (count > 0 && colon).then_some(end)
}

/// The octet behind `label` at the start of `text`, where the charset of a mail has lost its accents: `Civilit?`.
fn behind_lost(text: &str, label: &str) -> Option<usize> {
    if label.is_ascii() {
        return None;
    }
    let start = text.len() - text.trim_start().len();
    let mut found = text.get(start..)?.char_indices();
    let mut end = start;
    for wanted in label.chars() {
        let (at, c) = found.next()?;
        let same = c.to_lowercase().eq(wanted.to_lowercase());
        if !same && (wanted.is_ascii() || !matches!(c, '?' | '\u{fffd}')) {
            return None;
        }
        end = start + at + c.len_utf8();
    }
    Some(end)
}

pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() && c != '\n' || matches!(c, ':' | '=' | '*' | '?' | '!' | '»' | ')' | '.')
}

/// `text` without what stands between parentheses at its start, where that is the hint.
pub(super) fn without_hint<'t>(text: &'t str, field: &Field) -> &'t str {
    let start = text.trim_start();
    let inside = start
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'));
    match inside {
        Some((inside, rest)) if common(inside, &field.hint).0 > 0 => rest,
        _ => text,
    }
}

/// Takes away `Réponse :`, and what stands above it where the label was not found there.
pub(super) fn take_prompt(said: &mut Vec<(&str, bool)>, labelled: bool) {
    let prompt = said
        .iter()
        .position(|(line, _)| behind_prompt(line).is_some());
    let Some(at) = prompt else { return };
    if let Some((line, _)) = said.get_mut(at)
        && let Some(behind) = behind_prompt(line)
    {
        *line = behind;
    }
    if !labelled {
        said.drain(..at);
    }
}

/// What stands behind `Réponse :`, in whatever charset it was written.
fn behind_prompt(line: &str) -> Option<&str> {
    let start = unstarred(trimmed(line));
    let (word, behind) = start.split_once(':')?;
    // A no-break space may have become a question mark too.
    let lost = |c: char| c.is_whitespace() || matches!(c, '?' | '\u{fffd}');
    let word = word.trim_matches(lost).to_lowercase();
    let prompt = word.starts_with('r') && word.ends_with("ponse") && word.chars().count() <= 9;
    prompt.then(|| behind.trim_start_matches(['*', '_']))
}

/// What is bold on a page has stars around it in a text.
pub(super) fn unstarred(text: &str) -> &str {
    let inside = text
        .strip_prefix('*')
        .and_then(|rest| rest.strip_suffix('*'));
    inside.map_or(text, trimmed)
}

/// Of answers both within the quotation and below it, the person's own counts where the other is what we wrote.
pub(super) fn typed_over<'t>(
    said: Vec<(&'t str, bool)>,
    prefilled: Option<&String>,
) -> Vec<(&'t str, bool)> {
    let of = |wanted: bool| {
        let lines = said.iter().filter(|(_, own)| *own == wanted);
        lines.map(|(line, _)| *line).collect::<Vec<_>>().join("\n")
    };
    let ours = prefilled.is_some_and(|known| fold(known) == fold(&of(false)));
    if ours && !trimmed(&of(true)).is_empty() {
        return said.into_iter().filter(|(_, own)| *own).collect();
    }
    said
}

pub(super) fn meaning(field: &Field, said: &[(&str, bool)], numbered: bool) -> Option<Said> {
    let mut lines: Vec<&str> = said.iter().map(|(line, _)| *line).collect();
    if !numbered {
        without_closing(&mut lines);
    }
    let whole = lines.join("\n");
    let whole = trimmed(&whole);
    if whole.is_empty() {
        return None;
    }
    if matches!(fold(whole).as_str(), "effacer" | "efface" | "supprimer") {
        return Some(Said::Nothing);
    }
    if !field.options.is_empty() {
        return match boxes::chosen(whole, &field.options) {
            Ok(chosen) if chosen.is_empty() => None,
            Ok(chosen) => Some(Said::Chosen(chosen)),
            Err(other) => Some(Said::Text(other)),
        };
    }
    if field.lines {
        return Some(Said::Text(whole.to_owned()));
    }
    if let Some(ticked) = boxes::is_ticked(whole) {
        return ticked.then(|| Said::Text("x".to_owned()));
    }
    Some(Said::Text(on_one_line(&lines)))
}

/// The first line that says something, and those that a mail program has cut from it.
fn on_one_line(lines: &[&str]) -> String {
    let mut said = lines.iter().skip_while(|line| line.is_empty());
    let mut whole = said.next().copied().unwrap_or_default().to_owned();
    let mut last = whole.chars().count();
    for line in said {
        if last < WRAPPED || line.is_empty() {
            break;
        }
        last = line.chars().count();
        whole.push(' ');
        whole.push_str(line);
    }
    whole
}

/// Takes away the words by which people end a mail, and what stands below them.
fn without_closing(lines: &mut Vec<&str>) {
    let is_closing = |line: &&str| {
        let folded = fold(line);
        let short = folded.split(' ').count() <= 5;
        *line == "--" || short && CLOSINGS.iter().any(|word| folded.starts_with(word))
    };
    // An answer is not a closing.
    let closing = lines.iter().skip(1).position(is_closing);
    if let Some(at) = closing {
        lines.truncate(at + 1);
    }
}
