//! What tests put on the platform: démarches and the dossiers filed on them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Fake;
use super::champ::{Champ, Value};
use super::descriptor::{ChampDescriptor, sample_annotations, sample_champs};
use super::model::{Demandeur, Demarche, DossierState, Label, Revision, Settings, Statut};
use super::state::State;

/// A démarche to be added.
#[derive(Debug, Clone)]
pub struct NewDemarche {
    /// Title.
    pub title: String,
    /// The form of the usager.
    pub champs: Vec<ChampDescriptor>,
    /// The annotations privées.
    pub annotations: Vec<ChampDescriptor>,
    /// Label and members of each group, the default one first.
    pub groupes: Vec<(String, Vec<String>)>,
    /// Name and colour.
    pub labels: Vec<(String, String)>,
    /// Options.
    pub settings: Settings,
}

impl NewDemarche {
    /// A démarche with the sample form, two labels, an attestation, and one group of these instructeurs.
    pub fn sample(instructeurs: &[&str]) -> Self {
        let members = instructeurs.iter().map(|&email| email.to_owned()).collect();
        Self {
            title: "Autorisation de travaux en site protégé".to_owned(),
            champs: sample_champs(),
            annotations: sample_annotations(),
            groupes: vec![("défaut".to_owned(), members)],
            labels: vec![
                ("Urgent".to_owned(), "pink_macaron".to_owned()),
                ("Complet".to_owned(), "green_bourgeon".to_owned()),
            ],
            settings: Settings {
                attestation: true,
                ..Settings::default()
            },
        }
    }

    /// The same, with one more group.
    #[must_use]
    pub fn groupe(mut self, label: &str, instructeurs: &[&str]) -> Self {
        let members = instructeurs.iter().map(|&email| email.to_owned()).collect();
        self.groupes.push((label.to_owned(), members));
        self
    }

    /// The same, with this annotation.
    #[must_use]
    pub fn annotation(mut self, annotation: ChampDescriptor) -> Self {
        self.annotations.push(annotation);
        self
    }
}

/// A dossier to be filed.
#[derive(Debug, Clone)]
pub struct NewDossier {
    /// Address of the usager.
    pub usager: String,
    /// Who it is for.
    pub demandeur: Demandeur,
    /// Label of the group; the default one if none.
    pub groupe: Option<String>,
    /// Label and value of the filled fields.
    pub champs: Vec<(String, Value)>,
}

impl NewDossier {
    /// A dossier of an invented person.
    pub fn of(usager: &str) -> Self {
        let demandeur = Demandeur::Physique {
            civilite: "Mme",
            nom: "Exemplaire".into(),
            prenom: "Camille".into(),
        };
        Self {
            usager: usager.to_owned(),
            demandeur,
            groupe: None,
            champs: vec![],
        }
    }

    /// The same, for a company.
    #[must_use]
    pub fn entreprise(mut self, siret: &str, raison_sociale: &str) -> Self {
        let (siret, raison_sociale) = (siret.to_owned().into(), raison_sociale.to_owned().into());
        self.demandeur = Demandeur::Morale {
            siret,
            raison_sociale,
        };
        self
    }

    /// The same, in this group.
    #[must_use]
    pub fn groupe(mut self, label: &str) -> Self {
        self.groupe = Some(label.to_owned());
        self
    }

    /// The same, with this field filled.
    #[must_use]
    pub fn champ(mut self, label: &str, value: impl Into<Value>) -> Self {
        self.champs.push((label.to_owned(), value.into()));
        self
    }
}

impl Fake {
    /// Publishes a démarche; returns its number.
    pub fn add_demarche(&self, new: NewDemarche) -> i32 {
        let state = &mut *self.shared.state();
        let at = state.clock.tick();
        let number = state.next_demarche();
        let revision = state.revision(new.champs, new.annotations);
        let labels = new
            .labels
            .into_iter()
            .map(|(name, color)| Label {
                id: state.next_id(),
                name,
                color,
            })
            .collect();
        state.demarches.insert(
            number,
            Demarche {
                number,
                title: new.title,
                state: "publiee",
                created_at: at,
                revisions: vec![revision],
                groupes: vec![],
                labels,
                settings: new.settings,
                by_update: BTreeSet::new(),
                by_depot: BTreeSet::new(),
                deleted: vec![],
            },
        );
        for (label, members) in new.groupes {
            let members: Vec<u32> = members
                .iter()
                .map(|email| state.instructeur(email))
                .collect();
            let groupe = state.add_groupe(number, &label);
            if let Some(groupe) = state.groupes.get_mut(&groupe) {
                groupe.instructeurs.extend(members);
            }
        }
        number
    }

