//! What may come next in a line that is being typed.

use super::Catalogue;
use super::fold::{fold, is_space};
use super::parse::past_prefix;
use super::quote::quote;
use super::selection::{Joined, list};
use super::spec::{Arg, Kind, Spec, Takes};
use super::words::{extent, option_name, word};
use crate::domain::Onglet;

/// Candidates given at once: what Discord shows.
const MOST: usize = 25;

/// Something that could be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What to put in place of what is typed from [`Completion::start`].
    pub insert: String,
    /// What it is, in French. May be empty.
    pub help: String,
}

/// What only the ledger and the démarche know, and the caller completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expecting {
    /// The number of a dossier.
    Dossier,
    /// The number of a démarche.
    Demarche,
    /// The address of an expert.
    Expert,
    /// The address of an instructeur or of anybody.
    Email,
    /// The name of a groupe.
    Groupe,
    /// The name of an annotation.
    Annotation,
    /// An étiquette.
    Etiquette,
    /// The name of a column.
    Colonne,
    /// A code that Greffier gave.
    Code,
}

/// What may come next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// Where, in bytes of the line, what a candidate replaces begins. It ends with the line.
    pub start: usize,
    /// At most 25, the best first.
    pub candidates: Vec<Candidate>,
    /// What the caller could add.
    pub expecting: Option<Expecting>,
}

impl Catalogue {
    /// What may follow `typed`, a line cut where the cursor is.
    pub fn complete(&self, typed: &str) -> Completion {
        if typed.len() > super::LONGEST_LINE {
            return Completion::default();
        }
        let line = past_prefix(typed);
        let begins = typed.len() - line.len();
        let mut completion = match self.find(line) {
            Ok((spec, rest)) if rest.starts_with(is_space) => {
                self.after_name(spec, line, rest, typed.len())
            }
            Ok(_) | Err(_) => self.names_from(line, begins),
        };
        completion.candidates.truncate(MOST);
        completion
    }

    fn names_from(&self, line: &str, start: usize) -> Completion {
        let folded = fold(line);
        let fits = |name: &&String| fold(name).starts_with(&folded);
        let mut candidates = Vec::new();
        for spec in &self.specs {
            let name = std::iter::once(&spec.name).chain(&spec.aliases).find(fits);
            candidates.extend(name.map(|name| Candidate {
                insert: name.clone(),
                help: spec.help.clone(),
            }));
        }
        Completion {
            start,
            candidates,
            expecting: None,
        }
    }

    fn after_name(&self, spec: &Spec, line: &str, rest: &str, length: usize) -> Completion {
        let (mut completion, fresh) = after_name(spec, rest, length);
        if fresh
            && !self
                .under(line.get(..line.len() - rest.len()).unwrap_or_default())
                .is_empty()
        {
            let mut names = self.names_from(line, length - line.len());
            names
                .candidates
                .retain(|candidate| candidate.insert.len() > line.trim_end().len());
            // The second word of a name replaces from the first, numbers and options from the last.
            if !names.candidates.is_empty() && completion.candidates.is_empty() {
                names.expecting = completion.expecting;
                completion = names;
            }
        }
        self.commands(spec, &mut completion, rest.trim_start_matches(is_space));
        completion
    }

    /// Completes the name that `aide` takes.
    fn commands(&self, spec: &Spec, completion: &mut Completion, rest: &str) {
        if spec.args.iter().any(|arg| arg.kind == Kind::Command) {
            let start = completion.start;
            *completion = self.names_from(rest, start);
        }
    }
}

/// What may follow the name of `spec`, and whether nothing but one unfinished word follows it yet.
fn after_name(spec: &Spec, rest: &str, length: usize) -> (Completion, bool) {
    let mut left: Vec<&Arg> = spec.positional().collect();
    let mut needs = spec.selection != Takes::None;
    let mut rest = rest.trim_start_matches(is_space);
    let whole = rest;
    while let Some(after) = past_one(spec, &mut left, &mut needs, rest) {
        rest = after;
    }
    let fresh = rest.len() == whole.len();
    let mut completion = Completion {
        start: length - rest.len(),
        ..Completion::default()
    };
    if let Some((name, after)) = option_name(rest) {
        if let Some(arg) = spec.args.iter().find(|arg| fold(&arg.name) == fold(name)) {
            completion.start = length - after.len();
            offer(&mut completion, arg, after);
        } else if fold(name) == "onglet" && spec.selection.many() {
            completion.start = length - after.len();
            onglets(&mut completion, after);
        }
        return (completion, fresh);
    }
    let waits = match spec.selection {
        Takes::Optional => left.iter().any(|arg| arg.required),
        // What it does without dossiers is likely what is wanted.
        Takes::Any => !left.is_empty(),
        Takes::None | Takes::One | Takes::Many => false,
    };
    if needs && !waits {
        completion.expecting = Some(Expecting::Dossier);
    } else if let Some(next) = left.first() {
        offer(&mut completion, next, rest);
    }
    option_names(&mut completion, spec, rest);
    (completion, fresh)
}

