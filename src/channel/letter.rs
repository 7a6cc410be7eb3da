//! A mail on its way out: its one address, and its octets with the files from the shelf.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Known;
use crate::mail::compose::{Identity, compose, deliverable};
use crate::message::{Body, Limits, MailOut, Outcome, Outgoing, Piece};

/// What mail can carry, however it leaves.
pub(super) const LIMITS: Limits = Limits {
    text: 1_000_000,
    file: 20 * 1024 * 1024,
    buttons: 0,
    threads: true,
    edits: false,
    reactions: false,
    prefix: "",
    forms: false,
    pace: Duration::ZERO,
};

/// The mail in `message` and the address it goes to, or why it can never be sent.
pub(super) fn addressed(message: &Outgoing) -> Result<(&MailOut, String), Outcome> {
    let Body::Mail(mail) = &message.body else {
        return Err(dead("only mail can be delivered by mail"));
    };
    let to = deliverable(&message.to.address).ok_or_else(|| dead("not a mail address"))?;
    Ok((mail, to))
}

/// The octets of `mail` as `identity` sends it to `to` under `key`: the same each time that they are asked for.
/// They are made off the async threads, for the files are read from disk.
pub(super) async fn octets(
    mail: &MailOut,
    to: &str,
    key: &str,
    identity: &Identity,
    known: &Known,
) -> Result<Vec<u8>, Outcome> {
    let (mail, to, key, identity) = (
        mail.clone(),
        to.to_owned(),
        key.to_owned(),
        identity.clone(),
    );
    let (since, shelf) = (known.since, Arc::clone(&known.shelf));
    let composed = tokio::task::spawn_blocking(move || {
        let files: io::Result<Vec<(Piece, Vec<u8>)>> = mail
            .files
            .iter()
            .map(|piece| Ok((piece.clone(), shelf.read(&piece.hash)?)))
            .collect();
        Ok(compose(&mail, &to, &key, &identity, since, &files?))
    })
    .await
    .unwrap_or_else(|error| Err(io::Error::other(error)));
    composed.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => dead("a file to attach is no longer on the shelf"),
        _ => Outcome::Retry {
            after: None,
            why: format!("cannot read a file to attach: {error}"),
        },
    })
}

/// An outcome for ever.
pub(super) fn dead(why: &str) -> Outcome {
    Outcome::Dead {
        why: why.to_owned(),
    }
}
