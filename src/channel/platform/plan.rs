//! Which of an order's acts are done already, as the dossier shows it.

use jiff::SignedDuration;

use super::annotation;
use crate::message::platform::{Act, Claims, DossierIn, Order, TraitementIn, plain};

/// How far our clock and the platform's may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// How an act stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is to be done.
    Open,
    /// It is done.
    Done,
    /// Somebody else has changed the state since the instructeur saw the dossier.
    Moved,
}

/// Goes through an order's acts in their order, beside one reading of its dossier.
pub(super) struct Plan<'a> {
    order: &'a Order,
    dossier: &'a DossierIn,
    claims: &'a Claims,
    /// Changes of state since the one that the instructeur knew, and how many of them this order made. None where that
    /// one is not there.
    since: Option<Vec<&'a TraitementIn>>,
    made: usize,
    /// The usager has deposited answers that the instructeur did not see, before anything was done.
    unseen: bool,
    /// Messages that this order made.
    messages: Vec<String>,
}

impl<'a> Plan<'a> {
    /// A plan for `order`, on its dossier as it stands.
    pub(super) fn new(order: &'a Order, dossier: &'a DossierIn, claims: &'a Claims) -> Self {
        let later = since(order, &dossier.traitements);
        Self {
            order,
            dossier,
            claims,
            since: later.as_ref().map(|later| {
                let changes = later.iter().filter(|made| !is_deposit(made));
                changes.copied().collect()
            }),
            made: 0,
            unseen: order.expects.is_some()
                && later.is_some_and(|later| later.first().is_some_and(|made| is_deposit(made))),
            messages: Vec::new(),
        }
    }

    /// How the next act stands. To be asked of each act, in their order, up to the first that is not done.
    pub(super) fn standing(&mut self, act: &Act) -> Standing {
        let dossier = self.dossier;
        let done = match act {
            Act::PasserEnInstruction => {
                return self.state("passe_en_instruction", "en_instruction");
            }
            Act::RepasserEnConstruction => {
                return self.state("repasse_en_construction", "en_construction");
            }
            Act::RepasserEnInstruction => {
                return self.state("repasse_en_instruction", "en_instruction");
            }
            Act::Accepter { .. } => return self.state("accepte", "accepte"),
            Act::Refuser { .. } => return self.state("refuse", "refuse"),
            Act::ClasserSansSuite { .. } => return self.state("classe_sans_suite", "sans_suite"),
            Act::Suivi { follow } => {
                let me = &self.order.instructeur.email;
                let follows = dossier
                    .followers
                    .iter()
                    .any(|who| same_address(&who.email, me));
                follows == *follow
            }
            Act::Archiver => dossier.archived,
            Act::Desarchiver => !dossier.archived,
            Act::EnvoyerMessage {
                body,
                piece,
                correction,
            } => return self.message(body, piece.is_some(), correction.as_deref()),
            Act::SupprimerMessage { message } => {
                let message = dossier.messages.iter().find(|other| other.id == *message);
                message.is_some_and(|message| message.discarded.is_some())
            }
            Act::AnnulerDemandeCorrection { message } => {
                let message = dossier.messages.iter().find(|other| other.id == *message);
                let correction = message.and_then(|message| message.correction.as_ref());
                correction.is_some_and(|correction| correction.resolved.is_some())
            }
            Act::ChangerGroupe { label, .. } => dossier.groupe == *label,
            Act::ModifierAnnotation {
                annotation,
                kind,
                value,
                under,
            } => {
                let value = annotation::whole(dossier, annotation, value, under.as_deref());
                annotation::is_so(dossier, annotation, kind, &value)
            }
            Act::Label { name, on, .. } => {
                let labels = dossier.labels.iter().flatten();
                labels.into_iter().any(|label| label == name) == *on
            }
            Act::Fetch { .. } => false,
        };
        if done { Standing::Done } else { Standing::Open }
    }

    /// GraphQL ids of the messages that were found to be this order's, in its order.
    pub(super) fn messages(self) -> Vec<String> {
        self.messages
    }

