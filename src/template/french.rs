//! Dates, hours, sizes and numbers as they are written in France.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// The time in France.
pub fn france(at: Timestamp) -> DateTime {
    at.to_zoned_datetime(crate::domain::paris()).datetime()
}

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// `juin`, from 6; nothing for what is no month.
pub fn month(number: i8) -> &'static str {
    usize::try_from(number - 1)
        .ok()
        .and_then(|month| MONTHS.get(month))
        .copied()
        .unwrap_or("")
}

/// `3 juin`, `1er juin`.
pub fn day_and_month(at: DateTime) -> String {
    let first = if at.day() == 1 { "er" } else { "" };
    format!("{}{first}\u{a0}{}", at.day(), month(at.month()))
}

/// `3 juin 2024`.
pub fn date(at: DateTime) -> String {
    format!("{} {}", day_and_month(at), at.year())
}

/// `3 juin 2024`, of a day.
pub fn day(day: Date) -> String {
    date(day.into())
}

/// `10 h 12`.
pub fn heure(at: DateTime) -> String {
    format!("{}\u{a0}h\u{a0}{:02}", at.hour(), at.minute())
}

/// `1,2 Mo`: units of 1 000, as file managers show.
pub fn taille(bytes: u64) -> String {
    let (unit, name) = match bytes {
        ..2 => return format!("{bytes}\u{a0}octet"),
        2..1000 => return format!("{bytes}\u{a0}octets"),
        1000..1_000_000 => (1000, "ko"),
        1_000_000..1_000_000_000 => (1_000_000, "Mo"),
        _ => (1_000_000_000, "Go"),
    };
    let tenths = bytes / (unit / 10);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}\u{a0}{name}"),
        (whole, tenth) if whole < 10 => format!("{whole},{tenth}\u{a0}{name}"),
        (whole, _) => format!("{whole}\u{a0}{name}"),
    }
}

/// `20 000`, its thousands apart by narrow no-break spaces.
pub fn nombre(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (1, "1\u{a0}octet"),
            (999, "999\u{a0}octets"),
            (1500, "1,5\u{a0}ko"),
            (12_345_678, "12\u{a0}Mo"),
            (20_971_520, "20\u{a0}Mo"),
            (2_000_000, "2\u{a0}Mo"),
        ] {
            assert_eq!(taille(bytes), expected);
        }
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(nombre(number), expected);
        }
    }
}
