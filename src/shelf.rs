//! Where files live: attachments and the originals of mails, outside the ledger.

use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::time::Duration;

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
    /// Keeps all that `content` gives, without holding it where that can be avoided.
    fn keep_from(&self, content: &mut dyn Read) -> io::Result<String> {
        let mut whole = Vec::new();
        content.read_to_end(&mut whole)?;
        self.keep(&whole)
    }
    /// A folder for temporary files, on the same disk as the shelf where it is on one.
    fn scratch(&self) -> PathBuf {
        std::env::temp_dir()
    }
    /// The content behind `hash`, piece by piece where that can be. Its end is not compared with its hash.
    fn open(&self, hash: &str) -> io::Result<Box<dyn Read>> {
        self.read(hash)
            .map(|content| Box::new(Cursor::new(content)) as Box<dyn Read>)
    }
    /// How many bytes that is, without reading them where that can be avoided.
    fn size(&self, hash: &str) -> io::Result<u64> {
        self.read(hash).map(|content| content.len() as u64)
    }
    /// A copy under `name`, for whoever sits at this machine: what is done to it changes nothing here. None where there
    /// are no copies. It stays until it is [reclaimed](Self::reclaim).
    fn lend(&self, _hash: &str, _name: &str) -> io::Result<Option<PathBuf>> {
        Ok(None)
    }
    /// Takes back the copies that are older than that.
    fn reclaim(&self, _age: Duration) -> io::Result<()> {
        Ok(())
    }
    /// The file that it is on this machine; none where it is not a file of its own.
    fn located(&self, _hash: &str) -> Option<PathBuf> {
        None
    }
}
