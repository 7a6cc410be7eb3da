//! What people do on the site rather than through the API.

use std::sync::Arc;

use super::Fake;
use super::annotation::set;
use super::champ::Value;
use super::model::{Avis, Statut};
use super::rule::Decision;

/// The usager of one dossier.
pub struct AsUsager {
    pub(super) fake: Fake,
    pub(super) dossier: i32,
}

impl AsUsager {
    /// Submits changed fields (by label) again: `depose_correction_usager`; a pending correction is resolved.
    pub fn submits(&self, champs: &[(&str, Value)]) {
        self.edits(champs, true);
    }

    /// The same, without ticking that the correction was made.
    pub fn submits_without_confirming(&self, champs: &[(&str, Value)]) {
        self.edits(champs, false);
    }

    fn edits(&self, champs: &[(&str, Value)], confirms: bool) {
        let state = &mut *self.fake.shared.state();
        assert_eq!(
            state.dossier(self.dossier).statut,
            Statut::EnConstruction,
            "the usager may edit en construction only"
        );
        let at = state.write_time();
        let form = state
            .demarche_of(self.dossier)
            .revisions
            .get(state.dossier(self.dossier).revision);
        let ids: Vec<(u32, Value)> = form
            .iter()
            .flat_map(|form| &form.champs)
            .filter_map(|each| {
                let (_, value) = champs.iter().find(|(label, _)| *label == each.label)?;
                Some((each.stable_id, value.clone()))
            })
            .collect();
        assert_eq!(ids.len(), champs.len(), "an unknown field among {champs:?}");
        let dossier = state.dossier_mut(self.dossier);
        let filled = Arc::make_mut(&mut dossier.champs);
        ids.into_iter()
            .for_each(|(id, value)| set(filled, id, value, at));
        dossier.champs_at = at;
        if confirms {
            state.resolve_corrections(self.dossier, at);
        }
        state.traite(self.dossier, "depose_correction_usager", None, None, at);
        state.touch(self.dossier, at);
    }

    /// Writes in the messagerie, with files (ids of [`Fake::store_file`]); returns the id of the message.
    pub fn writes(&self, body: &str, files: &[u32]) -> u32 {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        let email = state.dossier(self.dossier).usager.as_str().into();
        state.post(self.dossier, email, body.to_owned(), files.to_vec(), at)
    }

    /// An invité of the usager writes.
    pub fn invite_writes(&self, invite: &str, body: &str) -> u32 {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        state.post(self.dossier, invite.into(), body.to_owned(), vec![], at)
    }

    /// Deletes the dossier: en construction, it is hidden from the administration as well.
    pub fn deletes(&self) {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        state.dossier_mut(self.dossier).hidden_by_usager_at = Some(at);
        state.touch(self.dossier, at);
    }

    /// Closes the account: no message can be sent any more, nor the dossier re-examined.
    pub fn closes_account(&self) {
        self.fake
            .edit_dossier(self.dossier, true, |dossier| dossier.usager_deleted = true);
    }
}

/// An instructeur at the web UI.
pub struct AsInstructeur {
    pub(super) fake: Fake,
    pub(super) id: u32,
}

impl AsInstructeur {
    /// Follows.
    pub fn follows(&self, dossier: i32) {
        self.fake.shared.state().follow(dossier, self.id, true);
    }

    /// Follows no more.
    pub fn unfollows(&self, dossier: i32) {
        self.fake.shared.state().follow(dossier, self.id, false);
    }

    /// Passe en instruction; panics with the sentence when it is refused, as do the others.
    pub fn passes(&self, dossier: i32) {
        let done = self
            .fake
            .shared
            .state()
            .passer_en_instruction(dossier, Some(self.id));
        done.expect("the state allows it");
    }

    /// Repasse en construction.
    pub fn sends_back(&self, dossier: i32) {
        self.fake
            .shared
            .state()
            .repasser_en_construction(dossier, self.id)
            .expect("the state allows it");
    }

    /// Accepte, refuse or classe sans suite.
    pub fn decides(&self, dossier: i32, decision: Decision, motivation: &str) {
        let motivation = Some(motivation).filter(|why| !why.is_empty());
        let done =
            self.fake
                .shared
                .state()
                .decide(dossier, Some(self.id), decision, motivation, None);
        done.expect("the state allows it");
    }

    /// Repasse en instruction.
    pub fn reopens(&self, dossier: i32) {
        self.fake
            .shared
            .state()
            .repasser_en_instruction(dossier, self.id)
            .expect("the state allows it");
    }

    /// Archives, or takes out of the archives.
    pub fn archives(&self, dossier: i32, archived: bool) {
        self.fake
            .shared
            .state()
            .archive(dossier, archived)
            .expect("the state allows it");
    }

    /// Writes, and follows as the UI makes him; returns the id of the message.
    pub fn writes(&self, dossier: i32, body: &str) -> u32 {
        let state = &mut *self.fake.shared.state();
        let id = state.instructeur_writes(dossier, self.id, body.to_owned(), vec![], None);
        state.follow(dossier, self.id, true);
        id
    }

    /// Asks for a correction (`incorrect`, `incomplete`, `outdated`); returns the id of the message.
    pub fn asks_correction(&self, dossier: i32, reason: &str, body: &str) -> u32 {
        let state = &mut *self.fake.shared.state();
        let id = state.instructeur_writes(dossier, self.id, body.to_owned(), vec![], Some(reason));
        state.follow(dossier, self.id, true);
        id
    }

