//! What the channel must remember across restarts, in the same encrypted store as the keys.

use matrix_sdk::store::{StateStoreDataKey, StateStoreDataValue};
use matrix_sdk::{Client, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The memory of one device.
#[derive(Clone)]
pub(super) struct Memo(Client);

/// What is remembered, each under a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note<'a> {
    /// The device is signed, and the recovery key was made or used.
    Established,
    /// How far everything heard is committed: the `since` of the next sync.
    Since,
    /// The last event of a room that was handed in.
    Last(&'a str),
    /// The room was seen encrypted: nothing is ever said there in clear.
    Encrypted(&'a str),
    /// The choices offered by a message.
    Choices(&'a str),
    /// What became of a line, for when it is edited.
    Line(&'a str),
    /// A message was tried, and how.
    Tried(&'a str),
    /// Part of a message was sent.
    Part(&'a str),
    /// The room in which we speak with somebody alone.
    Direct(&'a str),
    /// Where the rooms of `bot.toml` are now.
    Moved,
    /// Events that could not be read yet.
    Unread,
    /// Files that somebody sent in a thread, waiting for the command that uses them.
    Files(&'a str),
    /// Something was said, and need not be said again.
    Told(&'a str),
    /// The identity of somebody: his public master key.
    Identity(&'a str),
}

impl Note<'_> {
    fn key(&self) -> Vec<u8> {
        let (kind, rest) = match self {
            Self::Established => ("established", ""),
            Self::Since => ("since", ""),
            Self::Last(room) => ("last", *room),
            Self::Encrypted(room) => ("encrypted", *room),
            Self::Choices(event) => ("choices", *event),
            Self::Line(event) => ("line", *event),
            Self::Tried(key) => ("tried", *key),
            Self::Part(key) => ("part", *key),
            Self::Direct(user) => ("direct", *user),
            Self::Moved => ("moved", ""),
            Self::Unread => ("unread", ""),
            Self::Files(place) => ("files", *place),
            Self::Told(what) => ("told", *what),
            Self::Identity(user) => ("identity", *user),
        };
        format!("greffier.{kind}.{rest}").into_bytes()
    }
}

impl Memo {
    /// The memory in the store of `client`.
    pub(super) fn of(client: &Client) -> Self {
        Self(client.clone())
    }

    /// What is remembered under `note`. What cannot be understood is as good as forgotten.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        note: Note<'_>,
    ) -> Result<Option<T>, StoreError> {
        let octets = self.0.state_store().get_custom_value(&note.key()).await?;
        Ok(octets.and_then(|octets| serde_json::from_slice(&octets).ok()))
    }

    /// Remembers `value`.
    pub(super) async fn put<T: Serialize>(
        &self,
        note: Note<'_>,
        value: &T,
    ) -> Result<(), StoreError> {
        let octets = serde_json::to_vec(value)?;
        self.0
            .state_store()
            .set_custom_value_no_read(&note.key(), octets)
            .await
    }

    /// Forgets it.
    pub(super) async fn remove(&self, note: Note<'_>) -> Result<(), StoreError> {
        self.0
            .state_store()
            .remove_custom_value(&note.key())
            .await
            .map(|_| ())
    }

    /// Puts the library back to where everything is committed. It keeps its own place before it tells us what it heard,
    /// so that what it heard last before a crash would be lost. Must come before the session is restored.
    pub(super) async fn rewind(&self) -> Result<Option<String>, StoreError> {
        let since: Option<String> = self.get(Note::Since).await?;
        let store = self.0.state_store();
        match &since {
            Some(since) => {
                let value = StateStoreDataValue::SyncToken(since.clone());
                store
                    .set_kv_data(StateStoreDataKey::SyncToken, value)
                    .await?;
            }
            None => store.remove_kv_data(StateStoreDataKey::SyncToken).await?,
        }
        Ok(since)
    }
}
