//! Reads everything and compares. Every fault is told, none ends the search; memory does not grow with the store.

mod queue;
mod shelf;

use super::history::{self, History};
use super::key::{self, Owner};
use super::meta::{self, Sequence};
use super::rebuild::{self, Rules};
use super::record::Record;
use super::rows;
use super::tree::{Tree, Trees};
use super::{look, meta::depth};
use crate::domain::row::row as row_of;
use crate::store::pieces::Pieces;
use crate::store::{Error, Report};

/// How many faults are told one by one.
const TOLD: usize = 10_000;

/// Where a search stands.
struct Search<'a> {
    trees: &'a Trees,
    report: Report,
    untold: u64,
    /// References that dossiers should have.
    references: u64,
}

impl Search<'_> {
    fn fault(&mut self, what: impl Into<String>) {
        if self.report.faults.len() < TOLD {
            self.report.faults.push(what.into());
        } else {
            self.untold += 1;
        }
    }

    /// Tells a record that cannot be read; other errors end the search.
    fn readable<T>(&mut self, what: &str, read: Result<T, Error>) -> Result<Option<T>, Error> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Error::Corrupt { tree, why }) => {
                self.fault(format!("{what}: unreadable in {tree}: {why}"));
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn has(&self, tree: Tree, key: &[u8]) -> Result<bool, Error> {
        Ok(self.trees.get(tree, key)?.is_some())
    }

    fn number(&mut self, tree: Tree, key: &[u8]) -> Result<u64, Error> {
        let value = self.trees.get(tree, key)?;
        let number = super::draft::number(tree, value.as_deref());
        Ok(self.readable("a counter", number)?.unwrap_or_default())
    }
}

/// Everything found wrong.
pub(super) fn verify(trees: &Trees, pieces: &Pieces, rules: Rules<'_>) -> Result<Report, Error> {
    let mut search = Search {
        trees,
        report: Report::default(),
        untold: 0,
        references: 0,
    };
    let mut last = 0;
    history::each(trees, |history| {
        last = history.dossier.0;
        dossier(&mut search, history, rules)
    })?;
    if last > 0 && search.number(Tree::Meta, Sequence::Dossier.key())? <= last {
        search.fault(format!(
            "dossier {last}: its number would be given out again"
        ));
    }
    states(&mut search)?;
    lists(&mut search)?;
    totals(&mut search)?;
    queue::queues(&mut search)?;
    shelf::references(&mut search, pieces)?;
    shelf::files(&mut search, pieces)?;
    let Search {
        mut report, untold, ..
    } = search;
    if untold > 0 {
        report.faults.push(format!("and {untold} more"));
    }
    Ok(report)
}

/// A dossier's events, and whether its state follows from them.
fn dossier(search: &mut Search<'_>, history: History, rules: Rules<'_>) -> Result<(), Error> {
    let id = history.dossier;
    search.report.dossiers += 1;
    search.report.events += history.events;
    search.references += history.hashes.len() as u64;
    for hash in &history.hashes {
        let reference = key::reference(hash, Owner::Dossier(id));
        if !search.has(Tree::References, &reference)? {
            search.fault(format!(
                "dossier {id}: a file that it names is not referred to"
            ));
        }
    }
    for fault in history.faults {
        search.fault(fault);
    }
    let kept = rebuild::kept(search.trees, id);
    let Some(kept) = search.readable(&format!("dossier {id}"), kept)? else {
        return Ok(());
    };
    let Some((record, kept)) = kept else {
        search.fault(format!("dossier {id}: it has events and no state"));
        return Ok(());
    };
    if record.version != history.version {
        let (is, should) = (record.version.0, history.version.0);
        search.fault(format!(
            "dossier {id}: its state is of version {is}, its last event is {should}"
        ));
    }
    let Some(state) = history.state else {
        return Ok(());
    };
    if kept != state {
        search.fault(format!(
            "dossier {id}: its state does not follow from its events"
        ));
    }
    match rebuild::belongs(&state, record.version, rules) {
        None => search.fault(format!(
            "dossier {id}: its démarche {} is not configured",
            state.demarche
        )),
        Some(belongs) if belongs != record => search.fault(format!(
            "dossier {id}: it is listed otherwise than its state asks"
        )),
        Some(_) => {}
    }
    let row = rows::place(&record, id).map(|place| search.trees.get(Tree::Rows, &place));
    let row = row.transpose()?.flatten();
    if row.as_deref() != (!record.purged).then(|| row_of(&state)).as_deref() {
        search.fault(format!(
            "dossier {id}: its row in lists is not what its state asks"
        ));
    }
    Ok(())
}

