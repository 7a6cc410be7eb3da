//! A line of chat: who says it, what it asks, and the answer.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::draft::Draft;
use super::platform::{Acted, Errand};
use super::tally::Measure;
use super::{App, Error};
use crate::command::{Here, Parsed, Right};
use crate::domain::{Command, DossierId, Email, Person, Piece, Refusal};
use crate::message::{Account, Line, Mark, Verdict};
use crate::store::Store;
use crate::template::Answer;

/// Who says a line.
pub(super) struct Speaker<'a> {
    /// The line.
    pub(super) line: &'a Line,
    /// The instructeur (or administrateur) that the account stands for.
    pub(super) email: Option<Email>,
}

impl Speaker<'_> {
    /// The person, for the domain.
    pub(super) fn person(&self) -> Option<Person> {
        self.email.clone().map(Person::Instructeur)
    }
}

/// The network of `greffier command`: its answers go back with the receipt.
pub(super) const SHELL: &str = "shell";
/// Lines of somebody whose account is not linked that are answered.
const STRANGER: Measure = Measure {
    most: 20,
    within: SignedDuration::from_mins(10),
};

/// The network of the terminal.
pub(super) const CONSOLE: &str = "console";
/// An act typed longer ago than that is asked about before it is done: the network, or Greffier, was away meanwhile.
const STALE: SignedDuration = SignedDuration::from_hours(1);

impl<S: Store> App<S> {
    /// Answers a line. What was not done is marked beside its answer, so that it is seen at a glance which lines were.
    pub(super) fn line(
        &self,
        draft: &mut Draft<'_, S>,
        line: &Line,
        typed: Timestamp,
    ) -> Result<(), Error> {
        self.understand(draft, line, typed)?;
        let undone = matches!(
            draft.receipt.verdict,
            Verdict::Refused | Verdict::Misunderstood
        );
        // To a stranger the words are enough.
        if undone && self.linked(draft, &line.from)?.is_some() {
            self.mark(draft, line, Mark::Failed);
        }
        Ok(())
    }

    /// The dossier whose card, or thread, has that id on `network`.
    pub fn dossier_of(
        &self,
        network: &str,
        remote_id: &str,
    ) -> Result<Option<DossierId>, crate::store::Error> {
        let card = self.store.card(network, remote_id)?;
        Ok(card.as_deref().and_then(super::word::dossier_of_card))
    }

