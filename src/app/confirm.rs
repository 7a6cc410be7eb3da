//! Two steps: a preview that names what will happen, then `confirmer CODE` by the same person, within a quarter of an hour.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::act::rehearse;
use super::draft::Draft;
use super::line::Speaker;
use super::reply::With;
use super::{App, Error};
use crate::domain::{Command, Decision, Dossier, DossierId, Email, Refusal, Statut};
use crate::message::{Button, Style};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// How long a preview may be confirmed.
const VALID: SignedDuration = SignedDuration::from_mins(15);
/// Months after which an acceptance that created rights should not be gone back on without a warning.
const RIGHTS_MONTHS: i64 = 4;

/// An act that waits for its confirmation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    by: Email,
    number: DossierId,
    tag: String,
    commands: Vec<Command>,
    statut: Statut,
    until: Timestamp,
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
        let mut commands = vec![command.clone()];
        let mut outcome = rehearse(&dossier, demarche, &by, draft.at, &commands);
        let chained = matches!(outcome, Err(Refusal::NotInstructed { .. }));
        if chained {
            commands.insert(0, Command::PassToInstruction);
            outcome = rehearse(&dossier, demarche, &by, draft.at, &commands);
        }
        match outcome {
            Err(refusal) => return self.refuse(draft, speaker, &refusal),
            Ok((_, act)) if act.is_empty() => return self.done(draft, speaker, number, tag, &act),
            Ok(_) => {}
        }
        let code = self.code(&draft.cause);
        let until = draft.at.checked_add(VALID).unwrap_or(draft.at);
        let (motivation, justificatif) = reasons(command);
        let experts = dossier
            .avis
            .values()
            .filter(|avis| !avis.answers.is_empty() && avis.revoked.is_none())
            .count();
        let answer = Answer::Preview {
            act: tag.to_owned(),
            chained,
            motivation,
            justificatif,
            told: told(command, demarche.experts.decision_access, experts),
            open_avis: if decision(command).is_some() {
                dossier.avis.values().filter(|avis| avis.open()).count()
            } else {
                0
            },
            old_acceptance: old_acceptance(&dossier, command, draft.at),
            code: code.clone(),
            until,
        };
        let pending = Pending {
            by: email,
            number,
            tag: tag.to_owned(),
            commands,
            statut: dossier.statut,
            until,
        };
        self.supersede(draft, speaker, number)?;
        draft.put(Collection::Confirmation, &code, &pending)?;
        let button = |label: &str, emoji: &str, line: String, style| Button {
            label: label.to_owned(),
            emoji: emoji.to_owned(),
            line,
            style,
        };
        let buttons = vec![
            button(
                "Confirmer",
                "✅",
                format!("confirmer {code}"),
                Style::Danger,
            ),
            button("Annuler", "❌", format!("annuler {code}"), Style::Secondary),
        ];
        let with = With {
            buttons: &buttons,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, Some(&dossier), with)
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
        // Somebody else's code is told like one that does not exist, and stays valid for its owner.
        let Some(pending) = pending.filter(|pending| Some(&pending.by) == speaker.email.as_ref())
        else {
            return self.answer(draft, speaker, &Answer::NoConfirmation, None);
        };
        draft.remove(Collection::Confirmation, &code);
        if draft.at > pending.until {
            return self.answer(draft, speaker, &Answer::ConfirmationExpired, None);
        }
        let Some(by) = speaker.person() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        draft.receipt.dossier = Some(pending.number.0);
        let now = draft
            .dossier(pending.number)?
            .map(|change| change.dossier.statut);
        if now.is_some_and(|now| now != pending.statut) {
            return self.answer(
                draft,
                speaker,
                &Answer::Moved {
                    number: pending.number,
                },
                None,
            );
        }
        match self.act(draft, pending.number, &by, &pending.commands)? {
            Ok(act) => self.done(draft, speaker, pending.number, &pending.tag, &act),
            Err(refusal) => self.refuse(draft, speaker, &refusal),
        }
    }

    /// Drops a preview by its code; without one, the last of this person's.
    pub(super) fn cancel(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: Option<&str>,
    ) -> Result<(), Error> {
        let wanted = code.map(|code| code.trim().to_uppercase());
        let found = self
            .confirmations()?
            .into_iter()
            .filter(|(_, pending)| pending.waits_for(speaker, draft.at))
            .filter(|(key, _)| wanted.as_ref().is_none_or(|wanted| wanted == key))
            .max_by_key(|(_, pending)| pending.until);
        let Some((key, pending)) = found else {
            return self.answer(draft, speaker, &Answer::NothingToCancel, None);
        };
        draft.remove(Collection::Confirmation, key);
        let answer = Answer::Cancelled {
            act: pending.tag,
            number: pending.number,
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// Drops what this person previewed of a dossier before: only what was shown last can be confirmed.
    fn supersede(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        number: DossierId,
    ) -> Result<(), Error> {
        for (key, pending) in self.confirmations()? {
            if pending.number == number && pending.waits_for(speaker, draft.at) {
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
    /// Whether this person may still confirm it.
    fn waits_for(&self, speaker: &Speaker<'_>, now: Timestamp) -> bool {
        Some(&self.by) == speaker.email.as_ref() && self.until >= now
    }

    /// Whether it can be forgotten.
    pub(super) fn stale(&self, now: Timestamp) -> bool {
        self.until.checked_add(VALID).is_ok_and(|end| now > end)
    }
}

fn decision(command: &Command) -> Option<Decision> {
    match command {
        Command::Accept { .. } => Some(Decision::Accepte),
        Command::Refuse { .. } => Some(Decision::Refuse),
        Command::Dismiss { .. } => Some(Decision::SansSuite),
        _ => None,
    }
}

fn reasons(command: &Command) -> (Option<String>, Option<String>) {
    match command {
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
    let mut told = Vec::new();
    if decision(command).is_some() || matches!(command, Command::Reopen) {
        told.push("l’usager".to_owned());
    }
    if decision(command).is_some() && decision_access && experts > 0 {
        told.push(if experts == 1 {
            "l’expert qui a rendu un avis".to_owned()
        } else {
            format!("les {experts} experts qui ont rendu un avis")
        });
    }
    told
}

/// Months since the acceptance, where going back on it is dangerous.
fn old_acceptance(dossier: &Dossier, command: &Command, at: Timestamp) -> Option<i64> {
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
