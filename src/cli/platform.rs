//! `greffier platform`, and what the daemon tells the channel of the platform of what is known already.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use jiff::Timestamp;

use super::check::counted;
use super::mail::print;
use crate::app::{self, Desk};
use crate::channel::http::health::Health;
use crate::channel::platform::probe::{Found, at_hand};
use crate::channel::platform::{Mirror, Platform, Schema, documents};
use crate::config::{Config, Room};
use crate::domain::DemarcheId;
use crate::message::platform::{Claims, DemarcheIn, Progress, Taken, Unread};
use crate::mirror::{self, Settings, instructeur};
use crate::store::sled::Sled;

/// What can be asked about the platform.
#[derive(Debug, Subcommand)]
pub(super) enum PlatformCommand {
    /// Print every GraphQL document that may be sent, each with its name
    Queries,
}

pub(super) fn run(command: &PlatformCommand) -> anyhow::Result<ExitCode> {
    match command {
        PlatformCommand::Queries => {
            for (name, document) in documents::every(&Schema::published()) {
                print(&format!("# {name}\n{document}\n"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The mutations that commands need, with the commands, and what stands in for one that an older instance lacks.
const NEEDED: [(&str, &[&str]); 13] = [
    ("suivre, ne-plus-suivre", &["dossierBasculeSuivi"]),
    ("instruire", &["dossierPasserEnInstruction"]),
    ("construire", &["dossierRepasserEnConstruction"]),
    ("accepter", &["dossierAccepter"]),
    ("refuser", &["dossierRefuser"]),
    ("classer", &["dossierClasserSansSuite"]),
    ("reinstruire", &["dossierRepasserEnInstruction"]),
    ("message, corriger", &["dossierEnvoyerMessage"]),
    ("archiver, desarchiver", &["dossierArchiver"]),
    ("reaffecter", &["dossierChangerGroupeInstructeur"]),
    (
        "annoter",
        &[
            "dossierModifierAnnotations",
            "dossierModifierAnnotationText",
        ],
    ),
    ("etiqueter", &["dossierAjouterLabel"]),
    ("corriger resoudre", &["dossierAnnulerDemandeCorrection"]),
];

/// The démarches of the platform that are served, if it is the record.
pub(super) fn served(config: &Config) -> Option<String> {
    config.platform.as_ref()?;
    let numbers: Vec<String> = config.mirrored().keys().map(ToString::to_string).collect();
    Some(format!(
        "{} of the platform: {}",
        counted(numbers.len(), "démarche"),
        numbers.join(", ")
    ))
}

/// What is to be mended before the platform is asked: what is not at hand, and what works but hardly as it is meant.
pub(super) fn amiss(config: &Config, now: Timestamp) -> Vec<String> {
    let mut amiss = config.platform_doubts();
    if let Some(settings) = &config.platform {
        amiss.extend(at_hand(settings).err());
        amiss.extend(settings.ended(now));
    }
    amiss
}

/// Tells what Greffier will and will not be able to do.
pub(super) fn report(
    found: &Found,
    config: &Config,
    well: &mut Vec<String>,
    missing: &mut Vec<String>,
) {
    let mirrored = config.mirrored();
    well.push(format!("platform: {} answers", found.url));
    match found.read_only {
        Some(true) => missing.push(
            "platform: the token may only read: rooms are told, and no act is possible; make one that may write"
                .to_owned(),
        ),
        Some(false) => well.push("platform: the token may read and write".to_owned()),
        None => well.push("platform: whether the token may write is not known".to_owned()),
    }
    for (number, demarche) in &found.demarches {
        match demarche {
            Ok(read) => {
                well.push(format!(
                    "platform: the démarche {number} is “{}”: {}",
                    read.title,
                    groupes(read)
                ));
                if let Some(settings) = mirrored.get(&DemarcheId(*number)) {
                    let faults = unknown(settings, read);
                    missing.extend(faults.map(|fault| format!("[[demarche]] {number}: {fault}")));
                }
                missing.extend(groupless(&config.rooms, *number, read));
            }
            Err(why) => missing.push(format!("platform: the démarche {number}: {why}")),
        }
    }
    let knows = |names: &[&str]| names.iter().any(|name| found.mutations.contains(*name));
    let (can, cannot): (Vec<_>, Vec<_>) = NEEDED.iter().partition(|(_, names)| knows(names));
    let list = |all: Vec<&(&str, &[&str])>| {
        let names: Vec<&str> = all.iter().map(|(commands, _)| *commands).collect();
        names.join(", ")
    };
    if found.read_only != Some(true) {
        well.push(format!("platform: done there: {}", list(can)));
    }
    if !cannot.is_empty() {
        well.push(format!(
            "platform: this instance has no way to: {}",
            list(cannot)
        ));
    }
    well.push("platform: done by Greffier itself: avis by mail, several dossiers at once, exports, statistics, lists, marks, summaries".to_owned());
    well.push(
        "platform: only on the site: supprimer, restaurer, prolonger, deposits and changes by the usager"
            .to_owned(),
    );
}

/// Its groups, with how many instructeurs each has: who they are is nobody's business in a terminal.
fn groupes(read: &DemarcheIn) -> String {
    let groupes = read.groupes.iter().map(|groupe| {
        let many = counted(groupe.instructeurs.len(), "instructeur");
        format!("{} ({many})", groupe.label)
    });
    groupes.collect::<Vec<_>>().join(", ")
}

/// Rooms bound to a group that the démarche does not have there: they would never be told anything. A name is compared as it
/// is written, as wherever a room is chosen.
fn groupless(rooms: &[Room], number: u64, read: &DemarcheIn) -> impl Iterator<Item = String> {
    let bound = rooms
        .iter()
        .filter(move |room| room.demarche == Some(DemarcheId(number)));
    bound.filter_map(move |room| {
        let groupe = room.groupe.as_deref()?;
        let labels: Vec<&str> = read
            .groupes
            .iter()
            .map(|known| known.label.as_str())
            .collect();
        (!labels.contains(&groupe)).then(|| {
            format!(
                "room {}: the démarche {number} has no group “{groupe}” there; write one of: {}",
                room.id,
                labels.join(", ")
            )
        })
    })
}

/// What `[[demarche]]` names and the platform does not have.
fn unknown(settings: &Settings, read: &DemarcheIn) -> impl Iterator<Item = String> {
    let porte_parole = settings.porte_parole.as_ref();
    let stranger = porte_parole
        .filter(|email| instructeur(read, email).is_none())
        .map(|_| {
            "porte_parole is no instructeur of the démarche there: answers of usagers by mail could not be put into the \
             messagerie. Add him to a group, or name another"
                .to_owned()
        });
    let named = settings.avis_annotation.as_deref();
    let annotation = named
        .filter(|name| mirror::demarche(read, settings).annotation(name).is_none())
        .map(|name| format!("there is no annotation “{name}” there to write avis into: add it to the démarche, or name another"));
    stranger.into_iter().chain(annotation)
}

/// The channel of the platform, if `bot.toml` has one.
pub(super) fn join(
    config: &Config,
    desk: &Arc<Desk<Sled>>,
    health: &Arc<Health>,
) -> anyhow::Result<Option<Arc<Platform>>> {
    let Some(settings) = config.platform.clone() else {
        return Ok(None);
    };
    for doubt in config.platform_doubts() {
        tracing::warn!("{doubt}");
    }
    let numbers = desk.app().mirrors().collect();
    let known = Arc::new(Known(Arc::clone(desk)));
    let platform = Platform::new(settings, numbers, known, Arc::clone(health))?;
    Ok(Some(Arc::new(platform)))
}

/// What the ledger knows of the platform. Where it cannot say it, nothing is known: it is read again, which changes nothing.
struct Known(Arc<Desk<Sled>>);

fn said<T>(found: Result<T, app::Error>) -> Option<T> {
    found
        .inspect_err(
            |error| tracing::error!(%error, "Cannot look up what is known of the platform"),
        )
        .ok()
}

impl Mirror for Known {
    fn progress(&self, demarche: u64) -> Option<Progress> {
        said(self.0.app().progress(demarche)).flatten()
    }

    fn taken(&self, dossier: u64) -> Option<Taken> {
        said(self.0.app().taken(dossier)).flatten()
    }

    fn claims(&self, dossier: u64, order: &str) -> Claims {
        said(self.0.app().claims(dossier, order)).unwrap_or_default()
    }

    fn unread(&self) -> BTreeMap<u64, Unread> {
        said(self.0.app().unread()).unwrap_or_default()
    }

    fn shown(&self, demarche: u64) -> Vec<u64> {
        said(self.0.app().shown(demarche)).unwrap_or_default()
    }
}
