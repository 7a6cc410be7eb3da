//! Answers to interactions: the deferred answer is edited while its token is good; later the answer goes to the channel,
//! or in private where it was for one person.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Inner;
use super::api::{Api, Request};
use super::create::{id_of, part_key};
use super::fault::{Fault, UNKNOWN_MESSAGE};
use super::form::{self, EPHEMERAL};
use super::hear::is_unknown;
use super::memo::Note;
use super::multipart::Attachment;
use super::parts::parts;
use super::phrase::Phrase;
use super::send::dead;
use super::settings::Direct;
use crate::channel::Known;
use crate::message::{Mark, Outcome, Post, React};

/// How old an interaction may be for its token to be used: Discord takes it for fifteen minutes.
const GOOD: SignedDuration = SignedDuration::from_mins(14);
/// At this age an interaction that nothing has answered is told that the answer comes another way.
const PATIENCE: SignedDuration = SignedDuration::from_secs(13 * 60 + 20);
/// Discord's errors for a token that it does not take.
const UNKNOWN_WEBHOOK: u64 = 10_015;
const BAD_WEBHOOK_TOKEN: u64 = 50_027;

impl Inner {
    /// Delivers what answers an interaction.
    pub(super) async fn answer(
        self: &Arc<Self>,
        api: &Api,
        note: &Note,
        key: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Outcome> {
        let Some(token) = usable(note) else {
            return self.answer_late(api, note, key, post, known).await;
        };
        match self
            .edit_original(api, note, &token, key, post, known)
            .await
        {
            Ok(id) => Ok(id),
            // Refused for good in one way, it may be taken in the other; nothing behind it waits for that.
            Err(fault) if is_over(&fault) || fault.bars() => {
                self.answer_late(api, note, key, post, known).await
            }
            Err(fault) => Err(fault.outcome()),
        }
    }

    /// Puts the answer in the place of «wait», and what it does not hold after it.
    async fn edit_original(
        &self,
        api: &Api,
        note: &Note,
        token: &str,
        key: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Fault> {
        let place = format!("webhooks/{}/{token}", note.application);
        let rows = self.rows(post)?;
        let largest = note.largest.max(self.largest(&note.channel));
        let mut first = None;
        // The same again after a crash edits the same message: it is said once.
        let original = note
            .answered
            .as_deref()
            .is_none_or(|answered| answered == key);
        for (index, part) in parts(post, largest, &self.say(Phrase::TooLarge))
            .into_iter()
            .enumerate()
        {
            let under: &[Value] = if part.last { &rows } else { &[] };
            let body = form::edit(form::message(post, &part.text, under));
            let files = self.files(&part, known).await?;
            let key = part_key(key, index);
            let id = if original && index == 0 {
                self.original(api, &place, note, &key, body, files).await?
            } else {
                self.follow_up(api, &place, note, &key, body, files).await?
            };
            first.get_or_insert(id);
        }
        Ok(first.unwrap_or_default())
    }

    async fn original(
        &self,
        api: &Api,
        place: &str,
        note: &Note,
        key: &str,
        body: Value,
        files: Vec<Attachment>,
    ) -> Result<String, Fault> {
        let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
        let attached = form::attach(body.clone(), &names);
        let path = format!("{place}/messages/@original");
        let request = Request::patch(path, attached).with(files.clone());
        match api.insist(request.of_interaction()).await {
            Ok(answer) => {
                let answered = key.to_owned();
                self.change(note, |note| note.answered = Some(answered))
                    .await;
                id_of(&answer)
            }
            // It was deleted meanwhile.
            Err(fault) if fault.is(UNKNOWN_MESSAGE) => {
                self.follow_up(api, place, note, key, body, files).await
            }
            Err(fault) => Err(fault),
        }
    }

    async fn follow_up(
        &self,
        api: &Api,
        place: &str,
        note: &Note,
        key: &str,
        mut body: Value,
        files: Vec<Attachment>,
    ) -> Result<String, Fault> {
        if note.ephemeral
            && let Some(fields) = body.as_object_mut()
        {
            let flags = fields.get("flags").and_then(Value::as_u64).unwrap_or(0);
            fields.insert("flags".to_owned(), (flags | EPHEMERAL).into());
        }
        let known = self.memo.note(&note.id);
        match known.and_then(|note| note.more.get(key).cloned()) {
            Some(id) if !id.is_empty() => return Ok(id),
            // It was begun, and Discord takes no nonce here. What one person alone sees cannot be looked for: it is said
            // once at most.
            Some(_) if note.ephemeral => return Ok(String::new()),
            Some(_) => {
                let since = at_of(&note.id).unwrap_or(note.at);
                let found = self.search(api, &note.channel, &body, files.len(), since);
                if let Some(id) = found.await? {
                    self.followed(note, key, Some(id.clone())).await;
                    return Ok(id);
                }
            }
            None => self.followed(note, key, Some(String::new())).await,
        }
        let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
        let body = form::attach(body, &names);
        let request = Request::post(format!("{place}?wait=true"), body).with(files);
        let answer = match api.ask(request.of_interaction()).await {
            Ok(answer) => answer,
            Err(fault) => {
                if !fault.is_open() {
                    // It was not said, for certain.
                    self.followed(note, key, None).await;
                }
                return Err(fault);
            }
        };
        let id = id_of(&answer)?;
        self.followed(note, key, Some(id.clone())).await;
        Ok(id)
    }

    /// Notes that a further message was begun, was said with that id, or was not said.
    async fn followed(&self, note: &Note, key: &str, id: Option<String>) {
        let key = key.to_owned();
        let change = |note: &mut Note| match id {
            Some(id) => {
                if !id.is_empty() {
                    note.answered.get_or_insert_with(|| key.clone());
                }
                note.more.insert(key, id);
            }
            None => {
                note.more.remove(&key);
            }
        };
        self.change(note, change).await;
    }

    /// The token is good no more: to the channel, by name, or in private.
    async fn answer_late(
        self: &Arc<Self>,
        api: &Api,
        note: &Note,
        key: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Outcome> {
        let mut post = Post {
            answers: None,
            ..post.clone()
        };
        if !post.direct && !self.comes_late(note) {
            // It was worded for a room that may show more than a private message.
            return Err(dead(
                "the answer was for one person alone, and came too late for that",
            ));
        }
        if note.ephemeral || post.direct {
            post.direct = true;
            return self.post_direct(api, key, &note.person, &post, known).await;
        }
        post.mentions = vec![note.person.clone()];
        let said = match &note.room {
            Some(room) => {
                self.in_thread(api, &note.channel, room, key, &post, known)
                    .await
            }
            None => {
                self.say_in(api, &note.channel, &note.channel, key, &post, known)
                    .await
            }
        };
        said.map_err(|fault| fault.outcome())
    }

    /// Whether an answer can be given once the token is good no more.
    fn comes_late(&self, note: &Note) -> bool {
        !note.ephemeral || self.settings.direct == Direct::Full
    }

    /// A reaction: a short word in the place of «wait».
    pub(super) async fn react(
        self: &Arc<Self>,
        api: &Api,
        key: &str,
        react: &React,
        known: &Known,
    ) -> Result<String, Outcome> {
        let Some(note) = self.memo.note(&react.remote_id) else {
            return Err(dead("what it answers is forgotten"));
        };
        let phrase = match react.mark {
            Mark::Heard => Phrase::Heard,
            Mark::Running => Phrase::Running,
            Mark::Done => Phrase::Done,
            Mark::Failed => Phrase::Failed,
        };
        let said = match usable(&note) {
            Some(token) => self.word(api, &note, &token, phrase).await,
            None => Err(Fault::Unauthorized),
        };
        match said {
            Ok(()) => Ok(String::new()),
            Err(fault) if is_over(&fault) => {
                let post = Post {
                    text: self.say(phrase),
                    ..Post::default()
                };
                self.answer_late(api, &note, key, &post, known).await
            }
            // It was deleted meanwhile: what was done is seen on the card.
            Err(fault) if fault.is(UNKNOWN_MESSAGE) => Ok(String::new()),
            Err(fault) => Err(fault.outcome()),
        }
    }

    /// Puts a word in the place of «wait», unless an answer stands there.
    async fn word(&self, api: &Api, note: &Note, token: &str, phrase: Phrase) -> Result<(), Fault> {
        let name = phrase.name();
        if note
            .answered
            .as_deref()
            .is_some_and(|answered| answered != name)
        {
            return Ok(());
        }
        let body = json!({
            "content": self.say(phrase).trim(),
            "embeds": [],
            "components": [],
            "allowed_mentions": form::mentions(&[]),
        });
        let path = format!("webhooks/{}/{token}/messages/@original", note.application);
        api.insist(Request::patch(path, body).of_interaction())
            .await?;
        self.change(note, |note| note.answered = Some(name.to_owned()))
            .await;
        Ok(())
    }

    /// Ends an interaction with a word, where that can still be done.
    pub(super) async fn finish(&self, api: &Api, note: &Note, phrase: Phrase) {
        if let Some(token) = usable(note)
            && let Err(fault) = self.word(api, note, &token, phrase).await
        {
            tracing::warn!("An interaction is left without its last word: {fault}");
        }
    }

    /// Tells those who have waited long that their answer comes another way, and forgets what is over.
    pub(super) async fn tidy(self: &Arc<Self>, api: &Api) {
        let now = crate::clock::now();
        if api.silent().is_none() {
            self.health.well("discord-requests");
        }
        for note in self.memo.notes() {
            let waits = note.answered.is_none() && note.token.is_some();
            if waits && note.age(now) >= PATIENCE {
                let phrase = if self.comes_late(&note) {
                    Phrase::Late
                } else {
                    Phrase::LateForOne
                };
                self.finish(api, &note, phrase).await;
            }
        }
        let memo = Arc::clone(&self.memo);
        let swept = tokio::task::spawn_blocking(move || memo.sweep(now)).await;
        if !matches!(swept, Ok(Ok(()))) {
            tracing::warn!("What is over cannot be removed from the folder of Discord");
        }
    }

    /// Somebody takes no private messages: he is told in an interaction of his that is still open.
    pub(super) async fn closed_direct(&self, api: &Api, person: &str) {
        let notes = self.memo.notes();
        let open = notes
            .iter()
            .rev()
            .filter(|note| note.person == person)
            .find_map(|note| Some((note, usable(note)?)));
        let Some((note, token)) = open else { return };
        if note.more.contains_key(Phrase::ClosedDirect.name()) {
            return;
        }
        let body = json!({
            "content": self.say(Phrase::ClosedDirect).trim(),
            "flags": EPHEMERAL,
            "allowed_mentions": form::mentions(&[]),
        });
        let path = format!("webhooks/{}/{token}?wait=true", note.application);
        match api.ask(Request::post(path, body).of_interaction()).await {
            Ok(_) => {
                let name = Phrase::ClosedDirect.name();
                self.followed(note, name, Some(String::new())).await;
            }
            Err(fault) => {
                tracing::warn!("Nobody can be told that private messages are closed: {fault}");
            }
        }
    }

    /// Notes what became of an interaction. Not noted, it is said again after a crash, in the same place.
    async fn change(&self, note: &Note, change: impl FnOnce(&mut Note) + Send + 'static) {
        let (memo, id) = (Arc::clone(&self.memo), note.id.clone());
        let changed = tokio::task::spawn_blocking(move || memo.change(&id, change)).await;
        if !matches!(changed, Ok(Ok(()))) {
            tracing::warn!("What became of an interaction cannot be written");
        }
    }
}

/// The token of an interaction, where it is good for a while yet.
fn usable(note: &Note) -> Option<String> {
    let young = note.age(crate::clock::now()) < GOOD;
    note.token.clone().filter(|_| young)
}

/// Whether Discord takes the token no more.
fn is_over(fault: &Fault) -> bool {
    is_unknown(fault)
        || fault.is(UNKNOWN_WEBHOOK)
        || fault.is(BAD_WEBHOOK_TOKEN)
        || *fault == Fault::Unauthorized
}

/// When Discord made what has that id, by its own clock: milliseconds since the first second of 2015.
fn at_of(id: &str) -> Option<Timestamp> {
    let milliseconds = (id.parse::<u64>().ok()? >> 22) + 1_420_070_400_000;
    Timestamp::from_millisecond(i64::try_from(milliseconds).ok()?).ok()
}
