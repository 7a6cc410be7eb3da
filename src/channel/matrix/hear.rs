//! From an event to what is handed in.

use std::time::Duration;

use jiff::SignedDuration;
use matrix_sdk::deserialized_responses::TimelineEvent;
use matrix_sdk::ruma::api::client::receipt::create_receipt::v3::ReceiptType;
use matrix_sdk::ruma::events::receipt::ReceiptThread;
use matrix_sdk::ruma::{EventId, UserId};
use matrix_sdk::{Room, RoomState};
use serde::{Deserialize, Serialize};

use super::event::{Event, File, Says, Seal, Text, read};
use super::fault::Fault;
use super::file::Waiting;
use super::memo::Note;
use super::online::Online;
use super::sync::Ended;
use super::words::{Said, said};
use super::{Matrix, NETWORK};
use crate::channel::Inbox;
use crate::message::{
    Account, Destination, Doubt, Heard, Incoming, Line, Piece, Place, Receipt, Remark, Remarked,
    Verdict,
};

/// Characters of a line. The longest text that a command takes is a third of it.
const LONGEST: usize = 32_000;
/// After that long the room is shown that Greffier is at work.
const SLOW: Duration = Duration::from_millis(800);
/// How long «at work» is shown before it is said again.
const TYPING: Duration = Duration::from_secs(3);
/// How far a homeserver's clock may be ahead before its time is not believed.
const AHEAD: SignedDuration = SignedDuration::from_secs(30);

/// What became of a line, for when it is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Became {
    by: String,
    understood: bool,
}

/// The choices that a message offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Choices {
    /// The room that it stands in.
    pub(super) room: String,
    /// Emoji and line of each.
    pub(super) lines: Vec<(String, String)>,
    /// The first message of its thread, or the card itself.
    pub(super) about: Option<String>,
}

/// A line as it is about to be handed in.
struct Spoken<'a> {
    event: &'a Event,
    said: Said,
    about: Option<String>,
    threaded: bool,
    files: Vec<Piece>,
    /// The message that the answer points at.
    remote_id: String,
    doubt: Option<Doubt>,
}

impl Matrix {
    /// Hands in what `event` says, if it is for Greffier, and waits until it is committed.
    pub(super) async fn hear(
        &self,
        online: &Online,
        room: &Room,
        event: &TimelineEvent,
        inbox: &Inbox,
    ) -> Result<(), Ended> {
        let Some(event) = read(event) else {
            return Ok(());
        };
        if event.sender == online.me.as_str() || online.was_left_behind(room.room_id()) {
            return Ok(());
        }
        let event = if event.seal == Seal::Unknown {
            self.known(online, room, event).await?
        } else {
            event
        };
        let heard = match &event.says {
            Says::Text(text) => self.text(online, room, &event, text, inbox).await,
            Says::File(file) => self.file(online, room, &event, file, inbox).await,
            Says::Reaction { to, emoji } => {
                self.reaction(online, room, &event, to, emoji, inbox).await
            }
            Says::Unreadable(why) => self
                .unreadable(online, room, &event, *why)
                .await
                .map_err(Ended::from),
            Says::Moved { to } => self.moved(online, room, to).await.map_err(Ended::from),
            Says::Member { .. } | Says::Nothing => Ok(()),
        };
        match heard {
            // It concerns this one event. Everything else is tried again from the last place kept: nothing is lost.
            Err(Ended::Failed(fault @ (Fault::Denied { .. } | Fault::Refused(_)))) => {
                tracing::warn!("Something said in a Matrix room could not be dealt with: {fault}");
                Ok(())
            }
            heard => heard,
        }
    }

    /// `event` as it is judged once its sender's devices were asked for. They are followed from the first key of theirs on,
    /// and asked for beside what is heard: the first line of somebody may be here before them.
    async fn known(&self, online: &Online, room: &Room, event: Event) -> Result<Event, Fault> {
        let (Ok(sender), Ok(id)) = (
            <&UserId>::try_from(event.sender.as_str()),
            <&EventId>::try_from(event.id.as_str()),
        ) else {
            return Ok(event);
        };
        let asked = async {
            let encryption = online.client.encryption();
            encryption.request_user_identity(sender).await?;
            Ok(room.event(id, None).await?)
        };
        match asked.await {
            Ok(again) => Ok(read(&again).unwrap_or(event)),
            // It concerns this one event, which stays what it is: nobody acts by it.
            Err(Fault::Denied { .. } | Fault::Refused(_)) => Ok(event),
            Err(fault) => Err(fault),
        }
    }

