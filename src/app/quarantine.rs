//! Mail held back until a person decides.

mod desk;
mod room;

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::mail::{Found, Origin};
use super::{App, Error};
use crate::domain::{AvisId, DossierId, Email};
use crate::mail::{Reason, Understood, understand};
use crate::message::{MailIn, Scan, Verdict};
use crate::store::{Collection, Store};
use crate::template::Held;

/// Most mails of a list, and of one look into the store.
const LISTED: usize = 500;
/// Rejected mails looked at in one tick.
const SWEPT: usize = 100;

/// A mail held back, as it is kept. `dossier` lets the purge of a dossier take it away.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    id: u64,
    at: Timestamp,
    mail: MailIn,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    dossier: Option<DossierId>,
    #[serde(default)]
    avis: Option<AvisId>,
    /// The instructeur in whose name it would be sent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instructeur: Option<Email>,
    reason: String,
    #[serde(default)]
    attachments: Vec<(String, u64)>,
    /// Whether it says that it is from the very address that was written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    expected: bool,
    /// Whether only its addressee could read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    encrypted: bool,
}

impl Kept {
    fn new(id: u64, at: Timestamp, hold: &Hold<'_>) -> Self {
        let &Hold {
            mail,
            understood,
            origin,
            reason,
        } = hold;
        let attachments = understood.attachments.iter();
        let from = understood.from.as_ref();
        let sender = from.map(|from| Email::new(&from.address));
        Self {
            id,
            at,
            mail: mail.clone(),
            from: from.map(|from| from.address.clone()),
            subject: Some(understood.subject.clone()).filter(|subject| !subject.is_empty()),
            dossier: origin.map(|origin| origin.dossier),
            avis: origin.and_then(Origin::avis),
            instructeur: origin.and_then(Origin::instructeur).cloned(),
            reason: reason.to_owned(),
            attachments: attachments
                .map(|attachment| (attachment.name.clone(), attachment.bytes))
                .collect(),
            expected: origin.is_some_and(|origin| sender.as_ref() == Some(&origin.expected)),
            encrypted: understood.reason == Some(Reason::Encrypted),
        }
    }

    /// Whether it is offered to be taken into a dossier. What is not offered can still be typed, but for a virus.
    fn is_takeable(&self) -> bool {
        self.virus().is_none() && !["infected", "forged", "crossed"].contains(&self.reason.as_str())
    }

    /// Whether it is offered to be taken at one click: what would be sent on to the usager, or what nobody has attributed,
    /// is to be read first.
    fn is_takeable_at_once(&self) -> bool {
        self.is_takeable() && self.dossier.is_some() && self.instructeur.is_none()
    }

    /// Whether its address is offered to be allowed: it was not written to.
    fn is_allowable(&self) -> bool {
        let elsewhere = ["sender_not_expected", "references_only"].contains(&self.reason.as_str());
        elsewhere && !self.expected && self.is_takeable()
    }

    /// Whether its text may be shown.
    fn is_quotable(&self) -> bool {
        self.virus().is_none() && !self.encrypted && self.reason != "encrypted"
    }

    /// The instructeur who answers the usager by it, as far as its sender says so.
    fn answering(&self) -> Option<&Email> {
        let from = self.from.as_deref().map(Email::new);
        let instructeur = self.instructeur.as_ref();
        instructeur.filter(|instructeur| Some(*instructeur) == from.as_ref())
    }

    /// What the virus scanner found in it.
    fn virus(&self) -> Option<&str> {
        match &self.mail.scan {
            Some(Scan::Infected { signature }) => Some(signature),
            _ => None,
        }
    }

    /// The first `most` characters of its `text`, where it may be quoted and says anything.
    fn excerpt(&self, text: &str, most: usize) -> String {
        let most = if self.is_quotable() { most } else { 0 };
        text.chars().take(most).collect()
    }

    fn shown(&self) -> Held {
        Held {
            id: self.id.to_string(),
            at: self.at,
            from: self.from.clone(),
            subject: self.subject.clone(),
            dossier: self.dossier,
            avis: self.avis,
            instructeur: self.answering().cloned(),
            reason: self.reason.clone(),
            attachments: self.attachments.clone(),
            takeable: self.is_takeable(),
            allowable: self.is_allowable(),
        }
    }
}

/// A mail to be held, and why.
pub(super) struct Hold<'a> {
    pub(super) mail: &'a MailIn,
    pub(super) understood: &'a Understood,
    pub(super) origin: Option<&'a Origin>,
    /// Why, as the filter `raison` of the templates knows it.
    pub(super) reason: &'a str,
}

