//! The gateway, version 10 in JSON: one task for each connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use super::Inner;
use super::record::Sent;
use super::session::{INTENTS, Order, PRIVILEGED, Session};
use super::socket::{Frame, Malformed, Upgrade, frame};

/// The largest payload that a client may send.
const LARGEST: usize = 4096;
/// So many payloads a minute.
const SENDS: usize = 120;
/// How long a client may take to close what the gateway has closed.
const LINGER: Duration = Duration::from_secs(5);

/// Takes connections for as long as the fake lives.
pub(crate) async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&inner)));
    }
}

async fn connection(mut stream: TcpStream, inner: Arc<Inner>) {
    let Ok(Some(upgrade)) = Upgrade::read(&mut stream).await else {
        return;
    };
    let refused = if upgrade.parameter("encoding").is_some_and(|it| it != "json") {
        Some("this gateway speaks JSON only")
    } else {
        let compressed = upgrade.parameter("compress").is_some();
        compressed.then_some("this gateway does not compress")
    };
    let answered = match refused {
        Some(why) => upgrade.refuse(&mut stream, why).await,
        None => upgrade.accept(&mut stream).await,
    };
    if refused.is_some() || answered.is_err() {
        return;
    }
    let (orders, todo) = mpsc::unbounded_channel();
    let (number, heartbeat) = inner.with(|world| {
        world.sessions.connections += 1;
        let number = world.sessions.connections;
        world.sessions.open.insert(number, orders.clone());
        (number, world.sessions.heartbeat)
    });
    let mut line = Line {
        socket: stream,
        buffer: Vec::new(),
        todo,
        orders,
        inner: Arc::clone(&inner),
        number,
        session: None,
        sends: VecDeque::new(),
    };
    if upgrade.parameter("v") == Some("10") {
        line.run(heartbeat).await;
    } else {
        line.close(4012).await;
    }
    inner.with(|world| {
        world.sessions.open.remove(&number);
        for session in world.sessions.all.values_mut() {
            session.on.take_if(|(on, _)| *on == number);
        }
    });
}

/// One connection.
struct Line {
    socket: TcpStream,
    buffer: Vec<u8>,
    todo: UnboundedReceiver<Order>,
    orders: UnboundedSender<Order>,
    inner: Arc<Inner>,
    number: u64,
    session: Option<String>,
    /// When the last payloads came.
    sends: VecDeque<Instant>,
}

impl Line {
    async fn run(&mut self, heartbeat: u64) {
        let hello = json!({ "op": 10, "s": null, "t": null, "d": { "heartbeat_interval": heartbeat, "_trace": [] } });
        self.send(&hello).await;
        // One may be late by half, on a busy machine.
        let patience = Duration::from_millis(heartbeat + heartbeat / 2);
        let mut deadline = Instant::now() + patience;
        loop {
            tokio::select! {
                order = self.todo.recv() => match order {
                    Some(Order::Send(payload)) => {
                        if !self.send(&payload).await {
                            return;
                        }
                    }
                    Some(Order::Close(code)) => return self.close(code).await,
                    Some(Order::Drop) | None => return,
                },
                () = tokio::time::sleep_until(deadline) => return self.close(4009).await,
                read = self.socket.read_buf(&mut self.buffer) => {
                    if !read.is_ok_and(|count| count > 0) {
                        return;
                    }
                    loop {
                        match Frame::take(&mut self.buffer, true) {
                            Ok(None) => break,
                            Ok(Some(Frame::Text(text))) => match self.hear(&text) {
                                Ok(true) => deadline = Instant::now() + patience,
                                Ok(false) => {}
                                Err(code) => return self.close(code).await,
                            },
                            Ok(Some(Frame::Ping(payload))) => {
                                if !self.write(10, &payload).await {
                                    return;
                                }
                            }
                            Ok(Some(Frame::Pong)) => {}
                            Ok(Some(Frame::Close(code))) => return self.closed(code).await,
                            Ok(Some(Frame::Binary)) | Err(Malformed) => return self.close(4002).await,
                        }
                    }
                }
            }
        }
    }

    async fn send(&mut self, payload: &Value) -> bool {
        self.write(1, payload.to_string().as_bytes()).await
    }

    async fn write(&mut self, opcode: u8, payload: &[u8]) -> bool {
        let frame = frame(opcode, payload, false);
        self.socket.write_all(&frame).await.is_ok()
    }

    async fn close(&mut self, code: u16) {
        self.inner.with(|world| {
            world.records.closes.push(code);
            // These end the session too; after the others it may be resumed.
            if matches!(code, 4003 | 4004 | 4007 | 4009 | 4010..=4014)
                && let Some(session) = &self.session
            {
                world.sessions.all.remove(session);
            }
        });
        if self.write(8, &code.to_be_bytes()).await {
            self.last_words().await;
        }
    }

    /// Reads on until the client has closed too: what it has still said would else reset the connection, and the client
    /// would not learn why it was closed.
    async fn last_words(&mut self) {
        // It may be gone already.
        let _gone = self.socket.shutdown().await;
        let mut rest = tokio::io::sink();
        let end = tokio::io::copy(&mut self.socket, &mut rest);
        let _late = tokio::time::timeout(LINGER, end).await;
    }

    /// The client closed: with 1000 or 1001 the session is over.
    async fn closed(&mut self, code: Option<u16>) {
        let code = code.unwrap_or(1000);
        // It may be gone already.
        let _gone = self.write(8, &code.to_be_bytes()).await;
        if matches!(code, 1000 | 1001)
            && let Some(session) = &self.session
        {
            self.inner.with(|world| world.sessions.all.remove(session));
        }
    }

