//! Delivery: cards, posts in their threads, private messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Api, Request};
use super::create::{id_of, text};
use super::fault::{
    ARCHIVED, CLOSED_DIRECT, Fault, HAS_THREAD, MISSING_ACCESS, MISSING_PERMISSIONS, OLD_EDITS,
    UNKNOWN_CHANNEL, UNKNOWN_MESSAGE,
};
use super::form;
use super::settings::is_snowflake;
use super::trouble::Why;
use super::{Inner, NETWORK};
use crate::channel::Known;
use crate::message::{
    Body, Destination, Heard, Incoming, Outcome, Outgoing, Post, Remark, Remarked,
};

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
            Body::Mail(_) | Body::Make(_) | Body::Platform(_) => {
                Err(dead("Discord carries no mail"))
            }
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
        self.in_thread(api, thread, room, key, post, known).await
    }

    /// A post in a thread; in its room where the thread takes nothing, which somebody may have decided: nothing else that
    /// the room is to hear waits for it.
    pub(super) async fn in_thread(
        &self,
        api: &Api,
        thread: &str,
        room: &str,
        key: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Fault> {
        if self.threads.alone(thread, crate::clock::now()).is_some() {
            return self.say_in(api, room, room, key, post, known).await;
        }
        let said = match self.say_in(api, thread, room, key, post, known).await {
            Err(fault) if fault.is(UNKNOWN_CHANNEL) => {
                let there = self.open_thread(api, room, thread).await?;
                let channel = if there { thread } else { room };
                self.say_in(api, channel, room, key, post, known).await
            }
            Err(fault) if fault.is(ARCHIVED) => {
                // Alone: whether it is locked is for those who manage threads.
                let body = json!({ "archived": false });
                let path = format!("channels/{thread}");
                match api.ask(Request::patch(path, body)).await {
                    Ok(_) => self.say_in(api, thread, room, key, post, known).await,
                    Err(fault) => Err(fault),
                }
            }
            said => said,
        };
        match said {
            Ok(id) => {
                self.threads.ends(thread);
                Ok(id)
            }
            Err(fault) if fault.bars() => {
                self.barred(thread, &fault);
                self.say_in(api, room, room, key, post, known).await
            }
            said => said,
        }
    }

    /// A thread, or all of a room that would have to be opened, is left alone for a while.
    fn barred(&self, thread: &str, fault: &Fault) {
        let now = crate::clock::now();
        if self.threads.begins(thread, Why::Forbidden, now) {
            tracing::warn!(
                "What belongs into the Discord thread {thread} is said in its room: {fault}"
            );
        }
    }

    /// Opens the thread of a card. False where it cannot have one.
    async fn open_thread(&self, api: &Api, room: &str, card: &str) -> Result<bool, Fault> {
        let threads = format!("of {room}");
        if self.threads.alone(&threads, crate::clock::now()).is_some() {
            return Ok(false);
        }
        let path = format!("channels/{room}/messages/{card}");
        let title = match api.ask(Request::get(path.clone())).await {
            Ok(message) => title(&message),
            Err(fault) if fault.is(UNKNOWN_MESSAGE) => return Ok(false),
            // Without the right to read back, a name that says less.
            Err(Fault::Denied { .. }) => String::new(),
            Err(fault) => return Err(fault),
        };
        let body = json!({ "name": form::thread_name(&title), "auto_archive_duration": 10_080 });
        match api
            .insist(Request::post(format!("{path}/threads"), body))
            .await
        {
            Ok(_) => Ok(true),
            Err(fault) if fault.is(HAS_THREAD) => Ok(true),
            Err(fault) if fault.is(UNKNOWN_MESSAGE) => Ok(false),
            Err(fault @ Fault::Denied { .. }) => {
                self.barred(&threads, &fault);
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
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
            let edited = known.edits.as_deref().filter(|id| is_snowflake(id));
            if let Some(id) = edited.filter(|_| post.card.is_some() && post.files.is_empty()) {
                let body = form::edit(form::card(post, &self.rows(post)?));
                let path = format!("channels/{channel}/messages/{id}");
                match api.insist(Request::patch(path, body)).await {
                    Ok(_) => return Ok(id.to_owned()),
                    // He has deleted it: there is a new one.
                    Err(fault) if fault.is(UNKNOWN_MESSAGE) => {}
                    Err(fault) => return Err(fault),
                }
            }
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
