//! The desk: the commands by which people look at the mails held back, take them or turn them away.

use super::super::draft::Draft;
use super::super::line::Speaker;
use super::super::mail::Origin;
use super::super::{App, Error};
use super::{Kept, Rejected, key, rejected_key};
use crate::domain::{DossierId, Email, Privacy};
use crate::mail::Purpose;
use crate::message::{Line, Place, Verdict};
use crate::store::{Collection, Store};
use crate::template::{Answer, Held};

/// Most characters of the text that are shown.
const EXCERPT: usize = 800;

impl<S: Store> App<S> {
    /// `quarantaine`.
    pub(in crate::app) fn list_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<(), Error> {
        let Some(email) = &speaker.email else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let held = self.held_for(draft, email)?;
        for kept in &held {
            if !self.heard_here(draft, speaker, kept)? {
                return self.aside(draft, speaker, |draft, speaker| {
                    self.list_held(draft, speaker)
                });
            }
        }
        let private = self.shows_all(speaker);
        let rows = held
            .iter()
            .map(|kept| {
                if private {
                    kept.shown()
                } else {
                    discreet(kept)
                }
            })
            .collect();
        self.answer(draft, speaker, &Answer::Quarantine { rows }, None)
    }

    /// Whether the place where a line was said may see everything.
    pub(in crate::app) fn shows_all(&self, speaker: &Speaker<'_>) -> bool {
        self.directory
            .privacy(&speaker.line.from.network, &speaker.line.place)
            == Privacy::Full
    }

    /// Whether a mail may be spoken of where the line was typed. One that nobody has attributed yet is for no room.
    fn heard_here(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        kept: &Kept,
    ) -> Result<bool, Error> {
        let Line { from, place, .. } = speaker.line;
        let Some(number) = kept.dossier else {
            return Ok(*place == Place::Direct);
        };
        let dossier = draft.dossier(number)?.map(|change| change.dossier);
        Ok(dossier.is_some_and(|dossier| self.directory.may_hear(&from.network, place, &dossier)))
    }

    fn find(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
    ) -> Result<Option<Kept>, Error> {
        let Some(email) = &speaker.email else {
            return Ok(None);
        };
        let kept: Option<Kept> = draft.get(Collection::Quarantine, &key(id))?;
        match kept {
            Some(kept) if self.may_see(draft, &kept, email)? => Ok(Some(kept)),
            _ => Ok(None),
        }
    }

    /// There is no such mail, or none that this person may see: both are said alike.
    fn unknown_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
    ) -> Result<(), Error> {
        let answer = Answer::UnknownHeld { id: id.to_string() };
        self.answer(draft, speaker, &answer, None)
    }

    /// `quarantaine voir`.
    pub(in crate::app) fn show_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
    ) -> Result<(), Error> {
        let Some(kept) = self.find(draft, speaker, id)? else {
            return self.unknown_held(draft, speaker, id);
        };
        if !self.heard_here(draft, speaker, &kept)? {
            return self.aside(draft, speaker, |draft, speaker| {
                self.show_held(draft, speaker, id)
            });
        }
        let (held, excerpt) = if self.shows_all(speaker) {
            let understood = self.understood(&kept.mail)?;
            (
                kept.shown(),
                understood.reply.chars().take(EXCERPT).collect(),
            )
        } else {
            (discreet(&kept), String::new())
        };
        let about = kept
            .dossier
            .map(|number| draft.dossier(number))
            .transpose()?
            .flatten()
            .map(|change| change.dossier);
        self.answer(
            draft,
            speaker,
            &Answer::QuarantineItem { held, excerpt },
            about.as_ref(),
        )
    }

    /// `quarantaine accepter`: files the mail as if its sender were the one expected.
    pub(in crate::app) fn accept_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
        dossier: Option<DossierId>,
    ) -> Result<(), Error> {
        let (Some(kept), Some(email)) = (self.find(draft, speaker, id)?, speaker.email.clone())
        else {
            return self.unknown_held(draft, speaker, id);
        };
        let understood = self.understood(&kept.mail)?;
        let Some(number) = dossier.or(kept.dossier) else {
            return self.answer(
                draft,
                speaker,
                &Answer::HeldNeedsDossier { id: id.to_string() },
                None,
            );
        };
        let (target, _) = match self.visible(draft, number, &email)? {
            Ok(found) => found,
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
        };
        let sender = understood
            .from
            .as_ref()
            .map(|from| Email::new(&from.address));
        let known = kept.dossier.filter(|known| *known == number);
        let by_sender = target
            .avis
            .iter()
            .rev()
            .find(|(_, avis)| Some(&avis.expert) == sender.as_ref() && avis.revoked.is_none());
        let origin = match (known, kept.avis) {
            (Some(_), Some(avis)) => target
                .avis
                .get(&avis)
                .map(|asked| (Purpose::Avis(avis.0), asked.expert.clone())),
            (Some(_), None) => Some((Purpose::Message, target.usager.clone())),
            (None, _) if sender.as_ref() == Some(&target.usager) => {
                Some((Purpose::Message, target.usager.clone()))
            }
            (None, _) => {
                by_sender.map(|(avis, asked)| (Purpose::Avis(avis.0), asked.expert.clone()))
            }
        };
        let Some((purpose, expected)) = origin else {
            return self.answer(
                draft,
                speaker,
                &Answer::HeldNeedsDossier { id: id.to_string() },
                None,
            );
        };
        let origin = Origin {
            dossier: number,
            purpose,
            expected,
        };
        draft.remove(Collection::Quarantine, key(id));
        let outside = sender.as_ref() != Some(&origin.expected);
        self.file(draft, &kept.mail, &understood, &origin, outside)?;
        if draft.receipt.verdict == Verdict::Quarantined {
            // The dossier did not take it; it is held anew, with that reason, and the room has been told.
            draft.receipt.verdict = Verdict::Refused;
            return self.show_latest(draft, speaker);
        }
        self.answer(
            draft,
            speaker,
            &Answer::HeldAccepted {
                id: id.to_string(),
                number,
            },
            Some(&target),
        )
    }

    fn show_latest(&self, draft: &mut Draft<'_, S>, speaker: &Speaker<'_>) -> Result<(), Error> {
        let id = draft
            .get::<u64>(Collection::Meta, "quarantine")?
            .unwrap_or(0);
        self.show_held(draft, speaker, id)
    }

    /// `quarantaine rejeter`: the sender is told, with the reason given.
    pub(in crate::app) fn reject_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
        why: Option<&str>,
    ) -> Result<(), Error> {
        let Some(kept) = self.find(draft, speaker, id)? else {
            return self.unknown_held(draft, speaker, id);
        };
        let understood = self.understood(&kept.mail)?;
        draft.remove(Collection::Quarantine, key(id));
        let rejected = draft.at;
        draft.put(
            Collection::Quarantine,
            rejected_key(id),
            &Rejected { kept, rejected },
        )?;
        self.tell_sender(draft, &understood, "rejected", why, None)?;
        self.answer(
            draft,
            speaker,
            &Answer::HeldRejected { id: id.to_string() },
            None,
        )
    }
}

/// A held mail without what a room may not see.
fn discreet(kept: &Kept) -> Held {
    Held {
        from: None,
        subject: None,
        attachments: Vec::new(),
        ..kept.shown()
    }
}
