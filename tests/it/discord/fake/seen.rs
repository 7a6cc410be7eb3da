//! What a person sees of a message.

use serde_json::Value;

use super::ask::components;
use super::mention::Rung;
use super::world::{EPHEMERAL, File, HAS_THREAD, Id, LOADING, Message, Text};

/// A message as somebody sees it now.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: Id,
    pub(crate) channel: Id,
    pub(crate) author: Id,
    pub(crate) content: String,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) files: Vec<File>,
    /// What it was before, oldest first, and when it ceased to be so.
    pub(crate) past: Vec<(Text, u64)>,
    /// Only this person sees it.
    pub(crate) ephemeral: bool,
    /// It is still being thought about.
    pub(crate) loading: bool,
    /// It has a thread, which bears its id.
    pub(crate) threaded: bool,
    /// Whom it rings.
    pub(crate) rung: Rung,
    /// The emoji on it, with how many.
    pub(crate) reactions: Vec<(String, usize)>,
    pub(crate) nonce: Option<Value>,
    /// The message that it answers.
    pub(crate) answers: Option<Id>,
    /// When it came, and when it was last changed, in milliseconds.
    pub(crate) at: u64,
    pub(crate) edited: Option<u64>,
    pub(crate) revision: u64,
}

impl Seen {
    /// All that is to be read: the content, then the embeds, with the spaces and apostrophes of a keyboard.
    pub(crate) fn text(&self) -> String {
        let mut text = self.content.clone();
        for embed in &self.embeds {
            let fields = embed["fields"].as_array().into_iter().flatten();
            let fields = fields.flat_map(|field| [&field["name"], &field["value"]]);
            let parts = [
                &embed["author"]["name"],
                &embed["title"],
                &embed["description"],
            ];
            let parts = parts
                .into_iter()
                .chain(fields)
                .chain([&embed["footer"]["text"]]);
            for part in parts.filter_map(Value::as_str) {
                text.push('\n');
                text.push_str(part);
            }
        }
        for part in components(&self.components) {
            if let Some(content) = part["content"].as_str() {
                text.push('\n');
                text.push_str(content);
            }
        }
        text.replace(['\u{a0}', '\u{202f}'], " ").replace('’', "'")
    }

    /// The labels of its buttons, those that cannot be pressed left out.
    pub(crate) fn buttons(&self) -> Vec<String> {
        let all = components(&self.components).into_iter();
        let buttons = all.filter(|it| it["type"] == 2 && it["disabled"] != true);
        buttons
            .filter_map(|it| Some(it["label"].as_str()?.to_owned()))
            .collect()
    }

    /// The options of its menus: label and value.
    pub(crate) fn options(&self) -> Vec<(String, String)> {
        let all = components(&self.components);
        let options = all
            .iter()
            .filter_map(|it| it["options"].as_array())
            .flatten();
        options
            .filter_map(|it| {
                Some((
                    it["label"].as_str()?.to_owned(),
                    it["value"].as_str()?.to_owned(),
                ))
            })
            .collect()
    }
}

/// The message as it is now.
pub(crate) fn seen(message: &Message) -> Seen {
    Seen {
        id: message.id,
        channel: message.channel,
        author: message.author,
        content: message.text.content.clone(),
        embeds: message.text.embeds.clone(),
        components: message.text.components.clone(),
        files: message.files.clone(),
        past: message.past.clone(),
        ephemeral: message.flags & EPHEMERAL != 0,
        loading: message.flags & LOADING != 0,
        threaded: message.flags & HAS_THREAD != 0,
        rung: message.rung.clone(),
        reactions: message
            .reactions
            .iter()
            .map(|(emoji, who)| (emoji.clone(), who.len()))
            .collect(),
        nonce: message.nonce.clone(),
        answers: message.reference,
        at: message.at,
        edited: message.edited,
        revision: message.revision,
    }
}
