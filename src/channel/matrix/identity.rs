//! Who Greffier is to other people's clients: its cross-signing identity, its recovery key, its key backup.
//!
//! A device that its owner has not signed is sent no room keys by current clients (MSC4153): it would be deaf. So it is
//! signed at the first start, and a new device of the same account must be signed with the recovery key.

use std::path::Path;

use matrix_sdk::Client;
use matrix_sdk::encryption::CrossSigningResetAuthType;
use matrix_sdk::encryption::recovery::{RecoveryError, RecoveryState};
use matrix_sdk::ruma::api::client::uiaa::{
    AuthData, MatrixUserIdentifier, Password, UserIdentifier,
};
use serde::{Deserialize, Serialize};

use super::connect::{local_part, password};
use super::fault::Fault;
use super::home::{read_secret, write_secret};
use super::memo::{Memo, Note};
use super::settings::Settings;

/// What `greffier matrix status` shows of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account.
    pub user: String,
    /// The device.
    pub device: String,
    /// Its Ed25519 fingerprint, in groups of four: clients show the same.
    pub fingerprint: String,
    /// Whether the account's owner, Greffier itself, has signed the device.
    pub signed: bool,
    /// Whether the room keys are backed up on the homeserver.
    pub backup: bool,
    /// Whether the recovery key opens that backup and the identity.
    pub recovery: bool,
    /// When that was so.
    #[serde(default)]
    pub at: Option<jiff::Timestamp>,
    /// Why nothing works since, if so.
    #[serde(default)]
    pub fault: Option<String>,
}

/// What came of [`establish`].
pub(super) enum Established {
    /// All is as it should be.
    Signed,
    /// The identity was made now, and this is its recovery key. It is shown once.
    Made(String),
}

/// Signs the device: with a new identity where the account has none, with the recovery key where it has one.
pub(super) async fn establish(client: &Client, settings: &Settings) -> Result<Established, Fault> {
    let encryption = client.encryption();
    encryption.wait_for_e2ee_initialization_tasks().await;
    let memo = Memo::of(client);
    let whole = complete(client).await;
    // What the homeserver knows of the recovery key is not known here before the first sync: it is made once, and not
    // again because it seems to be missing.
    if whole && memo.get(Note::Established).await?.unwrap_or(false) {
        return Ok(Established::Signed);
    }
    let established = sign(client, settings, whole).await?;
    memo.put(Note::Established, &true).await?;
    Ok(established)
}

async fn sign(client: &Client, settings: &Settings, whole: bool) -> Result<Established, Fault> {
    let encryption = client.encryption();
    if whole {
        return finish(client).await;
    }
    let user = client.user_id().ok_or(Fault::LoggedOut { soft: true })?;
    let exists = encryption.request_user_identity(user).await?.is_some();
    if !exists {
        bootstrap(client, settings).await?;
        return finish(client).await;
    }
    let key = settings
        .recovery_key_file
        .as_deref()
        .filter(|path| path.exists());
    let Some(path) = key else {
        return Err(Fault::Person(
            "The Matrix account has an identity already, and this new device is not signed by it: nobody would send it keys. \
             Run `greffier matrix recover` with the recovery key; without it, `greffier matrix login --reset-identity` makes \
             a new identity, of which every colleague is warned"
                .to_owned(),
        ));
    };
    let key = read_secret(path).map_err(|error| Fault::Person(format!("{error:#}")))?;
    recover(client, &key).await?;
    Ok(Established::Signed)
}

/// Signs the device with the recovery key, and opens the key backup.
pub(super) async fn recover(client: &Client, key: &str) -> Result<(), Fault> {
    let recovered = client.encryption().recovery().recover(key.trim()).await;
    recovered.map_err(|error| match error {
        RecoveryError::Sdk(error) => Fault::from(error),
        RecoveryError::BackupExistsOnServer | RecoveryError::SecretStorage(_) => Fault::Person(
            "The recovery key does not open the account’s identity: is it the newest one?"
                .to_owned(),
        ),
    })?;
    if complete(client).await {
        Ok(Memo::of(client).put(Note::Established, &true).await?)
    } else {
        Err(Fault::Person(
            "The recovery key was read, and the identity is not whole: run `greffier matrix login --reset-identity`"
                .to_owned(),
        ))
    }
}

