//! Outgoing mail as `.eml` files in a folder: what the embedded default does instead of sending.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::letter::{LIMITS, addressed, octets};
use super::{Channel, Inbox, Known};
use crate::mail::compose::{Identity, message_id};
use crate::message::{Limits, Outcome, Outgoing};

/// `[eml]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The folder for the files. It is made if it is missing, for its owner alone.
    pub folder: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("var/outbox-mail"),
        }
    }
}

/// The folder that stands for the mail network.
#[derive(Debug, Clone)]
pub struct Eml {
    folder: PathBuf,
    identity: Identity,
}

impl Eml {
    /// A folder that takes mail written as `identity`.
    pub fn new(settings: Settings, identity: Identity) -> Self {
        Self {
            folder: settings.folder,
            identity,
        }
    }

    /// The file that the mail with this key is written to: it depends on the key alone.
    pub fn file(&self, key: &str) -> PathBuf {
        let plain = key
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c));
        let name = if plain && !key.starts_with('.') && (1..=100).contains(&key.len()) {
            key.to_owned()
        } else {
            HEXLOWER.encode(&Sha256::digest(key))
        };
        self.folder.join(format!("{name}.eml"))
    }
}

/// Writes `file` so that it is there whole or not at all, also after a power cut.
pub(super) fn put(folder: &Path, file: &Path, octets: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let part = file.with_extension("part");
    let mut open = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    open.write_all(octets)?;
    open.sync_all()?;
    fs::rename(&part, file)?;
    fs::File::open(folder)?.sync_all()
}

impl Channel for Eml {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    async fn listen(&self, _inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    async fn deliver(&self, key: &str, message: &Outgoing, known: &Known) -> Outcome {
        let (mail, to) = match addressed(message) {
            Ok(addressed) => addressed,
            Err(outcome) => return outcome,
        };
        let delivered = Outcome::Delivered {
            remote_id: message_id(key, &self.identity.host),
        };
        let file = self.file(key);
        // Written in an earlier try.
        if file.exists() {
            return delivered;
        }
        let octets = match octets(mail, &to, key, &self.identity, known).await {
            Ok(octets) => octets,
            Err(outcome) => return outcome,
        };
        let folder = self.folder.clone();
        let put = tokio::task::spawn_blocking(move || put(&folder, &file, &octets));
        match put
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
        {
            Ok(()) => delivered,
            Err(error) => Outcome::Retry {
                after: None,
                why: format!("cannot write the mail: {error}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eml() -> Eml {
        let identity = Identity {
            domain: String::new(),
            from_address: String::new(),
            host: String::new(),
            seal: None,
        };
        Eml::new(
            Settings {
                folder: PathBuf::from("/nowhere"),
            },
            identity,
        )
    }

    #[test]
    fn a_file_is_named_for_its_key_and_stays_in_the_folder() {
        assert_eq!(
            eml().file("outbox-42.1f3a9c"),
            PathBuf::from("/nowhere/outbox-42.1f3a9c.eml")
        );
        for hostile in ["../x", "", ".", "..", "a/b", "a\0b", ".hidden", "é"] {
            let file = eml().file(hostile);
            assert_eq!(file.parent(), Some(Path::new("/nowhere")), "{hostile:?}");
            assert_eq!(
                file.file_name().map(std::ffi::OsStr::len),
                Some(64 + 4),
                "{hostile:?}"
            );
        }
    }
}
