//! What may be typed next: command names, choices, numbers of dossiers.

pub mod offer;

use std::sync::{Arc, OnceLock};

use crate::app::{App, Desk};
use crate::channel::console::{Suggest, Suggestion};
use crate::command::{Completion, Expecting};
use crate::domain::Email;
use crate::store::Store;

/// Asks the middle, once there is one.
#[derive(Default)]
pub struct Suggestions {
    ask: OnceLock<Ask>,
}

/// Completion of the part of a line before the cursor, for somebody.
type Ask = Box<dyn Fn(&str, &str) -> Vec<Suggestion> + Send + Sync>;

impl Suggestions {
    /// From now on suggestions come from the middle at `desk`.
    pub fn from_desk<S: Store>(&self, desk: &Arc<Desk<S>>) {
        let desk = Arc::clone(desk);
        // Only the first middle counts: there is one in a process.
        let _second = self
            .ask
            .set(Box::new(move |typed, who| suggest(&desk.app(), typed, who)));
    }
}

impl Suggest for Suggestions {
    fn suggest(&self, line: &str, position: usize, who: &str) -> Vec<Suggestion> {
        let typed = line.get(..position).unwrap_or(line);
        self.ask
            .get()
            .map(|ask| ask(typed, who))
            .unwrap_or_default()
    }
}

fn suggest<S: Store>(app: &App<S>, typed: &str, who: &str) -> Vec<Suggestion> {
    let Completion {
        start,
        candidates,
        expecting,
    } = app.catalogue.complete(typed);
    let mut suggestions: Vec<Suggestion> = candidates
        .into_iter()
        .map(|candidate| Suggestion {
            start,
            insert: candidate.insert,
            help: candidate.help,
        })
        .collect();
    if expecting == Some(Expecting::Dossier) {
        let begun = typed.get(start..).unwrap_or_default();
        let numbers = app.near(&Email::new(who)).unwrap_or_default().into_iter();
        let fitting = numbers
            .map(|(number, what)| (number.to_string(), what))
            .filter(|(number, _)| number.starts_with(begun));
        suggestions.extend(fitting.map(|(insert, help)| Suggestion {
            start,
            insert,
            help,
        }));
    }
    for suggestion in &mut suggestions {
        // One goes on to the next word, but for `nom=`, which wants its value.
        if !suggestion.insert.ends_with(['=', ' ']) {
            suggestion.insert.push(' ');
        }
    }
    suggestions
}
