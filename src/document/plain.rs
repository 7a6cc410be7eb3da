//! Text from anywhere, made fit for a page: what cannot be seen is taken out, what no font has becomes a square, and what
//! would run over the edge may be broken.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What stands for a letter that no font has.
const UNKNOWN: char = '□';
/// Marks that one letter may bear: enough for every language, too few to climb over the line above.
const MARKS: usize = 3;
/// How wide a word may be before it may be broken, in lower-case letters.
pub(super) const WORD: f32 = 50.0;

/// Cleans every text in `value`; `shows` says which letters there are.
pub(super) fn clean(value: &mut Value, shows: &impl Fn(char) -> bool) {
    match value {
        Value::String(text) => *text = fit(text, shows),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, shows)),
        Value::Object(fields) => fields.values_mut().for_each(|field| clean(field, shows)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fit(text: &str, shows: &impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.nfc() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS || unseen(c) {
            continue;
        }
        let shown = match c {
            '\n' => '\n',
            c if c.is_control() => ' ',
            c if shows(c) => c,
            c if c.is_whitespace() => ' ',
            // A mark without its letter would stand on a circle; a selector or joiner is no letter.
            c if is_combining_mark(c) || "\u{200b}\u{200c}\u{200d}\u{2060}".contains(c) => continue,
            _ => UNKNOWN,
        };
        out.push(shown);
    }
    breakable(&out, WORD)
}

/// What only changes how other characters are read (direction, variant, language), or is none.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// The text with places to break in words wider than `most`: zero-width spaces, which show only where they are needed.
pub(super) fn breakable(text: &str, most: f32) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        if word.chars().map(wide).sum::<f32>() <= most {
            out.push_str(word);
            continue;
        }
        let mut run = 0.0;
        for c in word.chars() {
            run += wide(c);
            // Not within a letter and its marks.
            if run > most / 3.0 && !is_combining_mark(c) {
                out.push('\u{200b}');
                run = wide(c);
            }
            out.push(c);
        }
    }
    out
}

/// About how wide a letter is, where a lower-case one is 1.
fn wide(c: char) -> f32 {
    match c {
        '\u{200b}' => 0.0,
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' => 0.6,
        'm' | 'w' | 'M' | 'W' | '@' => 1.7,
        'a'..='z' | '-' | '_' => 1.0,
        'A'..='Z' | '0'..='9' => 1.25,
        _ => 1.5,
    }
}

/// A text as paragraphs of lines: an empty line ends a paragraph.
pub(super) fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let mut paragraphs: Vec<Vec<String>> = vec![Vec::new()];
    for line in text.lines() {
        let line = line.trim();
        match paragraphs.last_mut() {
            Some(lines) if !line.is_empty() => lines.push(line.to_owned()),
            Some(lines) if !lines.is_empty() => paragraphs.push(Vec::new()),
            _ => {}
        }
    }
    paragraphs.retain(|lines| !lines.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str) -> String {
        fit(text, &|c| !('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn what_cannot_be_seen_is_taken_out() {
        assert_eq!(fitted("a\u{202e}b\u{feff}\u{0}c\u{7}d\tf"), "ab c d f");
        assert_eq!(fitted("un\ndeux"), "un\ndeux");
    }

    #[test]
    fn what_no_font_has_becomes_a_square() {
        assert_eq!(fitted("漢字 Łódź ș ğ € œ « »"), "□□ Łódź ș ğ € œ « »");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled = format!("a{}", "\u{0300}".repeat(50));
        assert_eq!(fitted(&piled).chars().count(), 1 + MARKS);
    }

    #[test]
    fn only_a_very_long_word_may_be_broken() {
        let address = "prenom.nom-compose@direction.departement.example";
        assert_eq!(fitted(address), address);
        let long = "x".repeat(500);
        let broken = fitted(&long);
        assert!(broken.split('\u{200b}').all(|part| part.len() <= 20));
        assert_eq!(broken.replace('\u{200b}', ""), long);
    }

    #[test]
    fn an_empty_line_ends_a_paragraph() {
        assert_eq!(
            paragraphs("\n a\nb\n\n\n  \nc\n"),
            [vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]]
        );
        assert_eq!(paragraphs(" \n "), Vec::<Vec<String>>::new());
    }
}
