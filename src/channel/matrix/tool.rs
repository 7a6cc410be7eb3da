//! What the operator does with the device by hand: log in, recover, look.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use matrix_sdk::Client;
use matrix_sdk::config::SyncSettings;

use super::connect::{Connected, connect};
use super::fault::Fault;
use super::home::Home;
use super::identity::{Established, Identity, establish, look, recover, reset};
use super::settings::Settings;

/// How [`log_in`] logs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Login {
    /// Forgets the device of this folder and makes another.
    pub new_device: bool,
    /// Makes a new identity in the place of the account's old one.
    pub reset_identity: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// How the device stands.
    pub identity: Identity,
    /// A recovery key made now. It is shown to the operator once, and kept nowhere.
    pub recovery_key: Option<String>,
}

/// The device as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How it stood; none before the first login.
    pub identity: Option<Identity>,
    /// Whether a daemon uses it now.
    pub in_use: bool,
}

/// Opens a session, and signs the device.
pub async fn log_in(settings: &Settings, data: &Path, how: Login) -> anyhow::Result<LoggedIn> {
    let (settings, home) = place(settings, data);
    let _lock = home.lock()?;
    if how.new_device {
        give_up_device(&settings, &home).await?;
    }
    let connected = connect(&settings, &home).await?;
    let client = &connected.client;
    let recovery_key = if how.reset_identity {
        Some(reset(client, &settings).await?)
    } else {
        match establish(client, &settings).await {
            Ok(Established::Signed) => None,
            Ok(Established::Made(key)) => Some(key),
            Err(fault) => return Err(abandon(&connected, &home, fault).await?.into()),
        }
    };
    let identity = seen_from_outside(client).await?;
    home.keep_status(&identity)?;
    Ok(LoggedIn {
        identity,
        recovery_key,
    })
}

/// Signs the device, a new one where there is none, with the recovery key.
pub async fn recover_device(
    settings: &Settings,
    data: &Path,
    key: &str,
) -> anyhow::Result<Identity> {
    let (settings, home) = place(settings, data);
    if key.trim().is_empty() {
        bail!("the recovery key is empty");
    }
    let _lock = home.lock()?;
    let connected = connect(&settings, &home).await?;
    let client = &connected.client;
    client
        .encryption()
        .wait_for_e2ee_initialization_tasks()
        .await;
    if let Err(fault) = recover(client, key).await {
        return Err(abandon(&connected, &home, fault).await?.into());
    }
    let identity = seen_from_outside(client).await?;
    home.keep_status(&identity)?;
    Ok(identity)
}

/// How the device stood when it was last used, without using it.
pub fn status(settings: &Settings, data: &Path) -> anyhow::Result<Seen> {
    let (_, home) = place(settings, data);
    let session = home.session()?;
    let in_use = home.lock().is_err();
    let identity = home.seen().filter(|_| session.is_some());
    Ok(Seen { identity, in_use })
}

/// How the device stands after one look at what the homeserver has to say. The daemon takes nothing of it for heard: it goes
/// on from its own place.
async fn seen_from_outside(client: &Client) -> Result<Identity, Fault> {
    let settings = SyncSettings::new().timeout(Duration::ZERO);
    client.sync_once(settings).await?;
    Ok(look(client).await)
}

fn place(settings: &Settings, data: &Path) -> (Settings, Home) {
    let mut settings = settings.clone();
    settings.settle(data);
    let home = Home::new(&settings);
    (settings, home)
}

/// Takes the device of the folder out of the account, as far as the homeserver lets it, and forgets it here.
async fn give_up_device(settings: &Settings, home: &Home) -> anyhow::Result<()> {
    let kept = home.session();
    if matches!(&kept, Ok(Some(session)) if session.access_token.is_some())
        && let Ok(old) = connect(settings, home).await
    {
        // A device that is gone already cannot be logged out.
        let _gone = old.client.matrix_auth().logout().await;
    }
    Ok(home.clear()?)
}

/// A device made just now that cannot be used is not left behind.
async fn abandon(connected: &Connected, home: &Home, fault: Fault) -> anyhow::Result<Fault> {
    if connected.fresh {
        let _logged_out = connected.client.matrix_auth().logout().await;
        home.clear()?;
    }
    Ok(fault)
}
