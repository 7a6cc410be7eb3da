//! What is said of a bulk: one message that is edited while it runs, a report at the end as text and as a file, a line in
//! each other room of the dossiers. Numbers and reasons only, as far as the place may know.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::draft::Draft;
use super::super::line::{SHELL, Speaker};
use super::super::{App, Error};
use super::cards::Cards;
use super::table::{Ended, compact, csv, rows};
use super::{Outcome, Plan, Run, outcome_key, report_key};
use crate::directory::{destination, of_room};
use crate::domain::{DossierId, Email, Piece, Refusal};
use crate::message::{Body, Button, Destination, Line, Mark, Outgoing, Place, Post, Style};
use crate::store::{Collection, Store};
use crate::template::{Answer, Audience, BulkRow, plain};

/// Dossiers up to which the text of a report says it all, and no file goes with it.
const NO_FILE: usize = 10;
/// How long a report can be asked for again.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Why a dossier was left alone whose statut moved since the preview.
const MOVED: &str = "le dossier a changé depuis l’aperçu";
/// Why a dossier was left alone that is not there, or not for this person.
const UNKNOWN: &str = "le dossier n’existe pas, ou vous n’y avez pas accès";
/// What is known of a dossier that the platform was asked about when the bulk was stopped.
const ASKED: &str = "la plateforme n’avait pas encore répondu\u{a0}: regardez où il en est";
/// Why a dossier was left alone at which Greffier failed.
const FAILED: &str = "une erreur interne, dont l’exploitant est averti";

/// How a bulk ended, for whoever asks again. It is worded anew each time, for the place where it is asked may not know as
/// much as that where it was confirmed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Report {
    by: Email,
    at: Timestamp,
    /// The domain's tag of the act.
    #[serde(default)]
    tag: String,
    /// The dossiers, in order. One that another version wrote has none, and is not told.
    #[serde(default)]
    fates: Vec<(DossierId, Fate)>,
}

/// What became of a dossier in the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
enum Fate {
    /// The act was done.
    Done,
    /// It was so already.
    Already,
    /// It was refused.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// Its statut moved since the preview.
    Moved,
    /// The platform was asked, and has not answered.
    Asked,
    /// An internal error.
    Failed,
    /// Its turn did not come.
    Stopped,
}

impl Fate {
    /// Name of it in tables.
    fn state(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already",
            Self::Refused { .. } | Self::Moved | Self::Asked | Self::Failed => "refused",
            Self::Stopped => "stopped",
        }
    }
}

impl From<&Outcome> for Fate {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done { .. } => Self::Done,
            Outcome::Already => Self::Already,
            Outcome::Refused { refusal } => Self::Refused {
                refusal: refusal.clone(),
            },
            Outcome::Moved => Self::Moved,
            Outcome::Asked => Self::Asked,
            Outcome::Failed => Self::Failed,
        }
    }
}

impl Report {
    fn numbers(&self) -> impl Iterator<Item = DossierId> {
        self.fates.iter().map(|(number, _)| *number)
    }
}

/// How far `run` is.
pub(super) fn progress(run: &Run, plan: &Plan) -> Answer {
    Answer::BulkRunning {
        act: run.tag.clone(),
        code: run.code.clone(),
        total: plan.items.len(),
        passed: run.next,
        done: run.done,
        refused: run.refused - plan.refused.len(),
    }
}

impl<S: Store> App<S> {
    /// Shows how far `run` is, in the one message that there is of it.
    pub(super) fn show_progress(
        &self,
        draft: &mut Draft<'_, S>,
        line: &Line,
        run: &Run,
        plan: &Plan,
    ) -> Result<(), Error> {
        let text = self
            .templates
            .answer_to(&progress(run, plan), self.audience(line), None)?;
        if line.from.network == SHELL {
            if run.next == 0 {
                draft.receipt.answers.push(text);
            }
            return Ok(());
        }
        let stop = Button {
            label: "Arrêter".to_owned(),
            emoji: "⏹️".to_owned(),
            line: format!("annuler {}", run.code),
            style: Style::Danger,
        };
        let post = Post {
            buttons: vec![stop],
            ..self.progress_post(line, run, text)
        };
        say(draft, line, post);
        Ok(())
    }

    fn progress_post(&self, line: &Line, run: &Run, text: String) -> Post {
        // Where the store cannot say which thread it was, a message beside the thread is better than none.
        let about = line.about.as_deref();
        let thread =
            about.and_then(|about| self.store.card(&line.from.network, about).ok().flatten());
        Post {
            text,
            direct: line.place == Place::Direct,
            card: Some(format!("suivi-{}", run.code)),
            thread,
            ..Post::default()
        }
    }

