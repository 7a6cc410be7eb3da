//! A file on its way to the platform: announced, put where the platform says, then named by its signed id.

use data_encoding::BASE64;
use md5::{Digest as _, Md5};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::Inner;
use super::fault::Fault;
use super::pace::Rank;
use crate::channel::Known;
use crate::message::Piece;
use crate::message::platform::Order;

impl Inner {
    /// Uploads a file, and answers the `signedBlobId` by which a mutation names it.
    pub(super) async fn upload(
        &self,
        order: &Order,
        piece: &Piece,
        known: &Known,
    ) -> Result<String, Fault> {
        let (shelf, hash) = (known.shelf.clone(), piece.hash.clone());
        let content = tokio::task::spawn_blocking(move || shelf.read(&hash)).await;
        let content = content
            .map_err(|error| error.to_string())
            .and_then(|read| read.map_err(|error| error.kind().to_string()))
            .map_err(|why| Fault::Local(format!("a file of the shelf cannot be read: {why}")))?;
        let input = json!({ "input": {
            "dossierId": order.dossier_id,
            "filename": piece.name,
            "byteSize": content.len(),
            "checksum": BASE64.encode(&Md5::digest(&content)),
            "contentType": piece.media_type,
        }});
        let data = self.instance.ask(Rank::Act, "Upload", input).await?;
        let told = |key: &str| {
            let path = format!("/createDirectUpload/directUpload/{key}");
            data.pointer(&path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let odd = || Fault::Away("an answer without a place for a file".to_owned());
        let url: Url = told("url").ok_or_else(odd)?.parse().map_err(|_| odd())?;
        if !self.instance.client.may_reach(&url) {
            return Err(Fault::Local(
                "the platform wants a file put where there is no TLS".to_owned(),
            ));
        }
        let headers = headers(&told("headers").unwrap_or_default());
        self.instance.client.put(&url, headers, content).await?;
        told("signedBlobId").ok_or_else(odd)
    }
}

/// The headers that the file server wants, which come as JSON in a text.
fn headers(text: &str) -> HeaderMap {
    let told: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let read = told.iter().filter_map(|(name, value)| {
        let name: HeaderName = name.parse().ok()?;
        Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
    });
    read.collect()
}