fn key(id: u64) -> String {
    format!("{id:010}")
}

/// Rejected mails stand after the held ones, which are numbers.
const REJECTED: &str = "rejected\u{0}";
/// How long the original of a rejected mail is kept, where no dossier's purge takes it away before.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 365);

fn rejected_key(id: u64) -> String {
    format!("{REJECTED}{}", key(id))
}

/// A mail that was turned away, kept so that the decision can be looked into.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rejected {
    #[serde(flatten)]
    kept: Kept,
    rejected: Timestamp,
}

impl<S: Store> App<S> {
    /// Holds a mail, and tells the rooms concerned.
    pub(super) fn hold(&self, draft: &mut Draft<'_, S>, hold: &Hold<'_>) -> Result<(), Error> {
        let kept = self.keep_held(draft, hold)?;
        self.announce_held(draft, &kept, &hold.understood.reply)
    }

    /// Holds a mail that we failed to handle, with what can be known of it, and tells whoever can be told.
    pub(super) fn hold_unread(&self, draft: &mut Draft<'_, S>, mail: &MailIn) -> Result<(), Error> {
        let understood = match self.understood(mail) {
            Err(Error::Store(error)) => return Err(error.into()),
            understood => understood.unwrap_or_else(|_| understand(&[], &self.own)),
        };
        let found = match self.found(draft, mail, &understood) {
            Err(Error::Store(error)) => return Err(error.into()),
            found => found.ok(),
        };
        let hold = Hold {
            mail,
            understood: &understood,
            origin: found.as_ref().and_then(Found::origin),
            reason: "not_understood",
        };
        let kept = self.keep_held(draft, &hold)?;
        match self.announce_held(draft, &kept, "") {
            Err(Error::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(error = %error, "Cannot tell of a mail that is put aside");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn keep_held(&self, draft: &mut Draft<'_, S>, hold: &Hold<'_>) -> Result<Kept, Error> {
        let kept = Kept::new(self.next_id(draft)?, draft.at, hold);
        draft.put(Collection::Quarantine, key(kept.id), &kept)?;
        draft.receipt.verdict = Verdict::Quarantined;
        Ok(kept)
    }

    fn next_id(&self, draft: &mut Draft<'_, S>) -> Result<u64, Error> {
        let id = draft
            .get::<u64>(Collection::Meta, "quarantine")?
            .unwrap_or(0)
            + 1;
        draft.put(Collection::Meta, "quarantine", &id)?;
        Ok(id)
    }

    /// The mails that somebody may decide on: an administrateur all of them, an instructeur those of his dossiers. Beyond
    /// [`LISTED`] it is only said that there are more.
    fn held_for(&self, draft: &Draft<'_, S>, email: &Email) -> Result<(Vec<Kept>, bool), Error> {
        let mut held = Vec::new();
        let mut last: Option<String> = None;
        loop {
            let from = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let rows = self.store.scan(Collection::Quarantine, "", from, LISTED)?;
            let end = rows.len() < LISTED;
            for (key, value) in rows {
                if key.starts_with(REJECTED) {
                    return Ok((held, false));
                }
                let kept: Kept = serde_json::from_value(value)
                    .map_err(|error| Error::document(Collection::Quarantine, &error))?;
                last = Some(key);
                if !self.may_see(draft, &kept, email)? {
                    continue;
                }
                if held.len() == LISTED {
                    return Ok((held, true));
                }
                held.push(kept);
            }
            if end {
                return Ok((held, false));
            }
        }
    }

    /// Forgets mails that were rejected long ago, a few at a time, the first that came first.
    pub(super) fn sweep_rejected(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Quarantine, REJECTED, Bound::Unbounded, SWEPT)?;
        for (key, value) in rows {
            let mail: Rejected = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Quarantine, &error))?;
            if draft.at.duration_since(mail.rejected) > REMEMBERED {
                draft.remove(Collection::Quarantine, key);
            }
        }
        Ok(())
    }

    fn may_see(&self, draft: &Draft<'_, S>, kept: &Kept, email: &Email) -> Result<bool, Error> {
        if self.directory.is_administrateur(email) {
            return Ok(true);
        }
        match kept.dossier {
            Some(number) => Ok(self.visible(draft, number, email)?.is_ok()),
            None => Ok(false),
        }
    }

    /// How many mails somebody may decide on, at most [`LISTED`].
    pub(super) fn held_count(&self, draft: &Draft<'_, S>, email: &Email) -> Result<usize, Error> {
        Ok(self.held_for(draft, email)?.0.len())
    }
}
