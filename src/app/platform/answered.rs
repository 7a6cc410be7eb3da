//! What became of what the platform was asked: whoever asked is told, in the place where he did.

use super::super::draft::{Draft, Hushed};
use super::super::line::Speaker;
use super::super::{App, Error};
use super::dossier_key;
use super::order::{Kept, Memo};
use crate::domain::{
    Command, DossierId, Effect, Event, MessageId, Notice, Person, Recipient, Refusal,
};
use crate::message::platform::{Act, Answered, Ended, Order};
use crate::message::{Body, Line, Mark, Piece, Verdict};
use crate::mirror::{Hint, Mirror};
use crate::store::{Collection, OutboxId, Store};
use crate::template::Answer;

impl<S: Store> App<S> {
    /// Takes in what became of an order.
    pub(super) fn answered(
        &self,
        draft: &mut Draft<'_, S>,
        answered: &Answered,
    ) -> Result<(), Error> {
        let order = &answered.order;
        let number = DossierId(order.dossier);
        draft.receipt.dossier = Some(order.dossier);
        let kept: Kept = serde_json::from_value(order.memo.clone())
            .map_err(|error| Error::document(Collection::Mirror, &error))?;
        let by = kept
            .by
            .clone()
            .map_or(Person::Plateforme, Person::Instructeur);
        self.name_posts(draft, answered)?;
        // Of one that was stopped meanwhile each dossier is said by itself; so is one of which not all was done.
        if let Memo::Bulk { code, run, .. } = &kept.why
            && answered.ended == Ended::Done
            && self.bulk_run(draft, code, run)?.is_some()
        {
            draft.hushed = Some(Hushed::default());
        }
        if let Some(read) = &answered.dossier {
            let hint = Hint {
                by: by.clone(),
                order,
            };
            self.take(draft, read, Some(&hint))?;
        }
        let outcome = self.outcome(draft, answered, &kept, &by)?;
        if outcome.is_ok() {
            let beside = self.beside(draft, order, &kept)?;
            self.add_happened(draft, number, &by, beside)?;
        }
        self.forget_posts(draft, order)?;
        let hushed = draft.hushed.take().unwrap_or_default();
        match (&kept.why, outcome) {
            (Memo::Bulk { code, run, place }, outcome) => {
                self.bulk_answered(draft, (code, run, *place), outcome, hushed)
            }
            (Memo::Act { tag }, Ok(())) => self.act_answered(draft, order, tag),
            (Memo::Act { .. }, Err(refusal)) => {
                self.act_refused(draft, order, &refusal)?;
                let proposed = |command: &Command| matches!(command, Command::Second { .. });
                // Whoever proposed it, and whoever saw it confirmed, takes it for decided.
                if kept.commands.iter().any(proposed) {
                    self.not_written(draft, number, "decision", &refusal)?;
                }
                Ok(())
            }
            (Memo::Files, Ok(())) => self.files_fetched(draft, order, &answered.files),
            (Memo::Files, Err(refusal)) => self.act_refused(draft, order, &refusal),
            // Without its files it leaves all the same.
            (Memo::Letter { letter }, _) => {
                self.letter_answered(draft, number, letter, &answered.files)
            }
            (Memo::Along, _) | (Memo::Nothing | Memo::Copy { .. }, Ok(())) => Ok(()),
            (Memo::Nothing, Err(refusal)) => self.not_written(draft, number, "message", &refusal),
            (Memo::Copy { what }, Err(refusal)) => self.not_written(draft, number, what, &refusal),
        }
    }

    /// Takes in that an order was given up: whoever waits for it need wait no longer.
    pub(in crate::app) fn given_up(
        &self,
        draft: &mut Draft<'_, S>,
        outbox: OutboxId,
    ) -> Result<(), Error> {
        let dead = self.store.dead()?.into_iter().find(|row| row.id == outbox);
        // The operator may have had it tried again by now.
        let Some(Body::Platform(order)) = dead.map(|row| row.queued.outgoing.body) else {
            return Ok(());
        };
        let answered = Answered::unseen(*order, Ended::GivenUp);
        self.answered(draft, &answered)
    }

    /// Whether what was asked for is so; or why not, in words that say what to do.
    fn outcome(
        &self,
        draft: &Draft<'_, S>,
        answered: &Answered,
        kept: &Kept,
        by: &Person,
    ) -> Result<Result<(), Refusal>, Error> {
        let refused = match &answered.ended {
            Ended::Done => return Ok(Ok(())),
            Ended::Refused { sentences, .. } => Refusal::PlatformRefused {
                sentences: sentences.clone(),
            },
            Ended::Moved { .. } => Refusal::PlatformMoved,
            Ended::ReadOnly => Refusal::PlatformReadOnly,
            Ended::Unable { .. } => Refusal::OnlyOnSite {
                act: match &kept.why {
                    Memo::Act { tag } => tag.clone(),
                    _ => String::new(),
                },
            },
            Ended::Hidden => Refusal::PlatformHidden,
            Ended::GivenUp => Refusal::PlatformGivenUp,
        };
        let mended = matches!(
            refused,
            Refusal::PlatformRefused { .. } | Refusal::PlatformMoved | Refusal::PlatformGivenUp
        );
        if !mended || kept.commands.is_empty() {
            return Ok(Err(refused));
        }
        // As the dossier now stands, our own reason may be clearer than the platform's, or it is so already.
        let number = DossierId(answered.order.dossier);
        Ok(match self.try_act(draft, number, by, &kept.commands)? {
            Ok(act) if act.is_empty() => Ok(()),
            Ok(_) => Err(refused),
            Err(refusal) => Err(refusal),
        })
    }

