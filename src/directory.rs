//! From a recipient to addresses: rooms by `bot.toml`, people by their links.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::config::Room;
use crate::domain::{DemarcheId, Dossier, Email, Privacy, Topic};
use crate::message::{Account, Destination, Limits, Place};

/// What Greffier has learnt of a room while it ran: how it is sealed, and what an administrateur has bound it to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// What is said there is encrypted end to end.
    pub encrypted: bool,
    /// What a command of an administrateur has bound it to.
    pub bound: Option<Room>,
}

/// Rooms, networks and administrateurs.
#[derive(Debug, Default)]
pub struct Directory {
    configured: Vec<Room>,
    /// Those of `bot.toml`, and those that were bound by command.
    rooms: RwLock<Arc<Vec<Bound>>>,
    limits: BTreeMap<String, Limits>,
    administrateurs: Vec<Email>,
    /// How much private conversations may show, where that is less than everything.
    private: BTreeMap<String, Privacy>,
}

/// A room that is bound, with how much it may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// As it was bound.
    pub room: Room,
    /// How much of a dossier it may show, whether its binding says so or not.
    pub privacy: Privacy,
}

impl std::ops::Deref for Bound {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.room
    }
}

impl Directory {
    /// The directory of `rooms`. Rooms of a network that is not among `limits` are left out: nobody would carry to them.
    pub fn new(
        rooms: Vec<Room>,
        limits: BTreeMap<String, Limits>,
        administrateurs: Vec<Email>,
    ) -> Self {
        let directory = Self {
            configured: rooms,
            rooms: RwLock::default(),
            limits,
            administrateurs,
            private: BTreeMap::new(),
        };
        directory.learn(&[]);
        directory
    }

    /// Takes in all that is known of rooms, by network and id, in the place of what was known before. A binding of
    /// `bot.toml` comes before one by command.
    pub fn learn(&self, known: &[((String, String), Known)]) {
        let added = known.iter().filter_map(|((network, id), known)| {
            let bound = known.bound.clone();
            bound.filter(|_| !self.is_configured(network, id))
        });
        let sealed = |room: &Room| {
            let mut found = known.iter();
            found.any(|((network, id), known)| {
                known.encrypted && *network == room.network && *id == room.id
            })
        };
        let rooms = self.configured.iter().cloned().chain(added);
        let served = rooms.filter(|room| self.limits.contains_key(&room.network));
        let bound = served.map(|room| Bound {
            privacy: room.privacy(sealed(&room)),
            room,
        });
        let bound = Arc::new(bound.collect());
        *self.rooms.write().unwrap_or_else(PoisonError::into_inner) = bound;
    }

    /// Whether `bot.toml` binds that room.
    pub fn is_configured(&self, network: &str, id: &str) -> bool {
        let mut rooms = self.configured.iter();
        rooms.any(|room| room.network == network && room.id == id)
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
    pub fn every_room(&self) -> Arc<Vec<Bound>> {
        Arc::clone(&self.rooms.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The rooms of a group that want to be told of `topic`; all rooms of the group where there is none.
    pub fn rooms(&self, demarche: DemarcheId, groupe: &str, topic: Option<Topic>) -> Vec<Bound> {
        let mut rooms = self.every_room().to_vec();
        rooms.retain(|room| {
            room.is_for(demarche, groupe) && topic.is_none_or(|topic| room.wants(topic))
        });
        rooms
    }

    /// The rooms that want to be told of a `topic` that belongs to no dossier: those bound to no démarche, which are the
    /// operator's; all of them where there is none.
    pub fn rooms_for(&self, topic: Topic) -> Vec<Bound> {
        let mut rooms = self.every_room().to_vec();
        rooms.retain(|room| room.wants(topic));
        if rooms.iter().any(|room| room.demarche.is_none()) {
            rooms.retain(|room| room.demarche.is_none());
        }
        rooms
    }

    /// The room that a line was typed in, if it is bound.
    pub fn room(&self, network: &str, place: &Place) -> Option<Bound> {
        let Place::Room(id) = place else { return None };
        let rooms = self.every_room();
        let mut found = rooms.iter();
        found
            .find(|room| room.network == network && room.id == *id)
            .cloned()
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
