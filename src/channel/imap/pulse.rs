//! How the mailbox is, all its folders together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::channel::http::health::Health;

/// The state of each folder, told to the health checks as one.
pub(super) struct Pulse {
    health: Arc<Health>,
    folders: Mutex<BTreeMap<String, Option<String>>>,
}

impl Pulse {
    pub(super) fn new(health: Arc<Health>, folders: impl Iterator<Item = String>) -> Self {
        let connecting = Some("not connected yet".to_owned());
        let pulse = Self {
            health,
            folders: Mutex::new(folders.map(|name| (name, connecting.clone())).collect()),
        };
        pulse.tell();
        pulse
    }

    /// The folder is read.
    pub(super) fn well(&self, folder: &str) {
        self.set(folder, None);
    }

    /// The folder is not read, and why.
    pub(super) fn ill(&self, folder: &str, why: String) {
        self.set(folder, Some(why));
    }

    fn set(&self, folder: &str, why: Option<String>) {
        self.folders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(folder.to_owned(), why);
        self.tell();
    }

    fn tell(&self) {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        match folders.values().flatten().next() {
            None => self.health.well("imap"),
            Some(why) => self.health.ill("imap", why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mailbox_is_well_when_each_folder_is() {
        let health = Arc::new(Health::default());
        let why = || health.checks().first().and_then(|check| check.why.clone());
        let pulse = Pulse::new(
            Arc::clone(&health),
            ["a".to_owned(), "b".to_owned()].into_iter(),
        );
        assert!(why().is_some());
        pulse.well("a");
        pulse.ill("b", "away".to_owned());
        assert_eq!(why().as_deref(), Some("away"));
        pulse.well("b");
        assert_eq!(why(), None);
    }
}