    /// How an act stands that changes the state: done where this order has made that change, whatever was made of it since.
    fn state(&mut self, event: &str, state: &str) -> Standing {
        let Some(since) = &self.since else {
            return Standing::Moved;
        };
        let next = since.get(self.made).copied();
        if next.is_some_and(|next| self.is_mine(next, event, state)) {
            self.made += 1;
            return Standing::Done;
        }
        match next {
            None if self.unseen && self.judges() => Standing::Moved,
            None => Standing::Open,
            // Without what the instructeur knew, it cannot be said what is new to him; the platform refuses what does not fit.
            Some(_) if self.order.expects.is_none() => Standing::Open,
            Some(_) => Standing::Moved,
        }
    }

    /// Whether the instructeur of this order has made a change of that kind. Where nobody is named, he may have: to leave
    /// something undone is seen, to do it twice is not.
    fn is_mine(&self, made: &TraitementIn, event: &str, state: &str) -> bool {
        let kind = made.event == event || made.event.strip_prefix("state:") == Some(state);
        let by = made.by.as_deref();
        kind && by.is_none_or(|by| same_address(by, &self.order.instructeur.email))
    }

    /// Whether this order says what is thought of the usager's answers: they must be those that were seen.
    fn judges(&self) -> bool {
        let judges = |act: &Act| match act {
            Act::Accepter { .. } | Act::Refuser { .. } | Act::ClasserSansSuite { .. } => true,
            Act::EnvoyerMessage { correction, .. } => correction.is_some(),
            _ => false,
        };
        self.order.acts.iter().any(judges)
    }

    /// How a demande de correction stands that was not made: it takes the dossier back to en construction, which must not
    /// undo what somebody else has done, and there is one at a time.
    fn correction(&self) -> Standing {
        let dossier = self.dossier;
        let pending = dossier.correction_pending.is_some() && dossier.state == "en_construction";
        let stepped = |since: &Vec<_>| self.order.expects.is_some() && since.len() > self.made;
        if pending || self.unseen || self.since.as_ref().is_none_or(stepped) {
            return Standing::Moved;
        }
        Standing::Open
    }

    /// How a message of this order stands. One that is there is taken, for another of the same words is another message.
    fn message(&mut self, body: &str, piece: bool, correction: Option<&str>) -> Standing {
        let words = plain(body);
        let oldest = self.order.at.checked_sub(SKEW).unwrap_or(self.order.at);
        let found = self.dossier.messages.iter().find(|message| {
            let asked = message
                .correction
                .as_ref()
                .map(|asked| asked.reason.as_str());
            let free = !self.messages.contains(&message.id);
            let mine = same_address(&message.email, &self.order.instructeur.email);
            let other = self.claims.others.contains(&message.id);
            // Nothing is left of its text, and so it may have been read as somebody else's.
            let deleted = message
                .discarded
                .is_some_and(|discarded| discarded >= self.order.at)
                && (asked.is_none() || correction.is_some())
                && (!other || message.at >= self.order.at);
            let same = message.discarded.is_none()
                && !other
                && asked.is_some() == correction.is_some()
                && plain(&message.body) == words
                // A file that is still being looked through for viruses, or that was found infected, is not there.
                && (piece || message.files.is_empty());
            let own = self.claims.own.contains(&message.id);
            free && (own || mine && (same || deleted) && message.at >= oldest)
        });
        let Some(found) = found else {
            return match correction {
                Some(_) => self.correction(),
                None => Standing::Open,
            };
        };
        self.messages.push(found.id.clone());
        // A demande de correction takes the dossier back to en construction.
        if correction.is_some() {
            let next = self.since.iter().flatten().nth(self.made).copied();
            let taken = next.is_some_and(|next| {
                self.is_mine(next, "repasse_en_construction", "en_construction")
            });
            self.made += usize::from(taken);
        }
        Standing::Done
    }
}

/// What happened to the dossier since what the instructeur knew.
fn since<'a>(order: &Order, traitements: &'a [TraitementIn]) -> Option<Vec<&'a TraitementIn>> {
    let from = if let Some(expected) = &order.expects {
        let seen = traitements.iter().position(|made| made.id == *expected)?;
        seen + 1
    } else {
        let skew = SignedDuration::from_mins(2);
        let oldest = order.at.checked_sub(skew).unwrap_or(order.at);
        let first = traitements.iter().position(|made| made.at >= oldest);
        first.unwrap_or(traitements.len())
    };
    Some(traitements.iter().skip(from).collect())
}

/// What is deposited again is no change of state.
fn is_deposit(made: &TraitementIn) -> bool {
    made.event.starts_with("depose")
}

/// Whether two addresses are one person's.
pub(super) fn same_address(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
