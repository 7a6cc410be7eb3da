//! Files, addressed by what they contain.

use serde::{Deserialize, Serialize};

/// A file kept on the shelf: a pièce jointe, a justificatif or the original of a mail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Piece {
    /// SHA-256 of the content, in lower-case hexadecimal. It is the file's address on the shelf.
    pub hash: String,
    /// Name to show, already made safe: no path, no control character.
    pub name: String,
    /// Media type (RFC 6838), as far as it is known.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What stands before the checksum of a file that is not on the shelf.
const REMOTE: &str = "platform:";

impl Piece {
    /// A file that is on the platform, and not on the shelf before somebody asks for it. `checksum` is the platform's.
    pub fn remote(checksum: &str, name: String, media_type: String, bytes: u64) -> Self {
        Self {
            hash: format!("{REMOTE}{checksum}"),
            name,
            media_type,
            bytes,
        }
    }

    /// The platform's checksum, where the file is there rather than on the shelf.
    pub fn elsewhere(&self) -> Option<&str> {
        self.hash.strip_prefix(REMOTE)
    }
}
