//! Delivery: posts, edits and reactions, each under a transaction id made from its outbox key.
//!
//! Within a day the homeserver knows a transaction id of the same device again, and sends nothing twice. Beyond that, and
//! wherever the id would not be recognised, the room is searched for the message first.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use matrix_sdk::room::MessagesOptions;
use matrix_sdk::ruma::{OwnedTransactionId, UInt, UserId};
use matrix_sdk::{Room, RoomState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::Matrix;
use super::attach::Leaving;
use super::event::read;
use super::fault::Fault;
use super::form::{self, Relation, Text};
use super::hear::Choices;
use super::memo::Note;
use super::online::{Encrypted, Online};
use crate::channel::Known;
use crate::message::{Body, Mark, Outcome, Outgoing, Post, React};

/// How long a homeserver is relied on to know a transaction id (Synapse: a day).
const REMEMBERS: SignedDuration = SignedDuration::from_hours(20);
/// Messages looked through for one that may have been sent already.
const SEARCH: usize = 1_000;
/// How much older than its row a message may seem, clocks being what they are.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// How long Greffier waits to be invited into a room that it has something to say in.
const INVITED: SignedDuration = SignedDuration::from_hours(48);

/// Waits after which a broken connection is tried again before the message is held.
const BLIPS: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
];

/// A message was tried, in this way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tried {
    encrypted: bool,
    device: Timestamp,
    at: Timestamp,
}

/// An event that was sent.
pub(super) struct Sent {
    /// Its id.
    pub(super) id: String,
    /// It stands by itself, since what it belongs to cannot be had there.
    pub(super) apart: bool,
}

/// Where something is sent.
pub(super) struct Target<'a> {
    pub(super) online: &'a Online,
    pub(super) room: &'a Room,
    pub(super) encrypted: bool,
    /// When it was to leave.
    pub(super) since: Timestamp,
}

impl Matrix {
    /// Delivers `message`.
    pub(super) async fn send(
        &self,
        online: &Online,
        key: &str,
        message: &Outgoing,
        known: &Known,
    ) -> Outcome {
        let sent = match &message.body {
            Body::Post(post) => {
                self.post(online, key, &message.to.address, post, known)
                    .await
            }
            Body::React(react) => {
                self.react(online, key, &message.to.address, react, known.since)
                    .await
            }
            Body::Mail(_) | Body::Make(_) | Body::Platform(_) => {
                Err(dead("Matrix carries no mail"))
            }
        };
        match sent {
            Ok(remote_id) => Outcome::Delivered { remote_id },
            Err(outcome) => outcome,
        }
    }

    async fn post(
        &self,
        online: &Online,
        key: &str,
        address: &str,
        post: &Post,
        known: &Known,
    ) -> Result<String, Outcome> {
        let room = self.room(online, address, post.direct, known.since).await?;
        // What is no answer was meant for a binding, which may have been undone while it waited.
        if !post.open && !post.direct && post.answers.is_none() && online.binding(address).is_none()
        {
            return Err(dead("the room is not bound any more"));
        }
        if !post.open && !post.direct {
            let may = self.may_hear(online, &room, address).await;
            if !may.map_err(|fault| outcome(&fault))? {
                return Err(dead("people from outside are in the room"));
            }
        }
        let target = self.target(online, &room, known.since).await?;
        let threads = online.binding(address).is_none_or(|bound| bound.threads);
        let mut relation = self.relation(post, known, threads);
        let (text, whole) = Text::of(post).fit();
        let silent = post.text.trim().is_empty() && !post.files.is_empty();
        let mut first = None;
        if !silent {
            let content = form::message(post, &text, &relation, key);
            let sent = self.part(&target, "m.room.message", content, key).await?;
            if sent.apart {
                relation = Relation::default();
            }
            self.offer(&target, key, post, &relation, &sent.id).await?;
            first = Some(sent.id);
        }
        let beside = Relation {
            edits: None,
            ..relation.clone()
        };
        if let Some(whole) = whole {
            let leaving = Leaving {
                name: "message.txt",
                alt: None,
                media_type: "text/plain",
                content: whole.into_bytes(),
            };
            let id = self
                .file_part(&target, leaving, &beside, &format!("{key}-w"))
                .await?;
            first.get_or_insert(id);
        }
        for (index, piece) in post.files.iter().enumerate() {
            let alt = post.alts.get(index).map(String::as_str);
            let id = self
                .piece(
                    &target,
                    (piece, alt),
                    known,
                    &beside,
                    &format!("{key}-f{index}"),
                )
                .await?;
            first.get_or_insert(id);
        }
        // An edit is known by the message that it edits.
        Ok(relation.edits.or(first).unwrap_or_default())
    }

