//! What an instructeur has decided, as the platform is asked to do it.

use super::Mirror;
use super::valeur::value;
use crate::domain::{
    CorrectionKind, Decision, Dossier, Email, Event, Person, Piece, Recorded, Refusal,
};
use crate::message::platform::{Act, DemarcheIn, Profile, plain};

/// What is found behind the names of a démarche: its last reading.
pub type Ids = DemarcheIn;

/// The account of an instructeur, if one of the groups has it.
pub fn instructeur(ids: &Ids, email: &Email) -> Option<Profile> {
    let mut all = ids.groupes.iter().flat_map(|groupe| &groupe.instructeurs);
    all.find(|profile| Email::new(&profile.email) == *email)
        .cloned()
}

/// What the platform is to do so that `act` happens: nothing where all of it is Greffier's own (avis, marks, mails that came
/// back). What the platform does by itself along with something else is not asked for.
pub fn acts(
    dossier: &Dossier,
    mirror: &Mirror,
    ids: &Ids,
    act: &[Recorded],
) -> Result<Vec<Act>, Refusal> {
    let happens = |wanted: fn(&Event) -> bool| act.iter().any(|recorded| wanted(&recorded.event));
    let passes = happens(|event| *event == Event::PassedToInstruction);
    let corrects = happens(|event| matches!(event, Event::CorrectionRequested { .. }));
    let withdraws = happens(|event| matches!(event, Event::MessageWithdrawn { .. }));
    let reassigns = happens(|event| matches!(event, Event::Reassigned { .. }));
    let mut acts = Vec::new();
    for Recorded { by, event, .. } in act {
        let own = |email: &Email| by.email() == Some(email);
        match event {
            // Whoever passes a dossier en instruction follows it there.
            Event::Followed { instructeur } if passes && own(instructeur) => {}
            Event::Followed { .. } => acts.push(Act::Suivi { follow: true }),
            // Those who are not in the new group stop following there by themselves.
            Event::Unfollowed { .. } if reassigns => {}
            Event::Unfollowed { .. } => acts.push(Act::Suivi { follow: false }),
            Event::PassedToInstruction => acts.push(Act::PasserEnInstruction),
            // The request for a correction takes the dossier back.
            Event::ReturnedToConstruction if corrects => {}
            Event::ReturnedToConstruction => acts.push(Act::RepasserEnConstruction),
            Event::Reopened => acts.push(Act::RepasserEnInstruction),
            Event::Decided {
                decision,
                motivation,
                justificatif,
                ..
            } => acts.push(decide(
                *decision,
                motivation.as_ref(),
                justificatif.as_ref(),
            )),
            Event::Archived => acts.push(Act::Archiver),
            Event::Unarchived => acts.push(Act::Desarchiver),
            Event::MessagePosted { .. } if !matches!(by, Person::Instructeur(_)) => {}
            Event::MessagePosted { text, pieces, .. } => acts.extend(messages(text, pieces)),
            Event::CorrectionRequested { kind, .. } => correct(&mut acts, *kind),
            Event::CorrectionResolved if passes || withdraws => {}
            Event::CorrectionResolved => {
                let asked = dossier.correction.as_ref();
                let asked = asked.and_then(|correction| mirror.id_of(correction.message));
                acts.push(Act::AnnulerDemandeCorrection {
                    message: asked.ok_or(Refusal::NoCorrection)?.to_owned(),
                });
            }
            Event::MessageWithdrawn { message } => {
                let message = mirror.id_of(*message).ok_or(Refusal::NothingToWithdraw)?;
                acts.push(Act::SupprimerMessage {
                    message: message.to_owned(),
                });
            }
            Event::Annotated { annotation, valeur } => {
                let known = ids.annotations.iter().find(|known| known.id == *annotation);
                acts.push(Act::ModifierAnnotation {
                    annotation: annotation.clone(),
                    kind: known.map(|known| known.kind.clone()).unwrap_or_default(),
                    value: value(valeur.as_ref()),
                    under: None,
                });
            }
            Event::Labelled { etiquette } => acts.push(label(ids, etiquette, true)?),
            Event::Unlabelled { etiquette } => acts.push(label(ids, etiquette, false)?),
            Event::Reassigned { groupe } => {
                let mut groupes = ids.groupes.iter();
                let found = groupes.find(|known| known.label == *groupe);
                let found = found.ok_or_else(|| Refusal::UnknownGroupe {
                    groupe: groupe.clone(),
                    known: ids
                        .groupes
                        .iter()
                        .map(|known| known.label.clone())
                        .collect(),
                })?;
                acts.push(Act::ChangerGroupe {
                    groupe: found.id.clone(),
                    label: found.label.clone(),
                });
            }
            Event::Deposited { .. }
            | Event::Modified { .. }
            | Event::Deleted
            | Event::Restored
            | Event::Extended
            | Event::Expired
            | Event::Purged { .. }
            | Event::DecidedAutomatically { .. }
            | Event::AttestationMade { .. }
            | Event::ExpiryNoticed { .. }
            | Event::Scheduled { .. }
            | Event::AnswerAwaited { .. }
            | Event::AvisRequested { .. }
            | Event::AvisRendered { .. }
            | Event::AvisUnclear { .. }
            | Event::AvisReminded { .. }
            | Event::AvisRevoked { .. }
            | Event::AvisClosed { .. }
            | Event::Sent { .. }
            | Event::Seen { .. }
            | Event::Bounced { .. } => {}
        }
    }
    Ok(acts)
}

