//! What was shown lately.

use std::collections::VecDeque;

/// Keys remembered.
const KEYS: usize = 1_024;
/// Cards remembered.
const CARDS: usize = 256;

/// What was shown lately, so that nothing is shown twice and an edit can show what changed.
#[derive(Debug, Default)]
pub(super) struct Memory {
    keys: VecDeque<String>,
    cards: VecDeque<(String, Vec<String>)>,
}

impl Memory {
    /// Whether what bears `key` was shown.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|kept| kept == key)
    }

    /// Remembers that what bears `key` was shown.
    pub(super) fn keep_key(&mut self, key: &str) {
        if self.keys.len() >= KEYS {
            self.keys.pop_front();
        }
        self.keys.push_back(key.to_owned());
    }

    /// The lines last shown of the card `remote_id`.
    pub(super) fn card(&self, remote_id: &str) -> Option<Vec<String>> {
        self.cards
            .iter()
            .find(|(kept, _)| kept == remote_id)
            .map(|(_, lines)| lines.clone())
    }

    /// Remembers `lines` as what the card `remote_id` shows.
    pub(super) fn keep_card(&mut self, remote_id: &str, lines: Vec<String>) {
        self.cards.retain(|(kept, _)| kept != remote_id);
        if self.cards.len() >= CARDS {
            self.cards.pop_front();
        }
        self.cards.push_back((remote_id.to_owned(), lines));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut memory = Memory::default();
        for number in 0..=KEYS {
            memory.keep_key(&number.to_string());
            memory.keep_card(&number.to_string(), Vec::new());
        }
        assert!(!memory.has_key("0") && memory.has_key("1"));
        assert!(memory.card("0").is_none() && memory.card(&KEYS.to_string()).is_some());
        assert_eq!(memory.cards.len(), CARDS);
    }
}