    /// Deletes a message.
    pub fn discards(&self, dossier: i32, message: u32) {
        self.fake.shared.state().discard(dossier, message);
    }

    /// Edits an annotation (by label) in the UI: `dateDerniereModificationAnnotations` moves.
    pub fn annotates(&self, dossier: i32, label: &str, value: impl Into<Value>) {
        let state = &mut *self.fake.shared.state();
        let form = state
            .demarche_of(dossier)
            .revisions
            .get(state.dossier(dossier).revision);
        let found = form
            .and_then(|form| form.annotations.iter().find(|each| each.label == label))
            .cloned();
        state.annotate(
            dossier,
            &found.expect("an annotation with this label"),
            None,
            value.into(),
        );
        let state_dossier = state.dossier_mut(dossier);
        state_dossier.annotations_at = Some(state_dossier.updated_at);
    }

    /// Réaffecte to another group.
    pub fn reassigns(&self, dossier: i32, groupe: i32) {
        self.fake.shared.state().reassign(dossier, groupe);
    }

    /// Adds a label, which polling does not see.
    pub fn labels(&self, dossier: i32, name: &str) {
        let state = &mut *self.fake.shared.state();
        let label = state
            .demarche_of(dossier)
            .labels
            .iter()
            .find(|label| label.name == name)
            .expect("this label")
            .id;
        state.dossier_mut(dossier).labels.insert(label);
    }

    /// Removes a label.
    pub fn unlabels(&self, dossier: i32, name: &str) {
        let state = &mut *self.fake.shared.state();
        let label = state
            .demarche_of(dossier)
            .labels
            .iter()
            .find(|label| label.name == name)
            .expect("this label")
            .id;
        state.dossier_mut(dossier).labels.remove(&label);
    }

    /// Puts a decided dossier in the trash.
    pub fn trashes(&self, dossier: i32) {
        let state = &mut *self.fake.shared.state();
        assert!(
            state.dossier(dossier).statut.termine(),
            "only a decided dossier goes to the trash"
        );
        let at = state.write_time();
        state.dossier_mut(dossier).hidden_by_administration_at = Some(at);
        state.touch(dossier, at);
    }

    /// Takes it out of the trash.
    pub fn restores(&self, dossier: i32) {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        let found = state.dossier_mut(dossier);
        (
            found.hidden_by_administration_at,
            found.hidden_by_expired_at,
            found.hidden_by_usager_at,
        ) = (None, None, None);
        state.touch(dossier, at);
    }

    /// Asks an expert, with a yes-or-no question or without; follows. Returns the id of the avis.
    pub fn asks_avis(
        &self,
        dossier: i32,
        expert: &str,
        question: &str,
        question_label: Option<&str>,
    ) -> u32 {
        let state = &mut *self.fake.shared.state();
        assert!(
            !state.dossier(dossier).statut.termine(),
            "no avis on a decided dossier"
        );
        let (id, at) = (state.next_id(), state.write_time());
        let claimant = state.email(self.id).to_string();
        state.dossier_mut(dossier).avis.push(Avis {
            id,
            claimant,
            expert: expert.to_owned(),
            question: question.to_owned(),
            question_label: question_label.map(str::to_owned),
            question_answer: None,
            reponse: None,
            files: vec![],
            created_at: at,
            updated_at: at,
            revoked_at: None,
        });
        state.touch(dossier, at);
        state.follow(dossier, self.id, true);
        id
    }

    /// Révoque: an unanswered avis goes, an answered one stays.
    pub fn revokes_avis(&self, dossier: i32, avis: u32) {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        let all = &mut state.dossier_mut(dossier).avis;
        all.retain(|each| each.id != avis || each.reponse.is_some());
        all.iter_mut()
            .filter(|each| each.id == avis)
            .for_each(|each| each.revoked_at = Some(at));
        state.touch(dossier, at);
    }

    /// A batch of the UI, a passage or a decision: dossiers that do not allow it are dropped silently. Returns how many
    /// were done.
    pub fn batch(&self, dossiers: &[i32], decision: Option<Decision>, motivation: &str) -> usize {
        let state = &mut *self.fake.shared.state();
        let mut done = 0;
        for &number in dossiers {
            let outcome = match decision {
                None => state.passer_en_instruction(number, Some(self.id)),
                Some(decision) => {
                    let motivation = Some(motivation).filter(|why| !why.is_empty());
                    state.decide(number, Some(self.id), decision, motivation, None)
                }
            };
            done += usize::from(outcome.is_ok());
        }
        done
    }
}

/// An expert.
pub struct AsExpert {
    pub(super) fake: Fake,
    pub(super) email: String,
}

impl AsExpert {
    /// Answers an avis asked of him on this dossier; again, it edits the answer.
    pub fn answers(&self, dossier: i32, reponse: &str, answer: Option<bool>, files: &[u32]) {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        let mut all = state.dossier_mut(dossier).avis.iter_mut();
        let avis = all
            .find(|avis| avis.expert == self.email && avis.revoked_at.is_none())
            .expect("an avis asked of him");
        avis.reponse = Some(reponse.to_owned());
        avis.question_answer = answer;
        avis.files = files.to_vec();
        avis.updated_at = at;
        state.touch(dossier, at);
    }

    /// Writes in the messagerie.
    pub fn writes(&self, dossier: i32, body: &str) -> u32 {
        let state = &mut *self.fake.shared.state();
        let at = state.write_time();
        state.post(
            dossier,
            self.email.as_str().into(),
            body.to_owned(),
            vec![],
            at,
        )
    }
}
