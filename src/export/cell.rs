//! What stands in a cell, made safe for every format.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};

use crate::domain::Valeur;

/// The most that Excel takes in one cell, in UTF-16 units. `LibreOffice` takes more, but says so with a warning.
pub(super) const LONGEST: usize = 32_767;
/// Follows what was cut.
const CUT: &str = "… [suite coupée]";
/// Spreadsheets keep fifteen digits of a number.
const EXACT: i64 = 999_999_999_999_999;

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Empty,
    /// Cleaned by [`text`].
    Text(Cow<'a, str>),
    Number(f64),
    Date(Date),
    Time(DateTime),
}

impl<'a> Cell<'a> {
    pub(super) fn text(content: impl Into<Cow<'a, str>>) -> Self {
        let content = text(content.into());
        if content.is_empty() {
            Self::Empty
        } else {
            Self::Text(content)
        }
    }

    /// A number that spreadsheets keep exactly, or its digits.
    pub(super) fn integer(number: i64) -> Self {
        if !(-EXACT..=EXACT).contains(&number) {
            return Self::text(number.to_string());
        }
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact")]
        Self::Number(number as f64)
    }

    /// A moment, as the clock in Paris shows it. Spreadsheets know no time zones.
    pub(super) fn moment(at: jiff::Timestamp, paris: &jiff::tz::TimeZone) -> Self {
        Self::Time(at.to_zoned_datetime(paris.clone()).datetime())
    }

    pub(super) fn valeur(valeur: Option<&'a Valeur>) -> Self {
        match valeur {
            None => Self::Empty,
            Some(Valeur::Text(content)) => Self::text(content.as_str()),
            Some(Valeur::Integer(number)) => Self::integer(*number),
            Some(Valeur::Decimal(number)) if number.is_finite() => Self::Number(*number),
            Some(Valeur::Date(date)) if counted(*date) => Self::Date(*date),
            Some(
                shown @ (Valeur::Decimal(_)
                | Valeur::Date(_)
                | Valeur::YesNo(_)
                | Valeur::Choices(_)
                | Valeur::Pieces(_)
                | Valeur::Rows(_)),
            ) => Self::text(shown.shown()),
        }
    }
}

/// Whether every spreadsheet means the same day by its number: Excel knows none before 1900, and takes that year for a
/// leap year.
fn counted(date: Date) -> bool {
    date >= Date::constant(1900, 3, 1)
}

/// `content` without what XML 1.0 cannot carry (section 2.2) or a terminal would obey, with line feeds alone between its
/// lines, and no longer than [`LONGEST`].
pub(super) fn text(content: Cow<'_, str>) -> Cow<'_, str> {
    let content = if content.contains(refused) {
        let lines = content.replace("\r\n", "\n").replace('\r', "\n");
        Cow::Owned(lines.replace(refused, ""))
    } else {
        content
    };
    // No character has more units than octets.
    if content.len() <= LONGEST || content.encode_utf16().count() <= LONGEST {
        return content;
    }
    let room = LONGEST - CUT.encode_utf16().count();
    let mut units = 0;
    let kept = content.chars().take_while(|c| {
        units += c.len_utf16();
        units <= room
    });
    let mut kept: String = kept.collect();
    kept.push_str(CUT);
    Cow::Owned(kept)
}

fn refused(c: char) -> bool {
    (c.is_control() && !"\t\n".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_left_out() {
        assert_eq!(text("a\0b\u{7}\u{ffff}c".into()), "abc");
        assert_eq!(
            text("un\r\ndeux\rtrois\tquatre".into()),
            "un\ndeux\ntrois\tquatre"
        );
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        for content in ["a".repeat(100_000), "é".repeat(40_000), "𝄞".repeat(20_000)] {
            let cut = text(content.into());
            assert!(cut.encode_utf16().count() <= LONGEST && cut.ends_with(CUT));
            assert!(
                cut.encode_utf16().count() > LONGEST - 3,
                "as much as there is room for"
            );
        }
        let whole = "é".repeat(LONGEST);
        assert_eq!(text(whole.as_str().into()), whole);
    }

    #[test]
    fn numbers_and_days_that_a_spreadsheet_would_change_are_text() {
        assert_eq!(Cell::integer(-12), Cell::Number(-12.0));
        assert_eq!(Cell::integer(i64::MIN), Cell::text("-9223372036854775808"));
        let day = |year| Valeur::Date(Date::constant(year, 2, 28));
        assert_eq!(Cell::valeur(Some(&day(1900))), Cell::text("28/02/1900"));
        assert_eq!(
            Cell::valeur(Some(&day(2024))),
            Cell::Date(Date::constant(2024, 2, 28))
        );
        assert_eq!(
            Cell::valeur(Some(&Valeur::Decimal(f64::NAN))),
            Cell::text("NaN")
        );
    }
}
