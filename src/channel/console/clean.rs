//! What a terminal may be shown: no control sequence, nothing that reorders or hides what is read.

use std::iter::Peekable;
use std::str::Chars;

/// `text` without escape sequences (ECMA-48), control characters, bidirectional overrides and invisible tags.
/// Line ends become `\n` and tabs a space; nothing else of the text is lost.
pub(super) fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_csi(&mut rest),
            '\r' => {
                rest.next_if_eq(&'\n');
                kept.push('\n');
            }
            '\n' | '\u{2028}' | '\u{2029}' => kept.push('\n'),
            '\t' => kept.push(' '),
            c if c.is_control() || misleads(c) => {}
            c => kept.push(c),
        }
    }
    kept
}

/// The same on one line.
pub(super) fn clean_line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// The same on one line of at most `most` characters, with `…` where something is cut.
pub(super) fn clean_short(text: &str, most: usize) -> String {
    let line = clean_line(text);
    if line.chars().count() <= most {
        return line;
    }
    line.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Reorders its neighbours (bidirectional formatting), or is there without being seen.
fn misleads(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{202a}'..='\u{202e}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Skips what follows an ESC that belongs to it.
fn skip_escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_csi(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            rest.next();
            skip_string(rest);
        }
        Some('\u{20}'..='\u{2f}') => {
            while rest.next_if(|c| matches!(c, '\u{20}'..='\u{2f}')).is_some() {}
            rest.next_if(|c| matches!(c, '\u{30}'..='\u{7e}'));
        }
        Some('7' | '8' | '=' | '>' | 'c' | 'D' | 'E' | 'H' | 'M' | 'N' | 'O' | 'Z' | '\\') => {
            rest.next();
        }
        _ => {}
    }
}

/// Skips the parameters, intermediates and final character of a control sequence.
fn skip_csi(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, '\u{30}'..='\u{3f}')).is_some() {}
    while rest.next_if(|c| matches!(c, '\u{20}'..='\u{2f}')).is_some() {}
    rest.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
}

/// Skips a control string (OSC, DCS, …) with its end. One that never ends is left readable, so that it hides nothing.
fn skip_string(rest: &mut Peekable<Chars<'_>>) {
    let mut ahead = rest.clone();
    while let Some(c) = ahead.next() {
        match c {
            '\u{7}' | '\u{9c}' => {
                *rest = ahead;
                return;
            }
            '\u{1b}' if ahead.next_if_eq(&'\\').is_some() => {
                *rest = ahead;
                return;
            }
            '\n' | '\r' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_leave_nothing_behind() {
        assert_eq!(clean("a\u{1b}[31;1mrouge\u{1b}[0m b\u{9b}2Jc"), "arouge bc");
        assert_eq!(
            clean("a\u{1b}]0;titre\u{7}b\u{1b}]8;;http://x\u{1b}\\c\u{1b}(0d\u{1b}7"),
            "abcd"
        );
    }

    #[test]
    fn an_endless_string_hides_nothing_of_what_follows() {
        assert_eq!(
            clean("a\u{1b}]52;c;aGVsbG8=\nla suite"),
            "a52;c;aGVsbG8=\nla suite"
        );
    }

    #[test]
    fn overrides_and_invisible_characters_are_dropped() {
        assert_eq!(
            clean("facture\u{202e}fdp.exe\u{2066}\u{200b}\u{feff}\u{e0041}"),
            "facturefdp.exe"
        );
        assert_eq!(clean("\u{8}\u{0}\u{7f}\u{85}x"), "x");
    }

    #[test]
    fn ordinary_text_is_untouched() {
        let text = "L’été : « 12 000 € », 👨‍👩‍👧 e\u{301}\nsuite";
        assert_eq!(clean(text), text);
        assert_eq!(clean("a\r\nb\rc\td"), "a\nb\nc d");
    }

    #[test]
    fn a_long_line_is_cut_with_an_ellipsis() {
        assert_eq!(clean_short("accepter\n4807", 20), "accepter 4807");
        assert_eq!(clean_short("accepter 4807", 5), "acce…");
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_no_control_character_is_left(text in ".*") {
            proptest::prop_assert!(clean(&text).chars().all(|c| c == '\n' || !(c.is_control() || misleads(c))));
        }
    }
}
