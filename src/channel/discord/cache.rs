//! A few thousand things known by name while Greffier runs; the oldest are forgotten.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Ids by name.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    values: HashMap<String, String>,
    held: HashSet<String>,
    order: VecDeque<String>,
}

impl Cache {
    /// Room for `most`.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// The id of `name`.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.lock().values.get(name).cloned()
    }

    /// Whether some name has that id.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.lock().held.contains(id)
    }

    /// Remembers the id of `name`. False where it was known.
    pub(super) fn put(&self, name: &str, id: &str) -> bool {
        let mut kept = self.lock();
        kept.held.insert(id.to_owned());
        let before = kept.values.insert(name.to_owned(), id.to_owned());
        if before.is_none() {
            kept.order.push_back(name.to_owned());
        }
        while kept.order.len() > self.most {
            let oldest = kept.order.pop_front();
            let id = oldest.and_then(|oldest| kept.values.remove(&oldest));
            if let Some(id) = id {
                kept.held.remove(&id);
            }
        }
        before.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let cache = Cache::new(2);
        assert!(cache.put("a", "1") && cache.put("b", "2") && !cache.put("a", "1"));
        assert!(cache.holds("1"));
        assert!(cache.put("c", "3"));
        assert_eq!(cache.get("a"), None);
        assert!(!cache.holds("1") && cache.holds("2"));
        assert_eq!(cache.get("c").as_deref(), Some("3"));
    }
}
