//! The console room: a terminal that behaves as a chat room and as a direct message, or plain lines for scripts.
//!
//! Whoever sits at the console may be anybody (`/qui`): it is the operator's, and asks for no password.

mod clean;
mod editor;
mod markdown;
mod memory;
mod plain;
mod quoting;
mod render;
mod screen;
mod session;
mod table;
mod terminal;
mod tty;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::memory::Memory;
use self::plain::Tally;
use self::render::Frame;
use self::screen::Screen;
use self::session::{Choices, Session};
use super::{Channel, Inbox, Known};
use crate::message::{Body, Limits, Mark, Outcome, Outgoing, Post, React};

/// How the console is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Id of the room that it is.
    pub room: String,
    /// Who sits at it, by mail address (`--as`). Without one they are `anonyme`.
    pub who: Option<String>,
    /// How it speaks and listens.
    pub mode: Mode,
    /// Whether the terminal is painted.
    pub color: Color,
    /// File that keeps the lines typed in a terminal, readable by its owner only. None keeps nothing.
    pub history: Option<PathBuf>,
}

/// How the console speaks and listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By what standard input is: a terminal, a pipe or file, or nothing.
    #[default]
    Auto,
    /// With line editing, completion and colours.
    Terminal,
    /// A command a line on standard input, a block a message on standard output.
    Plain,
    /// Not at all.
    Off,
}

/// Whether the terminal is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// Where the terminal can show it, unless `NO_COLOR` is set (<https://no-color.org>) or `TERM` is `dumb`.
    #[default]
    Auto,
    /// In any terminal.
    Always,
    /// Never.
    Never,
}

/// Who knows what may be typed. It is asked at each key stroke, and must answer at once.
pub trait Suggest: Send + Sync {
    /// What may stand in `line` at byte `position`, the best first. `who` sits at the console.
    fn suggest(&self, line: &str, position: usize, who: &str) -> Vec<Suggestion>;
}

/// A way to go on with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Byte of the line where it starts; what stands from there up to the cursor is replaced.
    pub start: usize,
    /// What is put there.
    pub insert: String,
    /// What it is, in a few words. May be empty.
    pub help: String,
}

/// The console, as a network.
pub struct Console {
    room: String,
    mode: Mode,
    colors: bool,
    history: Option<PathBuf>,
    suggest: Arc<dyn Suggest>,
    session: Arc<Mutex<Session>>,
    memory: Mutex<Memory>,
    screen: Screen,
    tally: watch::Sender<Tally>,
    source: Mutex<Option<Box<dyn BufRead + Send>>>,
    pace: Pace,
}

/// How long a script's end is put off for answers that are still to come.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// For an answer that is due.
    patience: Duration,
    /// For more of an answer that has begun (its next page, the dossier's card).
    quiet: Duration,
}

/// `CommonMark` as it reads in a shell, without colours or control characters.
pub fn plain_text(text: &str) -> String {
    markdown::rows(text)
        .iter()
        .map(markdown::plain)
        .collect::<Vec<_>>()
        .join("\n")
}

impl Console {
    /// The console on standard input and output.
    pub fn new(settings: Settings, suggest: Arc<dyn Suggest>) -> Self {
        let mode = match settings.mode {
            Mode::Auto => tty::mode(),
            chosen => chosen,
        };
        let source = Box::new(std::io::BufReader::new(std::io::stdin()));
        let mut console = Self::on(settings, suggest, source, Box::new(std::io::stdout()));
        console.mode = mode;
        console
    }

