//! A body with files beside it (RFC 7578), as Discord takes them: `payload_json`, then `files[n]`.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attachment {
    /// Its name, safe already.
    pub(super) name: String,
    /// What it shows, in words.
    pub(super) alt: Option<String>,
    /// Its media type, safe already.
    pub(super) media_type: String,
    /// Its octets.
    pub(super) content: Vec<u8>,
}

/// The content type and the body of `payload` with `files`.
pub(super) fn multipart(payload: &str, files: &[Attachment]) -> (String, Vec<u8>) {
    // What stands in the files decides what separates them, so that nobody can foresee it in a file of his.
    let mut digest = Sha256::new();
    digest.update(payload);
    for file in files {
        digest.update(&file.content);
    }
    let boundary = format!("greffier-{}", HEXLOWER.encode(&digest.finalize()));
    let mut body = Vec::new();
    let mut part = |head: &str, content: &[u8]| {
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    part(
        "Content-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json",
        payload.as_bytes(),
    );
    for (index, file) in files.iter().enumerate() {
        let name = file.name.replace(['"', '\\', '\r', '\n'], "_");
        let head = format!(
            "Content-Disposition: form-data; name=\"files[{index}]\"; filename=\"{name}\"\r\nContent-Type: {}",
            file.media_type
        );
        part(&head, &file.content);
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_breaks_out_of_nothing() {
        let file = Attachment {
            name: "a\"\r\nX-Evil: 1".to_owned(),
            alt: None,
            media_type: "text/plain".to_owned(),
            content: b"--greffier\r\n".to_vec(),
        };
        let (kind, body) = multipart("{}", &[file]);
        let text = String::from_utf8(body).unwrap();
        assert!(text.contains("filename=\"a___X-Evil: 1\"\r\n"), "{text}");
        let boundary = kind.split_once("boundary=").unwrap().1;
        assert_eq!(text.matches(boundary).count(), 3);
        assert!(text.ends_with(&format!("--{boundary}--\r\n")));
    }
}
