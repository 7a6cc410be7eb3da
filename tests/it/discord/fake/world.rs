//! What is in the fake Discord: people, guilds, channels, messages. The rest of the fake reads and changes it under one lock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::clock::Clock;
use super::fault::Fault;
use super::interaction::Interaction;
use super::mention::Rung;
use super::permission::{EVERYBODY, Overwrite};
use super::rate::Rates;
use super::record::Records;
use super::session::Sessions;

/// A snowflake.
pub(crate) type Id = u64;

/// Somebody, or the bot.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) bot: bool,
    pub(crate) locale: String,
    /// Whether a bot may write to this person in private.
    pub(crate) takes_direct: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) permissions: u64,
    pub(crate) mentionable: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) roles: Vec<Id>,
    pub(crate) nick: Option<String>,
    pub(crate) joined: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Guild {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) owner: Id,
    /// 0 to 3: how large a file may be.
    pub(crate) boost: u8,
    pub(crate) roles: Vec<Role>,
    pub(crate) members: BTreeMap<Id, Member>,
}

impl Guild {
    /// The largest file, in bytes.
    pub(crate) fn file_limit(&self) -> usize {
        let mebibytes = match self.boost {
            0 | 1 => 10,
            2 => 50,
            _ => 100,
        };
        mebibytes << 20
    }
}

/// A channel's kind, as Discord numbers them.
pub(crate) const TEXT: u8 = 0;
pub(crate) const DIRECT: u8 = 1;
pub(crate) const PUBLIC_THREAD: u8 = 11;
pub(crate) const PRIVATE_THREAD: u8 = 12;

#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) id: Id,
    pub(crate) kind: u8,
    pub(crate) guild: Option<Id>,
    pub(crate) name: String,
    pub(crate) parent: Option<Id>,
    pub(crate) overwrites: Vec<Overwrite>,
    /// Of a direct one: the two.
    pub(crate) recipients: Vec<Id>,
    pub(crate) last_message: Option<Id>,
    // Of a thread.
    pub(crate) owner: Id,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    pub(crate) auto_archive: u64,
    pub(crate) archived_at: u64,
    pub(crate) members: Vec<Id>,
}

impl Channel {
    pub(crate) fn is_thread(&self) -> bool {
        matches!(self.kind, PUBLIC_THREAD | PRIVATE_THREAD)
    }
}

/// A file of a message or of an option.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) description: Option<String>,
    pub(crate) content: Vec<u8>,
    pub(crate) ephemeral: bool,
}

/// What an edit can change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Text {
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: Id,
    pub(crate) kind: u8,
    pub(crate) channel: Id,
    pub(crate) author: Id,
    pub(crate) text: Text,
    /// What it was before, oldest first, and when it ceased to be so.
    pub(crate) past: Vec<(Text, u64)>,
    pub(crate) files: Vec<File>,
    pub(crate) flags: u64,
    pub(crate) nonce: Option<Value>,
    pub(crate) rung: Rung,
    pub(crate) at: u64,
    pub(crate) edited: Option<u64>,
    /// Each emoji with those who put it.
    pub(crate) reactions: Vec<(String, Vec<Id>)>,
    /// The only person that sees it.
    pub(crate) only: Option<Id>,
    /// The interaction that it answers.
    pub(crate) interaction: Option<Id>,
    pub(crate) reference: Option<Id>,
    pub(crate) deleted: bool,
    /// The count of changes in the fake when it was last changed.
    pub(crate) revision: u64,
}

pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
pub(crate) const HAS_THREAD: u64 = 1 << 5;
pub(crate) const EPHEMERAL: u64 = 1 << 6;
pub(crate) const LOADING: u64 = 1 << 7;
pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
pub(crate) const COMPONENTS_V2: u64 = 1 << 15;

