//! Figures of a démarche, by the platform's own definitions: how long dossiers take, how far they get, what becomes of
//! them, and how many come and go each week.

mod spread;

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::dossier::{Decision, Dossier, Person, Statut};
use spread::Spread;

/// Days back of the decisions that the usual time is reckoned from.
const RECENT: i64 = 30;
/// Fewest durations that say what is usual.
const FEWEST: u64 = 3;
/// Months shown: a year, up to the end of last month.
const MONTHS: i32 = 12;
/// Weeks shown: the last six months, this week included.
const WEEKS: i32 = 26;

/// What dossiers add up to, one after the other. Its size depends on the months, weeks and hours that are told apart, not
/// on how many dossiers there are.
#[derive(Debug, Clone)]
pub struct Tally {
    now: Timestamp,
    today: Date,
    recent: Spread,
    months: BTreeMap<Date, Spread>,
    weeks: BTreeMap<Date, Week>,
    funnel: Funnel,
    decisions: Decisions,
}

/// The figures of a démarche, on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The day that they are of.
    pub on: Date,
    /// How long a dossier usually takes; nothing below three decisions in thirty days.
    pub usual: Option<Usual>,
    /// The last twelve months, oldest first, without the present one.
    pub months: Vec<Month>,
    /// How far dossiers got.
    pub funnel: Funnel,
    /// What was decided.
    pub decisions: Decisions,
    /// The last twenty-six weeks, oldest first, with the present one.
    pub weeks: Vec<Week>,
}

/// The usual time of treatment, in days begun: decisions of the last thirty days, sorted by duration, are cut in three
/// equal slices, of each of which the 90th percentile is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// In the best case.
    pub fast: u32,
    /// Usually.
    pub usual: u32,
    /// In the worst case.
    pub slow: u32,
}

/// Dossiers decided in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// How long they took, in days begun: the mean of durations held between their 5th and 95th percentiles.
    pub days: Option<u32>,
    /// How many they are; acceptances that nobody took are not among them.
    pub decided: u64,
}

/// How many dossiers got how far; those that were purged since are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funnel {
    /// Deposited.
    pub deposited: u64,
    /// Of these, passed en instruction.
    pub instructed: u64,
    /// Of these, decided.
    pub decided: u64,
}

/// How many dossiers were decided which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decisions {
    /// Accepted.
    pub accepte: u64,
    /// Refused.
    pub refuse: u64,
    /// Closed without follow-up.
    pub sans_suite: u64,
}

impl Decisions {
    /// All of them.
    pub fn total(self) -> u64 {
        self.accepte + self.refuse + self.sans_suite
    }

    /// How many went that way.
    pub fn of(self, decision: Decision) -> u64 {
        match decision {
            Decision::Accepte => self.accepte,
            Decision::Refuse => self.refuse,
            Decision::SansSuite => self.sans_suite,
        }
    }

    fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Accepte => self.accepte += 1,
            Decision::Refuse => self.refuse += 1,
            Decision::SansSuite => self.sans_suite += 1,
        }
    }
}

/// What came and what was decided in one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: Date,
    /// Dossiers deposited.
    pub deposited: u64,
    /// Dossiers decided, by their present state.
    pub decided: Decisions,
}

