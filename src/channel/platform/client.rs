//! HTTP to the platform: one document out, one answer in. Neither bodies nor addresses of files stand in any log.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Certificate, ClientBuilder, Proxy, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio_rustls::rustls;

use super::fault::{Complaint, Fault, LATE, LONG};
use super::outside::is_loopback;
use super::settings::Settings;
use super::{lock, token};

/// How long an answer may take. The platform itself gives up after 30 seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long what got no answer may still be at work: what stands in between may have given up before the platform does.
const AT_WORK: Duration = Duration::from_secs(45);
/// The same on this machine, where nothing stands in between.
const AT_WORK_NEARBY: Duration = Duration::from_millis(500);
/// Octets of an answer at most.
const ANSWER: usize = 64 * 1024 * 1024;
/// How long nothing is asked where the platform wants a pause and does not say how long.
const PAUSE: Duration = Duration::from_mins(1);
/// The longest pause that is believed.
const LONGEST: Duration = Duration::from_mins(15);

/// The way to one instance.
pub(super) struct Client {
    http: reqwest::Client,
    pub(super) endpoint: Url,
    token_file: std::path::PathBuf,
    token: Mutex<Option<SecretString>>,
    /// The instance is on this machine: so may its files be.
    nearby: bool,
    /// A proxy asks for us.
    pub(super) proxied: bool,
}

impl Client {
    /// The way that `settings` describe. Nothing is asked yet.
    pub(super) fn new(settings: &Settings) -> Result<Self, Fault> {
        let base = settings
            .base()
            .map_err(|why| Fault::Local(format!("platform.url: {why}")))?;
        let nearby = is_loopback(&base);
        let http = builder(settings, nearby)?
            .build()
            .map_err(|_| Fault::Local("no HTTP client can be made".to_owned()))?;
        let endpoint = format!("{}/api/v2/graphql", base.as_str().trim_end_matches('/'));
        let endpoint = Url::parse(&endpoint)
            .map_err(|_| Fault::Local("platform.url: no address".to_owned()))?;
        Ok(Self {
            http,
            endpoint,
            token_file: settings.token_file.clone(),
            token: Mutex::new(None),
            nearby,
            proxied: settings.proxy.is_some(),
        })
    }

