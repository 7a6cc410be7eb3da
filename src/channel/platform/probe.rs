//! What an instance lets Greffier do, for `greffier check --online`, and whether a token may write.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::Settings;
use super::directory;
use super::fault::Fault;
use super::instance::Instance;
use super::pace::Rank;
use super::schema::Schema;
use crate::channel::http::health::Health;
use crate::message::platform::DemarcheIn;

/// A dossier that does not exist: whatever is asked of it changes nothing. It is `Dossier-0`.
const NOBODYS: &str = "RG9zc2llci0w";
/// An instructeur who does not exist: `Instructeur-0`.
const NOBODY: &str = "SW5zdHJ1Y3RldXItMA==";

/// What was found out.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Whether the token may write; none where that could not be found out.
    pub writes: Option<bool>,
    /// Mutations that the instance knows.
    pub mutations: BTreeSet<String>,
    /// What an up-to-date instance has and this one lacks: the documents that cannot be sent.
    pub lacking: Vec<String>,
    /// Each démarche that was asked for: what it is, or why it cannot be read.
    pub demarches: Vec<(u64, Result<DemarcheIn, String>)>,
}

/// Asks an instance what it is and what it lets the token do. The error says why nothing could be found out.
pub async fn probe(settings: &Settings, demarches: &[u64]) -> Result<Found, String> {
    let said = |fault: Fault| fault.to_string();
    let instance = Instance::new(settings, Arc::new(Health::default())).map_err(said)?;
    let schema = instance.schema(Rank::Act).await.map_err(said)?;
    let mut found = Found {
        writes: may_write(&instance).await.map_err(said)?,
        mutations: schema.mutations(),
        lacking: lacking(&schema),
        demarches: Vec::new(),
    };
    for number in demarches {
        let variables = json!({ "demarche": number });
        let read = instance.ask(Rank::Act, "Directory", variables).await;
        let read = match read {
            Ok(data) => data
                .get("demarche")
                .and_then(|value| directory::demarche(value, schema.mutations()))
                .ok_or_else(|| "it is not answered".to_owned()),
            Err(fault) if fault.is_hidden() => {
                Err("the token does not reach it, or it does not exist".to_owned())
            }
            Err(fault) => Err(said(fault)),
        };
        found.demarches.push((*number, read));
    }
    Ok(found)
}

/// Documents that an up-to-date instance would take and this one does not.
fn lacking(schema: &Schema) -> Vec<String> {
    let has = |schema: &Schema| -> BTreeSet<String> {
        let all = super::documents::every(schema).into_iter();
        all.map(|(name, _)| name).collect()
    };
    let here = has(schema);
    let all = has(&Schema::published());
    all.difference(&here).cloned().collect()
}

/// Whether the token may write. The platform says that it may not before it looks for the dossier, and there is none.
pub(super) async fn may_write(instance: &Instance) -> Result<Option<bool>, Fault> {
    let input = json!({ "input": { "dossierId": NOBODYS, "instructeurId": NOBODY } });
    let answered = instance.ask(Rank::Read, "Archiver", input).await;
    match answered {
        Ok(data) => {
            let text = data.to_string();
            Ok(Some(!(text.contains("jeton") && text.contains("lecture"))))
        }
        // It was looked for, and not found.
        Err(Fault::Refused(_)) => Ok(Some(true)),
        Err(Fault::Unable(_) | Fault::Failed(_) | Fault::Partial(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The mutations that may be sent: none with a token that only reads.
pub(super) fn usable(schema: &Schema, writes: Option<bool>) -> BTreeSet<String> {
    if writes == Some(false) {
        return BTreeSet::new();
    }
    schema.mutations()
}
