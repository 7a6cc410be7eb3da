//! The events of every dossier, one dossier at a time, whatever their number.

use std::collections::BTreeSet;

use super::draft::read;
use super::key;
use super::tree::{Tree, Trees};
use crate::domain::{Dossier, DossierId, Event, Recorded, evolve};
use crate::store::pieces::{self, Hash};
use crate::store::{Error, Version};

/// What the events of one dossier say.
#[derive(Debug)]
pub(super) struct History {
    /// The dossier.
    pub(super) dossier: DossierId,
    /// The state that they make; none where they cannot be read or make none.
    pub(super) state: Option<Dossier>,
    /// The version of the last one.
    pub(super) version: Version,
    /// How many there are.
    pub(super) events: u64,
    /// The files that they name.
    pub(super) hashes: BTreeSet<Hash>,
    /// What is wrong with them.
    pub(super) faults: Vec<String>,
}

impl History {
    fn of(dossier: DossierId) -> Self {
        Self {
            dossier,
            state: None,
            version: Version(0),
            events: 0,
            hashes: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    fn add(&mut self, version: u32, json: &[u8]) {
        let expected = self.version.0.saturating_add(1);
        let first = self.events == 0;
        self.version = Version(version);
        self.events += 1;
        self.hashes.extend(pieces::named(json));
        let recorded: Recorded = match read(Tree::Events, json) {
            Ok(recorded) => recorded,
            Err(_) => return self.fault(&format!("event {version} cannot be read")),
        };
        let purge = matches!(recorded.event, Event::Purged { .. });
        if version != expected && !(purge && first) {
            self.fault(&format!("event {expected} is missing"));
        }
        self.state = evolve(self.state.take(), &recorded);
    }

    fn fault(&mut self, what: &str) {
        self.faults
            .push(format!("dossier {}: {what}", self.dossier));
    }

    fn end(mut self) -> Self {
        if self.state.is_none() && self.faults.is_empty() {
            self.fault("its events do not begin with a deposit");
        }
        if self
            .state
            .as_ref()
            .is_some_and(|state| state.number != self.dossier)
        {
            self.fault("its events bear the number of another dossier");
        }
        if !self.faults.is_empty() {
            self.state = None;
        }
        self
    }
}

/// Calls `each` with every dossier's events, by number.
pub(super) fn each(
    trees: &Trees,
    mut each: impl FnMut(History) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut current: Option<History> = None;
    for pair in trees.with(Tree::Events, &[]) {
        let (key, json) = pair?;
        let Some((dossier, version)) = key::read_event(&key) else {
            continue;
        };
        let mut history = match current.take() {
            Some(history) if history.dossier == dossier => history,
            Some(done) => {
                each(done.end())?;
                History::of(dossier)
            }
            None => History::of(dossier),
        };
        history.add(version, &json);
        current = Some(history);
    }
    current.map_or(Ok(()), |last| each(last.end()))
}
