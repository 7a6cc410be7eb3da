//! One typed value: from what somebody wrote to what the order holds.

use jiff::civil::Date;
use serde_json::Value;

use super::date::read_date;
use super::fold::{fold, is_space};
use super::onglet::read_onglet;
use super::selection::whole_number;
use super::spec::{Arg, Kind};
use crate::domain::Topic;

/// Characters of an argument, where its file says nothing.
const WORD: usize = 254;
const TEXT: usize = 10_000;

/// Why a value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// Nothing was written.
    Empty,
    /// It is not what is expected.
    Wrong,
    /// It has more characters than this.
    TooLong(usize),
}

/// What `text`, as a whole, is for `arg`.
pub(super) fn read(arg: &Arg, text: &str, today: Date) -> Result<Value, Bad> {
    let text = clean(text);
    let most = longest(arg);
    if text.is_empty() {
        return Err(Bad::Empty);
    }
    if text.chars().nth(most).is_some() {
        return Err(Bad::TooLong(most));
    }
    of(arg, &text, today).ok_or(Bad::Wrong)
}

/// How many characters `arg` may have.
pub(super) fn longest(arg: &Arg) -> usize {
    arg.max_length.unwrap_or(if arg.rest { TEXT } else { WORD })
}

fn of(arg: &Arg, text: &str, today: Date) -> Option<Value> {
    match arg.kind {
        Kind::Text
        | Kind::Word
        | Kind::Groupe
        | Kind::Annotation
        | Kind::Etiquette
        | Kind::Command => Some(text.into()),
        Kind::Email | Kind::Expert => email(text).map(Value::from),
        Kind::Emails => emails(text).map(Value::from),
        Kind::EmailOrCode if text.contains('@') => email(text).map(Value::from),
        Kind::Code | Kind::EmailOrCode => code(text).map(Value::from),
        Kind::Number | Kind::Demarche => whole_number(text).map(Value::from),
        Kind::Choice => choice(arg, text),
        Kind::Boolean => boolean(text).map(Value::from),
        Kind::Date => read_date(text, today).map(|date| date.to_string().into()),
        Kind::Onglet => serde_json::to_value(read_onglet(text)?).ok(),
        Kind::Colonnes => columns(text).map(Value::from),
        Kind::Sujets => topics(text),
        Kind::Filtre => filter(text).map(|(column, value)| vec![vec![column, value]].into()),
    }
}

/// `text` without blanks around it and without control characters, its lines ended by `\n`.
fn clean(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = unix
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .collect();
    kept.trim_matches(is_space).to_owned()
}

/// The mail address in `text`, which may be in angle brackets or followed by punctuation. This is no RFC 5321 parser:
/// quoted local parts and address literals are refused, nobody types them.
pub(super) fn email(text: &str) -> Option<String> {
    let text = text.trim_matches(|letter: char| {
        is_space(letter) || "<>()[]{},;:.!?`\"'«»“”‘’".contains(letter)
    });
    let text = text.strip_prefix("mailto:").unwrap_or(text).to_lowercase();
    let (local, domain) = text.split_once('@')?;
    let local_fits =
        !local.is_empty() && local.len() <= 64 && local.split('.').all(|part| !part.is_empty());
    let fits = local_fits && local.chars().all(in_local) && domain.split('.').all(is_label);
    (fits && text.len() <= 254).then_some(text)
}

/// RFC 5321 `atext`, and letters beyond ASCII (RFC 6531).
fn in_local(letter: char) -> bool {
    letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter)
}

fn is_label(label: &str) -> bool {
    let fits = (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    fits && label
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '-')
}

