//! Two steps: a preview that names what will happen, then `confirmer CODE` by the same person, within a quarter of an hour.
//! Where a decision takes two, that person only [proposes](super::propose) it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::act::prepare;
use super::bulk::Plan;
use super::draft::Draft;
use super::line::Speaker;
use super::platform::{Acted, Errand};
use super::reply::With;
use super::{App, Error};
use crate::domain::balise::blanks;
use crate::domain::{
    Command, Decision, Dossier, DossierId, Email, Message, Person, Standing, WITHDRAW_DELAY,
};
use crate::message::{Button, Style};
use crate::store::{Collection, Store};
use crate::template::{Answer, PendingRow};

/// How long a preview may be confirmed.
pub(super) const VALID: SignedDuration = SignedDuration::from_mins(15);
/// Months after which an acceptance that created rights should not be gone back on without a warning.
const RIGHTS_MONTHS: i64 = 4;

/// An act that waits for its confirmation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Who asked for it.
    pub(super) by: Email,
    /// The domain's tag of the act.
    pub(super) tag: String,
    /// Until when it may be confirmed.
    pub(super) until: Timestamp,
    /// Since when it is proposed: it waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) proposed: Option<Timestamp>,
    /// Whether it takes a second person.
    #[serde(default)]
    pub(super) second: bool,
    /// What is to be done.
    #[serde(flatten)]
    pub(super) what: What,
}

/// What a confirmation sets going.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum What {
    /// An act on a dossier.
    One {
        number: DossierId,
        commands: Vec<Command>,
        stand: Standing,
    },
    /// An act on several.
    Many { plan: Box<Plan> },
}

impl<S: Store> App<S> {
    /// Shows what `command` would do, and keeps it under a code.
    pub(super) fn preview(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DossierId,
        tag: &str,
        command: &Command,
    ) -> Result<(), Error> {
        let (Some(by), Some(email)) = (speaker.person(), speaker.email.clone()) else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let (dossier, demarche) = match self.visible(draft, number, &email)? {
            Ok(found) => found,
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
        };
        let prepared = match prepare(&dossier, demarche, &by, draft.at, command) {
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
            Ok(prepared) if prepared.act.is_empty() => {
                return self.done(draft, speaker, number, tag, &prepared.act);
            }
            Ok(prepared) => prepared,
        };
        let code = self.code(&draft.cause);
        let until = draft.at.checked_add(VALID).unwrap_or(draft.at);
        let (motivation, justificatif) = reasons(command);
        let experts = dossier
            .avis
            .values()
            .filter(|avis| !avis.answers.is_empty() && avis.revoked.is_none())
            .count();
        let decides = command.decision().is_some();
        let answer = Answer::Preview {
            act: tag.to_owned(),
            chained: prepared.chained(),
            motivation,
            justificatif,
            told: told(command, demarche.experts.decision_access, experts),
            open_avis: if decides {
                dossier.avis.values().filter(|avis| avis.open()).count()
            } else {
                0
            },
            waiting: if decides {
                waiting(&dossier, draft.at)
            } else {
                0
            },
            old_acceptance: old_acceptance(&dossier, command, draft.at),
            blank: blanks(&prepared.after, demarche),
            second: prepared.second,
            code: code.clone(),
            until,
        };
        let pending = Pending {
            by: email,
            tag: tag.to_owned(),
            until,
            proposed: None,
            second: prepared.second,
            what: What::One {
                number,
                commands: prepared.commands,
                stand: dossier.standing(),
            },
        };
        self.supersede(draft, speaker, |other| other.number() == Some(number))?;
        draft.put(Collection::Confirmation, &code, &pending)?;
        let buttons = choices(&code);
        let with = With {
            buttons: &buttons,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, Some(&dossier), with)
    }

