//! Looks what may be done on an instance, without doing anything: for `greffier check --online`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::client::Client;
use super::directory;
use super::fault::Fault;
use super::instance::Instance;
use super::pace::Rank;
use super::schema::Schema;
use super::settings::Settings;
use crate::channel::http::health::Health;
use crate::message::platform::DemarcheIn;

/// What an instance lets a token do.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Address of the instance.
    pub url: String,
    /// Whether the token may only read. None where that could not be seen.
    pub read_only: Option<bool>,
    /// Each démarche with what defines it, or why it cannot be read.
    pub demarches: Vec<(u64, Result<DemarcheIn, String>)>,
    /// Mutations that the instance knows.
    pub mutations: BTreeSet<String>,
    /// What Greffier would use and the instance lacks: `Mutation.dossierBasculeSuivi`, `Dossier.labels`.
    pub missing: Vec<String>,
}

/// Whether what `settings` name is here: a token in its file, certificates. Nothing is asked of anybody.
pub fn at_hand(settings: &Settings) -> Result<(), String> {
    let client = Client::new(settings).map_err(|fault| fault.to_string())?;
    client.token().map_err(|fault| fault.to_string()).map(drop)
}

/// Asks the instance of `settings`. An error says why there is no answer, in words for the operator.
pub async fn probe(settings: &Settings, demarches: &[u64]) -> Result<Found, String> {
    let words = |fault: Fault| match fault {
        Fault::Away(why) => format!("{} is not reached: {why}", settings.url),
        fault @ (Fault::Strange(_) | Fault::Barred(_)) => format!("{}: {fault}", settings.url),
        fault => fault.to_string(),
    };
    if let Some(fault) = settings.faults().into_iter().next() {
        return Err(fault);
    }
    let instance = Instance::new(settings, Arc::new(Health::default())).map_err(words)?;
    let schema = instance.schema(Rank::Act).await.map_err(words)?;
    let mut found = Vec::new();
    for demarche in demarches {
        let variables = json!({ "demarche": demarche });
        let answered = instance.ask(Rank::Act, "Directory", variables).await;
        let read = match answered {
            Ok(data) => data
                .get("demarche")
                .and_then(|value| directory::demarche(value, schema.mutations()))
                .ok_or_else(|| "the answer is no démarche".to_owned()),
            Err(fault) if fault.is_unknown() => {
                Err("there is none with this number: write that which the platform shows".to_owned())
            }
            Err(fault) if fault.is_hidden() => Err(
                "the token does not reach it: the administrateur who made it must be one of the démarche's, and have made it for this démarche or for all"
                    .to_owned(),
            ),
            Err(
                fault @ (Fault::Expired
                | Fault::Forbidden(_)
                | Fault::Barred(_)
                | Fault::Away(_)
                | Fault::Strange(_)),
            ) => {
                return Err(words(fault));
            }
            Err(fault) => Err(words(fault)),
        };
        found.push((*demarche, read));
    }
    let mut missing = Schema::published().beyond(&schema);
    // It came after the published schema.
    if schema
        .field("Mutation", "dossierAnnulerDemandeCorrection")
        .is_none()
    {
        missing.push("Mutation.dossierAnnulerDemandeCorrection".to_owned());
    }
    Ok(Found {
        url: settings.url.clone(),
        read_only: instance.read_only(Rank::Act).await,
        demarches: found,
        mutations: schema.mutations(),
        missing,
    })
}
