//! Connections: cursors of `timestamp;id`, pages of a hundred at most.

use std::collections::BTreeSet;
use std::ops::Bound;

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::{JsonMap, JsonValue};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;

use super::clock::iso;
use super::ctx::fail;
use super::descriptor::typed_id;
use super::model::{Deleted, DossierState, Statut};
use super::state::State;
use super::tree::{Tree, list, object};

const MAX: usize = 100;

type Key = (Timestamp, i32);

/// Which dossiers are wanted.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) groupe: Option<i32>,
    pub(super) statut: Option<String>,
    pub(super) archived: Option<bool>,
    pub(super) updated_since: Option<Timestamp>,
    pub(super) created_since: Option<Timestamp>,
    pub(super) revision: Option<u32>,
    pub(super) min_revision: Option<u32>,
    pub(super) max_revision: Option<u32>,
}

impl Filter {
    fn keeps(&self, dossier: &DossierState, revision: u32) -> bool {
        dossier.visible()
            && self.groupe.is_none_or(|groupe| dossier.groupe == groupe)
            && self
                .statut
                .as_ref()
                .is_none_or(|statut| dossier.statut.code() == statut)
            && self
                .archived
                .is_none_or(|archived| dossier.archived == archived)
            && self.revision.is_none_or(|wanted| revision == wanted)
            && self.min_revision.is_none_or(|least| revision >= least)
            && self.max_revision.is_none_or(|most| revision <= most)
    }
}

/// Which page is wanted.
#[derive(Debug)]
pub(super) struct Window {
    limit: usize,
    inverted: bool,
    descending: bool,
    after: Option<Key>,
    before: Option<Key>,
}

impl Window {
    pub(super) fn read(args: &JsonMap) -> Result<Self, FieldError> {
        let number = |name: &str| args.get(name).and_then(JsonValue::as_i64);
        let cursor = |name: &str| match args
            .get(name)
            .and_then(JsonValue::as_str)
            .filter(|text| !text.is_empty())
        {
            None => Ok(None),
            Some(text) => read_cursor(text)
                .map(Some)
                .ok_or_else(|| fail("bad_request", "Invalid cursor")),
        };
        let (first, last, after, before) = (
            number("first"),
            number("last"),
            cursor("after")?,
            cursor("before")?,
        );
        let descending = args.get("order").and_then(JsonValue::as_str) == Some("DESC");
        if first.is_some() && last.is_some() {
            return Err(fail(
                "bad_request",
                "Arguments \"first\" and \"last\" are exclusive",
            ));
        }
        if after.is_some() && before.is_some() {
            return Err(fail(
                "bad_request",
                "Arguments \"before\" and \"after\" are exclusive",
            ));
        }
        for (name, value) in [("first", first), ("last", last)] {
            if value.is_some_and(|value| value < 0) {
                return Err(fail(
                    "bad_request",
                    format!("Argument \"{name}\" must be a non-negative integer"),
                ));
            }
        }
        if last.is_some() && descending {
            return Err(fail(
                "bad_request",
                "Argument \"last\" is not supported with order \"desc\"",
            ));
        }
        let limit = first
            .or(last)
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(MAX)
            .min(MAX);
        Ok(Self {
            limit,
            inverted: last.is_some() || before.is_some(),
            descending,
            after,
            before,
        })
    }

    /// The page of `keys` (in ascending order from `from`), and whether there is more before and after it.
    fn cut(
        &self,
        keys: &BTreeSet<Key>,
        from: Option<Timestamp>,
        keeps: impl Fn(&Key) -> bool,
    ) -> (Vec<Key>, bool, bool) {
        let (after, before, mut inverted) = if self.descending {
            (self.before, self.after, self.inverted)
        } else {
            (self.after, self.before, self.inverted)
        };
        if self.descending && self.before.is_none() {
            inverted = !inverted;
        }
        let start = from.map(|from| (from, i32::MIN));
        let low = match (after, start) {
            (Some(after), Some(start)) if after < start => Bound::Included(start),
            (Some(after), _) => Bound::Excluded(after),
            (None, Some(start)) => Bound::Included(start),
            (None, None) => Bound::Unbounded,
        };
        let high = before.map_or(Bound::Unbounded, Bound::Excluded);
        if let (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high)) = (low, high)
            && low >= high
        {
            return (vec![], after.is_some(), before.is_some());
        }
        let range = keys.range((low, high)).copied().filter(|key| keeps(key));
        let mut page: Vec<Key> = if inverted {
            range.rev().take(self.limit + 1).collect()
        } else {
            range.take(self.limit + 1).collect()
        };
        let more = page.len() > self.limit;
        page.truncate(self.limit);
        if self.descending {
            let previous = before.is_some() || (more && inverted);
            let next = after.is_some() || (more && !inverted);
            return (page, next, previous);
        }
        if inverted {
            page.reverse();
        }
        (
            page,
            after.is_some() || (more && inverted),
            before.is_some() || (more && !inverted),
        )
    }
}

