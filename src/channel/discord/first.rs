//! What an interaction is answered with at once, before anything is written: «wait», a form, or a word.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::Inner;
use super::api::{Api, Request};
use super::button::{Meant, form_id, id_of, meant};
use super::event::{Deed, File, Interaction};
use super::fault::{ACKNOWLEDGED, Fault};
use super::form::{EPHEMERAL, given_back, modal};
use super::opened::Begun;
use super::phrase::Phrase;
use crate::command::Here;

/// After that long Discord has told the person that nobody answers.
const IN_TIME: Duration = Duration::from_millis(2_700);
/// How long one try may take.
const TRY: Duration = Duration::from_millis(1_300);
/// How long the ledger may think about which dossier a thread is of: a form cannot be deferred.
const THOUGHT: Duration = Duration::from_millis(700);

/// What an interaction is answered with at once.
pub(super) enum First {
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
    Ask {
        /// What Discord is sent.
        form: Value,
        /// Key of what is to be kept for it.
        opened: Option<String>,
    },
    /// A word, for the person alone.
    Say(Phrase),
    /// A word, and what was written into a form that is no good any more: it is not lost.
    GiveBack(String),
}

/// A line, and the files that go with it.
pub(super) struct Said {
    /// The line.
    pub(super) line: String,
    /// The files, where they are.
    pub(super) files: Vec<File>,
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

    /// The answer, as Discord is sent it.
    pub(super) fn body(&self, first: &First) -> Value {
        match first {
            First::Defer { update: true, .. } => json!({ "type": 6 }),
            First::Defer { ephemeral, .. } => {
                json!({ "type": 5, "data": { "flags": if *ephemeral { EPHEMERAL } else { 0 } } })
            }
            First::Ask { form, .. } => form.clone(),
            First::Say(phrase) => json!({ "type": 4, "data": {
                "content": self.say(*phrase).trim(), "flags": EPHEMERAL,
                "allowed_mentions": { "parse": [] },
            } }),
            First::GiveBack(written) => json!({ "type": 4, "data": {
                "content": self.say(Phrase::OutdatedForm).trim(), "flags": EPHEMERAL,
                "embeds": [given_back(written)],
                "allowed_mentions": { "parse": [] },
            } }),
        }
    }

    /// What is answered at once. It looks into memory, for a long button into one small file, and for a form in a thread into
    /// the ledger.
    pub(super) async fn first(&self, interaction: &Interaction) -> First {
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
                return self.filled_in(custom_id, &interaction.person, values);
            }
            Deed::Typing { .. } => (None, false),
        };
        let Some(said) = said else {
            return First::Say(Phrase::Outdated);
        };
        if let Some(first) = self.form(interaction, &said).await {
            return first;
        }
        First::Defer {
            // What a button does is seen in the card and its thread; only who pressed it needs more.
            ephemeral: matches!(interaction.deed, Deed::Press { .. })
                || self.is_personal(&said.line),
            update,
            said,
        }
    }

    fn filled_in(&self, custom_id: &str, person: &str, values: &[(String, String)]) -> First {
        let Some(begun) = self.begun(custom_id, person) else {
            let written = values.iter().map(|(_, value)| value.trim());
            return First::GiveBack(written.collect::<Vec<_>>().join("\n\n"));
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
    async fn form(&self, interaction: &Interaction, said: &Said) -> Option<First> {
        let mut here = Here {
            dossier: None,
            today: jiff::tz::TimeZone::UTC
                .to_datetime(crate::clock::now())
                .date(),
        };
        let lacks = self.catalogue.form(&said.line, &here)?;
        if lacks.dossiers && self.has_dossier(interaction).await {
            // Which one it is, the thread tells the middle.
            here.dossier = Some(0);
        }
        let form = self.catalogue.form(&said.line, &here)?;
        let (custom_id, opened) = self.begin(interaction, said);
        Some(First::Ask {
            form: modal(&form, &custom_id, self.say(Phrase::Dossiers).trim()),
            opened,
        })
    }

    /// Whether an interaction was made in the thread of a dossier. In another thread, which anybody may open, one must say
    /// which dossier is meant.
    async fn has_dossier(&self, interaction: &Interaction) -> bool {
        if interaction.channel.parent.is_none() {
            return false;
        }
        let (known, thread) = (Arc::clone(&self.known), interaction.channel.id.clone());
        let asked = tokio::task::spawn_blocking(move || known(&thread));
        matches!(timeout(THOUGHT, asked).await, Ok(Ok(true)))
    }

    /// An id that stands for a line that is not complete, and the key of what is to be kept for it.
    fn begin(&self, interaction: &Interaction, said: &Said) -> (String, Option<String>) {
        let (id, too_long) = id_of(&said.line);
        if said.files.is_empty() && too_long.is_none() {
            return (id, None);
        }
        let key = self.memo.opened.begin(Begun {
            line: said.line.clone(),
            files: said.files.clone(),
            person: interaction.person.clone(),
            at: crate::clock::now(),
        });
        (form_id(&key), Some(key))
    }

    /// What a form was opened for, by the one who fills it in. No id by itself stands for a file.
    fn begun(&self, custom_id: &str, person: &str) -> Option<Said> {
        match meant(custom_id) {
            Meant::Line(line) => Some(Said {
                line,
                files: Vec::new(),
            }),
            Meant::Form(key) => {
                let begun = self.memo.opened.get(&key, person, crate::clock::now())?;
                Some(Said {
                    line: begun.line,
                    files: begun.files,
                })
            }
            Meant::Key(_) | Meant::Unknown => None,
        }
    }

    /// The line behind the id of a button.
    fn behind(&self, custom_id: &str) -> Option<String> {
        match meant(custom_id) {
            Meant::Line(line) => Some(line),
            Meant::Key(key) => self.memo.line(&key),
            Meant::Form(_) | Meant::Unknown => None,
        }
    }
}

/// Answers Discord within its three seconds. What it knows already is as good.
pub(super) async fn acknowledge(
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
            Fault::Away(_) | Fault::Unwell(_) => pause,
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