    /// How `post` belongs to what was said before.
    fn relation(&self, post: &Post, known: &Known, threads: bool) -> Relation {
        let answered = post.answers.clone().filter(|id| id.starts_with('$'));
        let thread = known
            .thread
            .clone()
            .filter(|_| post.thread.is_some())
            .or_else(|| answered.as_deref().and_then(|id| self.roots.get(id)))
            .filter(|_| threads);
        Relation {
            thread,
            answers: answered,
            edits: known.edits.clone().filter(|_| post.card.is_some()),
        }
    }

    async fn react(
        &self,
        online: &Online,
        key: &str,
        address: &str,
        react: &React,
        since: Timestamp,
    ) -> Result<String, Outcome> {
        let direct = address.starts_with('@');
        let room = self.room(online, address, direct, since).await?;
        let prompt = Note::Choices(&react.remote_id);
        let ours: Option<Choices> = online.memo.get(prompt).await.unwrap_or_default();
        let emoji = match react.mark {
            Mark::Heard => "👀",
            Mark::Running => "⏳",
            // On a message of ours ✅ is a choice, and there already.
            Mark::Done if ours.is_some() => "☑️",
            Mark::Done => "✅",
            Mark::Failed => "❌",
        };
        let content = form::reaction(&react.remote_id, emoji);
        self.turn().await?;
        match self.put(&room, "m.reaction", content, key).await {
            Ok(id) => Ok(id),
            // There already, or not allowed here: a courtesy does not hold back what comes after it.
            Err(Fault::Denied { .. }) => Ok(String::new()),
            Err(fault) => Err(outcome(&fault)),
        }
    }

    /// The room behind an address, joined.
    async fn room(
        &self,
        online: &Online,
        address: &str,
        direct: bool,
        since: Timestamp,
    ) -> Result<Room, Outcome> {
        if direct {
            let Ok(user) = UserId::parse(address) else {
                return Err(dead("the account is no Matrix id"));
            };
            let room = online.direct(&user, self.settings.encrypt_direct).await;
            return room.map_err(|fault| outcome(&fault));
        }
        let room = match online.find(address).await {
            Some(id) => online.client.get_room(&id),
            None => None,
        };
        room.filter(|room| room.state() == RoomState::Joined)
            .ok_or_else(|| absent(since))
    }

