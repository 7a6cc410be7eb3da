//! What time alone brings about: notices of expiry, expiry, purge, reminders, decisions by silence, summaries, and the
//! forgetting of what has run out.
//!
//! All of it is one commit, and no part of it stops another: what fails at one dossier leaves nothing of that dossier, and
//! is tried again later.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::draft::Draft;
use super::{App, Error};
use crate::domain::{Command, DossierId, Person};
use crate::message::Verdict;
use crate::store::{Collection, OPEN, Store};

/// Dossiers changed in one tick: the rest is for the next, so that nobody waits long behind the clock.
const CHANGED: usize = 100;
/// How long a cause is remembered. No network repeats itself later than that.
const CAUSES: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long a dossier is left alone at which the clock has failed.
const SORE: SignedDuration = SignedDuration::from_hours(1);
/// Where it is kept at which dossiers the clock has failed, and when.
const FAILED: &str = "clock\u{0}failed\u{0}";
/// Where it is kept how far the clock has come, where it has not come to the end.
const PLACE: &str = "clock\u{0}place";
/// Dossiers at which the clock has failed, looked at in one tick.
const SWEPT: usize = 10_000;

/// A part of a tick that looks at no dossier's time.
type Chore<S> = fn(&App<S>, &mut Draft<'_, S>) -> Result<(), Error>;

/// How long the copy of a file stays for whoever asked for it at the machine.
const LENT: Duration = Duration::from_hours(24);

impl<S: Store> App<S> {
    /// Does what is due. The verdict is `Done` when there may be more to do at once.
    pub(super) fn tick(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        // First, so that what this tick itself adds to them waits its five minutes.
        self.chore(draft, "bursts", Self::tell_gathered)?;
        let told = self.apart(draft, Self::tell_digests)?;
        let mut more = told.unwrap_or_else(|error| {
            tracing::error!(%error, "The clock failed at the summaries");
            false
        });
        more |= self.look_at_due(draft)?;
        let followed = self.apart(draft, Self::follow_renamed)?;
        more |= followed.unwrap_or_else(|error| {
            tracing::error!(%error, "The clock failed at groups that were renamed");
            false
        });
        let chores: [(&str, Chore<S>); 10] = [
            ("confirmations", Self::sweep_confirmations),
            ("codes", Self::sweep_codes),
            ("reports", Self::sweep_reports),
            ("what was told", Self::sweep_told),
            ("tallies", Self::sweep_tallies),
            ("orders", Self::sweep_orders),
            ("rejected mail", Self::sweep_rejected),
            ("exports", Self::sweep_exports),
            ("forms", Self::sweep_forms),
            ("démarches of the platform", Self::note_served),
        ];
        for (name, chore) in chores {
            self.chore(draft, name, chore)?;
        }
        if let Err(error) = self.shelf.reclaim(LENT) {
            tracing::warn!(%error, "Copies that were lent a day ago cannot be removed");
        }
        if let Ok(before) = draft.at.checked_sub(CAUSES) {
            self.store.forget_causes(before)?;
        }
        draft.receipt.verdict = if more {
            Verdict::Done
        } else {
            Verdict::Ignored
        };
        Ok(())
    }

    /// Does a part of a tick, or leaves it for the next.
    fn chore(&self, draft: &mut Draft<'_, S>, name: &str, chore: Chore<S>) -> Result<(), Error> {
        if let Err(error) = self.apart(draft, chore)? {
            tracing::error!(%error, "The clock failed at its {name}");
        }
        Ok(())
    }

    /// Looks at dossiers that are due, from where the last tick ended. Answers whether there are more.
    fn look_at_due(&self, draft: &mut Draft<'_, S>) -> Result<bool, Error> {
        let most = usize::try_from(self.at_once / OPEN)
            .unwrap_or(usize::MAX)
            .max(1);
        let begun: Option<(Timestamp, DossierId)> = draft.get(Collection::Meta, PLACE)?;
        let page = self.store.due(draft.at, begun, most)?;
        let failed = self.failed()?;
        let full = page.len() == most;
        let mut last = None;
        let mut changed = 0;
        for (due, number) in page {
            if changed == CHANGED {
                break;
            }
            last = Some((due, number));
            let sore = failed.get(&number);
            if sore.is_some_and(|since| draft.at.duration_since(*since) < SORE) {
                continue;
            }
            changed += usize::from(self.tick_at(draft, number, sore.is_some())?);
        }
        // Some that are due never change: their démarche has left the configuration, or the clock fails at them. The rest
        // has its turn all the same.
        let more = full || changed == CHANGED;
        match last.filter(|_| more) {
            Some(last) => draft.put(Collection::Meta, PLACE, &last)?,
            None if begun.is_some() => draft.remove(Collection::Meta, PLACE),
            None => {}
        }
        Ok(more)
    }

    /// Does what is due at one dossier, and answers whether it changed.
    fn tick_at(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        sore: bool,
    ) -> Result<bool, Error> {
        let act = self.apart(draft, |app, draft| {
            app.act(draft, number, &Person::Greffier, &[Command::Tick])
        })?;
        let key = format!("{FAILED}{number}");
        match act {
            Ok(act) => {
                if sore {
                    draft.remove(Collection::Meta, key);
                }
                // A dossier whose démarche left the configuration waits until it comes back.
                Ok(act.is_ok_and(|act| !act.is_empty()))
            }
            Err(error) => {
                tracing::error!(dossier = number.0, %error, "The clock failed at the dossier {number}; it is left alone for an hour");
                let at = draft.at;
                draft.put(Collection::Meta, key, &at)?;
                Ok(false)
            }
        }
    }

    /// The dossiers at which the clock has failed, and when.
    fn failed(&self) -> Result<BTreeMap<DossierId, Timestamp>, Error> {
        let rows = self
            .store
            .scan(Collection::Meta, FAILED, Bound::Unbounded, SWEPT)?;
        let mut failed = BTreeMap::new();
        for (key, value) in rows {
            let at = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Meta, &error))?;
            let number = key.strip_prefix(FAILED).map(str::parse);
            if let Some(Ok(number)) = number {
                failed.insert(DossierId(number), at);
            }
        }
        Ok(failed)
    }

    /// Forgets previews that nobody confirmed, and closes proposals that nobody took up.
    fn sweep_confirmations(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        for (code, pending) in self.confirmations()? {
            if pending.stale(draft.at) {
                if pending.proposed.is_some() {
                    self.lapse(draft, &code, &pending)?;
                }
                draft.remove(Collection::Confirmation, code);
            }
        }
        Ok(())
    }
}
