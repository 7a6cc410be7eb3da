//! What time alone brings about: notices of expiry, expiry, purge, reminders, decisions by silence, summaries, and the
//! forgetting of what has run out.

use jiff::SignedDuration;

use super::draft::Draft;
use super::{App, Error};
use crate::domain::{Command, Person};
use crate::message::Verdict;
use crate::store::{Collection, Store};

/// Dossiers looked at in one tick.
const LOOKED_AT: usize = 10_000;
/// Dossiers changed in one tick: the rest is for the next, so that nobody waits long behind the clock.
const CHANGED: usize = 100;
/// How long a cause is remembered. No network repeats itself later than that.
const CAUSES: SignedDuration = SignedDuration::from_hours(24 * 30);

impl<S: Store> App<S> {
    /// Does what is due. The verdict is `Done` when there may be more to do at once.
    pub(super) fn tick(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        // First, so that what this tick itself adds to them waits its five minutes.
        self.tell_gathered(draft)?;
        let more = self.tell_digests(draft)?;
        let mut changed = 0;
        for number in self.store.due(draft.at, LOOKED_AT)? {
            // A dossier whose démarche left the configuration waits until it comes back.
            if let Ok(act) = self.act(draft, number, &Person::Greffier, &[Command::Tick])? {
                changed += usize::from(!act.is_empty());
            }
            if changed >= CHANGED {
                break;
            }
        }
        for (code, pending) in self.confirmations()? {
            if pending.stale(draft.at) {
                if pending.proposed.is_some() {
                    self.lapse(draft, &code, &pending)?;
                }
                draft.remove(Collection::Confirmation, code);
            }
        }
        self.sweep_codes(draft)?;
        self.sweep_reports(draft)?;
        self.sweep_told(draft)?;
        self.sweep_tallies(draft)?;
        self.sweep_orders(draft)?;
        self.sweep_rejected(draft)?;
        self.sweep_exports(draft)?;
        self.sweep_forms(draft)?;
        if let Ok(before) = draft.at.checked_sub(CAUSES) {
            self.store.forget_causes(before)?;
        }
        draft.receipt.verdict = if more || changed >= CHANGED {
            Verdict::Done
        } else {
            Verdict::Ignored
        };
        Ok(())
    }
}
