//! Dossiers that were deleted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::documents::PAGE;
use super::fault::Fault;
use super::pace::Rank;
use super::pages::page;
use super::read;
use super::sync::{Broken, Reader, not_ahead};
use crate::message::platform::{Gone, GoneDossier};

/// Deletions that were handed in lately: when, which, and whether for good.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<(Timestamp, u64, bool)>);

impl Told {
    /// Those of `gone` that are new.
    fn new_of(&self, gone: Vec<GoneDossier>, purged: bool) -> Vec<GoneDossier> {
        let told = |gone: &GoneDossier| self.0.contains(&(gone.at, gone.number, purged));
        gone.into_iter().filter(|gone| !told(gone)).collect()
    }

    fn note(&mut self, gone: &[(Timestamp, u64, bool)], since: Timestamp) {
        self.0.extend(gone);
        self.0.retain(|(at, ..)| *at >= since);
    }
}

impl Reader {
    /// Reads what was deleted lately, and hands it in.
    pub(super) async fn gone(&mut self) -> Result<(), Broken> {
        let since = self.behind(self.progress.deleted);
        let purged = self.deleted("Deleted", "deletedDossiers", since).await?;
        let trashed = self
            .deleted("Pending", "pendingDeletedDossiers", since)
            .await?;
        let newest = purged.iter().chain(&trashed).map(|gone| gone.at).max();
        let gone = Gone {
            demarche: self.demarche,
            purged: self.told.new_of(purged, true),
            trashed: self.told.new_of(trashed, false),
        };
        let name = |purged| move |gone: &GoneDossier| (gone.at, gone.number, purged);
        let names: Vec<_> = gone
            .purged
            .iter()
            .map(name(true))
            .chain(gone.trashed.iter().map(name(false)))
            .collect();
        self.inner.hand_gone(&self.inbox, gone).await?;
        self.told.note(&names, since);
        self.progress.deleted = self.progress.deleted.max(not_ahead(newest));
        self.inner
            .hand_progress(&self.inbox, &self.progress)
            .await?;
        Ok(())
    }

    async fn deleted(
        &self,
        document: &str,
        name: &str,
        since: Timestamp,
    ) -> Result<Vec<GoneDossier>, Fault> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let variables = json!({
                "demarche": self.demarche, "first": PAGE, "after": after, "deletedSince": since,
            });
            let data = match self
                .inner
                .instance
                .ask(Rank::Read, document, variables)
                .await
            {
                Ok(data) => data,
                Err(Fault::Unable(_)) => return Ok(all),
                Err(fault) => return Err(fault),
            };
            let page = page(&data, name, read::gone)?;
            after = page.next(after.as_deref());
            all.extend(page.rows);
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}
