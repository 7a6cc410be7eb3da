//! Listening: one answer of the homeserver after the other, each handed in and committed before the next is asked for.
//!
//! The library keeps its place in the stream before it shows what it received. Greffier keeps its own, and only once all of
//! it is committed: after a crash the same answer comes again, and what was committed is recognised by its event ids.

use std::time::Duration;

use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::ruma::UInt;
use matrix_sdk::ruma::api::client::filter::{Filter, FilterDefinition};
use matrix_sdk::ruma::api::client::sync::sync_events::v3::Filter as SyncFilter;
use matrix_sdk::ruma::presence::PresenceState;
use matrix_sdk::sync::{SyncResponse, Timeline};
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
pub(super) const TIMELINE: u32 = 100;

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
pub(super) struct Last {
    pub(super) event: String,
    pub(super) at: jiff::Timestamp,
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
                () = crate::clock::sleep(LOOK) => self.look_again(online, inbox).await,
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
                    let rested = tokio::select! {
                        stopped = self.rest(wait(away), stop) => stopped,
                        // It is there again: something was sent.
                        () = self.answers.notified() => false,
                    };
                    if rested {
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
            () = crate::clock::sleep(wait) => false,
        }
    }

    /// Hands in all of `response`, then keeps the place. At the very `first` start what was said before there was this
    /// device is history.
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
            if went_out(&update.timeline, online) {
                self.left(online, &room);
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
}

/// The newest event of `timeline` that can be read.
fn newest(timeline: &Timeline) -> Option<Event> {
    timeline.events.iter().rev().find_map(read)
}

/// Whether Greffier's stay in a room ended.
fn went_out(timeline: &Timeline, online: &Online) -> bool {
    let mut events = timeline.events.iter().filter_map(read);
    events.any(|event| match event.says {
        Says::Member {
            who,
            membership,
            before,
        } => {
            let out = matches!(membership.as_str(), "leave" | "ban");
            who == online.me.as_str() && out && before.as_deref() == Some("join")
        }
        _ => false,
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

/// One second, doubled up to one minute: people wait.
fn wait(failures: u32) -> Duration {
    let whole =
        Duration::from_secs(1u64 << failures.min(7).saturating_sub(1)).min(Duration::from_mins(1));
    let chance = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    whole.mul_f64(0.75 + chance / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert!(wait(1) <= Duration::from_secs(1));
        for failures in 2..100 {
            let wait = wait(failures);
            assert!(
                wait >= Duration::from_millis(1500) && wait <= Duration::from_mins(1),
                "{failures}"
            );
        }
    }
}