/// Makes a new identity in the place of the old one. Every colleague is warned of it.
pub(super) async fn reset(client: &Client, settings: &Settings) -> Result<String, Fault> {
    let encryption = client.encryption();
    encryption.wait_for_e2ee_initialization_tasks().await;
    let recovery = encryption.recovery();
    let handle = recovery.reset_identity().await.map_err(of_recovery)?;
    if let Some(handle) = handle {
        let auth = match handle.auth_type() {
            CrossSigningResetAuthType::Uiaa(asked) => {
                Some(by_password(settings, asked.session.clone())?)
            }
            CrossSigningResetAuthType::OAuth(asked) => {
                return Err(Fault::Person(format!(
                    "The homeserver wants the new identity approved: open {} and run this again",
                    asked.approval_url
                )));
            }
        };
        handle.reset(auth).await.map_err(of_recovery)?;
    }
    let key = recovery.enable().await.map_err(of_recovery)?;
    Memo::of(client).put(Note::Established, &true).await?;
    Ok(key)
}

async fn bootstrap(client: &Client, settings: &Settings) -> Result<(), Fault> {
    let encryption = client.encryption();
    let Err(error) = encryption.bootstrap_cross_signing_if_needed(None).await else {
        return Ok(());
    };
    let Some(asked) = error.as_uiaa_response() else {
        return Err(error.into());
    };
    let auth = by_password(settings, asked.session.clone())?;
    Ok(encryption.bootstrap_cross_signing(Some(auth)).await?)
}

fn by_password(settings: &Settings, session: Option<String>) -> Result<AuthData, Fault> {
    let user = local_part(&settings.user).to_owned();
    let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(user));
    let mut auth = Password::new(user, password(settings)?);
    auth.session = session;
    Ok(AuthData::Password(auth))
}

/// Turns the backup on, and makes the recovery key, where they are not there yet.
async fn finish(client: &Client) -> Result<Established, Fault> {
    let encryption = client.encryption();
    let recovery = encryption.recovery();
    if matches!(
        recovery.state(),
        RecoveryState::Enabled | RecoveryState::Incomplete
    ) {
        return Ok(Established::Signed);
    }
    match recovery.enable().await {
        Ok(key) => Ok(Established::Made(key)),
        // Made by an earlier start that was interrupted: it can be made again.
        Err(RecoveryError::BackupExistsOnServer) => {
            encryption.backups().disable_and_delete().await?;
            Ok(Established::Made(
                recovery.enable().await.map_err(of_recovery)?,
            ))
        }
        Err(error) => Err(of_recovery(error)),
    }
}

fn of_recovery(error: RecoveryError) -> Fault {
    match error {
        RecoveryError::Sdk(error) => error.into(),
        RecoveryError::BackupExistsOnServer => {
            Fault::Local("a key backup exists already".to_owned())
        }
        RecoveryError::SecretStorage(_) => {
            Fault::Local("the secret storage cannot be written".to_owned())
        }
    }
}

async fn complete(client: &Client) -> bool {
    let status = client.encryption().cross_signing_status().await;
    status.is_some_and(|status| status.is_complete())
}

/// Keeps a new recovery key for the operator.
pub(super) fn keep(key: &str, path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    write_secret(path, key)
}

/// How the device stands.
pub(super) async fn look(client: &Client) -> Identity {
    let encryption = client.encryption();
    if let Some(user) = client.user_id() {
        // Asked for anew: what was signed just now is known to the homeserver first.
        let _as_it_was = encryption.request_user_identity(user).await;
    }
    let own = encryption.get_own_device().await.ok().flatten();
    let fingerprint = encryption.ed25519_key().await.unwrap_or_default();
    Identity {
        user: client
            .user_id()
            .map(ToString::to_string)
            .unwrap_or_default(),
        device: client
            .device_id()
            .map(ToString::to_string)
            .unwrap_or_default(),
        fingerprint: in_fours(&fingerprint),
        signed: own.is_some_and(|device| device.is_cross_signed_by_owner()),
        backup: encryption.backups().are_enabled().await,
        recovery: encryption.recovery().state() == RecoveryState::Enabled,
        at: Some(crate::clock::now()),
        fault: None,
    }
}

fn in_fours(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let fours: Vec<String> = letters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    fours.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fingerprint_reads_as_clients_show_it() {
        assert_eq!(super::in_fours("abcdefghij"), "abcd efgh ij");
    }
}
