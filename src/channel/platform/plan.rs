//! Whether something is done already: decided by what the platform shows, never by what was sent.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::Claims;
use crate::message::platform::{Act, DossierIn, MessageIn, Order, TraitementIn, plain};

/// How much the two clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// How an act stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stand {
    /// It is so. The message that it made, where it is one.
    Done(Option<String>),
    /// Somebody else has changed the state since it was ordered.
    Moved,
    /// It is to be done.
    Open,
}

/// How far an order is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Changes of state that are the order's own.
    steps: usize,
    /// Messages that are the order's own, in order.
    pub(super) messages: Vec<String>,
}

impl Progress {
    /// How the next act stands, on a dossier that stands like `read`. What is done is noted.
    pub(super) fn next(
        &mut self,
        order: &Order,
        act: &Act,
        read: &DossierIn,
        claims: &Claims,
    ) -> Stand {
        if let Some((event, state)) = step(act) {
            return self.step(order, read, event, state);
        }
        if let Act::EnvoyerMessage {
            body, correction, ..
        } = act
        {
            return self.message(order, read, body, correction.is_some(), claims);
        }
        if is_so(order, act, read) {
            Stand::Done(None)
        } else {
            Stand::Open
        }
    }

    /// A change of state is done if it is the next one after what the instructeur knew, and in his name.
    fn step(&mut self, order: &Order, read: &DossierIn, event: &str, state: &str) -> Stand {
        let Some(fresh) = fresh(order, read) else {
            return Stand::Moved;
        };
        let Some(fresh) = fresh else {
            // This instance tells no changes of state: the state itself is all there is.
            return if read.state == state {
                Stand::Done(None)
            } else {
                Stand::Open
            };
        };
        match fresh.get(self.steps) {
            None => Stand::Open,
            Some(found) if is(found, event, state) && is_by(found, order) => {
                self.steps += 1;
                Stand::Done(None)
            }
            Some(_) => Stand::Moved,
        }
    }

    fn message(
        &mut self,
        order: &Order,
        read: &DossierIn,
        body: &str,
        corrects: bool,
        claims: &Claims,
    ) -> Stand {
        let found = read
            .messages
            .iter()
            .find(|message| self.is_own(order, message, body, claims));
        let fresh = fresh(order, read).flatten().unwrap_or_default();
        let next = fresh.get(self.steps);
        match found {
            Some(found) => {
                // The request has taken the dossier back.
                let taken = next.is_some_and(|next| {
                    is(next, "repasse_en_construction", "en_construction") && is_by(next, order)
                });
                if corrects && taken {
                    self.steps += 1;
                }
                self.messages.push(found.id.clone());
                Stand::Done(Some(found.id.clone()))
            }
            None if corrects && next.is_some() => Stand::Moved,
            None => Stand::Open,
        }
    }

    fn is_own(&self, order: &Order, message: &MessageIn, body: &str, claims: &Claims) -> bool {
        let id = &message.id;
        if self.messages.contains(id) || claims.others.contains(id) {
            return false;
        }
        let same = message.email.eq_ignore_ascii_case(&order.instructeur.email)
            && plain(&message.body) == plain(body);
        let earliest = order.at.checked_sub(SKEW).unwrap_or(order.at);
        same && (claims.own.contains(id) || message.at >= earliest)
    }

    /// Notes a message that the platform has just made.
    pub(super) fn posted(&mut self, id: String) {
        if !self.messages.contains(&id) {
            self.messages.push(id);
        }
    }
}

/// Changes of state after the last one that the instructeur knew: none where that one is not there, nothing in it where the
/// instance tells none at all.
#[expect(
    clippy::option_option,
    reason = "moved, not told, and told are three things"
)]
fn fresh<'a>(order: &Order, read: &'a DossierIn) -> Option<Option<Vec<&'a TraitementIn>>> {
    let Some(expects) = &order.expects else {
        let told = !read.traitements.is_empty();
        return Some(told.then(|| steps_of(&read.traitements)));
    };
    let known = read
        .traitements
        .iter()
        .position(|traitement| traitement.id == *expects)?;
    Some(Some(steps_of(
        read.traitements.get(known + 1..).unwrap_or_default(),
    )))
}

/// Those that change the state: what the usager files again does not.
fn steps_of(traitements: &[TraitementIn]) -> Vec<&TraitementIn> {
    traitements
        .iter()
        .filter(|traitement| !traitement.event.starts_with("depose"))
        .collect()
}

fn is(traitement: &TraitementIn, event: &str, state: &str) -> bool {
    let told = traitement.event.strip_prefix("state:");
    told.map_or(traitement.event == event, |told| told == state)
}

fn is_by(traitement: &TraitementIn, order: &Order) -> bool {
    traitement
        .by
        .as_deref()
        .is_some_and(|by| by.eq_ignore_ascii_case(&order.instructeur.email))
}

/// The `TraitementEvent` of an act that changes the state, and the state that it leads to.
fn step(act: &Act) -> Option<(&'static str, &'static str)> {
    Some(match act {
        Act::PasserEnInstruction => ("passe_en_instruction", "en_instruction"),
        Act::RepasserEnConstruction => ("repasse_en_construction", "en_construction"),
        Act::RepasserEnInstruction => ("repasse_en_instruction", "en_instruction"),
        Act::Accepter { .. } => ("accepte", "accepte"),
        Act::Refuser { .. } => ("refuse", "refuse"),
        Act::ClasserSansSuite { .. } => ("classe_sans_suite", "sans_suite"),
        _ => return None,
    })
}

