//! `/exports/{word}`: an export that was too large for a chat, fetched once by whoever has the link.
//!
//! To look at the page uses nothing up: programs that preview links do so. Its button does, which is a `POST`. A wrong
//! word, one that was used and one that came too late are answered alike.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use super::{Desk, Problem, deposit};

use crate::message::{Heard, Incoming, Piece};

/// Whether an export waits under that name, which is the SHA-256 of the link's word in hexadecimal.
pub type Exports = dyn Fn(&str) -> bool + Send + Sync;

const GONE: &str = "Ce lien n’est plus valable : le fichier a déjà été téléchargé, ou le délai est passé. \
                    Demandez un nouvel export à Greffier.";

/// The page with the button. It says nothing of what is behind it.
pub(super) async fn page(State(desk): State<Desk>, Path(word): Path<String>) -> Response {
    match waiting(&desk, &word) {
        Some(_) => html(
            StatusCode::OK,
            "<p>Le fichier se télécharge une seule fois.</p>\
             <form method=\"post\"><button>Télécharger l’export</button></form>",
        ),
        None => gone(),
    }
}

/// The file, once.
pub(super) async fn fetch(
    State(desk): State<Desk>,
    Path(word): Path<String>,
) -> Result<Response, Problem> {
    // Nothing is written down for a word that opens nothing.
    let Some(export) = waiting(&desk, &word) else {
        return Ok(gone());
    };
    let incoming = Incoming {
        id: format!("http:export:{}", deposit::fresh()?),
        at: crate::clock::now(),
        heard: Heard::Fetch { export },
    };
    let later = || Problem::later("Greffier s’arrête. Réessayez dans un instant.");
    let receipt = desk.inbox.hand(incoming).await.map_err(|_| later())?;
    let Some(piece) = receipt.files.first() else {
        return Ok(gone());
    };
    sent(&desk, piece).await.map_err(|error| {
        tracing::error!(piece.hash, %error, "An export cannot be read");
        Problem::later("Le fichier ne peut pas être lu. L’exploitant en est averti.")
    })
}

async fn sent(desk: &Desk, piece: &Piece) -> std::io::Result<Response> {
    let body = match desk.inbox.located(&piece.hash) {
        Some(path) => Body::from_stream(ReaderStream::new(tokio::fs::File::open(path).await?)),
        None => Body::from(desk.inbox.read(&piece.hash)?),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_str(&piece.media_type).map_err(std::io::Error::other)?;
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CONTENT_LENGTH, piece.bytes.into());
    headers.insert(CONTENT_DISPOSITION, disposition(&piece.name));
    Ok(response)
}

/// Saved under `name` (RFC 6266), of which only what needs no quoting is kept.
fn disposition(name: &str) -> HeaderValue {
    let plain = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c));
    let plain: String = plain.collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// The name of the export that `word` opens, if one waits.
fn waiting(desk: &Desk, word: &str) -> Option<String> {
    let shaped = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = HEXLOWER.encode(&Sha256::digest(word.as_bytes()));
    let exports = desk.exports.as_ref().filter(|_| shaped)?;
    exports(&name).then_some(name)
}

fn gone() -> Response {
    html(StatusCode::NOT_FOUND, &format!("<p>{GONE}</p>"))
}

fn html(status: StatusCode, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"fr\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>Export de dossiers</title><h1>Export de dossiers</h1>{body}</html>"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_name_cannot_leave_its_field() {
        let hostile = disposition("a\"; filename=\"b\r\nX: é.zip");
        assert_eq!(hostile, "attachment; filename=\"afilenamebX.zip\"");
    }
}
