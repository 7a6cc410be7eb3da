//! The démarches of somebody, with the counts of their tabs.

use super::super::draft::Draft;
use super::super::line::Speaker;
use super::super::{App, Error};
use super::lists;
use crate::domain::column::Column;
use crate::domain::query::{Query, Test, Want};
use crate::domain::{Demarche, Email, List, Of, Onglet, fold};
use crate::store::{Store, find};
use crate::template::{Answer, DemarcheRow};

impl<S: Store> App<S> {
    /// `demarches`. In a room: the démarche and the group that are the room's.
    pub(in crate::app) fn list_demarches(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<(), Error> {
        let Some(email) = &speaker.email else {
            return self.answer(draft, speaker, &Answer::NotLinked, None);
        };
        let room = self
            .directory
            .room(&speaker.line.from.network, &speaker.line.place);
        let bound = room.as_ref().and_then(|room| room.demarche);
        let groupe = room.as_ref().and_then(|room| room.groupe.as_deref());
        let mut rows = Vec::new();
        for demarche in self.demarches.values() {
            let here = bound.is_none_or(|bound| bound == demarche.number);
            if here && demarche.has_instructeur(email) {
                rows.push(DemarcheRow {
                    number: demarche.number,
                    titre: demarche.titre.clone(),
                    etat: demarche.etat_at(draft.at),
                    onglets: self.onglets(demarche, email, groupe)?,
                });
            }
        }
        // Open ones first, each kind in the order of their numbers.
        rows.sort_by_key(|row| row.etat);
        let reading = self.unmet();
        let answer = if rows.is_empty() && !reading.is_empty() {
            Answer::NotYetRead { reading }
        } else {
            Answer::Demarches { rows }
        };
        self.answer(draft, speaker, &answer, None)
    }

    /// Each tab: its label, how many dossiers, whether one of them has an orange mark.
    fn onglets(
        &self,
        demarche: &Demarche,
        email: &Email,
        groupe: Option<&str>,
    ) -> Result<Vec<(String, u64, bool)>, Error> {
        let mut onglets = Vec::new();
        for onglet in Onglet::ALL {
            let marked = List {
                demarche: demarche.number,
                of: Of::Instructeur(email.clone()),
                onglet,
                marked: true,
            };
            let lists = lists(demarche, email, onglet, groupe);
            let of_groupe = groupe.filter(|_| onglet == Onglet::Suivis);
            let count = self.counted(&lists, of_groupe)?;
            let marks = self.counted(std::slice::from_ref(&marked), groupe)?;
            onglets.push((onglet.libelle().to_owned(), count, marks > 0));
        }
        Ok(onglets)
    }

    /// How many dossiers lists have; of one group, where the lists are a person's and that group is meant.
    fn counted(&self, lists: &[List], groupe: Option<&str>) -> Result<u64, Error> {
        let Some(groupe) = groupe else {
            let counts = lists.iter().map(|list| self.store.count(list));
            return Ok(counts.sum::<Result<u64, _>>()?);
        };
        let query = Query {
            lists: lists.to_vec(),
            tests: vec![Test {
                any: vec![Want::Is(fold(groupe))],
                ..Test::of(Column::Groupe)
            }],
            ..Query::default()
        };
        Ok(find(&*self.store, &query, u64::MAX, &|| false)?.fitting)
    }
}
