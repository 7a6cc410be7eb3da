//! A mail that came in: understood, attributed, trusted or not, then filed or held.
//!
//! In this order: automatic? whose? is it really them? what is new in it? what came with it? Only then does the domain
//! hear of it. What fails a step is held in quarantine with the reason; nothing is dropped silently.

mod admission;
mod file;
mod origin;
mod outcome;

use self::admission::Admission;
pub(super) use self::file::Entry;
pub(super) use self::origin::{Found, Origin};
use self::outcome::empty;
pub(super) use self::outcome::{Obstacle, held_reason};
use super::draft::Draft;
use super::quarantine::Hold;
use super::{App, Error, guarded};
use crate::domain::{Command, Email, Person};
use crate::mail::{Class, Reason, State, Understood, understand};
use crate::message::{MailIn, Scan, Verdict};
use crate::store::Store;

impl<S: Store> App<S> {
    pub(super) fn mail(&self, draft: &mut Draft<'_, S>, mail: &MailIn) -> Result<(), Error> {
        let mut understood = self.understood(mail)?;
        if mail.too_large.is_some() && understood.reason == Some(Reason::Empty) {
            // Only the header is at hand: that there is no text in it says nothing of the mail.
            understood.class = Class::Reply;
        }
        if let Some(counter) = self.counter(mail, &understood)
            && !matches!(mail.scan, Some(Scan::Infected { .. }))
            && !matches!(understood.class, Class::Own | Class::Bounce)
        {
            return self.at_counter(draft, mail, &understood, counter);
        }
        let found = self.found(draft, mail, &understood)?;
        draft.receipt.dossier = found.origin().map(|origin| origin.dossier.0);
        if let Some(Scan::Infected { signature }) = &mail.scan {
            tracing::warn!(%signature, "A mail is infected; it is put aside");
            let infected = Obstacle::held("infected");
            return self.turn_away(draft, mail, &understood, found.origin(), &infected);
        }
        match understood.class {
            // A mail of ours that comes back says nothing new, and an answer to it would loop.
            Class::Own => {
                draft.receipt.verdict = Verdict::Ignored;
                tracing::info!("A mail of our own came back; it is ignored");
                Ok(())
            }
            // Only the one who is expected is asked to send it again.
            Class::Other if understood.reason == Some(Reason::Encrypted) => {
                self.reply_of(draft, mail, &understood, &found)
            }
            Class::Bounce => self.bounce(draft, mail, &understood, found.proven()),
            // The answer may stand within the quotation.
            Class::Other
                if is_empty_answer(&understood, &found)
                    && self.fills_in(draft, mail, &understood, &found)? =>
            {
                self.reply_of(draft, mail, &understood, &found)
            }
            Class::Other if is_empty_answer(&understood, &found) => {
                let obstacle = empty(found.origin());
                self.turn_away(draft, mail, &understood, found.origin(), &obstacle)
            }
            Class::AutoReply | Class::List | Class::Other => self.hold(
                draft,
                &Hold {
                    mail,
                    understood: &understood,
                    origin: found.origin(),
                    reason: held_reason(&understood),
                },
            ),
            Class::Reply => self.reply_of(draft, mail, &understood, &found),
        }
    }

    /// Whether a mail without a text of its own changes answers of its dossier.
    fn fills_in(
        &self,
        draft: &Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        found: &Found,
    ) -> Result<bool, Error> {
        let Some(origin) = found.origin().filter(|_| mail.too_large.is_none()) else {
            return Ok(false);
        };
        let amendment = self.amendment(draft, mail, understood, origin)?;
        Ok(amendment.is_some_and(|amendment| amendment.is_sound()))
    }

    fn reply_of(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        found: &Found,
    ) -> Result<(), Error> {
        match self.admission(draft, understood, found)? {
            Admission::Take(origin, entry) => match unread(mail, understood) {
                Some(obstacle) => self.turn_away(draft, mail, understood, Some(&origin), &obstacle),
                None => self.file(draft, mail, understood, &origin, &entry),
            },
            Admission::Known => {
                draft.receipt.verdict = Verdict::Ignored;
                tracing::info!("A mail that is filed already came again; it is ignored");
                Ok(())
            }
            Admission::Refuse(obstacle) => {
                let known = found.origin().filter(|_| obstacle.of_conversation());
                self.turn_away(draft, mail, understood, known, &obstacle)
            }
        }
    }

    /// What `mail` says. Where its sender was checked on arrival, that counts, and not what the header says of it.
    pub(super) fn understood(&self, mail: &MailIn) -> Result<Understood, Error> {
        let raw = self.shelf.read(&mail.original.hash)?;
        let mut understood = guarded(|| understand(&raw, &self.own))?;
        if let Some(checked) = &mail.authentication {
            understood.authentication = checked.clone();
        }
        Ok(understood)
    }

    /// A report of delivery: a failure marks the address, the rest is only news.
    fn bounce(
        &self,
        draft: &mut Draft<'_, S>,
        mail: &MailIn,
        understood: &Understood,
        origin: Option<&Origin>,
    ) -> Result<(), Error> {
        let held = Hold {
            mail,
            understood,
            origin,
            reason: "bounce",
        };
        let Some(bounce) = &understood.bounce else {
            return self.hold(draft, &held);
        };
        if !bounce.is_failure() {
            draft.receipt.verdict = Verdict::Ignored;
            return Ok(());
        }
        // The address of an instructeur is not the dossier's to mark.
        let marked = origin.filter(|origin| {
            let about = bounce.recipient.as_deref().map(Email::new);
            origin.instructeur().is_none()
                && about.is_none_or(|about| about == origin.expected)
                && understood.authentication.state != State::Fail
        });
        let Some(origin) = marked else {
            return self.hold(draft, &held);
        };
        let why = bounce.status.clone().unwrap_or_else(|| "5.0.0".to_owned());
        let command = Command::Bounce {
            address: origin.expected.clone(),
            why,
        };
        match self.act(draft, origin.dossier, &Person::Greffier, &[command])? {
            Ok(events) if !events.is_empty() => Ok(()),
            // What changes nothing is not lost either: somebody may look at what it says.
            Ok(_) | Err(_) => self.hold(draft, &held),
        }
    }
}

/// Why a mail that may be filed still is not: nobody can read it, or nothing has looked at its files.
fn unread(mail: &MailIn, understood: &Understood) -> Option<Obstacle> {
    if understood.reason == Some(Reason::Encrypted) {
        return Some(Obstacle::told("encrypted"));
    }
    (mail.scan == Some(Scan::NotScanned)).then(|| Obstacle::held("not_scanned"))
}

/// Whether the one who is expected answers with nothing: a person may not have seen that his text did not leave.
fn is_empty_answer(understood: &Understood, found: &Found) -> bool {
    let (Found::Conversation(origin) | Found::Answered(origin)) = found else {
        return false;
    };
    let sender = understood.from.as_ref();
    understood.reason == Some(Reason::Empty)
        && sender.is_some_and(|from| Email::new(&from.address) == origin.expected)
}
