//! What is known while there is a session: the client, the memory, and where the rooms are that are bound.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use matrix_sdk::ruma::api::client::room::create_room;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId, RoomOrAliasId, UserId};
use matrix_sdk::{Client, Room, RoomMemberships, RoomState};

use super::fault::Fault;
use super::memo::{Memo, Note};
use super::settings::{Bound, Rooms, Settings, server_is_among};
use super::words::Names;
use crate::message::Place;

/// Rooms looked through for one that two people have to themselves.
const ROOMS: usize = 5_000;

/// Time between two invitations of somebody who leaves private conversations.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// A session that works.
pub(super) struct Online {
    /// The client.
    pub(super) client: Client,
    /// The memory.
    pub(super) memo: Memo,
    /// Greffier's own id.
    pub(super) me: OwnedUserId,
    /// When this device was made: what an older one sent bears other transaction ids.
    pub(super) made: Timestamp,
    /// By what names people call Greffier.
    pub(super) names: Names,
    /// The rooms that are bound.
    rooms: Arc<Rooms>,
    /// Where they are now, by what the middle calls them.
    places: Mutex<BTreeMap<String, OwnedRoomId>>,
}

impl Online {
    /// What is known of `client`'s session.
    pub(super) async fn of(
        client: Client,
        made: Timestamp,
        rooms: &Arc<Rooms>,
    ) -> Result<Self, Fault> {
        let me = client
            .user_id()
            .ok_or(Fault::LoggedOut { soft: true })?
            .to_owned();
        let memo = Memo::of(&client);
        let moved: BTreeMap<String, OwnedRoomId> = memo.get(Note::Moved).await?.unwrap_or_default();
        let names = Names {
            id: me.to_string(),
            shown: shown_name(&client).await,
        };
        let online = Self {
            client,
            memo,
            me,
            made,
            names,
            rooms: Arc::clone(rooms),
            places: Mutex::new(moved),
        };
        for bound in online.bound() {
            online.find(&bound.id).await;
        }
        Ok(online)
    }

    /// The rooms that are bound now.
    pub(super) fn bound(&self) -> Vec<Bound> {
        (self.rooms)()
    }

    /// The binding of the room that the middle calls `name`.
    pub(super) fn binding(&self, name: &str) -> Option<Bound> {
        self.bound().into_iter().find(|bound| bound.id == name)
    }

    /// Where the room that the middle calls `name`, or that has that id, is now.
    pub(super) async fn find(&self, name: &str) -> Option<OwnedRoomId> {
        let known = self.lock().get(name).cloned();
        if known.is_some() {
            return known;
        }
        let id = match <&RoomOrAliasId>::try_from(name).ok()? {
            id if id.is_room_alias_id() => {
                let alias = name.try_into().ok()?;
                self.client.resolve_room_alias(alias).await.ok()?.room_id
            }
            _ => RoomId::parse(name).ok()?,
        };
        if self.binding(name).is_some() {
            self.lock().insert(name.to_owned(), id.clone());
        }
        Some(id)
    }

    /// What the middle calls that room, if it is bound.
    pub(super) fn name_of(&self, room: &RoomId) -> Option<String> {
        let bound = self.bound();
        let places = self.lock();
        let here = |name: &String| match places.get(name) {
            Some(place) => place == room,
            // Bound by a command a moment ago.
            None => name == room.as_str(),
        };
        bound.into_iter().map(|bound| bound.id).find(here)
    }

