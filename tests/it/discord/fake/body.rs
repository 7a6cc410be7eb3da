//! The body of a request: JSON, or a form with `payload_json` and `files[n]`.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;

use super::refusal::{Form, Refusal};

/// The largest request.
pub(crate) const LARGEST: usize = 25 << 20;

/// A file of a form.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The `n` of `files[n]`.
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
    pub(crate) content: Vec<u8>,
}

/// What a request brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) json: Value,
    pub(crate) files: Vec<Part>,
    pub(crate) multipart: bool,
}

impl Content {
    /// Reads it whole. The request is too large before it is anything else.
    pub(crate) async fn of(request: Request<Body>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, LARGEST)
            .await
            .map_err(|_| Refusal::too_large())?;
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            return Self::form(Request::from_parts(parts, Body::from(bytes))).await;
        }
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        if !kind.starts_with("application/json") {
            let message = "Expected \"Content-Type\" header to be one of {'application/json'}.";
            let mut form = Form::default();
            form.fault("", "CONTENT_TYPE_INVALID", message);
            return Err(form.done().unwrap_err());
        }
        Ok(Self {
            json: serde_json::from_slice(&bytes).map_err(|_| Refusal::not_json())?,
            ..Self::default()
        })
    }

    async fn form(mut request: Request<Body>) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(400, 50035, "Invalid Form Body");
        // It has been measured already.
        DefaultBodyLimit::disable().apply(&mut request);
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|_| malformed())?;
        let mut content = Self {
            multipart: true,
            ..Self::default()
        };
        while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "payload_json" {
                let text = field.text().await.map_err(|_| malformed())?;
                content.json = serde_json::from_str(&text).map_err(|_| Refusal::not_json())?;
                continue;
            }
            let number = name
                .strip_prefix("files[")
                .and_then(|name| name.strip_suffix(']'))
                .and_then(|number| number.parse().ok());
            let (Some(number), Some(file)) = (number, field.file_name().map(ToOwned::to_owned))
            else {
                return Err(malformed());
            };
            let kind = field.content_type().map(ToOwned::to_owned);
            let bytes = field.bytes().await.map_err(|_| malformed())?;
            content.files.push(Part {
                number,
                name: file,
                kind,
                content: bytes.to_vec(),
            });
        }
        Ok(content)
    }
}
