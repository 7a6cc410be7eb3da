//! The desk: the commands by which people look at the mails held back, take them or turn them away.

use super::super::draft::Draft;
use super::super::line::Speaker;
use super::super::mail::{Entry, Origin};
use super::super::{App, Error};
use super::room::Dealt;
use super::{Kept, Rejected, key, rejected_key};
use crate::domain::{Avis, AvisId, Dossier, DossierId, Email, Privacy};
use crate::mail::{Purpose, State, Understood};
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
        let (held, more) = self.held_for(draft, email)?;
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
        self.answer(draft, speaker, &Answer::Quarantine { rows, more }, None)
    }

    /// Whether the place where a line was said may see everything.
    pub(in crate::app) fn shows_all(&self, speaker: &Speaker<'_>) -> bool {
        self.directory
            .privacy(&speaker.line.from.network, &speaker.line.place)
            == Privacy::Full
    }

    /// Whether everything may be shown to that person in private.
    pub(in crate::app) fn shows_all_in_private(&self, speaker: &Speaker<'_>) -> bool {
        self.directory.private(&speaker.line.from.network) == Privacy::Full
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
            (kept.shown(), kept.excerpt(&understood.reply, EXCERPT))
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

    /// `quarantaine accepter` and `quarantaine retenir`: files the mail as if its sender were the one expected. Whoever
    /// remembers its address is not asked again.
    pub(in crate::app) fn accept_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
        dossier: Option<DossierId>,
        remember: bool,
    ) -> Result<(), Error> {
        let Some(case) = self.held_case(draft, speaker, id, dossier)? else {
            return Ok(());
        };
        let mut allowed = None;
        if remember {
            match self.allowable(&case.dossier, &case.origin, &case.understood) {
                Ok(address) => allowed = Some(address),
                Err(why) => return self.not_allowable(draft, speaker, id, why),
            }
        }
        let entry = Entry::Admitted(case.by.clone());
        draft.remove(Collection::Quarantine, key(id));
        self.file(
            draft,
            &case.kept.mail,
            &case.understood,
            &case.origin,
            &entry,
        )?;
        if draft.receipt.verdict == Verdict::Quarantined {
            // The dossier did not take it; it is held anew, with that reason, and the room has been told.
            draft.receipt.verdict = Verdict::Refused;
            let anew = Dealt::HeldAnew(self.latest(draft)?);
            self.announce_dealt(draft, &case.kept, anew, &case.by)?;
            return self.show_latest(draft, speaker);
        }
        let number = case.origin.dossier;
        self.announce_dealt(draft, &case.kept, Dealt::Accepted(number), &case.by)?;
        let answer = Answer::HeldAccepted {
            id: id.to_string(),
            number,
            sent: case.origin.instructeur().is_some(),
        };
        self.answer(draft, speaker, &answer, Some(&case.dossier))?;
        match allowed {
            Some(address) => self.allow_and_say(draft, speaker, &case, address),
            None => Ok(()),
        }
    }

    /// `quarantaine autoriser`: the next mails from that address are filed; this one still waits.
    pub(in crate::app) fn allow_held(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
        dossier: Option<DossierId>,
    ) -> Result<(), Error> {
        let Some(case) = self.held_case(draft, speaker, id, dossier)? else {
            return Ok(());
        };
        match self.allowable(&case.dossier, &case.origin, &case.understood) {
            Ok(address) => self.allow_and_say(draft, speaker, &case, address),
            Err(why) => self.not_allowable(draft, speaker, id, why),
        }
    }

    fn allow_and_say(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        case: &Case,
        address: Email,
    ) -> Result<(), Error> {
        let wide = self.allow(
            draft,
            &case.dossier,
            &case.origin,
            address.clone(),
            &case.by,
        )?;
        let answer = Answer::AliasAllowed {
            address,
            person: case.origin.expected.clone(),
            number: case.origin.dossier,
            wide,
        };
        self.answer(draft, speaker, &answer, Some(&case.dossier))
    }

    fn not_allowable(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
        why: &str,
    ) -> Result<(), Error> {
        let answer = Answer::NotAllowable {
            id: id.to_string(),
            reason: why.to_owned(),
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// A held mail with the dossier and the conversation that it is for; none once the speaker was answered why there is
    /// no such thing for him.
    fn held_case(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        id: u64,
        dossier: Option<DossierId>,
    ) -> Result<Option<Case>, Error> {
        let (Some(kept), Some(by)) = (self.find(draft, speaker, id)?, speaker.email.clone()) else {
            self.unknown_held(draft, speaker, id)?;
            return Ok(None);
        };
        if let Some(signature) = kept.virus() {
            let (id, signature) = (id.to_string(), signature.to_owned());
            let infected = Answer::HeldInfected { id, signature };
            self.answer(draft, speaker, &infected, None)?;
            return Ok(None);
        }
        let needs_dossier = Answer::HeldNeedsDossier { id: id.to_string() };
        let Some(number) = dossier.or(kept.dossier) else {
            self.answer(draft, speaker, &needs_dossier, None)?;
            return Ok(None);
        };
        let dossier = match self.visible(draft, number, &by)? {
            Ok((dossier, _)) => dossier,
            Err(refusal) => {
                self.refuse(draft, speaker, &refusal)?;
                return Ok(None);
            }
        };
        let understood = self.understood(&kept.mail)?;
        let Some(origin) = conversation_of(&kept, &understood, &dossier) else {
            if kept.dossier == Some(number) {
                self.not_allowable(draft, speaker, id, "stranger")?;
            } else {
                self.answer(draft, speaker, &needs_dossier, None)?;
            }
            return Ok(None);
        };
        if origin.instructeur().is_some() && understood.authentication.state == State::Fail {
            self.not_allowable(draft, speaker, id, "forged")?;
            return Ok(None);
        }
        Ok(Some(Case {
            kept,
            understood,
            dossier,
            origin,
            by,
        }))
    }

    fn latest(&self, draft: &Draft<'_, S>) -> Result<u64, Error> {
        let latest = draft.get::<u64>(Collection::Meta, "quarantine")?;
        Ok(latest.unwrap_or(0))
    }

    fn show_latest(&self, draft: &mut Draft<'_, S>, speaker: &Speaker<'_>) -> Result<(), Error> {
        let id = self.latest(draft)?;
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
        let (Some(kept), Some(by)) = (self.find(draft, speaker, id)?, speaker.email.clone()) else {
            return self.unknown_held(draft, speaker, id);
        };
        let understood = self.understood(&kept.mail)?;
        self.announce_dealt(draft, &kept, Dealt::Rejected, &by)?;
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

/// A held mail that somebody decides on.
struct Case {
    kept: Kept,
    understood: Understood,
    dossier: Dossier,
    origin: Origin,
    by: Email,
}

/// The conversation of `dossier` that a held mail is for: the one that it was held for, else that of its sender.
fn conversation_of(kept: &Kept, understood: &Understood, dossier: &Dossier) -> Option<Origin> {
    let sender = understood.from.as_ref()?;
    let sender = Email::new(&sender.address);
    let avis = |(number, avis): (&AvisId, &Avis)| (Purpose::Avis(number.0), avis.expert.clone());
    let usager = (Purpose::Message, dossier.usager.clone());
    let known = kept.dossier == Some(dossier.number);
    let (purpose, expected) = match (known, kept.avis, &kept.instructeur) {
        (true, Some(number), _) => avis(dossier.avis.get_key_value(&number)?),
        // Nobody else's words are sent on as an instructeur's.
        (true, None, Some(instructeur)) if sender == *instructeur => {
            (Purpose::Instructeur, instructeur.clone())
        }
        (true, None, None) => usager,
        _ if sender == dossier.usager => usager,
        _ => {
            let mut asked = dossier.avis.iter().rev();
            avis(asked.find(|(_, avis)| avis.expert == sender && avis.revoked.is_none())?)
        }
    };
    Some(Origin {
        dossier: dossier.number,
        purpose,
        expected,
    })
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
