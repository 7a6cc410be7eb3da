//! HTTP: deposits by other programs, and what a supervisor asks.

mod body;
mod deposit;
pub mod export;
pub mod health;
pub mod problem;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::{Extension, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::health::Health;
use self::problem::Problem;
use super::{Channel, Inbox, Known};
use crate::message::{Limits, Outcome, Outgoing};

/// How long a request that is being answered may take once the daemon stops.
const GRACE: Duration = Duration::from_secs(10);
/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(5);
/// Header fields of a request at most.
const HEADERS_MAX: usize = 64;
/// Octets of a request's head at most.
const HEAD_MAX: usize = 32 * 1024;
/// Deposits read at once: each may hold one file in memory.
const DEPOSITS_MAX: usize = 8;

/// `[http]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port. Whoever opens it to more than loopback puts TLS before it.
    pub listen: String,
    /// File that holds the token that deposits must carry. It is made at the first start where it is missing.
    pub token_file: Option<PathBuf>,
    /// The token itself, read from that file. Without one there are no deposits over HTTP.
    #[serde(skip)]
    pub token: Option<SecretString>,
    /// Octets of a dossier's JSON at most.
    pub max_json_bytes: usize,
    /// Octets of one file at most.
    pub max_file_bytes: usize,
    /// Octets of one deposit at most, all files together.
    pub max_total_bytes: usize,
    /// Files of one deposit at most.
    pub max_files: usize,
    /// Clients at once; the next ones wait.
    pub max_connections: usize,
    /// Seconds that a deposit may take to arrive, and again to be committed.
    pub request_seconds: u64,
    /// Where people find this server, as `https://…`: links to exports that are too large for a chat lead there. Without
    /// it there are none.
    pub public_url: Option<String>,
    /// Whether `/metrics` answers others than loopback.
    pub metrics_for_all: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            token_file: None,
            token: None,
            max_json_bytes: 1024 * 1024,
            max_file_bytes: 20 * 1024 * 1024,
            max_total_bytes: 100 * 1024 * 1024,
            max_files: 50,
            max_connections: 64,
            request_seconds: 60,
            public_url: None,
            metrics_for_all: false,
        }
    }
}

impl Settings {
    /// [`public_url`](Self::public_url) without a slash at its end.
    pub fn public_url(&self) -> Option<String> {
        let url = self.public_url.as_deref()?.trim_end_matches('/');
        Some(url.to_owned())
    }

    /// What is wrong with it.
    pub fn faults(&self) -> Vec<String> {
        let url = self.public_url.as_deref();
        let sound = url.is_none_or(|url| {
            let host = url.strip_prefix("https://");
            let host = host.or_else(|| url.strip_prefix("http://127.0.0.1"));
            host.is_some()
                && url.len() > "https://".len()
                && !url.contains(['?', '#', ' ', '<', '>', '`'])
        });
        let what =
            "http.public_url: write where people find Greffier, as https://greffier.example.fr";
        if sound {
            Vec::new()
        } else {
            vec![what.to_owned()]
        }
    }
}

/// The HTTP server, with its socket open.
pub struct Http {
    settings: Arc<Settings>,
    listener: TcpListener,
    health: Arc<Health>,
    metrics: Option<PrometheusHandle>,
    exports: Option<Arc<export::Exports>>,
    /// Where dossiers are deposited, if that is not here.
    site: Option<Arc<str>>,
}

/// What the handlers need.
#[derive(Clone)]
struct Desk {
    settings: Arc<Settings>,
    inbox: Inbox,
    health: Arc<Health>,
    metrics: Option<PrometheusHandle>,
    deposits: Arc<Semaphore>,
    exports: Option<Arc<export::Exports>>,
    site: Option<Arc<str>>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
struct Peer(IpAddr);

impl Http {
    /// Opens the socket. An error says which address cannot be had.
    pub async fn bind(
        settings: Settings,
        health: Arc<Health>,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        let address = &settings.listen;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "Cannot listen on {address}: is the port taken? Change `http.listen` in bot.toml"
            )
        })?;
        Ok(Self {
            settings: Arc::new(settings),
            listener,
            health,
            metrics,
            exports: None,
            site: None,
        })
    }

    /// Serves exports, of which `exports` knows which ones wait.
    #[must_use]
    pub fn serving(mut self, exports: Arc<export::Exports>) -> Self {
        self.exports = Some(exports);
        self
    }

    /// Takes no deposits: they are made on `site`.
    #[must_use]
    pub fn deposits_on(mut self, site: Option<&str>) -> Self {
        self.site = site.map(Arc::from);
        self
    }

    /// Where it really listens: the port asked as 0 has a number here.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    fn router(&self, inbox: Inbox) -> Router {
        let desk = Desk {
            settings: Arc::clone(&self.settings),
            inbox,
            health: Arc::clone(&self.health),
            metrics: self.metrics.clone(),
            deposits: Arc::new(Semaphore::new(DEPOSITS_MAX)),
            exports: self.exports.clone(),
            site: self.site.clone(),
        };
        Router::new()
            .route("/api/demarches/{demarche}/dossiers", post(deposit::deposit))
            .route("/exports/{word}", get(export::page).post(export::fetch))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .fallback(nothing)
            .method_not_allowed_fallback(not_allowed)
            .layer(axum::middleware::map_response(guarded))
            .with_state(desk)
    }
}

async fn ready(State(desk): State<Desk>) -> Response {
    let checks = desk.health.checks();
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(serde_json::json!({ "ready": ready, "checks": checks })),
    )
        .into_response()
}

async fn metrics(
    State(desk): State<Desk>,
    Extension(Peer(peer)): Extension<Peer>,
) -> Result<Response, Problem> {
    match &desk.metrics {
        Some(metrics) if desk.settings.metrics_for_all || peer.is_loopback() => Ok((
            [(CONTENT_TYPE, "text/plain; version=0.0.4")],
            metrics.render(),
        )
            .into_response()),
        _ => Err(nothing().await),
    }
}

async fn nothing() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "Introuvable",
        "Il n’y a rien à cette adresse.",
    )
}

async fn not_allowed() -> Problem {
    let detail = "Cette adresse ne connaît pas cette méthode.";
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "Méthode non permise",
        detail,
    )
}

/// No answer is kept, guessed at, framed or run by a browser.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn serve(
    stream: TcpStream,
    router: Router,
    stop: CancellationToken,
    _permit: OwnedSemaphorePermit,
) {
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "An HTTP client left without a word");
    }
}

impl Channel for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let router = self.router(inbox);
        let free = Arc::new(Semaphore::new(
            self.settings
                .max_connections
                .clamp(1, Semaphore::MAX_PERMITS),
        ));
        let mut clients = JoinSet::new();
        loop {
            let client = async {
                let permit = Arc::clone(&free)
                    .acquire_owned()
                    .await
                    .map_err(std::io::Error::other)?;
                self.listener.accept().await.map(|client| (client, permit))
            };
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = clients.join_next() => {}
                client = client => match client {
                    Ok(((stream, peer), permit)) => {
                        let router = router.clone().layer(Extension(Peer(peer.ip().to_canonical())));
                        clients.spawn(serve(stream, router, stop.clone(), permit));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "Cannot accept an HTTP client");
                        // Out of file descriptors: a moment's wait, rather than asking again at full speed.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        let ended = tokio::time::timeout(GRACE, async {
            while clients.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            tracing::warn!("HTTP clients were cut off after {GRACE:?}");
        }
        Ok(())
    }

    async fn deliver(&self, _key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        Outcome::Dead {
            why: "HTTP only listens".to_owned(),
        }
    }
}
