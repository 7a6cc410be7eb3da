//! Reads one démarche: its form and people, all dossiers once, and from then on what has changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::gone::Told;
use super::pace::Rank;
use super::pages::{Place, Row, Size};
use super::patrol::Round;
use super::{Inner, directory, lock};
use crate::channel::{Closed, Inbox};
use crate::message::platform::Progress;

/// Changed dossiers of a page that are read one by one rather than with the whole page.
const ALONE: usize = 3;
/// How long after a reading what was changed in its second is certainly seen.
const SECOND: Duration = Duration::from_millis(1_500);
/// Looks between two at what was deleted.
const GONE: u32 = 5;
/// How long after a failure the next try is, at first and at most.
const REST: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));

/// Failures in a row after which it is said by `/readyz` that a démarche is not read.
const FAILURES: u32 = 4;

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Broken {
    /// Greffier is stopping.
    Closed,
    /// The platform does not answer as asked.
    Fault(Fault),
}

impl From<Closed> for Broken {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Dossiers that were changed lately. The platform tells the second of a change only: what is read within it may be changed
/// once more without a sign, and is therefore read again.
#[derive(Debug, Default)]
pub(super) struct Recent(HashMap<u64, (Timestamp, Instant, bool)>);

impl Recent {
    /// Whether a dossier changed at `modified` may have changed since it was read.
    fn is_unsure(&self, dossier: u64, modified: Timestamp) -> bool {
        match self.0.get(&dossier) {
            Some((at, first, sure)) if *at == modified => !sure && first.elapsed() >= SECOND,
            _ => true,
        }
    }

    /// Dossiers were read, after `asked`.
    fn note(&mut self, read: impl Iterator<Item = (u64, Timestamp)>, asked: Instant) {
        for (dossier, modified) in read {
            let (at, first, sure) = self.0.entry(dossier).or_insert((modified, asked, false));
            if *at == modified {
                *sure |= asked.duration_since(*first) >= SECOND;
            } else {
                (*at, *first, *sure) = (modified, asked, false);
            }
        }
    }

    fn forget(&mut self, before: Timestamp) {
        self.0.retain(|_, (modified, ..)| *modified >= before);
    }
}

/// Reads a démarche.
pub(super) struct Reader {
    pub(super) inner: Arc<Inner>,
    pub(super) demarche: u64,
    pub(super) inbox: Inbox,
    pub(super) progress: Progress,
    pub(super) told: Told,
    pub(super) round: Round,
    recent: Recent,
    size: Size,
    /// When the directory was read last, and what it was.
    directory: Option<(Instant, String)>,
    looks: u32,
}

impl Reader {
    /// Reads `demarche` from where the middle knows it.
    pub(super) fn new(inner: Arc<Inner>, demarche: u64, inbox: Inbox) -> Self {
        let progress = inner.mirror.progress(demarche).unwrap_or_else(|| Progress {
            demarche,
            met: crate::clock::now(),
            ..Progress::default()
        });
        Self {
            inner,
            demarche,
            inbox,
            progress,
            told: Told::default(),
            round: Round::default(),
            recent: Recent::default(),
            size: Size::new(),
            directory: None,
            looks: 0,
        }
    }

