//! Discord's HTTP API (version 10): one request at a time leaves when the limits of its route allow it.
//!
//! The token, and those of interactions, stand in no log: neither does the path of a request, which may hold one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use twilight_http_ratelimiting::{Endpoint, Method, Permit, RateLimitHeaders, RateLimiter};

use super::breaker::Breaker;
use super::fault::{Fault, NO_CONNECTION};
use super::multipart::multipart;
pub(super) use super::request::Request;
use super::request::patience;

/// Where Discord is.
const DISCORD: &str = "https://discord.com";
/// How long a request waits for the limits of its route before the message is held.
const IN_LINE: Duration = Duration::from_secs(20);
/// Waits after which a broken connection is tried again before the message is held.
const BLIPS: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_500),
];
/// Octets of an answer at most.
const ANSWER: usize = 8 * 1024 * 1024;
/// Requests a second over all routes; Discord takes fifty.
const GLOBAL: u16 = 40;
/// Where Greffier is to be found, which Discord wants to be told.
const HOME: &str = if env!("CARGO_PKG_REPOSITORY").is_empty() {
    "https://greffier.invalid"
} else {
    env!("CARGO_PKG_REPOSITORY")
};

/// Who we are, in the form that Discord wants: it turns away all others.
fn agent() -> String {
    format!("DiscordBot ({HOME}, {})", env!("CARGO_PKG_VERSION"))
}

/// The way to Discord for one token.
pub(super) struct Api {
    http: reqwest::Client,
    base: String,
    token: SecretString,
    limiter: RateLimiter,
    breaker: Arc<Breaker>,
    /// Nothing leaves before: Discord said so for all routes together.
    shut: Mutex<Option<Instant>>,
    /// Whether the base is a test's.
    pub(super) elsewhere: bool,
}

