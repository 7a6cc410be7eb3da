//! What becomes of a mail that is not filed: held with its reason, and the sender told where that helps.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::draft::Draft;
use super::super::quarantine::Hold;
use super::super::{App, Error};
use super::Origin;
use crate::domain::{Dossier, Email, Refusal};
use crate::mail::{Class, Reason, State, Understood};
use crate::message::{Body, Destination, MailIn, MailOut, Outgoing};
use crate::store::{Collection, Store};
use crate::template::Worded;

/// How long somebody is not told the same again.
const TOLD: SignedDuration = SignedDuration::from_hours(24);
/// How often that doubles: two months in the end.
const LONGEST: u32 = 6;
/// Keys of what was told to whom, among [`Collection::Address`].
const TOLD_PREFIX: &str = "told\u{0}";

/// Letters to people of whom nothing is known. Their address may be forged and so the letter be meant for somebody else:
/// nothing of what they wrote is in it, and they are few.
const STRANGERS: [&str; 2] = ["sender_not_expected", "unknown_address"];
/// Most such letters in [`HOUR`], to all of them together.
const MOST_STRANGERS: u32 = 30;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Key of the [`Hour`], among [`Collection::Meta`].
const STRANGERS_KEY: &str = "strangers";

/// How many strangers were told something, in the hour that began then.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Hour {
    since: Timestamp,
    told: u32,
}

impl Hour {
    /// The hour in which one more is told at `now`; none where it is full.
    fn with_one_more(last: Option<Self>, now: Timestamp) -> Option<Self> {
        let running = last.filter(|hour| now.duration_since(hour.since) < HOUR);
        let hour = running.unwrap_or(Self {
            since: now,
            told: 0,
        });
        (hour.told < MOST_STRANGERS).then_some(Self {
            told: hour.told + 1,
            ..hour
        })
    }
}

/// What stands between a mail and its dossier.
pub(in crate::app) struct Obstacle {
    /// Why it is held, as the filter `raison` of the templates knows it.
    reason: &'static str,
    /// The mail that tells the sender so, once; none where he is not written to.
    letter: Option<&'static str>,
}

impl Obstacle {
    /// Held, and the sender is not written to.
    pub(in crate::app) fn held(reason: &'static str) -> Self {
        Self {
            reason,
            letter: None,
        }
    }

    /// Held, and the sender is told why.
    pub(in crate::app) fn told(reason: &'static str) -> Self {
        Self::told_as(reason, reason)
    }

    /// Held, and the sender is told something else.
    pub(super) fn told_as(reason: &'static str, letter: &'static str) -> Self {
        Self {
            reason,
            letter: Some(letter),
        }
    }

    /// Whether the mail is held for the conversation that it seems to belong to.
    pub(super) fn of_conversation(&self) -> bool {
        self.reason != "unknown_address"
    }
}

/// An answer with nothing in it. An instructeur needs to be told otherwise: his text goes to the usager.
pub(super) fn empty(origin: Option<&Origin>) -> Obstacle {
    let instructeur = origin.and_then(Origin::instructeur);
    Obstacle::told(if instructeur.is_some() {
        "instructeur_empty"
    } else {
        "text_required"
    })
}

/// What somebody was told, so that he is not told again at once. Each time it is told, the next takes twice as long:
/// whoever answers everything, at whatever pace, soon answers nothing of ours.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Told {
    at: Timestamp,
    times: u32,
}

/// As it is kept; the first form is that of older versions.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum KeptTold {
    Once(Timestamp),
    Often(Told),
}

impl From<KeptTold> for Told {
    fn from(kept: KeptTold) -> Self {
        match kept {
            KeptTold::Once(at) => Self { at, times: 1 },
            KeptTold::Often(told) => told,
        }
    }
}

impl Told {
    /// How long he is not told the same again.
    fn wait(self) -> SignedDuration {
        TOLD * (1 << self.times.saturating_sub(1).min(LONGEST))
    }

    fn may_be_told(self, now: Timestamp) -> bool {
        now.duration_since(self.at) >= self.wait()
    }

    /// Whether it is so long ago that it counts as never.
    fn is_over(self, now: Timestamp) -> bool {
        now.duration_since(self.at) >= self.wait() * 2
    }
}

impl<S: Store> App<S> {
    pub(in crate::app) fn turn_away(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: Option<&Origin>,
        obstacle: &Obstacle,
    ) -> Result<(), Error> {
        let Obstacle { reason, letter } = obstacle;
        if let Some(letter) = letter {
            // Whoever is not the one expected learns nothing of the dossier, not even its number.
            let about = origin
                .filter(|_| !STRANGERS.contains(letter))
                .map(|origin| draft.dossier(origin.dossier))
                .transpose()?
                .flatten();
            let about = about.map(|change| change.dossier);
            self.tell_sender(draft, understood, letter, None, about.as_ref())?;
        }
        self.hold(
            draft,
            &Hold {
                mail,
                understood,
                origin,
                reason,
            },
        )
    }

