//! The server: tokens, rate, faults, then the GraphQL; and the storage beside it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::body::Payload;
use super::fault::Fault;
use super::schema::Documents;
use super::state::State;
use super::{graphql, token::Token};

pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) documents: Documents,
    pub(super) base: String,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

type Answer = Result<Response<Payload>, Dropped>;

/// Serves until the other end of `alive` is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, alive: watch::Receiver<()>) {
    let mut stopped = alive.clone();
    loop {
        let stream = tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
        };
        let (shared, mut stopped) = (shared.clone(), alive.clone());
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| answer(shared.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = stopped.changed() => {}
                _ = connection => {}
            }
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    match shared.state().outage {
        Some(0) => return Err(Dropped),
        Some(status) => return Ok(html(status)),
        None => {}
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match (&method, path.strip_prefix("/storage/")) {
        (&Method::POST, None) if path == "/api/v2/graphql" => post(shared, request).await,
        (&Method::PUT, Some(rest)) => upload(shared, request, rest).await,
        (&Method::GET, Some(rest)) => download(shared, request, rest).await,
        _ => Ok(plain(404, "text/plain", "Not Found")),
    }
}

async fn post(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let authorization = header(&request, AUTHORIZATION.as_str()).unwrap_or_default();
    if let Some(wait) = over_rate(&shared, &authorization) {
        return Ok(too_many(wait));
    }
    let body = read(request).await?;
    let bearer = authorization.strip_prefix("Bearer ").unwrap_or_default();
    let token = match authenticate(&shared, bearer) {
        Ok(token) => token,
        Err((status, code, message)) => return Ok(graphql_error(status, code, message)),
    };
    let asked: Value = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(bad) => return Ok(graphql_error(400, "bad_request", &bad.to_string())),
    };
    let prepared = match graphql::prepare(&shared, &asked) {
        Ok(prepared) => prepared,
        Err(unprepared) => {
            let answer = json(unprepared.status, &unprepared.body);
            count(
                &shared,
                unprepared.name.as_deref().unwrap_or("-"),
                body.len(),
                answer.body().len(),
            );
            return Ok(answer);
        }
    };
    let fault = shared.state().strike(&prepared.names);
    let name = prepared.names.first().cloned().unwrap_or_default();
    before(fault.as_ref(), &shared, &name, body.len()).await?;
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.acts()) {
        let answer = refuse(fault);
        count(&shared, &name, body.len(), answer.body().len());
        return Ok(answer);
    }
    let budget = if let Some(Fault::Timeout(budget)) = fault {
        Some(budget)
    } else {
        shared.state().work
    };
    if let Some(Fault::Late(time)) = fault {
        count(&shared, &name, body.len(), 0);
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            graphql::execute(&shared, &prepared, token, budget);
        });
        return Err(Dropped);
    }
    let (status, value) = graphql::execute(&shared, &prepared, token, budget);
    let mut answer = json(status, &value);
    count(&shared, &name, body.len(), answer.body().len());
    match fault {
        Some(Fault::DropAfter) => Err(Dropped),
        Some(Fault::HangAfter) => std::future::pending().await,
        Some(Fault::InternalAfter) => Ok(internal()),
        Some(Fault::Truncated) => {
            answer.body_mut().cut = true;
            Ok(answer)
        }
        _ => Ok(answer),
    }
}

/// What happens to a request before it is looked at.
async fn before(
    fault: Option<&Fault>,
    shared: &Shared,
    name: &str,
    received: usize,
) -> Result<(), Dropped> {
    match fault {
        Some(Fault::DropBefore) => {
            count(shared, name, received, 0);
            Err(Dropped)
        }
        Some(Fault::Hang) => {
            count(shared, name, received, 0);
            std::future::pending().await
        }
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(*time).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn refuse(fault: &Fault) -> Response<Payload> {
    match fault {
        Fault::Html(status) => html(*status),
        Fault::TooMany(wait) => too_many(*wait),
        Fault::Moved(to) => moved(to),
        Fault::Root(code, message) => graphql_error(200, code, message),
        _ => internal(),
    }
}

async fn upload(shared: Arc<Shared>, request: Request<Incoming>, rest: &str) -> Answer {
    let fault = shared.state().strike(&["upload".to_owned()]);
    before(fault.as_ref(), &shared, "upload", 0).await?;
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.acts()) {
        return Ok(refuse(fault));
    }
    let id = rest
        .strip_prefix("put/")
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    let signature = argument(&request, "signature");
    let (md5, kind) = (
        header(&request, "content-md5"),
        header(&request, CONTENT_TYPE.as_str()),
    );
    let body = read(request).await?;
    let status = shared
        .state()
        .put(id, &signature, md5.as_deref(), kind.as_deref(), &body);
    count(&shared, "upload", body.len(), 0);
    match fault {
        Some(Fault::DropAfter | Fault::Truncated) => Err(Dropped),
        Some(Fault::HangAfter) => std::future::pending().await,
        Some(Fault::InternalAfter) => Ok(internal()),
        _ => Ok(plain(status, "application/xml", "")),
    }
}

async fn download(shared: Arc<Shared>, request: Request<Incoming>, rest: &str) -> Answer {
    let fault = shared.state().strike(&["download".to_owned()]);
    before(fault.as_ref(), &shared, "download", 0).await?;
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.acts()) {
        return Ok(refuse(fault));
    }
    let id = rest
        .split('/')
        .next()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    let expires = argument(&request, "expires").parse().unwrap_or_default();
    let found = shared
        .state()
        .download(id, expires, &argument(&request, "signature"));
    let mut answer = match found {
        Ok((bytes, kind)) => respond(200, &kind, bytes.into()),
        Err(status) => plain(
            status,
            "application/xml",
            "<Error><Code>AccessDenied</Code></Error>",
        ),
    };
    count(&shared, "download", 0, answer.body().len());
    match fault {
        Some(Fault::DropAfter) => return Err(Dropped),
        Some(Fault::Truncated) => answer.body_mut().cut = true,
        _ => {}
    }
    Ok(answer)
}

