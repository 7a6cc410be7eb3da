//! Greffier among people on Discord: its token, its configuration, the ways in which tests meet it.

use std::fmt::Write as _;
use std::fs;
use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use super::fake::Fake;
use super::fake::guild::Guild;
use super::fake::room::{Person, Room};
use super::fake::seen::Seen;
use super::fake::world::Id;
use crate::daemon::desk::{Desk, INES, LINA, until};

/// A daemon with a bot.
pub(crate) struct Bot {
    desk: Desk,
}

impl Bot {
    /// A daemon that is not started, with what `[discord]` needs.
    pub(crate) fn on(fake: &Fake, more: &str) -> Self {
        let bot = Self {
            desk: Desk::closed(),
        };
        fs::write(
            bot.path().join("discord-token"),
            format!("{}\n", fake.token()),
        )
        .unwrap();
        // Nothing but this machine can be reached.
        bot.configure(&format!(
            "\n[discord]\ntoken_file = \"discord-token\"\napi = \"http://{}\"\n{more}\n",
            fake.address(),
        ));
        bot
    }

    /// Adds to `bot.toml`.
    pub(crate) fn configure(&self, more: &str) {
        let file = self.path().join("bot.toml");
        let mut config = fs::read_to_string(&file).unwrap();
        config.push_str(more);
        fs::write(file, config).unwrap();
    }

    /// Binds a channel, with `more` lines of `[[room]]`.
    pub(crate) fn bind(&self, channel: Id, more: &str) {
        let mut config = String::from("\n[[room]]\nnetwork = \"discord\"\n");
        writeln!(config, "id = \"{channel}\"\n{more}").unwrap();
        self.configure(&config);
    }

    /// Links somebody's account to an address, by the code of the mail.
    pub(crate) fn link(&self, room: &Room<'_>, address: &str) {
        let before = self.count(address, "Votre code");
        let asked = room.slash("lier", &[("adresse-ou-code", json!(address))]);
        let answer = asked.answer();
        assert!(
            answer.text().contains("un code vient d'y être envoyé"),
            "{}",
            answer.text()
        );
        assert!(answer.ephemeral, "others see who links what");
        until("another code by mail", || {
            (self.count(address, "Votre code") > before).then_some(())
        });
        let mail = self.mail(address, "Votre code");
        let code = code_in(&mail.text).expect("a code in the mail");
        let asked = room.slash("lier", &[("adresse-ou-code", json!(code))]);
        let answer = asked.answer();
        assert!(
            answer.text().contains("Votre compte est relié"),
            "{}",
            answer.text()
        );
    }

    /// Waits until everything that is due has left.
    pub(crate) fn quiet(&self) {
        self.settled(0);
    }

    /// What `/readyz` says of a check: none where it is well.
    pub(crate) fn ill(&self, name: &str) -> Option<String> {
        let reply = crate::daemon::web::get(self.http(), "/readyz").unwrap();
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let checks = body["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|check| check["name"] == name)?;
        Some(check["why"].as_str()?.to_owned())
    }
}

impl Deref for Bot {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for Bot {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}

/// The code of a mail that says to type `lier CODE`.
fn code_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("lier ")?;
    let mut words = rest
        .split_whitespace()
        .map(|word| word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()));
    let code = words.find(|word| {
        let plain = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit();
        word.len() >= 6 && word.chars().all(plain)
    })?;
    Some(code.to_owned())
}

/// A daemon that runs, a server with its room, and an instructrice of the group Nord whose account is linked.
pub(crate) struct Office<'a> {
    pub(crate) bot: Bot,
    pub(crate) guild: Guild<'a>,
    pub(crate) channel: Id,
    pub(crate) ines: Person<'a>,
    pub(crate) room: Room<'a>,
}

impl<'a> Office<'a> {
    /// All of that, in a room that shows everything.
    pub(crate) fn open(fake: &'a Fake) -> Self {
        Self::open_with(
            fake,
            "privacy_acknowledged = true\ndirect = \"full\"",
            "privacy = \"full\"",
        )
    }

    /// The same with other lines of `[discord]` and `[[room]]`.
    pub(crate) fn open_with(fake: &'a Fake, discord: &str, room: &str) -> Self {
        Self::open_changed(fake, discord, room, |_| ())
    }

    /// The same, with a configuration that is changed before the first start.
    pub(crate) fn open_changed(
        fake: &'a Fake,
        discord: &str,
        room: &str,
        change: impl FnOnce(&Bot),
    ) -> Self {
        let guild = fake.guild("Préfecture");
        let channel = guild.channel("salle");
        let ines = guild.member("ines");
        let mut bot = Bot::on(fake, discord);
        bot.bind(channel, room);
        change(&bot);
        bot.start();
        fake.until_sessions(1, 0);
        let seat = ines.at(channel);
        bot.link(&seat, INES);
        Self {
            bot,
            guild,
            channel,
            ines,
            room: seat,
        }
    }

    /// Another person in the room, whose account is linked.
    pub(crate) fn colleague(&self, name: &str, address: &str) -> Room<'a> {
        let room = self.guild.member(name).at(self.channel);
        self.bot.link(&room, address);
        room
    }

    /// A dossier of the group Nord, its card and its thread.
    pub(crate) fn deposit(&self) -> (u64, Thread<'a>) {
        let number = self.bot.deposit(LINA, "Nord");
        (number, Thread::of(&self.room, number))
    }
}

/// A card and its thread.
pub(crate) struct Thread<'a> {
    pub(crate) room: Room<'a>,
    /// The card's first form.
    pub(crate) card: Seen,
    /// The thread.
    pub(crate) inside: Room<'a>,
}

impl<'a> Thread<'a> {
    /// The thread of a dossier.
    pub(crate) fn of(room: &Room<'a>, number: u64) -> Self {
        let name = format!("Dossier n° {number}");
        let card = room.find(0, &format!("the card of {number} and its thread"), |seen| {
            let card = seen.threaded && seen.text().contains(&name);
            card.then(|| seen.clone())
        });
        Self {
            room: *room,
            inside: room.thread(card.id),
            card,
        }
    }

    /// The first message of the thread that holds `text`, bold or not.
    pub(crate) fn shown(&self, text: &str) -> Seen {
        let what = format!("{text:?} in the thread");
        self.inside.find(0, &what, |seen| {
            let bare = seen.text().replace('*', "");
            (seen.author != self.inside.person.id && bare.contains(text)).then(|| seen.clone())
        })
    }

    /// Waits until the card holds `text`.
    pub(crate) fn becomes(&self, text: &str) -> Seen {
        let id = self.card.id;
        self.room.find(0, &format!("a card with {text:?}"), |seen| {
            (seen.id == id && seen.text().contains(text)).then(|| seen.clone())
        })
    }
}
