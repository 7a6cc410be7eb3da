//! Quotation marks, straight or French or typographic, around a value or a whole text.

use super::fold::is_space;

/// A quotation mark was opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclosed(pub(super) char);

/// `text` between straight quotation marks, so that it reads back as one value, the same.
///
/// ```
/// assert_eq!(greffier::command::quote(r#"dit "oui""#), r#""dit \"oui\"""#);
/// ```
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// The value that `text` opens with, when that is quoted, and what follows it.
///
/// A backslash escapes in straight quotes only; « » and “ ” nest. Single quotes are apostrophes unless they close
/// before something that is no letter, so `'l'avis'` is one value and `'oui` is a word.
pub(super) fn quoted(text: &str) -> Result<Option<(String, &str)>, Unclosed> {
    let mut letters = text.char_indices();
    let Some((_, open)) = letters.next() else {
        return Ok(None);
    };
    let Some(close) = closing(open) else {
        return Ok(None);
    };
    let mut inner = String::new();
    let mut depth = 1_usize;
    let mut letters = letters.peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && open == close {
            if let Some((_, escaped)) = letters.next_if(|(_, next)| *next == close || *next == '\\')
            {
                inner.push(escaped);
                continue;
            }
        } else if letter == close && !is_apostrophe(letter, letters.peek().map(|(_, next)| *next)) {
            depth -= 1;
            if depth == 0 {
                let after = text.get(at + letter.len_utf8()..).unwrap_or_default();
                return Ok(Some((tidy(open, inner), after)));
            }
        } else if letter == open && open != close && open != '‘' {
            depth += 1;
        }
        inner.push(letter);
    }
    if matches!(open, '\'' | '‘') {
        Ok(None)
    } else {
        Err(Unclosed(close))
    }
}

/// Free text as typed, but for blanks around it and quotation marks around the whole of it.
pub(super) fn free(text: &str) -> Result<String, Unclosed> {
    let text = text.trim_matches(is_space);
    match quoted(text)? {
        Some((inner, "")) => Ok(inner.trim_matches(is_space).to_owned()),
        Some(_) | None => Ok(text.to_owned()),
    }
}

fn closing(open: char) -> Option<char> {
    match open {
        '"' | '\'' | '”' => Some(open),
        '“' => Some('”'),
        '«' => Some('»'),
        '‹' => Some('›'),
        '‘' => Some('’'),
        _ => None,
    }
}

fn is_apostrophe(mark: char, next: Option<char>) -> bool {
    matches!(mark, '\'' | '’') && next.is_some_and(char::is_alphanumeric)
}

/// French quotation marks have blanks inside, which are not part of what is quoted.
fn tidy(open: char, inner: String) -> String {
    if matches!(open, '«' | '‹') {
        inner.trim_matches(is_space).to_owned()
    } else {
        inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(text: &str) -> String {
        quoted(text).expect("reads").expect("reads").0
    }

    #[test]
    fn each_kind_of_quotation_mark_is_understood() {
        assert_eq!(inner("\"a b\" c"), "a b");
        assert_eq!(inner("“a b” c"), "a b");
        assert_eq!(inner("«\u{202f}a b\u{a0}» c"), "a b");
        assert_eq!(inner("'l'avis' c"), "l'avis");
        assert_eq!(inner("‘l’avis’ c"), "l’avis");
        assert_eq!(inner(r#""a \"b\" \\ \n" c"#), r#"a "b" \ \n"#);
        assert_eq!(inner("« a « b » c » d"), "a « b » c");
    }

    #[test]
    fn what_follows_the_closing_mark_is_kept() {
        assert_eq!(quoted("\"a\" b"), Ok(Some(("a".to_owned(), " b"))));
    }

    #[test]
    fn an_apostrophe_opens_nothing() {
        assert_eq!(quoted("'oui, dit-il"), Ok(None));
        assert_eq!(quoted("‘oui"), Ok(None));
    }

    #[test]
    fn a_mark_left_open_is_named_by_the_one_that_is_missing() {
        assert_eq!(quoted("« oui"), Err(Unclosed('»')));
        assert_eq!(quoted("\"oui\\\""), Err(Unclosed('"')));
    }

    #[test]
    fn only_marks_around_the_whole_text_are_taken_off() {
        assert_eq!(free(" « Bonjour » \n").expect("reads"), "Bonjour");
        assert_eq!(
            free("\"Oui\" et \"non\"").expect("reads"),
            "\"Oui\" et \"non\""
        );
        assert_eq!(free("Il dit « oui »").expect("reads"), "Il dit « oui »");
    }
}
