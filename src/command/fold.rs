//! Forgiving comparison: case, accents, hyphens, spaces, apostrophes and underscores make no difference.

use unicode_normalization::UnicodeNormalization;

/// What remains of `text` once decomposed (NFKD): its letters and digits, in lower case.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text
        .nfkd()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
    {
        match letter {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            other => folded.push(other),
        }
    }
    folded
}

/// How many words `name` is made of: `ne-plus-suivre` has three, like `ne plus suivre`.
pub(super) fn words(name: &str) -> usize {
    name.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .count()
}

/// Whether `letter` separates words. Invisible characters, which some keyboards and copies leave behind, do as well.
pub(super) fn is_space(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_separators_are_forgiven() {
        for form in [
            "Ne plus suivre",
            "NE-PLUS-SUIVRE",
            "ne_plus_suivre",
            "ne\u{a0}plus suivre",
        ] {
            assert_eq!(fold(form), "neplussuivre");
        }
        assert_eq!(fold("Rétablir l’état"), fold("retablir l'etat"));
        assert_eq!(fold("De\u{301}cider"), "decider");
        assert_eq!(fold("œuvre №"), "oeuvreno");
    }

    #[test]
    fn words_are_counted_whatever_separates_them() {
        assert_eq!(words("avis demander"), 2);
        assert_eq!(words("ne-plus-suivre"), 3);
        assert_eq!(words(" - "), 0);
    }
}
