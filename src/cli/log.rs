//! Where logs go: to standard error, or above the line that somebody is typing on the same terminal.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{PoisonError, RwLock};

use crate::channel::console::{Console, Mode};

type Above = Box<dyn Fn(String) + Send + Sync>;

/// What writes above a line that is being typed. The log is set up once for the process, before there is a console.
static ABOVE: RwLock<Option<Above>> = RwLock::new(None);

/// One line of the log on its way.
pub(super) struct Log;

impl Write for Log {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let above = ABOVE.read().unwrap_or_else(PoisonError::into_inner);
        match above.as_deref() {
            Some(above) => above(String::from_utf8_lossy(lines).into_owned()),
            None => io::stderr().write_all(lines)?,
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Logs above what is typed on `console`, until the answer is dropped.
pub(super) fn beside(console: &Console) -> Beside {
    if console.mode() == Mode::Terminal && io::stderr().is_terminal() {
        set(Some(Box::new(console.above())));
    }
    Beside
}

/// As long as it is held, logs may go above what is typed.
pub(super) struct Beside;

impl Drop for Beside {
    fn drop(&mut self) {
        set(None);
    }
}

fn set(above: Option<Above>) {
    *ABOVE.write().unwrap_or_else(PoisonError::into_inner) = above;
}
