//! Hands in what was read.

use jiff::Timestamp;
use tokio::time::Instant;

use super::Inner;
use crate::channel::{Closed, Inbox};
use crate::message::platform::{DemarcheIn, DossierIn, Gone, Progress, Said};
use crate::message::{Heard, Incoming};

/// Something that was said, under an id that says of what it is and when it was read.
pub(super) fn said(what: &str, said: Said, at: Timestamp) -> Incoming {
    Incoming {
        id: format!("platform:{what}"),
        at,
        heard: Heard::Platform(Box::new(said)),
    }
}

impl Inner {
    /// Hands in those of `dossiers`, which were asked for at `asked`, that are not what is known already, and waits until
    /// they are committed.
    pub(super) async fn hand_dossiers(
        &self,
        inbox: &Inbox,
        dossiers: Vec<DossierIn>,
        asked: Instant,
    ) -> Result<usize, Closed> {
        let now = crate::clock::now();
        let mut receipts = Vec::new();
        for dossier in dossiers {
            let (number, digest) = (dossier.number, dossier.digest());
            // What is known as it is, or in a newer form, is known.
            let known = self.mirror.taken(number);
            let known = known
                .is_some_and(|known| known.modified > dossier.modified || known.digest == digest);
            if known || self.acted_after(number, asked) {
                continue;
            }
            let name = format!("dossier:{number}:{}:{digest}:{now}", dossier.modified);
            let incoming = said(&name, Said::Dossier(Box::new(dossier)), now);
            receipts.push(inbox.submit(incoming).await?);
        }
        let handed = receipts.len();
        for receipt in receipts {
            receipt.await.map_err(|_| Closed)?;
        }
        if handed > 0 {
            metrics::counter!("greffier_platform_dossiers_total").increment(handed as u64);
        }
        Ok(handed)
    }

    /// Hands in a démarche.
    pub(super) async fn hand_demarche(
        &self,
        inbox: &Inbox,
        demarche: DemarcheIn,
    ) -> Result<(), Closed> {
        let now = crate::clock::now();
        let name = format!("demarche:{}:{}:{now}", demarche.number, demarche.digest());
        let incoming = said(&name, Said::Demarche(Box::new(demarche)), now);
        inbox.hand(incoming).await.map(drop)
    }

    /// Hands in dossiers that are not to be seen any more.
    pub(super) async fn hand_gone(&self, inbox: &Inbox, gone: Gone) -> Result<(), Closed> {
        if gone.purged.is_empty() && gone.trashed.is_empty() {
            return Ok(());
        }
        let now = crate::clock::now();
        let incoming = said(
            &format!("gone:{}:{now}", gone.demarche),
            Said::Gone(gone),
            now,
        );
        inbox.hand(incoming).await.map(drop)
    }

    /// Hands in how far a démarche has been read, if that is new.
    pub(super) async fn hand_progress(
        &self,
        inbox: &Inbox,
        progress: &Progress,
    ) -> Result<(), Closed> {
        if self.mirror.progress(progress.demarche).as_ref() == Some(progress) {
            return Ok(());
        }
        let now = crate::clock::now();
        let name = format!("read:{}:{now}", progress.demarche);
        let incoming = said(&name, Said::Read(progress.clone()), now);
        inbox.hand(incoming).await.map(drop)
    }
}
