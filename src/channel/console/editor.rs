//! What the line editor knows: completion, hints, where an entry ends, colours.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::clean::clean_line;
use super::quoting::goes_on;
use super::render::{Paint, help, prompt, words};
use super::session::Session;
use super::{Suggest, Suggestion, lock};

/// Suggestions shown at most.
const SHOWN: usize = 60;

/// Shown where a line goes on because of what is still open in it.
const STILL_OPEN: &str = "(un guillemet n’est pas fermé, ou la ligne finit par «\u{a0}\\\u{a0}»\u{a0}: fermez-le, ou laissez deux lignes vides)";

/// What the line editor asks.
pub(super) struct Desk {
    /// Who sits at the console and what they can press.
    pub(super) session: Arc<Mutex<Session>>,
    /// Who knows what may be typed.
    pub(super) suggest: Arc<dyn Suggest>,
    /// Whether the terminal is painted.
    pub(super) colors: bool,
    /// Whether the line under the cursor is empty, for whoever interrupts it.
    pub(super) empty: AtomicBool,
}

impl Desk {
    fn suggestions(&self, line: &str, position: usize) -> Vec<Suggestion> {
        let Some(typed) = line.get(..position) else {
            return Vec::new();
        };
        if typed.starts_with('/') && !typed.contains(char::is_whitespace) {
            return words(typed)
                .map(|(word, help)| Suggestion {
                    start: 0,
                    insert: (*word).to_owned(),
                    help: (*help).to_owned(),
                })
                .collect();
        }
        let who = lock(&self.session).who().to_owned();
        let mut found = self.suggest.suggest(line, position, &who);
        found.retain(|suggestion| typed.is_char_boundary(suggestion.start));
        found.truncate(SHOWN);
        found
    }
}

impl Helper for Desk {}

impl Completer for Desk {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let found = self.suggestions(line, position);
        let start = found
            .iter()
            .map(|suggestion| suggestion.start)
            .min()
            .unwrap_or(position);
        let pairs = found
            .into_iter()
            .map(
                |Suggestion {
                     start: from,
                     insert,
                     help: about,
                 }| {
                    let insert = clean_line(&insert);
                    let display = if about.is_empty() {
                        insert.clone()
                    } else {
                        format!("{insert}  {}", help(&about))
                    };
                    // The editor replaces from one place for all: what stands between is kept.
                    Pair {
                        display,
                        replacement: format!(
                            "{}{insert}",
                            line.get(start..from).unwrap_or_default()
                        ),
                    }
                },
            )
            .collect();
        Ok((start, pairs))
    }
}

/// What is shown in grey after the cursor.
pub(super) struct Ghost {
    shown: String,
    accepted: Option<String>,
}

impl Hint for Ghost {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.accepted.as_deref()
    }
}

impl Hinter for Desk {
    type Hint = Ghost;

    fn hint(&self, line: &str, position: usize, _: &Context<'_>) -> Option<Ghost> {
        // Asked after each change, so this is where the line is known to be empty or not.
        self.empty.store(line.is_empty(), Ordering::Relaxed);
        if line.ends_with('\n') && position == line.len() && goes_on(line) {
            return Some(Ghost {
                shown: STILL_OPEN.to_owned(),
                accepted: None,
            });
        }
        // Without colours it could not be told from what was typed.
        if !self.colors || line.is_empty() || position < line.len() {
            return None;
        }
        if let Some(pressed) = lock(&self.session).pressed(line) {
            return Some(Ghost {
                shown: format!(" → {}", clean_line(pressed)),
                accepted: None,
            });
        }
        let first = self.suggestions(line, position).into_iter().next()?;
        let insert = clean_line(&first.insert);
        let rest = insert.strip_prefix(line.get(first.start..)?)?.to_owned();
        if rest.is_empty() {
            return None;
        }
        let shown = if first.help.is_empty() {
            rest.clone()
        } else {
            format!("{rest}  {}", help(&first.help))
        };
        Some(Ghost {
            shown,
            accepted: Some(rest),
        })
    }
}

