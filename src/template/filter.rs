//! Filters of the templates: French dates, sizes, counts and names, and text of several lines.

use jiff::civil::DateTime;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::escape::typography;
use super::escape::{self, Form};
use super::{french, word};

/// Characters of a text of several lines that are shown, unless a template asks for more or less.
const SHOWN: usize = 1500;
/// Lines of it that are shown in chat.
const LINES: usize = 40;

/// Makes the filters known.
pub(super) fn add(env: &mut Environment<'_>) {
    env.add_filter("date", date);
    env.add_filter("jour", jour);
    env.add_filter("heure", heure);
    env.add_filter("depuis", depuis);
    env.add_filter("taille", french::taille);
    env.add_filter("pluriel", pluriel);
    env.add_filter("tronque", tronque);
    env.add_filter("majuscule", majuscule);
    env.add_filter("liste", liste);
    env.add_filter("quote", quote);
    env.add_filter("paragraphes", paragraphes);
    env.add_filter("code", code);
    env.add_filter("local", |address: &str| word::local(address).to_owned());
    env.add_filter("statut", word::statut);
    env.add_filter("emoji", word::emoji);
    env.add_filter("decision", word::decision);
    env.add_filter("acte", word::acte);
    env.add_filter("actes", word::actes);
    env.add_filter("de", word::de);
    env.add_filter("nombre", french::nombre);
    env.add_filter("fait", word::fait);
    env.add_filter("onglet", word::onglet);
    env.add_filter("marque", word::marque);
    env.add_filter("motif", word::motif);
    env.add_filter("raison", word::raison);
    // For sentences that are not in a template, whose own text has its spaces already.
    env.add_filter("espaces", |text: &str| typography(text));
}

fn bad(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

fn at(value: &str) -> Result<DateTime, Error> {
    value
        .parse()
        .map(french::france)
        .map_err(|_| bad("not a point in time"))
}

/// `3 juin 2024`.
fn date(value: &str) -> Result<String, Error> {
    at(value).map(french::date)
}

/// `3 juin`.
fn jour(value: &str) -> Result<String, Error> {
    at(value).map(french::day_and_month)
}

/// `10 h 12`.
fn heure(value: &str) -> Result<String, Error> {
    at(value).map(french::heure)
}

/// `il y a 3 jours`, as seen from the `at` of the scene.
fn depuis(state: &State, value: &str) -> Result<String, Error> {
    let now = state
        .lookup("at")
        .ok_or_else(|| bad("`depuis` needs `at`"))?;
    let now = at(now.as_str().unwrap_or_default())?;
    let days = now
        .date()
        .since(at(value)?.date())
        .map_err(|_| bad("not a point in time"))?
        .get_days();
    Ok(match days {
        ..=0 => "aujourd’hui".to_owned(),
        1 => "hier".to_owned(),
        2..=59 => format!("il y a {days}\u{a0}jours"),
        60..=729 => format!("il y a {}\u{a0}mois", days / 30),
        _ => format!("il y a {}\u{a0}ans", days / 365),
    })
}

/// `1 dossier`, `2 dossiers`: in French nought and one are singular. `seul=true` gives the word without the number.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a filter is given its arguments"
)]
fn pluriel(count: &Value, one: &str, many: &str, kwargs: Kwargs) -> Result<String, Error> {
    let count = count.as_i64().ok_or_else(|| bad("not a number"))?;
    let alone: Option<bool> = kwargs.get("seul")?;
    kwargs.assert_all_used()?;
    let word = if count.abs() < 2 { one } else { many };
    Ok(if alone == Some(true) {
        word.to_owned()
    } else {
        format!("{count}\u{a0}{word}")
    })
}

/// The first `max` characters, and an ellipsis where there were more.
fn tronque(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// With a capital letter.
fn majuscule(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(rest).collect()
    })
}

