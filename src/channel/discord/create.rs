//! Messages, made once: each bears a nonce made from its outbox key, by which Discord knows within minutes that it was sent
//! before; later the channel is searched for it first.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Inner;
use super::api::{Api, Request};
use super::button::rows;
use super::fault::Fault;
use super::form;
use super::multipart::Attachment;
use super::parts::{Part, parts};
use super::phrase::Phrase;
use super::settings::is_snowflake;
use crate::channel::Known;
use crate::message::Post;

/// How long Discord is relied on to know a nonce.
const REMEMBERS: SignedDuration = SignedDuration::from_mins(2);
/// Messages looked through for one that may have been sent already.
const SEARCH: usize = 50;

impl Inner {
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
    pub(super) async fn create(
        &self,
        api: &Api,
        channel: &str,
        key: &str,
        body: Value,
        files: Vec<Attachment>,
        since: Timestamp,
    ) -> Result<String, Fault> {
        if let Some(id) = self.memo.sent.get(key) {
            return Ok(id);
        }
        if crate::clock::now().duration_since(since) > REMEMBERS
            && let Some(id) = self.search(api, channel, &body, files.len(), since).await?
        {
            self.memo.sent.put(key, &id);
            return Ok(id);
        }
        let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
        let body = form::attach(form::once(body, key), &names);
        let path = format!("channels/{channel}/messages");
        // The nonce makes it the same message, be it asked for twice.
        let created = api.insist(Request::post(path, body).with(files)).await?;
        let id = id_of(&created)?;
        self.memo.sent.put(key, &id);
        Ok(id)
    }

    /// The message that says the same since then with as many files, if the channel has it and it is no other row's.
    pub(super) async fn search(
        &self,
        api: &Api,
        channel: &str,
        body: &Value,
        files: usize,
        since: Timestamp,
    ) -> Result<Option<String>, Fault> {
        let path = format!("channels/{channel}/messages?limit={SEARCH}");
        let messages = match api.ask(Request::get(path)).await {
            Ok(messages) => messages,
            // What may not be read back is taken as not sent.
            Err(Fault::Denied { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let me = self.me();
        let same = |message: &&Value| {
            let author = message.pointer("/author/id").and_then(Value::as_str);
            let sent = message
                .get("timestamp")
                .and_then(Value::as_str)
                .and_then(|at| at.parse::<Timestamp>().ok());
            let attached = message.get("attachments").and_then(Value::as_array);
            author == me.as_deref()
                && attached.map_or(0, Vec::len) == files
                && sent.is_some_and(|sent| sent >= since)
                && text(message, "/content") == text(body, "/content")
                && text(message, "/embeds/0/description") == text(body, "/embeds/0/description")
        };
        let found = messages.as_array().into_iter().flatten().filter(same);
        let ids = found.filter_map(|message| id_of(message).ok());
        Ok(ids.into_iter().find(|id| !self.memo.sent.holds(id)))
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
        .ok_or_else(|| Fault::Local("an answer of Discord cannot be read".to_owned()))
}

pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    let text = value.pointer(path).and_then(Value::as_str);
    text.unwrap_or_default().trim()
}
