//! Delivery: cards, posts in their threads, private messages. Each bears a nonce made from its outbox key, by which Discord
//! knows within minutes that it was sent before; later the channel is searched for it first.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api::{Api, Request};
use super::button::rows;
use super::fault::{
    ARCHIVED, CLOSED_DIRECT, Fault, HAS_THREAD, MISSING_ACCESS, MISSING_PERMISSIONS, OLD_EDITS,
    UNKNOWN_CHANNEL, UNKNOWN_MESSAGE,
};
use super::form;
use super::multipart::Attachment;
use super::parts::{Part, parts};
use super::phrase::Phrase;
use super::settings::is_snowflake;
use super::trouble::Why;
use super::{Inner, NETWORK};
use crate::channel::Known;
use crate::message::{
    Body, Destination, Heard, Incoming, Outcome, Outgoing, Post, Remark, Remarked,
};

/// How long Discord is relied on to know a nonce.
const REMEMBERS: SignedDuration = SignedDuration::from_mins(2);
/// Messages looked through for one that may have been sent already.
const SEARCH: usize = 50;

impl Inner {
    /// Delivers `message`.
    pub(super) async fn send(
        self: &Arc<Self>,
        api: &Api,
        key: &str,
        message: &Outgoing,
        known: &Known,
    ) -> Outcome {
        let sent = match &message.body {
            Body::Post(post) => self.post(api, key, &message.to.address, post, known).await,
            Body::React(react) => self.react(api, key, react, known).await,
            Body::Mail(_) | Body::Make(_) => Err(dead("Discord carries no mail")),
        };
        match sent {
            Ok(remote_id) => Outcome::Delivered { remote_id },
            Err(outcome) => outcome,
        }
    }