    /// Reads until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                looked = self.look() => looked,
            };
            let wait = match looked {
                Ok(()) => {
                    failures = 0;
                    self.went_well();
                    self.inner.settings.poll()
                }
                Err(Broken::Closed) => return,
                Err(Broken::Fault(fault)) => {
                    failures += 1;
                    self.inner.looked(self.demarche, Some(&fault));
                    self.failed(&fault, failures)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = crate::clock::sleep(wait) => {}
            }
        }
    }

    /// Whatever failed before is over.
    fn went_well(&self) {
        self.inner.looked(self.demarche, None);
        self.inner.instance.trouble(self.demarche, None);
    }

    /// How long to wait after a failure.
    fn failed(&self, fault: &Fault, failures: u32) -> Duration {
        let demarche = self.demarche;
        let why = if fault.is_hidden() {
            format!("démarche {demarche} is hidden from the token, or there is none")
        } else {
            fault.to_string()
        };
        if let Fault::Limited(wait) = fault {
            return *wait;
        }
        if may_pass(fault, failures) {
            tracing::info!(demarche, "Démarche {demarche} is read later: {why}");
        } else {
            self.inner.instance.trouble(demarche, Some(why));
        }
        let (first, last) = REST;
        let wait = first.saturating_mul(1 << (failures - 1).min(10)).min(last);
        match fault {
            Fault::Expired | Fault::Forbidden(_) | Fault::Local(_) => {
                wait.max(Duration::from_mins(1))
            }
            _ => wait,
        }
    }

    /// One look at everything that is due.
    async fn look(&mut self) -> Result<(), Broken> {
        self.directory().await?;
        if self.progress.whole {
            self.changes().await?;
        } else {
            self.first().await?;
        }
        if self.looks.is_multiple_of(GONE) {
            self.gone().await?;
        }
        self.looks = self.looks.wrapping_add(1);
        self.once_more().await?;
        self.patrol().await
    }

    /// Reads form, groups, instructeurs and labels, if that is due, and hands them in if they are new.
    async fn directory(&mut self) -> Result<(), Broken> {
        let every = self.inner.settings.directory();
        if let Some((read, _)) = &self.directory
            && read.elapsed() < every
        {
            return Ok(());
        }
        let instance = &self.inner.instance;
        let asked = Instant::now();
        let variables = json!({ "demarche": self.demarche });
        let data = instance.ask(Rank::Read, "Directory", variables).await?;
        let mutations = match instance.read_only(Rank::Read).await {
            Some(true) => std::collections::BTreeSet::new(),
            Some(false) | None => instance.schema(Rank::Read).await?.mutations(),
        };
        let demarche = data
            .get("demarche")
            .and_then(|demarche| directory::demarche(demarche, mutations))
            .ok_or_else(|| Fault::Away("an answer without the démarche".to_owned()))?;
        let digest = demarche.digest();
        let known = self.directory.as_ref().map(|(_, digest)| digest);
        if known != Some(&digest) {
            self.inner.hand_demarche(&self.inbox, demarche).await?;
            // Before the first dossier it must be known from when on what happens is told.
            self.inner
                .hand_progress(&self.inbox, &self.progress)
                .await?;
        }
        self.directory = Some((asked, digest));
        Ok(())
    }

    /// Reads all dossiers, from where the last try ended.
    async fn first(&mut self) -> Result<(), Broken> {
        let demarche = self.demarche;
        tracing::info!(
            demarche,
            "The dossiers of démarche {demarche} are read for the first time"
        );
        let mut count = 0;
        loop {
            // Sorted by their last change, so that those that change meanwhile come again at the end.
            let place = Place {
                after: self.progress.after.clone(),
                since: Some(Timestamp::UNIX_EPOCH),
            };
            let asked = Instant::now();
            let page = match self.inner.full(demarche, &place, &mut self.size).await {
                // The place was noted some time ago, and means nothing to the instance any more.
                Err(fault @ Fault::Refused(_))
                    if count == 0 && place.after.is_some() && !fault.is_hidden() =>
                {
                    tracing::info!(
                        demarche,
                        "Démarche {demarche} is read from its beginning: {fault}"
                    );
                    self.progress.after = None;
                    continue;
                }
                page => page?,
            };
            let next = page.next(place.after.as_deref());
            count += page.rows.len();
            let newest = page.rows.iter().map(|dossier| dossier.modified).max();
            self.inner
                .hand_dossiers(&self.inbox, page.rows, asked)
                .await?;
            self.progress.newest = self.progress.newest.max(not_ahead(newest));
            self.progress.whole = next.is_none();
            self.progress.after = next;
            self.inner
                .hand_progress(&self.inbox, &self.progress)
                .await?;
            // The next try goes on from here: it is being read, however long that takes.
            self.went_well();
            if self.progress.whole {
                tracing::info!(
                    demarche,
                    count,
                    "The {count} dossiers of démarche {demarche} are read"
                );
                return Ok(());
            }
            self.directory().await?;
        }
    }

    /// Reads what has changed.
    async fn changes(&mut self) -> Result<(), Broken> {
        let mut place = Place {
            after: None,
            since: Some(self.behind(self.progress.newest)),
        };
        loop {
            let asked = Instant::now();
            let page = self.inner.light(self.demarche, &place).await?;
            let new = page.rows.iter().filter(|row| self.is_new(row));
            let changed: Vec<u64> = new.map(|row| row.number).collect();
            let (newest, next) = if changed.len() <= ALONE {
                self.inner
                    .read_alone(Rank::Read, self.demarche, changed.clone(), &self.inbox)
                    .await?;
                let read = page.rows.iter().filter(|row| changed.contains(&row.number));
                self.recent
                    .note(read.map(|row| (row.number, row.modified)), asked);
                let newest = page.rows.iter().map(|row| row.modified).max();
                (newest, page.next(place.after.as_deref()))
            } else {
                let page = self
                    .inner
                    .full(self.demarche, &place, &mut self.size)
                    .await?;
                let next = page.next(place.after.as_deref());
                let read: Vec<_> = page
                    .rows
                    .iter()
                    .map(|dossier| (dossier.number, dossier.modified))
                    .collect();
                self.inner
                    .hand_dossiers(&self.inbox, page.rows, asked)
                    .await?;
                self.recent.note(read.iter().copied(), asked);
                (read.iter().map(|(_, modified)| *modified).max(), next)
            };
            self.progress.newest = self.progress.newest.max(not_ahead(newest));
            self.inner
                .hand_progress(&self.inbox, &self.progress)
                .await?;
            place.after = next;
            if place.after.is_none() {
                break;
            }
        }
        self.recent.forget(self.behind(self.progress.newest));
        Ok(())
    }

    /// Whether a row is, or may be, newer than what is known of it.
    fn is_new(&self, row: &Row) -> bool {
        let known = self.inner.mirror.taken(row.number);
        known.is_none_or(|known| known.modified < row.modified)
            || self.recent.is_unsure(row.number, row.modified)
    }

    /// Some time before `newest`, or before the démarche was met: changes become visible a little later than they are dated.
    pub(super) fn behind(&self, newest: Option<Timestamp>) -> Timestamp {
        let overlap = i64::try_from(self.inner.settings.overlap_seconds).unwrap_or(i64::MAX);
        let newest = not_ahead(newest).unwrap_or(self.progress.met);
        newest
            .checked_sub(SignedDuration::from_secs(overlap))
            .unwrap_or(newest)
    }

    /// Reads those again of which something was still to come.
    async fn once_more(&self) -> Result<(), Broken> {
        let now = Instant::now();
        let due: Vec<u64> = {
            let mut again = lock(&self.inner.again);
            let own = again
                .iter()
                .filter(|(_, (demarche, at))| *demarche == self.demarche && *at <= now);
            let due: Vec<u64> = own.map(|(dossier, _)| *dossier).collect();
            again.retain(|dossier, _| !due.contains(dossier));
            due
        };
        self.inner
            .read_alone(Rank::Read, self.demarche, due, &self.inbox)
            .await
    }
}

