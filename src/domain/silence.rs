//! SVA and SVR: what no answer of the administration within a period means, accord or rejet.

use jiff::civil::{Date, Time, time};
use jiff::{Span, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::calendar::{day_of, moment};
use super::demarche::Demarche;
use super::dossier::{CorrectionKind, Decision, Dossier, Person, Statut, Step};

/// When the platform looks which periods have ended.
const HOUR: Time = time(1, 15, 0, 0);

/// A period after which silence decides: so many months, weeks or days, counted from the day after the deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Silence {
    /// Months.
    pub months: u16,
    /// Or weeks.
    pub weeks: u16,
    /// Or days.
    pub days: u16,
    /// What becomes of the period when a correction was made. One that was asked for because something is missing
    /// (`incomplete`) always begins it anew.
    pub resume: Resume,
}

/// What becomes of a period that a correction suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// It goes on, longer by the days that it stood still.
    #[default]
    Continue,
    /// It begins anew, the day after.
    Reset,
}

impl Silence {
    /// What stands wrong in it, for the key `name`.
    pub(super) fn faults(self, name: &str) -> Option<String> {
        let periods = [(self.months, 24), (self.weeks, 104), (self.days, 730)];
        let given = periods.iter().filter(|(period, _)| *period > 0).count();
        let fits = periods.iter().all(|(period, most)| period <= most);
        (given != 1 || !fits).then(|| {
            format!(
                "{name}: write one period of at most two years, like {name} = {{ months = 2 }}, {{ weeks = 6 }} or {{ days = 45 }}"
            )
        })
    }

    fn after(self, start: Date) -> Option<Date> {
        let span = Span::new()
            .months(i64::from(self.months))
            .weeks(i64::from(self.weeks))
            .days(i64::from(self.days));
        start.checked_add(span).ok()
    }
}

/// How long a correction suspended the period.
struct Suspension {
    from: Timestamp,
    to: Timestamp,
    kind: CorrectionKind,
}

/// What silence decides on a dossier, if it does: the decision, and when. No date while a correction suspends the period.
///
/// A dossier is under the rule if it passed en instruction by itself when it was filed: a rule that the démarche got
/// later decides on none that is there already. A dossier that was decided once is not under it any more.
pub fn silence(dossier: &Dossier, demarche: &Demarche) -> Option<(Decision, Option<Timestamp>)> {
    let (decision, rule) = demarche.silence()?;
    let mut steps = dossier.steps.iter();
    let (filed, passed) = (steps.next()?, steps.next()?);
    let by_itself = passed.statut == Statut::EnInstruction
        && passed.by == Person::Greffier
        && passed.at == filed.at;
    let decided = dossier.steps.iter().any(|step| step.statut.traite());
    if !by_itself || decided || !dossier.present() {
        return None;
    }
    if dossier.statut == Statut::EnConstruction {
        return Some((decision, None));
    }
    let mut start = day_of(dossier.deposited).tomorrow().ok()?;
    let mut still = 0;
    for suspension in suspensions(dossier) {
        let resumed = day_of(suspension.to);
        if rule.resume == Resume::Reset || suspension.kind == CorrectionKind::Incomplete {
            start = resumed.tomorrow().ok()?;
            still = 0;
        } else {
            still += day_of(suspension.from).until(resumed).ok()?.get_days();
        }
    }
    let end = rule.after(start)?.checked_add(still.days()).ok()?;
    Some((decision, moment(end, HOUR)))
}

/// The times that the dossier was back en construction, each with the correction that was the reason.
fn suspensions(dossier: &Dossier) -> impl Iterator<Item = Suspension> {
    let pairs = dossier.steps.iter().zip(dossier.steps.iter().skip(1));
    let back = pairs.skip(1).filter(|(from, to)| {
        from.statut == Statut::EnConstruction && to.statut == Statut::EnInstruction
    });
    back.filter_map(|(from, to): (&Step, &Step)| {
        let mut meanwhile = dossier.messages.values().rev().filter(|message| {
            message.correction.is_some()
                && message.at >= from.at
                && (message.at < to.at || message.at == from.at)
        });
        let asked = meanwhile.clone().any(|message| !message.withdrawn);
        if !asked && meanwhile.next().is_some() {
            // All that was asked for was taken back: the usager never heard of it.
            return None;
        }
        // The last one that was asked for meanwhile counts.
        let last = meanwhile.find(|message| !message.withdrawn);
        Some(Suspension {
            from: from.at,
            to: to.at,
            kind: last
                .and_then(|message| message.correction)
                .unwrap_or_default(),
        })
    })
}
