//! Rows: what lists know of a dossier without opening it, in the order of the lists.

use std::ops::ControlFlow;

use super::draft::Draft;
use super::key;
use super::look::Reading;
use super::record::Record;
use super::tree::{Tree, Trees};
use crate::domain::row::row;
use crate::domain::{DemarcheId, Dossier, DossierId, List};
use crate::store::Error;
use crate::store::sled::rebuild;

/// How many rows that are not wanted are read on the way to one that is, rather than looked up.
const STRIDE: usize = 24;

/// The key of the row that a record has; none once it is purged.
pub(super) fn place(record: &Record, dossier: DossierId) -> Option<Vec<u8>> {
    (!record.purged).then(|| key::row(record.demarche, record.deposited, dossier))
}

/// Puts the row of a dossier in the place of its old one.
pub(super) fn shift(
    draft: &mut Draft<'_>,
    old: Option<&Record>,
    new: &Record,
    dossier: &Dossier,
) -> Result<(), Error> {
    let was = old.and_then(|old| place(old, dossier.number));
    let is = place(new, dossier.number);
    if let Some(was) = was.filter(|was| Some(was) != is.as_ref()) {
        draft.remove(Tree::Rows, was);
    }
    match is {
        Some(is) => ensure(draft, is, dossier),
        None => Ok(()),
    }
}

/// Puts the row of a dossier where it is not so already.
pub(super) fn ensure(draft: &mut Draft<'_>, place: Vec<u8>, dossier: &Dossier) -> Result<(), Error> {
    let row = row(dossier);
    if draft.get(Tree::Rows, &place)?.as_deref() != Some(row.as_slice()) {
        draft.put(Tree::Rows, place, row);
    }
    Ok(())
}

/// Whether a row stands where its dossier is.
pub(super) fn belongs(trees: &Trees, key: &[u8]) -> Result<bool, Error> {
    let Some(dossier) = key::read_row(key) else {
        return Ok(false);
    };
    let record = rebuild::record(trees, dossier)?;
    Ok(record.and_then(|record| place(&record, dossier)).as_deref() == Some(key))
}

/// The rows of a démarche, read from some place on.
struct Rows {
    demarche: DemarcheId,
    pairs: ::sled::Iter,
    last: Option<(::sled::IVec, ::sled::IVec)>,
}

impl Rows {
    /// The row at `wanted`, which is behind all that were wanted before.
    fn at(&mut self, trees: &Trees, wanted: &[u8]) -> Result<Option<::sled::IVec>, Error> {
        for _ in 0..STRIDE {
            match &self.last {
                Some((key, row)) if key == wanted => return Ok(Some(row.clone())),
                Some((key, _)) if key.as_ref() > wanted => return Ok(None),
                _ => self.last = self.pairs.next().transpose()?,
            }
            if self.last.is_none() {
                return Ok(None);
            }
        }
        self.pairs = trees.of(Tree::Rows).range(wanted..);
        self.last = self.pairs.next().transpose()?;
        let found = self.last.iter().find(|(key, _)| key == wanted);
        Ok(found.map(|(_, row)| row.clone()))
    }
}

/// Calls `each` with every dossier of the union of `lists`, newest deposit first, and its row, until it breaks off.
pub(super) fn each(
    trees: &Trees,
    lists: &[List],
    each: &mut dyn FnMut(DossierId, &[u8]) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    let mut readings = lists
        .iter()
        .map(|list| Ok((list.demarche, Reading::begin(trees, list, None)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let mut rows: Vec<Rows> = Vec::new();
    loop {
        let firsts = readings.iter();
        let first = firsts
            .filter_map(|(demarche, reading)| Some((reading.next?, *demarche)))
            .min();
        let Some((order, demarche)) = first else {
            return Ok(());
        };
        let (deposited, dossier) = key::read_order(order);
        let wanted = key::row(demarche, deposited, dossier);
        let of = match rows.iter_mut().find(|rows| rows.demarche == demarche) {
            Some(rows) => rows,
            None => {
                rows.push(Rows {
                    demarche,
                    pairs: trees.of(Tree::Rows).range(wanted.as_slice()..),
                    last: None,
                });
                rows.last_mut().ok_or_else(|| Error::Database("no rows".to_owned()))?
            }
        };
        let row = of.at(trees, &wanted)?;
        if each(dossier, row.as_deref().unwrap_or_default())?.is_break() {
            return Ok(());
        }
        for (_, reading) in &mut readings {
            if reading.next == Some(order) {
                reading.advance()?;
            }
        }
    }
}

/// Makes the rows of a store that was written before there were any.
pub(super) fn found(trees: &Trees) -> Result<(), Error> {
    let mut mending = rebuild::Mending::new(trees);
    for pair in trees.with(Tree::States, &[]) {
        let (_, bytes) = pair?;
        // What cannot be read is for `store verify` to tell.
        let Ok((record, dossier)) = Record::dossier(&bytes) else {
            continue;
        };
        if let Some(place) = place(&record, dossier.number) {
            ensure(&mut mending.draft, place, &dossier)?;
            mending.step()?;
        }
    }
    mending.end()
}
