//! Where an entry ends that has several lines.

/// Whether `entry` goes on with the next line: it ends with a backslash, or a quotation in it is still open.
/// Two empty lines end any entry, so that a stray quotation mark imprisons nobody.
pub(super) fn goes_on(entry: &str) -> bool {
    continued(entry) || (quoted(entry) && !entry.ends_with("\n\n"))
}

/// Whether the last line ends with a backslash that is not itself escaped.
pub(super) fn continued(entry: &str) -> bool {
    entry.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// The text that was meant: line ends as `\n`, and without the backslashes that only carried it on.
pub(super) fn unfold(entry: &str) -> String {
    let entry = entry.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = entry.split('\n').collect();
    let last = lines.len().saturating_sub(1);
    for line in lines.iter_mut().take(last) {
        if continued(line) {
            *line = line.strip_suffix('\\').unwrap_or(line);
        }
    }
    lines.join("\n").trim().to_owned()
}

/// Whether a quotation is open at the end. `"` and `“` count only where a word may begin, so that 5" is no quotation.
fn quoted(entry: &str) -> bool {
    let mut closing = None;
    let mut before = ' ';
    for c in entry.chars() {
        match closing {
            Some(awaited) if c == awaited => closing = None,
            Some(_) => {}
            None => closing = opens(before, c),
        }
        before = c;
    }
    closing.is_some()
}

/// The mark that closes the quotation which `c` opens after `before`, if it opens one.
fn opens(before: char, c: char) -> Option<char> {
    let word_begins = before.is_whitespace() || matches!(before, '(' | '=' | ':');
    match c {
        '«' => Some('»'),
        '"' if word_begins => Some('"'),
        '“' if word_begins => Some('”'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_backslash_carries_on() {
        assert!(goes_on("message 4807 Bonjour,\\"));
        assert!(!goes_on("message 4807 C:\\\\"));
        assert!(!goes_on("message 4807 Bonjour"));
        assert_eq!(
            unfold("message 4807 Bonjour,\\\r\nVotre dossier.\n"),
            "message 4807 Bonjour,\nVotre dossier."
        );
    }

    #[test]
    fn an_open_quotation_carries_on_until_it_is_closed() {
        assert!(goes_on("refuser 4807 « Pièce manquante"));
        assert!(!goes_on("refuser 4807 « Pièce \"manquante »"));
        assert!(goes_on("message 4807 \"Bonjour,\n\nVotre"));
        assert!(!goes_on("message 4807 \"Bonjour\""));
    }

    #[test]
    fn inches_and_apostrophes_open_nothing() {
        assert!(!goes_on("message 4807 l'écran de 5\" n’est pas l'objet"));
    }

    #[test]
    fn two_empty_lines_free_from_a_stray_mark() {
        assert!(goes_on("message 4807 \"Bonjour\n"));
        assert!(!goes_on("message 4807 \"Bonjour\n\n"));
    }
}
