//! `greffier check`: every error in what an administrateur wrote.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::mail::print;
use super::{Place, complain};
use crate::channel::discord;
use crate::channel::matrix::tool::status;
use crate::channel::platform::probe::{at_hand, probe};
use crate::command::Catalogue;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::document::Press;
use crate::template::Templates;

/// Prints every error, and says what is well.
pub(super) fn check(place: &Place, online: bool) -> anyhow::Result<ExitCode> {
    let mut faults = Vec::new();
    let mut read = Vec::new();
    if place.config.exists() {
        match Config::load(&place.config) {
            Ok(config) => {
                read.push(format!(
                    "{}: {}",
                    place.config.display(),
                    counted(config.rooms.len(), "room")
                ));
                check_beside(&config, place, &mut read, &mut faults);
                if online {
                    check_online(&config, place, &mut read, &mut faults)?;
                }
            }
            Err(found) => faults.extend(found),
        }
    } else {
        let message = "there is no such file: copy the sample bot.toml and change it, or name yours with --config".to_owned();
        faults.push(whole(place, message));
    }
    for line in &read {
        print(line)?;
    }
    for fault in &faults {
        complain(&fault.to_string());
    }
    if faults.is_empty() {
        print("Everything is well.")?;
        return Ok(ExitCode::SUCCESS);
    }
    complain(&format!("{} to mend", counted(faults.len(), "error")));
    Ok(ExitCode::FAILURE)
}

/// `1 room`, `2 rooms`.
pub(super) fn counted(many: usize, what: &str) -> String {
    let s = if many == 1 { "" } else { "s" };
    format!("{many} {what}{s}")
}

/// About `bot.toml` as a whole.
fn whole(place: &Place, message: impl Into<String>) -> Diagnostic {
    Diagnostic::whole(place.config.display().to_string(), message)
}

/// Asks the networks of the rooms whether everything that these need is there.
fn check_online(
    config: &Config,
    place: &Place,
    read: &mut Vec<String>,
    faults: &mut Vec<Diagnostic>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut missing = Vec::new();
    if let Some(settings) = &config.discord {
        let bound = super::run::discord_rooms(config);
        let (catalogue, templates) = (
            super::run::catalogue(config)?,
            super::run::templates(config)?,
        );
        let words = super::run::phrases(move |name| templates.phrase(name));
        let data = &config.greffier.data;
        let found = runtime.block_on(discord::examine::examine(
            settings, &bound, data, &catalogue, &*words,
        ));
        read.extend(found.well);
        missing.extend(found.missing);
    }
    // What is not at hand is said already.
    if let Some(settings) = config
        .platform
        .as_ref()
        .filter(|settings| at_hand(settings).is_ok())
    {
        let numbers: Vec<u64> = config.mirrored().keys().map(|number| number.0).collect();
        match runtime.block_on(probe(settings, &numbers)) {
            Ok(found) => super::platform::report(&found, config, read, &mut missing),
            Err(why) => missing.push(format!("platform: {why}")),
        }
    }
    if let Some(settings) = &config.matrix {
        match runtime.block_on(versions(&settings.homeserver)) {
            Some(true) => read.push("Matrix: the homeserver answers".to_owned()),
            Some(false) => missing.push(format!(
                "matrix.homeserver: {} does not answer /_matrix/client/versions",
                settings.homeserver
            )),
            None => read.push(
                "Matrix: the homeserver is found by its name when the daemon starts".to_owned(),
            ),
        }
        match status(settings, &config.greffier.data).map(|seen| seen.identity) {
            Ok(Some(identity)) if identity.signed => {
                read.push("Matrix: the device is signed".to_owned());
            }
            Ok(Some(_)) => missing
                .push("the Matrix device is not signed: run `greffier matrix recover`".to_owned()),
            Ok(None) => missing
                .push("there is no Matrix device yet: run `greffier matrix login`".to_owned()),
            Err(error) => missing.push(format!("{error:#}")),
        }
    }
    faults.extend(missing.into_iter().map(|message| whole(place, message)));
    Ok(())
}

/// Whether a homeserver answers; none where only its name is known.
async fn versions(homeserver: &str) -> Option<bool> {
    let base = homeserver.trim_end_matches('/');
    if !base.contains("://") {
        return None;
    }
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .ok()?;
    let answer = client
        .get(format!("{base}/_matrix/client/versions"))
        .send()
        .await;
    Some(answer.is_ok_and(|answer| answer.status().is_success()))
}

fn check_beside(
    config: &Config,
    place: &Place,
    read: &mut Vec<String>,
    faults: &mut Vec<Diagnostic>,
) {
    if let Err(error) = super::run::carrier(config, &Arc::default()) {
        faults.push(whole(place, format!("{error:#}")));
    }
    let amiss = super::platform::amiss(config, super::run::now());
    faults.extend(amiss.into_iter().map(|message| whole(place, message)));
    match config.demarches() {
        Ok(demarches) => {
            read.push(super::platform::served(config).unwrap_or_else(|| {
                format!(
                    "{}: {} démarches",
                    config.greffier.demarches.display(),
                    demarches.len()
                )
            }));
            faults.extend(config.unfitting(&demarches, &place.config.display().to_string()));
        }
        Err(found) => faults.extend(found),
    }
    let catalogue = config
        .greffier
        .commands
        .as_deref()
        .map_or_else(|| Ok(Catalogue::embedded()), Catalogue::load);
    match catalogue {
        Ok(catalogue) => read.push(format!("commands: {}", catalogue.specs().len())),
        Err(found) => faults.extend(found),
    }
    match Press::load(config.greffier.templates.as_deref()) {
        Ok(press) => {
            let found = press.check();
            read.push(format!(
                "templates/pdf: printed with samples, {} errors",
                found.len()
            ));
            faults.extend(found);
        }
        Err(found) => faults.extend(found),
    }
    match Templates::load(config.greffier.templates.as_deref()) {
        Ok(templates) => {
            let found = templates.check();
            read.push(format!(
                "templates: rendered with every sample, {} errors",
                found.len()
            ));
            faults.extend(found);
        }
        Err(found) => faults.extend(found),
    }
}
