//! From an interaction to what is handed in: acknowledged at once, kept, then said to the middle.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::api::Api;
use super::event::{Deed, File, Interaction};
use super::fault::{Fault, UNKNOWN_INTERACTION};
use super::first::{First, Said, acknowledge};
use super::lane::Turn;
use super::memo::{Asked, Note};
use super::phrase::Phrase;
use super::{Inner, LARGEST, NETWORK};
use crate::channel::Inbox;
use crate::channel::upload::{safe_media_type, safe_name};
use crate::message::{
    Account, Destination, Heard, Incoming, Line, Piece, Place, Remark, Remarked, Scan, Verdict,
};

/// Octets of a file that is taken: what the démarches allow.
const TAKEN: u64 = 20_000_000;
/// A line whose files were not here yet when the daemon ended is taken up again when it is no older: later its author has
/// been told that nobody answers.
const RESUMED: SignedDuration = SignedDuration::from_mins(14);

impl Inner {
    /// Deals with what a person did, to the end. Nothing but memory is asked before Discord has its answer.
    pub(super) async fn deal(
        self: Arc<Self>,
        api: Arc<Api>,
        interaction: Interaction,
        mut turn: Turn,
        inbox: Inbox,
    ) {
        if self.memo.note(&interaction.id).is_some() {
            return;
        }
        let came = Instant::now();
        let first = self.first(&interaction).await;
        let body = self.body(&first);
        let acknowledged = acknowledge(&api, &interaction, body, came).await;
        metrics::histogram!("greffier_discord_acknowledge_seconds").record(came.elapsed());
        let (ephemeral, said) = match first {
            First::Defer {
                ephemeral,
                update,
                said,
            } => (ephemeral || update, said),
            First::Ask { opened, .. } => {
                self.asked_for_more(acknowledged, opened).await;
                return;
            }
            First::Say(_) | First::GiveBack(_) => {
                if let Err(fault) = acknowledged {
                    tracing::warn!("An interaction could not be answered: {fault}");
                }
                return;
            }
        };
        if let Err(fault) = acknowledged {
            turn.come().await;
            // Its author was told that nobody answers: he does it again, and it must not be done twice.
            tracing::warn!("An interaction could not be acknowledged in time: {fault}");
            metrics::counter!("greffier_discord_late_total").increment(1);
            self.too_late(note_of(&interaction, ephemeral), &place(&interaction).0)
                .await;
            return;
        }
        let note = asked(&interaction, ephemeral, said);
        if let Err(error) = self.keep(note.clone()).await {
            tracing::error!("An interaction cannot be kept: {}", error.kind());
            self.finish(&api, &note, Phrase::Failed).await;
            return;
        }
        self.take(&api, note, &inbox, turn).await;
    }

    /// A form that was shown is kept until it is filled in.
    async fn asked_for_more(&self, acknowledged: Result<(), Fault>, opened: Option<String>) {
        if let Err(fault) = acknowledged {
            tracing::warn!("A form could not be shown: {fault}");
            return;
        }
        let Some(key) = opened else { return };
        let memo = Arc::clone(&self.memo);
        let kept = tokio::task::spawn_blocking(move || memo.opened.write(&key)).await;
        if !matches!(kept, Ok(Ok(()))) {
            tracing::warn!("A form cannot be kept: a restart makes it useless");
        }
    }

    /// Takes a kept line to the middle, with its files, in its turn.
    async fn take(self: &Arc<Self>, api: &Api, note: Note, inbox: &Inbox, mut turn: Turn) {
        let Some(note) = self.complete_note(api, note, inbox).await else {
            return;
        };
        turn.come().await;
        self.hand_in(api, &note, inbox, Some(turn)).await;
    }

