//! How many files one person has made: each takes the workshop's time and the disk's room from everybody.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::line::Speaker;
use super::piece::at_the_machine;
use super::{App, Error};
use crate::domain::{Email, paris};
use crate::message::work::{Order, Work};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// Where it is kept what people have ordered, among the documents.
const PREFIX: &str = "ordered\u{0}";
/// An order that was not heard of for that long will not be: its dossier was purged meanwhile.
const LOST: SignedDuration = SignedDuration::from_hours(24);
/// People looked at in one sweep.
const SWEPT: usize = 10_000;

/// How many exports and documents one person may have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ration {
    /// Ordered on one day.
    pub per_day: u32,
    /// Under way at the same time.
    pub under_way: usize,
}

impl Default for Ration {
    fn default() -> Self {
        Self {
            per_day: 50,
            under_way: 3,
        }
    }
}

/// What somebody has ordered lately.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ordered {
    day: Date,
    count: u32,
    /// What ordered each that is under way, and when.
    waiting: BTreeMap<String, Timestamp>,
}

impl<S: Store> App<S> {
    /// Counts an order, or answers why there are enough. The operator, at the machine, has no ration.
    pub(super) fn ration(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        work: &Work,
    ) -> Result<Option<Answer>, Error> {
        let Some(person) = whose(work).filter(|_| !at_the_machine(speaker)) else {
            return Ok(None);
        };
        let key = format!("{PREFIX}{person}");
        let mut ordered: Ordered = draft.get(Collection::Meta, &key)?.unwrap_or_default();
        let today = draft.at.to_zoned_datetime(paris()).date();
        if ordered.day != today {
            (ordered.day, ordered.count) = (today, 0);
        }
        ordered
            .waiting
            .retain(|_, since| draft.at.duration_since(*since) < LOST);
        let Ration { per_day, under_way } = self.ration;
        if ordered.waiting.len() >= under_way {
            return Ok(Some(Answer::EnoughUnderWay { most: under_way }));
        }
        if ordered.count >= per_day {
            return Ok(Some(Answer::EnoughToday { most: per_day }));
        }
        ordered.count += 1;
        ordered.waiting.insert(draft.cause.clone(), draft.at);
        draft.put(Collection::Meta, key, &ordered)?;
        Ok(None)
    }

    /// An order is not under way any more, whatever came of it.
    pub(super) fn arrived(&self, draft: &mut Draft<'_, S>, order: &Order) -> Result<(), Error> {
        let Some(person) = whose(&order.work) else {
            return Ok(());
        };
        let key = format!("{PREFIX}{person}");
        let Some(mut ordered) = draft.get::<Ordered>(Collection::Meta, &key)? else {
            return Ok(());
        };
        if ordered.waiting.remove(&order.cause).is_some() {
            draft.put(Collection::Meta, key, &ordered)?;
        }
        Ok(())
    }

    /// Forgets what was ordered on days gone by.
    pub(super) fn sweep_orders(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Meta, PREFIX, Bound::Unbounded, SWEPT)?;
        let today = draft.at.to_zoned_datetime(paris()).date();
        for (key, value) in rows {
            let ordered: Ordered = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Meta, &error))?;
            let lost = |since: &Timestamp| draft.at.duration_since(*since) >= LOST;
            if ordered.day != today && ordered.waiting.values().all(lost) {
                draft.remove(Collection::Meta, key);
            }
        }
        Ok(())
    }
}

/// Who takes dossiers away with it. Figures and pages of lists are looks, and are not counted.
fn whose(work: &Work) -> Option<&Email> {
    match work {
        Work::Export(export) => Some(&export.person),
        Work::Dossier { by, .. } => by.as_ref(),
        Work::Attestation { .. } | Work::Stats { .. } | Work::List { .. } => None,
    }
}