    /// Shows what waits for this person's confirmation, the last first: a word without a code confirms nothing.
    pub(super) fn unconfirmed(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<(), Error> {
        let mut waiting = Vec::new();
        for (code, pending) in self.confirmations()? {
            let own = pending.proposed.is_none() && pending.waits_for(speaker, draft.at);
            if own
                || self.may_second(draft, speaker, &pending)?
                    && Some(&pending.by) != speaker.email.as_ref()
            {
                waiting.push((code, pending));
            }
        }
        waiting.sort_by_key(|(_, pending)| std::cmp::Reverse(pending.until));
        let buttons = match waiting.as_slice() {
            [(code, _)] => choices(code).to_vec(),
            _ => Vec::new(),
        };
        let rows = waiting.into_iter().map(|(code, pending)| PendingRow {
            number: pending.number(),
            count: match &pending.what {
                What::One { .. } => 1,
                What::Many { plan } => plan.numbers().count(),
            },
            act: pending.tag,
            until: pending.until,
            code,
        });
        let answer = Answer::Pending {
            rows: rows.collect(),
        };
        let with = With {
            buttons: &buttons,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, None, with)
    }

    /// Does what was previewed, if it still is what it was.
    pub(super) fn confirm(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
    ) -> Result<(), Error> {
        let code = code.trim().to_uppercase();
        let pending: Option<Pending> = draft.get(Collection::Confirmation, &code)?;
        let Some(pending) = pending else {
            if self.tell_bulk(draft, speaker, &code)? {
                return Ok(());
            }
            return self.answer(draft, speaker, &Answer::NoConfirmation, None);
        };
        if let Some(since) = pending.proposed {
            return self.second(draft, speaker, &code, &pending, since);
        }
        // Somebody else's code is told like one that does not exist, and stays valid for its owner.
        if Some(&pending.by) != speaker.email.as_ref() {
            return self.answer(draft, speaker, &Answer::NoConfirmation, None);
        }
        if draft.at > pending.until {
            draft.remove(Collection::Confirmation, &code);
            return self.answer(draft, speaker, &Answer::ConfirmationExpired, None);
        }
        if pending.second {
            return self.propose(draft, speaker, &code, pending);
        }
        self.execute(draft, speaker, &code, pending).map(|_| ())
    }

    /// Does it. Whether it was done, or has begun.
    pub(super) fn execute(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
        pending: Pending,
    ) -> Result<bool, Error> {
        let Some(by) = speaker.person() else {
            self.answer(draft, speaker, &Answer::NotLinked, None)?;
            return Ok(false);
        };
        let (number, commands, stand) = match pending.what {
            What::One {
                number,
                commands,
                stand,
            } => (number, commands, stand),
            What::Many { plan } => {
                return self.begin(draft, speaker, code, &pending.tag, *plan);
            }
        };
        draft.remove(Collection::Confirmation, code);
        draft.receipt.dossier = Some(number.0);
        let now = draft.dossier(number)?;
        if now.is_some_and(|now| now.dossier.standing() != stand) {
            self.answer(draft, speaker, &Answer::Moved { number }, None)?;
            return Ok(false);
        }
        let errand = Errand::typed(speaker.line, &pending.tag);
        match self.perform(draft, number, &by, &commands, &errand)? {
            Ok(Acted::Done(act)) => {
                self.done(draft, speaker, number, &pending.tag, &act)?;
                Ok(true)
            }
            Ok(Acted::Asked) => {
                self.asked(draft, speaker)?;
                Ok(true)
            }
            Err(refusal) => {
                self.refuse(draft, speaker, &refusal)?;
                Ok(false)
            }
        }
    }

    /// Drops a preview or a proposal by its code, and stops what is under way; without a code, the last of this person's.
    pub(super) fn cancel(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let wanted = code.map(|code| code.trim().to_uppercase());
        let mut found = None;
        for (key, pending) in self.confirmations()? {
            let named = wanted.as_ref().is_some_and(|wanted| *wanted == key);
            if wanted.is_some() && !named {
                continue;
            }
            // A colleague's proposal is refused by its code.
            let open = pending.waits_for(speaker, draft.at)
                || named && self.may_second(draft, speaker, &pending)?;
            let later = |(_, other): &(String, Pending)| other.until < pending.until;
            if open && found.as_ref().is_none_or(later) {
                found = Some((key, pending));
            }
        }
        let Some((key, pending)) = found else {
            if self.stop(draft, speaker, wanted.as_deref())? {
                return Ok(());
            }
            return self.answer(draft, speaker, &Answer::NothingToCancel, None);
        };
        draft.remove(Collection::Confirmation, &key);
        if pending.proposed.is_some() {
            self.close(draft, speaker, &key, &pending, "refused")?;
        }
        let (number, count) = match &pending.what {
            What::One { number, .. } => (Some(*number), 1),
            What::Many { plan } => (None, plan.numbers().count()),
        };
        let answer = Answer::Cancelled {
            act: pending.tag,
            number,
            count,
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// Drops what this person previewed before that `same` says is the same thing: only what was shown last can be
    /// confirmed.
    pub(super) fn supersede(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        same: impl Fn(&Pending) -> bool,
    ) -> Result<(), Error> {
        for (key, pending) in self.confirmations()? {
            let preview = pending.proposed.is_none() && pending.waits_for(speaker, draft.at);
            if preview && same(&pending) {
                draft.remove(Collection::Confirmation, key);
            }
        }
        Ok(())
    }

    /// Whether anything waits for this person's confirmation.
    pub(super) fn waits(&self, draft: &Draft<'_, S>, speaker: &Speaker<'_>) -> Result<bool, Error> {
        let all = self.confirmations()?;
        Ok(all
            .iter()
            .any(|(_, pending)| pending.waits_for(speaker, draft.at)))
    }

    /// All that waits for a confirmation.
    pub(super) fn confirmations(&self) -> Result<Vec<(String, Pending)>, Error> {
        let rows = self.store.scan(
            Collection::Confirmation,
            "",
            std::ops::Bound::Unbounded,
            1000,
        )?;
        rows.into_iter()
            .map(|(key, value)| {
                Ok((
                    key,
                    serde_json::from_value(value)
                        .map_err(|error| Error::document(Collection::Confirmation, &error))?,
                ))
            })
            .collect()
    }

    /// A short code made from what asked for it: asking again gives the same.
    pub(super) fn code(&self, cause: &str) -> String {
        crate::mail::short_code(&self.secret, cause)
    }
}

impl Pending {
    /// Whether this person asked for it and may still have his way.
    fn waits_for(&self, speaker: &Speaker<'_>, now: Timestamp) -> bool {
        Some(&self.by) == speaker.email.as_ref() && self.until >= now
    }

    /// The dossier, where it is one.
    pub(super) fn number(&self) -> Option<DossierId> {
        match &self.what {
            What::One { number, .. } => Some(*number),
            What::Many { .. } => None,
        }
    }

    /// Whether it can be forgotten.
    pub(super) fn stale(&self, now: Timestamp) -> bool {
        self.until.checked_add(VALID).is_ok_and(|end| now > end)
    }
}

/// What is offered with a preview or a proposal.
pub(super) fn choices(code: &str) -> [Button; 2] {
    let button = |label: &str, emoji: &str, line: String, style| Button {
        label: label.to_owned(),
        emoji: emoji.to_owned(),
        line,
        style,
    };
    [
        button(
            "Confirmer",
            "✅",
            format!("confirmer {code}"),
            Style::Danger,
        ),
        button("Annuler", "❌", format!("annuler {code}"), Style::Secondary),
    ]
}

/// Messages to the usager whose mail has not left yet.
fn waiting(dossier: &Dossier, at: Timestamp) -> usize {
    let waits = |message: &&Message| {
        let ours = matches!(message.by, Person::Instructeur(_)) && !message.withdrawn;
        ours && at.duration_since(message.at) < WITHDRAW_DELAY
    };
    dossier.messages.values().filter(waits).count()
}

/// The motivation of a decision, and the name of its justificatif.
pub(super) fn reasons(command: &Command) -> (Option<String>, Option<String>) {
    match command {
        Command::Second { command, .. } => reasons(command),
        Command::Accept {
            motivation,
            justificatif,
        }
        | Command::Refuse {
            motivation,
            justificatif,
        }
        | Command::Dismiss {
            motivation,
            justificatif,
        } => (
            motivation.clone(),
            justificatif.as_ref().map(|piece| piece.name.clone()),
        ),
        _ => (None, None),
    }
}

fn told(command: &Command, decision_access: bool, experts: usize) -> Vec<String> {
    let decides = command.decision().is_some();
    let mut told = Vec::new();
    if decides || matches!(command, Command::Reopen) {
        told.push("l’usager".to_owned());
    }
    if decides && decision_access && experts > 0 {
        told.push(if experts == 1 {
            "l’expert qui a rendu un avis".to_owned()
        } else {
            format!("les {experts} experts qui ont rendu un avis")
        });
    }
    told
}

/// Months since the acceptance, where going back on it is dangerous.
pub(super) fn old_acceptance(dossier: &Dossier, command: &Command, at: Timestamp) -> Option<i64> {
    let decided = dossier.decided.as_ref().filter(|decided| {
        decided.decision == Decision::Accepte && matches!(command, Command::Reopen)
    })?;
    let zone = crate::domain::paris();
    let (then, now) = (
        decided.at.to_zoned_datetime(zone.clone()).date(),
        at.to_zoned_datetime(zone).date(),
    );
    let months = i64::from(now.year() - then.year()) * 12 + i64::from(now.month() - then.month())
        - i64::from(now.day() < then.day());
    (months >= RIGHTS_MONTHS).then_some(months)
}