    async fn text(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        text: &Text,
        inbox: &Inbox,
    ) -> Result<(), Ended> {
        let place = place(online, room, event).await?;
        let direct = place == Place::Direct;
        let Some(said) = said(&text.body, &online.names, direct) else {
            return Ok(());
        };
        let original = text.edits.as_deref();
        if let Some(original) = original
            && !self.edited(online, event, original, &place).await?
        {
            return Ok(());
        }
        let files = self
            .files_for(
                online,
                room,
                event,
                text.about.as_deref(),
                &said.text,
                inbox,
            )
            .await?;
        let Some(files) = files else {
            return Ok(());
        };
        let doubt = self.doubt(online, room, event).await?;
        let spoken = Spoken {
            event,
            said,
            about: text.about.clone(),
            threaded: text.threaded,
            files,
            remote_id: original.unwrap_or(&event.id).to_owned(),
            doubt,
        };
        let used = !spoken.files.is_empty();
        self.say(online, room, place, spoken, inbox).await?;
        if used {
            self.files_used(online, room, event, text.about.as_deref())
                .await?;
        }
        Ok(())
    }

    /// Whether an edit is heard as a line: only where the first wording was not obeyed.
    async fn edited(
        &self,
        online: &Online,
        event: &Event,
        original: &str,
        place: &Place,
    ) -> Result<bool, Fault> {
        let became: Option<Became> = online.memo.get(Note::Line(original)).await?;
        match became {
            // It was no command, or none that could be read.
            None => Ok(true),
            Some(became) if became.by != event.sender => Ok(false),
            Some(Became {
                understood: false, ..
            }) => Ok(true),
            Some(_) => {
                self.remark(remark(event, place, Remarked::EditedTooLate));
                Ok(false)
            }
        }
    }

    /// Keeps in mind a file sent by itself; one with a command beside it is part of that line.
    async fn file(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        file: &File,
        inbox: &Inbox,
    ) -> Result<(), Ended> {
        let place = place(online, room, event).await?;
        let direct = place == Place::Direct;
        let caption = file.caption.as_deref().unwrap_or_default();
        // A file in private is no command, whatever it is called.
        let said = said(caption, &online.names, direct).filter(|_| !caption.trim().is_empty());
        let waiting = Waiting::of(event, file);
        let Some(said) = said else {
            return Ok(self
                .keep_in_mind(online, room, event, file.about.as_deref(), waiting)
                .await?);
        };
        let mut files = Vec::new();
        if (self.takes_files)(&said.text) {
            match self.fetch(online, &waiting, inbox).await? {
                Ok(piece) => files.push(piece),
                Err(why) => {
                    self.remark(remark(event, &place, why));
                    return Ok(());
                }
            }
        }
        let doubt = self.doubt(online, room, event).await?;
        let spoken = Spoken {
            event,
            said,
            about: file.about.clone(),
            threaded: file.threaded,
            files,
            remote_id: event.id.clone(),
            doubt,
        };
        self.say(online, room, place, spoken, inbox).await
    }

    async fn reaction(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
        to: &str,
        emoji: &str,
        inbox: &Inbox,
    ) -> Result<(), Ended> {
        if !self.settings.reactions {
            return Ok(());
        }
        let choices: Option<Choices> = online.memo.get(Note::Choices(to)).await?;
        let Some(choices) = choices.filter(|choices| choices.room == room.room_id().as_str())
        else {
            return Ok(());
        };
        let pressed = choices
            .lines
            .iter()
            .find(|(offered, _)| bare(offered) == bare(emoji));
        let Some((_, line)) = pressed else {
            return Ok(());
        };
        let place = place(online, room, event).await?;
        let spoken = Spoken {
            event,
            said: Said {
                text: line.clone(),
                addressed: true,
            },
            about: choices.about.clone(),
            threaded: false,
            files: Vec::new(),
            remote_id: to.to_owned(),
            doubt: self.doubt_of_reaction(online, room, event).await?,
        };
        self.say(online, room, place, spoken, inbox).await
    }