impl Tally {
    /// Nothing added up yet, as seen at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            today: day(now),
            recent: Spread::default(),
            months: BTreeMap::new(),
            weeks: BTreeMap::new(),
            funnel: Funnel::default(),
            decisions: Decisions::default(),
        }
    }

    /// Counts one dossier as it stands, or what stays of it once purged. The caller gives each once, of one démarche.
    pub fn add(&mut self, dossier: &Dossier) {
        let (statut, deposited) = match &dossier.purged {
            Some(tombstone) => (tombstone.statut, tombstone.deposited),
            None => (dossier.statut, dossier.deposited),
        };
        self.funnel.deposited += 1;
        if statut != Statut::EnConstruction {
            self.funnel.instructed += 1;
        }
        if let Some(week) = self.week(deposited) {
            week.deposited += 1;
        }
        let Some(decision) = decision(statut) else {
            return;
        };
        self.funnel.decided += 1;
        self.decisions.add(decision);
        let decided = match (&dossier.purged, &dossier.decided) {
            (Some(tombstone), _) => tombstone.decided,
            (None, decided) => decided.as_ref().map(|decided| decided.at),
        };
        let Some(at) = decided else { return };
        if let Some(week) = self.week(at) {
            week.decided.add(decision);
        }
        let alone = dossier
            .decided
            .as_ref()
            .is_some_and(|decided| decided.by == Person::Greffier);
        if !alone {
            self.lasted(at, at.duration_since(deposited));
        }
    }

    /// The week of that moment, if it is one of those shown.
    fn week(&mut self, at: Timestamp) -> Option<&mut Week> {
        let monday = monday_of(day(at));
        let first = weeks_before(monday_of(self.today), WEEKS - 1);
        if monday < first || at > self.now {
            return None;
        }
        Some(
            self.weeks
                .entry(monday)
                .or_insert_with(|| Week::empty(monday)),
        )
    }

    fn lasted(&mut self, at: Timestamp, duration: SignedDuration) {
        if at > self.now {
            return;
        }
        if self.now.duration_since(at) <= SignedDuration::from_hours(24 * RECENT) {
            self.recent.add(duration);
        }
        let month = day(at).first_of_month();
        if month >= months_before(self.today.first_of_month(), MONTHS) {
            self.months.entry(month).or_default().add(duration);
        }
    }

    /// The figures of all that was added.
    pub fn figures(&self) -> Figures {
        let month = |back| {
            let first = months_before(self.today.first_of_month(), back);
            let spread = self.months.get(&first);
            Month {
                first,
                days: spread.and_then(|spread| spread.winsorised(0.05)).map(days),
                decided: spread.map_or(0, Spread::len),
            }
        };
        let week = |back| {
            let monday = weeks_before(monday_of(self.today), back);
            self.weeks
                .get(&monday)
                .copied()
                .unwrap_or_else(|| Week::empty(monday))
        };
        Figures {
            on: self.today,
            usual: self.usual(),
            months: (1..=MONTHS).rev().map(month).collect(),
            funnel: self.funnel,
            decisions: self.decisions,
            weeks: (0..WEEKS).rev().map(week).collect(),
        }
    }

    fn usual(&self) -> Option<Usual> {
        let all = self.recent.len();
        if all < FEWEST {
            return None;
        }
        let slice = |third: u64| {
            self.recent
                .percentile(all * third / 3, all * (third + 1) / 3, 0.9)
        };
        Some(Usual {
            fast: days(slice(0)?),
            usual: days(slice(1)?),
            slow: days(slice(2)?),
        })
    }
}

impl Week {
    fn empty(monday: Date) -> Self {
        Self {
            monday,
            deposited: 0,
            decided: Decisions::default(),
        }
    }
}

fn decision(statut: Statut) -> Option<Decision> {
    match statut {
        Statut::Accepte => Some(Decision::Accepte),
        Statut::Refuse => Some(Decision::Refuse),
        Statut::SansSuite => Some(Decision::SansSuite),
        Statut::EnConstruction | Statut::EnInstruction => None,
    }
}

/// The day in France.
fn day(at: Timestamp) -> Date {
    at.to_zoned_datetime(super::paris()).date()
}

fn monday_of(day: Date) -> Date {
    let after = day.weekday().since(Weekday::Monday);
    day.checked_sub(i32::from(after).days()).unwrap_or(day)
}

fn months_before(day: Date, months: i32) -> Date {
    day.checked_sub(months.months()).unwrap_or(day)
}

fn weeks_before(day: Date, weeks: i32) -> Date {
    day.checked_sub(weeks.weeks()).unwrap_or(day)
}

/// Hours as days begun: a dossier that took an hour took a day.
fn days(hours: f64) -> u32 {
    let days = (hours / 24.0).ceil().clamp(0.0, f64::from(u32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "held between the bounds just before"
    )]
    let days = days as u32;
    days
}
