//! The figures of a démarche: every dossier of it looked at once, and the charts drawn.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Bench;
use crate::document::{Chart, Theme};
use crate::domain::stats::Tally;
use crate::domain::{DemarcheId, DossierId};
use crate::message::work::{Drawn, Product};
use crate::store::Store;
use crate::workshop::Trouble;

/// Dossiers looked at between two looks whether Greffier stops.
const BETWEEN: u64 = 1_000;

impl<S: Store> Bench<S> {
    pub(super) fn stats(
        &self,
        number: DemarcheId,
        dark: bool,
        at: Timestamp,
        halt: &CancellationToken,
    ) -> Result<Product, Trouble> {
        let Some(demarche) = (self.rules)(number) else {
            return Err(Trouble::Lasting("the démarche is gone".to_owned()));
        };
        let mut tally = Tally::new(at);
        // By number rather than by list: those that were purged are in no list, and count.
        for dossier in 1..self.store.next_number()?.0 {
            if dossier % BETWEEN == 0 && halt.is_cancelled() {
                return Err(Trouble::Passing("Greffier is stopping".to_owned()));
            }
            let loaded = self.store.load(DossierId(dossier))?;
            if let Some((dossier, _)) = loaded.filter(|(dossier, _)| dossier.demarche == number) {
                tally.add(&dossier);
            }
        }
        let figures = tally.figures();
        let theme = if dark { Theme::Dark } else { Theme::Light };
        let mut charts = Vec::new();
        for chart in Chart::ALL {
            let picture = self.press.chart(chart, &figures, &demarche, theme)?;
            let name = format!("{}.png", chart.nom());
            charts.push(Drawn {
                piece: self.keep(name, "image/png", &picture.png)?,
                alt: picture.alt,
            });
        }
        Ok(Product::Stats {
            on: figures.on,
            usual: figures.usual,
            charts,
        })
    }
}
