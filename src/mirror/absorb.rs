//! What the platform says of a dossier against what is known of it: the difference, as acts in their order.

mod around;
mod said;
pub(super) mod step;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Mirror;
use super::acts::{brings_about, follows_by_itself};
use super::valeur::valeurs;
use crate::domain::{
    Demandeur, Demarche, DemarcheId, Dossier, DossierId, Email, Event, Person, Recorded, Valeur,
    evolve,
};
use crate::message::platform::{DossierIn, Order, TraitementIn};

/// Events of one author that are no further apart are one act.
const TOGETHER: SignedDuration = SignedDuration::from_secs(5);

/// What the platform has just been asked: what comes of it and bears no author is whose who asked.
#[derive(Debug, Clone)]
pub struct Hint<'a> {
    /// Who has asked.
    pub by: Person,
    /// What.
    pub order: &'a Order,
}

impl Hint<'_> {
    /// Whether it has brought that about, rather than somebody else meanwhile.
    pub fn made(&self, recorded: &Recorded) -> bool {
        let own = recorded.by == self.by
            || recorded.by.email() == Some(&Email::new(&self.order.instructeur.email));
        (own || follows_by_itself(&recorded.event))
            && brings_about(&self.order.acts, &recorded.event)
    }
}

/// What came of a look.
#[derive(Debug, Clone)]
pub struct Absorbed {
    /// What has happened, act by act, oldest first. Empty where nothing has.
    pub acts: Vec<Vec<Recorded>>,
    /// What is known of the other half from now on.
    pub mirror: Mirror,
}

/// Compares `read` with `known`. The same look absorbed twice is nothing the second time. What bears no date is taken to have
/// come along with the last change that bears one, or else to have happened at `at`; in no case before anything known.
pub fn absorb(
    known: Option<&Dossier>,
    mirror: Mirror,
    read: &DossierIn,
    demarche: &Demarche,
    hint: Option<&Hint<'_>>,
    at: Timestamp,
) -> Absorbed {
    let at = match known {
        Some(known) if read.modified <= mirror.modified => at.max(known.updated),
        Some(known) => read.modified.max(known.updated),
        None => read.modified,
    };
    let mut look = Look {
        known,
        mirror,
        read,
        demarche,
        hint,
        at,
        happened: Vec::new(),
    };
    look.deposited();
    look.demande();
    look.traitements();
    look.messages();
    look.avis();
    look.annotations();
    look.surroundings();
    look.seen();
    look.mirror.dossier = read.number;
    look.mirror.id.clone_from(&read.id);
    look.mirror.modified = read.modified;
    look.mirror.champs_modified = read.champs_modified;
    look.mirror.digest = read.digest();
    look.mirror.labels.clone_from(&read.labels);
    look.mirror.correction_pending = read.correction_pending;
    look.mirror.archived = read.archived;
    let acts = acts(look.happened);
    let acts = settled(known, acts, read, at);
    Absorbed {
        acts,
        mirror: look.mirror,
    }
}

struct Look<'a> {
    known: Option<&'a Dossier>,
    mirror: Mirror,
    read: &'a DossierIn,
    demarche: &'a Demarche,
    hint: Option<&'a Hint<'a>>,
    /// When what bears no date is taken to have happened.
    at: Timestamp,
    happened: Vec<Recorded>,
}