impl Highlighter for Desk {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, text: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(prompt(text))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(Paint(true).with("90", hint))
    }
}

impl Validator for Desk {
    fn validate(&self, entry: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if goes_on(entry.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustyline::history::DefaultHistory;

    struct Words;

    impl Suggest for Words {
        fn suggest(&self, line: &str, position: usize, who: &str) -> Vec<Suggestion> {
            assert_eq!(who, "ines@ddt.example");
            let suggestion = |start, insert: &str| Suggestion {
                start,
                insert: insert.to_owned(),
                help: "un\ndeux".to_owned(),
            };
            match line {
                "sui" => vec![suggestion(0, "suivre"), suggestion(0, "suivis")],
                "é" => vec![
                    suggestion(1, "au milieu"),
                    suggestion(9, "trop loin"),
                    suggestion(2, "fin"),
                ],
                "nul" => Vec::new(),
                "x" => vec![suggestion(0, "x\u{1b}[2J")],
                _ => vec![suggestion(position, "4807"), suggestion(0, "tout autre")],
            }
        }
    }

    fn desk() -> Desk {
        let session = Session::new("salle".to_owned(), Some("ines@ddt.example".to_owned()));
        Desk {
            session: Arc::new(Mutex::new(session)),
            suggest: Arc::new(Words),
            colors: true,
            empty: AtomicBool::new(true),
        }
    }

    fn complete(line: &str) -> (usize, Vec<(String, String)>) {
        let history = DefaultHistory::new();
        let (start, pairs) = desk()
            .complete(line, line.len(), &Context::new(&history))
            .expect("completes");
        (
            start,
            pairs
                .into_iter()
                .map(|pair| (pair.display, pair.replacement))
                .collect(),
        )
    }

    fn hint(line: &str) -> Option<(String, Option<String>)> {
        let history = DefaultHistory::new();
        desk()
            .hint(line, line.len(), &Context::new(&history))
            .map(|ghost| (ghost.shown, ghost.accepted))
    }

    #[test]
    fn candidates_are_listed_with_their_help_on_one_line() {
        let (start, pairs) = complete("sui");
        assert_eq!(start, 0);
        assert_eq!(
            pairs.first(),
            Some(&("suivre  un deux".to_owned(), "suivre".to_owned()))
        );
    }

    #[test]
    fn candidates_that_start_elsewhere_keep_what_stands_between() {
        let (start, pairs) = complete("suivre ");
        assert_eq!(start, 0);
        let replacements: Vec<_> = pairs
            .into_iter()
            .map(|(_, replacement)| replacement)
            .collect();
        assert_eq!(replacements, ["suivre 4807", "tout autre"]);
    }

    #[test]
    fn candidates_at_impossible_places_are_dropped() {
        assert_eq!(
            complete("é"),
            (2, vec![("fin  un deux".to_owned(), "fin".to_owned())])
        );
        assert_eq!(complete("nul"), (3, Vec::new()));
    }

    #[test]
    fn candidates_bring_no_escape_sequence() {
        assert_eq!(complete("x").1, [("x  un deux".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn the_first_candidate_is_hinted() {
        assert_eq!(
            hint("sui"),
            Some(("vre  un deux".to_owned(), Some("vre".to_owned())))
        );
        assert_eq!(hint(""), None);
        assert_eq!(hint("nul"), None);
    }

    #[test]
    fn a_line_that_goes_on_says_why() {
        let (shown, accepted) = hint("message 1 \"Bonjour\n").expect("a hint");
        assert_eq!((shown.as_str(), accepted), (STILL_OPEN, None));
    }

    #[test]
    fn the_consoles_own_words_are_completed() {
        assert!(
            complete("/sa")
                .1
                .iter()
                .all(|(_, replacement)| replacement == "/salon")
        );
        assert_eq!(hint("/q").expect("a hint").1, Some("ui".to_owned()));
    }
}
