//! Where the dossier stands, and how it came there.

use jiff::Timestamp;

use super::super::valeur::piece;
use super::Look;
use crate::domain::{AvisId, Decision, Email, Event, Person, Statut};
use crate::message::platform::TraitementIn;

impl Look<'_> {
    pub(super) fn traitements(&mut self) {
        let unseen: Vec<TraitementIn> = self.unseen().cloned().collect();
        let mut statut = self
            .known
            .map_or(Statut::EnConstruction, |known| known.statut);
        let last_decision = unseen
            .iter()
            .rposition(|traitement| decided(&traitement.event).is_some());
        for (index, traitement) in unseen.iter().enumerate() {
            self.mirror.traitements.insert(traitement.id.clone());
            let Some(mut event) = event(traitement, statut) else {
                continue;
            };
            if let Event::Decided {
                motivation,
                justificatif,
                ..
            } = &mut event
                && last_decision == Some(index)
            {
                *motivation = motivation.take().or_else(|| self.read.motivation.clone());
                *justificatif = self.read.justificatif.as_ref().map(piece);
            }
            statut = after(&event, statut);
            let by = match &traitement.by {
                Some(by) => Person::Instructeur(Email::new(by)),
                None => Person::Plateforme,
            };
            self.passed(traitement.at, &by, &event);
            let decides = matches!(
                event,
                Event::Decided { .. } | Event::DecidedAutomatically { .. }
            );
            self.add(traitement.at, by.clone(), event);
            if decides {
                self.close_avis(traitement.at, &by);
            }
        }
        let last = self.read.traitements.last();
        self.mirror.last_traitement = last.map(|last| last.id.clone());
        // An instance that tells no traitements, or not all of them.
        if let Some(event) = self.missing_step(statut) {
            self.add_now(event);
        }
    }

    /// Whoever passes a dossier en instruction follows it, and a correction is not waited for any more.
    fn passed(&mut self, at: Timestamp, by: &Person, event: &Event) {
        if *event != Event::PassedToInstruction {
            return;
        }
        if self.known.is_some_and(|known| known.correction.is_some()) && !self.corrects() {
            self.add(at, by.clone(), Event::CorrectionResolved);
        }
        let email = by.email().cloned();
        if let Some(instructeur) = email.filter(|email| self.newly_follows(email)) {
            self.add(at, by.clone(), Event::Followed { instructeur });
        }
    }

    pub(super) fn newly_follows(&self, email: &Email) -> bool {
        let before = self.known.is_some_and(|known| known.followed_by(email));
        let mut now = self.read.followers.iter();
        let told = self.happened.iter().any(|recorded| {
            matches!(&recorded.event, Event::Followed { instructeur } if instructeur == email)
        });
        !before && !told && now.any(|profile| Email::new(&profile.email) == *email)
    }

    fn close_avis(&mut self, at: Timestamp, by: &Person) {
        let known = self.known.map(|known| &known.avis);
        let open = known.into_iter().flatten().filter(|(_, avis)| avis.open());
        let open: Vec<AvisId> = open.map(|(avis, _)| *avis).collect();
        for avis in open {
            self.add(at, by.clone(), Event::AvisClosed { avis });
        }
    }

    /// What brings the dossier where it stands, where no traitement does.
    fn missing_step(&self, statut: Statut) -> Option<Event> {
        let now = state(&self.read.state)?;
        if now == statut {
            return None;
        }
        Some(match now {
            Statut::EnConstruction => Event::ReturnedToConstruction,
            Statut::EnInstruction if statut.traite() => Event::Reopened,
            Statut::EnInstruction => Event::PassedToInstruction,
            Statut::Accepte | Statut::Refuse | Statut::SansSuite => Event::Decided {
                decision: decided(&self.read.state)?,
                motivation: self.read.motivation.clone(),
                justificatif: self.read.justificatif.as_ref().map(piece),
                proposal: None,
            },
        })
    }
}

/// The statut of a `DossierState`.
pub(in crate::mirror) fn state(name: &str) -> Option<Statut> {
    Some(match name {
        "en_construction" => Statut::EnConstruction,
        "en_instruction" => Statut::EnInstruction,
        "accepte" => Statut::Accepte,
        "refuse" => Statut::Refuse,
        "sans_suite" => Statut::SansSuite,
        _ => return None,
    })
}

/// The decision of a `TraitementEvent` or of a `DossierState`.
fn decided(event: &str) -> Option<Decision> {
    match event.trim_start_matches("state:") {
        "accepte" | "accepte_automatiquement" => Some(Decision::Accepte),
        "refuse" | "refuse_automatiquement" => Some(Decision::Refuse),
        "classe_sans_suite" | "sans_suite" => Some(Decision::SansSuite),
        _ => None,
    }
}

/// What a traitement is, of a dossier in that statut; none where it is no change of statut.
fn event(traitement: &TraitementIn, statut: Statut) -> Option<Event> {
    let name = traitement.event.as_str();
    if let Some(decision) = decided(name) {
        let automatic = name.ends_with("_automatiquement");
        if decision.statut() == statut {
            return None;
        }
        return Some(if automatic {
            Event::DecidedAutomatically { decision }
        } else {
            Event::Decided {
                decision,
                motivation: traitement.motivation.clone(),
                justificatif: None,
                proposal: None,
            }
        });
    }
    let event = match name {
        "passe_en_instruction" | "passe_en_instruction_automatiquement" => {
            Event::PassedToInstruction
        }
        "repasse_en_construction" | "state:en_construction" => Event::ReturnedToConstruction,
        "repasse_en_instruction" => Event::Reopened,
        "state:en_instruction" if statut.traite() => Event::Reopened,
        "state:en_instruction" => Event::PassedToInstruction,
        _ => return None,
    };
    (after(&event, statut) != statut).then_some(event)
}

fn after(event: &Event, statut: Statut) -> Statut {
    match event {
        Event::PassedToInstruction | Event::Reopened => Statut::EnInstruction,
        Event::ReturnedToConstruction => Statut::EnConstruction,
        Event::Decided { decision, .. } | Event::DecidedAutomatically { decision } => {
            decision.statut()
        }
        _ => statut,
    }
}