/// What follows the next complete thing in `rest`: an option, the dossiers, an argument. None if it is not complete.
fn past_one<'b>(
    spec: &Spec,
    left: &mut Vec<&Arg>,
    needs: &mut bool,
    rest: &'b str,
) -> Option<&'b str> {
    let (first, after) = word(rest);
    let today = jiff::civil::Date::default();
    if first.is_empty() || after.is_empty() {
        return None;
    }
    let follows = |after: &'b str| {
        after
            .starts_with(is_space)
            .then(|| after.trim_start_matches(is_space))
    };
    if let Some((name, value)) = option_name(rest) {
        let arg = spec.args.iter().find(|arg| fold(&arg.name) == fold(name))?;
        left.retain(|other| other.name != arg.name);
        return follows(extent(arg, value, today).ok()?.1);
    }
    let joined = if spec.selection.many() {
        Joined::Marked
    } else {
        Joined::Single
    };
    if let (true, Ok(Some(found))) = (*needs, list(rest, joined)) {
        *needs = false;
        return (found.rest.len() < rest.len()).then_some(found.rest);
    }
    let next = *left.first()?;
    if next.rest {
        return None;
    }
    let (_, after) = extent(next, rest, today).ok()?;
    left.remove(0);
    follows(after)
}

fn offer(completion: &mut Completion, arg: &Arg, typed: &str) {
    completion.expecting = match arg.kind {
        Kind::Email | Kind::EmailOrCode => Some(Expecting::Email),
        Kind::Emails | Kind::Expert => Some(Expecting::Expert),
        Kind::Code => Some(Expecting::Code),
        Kind::Demarche => Some(Expecting::Demarche),
        Kind::Groupe => Some(Expecting::Groupe),
        Kind::Annotation => Some(Expecting::Annotation),
        Kind::Etiquette => Some(Expecting::Etiquette),
        Kind::Colonnes | Kind::Filtre => Some(Expecting::Colonne),
        Kind::Text
        | Kind::Word
        | Kind::Number
        | Kind::Choice
        | Kind::Boolean
        | Kind::Date
        | Kind::Onglet
        | Kind::Sujets
        | Kind::Command => None,
    };
    match arg.kind {
        Kind::Choice => {
            let labels = arg.choices.iter().map(super::spec::Choice::label);
            labelled(completion, labels, arg.option, typed);
        }
        Kind::Boolean => labelled(completion, ["oui", "non"].into_iter(), false, typed),
        Kind::Onglet => onglets(completion, typed),
        _ => {}
    }
}

fn onglets(completion: &mut Completion, typed: &str) {
    labelled(
        completion,
        Onglet::ALL.into_iter().map(Onglet::libelle),
        true,
        typed,
    );
}

fn labelled<'a>(
    completion: &mut Completion,
    labels: impl Iterator<Item = &'a str>,
    quoted: bool,
    typed: &str,
) {
    let folded = fold(typed);
    let fitting = labels.filter(|label| fold(label).starts_with(&folded));
    completion.candidates.extend(fitting.map(|label| {
        let insert = if quoted && label.contains(' ') {
            quote(label)
        } else {
            label.to_owned()
        };
        Candidate {
            insert,
            help: String::new(),
        }
    }));
}

fn option_names(completion: &mut Completion, spec: &Spec, typed: &str) {
    let folded = fold(typed);
    for arg in spec
        .options()
        .filter(|arg| fold(&arg.name).starts_with(&folded))
    {
        completion.candidates.push(Candidate {
            insert: format!("{}=", arg.name),
            help: arg.help.clone(),
        });
    }
}
