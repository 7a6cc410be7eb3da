//! From a recipient to addresses: rooms by `bot.toml`, people by their links.

use std::collections::BTreeMap;

use crate::config::Room;
use crate::domain::{DemarcheId, Dossier, Email, Privacy, Topic};
use crate::message::{Account, Destination, Limits, Place};

/// Rooms, networks and administrateurs, as configured.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    rooms: Vec<Room>,
    limits: BTreeMap<String, Limits>,
    administrateurs: Vec<Email>,
    /// How much private conversations may show, where that is less than everything.
    private: BTreeMap<String, Privacy>,
}

impl Directory {
    /// The directory of `rooms`. Rooms of a network that is not among `limits` are left out: nobody would carry to them.
    pub fn new(
        rooms: Vec<Room>,
        limits: BTreeMap<String, Limits>,
        administrateurs: Vec<Email>,
    ) -> Self {
        let rooms = rooms
            .into_iter()
            .filter(|room| limits.contains_key(&room.network))
            .collect();
        Self {
            rooms,
            limits,
            administrateurs,
            private: BTreeMap::new(),
        }
    }

    /// The same, with private conversations of `network` that show no more than `privacy`.
    #[must_use]
    pub fn showing_in_private(mut self, network: &str, privacy: Privacy) -> Self {
        self.private.insert(network.to_owned(), privacy);
        self
    }

    /// How much private conversations of `network` may show.
    pub fn private(&self, network: &str) -> Privacy {
        self.private.get(network).copied().unwrap_or(Privacy::Full)
    }

    /// The administrateurs.
    pub fn administrateurs(&self) -> &[Email] {
        &self.administrateurs
    }

    /// Every room.
    pub fn every_room(&self) -> &[Room] {
        &self.rooms
    }

    /// The rooms of a group that want to be told of `topic`; all rooms of the group where there is none.
    pub fn rooms(
        &self,
        demarche: DemarcheId,
        groupe: &str,
        topic: Option<Topic>,
    ) -> impl Iterator<Item = &Room> {
        self.rooms.iter().filter(move |room| {
            room.is_for(demarche, groupe) && topic.is_none_or(|topic| room.wants(topic))
        })
    }

    /// The rooms that want to be told of a `topic` that belongs to no dossier: those bound to no démarche, which are the
    /// operator's; all of them where there is none.
    pub fn rooms_for(&self, topic: Topic) -> impl Iterator<Item = &Room> {
        let wanting = move |room: &&Room| room.wants(topic);
        let unbound = self
            .rooms
            .iter()
            .filter(wanting)
            .any(|room| room.demarche.is_none());
        self.rooms
            .iter()
            .filter(wanting)
            .filter(move |room| !unbound || room.demarche.is_none())
    }

    /// The room that a line was typed in, if it is bound.
    pub fn room(&self, network: &str, place: &Place) -> Option<&Room> {
        let Place::Room(id) = place else { return None };
        self.rooms
            .iter()
            .find(|room| room.network == network && room.id == *id)
    }

    /// Whether what is said in `place` about `dossier` may be answered there: in private, or in a room of its group.
    pub fn may_hear(&self, network: &str, place: &Place, dossier: &Dossier) -> bool {
        match place {
            Place::Direct => true,
            Place::Room(_) => self
                .room(network, place)
                .is_some_and(|room| room.is_for(dossier.demarche, &dossier.groupe)),
        }
    }

    /// How much may be shown in `place`.
    pub fn privacy(&self, network: &str, place: &Place) -> Privacy {
        match place {
            Place::Direct => self.private(network),
            Place::Room(_) => self
                .room(network, place)
                .map_or(Privacy::Minimal, |room| room.privacy),
        }
    }

    /// What a network can carry, if it is connected.
    pub fn limits(&self, network: &str) -> Option<Limits> {
        self.limits.get(network).copied()
    }

    /// Whether somebody is an administrateur.
    pub fn is_administrateur(&self, person: &Email) -> bool {
        self.administrateurs.contains(person)
    }
}

/// Where an answer to `account` goes.
pub fn destination(account: &Account, place: &Place) -> Destination {
    let address = match place {
        Place::Room(room) => room.clone(),
        Place::Direct => account.id.clone(),
    };
    Destination {
        network: account.network.clone(),
        address,
    }
}

/// Where a room is.
pub fn of_room(room: &Room) -> Destination {
    Destination {
        network: room.network.clone(),
        address: room.id.clone(),
    }
}
