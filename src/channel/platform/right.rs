//! Whether a token may do anything but read.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::documents;
use super::fault::Fault;
use super::instance::Instance;
use super::json::{list, text};
use super::pace::Rank;

/// How long that is believed: another token may be in the file by then.
const HOUR: Duration = Duration::from_hours(1);

impl Instance {
    /// Whether the token may only read; none where that cannot be seen. To take a label that is none from a dossier that is
    /// none can do no harm, and a token that may only read is told so before either is looked for.
    pub(super) async fn read_only(&self, rank: Rank) -> Option<bool> {
        let mut known = self.read_only.lock().await;
        if let Some((at, read_only)) = *known
            && at.elapsed() < HOUR
        {
            return Some(read_only);
        }
        let read_only = self.try_to_write(rank).await?;
        *known = Some((Instant::now(), read_only));
        Some(read_only)
    }

    async fn try_to_write(&self, rank: Rank) -> Option<bool> {
        let nothing = "Greffier-asks-for-nothing";
        let schema = self.schema(rank).await.ok()?;
        let (document, input) = if schema.field("Mutation", "dossierSupprimerLabel").is_some() {
            (
                "SupprimerLabel",
                json!({ "dossierId": nothing, "labelId": nothing }),
            )
        } else {
            (
                "Desarchiver",
                json!({ "dossierId": nothing, "instructeurId": nothing }),
            )
        };
        let answered = self.ask(rank, document, json!({ "input": input })).await;
        let sentences: Vec<String> = match answered {
            Ok(data) => list(data.get(documents::subject(document))?, "errors")
                .filter_map(|error| text(error, "message"))
                .collect(),
            Err(Fault::Refused(complaints)) => complaints
                .into_iter()
                .map(|complaint| complaint.message)
                .collect(),
            Err(_) => return None,
        };
        Some(says_read_only(&sentences))
    }
}

/// Whether the platform says that the token may only read: it has no code for it.
pub(super) fn says_read_only(sentences: &[String]) -> bool {
    sentences.iter().any(|sentence| {
        let sentence = sentence.to_lowercase();
        sentence.contains("jeton") && sentence.contains("lecture")
    })
}
