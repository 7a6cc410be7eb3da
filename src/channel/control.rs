//! The Unix socket by which the command line reaches the running daemon: one JSON request a line, one JSON answer each.
//!
//! Only the daemon's own user and root may speak: the socket is theirs alone, and the kernel says who connected.

pub mod client;
mod request;

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::client::{CallError, call};
pub use self::request::{
    Answer, DepositRequest, Failure, FileOf, LineRequest, MailRequest, Request, answer,
};
use super::{Channel, Inbox, Known};
use crate::message::{Limits, Outcome, Outgoing};

/// Octets of one request at most.
pub const REQUEST_MAX: usize = 64 * 1024 * 1024;
/// Callers at once; the next ones wait.
const CALLERS_MAX: usize = 8;
/// How long a call that is being answered may take once the daemon stops.
const GRACE: Duration = Duration::from_secs(10);

/// What answers `{"admin": …}`: export, verification, dead letters. Run on a blocking thread.
pub type Admin = Arc<dyn Fn(Value) -> anyhow::Result<Value> + Send + Sync>;

/// `[control]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Path of the socket.
    pub socket: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("var/greffier.sock"),
        }
    }
}

/// The control socket, open.
pub struct Control {
    path: PathBuf,
    listener: UnixListener,
    admin: Admin,
}

impl Drop for Control {
    fn drop(&mut self) {
        // What is left behind is recognised as stale, here and by callers.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Control {
    /// Opens the socket, in place of a stale one. An error where another daemon answers on it.
    pub async fn bind(settings: Settings, admin: Admin) -> anyhow::Result<Self> {
        let path = settings.socket;
        let shown = path.display();
        clear(&path).await?;
        let listener =
            UnixListener::bind(&path).with_context(|| format!("Cannot listen on {shown}"))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .with_context(|| format!("Cannot set the mode of {shown}"))?;
        Ok(Self {
            path,
            listener,
            admin,
        })
    }
}

async fn clear(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    if !std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        return Ok(());
    }
    anyhow::ensure!(
        UnixStream::connect(path).await.is_err(),
        "Another Greffier answers on {shown}"
    );
    std::fs::remove_file(path).with_context(|| format!("Cannot remove the stale socket {shown}"))
}

/// Whether the caller is root or the user that Greffier runs as.
fn is_ours(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|caller| {
        caller.uid() == 0 || caller.uid() == rustix::process::geteuid().as_raw()
    })
}

async fn serve(
    stream: UnixStream,
    inbox: Inbox,
    admin: Admin,
    stop: CancellationToken,
    _permit: OwnedSemaphorePermit,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        // One octet more than allowed tells a line too long from one that just fits.
        let mut limited = (&mut reader).take(REQUEST_MAX as u64 + 1);
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            read = limited.read_until(b'\n', &mut line) => read?,
        };
        if line.is_empty() {
            return Ok(());
        }
        let too_long = line.len() > REQUEST_MAX;
        let answer = if too_long {
            Answer::Error(Failure::new(
                "too_large",
                format!("a request has at most {REQUEST_MAX} octets"),
            ))
        } else {
            request::answer_line(&line, &inbox, &admin).await
        };
        let mut octets = serde_json::to_vec(&answer)?;
        octets.push(b'\n');
        writer.write_all(&octets).await?;
        if too_long {
            return Ok(());
        }
    }
}

impl Channel for Control {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let free = Arc::new(Semaphore::new(CALLERS_MAX));
        let mut callers = JoinSet::new();
        loop {
            let caller = async {
                let permit = Arc::clone(&free)
                    .acquire_owned()
                    .await
                    .map_err(std::io::Error::other)?;
                self.listener
                    .accept()
                    .await
                    .map(|(stream, _)| (stream, permit))
            };
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = callers.join_next() => {}
                caller = caller => match caller {
                    Ok((stream, permit)) if is_ours(&stream) => {
                        callers.spawn(serve(stream, inbox.clone(), Arc::clone(&self.admin), stop.clone(), permit));
                    }
                    Ok(_) => tracing::warn!("Another user called on the control socket and was not answered"),
                    Err(error) => {
                        tracing::warn!(%error, "Cannot accept a call on the control socket");
                        // Out of file descriptors: a moment's wait, rather than asking again at full speed.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        let ended = tokio::time::timeout(GRACE, async {
            while callers.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            tracing::warn!("Calls on the control socket were cut off after {GRACE:?}");
        }
        Ok(())
    }

    async fn deliver(&self, _key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        // Whoever called had the answer with the receipt, or is gone.
        Outcome::Dead {
            why: "the shell is answered at once or not at all".to_owned(),
        }
    }
}
