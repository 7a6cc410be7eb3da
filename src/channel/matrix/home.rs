//! The folder of the device: its session, its keys and the lock, one unit.
//!
//! A session without its keys is a device that can read nothing; keys without their session are of no use. Either half
//! alone is refused, with what to do: going on would make the homeserver believe in two devices of one name.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::identity::Identity;
use super::settings::Settings;
use crate::channel::eml;

/// A session, as its file keeps it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// The homeserver that it is with.
    pub(super) homeserver: String,
    /// The account; none until it has logged in.
    pub(super) user_id: Option<String>,
    /// The device, chosen before it logs in: a login that is interrupted goes on with the same one.
    pub(super) device_id: String,
    /// None until it has logged in.
    pub(super) access_token: Option<String>,
    /// Where the homeserver gives one.
    #[serde(default)]
    pub(super) refresh_token: Option<String>,
    /// When the device was made.
    pub(super) since: Timestamp,
}

/// The folder of the device.
#[derive(Debug, Clone)]
pub(super) struct Home {
    folder: PathBuf,
    passphrase: PathBuf,
}

/// Holds the folder for this process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Home {
    /// The folder that `settings` name.
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            folder: settings.store.clone().unwrap_or_default(),
            passphrase: settings.passphrase_file.clone().unwrap_or_default(),
        }
    }

    /// Where the library keeps keys and rooms.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    fn session_file(&self) -> PathBuf {
        self.folder.join("session.json")
    }

    /// Where the running daemon says how it fares.
    pub(super) fn status_file(&self) -> PathBuf {
        self.folder.join("status.json")
    }

    /// Takes the folder for this process alone.
    pub(super) fn lock(&self) -> anyhow::Result<Lock> {
        make(&self.folder)?;
        let path = self.folder.join("lock");
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("Cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => bail!(
                "another greffier uses the Matrix device in {}: stop it first",
                self.folder.display()
            ),
            Err(fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("Cannot lock {}", path.display()))
            }
        }
    }

    /// The session, if there is one; an error where only half of the device is there.
    pub(super) fn session(&self) -> anyhow::Result<Option<Session>> {
        let path = self.session_file();
        let keys = self.store().join("matrix-sdk-crypto.sqlite3").exists();
        let session: Option<Session> = match fs::read(&path) {
            Ok(octets) => Some(serde_json::from_slice(&octets).with_context(|| {
                format!("{} cannot be understood: restore the folder from a backup, or remove it and run `greffier matrix recover`", path.display())
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| format!("Cannot read {}", path.display()));
            }
        };
        let folder = self.folder.display();
        match &session {
            Some(session) if session.access_token.is_some() && !keys => bail!(
                "{folder} has a Matrix session and not its keys: nothing could be read with it. Restore the whole folder \
                 from a backup; or remove it and run `greffier matrix recover`, which makes a new device with the recovery key"
            ),
            None if keys => bail!(
                "{folder} has the keys of a Matrix device and not its session. Restore the whole folder from a backup; or \
                 remove it and run `greffier matrix recover`, which makes a new device with the recovery key"
            ),
            _ => Ok(session),
        }
    }

    /// Keeps `session`; it is on disk when this ends well.
    pub(super) fn keep(&self, session: &Session) -> io::Result<()> {
        let octets = serde_json::to_vec_pretty(session)?;
        eml::put(&self.folder, &self.session_file(), &octets)
    }

    /// Forgets the device: session and keys. The lock stays.
    pub(super) fn clear(&self) -> io::Result<()> {
        for gone in [
            fs::remove_file(self.session_file()),
            fs::remove_file(self.status_file()),
            fs::remove_dir_all(self.store()),
        ] {
            match gone {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// How the device was last seen.
    pub(super) fn seen(&self) -> Option<Identity> {
        let octets = fs::read(self.status_file()).ok()?;
        serde_json::from_slice(&octets).ok()
    }

    /// Puts `status` where `greffier matrix status` finds it.
    pub(super) fn keep_status(&self, status: &impl Serialize) -> io::Result<()> {
        let octets = serde_json::to_vec_pretty(status)?;
        eml::put(&self.folder, &self.status_file(), &octets)
    }

    /// The key of the store: 32 octets in hexadecimal, made if there is none.
    pub(super) fn key(&self) -> anyhow::Result<[u8; 32]> {
        let path = &self.passphrase;
        if !path.exists() {
            if self.store().exists() {
                bail!(
                    "{} is missing, and {} is locked with it: put it back, or restore both from one backup",
                    path.display(),
                    self.store().display()
                );
            }
            let mut octets = [0u8; 32];
            getrandom::fill(&mut octets)
                .map_err(|error| anyhow::anyhow!("no randomness for a key: {error}"))?;
            write_secret(path, &HEXLOWER.encode(&octets))?;
        }
        let text =
            fs::read_to_string(path).with_context(|| format!("Cannot read {}", path.display()))?;
        let octets = HEXLOWER
            .decode(text.trim().to_lowercase().as_bytes())
            .ok()
            .and_then(|octets| <[u8; 32]>::try_from(octets).ok());
        octets.with_context(|| {
            format!(
                "{} must hold 64 hexadecimal digits, as Greffier writes them",
                path.display()
            )
        })
    }
}

/// Writes a new file for its owner alone.
pub(super) fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        make(folder)?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("Cannot create {}", path.display()))?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(())
}

/// The text of a secret file, without the space around it.
pub(super) fn read_secret(path: &Path) -> anyhow::Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("Cannot read {}", path.display()))?;
    let text = text.trim().to_owned();
    if text.is_empty() {
        bail!("{} is empty", path.display());
    }
    Ok(text)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("Cannot create {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(folder: &Path) -> Home {
        Home {
            folder: folder.join("matrix"),
            passphrase: folder.join("secrets/matrix-passphrase"),
        }
    }

    fn session(token: Option<&str>) -> Session {
        Session {
            homeserver: "https://hs.example".to_owned(),
            user_id: None,
            device_id: "ABC".to_owned(),
            access_token: token.map(ToOwned::to_owned),
            refresh_token: None,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let held = home.lock().unwrap();
        assert!(
            home.lock()
                .unwrap_err()
                .to_string()
                .contains("another greffier")
        );
        drop(held);
        home.lock().unwrap();
    }

    #[test]
    fn half_a_device_is_refused_and_the_way_out_said() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        assert!(home.session().unwrap().is_none());
        home.keep(&session(Some("token"))).unwrap();
        let error = home.session().err().unwrap().to_string();
        assert!(
            error.contains("not its keys") && error.contains("matrix recover"),
            "{error}"
        );
        fs::create_dir_all(home.store()).unwrap();
        fs::write(home.store().join("matrix-sdk-crypto.sqlite3"), "").unwrap();
        assert!(home.session().unwrap() == Some(session(Some("token"))));
        fs::remove_file(home.session_file()).unwrap();
        let error = home.session().err().unwrap().to_string();
        assert!(error.contains("not its session"), "{error}");
        home.clear().unwrap();
        assert!(home.session().unwrap().is_none());
    }

    #[test]
    fn a_login_that_was_interrupted_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        home.keep(&session(None)).unwrap();
        assert!(home.session().unwrap() == Some(session(None)));
    }

    #[test]
    fn a_key_is_made_once_and_never_for_a_store_that_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let key = home.key().unwrap();
        assert_eq!(home.key().unwrap(), key);
        fs::create_dir_all(home.store()).unwrap();
        fs::remove_file(&home.passphrase).unwrap();
        assert!(home.key().unwrap_err().to_string().contains("put it back"));
        fs::write(&home.passphrase, "abc").unwrap();
        assert!(home.key().is_err());
    }
}
