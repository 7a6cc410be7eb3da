//! Sessions of the gateway: what was sent in them, and what was missed while nobody listened.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::world::World;

/// What the gateway needs a privilege for: members, presences, contents.
pub(crate) const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;
/// What there is.
pub(crate) const INTENTS: u64 = 0x1ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;
/// How many events are kept for a session that comes back.
const KEPT: usize = 2000;

/// What the writing half of a connection does next.
#[derive(Debug)]
pub(crate) enum Order {
    Send(Value),
    /// Closes with a code.
    Close(u16),
    /// The socket is gone, without a word.
    Drop,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) intents: u64,
    pub(crate) sequence: u64,
    pub(crate) kept: VecDeque<(u64, Value)>,
    /// The connection that it is on, by number.
    pub(crate) on: Option<(u64, UnboundedSender<Order>)>,
}

/// Those that may be resumed, with the budget for new ones.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) all: BTreeMap<String, Session>,
    pub(crate) connections: u64,
    pub(crate) open: BTreeMap<u64, UnboundedSender<Order>>,
    pub(crate) heartbeat: u64,
    /// What is left of the thousand of the day.
    pub(crate) remaining: u32,
    pub(crate) identified: u32,
    pub(crate) resumed: u32,
    /// Whether two within five seconds are one too many.
    pub(crate) paced: bool,
    pub(crate) last_identify: Option<u64>,
    /// Heartbeats are not answered.
    pub(crate) deaf: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            all: BTreeMap::new(),
            connections: 0,
            open: BTreeMap::new(),
            heartbeat: 41_250,
            remaining: 1000,
            identified: 0,
            resumed: 0,
            paced: false,
            last_identify: None,
            deaf: false,
        }
    }
}

impl Sessions {
    /// Whether any session is there that may read contents.
    pub(crate) fn read_content(&self) -> bool {
        self.all.values().any(|it| it.intents & 1 << 15 != 0)
    }

    /// Whether somebody listens.
    pub(crate) fn live(&self) -> bool {
        self.all.values().any(|it| it.on.is_some())
    }

    /// Tells every connection.
    pub(crate) fn order(&self, order: impl Fn() -> Order) {
        for connection in self.open.values() {
            // One that has just gone is told nothing.
            let _gone = connection.send(order());
        }
    }
}

impl Session {
    pub(crate) fn dispatch(&mut self, event: &str, data: &Value) {
        self.sequence += 1;
        let payload = json!({ "op": 0, "s": self.sequence, "t": event, "d": data });
        if let Some((_, connection)) = &self.on {
            // A socket that is gone: it is kept for when the session is resumed.
            let _gone = connection.send(Order::Send(payload.clone()));
        }
        self.kept.push_back((self.sequence, payload));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }
}

impl World {
    /// Tells every session that has one of the intents; 0 is for all.
    pub(crate) fn dispatch(&mut self, event: &str, data: &Value, intents: u64) {
        for session in self.sessions.all.values_mut() {
            if intents == 0 || session.intents & intents != 0 {
                session.dispatch(event, data);
            }
        }
    }

    /// `READY`, which tells who the bot is and where to come back to.
    pub(crate) fn ready(&self, session: &str) -> Value {
        let mut user = self.user_json(self.bot);
        for (key, value) in [
            ("verified", json!(true)),
            ("mfa_enabled", json!(true)),
            ("email", Value::Null),
        ] {
            user[key] = value;
        }
        let guilds = self.guilds.values();
        let guilds = guilds.filter(|guild| guild.members.contains_key(&self.bot));
        let guilds: Vec<Value> = guilds
            .map(|guild| json!({ "id": guild.id.to_string(), "unavailable": true }))
            .collect();
        json!({
            "v": 10,
            "user": user,
            "user_settings": {},
            "relationships": [],
            "private_channels": [],
            "presences": [],
            "guilds": guilds,
            "session_id": session,
            "session_type": "normal",
            "resume_gateway_url": format!("ws://{}", self.gateway),
            "shard": [0, 1],
            "application": { "id": self.application.to_string(), "flags": self.flags },
            "geo_ordered_rtc_regions": [],
            "auth": {},
            "_trace": [],
        })
    }
}
