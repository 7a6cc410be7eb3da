//! Listening: one answer of the homeserver after the other, each handed in and committed before the next is asked for.
//!
//! The library keeps its place in the stream before it shows what it received. Greffier keeps its own, and only once all of
//! it is committed: after a crash the same answer comes again, and what was committed is recognised by its event ids.

use std::time::Duration;

use matrix_sdk::config::SyncSettings;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::UInt;
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter as SyncFilter;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::sync::{SyncResponse, Timeline};
use matrix_sdk::{Room, config::SyncToken};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Matrix;
use super::event::{Event, Says, read};
use super::fault::Fault;
use super::late::LOOK;
use super::memo::Note;
use super::online::Online;
use crate::channel::Inbox;

/// How long the homeserver may wait for something to happen.
const POLL: Duration = Duration::from_secs(30);
/// Events of a room that one answer holds. With the usual ten, lines of a busy hour would be left out.
const TIMELINE: u32 = 100;
/// The oldest event that is looked for so.
const OLDEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);

/// Why listening ended.
pub(super) enum Ended {
    /// Greffier stops.
    Stopped,
    /// Something failed.
    Failed(Fault),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<matrix_sdk::StoreError> for Ended {
    fn from(error: matrix_sdk::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The last event of a room that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    event: String,
    at: jiff::Timestamp,
}

impl Matrix {
    /// Listens until `stop`, or until something fails.
    pub(super) async fn follow(
        &self,
        online: &Online,
        since: Option<String>,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Ended {
        // An answer that has begun is taken whole: giving it up half way would lose what the library has seen of it. So
        // what is done beside it never interrupts it, unless all of it ends.
        tokio::select! {
            ended = self.poll(online, since, inbox, stop) => ended,
            ended = self.beside(online, inbox, stop) => ended,
        }
    }

    /// What is done while the homeserver has nothing to say: remarks are handed in, and unread lines looked at again.
    async fn beside(&self, online: &Online, inbox: &Inbox, stop: &CancellationToken) -> Ended {
        let mut remarks = self.heard_remarks.lock().await;
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return Ended::Stopped,
                Some(remark) = remarks.recv() => match inbox.hand(remark).await {
                    Ok(_) => Ok(()),
                    Err(_) => Err(Ended::Stopped),
                },
                () = tokio::time::sleep(LOOK) => self.look_again(online, inbox).await,
            };
            if let Err(ended) = done {
                return ended;
            }
        }
    }

    async fn poll(
        &self,
        online: &Online,
        since: Option<String>,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Ended {
        let mut since = since;
        let mut away: u32 = 0;
        let mut first = true;
        loop {
            // The first answer comes at once, so that what happened meanwhile is seen at once.
            let poll = if away == 0 { POLL } else { Duration::ZERO };
            let polled = tokio::select! {
                biased;
                () = stop.cancelled() => return Ended::Stopped,
                polled = online.client.sync_once(settings(since.as_deref(), poll)) => polled,
            };
            let response = match polled.map_err(Fault::from) {
                Ok(response) => response,
                Err(Fault::Away(why)) => {
                    away = away.saturating_add(1);
                    if away == 2 {
                        tracing::warn!(
                            "Matrix: the homeserver does not answer ({why}); tried again, less and less often"
                        );
                    }
                    self.health.ill(
                        super::NETWORK,
                        format!("the homeserver does not answer ({why})"),
                    );
                    if self.rest(wait(away), stop).await {
                        return Ended::Stopped;
                    }
                    continue;
                }
                Err(Fault::Limited(wait)) => {
                    if self.rest(wait, stop).await {
                        return Ended::Stopped;
                    }
                    continue;
                }
                // What the library has taken in may be ahead of what we saw: it is put back by connecting anew.
                Err(fault) => return Ended::Failed(fault),
            };
            if away > 1 {
                tracing::info!("Matrix: the homeserver answers again");
            }
            away = 0;
            self.health.well(super::NETWORK);
            match self
                .take(online, &response, since.is_none(), inbox, stop)
                .await
            {
                Ok(()) => {}
                Err(ended) => return ended,
            }
            if first {
                first = false;
                self.report(online).await;
                if let Err(ended) = self.roll_call(online, inbox).await {
                    return ended;
                }
            }
            since = Some(response.next_batch);
        }
    }

    /// Waits; answers whether Greffier stops meanwhile.
    pub(super) async fn rest(&self, wait: Duration, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(wait) => false,
        }
    }

    /// Hands in all of `response`, then keeps the place. At the very `first` start what was said before is history.
    async fn take(
        &self,
        online: &Online,
        response: &SyncResponse,
        first: bool,
        inbox: &Inbox,
        stop: &CancellationToken,
    ) -> Result<(), Ended> {
        let started = std::time::Instant::now();
        for (id, update) in &response.rooms.joined {
            let Some(room) = online.client.get_room(id) else {
                continue;
            };
            let events = self
                .timeline(online, &room, &update.timeline, first)
                .await?;
            for event in &events {
                if stop.is_cancelled() {
                    return Err(Ended::Stopped);
                }
                self.hear(online, &room, event, inbox).await?;
            }
            if let Some(last) = events
                .last()
                .and_then(read)
                .or_else(|| newest(&update.timeline))
            {
                let note = Note::Last(id.as_str());
                let last = Last {
                    event: last.id,
                    at: last.at,
                };
                online.memo.put(note, &last).await?;
            }
        }
        for id in response.rooms.invited.keys() {
            if let Some(room) = online.client.get_room(id) {
                // An invitation that cannot be judged now stays one, and is seen again at the next start.
                if let Err(fault) = self.invited(online, &room).await {
                    tracing::warn!("An invitation could not be dealt with: {fault}");
                }
            }
        }
        for (id, update) in &response.rooms.left {
            let Some(room) = online.client.get_room(id) else {
                continue;
            };
            if let Some(by) = put_out_by(&update.timeline, online) {
                self.left(online, &room, &by);
            }
        }
        online.memo.put(Note::Since, &response.next_batch).await?;
        metrics::histogram!("greffier_matrix_sync_seconds").record(started.elapsed());
        if !response.to_device.is_empty() {
            // Keys come so, a hundred at a time: what they open need not wait for the next look.
            self.look_again(online, inbox).await?;
        }
        if !response.rooms.joined.is_empty() || !response.rooms.left.is_empty() {
            self.roll_call(online, inbox).await?;
        }
        Ok(())
    }

    /// The new events of a room, oldest first, with those that the answer left out.
    async fn timeline(
        &self,
        online: &Online,
        room: &Room,
        timeline: &Timeline,
        first: bool,
    ) -> Result<Vec<TimelineEvent>, Fault> {
        let last: Option<Last> = online.memo.get(Note::Last(room.room_id().as_str())).await?;
        let Some(last) = last else {
            // Nothing before Greffier came, and at the first start nothing at all.
            return Ok(if first {
                Vec::new()
            } else {
                since_joined(&timeline.events, online.me.as_str())
            });
        };
        let mut events = Vec::new();
        if timeline.limited
            && let Some(from) = &timeline.prev_batch
        {
            events = match self.left_out(online, room, from, &last).await {
                Ok(events) => events,
                // Trying for ever would keep everything else from being heard.
                Err(fault @ Fault::Denied { .. }) => {
                    tracing::warn!(
                        "What happened in a room meanwhile is not shown to Greffier: {fault}"
                    );
                    Vec::new()
                }
                Err(fault) => return Err(fault),
            };
        }
        events.extend(timeline.events.iter().cloned());
        Ok(events)
    }

    /// The events between `last` and what the answer begins with, read backwards from `from`.
    async fn left_out(
        &self,
        online: &Online,
        room: &Room,
        from: &str,
        last: &Last,
    ) -> Result<Vec<TimelineEvent>, Fault> {
        let oldest = crate::clock::now().checked_sub(OLDEST).unwrap_or(last.at);
        let mut found = Vec::new();
        let mut from = from.to_owned();
        'pages: while found.len() < self.settings.back_fill {
            let mut options = MessagesOptions::backward().from(from.as_str());
            options.limit = UInt::from(TIMELINE);
            let page = room.messages(options).await?;
            let more = page.end.filter(|_| !page.chunk.is_empty());
            for event in page.chunk {
                let Some(seen) = read(&event) else { continue };
                if seen.id == last.event || seen.at < oldest {
                    break 'pages;
                }
                found.push(event);
            }
            match more {
                Some(end) => from = end,
                None => break,
            }
        }
        metrics::counter!("greffier_matrix_back_filled_total").increment(found.len() as u64);
        if found.len() >= self.settings.back_fill {
            tracing::warn!(
                "More happened in a room than is looked through after a long absence: what is older is not heard, and the room is told"
            );
            self.missed(online, room);
        }
        found.reverse();
        Ok(found)
    }
}