    async fn target<'a>(
        &self,
        online: &'a Online,
        room: &'a Room,
        since: Timestamp,
    ) -> Result<Target<'a>, Outcome> {
        let encrypted = match online.encrypted(room).await {
            Ok(Encrypted::Yes) => true,
            Ok(Encrypted::No) => false,
            Ok(Encrypted::NotAnyMore) => {
                tracing::error!(
                    "The homeserver says that an encrypted Matrix room is not encrypted any more: nothing is sent there"
                );
                self.health.ill(
                    "matrix-encryption",
                    "a room that was encrypted is said not to be",
                );
                return Err(Outcome::Held {
                    after: Duration::from_mins(10),
                    why: "the room was encrypted, and is said not to be any more".to_owned(),
                });
            }
            Err(fault) => return Err(outcome(&fault)),
        };
        Ok(Target {
            online,
            room,
            encrypted,
            since,
        })
    }

    /// Sends one event, unless it was sent already.
    pub(super) async fn part(
        &self,
        target: &Target<'_>,
        kind: &str,
        content: Value,
        key: &str,
    ) -> Result<Sent, Outcome> {
        let memo = &target.online.memo;
        let fail = |fault: Fault| outcome(&fault);
        let note = Note::Tried(key);
        let tried: Option<Tried> = memo
            .get(note.clone())
            .await
            .map_err(|error| fail(error.into()))?;
        let now = crate::clock::now();
        let unsure = tried
            .as_ref()
            .map_or(target.since < target.online.made, |tried| {
                tried.encrypted != target.encrypted
                    || tried.device != target.online.made
                    || now.duration_since(tried.at) > REMEMBERS
            });
        if unsure && let Some(id) = self.search(target, key).await.map_err(fail)? {
            return Ok(Sent { id, apart: false });
        }
        self.turn().await?;
        if tried.is_none() || unsure {
            let trying = Tried {
                encrypted: target.encrypted,
                device: target.online.made,
                at: now,
            };
            memo.put(note.clone(), &trying)
                .await
                .map_err(|error| fail(error.into()))?;
        }
        let belongs = form::threaded(&content) || form::edits(&content);
        let mut apart = false;
        let sent = match self.put(target.room, kind, content.clone(), key).await {
            // What it belongs to cannot begin a thread, is gone, or is in the room that this one goes on from: better beside
            // it than not at all.
            Err(Fault::Denied { status: 400, code }) if belongs && code != "M_TOO_LARGE" => {
                apart = true;
                let key = format!("{key}-p");
                self.put(target.room, kind, form::alone(content), &key)
                    .await
            }
            sent => sent,
        };
        let id = sent.map_err(fail)?;
        // Kept until the outbox knows: it asks again with the same key if it does not.
        if let Some(old) = self.tries.put(key) {
            memo.remove(Note::Tried(&old))
                .await
                .map_err(|error| fail(error.into()))?;
        }
        Ok(Sent { id, apart })
    }

    /// Sends one event. A connection that breaks is tried again at once: the transaction id makes it the same event.
    async fn put(
        &self,
        room: &Room,
        kind: &str,
        content: Value,
        key: &str,
    ) -> Result<String, Fault> {
        let mut blips = BLIPS.iter();
        loop {
            match self.request(room, kind, content.clone(), key).await {
                Err(Fault::Away(why)) => match blips.next() {
                    Some(wait) => tokio::time::sleep(*wait).await,
                    None => return Err(Fault::Away(why)),
                },
                sent => return sent,
            }
        }
    }

    async fn request(
        &self,
        room: &Room,
        kind: &str,
        content: Value,
        key: &str,
    ) -> Result<String, Fault> {
        let transaction = OwnedTransactionId::from(key);
        let started = std::time::Instant::now();
        let sent = room
            .send_raw(kind, content)
            .with_transaction_id(&transaction)
            .await;
        metrics::histogram!("greffier_matrix_send_seconds").record(started.elapsed());
        let fault = match sent {
            Ok(sent) => {
                // Whoever waits for the homeserver need not wait longer.
                self.answers.notify_waiters();
                return Ok(sent.response.event_id.to_string());
            }
            Err(error) => Fault::from(error),
        };
        if let Fault::Limited(wait) = &fault {
            self.pace.shut(Instant::now(), *wait);
            metrics::counter!("greffier_matrix_limited_total").increment(1);
        }
        Err(fault)
    }

    /// Remembers the choices of `post`, and sets out those that are to be pressed once.
    async fn offer(
        &self,
        target: &Target<'_>,
        key: &str,
        post: &Post,
        relation: &Relation,
        id: &str,
    ) -> Result<(), Outcome> {
        let id = relation.edits.as_deref().unwrap_or(id);
        let note = Note::Choices(id);
        let memo = &target.online.memo;
        if post.buttons.is_empty() {
            if relation.edits.is_some() {
                let gone = memo.remove(note).await;
                gone.map_err(|error| outcome(&error.into()))?;
            }
            return Ok(());
        }
        let choices = Choices {
            room: target.room.room_id().to_string(),
            lines: post
                .buttons
                .iter()
                .map(|button| (button.emoji.clone(), button.line.clone()))
                .collect(),
            about: relation
                .thread
                .clone()
                .or_else(|| post.card.is_some().then(|| id.to_owned())),
        };
        let kept = memo.put(note, &choices).await;
        kept.map_err(|error| outcome(&error.into()))?;
        if let Some(old) = self.choices.put(id) {
            let gone = memo.remove(Note::Choices(&old)).await;
            gone.map_err(|error| outcome(&error.into()))?;
        }
        // A card stands for long, and each reaction counts as a message: its choices are only named in it.
        if post.card.is_none() {
            for (index, button) in post.buttons.iter().enumerate() {
                // Set out only where answers need not wait for it.
                if self.pace.try_take(Instant::now()).is_err() {
                    break;
                }
                let reaction = form::reaction(id, &button.emoji);
                // Without it the choice can still be typed, or set out by hand.
                let _missing = self
                    .put(
                        target.room,
                        "m.reaction",
                        reaction,
                        &format!("{key}-r{index}"),
                    )
                    .await;
            }
        }
        Ok(())
    }

    /// The message of that key, if the room has it.
    async fn search(&self, target: &Target<'_>, key: &str) -> Result<Option<String>, Fault> {
        let oldest = target.since.checked_sub(SKEW).unwrap_or(target.since);
        let mut options = MessagesOptions::backward();
        let mut looked = 0;
        loop {
            options.limit = UInt::from(100u32);
            let page = target.room.messages(options).await?;
            looked += page.chunk.len();
            for event in &page.chunk {
                let Some(seen) = read(event) else { continue };
                // The times of others may be invented.
                if seen.sender != target.online.me.as_str() {
                    continue;
                }
                if seen.at < oldest {
                    return Ok(None);
                }
                if form::bears(event.raw().json().get(), key) {
                    return Ok(Some(seen.id));
                }
            }
            match page
                .end
                .filter(|_| looked < SEARCH && !page.chunk.is_empty())
            {
                Some(end) => options = MessagesOptions::backward().from(end.as_str()),
                None => return Ok(None),
            }
        }
    }
}

