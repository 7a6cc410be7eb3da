//! A channel or a thread as one person sees it, and what that person does there.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Fake;
use super::ask::Refused;
use super::asked::Asked;
use super::draft::Draft;
use super::permission::{ADD_REACTIONS, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS};
use super::seen::{Seen, seen};
use super::world::{DIRECT, File, Id, PUBLIC_THREAD, World};

/// Somebody at Discord's client.
#[derive(Clone, Copy)]
pub(crate) struct Person<'a> {
    pub(crate) fake: &'a Fake,
    pub(crate) id: Id,
}

/// A place that somebody looks at.
#[derive(Clone, Copy)]
pub(crate) struct Room<'a> {
    pub(crate) person: Person<'a>,
    pub(crate) id: Id,
}

impl<'a> Person<'a> {
    /// What this person sees of a channel or of a thread.
    pub(crate) fn at(&self, channel: Id) -> Room<'a> {
        Room {
            person: *self,
            id: channel,
        }
    }

    /// The conversation in private with the bot.
    pub(crate) fn direct(&self) -> Room<'a> {
        self.at(self.fake.with(|world| world.direct(self.id)))
    }

    /// Lets the bot write in private, or not.
    pub(crate) fn takes_direct(&self, takes: bool) {
        self.fake
            .with(|world| world.users.get_mut(&self.id).unwrap().takes_direct = takes);
    }

    /// The language of this person's client.
    pub(crate) fn speaks(&self, locale: &str) {
        self.fake
            .with(|world| locale.clone_into(&mut world.users.get_mut(&self.id).unwrap().locale));
    }

    /// A file chosen for an option or a modal: its value.
    pub(crate) fn file(&self, name: &str, kind: &str, content: &[u8]) -> Value {
        self.fake.with(|world| {
            let id = world.clock.snowflake();
            let file = File {
                id,
                name: name.to_owned(),
                kind: kind.to_owned(),
                description: None,
                content: content.to_vec(),
                ephemeral: true,
            };
            world.chosen.insert(id, file);
            json!(id.to_string())
        })
    }
}

