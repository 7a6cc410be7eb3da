//! From an interaction to what is handed in: acknowledged at once, kept, then said to the middle.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::api::{Api, Request};
use super::button::{Meant, id_of, meant};
use super::event::{Deed, File, Interaction};
use super::fault::{ACKNOWLEDGED, Fault, UNKNOWN_INTERACTION};
use super::form::{EPHEMERAL, modal};
use super::lane::Turn;
use super::memo::Note;
use super::phrase::Phrase;
use super::{Inner, LARGEST, NETWORK};
use crate::channel::Inbox;
use crate::channel::upload::{safe_media_type, safe_name};
use crate::command::Here;
use crate::message::{
    Account, Destination, Heard, Incoming, Line, Piece, Place, Remark, Remarked, Scan, Verdict,
};

/// After that long Discord has told the person that nobody answers.
const IN_TIME: Duration = Duration::from_millis(2_700);
/// How long one try may take.
const TRY: Duration = Duration::from_millis(1_300);
/// Octets of a file that is taken: what the démarches allow.
const TAKEN: u64 = 20_000_000;

/// A line that is not complete: the form asks for the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    line: String,
    files: Vec<File>,
}

/// What an interaction is answered with at once.
enum First {
    /// «Wait»: the answer follows.
    Defer {
        /// Only for the person.
        ephemeral: bool,
        /// In the place of the message that the button is on.
        update: bool,
        /// The line.
        said: Said,
    },
    /// A form.
    Ask(Value),
    /// A word, for the person alone.
    Say(Phrase),
}

/// A line, and the files that go with it.
struct Said {
    line: String,
    files: Vec<File>,
}

