//! Figures of small démarches, reckoned by hand.

use jiff::civil::date;

use super::*;
use crate::domain::dossier::{Decided, Tombstone};
use crate::domain::samples::{Texts, dossiers};
use crate::domain::{DossierId, Email};

/// Noon in Paris, that day.
fn noon(year: i16, month: i8, day: i8) -> Timestamp {
    let noon = date(year, month, day).at(12, 0, 0, 0);
    crate::domain::paris().to_timestamp(noon).unwrap()
}

/// 15 June 2026, a Monday.
fn now() -> Timestamp {
    noon(2026, 6, 15)
}

fn deposited(at: Timestamp) -> Dossier {
    let (_, dossier) = dossiers(&Texts::default()).swap_remove(0);
    Dossier {
        deposited: at,
        statut: Statut::EnConstruction,
        decided: None,
        ..dossier
    }
}

/// Decided at `at`, after so many days.
fn decided(decision: Decision, at: Timestamp, days: i64, by: Person) -> Dossier {
    Dossier {
        statut: decision.statut(),
        decided: Some(Decided {
            decision,
            at,
            by,
            motivation: None,
            justificatif: None,
            attestation: None,
            proposal: None,
        }),
        ..deposited(at - SignedDuration::from_hours(24 * days))
    }
}

fn ines() -> Person {
    Person::Instructeur(Email::new("ines@ddt-nord.example"))
}

fn figures(dossiers: impl IntoIterator<Item = Dossier>) -> Figures {
    let mut tally = Tally::new(now());
    dossiers.into_iter().for_each(|dossier| tally.add(&dossier));
    tally.figures()
}

fn accepted(at: Timestamp, days: i64) -> Dossier {
    decided(Decision::Accepte, at, days, ines())
}

#[test]
fn the_usual_time_is_told_in_three_slices_of_the_last_thirty_days() {
    // Slices [2, 4] [10, 20] [30, 50]: nine tenths of the way, 3.8, 19 and 48 days, begun.
    let durations = [50, 2, 20, 4, 30, 10];
    let recent = durations.map(|days| accepted(noon(2026, 6, 1), days));
    let old = accepted(noon(2026, 5, 10), 900);
    let usual = figures(recent.into_iter().chain([old])).usual;
    let expected = Usual {
        fast: 4,
        usual: 19,
        slow: 48,
    };
    assert_eq!(usual, Some(expected));
}

#[test]
fn two_decisions_say_nothing_of_what_is_usual() {
    let two = [3, 5].map(|days| accepted(noon(2026, 6, 1), days));
    assert_eq!(figures(two).usual, None);
}

#[test]
fn what_nobody_decided_is_not_timed() {
    let alone = |_| decided(Decision::Accepte, noon(2026, 5, 20), 0, Person::Greffier);
    let figures = figures([0; 5].map(alone));
    assert_eq!(figures.usual, None);
    assert_eq!(figures.months.last().unwrap().decided, 0);
    assert_eq!(figures.decisions.accepte, 5);
}

#[test]
fn months_are_the_last_twelve_before_this_one() {
    let figures = figures([
        accepted(noon(2026, 6, 2), 7),
        accepted(noon(2026, 5, 31), 10),
        accepted(noon(2026, 5, 1), 20),
        accepted(noon(2025, 6, 1), 5),
        accepted(noon(2025, 5, 31), 5),
    ]);
    let months: Vec<_> = figures
        .months
        .iter()
        .filter(|month| month.decided > 0)
        .map(|month| (month.first, month.days, month.decided))
        .collect();
    assert_eq!(figures.months.len(), 12);
    assert_eq!(
        months,
        [
            (date(2025, 6, 1), Some(5), 1),
            (date(2026, 5, 1), Some(15), 2)
        ]
    );
}

#[test]
fn a_day_that_has_begun_counts() {
    let mut dossier = accepted(noon(2026, 5, 20), 0);
    dossier.deposited = noon(2026, 5, 20) - SignedDuration::from_hours(25);
    assert_eq!(figures([dossier]).months.last().unwrap().days, Some(2));
}

#[test]
fn a_month_begins_at_midnight_in_paris() {
    // 23 h UTC on 30 April is 1 May in Paris.
    let at: Timestamp = "2026-04-30T23:00:00Z".parse().unwrap();
    assert_eq!(figures([accepted(at, 3)]).months.last().unwrap().decided, 1);
}

#[test]
fn the_funnel_counts_what_was_purged_too() {
    let mut instructed = deposited(noon(2026, 6, 1));
    instructed.statut = Statut::EnInstruction;
    let mut purged = deposited(noon(2026, 6, 1));
    purged.purged = Some(Box::new(Tombstone {
        number: DossierId(1),
        demarche: purged.demarche,
        groupe: String::new(),
        statut: Statut::Refuse,
        deposited: noon(2024, 1, 1),
        decided: Some(noon(2024, 2, 1)),
        trashed: noon(2025, 2, 1),
        expired: true,
    }));
    let figures = figures([
        deposited(noon(2026, 6, 1)),
        instructed,
        accepted(noon(2026, 6, 1), 3),
        decided(Decision::SansSuite, noon(2026, 6, 1), 3, ines()),
        purged,
    ]);
    let funnel = Funnel {
        deposited: 5,
        instructed: 4,
        decided: 3,
    };
    let decisions = Decisions {
        accepte: 1,
        refuse: 1,
        sans_suite: 1,
    };
    assert_eq!((figures.funnel, figures.decisions), (funnel, decisions));
    assert_eq!(decisions.total(), 3);
}

#[test]
fn weeks_begin_on_monday_and_the_present_one_is_the_last() {
    let figures = figures([
        deposited(noon(2026, 6, 14)),
        deposited(noon(2026, 6, 15)),
        accepted(noon(2026, 6, 8), 1),
        deposited(noon(2025, 12, 21)),
        deposited(noon(2025, 12, 22)),
    ]);
    let counted: Vec<_> = figures
        .weeks
        .iter()
        .filter(|week| week.deposited + week.decided.total() > 0)
        .map(|week| (week.monday, week.deposited, week.decided.accepte))
        .collect();
    assert_eq!(figures.weeks.len(), 26);
    assert_eq!(
        counted,
        [
            (date(2025, 12, 22), 1, 0),
            (date(2026, 6, 1), 1, 0),
            (date(2026, 6, 8), 1, 1),
            (date(2026, 6, 15), 1, 0),
        ]
    );
}

#[test]
fn what_is_kept_does_not_grow_with_the_number_of_dossiers() {
    let mut tally = Tally::new(now());
    let dossier = accepted(noon(2026, 5, 20), 12);
    for _ in 0..20_000 {
        tally.add(&dossier);
    }
    let figures = tally.figures();
    assert_eq!(figures.usual.map(|usual| usual.slow), Some(12));
    assert_eq!(figures.decisions.accepte, 20_000);
    assert_eq!(tally.months.len() + tally.weeks.len(), 3);
}