/// Every address of `text`, separated by commas, semicolons, blanks or `et`. None if one of them is not an address.
fn emails(text: &str) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for part in text.split(|letter: char| is_space(letter) || matches!(letter, ',' | ';')) {
        if part.is_empty() || fold(part) == "et" {
            continue;
        }
        let address = email(part)?;
        if !found.contains(&address) {
            found.push(address);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// A code, however it was copied: `k7m2-x4`, `` `K7M2 X4` ``.
fn code(text: &str) -> Option<String> {
    let is_frame = |letter: &char| {
        is_space(*letter) || letter.is_ascii_punctuation() || "«»“”‘’–".contains(*letter)
    };
    let code: String = text.chars().filter(|letter| !is_frame(letter)).collect();
    let fits = !code.is_empty() && code.chars().all(|letter| letter.is_ascii_alphanumeric());
    fits.then(|| code.to_ascii_uppercase())
}

fn choice(arg: &Arg, text: &str) -> Option<Value> {
    let folded = fold(text);
    let means = |form: &str| fold(form) == folded;
    let choice = arg
        .choices
        .iter()
        .find(|choice| means(&choice.value) || choice.labels.iter().any(|one| means(one)));
    choice.map(|choice| choice.value.as_str().into())
}

fn boolean(text: &str) -> Option<bool> {
    match fold(text).as_str() {
        "oui" | "o" | "vrai" | "v" | "1" | "true" | "yes" | "y" | "on" | "actif" => Some(true),
        "non" | "n" | "faux" | "f" | "0" | "false" | "no" | "off" | "inactif" => Some(false),
        _ => None,
    }
}

fn columns(text: &str) -> Option<Vec<String>> {
    let columns = text
        .split([',', ';', '\n'])
        .map(|column| column.trim_matches(is_space));
    let columns: Vec<String> = columns
        .filter(|column| !column.is_empty())
        .map(str::to_owned)
        .collect();
    (!columns.is_empty()).then_some(columns)
}

/// The topics of `text`, in the singular or the plural. None if one of them is not known.
fn topics(text: &str) -> Option<Value> {
    let read = |name: &String| {
        let folded = fold(name);
        let named = |name: &str| serde_json::from_value::<Topic>(name.into()).ok();
        named(&folded).or_else(|| named(folded.strip_suffix('s')?))
    };
    let topics: Option<Vec<Topic>> = columns(text)?.iter().map(read).collect();
    serde_json::to_value(topics?).ok()
}

/// What stands between a column and its value, and what is kept of it before the value.
const SIGNS: [(&str, &str); 10] = [
    ("!=", "!="),
    (">=", ">="),
    ("<=", "<="),
    ("≠", "!="),
    ("≥", ">="),
    ("≤", "<="),
    ("=", ""),
    (":", ""),
    (">", ">"),
    ("<", "<"),
];

/// The sign that `text` starts with, as it is kept, and what follows it.
pub(super) fn sign(text: &str) -> Option<(&'static str, &str)> {
    let mut signs = SIGNS.iter();
    signs.find_map(|(sign, kept)| Some((*kept, text.strip_prefix(sign)?)))
}

/// The column and the value of `colonne=valeur` or `colonne:valeur`. Another sign (`>=`, `<`, `!=`…) stays before the value.
pub(super) fn filter(text: &str) -> Option<(String, String)> {
    let (column, kept, rest) = text.char_indices().find_map(|(at, _)| {
        let (column, rest) = text.split_at_checked(at)?;
        let (kept, rest) = sign(rest)?;
        Some((column, kept, rest))
    })?;
    let value = super::quote::free(rest).ok()?;
    let column = column.trim_matches(is_space);
    (!column.is_empty() && !value.is_empty()).then(|| (column.to_owned(), format!("{kept}{value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_among_its_punctuation() {
        for form in [
            "ABF@Culture.example",
            "<abf@culture.example>,",
            "(abf@culture.example).",
            "mailto:abf@culture.example",
        ] {
            assert_eq!(
                email(form).as_deref(),
                Some("abf@culture.example"),
                "{form}"
            );
        }
        assert_eq!(email("ines@ddt").as_deref(), Some("ines@ddt"));
    }

    #[test]
    fn a_filter_keeps_its_sign() {
        for (typed, column, value) in [
            ("commune=Creil", "commune", "Creil"),
            ("commune:\"Val d’Oise\"", "commune", "Val d’Oise"),
            ("depot>=2024-01-01", "depot", ">=2024-01-01"),
            ("surface < 12", "surface", "<12"),
            ("statut!=refuse", "statut", "!=refuse"),
            ("depot=>=2024", "depot", ">=2024"),
            ("heure=12:30", "heure", "12:30"),
        ] {
            let read = filter(typed);
            assert_eq!(read, Some((column.to_owned(), value.to_owned())), "{typed}");
        }
        for wrong in ["commune", "=Creil", "commune=", "!=x", "depot>="] {
            assert_eq!(filter(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_could_break_a_header_is_no_address() {
        for form in [
            "",
            "abf",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b\r\nBcc:x@y",
            "a..b@c",
            "a@-b",
            "a@b..c",
            "a@b,c@d",
        ] {
            assert_eq!(email(form), None, "{form}");
        }
        assert_eq!(email(&format!("{}@b.fr", "a".repeat(65))), None);
    }

    #[test]
    fn several_addresses_are_told_apart_and_counted_once() {
        assert_eq!(
            emails("a@b.fr, C@d.fr;e@f.fr et a@b.fr").expect("reads"),
            ["a@b.fr", "c@d.fr", "e@f.fr"]
        );
        assert_eq!(emails("a@b.fr oui"), None);
    }

    #[test]
    fn a_code_survives_copying() {
        assert_eq!(code("`k7m2-x4`.").as_deref(), Some("K7M2X4"));
        assert_eq!(code("été"), None);
    }

    #[test]
    fn text_keeps_its_lines_and_loses_control_characters() {
        assert_eq!(clean(" a\r\n\u{0}b\u{1b}[31m \n"), "a\nb[31m");
    }

    #[test]
    fn topics_are_named_with_or_without_accent_and_number() {
        assert_eq!(
            topics("Dépôts, avis , messages"),
            Some(serde_json::json!(["depot", "avis", "message"]))
        );
        assert_eq!(topics("dépôt, rien"), None);
        assert_eq!(topics(" , "), None);
    }

    #[test]
    fn booleans_and_filters_are_read() {
        assert_eq!(boolean("Oui"), Some(true));
        assert_eq!(boolean("FAUX"), Some(false));
        assert_eq!(boolean("peut-être"), None);
        assert_eq!(
            filter("département=« Val d’Oise »"),
            Some(("département".to_owned(), "Val d’Oise".to_owned()))
        );
        assert_eq!(filter("département="), None);
    }
}