/// `a, b et c`; at most `max` (20), then `et 3 autres`. `mot` stands in the place of `et`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a filter is given its arguments"
)]
fn liste(items: &Value, kwargs: Kwargs) -> Result<String, Error> {
    let max: Option<usize> = kwargs.get("max")?;
    let and: Option<&str> = kwargs.get("mot")?;
    kwargs.assert_all_used()?;
    let items: Vec<String> = items.try_iter()?.map(|item| item.to_string()).collect();
    let max = max.unwrap_or(20).max(1);
    let and = and.unwrap_or("et");
    if items.len() > max + 1 {
        let shown: Vec<_> = items.iter().take(max).cloned().collect();
        return Ok(format!(
            "{} et {} autres",
            shown.join(", "),
            items.len() - max
        ));
    }
    Ok(match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {and} {last}", others.join(", ")),
    })
}

/// The lines of a text that are shown, each harmless.
fn shown(state: &State, text: &str, max: Option<usize>) -> Vec<String> {
    let form = Form::of(state.auto_escape());
    let cut = tronque(text, max.unwrap_or(SHOWN));
    let lines = escape::lines(&cut);
    // A mail has room for all of a text; its characters are counted already. In chat, who wants more of them has more.
    let most = if form == Form::Chat {
        max.map_or(LINES, |max| LINES.max(max / 20))
    } else {
        usize::MAX
    };
    let more = lines.len() > most;
    let mut lines: Vec<String> = lines
        .iter()
        .take(most)
        .map(|line| form.inline(line))
        .collect();
    if more {
        lines.push("…".to_owned());
    }
    lines
}

/// Ends each line that another follows so that `CommonMark` keeps the break.
fn broken(form: Form, lines: &[String], prefix: &str) -> String {
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let followed = lines.get(at + 1);
        out.push_str(prefix);
        out.push_str(line);
        if line.is_empty() {
            out.truncate(out.trim_end_matches(' ').len());
        }
        let Some(next) = followed else { continue };
        if form == Form::Mail && !line.is_empty() && !next.is_empty() {
            out.push('\\');
        }
        out.push('\n');
    }
    out
}

fn safe(state: &State, text: &str, max: Option<usize>, prefix: &str) -> Value {
    let form = Form::of(state.auto_escape());
    let lines = shown(state, text, max);
    let text = match form {
        Form::Html => lines.join("<br>\n"),
        Form::Chat | Form::Mail | Form::Text => broken(form, &lines, prefix),
    };
    Value::from_safe_string(text)
}

/// A text of several lines as a quotation. It needs an empty line before and after.
fn quote(state: &State, text: &str, max: Option<usize>) -> Value {
    safe(state, text, max, "> ")
}

/// A text of several lines, its breaks kept.
fn paragraphes(state: &State, text: &str, max: Option<usize>) -> Value {
    safe(state, text, max, "")
}

/// A value as something to type. In chat and mail it is a code span, where nothing else has a meaning.
fn code(state: &State, value: &Value) -> Result<Value, Error> {
    if matches!(value.kind(), ValueKind::Undefined | ValueKind::None) {
        return Err(bad("nothing to show"));
    }
    let text = escape::line(&value.to_string()).replace('`', "’");
    let text = match Form::of(state.auto_escape()) {
        Form::Chat | Form::Mail if text.is_empty() => String::new(),
        Form::Chat | Form::Mail => format!("`{text}`"),
        Form::Html => escape::html(&text),
        Form::Text => text,
    };
    Ok(Value::from_safe_string(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_france() {
        assert_eq!(
            date("2024-06-01T10:00:00Z").as_deref().ok(),
            Some("1er\u{a0}juin 2024")
        );
        assert_eq!(
            date("2024-12-31T23:30:00Z").as_deref().ok(),
            Some("1er\u{a0}janvier 2025")
        );
        assert_eq!(
            heure("2024-06-03T08:02:00Z").as_deref().ok(),
            Some("10\u{a0}h\u{a0}02")
        );
    }

    #[test]
    fn a_long_list_says_how_many_more() {
        let items = Value::from((1..=5).map(|n| n.to_string()).collect::<Vec<_>>());
        let of = |max: usize| liste(&items, Kwargs::from_iter([("max", Value::from(max))]));
        assert_eq!(of(3).as_deref().ok(), Some("1, 2, 3 et 2 autres"));
        assert_eq!(of(9).as_deref().ok(), Some("1, 2, 3, 4 et 5"));
    }
}
