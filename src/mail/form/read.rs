//! From the lines of a mail to the answers on them.

use std::collections::{BTreeMap, HashMap};

use super::boxes;
use super::words::{after, common, fold, trimmed, words};
use super::{Answer, By, Field, Line, Place, Read, Said};

/// The most rows of a repetition that are read.
const ROWS: usize = 200;
/// Characters of a line in which a label may end.
const LABEL: usize = 300;
/// A line of so many characters may have been wrapped by a mail program: what follows belongs to it.
const WRAPPED: usize = 60;
/// Most numbers of no question that are given back.
const STRANGE: usize = 20;
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

/// What `lines` answer to `fields`. `known` is what stood already on the form that was sent: where the person answers
/// below it, that does not count.
///
/// The person's own lines come before what is quoted, and a newer form before an older one below it.
pub fn read(lines: &[Line], fields: &[Field], known: &BTreeMap<Place, String>) -> Read {
    let mut reader = Reader::new(fields);
    for line in lines {
        reader.line(line);
    }
    reader.finish(known)
}

/// The lines of one question.
struct Stretch {
    place: Place,
    /// How many forms ended above it.
    sheet: usize,
    /// Begun by its number rather than by its label.
    numbered: bool,
    lines: Vec<(String, bool)>,
}

struct Reader<'a> {
    fields: &'a [Field],
    labels: HashMap<String, Option<usize>>,
    stretches: Vec<Stretch>,
    open: bool,
    sheet: usize,
    strange: Vec<String>,
    code: Option<(String, bool)>,
}

/// What stands between brackets.
enum Mark<'a> {
    Question(Place),
    Strange(&'a str),
    Title,
    End(String),
}

impl<'a> Reader<'a> {
    fn new(fields: &'a [Field]) -> Self {
        let mut labels: HashMap<String, Option<usize>> = HashMap::new();
        for (index, field) in fields.iter().enumerate() {
            let known = labels.entry(fold(&field.label)).or_insert(Some(index));
            // A label that two questions have names neither.
            *known = known.filter(|first| *first == index);
        }
        Self {
            fields,
            labels,
            stretches: Vec::new(),
            open: false,
            sheet: 0,
            strange: Vec::new(),
            code: None,
        }
    }

    fn line(&mut self, line: &Line) {
        let own = line.by == By::Person;
        let mut text = line.text.as_str();
        let mut at_start = true;
        let mut found = false;
        while let Some((before, mark, rest)) = self.mark(text, at_start) {
            self.say(before, own);
            self.begin(mark, own);
            text = rest;
            at_start = false;
            found = true;
        }
        if found {
            return self.say(text, own);
        }
        if line.by == By::Machine {
            self.open = false;
            return;
        }
        if own
            && self.takes_labels()
            && let Some((index, rest)) = self.label(text)
        {
            let place = Place {
                field: index,
                row: None,
            };
            self.stretch(place, false);
            return self.say(rest, own);
        }
        self.say(text, own);
    }

    /// Whether a label may stand on the next line: not within a text of several lines.
    fn takes_labels(&self) -> bool {
        let last = self.stretches.last().filter(|_| self.open);
        let last = last.filter(|last| last.numbered);
        !last.is_some_and(|last| last.place.of(self.fields).is_some_and(|field| field.lines))
    }

    fn say(&mut self, text: &str, own: bool) {
        if let Some(last) = self.stretches.last_mut().filter(|_| self.open) {
            last.lines.push((text.to_owned(), own));
        }
    }

    fn stretch(&mut self, place: Place, numbered: bool) {
        self.open = true;
        self.stretches.push(Stretch {
            place,
            sheet: self.sheet,
            numbered,
            lines: Vec::new(),
        });
    }

    fn begin(&mut self, mark: Mark<'_>, own: bool) {
        match mark {
            Mark::Question(place) => self.stretch(place, true),
            Mark::Title => self.open = false,
            Mark::Strange(number) => {
                self.open = false;
                if own && self.strange.len() < STRANGE {
                    self.strange.push(number.to_owned());
                }
            }
            Mark::End(code) => {
                self.open = false;
                self.sheet += 1;
                self.code.get_or_insert((code, own));
            }
        }
    }

