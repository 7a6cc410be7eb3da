//! Why a connection cannot go on, in words that are safe to log.

use std::fmt;
use std::io;

use async_imap::imap_proto::{Outcome, ResponseCode};

use crate::channel::clamd::Away;

/// Why a connection cannot go on. Nothing of it is personal, whatever the server said.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection broke, or cannot be made.
    #[error("the connection is lost: {0}")]
    Lost(String),
    /// The server said NO or BAD.
    #[error("the server refuses {command}{code}")]
    Refused {
        /// The command.
        command: &'static str,
        /// The response code (RFC 5530) that it gave.
        code: Code,
    },
    /// The server does not let us in, and trying again will not help.
    #[error("the server refuses the login{0}")]
    Login(Code),
    /// Nothing can be scanned. The scanner itself says when it goes and returns.
    #[error(transparent)]
    Unscanned(#[from] Away),
    /// A file of ours cannot be read or written.
    #[error("{what}: {error}")]
    Local {
        /// What could not be done.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// The daemon stops.
    #[error("Greffier is stopping")]
    Stopping,
}

/// A response code such as `OVERQUOTA`, empty where the server gave none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Code(String);

impl Code {
    /// Whether the server gave that code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.0 == code
    }

    pub(super) fn of(outcome: &Outcome<'_>) -> Self {
        if let Some(code) = &outcome.code {
            return Self(match code {
                ResponseCode::TryCreate => "TRYCREATE".to_owned(),
                ResponseCode::ReadOnly => "READ-ONLY".to_owned(),
                _ => String::new(),
            });
        }
        // The grammar knows the codes of RFC 3501 only; those of RFC 5530 are left in the text.
        let text = outcome.information.as_deref().unwrap_or_default();
        let code = text
            .strip_prefix('[')
            .and_then(|text| text.split([']', ' ']).next())
            .unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        Self(code.chars().filter(|c| plain(*c)).take(30).collect()).in_capitals()
    }

    fn in_capitals(self) -> Self {
        Self(self.0.to_ascii_uppercase())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => Ok(()),
            code => write!(f, " ({code})"),
        }
    }
}

impl Fault {
    /// A connection that broke. What async-imap says of an answer that it cannot read has the answer in it: only the kind
    /// of the error is kept.
    pub(super) fn lost(error: &io::Error) -> Self {
        Self::Lost(match error.kind() {
            io::ErrorKind::Other => "an answer cannot be understood".to_owned(),
            kind => kind.to_string(),
        })
    }
}