    /// A plain console that reads from `source` and writes to `sink`, whatever the mode in `settings`.
    pub fn on(
        settings: Settings,
        suggest: Arc<dyn Suggest>,
        source: Box<dyn BufRead + Send>,
        sink: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            session: Arc::new(Mutex::new(Session::new(
                settings.room.clone(),
                settings.who,
            ))),
            room: settings.room,
            mode: Mode::Plain,
            colors: tty::colors(settings.color),
            history: settings.history,
            suggest,
            memory: Mutex::default(),
            screen: Screen::on(sink),
            tally: watch::Sender::default(),
            source: Mutex::new(Some(source)),
            pace: Pace {
                patience: Duration::from_secs(10),
                quiet: Duration::from_millis(200),
            },
        }
    }

    /// Writes lines above the one that is being typed, for what else goes to the terminal: what is logged would stand in
    /// the middle of it.
    pub fn above(&self) -> impl Fn(String) + Send + Sync + 'static {
        let screen = self.screen.clone();
        move |lines| screen.note(lines)
    }

    /// How it speaks and listens here. Never [`Mode::Auto`]; when [`Mode::Off`], nothing should be sent to it.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The block that shows `post`.
    fn post(&self, key: &str, to: &str, post: &Post, known: &Known) -> String {
        let mine = !post.direct || lock(&self.session).who() == to;
        let remote_id = known.edits.as_deref().unwrap_or(key);
        let before = lock(&self.memory).card(remote_id);
        let pressed = mine && lock(&self.session).is_answered_by(post);
        let frame = Frame {
            to,
            mine,
            pressed,
            edited: known.edits.is_some(),
            before,
        };
        if pressed && !post.buttons.is_empty() {
            let about = known
                .thread
                .clone()
                .or_else(|| post.card.is_some().then(|| remote_id.to_owned()));
            lock(&self.session).offer(Choices::of(post, about));
        }
        match self.mode {
            Mode::Terminal => render::for_terminal(post, &frame, self.colors),
            Mode::Plain | Mode::Auto | Mode::Off => render::for_script(post, &frame),
        }
    }

    /// The block that shows `react`.
    fn reaction(&self, to: &str, react: &React) -> String {
        let session = lock(&self.session);
        let said = session.said(&react.remote_id).unwrap_or_default();
        match self.mode {
            Mode::Terminal => render::mark_for_terminal(react.mark, said, self.colors),
            Mode::Plain | Mode::Auto | Mode::Off => {
                render::mark_for_script(react.mark, said, to, to != self.room)
            }
        }
    }

    /// Remembers that `body` was shown, and settles the line that it answers.
    fn shown(&self, key: &str, remote_id: &str, body: &Body) {
        let answers = match body {
            Body::Post(post) => {
                if post.card.is_some() {
                    lock(&self.memory).keep_card(remote_id, render::lines(post));
                }
                post.answers.as_deref()
            }
            Body::React(React {
                remote_id,
                mark: Mark::Done | Mark::Failed,
            }) => Some(remote_id.as_str()),
            Body::React(React {
                mark: Mark::Heard | Mark::Running,
                ..
            })
            | Body::Mail(_)
            | Body::Make(_)
            | Body::Platform(_) => None,
        };
        lock(&self.memory).keep_key(key);
        self.tally.send_modify(|tally| tally.shown(answers));
    }
}

impl Channel for Console {
    fn name(&self) -> &'static str {
        session::NETWORK
    }

    fn limits(&self) -> Limits {
        Limits {
            text: 20_000,
            file: u64::MAX,
            buttons: 9,
            threads: true,
            edits: true,
            reactions: true,
            prefix: "",
            forms: false,
            pace: std::time::Duration::ZERO,
        }
    }

    /// At the end of the input (Ctrl-D, Ctrl-C on an empty line, the end of the script) it cancels `stop` itself.
    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        match self.mode {
            Mode::Off | Mode::Auto => {
                stop.cancelled().await;
                Ok(())
            }
            Mode::Terminal => terminal::run(self, inbox, stop).await,
            Mode::Plain => {
                let source = lock(&self.source)
                    .take()
                    .context("The console is being read already")?;
                plain::run(self, source, inbox, stop).await
            }
        }
    }

    async fn deliver(&self, key: &str, message: &Outgoing, known: &Known) -> Outcome {
        if self.mode == Mode::Off {
            // Nobody is there to read it, and nobody will be later: a console shows what is said while it is looked at.
            return Outcome::Delivered {
                remote_id: known.edits.as_deref().unwrap_or(key).to_owned(),
            };
        }
        let to = message.to.address.as_str();
        let remote_id = known.edits.as_deref().unwrap_or(key).to_owned();
        if lock(&self.memory).has_key(key) {
            return Outcome::Delivered { remote_id };
        }
        let block = match &message.body {
            Body::Post(post) => self.post(key, to, post, known),
            Body::React(react) => self.reaction(to, react),
            Body::Mail(_) | Body::Make(_) | Body::Platform(_) => {
                return Outcome::Dead {
                    why: "The console carries no mail".to_owned(),
                };
            }
        };
        match self.screen.print(block).await {
            Ok(()) => {
                self.shown(key, &remote_id, &message.body);
                Outcome::Delivered { remote_id }
            }
            Err(error) => Outcome::Retry {
                after: None,
                why: format!("Cannot write to the console: {}", error.kind()),
            },
        }
    }
}

/// What `mutex` guards. A thread that panicked over it left it whole: nothing here is changed in two steps.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
