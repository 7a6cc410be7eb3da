//! The three decisions, and going back on one.

use super::super::Piece;
use super::super::act::Refusal;
use super::super::dossier::{Decision, Person, Statut};
use super::super::event::Event;
use super::{Case, TRAITE, messagerie, required};

/// Accepter, refuser or classer sans suite. Avis that are still open are closed.
pub(super) fn decide(
    case: &Case<'_>,
    decision: Decision,
    motivation: Option<&str>,
    justificatif: Option<&Piece>,
) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    let motivation = motivation.map(str::trim).filter(|text| !text.is_empty());
    if decision != Decision::Accepte && motivation.is_none() {
        return Err(Refusal::MotivationRequired { decision });
    }
    if case.dossier.statut == Statut::EnConstruction {
        return Err(Refusal::NotInstructed { decision });
    }
    case.needs(tag(decision), &[Statut::EnInstruction])?;
    let missing: Vec<String> = case
        .demarche
        .annotations
        .iter()
        .filter(|champ| champ.obligatoire && champ.kind.typed())
        .filter(|champ| !case.dossier.annotations.contains_key(&champ.id))
        .map(|champ| champ.libelle.clone())
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::MissingAnnotations { libelles: missing });
    }
    messagerie::sized(justificatif)?;
    let motivation = motivation.map(required).transpose()?;
    let mut events = vec![Event::Decided {
        decision,
        motivation,
        justificatif: justificatif.cloned(),
    }];
    let open = case.dossier.avis.iter().filter(|(_, avis)| avis.open());
    events.extend(open.map(|(avis, _)| Event::AvisClosed { avis: *avis }));
    Ok(events)
}

fn tag(decision: Decision) -> &'static str {
    match decision {
        Decision::Accepte => "accept",
        Decision::Refuse => "refuse",
        Decision::SansSuite => "dismiss",
    }
}

/// Greffier joins the attestation that it made for a decision: an acceptance, and a refusal where the démarche attests it.
pub(super) fn attach_attestation(case: &Case<'_>, piece: &Piece) -> Result<Vec<Event>, Refusal> {
    if *case.by != Person::Greffier {
        return Err(Refusal::NotAllowed);
    }
    let refused = case.demarche.attestation_refus.is_some();
    let attested: &[Statut] = if refused {
        &[Statut::Accepte, Statut::Refuse]
    } else {
        &[Statut::Accepte]
    };
    case.needs("attach_attestation", attested)?;
    let made = case
        .dossier
        .decided
        .as_ref()
        .and_then(|decided| decided.attestation.as_ref());
    if made == Some(piece) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::AttestationMade {
        piece: piece.clone(),
    }])
}

/// Repasser en instruction: motivation, justificatif and attestation are withdrawn.
pub(super) fn reopen(case: &Case<'_>) -> Result<Vec<Event>, Refusal> {
    case.instructeur()?;
    if case.dossier.statut == Statut::EnInstruction {
        return Ok(Vec::new());
    }
    case.needs("reopen", &TRAITE)?;
    Ok(vec![Event::Reopened])
}
