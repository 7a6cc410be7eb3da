//! The state machine: what each act changes, whoever asks for it.

use std::sync::Arc;

use jiff::Timestamp;

use super::model::{Correction, Demandeur, Message, Statut, Traitement};
use super::state::State;

const SIRET: &str =
    "Les informations du SIRET du dossier ne sont pas complètes. Veuillez réessayer plus tard.";
const ARCHIVE: &str =
    "Un dossier ne peut être déplacé dans « à archiver » qu’une fois le traitement terminé";

/// A decision on a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Accepter.
    Accepter,
    /// Refuser.
    Refuser,
    /// Classer sans suite.
    ClasserSansSuite,
}

impl Decision {
    fn outcome(self) -> (Statut, &'static str, &'static str) {
        match self {
            Self::Accepter => (Statut::Accepte, "accepte", "a été accepté"),
            Self::Refuser => (Statut::Refuse, "refuse", "a été refusé"),
            Self::ClasserSansSuite => (
                Statut::SansSuite,
                "classe_sans_suite",
                "a été classé sans suite",
            ),
        }
    }
}

/// An act that some states do not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    PasserEnInstruction,
    RepasserEnConstruction,
    Decider,
    RepasserEnInstruction,
    Archiver,
    Desarchiver,
}

/// « Le dossier est déjà … », the answer to most wrong states.
pub(super) fn already(statut: Statut) -> String {
    format!("Le dossier est déjà {}", statut.words())
}

impl State {
    /// Whether the state of the dossier allows `act`; the sentence that refuses it otherwise.
    pub(super) fn allows(&self, number: i32, act: Act) -> Result<(), String> {
        let dossier = self.dossier(number);
        let statut = dossier.statut;
        let settings = &self.demarche_of(number).settings;
        let allowed = match act {
            Act::PasserEnInstruction => {
                let waits = statut == Statut::EnConstruction
                    && dossier.correction_pending_since().is_some();
                if settings.blocking_correction && waits {
                    return Err("Le dossier est en attente de correction".to_owned());
                }
                statut == Statut::EnConstruction
            }
            Act::RepasserEnConstruction => statut == Statut::EnInstruction,
            Act::Decider => {
                let incomplete = matches!(dossier.demandeur, Demandeur::MoraleIncomplete { .. });
                if statut == Statut::EnInstruction && incomplete {
                    return Err(SIRET.to_owned());
                }
                // As on the platform, missing annotations are told as if the state were wrong.
                statut == Statut::EnInstruction && self.annotations_complete(number)
            }
            Act::RepasserEnInstruction => statut.termine() && !dossier.usager_deleted,
            Act::Archiver if !statut.termine() => return Err(ARCHIVE.to_owned()),
            Act::Desarchiver if !dossier.archived => {
                return Err("Un dossier non archivé ne peut pas être désarchivé".to_owned());
            }
            Act::Archiver | Act::Desarchiver => true,
        };
        if allowed {
            Ok(())
        } else {
            Err(already(statut))
        }
    }

    pub(super) fn traite(
        &mut self,
        number: i32,
        event: &'static str,
        agent: Option<Arc<str>>,
        motivation: Option<String>,
        at: Timestamp,
    ) {
        if self.events.contains(&event) {
            let id = self.next_id();
            let dossier = self.dossier_mut(number);
            dossier.traitements.push(Traitement {
                id,
                event,
                at,
                agent,
                motivation,
                statut: dossier.statut,
            });
        }
    }

    pub(super) fn post(
        &mut self,
        number: i32,
        email: Arc<str>,
        body: String,
        files: Vec<u32>,
        at: Timestamp,
    ) -> u32 {
        let id = self.next_id();
        self.dossier_mut(number).messages.push(Message {
            id,
            email,
            instructeur: None,
            body,
            created_at: at,
            discarded_at: None,
            files,
            correction: None,
        });
        self.touch(number, at);
        id
    }

