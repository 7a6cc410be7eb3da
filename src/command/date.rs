//! Days as French people type them.

use jiff::{ToSpan, civil::Date};

use super::fold::{fold, is_space};
use crate::domain::MONTHS;

/// The day that `text` means: `3/6/2024`, `03.06.2024`, `2024-06-03`, `3 juin 2024`, `1er juin` (of this year),
/// `aujourd’hui`, `demain`, `hier`. None if it means no day, or one that does not exist.
pub fn read_date(text: &str, today: Date) -> Option<Date> {
    match fold(text).as_str() {
        "aujourdhui" => return Some(today),
        "demain" => return today.checked_add(1.day()).ok(),
        "hier" => return today.checked_sub(1.day()).ok(),
        _ => {}
    }
    numeric(text).or_else(|| spelled(text, today))
}

fn numeric(text: &str) -> Option<Date> {
    let text = text.trim_matches(is_space);
    let parts: Vec<&str> = text.split(['/', '-', '.']).take(4).collect();
    let [first, second, third] = parts.as_slice() else {
        return None;
    };
    let (year, day) = if first.len() == 4 {
        (first, third)
    } else {
        (third, first)
    };
    (year.len() == 4).then(|| date(year, number(second)?, day))?
}

fn spelled(text: &str, today: Date) -> Option<Date> {
    let words: Vec<&str> = text
        .split(is_space)
        .filter(|word| !word.is_empty())
        .take(4)
        .collect();
    let (day, month, year) = match words.as_slice() {
        [day, month] => (day, month, today.year().to_string()),
        [day, month, year] if year.len() == 4 => (day, month, (*year).to_owned()),
        _ => return None,
    };
    let month = month_named(&fold(month))?;
    date(&year, month, day.strip_suffix("er").unwrap_or(day))
}

/// The month of that name, or of an abbreviation of at least three letters that fits one only.
fn month_named(name: &str) -> Option<i8> {
    let mut fitting = (1_i8..)
        .zip(MONTHS)
        .filter(|(_, month)| name.len() >= 3 && month.starts_with(name));
    let (month, _) = fitting.next()?;
    fitting.next().is_none().then_some(month)
}

fn date(year: &str, month: i8, day: &str) -> Option<Date> {
    let year = year
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| year.parse().ok())??;
    Date::new(year, month, number(day)?).ok()
}

fn number(text: &str) -> Option<i8> {
    (text.len() <= 2 && text.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_read_as_they_are_typed() {
        let today = date(2024, 2, 28);
        for form in [
            "3/6/2024",
            "03.06.2024",
            "2024-06-03",
            "3 juin 2024",
            "3\u{a0}Juin\u{202f}2024",
            "3 juin",
        ] {
            assert_eq!(read_date(form, today), Some(date(2024, 6, 3)), "{form}");
        }
        assert_eq!(read_date("1er févr. 2025", today), Some(date(2025, 2, 1)));
        assert_eq!(read_date("Aujourd’hui", today), Some(today));
        assert_eq!(read_date("demain", today), Some(date(2024, 2, 29)));
    }

    #[test]
    fn what_is_no_day_is_none() {
        let today = date(2024, 2, 28);
        for form in [
            "",
            "31/2/2024",
            "3/6/24",
            "2024",
            "3 ju 2024",
            "-3/6/2024",
            "3/6/2024/1",
            "3 juin 2024 5",
        ] {
            assert_eq!(read_date(form, today), None, "{form}");
        }
    }
}