    /// The first mark in `text`, with what stands before and behind it. Within a line only what its question follows
    /// counts: a mail program has joined lines.
    fn mark<'t>(&self, text: &'t str, at_start: bool) -> Option<(&'t str, Mark<'t>, &'t str)> {
        let mut from = 0;
        while let Some(found) = text.get(from..)?.find('[') {
            let at = from + found;
            let before = text.get(..at)?;
            let (inside, rest) = match text.get(at + 1..)?.split_once(']') {
                Some((inside, rest)) if inside.len() <= 40 => (trimmed(inside), rest),
                _ => return None,
            };
            let first = at_start && !before.chars().any(char::is_alphanumeric);
            if let Some(mark) = self.between(inside)
                && (first || self.is_followed(&mark, rest))
            {
                return Some((before, mark, rest));
            }
            from = at + 1;
        }
        None
    }

    fn between<'t>(&self, inside: &'t str) -> Option<Mark<'t>> {
        if matches!(inside, "-" | "–" | "—") {
            return Some(Mark::Title);
        }
        let mut named = words(inside).map(|word| word.folded);
        if named.next().as_deref() == Some("fin") {
            let code = named.next().unwrap_or_default();
            return Some(Mark::End(code.to_uppercase()));
        }
        let numbers: Option<Vec<usize>> = inside
            .split('.')
            .map(|part| trimmed(part).parse().ok())
            .collect();
        let numbers = numbers.filter(|_| {
            inside
                .chars()
                .all(|c| c.is_ascii_digit() || ". ".contains(c))
        });
        let place = match numbers?.as_slice() {
            [field] => Place {
                field: field.wrapping_sub(1),
                row: None,
            },
            [field, row @ 1..=ROWS, sub] => Place {
                field: field.wrapping_sub(1),
                row: Some((row - 1, sub.wrapping_sub(1))),
            },
            _ => return None,
        };
        Some(match place.of(self.fields) {
            Some(_) => Mark::Question(place),
            None => Mark::Strange(inside),
        })
    }

    fn is_followed(&self, mark: &Mark<'_>, rest: &str) -> bool {
        match mark {
            Mark::Question(place) => {
                let label = place.of(self.fields).map_or("", |field| &field.label);
                common(rest, label).0 > 0
            }
            Mark::End(_) => true,
            Mark::Title | Mark::Strange(_) => false,
        }
    }

    /// The question whose label stands before a colon, and what stands behind it.
    fn label<'t>(&self, text: &'t str) -> Option<(usize, &'t str)> {
        let near = text.get(..text.floor_char_boundary(LABEL * 2))?;
        let colons = near.match_indices([':', '=']).take(6);
        let ends = colons.filter_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)));
        for (before, behind) in ends {
            let bare = before.rsplit_once('(').map_or(before, |(bare, _)| bare);
            for label in [before, bare] {
                if let Some(Some(index)) = self.labels.get(&fold(label)) {
                    return Some((*index, behind));
                }
            }
        }
        None
    }

    fn finish(self, known: &BTreeMap<Place, String>) -> Read {
        let mut best: BTreeMap<Place, (bool, usize, Answer)> = BTreeMap::new();
        let mut torn = Vec::new();
        for stretch in &self.stretches {
            let Some(answer) = self.answer(stretch, known) else {
                continue;
            };
            let (quoted, sheet) = (!answer.own, stretch.sheet);
            match best.get(&answer.place) {
                Some((best_quoted, best_sheet, before)) => {
                    let same = (*best_quoted, *best_sheet) == (quoted, sheet);
                    if same && answer.own && before.said != answer.said {
                        torn.push(answer.place);
                    }
                    if (quoted, sheet) < (*best_quoted, *best_sheet) {
                        best.insert(answer.place, (quoted, sheet, answer));
                    }
                }
                None => {
                    best.insert(answer.place, (quoted, sheet, answer));
                }
            }
        }
        torn.sort_unstable();
        torn.dedup();
        Read {
            answers: best.into_values().map(|(_, _, answer)| answer).collect(),
            torn,
            strange: self.strange,
            code_own: self.code.as_ref().is_some_and(|(_, own)| *own),
            code: self
                .code
                .map(|(code, _)| code)
                .filter(|code| !code.is_empty()),
        }
    }

    fn answer(&self, stretch: &Stretch, known: &BTreeMap<Place, String>) -> Option<Answer> {
        let mut place = stretch.place;
        let lines: Vec<&str> = stretch
            .lines
            .iter()
            .map(|(line, _)| line.as_str())
            .collect();
        let text = lines.join("\n");
        let mut field = place.of(self.fields)?;
        let mut labelled = !stretch.numbered;
        let mut start = 0;
        if stretch.numbered {
            match behind_label(&text, field) {
                Some(end) => (start, labelled) = (end, true),
                // The form has changed since, and with it the numbers.
                None if place.row.is_none() => {
                    let named = |other: &Field| after(&text, &other.label);
                    let moved = self.fields.iter().enumerate();
                    let moved = moved.filter_map(|(index, other)| Some((named(other)?, index)));
                    if let Some((end, index)) = moved.max() {
                        place.field = index;
                        field = self.fields.get(index)?;
                        (start, labelled) = (end, true);
                    }
                }
                None => {}
            }
        }
        let rest = text.get(start..)?;
        let first = text.get(..start)?.matches('\n').count();
        let owns: Vec<bool> = stretch
            .lines
            .iter()
            .skip(first)
            .map(|(_, own)| *own)
            .collect();
        let rest = without_hint(rest.trim_start_matches(is_separator), field);
        // Lines are counted from the end, for the start may have been taken away.
        let count = rest.matches('\n').count() + 1;
        let owns = owns.get(owns.len().saturating_sub(count)..)?;
        let mut said: Vec<(&str, bool)> = rest.split('\n').zip(owns.iter().copied()).collect();
        take_prompt(&mut said, labelled);
        for (line, _) in &mut said {
            *line = unstarred(trimmed(line));
        }
        let prefilled = known.get(&place);
        let said = typed_over(said, prefilled);
        let own = said.iter().any(|(line, own)| *own && !line.is_empty());
        let said = meaning(field, &said, stretch.numbered)?;
        Some(Answer {
            place,
            said,
            own,
            labelled,
        })
    }
}

