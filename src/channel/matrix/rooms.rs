//! Rooms that Greffier comes into, goes along with, and leaves.

use std::time::Duration;

use matrix_sdk::ruma::api::client::membership::leave_room;
use matrix_sdk::ruma::{OwnedServerName, RoomId, UserId};
use matrix_sdk::{Room, RoomState};

use super::Matrix;
use super::fault::Fault;
use super::memo::Note;
use super::online::{Encrypted, Online};
use super::settings::{Settings, server_is_among};
use super::sync::Ended;
use crate::channel::Inbox;
use crate::message::{Destination, Heard, Incoming, Remark, Remarked, RoomIn};

/// Tries to join after an invitation: federation may need a while until the inviter's server answers.
const JOINS: u32 = 6;

/// What whoever invites Greffier in vain is shown (the reason of its leave event).
const UNINVITED: &str = "Greffier n’entre que là où il est attendu : demandez à l’un de ses administrateurs de l’inviter.";

/// What is done with an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invited {
    /// Joined.
    Welcome,
    /// Turned down.
    Refused,
}

/// What is done with an invitation by `inviter` into a room that is `bound`, or for two (`direct`).
pub(super) fn judge(
    inviter: &UserId,
    own_server: &str,
    bound: bool,
    direct: bool,
    settings: &Settings,
) -> Invited {
    let id = inviter.as_str();
    let server = inviter.server_name().as_str();
    let named = settings.administrateurs.iter().any(|named| named == id)
        || settings.inviters.iter().any(|named| named == id)
        || server_is_among(server, &settings.inviters);
    let own = [own_server.to_owned()];
    let allowed: &[String] = if settings.allowed_servers.is_empty() {
        &own
    } else {
        &settings.allowed_servers
    };
    let known = server == own_server || server_is_among(server, allowed);
    if named || (known && (bound || direct)) {
        Invited::Welcome
    } else {
        Invited::Refused
    }
}

impl Matrix {
    /// Takes or turns down the invitation to `room`.
    pub(super) async fn invited(&self, online: &Online, room: &Room) -> Result<(), Fault> {
        let invite = match room.invite_details().await {
            Ok(invite) => invite,
            Err(error) => return Err(error.into()),
        };
        let inviter = invite.inviter_id;
        let direct = room.is_direct().await.unwrap_or(false);
        let bound = online.name_of(room.room_id()).is_some()
            || online.successor_of(room.room_id()).await?.is_some();
        let server = online.me.server_name().as_str();
        let verdict = judge(&inviter, server, bound, direct, &self.settings);
        metrics::counter!("greffier_matrix_invitations_total", "verdict" => match verdict {
            Invited::Welcome => "welcome",
            Invited::Refused => "refused",
        })
        .increment(1);
        match verdict {
            Invited::Welcome => {
                tokio::spawn(join(room.clone()));
                if direct {
                    online.remember_direct(&inviter, room).await?;
                }
            }
            Invited::Refused => {
                tracing::info!(
                    "An invitation is turned down: who sent it is neither in matrix.administrateurs nor in matrix.inviters"
                );
                leave_only(online, room.room_id()).await?;
            }
        }
        Ok(())
    }

    /// Goes along with `room` to where it goes on. That it does is the homeserver's word (its current state), and not an
    /// event's; where it leads must say as much of itself before anything is said there.
    pub(super) async fn moved(&self, online: &Online, room: &Room, to: &str) -> Result<(), Fault> {
        let Some(name) = online.name_of(room.room_id()) else {
            return Ok(());
        };
        let Ok(to) = RoomId::parse(to) else {
            return Ok(());
        };
        let said = room.tombstone_content();
        let said = said.and_then(|content| content.replacement_room);
        if said.as_ref() != Some(&to) {
            return Ok(());
        }
        online.expect_move(&name, &to).await?;
        let via: Vec<OwnedServerName> = room.route().await.unwrap_or_default();
        let joined = online
            .client
            .join_room_by_id_or_alias((&*to).into(), &via)
            .await;
        if joined.is_err() {
            tracing::warn!(
                "A room that Greffier is bound to goes on elsewhere, where it is not let in: invite it there"
            );
            self.health.ill(
                "matrix-rooms",
                "a room goes on elsewhere, and Greffier is not invited there",
            );
        }
        self.complete_moves(online).await
    }