    /// What an earlier life of the daemon left: it is handed in, before anything new of the same person is.
    pub(super) async fn go_on(self: &Arc<Self>, api: &Arc<Api>, inbox: &Inbox) {
        for note in self.memo.notes() {
            if note.incoming.is_some() {
                self.hand_in(api, &note, inbox, None).await;
            } else if let Some(asked) = note.asked.clone() {
                if note.age(crate::clock::now()) > RESUMED {
                    self.too_late(note, &asked.line.place).await;
                    continue;
                }
                let turn = self.turn(&note.person, &note.channel);
                let (inner, api, inbox) = (Arc::clone(self), Arc::clone(api), inbox.clone());
                tokio::spawn(async move { inner.take(&api, note, &inbox, turn).await });
            }
        }
    }

    /// The next place for what that person does there.
    pub(super) fn turn(&self, person: &str, channel: &str) -> Turn {
        let lanes = [format!("person {person}"), format!("channel {channel}")];
        self.lanes.queue(&lanes)
    }

    /// The note with its files fetched. None where that cannot be written.
    async fn complete_note(&self, api: &Api, mut note: Note, inbox: &Inbox) -> Option<Note> {
        let Some(Asked { mut line, files }) = note.asked.take() else {
            return Some(note);
        };
        // Nothing is fetched for a stranger: he is refused without.
        let pieces = if self.knows(&line.from).await {
            self.pieces(api, &files, inbox).await
        } else {
            Some(Vec::new())
        };
        let heard = match pieces {
            Some(pieces) => {
                line.files = pieces;
                Heard::Line(line)
            }
            // A decision without the file that justifies it is not what was asked.
            None => Heard::Remark(remark(&note, &line.place, Remarked::FileUnread)),
        };
        note.incoming = Some(incoming(&note, heard));
        if let Err(error) = self.keep(note.clone()).await {
            tracing::error!("An interaction cannot be kept: {}", error.kind());
            self.finish(api, &note, Phrase::Failed).await;
            return None;
        }
        Some(note)
    }

    /// Whether that account is linked to somebody.
    async fn knows(&self, account: &Account) -> bool {
        let (desk, account) = (Arc::clone(&self.linked), account.clone());
        let known = tokio::task::spawn_blocking(move || desk(&account)).await;
        known.unwrap_or(true)
    }

    /// Hands in what is kept, and forgets it once it is committed.
    pub(super) async fn hand_in(
        self: &Arc<Self>,
        api: &Api,
        note: &Note,
        inbox: &Inbox,
        turn: Option<Turn>,
    ) {
        let Some(incoming) = note.incoming.clone() else {
            return;
        };
        let Ok(committed) = inbox.submit(incoming).await else {
            return;
        };
        // Whoever comes after is handed in after.
        drop(turn);
        // Unanswered where the daemon stops: the next start hands it in again.
        let Ok(receipt) = committed.await else {
            return;
        };
        let (memo, id) = (Arc::clone(&self.memo), note.id.clone());
        let forgotten =
            tokio::task::spawn_blocking(move || memo.change(&id, |note| note.incoming = None));
        if !matches!(forgotten.await, Ok(Ok(()))) {
            tracing::warn!("That an interaction is committed cannot be written");
        }
        if receipt.verdict == Verdict::Ignored {
            self.finish(api, note, Phrase::Failed).await;
            // Nothing will answer it, and whoever is tiresome leaves no files.
            let (memo, id) = (Arc::clone(&self.memo), note.id.clone());
            let _forgotten = tokio::task::spawn_blocking(move || memo.forget(&id)).await;
        }
    }

