//! The console at a terminal.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use rustyline::config::Configurer as _;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::editor::Desk;
use super::render::aside_for_terminal;
use super::screen::Screen;
use super::session::{Entry, Session};
use super::tty::Found;
use super::{Console, lock};
use crate::channel::Inbox;
use crate::message::{Heard, Incoming};

/// Lines that the history keeps.
const HISTORY: usize = 1_000;

/// Hands what is typed to `inbox` until `stop`, which it cancels after the last one (Ctrl-D).
pub(super) async fn run(
    console: &Console,
    inbox: Inbox,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let found = Found::now();
    let (sender, mut typed) = mpsc::channel(16);
    let desk = Desk {
        session: Arc::clone(&console.session),
        suggest: Arc::clone(&console.suggest),
        colors: console.colors,
        empty: AtomicBool::new(true),
    };
    let at_prompt = Arc::new(AtomicBool::new(false));
    let typist = Typist {
        session: Arc::clone(&console.session),
        screen: console.screen.clone(),
        colors: console.colors,
        history: console.history.clone(),
        stop: stop.clone(),
        at_prompt: Arc::clone(&at_prompt),
        sender,
    };
    // A thread of its own, left behind at the end: it cannot be called back from the terminal.
    std::thread::Builder::new()
        .name("console".to_owned())
        .spawn(move || typist.run(desk))
        .context("Cannot start the thread that reads the terminal")?;
    let ended = hand_over(&inbox, &mut typed, &stop).await;
    if at_prompt.load(Ordering::SeqCst) {
        found.put_back();
    }
    console.screen.write_straight();
    if ended.is_ok() {
        stop.cancel();
    }
    ended
}

/// Hands each line over in turn, until there are no more or `stop`.
async fn hand_over(
    inbox: &Inbox,
    typed: &mut mpsc::Receiver<anyhow::Result<Incoming>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    while let Some(Some(incoming)) = stop.run_until_cancelled(typed.recv()).await {
        let handed = stop.run_until_cancelled(inbox.hand(incoming?)).await;
        if !matches!(handed, Some(Ok(_))) {
            break;
        }
    }
    Ok(())
}

/// Who reads the keys.
struct Typist {
    session: Arc<Mutex<Session>>,
    screen: Screen,
    colors: bool,
    history: Option<PathBuf>,
    stop: CancellationToken,
    at_prompt: Arc<AtomicBool>,
    sender: mpsc::Sender<anyhow::Result<Incoming>>,
}

impl Typist {
    fn run(self, desk: Desk) {
        if let Err(error) = self.type_on(desk) {
            // Nobody receives it once the daemon is stopping.
            let _ = self.sender.blocking_send(Err(error));
        }
    }

    fn type_on(&self, desk: Desk) -> anyhow::Result<()> {
        let mut editor = self.editor(desk).context("Cannot set up the terminal")?;
        while !self.stop.is_cancelled() {
            let prompt = lock(&self.session).prompt();
            self.at_prompt.store(true, Ordering::SeqCst);
            let read = editor.readline(&prompt);
            self.at_prompt.store(false, Ordering::SeqCst);
            match read {
                Ok(entry) => self.entered(&mut editor, &entry),
                Err(ReadlineError::Interrupted) if !was_empty(&editor) => {}
                // The stop is asked for once the lines typed before are handed over.
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
                Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                    self.aside("Cette ligne n’est pas en UTF-8\u{a0}: elle est ignorée.");
                }
                Err(ReadlineError::Signal(_)) => {}
                Err(error) => return Err(error).context("Cannot read the terminal"),
            }
        }
        Ok(())
    }

    fn editor(&self, desk: Desk) -> rustyline::Result<Editor<Desk, FileHistory>> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .max_history_size(HISTORY)?
            .history_ignore_dups(true)?
            .history_ignore_space(true)
            .color_mode(if self.colors {
                ColorMode::Forced
            } else {
                ColorMode::Disabled
            })
            .bracketed_paste(true)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(desk));
        editor.set_auto_add_history(false);
        if let Some(path) = &self.history
            && let Err(error) =
                own(path).and_then(|()| editor.load_history(path).map_err(io::Error::other))
        {
            tracing::warn!("Cannot read the console's history: {error}");
        }
        // A terminal that cannot edit lines (TERM=dumb) cannot show anything above them either.
        if let Ok(printer) = editor.create_external_printer() {
            self.screen.write_through(Box::new(printer));
        }
        Ok(editor)
    }

    fn entered(&self, editor: &mut Editor<Desk, FileHistory>, entry: &str) {
        self.remember(editor, entry);
        let taken = lock(&self.session).take(entry, crate::clock::now());
        match taken {
            Entry::Empty => {}
            Entry::Aside(text) => self.aside(&text),
            Entry::Line(incoming) => self.send(*incoming),
            Entry::Pressed(incoming) => {
                if let Heard::Line(line) = &incoming.heard {
                    self.aside(&format!("→ {}", super::clean::clean_line(&line.text)));
                }
                self.send(*incoming);
            }
        }
    }

    fn send(&self, incoming: Incoming) {
        // Refused only when the daemon is stopping: the line is then lost with the prompt, as on any terminal.
        let _ = self.sender.blocking_send(Ok(incoming));
    }

    fn aside(&self, text: &str) {
        // Written here, not by the screen's thread, so that it stands before the next prompt. A terminal that is gone
        // ends the reading too.
        let mut output = io::stdout();
        let block = aside_for_terminal(text, self.colors);
        let _ = output
            .write_all(block.as_bytes())
            .and_then(|()| output.flush());
    }

    fn remember(&self, editor: &mut Editor<Desk, FileHistory>, entry: &str) {
        let added = editor.add_history_entry(entry.trim_end());
        if let (Ok(true), Some(path)) = (added, &self.history)
            && let Err(error) = editor.append_history(path)
        {
            tracing::debug!("Cannot write the console's history: {error}");
        }
    }
}

fn was_empty(editor: &Editor<Desk, FileHistory>) -> bool {
    editor
        .helper()
        .is_none_or(|desk| desk.empty.load(Ordering::Relaxed))
}

/// Makes `path` a file that only its owner may read.
fn own(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_its_owners_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history");
        std::fs::write(&path, "#V2\nsuivre 4807\n").expect("written");
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("opened up");
        own(&path).expect("owned");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
