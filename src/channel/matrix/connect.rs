//! From `bot.toml` to a session: with a password, with a token, or the one of the last time.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::reqwest::Certificate;
use matrix_sdk::ruma::api::client::keys::get_keys;
use matrix_sdk::ruma::{OwnedDeviceId, OwnedUserId, UserId};
use matrix_sdk::{Client, ClientBuilder, SessionMeta, SessionTokens, SqliteStoreConfig};
use matrix_sdk_base::crypto::{CollectStrategy, DecryptionSettings, TrustRequirement};

use super::fault::Fault;
use super::home::{Home, Session, read_secret};
use super::memo::Memo;
use super::settings::Settings;

/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(30);

/// A client with a session.
pub(super) struct Connected {
    /// The client.
    pub(super) client: Client,
    /// How far everything heard is committed; none at the very first start.
    pub(super) since: Option<String>,
    /// When this device was made.
    pub(super) made: Timestamp,
    /// Whether it was made just now.
    pub(super) fresh: bool,
}

/// Connects with the session of the last time, or opens one.
pub(super) async fn connect(settings: &Settings, home: &Home) -> Result<Connected, Fault> {
    let person = |error: anyhow::Error| Fault::Person(format!("{error:#}"));
    let saved = home.session().map_err(person)?;
    let client = open(settings, home).await?;
    let since = Memo::of(&client).rewind().await?;
    match saved {
        Some(session) if session.access_token.is_some() => {
            let made = session.since;
            restore(&client, &session).await?;
            persist_refreshed(&client, home, &session);
            Ok(Connected {
                client,
                since,
                made,
                fresh: false,
            })
        }
        begun => {
            let fresh = begun.is_none() || since.is_none();
            let begun = match begun {
                Some(begun) => begun,
                None => begin(settings, home)?,
            };
            let session = log_in(&client, settings, home, begun).await?;
            persist_refreshed(&client, home, &session);
            Ok(Connected {
                client,
                since,
                made: session.since,
                fresh,
            })
        }
    }
}

/// Logs the same device in again after a soft logout.
pub(super) fn log_out_softly(home: &Home) -> Result<(), Fault> {
    let session = home
        .session()
        .map_err(|error| Fault::Person(format!("{error:#}")))?;
    if let Some(session) = session {
        home.keep(&Session {
            access_token: None,
            refresh_token: None,
            ..session
        })?;
    }
    Ok(())
}

fn builder(settings: &Settings) -> Result<ClientBuilder, Fault> {
    let address = settings.homeserver.trim();
    let mut builder = Client::builder();
    builder = if address.starts_with("http") {
        builder.homeserver_url(address)
    } else {
        builder.server_name_or_homeserver_url(address)
    };
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(proxy);
    }
    if let Some(path) = &settings.ca_file {
        let unread = || {
            Fault::Person(format!(
                "matrix.ca_file: {} holds no certificates in PEM",
                path.display()
            ))
        };
        let pem = std::fs::read(path).map_err(|_| unread())?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| unread())?;
        builder = builder.add_root_certificates(certificates);
    }
    // What must be tried again is tried again by the outbox and by the sync, each in its own time.
    Ok(builder
        .user_agent(concat!("Greffier/", env!("CARGO_PKG_VERSION")))
        .request_config(RequestConfig::new().timeout(REQUEST).disable_retry()))
}

async fn open(settings: &Settings, home: &Home) -> Result<Client, Fault> {
    let key = home
        .key()
        .map_err(|error| Fault::Person(format!("{error:#}")))?;
    let store = SqliteStoreConfig::new(home.store()).key(Some(&key));
    let encryption = EncryptionSettings {
        // Both are done where the recovery key can be kept.
        auto_enable_cross_signing: false,
        auto_enable_backups: false,
        backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
    };
    let client = builder(settings)?
        .sqlite_store_with_config_and_cache_path(store, None::<&std::path::Path>)
        .with_encryption_settings(encryption)
        .with_room_key_recipient_strategy(CollectStrategy::AllDevices)
        // Everything is read; who may act is judged line by line.
        .with_decryption_settings(DecryptionSettings {
            sender_device_trust_requirement: TrustRequirement::Untrusted,
        })
        .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
        .handle_refresh_tokens()
        .build()
        .await?;
    Ok(client)
}

fn begin(settings: &Settings, home: &Home) -> Result<Session, Fault> {
    let mut octets = [0u8; 5];
    getrandom::fill(&mut octets).map_err(|_| Fault::Local("no randomness".to_owned()))?;
    let session = Session {
        homeserver: settings.homeserver.clone(),
        user_id: None,
        device_id: format!("GREFFIER{}", BASE32_NOPAD.encode(&octets)),
        access_token: None,
        refresh_token: None,
        since: crate::clock::now(),
    };
    // Before the login, so that one that is interrupted is taken up with the same device.
    home.keep(&session)?;
    Ok(session)
}

async fn log_in(
    client: &Client,
    settings: &Settings,
    home: &Home,
    begun: Session,
) -> Result<Session, Fault> {
    let session = if let Some(path) = &settings.token_file {
        let token = read_secret(path).map_err(|error| Fault::Person(format!("{error:#}")))?;
        let session = with_token(settings, begun, token).await?;
        restore(client, &session).await?;
        session
    } else {
        with_password(client, settings, begun).await?
    };
    home.keep(&session)?;
    Ok(session)
}

