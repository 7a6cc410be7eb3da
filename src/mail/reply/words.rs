//! Patterns of whole words.
//!
//! The fast engine of `regex` gives up where `\b` meets a letter beyond ASCII, which is every other line of French. So
//! the pattern is first looked for without its word boundaries: what it does not match then, it does not match with them.

use regex::{Match, Regex};

/// A pattern with word boundaries.
pub(crate) struct Words {
    without: Regex,
    exact: Regex,
}

impl Words {
    /// The pattern `text`, which must be well formed: it is one of ours.
    pub(crate) fn new(text: &str) -> Self {
        let pattern = |text: &str| Regex::new(text).expect("the pattern is well formed");
        Self {
            without: pattern(&text.replace(r"\b", "")),
            exact: pattern(text),
        }
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.without.is_match(text) && self.exact.is_match(text)
    }

    pub(crate) fn find<'a>(&self, text: &'a str) -> Option<Match<'a>> {
        self.find_at(text, 0)
    }

    /// The first match that starts at `at` or later. What stands before `at` is seen by the word boundaries.
    pub(crate) fn find_at<'a>(&self, text: &'a str, at: usize) -> Option<Match<'a>> {
        self.without.find_at(text, at)?;
        self.exact.find_at(text, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_found() {
        let words = Words::new(r"(?i)\b(?:écrit|crit)\b");
        assert!(words.is_match("a ÉCRIT :"));
        assert!(!words.is_match("récrit, écrite"));
        assert_eq!(words.find("à écrit").map(|found| found.start()), Some(3));
        assert_eq!(words.find_at("écrit", 2), None);
    }
}
