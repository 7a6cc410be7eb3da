//! How often something was done lately, so that nobody makes Greffier say or mail more than is of use.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::{App, Error};
use crate::store::{Collection, Store};

/// Where tallies stand among the documents.
const PREFIX: &str = "tally\u{0}";
/// No tally is of use for longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// Tallies looked at in one sweep.
const SWEPT: usize = 10_000;

/// What was counted, and since when.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Tally {
    since: Timestamp,
    count: u32,
}

/// How much of something is of use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// How often.
    pub(super) most: u32,
    /// In how long, at most an hour.
    pub(super) within: SignedDuration,
}

impl<S: Store> App<S> {
    /// Counts `what` once more, and answers whether that is more than is of use.
    pub(super) fn too_often(
        &self,
        draft: &mut Draft<'_, S>,
        what: &str,
        measure: Measure,
    ) -> Result<bool, Error> {
        let key = format!("{PREFIX}{what}");
        let before: Option<Tally> = draft.get(Collection::Meta, &key)?;
        let within = |tally: &Tally| draft.at.duration_since(tally.since) <= measure.within;
        let tally = before.filter(within).unwrap_or(Tally {
            since: draft.at,
            count: 0,
        });
        if tally.count >= measure.most {
            return Ok(true);
        }
        let tally = Tally {
            count: tally.count + 1,
            ..tally
        };
        draft.put(Collection::Meta, key, &tally)?;
        Ok(false)
    }

    /// Forgets the tallies that have run out.
    pub(super) fn sweep_tallies(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Meta, PREFIX, Bound::Unbounded, SWEPT)?;
        for (key, value) in rows {
            let tally: Tally = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Meta, &error))?;
            if draft.at.duration_since(tally.since) > LONGEST {
                draft.remove(Collection::Meta, key);
            }
        }
        Ok(())
    }
}
