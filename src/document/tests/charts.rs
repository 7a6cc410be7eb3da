//! The pictures, and the figures that they show.

use jiff::civil::{Date, date};

use super::*;
use crate::domain::stats::{Decisions, Funnel, Month, Usual, Week};

/// Figures of a busy démarche.
pub(super) fn figures() -> Figures {
    let days = [38, 41, 35, 52, 61, 47, 33, 29, 31, 44, 36, 27];
    let first = date(2025, 6, 1);
    let months = days.iter().zip(0..).map(|(days, after)| Month {
        first: plus_months(first, after),
        days: Some(*days),
        decided: 40,
    });
    let monday = date(2025, 12, 1);
    let weeks = (0..26_u64).map(|at| Week {
        monday: monday
            .checked_add(jiff::Span::new().weeks(i64::try_from(at).unwrap()))
            .unwrap(),
        deposited: 18 + (at * 7) % 13,
        decided: Decisions {
            accepte: 9 + (at * 5) % 11,
            refuse: (at * 3) % 5,
            sans_suite: at % 3,
        },
    });
    Figures {
        on: date(2026, 6, 3),
        usual: Some(Usual {
            fast: 12,
            usual: 31,
            slow: 74,
        }),
        months: months.collect(),
        funnel: Funnel {
            deposited: 1240,
            instructed: 1103,
            decided: 980,
        },
        decisions: Decisions {
            accepte: 808,
            refuse: 117,
            sans_suite: 55,
        },
        weeks: weeks.collect(),
    }
}

fn plus_months(first: Date, after: i32) -> Date {
    first.checked_add(jiff::Span::new().months(after)).unwrap()
}

#[test]
fn each_picture_is_drawn_light_and_dark() {
    let demarche = samples::demarche(&Texts::default());
    let press = press();
    for chart in Chart::ALL {
        let mut seen = Vec::new();
        for (theme, name) in [(Theme::Light, "clair"), (Theme::Dark, "sombre")] {
            let picture = press.chart(chart, &figures(), &demarche, theme).unwrap();
            assert_eq!((picture.width, picture.height), (1600, 1000));
            assert!(picture.png.starts_with(b"\x89PNG\r\n\x1a\n"));
            assert!(picture.png.len() < 200_000, "{} bytes", picture.png.len());
            keep(&format!("{}-{name}.png", chart.nom()), &picture.png);
            seen.push(picture.png);
        }
        assert_ne!(seen[0], seen[1]);
    }
}

#[test]
fn a_demarche_without_dossiers_has_pictures_that_say_so() {
    let demarche = samples::demarche(&Texts::default());
    let none = crate::domain::stats::Tally::new(samples::now()).figures();
    for chart in Chart::ALL {
        let picture = press()
            .chart(chart, &none, &demarche, Theme::Light)
            .unwrap();
        assert!(picture.alt.contains("Aucun dossier"), "{}", picture.alt);
        keep(&format!("{}-vide.png", chart.nom()), &picture.png);
    }
}

#[test]
fn great_numbers_are_drawn_too() {
    let demarche = samples::demarche(&Texts::default());
    let mut figures = figures();
    figures.funnel.deposited *= 1000;
    figures.funnel.instructed *= 1000;
    figures.funnel.decided *= 1000;
    figures.decisions.accepte *= 1211;
    figures
        .months
        .iter_mut()
        .for_each(|month| month.days = month.days.map(|days| days * 33));
    figures.months[3].days = None;
    figures
        .weeks
        .iter_mut()
        .for_each(|week| week.deposited *= 1500);
    for chart in Chart::ALL {
        let picture = press()
            .chart(chart, &figures, &demarche, Theme::Light)
            .unwrap();
        keep(&format!("{}-grand.png", chart.nom()), &picture.png);
    }
}

#[test]
fn a_picture_is_also_said_in_words() {
    let said: Vec<String> = Chart::ALL.map(|chart| alt(chart, &figures())).into();
    insta::assert_snapshot!(said.join("\n\n"));
}
