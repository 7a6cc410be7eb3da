//! The démarches of a folder, and how they go together with the rest.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Config, read};
use crate::diagnostic::Diagnostic;
use crate::domain::{Demarche, Demarches};
use crate::mail::Own;

impl Config {
    /// The démarches of the folder that it names, or everything wrong in them. None where the platform is the record.
    pub fn demarches(&self) -> Result<Demarches, Vec<Diagnostic>> {
        if self.platform.is_some() {
            return Ok(Demarches::new());
        }
        demarches(&self.greffier.demarches)
    }

    /// What of the démarches and the rooms does not fit together.
    pub fn unfitting(&self, demarches: &Demarches, file: &str) -> Vec<Diagnostic> {
        let depots = demarches
            .values()
            .flat_map(|demarche| self.taken_depot(demarche));
        let rooms = self.rooms.iter();
        let rooms = rooms.filter_map(|room| self.misplaced(room, demarches));
        let faults = depots.chain(rooms);
        faults.map(|fault| Diagnostic::whole(file, fault)).collect()
    }

    /// Why the address that a démarche takes deposits at cannot be its own.
    fn taken_depot(&self, demarche: &Demarche) -> impl Iterator<Item = String> {
        let number = demarche.number;
        let reply = Own::default().reply_prefix;
        let local = demarche.depot_local();
        let answers = local
            .as_ref()
            .filter(|local| **local == reply || local.starts_with(&format!("{reply}+")))
            .map(|local| {
                format!(
                    "démarche {number}: `{local}` is where answers go; choose another depot_adresse"
                )
            });
        let sender = self.mail.from_address.to_lowercase();
        let reports = local
            .as_ref()
            .filter(|local| format!("{local}@{}", self.mail.domain) == sender)
            .map(|local| {
                format!("démarche {number}: `{local}` is mail.from_address, where reports of delivery go; choose another depot_adresse")
            });
        answers.into_iter().chain(reports)
    }
}

/// The démarches of a folder, one `.toml` each, or everything wrong in them.
pub fn demarches(folder: &Path) -> Result<Demarches, Vec<Diagnostic>> {
    let whole = |message: String| vec![Diagnostic::whole(folder.display().to_string(), message)];
    let entries =
        fs::read_dir(folder).map_err(|error| whole(format!("cannot be read: {error}")))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    paths.sort();
    let mut demarches = Demarches::new();
    let mut faults = Vec::new();
    for path in paths {
        let file = path.display().to_string();
        let demarche: Demarche = match read(&path) {
            Ok(demarche) => demarche,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let whole = |message| Diagnostic::whole(&file, message);
        faults.extend(demarche.faults().into_iter().map(whole));
        let number = demarche.number;
        let local = demarche.depot_local();
        let taken = demarches
            .values()
            .find(|other: &&Demarche| local.is_some() && other.depot_local() == local);
        if let (Some(other), Some(local)) = (taken, &local) {
            faults.push(whole(format!(
                "deposits by mail: the address `{local}` is that of the démarche {} already; choose another depot_adresse",
                other.number
            )));
        }
        if demarches.insert(number, demarche).is_some() {
            faults.push(whole(format!(
                "number = {number} is taken by another démarche of this folder"
            )));
        }
    }
    if demarches.is_empty() && faults.is_empty() {
        faults = whole("holds no démarche: write one, as data/demarches/ shows".to_owned());
    }
    if faults.is_empty() {
        Ok(demarches)
    } else {
        Err(faults)
    }
}