impl Api {
    /// The API at `base`, or Discord's own.
    pub(super) fn new(
        base: Option<&str>,
        token: SecretString,
        breaker: Arc<Breaker>,
    ) -> Result<Self, Fault> {
        let builder = reqwest::Client::builder()
            .user_agent(agent())
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none());
        let builder = if base.is_some() {
            builder.no_proxy()
        } else {
            builder.https_only(true)
        };
        let http = builder
            .build()
            .map_err(|_| Fault::Local("no HTTP client can be made".to_owned()))?;
        Ok(Self {
            http,
            base: base.unwrap_or(DISCORD).trim_end_matches('/').to_owned(),
            token,
            limiter: RateLimiter::new(GLOBAL),
            breaker,
            shut: Mutex::new(None),
            elsewhere: base.is_some(),
        })
    }

    /// The token, for the gateway.
    pub(super) fn token(&self) -> &SecretString {
        &self.token
    }

    /// How long nothing is asked because too much was refused, if that is so.
    pub(super) fn silent(&self) -> Option<Duration> {
        self.breaker.closed_for(Instant::now())
    }

    /// What Discord answers to `request`, as JSON.
    pub(super) async fn ask(&self, request: Request) -> Result<Value, Fault> {
        // People who wait for an answer get it: their interactions have limits of their own.
        if let Some(wait) = self.silent().filter(|_| !request.interaction) {
            return Err(Fault::Broken(wait));
        }
        let permit = if request.interaction {
            None
        } else {
            Some(self.permit(&request).await?)
        };
        let started = std::time::Instant::now();
        let answered = self.exchange(&request).await;
        metrics::histogram!("greffier_discord_request_seconds").record(started.elapsed());
        let (status, headers, body) = match answered {
            Ok(answered) => answered,
            Err(fault) => {
                if let Some(permit) = permit {
                    permit.complete(None);
                }
                return Err(fault);
            }
        };
        if let Some(permit) = permit {
            permit.complete(limits(&headers));
        }
        let shared = text(&headers, "x-ratelimit-scope").is_some_and(|scope| scope == "shared");
        if matches!(status, 401 | 403) || status == 429 && !shared {
            self.refused(status);
        }
        let retry_after = text(&headers, RETRY_AFTER.as_str()).and_then(|after| after.parse().ok());
        match Fault::of(status, &body, retry_after) {
            None => Ok(body),
            Some(fault) => {
                if let Fault::Limited(wait) = &fault {
                    metrics::counter!("greffier_discord_limited_total").increment(1);
                    if body.get("global") == Some(&Value::Bool(true)) {
                        let until = Instant::now() + *wait;
                        *self.shut.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
                    }
                }
                Err(fault)
            }
        }
    }

    /// The same for what may be asked twice: what may come right in a moment is tried again at once.
    pub(super) async fn insist(&self, request: Request) -> Result<Value, Fault> {
        for wait in BLIPS {
            match self.ask(request.clone()).await {
                Err(fault) if fault.is_passing() => tokio::time::sleep(wait).await,
                answered => return answered,
            }
        }
        self.ask(request).await
    }

    fn refused(&self, status: u16) {
        metrics::counter!("greffier_discord_refused_total").increment(1);
        if self.breaker.refused(Instant::now()) {
            tracing::error!(
                status,
                "Discord refuses too many requests: nothing is asked of it for ten minutes, lest it bans this address"
            );
        }
    }

    async fn permit(&self, request: &Request) -> Result<Permit, Fault> {
        let shut = *self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = shut.map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(Fault::Limited(wait));
        }
        let path = request.path.split('?').next().unwrap_or_default();
        let endpoint = Endpoint {
            method: request.method,
            path: path.to_owned(),
        };
        timeout(IN_LINE, self.limiter.acquire(endpoint))
            .await
            .map_err(|_| Fault::Limited(Duration::from_secs(5)))
    }

    async fn exchange(&self, request: &Request) -> Result<(u16, HeaderMap, Value), Fault> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Put => reqwest::Method::PUT,
            _ => reqwest::Method::DELETE,
        };
        let url = format!("{}/api/v10/{}", self.base, request.path);
        let mut builder = self.http.request(method, url).timeout(request.patience());
        if !request.interaction {
            let token = format!("Bot {}", self.token.expose_secret());
            builder = builder.header(AUTHORIZATION, token);
        }
        if let Some(body) = &request.body {
            let body = body.to_string();
            builder = if request.files.is_empty() {
                builder.header(CONTENT_TYPE, "application/json").body(body)
            } else {
                let (kind, body) = multipart(&body, &request.files);
                builder.header(CONTENT_TYPE, kind).body(body)
            };
        }
        let away = |error: &reqwest::Error| Fault::Away(transport(error).to_owned());
        let mut response = builder.send().await.map_err(|error| away(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| away(&error))? {
            if body.len() + chunk.len() > ANSWER {
                return Err(Fault::Local("an answer of Discord is too large".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((
            status,
            headers,
            serde_json::from_slice(&body).unwrap_or(Value::Null),
        ))
    }

    /// Fetches what somebody attached, at most `most` octets. None where it cannot be had.
    pub(super) async fn fetch(&self, url: &str, most: u64) -> Option<Vec<u8>> {
        if !self.may_fetch(url) {
            return None;
        }
        let asked = self.http.get(url).timeout(patience(most));
        let mut response = asked.send().await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let mut content = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            if (content.len() + chunk.len()) as u64 > most {
                return None;
            }
            content.extend_from_slice(&chunk);
        }
        Some(content)
    }

    /// Whether `url` is where Discord keeps what people attach: nothing else is ever fetched.
    fn may_fetch(&self, url: &str) -> bool {
        if self.elsewhere {
            return url
                .strip_prefix(&self.base)
                .is_some_and(|rest| rest.starts_with('/'));
        }
        [
            "https://cdn.discordapp.com/",
            "https://media.discordapp.net/",
        ]
        .iter()
        .any(|host| url.starts_with(host))
    }
}

fn transport(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        NO_CONNECTION
    } else {
        "the connection broke"
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What the answer says of its route's limits. A limit over all routes is none of a route.
fn limits(headers: &HeaderMap) -> Option<RateLimitHeaders> {
    let number = |name: &str| text(headers, name)?.parse::<u16>().ok();
    let bucket = text(headers, "x-ratelimit-bucket")?.as_bytes().to_vec();
    match text(headers, "x-ratelimit-scope") {
        Some("global") => return None,
        Some("shared") => {
            let after = text(headers, RETRY_AFTER.as_str())?.parse::<f32>().ok()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is kept to what fits"
            )]
            let seconds = after.ceil().clamp(1.0, 3_600.0) as u16;
            return Some(RateLimitHeaders::shared(bucket, seconds));
        }
        Some(_) | None => {}
    }
    let reset: f64 = text(headers, "x-ratelimit-reset-after")?.parse().ok()?;
    let reset = Duration::try_from_secs_f64(reset.clamp(0.0, 3_600.0)).ok()?;
    Some(RateLimitHeaders {
        bucket,
        limit: number("x-ratelimit-limit")?,
        remaining: number("x-ratelimit-remaining")?,
        reset_at: std::time::Instant::now() + reset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_fetched_from_discord_and_from_nowhere_else() {
        let at = |base| Api::new(base, SecretString::from("x"), Arc::default()).unwrap();
        let api = at(None);
        assert!(api.may_fetch("https://cdn.discordapp.com/attachments/1/2/a.pdf?ex=1"));
        for odd in [
            "http://cdn.discordapp.com/a",
            "https://cdn.discordapp.com.evil.example/a",
            "https://evil.example/?https://cdn.discordapp.com/",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!api.may_fetch(odd), "{odd}");
        }
        let test = at(Some("http://127.0.0.1:1"));
        assert!(test.may_fetch("http://127.0.0.1:1/a"));
        assert!(!test.may_fetch("http://127.0.0.1:12/a"));
        assert!(!test.may_fetch("https://cdn.discordapp.com/a"));
    }

    #[test]
    fn the_agent_names_an_address_and_a_version() {
        let agent = agent();
        let inside = agent.strip_prefix("DiscordBot (https://").unwrap();
        let (address, version) = inside.split_once(", ").unwrap();
        assert!(!address.is_empty() && !address.contains("example"));
        assert_eq!(version, format!("{})", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn limits_are_read_from_headers_and_odd_ones_ignored() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        let whole = [
            ("x-ratelimit-bucket", "b"),
            ("x-ratelimit-limit", "5"),
            ("x-ratelimit-remaining", "4"),
            ("x-ratelimit-reset-after", "1.5"),
        ];
        let read = limits(&headers(&whole)).unwrap();
        assert_eq!((read.limit, read.remaining), (5, 4));
        assert!(limits(&headers(&whole[..3])).is_none());
        let odd = [
            whole[0],
            whole[1],
            whole[2],
            ("x-ratelimit-reset-after", "NaN"),
        ];
        assert!(limits(&headers(&odd)).is_none());
    }
}