impl Inner {
    /// Whether Greffier obeys where `interaction` was made.
    pub(super) fn obeys(&self, interaction: &Interaction) -> bool {
        let guilds = &self.settings.guilds;
        interaction
            .guild
            .as_ref()
            .is_none_or(|guild| guilds.is_empty() || guilds.contains(guild))
    }

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
        let first = self.first(&interaction);
        let body = match &first {
            First::Defer { update: true, .. } => json!({ "type": 6 }),
            First::Defer { ephemeral, .. } => {
                json!({ "type": 5, "data": { "flags": if *ephemeral { EPHEMERAL } else { 0 } } })
            }
            First::Ask(form) => form.clone(),
            First::Say(phrase) => json!({ "type": 4, "data": {
                "content": self.say(*phrase), "flags": EPHEMERAL,
                "allowed_mentions": { "parse": [] },
            } }),
        };
        let acknowledged = acknowledge(&api, &interaction, body, came).await;
        metrics::histogram!("greffier_discord_acknowledge_seconds").record(came.elapsed());
        let First::Defer {
            ephemeral,
            update,
            said,
        } = first
        else {
            if let Err(fault) = acknowledged {
                tracing::warn!("An interaction could not be answered: {fault}");
            }
            return;
        };
        turn.come().await;
        if let Err(fault) = acknowledged {
            // Its author was told that nobody answers: he does it again, and it must not be done twice.
            tracing::warn!("An interaction could not be acknowledged in time: {fault}");
            metrics::counter!("greffier_discord_late_total").increment(1);
            self.too_late(&interaction, ephemeral || update);
            return;
        }
        self.take(&api, &interaction, ephemeral || update, said, &inbox, turn)
            .await;
    }

    /// Keeps and hands in an acknowledged line.
    async fn take(
        self: &Arc<Self>,
        api: &Api,
        interaction: &Interaction,
        ephemeral: bool,
        said: Said,
        inbox: &Inbox,
        turn: Turn,
    ) {
        let mut note = note_of(interaction, ephemeral);
        let heard = match self.pieces(api, &said.files, inbox).await {
            Some(pieces) => Heard::Line(line(interaction, said.line, pieces)),
            // A decision without the file that justifies it is not what was asked.
            None => Heard::Remark(remark(interaction, Remarked::FileUnread)),
        };
        note.incoming = Some(Incoming {
            id: format!("{NETWORK}:{}", interaction.id),
            at: crate::clock::now(),
            heard,
        });
        if let Err(error) = self.keep(note.clone()).await {
            tracing::error!("An interaction cannot be kept: {}", error.kind());
            self.finish(api, &note, Phrase::Failed).await;
            return;
        }
        self.hand_in(api, &note, inbox, Some(turn)).await;
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
        }
    }

    /// What is answered at once. It looks into memory, and for a long button into one small file.
    fn first(&self, interaction: &Interaction) -> First {
        if !self.obeys(interaction) {
            return First::Say(Phrase::Elsewhere);
        }
        let (said, update) = match &interaction.deed {
            Deed::Command {
                name,
                options,
                files,
            } => {
                let line = self.catalogue.compose(name, options);
                let files = files.clone();
                (Some(Said { line, files }), false)
            }
            Deed::Press {
                custom_id,
                ephemeral,
                list,
                ..
            } => {
                let line = self.behind(custom_id);
                let said = line.map(|line| Said {
                    line,
                    files: Vec::new(),
                });
                (said, *ephemeral && !list)
            }
            Deed::Form { custom_id, values } => {
                return self.filled_in(custom_id, values);
            }
            Deed::Typing { .. } => (None, false),
        };
        let Some(said) = said else {
            return First::Say(Phrase::Outdated);
        };
        if let Some(form) = self.form(interaction, &said) {
            return First::Ask(form);
        }
        First::Defer {
            // What a button does is seen in the card and its thread; only who pressed it needs more.
            ephemeral: matches!(interaction.deed, Deed::Press { .. })
                || self.is_personal(&said.line),
            update,
            said,
        }
    }

    fn filled_in(&self, custom_id: &str, values: &[(String, String)]) -> First {
        let Some(begun) = self.begun(custom_id) else {
            return First::Say(Phrase::Outdated);
        };
        let line = self.catalogue.compose(&begun.line, values);
        First::Defer {
            ephemeral: self.is_personal(&line),
            update: false,
            said: Said {
                line,
                files: begun.files,
            },
        }
    }

    fn is_personal(&self, line: &str) -> bool {
        let spec = self.catalogue.of_line(line);
        spec.is_none_or(crate::command::Spec::personal)
    }

    /// The form that asks for what the line lacks, if it lacks something that can be asked for.
    fn form(&self, interaction: &Interaction, said: &Said) -> Option<Value> {
        let here = Here {
            // Which dossier it is, the thread tells the middle.
            dossier: interaction.channel.parent.as_ref().map(|_| 0),
            today: jiff::tz::TimeZone::UTC
                .to_datetime(crate::clock::now())
                .date(),
        };
        let form = self.catalogue.form(&said.line, &here)?;
        let begun = Begun {
            line: said.line.clone(),
            files: said.files.clone(),
        };
        let custom_id = self.begin(&begun)?;
        Some(modal(&form, &custom_id, self.say(Phrase::Dossiers).trim()))
    }

    /// An id that stands for a line that is not complete.
    fn begin(&self, begun: &Begun) -> Option<String> {
        let whole = if begun.files.is_empty() {
            begun.line.clone()
        } else {
            serde_json::to_string(begun).ok()?
        };
        let (id, key) = id_of(&whole);
        if let Some(key) = key {
            let kept = self.memo.keep_line(&key, &whole, crate::clock::now());
            kept.ok()?;
        }
        Some(id)
    }

    fn begun(&self, custom_id: &str) -> Option<Begun> {
        let whole = self.behind(custom_id)?;
        if whole.starts_with('{') {
            return serde_json::from_str(&whole).ok();
        }
        Some(Begun {
            line: whole,
            files: Vec::new(),
        })
    }

    /// The line behind an id.
    fn behind(&self, custom_id: &str) -> Option<String> {
        match meant(custom_id) {
            Meant::Line(line) => Some(line),
            Meant::Key(key) => self.memo.line(&key),
            Meant::Unknown => None,
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
    fn too_late(&self, interaction: &Interaction, ephemeral: bool) {
        let mut note = note_of(interaction, ephemeral);
        note.token = None;
        // Known by its id, so that the word names whom it is for, and so that it is not taken when it is replayed.
        if self.memo.keep_note(&note).is_err() {
            tracing::warn!("That an interaction came too late cannot be written");
        }
        self.remark(Incoming {
            id: format!("{NETWORK}:{}:late", interaction.id),
            at: crate::clock::now(),
            heard: Heard::Remark(remark(interaction, Remarked::TooLate)),
        });
    }
}

/// Answers Discord within its three seconds. What it knows already is as good.
async fn acknowledge(
    api: &Api,
    interaction: &Interaction,
    body: Value,
    came: Instant,
) -> Result<(), Fault> {
    let path = format!(
        "interactions/{}/{}/callback",
        interaction.id, interaction.token
    );
    let mut pause = Duration::from_millis(50);
    loop {
        let request = Request::post(path.clone(), body.clone()).of_interaction();
        let answer = timeout(TRY, api.ask(request)).await;
        let fault = match answer {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(fault)) if fault.is(ACKNOWLEDGED) => return Ok(()),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::Away("no answer in time".to_owned()),
        };
        let wait = match &fault {
            Fault::Away(_) => pause,
            Fault::Limited(wait) => *wait,
            _ => return Err(fault),
        };
        if came.elapsed() + wait > IN_TIME {
            return Err(fault);
        }
        sleep(wait).await;
        pause *= 3;
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

fn line(interaction: &Interaction, text: String, files: Vec<Piece>) -> Line {
    let (place, about) = place(interaction);
    Line {
        from: account(&interaction.person),
        place,
        text,
        files,
        about,
        remote_id: Some(interaction.id.clone()),
        // Discord says who it is, on a connection that only it can be at the end of.
        doubt: None,
        addressed: true,
    }
}

fn remark(interaction: &Interaction, what: Remarked) -> Remark {
    let (place, _) = place(interaction);
    let (address, direct) = match place {
        Place::Room(room) => (room, false),
        Place::Direct => (interaction.person.clone(), true),
    };
    Remark {
        to: Destination {
            network: NETWORK.to_owned(),
            address,
        },
        direct,
        answers: Some(interaction.id.clone()),
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
        ephemeral,
        largest: if interaction.largest == 0 {
            LARGEST
        } else {
            interaction.largest
        },
        incoming: None,
        answered: None,
        more: BTreeMap::new(),
    }
}
