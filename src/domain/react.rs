//! What an event makes Greffier say: who is told what.

use std::collections::BTreeMap;

use super::decide::WITHDRAW_DELAY;
use super::demarche::{Demarche, Plateforme};
use super::dossier::{Dossier, Person};
use super::event::{Event, Recorded};
use super::id::{AvisId, Email};
use super::notice::{Effect, Notice, Recipient};

/// What an act makes Greffier say: `act` is all that one order brought about, `dossier` the state after it.
///
/// The card is shown once. What merely comes along with the order (its author follows, a correction is resolved) is
/// seen on the card and not said beside the main thing. A declarative démarche says two things of a deposit: that it
/// came, which acknowledges it, and what was made of it.
pub fn react(dossier: &Dossier, demarche: &Demarche, act: &[Recorded]) -> Vec<Effect> {
    let mut effects = Vec::new();
    if act.iter().any(|recorded| shown_on_card(&recorded.event)) {
        effects.push(Effect::Card);
    }
    let decided = act.iter().any(|Recorded { event, .. }| {
        matches!(
            event,
            Event::Decided { .. } | Event::DecidedAutomatically { .. }
        )
    });
    let told: Vec<&Recorded> = act
        .iter()
        .filter(|recorded| act.len() == 1 || !comes_along(&recorded.event))
        // Passed en instruction only to be decided: the decision says it all.
        .filter(|recorded| !(decided && recorded.event == Event::PassedToInstruction))
        .collect();
    let told = if told.is_empty() {
        act.iter().collect()
    } else {
        told
    };
    effects.extend(
        told.into_iter()
            .flat_map(|recorded| said(dossier, demarche, recorded)),
    );
    if let Some(plateforme) = &demarche.plateforme {
        effects.retain(|effect| ours_to_say(effect, plateforme));
        effects.extend(not_asked_any_more(dossier, act));
    }
    effects
}

/// Whether Greffier says it although the platform is the record. The usager has the platform's own mail, the attestation too;
/// what an instructeur writes is in no mail of the platform's, so that Greffier may send it.
fn ours_to_say(effect: &Effect, plateforme: &Plateforme) -> bool {
    match effect {
        Effect::Attest { .. } => false,
        Effect::Tell {
            to: Recipient::Usager,
            notice,
            ..
        } => {
            let written = matches!(
                notice,
                Notice::MessagePosted { .. } | Notice::CorrectionRequested { .. }
            );
            written && plateforme.usager_mail
        }
        _ => true,
    }
}

/// The mail of a correction that is not waited for any more. Its message stays where the platform has shown it.
fn not_asked_any_more(dossier: &Dossier, act: &[Recorded]) -> Option<Effect> {
    let resolved = |recorded: &Recorded| recorded.event == Event::CorrectionResolved;
    let mut newest_first = dossier.messages.iter().rev();
    let (message, _) = newest_first.find(|(_, message)| message.correction.is_some())?;
    act.iter()
        .any(resolved)
        .then_some(Effect::Unsay { message: *message })
}

/// Said by the main event of the act, where there is one.
fn comes_along(event: &Event) -> bool {
    matches!(
        event,
        Event::Followed { .. }
            | Event::Unfollowed { .. }
            | Event::CorrectionResolved
            | Event::AnswerAwaited { .. }
            | Event::ReturnedToConstruction
            | Event::Extended
    )
}

