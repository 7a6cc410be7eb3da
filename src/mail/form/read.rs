//! From the lines of a mail to the answers on them.

use std::collections::{BTreeMap, HashMap};

use super::answer::{
    behind_label, is_separator, meaning, take_prompt, typed_over, unstarred, without_hint,
};
use super::words::{after, common, fold, trimmed, words};
use super::{Answer, By, Field, Line, Place, Read};

/// The most rows of a repetition that are read.
const ROWS: usize = 200;
/// Characters of a line in which a label may end.
const LABEL: usize = 300;
/// Most numbers of no question that are given back.
const STRANGE: usize = 20;

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
