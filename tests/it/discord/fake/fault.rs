//! Failures that a test asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::route::Call;

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// This status instead of the act, with a body that is not JSON where it is 5xx.
    Status(u16),
    /// This status and this code of Discord's instead of the act.
    Refused(u16, u64),
    /// The connection is closed and nothing is done.
    CutBefore,
    /// It is done, and the connection is closed instead of the answer.
    CutAfter,
    /// It is done at once, and the answer comes so much later.
    Late(Duration),
    /// Nothing is done until the gate is opened.
    HeldBefore(Gate),
    /// It is done at once, and answered when the gate is opened.
    HeldAfter(Gate),
}

/// A failure, for so many of the next requests that begin so.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Nothing is any method.
    pub(crate) method: String,
    /// A part of the path; nothing is any.
    pub(crate) path: String,
    pub(crate) times: u32,
    pub(crate) failure: Failure,
}

impl Fault {
    fn meets(&self, call: &Call) -> bool {
        self.times > 0
            && (self.method.is_empty() || self.method == call.method)
            && call.path.contains(&self.path)
    }
}

/// The failure of this request, which is one less to come.
pub(crate) fn next(faults: &mut Vec<Fault>, call: &Call) -> Option<Failure> {
    let fault = faults.iter_mut().find(|fault| fault.meets(call))?;
    fault.times -= 1;
    let failure = fault.failure.clone();
    faults.retain(|fault| fault.times > 0);
    Some(failure)
}

/// What requests wait at until a test opens it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<(AtomicBool, Notify)>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.0.store(true, Ordering::SeqCst);
        self.0.1.notify_waiters();
    }

    pub(crate) async fn pass(&self) {
        let opened = self.0.1.notified();
        tokio::pin!(opened);
        // Registered before it is looked at, so that an opening in between is not missed.
        opened.as_mut().enable();
        if !self.0.0.load(Ordering::SeqCst) {
            opened.await;
        }
    }
}