/// Whether an act that changes neither state nor messagerie is so.
fn is_so(order: &Order, act: &Act, read: &DossierIn) -> bool {
    let message = |id: &str| read.messages.iter().find(|message| message.id == id);
    match act {
        Act::Suivi { follow } => {
            let mut followers = read.followers.iter();
            let email = &order.instructeur.email;
            followers.any(|profile| profile.email.eq_ignore_ascii_case(email)) == *follow
        }
        Act::Archiver => read.archived,
        Act::Desarchiver => !read.archived,
        Act::SupprimerMessage { message: id } => {
            message(id).is_none_or(|message| message.discarded.is_some())
        }
        Act::AnnulerDemandeCorrection { message: id } => {
            let asked = message(id).and_then(|message| message.correction.as_ref());
            asked.is_none_or(|correction| correction.resolved.is_some())
        }
        Act::ChangerGroupe { label, .. } => read.groupe == *label,
        Act::ModifierAnnotation {
            annotation, value, ..
        } => super::annotation::is(read, annotation, value),
        Act::Label { name, on, .. } => {
            let labels: BTreeSet<&String> = read.labels.iter().flatten().collect();
            labels.contains(name) == *on
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::message::platform::Profile;

    fn order(acts: Vec<Act>) -> Order {
        Order {
            id: "o".to_owned(),
            demarche: 12,
            dossier: 1,
            dossier_id: "D".to_owned(),
            instructeur: Profile {
                id: "I".to_owned(),
                email: "ines@ddt.example".to_owned(),
            },
            acts,
            expects: Some("T1".to_owned()),
            at: Timestamp::UNIX_EPOCH,
            asked: None,
            cause: "c".to_owned(),
            memo: serde_json::Value::Null,
        }
    }

    fn traitement(id: &str, event: &str, by: &str) -> TraitementIn {
        TraitementIn {
            id: id.to_owned(),
            event: event.to_owned(),
            by: Some(by.to_owned()),
            ..TraitementIn::default()
        }
    }

    fn read(traitements: Vec<TraitementIn>) -> DossierIn {
        DossierIn {
            state: "en_instruction".to_owned(),
            traitements,
            ..DossierIn::default()
        }
    }

    fn stand(read: &DossierIn, act: &Act) -> Stand {
        Progress::default().next(&order(Vec::new()), act, read, &Claims::default())
    }

    #[test]
    fn a_decision_is_never_taken_twice() {
        let accept = Act::Accepter {
            motivation: None,
            justificatif: None,
        };
        let known = traitement("T1", "passe_en_instruction", "ines@ddt.example");
        assert_eq!(stand(&read(vec![known.clone()]), &accept), Stand::Open);
        let ours = traitement("T2", "accepte", "Ines@ddt.example");
        assert_eq!(
            stand(&read(vec![known.clone(), ours.clone()]), &accept),
            Stand::Done(None)
        );
        // It was taken, and a colleague has gone back on it since.
        let reopened = traitement("T3", "repasse_en_instruction", "paul@ddt.example");
        let later = read(vec![known.clone(), ours, reopened.clone()]);
        assert_eq!(stand(&later, &accept), Stand::Done(None));
        // Somebody else was first, or changed something else.
        let theirs = traitement("T2", "accepte", "paul@ddt.example");
        for first in [theirs, reopened] {
            assert_eq!(
                stand(&read(vec![known.clone(), first]), &accept),
                Stand::Moved
            );
        }
        assert_eq!(stand(&read(Vec::new()), &accept), Stand::Moved);
        // What the usager files again changes no state.
        let again = traitement("T2", "depose_correction_usager", "u@u.example");
        assert_eq!(stand(&read(vec![known, again]), &accept), Stand::Open);
    }

    #[test]
    fn a_chain_goes_on_where_it_was() {
        let acts = [
            Act::PasserEnInstruction,
            Act::Refuser {
                motivation: "m".to_owned(),
                justificatif: None,
            },
        ];
        let filed = traitement("T1", "depose", "u@u.example");
        let passed = traitement("T2", "passe_en_instruction", "ines@ddt.example");
        let now = read(vec![filed, passed]);
        let mut progress = Progress::default();
        let order = order(acts.to_vec());
        let stands: Vec<Stand> = acts
            .iter()
            .map(|act| progress.next(&order, act, &now, &Claims::default()))
            .collect();
        assert_eq!(stands, [Stand::Done(None), Stand::Open]);
    }

    #[test]
    fn a_message_is_known_by_author_text_and_time() {
        let message = |id: &str, email: &str| MessageIn {
            id: id.to_owned(),
            email: email.to_owned(),
            body: "<p>Bonjour.</p>".to_owned(),
            ..MessageIn::default()
        };
        let act = Act::EnvoyerMessage {
            body: "Bonjour.".to_owned(),
            piece: None,
            correction: None,
        };
        let mut now = read(vec![traitement("T1", "depose", "u@u.example")]);
        now.messages = vec![
            message("C1", "paul@ddt.example"),
            message("C2", "ines@ddt.example"),
        ];
        assert_eq!(stand(&now, &act), Stand::Done(Some("C2".to_owned())));
        // The same text that she had written before is another message.
        let claims = Claims {
            others: ["C2".to_owned()].into(),
            ..Claims::default()
        };
        let mut progress = Progress::default();
        assert_eq!(
            progress.next(&order(Vec::new()), &act, &now, &claims),
            Stand::Open
        );
    }
}
