//! Something that a person did, and what the bot makes of it.

use serde_json::Value;

use super::ask::Refused;
use super::interaction::Interaction;
use super::room::Person;
use super::seen::{Seen, seen};
use super::world::{Id, LOADING};

/// A command, a button or a modal that somebody used.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) person: Person<'a>,
    pub(crate) id: Id,
}

impl<'a> Asked<'a> {
    /// What `look` finds in what became of it, as soon as it is there.
    pub(crate) fn find<T>(&self, what: &str, mut look: impl FnMut(&Interaction) -> Option<T>) -> T {
        let fake = self.person.fake;
        let found = fake.until(|world| look(&world.interactions[&self.id]));
        found.unwrap_or_else(|| {
            let it = fake.with(|world| world.interactions[&self.id].clone());
            let room = self.person.at(it.channel);
            panic!(
                "{} never got {what}: {it:?}\n{}",
                self.person.id,
                room.told()
            )
        })
    }

    /// The type of the first answer, and how many milliseconds it took.
    pub(crate) fn acknowledged(&self) -> (u64, u64) {
        self.find("an answer", |it| {
            it.answered.map(|(at, kind)| (kind, at - it.at))
        })
    }

    /// Whether there was an answer by now.
    pub(crate) fn is_answered(&self) -> bool {
        self.person
            .fake
            .with(|world| world.interactions[&self.id].answered.is_some())
    }

    /// The message that answers it, once it is there whole.
    pub(crate) fn answer(&self) -> Seen {
        let fake = self.person.fake;
        let found = fake.until(|world| {
            let original = world.interactions[&self.id].original?;
            let message = world.messages.get(&original)?;
            (message.flags & LOADING == 0 && !message.deleted).then(|| seen(message))
        });
        found.unwrap_or_else(|| self.find("a whole answer", |_| None))
    }

    /// What came after the first answer.
    pub(crate) fn followups(&self) -> Vec<Seen> {
        self.person.fake.with(|world| {
            let ids = &world.interactions[&self.id].followups;
            ids.iter()
                .filter_map(|id| world.messages.get(id))
                .map(seen)
                .collect()
        })
    }

    /// The modal that opened.
    pub(crate) fn modal(&self) -> Value {
        self.find("a modal", |it| it.modal.clone())
    }

    /// Fills in the modal that opened, by custom ids.
    pub(crate) fn try_submit(&self, values: &[(&str, Value)]) -> Result<Asked<'a>, Refused> {
        self.modal();
        let id = self
            .person
            .fake
            .with(|world| world.submit(self.id, values))?;
        Ok(Asked {
            person: self.person,
            id,
        })
    }

    /// The same for values that must fit.
    pub(crate) fn submit(&self, values: &[(&str, Value)]) -> Asked<'a> {
        self.try_submit(values)
            .unwrap_or_else(|why| panic!("the modal: {why}"))
    }
}
