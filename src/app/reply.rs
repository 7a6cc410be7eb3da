//! Answers: in the thread where it was asked, in private where the place may not hear, cut where the network is short.

use super::draft::Draft;
use super::line::{SHELL, Speaker};
use super::{App, Error, scene};
use crate::directory::destination;
use crate::domain::{
    Demarche, DemarcheId, Dossier, DossierId, Event, Privacy, Recorded, Refusal, WITHDRAW_DELAY,
};
use crate::message::{Body, Button, Line, Mark, Outgoing, Piece, Place, Post, React, Verdict};
use crate::store::{Queued, Store};
use crate::template::{Answer, Audience};

/// Said in a room that is not told of a dossier.
const IN_PRIVATE: &str = "Ce salon n’est pas celui de ce dossier\u{a0}: je vous réponds en privé.";

/// What goes with the words of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct With<'a> {
    /// Choices.
    pub(super) buttons: &'a [Button],
    /// Choices of which one is picked from a list.
    pub(super) menu: &'a [Button],
    /// Files.
    pub(super) files: &'a [Piece],
    /// What they show.
    pub(super) alts: &'a [String],
}

impl<S: Store> App<S> {
    /// Says that an act is done: by a reaction where that says enough, in words otherwise.
    pub(super) fn done(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DossierId,
        tag: &str,
        act: &[Recorded],
    ) -> Result<(), Error> {
        let posted = act
            .iter()
            .any(|recorded| matches!(recorded.event, Event::MessagePosted { .. }));
        let undo_until = posted
            .then(|| draft.at.checked_add(WITHDRAW_DELAY).ok())
            .flatten();
        if !act.is_empty() && undo_until.is_none() && self.mark(draft, speaker.line, Mark::Done) {
            return Ok(());
        }
        let answer = Answer::Done {
            act: tag.to_owned(),
            number,
            already: act.is_empty(),
            undo_until,
        };
        let unheard = self.unheard(draft, speaker, number)?;
        self.answer(draft, speaker, &answer, unheard.as_ref())
    }

    /// Reacts to a line, and answers whether it could. A reaction is for a room, where answers would pile up; it does not
    /// say which conversation it belongs to.
    pub(super) fn mark(&self, draft: &mut Draft<'_, S>, line: &Line, mark: Mark) -> bool {
        let limits = self.directory.limits(&line.from.network);
        let reacts = limits.is_some_and(|limits| limits.reactions);
        let (Place::Room(_), true, Some(remote_id)) = (&line.place, reacts, &line.remote_id) else {
            return false;
        };
        let react = React {
            remote_id: remote_id.clone(),
            mark,
        };
        draft.send(Outgoing {
            to: destination(&line.from, &line.place),
            body: Body::React(react),
        });
        true
    }

    /// The dossier, where the speaker may see it and the place where he speaks may not hear of it.
    fn unheard(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DossierId,
    ) -> Result<Option<Dossier>, Error> {
        let Some(email) = &speaker.email else {
            return Ok(None);
        };
        let Line { from, place, .. } = speaker.line;
        let seen = self.visible(draft, number, email)?.ok();
        Ok(seen
            .map(|(dossier, _)| dossier)
            .filter(|dossier| !self.directory.may_hear(&from.network, place, dossier)))
    }

    /// Words a refusal. It is an answer, not an error. What it tells of a dossier that the place may not hear of is told
    /// in private.
    pub(super) fn refuse(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        refusal: &Refusal,
    ) -> Result<(), Error> {
        draft.receipt.verdict = Verdict::Refused;
        let Line { from, place, .. } = speaker.line;
        let about = self.admitted(draft, speaker)?;
        let private = about
            .as_ref()
            .is_some_and(|(dossier, _)| !self.directory.may_hear(&from.network, place, dossier));
        let audience = if private {
            self.in_private(&from.network)
        } else {
            self.audience(speaker.line)
        };
        let scene = about
            .as_ref()
            .map(|(dossier, demarche)| scene(dossier, demarche, draft.at, None, audience));
        let text = self
            .templates
            .refusal_to(refusal, audience, scene.as_ref())?;
        self.reply_with(draft, speaker.line, text, With::default(), private);
        if private {
            self.reply(draft, speaker.line, IN_PRIVATE.to_owned());
        }
        Ok(())
    }