    async fn say(
        &self,
        online: &Online,
        room: &Room,
        place: Place,
        spoken: Spoken<'_>,
        inbox: &Inbox,
    ) -> Result<(), Ended> {
        match &place {
            Place::Room(name) => self.tell_encrypted(online, room, name, inbox).await?,
            Place::Direct => {
                let encrypt = self.settings.encrypt_direct;
                online.taken_up(room, &spoken.event.sender, encrypt).await?;
            }
        }
        let now = crate::clock::now();
        let ahead = now.checked_add(AHEAD).unwrap_or(now);
        let event = spoken.event;
        let text: String = spoken.said.text.chars().take(LONGEST).collect();
        let line = Line {
            from: Account {
                network: NETWORK.to_owned(),
                id: event.sender.clone(),
            },
            place,
            text,
            files: spoken.files,
            about: spoken.about.clone(),
            remote_id: Some(spoken.remote_id.clone()),
            doubt: spoken.doubt,
            addressed: spoken.said.addressed,
        };
        let incoming = Incoming {
            id: format!("{NETWORK}:{}", event.id),
            at: if event.at > ahead { now } else { event.at },
            heard: Heard::Line(line),
        };
        if spoken.threaded
            && let Some(root) = &spoken.about
        {
            self.roots.put(&spoken.remote_id, root);
        }
        let handed = inbox.hand(incoming);
        let Ok(receipt) = self.at_work(room, handed).await else {
            return Err(Ended::Stopped);
        };
        self.seen(room, event, spoken.about.filter(|_| spoken.threaded));
        if receipt.proven && event.seal == Seal::Signed {
            self.believe(online, event).await?;
        }
        let became = Became {
            by: event.sender.clone(),
            understood: !matches!(receipt.verdict, Verdict::Misunderstood | Verdict::Ignored),
        };
        let note = Note::Line(&spoken.remote_id);
        online.memo.put(note, &became).await?;
        if let Some(old) = self.lines.put(&spoken.remote_id) {
            online.memo.remove(Note::Line(&old)).await?;
        }
        Ok(())
    }

    /// Waits for what comes of a line, and shows in the room that Greffier is at work where that takes long.
    async fn at_work(
        &self,
        room: &Room,
        handed: impl Future<Output = Result<Receipt, crate::channel::Closed>>,
    ) -> Result<Receipt, crate::channel::Closed> {
        tokio::pin!(handed);
        let mut shown = false;
        let receipt = loop {
            let pause = if shown { TYPING } else { SLOW };
            tokio::select! {
                receipt = &mut handed => break receipt,
                () = tokio::time::sleep(pause) => {
                    shown = true;
                    let room = room.clone();
                    // Shown or not, the work goes on.
                    tokio::spawn(async move { room.typing_notice(true).await });
                }
            }
        };
        if shown {
            let room = room.clone();
            tokio::spawn(async move { room.typing_notice(false).await });
        }
        receipt
    }

    /// Shows the sender that his line was seen: it is committed.
    fn seen(&self, room: &Room, event: &Event, thread: Option<String>) {
        let Ok(id) = EventId::parse(&event.id) else {
            return;
        };
        let thread = match thread.map(EventId::parse) {
            Some(Ok(root)) => ReceiptThread::Thread(root),
            _ => ReceiptThread::Unthreaded,
        };
        let room = room.clone();
        tokio::spawn(async move {
            if room.state() == RoomState::Joined {
                // A courtesy: nothing depends on it.
                let _unseen = room
                    .send_single_receipt(ReceiptType::Read, thread, id)
                    .await;
            }
        });
    }
}

/// Where `event` was said.
pub(super) async fn place(online: &Online, room: &Room, event: &Event) -> Result<Place, Fault> {
    let sender = UserId::parse(&event.sender).map_err(|_| Fault::Denied {
        code: "no user id".to_owned(),
        status: 400,
    })?;
    online.place(room, &sender).await
}

/// Something to say about `event`, where it was said.
pub(super) fn remark(event: &Event, place: &Place, what: Remarked) -> Incoming {
    let (address, direct) = match place {
        Place::Room(name) => (name.clone(), false),
        Place::Direct => (event.sender.clone(), true),
    };
    Incoming {
        id: format!("{NETWORK}:{}:{what:?}", event.id),
        at: crate::clock::now(),
        heard: Heard::Remark(Remark {
            to: Destination {
                network: NETWORK.to_owned(),
                address,
            },
            direct,
            answers: Some(event.id.clone()),
            what,
        }),
    }
}

/// An emoji without the marks by which keyboards ask for a picture, or for a colour of skin.
fn bare(emoji: &str) -> String {
    let plain = |c: &char| !matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    emoji.chars().filter(plain).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_emoji_is_the_same_on_every_keyboard() {
        assert_eq!(super::bare("▶️"), super::bare("▶"));
        assert_eq!(super::bare("👋🏽"), "👋");
        assert_ne!(super::bare("✅"), super::bare("❌"));
    }
}
