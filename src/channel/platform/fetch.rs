//! Files on their way from the platform to the shelf. Their addresses open them to anyone for an hour: they are used at
//! once, and kept nowhere.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::LOCATION;
use serde_json::{Value, json};

use super::Inner;
use super::client::whole;
use super::fault::Fault;
use super::json::text;
use super::pace::Rank;
use super::upload::checksum;
use crate::channel::upload::{safe_media_type, safe_name};
use crate::channel::{Inbox, Known};
use crate::message::platform::FileIn;
use crate::message::{Piece, Scan};

/// How often a file's address may send elsewhere.
const HOPS: usize = 3;
/// How often a file is asked for of a server that does not do its part, and how long after the first time.
const TRIES: u32 = 2;
const PAUSE: Duration = Duration::from_secs(2);

/// A file, with its address.
struct Found {
    file: FileIn,
    url: String,
}

impl Inner {
    /// Fetches files of a dossier onto the shelf, each where it can be had.
    pub(super) async fn fetch(
        &self,
        dossier: u64,
        wanted: &[FileIn],
        inbox: &Inbox,
        known: &Known,
    ) -> Result<Vec<Option<Piece>>, Fault> {
        let variables = json!({ "dossier": dossier });
        let data = self.instance.ask(Rank::Act, "Files", variables).await?;
        let mut found = Vec::new();
        collect(&data, &mut found);
        let mut pieces = Vec::new();
        let mut silent = BTreeSet::new();
        for wanted in wanted {
            let same = |found: &&Found| found.file.checksum == wanted.checksum;
            let named = |found: &&Found| same(found) && found.file.filename == wanted.filename;
            let found = found.iter().find(named).or_else(|| found.iter().find(same));
            let piece = match found {
                Some(found) => {
                    let content = self.content_of(dossier, found, &mut silent).await;
                    match content {
                        Some(content) => self.shelve(dossier, found, content, inbox, known).await?,
                        None => None,
                    }
                }
                None => None,
            };
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// The content of a file; none where it cannot be had. The file server is not the platform: what it cannot do now must
    /// not hold up what is to be done on the dossier, and a file can be asked for again. `silent` are hosts that did not
    /// answer: they are not waited for once more at each file.
    async fn content_of(
        &self,
        dossier: u64,
        found: &Found,
        silent: &mut BTreeSet<String>,
    ) -> Option<Vec<u8>> {
        let most = self.settings.max_file_bytes;
        if found.file.bytes > most {
            tracing::info!(
                dossier,
                "A file of dossier {dossier} is larger than platform.max_file_bytes"
            );
            return None;
        }
        let url = Url::parse(&found.url).ok()?;
        let host = url.host_str().unwrap_or_default().to_owned();
        for tried in 1..=TRIES {
            if silent.contains(&host) {
                break;
            }
            let why = match self.download(url.clone(), most).await {
                Ok(Some(content)) => return Some(content),
                Ok(None) => {
                    tracing::warn!(dossier, "A file of dossier {dossier} cannot be fetched");
                    return None;
                }
                Err(why) => why,
            };
            tracing::warn!(dossier, "A file of dossier {dossier} is not fetched: {why}");
            if tried < TRIES {
                tokio::time::sleep(PAUSE).await;
            } else if matches!(why, Fault::Away(_) | Fault::Strange(_)) {
                silent.insert(host.clone());
            }
        }
        None
    }

    /// Puts the content of a file onto the shelf, if it is what it should be and harmless.
    async fn shelve(
        &self,
        dossier: u64,
        found: &Found,
        content: Vec<u8>,
        inbox: &Inbox,
        known: &Known,
    ) -> Result<Option<Piece>, Fault> {
        if checksum(&content) != found.file.checksum {
            tracing::warn!(
                dossier,
                "A file of dossier {dossier} is not what the platform says that it is"
            );
            return Ok(None);
        }
        match inbox.scan(&content).await {
            Ok(Some(Scan::Infected { .. })) => return Ok(None),
            Ok(_) => {}
            Err(_away) => return Err(Fault::Local("the virus scanner is away".to_owned())),
        }
        let bytes = content.len() as u64;
        let shelf = Arc::clone(&known.shelf);
        let kept = tokio::task::spawn_blocking(move || shelf.keep(&content)).await;
        let hash = kept
            .map_err(std::io::Error::other)
            .and_then(|kept| kept)
            .map_err(|error| {
                Fault::Local(format!(
                    "a file cannot be kept on the shelf: {}",
                    error.kind()
                ))
            })?;
        Ok(Some(Piece {
            hash,
            name: safe_name(&found.file.filename),
            media_type: safe_media_type(&found.file.content_type),
            bytes,
        }))
    }

    /// The content at an address; none where it may not or cannot be had.
    async fn download(&self, mut url: Url, most: u64) -> Result<Option<Vec<u8>>, Fault> {
        let client = &self.instance.client;
        if !client.may_follow(None, &url).await {
            return Ok(None);
        }
        for _ in 0..=HOPS {
            let response = client.get(&url).await?;
            let status = response.status();
            if status.is_redirection() {
                let target = response.headers().get(LOCATION);
                let target = target.and_then(|target| target.to_str().ok());
                let target = target.and_then(|target| url.join(target).ok());
                let Some(target) = target else {
                    return Ok(None);
                };
                if !client.may_follow(Some(&url), &target).await {
                    return Ok(None);
                }
                url = target;
                continue;
            }
            if status.is_server_error() || status.as_u16() == 429 {
                return Err(Fault::Storage(format!("answers {}", status.as_u16())));
            }
            if !status.is_success()
                || response
                    .content_length()
                    .is_some_and(|length| length > most)
            {
                return Ok(None);
            }
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            return match whole(response, most).await {
                Ok(content) => Ok(Some(content)),
                Err(Fault::Away(why)) if why == super::fault::LONG => Ok(None),
                Err(fault) => Err(fault),
            };
        }
        Ok(None)
    }
}

/// Every file with an address, wherever it stands.
fn collect(value: &Value, found: &mut Vec<Found>) {
    match value {
        Value::Object(fields) => {
            if let (Some(file), Some(url)) = (super::read::file(value), text(value, "url")) {
                found.push(Found { file, url });
            }
            fields.values().for_each(|field| collect(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_wherever_they_stand() {
        let data = json!({"dossier": {"attestation": null, "champs": [{"rows": [{"champs": [{"files": [
            {"filename": "a.pdf", "checksum": "x", "url": "https://s.example/a"}, null]}]}]}]}});
        let mut found = Vec::new();
        collect(&data, &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].url, "https://s.example/a");
    }
}
