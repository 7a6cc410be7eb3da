//! States, indexes and counts made anew from the events. Each step only mends what differs, so that a rebuild that is
//! interrupted is simply begun again.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::history::{self, History};
use super::key::{self, Owner};
use super::meta::{self, Sequence};
use super::record::Record;
use super::rows;
use super::tree::{Tree, Trees};
use crate::domain::{Demarche, DemarcheId, Dossier, DossierId, View};
use crate::store::{Error, Version, pieces};

/// How many dossiers or entries are mended in one transaction.
const BATCH: u32 = 500;

/// Finds a dossier's démarche.
pub(super) type Rules<'a> = &'a dyn Fn(DemarcheId) -> Option<Demarche>;

/// Where `dossier` belongs. None where its démarche is not known.
pub(super) fn belongs(dossier: &Dossier, version: Version, rules: Rules<'_>) -> Option<Record> {
    let view = if dossier.purged.is_some() {
        View::default()
    } else {
        View::of(dossier, &rules(dossier.demarche)?)
    };
    Some(Record::of(dossier, version, &view))
}

/// A draft that is applied now and then.
pub(super) struct Mending<'a> {
    trees: &'a Trees,
    /// What is not applied yet.
    pub(super) draft: Draft<'a>,
    steps: u32,
}

impl<'a> Mending<'a> {
    /// Nothing to mend yet.
    pub(super) fn new(trees: &'a Trees) -> Self {
        Self {
            trees,
            draft: Draft::new(trees),
            steps: 0,
        }
    }

    /// One thing more is mended.
    pub(super) fn step(&mut self) -> Result<(), Error> {
        self.steps += 1;
        if self.steps < BATCH {
            return Ok(());
        }
        self.steps = 0;
        std::mem::replace(&mut self.draft, Draft::new(self.trees)).apply()?;
        Ok(())
    }

    /// Applies what is left.
    pub(super) fn end(self) -> Result<(), Error> {
        self.draft.apply()?;
        Ok(())
    }
}

/// Mends all of it. Answers how many dossiers there are.
pub(super) fn rebuild(trees: &Trees, rules: Rules<'_>) -> Result<u64, Error> {
    let dossiers = states(trees, rules)?;
    strangers(trees)?;
    entries(trees)?;
    sift(trees, Tree::Rows, |key, _| rows::belongs(trees, key))?;
    clock(trees)?;
    counts(trees)?;
    totals(trees)?;
    references(trees)?;
    Ok(dossiers)
}

/// States, with the entries and references that they need.
fn states(trees: &Trees, rules: Rules<'_>) -> Result<u64, Error> {
    let mut mending = Mending::new(trees);
    let mut dossiers = 0;
    history::each(trees, |history| {
        dossiers += 1;
        state(&mut mending.draft, &history, rules)?;
        mending.step()
    })?;
    mending.end()?;
    Ok(dossiers)
}

fn state(draft: &mut Draft<'_>, history: &History, rules: Rules<'_>) -> Result<(), Error> {
    let id = history.dossier;
    meta::used(draft, Sequence::Dossier, id.0)?;
    for hash in &history.hashes {
        draft.mark(Tree::References, key::reference(hash, Owner::Dossier(id)));
    }
    // What cannot be read stays as it is, for a person to look at.
    let Some(dossier) = &history.state else {
        return Ok(());
    };
    let state = key::number(id.0);
    let old = draft.get(Tree::States, &state)?;
    let kept = old.as_deref().and_then(|old| Record::decode(old).ok());
    let record = belongs(dossier, history.version, rules)
        .or_else(|| {
            let kept = kept.map(|(record, _)| record)?;
            let version = history.version;
            Some(Record { version, ..kept })
        })
        .unwrap_or_else(|| Record::of(dossier, history.version, &View::default()));
    let bytes = record.encode(dossier)?;
    if old.as_deref() != Some(bytes.as_slice()) {
        draft.put(Tree::States, state, bytes);
    }
    if let Some(place) = rows::place(&record, id) {
        rows::ensure(draft, place, dossier)?;
    }
    for list in &record.lists {
        ensure(draft, Tree::Lists, key::entry(list, record.deposited, id))?;
    }
    match record.due {
        Some(due) => ensure(draft, Tree::Due, key::due(due, id)),
        None => Ok(()),
    }
}

fn ensure(draft: &mut Draft<'_>, tree: Tree, key: Vec<u8>) -> Result<(), Error> {
    if draft.get(tree, &key)?.is_none() {
        draft.mark(tree, key);
    }
    Ok(())
}

