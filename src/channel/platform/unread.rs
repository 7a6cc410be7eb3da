//! Which démarches are not read at present. Their rooms are told: what they show looks like now, and is of before.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::hand::said;
use super::{Inner, lock};
use crate::channel::{Closed, Inbox};
use crate::message::platform::{Said, Unread, WhyUnread};

/// What the last look at each démarche was: none where it went well. One that was not looked at since the start is absent.
pub(super) type Looks = BTreeMap<u64, Option<Unread>>;

/// Why a look failed, for those who wait for what it would have shown.
fn why(fault: &Fault) -> WhyUnread {
    match fault {
        // On this side a look needs the token's file alone.
        Fault::Expired | Fault::Forbidden(_) | Fault::Local(_) => WhyUnread::Token,
        fault if fault.is_hidden() => WhyUnread::Hidden,
        _ => WhyUnread::Away,
    }
}

/// Notes how a look at `demarche` went.
fn note(looks: &mut Looks, demarche: u64, fault: Option<&Fault>, now: Timestamp) {
    let before = looks.get(&demarche).copied().flatten();
    // The clock may have been set back.
    let since = before.map_or(now, |before| before.since.min(now));
    let look = fault.map(|fault| Unread {
        since,
        why: why(fault),
    });
    looks.insert(demarche, look);
}

/// The démarches that are to be told of as not read, where those of `known` are: what failed for less than `patience` is not.
fn unread(
    looks: &Looks,
    known: &BTreeMap<u64, Unread>,
    patience: SignedDuration,
    now: Timestamp,
) -> BTreeMap<u64, Unread> {
    let mut unread = known.clone();
    for (demarche, look) in looks {
        match look {
            None => drop(unread.remove(demarche)),
            Some(look) => {
                let told = unread.get(demarche).map(|told| told.since);
                let since = told.unwrap_or(look.since);
                if told.is_some() || now.duration_since(since) >= patience {
                    unread.insert(*demarche, Unread { since, ..*look });
                }
            }
        }
    }
    unread
}

impl Inner {
    /// Notes how a look at `demarche` went.
    pub(super) fn looked(&self, demarche: u64, fault: Option<&Fault>) {
        note(&mut lock(&self.looks), demarche, fault, crate::clock::now());
    }

    /// Hands in which démarches are not read, whenever these are others than before. Until `stop`.
    pub(super) async fn tell_unread(
        &self,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Result<(), Closed> {
        let every = self.settings.poll().min(Duration::from_mins(1));
        let patience = self.settings.patience();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = crate::clock::sleep(every) => {}
            }
            let now = crate::clock::now();
            let mut known = self.mirror.unread();
            // What has left the configuration is told of by nobody.
            let served = known.len();
            known.retain(|demarche, _| self.demarches.contains(demarche));
            let demarches = unread(&lock(&self.looks), &known, patience, now);
            if demarches == known && known.len() == served {
                continue;
            }
            let incoming = said(&format!("unread:{now}"), Said::Unread { demarches }, now);
            inbox.hand(incoming).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn what_passes_soon_is_told_to_nobody_and_what_lasts_is() {
        let patience = SignedDuration::from_mins(15);
        let mut looks = Looks::new();
        let nothing = BTreeMap::new();
        let away = Fault::Away("no answer in time".to_owned());
        note(&mut looks, 12, Some(&away), at(0));
        note(&mut looks, 12, Some(&Fault::Expired), at(14));
        assert_eq!(unread(&looks, &nothing, patience, at(14)), nothing);
        let told = unread(&looks, &nothing, patience, at(15));
        let expected = Unread {
            since: at(0),
            why: WhyUnread::Token,
        };
        assert_eq!(told, BTreeMap::from([(12, expected)]));
        // After a restart it is not looked at yet, and goes on as it was.
        assert_eq!(unread(&Looks::new(), &told, patience, at(16)), told);
        let mut anew = Looks::new();
        note(&mut anew, 12, Some(&Fault::Expired), at(16));
        assert_eq!(unread(&anew, &told, patience, at(16)), told);
        note(&mut anew, 12, None, at(17));
        assert_eq!(unread(&anew, &told, patience, at(17)), nothing);
        // A clock that is set back does not put off what is told.
        let mut back = Looks::new();
        note(&mut back, 12, Some(&away), at(600));
        note(&mut back, 12, Some(&away), at(20));
        assert_eq!(unread(&back, &nothing, patience, at(35)).len(), 1);
        // Each outage begins by itself.
        note(&mut anew, 12, Some(&away), at(40));
        assert_eq!(unread(&anew, &nothing, patience, at(41)), nothing);
    }
}
