//! Rows: what lists know of a dossier without opening it, in the order of the lists.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::draft::Draft;
use super::key;
use super::look::Reading;
use super::rebuild;
use super::record::Record;
use super::tree::{Tree, Trees};
use crate::domain::row::row;
use crate::domain::{DemarcheId, Dossier, DossierId, List};
use crate::store::{EachRow, Error};

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
pub(super) fn ensure(
    draft: &mut Draft<'_>,
    place: Vec<u8>,
    dossier: &Dossier,
) -> Result<(), Error> {
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
pub(super) fn each(trees: &Trees, lists: &[List], each: EachRow<'_>) -> Result<(), Error> {
    let mut readings = Vec::new();
    let mut firsts = BinaryHeap::new();
    for (place, list) in lists.iter().enumerate() {
        let reading = Reading::begin(trees, list, None)?;
        firsts.extend(
            reading
                .next
                .map(|order| Reverse((order, list.demarche, place))),
        );
        readings.push(reading);
    }
    let mut rows: BTreeMap<DemarcheId, Rows> = BTreeMap::new();
    let mut last = None;
    while let Some(Reverse((order, demarche, place))) = firsts.pop() {
        if let Some(reading) = readings.get_mut(place) {
            reading.advance()?;
            firsts.extend(reading.next.map(|order| Reverse((order, demarche, place))));
        }
        // A dossier that stands in several of the lists is shown once.
        if last.replace((order, demarche)) == Some((order, demarche)) {
            continue;
        }
        let (deposited, dossier) = key::read_order(order);
        let wanted = key::row(demarche, deposited, dossier);
        let of = rows.entry(demarche).or_insert_with(|| Rows {
            pairs: trees.of(Tree::Rows).range(wanted.as_slice()..),
            last: None,
        });
        let row = of.at(trees, &wanted)?;
        if each(dossier, row.as_deref().unwrap_or_default())?.is_break() {
            break;
        }
    }
    Ok(())
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