    /// Takes the bindings along to rooms that Greffier has come into, once these say themselves where they come from:
    /// anybody may write a tombstone that leads to a room of his own.
    pub(super) async fn complete_moves(&self, online: &Online) -> Result<(), Fault> {
        for (name, to) in online.expected_moves().await? {
            let Some(next) = online.client.get_room(&to) else {
                continue;
            };
            if next.state() != RoomState::Joined {
                continue;
            }
            let from = online.find(&name).await;
            if from.is_none() || online.comes_from(&to).await? != from {
                tracing::warn!(
                    "A room claims to go on in another that does not say so: not followed"
                );
                online.give_up_move(&name).await?;
                leave_only(online, &to).await?;
                continue;
            }
            online.move_to(&name, &to).await?;
            tracing::info!("A room was upgraded; Greffier has gone along");
        }
        Ok(())
    }

    /// More was said in `room` while Greffier was away than it has read: who waits for an answer must ask again.
    pub(super) fn missed(&self, online: &Online, room: &Room) {
        let Some(name) = online.name_of(room.room_id()) else {
            return;
        };
        self.say_of("missed", &name, &name, Remarked::Missed);
    }

    /// Says something of the room that the middle calls `name` to an address: a room, or somebody in private.
    fn say_of(&self, what: &str, name: &str, address: &str, remarked: Remarked) {
        let at = crate::clock::now();
        self.remark(Incoming {
            id: format!("matrix:{what}:{name}:{}:{address}", at.as_second()),
            at,
            heard: Heard::Remark(Remark {
                to: Destination {
                    network: super::NETWORK.to_owned(),
                    address: address.to_owned(),
                },
                direct: address.starts_with('@'),
                answers: None,
                what: remarked,
            }),
        });
    }

    /// Greffier is not in `room` any more, whoever has seen to that. If it is bound to it, its administrateurs are told.
    pub(super) fn left(&self, online: &Online, room: &Room) {
        let Some(name) = online.name_of(room.room_id()) else {
            return;
        };
        if room.tombstone_content().is_some() {
            return;
        }
        tracing::error!("Greffier was put out of a room that bot.toml binds: {name}");
        self.health
            .ill("matrix-rooms", format!("Greffier was put out of {name}"));
        for administrateur in &self.settings.administrateurs {
            self.say_of("out", &name, administrateur, Remarked::PutOut);
        }
    }

    /// Whether what speaks of dossiers may be said in `room`. The first time that it may not, the room is told why.
    pub(super) async fn may_hear(
        &self,
        online: &Online,
        room: &Room,
        name: &str,
    ) -> Result<bool, Fault> {
        if online.binding(name).is_some_and(|bound| bound.externals) {
            return Ok(true);
        }
        let told = format!("outsiders.{}", room.room_id());
        let Some(_server) = online.outsiders(room, &self.settings).await? else {
            // Told again when they come back.
            if online.memo.get::<bool>(Note::Told(&told)).await?.is_some() {
                online.memo.remove(Note::Told(&told)).await?;
                self.say_of("withheld", name, name, Remarked::Withheld);
            }
            return Ok(true);
        };
        if online.memo.get::<bool>(Note::Told(&told)).await?.is_none() {
            tracing::warn!(
                "People of servers that matrix.allowed_servers does not name are in {name}: it is told nothing more"
            );
            self.say_of("outsiders", name, name, Remarked::Outsiders);
            online.memo.put(Note::Told(&told), &true).await?;
        }
        Ok(false)
    }

