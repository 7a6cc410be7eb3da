//! What can be made to go wrong, for the next requests of some name.

use std::time::Duration;

use super::state::State;

/// A way for a request to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection closes before anything is done.
    DropBefore,
    /// The request takes effect, then the connection closes without an answer.
    DropAfter,
    /// The connection closes at once, and the request takes effect so much later: something in between has given up.
    Late(Duration),
    /// Nothing is done and nothing is ever answered: the client's own time limit must end it.
    Hang,
    /// The request takes effect and nothing is ever answered.
    HangAfter,
    /// Nothing is done: 500 with an `exception_id`.
    Internal,
    /// The request takes effect; the answer is 500 with an `exception_id`.
    InternalAfter,
    /// Nothing is done: this status with a page of HTML, as from a proxy or during maintenance.
    Html(u16),
    /// Nothing is done: 302 with this address.
    Moved(String),
    /// Nothing is done: 429 with these seconds to wait.
    TooMany(u64),
    /// So much real time passes, then the request is treated as usual.
    Slow(Duration),
    /// Fields resolved after so much work come back null with the code `timeout`. A field of a dossier costs 1, and
    /// `messages`, `avis`, `champs`, `annotations`, `traitements` 10.
    Timeout(u64),
    /// Nothing is done: 200 with a root error of this code and sentence, and no data.
    Root(String, String),
    /// The request takes effect; the answer stops in the middle of its body.
    Truncated,
}

/// How a dossier is always answered for, wherever its champs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The whole request ends in 500.
    Crashes,
    /// Something is null that may not be.
    Null,
    /// Something within it is hidden.
    Hides,
}

impl Fault {
    /// Whether the request is carried out all the same.
    pub(super) fn acts(&self) -> bool {
        matches!(
            self,
            Self::DropAfter
                | Self::HangAfter
                | Self::Late(_)
                | Self::InternalAfter
                | Self::Slow(_)
                | Self::Timeout(_)
                | Self::Truncated
        )
    }
}

/// A fault and the requests that it awaits.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Operation name, or name of a root field, or `upload`, `download`, or `*`.
    pub(super) name: String,
    pub(super) skip: u32,
    pub(super) times: u32,
    pub(super) fault: Fault,
}

impl State {
    /// The fault that strikes a request known under these names, used up by it.
    pub(super) fn strike(&mut self, names: &[String]) -> Option<Fault> {
        for planned in &mut self.faults {
            if planned.name != "*" && !names.contains(&planned.name) {
                continue;
            }
            if planned.skip > 0 {
                planned.skip -= 1;
            } else if planned.times > 0 {
                planned.times -= 1;
                return Some(planned.fault.clone());
            }
        }
        self.faults.retain(|planned| planned.times > 0);
        None
    }
}