/// Everything, with the bot and its application.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) token: String,
    pub(crate) application: Id,
    pub(crate) bot: Id,
    /// The flags of the application, among them the privileged intents that it has.
    pub(crate) flags: u64,
    pub(crate) users: BTreeMap<Id, User>,
    pub(crate) guilds: BTreeMap<Id, Guild>,
    pub(crate) channels: BTreeMap<Id, Channel>,
    pub(crate) messages: BTreeMap<Id, Message>,
    /// Files that a person has chosen for an option.
    pub(crate) chosen: BTreeMap<Id, File>,
    /// The registered commands: of everywhere, and of guilds.
    pub(crate) commands: BTreeMap<Option<Id>, Vec<Value>>,
    /// When commands were made in each scope: 200 a day.
    pub(crate) made: BTreeMap<Option<Id>, Vec<u64>>,
    pub(crate) interactions: BTreeMap<Id, Interaction>,
    pub(crate) sessions: Sessions,
    pub(crate) rates: Rates,
    pub(crate) faults: Vec<Fault>,
    pub(crate) records: Records,
    /// How many changes a person could have seen.
    pub(crate) revision: u64,
    pub(crate) http: String,
    pub(crate) gateway: String,
}

impl World {
    pub(crate) fn new(http: String, gateway: String) -> Self {
        let mut clock = Clock::default();
        let application = clock.snowflake();
        let bot = User {
            id: application,
            name: "greffier".to_owned(),
            bot: true,
            locale: "fr".to_owned(),
            takes_direct: false,
        };
        // What looks like one: three parts, the first of which is the id of the bot.
        let id = data_encoding::BASE64URL_NOPAD.encode(application.to_string().as_bytes());
        Self {
            token: format!("{id}.GreFie.not-a-secret-of-any-real-bot-at-all"),
            clock,
            application,
            bot: application,
            flags: 0,
            users: BTreeMap::from([(application, bot)]),
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: BTreeMap::new(),
            chosen: BTreeMap::new(),
            commands: BTreeMap::new(),
            made: BTreeMap::new(),
            interactions: BTreeMap::new(),
            sessions: Sessions::default(),
            rates: Rates::default(),
            faults: Vec::new(),
            records: Records::default(),
            revision: 0,
            http,
            gateway,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// A guild that the bot is a member of, with a role of its own.
    pub(crate) fn add_guild(&mut self, name: &str) -> Id {
        let id = self.clock.snowflake();
        let owner = self.add_user("proprietaire");
        let role = self.clock.snowflake();
        let now = self.now();
        let everybody = Role {
            id,
            name: "@everyone".to_owned(),
            permissions: EVERYBODY,
            mentionable: false,
        };
        let own = Role {
            id: role,
            name: "greffier".to_owned(),
            permissions: 0,
            mentionable: false,
        };
        let member = |roles| Member {
            roles,
            nick: None,
            joined: now,
        };
        let members = BTreeMap::from([(owner, member(vec![])), (self.bot, member(vec![role]))]);
        let guild = Guild {
            id,
            name: name.to_owned(),
            owner,
            boost: 0,
            roles: vec![everybody, own],
            members,
        };
        self.guilds.insert(id, guild);
        self.dispatch("GUILD_CREATE", &self.guild_create(id), 1);
        id
    }

    pub(crate) fn add_user(&mut self, name: &str) -> Id {
        let id = self.clock.snowflake();
        let user = User {
            id,
            name: name.to_owned(),
            bot: false,
            locale: "fr".to_owned(),
            takes_direct: true,
        };
        self.users.insert(id, user);
        id
    }

    pub(crate) fn add_channel(&mut self, channel: Channel) -> Id {
        let id = channel.id;
        let event = if channel.is_thread() {
            "THREAD_CREATE"
        } else {
            "CHANNEL_CREATE"
        };
        let hears = channel.guild.is_some();
        self.channels.insert(id, channel);
        if hears {
            let mut wire = self.channel_json(id);
            wire["newly_created"] = json!(true);
            self.dispatch(event, &wire, 1);
        }
        self.revision += 1;
        id
    }

    /// A channel without anything in it.
    pub(crate) fn channel(&mut self, kind: u8, guild: Option<Id>, name: &str) -> Channel {
        Channel {
            id: self.clock.snowflake(),
            kind,
            guild,
            name: name.to_owned(),
            parent: None,
            overwrites: Vec::new(),
            recipients: Vec::new(),
            last_message: None,
            owner: self.bot,
            archived: false,
            locked: false,
            auto_archive: 1440,
            archived_at: self.now(),
            members: Vec::new(),
        }
    }

    /// The message, if it is there and the channel is the one.
    pub(crate) fn message(&self, channel: Id, id: Id) -> Option<&Message> {
        self.messages
            .get(&id)
            .filter(|message| message.channel == channel && !message.deleted)
    }

    /// Counts one more change, and answers the count.
    pub(crate) fn changed(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }
}
