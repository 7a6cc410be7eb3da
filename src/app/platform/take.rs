//! A dossier as the platform shows it, taken in: what has happened to it happens here.

use jiff::Timestamp;

use super::super::draft::Draft;
use super::super::word::tag_of;
use super::super::{App, Error};
use super::dossier_key;
use super::served::AWAY;
use crate::domain::{
    Demarche, Dossier, DossierId, Effect, Event, Person, Recipient, Recorded, Tombstone, View,
    evolve, react,
};
use crate::message::Verdict;
use crate::message::platform::{DossierIn, Gone, GoneDossier};
use crate::mirror::{Hint, absorb};
use crate::store::{Collection, DossierChange, Store, Version};

impl<S: Store> App<S> {
    /// Takes in a dossier, and tells what has happened to it since Greffier first met its démarche. Answers what was new.
    pub(super) fn take(
        &self,
        draft: &mut Draft<'_, S>,
        read: &DossierIn,
        hint: Option<&Hint<'_>>,
    ) -> Result<Vec<Recorded>, Error> {
        let number = DossierId(read.number);
        let found = draft.dossier(number)?;
        let known = found.as_ref().map(|change| &change.dossier);
        let foreign = known.is_some_and(|known| known.demarche.0 != read.demarche);
        let purged = known.is_some_and(|known| known.purged.is_some());
        let demarche = self.demarche(crate::domain::DemarcheId(read.demarche));
        let Some(demarche) = demarche.filter(|found| found.plateforme.is_some() && !foreign) else {
            tracing::error!(
                dossier = read.number,
                "A dossier of the platform is of no démarche that is served, or its number is taken"
            );
            return Ok(Vec::new());
        };
        let mirror = self.mirror(draft, number)?;
        // What was read before something newer was taken in says nothing.
        if purged || read.modified < mirror.modified {
            return Ok(Vec::new());
        }
        let found = if known.is_some() {
            // That its group has another name now is no event.
            self.follow_one(draft, number)?;
            draft.dossier(number)?
        } else {
            found
        };
        let known = found.as_ref().map(|change| &change.dossier);
        let met = self.met(draft, read.demarche)?;
        // What bears no date has happened since the last look: nobody knows whether the démarche had come back by then.
        let seen = match mirror.looked {
            Some(looked) if looked < met => read.modified,
            _ => draft.at,
        };
        let mut absorbed = absorb(known, mirror, read, demarche, hint, seen);
        absorbed.mirror.looked = Some(draft.at);
        draft.put(
            Collection::Mirror,
            dossier_key(read.number),
            &absorbed.mirror,
        )?;
        self.happened(draft, demarche, found, absorbed.acts, met, hint)
    }

    /// Commits `acts` of a dossier in their order, and tells those that happened from `told_from` on. Answers all of it.
    /// While many dossiers are told of at once, what `hint` has not made is told all the same. The usager gets no old mail: the
    /// platform has long written to him.
    fn happened(
        &self,
        draft: &mut Draft<'_, S>,
        demarche: &Demarche,
        found: Option<DossierChange>,
        acts: Vec<Vec<Recorded>>,
        told_from: Timestamp,
        hint: Option<&Hint<'_>>,
    ) -> Result<Vec<Recorded>, Error> {
        let (mut state, expected, mut events) = match found {
            Some(change) => (Some(change.dossier), change.expected, change.events),
            None => (None, Version::default(), Vec::new()),
        };
        // Each is said of the dossier as it then was; the card is shown once, as it is now.
        let mut said: Vec<Said> = Vec::new();
        let mut card: Option<bool> = None;
        let mut all = Vec::new();
        for act in acts {
            state = act.iter().fold(state, evolve);
            let Some(dossier) = &state else { continue };
            let told = act.iter().any(|recorded| recorded.at >= told_from);
            let alone = hint.is_some_and(|hint| !act.iter().all(|recorded| hint.made(recorded)));
            if let Some(first) = act.first().filter(|_| told) {
                let act: Vec<Recorded> = act
                    .iter()
                    .filter(|recorded| !unasked(recorded, demarche))
                    .cloned()
                    .collect();
                for effect in react(dossier, demarche, &act) {
                    match effect {
                        Effect::Card => card = Some(alone || card == Some(true)),
                        Effect::Tell {
                            to: Recipient::Usager,
                            ..
                        } if draft.at.duration_since(first.at) > AWAY => {}
                        effect => said.push(Said {
                            then: dossier.clone(),
                            by: first.by.clone(),
                            effect,
                            alone,
                        }),
                    }
                }
            }
            all.extend(act);
        }
        let Some(dossier) = state.filter(|_| !all.is_empty()) else {
            return Ok(all);
        };
        events.extend(all.iter().cloned());
        draft.change(DossierChange {
            expected,
            events,
            view: View::of(&dossier, demarche),
            dossier: dossier.clone(),
        });
        if let Some(alone) = card {
            let card = Said {
                then: dossier,
                by: Person::Plateforme,
                effect: Effect::Card,
                alone,
            };
            self.say(draft, demarche, &card)?;
        }
        for said in &said {
            // It is taken back on the platform already, whether a mail of ours waits or not.
            if let Effect::Unsay { message } = &said.effect {
                draft.unsay_waiting(tag_of(&said.then, *message));
            } else {
                self.say(draft, demarche, said)?;
            }
        }
        Ok(all)
    }

