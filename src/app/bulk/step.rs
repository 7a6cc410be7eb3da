//! The steps of a bulk. Each is heard like everything else: one dossier, one commit. The document that says how far it is
//! changes in the same commit, so that no step is lost and none is taken twice.

use std::ops::Bound;

use jiff::Timestamp;

use super::super::draft::{Draft, Hushed};
use super::super::platform::{Acted, Errand, Memo};
use super::super::{App, Error};
use super::{Outcome, Plan, Run, outcome_key, plan_key, run_key};
use crate::domain::{Command, DossierId, Person, Refusal, Standing};
use crate::message::{Heard, Incoming, Step, Verdict};
use crate::store::{Collection, Store};

/// Dossiers after which the progress is shown anew.
const SHOWN_EVERY: usize = 25;
/// Dossiers that the platform is asked about at once.
const ASKED_AT_ONCE: usize = 8;
/// Works looked at for the next step.
const WORKS: usize = 1_000;

/// What there is to do of slow work.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// This.
    Step(Box<Incoming>),
    /// Something, but not before the rooms have taken what is on its way to them.
    Rest,
    /// Nothing.
    Nothing,
}

impl<S: Store> App<S> {
    /// The next step of slow work. Works take turns: the one after `after`, which the last step was of, comes first.
    pub fn next_step(&self, after: Option<&str>, now: Timestamp) -> Result<Next, Error> {
        let mut rest = false;
        let mut works = self.works()?;
        let turn =
            works.partition_point(|(key, _)| after.is_some_and(|after| key.as_str() <= after));
        works.rotate_left(turn);
        for (key, value) in works {
            let number = if key.starts_with("run") {
                // One that another version wrote must not keep Greffier from starting.
                let Ok(run) = read::<Run>(value) else {
                    tracing::error!(
                        "An act on several dossiers cannot be read; it is left where it is"
                    );
                    continue;
                };
                let id = format!("step:{}:{}", run.code, run.begun.as_microsecond());
                // The platform takes its time: a few are asked of it at once, so that the rest can be stopped.
                (run.waiting < ASKED_AT_ONCE && !run.asked_all).then_some((id, run.next))
            } else {
                rest = true;
                self.next_cards(value, now)?
            };
            if let Some((id, number)) = number {
                return Ok(Next::Step(Box::new(Incoming {
                    id: format!("{id}:{number}"),
                    at: now,
                    heard: Heard::Step(Step { work: key, number }),
                })));
            }
        }
        Ok(if rest { Next::Rest } else { Next::Nothing })
    }

    /// Slow works, in order of key.
    fn works(&self) -> Result<Vec<(String, serde_json::Value)>, Error> {
        let scan = |prefix| {
            self.store
                .scan(Collection::Bulk, prefix, Bound::Unbounded, WORKS)
        };
        let mut works = scan("cards\u{0}")?;
        works.extend(scan("run\u{0}")?);
        Ok(works)
    }

    /// Takes a step.
    pub(in crate::app) fn step(&self, draft: &mut Draft<'_, S>, step: &Step) -> Result<(), Error> {
        draft.receipt.verdict = Verdict::Ignored;
        if step.work.starts_with("cards") {
            return self.show_cards(draft, step);
        }
        let Some((run, plan)) = self.running(draft, step)? else {
            // Nothing says what is to be done.
            draft.remove(Collection::Bulk, &step.work);
            return Ok(());
        };
        let Some((number, stand)) = plan.items.get(run.next).copied() else {
            return self.finish(draft, &run, &plan, None);
        };
        draft.receipt.verdict = Verdict::Done;
        // Whose account was cut off acts no more. He is told of it where he is still heard.
        let speaks = match &plan.line {
            Some(line) => self.speaker(draft, line)?,
            None => None,
        };
        if speaks.as_ref() != Some(&run.by) {
            return self.finish(draft, &run, &plan, None);
        }
        let outcome = self.do_one(draft, &run, &plan, number, stand)?;
        self.advance(draft, run, &plan, &outcome)
    }

    /// Leaves out a step that failed for a reason of ours.
    pub(in crate::app) fn step_over(
        &self,
        draft: &mut Draft<'_, S>,
        step: &Step,
    ) -> Result<(), Error> {
        if step.work.starts_with("cards") {
            return self.skip_cards(draft, step);
        }
        let Some((mut run, plan)) = self.running(draft, step)? else {
            return Ok(());
        };
        if run.next < plan.items.len() {
            let key = outcome_key(&run.code, Some(run.next));
            draft.put(Collection::Bulk, key, &Outcome::Failed)?;
            run.next += 1;
            run.refused += 1;
            return draft.put(Collection::Bulk, run_key(&run.by), &run);
        }
        // Not even its end can be worded.
        self.forget(draft, &run, &plan);
        Ok(())
    }

    /// The work that `step` is the next step of.
    fn running(&self, draft: &Draft<'_, S>, step: &Step) -> Result<Option<(Run, Plan)>, Error> {
        let run: Option<Run> = draft.get(Collection::Bulk, &step.work)?;
        let Some(run) = run.filter(|run| run.next == step.number) else {
            return Ok(None);
        };
        // A plan that cannot be read is none: the act ends there.
        let plan: Option<Plan> =
            draft
                .get(Collection::Bulk, &plan_key(&run.code))
                .or_else(|error| match error {
                    Error::Document { .. } => Ok(None),
                    error => Err(error),
                })?;
        Ok(plan.map(|plan| (run, plan)))
    }