    /// What Greffier adds of its own once the platform has done its part.
    fn beside(
        &self,
        draft: &Draft<'_, S>,
        order: &Order,
        kept: &Kept,
    ) -> Result<Vec<Event>, Error> {
        let mirror = self.mirror(draft, DossierId(order.dossier))?;
        let posted = mirror.claims.get(&order.id).and_then(|ids| ids.first());
        let posted: Option<MessageId> = posted.and_then(|id| mirror.messages.get(id)).copied();
        let events = kept.beside.iter().filter_map(|event| match event {
            // Its number was not known before.
            Event::AnswerAwaited { message: Some(_) } => {
                posted.map(|message| Event::AnswerAwaited {
                    message: Some(message),
                })
            }
            other => Some(other.clone()),
        });
        Ok(events.collect())
    }

    /// Notes the ids that the platform has given to messages of the order, by which they are known when they are read.
    fn name_posts(&self, draft: &mut Draft<'_, S>, answered: &Answered) -> Result<(), Error> {
        let number = DossierId(answered.order.dossier);
        let mut mirror = self.mirror(draft, number)?;
        let claimed = mirror.claims.get(&answered.order.id);
        let claimed = claimed.cloned().unwrap_or_default();
        let fresh = answered.messages.iter().filter(|id| !claimed.contains(id));
        let posts = mirror
            .posts
            .iter_mut()
            .filter(|post| post.order == answered.order.id);
        for (post, id) in posts.zip(fresh) {
            post.id = Some(id.clone());
        }
        self.keep_mirror(draft, &mirror, number)
    }

    /// The order is over: what it has not posted by now it never will.
    fn forget_posts(&self, draft: &mut Draft<'_, S>, order: &Order) -> Result<(), Error> {
        let number = DossierId(order.dossier);
        let mut mirror = self.mirror(draft, number)?;
        mirror.posts.retain(|post| post.order != order.id);
        // Its claims stay: delivery may not have noted yet that it is over, and looks again for what it has made.
        self.keep_mirror(draft, &mirror, number)
    }

    fn keep_mirror(
        &self,
        draft: &mut Draft<'_, S>,
        mirror: &Mirror,
        number: DossierId,
    ) -> Result<(), Error> {
        // A dossier that was purged meanwhile has none any more.
        if mirror.id.is_empty() {
            return Ok(());
        }
        draft.put(Collection::Mirror, dossier_key(number.0), mirror)
    }

    /// Whoever typed the line that asked, as he is known now; none where nobody did.
    fn asker<'o>(
        &self,
        draft: &Draft<'_, S>,
        order: &'o Order,
    ) -> Result<Option<Speaker<'o>>, Error> {
        let Some(line) = &order.asked else {
            return Ok(None);
        };
        let email = self.speaker(draft, line)?;
        Ok(Some(Speaker { line, email }))
    }

    fn act_answered(
        &self,
        draft: &mut Draft<'_, S>,
        order: &Order,
        tag: &str,
    ) -> Result<(), Error> {
        let Some(speaker) = &self.asker(draft, order)? else {
            return Ok(());
        };
        let posts = order
            .acts
            .iter()
            .any(|act| matches!(act, Act::EnvoyerMessage { .. }));
        let number = DossierId(order.dossier);
        self.said_done(draft, speaker, number, tag, false, posts)
    }

    fn act_refused(
        &self,
        draft: &mut Draft<'_, S>,
        order: &Order,
        refusal: &Refusal,
    ) -> Result<(), Error> {
        let Some(speaker) = &self.asker(draft, order)? else {
            return Ok(());
        };
        self.mark(draft, speaker.line, Mark::Failed);
        self.refuse(draft, speaker, refusal)
    }

    fn files_fetched(
        &self,
        draft: &mut Draft<'_, S>,
        order: &Order,
        files: &[Option<Piece>],
    ) -> Result<(), Error> {
        let Some(speaker) = &self.asker(draft, order)? else {
            return Ok(());
        };
        let there: Vec<Piece> = files.iter().flatten().cloned().collect();
        if there.is_empty() {
            draft.receipt.verdict = Verdict::Refused;
            self.mark(draft, speaker.line, Mark::Failed);
            return self.answer(draft, speaker, &Answer::NotMade, None);
        }
        self.hand_over(draft, speaker, DossierId(order.dossier), &there)
    }

    /// Tells the rooms of a dossier that something is not on the platform.
    pub(super) fn not_written(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        what: &str,
        refusal: &Refusal,
    ) -> Result<(), Error> {
        let why = self.templates.refusal(refusal, None)?;
        let Some(change) = draft.dossier(number)? else {
            return Ok(());
        };
        let Some(demarche) = self.demarche(change.dossier.demarche) else {
            return Ok(());
        };
        let effect = Effect::Tell {
            to: Recipient::Rooms,
            notice: Notice::NotWritten {
                what: what.to_owned(),
                why,
            },
            not_before: None,
        };
        self.word(draft, &change.dossier, demarche, &Person::Greffier, &effect)
    }

    /// Says that the platform is asked.
    pub(in crate::app) fn asked(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<(), Error> {
        draft.receipt.awaits = true;
        let line: &Line = speaker.line;
        if self.mark(draft, line, Mark::Running) || line.from.network == super::super::line::SHELL {
            return Ok(());
        }
        self.answer(draft, speaker, &Answer::Asked, None)
    }
}
