//! Looks what may be done on an instance, without doing anything: for `greffier check --online`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::acts::is_read_only;
use super::documents;
use super::fault::{Complaint, Fault};
use super::instance::Instance;
use super::json::{list, text};
use super::pace::Rank;
use super::schema::Schema;
use super::settings::Settings;
use crate::channel::http::health::Health;

/// What an instance lets a token do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Address of the instance.
    pub url: String,
    /// Whether the token may only read. None where that could not be seen.
    pub read_only: Option<bool>,
    /// Each démarche with its title, or why it cannot be read.
    pub demarches: Vec<(u64, Result<String, String>)>,
    /// Mutations that the instance knows.
    pub mutations: BTreeSet<String>,
    /// What Greffier would use and the instance lacks: `Mutation.dossierBasculeSuivi`, `Dossier.labels`.
    pub missing: Vec<String>,
}

/// Asks the instance of `settings`. An error says why there is no answer, in words for the operator.
pub async fn probe(settings: &Settings, demarches: &[u64]) -> Result<Found, String> {
    let words = |fault: Fault| fault.to_string();
    if let Some(fault) = settings.faults().into_iter().next() {
        return Err(fault);
    }
    let instance = Instance::new(settings, Arc::new(Health::default())).map_err(words)?;
    let schema = instance.schema(Rank::Act).await.map_err(words)?;
    let mut found = Vec::new();
    for demarche in demarches {
        let variables = json!({ "demarche": demarche });
        let answered = instance.ask(Rank::Act, "Directory", variables).await;
        let title = match answered {
            Ok(data) => Ok(data
                .pointer("/demarche/title")
                .and_then(|title| title.as_str())
                .unwrap_or_default()
                .to_owned()),
            Err(fault) if fault.is_hidden() => {
                Err("the token does not reach it, or there is none".to_owned())
            }
            Err(fault @ (Fault::Expired | Fault::Forbidden | Fault::Away(_))) => {
                return Err(words(fault));
            }
            Err(fault) => Err(words(fault)),
        };
        found.push((*demarche, title));
    }
    Ok(Found {
        url: settings.url.clone(),
        read_only: read_only(&instance, &schema).await,
        demarches: found,
        mutations: schema.mutations(),
        missing: Schema::published().beyond(&schema),
    })
}

/// Whether the token may only read: to take a label that is none from a dossier that is none can do no harm, and a token
/// that may only read is told so before either is looked for.
pub(super) async fn read_only(instance: &Instance, schema: &Schema) -> Option<bool> {
    let nothing = "Greffier-asks-for-nothing";
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
    let answered = instance
        .ask(Rank::Act, document, json!({ "input": input }))
        .await;
    match answered {
        Ok(data) => {
            let payload = data.get(documents::subject(document))?;
            let sentences: Vec<String> = list(payload, "errors")
                .filter_map(|error| text(error, "message"))
                .collect();
            Some(is_read_only(&sentences))
        }
        Err(Fault::Refused(complaints)) => {
            let sentences: Vec<String> = complaints.iter().map(said).collect();
            Some(is_read_only(&sentences))
        }
        Err(_) => None,
    }
}

fn said(complaint: &Complaint) -> String {
    complaint.message.clone()
}
