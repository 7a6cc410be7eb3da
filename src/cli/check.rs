//! `greffier check`: every error in what an administrateur wrote.

use std::process::ExitCode;
use std::sync::Arc;

use super::mail::print;
use super::{Place, complain};
use crate::command::Catalogue;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::template::Templates;

/// Prints every error, and says what is well.
pub(super) fn check(place: &Place) -> anyhow::Result<ExitCode> {
    let mut faults = Vec::new();
    let mut read = Vec::new();
    if place.config.exists() {
        match Config::load(&place.config) {
            Ok(config) => {
                read.push(format!(
                    "{}: {} rooms",
                    place.config.display(),
                    config.rooms.len()
                ));
                check_beside(&config, place, &mut read, &mut faults);
            }
            Err(found) => faults.extend(found),
        }
    } else {
        let message = "there is no such file: copy the sample bot.toml and change it, or name yours with --config".to_owned();
        faults.push(Diagnostic {
            file: place.config.display().to_string(),
            line: 0,
            message,
        });
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
    complain(&format!(
        "{} to mend",
        if faults.len() == 1 {
            "1 error".to_owned()
        } else {
            format!("{} errors", faults.len())
        }
    ));
    Ok(ExitCode::FAILURE)
}

fn check_beside(
    config: &Config,
    place: &Place,
    read: &mut Vec<String>,
    faults: &mut Vec<Diagnostic>,
) {
    if let Err(error) = super::run::carrier(config, &Arc::default()) {
        faults.push(Diagnostic {
            file: place.config.display().to_string(),
            line: 0,
            message: format!("{error:#}"),
        });
    }
    match config.demarches() {
        Ok(demarches) => {
            read.push(format!(
                "{}: {} démarches",
                config.greffier.demarches.display(),
                demarches.len()
            ));
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