    /// The dossier that a line is about, if whoever said it may see it.
    fn admitted(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<Option<(Dossier, &Demarche)>, Error> {
        let (Some(number), Some(email)) = (draft.receipt.dossier, &speaker.email) else {
            return Ok(None);
        };
        Ok(self.visible(draft, DossierId(number), email)?.ok())
    }

    /// Words an answer, with the dossier that it is about. One that the room may not hear goes to the person in private.
    pub(super) fn answer(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        answer: &Answer,
        about: Option<&Dossier>,
    ) -> Result<(), Error> {
        self.answer_with(draft, speaker, answer, about, With::default())
    }

    /// The same, with choices on it or files.
    pub(super) fn answer_with(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        answer: &Answer,
        about: Option<&Dossier>,
        with: With<'_>,
    ) -> Result<(), Error> {
        let Line { from, place, .. } = speaker.line;
        let heard_here =
            about.is_none_or(|dossier| self.directory.may_hear(&from.network, place, dossier));
        let audience = if heard_here {
            self.audience(speaker.line)
        } else {
            self.in_private(&from.network)
        };
        let by = speaker.person();
        let dossier_scene = about.and_then(|dossier| {
            let demarche = self.demarche(dossier.demarche)?;
            let mut scene = scene(dossier, demarche, draft.at, by.as_ref(), audience);
            scene.mark_of = speaker.email.as_ref();
            Some(scene)
        });
        // Some networks may be shown no more in private than in this room: nobody is sent there for nothing.
        let more = self.in_private(&from.network) == Audience::Instructeur;
        let text = self
            .templates
            .answer_where(answer, audience, dossier_scene.as_ref(), more)?;
        if denies(answer) {
            draft.receipt.verdict = Verdict::Refused;
        }
        self.reply_with(draft, speaker.line, text, with, !heard_here);
        if !heard_here {
            self.reply(draft, speaker.line, IN_PRIVATE.to_owned());
        }
        Ok(())
    }

    /// Lets `say` speak as if the line had been typed in private, and says so where it was typed.
    pub(super) fn aside(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        say: impl FnOnce(&mut Draft<'_, S>, &Speaker<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = Line {
            place: Place::Direct,
            about: None,
            remote_id: None,
            ..speaker.line.clone()
        };
        let email = speaker.email.clone();
        say(draft, &Speaker { line: &line, email })?;
        self.reply(
            draft,
            speaker.line,
            "Cela n’est pas pour ce salon\u{a0}: je vous réponds en privé.".to_owned(),
        );
        Ok(())
    }

    /// Whether what concerns that démarche may be said where the line was typed.
    pub(super) fn at_home(&self, speaker: &Speaker<'_>, demarche: Option<DemarcheId>) -> bool {
        let Line { from, place, .. } = speaker.line;
        let bound = self.directory.room(&from.network, place);
        match (place, bound) {
            (Place::Direct, _) => true,
            (Place::Room(_), None) => false,
            (Place::Room(_), Some(room)) => {
                let (Some(bound), Some(wanted)) = (room.demarche, demarche) else {
                    return true;
                };
                bound == wanted
            }
        }
    }

    /// To whom an answer in the line's place speaks.
    pub(super) fn audience(&self, line: &Line) -> Audience {
        match line.place {
            Place::Direct => self.in_private(&line.from.network),
            Place::Room(_) => {
                Audience::Room(self.directory.privacy(&line.from.network, &line.place))
            }
        }
    }

    /// To whom a private message on `network` speaks: to the instructeur alone, or also to a network that may not know all.
    pub(super) fn in_private(&self, network: &str) -> Audience {
        match self.directory.private(network) {
            Privacy::Full => Audience::Instructeur,
            privacy @ (Privacy::Minimal | Privacy::Standard) => Audience::Room(privacy),
        }
    }

    /// Answers `line` with a text.
    pub(super) fn reply(&self, draft: &mut Draft<'_, S>, line: &Line, text: String) {
        self.reply_with(draft, line, text, With::default(), false);
    }

    fn reply_with(
        &self,
        draft: &mut Draft<'_, S>,
        line: &Line,
        text: String,
        with: With<'_>,
        private: bool,
    ) {
        if line.from.network == SHELL {
            draft.receipt.answers.push(text);
            return;
        }
        let place = if private { &Place::Direct } else { &line.place };
        // Where the store cannot say which thread it was, an answer beside the thread is better than none.
        let thread = line.about.as_deref().filter(|_| !private);
        let thread =
            thread.and_then(|about| self.store.card(&line.from.network, about).ok().flatten());
        let limit = self
            .directory
            .limits(&line.from.network)
            .map_or(usize::MAX, |limits| limits.text);
        let pages = pages(&text, limit);
        let last = pages.len().saturating_sub(1);
        for (index, page) in pages.into_iter().enumerate() {
            let With {
                buttons,
                menu,
                files,
                alts,
            } = if index == last { with } else { With::default() };
            let post = Post {
                text: page,
                direct: *place == Place::Direct,
                thread: thread.clone(),
                buttons: buttons.to_vec(),
                menu: menu.to_vec(),
                files: files.to_vec(),
                alts: alts.to_vec(),
                answers: line.remote_id.clone().filter(|_| !private),
                ..Post::default()
            };
            draft.queue(Queued {
                outgoing: Outgoing {
                    to: destination(&line.from, place),
                    body: Body::Post(post),
                },
                not_before: None,
                // A purge takes a file that waits, too.
                dossier: draft
                    .receipt
                    .dossier
                    .map(DossierId)
                    .filter(|_| !files.is_empty()),
                tag: None,
            });
        }
    }
}

/// Whether an answer says that what was asked is not done.
fn denies(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::NoConfirmation
            | Answer::ConfirmationExpired
            | Answer::NothingToCancel
            | Answer::Moved { .. }
            | Answer::NotLinked
            | Answer::NoRight
            | Answer::Uncertain { .. }
            | Answer::AdministrateurOnly
            | Answer::NotHere
            | Answer::NotMade
            | Answer::NoAttestation { .. }
            | Answer::BulkBusy { .. }
            | Answer::NoSecond
            | Answer::OneGroup
            | Answer::OwnProposal
            | Answer::NothingSelected
            | Answer::TooManySelected { .. }
            | Answer::WhichDossier
            | Answer::BadLinkCode
            | Answer::ExportTooLarge { .. }
            | Answer::ExportUnbounded { .. }
            | Answer::EnoughUnderWay { .. }
            | Answer::EnoughToday { .. }
            | Answer::UnknownPiece { .. }
            | Answer::UnknownHeld { .. }
            | Answer::HeldNeedsDossier { .. }
            | Answer::NotAllowable { .. }
            | Answer::UnknownAlias { .. }
            | Answer::UnknownColumn { .. }
            | Answer::BadFilter { .. }
            | Answer::UnknownDemarche { .. }
            | Answer::UnknownGroupe { .. }
            | Answer::UnknownAccount { .. }
            | Answer::RoomConfigured
            | Answer::RoomNotEncrypted
            | Answer::NotInRoom
    )
}

/// `text` in pieces of at most `limit` characters, cut between lines where there are any.
fn pages(text: &str, limit: usize) -> Vec<String> {
    let mut pages = Vec::new();
    let mut page = String::new();
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        let characters: Vec<char> = line.chars().collect();
        for part in characters.chunks(limit.max(1)) {
            if length + part.len() > limit && length > 0 {
                pages.push(std::mem::take(&mut page));
                length = 0;
            }
            page.extend(part);
            length += part.len();
        }
    }
    if length > 0 || pages.is_empty() {
        pages.push(page);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn a_long_text_is_cut_between_lines_and_nothing_is_lost() {
        let text = "une ligne\nune autre ligne\n".repeat(10);
        let cut = pages(&text, 40);
        assert!(cut.iter().all(|page| page.chars().count() <= 40));
        assert_eq!(cut.concat(), text);
        assert_eq!(pages(&"é".repeat(100), 30).concat(), "é".repeat(100));
        assert_eq!(pages("", 10), vec![String::new()]);
    }
}