    /// Tells the sender why the mail was not filed: once a day for each reason, and never an automatic mail's.
    pub(in crate::app) fn tell_sender(
        &self,
        draft: &mut Draft<'_, S>,
        understood: &Understood,
        reason: &str,
        explanation: Option<&str>,
        about: Option<&Dossier>,
    ) -> Result<(), Error> {
        let person = understood.class == Class::Reply
            || matches!(understood.reason, Some(Reason::Empty | Reason::Encrypted));
        let answerable = person && understood.authentication.state != State::Fail;
        let from = understood.from.as_ref().filter(|_| answerable);
        let Some(from) = from.filter(|from| !self.is_ours(&Email::new(&from.address))) else {
            return Ok(());
        };
        let key = format!("{TOLD_PREFIX}{}\u{0}{reason}", from.address);
        let before: Option<KeptTold> = draft.get(Collection::Address, &key)?;
        let before = before.map(Told::from);
        let before = before.filter(|told| !told.is_over(draft.at));
        if before.is_some_and(|told| !told.may_be_told(draft.at)) {
            return Ok(());
        }
        let stranger = STRANGERS.contains(&reason);
        if stranger && !self.may_tell_strangers(draft)? {
            tracing::warn!("Many strangers write; they are not answered for a while");
            return Ok(());
        }
        let told = Told {
            at: draft.at,
            times: before.map_or(1, |told| told.times.saturating_add(1)),
        };
        draft.put(Collection::Address, key, &KeptTold::Often(told))?;
        let service = about
            .and_then(|dossier| self.demarche(dossier.demarche))
            .map(|demarche| demarche.service.as_str());
        let subject = Some(&understood.subject).filter(|subject| !subject.is_empty() && !stranger);
        let context = json!({
            "subject": subject,
            "reason": explanation,
            "number": about.map(|dossier| dossier.number),
            "service": service,
            "max": self.own.inbound_limits.attachment_bytes,
            "name": understood.attachments.iter().find(|file| file.refused.is_some()).map(|file| &file.name),
        });
        let Worded {
            subject,
            text,
            html,
        } = self.templates.mail_named(reason, &context)?;
        let mail = MailOut {
            from_name: self.from_name.clone(),
            subject,
            text,
            html,
            in_reply_to: understood.message_id.clone(),
            ..MailOut::default()
        };
        let to = Destination {
            network: "mail".to_owned(),
            address: from.address.clone(),
        };
        draft.send(Outgoing {
            to,
            body: Body::Mail(Box::new(mail)),
        });
        Ok(())
    }

    /// Whether one more stranger is written to in this hour, which is counted.
    fn may_tell_strangers(&self, draft: &mut Draft<'_, S>) -> Result<bool, Error> {
        let last: Option<Hour> = draft.get(Collection::Meta, STRANGERS_KEY)?;
        let Some(hour) = Hour::with_one_more(last, draft.at) else {
            return Ok(false);
        };
        draft.put(Collection::Meta, STRANGERS_KEY, &hour)?;
        Ok(true)
    }

    /// Forgets who was told what, once it may be told again: an address stays no longer than it is needed.
    pub(in crate::app) fn sweep_told(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        for (key, value) in
            self.store
                .scan(Collection::Address, TOLD_PREFIX, Bound::Unbounded, 1000)?
        {
            let told: KeptTold = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Address, &error))?;
            if Told::from(told).is_over(draft.at) {
                draft.remove(Collection::Address, key);
            }
        }
        Ok(())
    }
}

/// Why a mail that is no reply is held, as the filter `raison` of the templates knows it.
pub(in crate::app) fn held_reason(understood: &Understood) -> &'static str {
    match understood.reason {
        Some(Reason::Unreadable) => "unreadable",
        Some(Reason::Empty) => "empty",
        Some(Reason::ReadReceipt) => "receipt",
        Some(Reason::Calendar) => "calendar",
        Some(Reason::Challenge) => "challenge",
        Some(Reason::List) => "list",
        Some(Reason::Encrypted) => "encrypted",
        Some(_) | None => "automatic",
    }
}

/// Why the domain did not take a mail, and how its sender is told.
pub(super) fn refused(refusal: &Refusal, origin: &Origin) -> Obstacle {
    Obstacle::told(match refusal {
        Refusal::TextRequired => return empty(Some(origin)),
        // The address is one that he was given: he has left the group since.
        Refusal::UnknownDossier { .. } if origin.instructeur().is_some() => "instructeur_left",
        Refusal::Archived => "dossier_archived",
        Refusal::Trashed | Refusal::UnknownDossier { .. } => "dossier_deleted",
        Refusal::AvisRevoked { .. } => "avis_revoked",
        Refusal::AvisClosed { .. } => "avis_closed",
        Refusal::TooLarge { .. } => "too_large",
        Refusal::NotAllowed => "not_allowed",
        _ => "not_understood",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_strangers_are_written_to_in_an_hour() {
        let begun = Timestamp::UNIX_EPOCH;
        let mut hour = None;
        for _ in 0..MOST_STRANGERS {
            hour = Hour::with_one_more(hour, begun);
            assert!(hour.is_some());
        }
        let late = begun + SignedDuration::from_mins(59);
        assert!(Hour::with_one_more(hour, late).is_none());
        let next = Hour::with_one_more(hour, begun + HOUR);
        assert_eq!(next.map(|hour| hour.told), Some(1));
    }
}
