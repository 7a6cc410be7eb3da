//! A request to Discord.

use std::time::Duration;

use serde_json::Value;
use twilight_http_ratelimiting::Method;

use super::multipart::Attachment;

/// How long a request may take without its files.
const PATIENCE: Duration = Duration::from_secs(30);
/// Octets a second on the slowest line that is waited for.
const SLOWEST: u64 = 100_000;

/// A request.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) files: Vec<Attachment>,
    /// Whether it is for an interaction, whose own token stands in the path: no other is shown, and no limit of ours holds.
    pub(super) interaction: bool,
}

impl Request {
    fn new(method: Method, path: String, body: Option<Value>) -> Self {
        Self {
            method,
            path,
            body,
            files: Vec::new(),
            interaction: false,
        }
    }

    /// GET.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path.into(), None)
    }

    /// POST.
    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::Post, path.into(), Some(body))
    }

    /// PATCH.
    pub(super) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::Patch, path.into(), Some(body))
    }

    /// PUT.
    pub(super) fn put(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::Put, path.into(), Some(body))
    }

    /// The same, with files beside the body.
    pub(super) fn with(self, files: Vec<Attachment>) -> Self {
        Self { files, ..self }
    }

    /// The same, for an interaction.
    pub(super) fn of_interaction(self) -> Self {
        Self {
            interaction: true,
            ..self
        }
    }

    /// How long it may take: longer for more octets.
    pub(super) fn patience(&self) -> Duration {
        patience(
            self.files
                .iter()
                .map(|file| file.content.len() as u64)
                .sum(),
        )
    }
}

/// How long so many octets may be on their way.
pub(super) fn patience(octets: u64) -> Duration {
    PATIENCE + Duration::from_secs(octets / SLOWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_may_take_longer() {
        let file = |octets| Attachment {
            name: String::new(),
            media_type: String::new(),
            content: vec![0; octets],
        };
        let request = Request::post("x", Value::Null);
        assert_eq!(request.patience(), PATIENCE);
        let large = request.with(vec![file(10_000_000), file(10_000_000)]);
        assert!(large.patience() > Duration::from_mins(3));
    }
}