/// Every state has events, and stands in the indexes where it says.
fn states(search: &mut Search<'_>) -> Result<(), Error> {
    for pair in search.trees.with(Tree::States, &[]) {
        let (key, bytes) = pair?;
        let Some(id) = key::last_number(&key) else {
            search.fault("a state has a key that cannot be read");
            continue;
        };
        if search.trees.with(Tree::Events, &key).next().is_none() {
            search.fault(format!("dossier {id}: it has a state and no events"));
        }
        // What cannot be read was told with the events.
        let Ok((record, _)) = Record::decode(&bytes) else {
            continue;
        };
        let id = crate::domain::DossierId(id);
        for list in &record.lists {
            if !search.has(Tree::Lists, &key::entry(list, record.deposited, id))? {
                search.fault(format!("dossier {id}: a list lacks it"));
            }
        }
        if let Some(due) = record.due
            && !search.has(Tree::Due, &key::due(due, id))?
        {
            search.fault(format!("dossier {id}: the clock does not know of it"));
        }
    }
    Ok(())
}

/// Every entry belongs, and every list is as long as it says.
fn lists(search: &mut Search<'_>) -> Result<(), Error> {
    let trees = search.trees;
    for pair in trees.with(Tree::Lists, &[]) {
        let (key, _) = pair?;
        if !rebuild::entry_belongs(trees, &key)? {
            let id = key::last_number(&key).map_or(0, |number| !number);
            search.fault(format!("dossier {id}: a list has it without reason"));
        }
    }
    for pair in trees.with(Tree::Rows, &[]) {
        let (key, _) = pair?;
        if !rows::belongs(trees, &key)? {
            let id = key::read_row(&key).map_or(0, |dossier| dossier.0);
            search.fault(format!("dossier {id}: it has a row without reason"));
        }
    }
    for pair in trees.with(Tree::Due, &[]) {
        let (key, _) = pair?;
        if !rebuild::due_belongs(trees, &key)? {
            let id = key::last_number(&key).unwrap_or_default();
            search.fault(format!(
                "dossier {id}: the clock looks at it without reason"
            ));
        }
    }
    rebuild::each_list(trees, |list, count| {
        let kept = search.number(Tree::Counts, list)?;
        if kept != count {
            search.fault(format!("a list of {count} dossiers is counted as {kept}"));
        }
        Ok(())
    })?;
    for pair in trees.with(Tree::Counts, &[]) {
        let (list, _) = pair?;
        if trees.with(Tree::Lists, &list).next().is_none() {
            search.fault("a list without dossiers is counted");
        }
    }
    Ok(())
}

fn totals(search: &mut Search<'_>) -> Result<(), Error> {
    let counted = rebuild::counted(search.trees)?;
    let kept = look::totals(search.trees);
    let Some(kept) = search.readable("a total", kept)? else {
        return Ok(());
    };
    for demarche in counted
        .keys()
        .chain(kept.keys().filter(|id| !counted.contains_key(id)))
    {
        let (is, should) = (kept.get(demarche), counted.get(demarche));
        if is != should {
            let (is, should) = (is.unwrap_or(&0), should.unwrap_or(&0));
            search.fault(format!(
                "démarche {demarche}: {should} dossiers are counted as {is}"
            ));
        }
    }
    Ok(())
}

/// Whether a queue has the rows that it is said to have, and a sequence is ahead of them.
fn queue_counts(
    search: &mut Search<'_>,
    tree: Tree,
    rows: u64,
    last: u64,
    sequence: Sequence,
) -> Result<(), Error> {
    let counted = search.number(Tree::Meta, &depth(tree))?;
    if counted != rows {
        let name = tree.name();
        search.fault(format!("{name}: {rows} rows are counted as {counted}"));
    }
    if last > 0 && search.number(Tree::Meta, meta::Sequence::key(sequence))? <= last {
        search.fault(format!(
            "{}: id {last} would be given out again",
            tree.name()
        ));
    }
    Ok(())
}
