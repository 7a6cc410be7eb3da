//! The console for scripts: a command a line, a block a message.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read as _};

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::quoting::continued;
use super::render::aside_for_script;
use super::session::Entry;
use super::{Console, lock};
use crate::channel::Inbox;
use crate::message::{Incoming, Verdict};

/// Bytes of one entry, all its lines together.
const ENTRY: usize = 64 * 1024;

/// Lines that are still to be answered, and what was shown so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    owed: BTreeSet<String>,
    shown: u64,
}

impl Tally {
    /// Counts a message shown, which settles the line `answers`.
    pub(super) fn shown(&mut self, answers: Option<&str>) {
        self.shown = self.shown.wrapping_add(1);
        if let Some(line) = answers {
            self.owed.remove(line);
        }
    }
}

/// Hands each line of `source` to `inbox` until `stop`, which it cancels once the last one is answered.
pub(super) async fn run(
    console: &Console,
    source: Box<dyn BufRead + Send>,
    inbox: Inbox,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (sender, mut entries) = mpsc::channel(16);
    // A thread of its own, left behind at the end: a pipe that says nothing cannot be interrupted.
    std::thread::Builder::new()
        .name("console".to_owned())
        .spawn(move || read(source, &sender))?;
    while let Some(entry) = stop.run_until_cancelled(entries.recv()).await {
        let Some(entry) = entry else {
            stop.run_until_cancelled(last_answers(console)).await;
            stop.cancel();
            break;
        };
        match stop.run_until_cancelled(take(console, &inbox, entry)).await {
            Some(true) => {}
            Some(false) | None => break,
        }
    }
    Ok(())
}

/// Does what `entry` asks, and answers whether the daemon goes on.
async fn take(console: &Console, inbox: &Inbox, entry: Result<String, String>) -> bool {
    // One line after the other: what is shown keeps the script's order, and a number presses the button just offered.
    settled(console).await;
    let text = match entry {
        Ok(text) => text,
        Err(complaint) => {
            return aside(console, &complaint).await;
        }
    };
    let taken = lock(&console.session).take(&text, crate::clock::now());
    match taken {
        Entry::Empty => true,
        Entry::Aside(answer) => aside(console, &answer).await,
        Entry::Line(incoming) | Entry::Pressed(incoming) => hand(console, inbox, *incoming).await,
    }
}

/// Says what the console itself has to say. The daemon goes on even if nobody reads it.
async fn aside(console: &Console, text: &str) -> bool {
    if let Err(error) = console.screen.print(aside_for_script(text)).await {
        tracing::warn!("Cannot write to the console: {}", error.kind());
    }
    true
}

async fn hand(console: &Console, inbox: &Inbox, incoming: Incoming) -> bool {
    let id = incoming.id.clone();
    // Owed before it is handed over: the answer may come before the receipt.
    console.tally.send_modify(|tally| {
        tally.owed.insert(id.clone());
    });
    let Ok(receipt) = inbox.hand(incoming).await else {
        return false;
    };
    if receipt.verdict == Verdict::Ignored {
        console.tally.send_modify(|tally| {
            tally.owed.remove(&id);
        });
    }
    true
}

/// Waits until every line is answered, as long as patience lasts.
async fn settled(console: &Console) {
    let mut tally = console.tally.subscribe();
    if timeout(
        console.pace.patience,
        tally.wait_for(|tally| tally.owed.is_empty()),
    )
    .await
    .is_err()
    {
        tracing::warn!("A line of the console was not answered");
        console.tally.send_modify(|tally| tally.owed.clear());
    }
}

/// Waits until every line is answered and nothing more comes.
async fn last_answers(console: &Console) {
    settled(console).await;
    let mut tally = console.tally.subscribe();
    let calm =
        async { while let Ok(Ok(())) = timeout(console.pace.quiet, tally.changed()).await {} };
    // In a busy room it is never calm.
    let _ = timeout(console.pace.patience, calm).await;
}

/// Sends each entry of `source`, or what is wrong with it, until nobody listens.
fn read(mut source: Box<dyn BufRead + Send>, sender: &mpsc::Sender<Result<String, String>>) {
    let mut number = 0;
    while let Some(entry) = next(&mut source, &mut number) {
        if sender.blocking_send(entry).is_err() {
            return;
        }
    }
}

/// The next entry: a line, with those that it is carried on to by a backslash.
fn next(source: &mut dyn BufRead, number: &mut u64) -> Option<Result<String, String>> {
    let mut entry = String::new();
    let mut wrong = None;
    loop {
        let Some(line) = line(source).transpose() else {
            // Carried on to nothing.
            let ended = entry.is_empty() && wrong.is_none();
            return (!ended).then(|| wrong.map_or(Ok(entry), Err));
        };
        *number += 1;
        let text = match line {
            Ok(bytes) => understood(bytes, *number),
            Err(error) => {
                tracing::warn!("Cannot read the console's input: {error}");
                return None;
            }
        };
        let goes_on = text.as_deref().is_ok_and(continued);
        match text {
            Ok(text) if entry.len() + text.len() <= ENTRY => entry.push_str(&text),
            Ok(_) => wrong = wrong.or(Some(too_long(*number))),
            Err(complaint) => wrong = wrong.or(Some(complaint)),
        }
        if !goes_on {
            return Some(wrong.map_or(Ok(entry), Err));
        }
        if entry.len() < ENTRY {
            entry.push('\n');
        }
    }
}

/// `bytes` as text, without its line end.
fn understood(bytes: Vec<u8>, number: u64) -> Result<String, String> {
    if bytes.len() > ENTRY {
        return Err(too_long(number));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("La ligne {number} n’est pas en UTF-8\u{a0}: elle est ignorée."))?;
    let text = text
        .strip_prefix('\u{feff}')
        .filter(|_| number == 1)
        .unwrap_or(&text);
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn too_long(number: u64) -> String {
    format!("La ligne {number} est trop longue\u{a0}: elle est ignorée.")
}

/// The next line of `source` with its end. Of one that is too long only as much as shows that it is.
fn line(source: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = u64::try_from(ENTRY).unwrap_or(u64::MAX) + 1;
    if source.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() > ENTRY && !line.ends_with(b"\n") {
        source.skip_until(b'\n')?;
    }
    Ok(Some(line))
}
