//! A guild as its owner runs it: channels, roles, members, and what the bot may.

use super::Fake;
use super::permission::Overwrite;
use super::room::Person;
use super::world::{Id, Member, Role, TEXT};

/// A guild of the fake.
#[derive(Clone, Copy)]
pub(crate) struct Guild<'a> {
    pub(crate) fake: &'a Fake,
    pub(crate) id: Id,
}

impl<'a> Guild<'a> {
    /// A new channel of text.
    pub(crate) fn channel(&self, name: &str) -> Id {
        self.fake.with(|world| {
            let channel = world.channel(TEXT, Some(self.id), name);
            world.add_channel(channel)
        })
    }

    /// A new role that may this besides what everybody may.
    pub(crate) fn role(&self, name: &str, permissions: u64) -> Id {
        self.fake.with(|world| {
            let id = world.clock.snowflake();
            let role = Role {
                id,
                name: name.to_owned(),
                permissions,
                mentionable: true,
            };
            world.guilds.get_mut(&self.id).unwrap().roles.push(role);
            id
        })
    }

    /// Somebody comes in, with these roles.
    pub(crate) fn join(&self, person: Person<'_>, roles: &[Id]) {
        self.fake.with(|world| {
            let member = Member {
                roles: roles.to_vec(),
                nick: None,
                joined: world.now(),
            };
            world
                .guilds
                .get_mut(&self.id)
                .unwrap()
                .members
                .insert(person.id, member);
        });
    }

    /// Somebody new who is in it.
    pub(crate) fn member(&self, name: &str) -> Person<'a> {
        let person = self.fake.user(name);
        self.join(person, &[]);
        person
    }

    /// Somebody leaves.
    pub(crate) fn part(&self, person: Person<'_>) {
        self.fake.with(|world| {
            world
                .guilds
                .get_mut(&self.id)
                .unwrap()
                .members
                .remove(&person.id)
        });
    }

    /// The bot is put out.
    pub(crate) fn expel_bot(&self) {
        self.fake.with(|world| {
            let bot = world.bot;
            world.guilds.get_mut(&self.id).unwrap().members.remove(&bot);
            let gone = serde_json::json!({ "id": self.id.to_string() });
            world.dispatch("GUILD_DELETE", &gone, 1);
        });
    }

    /// What the bot may besides what everybody may.
    pub(crate) fn allow_bot(&self, permissions: u64) {
        self.fake.with(|world| {
            let bot = world.bot;
            let guild = world.guilds.get_mut(&self.id).unwrap();
            let own = guild.members[&bot].roles[0];
            for role in guild.roles.iter_mut().filter(|role| role.id == own) {
                role.permissions = permissions;
            }
        });
    }

    /// What somebody or a role may in a channel, and what not; the bot by its own id.
    pub(crate) fn overwrite(&self, channel: Id, target: Id, allow: u64, deny: u64) {
        self.fake.with(|world| {
            let kind = u8::from(world.users.contains_key(&target));
            let it = world.channels.get_mut(&channel).unwrap();
            it.overwrites.retain(|it| it.id != target);
            it.overwrites.push(Overwrite {
                id: target,
                kind,
                allow,
                deny,
            });
            world.tell_channel(channel);
        });
    }

    /// The level of boosts: files may be 10, 10, 50 or 100 MiB.
    pub(crate) fn boost(&self, level: u8) {
        self.fake
            .with(|world| world.guilds.get_mut(&self.id).unwrap().boost = level);
    }

    /// A thread is put away, and locked or not.
    pub(crate) fn archive(&self, thread: Id, locked: bool) {
        self.fake.with(|world| {
            world.channels.get_mut(&thread).unwrap().locked = locked;
            world.set_archived(thread, true);
        });
    }

    /// A thread is locked no more, and open.
    pub(crate) fn unlock(&self, thread: Id) {
        self.fake.with(|world| {
            world.channels.get_mut(&thread).unwrap().locked = false;
            world.set_archived(thread, false);
        });
    }

    /// Whether a thread is put away.
    pub(crate) fn is_archived(&self, thread: Id) -> bool {
        self.fake.with(|world| world.channels[&thread].archived)
    }

    /// A channel or a thread is gone, with all that is in it.
    pub(crate) fn delete(&self, channel: Id) {
        self.fake.with(|world| world.remove_channel(channel));
    }

    /// A message is gone.
    pub(crate) fn delete_message(&self, message: Id) {
        self.fake.with(|world| world.remove_message(message));
    }
}