    /// What the platform answers to `document`: the `data`, where nothing is wrong with it.
    pub(super) async fn send(
        &self,
        name: &str,
        document: &str,
        variables: &Value,
    ) -> Result<Value, Fault> {
        let body = json!({ "query": document, "operationName": name, "variables": variables });
        let token = self.token()?;
        let sent = self
            .http
            .post(self.endpoint.clone())
            .timeout(PATIENCE)
            .header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(body.to_string());
        let response = sent.send().await.map_err(|error| away(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = whole(response, ANSWER).await?;
        let judged = judge(status, &headers, &body);
        if matches!(judged, Err(Fault::Expired | Fault::Forbidden(_))) {
            // Whoever writes a new one into the file need not start Greffier again.
            *lock(&self.token) = None;
        }
        judged
    }

    /// Puts `content` where the platform said that a file is to be put.
    pub(super) async fn put(
        &self,
        url: &Url,
        headers: HeaderMap,
        content: Vec<u8>,
    ) -> Result<(), Fault> {
        let sent = self.http.put(url.clone()).timeout(PATIENCE * 5);
        let sent = sent.headers(headers).body(content);
        let response = sent.send().await;
        let response = response
            .map_err(|error| Fault::Storage(format!("is not reached: {}", unanswered(&error))))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        Err(Fault::Storage(format!("answers {}", status.as_u16())))
    }

    /// What is asked of a file's address, which is none of the platform's own: the token is not shown there.
    pub(super) async fn get(&self, url: &Url) -> Result<reqwest::Response, Fault> {
        let sent = self.http.get(url.clone()).timeout(PATIENCE * 5);
        sent.send().await.map_err(|error| away(&error))
    }

    /// Whether a file may be fetched from `url` or put there: by TLS, or from this machine where the instance is on it too.
    pub(super) fn may_reach(&self, url: &Url) -> bool {
        url.scheme() == "https" || self.nearby && url.scheme() == "http" && is_loopback(url)
    }

    /// How long what got no answer may still be at work.
    pub(super) fn at_work(&self) -> Duration {
        if self.nearby { AT_WORK_NEARBY } else { AT_WORK }
    }

    /// The token, read again after it was refused.
    pub(super) fn token(&self) -> Result<SecretString, Fault> {
        let mut token = lock(&self.token);
        if let Some(token) = &*token {
            return Ok(token.clone());
        }
        let read = token::read(&self.token_file)?;
        *token = Some(read.clone());
        Ok(read)
    }
}

fn builder(settings: &Settings, nearby: bool) -> Result<ClientBuilder, Fault> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Greffier/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none());
    builder = if nearby {
        builder.no_proxy()
    } else {
        builder.https_only(true)
    };
    if let Some(proxy) = &settings.proxy {
        let proxy = Proxy::all(proxy)
            .map_err(|_| Fault::Local("platform.proxy: it is no address".to_owned()))?;
        builder = builder.proxy(proxy);
    }
    if let Some(path) = &settings.ca_file {
        let unread = || {
            Fault::Local(format!(
                "platform.ca_file: {} holds no certificates in PEM",
                path.display()
            ))
        };
        let pem = std::fs::read(path).map_err(|_| unread())?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| unread())?;
        if certificates.is_empty() {
            return Err(unread());
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

/// The whole body, if it is not longer than `most`.
pub(super) async fn whole(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| away(&error))? {
        if body.len() + chunk.len() > most {
            return Err(Fault::Away(LONG.to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer says.
fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Value, Fault> {
    match status {
        StatusCode::UNAUTHORIZED => return Err(Fault::Expired),
        StatusCode::TOO_MANY_REQUESTS => return Err(Fault::Limited(pause(headers))),
        _ => {}
    }
    let Ok(Value::Object(mut answer)) = serde_json::from_slice::<Value>(body) else {
        if status.is_client_error() {
            return Err(Fault::Barred(status.as_u16()));
        }
        return Err(Fault::Strange(strange(status, headers)));
    };
    let data = answer.remove("data").unwrap_or_default();
    let complaints = Complaint::of(&Value::Object(answer));
    // Of the platform's own it is about the token; a firewall says it of a text that it does not like.
    if status == StatusCode::FORBIDDEN {
        let mut sentences = complaints.iter().map(|complaint| &*complaint.message);
        return Err(Fault::Forbidden(sentences.find_map(network)));
    }
    if status.is_server_error() {
        return Err(Fault::Failed(status.as_u16()));
    }
    let any = |code: &str| complaints.iter().any(|complaint| complaint.code == code);
    if any("deprecated_token") {
        return Err(Fault::Expired);
    }
    if any("timeout") {
        return Err(Fault::Partial(data));
    }
    if any("internal_server_error") {
        return Err(Fault::Failed(status.as_u16()));
    }
    if !complaints.is_empty() {
        return Err(Fault::Refused(complaints));
    }
    if status.is_success() && data.is_object() {
        return Ok(data);
    }
    Err(Fault::Strange(format!(
        "it answers {} without data",
        status.as_u16()
    )))
}

/// What an answer is that is none of the API's.
fn strange(status: StatusCode, headers: &HeaderMap) -> String {
    let code = status.as_u16();
    if status.is_redirection() {
        let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
        // Of where it leads, no more than the host: the rest may name anything.
        let to = to.and_then(|to| Url::parse(to).ok());
        let origin = to.map(|to| to.origin().ascii_serialization());
        return origin.filter(|origin| origin.contains("://")).map_or_else(
            || format!("it redirects to another page ({code}): is platform.url the address of an instance of the platform?"),
            |origin| format!("it redirects to {origin} ({code}): if the instance lives there, write that as platform.url"),
        );
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let what = match kind {
        Some(kind) if kind.starts_with("text/html") => "a web page, not with the API",
        _ => "something else than the API does",
    };
    if status.is_server_error() {
        format!(
            "it answers {code} with {what}: it, or what stands before it, is out of order or under maintenance"
        )
    } else {
        format!(
            "it answers {code} with {what}: is platform.url the address of an instance of the platform, and is nothing in between that asks to log in?"
        )
    }
}

/// The network that a sentence names: it is ours, as the platform sees it.
fn network(sentence: &str) -> Option<String> {
    let words = sentence
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_hexdigit() && c != ':'));
    let mut networks = words.filter(|word| {
        let (address, bits) = word.split_once('/').unwrap_or((word, "0"));
        address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok()
    });
    networks.next().map(ToOwned::to_owned)
}

/// How long the platform asks to wait.
fn pause(headers: &HeaderMap) -> Duration {
    let after = headers
        .get(RETRY_AFTER)
        .and_then(|after| after.to_str().ok());
    let seconds = after.and_then(|after| after.trim().parse().ok());
    seconds
        .map_or(PAUSE, Duration::from_secs)
        .clamp(Duration::from_secs(1), LONGEST)
}

fn away(error: &reqwest::Error) -> Fault {
    Fault::Away(unanswered(error).to_owned())
}

fn unanswered(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        LATE
    } else if is_untrusted(error) {
        "its certificate is not trusted here: if it has an authority of its own, name that in platform.ca_file"
    } else if error.is_connect() {
        "there is no connection"
    } else {
        "the connection broke"
    }
}

/// Whether a certificate stands in the way of what `error` says.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    // An error of input and output hides what it holds from `source`.
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(std::io::Error::get_ref) {
        Some(held) => is_untrusted(held),
        None => error.source().is_some_and(is_untrusted),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn judged(status: u16, body: &str) -> Result<Value, Fault> {
        judge(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
        )
    }

    #[test]
    fn each_answer_means_one_thing() {
        assert_eq!(judged(200, r#"{"data":{"a":1}}"#), Ok(json!({"a": 1})));
        assert_eq!(judged(401, r#"{"errors":[]}"#), Err(Fault::Expired));
        let old =
            r#"{"errors":[{"message":"m","extensions":{"code":"deprecated_token"}}],"data":null}"#;
        assert_eq!(judged(200, old), Err(Fault::Expired));
        assert_eq!(judged(403, "{}"), Err(Fault::Forbidden(None)));
        for barred in [403, 413, 422] {
            assert_eq!(judged(barred, "<html>"), Err(Fault::Barred(barred)));
        }
        assert_eq!(judged(429, "Retry later\n"), Err(Fault::Limited(PAUSE)));
        let late =
            r#"{"data":{"a":null},"errors":[{"message":"x","extensions":{"code":"timeout"}}]}"#;
        assert_eq!(judged(200, late), Err(Fault::Partial(json!({"a": null}))));
        let hidden =
            r#"{"data":null,"errors":[{"message":"x","extensions":{"code":"unauthorized"}}]}"#;
        assert!(judged(200, hidden).unwrap_err().is_hidden());
        assert!(matches!(judged(400, hidden), Err(Fault::Refused(_))));
        let broken =
            r#"{"errors":[{"message":"x","extensions":{"code":"internal_server_error"}}]}"#;
        assert_eq!(judged(500, broken), Err(Fault::Failed(500)));
        for (status, odd) in [
            (502, "<html>"),
            (200, "<html>"),
            (200, "{}"),
            (200, r#"{"data":null}"#),
            (302, ""),
        ] {
            assert!(
                matches!(judged(status, odd), Err(Fault::Strange(_))),
                "{status} {odd}"
            );
        }
    }

    #[test]
    fn what_answers_in_the_place_of_the_api_is_said() {
        let said = |status: u16, name, value| {
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
            let status = StatusCode::from_u16(status).unwrap();
            judge(status, &headers, b"<html>").unwrap_err().to_string()
        };
        let moved = said(301, LOCATION, "https://demarche.example/api?jeton=secret");
        assert!(
            moved.contains("redirects to https://demarche.example (301)"),
            "{moved}"
        );
        assert!(said(302, LOCATION, "/users/sign_in").contains("is platform.url"));
        let page = "text/html; charset=utf-8";
        assert!(said(200, CONTENT_TYPE, page).contains("a web page, not with the API"));
        assert!(said(404, CONTENT_TYPE, page).contains("404: is platform.url"));
        let down = said(503, CONTENT_TYPE, page);
        assert!(
            down.contains("maintenance") && !down.contains("platform.url"),
            "{down}"
        );
    }

    #[test]
    fn a_forbidden_network_is_named_where_the_platform_names_it() {
        let said = |sentence: &str| {
            let body = json!({"errors": [{"message": sentence}], "data": null}).to_string();
            judged(403, &body).unwrap_err().to_string()
        };
        for network in ["192.0.2.7/32", "2001:db8::7/128", "192.0.2.7"] {
            let foreign = said(&format!(
                "Request issued from a forbidden network. Add {network} to your allowed adresses in the profile page."
            ));
            assert!(
                foreign.contains(&format!("add {network} to the token's networks")),
                "{foreign}"
            );
            assert!(said(&format!("Réseau interdit ({network}).")).contains(network));
        }
        let unknown = said("Without a token, only persisted queries are allowed");
        assert!(
            unknown.contains("unknown there") && unknown.contains("networks"),
            "{unknown}"
        );
    }

    #[test]
    fn no_fault_repeats_what_the_platform_said() {
        let said = r#"{"data":null,"errors":[{"message":"Dossier de Jeanne","extensions":{"code":"not_found"}}]}"#;
        let fault = judged(200, said).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "the platform refuses what was asked (not_found)"
        );
    }
}
