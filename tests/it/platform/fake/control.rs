//! What a test asks of the platform itself: what it saw, what it holds, and the acts of nobody.

use std::collections::BTreeMap;

use super::descriptor::typed_id;
use super::model::{Demarche, DossierState, Groupe};
use super::state::{Count, Effect};
use super::{AsExpert, AsInstructeur, AsUsager, Fake};

impl Fake {
    /// Requests and bytes by operation name; `upload` and `download` for files.
    pub fn counts(&self) -> BTreeMap<String, Count> {
        self.shared.state().counts.clone()
    }

    /// Number of requests of one name.
    pub fn count(&self, name: &str) -> u64 {
        self.shared
            .state()
            .counts
            .get(name)
            .map_or(0, |count| count.requests)
    }

    /// Starts counting again from zero.
    pub fn reset_counts(&self) {
        self.shared.state().counts.clear();
    }

    /// The mutations that took effect, in order.
    pub fn effects(&self) -> Vec<Effect> {
        self.shared.state().effects.clone()
    }

    /// How many times this mutation took effect on this dossier.
    pub fn done(&self, mutation: &str, dossier: i32) -> usize {
        let state = self.shared.state();
        state
            .effects
            .iter()
            .filter(|effect| effect.mutation == mutation && effect.dossier == dossier)
            .count()
    }

    /// A copy of a dossier; panics when there is none.
    pub fn dossier(&self, number: i32) -> DossierState {
        self.shared.state().dossier(number).clone()
    }

    /// Whether the dossier is still there, hidden or not.
    pub fn has_dossier(&self, number: i32) -> bool {
        self.shared.state().dossiers.contains_key(&number)
    }

    /// The champ or annotation with this label, as text.
    pub fn champ_text(&self, number: i32, label: &str) -> Option<String> {
        let state = self.shared.state();
        let dossier = state.dossier(number);
        let form = state.demarche_of(number).revisions.get(dossier.revision)?;
        let id = form
            .champs
            .iter()
            .chain(&form.annotations)
            .find(|each| each.label == label)?
            .stable_id;
        dossier
            .champs
            .iter()
            .chain(dossier.annotations.iter())
            .find(|champ| champ.stable_id == id)?
            .value
            .text()
    }

    /// A copy of a démarche, without its dossiers.
    pub fn demarche(&self, number: i32) -> Demarche {
        let state = self.shared.state();
        state.demarche(number).without_dossiers()
    }

    /// Changes the démarche as its administrateur would: title, labels, settings.
    pub fn edit_demarche(&self, number: i32, edit: impl FnOnce(&mut Demarche)) {
        edit(
            self.shared
                .state()
                .demarches
                .get_mut(&number)
                .expect("a known démarche"),
        );
    }

    /// Changes a dossier in any way, and moves its `updated_at` if asked to.
    pub fn edit_dossier(&self, number: i32, touch: bool, edit: impl FnOnce(&mut DossierState)) {
        let state = &mut *self.shared.state();
        edit(state.dossier_mut(number));
        if touch {
            let at = state.write_time();
            state.touch(number, at);
        }
    }

    /// The group of a démarche with this label.
    pub fn groupe(&self, demarche: i32, label: &str) -> Groupe {
        let state = self.shared.state();
        let found = state
            .groupes
            .values()
            .find(|each| each.demarche == demarche && each.label == label);
        found.expect("a group with this label").clone()
    }

    /// Adds an instructeur to a group (and to the platform): nothing of it shows in the polling of dossiers.
    pub fn join(&self, groupe: i32, email: &str) {
        let state = &mut *self.shared.state();
        let id = state.instructeur(email);
        state
            .groupes
            .get_mut(&groupe)
            .expect("a known group")
            .instructeurs
            .insert(id);
    }

    /// Removes an instructeur from a group; he follows its dossiers no more.
    pub fn leave(&self, groupe: i32, email: &str) {
        let state = &mut *self.shared.state();
        let id = state.instructeur(email);
        state
            .groupes
            .get_mut(&groupe)
            .expect("a known group")
            .instructeurs
            .remove(&id);
        let left: Vec<i32> = state
            .dossiers
            .values()
            .filter(|each| each.groupe == groupe)
            .map(|each| each.number)
            .collect();
        left.into_iter()
            .for_each(|number| state.follow(number, id, false));
    }

