//! Filters as people type them: what a column must hold. Different columns must all fit; of several values of one column
//! one is enough, as on the platform; comparisons and exclusions must all fit.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

use crate::command::read_date;
use crate::domain::column::{Column, Holds, Named, column, columns};
use crate::domain::query::{Test, Want};
use crate::domain::{Demarche, fold, paris};
use crate::template::Answer;

/// The column of `demarche` that `name` means.
#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
pub(in crate::app) fn named(demarche: &Demarche, name: &str) -> Result<Named, Answer> {
    column(demarche, name).ok_or_else(|| {
        let known: Vec<String> = columns(demarche)
            .into_iter()
            .map(|named| named.label)
            .collect();
        Answer::UnknownColumn {
            name: name.to_owned(),
            near: crate::command::nearest(name, &known),
            known,
        }
    })
}

/// The column that a filter is about, where its value can be compared with what that holds.
#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
pub(in crate::app) fn filtered(
    demarche: &Demarche,
    name: &str,
    value: &str,
    at: Timestamp,
) -> Result<Named, Answer> {
    let today = at.to_zoned_datetime(paris()).date();
    let mut tests = Vec::new();
    let named = named(demarche, name)?;
    match add(&mut tests, demarche, &named.column, value, today) {
        Ok(()) => Ok(named),
        Err(expected) => Err(bad(demarche, named, value, expected)),
    }
}

/// What `filter` wants of dossiers of `demarche`.
#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
pub(in crate::app) fn tests(
    demarche: &Demarche,
    filter: &[(String, String)],
    at: Timestamp,
) -> Result<Vec<Test>, Answer> {
    let today = at.to_zoned_datetime(paris()).date();
    let mut tests = Vec::new();
    for (name, value) in filter {
        let named = named(demarche, name)?;
        if let Err(expected) = add(&mut tests, demarche, &named.column, value, today) {
            return Err(bad(demarche, named, value, expected));
        }
    }
    Ok(tests)
}

/// What to say of a value that cannot be compared.
pub(super) fn bad(demarche: &Demarche, named: Named, value: &str, expected: &str) -> Answer {
    let choices = named.column.options(demarche);
    Answer::BadFilter {
        near: crate::command::nearest(signed(value).1, &choices),
        choices,
        column: named.label,
        value: value.to_owned(),
        expected: expected.to_owned(),
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The sign before a value, and the value.
fn signed(value: &str) -> (Sign, &str) {
    const SIGNS: [(&str, Sign); 10] = [
        (">=", Sign::GreaterOrEqual),
        ("≥", Sign::GreaterOrEqual),
        ("<=", Sign::LessOrEqual),
        ("≤", Sign::LessOrEqual),
        ("!=", Sign::Unequal),
        ("≠", Sign::Unequal),
        (">", Sign::Greater),
        ("<", Sign::Less),
        ("!", Sign::Unequal),
        ("=", Sign::Equal),
    ];
    let value = value.trim();
    SIGNS
        .iter()
        .find_map(|(sign, means)| Some((*means, value.strip_prefix(sign)?.trim())))
        .unwrap_or((Sign::Equal, value))
}

/// Adds what `value` says of a column to `tests`. The error is what was expected: `number`, `day`, `text` or `choice`.
pub(super) fn add(
    tests: &mut Vec<Test>,
    demarche: &Demarche,
    column: &Column,
    value: &str,
    today: Date,
) -> Result<(), &'static str> {
    let (sign, value) = signed(value);
    let want = match column.holds(demarche) {
        Holds::Text | Holds::Choice => {
            if !matches!(sign, Sign::Equal | Sign::Unequal) {
                return Err("text");
            }
            words(demarche, column, value).ok_or("choice")?
        }
        Holds::Number => compared(sign, value, &number).ok_or("number")?,
        Holds::Day => compared(sign, value, &|text| days(text, today)).ok_or("day")?,
        Holds::Moment => compared(sign, value, &|text| moments(text, today)).ok_or("day")?,
    };
    let place = tests.iter().position(|test| test.column == *column);
    let test = if let Some(test) = place.and_then(|place| tests.get_mut(place)) {
        test
    } else {
        tests.push(Test::of(column.clone()));
        match tests.last_mut() {
            Some(test) => test,
            None => return Ok(()),
        }
    };
    match sign {
        Sign::Equal => test.any.push(want),
        Sign::Unequal => test.none.push(want),
        _ => test.all.push(want),
    }
    Ok(())
}

/// One of the known values, or any text in which this stands. Where all values are known it must stand in one of them.
fn words(demarche: &Demarche, column: &Column, value: &str) -> Option<Want> {
    // Who follows is known by what stands before the `@`, as it is shown.
    let value = match value.split_once('@') {
        Some((local, _)) if *column == Column::Suivi => local,
        _ => value,
    };
    let folded = fold(value);
    let options = column.options(demarche);
    if options.iter().any(|option| fold(option) == folded) {
        return Some(Want::Is(folded));
    }
    let known = options.is_empty() || options.iter().any(|option| fold(option).contains(&folded));
    known.then_some(Want::Has(folded))
}

/// What a comparison with `text` wants. `read` gives the first and the last number that a text may mean: a month means
/// all of its days.
fn compared(sign: Sign, text: &str, read: &dyn Fn(&str) -> Option<(f64, f64)>) -> Option<Want> {
    let ends = text.split_once("..").or_else(|| text.split_once('…'));
    if let Some((from, to)) = ends
        && matches!(sign, Sign::Equal | Sign::Unequal)
    {
        // An end that is there and says nothing makes the whole say nothing.
        let end = |text: &str| match text.trim() {
            "" => Ok(None),
            text => read(text).map(Some).ok_or(()),
        };
        let (from, to) = (end(from).ok()?, end(to).ok()?);
        if from.is_none() && to.is_none() {
            return None;
        }
        return Some(Want::Between(
            from.map(|(first, _)| first),
            to.map(|(_, last)| last),
        ));
    }
    let (first, last) = read(text)?;
    Some(match sign {
        Sign::Equal | Sign::Unequal => Want::Between(Some(first), Some(last)),
        Sign::Less => Want::Between(None, Some(first.next_down())),
        Sign::LessOrEqual => Want::Between(None, Some(last)),
        Sign::Greater => Want::Between(Some(last.next_up()), None),
        Sign::GreaterOrEqual => Want::Between(Some(first), None),
    })
}

/// `1 500,50 €`.
fn number(text: &str) -> Option<(f64, f64)> {
    let text = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let plain: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '\u{202f}')
        .map(|letter| if letter == ',' { '.' } else { letter })
        .collect();
    let number: f64 = plain.parse().ok()?;
    number.is_finite().then_some((number, number))
}