/// The newest event of `timeline` that can be read.
fn newest(timeline: &Timeline) -> Option<Event> {
    timeline.events.iter().rev().find_map(read)
}

/// Of a room that is new: what was said since Greffier was invited, or else since it came. People write as soon as they
/// have invited it, and do not wait until it has come.
fn since_joined(events: &[TimelineEvent], me: &str) -> Vec<TimelineEvent> {
    let joined = events.iter().rposition(|event| {
        read(event).is_some_and(|event| {
            matches!(event.says, Says::Member { who, membership, before }
                if who == me && membership == "join" && before.as_deref() != Some("join"))
        })
    });
    let Some(joined) = joined else {
        return events.to_vec();
    };
    let before = events.get(..joined).unwrap_or_default();
    let about_me = |event: &TimelineEvent| match read(event)?.says {
        Says::Member {
            who, membership, ..
        } if who == me => Some(membership),
        _ => None,
    };
    let invited = before
        .iter()
        .enumerate()
        .rev()
        .find_map(|(at, event)| Some((at, about_me(event)?)))
        .filter(|(_, membership)| membership == "invite");
    let start = invited.map_or(joined, |(at, _)| at);
    events.get(start + 1..).unwrap_or_default().to_vec()
}

/// Who ended Greffier's stay in a room, if it was there.
fn put_out_by(timeline: &Timeline, online: &Online) -> Option<String> {
    let mut events = timeline.events.iter().rev().filter_map(read);
    events.find_map(|event| match event.says {
        Says::Member {
            who,
            membership,
            before,
        } if who == online.me.as_str()
            && matches!(membership.as_str(), "leave" | "ban")
            && before.as_deref() == Some("join") =>
        {
            Some(event.sender)
        }
        _ => None,
    })
}