/// Takes the keys of `tree` away for which `keep` answers false.
fn sift(
    trees: &Trees,
    tree: Tree,
    mut keep: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut mending = Mending::new(trees);
    for pair in trees.with(tree, &[]) {
        let (key, value) = pair?;
        if !keep(&key, &value)? {
            mending.draft.remove(tree, key.to_vec());
            mending.step()?;
        }
    }
    mending.end()
}

/// States without events.
fn strangers(trees: &Trees) -> Result<(), Error> {
    sift(trees, Tree::States, |key, _| {
        Ok(trees.with(Tree::Events, key).next().is_some())
    })
}

/// The record of a dossier, where it can be read.
pub(super) fn record(trees: &Trees, dossier: DossierId) -> Result<Option<Record>, Error> {
    let bytes = trees.get(Tree::States, &key::number(dossier.0))?;
    Ok(bytes.and_then(|bytes| Some(Record::decode(&bytes).ok()?.0)))
}

/// Whether an entry of a list is where its dossier belongs.
pub(super) fn entry_belongs(trees: &Trees, entry: &[u8]) -> Result<bool, Error> {
    let Some((list, order)) = key::read_entry(entry) else {
        return Ok(false);
    };
    let (deposited, dossier) = key::read_order(order);
    Ok(record(trees, dossier)?
        .is_some_and(|record| record.deposited == deposited && record.lists.contains(list)))
}

/// Whether an entry of the clock's index is what its dossier asks.
pub(super) fn due_belongs(trees: &Trees, entry: &[u8]) -> Result<bool, Error> {
    let (Some(at), Some(dossier)) = (key::read_time(entry), key::last_number(entry)) else {
        return Ok(false);
    };
    let record = record(trees, DossierId(dossier))?;
    Ok(record.is_some_and(|record| record.due == Some(at)))
}

fn entries(trees: &Trees) -> Result<(), Error> {
    sift(trees, Tree::Lists, |key, _| entry_belongs(trees, key))
}

fn clock(trees: &Trees) -> Result<(), Error> {
    sift(trees, Tree::Due, |key, _| due_belongs(trees, key))
}

/// Calls `each` with every list and how many entries it has. Entries of a list stand together.
pub(super) fn each_list(
    trees: &Trees,
    mut each: impl FnMut(&[u8], u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut current: Option<(Vec<u8>, u64)> = None;
    for pair in trees.with(Tree::Lists, &[]) {
        let (key, _) = pair?;
        let Some((list, _)) = key::read_entry(&key) else {
            continue;
        };
        match &mut current {
            Some((of, count)) if of == list => *count += 1,
            _ => {
                if let Some((of, count)) = current.replace((list.to_vec(), 1)) {
                    each(&of, count)?;
                }
            }
        }
    }
    current.map_or(Ok(()), |(of, count)| each(&of, count))
}

fn counts(trees: &Trees) -> Result<(), Error> {
    let mut mending = Mending::new(trees);
    each_list(trees, |list, count| {
        mending.draft.put(Tree::Counts, list, &key::number(count));
        mending.step()
    })?;
    mending.end()?;
    sift(trees, Tree::Counts, |list, _| {
        Ok(trees.with(Tree::Lists, list).next().is_some())
    })
}

/// How many dossiers each démarche has, counted from the states.
pub(super) fn counted(trees: &Trees) -> Result<BTreeMap<DemarcheId, u64>, Error> {
    let mut counted = BTreeMap::new();
    for pair in trees.with(Tree::States, &[]) {
        if let Ok((record, _)) = Record::decode(&pair?.1)
            && !record.purged
        {
            *counted.entry(record.demarche).or_default() += 1;
        }
    }
    Ok(counted)
}

fn totals(trees: &Trees) -> Result<(), Error> {
    let counted = counted(trees)?;
    let mut draft = Draft::new(trees);
    for (demarche, count) in &counted {
        draft.put(Tree::Totals, key::number(demarche.0), &key::number(*count));
    }
    draft.apply()?;
    sift(trees, Tree::Totals, |key, _| {
        let demarche = key::last_number(key).map(DemarcheId);
        Ok(demarche.is_some_and(|demarche| counted.contains_key(&demarche)))
    })
}

/// References of dossiers that name the file no more.
fn references(trees: &Trees) -> Result<(), Error> {
    sift(trees, Tree::References, |key, _| {
        let Some((hash, Owner::Dossier(dossier))) = key::read_reference(key) else {
            return Ok(true);
        };
        for pair in trees.with(Tree::Events, &key::number(dossier.0)) {
            if pieces::named(&pair?.1).contains(&hash) {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// The state kept for a dossier.
pub(super) fn kept(trees: &Trees, id: DossierId) -> Result<Option<(Record, Dossier)>, Error> {
    trees
        .get(Tree::States, &key::number(id.0))?
        .map(|bytes| Record::dossier(&bytes))
        .transpose()
}
