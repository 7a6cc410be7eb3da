//! `greffier outbox`: messages that wait, and those that were given up.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::mail::print;
use super::store::ask;
use super::{Place, complain};
use crate::store::{Depths, Row};

/// What can be done with the outbox.
#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// Count what waits and what was given up
    Count,
    /// List messages that were given up: number, network, dossier, tries, reason; no address and no text
    Dead,
    /// Try a given-up message again, or all of them
    Replay {
        /// Its number
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<u64>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Forget a message that was given up
    Forget {
        /// Its number
        id: u64,
    },
}

/// Does it.
pub(super) fn run(command: &OutboxCommand, place: &Place) -> anyhow::Result<ExitCode> {
    match command {
        OutboxCommand::Count => {
            let depths: Depths = serde_json::from_value(ask(place, &json!({ "name": "depths" }))?)?;
            print(&format!(
                "{} to handle, {} to send, {} given up",
                depths.journal, depths.outbox, depths.dead
            ))?;
        }
        OutboxCommand::Dead => {
            for row in dead(place)? {
                let dossier = row
                    .queued
                    .dossier
                    .map_or_else(|| "-".to_owned(), |number| number.to_string());
                let why = row.why.unwrap_or_default().replace(['\n', '\r'], " ");
                print(&format!(
                    "{}\t{}\tdossier {dossier}\t{} tries\t{why}",
                    row.id, row.queued.outgoing.to.network, row.attempts
                ))?;
            }
        }
        OutboxCommand::Replay { id, .. } => {
            let ids = match id {
                Some(id) => vec![*id],
                None => dead(place)?.iter().map(|row| row.id).collect(),
            };
            for id in ids {
                if ask(place, &json!({ "name": "replay", "id": id }))? != json!(true) {
                    complain(&format!(
                        "no given-up message has the number {id}; `greffier outbox dead` lists them"
                    ));
                    return Ok(ExitCode::FAILURE);
                }
                print(&format!("{id} will be tried again"))?;
            }
        }
        OutboxCommand::Forget { id } => {
            if ask(place, &json!({ "name": "forget", "id": id }))? != json!(true) {
                complain(&format!(
                    "no given-up message has the number {id}; `greffier outbox dead` lists them"
                ));
                return Ok(ExitCode::FAILURE);
            }
            print(&format!("{id} is forgotten"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn dead(place: &Place) -> anyhow::Result<Vec<Row>> {
    Ok(serde_json::from_value(ask(
        place,
        &json!({ "name": "dead" }),
    )?)?)
}