impl Look<'_> {
    fn add(&mut self, at: Timestamp, by: Person, event: Event) {
        self.happened.push(Recorded { at, by, event });
    }

    /// Adds what bears neither date nor author.
    fn add_now(&mut self, event: Event) {
        let ordered = self.ordered(&event);
        let by = ordered.map_or(Person::Plateforme, |hint| hint.by.clone());
        self.add(self.at, by, event);
    }

    /// What was asked, where it brings `event` about.
    fn ordered(&self, event: &Event) -> Option<&Hint<'_>> {
        self.hint
            .filter(|hint| brings_about(&hint.order.acts, event))
    }

    fn usager(&self) -> Email {
        Email::new(&self.read.usager)
    }

    fn deposited(&mut self) {
        if self.known.is_some() {
            return;
        }
        let usager = self.usager();
        let event = Event::Deposited {
            number: DossierId(self.read.number),
            demarche: DemarcheId(self.read.demarche),
            groupe: self.read.groupe.clone(),
            usager: usager.clone(),
            demandeur: demandeur(self.read),
            champs: valeurs(&self.read.champs, &self.demarche.champs),
            invites: BTreeSet::new(),
        };
        self.add(self.read.depot, Person::Usager(usager), event);
    }

    /// Answers of the form, and whose they are.
    fn demande(&mut self) {
        let Some(known) = self.known else { return };
        let now = valeurs(&self.read.champs, &self.demarche.champs);
        let champs: BTreeMap<String, Valeur> = now
            .iter()
            .filter(|(id, valeur)| known.champs.get(*id) != Some(valeur))
            .map(|(id, valeur)| (id.clone(), valeur.clone()))
            .collect();
        let emptied = known.champs.keys().filter(|id| !now.contains_key(*id));
        let emptied: BTreeSet<String> = emptied.cloned().collect();
        let usager = Some(self.usager()).filter(|usager| *usager != known.usager);
        let demandeur = Some(demandeur(self.read)).filter(|now| *now != known.demandeur);
        if champs.is_empty() && emptied.is_empty() && usager.is_none() && demandeur.is_none() {
            return;
        }
        let theirs = usager.is_some() || demandeur.is_some() || self.filled_in();
        let (by, at) = if theirs {
            (self.filler(), self.read.champs_modified)
        } else {
            (Person::Plateforme, None)
        };
        let at = at.unwrap_or(self.at);
        let event = Event::Modified {
            champs,
            emptied,
            usager,
            demandeur,
        };
        self.add(at, by, event);
    }

    /// Whether somebody has filled in the form since the last look. A form that was published anew, a file that is found to be
    /// infected or that is purged by the decision change answers too, and are nobody's doing.
    fn filled_in(&self) -> bool {
        // A mirror of an earlier version knows the last change of anything only; an instance that dates no answers tells nothing.
        let before = self.mirror.champs_modified.unwrap_or(self.mirror.modified);
        self.read.champs_modified.is_none_or(|at| at > before)
            || self
                .unseen()
                .any(|traitement| traitement.event.starts_with("depose"))
    }

    /// Who fills in the form: the usager, or an instructeur for him.
    fn filler(&self) -> Person {
        let correcting = self.unseen().find(|traitement| {
            traitement.event == "depose_correction_instructeur" && traitement.by.is_some()
        });
        match correcting.and_then(|traitement| traitement.by.as_deref()) {
            Some(by) => Person::Instructeur(Email::new(by)),
            None => Person::Usager(self.usager()),
        }
    }

    /// Traitements that are not absorbed yet.
    fn unseen(&self) -> impl Iterator<Item = &TraitementIn> {
        self.read
            .traitements
            .iter()
            .filter(|traitement| !self.mirror.traitements.contains(&traitement.id))
    }

    /// Whether the pending correction was made, rather than dropped.
    fn corrects(&self) -> bool {
        let modified = |recorded: &Recorded| {
            matches!(recorded.event, Event::Modified { .. }) && recorded.by != Person::Plateforme
        };
        self.happened.iter().any(modified)
    }
}

fn demandeur(read: &DossierIn) -> Demandeur {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let civilite = match read.demandeur.civilite.as_deref() {
        Some("M" | "M.") => "Monsieur".to_owned(),
        Some("Mme") => "Madame".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    Demandeur {
        civilite,
        nom: text(&read.demandeur.nom),
        prenom: text(&read.demandeur.prenom),
        raison_sociale: match &read.demandeur.raison_sociale {
            Some(name) => name.clone(),
            // While its register does not answer, a legal person is known by its number.
            None => text(&read.demandeur.siret),
        },
        siret: text(&read.demandeur.siret),
    }
}

/// Events in the order in which they happened, those of one author at about one time together.
fn acts(mut happened: Vec<Recorded>) -> Vec<Vec<Recorded>> {
    // Where two have one time, the order in which they were found stands.
    happened.sort_by_key(|recorded| (!deposits(recorded), recorded.at));
    let mut acts: Vec<Vec<Recorded>> = Vec::new();
    for recorded in happened {
        let joins = acts.last().and_then(|act| act.last()).is_some_and(|last| {
            last.by == recorded.by
                && !deposits(last)
                && recorded.at.duration_since(last.at) <= TOGETHER
        });
        match acts.last_mut() {
            Some(act) if joins => act.push(recorded),
            _ => acts.push(vec![recorded]),
        }
    }
    acts
}

fn deposits(recorded: &Recorded) -> bool {
    matches!(recorded.event, Event::Deposited { .. })
}

/// Adds what is still missing for the dossier to stand as it was read: a correction that the platform has dropped without a word.
fn settled(
    known: Option<&Dossier>,
    mut acts: Vec<Vec<Recorded>>,
    read: &DossierIn,
    at: Timestamp,
) -> Vec<Vec<Recorded>> {
    let after = acts.iter().flatten().fold(known.cloned(), evolve);
    let pending = after.is_some_and(|after| after.correction.is_some());
    if pending && read.correction_pending.is_none() {
        acts.push(vec![Recorded {
            at,
            by: Person::Plateforme,
            event: Event::CorrectionResolved,
        }]);
    }
    acts
}
