//! Four eyes: where a démarche wants it, a decision that one instructeur has confirmed is only proposed. Another of the
//! same group confirms or refuses it, within a week; everything is read again then.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::confirm::{Pending, What, choices, reasons};
use super::draft::Draft;
use super::line::Speaker;
use super::{App, Error};
use crate::directory::{Bound, destination, of_room};
use crate::domain::{Command, DemarcheId, Email, Proposal};
use crate::message::{Body, Destination, Mark, Outgoing, Post};
use crate::store::{Collection, Store};
use crate::template::{Answer, Audience};

/// How long a proposal waits for a second person.
const WAITS: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Who is told of a proposal.
#[derive(Default)]
struct Hearers {
    rooms: Vec<Bound>,
    /// Instructeurs of groups that have no room.
    colleagues: BTreeSet<Email>,
    /// Whether anybody but who proposes could confirm it.
    seconds: bool,
}

impl<S: Store> App<S> {
    /// Makes a preview that its author has confirmed a proposal.
    pub(super) fn propose(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
        pending: Pending,
    ) -> Result<(), Error> {
        if let What::One { number, stand, .. } = &pending.what {
            let now = draft.dossier(*number)?;
            if now.is_some_and(|now| now.dossier.standing() != *stand) {
                draft.remove(Collection::Confirmation, code);
                let moved = Answer::Moved { number: *number };
                return self.answer(draft, speaker, &moved, None);
            }
        }
        // Each group decides of its own dossiers, and hears of no other's.
        if self.groups_of(draft, &pending)?.len() > 1 {
            return self.answer(draft, speaker, &Answer::OneGroup, None);
        }
        let hearers = self.told_of(draft, &pending)?;
        if !hearers.seconds {
            return self.answer(draft, speaker, &Answer::NoSecond, None);
        }
        let pending = Pending {
            proposed: Some(draft.at),
            until: draft.at.checked_add(WAITS).unwrap_or(draft.at),
            ..pending
        };
        draft.put(Collection::Confirmation, code, &pending)?;
        for room in &hearers.rooms {
            let answer = proposal(&pending, code, "waiting", None);
            let post = Post {
                buttons: choices(code).to_vec(),
                alert: true,
                ..self.proposal_post(room, code, &answer)?
            };
            say(draft, of_room(room), post);
        }
        for colleague in &hearers.colleagues {
            let answer = proposal(&pending, code, "waiting", None);
            self.tell_alone(draft, colleague, &answer, &choices(code))?;
            self.mail_proposal(draft, colleague, &pending, code)?;
        }
        let here = destination(&speaker.line.from, &speaker.line.place);
        let seen = hearers.rooms.iter().any(|room| of_room(room) == here);
        if seen && self.mark(draft, speaker.line, Mark::Done) {
            return Ok(());
        }
        let answer = Answer::Proposed {
            code: code.to_owned(),
            until: pending.until,
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// A second person confirms what was proposed `since` then.
    pub(super) fn second(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
        pending: &Pending,
        since: Timestamp,
    ) -> Result<(), Error> {
        if Some(&pending.by) == speaker.email.as_ref() {
            return self.answer(draft, speaker, &Answer::OwnProposal, None);
        }
        // Who may not see the dossier is told what he would be told of no code.
        if !self.may_second(draft, speaker, pending)? {
            let expired = draft.at > pending.until && self.is_concerned(draft, speaker, pending)?;
            let answer = if expired {
                Answer::ConfirmationExpired
            } else {
                Answer::NoConfirmation
            };
            return self.answer(draft, speaker, &answer, None);
        }
        let proposed = Proposal {
            by: pending.by.clone(),
            at: since,
        };
        let what = match pending.what.clone() {
            What::One {
                number,
                commands,
                stand,
            } => What::One {
                number,
                commands: commands
                    .into_iter()
                    .map(|command: Command| command.proposed(&proposed))
                    .collect(),
                stand,
            },
            What::Many { plan } => What::Many {
                plan: Box::new(plan.seconded(&proposed)),
            },
        };
        let seconded = Pending {
            what,
            ..pending.clone()
        };
        let done = self.execute(draft, speaker, code, seconded)?;
        let waits: Option<Pending> = draft.get(Collection::Confirmation, code)?;
        if waits.is_some() {
            return Ok(());
        }
        let single = matches!(pending.what, What::One { .. });
        let state = match (done, single && draft.receipt.awaits) {
            (true, true) => "asked",
            (true, false) => "confirmed",
            (false, _) => "failed",
        };
        self.close(draft, speaker, code, pending, state)
    }

    /// Whether the speaker may confirm or refuse a colleague's proposal.
    pub(super) fn may_second(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        pending: &Pending,
    ) -> Result<bool, Error> {
        let open = pending.proposed.is_some() && draft.at <= pending.until;
        Ok(open && self.is_concerned(draft, speaker, pending)?)
    }

    /// Whether the speaker is an instructeur of a group of the dossiers.
    fn is_concerned(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        pending: &Pending,
    ) -> Result<bool, Error> {
        let Some(email) = &speaker.email else {
            return Ok(false);
        };
        let groups = self.groups_of(draft, pending)?;
        Ok(groups.iter().all(|(demarche, groupe)| {
            let groupe = self
                .demarche(*demarche)
                .and_then(|demarche| demarche.groupe(groupe));
            groupe.is_some_and(|groupe| groupe.instructeurs.contains(email))
        }))
    }

    /// Says what became of a proposal, wherever it was told of, and to who made it.
    pub(super) fn close(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
        pending: &Pending,
        state: &str,
    ) -> Result<(), Error> {
        let answer = proposal(pending, code, state, speaker.email.clone());
        let Hearers {
            rooms,
            mut colleagues,
            ..
        } = self.told_of(draft, pending)?;
        for room in rooms {
            let post = self.proposal_post(&room, code, &answer)?;
            say(draft, of_room(&room), post);
        }
        colleagues.insert(pending.by.clone());
        colleagues
            .iter()
            .filter(|told| Some(*told) != speaker.email.as_ref())
            .try_for_each(|told| self.tell_alone(draft, told, &answer, &[]))
    }

    /// Tells who proposed what nobody has confirmed in time.
    pub(super) fn lapse(
        &self,
        draft: &mut Draft<'_, S>,
        code: &str,
        pending: &Pending,
    ) -> Result<(), Error> {
        let answer = proposal(pending, code, "expired", None);
        for room in self.told_of(draft, pending)?.rooms {
            let post = self.proposal_post(&room, code, &answer)?;
            say(draft, of_room(&room), post);
        }
        self.tell_alone(draft, &pending.by, &answer, &[])
    }

    /// The groups of the dossiers that it is about.
    fn groups_of(
        &self,
        draft: &Draft<'_, S>,
        pending: &Pending,
    ) -> Result<BTreeSet<(DemarcheId, String)>, Error> {
        let numbers: Vec<_> = match &pending.what {
            What::One { number, .. } => vec![*number],
            What::Many { plan } => plan.numbers().collect(),
        };
        let mut groups = BTreeSet::new();
        for number in numbers {
            if let Some(change) = draft.dossier(number)? {
                groups.insert((change.dossier.demarche, change.dossier.groupe));
            }
        }
        Ok(groups)
    }

    fn told_of(&self, draft: &Draft<'_, S>, pending: &Pending) -> Result<Hearers, Error> {
        let mut hearers = Hearers::default();
        for (number, groupe) in self.groups_of(draft, pending)? {
            let Some(demarche) = self.demarche(number) else {
                continue;
            };
            let group = demarche.groupe(&groupe);
            let others: Vec<&Email> = group
                .into_iter()
                .flat_map(|group| &group.instructeurs)
                .filter(|member| **member != pending.by)
                .collect();
            hearers.seconds |= !others.is_empty();
            let rooms = self.directory.rooms(number, &groupe, None);
            if rooms.is_empty() {
                hearers.colleagues.extend(others.into_iter().cloned());
            }
            for room in rooms {
                if !hearers.rooms.contains(&room) {
                    hearers.rooms.push(room);
                }
            }
        }
        Ok(hearers)
    }

    fn proposal_post(&self, room: &Bound, code: &str, answer: &Answer) -> Result<Post, Error> {
        let audience = Audience::Room(room.privacy);
        Ok(Post {
            text: self.templates.answer_to(answer, audience, None)?,
            card: Some(format!("proposition-{code}")),
            ..Post::default()
        })
    }

    /// A private message on every account of somebody.
    fn tell_alone(
        &self,
        draft: &mut Draft<'_, S>,
        email: &Email,
        answer: &Answer,
        buttons: &[crate::message::Button],
    ) -> Result<(), Error> {
        for account in self.accounts(draft, email)? {
            if self.directory.limits(&account.network).is_none() {
                continue;
            }
            let audience = self.in_private(&account.network);
            let post = Post {
                text: self.templates.answer_to(answer, audience, None)?,
                direct: true,
                alert: true,
                buttons: buttons.to_vec(),
                ..Post::default()
            };
            let to = Destination {
                network: account.network,
                address: account.id,
            };
            say(draft, to, post);
        }
        Ok(())
    }

    /// A mail to somebody who might read none of the rooms.
    fn mail_proposal(
        &self,
        draft: &mut Draft<'_, S>,
        email: &Email,
        pending: &Pending,
        code: &str,
    ) -> Result<(), Error> {
        let (number, count) = match &pending.what {
            What::One { number, .. } => (Some(*number), 1),
            What::Many { plan } => (None, plan.numbers().count()),
        };
        let context = json!({
            "act": pending.tag,
            "number": number,
            "count": count,
            "instructeur": pending.by,
            "code": code,
            "until": pending.until,
        });
        let worded = self.templates.mail_named("proposition", &context)?;
        self.mail_bare(draft, email, worded);
        Ok(())
    }
}

fn say<S: Store>(draft: &mut Draft<'_, S>, to: Destination, post: Post) {
    let body = Body::Post(post);
    draft.send(Outgoing { to, body });
}

/// A proposal as it stands.
fn proposal(pending: &Pending, code: &str, state: &str, other: Option<Email>) -> Answer {
    let (number, numbers, count, (motivation, justificatif)) = match &pending.what {
        What::One {
            number, commands, ..
        } => {
            let reasons = commands.last().map(reasons).unwrap_or_default();
            (Some(*number), String::new(), 1, reasons)
        }
        What::Many { plan } => (None, plan.shortly(), plan.numbers().count(), plan.reasons()),
    };
    Answer::Proposal {
        act: pending.tag.clone(),
        by: pending.by.clone(),
        other,
        state: state.to_owned(),
        number,
        numbers,
        count,
        motivation,
        justificatif,
        code: code.to_owned(),
        until: pending.until,
    }
}
