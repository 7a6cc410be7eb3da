//! Greffier among people: its account, its configuration, the ways in which tests meet it.

use std::fmt::Write as _;
use std::fs;
use std::ops::{Deref, DerefMut};

use serde_json::json;

use super::client::{People, Person, Room, Seen};
use crate::daemon::desk::{Desk, INES, LINA};
use crate::servers::synapse::Synapse;

/// The password of Greffier's account.
pub(crate) const PASSWORD: &str = "le greffier, sous clé";

/// A daemon with an account on a homeserver.
pub(crate) struct Bot {
    desk: Desk,
    /// `@greffier:agent.example`.
    pub(crate) id: String,
}

impl Bot {
    /// An account called `name` and a daemon that is not started, with what `[matrix]` and `[[room]]` need.
    pub(crate) fn on(server: &Synapse, people: &People, name: &str) -> Self {
        let register = json!({ "do": "register", "user": name, "password": PASSWORD });
        let id = people.ask(&register).as_str().unwrap().to_owned();
        let bot = Self {
            desk: Desk::closed(),
            id,
        };
        fs::write(bot.path().join("matrix-password"), format!("{PASSWORD}\n")).unwrap();
        bot.configure(&format!(
            "\n[matrix]\nhomeserver = \"{1}\"\nuser = \"{2}\"\npassword_file = \"matrix-password\"\n\
             allowed_servers = [\"{0}\"]\n\
             inviters = [\"{0}\"]\npace_ms = 0\n",
            server.name(),
            server.url(),
            bot.id,
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

    /// Puts `new` in the place of `old` in `bot.toml`.
    pub(crate) fn reconfigure(&self, old: &str, new: &str) {
        let file = self.path().join("bot.toml");
        let config = fs::read_to_string(&file).unwrap();
        assert!(config.contains(old), "{old} is not in {config}");
        fs::write(file, config.replacen(old, new, 1)).unwrap();
    }

    /// Binds a room, by its id or an alias, with `more` lines of `[[room]]`.
    pub(crate) fn bind(&self, room: &str, more: &str) {
        let mut config = String::from("\n[[room]]\nnetwork = \"matrix\"\n");
        writeln!(config, "id = \"{room}\"\n{more}").unwrap();
        self.configure(&config);
    }

    /// Another program uses the account, and comes into rooms.
    pub(crate) fn sits_in_for<'a>(&self, people: &'a People, who: &str) -> Person<'a> {
        let user = self.id.trim_start_matches('@').split(':').next().unwrap();
        people.login_with(who, user, PASSWORD, false)
    }

    /// Waits until Greffier has come into a room that it is invited to.
    pub(crate) fn comes(&self, room: &Room<'_>) {
        room.until_member(&self.id, "join");
    }

    /// Links somebody's account to an address, by the code of the mail, and answers the conversation where that was done.
    pub(crate) fn link<'a>(&self, person: &Person<'a>, address: &str) -> Room<'a> {
        let direct = person.direct(&self.id);
        self.comes(&direct);
        self.link_in(&direct, address);
        direct
    }

    /// The same in a conversation that there is.
    pub(crate) fn link_in(&self, direct: &Room<'_>, address: &str) {
        let before = self.count(address, "Votre code");
        let mark = direct.mark();
        direct.say(&format!("!lier {address}"));
        direct.shown(mark, "un code vient d'y être envoyé");
        crate::daemon::desk::until("another code by mail", || {
            (self.count(address, "Votre code") > before).then_some(())
        });
        let mail = self.mail(address, "Votre code");
        let code = code_in(&mail.text).expect("a code in the mail");
        let mark = direct.mark();
        direct.say(&format!("!lier {code}"));
        direct.shown(mark, "Votre compte est relié");
    }

    /// Waits until everything that is due has left.
    pub(crate) fn quiet(&self) {
        self.settled(0);
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
    let rest = rest.split_whitespace().find(|word| {
        let word = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        word.len() >= 6
            && word
                .chars()
                .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
    })?;
    let code = rest.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    Some(code.to_owned())
}

/// A daemon that runs, a room that it is in, and an instructrice of the group Nord whose account is linked.
pub(crate) struct Office<'a> {
    pub(crate) bot: Bot,
    pub(crate) ines: Person<'a>,
    pub(crate) room: Room<'a>,
    /// Her conversation with Greffier.
    pub(crate) direct: Room<'a>,
}

impl<'a> Office<'a> {
    /// All of that, with accounts whose names end in `name`.
    pub(crate) fn open(server: &Synapse, people: &'a People, name: &str, encrypted: bool) -> Self {
        Self::open_with(server, people, name, encrypted, |_| ())
    }

    /// The same, with a configuration that is changed before the first start.
    pub(crate) fn open_with(
        server: &Synapse,
        people: &'a People,
        name: &str,
        encrypted: bool,
        change: impl FnOnce(&Bot),
    ) -> Self {
        let ines = people.person(&format!("ines-{name}"));
        let mut bot = Bot::on(server, people, &format!("greffier-{name}"));
        let room = ines.create(encrypted, &[&bot.id]);
        bot.bind(&room.id, "privacy = \"full\"");
        change(&bot);
        bot.start();
        bot.comes(&room);
        let direct = bot.link(&ines, INES);
        Self {
            bot,
            ines,
            room,
            direct,
        }
    }

    /// Another instructeur in the room, whose account is linked.
    pub(crate) fn colleague(
        &self,
        people: &'a People,
        name: &str,
        address: &str,
    ) -> (Person<'a>, Room<'a>) {
        let person = people.person(name);
        let encrypted = self.ines.ask(json!({ "do": "rooms" }))[&self.room.id]["encrypted"] == true;
        self.room.invite(&person.id);
        let room = person.enter(&self.room.id, encrypted);
        self.bot.link(&person, address);
        (person, room)
    }

    /// A dossier of the group Nord, and its thread.
    pub(crate) fn deposit(&self) -> (u64, Thread<'a>) {
        let number = self.bot.deposit(LINA, "Nord");
        (number, Thread::of(&self.room, number))
    }
}

/// What a card and its thread have shown.
pub(crate) struct Thread<'a> {
    room: Room<'a>,
    /// The card's first form.
    pub(crate) card: Seen,
}

impl<'a> Thread<'a> {
    /// The thread of a dossier.
    pub(crate) fn of(room: &Room<'a>, number: u64) -> Self {
        let name = format!("Dossier n° {number}");
        let card = room.find(0, &format!("the card of {number}"), |seen| {
            let card = seen.is_message() && seen.thread.is_none() && seen.edits.is_none();
            (card && seen.text().contains(&name) && !seen.text().contains("Nouveau"))
                .then(|| seen.clone())
        });
        Self {
            room: room.clone(),
            card,
        }
    }

    /// The first message of the thread that holds `text`.
    pub(crate) fn shown(&self, text: &str) -> Seen {
        let root = Some(self.card.id.as_str());
        self.room
            .find(0, &format!("{text:?} in the thread"), |seen| {
                let it = seen.thread.as_deref() == root && seen.text().contains(text);
                it.then(|| seen.clone())
            })
    }

    /// Waits until the card has been edited into one that holds `text`.
    pub(crate) fn becomes(&self, text: &str) -> Seen {
        let root = Some(self.card.id.as_str());
        self.room.find(0, &format!("a card with {text:?}"), |seen| {
            let it = seen.edits.as_deref() == root && seen.text().contains(text);
            it.then(|| seen.clone())
        })
    }

    /// Says a line in the thread.
    pub(crate) fn say(&self, text: &str) -> String {
        self.room.say_in(&self.card.id, text)
    }
}
