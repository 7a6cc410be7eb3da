//! Pages of dossiers, and dossiers alone, however much the server can take at once.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::documents::PAGE;
use super::fault::Fault;
use super::json::{inner, list, moment, number, text, truth};
use super::pace::Rank;
use super::read;
use super::sync::Broken;
use super::{Inner, lock};
use crate::channel::Inbox;
use crate::message::platform::DossierIn;

/// How long a dossier that could not be read is let be.
const PASSED: Duration = Duration::from_mins(5);

/// Where in a list of dossiers.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Behind what.
    pub(super) after: Option<String>,
    /// Changed since when.
    pub(super) since: Option<Timestamp>,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Page<T> {
    /// What stands on it.
    pub(super) rows: Vec<T>,
    /// Behind what the next begins.
    pub(super) end: Option<String>,
    /// Whether there is a next.
    pub(super) more: bool,
}

impl<T> Page<T> {
    /// Behind what the next page begins, of one that was asked for behind `after`; none where it is the last. One that leads
    /// to itself would be read for ever.
    pub(super) fn next(&self, after: Option<&str>) -> Option<String> {
        let end = self.end.clone().filter(|_| self.more)?;
        (Some(end.as_str()) != after).then_some(end)
    }
}

/// A row of a light page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) modified: Timestamp,
}

/// How many rows the server can take at once, found by trying.
#[derive(Debug)]
pub(super) struct Size(u32);

impl Size {
    pub(super) const fn new() -> Self {
        Self(PAGE)
    }

    /// Half as many. False where it was one.
    fn shrink(&mut self) -> bool {
        let less = self.0 > 1;
        self.0 = (self.0 / 2).max(1);
        less
    }

    fn grow(&mut self) {
        self.0 = (self.0 + self.0.div_ceil(4)).min(PAGE);
    }
}

/// The list of that name in an answer about a démarche.
pub(super) fn page<T>(
    data: &Value,
    name: &str,
    row: impl Fn(&Value) -> Option<T>,
) -> Result<Page<T>, Fault> {
    let list_of = data.pointer(&format!("/demarche/{name}"));
    let list_of = list_of.ok_or_else(|| Fault::Away(format!("an answer without {name}")))?;
    let info = inner(list_of, "pageInfo");
    Ok(Page {
        rows: list(list_of, "nodes").filter_map(row).collect(),
        end: info.and_then(|info| text(info, "endCursor")),
        more: info.and_then(|info| truth(info, "hasNextPage")) == Some(true),
    })
}

fn row(value: &Value) -> Option<Row> {
    Some(Row {
        number: number(value, "number")?,
        modified: moment(value, "dateDerniereModification")?,
    })
}

impl Inner {
    /// A page of rows.
    pub(super) async fn light(&self, demarche: u64, place: &Place) -> Result<Page<Row>, Fault> {
        let variables = variables(demarche, place, PAGE);
        let data = self.instance.ask(Rank::Read, "Light", variables).await?;
        page(&data, "dossiers", row)
    }