    async fn post(
        self: &Arc<Self>,
        api: &Api,
        key: &str,
        address: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Outcome> {
        let note = post.answers.as_deref().and_then(|id| self.memo.note(id));
        if let Some(note) = note {
            return self.answer(api, &note, key, post, known).await;
        }
        if post.answers.is_some() {
            // Whether it was for one person alone is not known any more.
            return Err(dead("what it answers is forgotten"));
        }
        if post.direct {
            return self.post_direct(api, key, address, post, known).await;
        }
        if !is_snowflake(address) {
            return Err(dead("the room is no Discord id"));
        }
        if let Some(wait) = self.trouble.alone(address, crate::clock::now()) {
            return Err(Outcome::Held {
                after: wait,
                why: "Discord does not let Greffier speak in the room".to_owned(),
            });
        }
        let sent = if post.card.is_some() {
            self.card(api, key, address, post, known).await
        } else {
            self.in_room(api, key, address, post, known).await
        };
        match sent {
            Ok(id) => {
                self.at_peace(address);
                Ok(id)
            }
            // Old messages may be edited so often only: the next change of the card is tried again.
            Err(fault) if fault.is(OLD_EDITS) && known.edits.is_some() => {
                Ok(known.edits.clone().unwrap_or_default())
            }
            Err(fault) => {
                self.hindered(address, &fault);
                Err(fault.outcome())
            }
        }
    }

    /// A dossier's card: made once, edited after.
    async fn card(
        &self,
        api: &Api,
        key: &str,
        room: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Fault> {
        let rows = self.rows(post)?;
        let body = form::card(post, &rows);
        if let Some(id) = known.edits.as_deref().filter(|id| is_snowflake(id)) {
            let path = format!("channels/{room}/messages/{id}");
            match api
                .insist(Request::patch(path, form::edit(body.clone())))
                .await
            {
                Ok(_) => return Ok(id.to_owned()),
                // Somebody has deleted it: there is a new one.
                Err(fault) if fault.is(UNKNOWN_MESSAGE) => {}
                Err(fault) => return Err(fault),
            }
        }
        self.create(api, room, key, body, Vec::new(), known.since)
            .await
    }

    /// A post in a room, or in the thread of its card.
    async fn in_room(
        &self,
        api: &Api,
        key: &str,
        room: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Fault> {
        let threads = self
            .bound
            .iter()
            .all(|bound| bound.id != room || bound.threads);
        let thread = known
            .thread
            .as_deref()
            .filter(|id| threads && post.thread.is_some() && is_snowflake(id));
        let Some(thread) = thread else {
            return self.say_in(api, room, room, key, post, known).await;
        };
        match self.say_in(api, thread, room, key, post, known).await {
            Err(fault) if fault.is(UNKNOWN_CHANNEL) => {
                let there = self.open_thread(api, room, thread).await?;
                let channel = if there { thread } else { room };
                self.say_in(api, channel, room, key, post, known).await
            }
            Err(fault) if fault.is(ARCHIVED) => {
                let path = format!("channels/{thread}");
                let body = json!({ "archived": false, "locked": false });
                api.ask(Request::patch(path, body)).await?;
                self.say_in(api, thread, room, key, post, known).await
            }
            sent => sent,
        }
    }

    /// Opens the thread of a card. False where it cannot have one any more.
    async fn open_thread(&self, api: &Api, room: &str, card: &str) -> Result<bool, Fault> {
        let path = format!("channels/{room}/messages/{card}");
        let title = match api.ask(Request::get(path.clone())).await {
            Ok(message) => title(&message),
            Err(fault) if fault.is(UNKNOWN_MESSAGE) => return Ok(false),
            // Without the right to read back, a name that says less.
            Err(_) => String::new(),
        };
        let body = json!({ "name": form::thread_name(&title), "auto_archive_duration": 10_080 });
        match api
            .insist(Request::post(format!("{path}/threads"), body))
            .await
        {
            Ok(_) => Ok(true),
            Err(fault) if fault.is(HAS_THREAD) => Ok(true),
            Err(fault) if fault.is(UNKNOWN_MESSAGE) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Says `post` in a channel, in as many messages as it needs. Answers the first one's id.
    pub(super) async fn say_in(
        &self,
        api: &Api,
        channel: &str,
        room: &str,
        key: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Fault> {
        let largest = self.largest(room);
        let rows = self.rows(post)?;
        let mut first = None;
        for (index, part) in parts(post, largest, &self.say(Phrase::TooLarge))
            .into_iter()
            .enumerate()
        {
            let under: &[Value] = if part.last { &rows } else { &[] };
            let body = form::message(post, &part.text, under);
            let files = self.files(&part, known).await?;
            let key = part_key(key, index);
            let id = self
                .create(api, channel, &key, body, files, known.since)
                .await?;
            first.get_or_insert(id);
        }
        Ok(first.unwrap_or_default())
    }

    /// Creates a message, unless it was created already.
    async fn create(
        &self,
        api: &Api,
        channel: &str,
        key: &str,
        body: Value,
        files: Vec<Attachment>,
        since: Timestamp,
    ) -> Result<String, Fault> {
        if let Some(id) = self.sent.get(key) {
            return Ok(id);
        }
        if crate::clock::now().duration_since(since) > REMEMBERS
            && let Some(id) = self.search(api, channel, &body, since).await?
        {
            self.sent.put(key, &id);
            return Ok(id);
        }
        let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
        let body = form::attach(form::once(body, key), &names);
        let path = format!("channels/{channel}/messages");
        // The nonce makes it the same message, be it asked for twice.
        let created = api.insist(Request::post(path, body).with(files)).await?;
        let id = id_of(&created)?;
        self.sent.put(key, &id);
        Ok(id)
    }

    /// The message that says the same since then, if the channel has it and it is no other row's.
    async fn search(
        &self,
        api: &Api,
        channel: &str,
        body: &Value,
        since: Timestamp,
    ) -> Result<Option<String>, Fault> {
        let path = format!("channels/{channel}/messages?limit={SEARCH}");
        let messages = match api.ask(Request::get(path)).await {
            Ok(messages) => messages,
            Err(fault @ (Fault::Away(_) | Fault::Limited(_) | Fault::Unauthorized)) => {
                return Err(fault);
            }
            // What may not be read back is taken as not sent.
            Err(_) => return Ok(None),
        };
        let me = self.me();
        let same = |message: &&Value| {
            let author = message.pointer("/author/id").and_then(Value::as_str);
            let sent = message
                .get("timestamp")
                .and_then(Value::as_str)
                .and_then(|at| at.parse::<Timestamp>().ok());
            author == me.as_deref()
                && sent.is_some_and(|sent| sent >= since)
                && text(message, "/content") == text(body, "/content")
                && text(message, "/embeds/0/description") == text(body, "/embeds/0/description")
        };
        let found = messages.as_array().into_iter().flatten().filter(same);
        let ids = found.filter_map(|message| id_of(message).ok());
        Ok(ids.into_iter().find(|id| !self.sent.holds(id)))
    }

    /// A private message.
    pub(super) async fn post_direct(
        self: &Arc<Self>,
        api: &Api,
        key: &str,
        person: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Outcome> {
        if !is_snowflake(person) {
            return Err(dead("the account is no Discord id"));
        }
        let sent = async {
            let channel = self.direct(api, person).await?;
            self.say_in(api, &channel, &channel, key, post, known).await
        };
        match sent.await {
            Ok(id) => Ok(id),
            Err(fault) => {
                if fault.is(CLOSED_DIRECT) {
                    self.closed_direct(api, person).await;
                }
                Err(fault.outcome())
            }
        }
    }

    /// The channel in which Greffier speaks with somebody alone.
    async fn direct(&self, api: &Api, person: &str) -> Result<String, Fault> {
        if let Some(channel) = self.directs.get(person) {
            return Ok(channel);
        }
        let body = json!({ "recipient_id": person });
        let channel = id_of(&api.ask(Request::post("users/@me/channels", body)).await?)?;
        self.directs.put(person, &channel);
        Ok(channel)
    }

    /// The buttons under `post`; those too long to stand there are kept first.
    pub(super) fn rows(&self, post: &Post) -> Result<Vec<Value>, Fault> {
        let (rows, kept) = rows(&post.buttons, &post.menu, self.say(Phrase::Choose).trim());
        for (key, line) in kept {
            self.memo
                .keep_line(&key, &line, crate::clock::now())
                .map_err(|error| {
                    Fault::Local(format!("a button cannot be kept: {}", error.kind()))
                })?;
        }
        Ok(rows)
    }

    /// The files of a part, from the shelf.
    pub(super) async fn files(&self, part: &Part, known: &Known) -> Result<Vec<Attachment>, Fault> {
        let mut files = Vec::new();
        for piece in &part.files {
            let (shelf, hash) = (Arc::clone(&known.shelf), piece.hash.clone());
            let read = tokio::task::spawn_blocking(move || shelf.read(&hash)).await;
            let Ok(Ok(content)) = read else {
                return Err(Fault::Local("a file cannot be read".to_owned()));
            };
            files.push(Attachment {
                name: piece.name.clone(),
                media_type: piece.media_type.clone(),
                content,
            });
        }
        Ok(files)
    }

    /// Says once that a room cannot be spoken in.
    fn hindered(&self, room: &str, fault: &Fault) {
        let Fault::Denied { code, .. } = fault else {
            return;
        };
        let (why, what) = match *code {
            MISSING_ACCESS => (Why::Unseen, Remarked::PutOut),
            MISSING_PERMISSIONS => (Why::Forbidden, Remarked::Hindered),
            UNKNOWN_CHANNEL => (Why::Deleted, Remarked::PutOut),
            _ => return,
        };
        if !self.trouble.begins(room, why, crate::clock::now()) {
            return;
        }
        tracing::error!(
            "Greffier cannot speak in the Discord channel {room}: {}; see `greffier check --online`",
            why.text()
        );
        self.tell_rooms();
        for administrateur in &self.settings.administrateurs {
            let at = crate::clock::now();
            self.remark(Incoming {
                id: format!(
                    "{NETWORK}:{what:?}:{room}:{}:{administrateur}",
                    at.as_second()
                ),
                at,
                heard: Heard::Remark(Remark {
                    to: Destination {
                        network: NETWORK.to_owned(),
                        address: administrateur.clone(),
                    },
                    direct: true,
                    answers: None,
                    what,
                }),
            });
        }
    }

    fn at_peace(&self, room: &str) {
        if self.trouble.ends(room) {
            tracing::info!("Greffier can speak in the Discord channel {room} again");
            self.tell_rooms();
        }
    }

    fn tell_rooms(&self) {
        match self.trouble.told() {
            Some(why) => self.health.ill("discord-rooms", why),
            None => self.health.well("discord-rooms"),
        }
    }
}

/// The key of one of the messages of a post.
pub(super) fn part_key(key: &str, index: usize) -> String {
    if index == 0 {
        key.to_owned()
    } else {
        format!("{key}-{index}")
    }
}

/// The id in an answer of Discord.
pub(super) fn id_of(answer: &Value) -> Result<String, Fault> {
    let id = answer.get("id").and_then(Value::as_str);
    id.filter(|id| is_snowflake(id))
        .map(ToOwned::to_owned)
        .ok_or_else(|| Fault::Away("its answer cannot be read".to_owned()))
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    let text = value.pointer(path).and_then(Value::as_str);
    text.unwrap_or_default().trim()
}

/// What a card is about: the title of its frame, or its line.
fn title(message: &Value) -> String {
    let framed = text(message, "/embeds/0/title");
    if framed.is_empty() {
        text(message, "/content").to_owned()
    } else {
        framed.to_owned()
    }
}

pub(super) fn dead(why: &str) -> Outcome {
    Outcome::Dead {
        why: why.to_owned(),
    }
}