    /// Ends `run`, whether it is through or not: `last` is what became of the dossier before `run.next`, where that stands
    /// in no document yet.
    pub(super) fn finish(
        &self,
        draft: &mut Draft<'_, S>,
        run: &Run,
        plan: &Plan,
        last: Option<(usize, &Outcome)>,
    ) -> Result<(), Error> {
        let mut outcomes = self.outcomes(run)?;
        if let Some((place, last)) = last {
            outcomes.insert(place, last.clone());
        }
        let done: Vec<(DossierId, &Outcome)> = plan
            .numbers()
            .enumerate()
            .filter_map(|(place, number)| Some((number, outcomes.get(&place)?)))
            .collect();
        let report = reported(draft.at, run, plan, &done);
        draft.put(Collection::Bulk, report_key(&run.code), &report)?;
        if let Some(line) = &plan.line
            && self.may_read(draft, line, &report)?
        {
            self.report(draft, line, run, plan, &report)?;
        }
        self.tell_other_rooms(draft, run, plan, &done)?;
        let stale = done.iter().filter_map(|(number, outcome)| {
            matches!(outcome, Outcome::Done { card: true, .. }).then_some(*number)
        });
        let cards = Cards {
            code: run.code.clone(),
            begun: run.begun,
            numbers: stale.collect(),
            next: 0,
        };
        if !cards.numbers.is_empty() {
            draft.put(Collection::Bulk, cards.key(), &cards)?;
        }
        self.forget(draft, run, plan);
        Ok(())
    }

    fn outcomes(&self, run: &Run) -> Result<BTreeMap<usize, Outcome>, Error> {
        let prefix = outcome_key(&run.code, None);
        let rows = self
            .store
            .scan(Collection::Bulk, &prefix, Bound::Unbounded, super::MOST)?;
        let mut outcomes = BTreeMap::new();
        for (key, value) in rows {
            let outcome = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Bulk, &error))?;
            if let Some(Ok(place)) = key.strip_prefix(&prefix).map(str::parse) {
                outcomes.insert(place, outcome);
            }
        }
        Ok(outcomes)
    }

    /// Whether a report may be read where the bulk was confirmed: the account may have been cut off meanwhile, and the
    /// room bound to something else.
    fn may_read(&self, draft: &Draft<'_, S>, line: &Line, report: &Report) -> Result<bool, Error> {
        match line.place {
            Place::Direct => Ok(self.speaker(draft, line)?.as_ref() == Some(&report.by)),
            Place::Room(_) => self.all_heard(draft, line, report.numbers()),
        }
    }

    /// What became of each dossier, and why, as far as `audience` may know.
    fn ended(
        &self,
        report: &Report,
        audience: Audience,
    ) -> Result<Vec<(DossierId, &'static str, String)>, Error> {
        let ended = report.fates.iter().map(|(number, fate)| {
            let reason = match fate {
                Fate::Done | Fate::Already | Fate::Stopped => String::new(),
                Fate::Refused { refusal } => self.reason(refusal, audience)?,
                Fate::Moved => MOVED.to_owned(),
                Fate::Asked => ASKED.to_owned(),
                Fate::Failed => FAILED.to_owned(),
            };
            Ok((*number, fate.state(), reason))
        });
        ended.collect()
    }

    /// The words of a report.
    fn words(
        &self,
        report: &Report,
        lines: &[Ended<'_>],
        audience: Audience,
    ) -> Result<String, Error> {
        let count = |state: &str| lines.iter().filter(|line| line.state == state).count();
        let answer = Answer::BulkDone {
            act: report.tag.clone(),
            total: lines.len(),
            done: count("done"),
            left: count("stopped"),
            rows: rows(lines),
        };
        Ok(self.templates.answer_to(&answer, audience, None)?)
    }

    /// Says where it was confirmed what became of each dossier.
    fn report(
        &self,
        draft: &mut Draft<'_, S>,
        line: &Line,
        run: &Run,
        plan: &Plan,
        report: &Report,
    ) -> Result<(), Error> {
        let audience = self.audience(line);
        let lines = self.ended(report, audience)?;
        let lines = table(&lines);
        let text = self.words(report, &lines, audience)?;
        if line.from.network == SHELL {
            return Ok(());
        }
        say(draft, line, self.progress_post(line, run, text));
        if lines.len() > NO_FILE {
            let words = self
                .templates
                .answer_to(&Answer::BulkFile, audience, None)?;
            let content = csv(&plan.name, &lines);
            let piece = Piece {
                hash: self.shelf.keep(content.as_bytes())?,
                name: format!("rapport-{}.csv", run.code),
                media_type: "text/csv".to_owned(),
                bytes: content.len() as u64,
            };
            let file = Post {
                card: None,
                files: vec![piece],
                ..self.progress_post(line, run, words)
            };
            say(draft, line, file);
        }
        // What the preview had announced for refused is no failure.
        let whole = run.refused == plan.refused.len() && run.next == plan.items.len();
        self.mark(draft, line, if whole { Mark::Done } else { Mark::Failed });
        Ok(())
    }

    /// Tells the rooms of the dossiers, but for the one where it was confirmed, which has read the report.
    fn tell_other_rooms(
        &self,
        draft: &mut Draft<'_, S>,
        run: &Run,
        plan: &Plan,
        done: &[(DossierId, &Outcome)],
    ) -> Result<(), Error> {
        let here = plan
            .line
            .as_ref()
            .map(|line| destination(&line.from, &line.place));
        let mut told: BTreeMap<&Destination, Vec<DossierId>> = BTreeMap::new();
        for (number, outcome) in done {
            if let Outcome::Done { rooms, .. } = outcome {
                for room in rooms.iter().filter(|room| Some(*room) != here.as_ref()) {
                    told.entry(room).or_default().push(*number);
                }
            }
        }
        for room in self.directory.every_room().iter() {
            let to = of_room(room);
            let Some(numbers) = told.get(&to) else {
                continue;
            };
            let context = json!({
                "act": run.tag,
                "by": run.by,
                "count": numbers.len(),
                "numbers": compact(numbers.iter().copied()),
            });
            let audience = Audience::Room(room.privacy);
            let post = Post {
                text: self.templates.room_named("bulk", audience, &context)?,
                ..Post::default()
            };
            draft.send(Outgoing {
                to,
                body: Body::Post(post),
            });
        }
        Ok(())
    }

    /// The reasons of refusals, those of most dossiers first.
    pub(super) fn reasons_of(
        &self,
        speaker: &Speaker<'_>,
        refused: &[(DossierId, Refusal)],
    ) -> Result<Vec<BulkRow>, Error> {
        let audience = self.audience(speaker.line);
        let mut reasons = Vec::with_capacity(refused.len());
        for (number, refusal) in refused {
            reasons.push((*number, self.reason(refusal, audience)?));
        }
        let lines: Vec<Ended<'_>> = reasons
            .iter()
            .map(|(number, reason)| Ended {
                number: *number,
                state: "refused",
                reason,
            })
            .collect();
        Ok(rows(&lines))
    }

    /// The first sentence of a refusal, the same for every dossier that is refused for it.
    fn reason(&self, refusal: &Refusal, audience: Audience) -> Result<String, Error> {
        if matches!(refusal, Refusal::UnknownDossier { .. }) {
            return Ok(UNKNOWN.to_owned());
        }
        let text = self.templates.refusal_to(refusal, audience, None)?;
        let first = text.lines().find(|line| !line.trim().is_empty());
        Ok(plain(first.unwrap_or_default()))
    }

    /// Answers with the report of a bulk of the speaker's that is over. False where there is none under `code`.
    pub(super) fn tell_report(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        code: &str,
    ) -> Result<bool, Error> {
        let report: Option<Report> = draft.get(Collection::Bulk, &report_key(code))?;
        let his = report.filter(|report| {
            !report.fates.is_empty() && Some(&report.by) == speaker.email.as_ref()
        });
        let Some(report) = his else {
            return Ok(false);
        };
        if self.all_heard(draft, speaker.line, report.numbers())? {
            self.say_report(draft, speaker, &report)?;
        } else {
            self.aside(draft, speaker, |draft, speaker| {
                self.say_report(draft, speaker, &report)
            })?;
        }
        Ok(true)
    }

    fn say_report(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        report: &Report,
    ) -> Result<(), Error> {
        let audience = self.audience(speaker.line);
        let lines = self.ended(report, audience)?;
        let text = self.words(report, &table(&lines), audience)?;
        self.reply(draft, speaker.line, text);
        Ok(())
    }

    /// Forgets the reports that nobody asks for any more.
    pub(in crate::app) fn sweep_reports(&self, draft: &mut Draft<'_, S>) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Bulk, "report\u{0}", Bound::Unbounded, 1_000)?;
        for (key, value) in rows {
            let report: Report = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Bulk, &error))?;
            if draft.at.duration_since(report.at) > KEPT {
                draft.remove(Collection::Bulk, key);
            }
        }
        Ok(())
    }
}