    /// Looks whether Greffier is in every room that it is bound to, and tells the middle which are encrypted.
    pub(super) async fn roll_call(&self, online: &Online, inbox: &Inbox) -> Result<(), Ended> {
        self.complete_moves(online).await?;
        let mut missing = Vec::new();
        for bound in online.bound() {
            let room = match online.find(&bound.id).await {
                Some(id) => online.client.get_room(&id),
                None => None,
            };
            match room.filter(|room| room.state() == RoomState::Joined) {
                Some(room) => self.tell_encrypted(online, &room, &bound.id, inbox).await?,
                None => missing.push(bound.id),
            }
        }
        if missing.is_empty() {
            self.health.well("matrix-rooms");
        } else {
            let why = format!("Greffier is not in {}: invite it", missing.join(", "));
            if !self.health.says("matrix-rooms", &why) {
                tracing::warn!("{why}, or take its [[room]] out of bot.toml");
            }
            self.health.ill("matrix-rooms", why);
        }
        Ok(())
    }

    /// Tells the middle, once, that a room is encrypted: how much is shown there may depend on it.
    pub(super) async fn tell_encrypted(
        &self,
        online: &Online,
        room: &Room,
        name: &str,
        inbox: &Inbox,
    ) -> Result<(), Ended> {
        let told = format!("encrypted.{name}");
        let note = Note::Told(&told);
        let known = online.memo.get::<bool>(note.clone()).await?.is_some();
        if known || online.encrypted(room).await? != Encrypted::Yes {
            return Ok(());
        }
        let found = RoomIn {
            room: Destination {
                network: super::NETWORK.to_owned(),
                address: name.to_owned(),
            },
            encrypted: true,
        };
        let incoming = Incoming {
            id: format!("matrix:encrypted:{name}"),
            at: crate::clock::now(),
            heard: Heard::Room(found),
        };
        inbox.hand(incoming).await.map_err(|_| Ended::Stopped)?;
        Ok(online.memo.put(note, &true).await?)
    }
}

/// Leaves that room, and no other: the library would leave those that it claims to come from as well.
async fn leave_only(online: &Online, room: &RoomId) -> Result<(), Fault> {
    let mut request = leave_room::v3::Request::new(room.to_owned());
    request.reason = Some(UNINVITED.to_owned());
    online.client.send(request).await?;
    Ok(())
}

/// Joins `room`, again and again for a while.
async fn join(room: Room) {
    let mut wait = Duration::from_secs(2);
    for _ in 0..JOINS {
        match room.join().await {
            Ok(()) => return,
            Err(_) if room.state() != RoomState::Invited => return,
            Err(_) => tokio::time::sleep(wait).await,
        }
        wait *= 2;
    }
    tracing::warn!("An invitation was accepted, and the room cannot be joined");
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::user_id;

    use super::*;

    #[test]
    fn only_those_who_are_named_or_known_may_invite() {
        let settings: Settings = toml::from_str(
            "homeserver = \"x\"\nuser = \"x\"\nadministrateurs = [\"@chef:ext.example\"]\n\
             inviters = [\"*.gouv.example\"]\nallowed_servers = [\"ami.example\"]",
        )
        .unwrap();
        let judged =
            |who: &UserId, bound, direct| judge(who, "hs.example", bound, direct, &settings);
        let (mine, friend, chief, state, stranger) = (
            user_id!("@a:hs.example"),
            user_id!("@a:ami.example"),
            user_id!("@chef:ext.example"),
            user_id!("@a:agent.gouv.example"),
            user_id!("@a:evil.example"),
        );
        assert_eq!(judged(chief, false, false), Invited::Welcome);
        assert_eq!(judged(state, false, false), Invited::Welcome);
        assert_eq!(judged(mine, false, false), Invited::Refused);
        assert_eq!(judged(mine, true, false), Invited::Welcome);
        assert_eq!(judged(friend, false, true), Invited::Welcome);
        for (bound, direct) in [(true, false), (false, true), (false, false)] {
            assert_eq!(judged(stranger, bound, direct), Invited::Refused);
        }
    }
}