    fn say(&self, draft: &mut Draft<'_, S>, demarche: &Demarche, said: &Said) -> Result<(), Error> {
        let Said {
            then,
            by,
            effect,
            alone,
        } = said;
        let hushed = draft.hushed.take_if(|_| *alone);
        self.word(draft, then, demarche, by, effect)?;
        if hushed.is_some() {
            draft.hushed = hushed;
        }
        Ok(())
    }

    /// Commits what is Greffier's own beside an act of the platform.
    pub(super) fn add_happened(
        &self,
        draft: &mut Draft<'_, S>,
        number: DossierId,
        by: &Person,
        events: Vec<Event>,
    ) -> Result<(), Error> {
        let Some(found) = draft.dossier(number)?.filter(|_| !events.is_empty()) else {
            return Ok(());
        };
        let Some(demarche) = self.demarche(found.dossier.demarche) else {
            return Ok(());
        };
        let at = draft.at;
        let act = events.into_iter().map(|event| Recorded {
            at,
            by: by.clone(),
            event,
        });
        let act = vec![act.collect()];
        self.happened(draft, demarche, Some(found), act, at, None)?;
        Ok(())
    }

    /// Dossiers that the platform shows no more.
    pub(super) fn take_away(&self, draft: &mut Draft<'_, S>, gone: &Gone) -> Result<(), Error> {
        draft.receipt.verdict = Verdict::Ignored;
        for dossier in &gone.trashed {
            self.take_one_away(draft, gone.demarche, dossier, false)?;
        }
        for dossier in &gone.purged {
            self.take_one_away(draft, gone.demarche, dossier, true)?;
        }
        Ok(())
    }

    fn take_one_away(
        &self,
        draft: &mut Draft<'_, S>,
        demarche: u64,
        gone: &GoneDossier,
        purged: bool,
    ) -> Result<(), Error> {
        let number = DossierId(gone.number);
        let Some(found) = draft.dossier(number)? else {
            // It came and went unseen.
            return Ok(());
        };
        let dossier = &found.dossier;
        let served = self.demarche(dossier.demarche);
        let Some(served) = served.filter(|served| {
            served.plateforme.is_some() && served.number.0 == demarche && dossier.purged.is_none()
        }) else {
            return Ok(());
        };
        let expired = gone.reason.contains("expired");
        let event = if purged {
            Event::Purged {
                tombstone: tombstone(dossier, gone, expired),
            }
        } else if dossier.trash.is_some() {
            return Ok(());
        } else if expired {
            Event::Expired
        } else {
            Event::Deleted
        };
        let by = match gone.reason.as_str() {
            "user_request" | "user_removed" => Person::Usager(dossier.usager.clone()),
            _ => Person::Plateforme,
        };
        draft.receipt.verdict = Verdict::Done;
        let act = vec![vec![Recorded {
            at: gone.at,
            by,
            event,
        }]];
        let met = self.met(draft, demarche)?;
        self.happened(draft, served, Some(found), act, met, None)?;
        Ok(())
    }
}

/// What is said of a dossier as it then was.
struct Said {
    then: Dossier,
    by: Person,
    effect: Effect,
    /// By itself, although many are told of at once.
    alone: bool,
}

/// What is nobody's act, and of which nobody is told: answers that change although nobody has filled in the form, and a group
/// that the démarche did not have when it was last read, which is most likely a known one under a new name.
fn unasked(recorded: &Recorded, demarche: &Demarche) -> bool {
    recorded.by == Person::Plateforme
        && match &recorded.event {
            Event::Modified { .. } => true,
            Event::Reassigned { groupe } => demarche.groupe(groupe).is_none(),
            _ => false,
        }
}

fn tombstone(dossier: &Dossier, gone: &GoneDossier, expired: bool) -> Tombstone {
    let trash = dossier.trash.as_ref();
    Tombstone {
        number: dossier.number,
        demarche: dossier.demarche,
        groupe: dossier.groupe.clone(),
        statut: dossier.statut,
        deposited: dossier.deposited,
        decided: dossier.decided.as_ref().map(|decided| decided.at),
        trashed: trash.map_or(gone.at, |trash| trash.at),
        expired: expired || trash.is_some_and(|trash| trash.expired),
    }
}
