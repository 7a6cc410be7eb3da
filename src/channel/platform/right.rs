//! Who may do what: whether the token may do anything but read, and whether an instructeur may still act on a dossier.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::acts::{refusals, sentences};
use super::documents;
use super::fault::Fault;
use super::instance::Instance;
use super::json::{inner, list};
use super::pace::Rank;
use super::plan::same_address;
use super::read::profile;
use crate::message::platform::Order;

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

    /// Whether the instructeur of `order` is in the group of its dossier, as it is now. Where that cannot be seen, he is.
    pub(super) async fn reaches(&self, order: &Order) -> Result<bool, Fault> {
        if order.instructeur.email.is_empty() {
            return Ok(true);
        }
        let variables = json!({ "dossier": order.dossier });
        let data = match self.ask(Rank::Act, "Groupe", variables).await {
            Ok(data) => data,
            Err(Fault::Unable(_)) => return Ok(true),
            Err(fault) => return Err(fault),
        };
        let groupe = data.pointer("/dossier/groupeInstructeur");
        let Some(groupe) = groupe.filter(|groupe| inner(groupe, "instructeurs").is_some()) else {
            return Ok(true);
        };
        let me = &order.instructeur;
        let mut members = list(groupe, "instructeurs").filter_map(profile);
        Ok(members.any(|one| one.id == me.id || same_address(&one.email, &me.email)))
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
        let said = match answered {
            Ok(data) => refusals(data.get(documents::subject(document))?),
            Err(Fault::Refused(complaints)) if says_read_only(&sentences(&complaints)) => {
                return Some(true);
            }
            // That there is no such dossier is said only to who may write. Anything else tells nothing.
            Err(fault) => return fault.is_hidden().then_some(false),
        };
        Some(says_read_only(&said))
    }
}

/// Whether the platform says that the token may only read: it has no code for it.
pub(super) fn says_read_only(sentences: &[String]) -> bool {
    sentences.iter().any(|sentence| {
        let sentence = sentence.to_lowercase();
        sentence.contains("jeton") && sentence.contains("lecture")
    })
}