fn settings(since: Option<&str>, poll: Duration) -> SyncSettings {
    let mut filter = FilterDefinition::with_lazy_loading();
    filter.room.timeline.limit = Some(UInt::from(TIMELINE));
    // Who is there, and who types, is nobody's business here.
    filter.presence = Filter::ignore_all();
    filter.room.ephemeral = matrix_sdk::ruma::api::client::filter::RoomEventFilter::ignore_all();
    let token = since.map_or(SyncToken::NoToken, |since| {
        SyncToken::Specific(since.to_owned())
    });
    SyncSettings::new()
        .filter(SyncFilter::FilterDefinition(filter))
        .set_presence(PresenceState::Offline)
        .timeout(poll)
        .token(token)
}

/// One second, doubled up to five minutes.
fn wait(failures: u32) -> Duration {
    let whole =
        Duration::from_secs(1u64 << failures.min(9).saturating_sub(1)).min(Duration::from_mins(5));
    let chance = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    whole.mul_f64(0.75 + chance / 4.0)
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::serde::Raw;
    use serde_json::json;

    use super::*;

    fn event(
        id: &str,
        kind: &str,
        who: Option<&str>,
        content: &serde_json::Value,
    ) -> TimelineEvent {
        let mut event = json!({
            "type": kind, "event_id": id, "sender": "@x:hs", "origin_server_ts": 1000, "content": content,
        });
        if let Some(who) = who {
            event["state_key"] = json!(who);
        }
        TimelineEvent::from_plaintext(Raw::new(&event).unwrap().cast_unchecked())
    }

    #[test]
    fn what_was_said_before_greffier_came_is_history() {
        let text = json!({ "msgtype": "m.text", "body": "!suivre" });
        let join = json!({ "membership": "join" });
        let events = [
            event("$1", "m.room.message", None, &text),
            event("$2", "m.room.member", Some("@me:hs"), &join),
            event("$3", "m.room.member", Some("@other:hs"), &join),
            event("$4", "m.room.message", None, &text),
        ];
        let new = since_joined(&events, "@me:hs");
        let ids: Vec<String> = new.iter().filter_map(read).map(|event| event.id).collect();
        assert_eq!(ids, ["$3", "$4"]);
        assert_eq!(since_joined(&events, "@nobody:hs").len(), 4);
        let invite = json!({ "membership": "invite" });
        let mut early = events.to_vec();
        early.insert(0, event("$0", "m.room.member", Some("@me:hs"), &invite));
        assert_eq!(since_joined(&early, "@me:hs").len(), 4);
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert!(wait(1) <= Duration::from_secs(1));
        for failures in 2..100 {
            let wait = wait(failures);
            assert!(
                wait >= Duration::from_millis(1500) && wait <= Duration::from_mins(5),
                "{failures}"
            );
        }
    }
}
