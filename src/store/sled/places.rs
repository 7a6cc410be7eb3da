//! Indexes and counts, kept by the difference between where a dossier was and where it is.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::key;
use super::record::Record;
use super::tree::Tree;
use crate::domain::DossierId;
use crate::store::Error;

/// Moves a dossier from the lists of `old` to those of `new`, with all counts.
pub(super) fn shift(
    draft: &mut Draft<'_>,
    dossier: DossierId,
    old: Option<&Record>,
    new: Option<&Record>,
) -> Result<(), Error> {
    let none = BTreeSet::new();
    let was = old.map_or(&none, |record| &record.lists);
    let is = new.map_or(&none, |record| &record.lists);
    let moved = old.map(|record| record.deposited) != new.map(|record| record.deposited);
    if let Some(old) = old {
        for list in was.iter().filter(|list| moved || !is.contains(*list)) {
            draft.remove(Tree::Lists, key::entry(list, old.deposited, dossier));
            draft.add(Tree::Counts, list, -1)?;
        }
    }
    if let Some(new) = new {
        for list in is.iter().filter(|list| moved || !was.contains(*list)) {
            draft.mark(Tree::Lists, key::entry(list, new.deposited, dossier));
            draft.add(Tree::Counts, list, 1)?;
        }
    }
    total(draft, old, new)?;
    clock(draft, dossier, old, new);
    Ok(())
}

fn total(draft: &mut Draft<'_>, old: Option<&Record>, new: Option<&Record>) -> Result<(), Error> {
    let counted = |record: Option<&Record>| {
        record
            .filter(|record| !record.purged)
            .map(|record| record.demarche)
    };
    let (was, is) = (counted(old), counted(new));
    if was == is {
        return Ok(());
    }
    if let Some(demarche) = was {
        draft.add(Tree::Totals, &key::number(demarche.0), -1)?;
    }
    if let Some(demarche) = is {
        draft.add(Tree::Totals, &key::number(demarche.0), 1)?;
    }
    Ok(())
}

fn clock(draft: &mut Draft<'_>, dossier: DossierId, old: Option<&Record>, new: Option<&Record>) {
    let (was, is) = (
        old.and_then(|record| record.due),
        new.and_then(|record| record.due),
    );
    if was == is {
        return;
    }
    if let Some(was) = was {
        draft.remove(Tree::Due, key::due(was, dossier));
    }
    if let Some(is) = is {
        draft.mark(Tree::Due, key::due(is, dossier));
    }
}
