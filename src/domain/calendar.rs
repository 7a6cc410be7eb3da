//! Days and hours as the administration counts them: in metropolitan France, with its public holidays.

use jiff::civil::{Date, Time, Weekday, time};
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::paris;

/// Days that are the same each year: month and day (code du travail, L. 3133-1).
const FIXED: [(i8, i8); 8] = [
    (1, 1),
    (5, 1),
    (5, 8),
    (7, 14),
    (8, 15),
    (11, 1),
    (11, 11),
    (12, 25),
];
/// Days after Easter Sunday: lundi de Pâques, Ascension, lundi de Pentecôte.
const AFTER_EASTER: [i32; 3] = [1, 39, 50];
/// When the clock writes to people who do not expect it: once the day has begun.
const MORNING: Time = time(9, 0, 0, 0);

/// The day in France at that time.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned_datetime(paris()).date()
}

/// That time of that day in France. In the hour that spring leaves out, it is an hour later; of the two in autumn, the first.
pub(super) fn moment(day: Date, time: Time) -> Option<Timestamp> {
    paris().to_timestamp(day.to_datetime(time)).ok()
}

/// Easter Sunday of that year (Gregorian computus of Meeus, Jones and Butcher).
#[expect(
    clippy::many_single_char_names,
    reason = "the letters of the published algorithm"
)]
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let march = h + l - 7 * m + 114;
    let (month, day) = (march / 31, march % 31 + 1);
    Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

/// Whether that day is a public holiday of all metropolitan France. Alsace, Moselle and overseas have more.
pub(super) fn is_holiday(day: Date) -> bool {
    if FIXED.contains(&(day.month(), day.day())) {
        return true;
    }
    let easter = easter(day.year());
    let mut moving = AFTER_EASTER
        .iter()
        .filter_map(|days| easter?.checked_add(days.days()).ok());
    moving.any(|holiday| holiday == day)
}

/// Saturday or Sunday.
fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Monday to Friday, and no public holiday.
pub(super) fn is_working(day: Date) -> bool {
    !is_weekend(day) && !is_holiday(day)
}

/// The morning of the first working day, `days` or more days after `at`.
pub(super) fn working_morning(at: Timestamp, days: u32) -> Option<Timestamp> {
    let mut day = day_of(at).checked_add(i64::from(days).days()).ok()?;
    while !is_working(day) {
        day = day.tomorrow().ok()?;
    }
    moment(day, MORNING)
}

/// When rooms and people are told without their phones ringing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// From that time of each evening. The same as `to`: at no hour.
    pub from: Time,
    /// To that time of the morning.
    pub to: Time,
    /// And all Saturday and Sunday.
    pub weekends: bool,
    /// And on public holidays.
    pub holidays: bool,
}

impl Default for Quiet {
    fn default() -> Self {
        Self {
            from: time(20, 0, 0, 0),
            to: time(7, 30, 0, 0),
            weekends: true,
            holidays: true,
        }
    }
}

impl Quiet {
    /// Whether nothing rings at that time.
    pub fn covers(&self, at: Timestamp) -> bool {
        let here = at.to_zoned_datetime(paris());
        let (day, hour) = (here.date(), here.time());
        let night = if self.from <= self.to {
            (self.from..self.to).contains(&hour)
        } else {
            hour >= self.from || hour < self.to
        };
        night || (self.weekends && is_weekend(day)) || (self.holidays && is_holiday(day))
    }
}

/// How often a summary is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Periode {
    /// Monday to Saturday, at ten.
    Jour,
    /// Monday morning, at eight.
    Semaine,
}

impl Periode {
    fn hour(self) -> Time {
        match self {
            Self::Jour => time(10, 0, 0, 0),
            Self::Semaine => time(8, 0, 0, 0),
        }
    }

    /// The day whose summary is due at `at`, if one is: of a week, its Monday. One that was missed is due as long as its
    /// day or week is not over, and never on a Sunday; the next one takes its place.
    pub fn due(self, at: Timestamp) -> Option<Date> {
        let day = day_of(at);
        let since_monday = i64::from(day.weekday().since(Weekday::Monday));
        let begins = match self {
            Self::Jour => day,
            Self::Semaine => day.checked_sub(since_monday.days()).ok()?,
        };
        let open = day.weekday() != Weekday::Sunday && at >= moment(begins, self.hour())?;
        open.then_some(begins)
    }

    /// Since when the summary that is due on `day` looks back, where none was made after that: the last one before it;
    /// of a week, the beginning of the week before.
    pub fn since(self, day: Date) -> Option<Timestamp> {
        let back = match (self, day.weekday()) {
            (Self::Jour, Weekday::Monday) => 2,
            (Self::Jour, _) => 1,
            (Self::Semaine, _) => return moment(day.checked_sub(7.days()).ok()?, Time::midnight()),
        };
        moment(day.checked_sub(back.days()).ok()?, self.hour())
    }

    /// When the summary of `day` was due.
    pub fn moment(self, day: Date) -> Option<Timestamp> {
        moment(day, self.hour())
    }
}