async fn with_password(
    client: &Client,
    settings: &Settings,
    begun: Session,
) -> Result<Session, Fault> {
    let password = password(settings)?;
    let user = local_part(&settings.user);
    let response = client
        .matrix_auth()
        .login_username(user, &password)
        .device_id(&begun.device_id)
        .initial_device_display_name(&settings.device_name)
        .request_refresh_token()
        .send()
        .await
        .map_err(|error| match Fault::from(error) {
            Fault::Denied { code, status } if status == 401 || status == 403 => {
                Fault::Refused(format!("{status} {code}: is the password right?"))
            }
            fault => fault,
        })?;
    Ok(Session {
        user_id: Some(response.user_id.to_string()),
        device_id: response.device_id.to_string(),
        access_token: Some(response.access_token),
        refresh_token: response.refresh_token,
        ..begun
    })
}

/// The account's password, as its file has it now.
pub(super) fn password(settings: &Settings) -> Result<String, Fault> {
    let Some(path) = &settings.password_file else {
        return Err(Fault::Person(
            "matrix: write password_file or token_file, or run `greffier matrix login`".to_owned(),
        ));
    };
    read_secret(path).map_err(|error| Fault::Person(format!("{error:#}")))
}

/// `greffier` of `@greffier:hs.example`.
pub(super) fn local_part(user: &str) -> &str {
    let user = user.trim();
    user.strip_prefix('@').map_or(user, |rest| {
        rest.split_once(':').map_or(rest, |(local, _)| local)
    })
}

/// The session of a token, whose device must not have keys elsewhere.
async fn with_token(settings: &Settings, begun: Session, token: String) -> Result<Session, Fault> {
    let client = builder(settings)?.build().await?;
    let unknown = |id: &str| Fault::Local(format!("{id} is no id"));
    let nobody: OwnedUserId = UserId::parse("@nobody:localhost").map_err(|_| unknown("nobody"))?;
    let borrowed = MatrixSession {
        meta: SessionMeta {
            user_id: nobody,
            device_id: OwnedDeviceId::from("NONE"),
        },
        tokens: SessionTokens {
            access_token: token.clone(),
            refresh_token: None,
        },
    };
    client.restore_session(borrowed).await?;
    let who = client
        .whoami()
        .await
        .map_err(|error| match Fault::from(error) {
            // There is no device yet that could have been logged out.
            Fault::LoggedOut { .. } => {
                Fault::Refused("the token of matrix.token_file is not valid".to_owned())
            }
            fault => fault,
        })?;
    let Some(device) = who.device_id else {
        return Err(Fault::Person(
            "The token of matrix.token_file belongs to no device: log in with a password, or make a token by a login"
                .to_owned(),
        ));
    };
    let mut request = get_keys::v3::Request::new();
    request
        .device_keys
        .insert(who.user_id.clone(), vec![device.clone()]);
    let keys = client.send(request).await?;
    let taken = keys
        .device_keys
        .get(&who.user_id)
        .is_some_and(|devices| devices.contains_key(&device));
    if taken {
        return Err(Fault::Person(format!(
            "The token of matrix.token_file belongs to the device {device}, whose keys are in another program: nothing could \
             be read with it. Make a token for Greffier alone"
        )));
    }
    Ok(Session {
        user_id: Some(who.user_id.to_string()),
        device_id: device.to_string(),
        access_token: Some(token),
        ..begun
    })
}

async fn restore(client: &Client, session: &Session) -> Result<(), Fault> {
    let user = session.user_id.as_deref().unwrap_or_default();
    let unknown = || {
        Fault::Person(
            "The Matrix session names no account: restore the folder from a backup".to_owned(),
        )
    };
    let user_id = UserId::parse(user).map_err(|_| unknown())?;
    let restored = MatrixSession {
        meta: SessionMeta {
            user_id,
            device_id: session.device_id.as_str().into(),
        },
        tokens: SessionTokens {
            access_token: session.access_token.clone().ok_or_else(unknown)?,
            refresh_token: session.refresh_token.clone(),
        },
    };
    client.restore_session(restored).await.map_err(|_| {
        Fault::Person(
            "The Matrix session and its keys do not belong together: restore the whole folder from one backup; or remove it \
             and run `greffier matrix recover`, which makes a new device with the recovery key"
                .to_owned(),
        )
    })
}

/// Keeps refreshed tokens on disk before they are used: the old ones are void from then on.
fn persist_refreshed(client: &Client, home: &Home, session: &Session) {
    let (home, session) = (home.clone(), session.clone());
    let reload = {
        let home = home.clone();
        Box::new(move |_: Client| {
            let session = home
                .session()
                .map_err(std::io::Error::other)?
                .ok_or("no session")?;
            Ok(SessionTokens {
                access_token: session.access_token.ok_or("no token")?,
                refresh_token: session.refresh_token,
            })
        })
    };
    let save = Box::new(move |client: Client| {
        let tokens = client.session_tokens().ok_or("no tokens")?;
        let refreshed = Session {
            access_token: Some(tokens.access_token),
            refresh_token: tokens.refresh_token,
            ..session.clone()
        };
        let mut kept = home.keep(&refreshed);
        for _ in 0..3 {
            if kept.is_ok() {
                break;
            }
            kept = home.keep(&refreshed);
        }
        if kept.is_err() {
            tracing::error!(
                "The refreshed Matrix token cannot be written: make room on the disk before Greffier is restarted, or it must log in again"
            );
        }
        Ok(kept?)
    });
    // Set once for each client; this one is new.
    let _set = client.set_session_callbacks(reload, save);
}

#[cfg(test)]
mod tests {
    use super::local_part;

    #[test]
    fn an_account_is_named_whole_or_by_its_local_part() {
        assert_eq!(local_part("@greffier:hs.example"), "greffier");
        assert_eq!(local_part(" greffier "), "greffier");
        assert_eq!(local_part("@greffier"), "greffier");
    }
}
