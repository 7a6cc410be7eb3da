//! What becomes of a mail that is not filed: held with its reason, and the sender told where that helps.

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
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
/// Keys of what was told to whom, among [`Collection::Address`].
const TOLD_PREFIX: &str = "told\u{0}";

/// What stands between a mail and its dossier.
pub(super) enum Obstacle {
    /// Held for this reason, and the sender is not written to.
    Held(&'static str),
    /// Held for this reason, and the sender is told, once.
    Told(&'static str),
}

impl<S: Store> App<S> {
    pub(super) fn turn_away(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: Option<&Origin>,
        obstacle: &Obstacle,
    ) -> Result<(), Error> {
        let reason = match obstacle {
            Obstacle::Held(reason) | Obstacle::Told(reason) => reason,
        };
        if let Obstacle::Told(reason) = obstacle {
            // Whoever is not the one expected learns nothing of the dossier, not even its number.
            let expected = origin.filter(|_| *reason != "sender_not_expected");
            let about = expected
                .map(|origin| draft.dossier(origin.dossier))
                .transpose()?
                .flatten();
            let about = about.map(|change| change.dossier);
            self.tell_sender(draft, understood, reason, None, about.as_ref())?;
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
        let Some(from) = understood.from.as_ref().filter(|_| {
            understood.class == Class::Reply && understood.authentication.state != State::Fail
        }) else {
            return Ok(());
        };
        let key = format!("{TOLD_PREFIX}{}\u{0}{reason}", from.address);
        let told: Option<Timestamp> = draft.get(Collection::Address, &key)?;
        if told.is_some_and(|told| draft.at.duration_since(told) < TOLD) {
            return Ok(());
        }
        let at = draft.at;
        draft.put(Collection::Address, key, &at)?;
        let service = about
            .and_then(|dossier| self.demarche(dossier.demarche))
            .map(|demarche| demarche.service.as_str());
        let subject = Some(&understood.subject).filter(|subject| !subject.is_empty());
        let context = json!({
            "subject": subject,
            "reason": explanation,
            "number": about.map(|dossier| dossier.number),
            "service": service,
            "max": self.own.inbound_limits.attachment_bytes,
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

    /// Forgets who was told what, once it may be told again: an address stays no longer than it is needed.
    pub(in crate::app) fn sweep_told(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        for (key, value) in
            self.store
                .scan(Collection::Address, TOLD_PREFIX, Bound::Unbounded, 1000)?
        {
            let told: Timestamp = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Address, &error))?;
            if draft.at.duration_since(told) >= TOLD {
                draft.remove(Collection::Address, key);
            }
        }
        Ok(())
    }
}

/// Whether a reply may be filed, and if not, why.
pub(super) fn trusted<'a>(
    understood: &Understood,
    origin: Option<&'a Origin>,
) -> Result<&'a Origin, Obstacle> {
    let origin = origin.ok_or(Obstacle::Told("unknown_address"))?;
    if understood.authentication.state == State::Fail {
        return Err(Obstacle::Held("forged"));
    }
    match &understood.from {
        None => Err(Obstacle::Held("no_sender")),
        Some(from) if Email::new(&from.address) != origin.expected => {
            Err(Obstacle::Told("sender_not_expected"))
        }
        Some(_) => Ok(origin),
    }
}

/// Why a mail that is no reply is held, as the filter `raison` of the templates knows it.
pub(super) fn held_reason(understood: &Understood) -> &'static str {
    match understood.reason {
        Some(Reason::Unreadable) => "unreadable",
        Some(Reason::Empty) => "empty",
        Some(Reason::ReadReceipt) => "receipt",
        Some(Reason::Calendar) => "calendar",
        Some(Reason::Challenge) => "challenge",
        Some(Reason::List) => "list",
        Some(_) | None => "automatic",
    }
}

/// Why the domain did not take a mail: the name of the mail to the sender, and what the room is told.
pub(super) fn refused_reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Archived => "dossier_archived",
        Refusal::Trashed | Refusal::UnknownDossier { .. } => "dossier_deleted",
        Refusal::AvisRevoked { .. } => "avis_revoked",
        Refusal::AvisClosed { .. } => "avis_closed",
        Refusal::TooLarge { .. } => "too_large",
        Refusal::TextRequired => "text_required",
        Refusal::NotAllowed => "not_allowed",
        _ => "not_understood",
    }
}