    fn understand(
        &self,
        draft: &mut Draft<'_, S>,
        line: &Line,
        typed: Timestamp,
    ) -> Result<(), Error> {
        let speaker = Speaker {
            line,
            email: self.speaker(draft, line)?,
        };
        let dossier = line
            .about
            .as_deref()
            .map(|about| self.dossier_of(&line.from.network, about))
            .transpose()?
            .flatten();
        let today = draft.at.to_zoned_datetime(crate::domain::paris()).date();
        let parsed = self.catalogue.parse(
            &line.text,
            &Here {
                dossier: dossier.map(|number| number.0),
                today,
            },
        );
        if let Err(crate::command::Error::Unknown { nearest, .. }) = &parsed
            && !line.addressed
            && nearest.is_empty()
        {
            // Another program may be meant, or nobody.
            draft.receipt.verdict = Verdict::Ignored;
            return Ok(());
        }
        if speaker.email.is_none() && self.is_tiresome(draft, line)? {
            draft.receipt.verdict = Verdict::Ignored;
            return Ok(());
        }
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                draft.receipt.verdict = Verdict::Misunderstood;
                self.reply(draft, line, error.to_string());
                return Ok(());
            }
        };
        if let Some(answer) = self.barred(&speaker, parsed.spec.right) {
            draft.receipt.verdict = Verdict::Refused;
            return self.answer(draft, &speaker, &answer, None);
        }
        let late = draft.at.duration_since(typed) > STALE;
        if late {
            self.mark(draft, line, Mark::Heard);
        }
        self.obey(draft, &speaker, &parsed, late)
    }

    /// Whether somebody who is nobody here has had answers enough: each takes the place of a message to those who work.
    fn is_tiresome(&self, draft: &mut Draft<'_, S>, line: &Line) -> Result<bool, Error> {
        let Account { network, id } = &line.from;
        if network == SHELL || network == CONSOLE {
            return Ok(false);
        }
        self.too_often(draft, &format!("stranger\u{0}{network}\u{0}{id}"), STRANGER)
    }

    /// Who an account stands for. On the console and in the shell the operator says who he is; elsewhere a link does.
    pub(super) fn speaker(
        &self,
        draft: &Draft<'_, S>,
        line: &Line,
    ) -> Result<Option<Email>, Error> {
        if [SHELL, CONSOLE].contains(&line.from.network.as_str()) && line.from.id.contains('@') {
            return Ok(Some(Email::new(&line.from.id)));
        }
        self.linked(draft, &line.from)
    }

    /// What to answer to somebody who may not use a command of that right.
    fn barred(&self, speaker: &Speaker<'_>, right: Right) -> Option<Answer> {
        let Some(email) = &speaker.email else {
            return (right != Right::Anyone).then_some(Answer::NotLinked);
        };
        let administrateur = self.directory.is_administrateur(email);
        let instructeur = self.groupes_of(email).next().is_some();
        match right {
            Right::Anyone | Right::Linked => None,
            Right::Instructeur if instructeur || administrateur => None,
            Right::Instructeur => {
                let reading = self.unmet();
                Some(if reading.is_empty() {
                    Answer::NoRight
                } else {
                    Answer::NotYetRead { reading }
                })
            }
            Right::Administrateur => (!administrateur).then_some(Answer::AdministrateurOnly),
        }
    }

    fn obey(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        parsed: &Parsed<'_>,
        late: bool,
    ) -> Result<(), Error> {
        let order = order(&parsed.spec.tag, &parsed.values, &speaker.line.files)?;
        if let Some(doubt) = speaker.line.doubt
            && order.binds()
        {
            let answer = Answer::Uncertain {
                doubt: doubt.name().to_owned(),
                typed: speaker.line.text.clone(),
            };
            return self.answer(draft, speaker, &answer, None);
        }
        match order {
            Order::Act(command) => self.order_act(draft, speaker, parsed, *command, late),
            Order::Ask(ask) => self.ask(draft, speaker, parsed, ask),
        }
    }

    fn order_act(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        parsed: &Parsed<'_>,
        command: Command,
        late: bool,
    ) -> Result<(), Error> {
        if parsed.selection.is_empty() {
            return self.answer(draft, speaker, &Answer::WhichDossier, None);
        }
        if command.decision().is_some() && speaker.line.files.len() > 1 {
            return self.refuse(draft, speaker, &Refusal::OneJustificatif);
        }
        let Some(number) = parsed.selection.single().map(DossierId) else {
            let Parsed {
                spec, selection, ..
            } = parsed;
            return self.preview_many(draft, speaker, spec, selection, &command);
        };
        let Some(by) = speaker.person() else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        draft.receipt.dossier = Some(number.0);
        if parsed.spec.confirm || late {
            return self.preview(draft, speaker, number, &parsed.spec.tag, &command);
        }
        let errand = Errand::typed(speaker.line, &parsed.spec.tag);
        match self.perform(draft, number, &by, &[command], &errand)? {
            Ok(Acted::Done(act)) => self.done(draft, speaker, number, &parsed.spec.tag, &act),
            Ok(Acted::Asked) => self.asked(draft, speaker),
            Err(refusal) => self.refuse(draft, speaker, &refusal),
        }
    }
}

/// What a line asks for.
enum Order {
    /// Something to do with a dossier.
    Act(Box<Command>),
    /// Anything else.
    Ask(Ask),
}

impl Order {
    /// Whether somebody answers for it: it needs a line that is certainly his.
    fn binds(&self) -> bool {
        match self {
            Self::Act(_) => true,
            Self::Ask(ask) => ask.binds(),
        }
    }
}

/// The order of that tag, with its values and the files sent with it.
fn order(tag: &str, values: &Map<String, Value>, files: &[Piece]) -> Result<Order, Error> {
    let mut order = values.clone();
    order.insert("do".to_owned(), json!(tag));
    match tag {
        "post" | "request_avis" | "request_correction" => {
            order.insert("pieces".to_owned(), json!(files))
        }
        "accept" | "refuse" | "dismiss" => {
            order.insert("justificatif".to_owned(), json!(files.first()))
        }
        _ => None,
    };
    let order = Value::Object(order);
    match serde_json::from_value::<Command>(order.clone()) {
        Ok(command) => Ok(Order::Act(Box::new(command))),
        Err(not_an_act) => serde_json::from_value(order)
            .map(Order::Ask)
            .map_err(|not_asked| Error::Order {
                tag: tag.to_owned(),
                why: format!("{not_an_act}; {not_asked}"),
            }),
    }
}

/// What a line asks for that is no act.
pub(super) fn asked(tag: &str, values: &Map<String, Value>) -> Option<Ask> {
    match order(tag, values, &[]).ok()? {
        Order::Act(_) => None,
        Order::Ask(ask) => Some(ask),
    }
}

#[cfg(test)]
mod tests {
    use super::order;
    use crate::command::{Catalogue, Here};

    #[test]
    fn every_example_of_every_command_is_an_order() {
        let catalogue = Catalogue::embedded();
        for spec in catalogue.specs() {
            for example in &spec.examples {
                let here = Here {
                    dossier: Some(4807),
                    today: jiff::civil::date(2024, 6, 3),
                };
                let parsed = catalogue.parse(example, &here).unwrap();
                if let Err(error) = order(&parsed.spec.tag, &parsed.values, &[]) {
                    panic!("{example}: {error}");
                }
            }
        }
    }
}