    /// Fetches the files, has them scanned, and keeps them; none where one of them cannot be had or is not clean.
    async fn pieces(&self, api: &Api, files: &[File], inbox: &Inbox) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        for file in files {
            let content = api.fetch(&file.url, TAKEN).await?;
            if content.is_empty() {
                return None;
            }
            match inbox.scan(&content).await.ok()? {
                None | Some(Scan::Clean | Scan::NotScanned) => {}
                Some(Scan::Infected { .. }) => return None,
            }
            let bytes = content.len() as u64;
            pieces.push(Piece {
                hash: inbox.keep(content).await.ok()?,
                name: safe_name(&file.filename),
                media_type: safe_media_type(file.content_type.as_deref().unwrap_or_default()),
                bytes,
            });
        }
        Some(pieces)
    }

    /// Keeps a note, off the threads that others need.
    async fn keep(&self, note: Note) -> io::Result<()> {
        let memo = Arc::clone(&self.memo);
        tokio::task::spawn_blocking(move || memo.keep_note(&note))
            .await
            .map_err(io::Error::other)?
    }

    /// Tells somebody that what he did was not taken.
    async fn too_late(&self, mut note: Note, place: &Place) {
        note.token = None;
        note.asked = None;
        // However old it is, what answers it must find it.
        note.at = crate::clock::now();
        // Known by its id, so that the word names whom it is for, and so that it is not taken when it is replayed.
        if self.keep(note.clone()).await.is_err() {
            tracing::warn!("That an interaction came too late cannot be written");
        }
        self.remark(Incoming {
            id: format!("{NETWORK}:{}:late", note.id),
            at: crate::clock::now(),
            heard: Heard::Remark(remark(&note, place, Remarked::TooLate)),
        });
    }
}

/// Whether Discord does not know the interaction.
pub(super) fn is_unknown(fault: &Fault) -> bool {
    fault.is(UNKNOWN_INTERACTION)
}

/// Somebody on Discord.
pub(super) fn account(person: &str) -> Account {
    Account {
        network: NETWORK.to_owned(),
        id: person.to_owned(),
    }
}

/// Where an interaction was made, and the first message of its thread. A thread begins with the card, and has its id.
pub(super) fn place(interaction: &Interaction) -> (Place, Option<String>) {
    let channel = &interaction.channel;
    if channel.direct {
        return (Place::Direct, None);
    }
    let about = match (&channel.parent, &interaction.deed) {
        (Some(_), _) => Some(channel.id.clone()),
        (None, Deed::Press { message, .. }) => Some(message.clone()),
        (None, _) => None,
    };
    let room = channel.parent.as_ref().unwrap_or(&channel.id);
    (Place::Room(room.clone()), about)
}

/// What is kept of a line that was acknowledged.
fn asked(interaction: &Interaction, ephemeral: bool, said: Said) -> Note {
    let mut note = note_of(interaction, ephemeral);
    let line = line(interaction, said.line);
    if said.files.is_empty() {
        note.incoming = Some(incoming(&note, Heard::Line(line)));
    } else {
        note.asked = Some(Asked {
            line,
            files: said.files,
        });
    }
    note
}

fn incoming(note: &Note, heard: Heard) -> Incoming {
    Incoming {
        id: format!("{NETWORK}:{}", note.id),
        at: crate::clock::now(),
        heard,
    }
}

fn line(interaction: &Interaction, text: String) -> Line {
    let (place, about) = place(interaction);
    Line {
        from: account(&interaction.person),
        place,
        text,
        files: Vec::new(),
        about,
        remote_id: Some(interaction.id.clone()),
        // Discord says who it is, on a connection that only it can be at the end of.
        doubt: None,
        addressed: true,
    }
}

fn remark(note: &Note, place: &Place, what: Remarked) -> Remark {
    let (address, direct) = match place {
        Place::Room(room) => (room.clone(), false),
        Place::Direct => (note.person.clone(), true),
    };
    Remark {
        to: Destination {
            network: NETWORK.to_owned(),
            address,
        },
        direct,
        answers: Some(note.id.clone()),
        what,
    }
}

fn note_of(interaction: &Interaction, ephemeral: bool) -> Note {
    Note {
        id: interaction.id.clone(),
        application: interaction.application.clone(),
        token: Some(interaction.token.clone()),
        at: crate::clock::now(),
        person: interaction.person.clone(),
        channel: interaction.channel.id.clone(),
        room: interaction.channel.parent.clone(),
        ephemeral,
        largest: if interaction.largest == 0 {
            LARGEST
        } else {
            interaction.largest
        },
        asked: None,
        incoming: None,
        answered: None,
        more: BTreeMap::new(),
    }
}