/// `dossiers(…)` of a démarche or of one of its groups.
pub(super) fn dossiers(state: &State, demarche: i32, filter: &Filter, window: &Window) -> Tree {
    let demarche = state.demarche(demarche);
    // `updatedSince` wins, and changes the order.
    let (keys, from) = match (filter.updated_since, filter.created_since) {
        (Some(since), _) => (&demarche.by_update, Some(since)),
        (None, since) => (&demarche.by_depot, since),
    };
    let keeps = |key: &Key| {
        let dossier = state.dossier(key.1);
        filter.keeps(
            dossier,
            demarche
                .revisions
                .get(dossier.revision)
                .map_or(0, |revision| revision.id),
        )
    };
    let (page, previous, next) = window.cut(keys, from, keeps);
    let rows = page
        .into_iter()
        .map(|key| (key, Tree::Dossier(key.1)))
        .collect();
    connection(("DossierConnection", "DossierEdge"), rows, previous, next)
}

/// `deletedDossiers(…)` or `pendingDeletedDossiers(…)`.
pub(super) fn deleted(
    state: &State,
    demarche: i32,
    groupe: Option<i32>,
    since: Option<Timestamp>,
    pending: bool,
    window: &Window,
) -> Tree {
    let mut rows: Vec<Deleted> = if pending {
        hidden(state, demarche)
    } else {
        state.demarche(demarche).deleted.clone()
    };
    rows.retain(|row| groupe.is_none_or(|groupe| row.groupe == groupe));
    let keys: BTreeSet<Key> = rows.iter().map(|row| (row.at, row.number)).collect();
    let (page, previous, next) = window.cut(&keys, since, |_| true);
    let tree = |key: &Key| {
        rows.iter()
            .find(|row| row.number == key.1)
            .map(deleted_tree)
            .unwrap_or_default()
    };
    let rows = page.into_iter().map(|key| (key, tree(&key))).collect();
    connection(
        ("DeletedDossierConnection", "DeletedDossierEdge"),
        rows,
        previous,
        next,
    )
}

// Those hidden only because they expired are not in this list.
fn hidden(state: &State, demarche: i32) -> Vec<Deleted> {
    let numbers = state
        .demarche(demarche)
        .by_depot
        .iter()
        .map(|(_, number)| state.dossier(*number));
    numbers
        .filter_map(|dossier| {
            let by_usager = dossier
                .hidden_by_usager_at
                .filter(|_| dossier.statut == Statut::EnConstruction);
            let (at, reason) = match (by_usager, dossier.hidden_by_administration_at) {
                (Some(at), _) => (at, "user_request"),
                (None, Some(at)) => (at, "instructeur_request"),
                (None, None) => return None,
            };
            let (number, groupe, statut) = (dossier.number, dossier.groupe, dossier.statut);
            Some(Deleted {
                number,
                groupe,
                statut,
                reason,
                at,
            })
        })
        .collect()
}

fn deleted_tree(row: &Deleted) -> Tree {
    object(
        "DeletedDossier",
        vec![
            ("id", Tree::from(typed_id("DeletedDossier", row.number))),
            ("number", row.number.into()),
            ("state", row.statut.code().into()),
            ("reason", row.reason.into()),
            ("dateSupression", iso(row.at).into()),
        ],
    )
}

fn connection(
    names: (&'static str, &'static str),
    rows: Vec<(Key, Tree)>,
    previous: bool,
    next: bool,
) -> Tree {
    let cursor = |row: Option<&(Key, Tree)>| row.map(|(key, _)| write_cursor(*key)).into();
    let info = object(
        "PageInfo",
        vec![
            ("startCursor", cursor(rows.first())),
            ("endCursor", cursor(rows.last())),
            ("hasNextPage", next.into()),
            ("hasPreviousPage", previous.into()),
        ],
    );
    let edge = |(key, node): &(Key, Tree)| {
        object(
            names.1,
            vec![
                ("cursor", Tree::from(write_cursor(*key))),
                ("node", node.clone()),
            ],
        )
    };
    let edges = list(rows.iter().map(edge));
    let nodes = list(rows.into_iter().map(|(_, node)| node));
    object(
        names.0,
        vec![("nodes", nodes), ("edges", edges), ("pageInfo", info)],
    )
}

fn write_cursor((at, number): Key) -> String {
    BASE64URL_NOPAD.encode(format!("{};{number}", at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")).as_bytes())
}

fn read_cursor(text: &str) -> Option<Key> {
    let text = String::from_utf8(
        BASE64URL_NOPAD
            .decode(text.trim_end_matches('=').as_bytes())
            .ok()?,
    )
    .ok()?;
    let (at, number) = text.split_once(';')?;
    Some((at.parse().ok()?, number.parse().ok()?))
}
