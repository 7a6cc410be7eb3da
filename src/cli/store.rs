//! `greffier store`: integrity and portable backups.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::mail::print;
use super::{Place, complain, hand};
use crate::channel::control::{Answer, Request};
use crate::domain::DemarcheId;
use crate::mirror;
use crate::store::portable;
use crate::store::sled::Sled;
use crate::store::{Error, Report, Store};

/// What can be done with the ledger.
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Read everything and compare: states with events, indexes with states, files with their hashes; exit 1 on faults
    Verify,
    /// Write everything to standard output as JSON lines, attachments included
    Export,
    /// Read such a backup from standard input into an empty store
    Import,
    /// Make states, indexes and counts anew from the events
    Rebuild,
    /// Remove files that nothing speaks of any more
    Sweep,
}

/// Does it: through the running daemon where there is one, so that it need not stop.
pub(super) fn run(command: &StoreCommand, place: &Place) -> anyhow::Result<ExitCode> {
    match command {
        StoreCommand::Verify => verify(place),
        StoreCommand::Export => export(place),
        StoreCommand::Import => import(place),
        StoreCommand::Rebuild => {
            let answer = ask(place, &ruled("rebuild", place)?)?;
            print(&format!(
                "{} dossiers made anew from their events",
                answer.get("dossiers").unwrap_or(&Value::Null)
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        StoreCommand::Sweep => {
            let answer = ask(place, &json!({ "name": "sweep" }))?;
            print(&format!(
                "{} files removed",
                answer.get("files").unwrap_or(&Value::Null)
            ))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Asks the daemon, or this process where there is none.
pub(super) fn ask(place: &Place, request: &Value) -> anyhow::Result<Value> {
    match hand(&Request::Admin(request.clone()), place)? {
        Answer::Admin(answer) => Ok(answer),
        Answer::Error(failure) => bail!("{}", failure.detail),
        Answer::Receipt(_) => bail!("the daemon answered something else than was asked"),
    }
}

/// Answers what [`ask`] asks.
pub(super) fn administer(store: &Arc<Sled>, request: &Value) -> anyhow::Result<Value> {
    let name = request
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let rules = || -> anyhow::Result<_> {
        let served = request.get("mirrored").filter(|served| !served.is_null());
        let demarches = if let Some(served) = served {
            let served: Vec<mirror::Settings> = serde_json::from_value(served.clone())?;
            let served = served.into_iter().map(|each| (each.number, each));
            crate::app::mirrored(&**store, &served.collect())?
        } else {
            let folder = request.get("demarches").and_then(Value::as_str);
            let folder = Path::new(folder.context("which démarches?")?);
            crate::config::demarches(folder).map_err(super::listed)?
        };
        Ok(move |number: DemarcheId| demarches.get(&number).cloned())
    };
    match name {
        "verify" => Ok(serde_json::to_value(store.verify(&rules()?)?)?),
        "rebuild" => Ok(json!({ "dossiers": store.rebuild(&rules()?)? })),
        "sweep" => Ok(json!({ "files": store.sweep()? })),
        "export" => {
            let path = request
                .get("path")
                .and_then(Value::as_str)
                .context("to which file?")?;
            // The caller has made the file, readable by its owner alone.
            let mut file = BufWriter::new(File::options().write(true).truncate(true).open(path)?);
            portable::export(store, &mut file)?;
            file.flush()?;
            Ok(Value::Null)
        }
        "dead" => Ok(serde_json::to_value(store.dead()?)?),
        "replay" => Ok(json!(
            store.replay(id(request)?, super::run::now())? && store.flush().is_ok()
        )),
        "forget" => Ok(json!(store.forget(id(request)?)? && store.flush().is_ok())),
        "depths" => Ok(serde_json::to_value(store.depths()?)?),
        // The tests and the demo do not wait five minutes for a message to leave.
        #[cfg(debug_assertions)]
        "advance" => {
            crate::clock::advance(jiff::SignedDuration::from_secs(
                request.get("seconds").and_then(Value::as_i64).unwrap_or(0),
            ));
            Ok(Value::Null)
        }
        other => bail!(
            "`{other}` is not known: the daemon and the command line are not of the same version"
        ),
    }
}

fn id(request: &Value) -> anyhow::Result<u64> {
    request
        .get("id")
        .and_then(Value::as_u64)
        .context("which row?")
}

/// A request that is about all dossiers, by the rules of their démarches.
fn ruled(name: &str, place: &Place) -> anyhow::Result<Value> {
    let config = place.config()?;
    let mirrored = config.platform.is_some().then_some(config.mirrored);
    Ok(json!({
        "name": name,
        "demarches": config.greffier.demarches,
        "mirrored": mirrored,
    }))
}

fn verify(place: &Place) -> anyhow::Result<ExitCode> {
    let answer = ask(place, &ruled("verify", place)?)?;
    let report: Report = serde_json::from_value(answer)?;
    print(&format!(
        "{} dossiers, {} events, {} files read",
        report.dossiers, report.events, report.pieces
    ))?;
    for fault in &report.faults {
        complain(fault);
    }
    if report.faults.is_empty() {
        print("Everything is well.")?;
        return Ok(ExitCode::SUCCESS);
    }
    complain(&format!(
        "{} faults; `greffier store rebuild` mends indexes and states, a backup the rest",
        report.faults.len()
    ));
    Ok(ExitCode::FAILURE)
}

fn export(place: &Place) -> anyhow::Result<ExitCode> {
    let data = place.config()?.greffier.data;
    // A file of our own, removed when this ends, whatever happens.
    let file = tempfile::Builder::new()
        .prefix("export-")
        .tempfile_in(&data)
        .with_context(|| format!("Cannot write in {}", data.display()))?;
    ask(place, &json!({ "name": "export", "path": file.path() }))?;
    let mut input = BufReader::new(File::open(file.path())?);
    let mut out = io::stdout().lock();
    io::copy(&mut input, &mut out).context("Cannot write to standard output")?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn import(place: &Place) -> anyhow::Result<ExitCode> {
    let config = place.config()?;
    let demarches = config.demarches().map_err(super::listed)?;
    let path: PathBuf = config.greffier.data.join("store");
    fs::create_dir_all(&config.greffier.data)?;
    let summary = portable::import(&mut io::stdin().lock(), &path, &|number| {
        demarches.get(&number).cloned()
    });
    let summary = match summary {
        Err(portable::Error::Store(Error::Locked { .. })) => {
            bail!("a Greffier runs on this store: stop it first")
        }
        summary => summary?,
    };
    print(&format!(
        "{} events, {} files taken in",
        summary.events, summary.pieces
    ))?;
    Ok(ExitCode::SUCCESS)
}