/// `newest`, or now where that is before: by a clock that is ahead of ours, changes of the time between would be missed.
pub(super) fn not_ahead(newest: Option<Timestamp>) -> Option<Timestamp> {
    newest.map(|newest| newest.min(crate::clock::now()))
}

/// Whether a fault may pass by itself, and has not come too often yet to be kept from the operator.
fn may_pass(fault: &Fault, failures: u32) -> bool {
    let passes = matches!(
        fault,
        Fault::Away(_)
            | Fault::Strange(_)
            | Fault::Barred(_)
            | Fault::Failed(_)
            | Fault::Partial(_)
    );
    passes && failures < FAILURES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_pass_is_said() {
        let late = Fault::Partial(serde_json::Value::Null);
        assert!(may_pass(&late, 1) && may_pass(&late, FAILURES - 1));
        assert!(!may_pass(&late, FAILURES));
        assert!(!may_pass(&Fault::Expired, 1));
    }

    #[test]
    fn a_clock_that_is_ahead_is_not_followed() {
        let now = crate::clock::now();
        let hour = SignedDuration::from_hours(1);
        assert_eq!(not_ahead(Some(now - hour)), Some(now - hour));
        assert!(not_ahead(Some(now + hour)) < Some(now + hour));
        assert_eq!(not_ahead(None), None);
    }
}
