//! `[exports]`: how much one person may take away.

use serde::Deserialize;

/// `[exports]`. Exports and documents are made beside the writer, but the disk and the processor are everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exports {
    /// Exports and documents that one person may order on one day.
    pub per_day: u32,
    /// Those that one person may have under way at the same time.
    pub at_once: usize,
    /// Bytes of one export at most, archives with their attachments among them.
    pub max_bytes: u64,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            per_day: 50,
            at_once: 3,
            max_bytes: 2_000_000_000,
        }
    }
}

impl Exports {
    pub(super) fn faults(&self) -> Vec<String> {
        let numbers = [
            ("per_day", u64::from(self.per_day)),
            ("at_once", self.at_once as u64),
            ("max_bytes", self.max_bytes),
        ];
        let none = numbers.into_iter().filter(|(_, number)| *number == 0);
        none.map(|(key, _)| format!("exports.{key}: write 1 or more"))
            .collect()
    }
}