    /// Takes one payload; true for a heartbeat. The error is the code to close with.
    fn hear(&mut self, text: &str) -> Result<bool, u16> {
        if text.len() > LARGEST {
            return Err(4002);
        }
        let now = Instant::now();
        self.sends.push_back(now);
        while self
            .sends
            .front()
            .is_some_and(|at| *at + Duration::from_mins(1) < now)
        {
            self.sends.pop_front();
        }
        if self.sends.len() > SENDS {
            return Err(4008);
        }
        let payload: Value = serde_json::from_str(text).map_err(|_| 4002_u16)?;
        let op = payload["op"].as_u64().ok_or(4002_u16)?;
        let data = payload["d"].clone();
        let mut shown = data.clone();
        if shown.get("token").is_some() {
            shown["token"] = json!("(not recorded)");
        }
        self.inner
            .with(|world| world.records.sent.push(Sent { op, data: shown }));
        match op {
            1 => {
                let deaf = self.inner.with(|world| world.sessions.deaf);
                if !deaf {
                    self.order(json!({ "op": 11, "s": null, "t": null, "d": null }));
                }
                Ok(true)
            }
            2 => self.identify(&data).map(|()| false),
            6 => self.resume(&data).map(|()| false),
            3 | 4 | 8 | 31 if self.session.is_some() => Ok(false),
            3 | 4 | 8 | 31 => Err(4003),
            _ => Err(4001),
        }
    }

    fn order(&self, payload: Value) {
        // The connection is this one: it is there.
        let _there = self.orders.send(Order::Send(payload));
    }

    fn identify(&mut self, data: &Value) -> Result<(), u16> {
        if self.session.is_some() {
            return Err(4005);
        }
        let properties = &data["properties"];
        let intents = data["intents"].as_u64();
        let (Some(token), Some(intents)) = (data["token"].as_str(), intents) else {
            return Err(4002);
        };
        if !["os", "browser", "device"]
            .iter()
            .all(|key| properties[key].is_string())
        {
            return Err(4002);
        }
        let shard = &data["shard"];
        if !shard.is_null() && (shard[0] != 0 || shard[1] != 1) {
            return Err(4010);
        }
        let token = token.strip_prefix("Bot ").unwrap_or(token).to_owned();
        let started = self.inner.with(|world| -> Result<Option<String>, u16> {
            let now = world.now();
            let sessions = &mut world.sessions;
            if token != world.token || sessions.remaining == 0 {
                return Err(4004);
            }
            if intents & !INTENTS != 0 {
                return Err(4013);
            }
            // The flags of an application that is small: members, presences, contents.
            let granted = [(1 << 15, 1 << 1), (1 << 13, 1 << 8), (1 << 19, 1 << 15)];
            let granted = granted.iter().filter(|(flag, _)| world.flags & flag != 0);
            let granted = granted.fold(0_u64, |all, (_, intent)| all | intent);
            if intents & PRIVILEGED & !granted != 0 {
                return Err(4014);
            }
            sessions.remaining -= 1;
            let soon = sessions.last_identify.is_some_and(|last| now < last + 5000);
            sessions.last_identify = Some(now);
            if sessions.paced && soon {
                return Ok(None);
            }
            sessions.identified += 1;
            let id = format!("{:032x}", world.clock.snowflake());
            let session = Session {
                intents,
                sequence: 0,
                kept: VecDeque::new(),
                on: Some((self.number, self.orders.clone())),
            };
            world.sessions.all.insert(id.clone(), session);
            let ready = world.ready(&id);
            let guilds: Vec<Value> = world
                .guilds
                .keys()
                .map(|id| world.guild_create(*id))
                .collect();
            let session = world.sessions.all.get_mut(&id).unwrap();
            session.dispatch("READY", &ready);
            if intents & 1 != 0 {
                for guild in &guilds {
                    session.dispatch("GUILD_CREATE", guild);
                }
            }
            Ok(Some(id))
        })?;
        if started.is_none() {
            self.order(json!({ "op": 9, "s": null, "t": null, "d": false }));
        }
        self.session = started;
        Ok(())
    }

    fn resume(&mut self, data: &Value) -> Result<(), u16> {
        if self.session.is_some() {
            return Err(4005);
        }
        let token = data["token"].as_str().ok_or(4002_u16)?;
        let token = token.strip_prefix("Bot ").unwrap_or(token).to_owned();
        let id = data["session_id"].as_str().ok_or(4002_u16)?.to_owned();
        let sequence = data["seq"].as_u64().ok_or(4002_u16)?;
        let resumed = self.inner.with(|world| -> Result<bool, u16> {
            if token != world.token {
                return Err(4004);
            }
            let Some(session) = world.sessions.all.get_mut(&id) else {
                return Ok(false);
            };
            if sequence > session.sequence {
                return Err(4007);
            }
            session.on = Some((self.number, self.orders.clone()));
            for (number, payload) in &session.kept {
                if *number > sequence {
                    self.order(payload.clone());
                }
            }
            session.dispatch("RESUMED", &json!({ "_trace": [] }));
            world.sessions.resumed += 1;
            Ok(true)
        })?;
        if resumed {
            self.session = Some(id);
        } else {
            self.order(json!({ "op": 9, "s": null, "t": null, "d": false }));
        }
        Ok(())
    }
}
