//! The HTTP side: a connection, the checks that come before every route, failures on demand, the answer.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Inner;
use super::body::Content;
use super::fault::{self, Failure};
use super::rate::{Said, seconds};
use super::record;
use super::refusal::Refusal;
use super::route::{Answer, Call};
use super::world::World;

/// The connection ends where an answer was due.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

/// Takes connections for as long as the fake lives.
pub(crate) async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &inner));
            let connection = http1::Builder::new();
            // The client is gone, or was cut off.
            let _gone = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, inner: &Inner) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let uri = parts.uri.clone();
    let method = parts.method.to_string();
    if let Some(file) = uri.path().strip_prefix("/attachments/") {
        let call = Call::of(&method, &uri, &headers);
        let failure = inner.with(|world| fault::next(&mut world.faults, &call));
        if let Some(Failure::HeldBefore(gate)) = failure {
            gate.pass().await;
        }
        return Ok(inner.with(|world| {
            let response = attachment(world, file);
            let status = response.status().as_u16();
            record(world, &call, &Ok(Content::default()), status, &Value::Null);
            response
        }));
    }
    let content = Content::of(Request::from_parts(parts, Body::new(body))).await;
    let call = Call::of(&method, &uri, &headers);
    let failure = inner.with(|world| fault::next(&mut world.faults, &call));
    match &failure {
        Some(Failure::HeldBefore(gate)) => gate.pass().await,
        Some(Failure::CutBefore) => {
            inner.with(|world| record(world, &call, &content, 0, &Value::Null));
            return Err(Cut);
        }
        Some(Failure::Status(status)) => {
            inner.with(|world| record(world, &call, &content, *status, &Value::Null));
            let body = "<html><body>upstream connect error</body></html>";
            let response = Response::builder().status(*status);
            return Ok(response.body(Body::from(body)).unwrap());
        }
        Some(Failure::Refused(status, code)) => {
            let body = json!({ "message": "Refused", "code": code });
            inner.with(|world| {
                record(world, &call, &content, *status, &body);
                if matches!(status, 401 | 403) {
                    world.records.invalid += 1;
                }
            });
            return Ok(response(&Answer::json(*status, body), &Said::default()));
        }
        Some(Failure::CutAfter | Failure::Late(_) | Failure::HeldAfter(_)) | None => {}
    }
    let response = inner.with(|world| {
        let (said, result) = act(world, &call, &headers, &content, inner);
        let answer = result.unwrap_or_else(|refusal| Answer::json(refusal.status, refusal.body()));
        record(world, &call, &content, answer.status, &answer.body);
        if matches!(answer.status, 401 | 403 | 429) && !said.shared {
            world.records.invalid += 1;
        }
        response(&answer, &said)
    });
    match failure {
        Some(Failure::CutAfter) => return Err(Cut),
        Some(Failure::Late(by)) => tokio::time::sleep(by).await,
        Some(Failure::HeldAfter(gate)) => gate.pass().await,
        Some(
            Failure::HeldBefore(_) | Failure::CutBefore | Failure::Status(_) | Failure::Refused(..),
        )
        | None => {}
    }
    Ok(response)
}

/// What comes before every route, then the route.
fn act(
    world: &mut World,
    call: &Call,
    headers: &HeaderMap,
    content: &Result<Content, Refusal>,
    inner: &Inner,
) -> (Said, Result<Answer, Refusal>) {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if !header("user-agent").is_some_and(proper_agent) {
        // What stands before Discord itself turns it away.
        let refusal = Refusal::new(403, 40333, "internal network error");
        return (Said::default(), Err(refusal));
    }
    if world
        .rates
        .ban
        .is_some_and(|ban| world.records.invalid >= ban)
    {
        // It does not come from Discord itself, and is no JSON.
        let said = Said {
            headers: vec![("retry-after", "600".to_owned())],
            ..Said::default()
        };
        return (said, Ok(Answer::json(429, Value::Null)));
    }
    let now = world.now();
    let said = world.rates.count(call, now);
    if let Some((wait, global)) = said.limited {
        let message = if said.shared {
            "The resource is being rate limited."
        } else {
            "You are being rate limited."
        };
        let wait: f64 = seconds(wait).parse().unwrap();
        let body = json!({ "message": message, "retry_after": wait, "global": global });
        return (said, Ok(Answer::json(429, body)));
    }
    if !call.interaction() {
        let token = header("authorization").and_then(|value| value.strip_prefix("Bot "));
        if token != Some(world.token.as_str()) {
            return (said, Err(Refusal::unauthorized()));
        }
    }
    let result = match content {
        Ok(content) => {
            if let Some(spec) = &inner.spec {
                let found = spec.violations(&call.method, &call.path, content);
                world.records.violations.extend(found);
            }
            call.route(world, content)
        }
        Err(refusal) => Err(refusal.clone()),
    };
    (said, result)
}

/// `DiscordBot ($url, $versionNumber)`, with anything after it.
fn proper_agent(agent: &str) -> bool {
    let inside = agent
        .strip_prefix("DiscordBot (")
        .and_then(|agent| agent.split_once(')'));
    let parts = inside.and_then(|(inside, _)| inside.split_once(','));
    parts.is_some_and(|(url, version)| !url.trim().is_empty() && !version.trim().is_empty())
}

fn record(
    world: &mut World,
    call: &Call,
    content: &Result<Content, Refusal>,
    status: u16,
    answer: &Value,
) {
    let content = content.as_ref().cloned().unwrap_or_default();
    let at = world.now();
    world.records.requests.push(record::Request {
        method: call.method.clone(),
        path: call.path.clone(),
        query: call.query.clone(),
        body: content.json,
        files: content.files,
        reason: call.reason.clone(),
        at,
        status,
        code: answer["code"].as_u64().unwrap_or_default(),
    });
}

fn response(answer: &Answer, said: &Said) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in &said.headers {
        response = response.header(*name, value);
    }
    if answer.body.is_null() {
        return response.body(Body::empty()).unwrap();
    }
    response
        .header("content-type", "application/json")
        .body(Body::from(answer.body.to_string()))
        .unwrap()
}

/// A file, from where messages and options say that it is.
fn attachment(world: &World, path: &str) -> Response<Body> {
    let id = path.split('/').nth(1).and_then(|id| id.parse().ok());
    let of_messages = world.messages.values().flat_map(|message| &message.files);
    let mut files = of_messages.chain(world.chosen.values());
    let file = id.and_then(|id: u64| files.find(|file| file.id == id));
    let response = Response::builder();
    match file {
        Some(file) => response
            .header("content-type", &file.kind)
            .body(Body::from(file.content.clone())),
        None => response
            .status(404)
            .body(Body::from("This content is no longer available.")),
    }
    .unwrap()
}
