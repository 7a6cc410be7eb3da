//! An act on a dossier: decided, evolved, worded, put into the draft.

use jiff::Timestamp;

use super::draft::Draft;
use super::{App, Error};
use crate::domain::{
    Command, Demarche, Dossier, DossierId, Effect, Event, Person, Recorded, Refusal, Request, View,
    decide, evolve, react, resumed,
};
use crate::store::{DossierChange, Store};

impl<S: Store> App<S> {
    /// What would come of `commands`, without doing them.
    pub(super) fn try_act(
        &self,
        draft: &Draft<'_, S>,
        number: DossierId,
        by: &Person,
        commands: &[Command],
    ) -> Result<Result<Vec<Recorded>, Refusal>, Error> {
        let unknown = Refusal::UnknownDossier { number };
        let Some(change) = draft.dossier(number)? else {
            return Ok(Err(unknown));
        };
        let Some(demarche) = self.demarche(change.dossier.demarche) else {
            return Ok(Err(unknown));
        };
        let rehearsed = rehearse(&change.dossier, demarche, by, draft.at, commands);
        Ok(rehearsed.map(|(_, act)| act))
    }

    /// Does `commands` in order, all or none, and puts what follows into the draft. No event means that it was so already.
    pub(super) fn act(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        by: &Person,
        commands: &[Command],
    ) -> Result<Result<Vec<Recorded>, Refusal>, Error> {
        let unknown = Refusal::UnknownDossier { number };
        let Some(mut change) = draft.dossier(number)? else {
            return Ok(Err(unknown));
        };
        let Some(demarche) = self.demarche(change.dossier.demarche) else {
            return Ok(Err(unknown));
        };
        let (mut dossier, mut act) =
            match rehearse(&change.dossier, demarche, by, draft.at, commands) {
                Ok(outcome) => outcome,
                Err(refusal) => return Ok(Err(refusal)),
            };
        if draft.again {
            // A mail that this would have unsaid has left in this very moment.
            act.retain(|recorded| !matches!(recorded.event, Event::MessageWithdrawn { .. }));
            dossier = act.iter().fold(change.dossier.clone(), after);
        }
        if act.is_empty() {
            return Ok(Ok(act));
        }
        change.events.extend(act.iter().cloned());
        let view = View::of(&dossier, demarche);
        draft.change(DossierChange {
            dossier: dossier.clone(),
            view,
            ..change
        });
        // What follows by itself is said as such; the card is shown once.
        let (own, followed): (Vec<Recorded>, Vec<Recorded>) =
            act.iter().cloned().partition(|recorded| recorded.by == *by);
        let said = react(&dossier, demarche, &own);
        for effect in &said {
            self.word(draft, &dossier, demarche, by, effect)?;
        }
        let again = |effect: &Effect| *effect == Effect::Card && said.contains(&Effect::Card);
        for effect in react(&dossier, demarche, &followed) {
            if !again(&effect) {
                self.word(draft, &dossier, demarche, &Person::Greffier, &effect)?;
            }
        }
        Ok(Ok(act))
    }
}

/// What would come of an order.
pub(super) struct Prepared {
    /// What is to be done, in order.
    pub(super) commands: Vec<Command>,
    /// The dossier after it.
    pub(super) after: Dossier,
    /// What would happen; nothing where it is so already.
    pub(super) act: Vec<Recorded>,
    /// Whether a second person must confirm it.
    pub(super) second: bool,
}

impl Prepared {
    /// Whether the dossier passes en instruction first.
    pub(super) fn chained(&self) -> bool {
        self.commands.len() > 1
    }
}

/// Tries `command` in thought: a decision of a dossier en construction chains the two acts.
pub(super) fn prepare(
    dossier: &Dossier,
    demarche: &Demarche,
    by: &Person,
    at: Timestamp,
    command: &Command,
) -> Result<Prepared, Refusal> {
    let mut commands = vec![command.clone()];
    let mut outcome = rehearse(dossier, demarche, by, at, &commands);
    if matches!(outcome, Err(Refusal::NotInstructed { .. })) {
        commands.insert(0, Command::PassToInstruction);
        outcome = rehearse(dossier, demarche, by, at, &commands);
    }
    let second = matches!(outcome, Err(Refusal::SecondNeeded));
    if second {
        let alone = Demarche {
            four_eyes: false,
            ..demarche.clone()
        };
        outcome = rehearse(dossier, &alone, by, at, &commands);
    }
    let (after, act) = outcome?;
    Ok(Prepared {
        commands,
        after,
        act,
        second,
    })
}

/// What `commands` would do, without doing it: the state after them, and what happened.
pub(super) fn rehearse(
    dossier: &Dossier,
    demarche: &Demarche,
    by: &Person,
    at: Timestamp,
    commands: &[Command],
) -> Result<(Dossier, Vec<Recorded>), Refusal> {
    let mut state = dossier.clone();
    let mut act = Vec::new();
    for command in commands {
        let request = Request {
            by: by.clone(),
            at,
            command: command.clone(),
        };
        let before = act.len();
        for event in decide(&state, demarche, &request)? {
            let recorded = Recorded {
                at,
                by: by.clone(),
                event,
            };
            state = after(state, &recorded);
            act.push(recorded);
        }
        if act.len() > before
            && let Some(recorded) = resumed(&state, demarche, at)
        {
            state = after(state, &recorded);
            act.push(recorded);
        }
    }
    Ok((state, act))
}

/// `dossier` after what happened to it.
fn after(dossier: Dossier, recorded: &Recorded) -> Dossier {
    evolve(Some(dossier.clone()), recorded).unwrap_or(dossier)
}
