//! How a list is to be made: columns, filter and sort, the saved ones where none is typed.

use jiff::civil::Date;

use super::super::ask::Listing;
use super::super::draft::Draft;
use super::super::preference::Preferences;
use super::super::{App, Error};
use super::{PAGE, filter, lists};
use crate::domain::column::{Column, Named};
use crate::domain::query::{Query, Sort, Test, Want, Word};
use crate::domain::{Demarche, Email, List, Of, Onglet, fold, paris};
use crate::store::Store;
use crate::template::Answer;

/// How a list is made.
pub(super) struct Plan {
    pub(super) page: usize,
    pub(super) colonnes: Vec<Named>,
    pub(super) query: Query,
    /// The filters in words: label and value.
    pub(super) filters: Vec<(String, String)>,
    /// The label of the column that it is sorted by, and whether the greatest comes first.
    pub(super) tri: Option<(String, bool)>,
    /// Those with an orange mark come first.
    pub(super) pastille: bool,
    /// Only dossiers of the room's group are meant, out of lists that have others too.
    pub(super) narrowed: bool,
}

impl<S: Store> App<S> {
    /// The plan of `listing` for somebody, out of `demarches`. The error is what to say instead.
    pub(super) fn plan(
        &self,
        draft: &Draft<'_, S>,
        email: &Email,
        demarches: &[&Demarche],
        groupe: Option<&str>,
        listing: &Listing,
    ) -> Result<Result<Plan, Answer>, Error> {
        // Columns and filters belong to one démarche; what is searched for everywhere is not hidden by a saved filter.
        let only = match demarches {
            [only] => Some(*only),
            _ => None,
        };
        let saved = match only {
            Some(demarche) => self.preferences(draft, email, demarche.number)?,
            None => Preferences::default(),
        };
        let today = draft.at.to_zoned_datetime(paris()).date();
        Ok(planned(
            email, demarches, groupe, listing, &saved, only, today,
        ))
    }
}

#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
fn planned(
    email: &Email,
    demarches: &[&Demarche],
    groupe: Option<&str>,
    listing: &Listing,
    saved: &Preferences,
    only: Option<&Demarche>,
    today: Date,
) -> Result<Plan, Answer> {
    let page = listing.page.unwrap_or(1).clamp(1, 10_000);
    let pastille = listing
        .pastille
        .unwrap_or(saved.pastille && !listing.partout);
    let marked = demarches.iter().flat_map(|demarche| {
        [Onglet::Suivis, Onglet::Traites].map(|onglet| List {
            demarche: demarche.number,
            of: Of::Instructeur(email.clone()),
            onglet,
            marked: true,
        })
    });
    let typed = listing.texte.as_deref().unwrap_or_default();
    let words: Vec<Word> = typed.split_whitespace().filter_map(Word::of).collect();
    // A text without a word (`???`) stands nowhere, rather than everywhere.
    let nowhere = words.is_empty() && !typed.trim().is_empty();
    let mut onglets = vec![listing.onglet];
    if listing.partout {
        onglets.push(Onglet::Archives);
    }
    let lists = onglets.iter().flat_map(|onglet| {
        let of = |demarche: &&Demarche| lists(demarche, email, *onglet, groupe);
        demarches.iter().flat_map(of).collect::<Vec<_>>()
    });
    let mut plan = Plan {
        page,
        colonnes: Vec::new(),
        query: Query {
            lists: if nowhere { Vec::new() } else { lists.collect() },
            marked: if pastille {
                marked.collect()
            } else {
                Vec::new()
            },
            tests: Vec::new(),
            words,
            sort: None,
            except: None,
            skip: (page - 1) * PAGE,
            take: PAGE,
        },
        filters: Vec::new(),
        tri: None,
        pastille,
        narrowed: false,
    };
    // What somebody follows may be in several groups; a group's room hears of its own.
    if let Some(groupe) = groupe.filter(|_| listing.onglet == Onglet::Suivis) {
        plan.narrowed = true;
        plan.query.tests.push(Test {
            any: vec![Want::Is(fold(groupe))],
            ..Test::of(Column::Groupe)
        });
    }
    let Some(demarche) = only else {
        return Ok(plan);
    };
    for name in listing.colonnes.as_ref().unwrap_or(&saved.colonnes) {
        plan.colonnes.push(filter::named(demarche, name)?);
    }
    let none = Vec::new();
    let kept = if listing.partout {
        &none
    } else {
        &saved.filtre
    };
    let mut tests = Vec::new();
    for (name, value) in listing.filtre.as_ref().unwrap_or(kept) {
        let named = filter::named(demarche, name)?;
        if let Err(expected) = filter::add(&mut tests, demarche, &named.column, value, today) {
            return Err(filter::bad(demarche, named, value, expected));
        }
        plan.filters.push((named.label, value.clone()));
    }
    plan.query.tests.extend(tests);
    let tri = listing.tri.as_ref();
    if let Some(tri) = tri.or(saved.tri.as_ref().filter(|_| !listing.partout)) {
        let (named, down) = sort_by(demarche, tri)?;
        // That is the order of the lists themselves.
        if !(named.column == Column::Depot && down) || pastille {
            plan.query.sort = Some(Sort {
                column: named.column,
                down,
            });
        }
        plan.tri = Some((named.label, down));
    }
    Ok(plan)
}

/// The column of a sort, with `-` before it for the other way round.
#[expect(
    clippy::result_large_err,
    reason = "the answer is given at once, and rarely"
)]
pub(in crate::app) fn sort_by(demarche: &Demarche, tri: &str) -> Result<(Named, bool), Answer> {
    let (name, down) = match tri.trim().strip_prefix('-') {
        Some(name) => (name, true),
        None => (tri, false),
    };
    Ok((filter::named(demarche, name)?, down))
}