impl<'a> Room<'a> {
    fn fake(&self) -> &'a Fake {
        self.person.fake
    }

    // Doing

    /// Says something that is no command. In a thread that was put away this brings it back.
    pub(crate) fn say(&self, text: &str) -> Id {
        self.fake().with(|world| {
            let place = &world.channels[&self.id];
            let wanted = if place.is_thread() {
                SEND_MESSAGES_IN_THREADS
            } else {
                SEND_MESSAGES
            };
            let may = world.permissions(place, self.person.id) & wanted != 0;
            assert!(may && !place.locked, "this person may not write here");
            if place.archived {
                world.set_archived(self.id, false);
            }
            let draft = Draft {
                content: Some(text.to_owned()),
                ..Draft::default()
            };
            world.post(self.id, self.person.id, draft, &["users", "roles"], None)
        })
    }

    /// Opens a thread that is one's own.
    pub(crate) fn open_thread(&self, name: &str) -> Id {
        self.fake().with(|world| {
            let guild = world.channels[&self.id].guild;
            let mut thread = world.channel(PUBLIC_THREAD, guild, name);
            thread.parent = Some(self.id);
            thread.owner = self.person.id;
            thread.members = vec![self.person.id];
            world.add_channel(thread)
        })
    }

    /// Edits what one has said.
    pub(crate) fn edit(&self, message: Id, text: &str) {
        let draft = Draft {
            content: Some(text.to_owned()),
            ..Draft::default()
        };
        self.fake()
            .with(|world| world.rewrite(message, draft, &["users", "roles"]));
    }

    /// Takes back what one has said.
    pub(crate) fn delete(&self, message: Id) {
        self.fake().with(|world| world.remove_message(message));
    }

    /// Puts an emoji on a message.
    pub(crate) fn react(&self, message: Id, emoji: &str) {
        self.fake().with(|world| {
            let may =
                world.permissions(&world.channels[&self.id], self.person.id) & ADD_REACTIONS != 0;
            assert!(may, "this person may not react here");
            world.react(message, emoji, self.person.id);
        });
    }

    /// A command, such as `suivre` or `avis demander`, with its options.
    pub(crate) fn try_slash(
        &self,
        line: &str,
        options: &[(&str, Value)],
    ) -> Result<Asked<'a>, Refused> {
        let id = self
            .fake()
            .with(|world| world.command(self.person.id, self.id, line, options, None))?;
        Ok(self.asked(id))
    }

    /// The same for what the client must let through.
    pub(crate) fn slash(&self, line: &str, options: &[(&str, Value)]) -> Asked<'a> {
        self.try_slash(line, options)
            .unwrap_or_else(|why| panic!("/{line}: {why}"))
    }

    /// Whether this person is offered the command here.
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.fake()
            .with(|world| world.offered(self.person.id, self.id, name).is_ok())
    }

    /// What is proposed while `text` is typed into the option `focused`: names and values.
    pub(crate) fn complete(
        &self,
        line: &str,
        options: &[(&str, Value)],
        focused: &str,
        text: &str,
    ) -> Vec<(String, Value)> {
        let id = self
            .fake()
            .with(|world| {
                world.command(
                    self.person.id,
                    self.id,
                    line,
                    options,
                    Some((focused, text)),
                )
            })
            .unwrap_or_else(|why| panic!("/{line}: {why}"));
        let what = format!("what completes {focused} of /{line}");
        let choices = self.asked(id).find(&what, |it| it.choices.clone());
        let pairs = choices.iter();
        pairs
            .map(|it| {
                (
                    it["name"].as_str().unwrap_or_default().to_owned(),
                    it["value"].clone(),
                )
            })
            .collect()
    }

    /// Presses a button, by its label or its custom id.
    pub(crate) fn try_press(&self, message: Id, which: &str) -> Result<Asked<'a>, Refused> {
        let id = self
            .fake()
            .with(|world| world.press(self.person.id, message, which))?;
        Ok(self.asked(id))
    }

    /// The same for a button that must be there.
    pub(crate) fn press(&self, message: Id, which: &str) -> Asked<'a> {
        self.try_press(message, which)
            .unwrap_or_else(|why| panic!("{which:?}: {why}\n{}", self.told()))
    }

    /// Chooses in a menu, by its custom id or its placeholder.
    pub(crate) fn try_select(
        &self,
        message: Id,
        which: &str,
        values: &[&str],
    ) -> Result<Asked<'a>, Refused> {
        let id = self
            .fake()
            .with(|world| world.select(self.person.id, message, which, values))?;
        Ok(self.asked(id))
    }

    /// The same for a menu that must be there.
    pub(crate) fn select(&self, message: Id, which: &str, values: &[&str]) -> Asked<'a> {
        self.try_select(message, which, values)
            .unwrap_or_else(|why| panic!("{which:?}: {why}\n{}", self.told()))
    }

    fn asked(&self, id: Id) -> Asked<'a> {
        Asked {
            person: self.person,
            id,
        }
    }

    // Seeing

    /// The thread of a message, or one by its id.
    pub(crate) fn thread(&self, id: Id) -> Room<'a> {
        self.person.at(id)
    }

    /// The threads of this channel: id, name, archived.
    pub(crate) fn threads(&self) -> Vec<(Id, String, bool)> {
        self.fake().with(|world| {
            let threads = world
                .channels
                .values()
                .filter(|it| it.parent == Some(self.id));
            threads
                .map(|it| (it.id, it.name.clone(), it.archived))
                .collect()
        })
    }

    /// How much has changed: what is waited for after it is new.
    pub(crate) fn mark(&self) -> u64 {
        self.fake().with(|world| world.revision)
    }

    /// The messages as they are now, oldest first.
    pub(crate) fn timeline(&self) -> Vec<Seen> {
        self.fake().with(|world| self.look(world))
    }

    fn look(&self, world: &World) -> Vec<Seen> {
        if world.sees(self.person.id, self.id).is_err() {
            return Vec::new();
        }
        let messages = world.messages.values().filter(|it| {
            it.channel == self.id
                && !it.deleted
                && it.only.is_none_or(|only| only == self.person.id)
        });
        messages.map(seen).collect()
    }

    /// What `look` finds in a message that came or changed after `mark`, as soon as it is there.
    pub(crate) fn find<T>(
        &self,
        mark: u64,
        what: &str,
        mut look: impl FnMut(&Seen) -> Option<T>,
    ) -> T {
        let found = self.fake().until(|world| {
            let all = self.look(world);
            let new = all.iter().filter(|seen| seen.revision > mark);
            new.into_iter().find_map(&mut look)
        });
        found.unwrap_or_else(|| panic!("{} never saw {what}\n{}", self.person.id, self.told()))
    }

    /// The first message of somebody else that came or changed after `mark` and now holds `text`.
    pub(crate) fn shown(&self, mark: u64, text: &str) -> Seen {
        self.find(mark, &format!("{text:?}"), |seen| {
            (seen.author != self.person.id && seen.text().contains(text)).then(|| seen.clone())
        })
    }

    /// The emoji on a message, by somebody else or several.
    pub(crate) fn reacted(&self, message: Id, emoji: &str) -> Seen {
        self.find(0, &format!("{emoji} on {message}"), |seen| {
            let it = seen.id == message && seen.reactions.iter().any(|(it, _)| it == emoji);
            it.then(|| seen.clone())
        })
    }

    /// The messages of somebody else that hold `text`.
    pub(crate) fn with(&self, text: &str) -> Vec<Seen> {
        let mut seen = self.timeline();
        seen.retain(|seen| seen.author != self.person.id && seen.text().contains(text));
        seen
    }

    /// A message as it is now, if it is there.
    pub(crate) fn message(&self, id: Id) -> Option<Seen> {
        self.timeline().into_iter().find(|seen| seen.id == id)
    }

    /// All that is there, for the eye.
    pub(crate) fn told(&self) -> String {
        let mut told = format!("--- {} by {}\n", self.id, self.person.id);
        for seen in self.timeline() {
            let ephemeral = if seen.ephemeral { " (ephemeral)" } else { "" };
            let loading = if seen.loading { " (loading)" } else { "" };
            let (author, text, buttons) = (seen.author, seen.text(), seen.buttons());
            writeln!(told, "{author}{ephemeral}{loading} {text} {buttons:?}").unwrap();
        }
        let refused = self
            .fake()
            .requests()
            .into_iter()
            .filter(|it| it.status >= 400);
        for it in refused {
            writeln!(
                told,
                "refused: {} {} {} {}",
                it.method, it.path, it.status, it.code
            )
            .unwrap();
        }
        told
    }

    /// Whether it is a conversation in private.
    pub(crate) fn is_direct(&self) -> bool {
        self.fake()
            .with(|world| world.channels[&self.id].kind == DIRECT)
    }
}
