//! Holidays, quiet hours, and when a summary is due.

use jiff::Timestamp;
use jiff::civil::{Date, date, time};

use super::super::calendar::{Periode, Quiet, is_holiday, is_working, moment, working_morning};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn easter_moves_three_holidays_each_year() {
    // Dates of Easter Monday, Ascension and Whit Monday, from the calendars of those years.
    let known = [
        [date(2000, 4, 24), date(2000, 6, 1), date(2000, 6, 12)],
        [date(2008, 3, 24), date(2008, 5, 1), date(2008, 5, 12)],
        [date(2011, 4, 25), date(2011, 6, 2), date(2011, 6, 13)],
        [date(2024, 4, 1), date(2024, 5, 9), date(2024, 5, 20)],
        [date(2025, 4, 21), date(2025, 5, 29), date(2025, 6, 9)],
        [date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)],
        [date(2038, 4, 26), date(2038, 6, 3), date(2038, 6, 14)],
    ];
    for day in known.iter().flatten() {
        assert!(is_holiday(*day), "{day}");
    }
    for year in 2000..2100 {
        let days = (0..366).filter_map(|day| {
            let day = date(year, 1, 1).checked_add(jiff::Span::new().days(day));
            day.ok().filter(|day| day.year() == year)
        });
        let count = days.filter(|day| is_holiday(*day)).count();
        // Ascension and a fixed day may fall together (1 May 2008, 8 May 2059).
        assert!((10..=11).contains(&count), "{count} holidays in {year}");
    }
}

#[test]
fn fixed_holidays_and_weekends_are_not_worked() {
    for day in [
        date(2024, 1, 1),
        date(2024, 5, 1),
        date(2024, 5, 8),
        date(2024, 7, 14),
        date(2024, 8, 15),
        date(2024, 11, 1),
        date(2024, 11, 11),
        date(2024, 12, 25),
    ] {
        assert!(is_holiday(day) && !is_working(day), "{day}");
    }
    assert!(!is_working(date(2024, 6, 1)), "a Saturday");
    assert!(is_working(date(2024, 6, 3)), "a Monday");
    assert!(is_working(date(2024, 2, 29)), "a leap day");
    assert!(
        is_working(date(2024, 12, 26)),
        "a holiday in Alsace and Moselle only"
    );
}

#[test]
fn a_morning_after_some_days_skips_weekends_and_holidays() {
    let cases = [
        // Thursday and 7 days is the Thursday of Ascension; the Friday after it is worked.
        ("2024-05-02T12:00:00Z", 7, date(2024, 5, 10)),
        ("2024-05-31T12:00:00Z", 1, date(2024, 6, 3)),
        // 31 January and 29 days: the leap day itself.
        ("2024-01-31T12:00:00Z", 29, date(2024, 2, 29)),
        // Easter: Good Friday is worked, Saturday to Monday are not.
        ("2024-03-28T12:00:00Z", 1, date(2024, 3, 29)),
        ("2024-03-28T12:00:00Z", 2, date(2024, 4, 2)),
        // A quarter past midnight in Paris is the next day there.
        ("2024-06-02T22:15:00Z", 1, date(2024, 6, 4)),
    ];
    for (from, days, expected) in cases {
        let morning = moment(expected, time(9, 0, 0, 0));
        assert_eq!(working_morning(at(from), days), morning, "{from} + {days}");
    }
}

#[test]
fn quiet_hours_follow_the_clock_of_paris() {
    let quiet = Quiet::default();
    for (when, expected) in [
        // A Wednesday in summer (UTC+2), and one in winter (UTC+1).
        ("2024-06-05T05:29:59Z", true),
        ("2024-06-05T05:30:00Z", false),
        ("2024-06-05T17:59:59Z", false),
        ("2024-06-05T18:00:00Z", true),
        ("2024-12-04T06:29:59Z", true),
        ("2024-12-04T06:30:00Z", false),
        ("2024-12-04T19:00:00Z", true),
        // Saturday noon, Easter Monday, and the day after.
        ("2024-06-08T10:00:00Z", true),
        ("2024-04-01T10:00:00Z", true),
        ("2024-04-02T10:00:00Z", false),
    ] {
        assert_eq!(quiet.covers(at(when)), expected, "{when}");
    }
    let always = Quiet {
        from: time(8, 0, 0, 0),
        to: time(8, 0, 0, 0),
        weekends: false,
        holidays: false,
    };
    assert!(!always.covers(at("2024-04-01T06:00:00Z")));
    let lunch = Quiet {
        from: time(12, 0, 0, 0),
        to: time(14, 0, 0, 0),
        ..always
    };
    assert!(lunch.covers(at("2024-06-05T10:30:00Z")) && !lunch.covers(at("2024-06-05T12:00:00Z")));
}

#[test]
fn a_daily_summary_is_due_from_ten_in_paris_from_monday_to_saturday() {
    let due = |when: &str| Periode::Jour.due(at(when));
    assert_eq!(due("2024-06-05T07:59:59Z"), None);
    assert_eq!(due("2024-06-05T08:00:00Z"), Some(date(2024, 6, 5)));
    assert_eq!(
        due("2024-06-08T08:00:00Z"),
        Some(date(2024, 6, 8)),
        "Saturday"
    );
    assert_eq!(due("2024-06-09T12:00:00Z"), None, "Sunday");
    // The night in which clocks change: ten o'clock is 8:00 UTC the day before and 9:00 UTC the day after.
    assert_eq!(due("2024-10-26T08:00:00Z"), Some(date(2024, 10, 26)));
    assert_eq!(due("2024-10-28T08:59:59Z"), None);
    assert_eq!(due("2024-10-28T09:00:00Z"), Some(date(2024, 10, 28)));
    assert_eq!(due("2024-03-30T08:59:59Z"), None);
    assert_eq!(due("2024-04-01T08:00:00Z"), Some(date(2024, 4, 1)));
    // Until midnight in Paris it is that day's.
    assert_eq!(due("2024-06-05T21:59:59Z"), Some(date(2024, 6, 5)));
    assert_eq!(due("2024-06-05T22:00:00Z"), None);
}

#[test]
fn a_weekly_summary_is_due_from_monday_morning_and_as_long_as_the_week_is_worked() {
    let due = |when: &str| Periode::Semaine.due(at(when));
    let monday: Option<Date> = Some(date(2024, 6, 3));
    assert_eq!(due("2024-06-03T05:59:59Z"), None);
    assert_eq!(due("2024-06-03T06:00:00Z"), monday);
    assert_eq!(due("2024-06-08T12:00:00Z"), monday);
    assert_eq!(due("2024-06-09T12:00:00Z"), None);
    assert_eq!(due("2024-12-30T12:00:00Z"), Some(date(2024, 12, 30)));
    assert_eq!(due("2025-01-02T12:00:00Z"), Some(date(2024, 12, 30)));
}

#[test]
fn a_summary_looks_back_to_the_one_before() {
    let since = |periode: Periode, day| periode.since(day).unwrap();
    assert_eq!(
        since(Periode::Jour, date(2024, 6, 5)),
        at("2024-06-04T08:00:00Z")
    );
    // Monday's looks back to Saturday's, over the change of clocks.
    assert_eq!(
        since(Periode::Jour, date(2024, 4, 1)),
        at("2024-03-30T09:00:00Z")
    );
    assert_eq!(
        since(Periode::Semaine, date(2024, 4, 1)),
        at("2024-03-24T23:00:00Z")
    );
}
