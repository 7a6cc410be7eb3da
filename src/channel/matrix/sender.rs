//! Whether whoever sent an event is who he seems to be, as far as keys can tell.

use matrix_sdk::Room;
use matrix_sdk::ruma::UserId;

use super::Matrix;
use super::event::{Event, Seal};
use super::fault::Fault;
use super::memo::Note;
use super::online::{Encrypted, Online};
use crate::message::Doubt;

impl Matrix {
    /// Why `event` does not bind who sent it, if it does not.
    pub(super) async fn doubt(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
    ) -> Result<Option<Doubt>, Fault> {
        let encrypted = online.encrypted(room).await? != Encrypted::No;
        let unsigned_devices_act = self.settings.unsigned_devices_act;
        if !event.seal.binds(encrypted, unsigned_devices_act) {
            return Ok(Some(Doubt::Device));
        }
        let same = event.seal != Seal::Signed || same_identity(online, &event.sender).await?;
        Ok((!same).then_some(Doubt::Identity))
    }

    /// The same for a reaction, which is never encrypted and tells no device: it could come from any of its sender's, so
    /// that all of them must be signed. That the homeserver does not invent it must be believed (`matrix.reactions`); what
    /// it confirms was asked for by a line that no homeserver can invent.
    pub(super) async fn doubt_of_reaction(
        &self,
        online: &Online,
        room: &Room,
        event: &Event,
    ) -> Result<Option<Doubt>, Fault> {
        if online.encrypted(room).await? == Encrypted::No || self.settings.unsigned_devices_act {
            return Ok(None);
        }
        let Ok(user) = <&UserId>::try_from(event.sender.as_str()) else {
            return Ok(Some(Doubt::Reaction));
        };
        let devices = online.client.encryption().get_user_devices(user).await?;
        let mut devices = devices.devices();
        if !devices.all(|device| device.is_cross_signed_by_owner()) {
            return Ok(Some(Doubt::Reaction));
        }
        let same = same_identity(online, &event.sender).await?;
        Ok((!same).then_some(Doubt::Identity))
    }

    /// From now on the identity that `user` has is his: he has typed back a code that only his mailbox had.
    pub(super) async fn believe(&self, online: &Online, user: &str) -> Result<(), Fault> {
        if let Some(key) = identity(online, user).await? {
            online.memo.put(Note::Identity(user), &key).await?;
        }
        Ok(())
    }
}

/// Whether the identity of `user` is still the one that was seen first, or last believed.
async fn same_identity(online: &Online, user: &str) -> Result<bool, Fault> {
    let Some(now) = identity(online, user).await? else {
        return Ok(false);
    };
    let note = Note::Identity(user);
    let before: Option<String> = online.memo.get(note.clone()).await?;
    if before.is_none() {
        online.memo.put(note, &now).await?;
    }
    Ok(before.is_none_or(|before| before == now))
}

/// The public master key of somebody's cross-signing identity, in base64.
async fn identity(online: &Online, user: &str) -> Result<Option<String>, Fault> {
    let Ok(user) = <&UserId>::try_from(user) else {
        return Ok(None);
    };
    let unread = |_| Fault::Local("the key store cannot be read or written".to_owned());
    let encryption = online.client.encryption();
    let identity = encryption.get_user_identity(user).await.map_err(unread)?;
    let key = identity.and_then(|identity| identity.master_key().get_first_key());
    Ok(key.map(|key| key.to_base64()))
}
