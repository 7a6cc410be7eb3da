//! Looks through all dossiers, little by little, for what changes without a date, for changes that were missed, and for
//! dossiers that have vanished.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::documents::PAGE;
use super::fault::Fault;
use super::json::{moment, number, truth};
use super::pace::Rank;
use super::pages::page;
use super::read::labels;
use super::sync::{Broken, Reader};
use crate::message::platform::{Gone, GoneDossier, Undated};

/// How far the patrol is.
#[derive(Debug)]
pub(super) struct Round {
    /// Known dossiers that it has not met yet; none between two rounds.
    missing: Option<BTreeSet<u64>>,
    after: Option<String>,
    /// Its pages, as far as can be told.
    pages: usize,
    /// Pages that may be looked through now.
    credit: f64,
}

impl Default for Round {
    /// Begins with its first page: after a start, something may have changed meanwhile.
    fn default() -> Self {
        Self {
            missing: None,
            after: None,
            pages: 0,
            credit: 1.0,
        }
    }
}

/// A row of the patrol.
struct Row {
    number: u64,
    modified: Option<Timestamp>,
    undated: Undated,
}

fn row(value: &Value) -> Option<Row> {
    Some(Row {
        number: number(value, "number")?,
        modified: moment(value, "dateDerniereModification"),
        undated: Undated {
            labels: labels(value),
            correction_pending: moment(value, "dateDerniereCorrectionEnAttente"),
            archived: truth(value, "archived").unwrap_or_default(),
        },
    })
}

impl Reader {
    /// Goes on with the round, as far as it is time for.
    pub(super) async fn patrol(&mut self) -> Result<(), Broken> {
        if !self.progress.whole {
            return Ok(());
        }
        if self.round.missing.is_none() {
            let shown: BTreeSet<u64> = self.inner.mirror.shown(self.demarche).into_iter().collect();
            self.round.pages = shown.len() / PAGE as usize + 1;
            self.round.missing = Some(shown);
        }
        let settings = &self.inner.settings;
        let looks = (settings.patrol_minutes * 60 / settings.poll_seconds).max(1);
        #[expect(clippy::cast_precision_loss, reason = "nobody counts that many pages")]
        let share = self.round.pages as f64 / looks as f64;
        self.round.credit += share;
        while self.round.credit >= 1.0 {
            self.round.credit -= 1.0;
            if !self.step().await? {
                break;
            }
        }
        Ok(())
    }

    /// One page. Says whether there is another in this round.
    async fn step(&mut self) -> Result<bool, Broken> {
        let variables =
            json!({ "demarche": self.demarche, "first": PAGE, "after": self.round.after });
        let asked = self
            .inner
            .instance
            .ask(Rank::Patrol, "Patrol", variables)
            .await;
        let data = match asked {
            // The place may be one that the instance does not know any more.
            Err(fault @ Fault::Refused(_)) => {
                (self.round.after, self.round.missing) = (None, None);
                return Err(fault.into());
            }
            asked => asked?,
        };
        let page = page(&data, "dossiers", row)?;
        let next = page.next(self.round.after.as_deref());
        let rows = page.rows;
        let mirror = &self.inner.mirror;
        let mut changed = Vec::new();
        for row in rows {
            if let Some(missing) = &mut self.round.missing {
                missing.remove(&row.number);
            }
            let known = mirror.taken(row.number);
            let same = known.is_some_and(|known| {
                // A change may have become visible too late for the list of changes.
                row.modified <= Some(known.modified) && row.undated == known.undated
            });
            if !same {
                changed.push(row.number);
            }
        }
        self.inner
            .read_alone(Rank::Patrol, self.demarche, changed, &self.inbox)
            .await?;
        self.round.after = next;
        if self.round.after.is_none() {
            self.vanished().await?;
        }
        Ok(self.round.after.is_some())
    }

    /// Looks for those that the list did not have any more.
    async fn vanished(&mut self) -> Result<(), Broken> {
        let mut trashed = Vec::new();
        for number in self.round.missing.take().unwrap_or_default() {
            let known = self.inner.mirror.taken(number).is_some();
            if known && !self.inner.is_shown(number).await? {
                trashed.push(GoneDossier {
                    number,
                    state: String::new(),
                    reason: String::new(),
                    at: crate::clock::now(),
                });
            }
        }
        let gone = Gone {
            demarche: self.demarche,
            purged: Vec::new(),
            trashed,
        };
        self.inner.hand_gone(&self.inbox, gone).await?;
        Ok(())
    }
}
