//! What went wrong, as RFC 9457 wants it said.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::message::FieldError;

/// An `application/problem+json` answer. Title and detail are French: they reach the people who deposit.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    header: Option<(&'static str, &'static str)>,
}

impl Problem {
    /// A problem called `name` (the end of its `type`), with a fixed `title` and what is said of this case.
    pub fn new(
        status: StatusCode,
        name: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            name,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            header: None,
        }
    }

    /// The request cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Requête illisible",
            detail,
        )
    }

    /// More than is taken.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "Dépôt trop volumineux",
            detail,
        )
    }

    /// Nothing is deposited here, whatever is sent (RFC 9110 §10.2.1).
    pub fn elsewhere(detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "deposits-elsewhere",
            "Dépôts sur le site",
            detail,
        );
        Self {
            header: Some(("allow", "")),
            ..problem
        }
    }

    /// Not now: the client should come again.
    pub fn later(detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Momentanément indisponible",
            detail,
        );
        Self {
            header: Some(("retry-after", "10")),
            ..problem
        }
    }

    /// Who asks has not shown the token (RFC 6750 §3).
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Jeton absent ou inconnu",
            detail,
        );
        Self {
            header: Some(("www-authenticate", "Bearer")),
            ..problem
        }
    }

    /// The same, field by field.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": format!("urn:greffier:problem:{}", self.name),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some(body), false) = (body.as_object_mut(), self.errors.is_empty()) {
            body.insert("errors".to_owned(), json!(self.errors));
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some((name, value)) = self.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
