//! `createDirectUpload` and the storage that the client then writes to.

use serde_json::{Value, json};

use super::ctx::Ctx;
use super::descriptor::typed_id;
use super::file::{checksum, sign};
use super::mutation::text;
use super::state::State;
use super::tree::{Tree, object};

pub(super) fn create(ctx: &Ctx<'_>, input: &Value) -> Vec<(&'static str, Tree)> {
    let state = &mut **ctx.state_mut();
    let (name, kind) = (
        text(input, "filename").unwrap_or_default(),
        text(input, "contentType").unwrap_or_default(),
    );
    let size = input
        .get("byteSize")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let checksum = text(input, "checksum").unwrap_or_default();
    let (id, signed) = state.promise(name, kind, size, checksum);
    let headers = json!({ "Content-Type": kind, "Content-MD5": checksum }).to_string();
    let url = format!(
        "{}/storage/put/{id}?signature={}",
        state.elsewhere.as_deref().unwrap_or(ctx.base),
        sign(&format!("put:{id}"))
    );
    let upload = object(
        "DirectUpload",
        vec![
            ("url", Tree::from(url)),
            ("headers", headers.into()),
            ("blobId", typed_id("ActiveStorage::Blob", id).into()),
            ("signedBlobId", signed.into()),
        ],
    );
    vec![("directUpload", upload)]
}

impl State {
    /// Stores what was put; the status is what an object store would answer.
    pub(super) fn put(
        &mut self,
        id: u32,
        signature: &str,
        md5: Option<&str>,
        kind: Option<&str>,
        bytes: &[u8],
    ) -> u16 {
        let now = self.clock.now();
        let Some(file) = self.files.get_mut(&id) else {
            return 404;
        };
        let expired = file.expires_at.is_none_or(|at| at < now);
        if expired
            || signature != sign(&format!("put:{id}"))
            || kind != Some(file.content_type.as_str())
        {
            return 403;
        }
        if md5.is_some_and(|md5| md5 != checksum(bytes)) || file.checksum != checksum(bytes) {
            return 400;
        }
        file.bytes = Some(bytes.into());
        file.size = bytes.len() as u64;
        200
    }

    /// The bytes and type behind a signed address, or the status that refuses it.
    pub(super) fn download(
        &self,
        id: u32,
        expires: i64,
        signature: &str,
    ) -> Result<(Vec<u8>, String), u16> {
        if signature != sign(&format!("{id}:{expires}")) || expires < self.clock.now().as_second() {
            return Err(403);
        }
        if let Some(file) = self.files.get(&id) {
            let bytes = file.bytes.as_ref().ok_or(404_u16)?;
            return Ok((bytes.to_vec(), file.content_type.clone()));
        }
        let number = i32::try_from(u32::MAX - id).map_err(|_| 404_u16)?;
        let dossier = self.dossiers.get(&number).ok_or(404_u16)?;
        let text = format!("Dossier {number} - {}", dossier.statut.code());
        Ok((
            super::file::pdf(&text).into_bytes(),
            "application/pdf".to_owned(),
        ))
    }
}
