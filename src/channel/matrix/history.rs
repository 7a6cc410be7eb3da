//! What an answer of the homeserver leaves out: read backwards, as far as it concerns Greffier.

use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::UInt;
use matrix_sdk::sync::Timeline;

use super::Matrix;
use super::event::{Says, read};
use super::fault::Fault;
use super::memo::Note;
use super::online::Online;
use super::sync::{Last, TIMELINE};

/// The oldest event that is looked for so.
const OLDEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);

/// Tries to read what one answer left out of a room.
const GAP_TRIES: u32 = 3;

impl Matrix {
    /// The new events of a room, oldest first, with those that the answer left out.
    pub(super) async fn timeline(
        &self,
        online: &Online,
        room: &Room,
        timeline: &Timeline,
        first: bool,
    ) -> Result<Vec<TimelineEvent>, Fault> {
        let last: Option<Last> = online.memo.get(Note::Last(room.room_id().as_str())).await?;
        let Some(last) = last else {
            // Nothing before Greffier came, and at the first start nothing from before there was this device.
            return Ok(if first {
                let new = |event: &&TimelineEvent| {
                    read(event).is_some_and(|event| event.at >= online.made)
                };
                timeline.events.iter().filter(new).cloned().collect()
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
                // Nothing else would be heard for as long as this one room cannot be read.
                Err(fault) if self.gaps.count(room.room_id().as_str()) >= GAP_TRIES => {
                    tracing::warn!(
                        "What happened in a room meanwhile cannot be read after several tries, and the room is told: {fault}"
                    );
                    self.missed(online, room);
                    Vec::new()
                }
                Err(fault) => return Err(fault),
            };
            self.gaps.forget(room.room_id().as_str());
        }
        events.extend(timeline.events.iter().cloned());
        Ok(while_there(events, online.me.as_str()))
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
        let mut whole = false;
        let mut from = from.to_owned();
        'pages: while found.len() < self.settings.back_fill {
            let mut options = MessagesOptions::backward().from(from.as_str());
            options.limit = UInt::from(TIMELINE);
            let page = room.messages(options).await?;
            let more = page.end.filter(|_| !page.chunk.is_empty());
            // One event's time may be invented; that of a whole page is not.
            let mut recent = false;
            for event in page.chunk {
                let Some(seen) = read(&event) else { continue };
                if seen.id == last.event {
                    whole = true;
                    break 'pages;
                }
                recent |= seen.at >= oldest;
                found.push(event);
            }
            match more.filter(|_| recent) {
                Some(end) => from = end,
                None => break,
            }
        }
        metrics::counter!("greffier_matrix_back_filled_total").increment(found.len() as u64);
        if !whole {
            tracing::warn!(
                "More happened in a room than is looked through after a long absence: what is older is not heard, and the room is told"
            );
            self.missed(online, room);
        }
        found.reverse();
        Ok(found)
    }
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

/// Of a room that is known: without what was said between Greffier's going and its next invitation. It would have heard
/// nothing of it at the time.
fn while_there(mut events: Vec<TimelineEvent>, me: &str) -> Vec<TimelineEvent> {
    let mut there = true;
    events.retain(|event| {
        if let Some(Says::Member {
            who, membership, ..
        }) = read(event).map(|event| event.says)
            && who == me
        {
            there = matches!(membership.as_str(), "join" | "invite");
        }
        there
    });
    events
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
    fn what_is_said_while_it_is_out_is_not_heard() {
        let me = |id: &str, membership: &str| {
            let content = json!({ "membership": membership });
            event(id, "m.room.member", Some("@me:hs"), &content)
        };
        let said = |id: &str| event(id, "m.room.message", None, &json!({}));
        let events = vec![
            said("$1"),
            me("$2", "leave"),
            said("$3"),
            me("$4", "invite"),
            said("$5"),
            me("$6", "join"),
            said("$7"),
        ];
        let heard: Vec<String> = while_there(events, "@me:hs")
            .iter()
            .filter_map(|event| read(event).map(|event| event.id))
            .collect();
        assert_eq!(heard, ["$1", "$4", "$5", "$6", "$7"]);
    }
}
