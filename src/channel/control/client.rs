//! The command line's side of the control socket.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::REQUEST_MAX;
use super::request::{Answer, Request};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No daemon runs here: there is no socket, or one that nobody listens on any more.
    #[error("no running Greffier answers here")]
    NoDaemon,
    /// More than the daemon reads.
    #[error("the request has more than {REQUEST_MAX} octets")]
    TooLarge,
    /// There is a daemon, but speaking with it failed.
    #[error("cannot speak with the running Greffier: {0}")]
    Broken(#[from] io::Error),
    /// The daemon stopped before it answered. Whether the request was done is not known.
    #[error("Greffier stopped before it answered")]
    Stopped,
    /// What came back is no answer: daemon and command line are not of the same version.
    #[error("the running Greffier's answer cannot be read: {0}")]
    Garbled(#[source] serde_json::Error),
}

/// Asks the daemon behind the socket at `path`, and waits for its answer. Blocks the thread.
pub fn call(path: &Path, request: &Request) -> Result<Answer, CallError> {
    let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
    line.push(b'\n');
    if line.len() > REQUEST_MAX {
        return Err(CallError::TooLarge);
    }
    let mut stream = UnixStream::connect(path).map_err(unreachable)?;
    stream.write_all(&line)?;
    let mut answer = Vec::new();
    BufReader::new(stream).read_until(b'\n', &mut answer)?;
    if answer.last() != Some(&b'\n') {
        return Err(CallError::Stopped);
    }
    serde_json::from_slice(&answer).map_err(CallError::Garbled)
}

fn unreachable(error: io::Error) -> CallError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => CallError::NoDaemon,
        _ => CallError::Broken(error),
    }
}
