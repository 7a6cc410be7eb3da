//! What the platform says of a dossier against what is known of it: the difference, as acts in their order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::acts::{brings_about, follows_by_itself};
use super::valeur::{piece, valeurs};
use super::{Mirror, message};
use crate::domain::{
    AvisId, CorrectionKind, Decision, Demandeur, Demarche, DemarcheId, Dossier, DossierId, Email,
    Event, Mark, MessageId, Person, Piece, Recorded, Statut, Valeur, evolve,
};
use crate::message::platform::{AvisIn, DossierIn, MessageIn, Order, TraitementIn, plain};

/// Events of one author that are no further apart are one act.
const TOGETHER: SignedDuration = SignedDuration::from_secs(5);
/// How much the two clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

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

    fn traitements(&mut self) {
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

    fn newly_follows(&self, email: &Email) -> bool {
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

    /// Whether the pending correction was made, rather than dropped.
    fn corrects(&self) -> bool {
        let modified = |recorded: &Recorded| {
            matches!(recorded.event, Event::Modified { .. }) && recorded.by != Person::Plateforme
        };
        self.happened.iter().any(modified)
    }

    fn messages(&mut self) {
        let mut next = self
            .known
            .and_then(|known| known.messages.keys().next_back())
            .map_or(1, |last| last.0 + 1);
        for read in &self.read.messages {
            match self.mirror.messages.get(&read.id).copied() {
                Some(message) => self.known_message(message, read),
                None => self.new_message(read, &mut next),
            }
        }
    }

    fn known_message(&mut self, id: MessageId, read: &MessageIn) {
        let Some(known) = self.known else { return };
        let before = known.messages.get(&id);
        if let Some(at) = read.discarded
            && before.is_some_and(|before| !before.withdrawn)
        {
            let by = before.map_or(Person::Plateforme, |before| before.by.clone());
            self.add(at, by, Event::MessageWithdrawn { message: id });
        }
        let pending = known.correction.as_ref();
        if pending.is_some_and(|pending| pending.message == id) {
            let resolved = match &read.correction {
                Some(correction) => correction.resolved,
                None => read.discarded.or(Some(self.at)),
            };
            let told = self
                .happened
                .iter()
                .any(|recorded| recorded.event == Event::CorrectionResolved);
            if let Some(at) = resolved.filter(|_| !told) {
                let by = if self.corrects() {
                    Person::Usager(self.usager())
                } else {
                    self.ordered(&Event::CorrectionResolved)
                        .map_or(Person::Plateforme, |hint| hint.by.clone())
                };
                self.add(at, by, Event::CorrectionResolved);
            }
        }
    }

    fn new_message(&mut self, read: &MessageIn, next: &mut u32) {
        let post = self.claim(read);
        let here = post.as_ref().and_then(|post| post.message);
        if let Some(message) = here {
            self.mirror.messages.insert(read.id.clone(), message);
            return;
        }
        let by = message::author(read, self.read, self.demarche);
        let message = MessageId(*next);
        *next += 1;
        self.mirror.messages.insert(read.id.clone(), message);
        let ours = post.and_then(|post| post.piece);
        let event = Event::MessagePosted {
            message,
            text: message::text(read, &by),
            pieces: match ours {
                // It is on the shelf already.
                Some(piece) => vec![piece],
                None => read.files.iter().map(piece).collect(),
            },
            mail: None,
        };
        self.add(read.at, by.clone(), event);
        if read.discarded.is_some() {
            let at = read.discarded.unwrap_or(read.at);
            self.add(at, by, Event::MessageWithdrawn { message });
            return;
        }
        // Whatever was asked, an answer came.
        let awaited = self.known.is_some_and(|known| known.awaited.is_some());
        if awaited && matches!(by, Person::Usager(_)) {
            self.add(read.at, by.clone(), Event::AnswerAwaited { message: None });
        }
        if let Some(correction) = &read.correction {
            let kind = match correction.reason.as_str() {
                "incomplete" => CorrectionKind::Incomplete,
                "outdated" => CorrectionKind::Outdated,
                _ => CorrectionKind::Incorrect,
            };
            self.add(read.at, by, Event::CorrectionRequested { kind, message });
            if let Some(at) = correction.resolved {
                self.add(at, Person::Plateforme, Event::CorrectionResolved);
            }
        }
    }

    /// The order that has made this message, if one has.
    fn claim(&mut self, read: &MessageIn) -> Option<super::Post> {
        let ours = |post: &super::Post| {
            if let Some(id) = &post.id {
                return *id == read.id;
            }
            let skewed = post.at.checked_sub(SKEW).unwrap_or(post.at);
            Email::new(&post.author) == Email::new(&read.email)
                && read.at >= skewed
                && plain(&post.body) == plain(&read.body)
        };
        let found = self.mirror.posts.iter().position(ours)?;
        let post = self.mirror.posts.remove(found);
        let claims = self.mirror.claims.entry(post.order.clone()).or_default();
        claims.push(read.id.clone());
        Some(post)
    }

    /// The platform's own avis, which Greffier only shows.
    fn avis(&mut self) {
        let known = self.known.map(|known| &known.avis);
        let last = known.and_then(|avis| avis.keys().next_back());
        let mut next = last.map_or(1, |last| last.0 + 1);
        for read in &self.read.avis {
            let known = self.mirror.avis.get(&read.id).copied();
            let avis = known.unwrap_or(AvisId(next));
            if known.is_none() {
                next += 1;
                self.mirror.avis.insert(read.id.clone(), avis);
                self.requested(avis, read);
            }
            self.rendered(avis, read);
        }
        self.taken_away();
    }

    fn requested(&mut self, avis: AvisId, read: &AvisIn) {
        let by = match read.claimant.as_deref() {
            Some(claimant) => Person::Instructeur(Email::new(claimant)),
            None => Person::Plateforme,
        };
        let event = Event::AvisRequested {
            avis,
            expert: Email::new(read.expert.as_deref().unwrap_or_default()),
            text: read.question.clone(),
            question: read.label.clone().filter(|label| !label.trim().is_empty()),
            // The API does not tell: what is not known to be shared is not.
            confidentiel: true,
            elsewhere: true,
            pieces: Vec::new(),
        };
        self.add(read.asked, by, event);
    }

    fn rendered(&mut self, avis: AvisId, read: &AvisIn) {
        if read.reponse.is_none() && read.answer.is_none() {
            return;
        }
        let text = read.reponse.clone().unwrap_or_default();
        let known = self.known.and_then(|known| known.avis.get(&avis));
        let before = known.and_then(|known| known.answers.last());
        if before.is_some_and(|before| before.text == text && before.oui_non == read.answer) {
            return;
        }
        let expert = Email::new(read.expert.as_deref().unwrap_or_default());
        let event = Event::AvisRendered {
            avis,
            text,
            oui_non: read.answer,
            pieces: read.files.iter().map(piece).collect(),
            mail: None,
        };
        let at = read.answered.unwrap_or(self.at);
        self.add(at, Person::Expert(expert), event);
    }

    /// An avis that was revoked before it was answered is not there any more.
    fn taken_away(&mut self) {
        let there: BTreeSet<&str> = self.read.avis.iter().map(|avis| avis.id.as_str()).collect();
        let gone: Vec<AvisId> = self
            .mirror
            .avis
            .iter()
            .filter(|(id, _)| !there.contains(id.as_str()))
            .map(|(_, avis)| *avis)
            .collect();
        for avis in gone {
            let known = self.known.and_then(|known| known.avis.get(&avis));
            if known.is_some_and(|avis| avis.revoked.is_none()) {
                self.add_now(Event::AvisRevoked { avis });
            }
        }
    }

    fn annotations(&mut self) {
        let now = valeurs(&self.read.annotations, &self.demarche.annotations);
        let empty = BTreeMap::new();
        let before = self.known.map_or(&empty, |known| &known.annotations);
        let changed = now
            .iter()
            .filter(|(id, valeur)| before.get(*id) != Some(valeur))
            .map(|(id, valeur)| (id.clone(), Some(valeur.clone())));
        let emptied = before.keys().filter(|id| !now.contains_key(*id));
        let emptied = emptied.map(|id| (id.clone(), None));
        let all: Vec<_> = changed.chain(emptied).collect();
        for (annotation, valeur) in all {
            self.add_now(Event::Annotated { annotation, valeur });
        }
    }

    /// Group, followers, labels, what is put away, and the dates that the platform sets.
    fn surroundings(&mut self) {
        let read = self.read;
        let known = self.known;
        if known.is_some_and(|known| known.groupe != read.groupe) && !read.groupe.is_empty() {
            self.add_now(Event::Reassigned {
                groupe: read.groupe.clone(),
            });
        }
        let now: BTreeSet<Email> = read
            .followers
            .iter()
            .map(|profile| Email::new(&profile.email))
            .collect();
        for instructeur in now
            .iter()
            .filter(|email| self.newly_follows(email))
            .cloned()
            .collect::<Vec<_>>()
        {
            let by = Person::Instructeur(instructeur.clone());
            self.add(self.at, by, Event::Followed { instructeur });
        }
        let before = known.into_iter().flat_map(|known| known.followers.keys());
        for instructeur in before.filter(|email| !now.contains(*email)) {
            let by = Person::Instructeur(instructeur.clone());
            let instructeur = instructeur.clone();
            self.add(self.at, by, Event::Unfollowed { instructeur });
        }
        self.labels();
        match (known.is_some_and(|known| known.archived), read.archived) {
            (false, true) => self.add_now(Event::Archived),
            (true, false) if state(&read.state).is_some_and(Statut::traite) => {
                self.add_now(Event::Unarchived);
            }
            _ => {}
        }
        if known.is_some_and(|known| known.trash.is_some()) {
            self.add_now(Event::Restored);
        }
        let scheduled = known.map_or((None, None), |known| (known.expires, known.decides));
        if scheduled != (read.expires, read.sva_svr) {
            self.add_now(Event::Scheduled {
                expires: read.expires,
                decides: read.sva_svr,
            });
        }
        self.attestation();
    }

    /// What was there before Greffier came has been seen, or not, on the site: it lights no marks here.
    fn seen(&mut self) {
        if self.known.is_some() {
            return;
        }
        let last = self.happened.iter().map(|recorded| recorded.at).max();
        let at = last.unwrap_or(self.read.modified);
        let marks = BTreeSet::from([
            Mark::Demande,
            Mark::Messagerie,
            Mark::Avis,
            Mark::Annotations,
        ]);
        for profile in &self.read.followers {
            let instructeur = Email::new(&profile.email);
            let event = Event::Seen {
                instructeur: instructeur.clone(),
                marks: marks.clone(),
            };
            self.add(at, Person::Instructeur(instructeur), event);
        }
    }

    fn labels(&mut self) {
        let Some(read) = &self.read.labels else {
            return;
        };
        let now: BTreeSet<&String> = read.iter().collect();
        let empty = BTreeSet::new();
        let before = self.known.map_or(&empty, |known| &known.etiquettes);
        for etiquette in now.iter().filter(|label| !before.contains(**label)) {
            self.add_now(Event::Labelled {
                etiquette: (*etiquette).clone(),
            });
        }
        for etiquette in before.iter().filter(|label| !now.contains(label)) {
            self.add_now(Event::Unlabelled {
                etiquette: etiquette.clone(),
            });
        }
    }

    fn attestation(&mut self) {
        let Some(made) = self.read.attestation.as_ref().map(piece) else {
            return;
        };
        let before = self.known.and_then(|known| known.decided.as_ref());
        let before = before.and_then(|decided| decided.attestation.as_ref());
        let same = |before: &Piece| before.hash == made.hash;
        if !before.is_some_and(same) && state(&self.read.state).is_some_and(Statut::traite) {
            let at = self.at.max(self.read.processed.unwrap_or_default());
            self.add(
                at,
                Person::Plateforme,
                Event::AttestationMade { piece: made },
            );
        }
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

/// The statut of a `DossierState`.
pub(super) fn state(name: &str) -> Option<Statut> {
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
