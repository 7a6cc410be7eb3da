//! Rate limits: buckets of a route, one for all, and the count of requests that lead to a ban.

use std::collections::BTreeMap;

use super::route::Call;

/// What a test switches on. Nothing is limited by default.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    limits: Vec<Limit>,
    /// So many requests a second, of all routes.
    pub(crate) global: Option<u32>,
    /// So many more edits of messages that are older than an hour.
    pub(crate) old_edits: Option<u32>,
    /// After so many invalid requests nothing is answered any more but that.
    pub(crate) ban: Option<u32>,
    all: Window,
    windows: BTreeMap<String, Window>,
}

/// So many requests in so many milliseconds to a route.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    pub(crate) method: String,
    /// The path with its parameters as `{}`; nothing is every path.
    pub(crate) template: String,
    pub(crate) count: u32,
    pub(crate) milliseconds: u64,
    /// It is of the resource, whoever asks.
    pub(crate) shared: bool,
}

#[derive(Debug, Default)]
struct Window {
    since: u64,
    used: u32,
}

impl Window {
    /// Takes one of `count`, or says in how many milliseconds there is one again.
    fn take(&mut self, now: u64, count: u32, milliseconds: u64) -> Result<u32, u64> {
        if now >= self.since + milliseconds {
            self.since = now;
            self.used = 0;
        }
        if self.used >= count {
            return Err(self.since + milliseconds - now);
        }
        self.used += 1;
        Ok(count - self.used)
    }
}

/// What is said of the limits with an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The answer is 429, in so many milliseconds again, global or not.
    pub(crate) limited: Option<(u64, bool)>,
    /// It counts against the one who asked.
    pub(crate) shared: bool,
}

impl Rates {
    pub(crate) fn limit(&mut self, limit: Limit) {
        self.limits.push(limit);
    }

    /// Counts one request at `now`.
    pub(crate) fn count(&mut self, call: &Call, now: u64) -> Said {
        if let Some(global) = self.global
            && !call.interaction()
            && let Err(wait) = self.all.take(now, global, 1000)
        {
            return Said {
                headers: vec![
                    ("x-ratelimit-global", "true".to_owned()),
                    ("x-ratelimit-scope", "global".to_owned()),
                    ("retry-after", seconds_up(wait)),
                ],
                limited: Some((wait, true)),
                shared: false,
            };
        }
        let template = call.template();
        let found = self.limits.iter().find(|limit| {
            (limit.method.is_empty() || limit.method == call.method)
                && (limit.template.is_empty() || limit.template == template)
        });
        let Some(limit) = found.cloned() else {
            return Said::default();
        };
        let bucket = format!("{} {template}", call.method);
        let own = format!("{bucket} {}", call.major());
        let window = self.windows.entry(own).or_default();
        let taken = window.take(now, limit.count, limit.milliseconds);
        let reset = window.since + limit.milliseconds;
        let mut headers = vec![
            ("x-ratelimit-limit", limit.count.to_string()),
            ("x-ratelimit-remaining", taken.unwrap_or(0).to_string()),
            ("x-ratelimit-reset", seconds(reset)),
            ("x-ratelimit-reset-after", seconds(reset - now)),
            ("x-ratelimit-bucket", hash(&bucket)),
        ];
        let limited = taken.err();
        if let Some(wait) = limited {
            let scope = if limit.shared { "shared" } else { "user" };
            headers.push(("x-ratelimit-scope", scope.to_owned()));
            headers.push(("retry-after", seconds_up(wait)));
        }
        Said {
            headers,
            limited: limited.map(|wait| (wait, false)),
            shared: limit.shared,
        }
    }
}

/// Milliseconds as seconds with a point.
pub(crate) fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

fn seconds_up(milliseconds: u64) -> String {
    milliseconds.div_ceil(1000).to_string()
}

/// A name that does not tell the route.
fn hash(text: &str) -> String {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{sum:016x}")
}
