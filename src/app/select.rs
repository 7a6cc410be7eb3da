//! Which dossiers a selection means: numbers and ranges, a tab, a filter; only those that the person may see, and in a
//! room only those that the room is for.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::draft::Draft;
use super::line::Speaker;
use super::list::{lists, tests};
use super::{App, Error};
use crate::command::Selection;
use crate::domain::column::column;
use crate::domain::query::{Test, passes};
use crate::domain::{Demarche, DemarcheId, Dossier, DossierId, Email, List, Onglet};
use crate::store::Store;
use crate::template::Answer;

/// Numbers of ranges that are looked up one by one. Of more than these, what the person may see is looked through.
const LOOKED_UP: u64 = 10_000;
/// Dossiers of a list that are read together.
const PAGE: usize = 1_000;
/// The tabs that a dossier can be found in, whatever becomes of it.
pub(super) const EVERYWHERE: [Onglet; 3] = [Onglet::Total, Onglet::Archives, Onglet::Supprimes];

/// What is to be chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choosing<'a> {
    /// As it was typed.
    pub(super) selection: &'a Selection,
    /// The most that are taken; more are refused.
    pub(super) most: usize,
}

/// What a selection means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Chosen {
    /// The dossiers, in order of number.
    pub(super) dossiers: Vec<DossierId>,
    /// Numbers that were named and are not among them: there is no such dossier, the person may not see it, it is not for
    /// this room, or the tab or the filter leaves it out.
    pub(super) outside: Vec<RangeInclusive<u64>>,
}

impl<S: Store> App<S> {
    /// The dossiers that `choosing` means for `speaker`, where he speaks. A tab narrows the numbers that are named, and a
    /// filter narrows both; a filter alone is one of the tab "au total". The answer is for a selection that cannot be
    /// taken: it has no dossier, or too many, or a column that there is not.
    pub(super) fn choose(
        &self,
        draft: &Draft<'_, S>,
        speaker: &Speaker<'_>,
        choosing: Choosing<'_>,
    ) -> Result<Result<Chosen, Answer>, Error> {
        let Some(email) = &speaker.email else {
            return Ok(Err(Answer::NotLinked));
        };
        let Choosing { selection, most } = choosing;
        let room = self
            .directory
            .room(&speaker.line.from.network, &speaker.line.place)
            .and_then(|room| room.demarche);
        let demarche = selection.demarche.map(DemarcheId).or(room);
        let sieve = match self.sieve(speaker, email, demarche, (selection, draft.at)) {
            Ok(sieve) => sieve,
            Err(answer) => return Ok(Err(answer)),
        };
        let mut chosen = Vec::new();
        for number in self.meant_by(&sieve, selection)? {
            if let Some(dossier) = self.seen(draft, number, &sieve)?
                && self.passes(&dossier, &sieve)
            {
                chosen.push(number);
            }
            // Enough is known: the writer has others to hear.
            if chosen.len() > most {
                return Ok(Err(Answer::TooManySelected { most }));
            }
        }
        if chosen.is_empty() {
            return Ok(Err(Answer::NothingSelected));
        }
        let outside = without(&selection.ranges, &chosen);
        Ok(Ok(Chosen {
            dossiers: chosen,
            outside,
        }))
    }

