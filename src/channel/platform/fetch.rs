//! Files of a dossier, fetched when somebody asks for them. Their addresses are signed, open to anyone for an hour, and stand
//! nowhere else than here.

use data_encoding::BASE64;
use md5::{Digest as _, Md5};
use reqwest::Url;
use serde_json::{Value, json};

use super::Inner;
use super::client::whole;
use super::fault::Fault;
use super::pace::Rank;
use crate::channel::Known;
use crate::message::Piece;
use crate::message::platform::{FileIn, Order};

impl Inner {
    /// Fetches `files` of the order's dossier onto the shelf, in their order; none for one that cannot be had.
    pub(super) async fn fetch(
        &self,
        order: &Order,
        files: &[FileIn],
        known: &Known,
    ) -> Result<Vec<Option<Piece>>, Fault> {
        let variables = json!({ "dossier": order.dossier });
        let data = self.instance.ask(Rank::Act, "Files", variables).await?;
        let mut there = Vec::new();
        collect(&data, &mut there);
        let mut fetched = Vec::new();
        for file in files {
            let found = there
                .iter()
                .find(|(checksum, _)| *checksum == file.checksum);
            let piece = match found {
                Some((_, url)) => self.fetch_one(file, url, known).await?,
                // Removed since, or found to have a virus.
                None => None,
            };
            fetched.push(piece);
        }
        Ok(fetched)
    }

    async fn fetch_one(
        &self,
        file: &FileIn,
        url: &str,
        known: &Known,
    ) -> Result<Option<Piece>, Fault> {
        let most = self.settings.max_file_bytes;
        let client = &self.instance.client;
        let Some(url) = Url::parse(url).ok().filter(|url| client.may_reach(url)) else {
            return Ok(None);
        };
        if file.bytes > most {
            return Ok(None);
        }
        let response = client.get(&url).await?;
        if response.status().is_server_error() {
            return Err(Fault::Away("the file server fails".to_owned()));
        }
        if !response.status().is_success() {
            return Ok(None);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let content = match whole(response, most).await {
            Ok(content) => content,
            Err(fault) if fault.is_too_much() => return Ok(None),
            Err(fault) => return Err(fault),
        };
        if BASE64.encode(&Md5::digest(&content)) != file.checksum {
            tracing::warn!("A file of the platform is not what its checksum says");
            return Ok(None);
        }
        let bytes = content.len() as u64;
        let shelf = known.shelf.clone();
        let kept = tokio::task::spawn_blocking(move || shelf.keep(&content)).await;
        let hash = kept
            .map_err(|error| error.to_string())
            .and_then(|kept| kept.map_err(|error| error.to_string()))
            .map_err(|why| Fault::Local(format!("a file cannot be kept: {why}")))?;
        Ok(Some(Piece {
            hash,
            name: file.filename.clone(),
            media_type: file.content_type.clone(),
            bytes,
        }))
    }
}

/// Every file in an answer: checksum and address.
fn collect(value: &Value, there: &mut Vec<(String, String)>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, there)),
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
            if let (Some(checksum), Some(url)) = (text("checksum"), text("url")) {
                there.push((checksum, url));
            }
            fields.values().for_each(|field| collect(field, there));
        }
        _ => {}
    }
}