    /// The copy, in the messagerie, of a mail that the platform sends to the usager.
    pub(super) fn post_automatic(
        &mut self,
        number: i32,
        what: &str,
        motivation: Option<&str>,
        at: Timestamp,
    ) {
        let title = &self.demarche_of(number).title;
        let why = motivation
            .map(|why| format!("<p>Motivation&nbsp;: {why}</p>"))
            .unwrap_or_default();
        let body = format!(
            "[Votre dossier n° {number} {what} ({title})]<br><br><p>Bonjour,</p>\
             <p>Votre dossier n°&nbsp;{number} {what}.</p>{why}\
             <p><a href=\"https://demarches.example/dossiers/{number}\">Afficher votre dossier</a></p>"
        );
        self.post(number, self.contact.clone(), body, vec![], at);
    }

    pub(super) fn resolve_corrections(&mut self, number: i32, at: Timestamp) {
        for message in &mut self.dossier_mut(number).messages {
            if let Some(correction) = &mut message.correction {
                correction.resolved_at.get_or_insert(at);
            }
        }
    }

    pub(super) fn passer_en_instruction(
        &mut self,
        number: i32,
        by: Option<u32>,
    ) -> Result<(), String> {
        self.allows(number, Act::PasserEnInstruction)?;
        let at = self.write_time();
        let dossier = self.dossier_mut(number);
        dossier.statut = Statut::EnInstruction;
        dossier.en_instruction_at = Some(at);
        dossier.followers.extend(by);
        self.resolve_corrections(number, at);
        let event = if by.is_some() {
            "passe_en_instruction"
        } else {
            "passe_en_instruction_automatiquement"
        };
        let agent = by.map(|id| self.email(id));
        self.traite(number, event, agent, None, at);
        self.post_automatic(number, "va être examiné", None, at);
        Ok(())
    }

    pub(super) fn repasser_en_construction(&mut self, number: i32, by: u32) -> Result<(), String> {
        self.allows(number, Act::RepasserEnConstruction)?;
        let at = self.write_time();
        self.back_to_construction(number, by, at);
        Ok(())
    }

    fn back_to_construction(&mut self, number: i32, by: u32, at: Timestamp) {
        let dossier = self.dossier_mut(number);
        dossier.statut = Statut::EnConstruction;
        dossier.en_construction_at = at;
        let agent = Some(self.email(by));
        self.traite(number, "repasse_en_construction", agent, None, at);
        self.touch(number, at);
    }

    /// Whether the annotations allow a decision: the mandatory ones are filled.
    pub(super) fn annotations_complete(&self, number: i32) -> bool {
        let dossier = self.dossier(number);
        let revision = self.demarche_of(number).revisions.get(dossier.revision);
        let filled = |id| {
            dossier
                .annotations
                .iter()
                .any(|champ| champ.stable_id == id && !champ.value.is_empty())
        };
        revision.is_none_or(|revision| {
            revision
                .annotations
                .iter()
                .all(|each| !each.required || filled(each.stable_id))
        })
    }

    pub(super) fn decide(
        &mut self,
        number: i32,
        by: Option<u32>,
        decision: Decision,
        motivation: Option<&str>,
        justificatif: Option<u32>,
    ) -> Result<(), String> {
        self.allows(number, Act::Decider)?;
        self.apply_decision(number, by, decision, motivation, justificatif);
        Ok(())
    }

    pub(super) fn apply_decision(
        &mut self,
        number: i32,
        by: Option<u32>,
        decision: Decision,
        motivation: Option<&str>,
        justificatif: Option<u32>,
    ) {
        let (statut, event, words) = decision.outcome();
        let at = self.write_time();
        let settings = &self.demarche_of(number).settings;
        let attested = match decision {
            Decision::Accepter => settings.attestation,
            Decision::Refuser => settings.attestation_refus,
            Decision::ClasserSansSuite => false,
        };
        let shows_why = decision != Decision::Accepter && !settings.accuse_lecture;
        let words = if settings.accuse_lecture {
            "a fait l’objet d’une décision"
        } else {
            words
        };
        let attestation = attested.then(|| {
            let name = format!("attestation-dossier-{number}.pdf");
            (
                self.store_pdf(&name, &format!("Attestation du dossier {number}")),
                at + self.attestation_delay,
            )
        });
        let dossier = self.dossier_mut(number);
        dossier.statut = statut;
        dossier.processed_at = Some(at);
        dossier.motivation = motivation.map(str::to_owned);
        dossier.justificatif = justificatif;
        dossier.attestation = attestation;
        let event = match (by, event) {
            (None, "accepte") => "accepte_automatiquement",
            (None, "refuse") => "refuse_automatiquement",
            (_, event) => event,
        };
        let agent = by.map(|id| self.email(id));
        self.traite(number, event, agent, motivation.map(str::to_owned), at);
        self.post_automatic(number, words, motivation.filter(|_| shows_why), at);
    }