    /// Does the act on one dossier, as it stands and with the rights that the person has now.
    fn do_one(
        &self,
        draft: &mut Draft<'_, S>,
        run: &Run,
        plan: &Plan,
        number: DossierId,
        stand: Standing,
    ) -> Result<Outcome, Error> {
        let now = draft.dossier(number)?;
        if plan.strict && now.is_some_and(|now| now.dossier.standing() != stand) {
            return Ok(Outcome::Moved);
        }
        let by = Person::Instructeur(run.by.clone());
        draft.hushed = Some(Hushed::default());
        let commands = [Command::PassToInstruction, plan.command.clone()];
        let [_, alone] = &commands;
        let errand = Errand {
            line: None,
            memo: Memo::Bulk {
                code: run.code.clone(),
                run: run_key(&run.by),
                place: run.next,
            },
        };
        let alone = std::slice::from_ref(alone);
        let mut acted = self.perform(draft, number, &by, alone, &errand)?;
        if matches!(acted, Err(Refusal::NotInstructed { .. })) {
            acted = self.perform(draft, number, &by, &commands, &errand)?;
        }
        let Hushed { card, rooms } = draft.hushed.take().unwrap_or_default();
        Ok(match acted {
            Ok(Acted::Asked) => Outcome::Asked,
            Ok(Acted::Done(act)) if act.is_empty() => Outcome::Already,
            Ok(Acted::Done(_)) => Outcome::Done {
                card,
                rooms: rooms.into_iter().collect(),
            },
            Err(refusal) => Outcome::Refused { refusal },
        })
    }

    /// Notes what became of a dossier, and says so now and then; at the end, of all.
    fn advance(
        &self,
        draft: &mut Draft<'_, S>,
        mut run: Run,
        plan: &Plan,
        outcome: &Outcome,
    ) -> Result<(), Error> {
        let place = run.next;
        run.next += 1;
        match outcome {
            Outcome::Done { .. } => run.done += 1,
            Outcome::Already => run.already += 1,
            Outcome::Asked => run.waiting += 1,
            Outcome::Refused { .. } | Outcome::Moved | Outcome::Failed => run.refused += 1,
        }
        run.asked_all = run.next == plan.items.len();
        if run.asked_all && run.waiting == 0 {
            return self.finish(draft, &run, plan, Some((place, outcome)));
        }
        draft.put(
            Collection::Bulk,
            outcome_key(&run.code, Some(place)),
            outcome,
        )?;
        draft.put(Collection::Bulk, run_key(&run.by), &run)?;
        match &plan.line {
            Some(line) if run.next.is_multiple_of(SHOWN_EVERY) => {
                self.show_progress(draft, line, &run, plan)
            }
            _ => Ok(()),
        }
    }

    /// What the platform answered about one dossier.
    pub(in crate::app) fn bulk_answered(
        &self,
        draft: &mut Draft<'_, S>,
        (code, key, place): (&str, &str, usize),
        answer: Result<(), Refusal>,
        Hushed { card, rooms }: Hushed,
    ) -> Result<(), Error> {
        let Some(mut run) = self.bulk_run(draft, code, key)? else {
            return Ok(());
        };
        let plan: Option<Plan> = draft.get(Collection::Bulk, &plan_key(code))?;
        let Some(plan) = plan else { return Ok(()) };
        let outcome = match answer {
            Ok(()) => Outcome::Done {
                card,
                rooms: rooms.into_iter().collect(),
            },
            Err(refusal) => Outcome::Refused { refusal },
        };
        run.waiting = run.waiting.saturating_sub(1);
        match outcome {
            Outcome::Done { .. } => run.done += 1,
            _ => run.refused += 1,
        }
        if run.asked_all && run.waiting == 0 {
            return self.finish(draft, &run, &plan, Some((place, &outcome)));
        }
        draft.put(Collection::Bulk, outcome_key(code, Some(place)), &outcome)?;
        draft.put(Collection::Bulk, run_key(&run.by), &run)?;
        let told = run.done + run.refused;
        match &plan.line {
            Some(line) if told.is_multiple_of(SHOWN_EVERY) => {
                self.show_progress(draft, line, &run, &plan)
            }
            _ => Ok(()),
        }
    }

    /// A bulk that is still under way.
    pub(in crate::app) fn bulk_run(
        &self,
        draft: &Draft<'_, S>,
        code: &str,
        key: &str,
    ) -> Result<Option<Run>, Error> {
        let run: Option<Run> = draft.get(Collection::Bulk, key)?;
        Ok(run.filter(|run| run.code == code))
    }

    /// Forgets what a bulk was, once it is over.
    pub(super) fn forget(&self, draft: &mut Draft<'_, S>, run: &Run, plan: &Plan) {
        for place in 0..plan.items.len() {
            draft.remove(Collection::Bulk, outcome_key(&run.code, Some(place)));
        }
        draft.remove(Collection::Bulk, plan_key(&run.code));
        draft.remove(Collection::Bulk, run_key(&run.by));
    }
}

fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::document(Collection::Bulk, &error))
}
