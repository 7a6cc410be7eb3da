//! What to say of a line that cannot be read.

use super::{Problem, Reader};
use crate::command::error::{Error, Hint, absent, described, wanted};
use crate::command::fold::{fold, is_space};
use crate::command::names::nearest;
use crate::command::quote::{Unclosed, quoted};
use crate::command::selection::{Joined, Nonsense, list};
use crate::command::spec::{Arg, Takes};
use crate::command::value::Bad;
use crate::command::words::{extent, option_name, word};

impl Reader<'_, '_> {
    pub(super) fn wrong(&self, arg: &Arg, text: &str, problem: Problem) -> Error {
        match problem {
            Problem::Unclosed(unclosed) => self.unclosed(unclosed),
            Problem::Bad(Bad::Empty) => Error::MissingArgument {
                what: absent(arg),
                hint: self.hint(),
            },
            Problem::Bad(Bad::TooLong(most)) => Error::TooLong {
                what: described(arg),
                most,
                hint: self.hint(),
            },
            Problem::Bad(Bad::Wrong) => self.bad(word(text).0, &wanted(arg)),
        }
    }

    /// What to say of a text that begins with `name=` and no blank after it, which somebody would read as it stands. Text
    /// has capitals; an option has none.
    pub(super) fn stray(&self, name: &str, after: &str) -> Option<Error> {
        let known = self.known();
        let near = nearest(name, &known);
        let typed = name.chars().all(|letter| !letter.is_uppercase()) && name.chars().count() > 1;
        let joined = after.chars().next().is_some_and(|next| !is_space(next));
        (joined && (typed || !near.is_empty())).then(|| Error::StrayOption {
            name: name.to_owned(),
            near,
            known,
            hint: self.hint(),
        })
    }

    /// What to say of a text that ends with an option of the command, which would be sent with it and not obeyed: an avis asked
    /// with `confidentiel=oui` after the text would not be confidentiel.
    pub(super) fn late(&self, text: &str) -> Option<Error> {
        let text = text.trim_matches(is_space);
        // What stands in quotes is meant as it stands.
        let whole = |(_, after): (String, &str)| after.trim_matches(is_space).is_empty();
        if quoted(text).ok()?.is_some_and(whole) {
            return None;
        }
        let blanks = text.char_indices().filter(|(_, letter)| is_space(*letter));
        let mut ends = blanks.filter_map(|(at, blank)| text.get(at + blank.len_utf8()..));
        let options = ends.find(|end| self.is_options(end))?;
        Some(Error::LateOption {
            option: options.to_owned(),
            hint: Hint::of(self.spec, true),
        })
    }

    /// Whether `text` is nothing but options of the command, each with a value that it takes.
    fn is_options(&self, text: &str) -> bool {
        let mut rest = text;
        while let Some((name, value)) = option_name(rest) {
            let name = fold(name);
            let mut options = self.spec.options();
            let arg = options.find(|arg| fold(&arg.name) == name);
            let Some(Ok((_, after))) = arg.map(|arg| extent(arg, value, self.here.today)) else {
                return false;
            };
            rest = after.trim_start_matches(is_space);
            if rest.is_empty() {
                return true;
            }
        }
        false
    }

    pub(super) fn bad(&self, given: &str, wanted: &str) -> Error {
        Error::BadValue {
            given: given.to_owned(),
            wanted: wanted.to_owned(),
            hint: self.hint(),
        }
    }

    pub(super) fn nonsense(&self, nonsense: &Nonsense) -> Error {
        self.bad(
            &nonsense.0,
            "j’attends un numéro de dossier, ou deux dans l’ordre, comme 4807-4812",
        )
    }

    pub(super) fn unclosed(&self, unclosed: Unclosed) -> Error {
        Error::Unclosed {
            mark: unclosed.0,
            hint: self.hint(),
        }
    }

    pub(super) fn hint(&self) -> Hint {
        Hint::of(self.spec, word(self.rest).0.contains('='))
    }

    pub(super) fn too_many(&self) -> Error {
        let another = matches!(list(self.rest, Joined::Single), Ok(Some(_)));
        if another && matches!(self.spec.selection, Takes::Optional | Takes::One) {
            return Error::OneDossier { hint: self.hint() };
        }
        Error::TooMany {
            extra: self.rest.to_owned(),
            hint: self.hint(),
        }
    }
}