    /// Adds a group to a démarche; returns its number.
    pub fn add_groupe(&self, demarche: i32, label: &str, members: &[&str]) -> i32 {
        let groupe = self.shared.state().add_groupe(demarche, label);
        members.iter().for_each(|email| self.join(groupe, email));
        groupe
    }

    /// The typed id of an instructeur, known by his address.
    pub fn instructeur_id(&self, email: &str) -> String {
        typed_id("Instructeur", self.shared.state().instructeur(email))
    }

    /// The typed id of a dossier.
    pub fn dossier_id(&self, number: i32) -> String {
        typed_id("Dossier", number)
    }

    /// The typed id of the champ or annotation with this label.
    pub fn champ_id(&self, demarche: i32, label: &str) -> String {
        let state = self.shared.state();
        let form = state
            .demarche(demarche)
            .revisions
            .last()
            .expect("a revision");
        form.champs
            .iter()
            .chain(&form.annotations)
            .find(|each| each.label == label)
            .expect("this label")
            .typed_id()
    }

    /// The typed id of a label.
    pub fn label_id(&self, demarche: i32, name: &str) -> String {
        let state = self.shared.state();
        let label = state
            .demarche(demarche)
            .labels
            .iter()
            .find(|each| each.name == name)
            .expect("this label");
        typed_id("Label", label.id)
    }

    /// Stores a file; its id can be put in a [`super::Value::Files`] or a message.
    pub fn store_file(&self, name: &str, content_type: &str, bytes: &[u8]) -> u32 {
        self.shared.state().store(name, content_type, bytes)
    }

    /// What the antivirus says of a file: `safe`, `pending` or `infected`.
    pub fn scan(&self, file: u32, result: &'static str) {
        self.shared
            .state()
            .files
            .get_mut(&file)
            .expect("a known file")
            .virus = result;
    }

    /// The bytes of a stored file.
    pub fn file_bytes(&self, file: u32) -> Vec<u8> {
        let state = self.shared.state();
        state
            .files
            .get(&file)
            .and_then(|file| file.bytes.as_ref())
            .map(|bytes| bytes.to_vec())
            .unwrap_or_default()
    }

    /// The acts of the usager of a dossier.
    pub fn usager(&self, dossier: i32) -> AsUsager {
        AsUsager {
            fake: self.clone(),
            dossier,
        }
    }

    /// The acts of an instructeur in the web UI.
    pub fn instructeur(&self, email: &str) -> AsInstructeur {
        AsInstructeur {
            fake: self.clone(),
            id: self.shared.state().instructeur(email),
        }
    }

    /// The acts of an expert.
    pub fn expert(&self, email: &str) -> AsExpert {
        AsExpert {
            fake: self.clone(),
            email: email.to_owned(),
        }
    }

    /// Purges a dossier: only a row of `deletedDossiers` remains.
    pub fn purge(&self, number: i32, reason: &'static str) {
        let state = &mut *self.shared.state();
        let at = state.write_time();
        state.purge(number, reason, at);
    }

    /// Hides a dossier because it expired: it leaves the lists and shows in no list of deletions.
    pub fn expire_dossier(&self, number: i32) {
        let state = &mut *self.shared.state();
        let at = state.write_time();
        state.dossier_mut(number).hidden_by_expired_at = Some(at);
        state.touch(number, at);
    }

    /// The automatic passage of the démarches that have one.
    pub fn passes_automatically(&self, number: i32) {
        self.shared
            .state()
            .passer_en_instruction(number, None)
            .expect("the state allows it");
    }

    /// The automatic decision, at the deadline of an SVA or an SVR; the state is not looked at.
    pub fn decides_automatically(&self, number: i32, decision: super::Decision) {
        self.shared
            .state()
            .apply_decision(number, None, decision, None, None);
    }
}

impl Demarche {
    fn without_dossiers(&self) -> Self {
        let (by_update, by_depot) = Default::default();
        Self {
            number: self.number,
            title: self.title.clone(),
            state: self.state,
            created_at: self.created_at,
            revisions: self.revisions.clone(),
            groupes: self.groupes.clone(),
            labels: self.labels.clone(),
            settings: self.settings.clone(),
            deleted: self.deleted.clone(),
            by_update,
            by_depot,
        }
    }
}
