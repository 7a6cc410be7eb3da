//! Files: stored bytes, signed addresses, direct uploads.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use jiff::Timestamp;
use md5::{Digest, Md5};
use sha2::Sha256;

use super::clock::iso;
use super::state::State;
use super::tree::{Tree, object};

const LIFETIME: Duration = Duration::from_hours(1);
const SECRET: &str = "fake-signing-secret";

/// A file of the storage, complete or promised by a direct upload.
#[derive(Debug, Clone)]
pub(super) struct StoredFile {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) size: u64,
    /// Base64 of the MD5 announced, or computed.
    pub(super) checksum: String,
    pub(super) bytes: Option<Arc<[u8]>>,
    pub(super) created_at: Timestamp,
    /// Until when its signed blob id is valid; none for files that did not come by direct upload.
    pub(super) expires_at: Option<Timestamp>,
    pub(super) virus: &'static str,
}

pub(super) fn checksum(bytes: &[u8]) -> String {
    BASE64.encode(&Md5::digest(bytes))
}

/// A signature that only the fake can make.
pub(super) fn sign(what: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(format!("{SECRET}:{what}").as_bytes()))
}

impl State {
    pub(super) fn store(&mut self, name: &str, content_type: &str, bytes: &[u8]) -> u32 {
        let id = self.next_id();
        let file = StoredFile {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            size: bytes.len() as u64,
            checksum: checksum(bytes),
            bytes: Some(bytes.into()),
            created_at: self.clock.now(),
            expires_at: None,
            virus: "safe",
        };
        self.files.insert(id, file);
        id
    }

    pub(super) fn store_pdf(&mut self, name: &str, text: &str) -> u32 {
        self.store(name, "application/pdf", pdf(text).as_bytes())
    }

    /// A promised file; returns its id and the signed blob id to be used once it was put.
    pub(super) fn promise(
        &mut self,
        name: &str,
        content_type: &str,
        size: u64,
        checksum: &str,
    ) -> (u32, String) {
        let id = self.next_id();
        let now = self.clock.now();
        let file = StoredFile {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            size,
            checksum: checksum.to_owned(),
            bytes: None,
            created_at: now,
            expires_at: Some(now + LIFETIME),
            virus: "safe",
        };
        self.files.insert(id, file);
        (id, signed_blob_id(id))
    }

    /// The file behind a signed blob id, or the sentence that refuses it.
    pub(super) fn blob(&self, signed: &str) -> Result<u32, String> {
        let invalid = || "L’identifiant du fichier téléversé est invalide".to_owned();
        let id: u32 = signed
            .split("--")
            .next()
            .and_then(|id| id.parse().ok())
            .ok_or_else(invalid)?;
        let file = self
            .files
            .get(&id)
            .filter(|_| signed_blob_id(id) == signed)
            .ok_or_else(invalid)?;
        if file.expires_at.is_none_or(|at| at < self.clock.now()) {
            return Err(invalid());
        }
        let Some(bytes) = &file.bytes else {
            let sentence =
                "Le fichier n’a pas été correctement téléversé sur le serveur de stockage";
            return Err(sentence.to_owned());
        };
        if checksum(bytes) != file.checksum {
            return Err("Le hash du fichier téléversé est invalide".to_owned());
        }
        Ok(id)
    }

    /// Where a file can be fetched during the next hour.
    pub(super) fn file_url(&self, base: &str, id: u32, name: &str) -> String {
        let base = self.elsewhere.as_deref().unwrap_or(base);
        let expires = (self.clock.now() + LIFETIME).as_second();
        let name: String = name
            .chars()
            .map(|each| {
                if each.is_ascii_alphanumeric() || each == '.' {
                    each
                } else {
                    '-'
                }
            })
            .collect();
        format!(
            "{base}/storage/{id}/{name}?expires={expires}&signature={}",
            sign(&format!("{id}:{expires}"))
        )
    }

    /// The file in the API; infected ones do not appear.
    pub(super) fn file_tree(&self, base: &str, id: u32) -> Option<Tree> {
        let file = self
            .files
            .get(&id)
            .filter(|file| file.virus != "infected")?;
        Some(object(
            "File",
            vec![
                ("filename", file.name.as_str().into()),
                ("contentType", file.content_type.as_str().into()),
                ("byteSize", Tree::from(file.size)),
                ("byteSizeBigInt", file.size.to_string().into()),
                ("checksum", file.checksum.as_str().into()),
                ("createdAt", iso(file.created_at).into()),
                ("virusScanResult", file.virus.into()),
                ("url", self.file_url(base, id, &file.name).into()),
            ],
        ))
    }
}

fn signed_blob_id(id: u32) -> String {
    format!("{id}--{}", sign(&format!("blob:{id}")))
}

/// A small but true PDF that says `text`.
pub(super) fn pdf(text: &str) -> String {
    let stream = format!("BT /F1 18 Tf 72 720 Td ({text}) Tj ET");
    format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font\
         /Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n4 0 obj<</Length {}>>stream\n{stream}\nendstream endobj\n\
         trailer<</Root 1 0 R>>\n%%EOF\n",
        stream.len()
    )
}