/// A day, a month (`05/2024`, `2024-05`) or a year.
fn period(text: &str, today: Date) -> Option<(Date, Date)> {
    if let Some(day) = read_date(text, today) {
        return Some((day, day));
    }
    let parts: Vec<&str> = text.trim().split(['/', '-', '.']).collect();
    let year = |text: &str| (text.len() == 4).then(|| text.parse::<i16>().ok())?;
    match parts.as_slice() {
        [only] => {
            let year = year(only)?;
            Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
        }
        [one, other] => {
            let (year, month) = match (year(one), year(other)) {
                (Some(year), None) => (year, other),
                (None, Some(year)) => (year, one),
                _ => return None,
            };
            let first = Date::new(year, month.parse().ok()?, 1).ok()?;
            Some((first, first.last_of_month()))
        }
        _ => None,
    }
}

/// Days as rows count them.
fn days(text: &str, today: Date) -> Option<(f64, f64)> {
    let (first, last) = period(text, today)?;
    let counted = |day: Date| Some(f64::from(date(1970, 1, 1).until(day).ok()?.get_days()));
    Some((counted(first)?, counted(last)?))
}

/// Seconds of the days, as they are in France.
fn moments(text: &str, today: Date) -> Option<(f64, f64)> {
    let (first, last) = period(text, today)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds, exact for ages")]
    let begins =
        |day: Date| Some(day.to_zoned_datetime(paris()).ok()?.timestamp().as_second() as f64);
    let after = last.checked_add(1.day()).ok()?;
    Some((begins(first)?, begins(after)? - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples;

    fn today() -> Date {
        date(2024, 6, 3)
    }

    #[test]
    fn a_value_is_compared_as_its_sign_says() {
        let demarche = samples::demarche(&samples::Texts::default());
        let surface = named(&demarche, "surface").unwrap().column;
        let mut tests = Vec::new();
        for value in [">=100", "< 1 500,5 m²", "10..20", "30", "!=12"] {
            add(&mut tests, &demarche, &surface, value, today()).unwrap();
        }
        let [test] = tests.as_slice() else {
            panic!("one column, one test: {tests:?}");
        };
        assert_eq!(
            test.any,
            [
                Want::Between(Some(10.0), Some(20.0)),
                Want::Between(Some(30.0), Some(30.0))
            ]
        );
        assert_eq!(
            test.all,
            [
                Want::Between(Some(100.0), None),
                Want::Between(None, Some(1500.5_f64.next_down()))
            ]
        );
        assert_eq!(test.none, [Want::Between(Some(12.0), Some(12.0))]);
        for wrong in ["beaucoup", "..", "1..x", ">="] {
            let refused = add(&mut Vec::new(), &demarche, &surface, wrong, today());
            assert_eq!(refused, Err("number"), "{wrong}");
        }
    }

    #[test]
    fn a_month_and_a_year_mean_all_of_their_days() {
        let of = |text| period(text, today());
        let days = |from, to| Some((from, to));
        assert_eq!(of("02/2024"), days(date(2024, 2, 1), date(2024, 2, 29)));
        assert_eq!(of("2024-02"), of("02/2024"));
        assert_eq!(of("2023"), days(date(2023, 1, 1), date(2023, 12, 31)));
        assert_eq!(of("hier"), days(date(2024, 6, 2), date(2024, 6, 2)));
        for wrong in ["13/2024", "20240", "demain matin", "1/2/3/4"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_begins_and_ends_in_france() {
        let (first, last) = moments("2024-06-03", today()).unwrap();
        let begins: jiff::Timestamp = "2024-06-02T22:00:00Z".parse().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "seconds, exact for ages")]
        let begins = begins.as_second() as f64;
        assert_eq!((first, last), (begins, begins + 86_399.0));
    }

    #[test]
    fn a_known_value_is_meant_as_a_whole() {
        let demarche = samples::demarche(&samples::Texts::default());
        assert_eq!(
            words(&demarche, &Column::Statut, "Refusé"),
            Some(Want::Is("refuse".to_owned()))
        );
        assert_eq!(
            words(&demarche, &Column::Statut, "en"),
            Some(Want::Has("en".to_owned()))
        );
        assert_eq!(words(&demarche, &Column::Statut, "trucmuche"), None);
        assert_eq!(
            words(&demarche, &Column::Suivi, "ines.roux@ddt.example"),
            words(&demarche, &Column::Suivi, "ines.roux")
        );
    }
}