    /// What a dossier must be to pass. A filter is of one démarche, whose columns it names.
    #[expect(
        clippy::result_large_err,
        reason = "the answer is given at once, and rarely"
    )]
    fn sieve<'a>(
        &'a self,
        speaker: &'a Speaker<'_>,
        email: &'a Email,
        demarche: Option<DemarcheId>,
        (selection, at): (&Selection, Timestamp),
    ) -> Result<Sieve<'a>, Answer> {
        let mut sieve = Sieve {
            speaker,
            email,
            demarche,
            filter: Vec::new(),
        };
        if demarche.is_some() || !selection.filter.is_empty() {
            let meant = match self.meant(speaker, demarche) {
                Ok(meant) => meant,
                Err(answer) => self.filtered(email, selection).ok_or(answer)?,
            };
            sieve.demarche = Some(meant.number);
            sieve.filter = tests(meant, &selection.filter, at)?;
        }
        Ok(sieve)
    }

    /// The démarche that a filter is of, where none is named: the only one of the person's that has all of its columns.
    fn filtered(&self, email: &Email, selection: &Selection) -> Option<&Demarche> {
        let has_all = |demarche: &&Demarche| {
            let mut filter = selection.filter.iter();
            demarche.has_instructeur(email)
                && filter.all(|(name, _)| column(demarche, name).is_some())
        };
        let mut found = self.demarches.values().filter(has_all);
        let only = found.next().filter(|_| !selection.filter.is_empty())?;
        found.next().is_none().then_some(only)
    }

    /// The numbers that may be meant, in order.
    fn meant_by(
        &self,
        sieve: &Sieve<'_>,
        selection: &Selection,
    ) -> Result<BTreeSet<DossierId>, Error> {
        let named = selection.ranges.iter();
        let onglets: &[Onglet] = match (&selection.onglet, selection.ranges.is_empty()) {
            (Some(onglet), _) => &[*onglet],
            (None, true) => &[Onglet::Total],
            (None, false) if selection.count() <= LOOKED_UP => {
                return Ok(named
                    .flat_map(RangeInclusive::clone)
                    .map(DossierId)
                    .collect());
            }
            (None, false) => &EVERYWHERE,
        };
        let mut numbers = self.listed(&self.lists_of(sieve, onglets))?;
        if !selection.ranges.is_empty() {
            numbers.retain(|number| named.clone().any(|range| range.contains(&number.0)));
        }
        Ok(numbers)
    }

    /// The lists behind `onglets`, of every démarche that may be meant.
    fn lists_of(&self, sieve: &Sieve<'_>, onglets: &[Onglet]) -> Vec<List> {
        let demarches: Vec<&Demarche> = self
            .demarches
            .values()
            .filter(|demarche| demarche.has_instructeur(sieve.email))
            .filter(|demarche| sieve.demarche.is_none_or(|only| only == demarche.number))
            .collect();
        let each = onglets.iter().flat_map(|onglet| {
            let demarches = demarches.iter();
            demarches.flat_map(|demarche| lists(demarche, sieve.email, *onglet, None))
        });
        each.collect()
    }

    /// All the dossiers of `lists`: nothing is left out.
    pub(super) fn listed(&self, lists: &[List]) -> Result<BTreeSet<DossierId>, Error> {
        let mut numbers = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.store.page(lists, after, PAGE)?;
            numbers.extend(page.dossiers);
            after = page.next;
            if after.is_none() {
                return Ok(numbers);
            }
        }
    }

    /// The dossier, if the person may see it, and here.
    fn seen(
        &self,
        draft: &Draft<'_, S>,
        number: DossierId,
        sieve: &Sieve<'_>,
    ) -> Result<Option<Dossier>, Error> {
        let seen = self.visible(draft, number, sieve.email)?.ok();
        let line = sieve.speaker.line;
        Ok(seen.map(|(dossier, _)| dossier).filter(|dossier| {
            self.directory
                .may_hear(&line.from.network, &line.place, dossier)
        }))
    }

    /// Whether the démarche and every column are as they must be.
    fn passes(&self, dossier: &Dossier, sieve: &Sieve<'_>) -> bool {
        sieve.demarche.is_none_or(|only| only == dossier.demarche) && passes(&sieve.filter, dossier)
    }
}

/// Who chooses, and what a dossier must be.
struct Sieve<'a> {
    speaker: &'a Speaker<'a>,
    email: &'a Email,
    demarche: Option<DemarcheId>,
    /// What its columns must hold.
    filter: Vec<Test>,
}

/// What is left of `ranges`, which grow and do not overlap, without `taken`, which grow too.
fn without(ranges: &[RangeInclusive<u64>], taken: &[DossierId]) -> Vec<RangeInclusive<u64>> {
    let mut left = Vec::new();
    for range in ranges {
        let mut from = *range.start();
        let first = taken.partition_point(|number| number.0 < from);
        let inside = taken.iter().skip(first).map(|number| number.0);
        for number in inside.take_while(|number| number <= range.end()) {
            if number > from {
                left.push(from..=number - 1);
            }
            from = number.saturating_add(1);
        }
        if from <= *range.end() {
            left.push(from..=*range.end());
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::without;
    use crate::domain::DossierId;

    #[test]
    fn what_was_named_and_not_chosen_is_known() {
        let taken: Vec<DossierId> = [3, 4, 7, 20].map(DossierId).into();
        assert_eq!(without(&[1..=10], &taken), [1..=2, 5..=6, 8..=10]);
        assert_eq!(without(&[3..=4, 7..=7], &taken), []);
        assert_eq!(without(&[5..=5, 7..=9], &taken), [5..=5, 8..=9]);
        assert_eq!(without(&[1..=2], &[]), [1..=2]);
        let last = [DossierId(u64::MAX - 1)];
        assert_eq!(
            without(&[u64::MAX - 1..=u64::MAX], &last),
            [u64::MAX..=u64::MAX]
        );
    }
}
