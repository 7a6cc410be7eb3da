//! `POST /api/demarches/{n}/dossiers`: a dossier from another program.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use super::Desk;
use super::body::{self, Deposited};
use super::problem::Problem;
use crate::message::{DepositIn, Heard, Incoming, Receipt, Verdict};

/// Octets of an `Idempotency-Key` at most.
const KEY_MAX: usize = 255;

/// Takes a dossier in. The answer comes once it is committed.
pub(super) async fn deposit(
    State(desk): State<Desk>,
    Path(demarche): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    if let Some(site) = &desk.site {
        return Err(Problem::elsewhere(format!(
            "Les dossiers sont ceux de {site}\u{a0}: c’est là qu’ils sont déposés, et non ici."
        )));
    }
    authorize(request.headers(), desk.settings.token.as_ref())?;
    let demarche = number(&demarche).ok_or_else(unknown)?;
    take(&desk, demarche, request).await
}

async fn take(desk: &Desk, demarche: u64, request: Request) -> Result<Response, Problem> {
    let Ok(_permit) = desk.deposits.try_acquire() else {
        return Err(Problem::later("Trop de dépôts à la fois."));
    };
    let key = idempotency_key(request.headers())?;
    let limit = Duration::from_secs(desk.settings.request_seconds);
    let deposited = timeout(limit, body::read(request, &desk.settings, &desk.inbox))
        .await
        .unwrap_or_else(|_| Err(slow()))?;
    let digest = deposited.digest();
    let incoming = incoming(demarche, key.as_deref(), deposited)?;
    match timeout(limit, desk.inbox.hand(incoming)).await {
        Ok(Ok(receipt)) => answer(demarche, &digest, receipt),
        _ => Err(Problem::later(
            "Greffier s’arrête ou est très occupé. Réessayez avec la même Idempotency-Key.",
        )),
    }
}

fn incoming(demarche: u64, key: Option<&str>, deposited: Deposited) -> Result<Incoming, Problem> {
    let id = match key {
        Some(key) => HEXLOWER.encode(&Sha256::digest(format!("{demarche} {key}"))),
        None => fresh()?,
    };
    let digest = key.map(|_| deposited.digest());
    let deposit = DepositIn {
        demarche,
        body: deposited.body,
        files: deposited.files,
        digest,
    };
    Ok(Incoming {
        id: format!("http:{id}"),
        at: crate::clock::now(),
        heard: Heard::Deposit(deposit),
    })
}

/// An id that nothing else has.
pub(super) fn fresh() -> Result<String, Problem> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|_| Problem::later("Pas de hasard disponible."))?;
    Ok(HEXLOWER.encode(&octets))
}

fn answer(demarche: u64, digest: &str, receipt: Receipt) -> Result<Response, Problem> {
    if receipt
        .digest
        .as_deref()
        .is_some_and(|first| first != digest)
    {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "Idempotency-Key déjà utilisée",
            "Cette Idempotency-Key a déjà servi pour un autre dépôt. Prenez-en une nouvelle.",
        ));
    }
    match (receipt.verdict, receipt.dossier) {
        (Verdict::Done, Some(dossier)) => Ok(created(demarche, dossier, &receipt.answers)),
        (Verdict::Unknown, _) => Err(unknown()),
        (Verdict::Refused | Verdict::Misunderstood | Verdict::Ignored, _) => Err(refused(receipt)),
        (Verdict::Done | Verdict::Quarantined, _) => Ok((
            StatusCode::ACCEPTED,
            Json(json!({ "demarche": demarche, "messages": receipt.answers })),
        )
            .into_response()),
    }
}

fn created(demarche: u64, dossier: u64, answers: &[String]) -> Response {
    let body = json!({ "demarche": demarche, "dossier": dossier, "statut": "en_construction", "messages": answers });
    let location = format!("/api/demarches/{demarche}/dossiers/{dossier}");
    (StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response()
}

fn refused(receipt: Receipt) -> Problem {
    let detail = if receipt.answers.is_empty() {
        "Le dossier n’a pas été déposé.".to_owned()
    } else {
        receipt.answers.join("\n")
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "refused",
        "Dossier refusé",
        detail,
    )
    .with_errors(receipt.errors)
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-demarche",
        "Démarche inconnue",
        "Aucune démarche ne porte ce numéro.",
    )
}

fn slow() -> Problem {
    let detail = "Le corps de la requête n’est pas arrivé à temps.";
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        "Délai dépassé",
        detail,
    )
}

/// The number, written as a number is: no sign, no leading zero, so that a dossier has one address.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|key| (1..=KEY_MAX).contains(&key.len()));
    match key {
        Some(key) if keys.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(Problem::malformed(
            "Idempotency-Key\u{a0}: une seule valeur, de 1 à 255 caractères ASCII visibles.",
        )),
    }
}

fn authorize(headers: &HeaderMap, token: Option<&SecretString>) -> Result<(), Problem> {
    let Some(token) = token.filter(|token| !token.expose_secret().is_empty()) else {
        let detail = "Les dépôts sont fermés\u{a0}: aucun jeton n’est configuré (clé «\u{a0}http.token_file\u{a0}» de bot.toml).";
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "deposits-closed",
            "Dépôts fermés",
            detail,
        ));
    };
    let given = headers
        .get(AUTHORIZATION)
        .map(HeaderValue::as_bytes)
        .and_then(bearer)
        .unwrap_or_default();
    // Digests are compared, so that neither content nor length of the secret shows in the time that it takes.
    let same = Sha256::digest(given).ct_eq(&Sha256::digest(token.expose_secret()));
    if bool::from(same) {
        Ok(())
    } else {
        Err(Problem::unauthorized(
            "Envoyez «\u{a0}Authorization: Bearer JETON\u{a0}» avec le jeton de dépôt.",
        ))
    }
}

/// What follows the scheme, whose case does not count (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorized(value: &str, token: &str) -> bool {
        let headers =
            HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
        authorize(&headers, Some(&SecretString::from(token))).is_ok()
    }

    #[test]
    fn only_the_token_opens() {
        assert!(authorized("Bearer secret", "secret"));
        assert!(authorized("bearer  secret", "secret"));
        for wrong in [
            "Bearer secre",
            "Bearer secrets",
            "Bearer ",
            "Basic secret",
            "secret",
            "",
        ] {
            assert!(!authorized(wrong, "secret"), "{wrong}");
        }
    }

    #[test]
    fn an_empty_token_is_no_token() {
        assert!(!authorized("Bearer ", ""));
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(number("4807"), Some(4807));
        for wrong in ["04807", "+4807", "-1", "", "4807x", "99999999999999999999"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
