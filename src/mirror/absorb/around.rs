//! What stands around the dossier: annotations, group, followers, labels, what the platform adds by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::super::valeur::{piece, valeurs};
use super::Look;
use super::step::state;
use crate::domain::{ChampType, Email, Event, Mark, Person, Piece, Statut, Valeur};

impl Look<'_> {
    pub(super) fn annotations(&mut self) {
        let now = valeurs(&self.read.annotations, &self.demarche.annotations);
        let empty = BTreeMap::new();
        let before = self.known.map_or(&empty, |known| &known.annotations);
        let forms = self.demarche.annotations.iter();
        let boxes: BTreeSet<&String> = forms
            .filter(|champ| champ.kind == ChampType::Checkbox)
            .map(|champ| &champ.id)
            .collect();
        let changed = now
            .iter()
            .filter(|(id, valeur)| match before.get(*id) {
                Some(before) => before != *valeur,
                // A box begins unticked: nobody has said that.
                None => **valeur != Valeur::YesNo(false) || !boxes.contains(id),
            })
            .map(|(id, valeur)| (id.clone(), Some(valeur.clone())));
        let emptied = before.keys().filter(|id| !now.contains_key(*id));
        let emptied = emptied.map(|id| (id.clone(), None));
        let all: Vec<_> = changed.chain(emptied).collect();
        for (annotation, valeur) in all {
            self.add_now(Event::Annotated { annotation, valeur });
        }
    }

    /// Group, followers, labels, what is put away, and the dates that the platform sets.
    pub(super) fn surroundings(&mut self) {
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
    pub(super) fn seen(&mut self) {
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
