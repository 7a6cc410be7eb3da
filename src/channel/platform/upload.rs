//! Files on their way to the platform.

use data_encoding::BASE64;
use md5::{Digest as _, Md5};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::Inner;
use super::fault::Fault;
use super::json::text;
use super::pace::Rank;
use crate::channel::Known;
use crate::message::Piece;

/// MD5 in base64, as the platform has it.
pub(super) fn checksum(content: &[u8]) -> String {
    BASE64.encode(&Md5::digest(content))
}

impl Inner {
    /// Puts a file where the platform keeps them, and answers what mutations call it. It stays there unused for a while if
    /// nothing comes of it.
    pub(super) async fn upload(
        &self,
        dossier: &str,
        piece: &Piece,
        known: &Known,
    ) -> Result<String, Fault> {
        let content = self.content(piece, known).await?;
        let variables = json!({ "input": {
            "dossierId": dossier,
            "filename": piece.name,
            "byteSize": content.len(),
            "checksum": checksum(&content),
            "contentType": piece.media_type,
        }});
        let data = self.instance.ask(Rank::Act, "Upload", variables).await?;
        let upload = data.pointer("/createDirectUpload/directUpload");
        let odd = || Fault::Away("an answer without a place for a file".to_owned());
        let upload = upload.filter(|upload| !upload.is_null()).ok_or_else(odd)?;
        let url = text(upload, "url")
            .and_then(|url| Url::parse(&url).ok())
            .ok_or_else(odd)?;
        let name = text(upload, "signedBlobId").ok_or_else(odd)?;
        if !self.instance.client.may_follow(None, &url).await {
            return Err(Fault::Storage(
                "wants a file elsewhere than by TLS, or within the network here".to_owned(),
            ));
        }
        let headers = text(upload, "headers").unwrap_or_default();
        self.instance
            .client
            .put(&url, headers_of(&headers), content)
            .await?;
        Ok(name)
    }

    async fn content(&self, piece: &Piece, known: &Known) -> Result<Vec<u8>, Fault> {
        let (shelf, hash) = (std::sync::Arc::clone(&known.shelf), piece.hash.clone());
        let read = tokio::task::spawn_blocking(move || shelf.read(&hash)).await;
        let read = read.map_err(std::io::Error::other).and_then(|read| read);
        read.map_err(|error| {
            let why = format!("a file cannot be read from the shelf: {}", error.kind());
            match error.kind() {
                std::io::ErrorKind::NotFound => Fault::Lost(why),
                _ => Fault::Local(why),
            }
        })
    }
}

/// The headers that the platform wants with a file: JSON in a text.
fn headers_of(text: &str) -> HeaderMap {
    let Ok(Value::Object(given)) = serde_json::from_str::<Value>(text) else {
        return HeaderMap::new();
    };
    let header = |(name, value): (String, Value)| {
        let name = HeaderName::try_from(name).ok()?;
        let value = HeaderValue::try_from(super::json::scalar(&value)?).ok()?;
        Some((name, value))
    };
    given.into_iter().filter_map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_md5_in_base64() {
        assert_eq!(checksum(b"hello"), "XUFAKrxLKna5cZ2REBfFkg==");
    }

    #[test]
    fn headers_are_read_and_odd_ones_left_out() {
        let headers = headers_of(
            r#"{"Content-Type":"text/plain","Content-MD5":"x","a b":"1","n":3,"bad":"x\ny"}"#,
        );
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["content-type"], "text/plain");
        assert!(headers_of("").is_empty());
    }
}
