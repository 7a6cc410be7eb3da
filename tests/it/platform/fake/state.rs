//! Everything a fake platform holds, and the index that keeps its lists in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::clock::Clock;
use super::fault::{Broken, Planned};
use super::file::StoredFile;
use super::model::{Deleted, Demarche, DossierState, Groupe, Instructeur};
use super::token::Token;

/// A change made through the API, in the order they happened.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Name of the mutation.
    pub mutation: String,
    /// Number of the dossier.
    pub dossier: i32,
    /// Address of the instructeur in whose name it was done.
    pub instructeur: Option<String>,
    /// The whole `input`.
    pub input: Value,
    /// When, by the fake's clock.
    pub at: Timestamp,
}

/// What was asked under one operation name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Number of requests.
    pub requests: u64,
    /// Bytes of their bodies.
    pub received: u64,
    /// Bytes of the answers.
    pub sent: u64,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) contact: Arc<str>,
    pub(super) admin: Arc<str>,
    pub(super) attestation_delay: Duration,
    pub(super) several_corrections: bool,
    pub(super) demarches: BTreeMap<i32, Demarche>,
    pub(super) groupes: BTreeMap<i32, Groupe>,
    pub(super) instructeurs: BTreeMap<u32, Instructeur>,
    pub(super) dossiers: HashMap<i32, DossierState>,
    pub(super) files: HashMap<u32, StoredFile>,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) faults: Vec<Planned>,
    pub(super) outage: Option<u16>,
    pub(super) broken: BTreeMap<i32, Broken>,
    pub(super) effects: Vec<Effect>,
    pub(super) counts: BTreeMap<String, Count>,
    pub(super) rate: Option<u32>,
    pub(super) work: Option<u64>,
    pub(super) rates: HashMap<String, (i64, u32)>,
    pub(super) backdate: Option<Duration>,
    /// Where files are said to be, if elsewhere than here.
    pub(super) elsewhere: Option<String>,
    pub(super) events: Vec<&'static str>,
    last_id: u32,
    last_dossier: i32,
    last_demarche: i32,
}

impl State {
    pub(super) fn new(options: &super::Options, events: Vec<&'static str>) -> Self {
        Self {
            clock: Clock::at(options.now),
            contact: options.contact.as_str().into(),
            admin: options.admin.as_str().into(),
            attestation_delay: options.attestation_delay,
            several_corrections: options.several_corrections,
            rate: options.rate,
            work: None,
            demarches: BTreeMap::new(),
            groupes: BTreeMap::new(),
            instructeurs: BTreeMap::new(),
            dossiers: HashMap::new(),
            files: HashMap::new(),
            tokens: HashMap::new(),
            faults: vec![],
            elsewhere: None,
            outage: None,
            broken: BTreeMap::new(),
            effects: vec![],
            counts: BTreeMap::new(),
            rates: HashMap::new(),
            backdate: None,
            events,
            last_id: 1000,
            last_dossier: options.first_dossier - 1,
            last_demarche: options.first_demarche - 1,
        }
    }

    pub(super) fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn next_dossier(&mut self) -> i32 {
        self.last_dossier += 1;
        self.last_dossier
    }

    pub(super) fn next_demarche(&mut self) -> i32 {
        self.last_demarche += 1;
        self.last_demarche
    }

    /// The instant of a write: now, or earlier when the test wants one that commits late.
    pub(super) fn write_time(&mut self) -> Timestamp {
        let now = self.clock.tick();
        self.backdate.take().map_or(now, |age| now - age)
    }

    /// The dossier, which the caller knows to exist.
    pub(super) fn dossier(&self, number: i32) -> &DossierState {
        self.dossiers
            .get(&number)
            .unwrap_or_else(|| panic!("no dossier {number} on the fake platform"))
    }

    pub(super) fn dossier_mut(&mut self, number: i32) -> &mut DossierState {
        self.dossiers
            .get_mut(&number)
            .unwrap_or_else(|| panic!("no dossier {number} on the fake platform"))
    }

    pub(super) fn demarche(&self, number: i32) -> &Demarche {
        self.demarches
            .get(&number)
            .unwrap_or_else(|| panic!("no démarche {number} on the fake platform"))
    }

    pub(super) fn demarche_of(&self, dossier: i32) -> &Demarche {
        self.demarche(self.dossier(dossier).demarche)
    }

    pub(super) fn email(&self, instructeur: u32) -> Arc<str> {
        self.instructeurs
            .get(&instructeur)
            .map_or("", |instructeur| &instructeur.email)
            .into()
    }

    /// The instructeur with this address, made if there is none.
    pub(super) fn instructeur(&mut self, email: &str) -> u32 {
        let email = email.to_lowercase();
        if let Some(found) = self
            .instructeurs
            .values()
            .find(|instructeur| instructeur.email == email)
        {
            return found.id;
        }
        let id = self.next_id();
        self.instructeurs.insert(id, Instructeur { id, email });
        id
    }

    pub(super) fn may_act(&self, instructeur: u32, dossier: i32) -> bool {
        let groupe = self.groupes.get(&self.dossier(dossier).groupe);
        groupe.is_some_and(|groupe| groupe.instructeurs.contains(&instructeur))
    }

    pub(super) fn insert_dossier(&mut self, dossier: DossierState) {
        if let Some(demarche) = self.demarches.get_mut(&dossier.demarche) {
            demarche
                .by_update
                .insert((dossier.updated_at, dossier.number));
            demarche
                .by_depot
                .insert((dossier.depose_at, dossier.number));
        }
        self.dossiers.insert(dossier.number, dossier);
    }

    /// Moves the dossier to `at` in what polling sees.
    pub(super) fn touch(&mut self, number: i32, at: Timestamp) {
        let dossier = self.dossier_mut(number);
        let (demarche, before) = (dossier.demarche, dossier.updated_at);
        dossier.updated_at = at;
        if let Some(demarche) = self.demarches.get_mut(&demarche) {
            demarche.by_update.remove(&(before, number));
            demarche.by_update.insert((at, number));
        }
    }

    /// Removes the dossier for good; a row in `deletedDossiers` remains.
    pub(super) fn purge(&mut self, number: i32, reason: &'static str, at: Timestamp) {
        let Some(dossier) = self.dossiers.remove(&number) else {
            return;
        };
        if let Some(demarche) = self.demarches.get_mut(&dossier.demarche) {
            demarche.by_update.remove(&(dossier.updated_at, number));
            demarche.by_depot.remove(&(dossier.depose_at, number));
            demarche.deleted.push(Deleted {
                number,
                groupe: dossier.groupe,
                statut: dossier.statut,
                reason,
                at,
            });
        }
    }

    pub(super) fn record(
        &mut self,
        mutation: &str,
        dossier: i32,
        instructeur: Option<u32>,
        input: &Value,
    ) {
        let instructeur = instructeur.map(|id| self.email(id).to_string());
        let (mutation, input, at) = (mutation.to_owned(), input.clone(), self.clock.now());
        self.effects.push(Effect {
            mutation,
            dossier,
            instructeur,
            input,
            at,
        });
    }
}
