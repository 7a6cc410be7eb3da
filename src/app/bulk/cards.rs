//! The cards of the dossiers of a bulk, shown anew once it is over: a few at a time, and no faster than the rooms take
//! them, so that whatever else is said there need not wait behind hundreds of edits. Each is shown as its dossier then is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::draft::Draft;
use super::super::{App, Error};
use crate::directory::of_room;
use crate::domain::DossierId;
use crate::message::{Step, Verdict};
use crate::store::{Collection, Store};

/// Cards shown anew in one step.
const AT_ONCE: usize = 4;
/// Messages on their way to the rooms at which the next cards wait.
const FULL: usize = 4;
/// Rows of the outbox looked through for these.
const ROWS: usize = 1_000;

/// Cards that are to be shown anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cards {
    pub(super) code: String,
    pub(super) begun: Timestamp,
    pub(super) numbers: Vec<DossierId>,
    pub(super) next: usize,
}

impl Cards {
    /// Where they stand among the documents.
    pub(super) fn key(&self) -> String {
        format!("cards\u{0}{}", self.code)
    }
}

impl<S: Store> App<S> {
    /// Name and number of the next step, if the rooms are free for it.
    pub(super) fn next_cards(
        &self,
        cards: Value,
        now: Timestamp,
    ) -> Result<Option<(String, usize)>, Error> {
        let cards: Cards = serde_json::from_value(cards)
            .map_err(|error| Error::document(Collection::Bulk, &error))?;
        let next = cards.numbers.get(cards.next).copied();
        if let Some(number) = next
            && !self.rooms_are_free(number, now)?
        {
            return Ok(None);
        }
        let id = format!("cards:{}:{}", cards.code, cards.begun.as_microsecond());
        Ok(Some((id, cards.next)))
    }

    fn rooms_are_free(&self, number: DossierId, now: Timestamp) -> Result<bool, Error> {
        let Some((dossier, _)) = self.store.load(number)? else {
            return Ok(true);
        };
        let rooms = self
            .directory
            .rooms(dossier.demarche, &dossier.groupe, None);
        let rooms: Vec<_> = rooms.iter().map(|room| of_room(room)).collect();
        let rows = self.store.queued(None, ROWS)?;
        let waiting = rows
            .iter()
            .filter(|row| row.at <= now && rooms.contains(&row.to));
        Ok(waiting.count() < FULL)
    }

    /// Shows a few cards.
    pub(super) fn show_cards(&self, draft: &mut Draft<'_, S>, step: &Step) -> Result<(), Error> {
        let Some(cards) = self.cards(draft, step)? else {
            return Ok(());
        };
        for number in cards.numbers.iter().skip(cards.next).take(AT_ONCE) {
            let Some(change) = draft.dossier(*number)? else {
                continue;
            };
            let dossier = change.dossier;
            if let Some(demarche) = self.demarche(dossier.demarche)
                && dossier.purged.is_none()
            {
                self.card(draft, &dossier, demarche)?;
            }
        }
        draft.receipt.verdict = Verdict::Done;
        pass(draft, cards)
    }

    /// Leaves out cards that cannot be worded.
    pub(super) fn skip_cards(&self, draft: &mut Draft<'_, S>, step: &Step) -> Result<(), Error> {
        match self.cards(draft, step)? {
            Some(cards) => pass(draft, cards),
            None => Ok(()),
        }
    }

    fn cards(&self, draft: &Draft<'_, S>, step: &Step) -> Result<Option<Cards>, Error> {
        let cards: Option<Cards> = draft.get(Collection::Bulk, &step.work)?;
        Ok(cards.filter(|cards| cards.next == step.number))
    }
}

fn pass<S: Store>(draft: &mut Draft<'_, S>, mut cards: Cards) -> Result<(), Error> {
    cards.next += AT_ONCE;
    if cards.next >= cards.numbers.len() {
        draft.remove(Collection::Bulk, cards.key());
        return Ok(());
    }
    draft.put(Collection::Bulk, cards.key(), &cards)
}