fn decide(decision: Decision, motivation: Option<&String>, justificatif: Option<&Piece>) -> Act {
    let (reason, justificatif) = (motivation.cloned(), justificatif.cloned());
    match decision {
        Decision::Accepte => Act::Accepter {
            motivation: reason,
            justificatif,
        },
        Decision::Refuse => Act::Refuser {
            motivation: reason.unwrap_or_default(),
            justificatif,
        },
        Decision::SansSuite => Act::ClasserSansSuite {
            motivation: reason.unwrap_or_default(),
            justificatif,
        },
    }
}

/// A message has one file there: each further one comes in a message of its own, which names it.
pub fn messages(text: &str, pieces: &[Piece]) -> Vec<Act> {
    let mut pieces = pieces.iter();
    let first = Act::EnvoyerMessage {
        body: text.to_owned(),
        piece: pieces.next().cloned(),
        correction: None,
    };
    let others = pieces.map(|piece| Act::EnvoyerMessage {
        body: format!("Pièce jointe au message précédent\u{a0}: {}", piece.name),
        piece: Some(piece.clone()),
        correction: None,
    });
    std::iter::once(first).chain(others).collect()
}

/// The message before asks for a correction.
fn correct(acts: &mut [Act], kind: CorrectionKind) {
    if let Some(Act::EnvoyerMessage { correction, .. }) = acts
        .iter_mut()
        .find(|act| matches!(act, Act::EnvoyerMessage { .. }))
    {
        let reason = match kind {
            CorrectionKind::Incorrect => "incorrect",
            CorrectionKind::Incomplete => "incomplete",
            CorrectionKind::Outdated => "outdated",
        };
        *correction = Some(reason.to_owned());
    }
}

fn label(ids: &Ids, name: &str, on: bool) -> Result<Act, Refusal> {
    let found = ids.labels.iter().find(|label| label.name == name);
    let found = found.ok_or_else(|| Refusal::UnknownEtiquette {
        etiquette: name.to_owned(),
        known: ids.labels.iter().map(|label| label.name.clone()).collect(),
    })?;
    Ok(Act::Label {
        label: found.id.clone(),
        name: name.to_owned(),
        on,
    })
}

/// Whether an act changes the statut, so that nobody may have changed it meanwhile.
pub fn steps(act: &Act) -> bool {
    matches!(
        act,
        Act::PasserEnInstruction
            | Act::RepasserEnConstruction
            | Act::RepasserEnInstruction
            | Act::Accepter { .. }
            | Act::Refuser { .. }
            | Act::ClasserSansSuite { .. }
            | Act::EnvoyerMessage {
                correction: Some(_),
                ..
            }
    )
}

/// Whether `acts` bring `event` about, on the platform itself or along with what they ask for.
pub(super) fn brings_about(acts: &[Act], event: &Event) -> bool {
    acts.iter().any(|act| match act {
        Act::Suivi { follow: true } => matches!(event, Event::Followed { .. }),
        Act::Suivi { follow: false } => matches!(event, Event::Unfollowed { .. }),
        Act::PasserEnInstruction => matches!(
            event,
            Event::PassedToInstruction | Event::Followed { .. } | Event::CorrectionResolved
        ),
        Act::RepasserEnConstruction => *event == Event::ReturnedToConstruction,
        Act::RepasserEnInstruction => *event == Event::Reopened,
        Act::Accepter { .. } | Act::Refuser { .. } | Act::ClasserSansSuite { .. } => matches!(
            event,
            Event::Decided { .. } | Event::AvisClosed { .. } | Event::AttestationMade { .. }
        ),
        Act::Archiver => *event == Event::Archived,
        Act::Desarchiver => *event == Event::Unarchived,
        Act::EnvoyerMessage {
            body, correction, ..
        } => match event {
            Event::MessagePosted { text, .. } => plain(text) == plain(body),
            Event::CorrectionRequested { .. } | Event::ReturnedToConstruction => {
                correction.is_some()
            }
            _ => false,
        },
        Act::SupprimerMessage { .. } => matches!(
            event,
            Event::MessageWithdrawn { .. } | Event::CorrectionResolved
        ),
        Act::AnnulerDemandeCorrection { .. } => *event == Event::CorrectionResolved,
        Act::ChangerGroupe { .. } => {
            matches!(event, Event::Reassigned { .. } | Event::Unfollowed { .. })
        }
        Act::ModifierAnnotation { annotation, .. } => {
            matches!(event, Event::Annotated { annotation: now, .. } if now == annotation)
        }
        Act::Label { name, on, .. } => match event {
            Event::Labelled { etiquette } => *on && etiquette == name,
            Event::Unlabelled { etiquette } => !*on && etiquette == name,
            _ => false,
        },
        Act::Fetch { .. } => false,
    })
}

/// What the platform does of its own accord when it does something else, and says so in other names: those who are not in
/// the new group follow no more, an attestation is made.
pub(super) fn follows_by_itself(event: &Event) -> bool {
    matches!(
        event,
        Event::Unfollowed { .. } | Event::AttestationMade { .. }
    )
}
