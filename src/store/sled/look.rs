//! What can be asked of the ledger without changing it.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::Timestamp;
use serde_json::Value;

use super::draft::{corrupt, number, read};
use super::key;
use super::outbox::Named;
use super::record::Record;
use super::tree::{Tree, Trees};
use crate::domain::{DemarcheId, Dossier, DossierId, List, Recorded};
use crate::store::{Collection, Due, Error, OutboxId, Page, Row, Version};

/// A dossier and its version.
pub(super) fn load(trees: &Trees, id: DossierId) -> Result<Option<(Dossier, Version)>, Error> {
    let Some(bytes) = trees.get(Tree::States, &key::number(id.0))? else {
        return Ok(None);
    };
    let (record, dossier) = Record::dossier(&bytes)?;
    Ok(Some((dossier, record.version)))
}

/// The events of a dossier, in order.
pub(super) fn events(trees: &Trees, id: DossierId) -> Result<Vec<Recorded>, Error> {
    trees
        .with(Tree::Events, &key::number(id.0))
        .map(|pair| read(Tree::Events, &pair?.1))
        .collect()
}

/// One list, read from some place on.
pub(super) struct Reading {
    list: Vec<u8>,
    entries: ::sled::Iter,
    /// The order of the entry that comes next.
    pub(super) next: Option<[u8; key::ORDER]>,
}

impl Reading {
    /// `list`, from behind `after` on.
    pub(super) fn begin(
        trees: &Trees,
        list: &List,
        after: Option<[u8; key::ORDER]>,
    ) -> Result<Self, Error> {
        let list = key::list(list);
        let from = match after {
            Some(order) => Bound::Excluded([list.as_slice(), &order].concat()),
            None => Bound::Included(list.clone()),
        };
        let entries = trees
            .of(Tree::Lists)
            .range::<Vec<u8>, _>((from, Bound::Unbounded));
        let mut reading = Self {
            list,
            entries,
            next: None,
        };
        reading.advance()?;
        Ok(reading)
    }

    /// Goes on to the next entry.
    pub(super) fn advance(&mut self) -> Result<(), Error> {
        let entry = self.entries.next().transpose()?;
        self.next = entry.and_then(|(key, _)| {
            let (list, order) = key::read_entry(&key)?;
            (list == self.list).then_some(order)
        });
        Ok(())
    }
}

/// One page of the union of `lists`. It reads as many entries as the page has, whatever the lists' length.
pub(super) fn page(
    trees: &Trees,
    lists: &[List],
    after: Option<(i64, DossierId)>,
    limit: usize,
) -> Result<Page, Error> {
    let after = after.map(|(deposited, dossier)| key::order(deposited, dossier));
    let mut readings = lists
        .iter()
        .map(|list| Reading::begin(trees, list, after))
        .collect::<Result<Vec<_>, _>>()?;
    let mut page = Page::default();
    let mut last = None;
    while let Some(order) = readings.iter().filter_map(|reading| reading.next).min() {
        if page.dossiers.len() == limit {
            page.next = last;
            break;
        }
        let place = key::read_order(order);
        page.dossiers.push(place.1);
        last = Some(place);
        // A dossier that stands in several of the lists is shown once.
        for reading in &mut readings {
            if reading.next == Some(order) {
                reading.advance()?;
            }
        }
    }
    Ok(page)
}

/// How many dossiers a list has.
pub(super) fn count(trees: &Trees, list: &List) -> Result<u64, Error> {
    number(
        Tree::Counts,
        trees.get(Tree::Counts, &key::list(list))?.as_deref(),
    )
}

/// Dossiers due by `now`, the longest due first, after `after`.
pub(super) fn due(
    trees: &Trees,
    now: Timestamp,
    after: Option<(Timestamp, DossierId)>,
    limit: usize,
) -> Result<Vec<(Timestamp, DossierId)>, Error> {
    let until = key::due(now, DossierId(u64::MAX));
    let from = after.map(|(at, dossier)| key::due(at, dossier));
    // Time may have been set back since: nothing is between the two then.
    if from.as_ref().is_some_and(|from| *from >= until) {
        return Ok(Vec::new());
    }
    trees
        .of(Tree::Due)
        .range::<Vec<u8>, _>((
            from.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Included(until),
        ))
        .keys()
        .take(limit)
        .map(|key| {
            let key = key?;
            let at = key::read_time(&key).ok_or_else(|| corrupt(Tree::Due, "a key"))?;
            let dossier = key::last_number(&key).ok_or_else(|| corrupt(Tree::Due, "a key"))?;
            Ok((at, DossierId(dossier)))
        })
        .collect()
}

/// A document.
pub(super) fn document(trees: &Trees, of: Collection, key: &str) -> Result<Option<Value>, Error> {
    trees
        .get(Tree::Documents, &key::document(of, key))?
        .map(|json| read(Tree::Documents, &json))
        .transpose()
}

/// The documents whose keys begin with `prefix`, from `from` on.
pub(super) fn documents(
    trees: &Trees,
    of: Collection,
    prefix: &str,
    from: Bound<&str>,
    limit: usize,
) -> Result<Vec<(String, Value)>, Error> {
    let begin = key::document(of, prefix);
    let from = from.map(|from| key::document(of, from));
    let from = match from {
        Bound::Included(from) | Bound::Excluded(from) if from < begin => {
            Bound::Included(begin.clone())
        }
        Bound::Unbounded => Bound::Included(begin.clone()),
        other => other,
    };
    let mut documents = Vec::new();
    for pair in trees
        .of(Tree::Documents)
        .range::<Vec<u8>, _>((from, Bound::Unbounded))
        .take(limit)
    {
        let (key, json) = pair?;
        if !key.starts_with(&begin) {
            break;
        }
        let (_, name) =
            key::read_document(&key).ok_or_else(|| corrupt(Tree::Documents, "a key"))?;
        documents.push((name.to_owned(), read(Tree::Documents, &json)?));
    }
    Ok(documents)
}

/// Rows of the outbox after `after` and before `end`.
pub(super) fn queued(
    trees: &Trees,
    after: Option<OutboxId>,
    end: OutboxId,
    limit: usize,
) -> Result<Vec<Due>, Error> {
    let from = after.map_or(0, |after| after.saturating_add(1));
    if from >= end {
        return Ok(Vec::new());
    }
    trees
        .of(Tree::Outbox)
        .range(key::number(from)..key::number(end))
        .take(limit)
        .map(|pair| {
            let row: Row = read(Tree::Outbox, &pair?.1)?;
            Ok(Due {
                id: row.id,
                tried: row.attempts > 0,
                to: row.queued.outgoing.to,
                at: row.next,
            })
        })
        .collect()
}

/// The name behind a key.
pub(super) fn named(trees: &Trees, tree: Tree, key: &[u8]) -> Result<Option<String>, Error> {
    trees
        .get(tree, key)?
        .map(|json| Ok(read::<Named>(tree, &json)?.name))
        .transpose()
}

/// Every démarche's count of dossiers.
pub(super) fn totals(trees: &Trees) -> Result<BTreeMap<DemarcheId, u64>, Error> {
    trees
        .with(Tree::Totals, &[])
        .map(|pair| {
            let (key, value) = pair?;
            let demarche = key::last_number(&key).ok_or_else(|| corrupt(Tree::Totals, "a key"))?;
            Ok((DemarcheId(demarche), number(Tree::Totals, Some(&value))?))
        })
        .collect()
}