    /// Files a dossier; returns its number.
    pub fn add_dossier(&self, demarche: i32, new: NewDossier) -> i32 {
        self.shared.state().file(demarche, new)
    }

    /// Files a plausible dossier; returns its number.
    pub fn usager_files(&self, demarche: i32, usager: &str) -> i32 {
        let new = NewDossier::of(usager)
            .champ("Intitulé du projet", "Réfection de la toiture")
            .champ("Nature des travaux", "Toiture")
            .champ("Surface en m²", Value::Integer(120))
            .champ("Bâtiment classé ?", Value::Bool(true))
            .champ(
                "Commune",
                Value::Place("29000".to_owned(), "Exempleville".to_owned()),
            );
        self.add_dossier(demarche, new)
    }

    /// Publishes another version of the form; dossiers already filed keep theirs.
    pub fn publish_revision(
        &self,
        demarche: i32,
        champs: Vec<ChampDescriptor>,
        annotations: Vec<ChampDescriptor>,
    ) {
        let state = &mut *self.shared.state();
        let revision = state.revision(champs, annotations);
        state
            .demarches
            .get_mut(&demarche)
            .expect("a known démarche")
            .revisions
            .push(revision);
    }
}

impl State {
    fn revision(
        &mut self,
        mut champs: Vec<ChampDescriptor>,
        mut annotations: Vec<ChampDescriptor>,
    ) -> Revision {
        self.number(&mut champs);
        self.number(&mut annotations);
        Revision {
            id: self.next_id(),
            champs,
            annotations,
            at: self.clock.now(),
        }
    }

    // Those that already have a stable id come from a former revision and keep it.
    fn number(&mut self, descriptors: &mut [ChampDescriptor]) {
        for descriptor in descriptors {
            if descriptor.stable_id == 0 {
                descriptor.stable_id = self.next_id();
            }
            self.number(&mut descriptor.children);
        }
    }

    fn file(&mut self, demarche: i32, new: NewDossier) -> i32 {
        let number = self.next_dossier();
        let at = self.write_time();
        let form = self.demarche(demarche);
        let groupes = || {
            form.groupes
                .iter()
                .filter_map(|groupe| self.groupes.get(groupe))
        };
        let groupe = match &new.groupe {
            Some(label) => groupes()
                .find(|groupe| groupe.label == *label)
                .expect("a group with this label"),
            None => groupes().next().expect("a group"),
        };
        let (groupe, revision) = (groupe.number, form.revisions.len() - 1);
        let descriptors = form
            .revisions
            .last()
            .map(|form| form.champs.as_slice())
            .unwrap_or_default();
        let fill = |(label, value): (String, Value)| {
            let found = descriptors
                .iter()
                .find(|descriptor| descriptor.label == label)?;
            Some(Champ {
                stable_id: found.stable_id,
                value,
                updated_at: at,
            })
        };
        let champs = new.champs.into_iter().filter_map(fill).collect();
        let mut dossier = blank(number, demarche, groupe, new.usager, new.demandeur, at);
        dossier.revision = revision;
        dossier.champs = Arc::new(champs);
        self.insert_dossier(dossier);
        self.traite(number, "depose", None, None, at);
        self.post_automatic(number, "a bien été déposé", None, at);
        if self.demarche(demarche).settings.sva_days.is_some() {
            let passed = self.passer_en_instruction(number, None);
            passed.expect("a new dossier may pass");
        }
        number
    }
}

/// A dossier just filed, with nothing in it.
pub(super) fn blank(
    number: i32,
    demarche: i32,
    groupe: i32,
    usager: String,
    demandeur: Demandeur,
    at: jiff::Timestamp,
) -> DossierState {
    DossierState {
        number,
        demarche,
        groupe,
        revision: 0,
        statut: Statut::EnConstruction,
        archived: false,
        usager,
        usager_deleted: false,
        demandeur,
        depose_at: at,
        en_construction_at: at,
        en_instruction_at: None,
        processed_at: None,
        updated_at: at,
        champs_at: at,
        annotations_at: None,
        hidden_by_usager_at: None,
        hidden_by_administration_at: None,
        hidden_by_expired_at: None,
        motivation: None,
        justificatif: None,
        attestation: None,
        champs: Arc::default(),
        annotations: Arc::default(),
        messages: vec![],
        avis: vec![],
        traitements: vec![],
        followers: BTreeSet::new(),
        labels: BTreeSet::new(),
    }
}
