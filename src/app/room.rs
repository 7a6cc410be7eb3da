//! Rooms that an administrateur binds by a command, in so far as `bot.toml` does not, and what is known of each.

use std::ops::Bound as Range;

use super::ask::Binding;
use super::draft::Draft;
use super::line::Speaker;
use super::{App, Error};
use crate::config::Room;
use crate::directory::Known;
use crate::domain::{Demarche, Privacy};
use crate::message::{Line, Place, RoomIn, Verdict};
use crate::store::{Collection, Store};
use crate::template::{Answer, RoomRow};

/// Rooms that may be known.
const MOST: usize = 10_000;

/// Key of what is known of a room.
pub(super) fn key(network: &str, id: &str) -> String {
    format!("{network}\u{0}{id}")
}

impl<S: Store> App<S> {
    /// Reads what is known of rooms into the directory: at the start, and whenever a commit has changed it.
    pub fn learn_rooms(&self) -> Result<(), Error> {
        let rows = self
            .store
            .scan(Collection::Room, "", Range::Unbounded, MOST)?;
        let mut known = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let of: Known = serde_json::from_value(value)
                .map_err(|error| Error::document(Collection::Room, &error))?;
            if let Some((network, id)) = key.split_once('\u{0}') {
                known.push(((network.to_owned(), id.to_owned()), of));
            }
        }
        self.directory.learn(&known);
        Ok(())
    }

    /// Notes what a channel has found of a room. One that was encrypted stays so, whatever is said of it later.
    pub(super) fn meet(&self, draft: &mut Draft<'_, S>, found: &RoomIn) -> Result<(), Error> {
        let key = key(&found.room.network, &found.room.address);
        let known: Known = draft.get(Collection::Room, &key)?.unwrap_or_default();
        if found.encrypted && !known.encrypted {
            let known = Known {
                encrypted: true,
                ..known
            };
            draft.put(Collection::Room, key, &known)?;
        }
        Ok(())
    }

    /// `salon`: what the room is bound to; in private, an administrateur sees every room.
    pub(super) fn show_room(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
    ) -> Result<(), Error> {
        let Line { from, place, .. } = speaker.line;
        let here = matches!(place, Place::Room(_));
        let administrateur = speaker.email.as_ref();
        let all = administrateur.is_some_and(|email| self.directory.is_administrateur(email));
        if !here && !all {
            return self.answer(draft, speaker, &Answer::NotInRoom, None);
        }
        let mut rows = Vec::new();
        for room in self.directory.every_room().iter() {
            let this =
                matches!(place, Place::Room(id) if room.network == from.network && room.id == *id);
            if this || !here {
                rows.push(self.room_row(draft, &room.room, room.privacy)?);
            }
        }
        self.answer(draft, speaker, &Answer::Rooms { rows, here }, None)
    }

    /// `salon lier`.
    pub(super) fn bind_room(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        binding: Binding,
    ) -> Result<(), Error> {
        let Line { from, place, .. } = speaker.line;
        let Place::Room(id) = place else {
            return self.answer(draft, speaker, &Answer::NotInRoom, None);
        };
        let refusal = self
            .unbindable(draft, &from.network, id, &binding)?
            .or_else(|| self.misnamed(&binding));
        if let Some(answer) = refusal {
            return self.answer(draft, speaker, &answer, None);
        }
        let room = Room {
            network: from.network.clone(),
            id: id.clone(),
            externals: binding.externals.unwrap_or(false),
            demarche: Some(binding.demarche),
            groupe: self.label(&binding),
            notify: binding.notify,
            threads: binding.threads.unwrap_or(true),
            privacy: binding.privacy,
        };
        let key = key(&from.network, id);
        let known: Known = draft.get(Collection::Room, &key)?.unwrap_or_default();
        let privacy = room.privacy(known.encrypted);
        let known = Known {
            bound: Some(room.clone()),
            ..known
        };
        draft.put(Collection::Room, key, &known)?;
        let rows = vec![self.room_row(draft, &room, privacy)?];
        self.answer(draft, speaker, &Answer::RoomBound { rows }, None)
    }

    /// Why a command cannot bind that room so.
    fn unbindable(
        &self,
        draft: &Draft<'_, S>,
        network: &str,
        id: &str,
        binding: &Binding,
    ) -> Result<Option<Answer>, Error> {
        if self.directory.is_configured(network, id) {
            return Ok(Some(Answer::RoomConfigured));
        }
        let known: Known = draft
            .get(Collection::Room, &key(network, id))?
            .unwrap_or_default();
        let raised = binding
            .privacy
            .is_some_and(|privacy| privacy > Privacy::Minimal);
        // Whoever can read what is said there is not known: only the operator may answer for that.
        Ok((raised && !known.encrypted).then_some(Answer::RoomNotEncrypted))
    }

    /// What of the démarche or its group does not exist.
    fn misnamed(&self, binding: &Binding) -> Option<Answer> {
        let Some(demarche) = self.demarche(binding.demarche) else {
            let known = self.demarches.values();
            return Some(Answer::UnknownDemarche {
                number: Some(binding.demarche),
                known: known
                    .map(|demarche| (demarche.number, demarche.titre.clone(), None))
                    .collect(),
            });
        };
        let wanted = binding.groupe.as_ref()?;
        if self.label(binding).is_some() {
            return None;
        }
        Some(Answer::UnknownGroupe {
            name: wanted.clone(),
            known: labels(demarche),
        })
    }

    /// The label of the group that is meant, as the démarche writes it.
    fn label(&self, binding: &Binding) -> Option<String> {
        let wanted = crate::domain::fold(binding.groupe.as_ref()?);
        let demarche = self.demarche(binding.demarche)?;
        labels(demarche)
            .into_iter()
            .find(|label| crate::domain::fold(label) == wanted)
    }

    /// `salon delier`: here, or the room of that id.
    pub(super) fn unbind_room(
        &self,
        draft: &mut Draft<'_, S>,
        speaker: &Speaker<'_>,
        other: Option<&str>,
    ) -> Result<(), Error> {
        let Line { from, place, .. } = speaker.line;
        let id = match (other, place) {
            (Some(other), _) => other,
            (None, Place::Room(id)) => id.as_str(),
            (None, Place::Direct) => {
                return self.answer(draft, speaker, &Answer::NotInRoom, None);
            }
        };
        let rooms = self.directory.every_room();
        let found = rooms
            .iter()
            .find(|room| room.id == id && (other.is_some() || room.network == from.network));
        let Some(room) = found else {
            draft.receipt.verdict = Verdict::Refused;
            let rows = Vec::new();
            return self.answer(draft, speaker, &Answer::Rooms { rows, here: true }, None);
        };
        if self.directory.is_configured(&room.network, &room.id) {
            return self.answer(draft, speaker, &Answer::RoomConfigured, None);
        }
        let key = key(&room.network, &room.id);
        let known: Known = draft.get(Collection::Room, &key)?.unwrap_or_default();
        let known = Known {
            bound: None,
            ..known
        };
        if known == Known::default() {
            draft.remove(Collection::Room, key);
        } else {
            draft.put(Collection::Room, key, &known)?;
        }
        self.answer(draft, speaker, &Answer::RoomUnbound, None)
    }

    fn room_row(
        &self,
        draft: &Draft<'_, S>,
        room: &Room,
        privacy: Privacy,
    ) -> Result<RoomRow, Error> {
        let known: Known = draft
            .get(Collection::Room, &key(&room.network, &room.id))?
            .unwrap_or_default();
        let titled = |number| {
            let demarche: Option<&Demarche> = self.demarche(number);
            (
                number,
                demarche.map_or_else(String::new, |demarche| demarche.titre.clone()),
            )
        };
        Ok(RoomRow {
            network: room.network.clone(),
            id: room.id.clone(),
            encrypted: known.encrypted,
            configured: self.directory.is_configured(&room.network, &room.id),
            demarche: room.demarche.map(titled),
            groupe: room.groupe.clone(),
            privacy,
            threads: room.threads,
            externals: room.externals,
            notify: room.notify.clone(),
        })
    }
}

fn labels(demarche: &Demarche) -> Vec<String> {
    let groupes = demarche.groupes.iter();
    groupes.map(|groupe| groupe.label.clone()).collect()
}
