//! Words as they are compared: no accents, no case, no punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::mail::address::is_invisible;

/// A word, and the octet after it.
pub(super) struct Word {
    pub(super) folded: String,
    pub(super) end: usize,
}

/// The words of `text`.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let within = |c: char| c.is_alphanumeric() || is_combining_mark(c) || is_invisible(c);
        while chars.next_if(|(_, c)| !c.is_alphanumeric()).is_some() {}
        let mut folded = String::new();
        let mut end = 0;
        while let Some((at, c)) = chars.next_if(|(_, c)| within(*c)) {
            end = at + c.len_utf8();
            let plain = std::iter::once(c).nfkd().flat_map(char::to_lowercase);
            folded.extend(plain.filter(|c| c.is_alphanumeric()));
        }
        (!folded.is_empty()).then_some(Word { folded, end })
    })
}

/// `text` as labels and choices are compared.
pub fn fold(text: &str) -> String {
    let words: Vec<String> = words(text).map(|word| word.folded).collect();
    words.join(" ")
}

/// How many of the words of `wanted` stand at the start of `text`, and the octet after the last of them.
pub(super) fn common(text: &str, wanted: &str) -> (usize, usize) {
    let pairs = words(text).zip(words(wanted));
    pairs
        .take_while(|(found, wanted)| found.folded == wanted.folded)
        .fold((0, 0), |(count, _), (found, _)| (count + 1, found.end))
}

/// The octet after `wanted`, where `text` starts with all its words. Of an empty `wanted` nothing is found.
pub(super) fn after(text: &str, wanted: &str) -> Option<usize> {
    let (count, end) = common(text, wanted);
    let whole = words(wanted).count();
    // What has no word (a label of signs) is never recognised.
    (whole > 0 && count == whole).then_some(end)
}

/// `text` without white space and invisible characters at its ends.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}
