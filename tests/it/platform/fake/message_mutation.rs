//! Mutations of the messagerie.

use apollo_compiler::resolvers::FieldError;
use serde_json::Value;

use super::ctx::{Ctx, fail};
use super::descriptor::{key, typed_id};
use super::dossier;
use super::model::Statut;
use super::mutation::{Outcome, Target, load_instructeur, text};
use super::state::State;
use super::tree::Tree;

/// Sends a message, with a correction or without.
pub(super) fn send(
    ctx: &Ctx<'_>,
    state: &mut State,
    target: &Target<'_>,
    input: &Value,
) -> Outcome {
    let number = target.number;
    let dossier = state.dossier(number);
    if dossier.archived || !dossier.visible() || dossier.usager_deleted {
        let sentence = "Il n’est pas possible d’envoyer un message sur un dossier supprimé, à archiver ou en brouillon";
        return Err(vec![format!("Dossier {sentence}")]);
    }
    let body = text(input, "body").unwrap_or_default();
    if body.trim().is_empty() && target.file.is_none() {
        return Err(vec![
            "Le champ « Votre message » doit être rempli".to_owned(),
        ]);
    }
    let correction = text(input, "correction");
    let files = target.file.into_iter().collect();
    let id = state.instructeur_writes(
        number,
        target.instructeur,
        body.to_owned(),
        files,
        correction,
    );
    state.record(target.name, number, Some(target.instructeur), input);
    Ok(vec![("message", message_tree(ctx, state, number, id))])
}

/// Deletes a message, or cancels the correction that it carries.
pub(super) fn run(
    ctx: &Ctx<'_>,
    name: &str,
    payload: &'static str,
    message: &str,
    input: &Value,
) -> Result<Outcome, FieldError> {
    let missing = || fail("not_found", format!("{payload} not found"));
    let id: u32 = key("Commentaire", message)
        .and_then(|key| key.parse().ok())
        .ok_or_else(missing)?;
    let instructeur = load_instructeur(
        ctx,
        payload,
        text(input, "instructeurId").unwrap_or_default(),
    )?;
    let state = &mut **ctx.state_mut();
    let found = state.dossiers.values().find_map(|dossier| {
        let message = dossier.messages.iter().find(|each| each.id == id)?;
        Some((dossier.number, dossier.demarche, message.clone()))
    });
    let (number, demarche, message) = found.ok_or_else(missing)?;
    if !ctx.covers(demarche) {
        return Err(fail(
            "unauthorized",
            "An object of type Message was hidden due to permissions",
        ));
    }
    if name == "dossierSupprimerMessage" {
        if message.instructeur != Some(instructeur) || message.discarded_at.is_some() {
            return Ok(Err(vec!["Le message ne peut pas être supprimé".to_owned()]));
        }
        state.discard(number, id);
    } else {
        let pending = message
            .correction
            .is_some_and(|correction| correction.resolved_at.is_none());
        if !pending || !state.may_act(instructeur, number) {
            return Ok(Err(vec![
                "La demande de correction ne peut pas être annulée".to_owned(),
            ]));
        }
        // Resolving a correction does not move `updated_at`.
        let at = state.clock.tick();
        state.resolve_corrections(number, at);
    }
    state.record(name, number, Some(instructeur), input);
    Ok(Ok(vec![("message", message_tree(ctx, state, number, id))]))
}

// The state is borrowed by the caller, so files are looked up in it rather than through the context.
fn message_tree(ctx: &Ctx<'_>, state: &State, number: i32, id: u32) -> Tree {
    let message = state
        .dossier(number)
        .messages
        .iter()
        .find(|each| each.id == id);
    let files = |ids: &[u32]| {
        ids.iter()
            .filter_map(|&id| state.file_tree(ctx.base, id))
            .collect()
    };
    message
        .map(|message| {
            dossier::message(typed_id("Commentaire", id), message, files(&message.files))
        })
        .unwrap_or_default()
}

impl State {
    pub(super) fn allows_correction(&self, number: i32) -> Result<(), String> {
        let dossier = self.dossier(number);
        if self.several_corrections {
            return Ok(());
        }
        if dossier.correction_pending_since().is_some() {
            return Err("Une demande de correction est déjà en attente sur ce dossier".to_owned());
        }
        match dossier.statut {
            Statut::EnConstruction | Statut::EnInstruction => Ok(()),
            statut => Err(format!(
                "Le dossier ne peut pas faire l’objet d’une demande de correction car il est {}",
                statut.words()
            )),
        }
    }
}
