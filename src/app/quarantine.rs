//! Mail held back until a person decides.

mod desk;
mod room;

use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::mail::Origin;
use super::{App, Error};
use crate::domain::{AvisId, DossierId, Email};
use crate::mail::Understood;
use crate::message::{MailIn, Scan, Verdict};
use crate::store::{Collection, Store};
use crate::template::Held;

/// Most mails that a list looks at.
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
}

impl Kept {
    /// Whether it came from an address that was not written to.
    fn is_from_elsewhere(&self) -> bool {
        ["sender_not_expected", "references_only"].contains(&self.reason.as_str())
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
        let quoted = self.virus().is_none() && self.reason != "encrypted";
        text.chars().take(if quoted { most } else { 0 }).collect()
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
        }
    }
}

/// A mail to be held, and why.
pub(super) struct Hold<'a> {
    pub(super) mail: &'a MailIn,
    pub(super) understood: &'a Understood,
    pub(super) origin: Option<&'a Origin>,
    /// A key of `templates/reason/`.
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
        let &Hold {
            mail,
            understood,
            origin,
            reason,
        } = hold;
        let attachments = understood
            .attachments
            .iter()
            .map(|attachment| (attachment.name.clone(), attachment.bytes))
            .collect();
        let kept = Kept {
            id: self.next_id(draft)?,
            at: draft.at,
            mail: mail.clone(),
            from: understood.from.as_ref().map(|from| from.address.clone()),
            subject: Some(understood.subject.clone()).filter(|subject| !subject.is_empty()),
            dossier: origin.map(|origin| origin.dossier),
            avis: origin.and_then(Origin::avis),
            instructeur: origin.and_then(Origin::instructeur).cloned(),
            reason: reason.to_owned(),
            attachments,
        };
        draft.put(Collection::Quarantine, key(kept.id), &kept)?;
        draft.receipt.verdict = Verdict::Quarantined;
        self.announce_held(draft, &kept, &understood.reply)
    }

    /// Holds a mail that we failed to understand.
    pub(super) fn hold_unread(&self, draft: &mut Draft<'_, S>, mail: &MailIn) -> Result<(), Error> {
        let id = self.next_id(draft)?;
        let kept = Kept {
            id,
            at: draft.at,
            mail: mail.clone(),
            from: None,
            subject: None,
            dossier: None,
            avis: None,
            instructeur: None,
            reason: "not_understood".to_owned(),
            attachments: Vec::new(),
        };
        draft.put(Collection::Quarantine, key(id), &kept)?;
        draft.receipt.verdict = Verdict::Quarantined;
        Ok(())
    }

    fn next_id(&self, draft: &mut Draft<'_, S>) -> Result<u64, Error> {
        let id = draft
            .get::<u64>(Collection::Meta, "quarantine")?
            .unwrap_or(0)
            + 1;
        draft.put(Collection::Meta, "quarantine", &id)?;
        Ok(id)
    }

    /// The mails that somebody may decide on: an administrateur all of them, an instructeur those of his dossiers.
    fn held_for(&self, draft: &Draft<'_, S>, email: &Email) -> Result<Vec<Kept>, Error> {
        let rows = self
            .store
            .scan(Collection::Quarantine, "", Bound::Unbounded, LISTED)?;
        let mut held = Vec::new();
        for (_, value) in rows
            .into_iter()
            .take_while(|(key, _)| !key.starts_with(REJECTED))
        {
            let kept: Kept = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Quarantine, &error))?;
            if self.may_see(draft, &kept, email)? {
                held.push(kept);
            }
        }
        Ok(held)
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

    /// How many mails somebody may decide on.
    pub(super) fn held_count(&self, draft: &Draft<'_, S>, email: &Email) -> Result<usize, Error> {
        Ok(self.held_for(draft, email)?.len())
    }
}
