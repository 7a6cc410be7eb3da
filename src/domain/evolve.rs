//! A dossier after an event. Total: what happened cannot be refused.

use std::collections::{BTreeMap, BTreeSet};

use super::dossier::{
    Answer, Avis, Correction, Decided, Decision, Demandeur, Dossier, Mark, Message, Person,
    Reassignment, Statut, Step, Tombstone, Trash,
};
use super::event::{Event, Recorded};
use super::id::Email;

/// The dossier that `recorded` events make; none where they do not begin with a deposit or with a purge.
pub fn replay<'a>(recorded: impl IntoIterator<Item = &'a Recorded>) -> Option<Dossier> {
    recorded.into_iter().fold(None, evolve)
}

/// `dossier` after `recorded`. None is the dossier that does not exist yet: only a deposit or a tombstone makes one.
pub fn evolve(dossier: Option<Dossier>, recorded: &Recorded) -> Option<Dossier> {
    let Some(mut dossier) = dossier else {
        return found(recorded);
    };
    dossier.updated = recorded.at;
    apply(&mut dossier, recorded);
    light(&mut dossier, recorded);
    Some(dossier)
}

fn found(recorded: &Recorded) -> Option<Dossier> {
    let Recorded { at, by, event } = recorded;
    match event {
        Event::Deposited {
            number,
            demarche,
            groupe,
            usager,
            demandeur,
            champs,
            invites,
        } => Some(Dossier {
            number: *number,
            demarche: *demarche,
            groupe: groupe.clone(),
            statut: Statut::EnConstruction,
            usager: usager.clone(),
            demandeur: demandeur.clone(),
            invites: invites.clone(),
            champs: champs.clone(),
            steps: vec![Step {
                proposal: None,
                statut: Statut::EnConstruction,
                at: *at,
                by: by.clone(),
            }],
            ..vacant(*number, *demarche, *at)
        }),
        Event::Purged { tombstone } => Some(buried(tombstone, *at)),
        _ => None,
    }
}

fn vacant(number: super::DossierId, demarche: super::DemarcheId, at: jiff::Timestamp) -> Dossier {
    Dossier {
        number,
        demarche,
        groupe: String::new(),
        statut: Statut::EnConstruction,
        usager: Email::new(""),
        demandeur: Demandeur::default(),
        invites: BTreeSet::new(),
        champs: BTreeMap::new(),
        annotations: BTreeMap::new(),
        followers: BTreeMap::new(),
        messages: BTreeMap::new(),
        avis: BTreeMap::new(),
        correction: None,
        awaited: None,
        decided: None,
        etiquettes: BTreeSet::new(),
        archived: false,
        trash: None,
        extension_mois: 0,
        kept_until: None,
        expires: None,
        decides: None,
        expiry_noticed: None,
        bounced: BTreeSet::new(),
        steps: Vec::new(),
        reassignments: Vec::new(),
        deposited: at,
        updated: at,
        purged: None,
    }
}