/// The seconds to wait for a caller who asks too often.
fn over_rate(shared: &Shared, authorization: &str) -> Option<u64> {
    let state = &mut *shared.state();
    let limit = state.rate?;
    let second = state.clock.now().as_second();
    let minute = second.div_euclid(60);
    let entry = state
        .rates
        .entry(authorization.to_owned())
        .or_insert((minute, 0));
    if entry.0 != minute {
        *entry = (minute, 0);
    }
    entry.1 += 1;
    (entry.1 > limit).then(|| u64::try_from(60 - second.rem_euclid(60)).unwrap_or(60))
}

fn authenticate(shared: &Shared, bearer: &str) -> Result<Token, (u16, &'static str, &'static str)> {
    let state = shared.state();
    let without = (
        403,
        "forbidden",
        "Without a token, only persisted queries are allowed",
    );
    let token = state.tokens.get(bearer).ok_or(without)?;
    if token.expires_at.is_some_and(|at| at <= state.clock.now()) {
        return Err((401, "unauthorized", "Token expired"));
    }
    if token.foreign {
        let message = "Request issued from a forbidden network. Add 127.0.0.1/32 to your allowed adresses in the profile page.";
        return Err((403, "forbidden", message));
    }
    Ok(token.clone())
}

fn count(shared: &Shared, name: &str, received: usize, sent: usize) {
    let state = &mut *shared.state();
    let entry = state.counts.entry(name.to_owned()).or_default();
    entry.requests += 1;
    entry.received += received as u64;
    entry.sent += sent as u64;
}

async fn read(request: Request<Incoming>) -> Result<Bytes, Dropped> {
    axum::body::to_bytes(axum::body::Body::new(request.into_body()), 64 << 20)
        .await
        .map_err(|_| Dropped)
}

fn header(request: &Request<Incoming>, name: &str) -> Option<String> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn argument(request: &Request<Incoming>, name: &str) -> String {
    let pairs = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}

fn respond(status: u16, kind: &str, body: Bytes) -> Response<Payload> {
    let mut response = Response::new(Payload::new(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(kind) = HeaderValue::from_str(kind) {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

fn moved(to: &str) -> Response<Payload> {
    let mut response = plain(302, "text/plain", "");
    let to = HeaderValue::from_str(to).expect("an address");
    response.headers_mut().insert(LOCATION, to);
    response
}

fn plain(status: u16, kind: &str, body: &str) -> Response<Payload> {
    respond(status, kind, body.to_owned().into())
}

fn html(status: u16) -> Response<Payload> {
    let page = "<!DOCTYPE html><html lang=\"fr\"><body><h1>Le site est momentanément indisponible</h1></body></html>";
    plain(status, "text/html; charset=utf-8", page)
}

fn json(status: u16, value: &Value) -> Response<Payload> {
    respond(
        status,
        "application/json; charset=utf-8",
        value.to_string().into(),
    )
}

fn graphql_error(status: u16, code: &str, message: &str) -> Response<Payload> {
    json(
        status,
        &json!({ "errors": [{ "message": message, "extensions": { "code": code } }], "data": null }),
    )
}

fn internal() -> Response<Payload> {
    json(500, &graphql::internal())
}

fn too_many(wait: u64) -> Response<Payload> {
    let mut response = plain(429, "text/plain", "Retry later\n");
    for (name, value) in [
        ("retry-after", wait),
        ("ratelimit-remaining", 0),
        ("ratelimit-reset", wait),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from(value));
    }
    response
}
