//! What a line lacks that its author can be asked for, and the line that his answers make.

use super::Catalogue;
use super::parse::Here;
use super::quote::quote;
use super::spec::{Arg, Kind, Spec, Takes};

/// Questions of one form: what Discord shows.
const MOST: usize = 5;

/// What is to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Form<'a> {
    /// The command.
    pub spec: &'a Spec,
    /// Whether the dossiers are missing as well.
    pub dossiers: bool,
    /// The arguments, at most five with the dossiers.
    pub asks: Vec<&'a Arg>,
}

impl Catalogue {
    /// The command that `line` names.
    pub fn of_line(&self, line: &str) -> Option<&Spec> {
        self.find(super::parse::without_prefix(line))
            .ok()
            .map(|(spec, _)| spec)
    }

    /// What to ask before `line` is obeyed: its text, where that is missing and the command cannot do without, or decides;
    /// and with it what else is missing. None where there is nothing to ask, or where something in it is wrong.
    pub fn form(&self, line: &str, here: &Here) -> Option<Form<'_>> {
        let begun = self.begun(line, here)?;
        let spec = begun.spec;
        let missing = |arg: &&Arg| !begun.values.contains_key(&arg.key) && arg.default.is_none();
        let text = spec
            .args
            .iter()
            .find(|arg| arg.rest && arg.kind == Kind::Text)
            .filter(missing)?;
        if !text.required && !spec.confirm {
            return None;
        }
        let selects = matches!(spec.selection, Takes::One | Takes::Many);
        let dossiers = selects && begun.selection.is_empty() && here.dossier.is_none();
        let needed = spec.args.iter().filter(|arg| arg.required && !arg.rest);
        let beside = spec
            .args
            .iter()
            .filter(|arg| !arg.required && !arg.rest && arg.kind == Kind::Text);
        let asks = needed
            .filter(missing)
            .chain([text])
            .chain(beside.filter(missing))
            .take(MOST - usize::from(dossiers));
        Some(Form {
            spec,
            dossiers,
            asks: asks.collect(),
        })
    }

    /// `line` with `values` by name, those that are empty left out. A text that takes all the rest comes last.
    pub fn compose(&self, line: &str, values: &[(String, String)]) -> String {
        let rest = self
            .of_line(line)
            .and_then(|spec| spec.args.iter().find(|arg| arg.rest));
        let is_rest = |name: &str| rest.is_some_and(|arg| arg.name == name);
        let mut composed = line.trim_end().to_owned();
        let (last, first): (Vec<_>, Vec<_>) = values
            .iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .partition(|(name, _)| is_rest(name));
        for (name, value) in first.into_iter().chain(last) {
            composed.push(' ');
            composed.push_str(name);
            composed.push('=');
            composed.push_str(&quote(value));
        }
        composed
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn here(dossier: Option<u64>) -> Here {
        Here {
            dossier,
            today: date(2024, 6, 3),
        }
    }

    fn asked(line: &str, dossier: Option<u64>) -> Option<(bool, Vec<String>)> {
        let catalogue = Catalogue::embedded();
        let form = catalogue.form(line, &here(dossier))?;
        let names = form.asks.iter().map(|arg| arg.name.clone());
        Some((form.dossiers, names.collect()))
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_text_that_is_missing_is_asked_for() {
        assert_eq!(
            asked("message 4807", None),
            Some((false, names(&["texte"])))
        );
        assert_eq!(asked("message", None), Some((true, names(&["texte"]))));
        assert_eq!(
            asked("message", Some(4807)),
            Some((false, names(&["texte"])))
        );
        assert_eq!(asked("message 4807 Bonjour", None), None);
        assert_eq!(
            asked("avis demander 4807", None),
            Some((false, names(&["experts", "texte", "question"])))
        );
        assert_eq!(
            asked(
                "avis-demander dossiers=\"4807\" experts=\"abf@culture.example\"",
                None
            ),
            Some((false, names(&["texte", "question"])))
        );
    }

    #[test]
    fn a_decision_asks_for_its_reasons_and_a_glance_for_nothing() {
        assert_eq!(
            asked("accepter 4807", None),
            Some((false, names(&["motivation"])))
        );
        for line in ["dossier 4807", "suivre 4807", "aide", "statut", "nimporte"] {
            assert_eq!(asked(line, None), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_composed_is_read_back(text in "\\PC{1,60}(\n\\PC{0,20})?", number in 1u64..100_000) {
            prop_assume!(!text.trim().is_empty());
            let catalogue = Catalogue::embedded();
            let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let line = catalogue.compose(
                "message",
                &[value("texte", &text), value("dossiers", &number.to_string()), value("x", " ")],
            );
            let parsed = catalogue.parse(&line, &here(None)).unwrap();
            prop_assert_eq!(parsed.selection.single(), Some(number));
            let plain = catalogue.parse(&format!("message {number} {}", super::quote(&text)), &here(None)).unwrap();
            prop_assert_eq!(parsed.values, plain.values);
        }
    }
}
