//! A few thousand recent things, by id; the oldest are forgotten.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Things remembered by id while Greffier runs.
#[derive(Debug)]
pub(super) struct Recent {
    most: usize,
    kept: Mutex<(HashMap<String, String>, VecDeque<String>)>,
}

impl Recent {
    /// Room for `most`.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// What is remembered of `id`.
    pub(super) fn get(&self, id: &str) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.get(id).cloned()
    }

    /// Remembers `value` of `id`.
    pub(super) fn put(&self, id: &str, value: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (values, order) = &mut *kept;
        if values.insert(id.to_owned(), value.to_owned()).is_none() {
            order.push_back(id.to_owned());
        }
        while order.len() > self.most {
            if let Some(oldest) = order.pop_front() {
                values.remove(&oldest);
            }
        }
    }
}

/// How often something failed, by id.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<String, u32>>);

impl Failures {
    /// One more. Answers how many there are.
    pub(super) fn count(&self, id: &str) -> u32 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = all.entry(id.to_owned()).or_default();
        *failures += 1;
        *failures
    }

    /// It went well.
    pub(super) fn forget(&self, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(id);
    }
}

/// Notes that were made one after the other, and whose oldest are of no use any more.
#[derive(Debug)]
pub(super) struct Passing {
    most: usize,
    kept: Mutex<VecDeque<String>>,
}

impl Passing {
    /// The last `most` are of use.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// The note `id` was made. Answers one that can go.
    pub(super) fn put(&self, id: &str) -> Option<String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.back().is_some_and(|last| last == id) {
            return None;
        }
        kept.push_back(id.to_owned());
        let surplus = kept.len() > self.most;
        surplus.then(|| kept.pop_front()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{Passing, Recent};

    #[test]
    fn notes_pass() {
        let passing = Passing::new(2);
        assert_eq!(
            ["a", "b", "b"].map(|id| passing.put(id)),
            [None, None, None]
        );
        assert_eq!(passing.put("c").as_deref(), Some("a"));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let recent = Recent::new(2);
        for id in ["a", "b", "a", "c"] {
            recent.put(id, id);
        }
        assert_eq!(recent.get("a"), None);
        assert_eq!(recent.get("b").as_deref(), Some("b"));
        assert_eq!(recent.get("c").as_deref(), Some("c"));
    }
}
