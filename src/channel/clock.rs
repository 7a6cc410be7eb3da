//! Time, as one more channel: a tick now and then, and again at once while there is much to do.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Channel, Inbox, Known};
use crate::message::{Heard, Incoming, Limits, Outcome, Outgoing, Verdict};

/// Hands in ticks.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Time between two ticks.
    pub period: Duration,
}

impl Channel for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let at = crate::clock::now();
            // Two ticks never share an id: the next one comes later.
            let id = format!("clock:{}", at.as_microsecond());
            let tick = Incoming {
                id,
                at,
                heard: Heard::Tick,
            };
            let Ok(receipt) = inbox.hand(tick).await else {
                return Ok(());
            };
            if receipt.verdict == Verdict::Done {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(self.period) => {}
                () = crate::clock::moved() => {}
            }
        }
    }

    async fn deliver(&self, _key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        Outcome::Dead {
            why: "The clock carries no messages".to_owned(),
        }
    }
}
