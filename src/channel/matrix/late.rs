//! Lines that came encrypted and could not be read: read once their key comes, answered if it does not.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use matrix_sdk::deserialized_responses::{TimelineEvent, TimelineEventKind};
use matrix_sdk::ruma::RoomId;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::{Client, Room};
use serde::{Deserialize, Serialize};

use super::event::{Event, Unreadable};
use super::fault::Fault;
use super::hear::{place, remark};
use super::memo::Note;
use super::online::Online;
use super::sync::Ended;
use super::{Matrix, event};
use crate::channel::Inbox;
use crate::message::{Place, Remarked};

/// How long a key may take before the sender is told that it is missing.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// How long a line whose sender was told is still tried, for the figures; it is not obeyed any more.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);
/// Time between two such answers in a room.
const QUIET: SignedDuration = SignedDuration::from_hours(1);
/// Lines kept in mind. With more, the oldest are forgotten.
const MOST: usize = 200;
/// Time between two looks at what could not be read.
pub(super) const LOOK: Duration = Duration::from_secs(10);

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unread {
    room: String,
    event: String,
    sender: String,
    /// When it was said.
    at: Timestamp,
    /// When it reached Greffier.
    since: Timestamp,
    why: Unreadable,
    /// Its sender was told: obeying it now would be obeying it twice.
    told: bool,
}

/// What becomes of an unread line.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Wait,
    Tell,
    Forget,
}

impl Unread {
    fn next(&self, now: Timestamp) -> Next {
        let waited = now.duration_since(self.since);
        if waited > GIVE_UP {
            Next::Forget
        } else if !self.told && waited > PATIENCE {
            Next::Tell
        } else {
            Next::Wait
        }
    }
}

impl Matrix {
    /// Keeps `event` in mind until its key comes.
    pub(super) async fn unreadable(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        why: Unreadable,
    ) -> Result<(), Fault> {
        metrics::counter!("greffier_matrix_unreadable_total").increment(1);
        let _alone = self.late.lock().await;
        let mut unread: Vec<Unread> = online.memo.get(Note::Unread).await?.unwrap_or_default();
        if unread.iter().any(|kept| kept.event == event.id) {
            return Ok(());
        }
        unread.push(Unread {
            room: room.room_id().to_string(),
            event: event.id.clone(),
            sender: event.sender.clone(),
            at: event.at,
            since: crate::clock::now(),
            why,
            told: false,
        });
        let surplus = unread.len().saturating_sub(MOST);
        unread.drain(..surplus);
        Ok(online.memo.put(Note::Unread, &unread).await?)
    }

    /// Tries again what could not be read.
    pub(super) async fn look_again(&self, online: &Online, inbox: &Inbox) -> Result<(), Ended> {
        let _alone = self.late.lock().await;
        let unread: Vec<Unread> = online.memo.get(Note::Unread).await?.unwrap_or_default();
        if unread.is_empty() {
            return Ok(());
        }
        let now = crate::clock::now();
        let mut kept = Vec::with_capacity(unread.len());
        for mut line in unread.clone() {
            match self.again(online, &line, inbox).await {
                Ok(true) => continue,
                Ok(false) => {}
                // The homeserver does not give it now.
                Err(Ended::Failed(fault)) => {
                    tracing::warn!("An unread line in a Matrix room cannot be looked at: {fault}");
                }
                Err(Ended::Stopped) => return Err(Ended::Stopped),
            }
            match line.next(now) {
                Next::Forget => continue,
                Next::Tell => {
                    self.tell_unread(online, &line, now).await?;
                    line.told = true;
                }
                Next::Wait => {}
            }
            kept.push(line);
        }
        if kept != unread {
            online.memo.put(Note::Unread, &kept).await?;
        }
        Ok(())
    }

    /// Tries to read one. If it can be, it is handed in like any other; the middle asks for confirmation of what is old.
    async fn again(&self, online: &Online, line: &Unread, inbox: &Inbox) -> Result<bool, Ended> {
        let Some(room) = room(&online.client, &line.room) else {
            return Ok(true);
        };
        let Some(event) = self.opened(&room, &line.event).await? else {
            return Ok(false);
        };
        metrics::counter!("greffier_matrix_read_late_total").increment(1);
        if !line.told {
            self.hear(online, &room, &event, inbox).await?;
        }
        Ok(true)
    }

    /// The event, if it can be read now. What it was as it came is asked of the homeserver once.
    async fn opened(&self, room: &Room, id: &str) -> Result<Option<TimelineEvent>, Fault> {
        let event = if let Some(raw) = self.sealed.get(id) {
            let Ok(raw) = Raw::from_json_string(raw) else {
                return Ok(None);
            };
            room.decrypt_event(&raw, None).await?
        } else {
            let Ok(event_id) = id.try_into() else {
                return Ok(None);
            };
            // Opened already, where its key is here by now.
            room.event(event_id, None).await?
        };
        if matches!(event.kind, TimelineEventKind::UnableToDecrypt { .. }) {
            self.sealed.put(id, event.raw().json().get());
            return Ok(None);
        }
        Ok(Some(event))
    }

    /// Tells the sender, at most once an hour in a room, and only where he may have meant Greffier.
    async fn tell_unread(
        &self,
        online: &Online,
        line: &Unread,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some(room) = room(&online.client, &line.room) else {
            return Ok(());
        };
        let event = Event {
            id: line.event.clone(),
            sender: line.sender.clone(),
            at: line.at,
            says: event::Says::Nothing,
            seal: event::Seal::Doubtful,
        };
        let place = place(online, &room, &event).await?;
        let ours = match &place {
            Place::Direct => true,
            Place::Room(name) => online.binding(name).is_some(),
        };
        let key = format!("unread.{}", line.room);
        let told: Option<Timestamp> = online.memo.get(Note::Told(&key)).await?;
        let quiet = told.is_some_and(|told| now.duration_since(told) < QUIET);
        if !ours || quiet {
            return Ok(());
        }
        let what = match line.why {
            Unreadable::Unsigned => Remarked::Unverified,
            Unreadable::NoKey | Unreadable::Broken => Remarked::NoKey,
        };
        tracing::warn!("A line in a Matrix room came without its key; its sender is told");
        self.remark(remark(&event, &place, what));
        Ok(online.memo.put(Note::Told(&key), &now).await?)
    }
}

fn room(client: &Client, id: &str) -> Option<Room> {
    client.get_room(<&RoomId>::try_from(id).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_waited_for_then_missed_then_forgotten() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut line = Unread {
            room: "!r".to_owned(),
            event: "$e".to_owned(),
            sender: "@x:hs".to_owned(),
            at: at(0),
            since: at(0),
            why: Unreadable::NoKey,
            told: false,
        };
        assert_eq!(line.next(at(60)), Next::Wait);
        assert_eq!(line.next(at(61)), Next::Tell);
        line.told = true;
        assert_eq!(line.next(at(61)), Next::Wait);
        assert_eq!(line.next(at(24 * 3600 + 1)), Next::Forget);
    }
}
