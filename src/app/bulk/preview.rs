//! The preview of an act on several dossiers: tried in thought on each, with what will be refused and why, and who will be
//! told.

use std::collections::BTreeSet;

use super::super::act::prepare;
use super::super::confirm::{Pending, VALID, What, choices, old_acceptance, reasons};
use super::super::draft::Draft;
use super::super::line::Speaker;
use super::super::reply::With;
use super::super::select::{Choosing, Chosen};
use super::super::{App, Error};
use super::table::{compact, compact_ranges};
use super::{MOST, Plan};
use crate::command::{Selection, Spec};
use crate::domain::{Command, Demarche, Effect, Email, Person, Piece, Recipient, react};
use crate::message::Verdict;
use crate::store::{Collection, Store};
use crate::template::Answer;

/// What a preview finds out beside the plan.
#[derive(Default)]
struct Survey {
    chained: usize,
    second: bool,
    usagers: usize,
    experts: usize,
    colleagues: BTreeSet<Email>,
    groupe: bool,
    open_avis: usize,
    old: usize,
}

impl Survey {
    fn told(&self) -> Vec<String> {
        let count = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(one.to_owned()),
            _ => Some(format!("{count} {many}")),
        };
        [
            count(self.usagers, "l’usager", "usagers"),
            count(self.experts, "1 expert", "experts"),
            count(self.colleagues.len(), "1 collègue", "collègues"),
            self.groupe.then(|| "les instructeurs du groupe".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn tell(&mut self, effects: &[Effect]) {
        for effect in effects {
            let Effect::Tell { to, .. } = effect else {
                continue;
            };
            match to {
                Recipient::Usager => self.usagers += 1,
                Recipient::Expert { .. } => self.experts += 1,
                Recipient::Instructeur { email } => {
                    self.colleagues.insert(email.clone());
                }
                Recipient::Groupe => self.groupe = true,
                Recipient::Rooms | Recipient::RoomsOf { .. } | Recipient::Followers => {}
            }
        }
    }
}

impl<S: Store> App<S> {
    /// Shows what `command` would do with the dossiers of `selection`, and keeps it under a code.
    pub(in crate::app) fn preview_many(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        spec: &Spec,
        selection: &Selection,
        command: &Command,
    ) -> Result<(), Error> {
        let (Some(by), Some(email)) = (speaker.person(), speaker.email.clone()) else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let choosing = Choosing {
            selection,
            most: MOST,
        };
        let chosen = match self.choose(draft, speaker, choosing)? {
            Ok(chosen) => chosen,
            Err(answer) => return self.answer(draft, speaker, &answer, None),
        };
        let mut plan = Plan {
            name: spec.name.clone(),
            command: command.clone(),
            strict: spec.confirm,
            items: Vec::new(),
            refused: Vec::new(),
            already: Vec::new(),
            line: None,
        };
        let survey = self.survey(draft, &by, &email, &chosen, &mut plan)?;
        let rows = self.reasons_of(speaker, &plan.refused)?;
        let code = (!plan.items.is_empty()).then(|| self.code(&draft.cause));
        let until = draft.at.checked_add(VALID).unwrap_or(draft.at);
        let shown = shown(command);
        let answer = Answer::BulkPreview {
            act: spec.tag.clone(),
            doable: plan.items.len(),
            numbers: compact(plan.numbers()),
            chained: survey.chained,
            already: plan.already.len(),
            words: shown.words,
            details: shown.details,
            files: shown.files,
            rows,
            outside: compact_ranges(&chosen.outside),
            told: survey.told(),
            open_avis: survey.open_avis,
            old: survey.old,
            second: survey.second,
            code: code.clone(),
            until,
        };
        let Some(code) = code else {
            draft.receipt.verdict = Verdict::Refused;
            return self.answer(draft, speaker, &answer, None);
        };
        let pending = Pending {
            by: email,
            tag: spec.tag.clone(),
            until,
            proposed: None,
            second: survey.second,
            what: What::Many {
                plan: Box::new(plan),
            },
        };
        self.supersede(draft, speaker, |other| {
            other.number().is_none() && other.tag == spec.tag
        })?;
        draft.put(Collection::Confirmation, &code, &pending)?;
        let buttons = choices(&code);
        let with = With {
            buttons: &buttons,
            ..With::default()
        };
        self.answer_with(draft, speaker, &answer, None, with)
    }

    /// Tries the act on each of `chosen` in thought.
    fn survey(
        &self,
        draft: &Draft<'_, S>,
        by: &Person,
        email: &Email,
        chosen: &Chosen,
        plan: &mut Plan,
    ) -> Result<Survey, Error> {
        let mut survey = Survey::default();
        for number in &chosen.dossiers {
            let (dossier, demarche): (_, &Demarche) = match self.visible(draft, *number, email)? {
                Ok(found) => found,
                Err(refusal) => {
                    plan.refused.push((*number, refusal));
                    continue;
                }
            };
            let prepared = match prepare(&dossier, demarche, by, draft.at, &plan.command) {
                Ok(prepared) => prepared,
                Err(refusal) => {
                    plan.refused.push((*number, refusal));
                    continue;
                }
            };
            if prepared.act.is_empty() {
                plan.already.push(*number);
                continue;
            }
            plan.items.push((*number, dossier.standing()));
            survey.chained += usize::from(prepared.chained());
            survey.second |= prepared.second;
            survey.tell(&react(&prepared.after, demarche, &prepared.act));
            if plan.command.decision().is_some() {
                survey.open_avis += dossier.avis.values().filter(|avis| avis.open()).count();
            }
            let old = old_acceptance(&dossier, &plan.command, draft.at);
            survey.old += usize::from(old.is_some());
        }
        Ok(survey)
    }
}

/// What a preview shows of an act beside its name.
#[derive(Default)]
struct Shown {
    words: Option<String>,
    details: Vec<String>,
    files: Vec<String>,
}

fn shown(command: &Command) -> Shown {
    let names = |pieces: &[Piece]| {
        let names = pieces.iter().map(|piece| piece.name.clone());
        names.collect()
    };
    match command {
        Command::Post { text, pieces, .. } | Command::RequestCorrection { text, pieces, .. } => {
            Shown {
                words: Some(text.clone()),
                files: names(pieces),
                ..Shown::default()
            }
        }
        Command::RequestAvis {
            experts,
            text,
            question,
            pieces,
            ..
        } => Shown {
            words: Some(text.clone()),
            details: experts
                .iter()
                .map(ToString::to_string)
                .chain(question.clone())
                .collect(),
            files: names(pieces),
        },
        Command::Label { etiquette, .. } => Shown {
            details: vec![etiquette.clone()],
            ..Shown::default()
        },
        Command::Annotate { annotation, value } => Shown {
            details: vec![format!("{annotation} : {value}")],
            ..Shown::default()
        },
        Command::Send { to } => Shown {
            details: vec![to.to_string()],
            ..Shown::default()
        },
        Command::Reassign { groupe } => Shown {
            details: vec![groupe.clone()],
            ..Shown::default()
        },
        decision => {
            let (words, justificatif) = reasons(decision);
            Shown {
                words,
                files: justificatif.into_iter().collect(),
                ..Shown::default()
            }
        }
    }
}
