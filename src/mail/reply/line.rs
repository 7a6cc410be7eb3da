//! The lines of a body, with what is known of each before anything is read.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::mail::address::is_invisible;

/// Who wrote a line, as far as the mail's structure tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// Nothing says that it is not the person's own.
    #[default]
    Typed,
    /// It stands in what the mail program marks as the quotation.
    Quoted,
    /// It stands below the mark that the mail program puts above a quotation. What the person wrote further down does
    /// so too.
    Below,
    /// It stands in what the mail program marks as the signature.
    Signature,
}

/// One line of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    /// What it says, without the quotation marks.
    pub(crate) text: String,
    /// How many quotation marks stood before it (`>`, or nested quoting elements).
    pub(crate) depth: u8,
    /// Who wrote it, by the structure.
    pub(crate) origin: Origin,
    /// `Content-ID`s of the pictures that stand in it.
    pub(crate) images: Vec<String>,
    /// The line as it came, where the quotation marks may turn out to be none.
    pub(crate) raw: Option<String>,
}

impl Origin {
    /// Whether the mail program says that the line is not the person's.
    pub(crate) fn is_quoted(self) -> bool {
        matches!(self, Self::Quoted | Self::Below)
    }
}

impl Line {
    /// Whether there is nothing to read on it.
    pub(crate) fn is_blank(&self) -> bool {
        self.text
            .chars()
            .all(|c| c.is_whitespace() || is_invisible(c))
    }
}

/// Longest stretch of a line that patterns look at, in characters.
const LOOKED_AT: usize = 600;
/// Longest stretch of a line that is searched for them, in characters: the others are invisible.
const SEARCHED: usize = 4 * LOOKED_AT;

/// `text` made plain for patterns: one kind of space, nothing invisible, no emphasis marks at the ends, bounded.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if text.len() <= LOOKED_AT && is_plain(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    let near = || text.chars().take(SEARCHED);
    Cow::Owned(if near().all(is_composed) {
        spaced(near())
    } else {
        spaced(near().nfc())
    })
}

/// Whether nothing would change in `text`, which has no space at its ends.
fn is_plain(text: &str) -> bool {
    let mut before = '-';
    text.chars().all(|c| {
        let space = c.is_whitespace() && (c != ' ' || before == ' ');
        before = c;
        !space && is_composed(c) && !is_invisible(c)
    })
}

/// Whether normalisation (NFC) leaves `c` as it is, whatever stands beside it: what most of the West is written in.
fn is_composed(c: char) -> bool {
    matches!(c, '\0'..='\u{2ff}' | '\u{2002}'..='\u{206f}')
}

fn spaced(chars: impl Iterator<Item = char>) -> String {
    let mut plain = String::with_capacity(LOOKED_AT);
    for c in chars.filter(|c| !is_invisible(*c)).take(LOOKED_AT) {
        if !c.is_whitespace() {
            plain.push(c);
        } else if !plain.ends_with(' ') && !plain.is_empty() {
            plain.push(' ');
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Most lines that are told apart. What is beyond counts as one, which is kept or left out as a whole.
pub(crate) const LINES: usize = 50_000;

/// The lines of a plain text body.
pub(crate) fn lines_of(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut read = 0;
    for line in text.split_inclusive('\n').take(LINES) {
        read += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        lines.push(read_marks(line.trim_end_matches('\r')));
    }
    lines.extend(rest(text.get(read..).unwrap_or_default()));
    lines
}

/// All of `text` as one line.
pub(crate) fn rest(text: &str) -> Option<Line> {
    (!text.is_empty()).then(|| Line {
        text: text.to_owned(),
        ..Line::default()
    })
}

/// Splits the quotation marks from a line. `>>> http://x <<<` and a row of `>` alone are no marks.
fn read_marks(line: &str) -> Line {
    let mut rest = line.trim_start_matches(' ');
    let mut depth = 0_u8;
    if line.len() - rest.len() > 2 {
        return Line {
            text: line.to_owned(),
            ..Line::default()
        };
    }
    while let Some(after) = rest.strip_prefix('>') {
        depth = depth.saturating_add(1);
        rest = after
            .strip_prefix(' ')
            .filter(|next| next.starts_with('>'))
            .unwrap_or(after);
    }
    let no_marks = depth == 0 || depth > 20 || rest.ends_with("<<<");
    if no_marks {
        return Line {
            text: line.to_owned(),
            ..Line::default()
        };
    }
    let text = rest.strip_prefix(' ').unwrap_or(rest).to_owned();
    Line {
        text,
        depth,
        raw: Some(line.to_owned()),
        ..Line::default()
    }
}

/// Joins the lines that `format=flowed` (RFC 3676) has wrapped; `delete_space` is its `delsp=yes`.
pub(crate) fn unflow(text: &str, delete_space: bool) -> String {
    let mut joined: Vec<(usize, String, bool)> = Vec::new();
    for line in text.lines() {
        let rest = line.trim_start_matches('>');
        let depth = line.len() - rest.len();
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let flows = rest.ends_with(' ') && rest != "-- ";
        let rest = if flows && delete_space {
            rest.strip_suffix(' ').unwrap_or(rest)
        } else {
            rest
        };
        match joined.last_mut() {
            Some((before, paragraph, true)) if *before == depth && rest != "-- " => {
                paragraph.push_str(rest);
                if let Some(last) = joined.last_mut() {
                    last.2 = flows;
                }
            }
            _ => joined.push((depth, rest.to_owned(), flows)),
        }
    }
    let line = |(depth, text, _): (usize, String, bool)| match depth {
        0 => text,
        _ => format!("{} {text}", ">".repeat(depth)),
    };
    joined.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_are_counted_and_taken_off() {
        let lines = lines_of("> a\n>> b\n> > c\n->d\n>>> http://x <<<");
        let read: Vec<_> = lines
            .iter()
            .map(|line| (line.depth, line.text.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                (1, "a"),
                (2, "b"),
                (2, "c"),
                (0, "->d"),
                (0, ">>> http://x <<<")
            ]
        );
    }

    #[test]
    fn flowed_lines_are_joined_within_their_depth() {
        assert_eq!(
            unflow("un deux \ntrois\n> q \n> r\n-- \nPaul", false),
            "un deux trois\n> q r\n-- \nPaul"
        );
        assert_eq!(unflow("un\u{a0} \ndeux", true), "un\u{a0}deux");
    }

    #[test]
    fn plain_has_one_kind_of_space() {
        assert_eq!(plain("  a\u{a0}\u{202f}:\u{ad} b\t"), "a : b");
    }
}
