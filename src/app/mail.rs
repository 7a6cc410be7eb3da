//! A mail that came in: understood, attributed, trusted or not, then filed or held.
//!
//! In this order: automatic? whose? is it really them? what is new in it? what came with it? Only then does the domain
//! hear of it. What fails a step is held in quarantine with the reason; nothing is dropped silently.

mod file;
mod origin;
mod outcome;

pub(super) use self::origin::Origin;
use self::outcome::{held_reason, trusted};
use super::draft::Draft;
use super::quarantine::Hold;
use super::{App, Error};
use crate::domain::{Command, Person};
use crate::mail::{Class, Reason, Understood, understand};
use crate::message::{MailIn, Verdict};
use crate::store::Store;

impl<S: Store> App<S> {
    pub(super) fn mail(&self, draft: &mut Draft<'_, S>, mail: &MailIn) -> Result<(), Error> {
        let mut understood = self.understood(mail)?;
        if mail.too_large.is_some() && understood.reason == Some(Reason::Empty) {
            // Only the header is at hand: that there is no text in it says nothing of the mail.
            understood.class = Class::Reply;
        }
        let origin = self.origin(draft, mail, &understood)?;
        draft.receipt.dossier = origin.as_ref().map(|origin| origin.dossier.0);
        match understood.class {
            // A mail of ours that comes back says nothing new, and an answer to it would loop.
            Class::Own => {
                draft.receipt.verdict = Verdict::Ignored;
                Ok(())
            }
            Class::Bounce => self.bounce(draft, mail, &understood, origin.as_ref()),
            Class::AutoReply | Class::List | Class::Other => self.hold(
                draft,
                &Hold {
                    mail,
                    understood: &understood,
                    origin: origin.as_ref(),
                    reason: held_reason(&understood),
                },
            ),
            Class::Reply => match trusted(&understood, origin.as_ref()) {
                Ok(origin) => self.file(draft, mail, &understood, origin, false),
                Err(obstacle) => {
                    self.turn_away(draft, mail, &understood, origin.as_ref(), &obstacle)
                }
            },
        }
    }

    /// What `mail` says. Where its sender was checked on arrival, that counts, and not what the header says of it.
    pub(super) fn understood(&self, mail: &MailIn) -> Result<Understood, Error> {
        let mut understood = understand(&self.shelf.read(&mail.original.hash)?, &self.own);
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
        let Some(origin) = origin else {
            return self.hold(draft, &held);
        };
        let why = bounce.status.clone().unwrap_or_else(|| "5.0.0".to_owned());
        let command = Command::Bounce {
            address: origin.expected.clone(),
            why,
        };
        match self.act(draft, origin.dossier, &Person::Greffier, &[command])? {
            Ok(_) => Ok(()),
            Err(_) => self.hold(draft, &held),
        }
    }
}