/// The octet behind the label at the start of `text`; also behind the start of one, up to a colon.
fn behind_label(text: &str, field: &Field) -> Option<usize> {
    if let Some(end) = after(text, &field.label) {
        return Some(end);
    }
    let (count, end) = common(text, &field.label);
    let colon = text.get(end..)?.trim_start().starts_with(':');
    (count > 0 && colon).then_some(end)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() && c != '\n' || matches!(c, ':' | '=' | '*' | '?' | '!' | '»' | ')' | '.')
}

/// `text` without what stands between parentheses at its start, where that is the hint.
fn without_hint<'t>(text: &'t str, field: &Field) -> &'t str {
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
fn take_prompt(said: &mut Vec<(&str, bool)>, labelled: bool) {
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
    let word = trimmed(word).to_lowercase();
    let prompt = word.starts_with('r') && word.ends_with("ponse") && word.chars().count() <= 9;
    prompt.then(|| behind.trim_start_matches(['*', '_']))
}

/// What is bold on a page has stars around it in a text.
fn unstarred(text: &str) -> &str {
    let inside = text
        .strip_prefix('*')
        .and_then(|rest| rest.strip_suffix('*'));
    inside.map_or(text, trimmed)
}

/// Of answers both within the quotation and below it, the person's own counts where the other is what we wrote.
fn typed_over<'t>(said: Vec<(&'t str, bool)>, prefilled: Option<&String>) -> Vec<(&'t str, bool)> {
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

fn meaning(field: &Field, said: &[(&str, bool)], numbered: bool) -> Option<Said> {
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