    /// A page of whole dossiers, of as many as the server can take.
    pub(super) async fn full(
        &self,
        demarche: u64,
        place: &Place,
        size: &mut Size,
    ) -> Result<Page<DossierIn>, Fault> {
        loop {
            let variables = variables(demarche, place, size.0);
            match self.instance.ask(Rank::Read, "Full", variables).await {
                Ok(data) => {
                    size.grow();
                    return page(&data, "dossiers", |value| {
                        read::dossier(value, Some(demarche))
                    });
                }
                Err(fault) if fault.is_too_much() => {
                    if !size.shrink() {
                        return self.single(demarche, place).await;
                    }
                    tracing::info!(
                        demarche,
                        rows = size.0,
                        "A page of démarche {demarche} is too much for the platform: {} dossiers are asked for at once",
                        size.0
                    );
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// A page of one dossier, which is read in parts.
    async fn single(&self, demarche: u64, place: &Place) -> Result<Page<DossierIn>, Fault> {
        let variables = variables(demarche, place, 1);
        let data = self.instance.ask(Rank::Read, "Light", variables).await?;
        let Page { rows, end, more } = page(&data, "dossiers", row)?;
        let mut dossiers = Vec::new();
        for row in rows {
            match self.in_parts(Rank::Read, row.number).await {
                Ok(dossier) => dossiers.push(dossier),
                Err(fault) if fault.is_hidden() => {}
                Err(fault) if fault.is_too_much() => self.pass_over(demarche, row.number, &fault),
                Err(fault) => return Err(fault),
            }
        }
        Ok(Page {
            rows: dossiers,
            end,
            more,
        })
    }

    /// One dossier, whole.
    pub(super) async fn dossier(&self, rank: Rank, dossier: u64) -> Result<DossierIn, Fault> {
        let variables = json!({ "dossier": dossier });
        match self.instance.ask(rank, "One", variables).await {
            Ok(data) => whole(data.get("dossier")),
            Err(fault) if fault.is_too_much() => self.in_parts(rank, dossier).await,
            Err(fault) => Err(fault),
        }
    }

    /// The same in several answers. One that changes between two of them is read once more.
    async fn in_parts(&self, rank: Rank, dossier: u64) -> Result<DossierIn, Fault> {
        for _ in 0..3 {
            let mut parts = serde_json::Map::new();
            let mut before = None;
            for name in ["Presence", "Champs", "Annotations", "Talk", "Head"] {
                let variables = json!({ "dossier": dossier });
                let data = self.instance.ask(rank, name, variables).await?;
                let part = data.get("dossier").and_then(Value::as_object).cloned();
                parts.extend(part.unwrap_or_default());
                let modified = parts.get("dateDerniereModification").cloned();
                before = before.or(modified);
            }
            if parts.get("dateDerniereModification") == before.as_ref() {
                return whole(Some(&Value::Object(parts)));
            }
        }
        Err(Fault::Away(
            "the dossier changes while it is read".to_owned(),
        ))
    }

    /// Whether the platform still shows a dossier.
    pub(super) async fn is_shown(&self, dossier: u64) -> Result<bool, Fault> {
        let variables = json!({ "dossier": dossier });
        match self.instance.ask(Rank::Patrol, "Presence", variables).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_hidden() => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Leaves a dossier that cannot be read for later: the others must not wait for it for ever.
    fn pass_over(&self, demarche: u64, dossier: u64, fault: &Fault) {
        tracing::warn!(
            demarche,
            dossier,
            "Dossier {dossier} is passed over for now: {fault}"
        );
        let later = Instant::now() + PASSED;
        lock(&self.passed).insert(dossier, later);
        lock(&self.again).insert(dossier, (demarche, later));
    }

    /// Whether a dossier was passed over a moment ago.
    fn is_passed_over(&self, dossier: u64) -> bool {
        let mut passed = lock(&self.passed);
        let now = Instant::now();
        passed.retain(|_, until| *until > now);
        passed.contains_key(&dossier)
    }

    /// Reads dossiers of a démarche alone, and hands them in. What cannot be read is passed over.
    pub(super) async fn read_alone(
        &self,
        rank: Rank,
        demarche: u64,
        numbers: impl IntoIterator<Item = u64>,
        inbox: &Inbox,
    ) -> Result<(), Broken> {
        for number in numbers {
            if self.is_passed_over(number) {
                continue;
            }
            let asked = Instant::now();
            match self.dossier(rank, number).await {
                Ok(dossier) => {
                    self.hand_dossiers(inbox, vec![dossier], asked).await?;
                }
                // Its deletion is told elsewhere.
                Err(fault) if fault.is_hidden() => {}
                Err(fault) if fault.is_too_much() => self.pass_over(demarche, number, &fault),
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }
}

fn whole(value: Option<&Value>) -> Result<DossierIn, Fault> {
    value
        .and_then(|value| read::dossier(value, None))
        .ok_or_else(|| Fault::Away("an answer without the dossier".to_owned()))
}

fn variables(demarche: u64, place: &Place, first: u32) -> Value {
    json!({
        "demarche": demarche,
        "first": first,
        "after": place.after,
        "updatedSince": place.since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_leads_to_itself_is_the_last() {
        let page = |end: Option<&str>, more| Page::<()> {
            end: end.map(ToOwned::to_owned),
            more,
            ..Page::default()
        };
        assert_eq!(page(Some("b"), true).next(Some("a")), Some("b".to_owned()));
        assert_eq!(page(Some("b"), true).next(None), Some("b".to_owned()));
        assert_eq!(page(Some("b"), true).next(Some("b")), None);
        assert_eq!(page(Some("b"), false).next(None), None);
        assert_eq!(page(None, true).next(None), None);
    }
}