#[expect(clippy::too_many_lines, reason = "one arm for each event")]
fn said(dossier: &Dossier, demarche: &Demarche, recorded: &Recorded) -> Vec<Effect> {
    let mut effects = Vec::new();
    let Some(notice) = notice(dossier, demarche, recorded) else {
        return effects;
    };
    let mut tell = |to| {
        effects.push(Effect::Tell {
            to,
            notice: notice.clone(),
            not_before: None,
        });
    };
    match &recorded.event {
        Event::Deposited { .. } => {
            tell(Recipient::Rooms);
            tell(Recipient::Usager);
            if demarche.declarative.is_none() {
                tell(Recipient::Groupe);
            }
        }
        Event::PassedToInstruction | Event::Reopened => {
            tell(Recipient::Rooms);
            tell(Recipient::Usager);
        }
        Event::Decided { decision, .. } | Event::DecidedAutomatically { decision } => {
            tell(Recipient::Rooms);
            tell(Recipient::Usager);
            for avis in told_decision(dossier, demarche).into_values() {
                tell(Recipient::Expert { avis });
            }
            if demarche.attestation_of(*decision).is_some() {
                effects.push(Effect::Attest {
                    decided: recorded.at,
                });
            }
        }
        Event::AttestationMade { .. } => {
            tell(Recipient::Rooms);
            tell(Recipient::Usager);
        }
        Event::CorrectionRequested { .. } => {
            tell(Recipient::Rooms);
            let not_before = recorded.at.checked_add(WITHDRAW_DELAY).ok();
            effects.push(Effect::Tell {
                to: Recipient::Usager,
                notice,
                not_before,
            });
        }
        Event::MessagePosted { .. } => return message(dossier, recorded, &notice),
        Event::MessageWithdrawn { message } => {
            tell(Recipient::Rooms);
            effects.push(Effect::Unsay { message: *message });
        }
        Event::AvisRequested { avis, .. }
        | Event::AvisReminded { avis }
        | Event::AvisRevoked { avis }
        | Event::AvisUnclear { avis } => {
            tell(Recipient::Rooms);
            let known = dossier.avis.get(avis);
            if !known.is_some_and(|avis| avis.elsewhere) {
                tell(Recipient::Expert { avis: *avis });
            }
        }
        // The decision is said already; the expert alone is told that no answer is waited for, unless an earlier avis of
        // his brings him the decision itself.
        Event::AvisClosed { avis } => {
            let told = told_decision(dossier, demarche);
            let closed = dossier.avis.get(avis).filter(|avis| !avis.elsewhere);
            let Some(expert) = closed.map(|avis| &avis.expert) else {
                return effects;
            };
            if !told.contains_key(expert) {
                tell(Recipient::Expert { avis: *avis });
            }
        }
        Event::AvisRendered { avis, .. } => {
            tell(Recipient::Rooms);
            tell(Recipient::Followers);
            // Who asked is told even if he does not follow, as long as he is in the group.
            let ours = |email: &Email| {
                demarche
                    .groupe(&dossier.groupe)
                    .is_some_and(|groupe| groupe.instructeurs.contains(email))
            };
            let author = dossier
                .avis
                .get(avis)
                .map(|avis| avis.by.clone())
                .filter(|author| !dossier.followed_by(author) && ours(author));
            author
                .into_iter()
                .for_each(|email| tell(Recipient::Instructeur { email }));
        }
        Event::Sent { to } => {
            tell(Recipient::Rooms);
            if recorded.by.email() != Some(to) {
                tell(Recipient::Instructeur { email: to.clone() });
            }
        }
        Event::Reassigned { .. } => {
            let from = dossier
                .reassignments
                .last()
                .map(|reassignment| reassignment.from.clone());
            tell(Recipient::Rooms);
            tell(Recipient::Groupe);
            from.into_iter()
                .for_each(|groupe| tell(Recipient::RoomsOf { groupe }));
        }
        Event::ExpiryNoticed { .. } | Event::Expired => {
            tell(Recipient::Rooms);
            tell(Recipient::Followers);
            if !dossier.archived {
                tell(Recipient::Usager);
            }
        }
        Event::Modified { .. }
        | Event::Followed { .. }
        | Event::Unfollowed { .. }
        | Event::ReturnedToConstruction
        | Event::CorrectionResolved
        | Event::AnswerAwaited { .. }
        | Event::Archived
        | Event::Unarchived
        | Event::Deleted
        | Event::Restored
        | Event::Extended
        | Event::Purged { .. }
        | Event::Bounced { .. } => tell(Recipient::Rooms),
        // What is put away makes no noise.
        Event::Annotated { .. } | Event::Labelled { .. } | Event::Unlabelled { .. } => {
            if !dossier.archived {
                tell(Recipient::Rooms);
            }
        }
        Event::Seen { .. } | Event::Scheduled { .. } => {}
    }
    effects
}

/// The experts who are told the decision, each once, by the last avis that he answered.
fn told_decision<'a>(dossier: &'a Dossier, demarche: &Demarche) -> BTreeMap<&'a Email, AvisId> {
    dossier
        .avis
        .iter()
        .filter(|_| demarche.experts.decision_access)
        .filter(|(_, avis)| !avis.answers.is_empty() && avis.revoked.is_none())
        .filter(|(_, avis)| !avis.elsewhere)
        .map(|(id, avis)| (&avis.expert, *id))
        .collect()
}

