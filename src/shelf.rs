//! Where files live: attachments and the originals of mails, outside the ledger.

use std::io;

/// Files, by the hash of their content.
pub trait Shelf: Send + Sync + 'static {
    /// Keeps `content` and answers its SHA-256 in hexadecimal, once it is durable. Keeping it again changes nothing.
    fn keep(&self, content: &[u8]) -> io::Result<String>;
    /// Keeps several, and answers for each in their order. Where waiting for the disk takes longest, they wait together.
    fn keep_all(&self, contents: &[&[u8]]) -> Vec<io::Result<String>> {
        contents.iter().map(|content| self.keep(content)).collect()
    }
    /// The content behind `hash`.
    fn read(&self, hash: &str) -> io::Result<Vec<u8>>;
}