/// What became of all: what was announced to be refused or to be so already, what was done, what was left.
fn reported(at: Timestamp, run: &Run, plan: &Plan, done: &[(DossierId, &Outcome)]) -> Report {
    let refused = plan.refused.iter().map(|(number, refusal)| {
        let refusal = refusal.clone();
        (*number, Fate::Refused { refusal })
    });
    let already = plan.already.iter().map(|number| (*number, Fate::Already));
    let done = done
        .iter()
        .map(|(number, outcome)| (*number, Fate::from(*outcome)));
    let left = plan.numbers().skip(run.next);
    let left = left.map(|number| (number, Fate::Stopped));
    let mut fates: Vec<(DossierId, Fate)> =
        refused.chain(already).chain(done).chain(left).collect();
    fates.sort_by_key(|(number, _)| *number);
    Report {
        by: run.by.clone(),
        at,
        tag: run.tag.clone(),
        fates,
    }
}

fn table<'a>(lines: &'a [(DossierId, &'static str, String)]) -> Vec<Ended<'a>> {
    let line = |(number, state, reason): &'a (DossierId, &'static str, String)| Ended {
        number: *number,
        state,
        reason,
    };
    lines.iter().map(line).collect()
}

fn say<S: Store>(draft: &mut Draft<'_, S>, line: &Line, post: Post) {
    draft.send(Outgoing {
        to: destination(&line.from, &line.place),
        body: Body::Post(post),
    });
}