/// A message goes to the other side: an instructeur's to the usager, five minutes later; an usager's to the followers at once.
fn message(dossier: &Dossier, recorded: &Recorded, notice: &Notice) -> Vec<Effect> {
    let Notice::MessagePosted { message, .. } = notice else {
        return Vec::new();
    };
    let tell = |to, not_before| Effect::Tell {
        to,
        notice: notice.clone(),
        not_before,
    };
    match &recorded.by {
        // The message of a correction is said by the correction, in the same act.
        Person::Instructeur(_)
            if dossier
                .messages
                .get(message)
                .is_some_and(|message| message.correction.is_some()) =>
        {
            Vec::new()
        }
        Person::Instructeur(_) => vec![
            tell(Recipient::Rooms, None),
            tell(
                Recipient::Usager,
                recorded.at.checked_add(WITHDRAW_DELAY).ok(),
            ),
        ],
        Person::Usager(_) | Person::Expert(_) => vec![
            tell(Recipient::Rooms, None),
            tell(Recipient::Followers, None),
        ],
        Person::Greffier => vec![tell(Recipient::Rooms, None)],
        // What the platform writes by itself accompanies what it is told of anyway.
        Person::Plateforme => Vec::new(),
    }
}

/// Which events change what the card shows: statut, followers, what is waited for.
fn shown_on_card(event: &Event) -> bool {
    !matches!(
        event,
        Event::Annotated { .. }
            | Event::MessagePosted { .. }
            | Event::MessageWithdrawn { .. }
            | Event::Sent { .. }
            | Event::Seen { .. }
            | Event::Scheduled { .. }
    )
}

fn notice(dossier: &Dossier, demarche: &Demarche, recorded: &Recorded) -> Option<Notice> {
    let Recorded { by, event, .. } = recorded;
    Some(match event {
        Event::Deposited { .. } => Notice::Deposited,
        Event::Modified { champs, .. } => Notice::Modified {
            champs: champs
                .keys()
                .map(|id| {
                    demarche
                        .champ(id)
                        .map_or(id, |champ| &champ.libelle)
                        .clone()
                })
                .collect(),
        },
        Event::Followed { instructeur } => Notice::Followed {
            instructeur: instructeur.clone(),
        },
        Event::Unfollowed { instructeur } => Notice::Unfollowed {
            instructeur: instructeur.clone(),
        },
        Event::PassedToInstruction => Notice::PassedToInstruction,
        Event::ReturnedToConstruction => Notice::ReturnedToConstruction,
        Event::CorrectionRequested { message, .. } => {
            Notice::CorrectionRequested { message: *message }
        }
        Event::CorrectionResolved => Notice::CorrectionResolved,
        Event::AnswerAwaited { message: None } => Notice::AnswerNotAwaited,
        Event::Decided { decision, .. } | Event::DecidedAutomatically { decision } => {
            Notice::Decided {
                decision: *decision,
            }
        }
        Event::AttestationMade { .. } => Notice::AttestationMade,
        Event::Reopened => Notice::Reopened,
        Event::Archived => Notice::Archived,
        Event::Unarchived => Notice::Unarchived,
        Event::Deleted => Notice::Deleted,
        Event::Restored => Notice::Restored,
        Event::Extended => Notice::Extended,
        Event::ExpiryNoticed { expires } => Notice::ExpiryNoticed { expires: *expires },
        Event::Expired => Notice::Expired,
        Event::Purged { .. } => Notice::Purged,
        Event::MessagePosted { message, .. } => Notice::MessagePosted {
            message: *message,
            author: by.clone(),
        },
        Event::MessageWithdrawn { message } => Notice::MessageWithdrawn { message: *message },
        Event::AvisRequested { avis, .. } => Notice::AvisRequested { avis: *avis },
        Event::AvisRendered { avis, .. } => Notice::AvisRendered { avis: *avis },
        Event::AvisUnclear { avis } => Notice::AvisUnclear { avis: *avis },
        Event::AvisReminded { avis } => Notice::AvisReminded { avis: *avis },
        Event::AvisRevoked { avis } => Notice::AvisRevoked { avis: *avis },
        Event::AvisClosed { avis } => Notice::AvisClosed { avis: *avis },
        Event::Annotated { annotation, .. } => Notice::Annotated {
            libelle: demarche
                .annotation(annotation)
                .map_or(annotation, |champ| &champ.libelle)
                .clone(),
        },
        Event::Labelled { etiquette } => Notice::Labelled {
            etiquette: etiquette.clone(),
            on: true,
        },
        Event::Unlabelled { etiquette } => Notice::Labelled {
            etiquette: etiquette.clone(),
            on: false,
        },
        Event::Sent { to } => Notice::Sent {
            recipient: to.clone(),
        },
        Event::Reassigned { groupe } => {
            let from = dossier
                .reassignments
                .last()
                .map(|reassignment| reassignment.from.clone())
                .unwrap_or_default();
            Notice::Reassigned {
                from,
                groupe: groupe.clone(),
            }
        }
        Event::Bounced { address, why } => Notice::Bounced {
            address: address.clone(),
            why: why.clone(),
        },
        // Said by the message that waits.
        Event::AnswerAwaited { message: Some(_) }
        | Event::Seen { .. }
        | Event::Scheduled { .. } => return None,
    })
}