/// What stays of a purged dossier: its tombstone, and nothing personal.
fn buried(tombstone: &Tombstone, at: jiff::Timestamp) -> Dossier {
    Dossier {
        groupe: tombstone.groupe.clone(),
        statut: tombstone.statut,
        deposited: tombstone.deposited,
        trash: Some(Trash {
            at: tombstone.trashed,
            expired: tombstone.expired,
        }),
        purged: Some(Box::new(tombstone.clone())),
        ..vacant(tombstone.number, tombstone.demarche, at)
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each event")]
fn apply(dossier: &mut Dossier, recorded: &Recorded) {
    let Recorded { at, by, event } = recorded;
    match event {
        // A second deposit cannot happen; were it stored, the first one stands.
        Event::Deposited { .. } => {}
        Event::Modified {
            champs,
            emptied,
            usager,
            demandeur,
        } => {
            if let Some(usager) = usager {
                dossier.usager.clone_from(usager);
            }
            dossier.champs.retain(|id, _| !emptied.contains(id));
            dossier.champs.extend(champs.clone());
            if let Some(demandeur) = demandeur {
                dossier.demandeur.clone_from(demandeur);
            }
        }
        Event::Followed { instructeur } => {
            dossier.followers.entry(instructeur.clone()).or_default();
        }
        Event::Unfollowed { instructeur } => {
            dossier.followers.remove(instructeur);
        }
        Event::PassedToInstruction => step(dossier, recorded, Statut::EnInstruction),
        Event::ReturnedToConstruction => step(dossier, recorded, Statut::EnConstruction),
        Event::CorrectionRequested { kind, message } => {
            dossier.correction = Some(Correction {
                kind: *kind,
                at: *at,
                message: *message,
            });
            if let Some(message) = dossier.messages.get_mut(message) {
                message.correction = Some(*kind);
            }
        }
        Event::CorrectionResolved => dossier.correction = None,
        Event::AnswerAwaited { message } => dossier.awaited = *message,
        Event::Decided {
            decision,
            motivation,
            justificatif,
            proposal,
        } => {
            decide(dossier, recorded, *decision);
            if let Some(step) = dossier.steps.last_mut() {
                step.proposal.clone_from(proposal);
            }
            if let Some(decided) = &mut dossier.decided {
                decided.motivation.clone_from(motivation);
                decided.justificatif.clone_from(justificatif);
                decided.proposal.clone_from(proposal);
            }
        }
        Event::DecidedAutomatically { decision } => decide(dossier, recorded, *decision),
        Event::AttestationMade { piece } => {
            if let Some(decided) = &mut dossier.decided {
                decided.attestation = Some(piece.clone());
            }
        }
        Event::Reopened => {
            step(dossier, recorded, Statut::EnInstruction);
            dossier.decided = None;
            dossier.archived = false;
        }
        Event::Archived => dossier.archived = true,
        Event::Unarchived => dossier.archived = false,
        Event::Deleted => {
            dossier.trash = Some(Trash {
                at: *at,
                expired: false,
            });
        }
        Event::Expired => {
            dossier.trash = Some(Trash {
                at: *at,
                expired: true,
            });
        }
        Event::Restored => dossier.trash = None,
        Event::Extended => extend(dossier, *at),
        Event::Scheduled { expires, decides } => {
            // People were told of another day.
            if dossier.expires != *expires {
                dossier.expiry_noticed = None;
            }
            dossier.expires = *expires;
            dossier.decides = *decides;
        }
        Event::ExpiryNoticed { expires } => dossier.expiry_noticed = Some(*expires),
        Event::Purged { tombstone } => *dossier = buried(tombstone, *at),
        Event::Labelled { etiquette } => {
            dossier.etiquettes.insert(etiquette.clone());
        }
        Event::Unlabelled { etiquette } => {
            dossier.etiquettes.remove(etiquette);
        }
        Event::Annotated { annotation, valeur } => {
            match valeur {
                Some(valeur) => dossier
                    .annotations
                    .insert(annotation.clone(), valeur.clone()),
                None => dossier.annotations.remove(annotation),
            };
        }
        // Following, which comes with it, is an event of its own.
        Event::Sent { .. } => {}
        Event::Reassigned { groupe } => {
            let from = std::mem::replace(&mut dossier.groupe, groupe.clone());
            dossier.reassignments.push(Reassignment {
                from,
                to: groupe.clone(),
                at: *at,
                by: by.clone(),
            });
        }
        Event::Seen { instructeur, marks } => {
            if let Some(lit) = dossier.followers.get_mut(instructeur) {
                lit.retain(|mark| !marks.contains(mark));
            }
        }
        Event::Bounced { address, .. } => {
            dossier.bounced.insert(address.clone());
        }
        Event::MessagePosted { .. } | Event::MessageWithdrawn { .. } => message(dossier, recorded),
        Event::AvisRequested { .. }
        | Event::AvisRendered { .. }
        | Event::AvisUnclear { .. }
        | Event::AvisReminded { .. }
        | Event::AvisRevoked { .. }
        | Event::AvisClosed { .. } => avis(dossier, recorded),
    }
}

/// A decision: nothing is waited for any more.
fn decide(dossier: &mut Dossier, recorded: &Recorded, decision: Decision) {
    step(dossier, recorded, decision.statut());
    dossier.correction = None;
    dossier.awaited = None;
    dossier.decided = Some(Decided {
        decision,
        at: recorded.at,
        by: recorded.by.clone(),
        motivation: None,
        justificatif: None,
        attestation: None,
        proposal: None,
    });
}

/// A month more than people were told; than today, where that day has passed already.
fn extend(dossier: &mut Dossier, at: jiff::Timestamp) {
    let told = dossier.expiry_noticed.take().unwrap_or(at).max(at);
    dossier.extension_mois = dossier.extension_mois.saturating_add(1);
    dossier.kept_until = told
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .checked_add(jiff::Span::new().months(1))
        .ok()
        .map(|until| until.timestamp());
}

/// A change of statut. It starts the conservation anew.
fn step(dossier: &mut Dossier, recorded: &Recorded, statut: Statut) {
    dossier.statut = statut;
    dossier.expiry_noticed = None;
    dossier.extension_mois = 0;
    dossier.kept_until = None;
    dossier.steps.push(Step {
        statut,
        at: recorded.at,
        by: recorded.by.clone(),
        proposal: None,
    });
}

fn message(dossier: &mut Dossier, recorded: &Recorded) {
    let Recorded { at, by, event } = recorded;
    match event {
        Event::MessagePosted {
            message,
            text,
            pieces,
            mail,
        } => {
            let posted = Message {
                by: by.clone(),
                at: *at,
                text: text.clone(),
                pieces: pieces.clone(),
                correction: None,
                withdrawn: false,
                mail: mail.clone(),
            };
            dossier.messages.insert(*message, posted);
            if let Some(email) = by.email() {
                // Somebody whose mail reaches us can be reached.
                dossier.bounced.remove(email);
            }
        }
        Event::MessageWithdrawn { message } => {
            if let Some(message) = dossier.messages.get_mut(message) {
                message.withdrawn = true;
                message.text.clear();
                message.pieces.clear();
            }
        }
        _ => {}
    }
}

fn avis(dossier: &mut Dossier, recorded: &Recorded) {
    let Recorded { at, by, event } = recorded;
    match event {
        Event::AvisRequested {
            avis,
            expert,
            text,
            question,
            confidentiel,
            to_usager,
            elsewhere,
            pieces,
        } => {
            let requested = Avis {
                expert: expert.clone(),
                by: by.email().cloned().unwrap_or_else(|| Email::new("")),
                at: *at,
                text: text.clone(),
                question: question.clone(),
                pieces: pieces.clone(),
                confidentiel: *confidentiel,
                to_usager: *to_usager,
                elsewhere: *elsewhere,
                answers: Vec::new(),
                reminded: None,
                reminders: 0,
                asked_again: false,
                revoked: None,
                closed: None,
            };
            dossier.avis.insert(*avis, requested);
        }
        Event::AvisRendered {
            avis,
            text,
            oui_non,
            pieces,
            mail,
        } => {
            if let Some(avis) = dossier.avis.get_mut(avis) {
                dossier.bounced.remove(&avis.expert);
                avis.answers.push(Answer {
                    at: *at,
                    text: text.clone(),
                    oui_non: *oui_non,
                    pieces: pieces.clone(),
                    mail: mail.clone(),
                });
            }
        }
        Event::AvisUnclear { avis } => with(dossier, *avis, |avis| avis.asked_again = true),
        Event::AvisReminded { avis } => with(dossier, *avis, |avis| {
            avis.reminded = Some(*at);
            avis.reminders += 1;
        }),
        Event::AvisRevoked { avis } => with(dossier, *avis, |avis| avis.revoked = Some(*at)),
        Event::AvisClosed { avis } => with(dossier, *avis, |avis| avis.closed = Some(*at)),
        _ => {}
    }
}

fn with(dossier: &mut Dossier, avis: super::AvisId, change: impl FnOnce(&mut Avis)) {
    if let Some(avis) = dossier.avis.get_mut(&avis) {
        change(avis);
    }
}

/// Lights an orange mark for every follower but the author. Archived dossiers light none; nor does a form that has changed on
/// the platform while nobody filled it in.
fn light(dossier: &mut Dossier, recorded: &Recorded) {
    let mark = match (&recorded.event, &recorded.by) {
        (Event::Modified { .. }, Person::Plateforme) => return,
        (Event::Modified { .. }, _) => Mark::Demande,
        (
            Event::MessagePosted { .. },
            Person::Usager(_) | Person::Expert(_) | Person::Instructeur(_),
        ) => Mark::Messagerie,
        (Event::AvisRendered { .. }, _) => Mark::Avis,
        (Event::Annotated { .. }, _) => Mark::Annotations,
        _ => return,
    };
    if dossier.archived {
        return;
    }
    let author = recorded.by.email();
    for (follower, marks) in &mut dossier.followers {
        if Some(follower) != author {
            marks.insert(mark);
        }
    }
}
