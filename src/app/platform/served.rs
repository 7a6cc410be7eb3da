//! Until when a démarche was served. One that comes back into `bot.toml` has a past, like one that is met for the first time:
//! what happened to it meanwhile is told to nobody.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::draft::Draft;
use super::super::{App, Error};
use super::progress_key;
use crate::message::platform::Progress;
use crate::store::{Collection, Store};

/// How long Greffier may be away from a démarche and still tell what happened meanwhile. It is stopped over a weekend with the
/// days around it, and for as long as whoever can start it again is on leave for a few days; those who come back want to know
/// what they have missed. What has been left out for a week was left out on purpose, and the site has told it long ago.
pub(super) const AWAY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often it is noted that a démarche is served.
const NOTED: SignedDuration = SignedDuration::from_hours(1);

fn key(demarche: u64) -> String {
    format!("served\u{0}{demarche}")
}

/// How a démarche was served.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Served {
    /// When it was last.
    at: Timestamp,
    /// When it came back, if it was away for long.
    #[serde(default)]
    back: Option<Timestamp>,
}

impl<S: Store> App<S> {
    /// Notes that the démarches of the platform are served.
    pub(in crate::app) fn note_served(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        self.mirrors()
            .try_for_each(|number| self.met(draft, number).map(drop))
    }

    /// From when on what happens in a démarche is told: since it was first met, or has come back. Notes that it is served.
    pub(super) fn met(&self, draft: &mut Draft<'_, S>, demarche: u64) -> Result<Timestamp, Error> {
        let progress: Option<Progress> = draft.get(Collection::Mirror, &progress_key(demarche))?;
        let Some(progress) = progress else {
            return Ok(draft.at);
        };
        let served: Option<Served> = draft.get(Collection::Mirror, &key(demarche))?;
        // An earlier version has not noted it: nothing says that it was served after its last change.
        let last = served.as_ref().map(|served| served.at).or(progress.newest);
        let since = last.map(|last| draft.at.duration_since(last));
        let mut back = served.as_ref().and_then(|served| served.back);
        if since.is_some_and(|since| since > AWAY) {
            tracing::info!(
                demarche,
                "Démarche {demarche} comes back after more than a week: what happened meanwhile is told to nobody"
            );
            back = Some(draft.at);
        }
        if served.is_none() || since.is_some_and(|since| since >= NOTED) {
            let served = Served { at: draft.at, back };
            draft.put(Collection::Mirror, key(demarche), &served)?;
        }
        Ok(back.unwrap_or(progress.met).max(progress.met))
    }
}
