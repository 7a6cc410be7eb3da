//! An act on several dossiers: previewed as a whole, confirmed once, then done one dossier after the other, each in a
//! commit of its own. Between two of them whatever else is heard has its turn. All that must be known to go on stands in
//! the ledger, so that a daemon that was killed goes on where it was.
//!
//! The documents of [`Collection::Bulk`]:
//!
//! | key | what |
//! |---|---|
//! | `run` person | how far a person's bulk is: one at a time for each person |
//! | `plan` code | what is to be done with which dossiers |
//! | `outcome` code number | what became of one of them |
//! | `cards` code | dossiers whose cards are shown anew afterwards, a few at a time |
//! | `report` code | what was said at the end, for a day |

mod cards;
mod preview;
mod report;
mod step;
mod table;

pub use self::step::Next;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::table::compact;
use super::confirm::reasons;
use super::draft::Draft;
use super::line::Speaker;
use super::{App, Error};
use crate::domain::{Command, DossierId, Email, Proposal, Refusal, Standing};
use crate::message::{Destination, Line, Mark, Place};
use crate::store::{Collection, Store};
use crate::template::Answer;

/// The most dossiers of one act.
const MOST: usize = 500;

/// What is to be done with which dossiers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The command's name, as it is typed.
    name: String,
    /// The act.
    command: Command,
    /// Whether a dossier that has changed since the preview is left alone.
    strict: bool,
    /// The dossiers, in order, each as it stood when it was previewed.
    items: Vec<(DossierId, Standing)>,
    /// Those that it was announced for to be refused: nothing is tried on them.
    refused: Vec<(DossierId, Refusal)>,
    /// Those that were so already.
    already: Vec<DossierId>,
    /// Where it was confirmed, and by which account.
    #[serde(default)]
    line: Option<Line>,
}

/// How far a bulk is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    code: String,
    /// The domain's tag of the act.
    tag: String,
    by: Email,
    begun: Timestamp,
    /// Place of the next dossier.
    next: usize,
    done: usize,
    already: usize,
    refused: usize,
    /// Dossiers of which the platform was asked and has not answered.
    #[serde(default)]
    waiting: usize,
    /// All of them were tried.
    #[serde(default)]
    asked_all: bool,
}

/// What became of one dossier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Outcome {
    /// Done.
    Done {
        /// Its card is not as it should be.
        card: bool,
        /// Rooms that are told of all at once.
        rooms: Vec<Destination>,
    },
    /// It was so already.
    Already,
    /// Refused.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// Its statut is not what it was when it was previewed.
    Moved,
    /// The platform is asked.
    Asked,
    /// An internal error.
    Failed,
}

fn run_key(person: &Email) -> String {
    format!("run\u{0}{person}")
}

fn plan_key(code: &str) -> String {
    format!("plan\u{0}{code}")
}

fn report_key(code: &str) -> String {
    format!("report\u{0}{code}")
}

/// Key of an outcome, or the prefix of all those of a bulk.
fn outcome_key(code: &str, place: Option<usize>) -> String {
    let place = place.map(|place| format!("{place:05}")).unwrap_or_default();
    format!("outcome\u{0}{code}\u{0}{place}")
}

impl Plan {
    /// The dossiers that the act is for, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = DossierId> {
        self.items.iter().map(|(number, _)| *number)
    }

    /// The same with the act confirmed by a second person.
    pub(super) fn seconded(self, proposal: &Proposal) -> Self {
        Self {
            command: self.command.proposed(proposal),
            ..self
        }
    }

    /// The numbers, as people read them.
    pub(super) fn shortly(&self) -> String {
        compact(self.numbers())
    }

    /// The motivation, and the name of the justificatif.
    pub(super) fn reasons(&self) -> (Option<String>, Option<String>) {
        reasons(&self.command)
    }
}

