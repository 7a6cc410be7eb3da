//! What standard input and output are.

use std::fs::File;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;

use rustix::termios::{self, OptionalActions, Termios};

use super::{Color, Mode};

/// How the console speaks with what standard input and output are.
pub(super) fn mode() -> Mode {
    let input = io::stdin();
    if input.is_terminal() {
        if in_background() {
            // Reading, or setting the terminal up, would stop the process (SIGTTIN, SIGTTOU).
            return Mode::Off;
        }
        return if io::stdout().is_terminal() {
            Mode::Terminal
        } else {
            Mode::Plain
        };
    }
    // A closed standard input is /dev/null by now: the runtime opens it.
    let kind = input
        .as_fd()
        .try_clone_to_owned()
        .and_then(|input| Ok(File::from(input).metadata()?.file_type()));
    match kind {
        Ok(kind) if kind.is_fifo() || kind.is_file() || kind.is_socket() => Mode::Plain,
        _ => Mode::Off,
    }
}

/// Whether output is painted, by `color`, the terminal and the environment.
pub(super) fn colors(color: Color) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    painted(color, io::stdout().is_terminal(), set("NO_COLOR"), dumb)
}

fn painted(color: Color, terminal: bool, no_color: bool, dumb: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !no_color && !dumb,
    }
}

fn in_background() -> bool {
    match termios::tcgetpgrp(io::stdin()) {
        Ok(foreground) => foreground != rustix::process::getpgrp(),
        // Not our controlling terminal: nobody would stop us.
        Err(_) => false,
    }
}

/// The settings of the terminal as they were found, to be put back when the editor cannot do it itself.
pub(super) struct Found(Option<Termios>);

impl Found {
    /// The settings as they are now.
    pub(super) fn now() -> Self {
        Self(termios::tcgetattr(io::stdin()).ok())
    }

    /// Puts them back, and goes to a line of its own.
    pub(super) fn put_back(&self) {
        let Some(found) = &self.0 else { return };
        if termios::tcsetattr(io::stdin(), OptionalActions::Now, found).is_ok() {
            let mut output = io::stdout();
            // Ends bracketed paste, which the editor began. The terminal may be gone: then nobody misses it.
            let _ = output
                .write_all(b"\x1b[?2004l\r\n")
                .and_then(|()| output.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_option_then_the_environment() {
        assert!(painted(Color::Auto, true, false, false));
        assert!(!painted(Color::Auto, false, false, false));
        assert!(!painted(Color::Auto, true, true, false));
        assert!(!painted(Color::Auto, true, false, true));
        assert!(painted(Color::Always, false, true, true));
        assert!(!painted(Color::Never, true, false, false));
    }
}