    /// The room that the middle calls `name` goes on as `to`; kept across restarts.
    pub(super) async fn move_to(&self, name: &str, to: &RoomId) -> Result<(), Fault> {
        let moved = {
            let mut places = self.lock();
            places.insert(name.to_owned(), to.to_owned());
            places.clone()
        };
        Ok(self.memo.put(Note::Moved, &moved).await?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, OwnedRoomId>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where somebody speaks who speaks in `room`: what the middle calls it. A room that is not bound and that two people
    /// have to themselves is private; with a third in it, it is not any more.
    pub(super) async fn place(&self, room: &Room, sender: &UserId) -> Result<Place, Fault> {
        if let Some(name) = self.name_of(room.room_id()) {
            return Ok(Place::Room(name));
        }
        Ok(if self.alone_with(room, sender).await? {
            Place::Direct
        } else {
            Place::Room(room.room_id().to_string())
        })
    }

    /// Whether nobody but Greffier and `user` is, or is invited, in `room`.
    pub(super) async fn alone_with(&self, room: &Room, user: &UserId) -> Result<bool, Fault> {
        // Cheap, and right in all but the smallest rooms.
        if room.active_members_count() > 2 {
            return Ok(false);
        }
        let members = room.members(RoomMemberships::ACTIVE).await?;
        let both = |id: &UserId| id == self.me || id == user;
        Ok(members.iter().all(|member| both(member.user_id()))
            && members.iter().any(|member| member.user_id() == user))
    }

    /// The room in which Greffier speaks with `user` alone; made where there is none.
    pub(super) async fn direct(&self, user: &UserId, encrypt: bool) -> Result<Room, Fault> {
        let known: Option<OwnedRoomId> = self.memo.get(Note::Direct(user.as_str())).await?;
        let remembered = known.and_then(|id| self.client.get_room(&id));
        if let Some(room) = remembered
            && room.state() == RoomState::Joined
            && (!encrypt || self.encrypted(&room).await? != Encrypted::No)
            && self.alone_with(&room, user).await?
        {
            return Ok(room);
        }
        let rooms = self.client.joined_rooms();
        for room in rooms.into_iter().take(ROOMS) {
            let bound = self.name_of(room.room_id()).is_some();
            let fit = room.encryption_state().is_encrypted() || !encrypt;
            if !bound && fit && self.alone_with(&room, user).await? {
                self.remember_direct(user, &room).await?;
                return Ok(room);
            }
        }
        let asked = format!("direct.{user}");
        let now = crate::clock::now();
        let before: Option<Timestamp> = self.memo.get(Note::Told(&asked)).await?;
        if before.is_some_and(|before| now.duration_since(before) < AGAIN) {
            return Err(Fault::Denied {
                code: "the person has left the conversation".to_owned(),
                status: 403,
            });
        }
        let room = self.create_direct(user, encrypt).await?;
        self.memo.put(Note::Told(&asked), &now).await?;
        self.remember_direct(user, &room).await?;
        Ok(room)
    }

    /// From now on Greffier speaks with `user` in `room`.
    pub(super) async fn remember_direct(&self, user: &UserId, room: &Room) -> Result<(), Fault> {
        let note = Note::Direct(user.as_str());
        Ok(self.memo.put(note, &room.room_id().to_owned()).await?)
    }

    /// Somebody speaks to Greffier alone in `room`: he is answered there from now on, whatever other conversations there
    /// are, unless it is in clear and they are to be encrypted.
    pub(super) async fn taken_up(
        &self,
        room: &Room,
        sender: &str,
        encrypt: bool,
    ) -> Result<(), Fault> {
        if encrypt && !room.encryption_state().is_encrypted() {
            return Ok(());
        }
        let known: Option<OwnedRoomId> = self.memo.get(Note::Direct(sender)).await?;
        match UserId::parse(sender) {
            Ok(user) if known.as_deref() != Some(room.room_id()) => {
                self.remember_direct(&user, room).await
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn create_direct(&self, user: &UserId, encrypt: bool) -> Result<Room, Fault> {
        if encrypt {
            return Ok(self.client.create_dm(user).await?);
        }
        let mut request = create_room::v3::Request::new();
        request.invite = vec![user.to_owned()];
        request.is_direct = true;
        request.preset = Some(create_room::v3::RoomPreset::TrustedPrivateChat);
        Ok(self.client.create_room(request).await?)
    }

    /// Whether `room` is encrypted, or was ever seen so; the first sight is remembered for good.
    pub(super) async fn encrypted(&self, room: &Room) -> Result<Encrypted, Fault> {
        let now = room.latest_encryption_state().await?.is_encrypted();
        let note = Note::Encrypted(room.room_id().as_str());
        let before = self.memo.get::<bool>(note.clone()).await?.unwrap_or(false);
        if now && !before {
            self.memo.put(note, &true).await?;
        }
        Ok(match (now, before) {
            (true, _) => Encrypted::Yes,
            (false, true) => Encrypted::NotAnyMore,
            (false, false) => Encrypted::No,
        })
    }

    /// A server of somebody in `room` whose people may not read dossiers, if there is one.
    pub(super) async fn outsiders(
        &self,
        room: &Room,
        settings: &Settings,
    ) -> Result<Option<String>, Fault> {
        let own = [self.me.server_name().to_string()];
        let allowed: &[String] = if settings.allowed_servers.is_empty() {
            &own
        } else {
            &settings.allowed_servers
        };
        let members = room.members(RoomMemberships::ACTIVE).await?;
        let mut servers = members.iter().map(|member| member.user_id().server_name());
        let outside = servers.find(|server| {
            *server != self.me.server_name() && !server_is_among(server.as_str(), allowed)
        });
        Ok(outside.map(ToString::to_string))
    }
}

/// Whether a room is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encrypted {
    /// It is.
    Yes,
    /// It is not, and never was.
    No,
    /// It was, and the homeserver says that it is not: which cannot be.
    NotAnyMore,
}

/// The name that clients show, if the homeserver tells it soon.
async fn shown_name(client: &Client) -> Option<String> {
    let account = client.account();
    let asked = tokio::time::timeout(Duration::from_secs(5), account.get_display_name());
    let name = asked.await.ok()?.ok()??;
    (!name.trim().is_empty()).then_some(name)
}