impl<S: Store> App<S> {
    /// Begins what was confirmed, and answers whether it did: somebody whose last bulk is not over waits for it.
    pub(super) fn begin(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
        tag: &str,
        mut plan: Plan,
    ) -> Result<bool, Error> {
        let Some(by) = speaker.email.clone() else {
            return Ok(false);
        };
        let running: Option<Run> = draft.get(Collection::Bulk, &run_key(&by))?;
        if let Some(running) = running {
            let answer = Answer::BulkBusy { code: running.code };
            self.answer(draft, speaker, &answer, None)?;
            return Ok(false);
        }
        draft.remove(Collection::Confirmation, code);
        let mut line = Line {
            text: String::new(),
            files: Vec::new(),
            ..speaker.line.clone()
        };
        let run = Run {
            code: code.to_owned(),
            tag: tag.to_owned(),
            by: by.clone(),
            begun: draft.at,
            next: 0,
            done: 0,
            already: plan.already.len(),
            refused: plan.refused.len(),
            waiting: 0,
            asked_all: false,
        };
        if !self.all_heard(draft, &line, plan.numbers())? {
            // What becomes of them is for no room that may not hear of them.
            line.place = Place::Direct;
            line.about = None;
            line.remote_id = None;
        }
        plan.line = Some(line.clone());
        draft.put(Collection::Bulk, plan_key(code), &plan)?;
        draft.put(Collection::Bulk, run_key(&by), &run)?;
        let marked = self.mark(draft, &line, Mark::Running);
        if !marked && self.has_forms(&line.from.network) {
            // Whoever pressed a button waits for an answer to that.
            self.answer(draft, speaker, &report::progress(&run, &plan), None)?;
        }
        self.show_progress(draft, &line, &run, &plan)?;
        Ok(true)
    }

    /// Whether every one of these dossiers may be spoken of where the line was typed.
    fn all_heard(
        &self,
        draft: &Draft<'_, S>,
        line: &Line,
        mut numbers: impl Iterator<Item = DossierId>,
    ) -> Result<bool, Error> {
        if line.place == Place::Direct {
            return Ok(true);
        }
        let Some(room) = self.directory.room(&line.from.network, &line.place) else {
            return Ok(numbers.next().is_none());
        };
        for number in numbers {
            let dossier = draft.dossier(number)?.map(|change| change.dossier);
            let heard =
                dossier.is_none_or(|dossier| room.is_for(dossier.demarche, &dossier.groupe));
            if !heard {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Stops a bulk of the speaker's, by its code or whichever runs. False where there is none.
    pub(super) fn stop(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: Option<&str>,
    ) -> Result<bool, Error> {
        let Some(by) = &speaker.email else {
            return Ok(false);
        };
        let run: Option<Run> = draft.get(Collection::Bulk, &run_key(by))?;
        let Some(run) = run.filter(|run| code.is_none_or(|code| code == run.code)) else {
            return Ok(false);
        };
        let plan: Option<Plan> = draft.get(Collection::Bulk, &plan_key(&run.code))?;
        let mut left = 0;
        if let Some(plan) = plan {
            left = plan.items.len() - run.next;
            self.finish(draft, &run, &plan, None)?;
        }
        let answer = Answer::BulkStopped {
            done: run.done,
            left,
        };
        self.answer(draft, speaker, &answer, None)?;
        Ok(true)
    }

    /// Answers how far a bulk of the speaker's is, or how it ended, where `code` is one. False where it is none.
    pub(super) fn tell_bulk(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
    ) -> Result<bool, Error> {
        let Some(by) = &speaker.email else {
            return Ok(false);
        };
        let run: Option<Run> = draft.get(Collection::Bulk, &run_key(by))?;
        if let Some(run) = run.filter(|run| run.code == code) {
            let plan: Option<Plan> = draft.get(Collection::Bulk, &plan_key(code))?;
            if let Some(plan) = plan {
                let answer = report::progress(&run, &plan);
                self.answer(draft, speaker, &answer, None)?;
                return Ok(true);
            }
        }
        self.tell_report(draft, speaker, code)
    }
}