    pub(super) fn repasser_en_instruction(&mut self, number: i32, by: u32) -> Result<(), String> {
        self.allows(number, Act::RepasserEnInstruction)?;
        let at = self.write_time();
        let newest = self.demarche_of(number).revisions.len() - 1;
        let dossier = self.dossier_mut(number);
        dossier.statut = Statut::EnInstruction;
        dossier.en_instruction_at = Some(at);
        dossier.processed_at = None;
        dossier.archived = false;
        dossier.attestation = None;
        dossier.motivation = None;
        dossier.justificatif = None;
        dossier.hidden_by_usager_at = None;
        dossier.revision = newest;
        dossier.followers.insert(by);
        let agent = Some(self.email(by));
        self.traite(number, "repasse_en_instruction", agent, None, at);
        self.post_automatic(number, "va être réexaminé", None, at);
        Ok(())
    }

    /// A message of an instructeur, maybe with a demande de correction.
    pub(super) fn instructeur_writes(
        &mut self,
        number: i32,
        by: u32,
        body: String,
        files: Vec<u32>,
        correction: Option<&str>,
    ) -> u32 {
        let at = self.write_time();
        let id = self.post(number, self.email(by), body, files, at);
        let dossier = self.dossier_mut(number);
        if let Some(message) = dossier.messages.last_mut() {
            message.instructeur = Some(by);
            message.correction = correction.map(|reason| Correction {
                reason: reason.to_owned(),
                resolved_at: None,
            });
        }
        if correction.is_some() && dossier.statut == Statut::EnInstruction {
            self.back_to_construction(number, by, at);
        }
        id
    }

    pub(super) fn archive(&mut self, number: i32, archived: bool) -> Result<(), String> {
        self.allows(
            number,
            if archived {
                Act::Archiver
            } else {
                Act::Desarchiver
            },
        )?;
        let at = self.write_time();
        self.dossier_mut(number).archived = archived;
        self.touch(number, at);
        Ok(())
    }

    pub(super) fn follow(&mut self, number: i32, instructeur: u32, follow: bool) {
        let followers = &mut self.dossier_mut(number).followers;
        let changed = if follow {
            followers.insert(instructeur)
        } else {
            followers.remove(&instructeur)
        };
        if changed {
            let at = self.write_time();
            self.touch(number, at);
        }
    }

    /// Réaffectation; the followers who are not in the new group leave.
    pub(super) fn reassign(&mut self, number: i32, groupe: i32) {
        let members = self
            .groupes
            .get(&groupe)
            .map(|groupe| groupe.instructeurs.clone())
            .unwrap_or_default();
        let at = self.write_time();
        let dossier = self.dossier_mut(number);
        dossier.groupe = groupe;
        dossier
            .followers
            .retain(|follower| members.contains(follower));
        self.touch(number, at);
    }

    /// Empties and marks a message; its correction, if any, is resolved.
    pub(super) fn discard(&mut self, number: i32, message: u32) {
        let at = self.write_time();
        if let Some(message) = self
            .dossier_mut(number)
            .messages
            .iter_mut()
            .find(|each| each.id == message)
        {
            message.discarded_at = Some(at);
            message.body.clear();
            message.files.clear();
            if let Some(correction) = &mut message.correction {
                correction.resolved_at.get_or_insert(at);
            }
        }
        self.touch(number, at);
    }
}
