//! Who may do what where: roles of the guild, then overwrites of the channel.

use super::refusal::Refusal;
use super::world::{Channel, Id, PRIVATE_THREAD, World};

pub(crate) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub(crate) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
const ADMINISTRATOR: u64 = 1 << 3;

/// Everything.
pub(crate) const ALL: u64 = (1 << 53) - 1;
/// What the role of everybody may by default.
pub(crate) const EVERYBODY: u64 = ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS;

/// An exception of a channel for a role or a member.
#[derive(Debug, Clone)]
pub(crate) struct Overwrite {
    pub(crate) id: Id,
    /// 0 for a role, 1 for a member.
    pub(crate) kind: u8,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

impl World {
    /// What `user` may in a guild, channels apart.
    pub(crate) fn guild_permissions(&self, guild: Id, user: Id) -> u64 {
        let Some(guild) = self.guilds.get(&guild) else {
            return 0;
        };
        let Some(member) = guild.members.get(&user) else {
            return 0;
        };
        if guild.owner == user {
            return ALL;
        }
        let roles = guild
            .roles
            .iter()
            .filter(|role| role.id == guild.id || member.roles.contains(&role.id));
        let permissions = roles.fold(0, |permissions, role| permissions | role.permissions);
        if permissions & ADMINISTRATOR == 0 {
            permissions
        } else {
            ALL
        }
    }

    /// What `user` may in a channel; a thread has what its channel has.
    pub(crate) fn permissions(&self, channel: &Channel, user: Id) -> u64 {
        if channel.kind == PRIVATE_THREAD && !channel.members.contains(&user) {
            let around = channel.parent.and_then(|parent| self.channels.get(&parent));
            let around = around.map_or(0, |parent| self.permissions(parent, user));
            return if around & MANAGE_THREADS == 0 {
                0
            } else {
                around
            };
        }
        let channel = match channel.parent {
            Some(parent) if channel.is_thread() => &self.channels[&parent],
            Some(_) | None => channel,
        };
        let Some(guild) = channel.guild else {
            return if channel.recipients.contains(&user) {
                EVERYBODY
            } else {
                0
            };
        };
        let base = self.guild_permissions(guild, user);
        if base == ALL || base == 0 {
            return base;
        }
        let roles = &self.guilds[&guild].members[&user].roles;
        let mut permissions = base;
        let everybody = channel.overwrites.iter().filter(|it| it.id == guild);
        for it in everybody {
            permissions = permissions & !it.deny | it.allow;
        }
        let of_roles = channel
            .overwrites
            .iter()
            .filter(|it| roles.contains(&it.id));
        let (allow, deny) = of_roles.fold((0, 0), |(allow, deny), it| {
            (allow | it.allow, deny | it.deny)
        });
        permissions = permissions & !deny | allow;
        for it in channel.overwrites.iter().filter(|it| it.id == user) {
            permissions = permissions & !it.deny | it.allow;
        }
        permissions
    }

    /// The channel, if the bot sees it.
    pub(crate) fn visible(&self, channel: Id) -> Result<&Channel, Refusal> {
        let channel = self
            .channels
            .get(&channel)
            .ok_or_else(Refusal::unknown_channel)?;
        if self.permissions(channel, self.bot) & VIEW_CHANNEL == 0 {
            return Err(Refusal::missing_access());
        }
        Ok(channel)
    }

    /// The channel, if the bot sees it and may do this there.
    pub(crate) fn allowed(&self, channel: Id, wanted: u64) -> Result<&Channel, Refusal> {
        let channel = self.visible(channel)?;
        if self.permissions(channel, self.bot) & wanted != wanted {
            return Err(Refusal::missing_permissions());
        }
        Ok(channel)
    }
}
