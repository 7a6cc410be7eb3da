//! A deposit's body, read within its limits: JSON, or a form with files.

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Settings;
use super::problem::Problem;
use crate::channel::Inbox;
use crate::channel::upload::{safe_media_type, safe_name};
use crate::message::{Piece, Scan};

/// Characters of a champ's id at most.
const CHAMP_MAX: usize = 200;

/// What was deposited, with the files on the shelf.
#[derive(Debug)]
pub(super) struct Deposited {
    pub(super) body: Value,
    pub(super) files: Vec<(String, Piece)>,
}

impl Deposited {
    /// SHA-256 of what was said, whatever the order of JSON keys and the boundary of the form.
    pub(super) fn digest(&self) -> String {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|(champ, piece)| (champ, &piece.name, &piece.hash))
            .collect();
        let said = serde_json::json!([self.body, files]).to_string();
        HEXLOWER.encode(&Sha256::digest(said))
    }
}

/// Reads the body of `request`, whatever of the two kinds it is.
pub(super) async fn read(
    request: Request,
    settings: &Settings,
    inbox: &Inbox,
) -> Result<Deposited, Problem> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => json(request, settings).await,
        "multipart/form-data" => form(request, settings, inbox).await,
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Type de contenu non pris en charge",
            "Envoyez application/json, ou multipart/form-data pour joindre des fichiers.",
        )),
    }
}

async fn json(request: Request, settings: &Settings) -> Result<Deposited, Problem> {
    let request = limited(request, settings.max_json_bytes)?;
    let bytes = Bytes::from_request(request, &())
        .await
        .map_err(|rejection| unread(rejection.status(), settings))?;
    Ok(Deposited {
        body: parse(&bytes)?,
        files: Vec::new(),
    })
}

async fn form(request: Request, settings: &Settings, inbox: &Inbox) -> Result<Deposited, Problem> {
    let request = limited(request, settings.max_total_bytes)?;
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| Problem::malformed("Le formulaire n’a pas de séparateur (boundary)."))?;
    let mut body = None;
    let mut files = Vec::new();
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| unformed(&error, settings))?
    {
        if field.name() == Some("dossier") {
            let bytes = part(field, settings.max_json_bytes, settings).await?;
            if body.replace(parse(&bytes)?).is_some() {
                return Err(Problem::malformed(
                    "La partie «\u{a0}dossier\u{a0}» est donnée deux fois.",
                ));
            }
        } else {
            if files.len() >= settings.max_files {
                return Err(Problem::too_large(format!(
                    "Au plus {} fichiers par dépôt.",
                    settings.max_files
                )));
            }
            files.push(file(field, settings, inbox).await?);
        }
    }
    let body = body
        .ok_or_else(|| Problem::malformed("Il manque la partie «\u{a0}dossier\u{a0}», en JSON."))?;
    Ok(Deposited { body, files })
}

async fn file(
    field: Field<'_>,
    settings: &Settings,
    inbox: &Inbox,
) -> Result<(String, Piece), Problem> {
    let champ = field.name().unwrap_or_default().to_owned();
    if champ.is_empty() || champ.chars().count() > CHAMP_MAX || champ.chars().any(char::is_control)
    {
        return Err(Problem::malformed(
            "Chaque fichier porte le nom du champ auquel il répond.",
        ));
    }
    let name = safe_name(field.file_name().unwrap_or_default());
    let media_type = safe_media_type(field.content_type().unwrap_or_default());
    let content = part(field, settings.max_file_bytes, settings).await?;
    scanned(&content, &name, inbox).await?;
    let bytes = content.len() as u64;
    let hash = inbox.keep(content).await.map_err(|error| {
        tracing::error!(%error, "Cannot keep a deposited file on the shelf");
        Problem::later("Le fichier ne peut pas être conservé pour l’instant.")
    })?;
    Ok((
        champ,
        Piece {
            hash,
            name,
            media_type,
            bytes,
        },
    ))
}

/// Refuses a file in which the virus scanner finds something, and one that it cannot scan.
async fn scanned(content: &[u8], name: &str, inbox: &Inbox) -> Result<(), Problem> {
    match inbox.scan(content).await {
        Ok(None | Some(Scan::Clean)) => Ok(()),
        Ok(Some(Scan::Infected { signature })) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "infected",
            "Fichier infecté",
            format!("L’antivirus a trouvé «\u{a0}{signature}\u{a0}» dans le fichier {name}."),
        )),
        Ok(Some(Scan::NotScanned)) => Err(Problem::too_large(format!(
            "Le fichier {name} est trop lourd pour l’antivirus."
        ))),
        Err(_) => Err(Problem::later(
            "L’antivirus ne répond pas. Réessayez avec la même Idempotency-Key.",
        )),
    }
}

/// Reads a part as it comes in, and no further than `max` octets.
async fn part(mut field: Field<'_>, max: usize, settings: &Settings) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::new();
    while let Some(chunk) = field
        .chunk()
        .await
        .map_err(|error| unformed(&error, settings))?
    {
        if content.len() + chunk.len() > max {
            return Err(Problem::too_large(format!(
                "Cette partie dépasse {max} octets."
            )));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

/// The request with a limit on its body; refused at once where it announces more.
fn limited(mut request: Request, max: usize) -> Result<Request, Problem> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(Problem::too_large(format!(
            "Le dépôt dépasse {max} octets."
        )));
    }
    DefaultBodyLimit::max(max).apply(&mut request);
    Ok(request)
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::malformed(format!(
            "Le JSON du dossier est illisible, ligne {line}, colonne {column}."
        ))
    })
}

fn unread(status: StatusCode, settings: &Settings) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large(format!(
            "Le dépôt dépasse {} octets.",
            settings.max_json_bytes
        ))
    } else {
        Problem::malformed("Le corps de la requête n’est pas arrivé en entier.")
    }
}

fn unformed(error: &MultipartError, settings: &Settings) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large(format!(
            "Le dépôt dépasse {} octets en tout.",
            settings.max_total_bytes
        ))
    } else {
        Problem::malformed("Le formulaire est illisible ou n’est pas arrivé en entier.")
    }
}
