//! En construction, en instruction, and corrections.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Piece;
use super::super::act::Refusal;
use super::super::dossier::{CorrectionKind, Person, Statut};
use super::super::event::Event;
use super::super::id::MessageId;
use super::super::silence::silence;
use super::super::valeur::Valeur;
use super::{Case, EN_COURS, WITHDRAW_DELAY, messagerie, required};

/// The usager changes answers: only en construction. It resolves a pending correction that he can have read of.
pub(super) fn modify(
    case: &Case<'_>,
    champs: &BTreeMap<String, Valeur>,
) -> Result<Vec<Event>, Refusal> {
    if !matches!(case.by, Person::Usager(_)) {
        return Err(Refusal::NotAllowed);
    }
    if case.dossier.statut != Statut::EnConstruction {
        return Err(Refusal::NotEditable {
            statut: case.dossier.statut,
        });
    }
    if case.dossier.archived {
        return Err(Refusal::Archived);
    }
    let changed: BTreeMap<_, _> = champs
        .iter()
        .filter(|(id, valeur)| case.dossier.champs.get(*id) != Some(valeur))
        .map(|(id, valeur)| (id.clone(), valeur.clone()))
        .collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let mut events = vec![Event::Modified {
        champs: changed,
        emptied: BTreeSet::new(),
        usager: None,
        demandeur: None,
    }];
    if case.dossier.correction.is_some() && unread(case).is_none() {
        events.push(Event::CorrectionResolved);
    }
    Ok(events)
}

/// The message of the pending correction, while its mail waits to leave.
fn unread(case: &Case<'_>) -> Option<MessageId> {
    let correction = case.dossier.correction.as_ref()?;
    let waits = case.at.duration_since(correction.at) < WITHDRAW_DELAY;
    // What the platform was told of, it has shown at once.
    (waits && case.demarche.plateforme.is_none()).then_some(correction.message)
}

/// What resolves a pending correction. One that the usager has not been asked for yet is not asked for any more.
fn resolved(case: &Case<'_>) -> impl Iterator<Item = Event> {
    let pending = case.dossier.correction.as_ref();
    let unsaid = unread(case).map(|message| Event::MessageWithdrawn { message });
    unsaid
        .into_iter()
        .chain(pending.map(|_| Event::CorrectionResolved))
}

/// Passer en instruction. The author follows; a pending correction is resolved.
pub(super) fn pass(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    if case.dossier.statut == Statut::EnInstruction {
        return Ok(Vec::new());
    }
    case.needs("pass_to_instruction", &[Statut::EnConstruction])?;
    let mut events: Vec<Event> = resolved(case).collect();
    case.follow_too(&mut events);
    events.push(Event::PassedToInstruction);
    Ok(events)
}

/// Repasser en construction.
pub(super) fn return_to_construction(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    if case.dossier.statut == Statut::EnConstruction {
        return Ok(Vec::new());
    }
    case.needs("return_to_construction", &[Statut::EnInstruction])?;
    if silence(case.dossier, case.demarche).is_some() || case.dossier.decides.is_some() {
        return Err(Refusal::SilenceRuns);
    }
    Ok(vec![Event::ReturnedToConstruction])
}

/// Demander une correction: a message that asks for it, back en construction, "en attente".
pub(super) fn request_correction(
    case: &Case<'_>,
    kind: CorrectionKind,
    text: &str,
    pieces: &[Piece],
) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    case.needs("request_correction", &EN_COURS)?;
    messagerie::sized(pieces)?;
    if case.dossier.correction.is_some() {
        return Err(Refusal::CorrectionPending);
    }
    let message = messagerie::next(case.dossier);
    let mut events = Vec::new();
    case.follow_too(&mut events);
    events.push(Event::MessagePosted {
        message,
        text: required(text)?,
        pieces: pieces.to_vec(),
        mail: None,
    });
    if case.dossier.statut == Statut::EnInstruction {
        events.push(Event::ReturnedToConstruction);
    }
    events.push(Event::CorrectionRequested { kind, message });
    Ok(events)
}

/// The correction is not needed any more, or else the answer that was waited for.
pub(super) fn resolve_correction(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    match (&case.dossier.correction, case.dossier.awaited) {
        (Some(_), _) => Ok(resolved(case).collect()),
        (None, Some(_)) => Ok(vec![Event::AnswerAwaited { message: None }]),
        (None, None) => Err(Refusal::NoCorrection),
    }
}
