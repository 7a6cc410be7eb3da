//! What went wrong with Discord, in so far as it changes what is done next.

use std::time::Duration;

use serde_json::Value;

use crate::message::Outcome;

/// Messages older than an hour were edited as often as is allowed.
pub(super) const OLD_EDITS: u64 = 30_046;
/// The bot is not in the server, or does not see the channel.
pub(super) const MISSING_ACCESS: u64 = 50_001;
/// It may not do that there.
pub(super) const MISSING_PERMISSIONS: u64 = 50_013;
/// The person takes no private messages from it.
pub(super) const CLOSED_DIRECT: u64 = 50_007;
/// The thread is archived.
pub(super) const ARCHIVED: u64 = 50_083;
/// There is no such channel, or thread.
pub(super) const UNKNOWN_CHANNEL: u64 = 10_003;
/// There is no such message.
pub(super) const UNKNOWN_MESSAGE: u64 = 10_008;
/// An interaction that came too late, or never was.
pub(super) const UNKNOWN_INTERACTION: u64 = 10_062;
/// An interaction that was acknowledged before.
pub(super) const ACKNOWLEDGED: u64 = 40_060;
/// The thread is locked.
pub(super) const LOCKED: u64 = 160_005;
/// The message has its thread already.
pub(super) const HAS_THREAD: u64 = 160_004;

/// Why nothing was sent at all.
pub(super) const NO_CONNECTION: &str = "no connection";

/// Why a call failed. No text of Discord is kept: it may hold what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Discord cannot be reached.
    #[error("Discord cannot be reached ({0})")]
    Away(String),
    /// It answers that it is not well.
    #[error("Discord is not well ({0})")]
    Unwell(u16),
    /// It wants to be left alone for a while.
    #[error("Discord asks to wait {} seconds", .0.as_secs())]
    Limited(Duration),
    /// It does not accept the token.
    #[error("Discord does not accept the token")]
    Unauthorized,
    /// This one thing is not allowed or not possible.
    #[error("Discord refuses ({status}, code {code})")]
    Denied {
        /// The HTTP status.
        status: u16,
        /// Its error code, 0 where it gives none.
        code: u64,
    },
    /// So much was refused lately that nothing more is asked for a while.
    #[error("too many requests were refused: none is made for {} seconds", .0.as_secs())]
    Broken(Duration),
    /// Something of our own failed.
    #[error("{0}")]
    Local(String),
    /// A person must decide first. What to do is said.
    #[error("{0}")]
    Person(String),
}

impl Fault {
    /// What an answer of that status and body means, if it is a failure.
    pub(super) fn of(status: u16, body: &Value, retry_after: Option<f64>) -> Option<Self> {
        let code = body.get("code").and_then(Value::as_u64).unwrap_or(0);
        match status {
            200..=299 => None,
            401 => Some(Self::Unauthorized),
            429 if code == OLD_EDITS => Some(Self::Denied { status, code }),
            429 => {
                let asked = body.get("retry_after").and_then(Value::as_f64);
                let seconds = asked.or(retry_after).unwrap_or(5.0);
                Some(Self::Limited(wait(seconds)))
            }
            500.. => Some(Self::Unwell(status)),
            status => Some(Self::Denied { status, code }),
        }
    }

    /// Whether it is Discord's error `code`.
    pub(super) fn is(&self, wanted: u64) -> bool {
        matches!(self, Self::Denied { code, .. } if *code == wanted)
    }

    /// Whether the same may come right in a moment.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Unwell(_))
    }

    /// Whether what was asked may have been done all the same: the connection broke before the answer.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Away(why) if why != NO_CONNECTION)
    }

    /// Whether a thread takes nothing from Greffier, whatever its room does.
    pub(super) fn bars(&self) -> bool {
        let bars = [MISSING_ACCESS, MISSING_PERMISSIONS, ARCHIVED, LOCKED];
        matches!(self, Self::Denied { code, .. } if bars.contains(code))
    }

    /// What it means for a row of the outbox.
    pub(super) fn outcome(&self) -> Outcome {
        let why = self.to_string();
        match self {
            Self::Limited(after) | Self::Broken(after) => Outcome::Held { after: *after, why },
            Self::Away(_) => Outcome::Held {
                after: Duration::from_secs(5),
                why,
            },
            Self::Unauthorized | Self::Person(_) => Outcome::Held {
                after: Duration::from_mins(1),
                why,
            },
            Self::Denied {
                code: CLOSED_DIRECT,
                ..
            } => Outcome::Dead {
                why: "the person takes no private messages from Greffier".to_owned(),
            },
            Self::Denied { .. } if self.bars() => Outcome::Retry {
                after: Some(Duration::from_mins(5)),
                why,
            },
            Self::Denied { .. } => Outcome::Dead { why },
            // It may be this one message that Discord fails at: what is behind must not wait for it for ever.
            Self::Unwell(_) | Self::Local(_) => Outcome::Retry { after: None, why },
        }
    }
}

/// A wait that Discord asks for, kept to what makes sense.
fn wait(seconds: f64) -> Duration {
    let seconds = if seconds.is_finite() { seconds } else { 5.0 };
    Duration::from_secs_f64(seconds.clamp(0.1, 3_600.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses_and_codes_decide() {
        assert_eq!(Fault::of(204, &Value::Null, None), None);
        assert_eq!(
            Fault::of(401, &json!({ "code": 0 }), None),
            Some(Fault::Unauthorized)
        );
        let limited = Fault::of(429, &json!({ "retry_after": 1.5 }), None);
        assert_eq!(limited, Some(Fault::Limited(Duration::from_millis(1_500))));
        let odd = Fault::of(429, &json!({ "retry_after": 1e99 }), None);
        assert_eq!(odd, Some(Fault::Limited(Duration::from_hours(1))));
        let bare = Fault::of(429, &Value::Null, Some(f64::NAN));
        assert_eq!(bare, Some(Fault::Limited(Duration::from_secs(5))));
        assert_eq!(Fault::of(503, &Value::Null, None), Some(Fault::Unwell(503)));
        assert!(
            Fault::of(404, &json!({ "code": 10_003 }), None)
                .unwrap()
                .is(UNKNOWN_CHANNEL)
        );
    }

    #[test]
    fn what_may_come_right_is_tried_again_and_nothing_else() {
        let denied = |code| Fault::Denied { status: 403, code }.outcome();
        assert!(matches!(denied(MISSING_ACCESS), Outcome::Retry { .. }));
        assert!(matches!(denied(CLOSED_DIRECT), Outcome::Dead { .. }));
        assert!(matches!(denied(50_035), Outcome::Dead { .. }));
        let unwell = Fault::Unwell(500).outcome();
        assert!(matches!(unwell, Outcome::Retry { after: None, .. }));
        let away = Fault::Away(NO_CONNECTION.to_owned()).outcome();
        assert!(matches!(away, Outcome::Held { .. }));
        assert!(matches!(
            Fault::Unauthorized.outcome(),
            Outcome::Held { .. }
        ));
    }
}
