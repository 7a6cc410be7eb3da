//! Files that go with a message: read from the shelf, uploaded, encrypted for an encrypted room, each an event of its own.

use std::io::{Cursor, ErrorKind};
use std::sync::Arc;

use serde_json::{Value, json};

use super::Matrix;
use super::fault::Fault;
use super::form::{self, Attached, Drawn, Relation, Thumbnail};
use super::memo::Note;
use super::picture::{Picture, picture};
use super::send::{Sent, Target, dead, outcome};
use crate::channel::Known;
use crate::message::{Outcome, Piece};

/// A file that goes out.
pub(super) struct Leaving<'a> {
    pub(super) name: &'a str,
    /// What it shows, in words.
    pub(super) alt: Option<&'a str>,
    pub(super) media_type: &'a str,
    pub(super) content: Vec<u8>,
}

impl Matrix {
    /// Sends a file of the shelf, unless it was sent already.
    pub(super) async fn piece(
        &self,
        target: &Target<'_>,
        (piece, alt): (&Piece, Option<&str>),
        known: &Known,
        relation: &Relation,
        key: &str,
    ) -> Result<String, Outcome> {
        let (shelf, hash) = (Arc::clone(&known.shelf), piece.hash.clone());
        let read = tokio::task::spawn_blocking(move || shelf.read(&hash)).await;
        let content = match read {
            Ok(Ok(content)) => content,
            // It will not come back by itself, and must not keep everything behind it from being said.
            Ok(Err(error))
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) =>
            {
                return Err(dead("a file is not on the shelf any more, or not whole"));
            }
            Ok(Err(_)) | Err(_) => {
                return Err(Outcome::Retry {
                    after: None,
                    why: "a file cannot be read".to_owned(),
                });
            }
        };
        let leaving = Leaving {
            name: &piece.name,
            alt,
            media_type: &piece.media_type,
            content,
        };
        self.file_part(target, leaving, relation, key).await
    }

    /// Uploads and sends a file, unless it was sent already.
    pub(super) async fn file_part(
        &self,
        target: &Target<'_>,
        leaving: Leaving<'_>,
        relation: &Relation,
        key: &str,
    ) -> Result<String, Outcome> {
        let memo = &target.online.memo;
        let fail = |fault: Fault| outcome(&fault);
        let sent: Option<String> = memo
            .get(Note::Part(key))
            .await
            .map_err(|error| fail(error.into()))?;
        if let Some(id) = sent {
            return Ok(id);
        }
        let Leaving {
            name,
            alt,
            media_type,
            content,
        } = leaving;
        let bytes = content.len() as u64;
        let (picture, content) = self.look_at(media_type, content).await;
        let picture = match picture {
            None => None,
            Some(picture) => Some(drawn(target, picture).await.map_err(fail)?),
        };
        let source = upload(target, media_type, content).await.map_err(fail)?;
        let attached = Attached {
            name,
            alt,
            media_type,
            bytes,
            picture,
            source,
        };
        let content = form::file(&attached, relation, key);
        let Sent { id, .. } = self.part(target, "m.room.message", content, key).await?;
        // A later part may fail: this one must not be sent again with it.
        memo.put(Note::Part(key), &id)
            .await
            .map_err(|error| fail(error.into()))?;
        if let Some(old) = self.parts.put(key) {
            memo.remove(Note::Part(&old))
                .await
                .map_err(|error| fail(error.into()))?;
        }
        Ok(id)
    }

    /// What a file is as a picture, off the async threads and one at a time: unpacked it may be large.
    async fn look_at(&self, media_type: &str, content: Vec<u8>) -> (Option<Picture>, Vec<u8>) {
        if !media_type.starts_with("image/") {
            return (None, content);
        }
        let _alone = self.drawing.lock().await;
        let (media_type, content) = (media_type.to_owned(), Arc::new(content));
        let seen = Arc::clone(&content);
        let looked = tokio::task::spawn_blocking(move || picture(&media_type, &seen)).await;
        // One that makes its reader panic is a file like any other.
        let picture = looked.unwrap_or_default();
        let content = Arc::try_unwrap(content).unwrap_or_else(|shared| shared.to_vec());
        (picture, content)
    }
}

/// A picture as it is told of, its small one uploaded.
async fn drawn(target: &Target<'_>, picture: Picture) -> Result<Drawn, Fault> {
    let Picture {
        width,
        height,
        small,
    } = picture;
    let thumbnail = match small {
        None => None,
        Some(small) => {
            let bytes = small.content.len() as u64;
            Some(Thumbnail {
                width: small.width,
                height: small.height,
                media_type: small.media_type,
                bytes,
                source: upload(target, small.media_type, small.content).await?,
            })
        }
    };
    Ok(Drawn {
        width,
        height,
        thumbnail,
    })
}

/// Puts a file on the homeserver: encrypted for an encrypted room.
async fn upload(
    target: &Target<'_>,
    media_type: &str,
    content: Vec<u8>,
) -> Result<(&'static str, Value), Fault> {
    let client = &target.online.client;
    if target.encrypted {
        let file = client
            .upload_encrypted_file(&mut Cursor::new(content))
            .await?;
        let file = serde_json::to_value(file)
            .map_err(|_| Fault::Local("a file's keys cannot be written".to_owned()))?;
        return Ok(("file", file));
    }
    let media_type = media_type
        .parse()
        .or_else(|_| "application/octet-stream".parse())
        .map_err(|_| Fault::Local("no media type".to_owned()))?;
    let uploaded = client.media().upload(&media_type, content, None).await?;
    Ok(("url", json!(uploaded.content_uri)))
}