/// What a fault means for a row of the outbox.
pub(super) fn outcome(fault: &Fault) -> Outcome {
    let why = fault.to_string();
    match fault {
        Fault::Limited(after) => Outcome::Held { after: *after, why },
        Fault::Away(_) => Outcome::Held {
            after: Duration::from_secs(5),
            why,
        },
        Fault::LoggedOut { .. } | Fault::Refused(_) | Fault::Person(_) => Outcome::Held {
            after: Duration::from_mins(1),
            why,
        },
        Fault::Denied { status: 413, .. } => Outcome::Dead { why },
        Fault::Denied { status, .. } if *status != 403 && *status != 404 => Outcome::Dead { why },
        Fault::Denied { .. } | Fault::Local(_) => Outcome::Retry { after: None, why },
    }
}

/// Greffier is not in the room: it may be invited any moment, and after two days what it had to say is of no use there.
fn absent(since: Timestamp) -> Outcome {
    let why = "Greffier is not in the room: invite it".to_owned();
    if crate::clock::now().duration_since(since) > INVITED {
        return Outcome::Dead { why };
    }
    Outcome::Held {
        after: Duration::from_secs(10),
        why,
    }
}

pub(super) fn dead(why: &str) -> Outcome {
    Outcome::Dead {
        why: why.to_owned(),
    }
}
