//! Interactions: the first answer within three seconds, what may answer what, and the webhook that follows for a quarter of an hour.

use serde_json::{Value, json};

use super::body::Content;
use super::draft::{Draft, Way};
use super::refusal::{Form, Refusal};
use super::route::Answer;
use super::world::{EPHEMERAL, Id, LOADING, Message, World};
use super::{modal, slash};

/// The kinds, as Discord numbers them.
pub(crate) const COMMAND: u8 = 2;
pub(crate) const COMPONENT: u8 = 3;
pub(crate) const AUTOCOMPLETE: u8 = 4;
pub(crate) const MODAL_SUBMIT: u8 = 5;
/// The first answer is due within this.
const FIRST: u64 = 3000;
/// The token is good for this.
const TOKEN: u64 = 15 * 60 * 1000;

/// Something that a person did, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Interaction {
    pub(crate) id: Id,
    pub(crate) token: String,
    pub(crate) kind: u8,
    pub(crate) person: Id,
    pub(crate) guild: Option<Id>,
    pub(crate) channel: Id,
    pub(crate) at: u64,
    /// The command.
    pub(crate) name: Option<String>,
    /// The message of the component, or of the component before the modal.
    pub(crate) message: Option<Id>,
    /// The type of the option that is being typed.
    pub(crate) focused: u64,
    /// The first answer: when, and of which type.
    pub(crate) answered: Option<(u64, u64)>,
    /// What is edited as the first answer.
    pub(crate) original: Option<Id>,
    pub(crate) choices: Option<Vec<Value>>,
    pub(crate) modal: Option<Value>,
    pub(crate) followups: Vec<Id>,
}

impl World {
    pub(crate) fn callback(
        &mut self,
        id: Id,
        token: &str,
        content: &Content,
        answer: bool,
    ) -> Result<Answer, Refusal> {
        let found = self.interactions.get(&id).filter(|it| it.token == token);
        let it = found.ok_or_else(Refusal::unknown_interaction)?.clone();
        if it.answered.is_some() {
            return Err(Refusal::already_acknowledged());
        }
        if self.now() > it.at + FIRST {
            return Err(Refusal::unknown_interaction());
        }
        let kind = content.json["type"].as_u64().unwrap_or_default();
        let on_message = it.kind == COMPONENT || it.kind == MODAL_SUBMIT && it.message.is_some();
        let fits = match kind {
            4 | 5 => it.kind != AUTOCOMPLETE,
            6 | 7 => on_message,
            8 => it.kind == AUTOCOMPLETE,
            9 => matches!(it.kind, COMMAND | COMPONENT),
            _ => false,
        };
        if !fits {
            let mut form = Form::default();
            let among = match it.kind {
                AUTOCOMPLETE => "(8,)",
                COMMAND => "(4, 5, 9)",
                COMPONENT => "(4, 5, 6, 7, 9)",
                _ if on_message => "(4, 5, 6, 7)",
                _ => "(4, 5)",
            };
            form.choices("type", among);
            return Err(form.done().unwrap_err());
        }
        let data = Content {
            json: content.json["data"].clone(),
            files: content.files.clone(),
            multipart: content.multipart,
        };
        self.first_answer(&it, kind, &data)?;
        let now = self.now();
        let kept = self.interactions.get_mut(&id).unwrap();
        kept.answered = Some((now, kind));
        self.changed();
        if !answer {
            return Ok(Answer::nothing());
        }
        let original = self.interactions[&id].original;
        let message = original.map(|id| self.messages[&id].clone());
        let mut wire = json!({ "interaction": { "id": id.to_string(), "type": it.kind }, "resource": { "type": kind } });
        if let Some(message) = message {
            wire["interaction"]["response_message_id"] = json!(message.id.to_string());
            wire["interaction"]["response_message_loading"] = json!(message.flags & LOADING != 0);
            wire["interaction"]["response_message_ephemeral"] =
                json!(message.flags & EPHEMERAL != 0);
            if matches!(kind, 4 | 7) {
                wire["resource"]["message"] = self.message_json(&message);
            }
        }
        Ok(Answer::ok(wire))
    }

    fn first_answer(&mut self, it: &Interaction, kind: u64, data: &Content) -> Result<(), Refusal> {
        let mut form = Form::default();
        match kind {
            4 => {
                let limit = self.file_limit(it.channel);
                let draft = self
                    .draft(data, Way::Interaction, None, limit)
                    .map_err(nested)?;
                self.answer_with(it, draft);
            }
            5 => {
                let flags = &data.json["flags"];
                if !flags.is_null() && !matches!(flags.as_u64(), Some(0 | EPHEMERAL)) {
                    form.fault(
                        "data.flags",
                        "MESSAGE_FLAGS_INVALID",
                        "Only EPHEMERAL may be set.",
                    );
                }
                form.done()?;
                let flags = flags.as_u64().unwrap_or(0) | LOADING;
                self.answer_with(
                    it,
                    Draft {
                        flags,
                        ..Draft::default()
                    },
                );
            }
            6 => self.interactions.get_mut(&it.id).unwrap().original = it.message,
            7 => {
                let message = it.message.and_then(|id| self.messages.get(&id)).cloned();
                let message = message
                    .filter(|it| !it.deleted)
                    .ok_or_else(Refusal::unknown_message)?;
                let limit = self.file_limit(it.channel);
                let draft = self
                    .draft(data, Way::Edit, Some(&message), limit)
                    .map_err(nested)?;
                self.rewrite(message.id, draft, &["users"]);
                self.interactions.get_mut(&it.id).unwrap().original = it.message;
            }
            8 => {
                let choices = &data.json["choices"];
                if choices.is_null() {
                    form.required("data.choices");
                }
                slash::choices(&mut form, "data.choices", choices, it.focused);
                form.done()?;
                let choices = choices.as_array().cloned();
                self.interactions.get_mut(&it.id).unwrap().choices = choices;
            }
            _ => {
                modal::check(&mut form, "data", &data.json);
                form.done()?;
                self.interactions.get_mut(&it.id).unwrap().modal = Some(data.json.clone());
            }
        }
        Ok(())
    }

    fn answer_with(&mut self, it: &Interaction, draft: Draft) {
        let id = self.post(it.channel, self.bot, draft, &["users"], Some(it.id));
        self.interactions.get_mut(&it.id).unwrap().original = Some(id);
    }

    /// What comes after the first answer, by the token alone.
    pub(crate) fn webhook(
        &mut self,
        method: &str,
        application: Id,
        token: &str,
        rest: &[&str],
        content: &Content,
    ) -> Result<Answer, Refusal> {
        if application != self.application {
            return Err(Refusal::unknown_webhook());
        }
        let found = self.interactions.values().find(|it| it.token == token);
        let it = found.ok_or_else(Refusal::invalid_webhook_token)?.clone();
        if self.now() > it.at + TOKEN {
            return Err(Refusal::invalid_webhook_token());
        }
        if it.answered.is_none() || it.kind == AUTOCOMPLETE {
            return Err(Refusal::unknown_webhook());
        }
        if !self.channels.contains_key(&it.channel) {
            return Err(Refusal::unknown_channel());
        }
        match (method, rest) {
            ("POST", []) => self.follow_up(&it, content),
            ("GET", ["messages", which]) => {
                let message = self.of_interaction(&it, which)?;
                Ok(Answer::ok(self.message_json(&message)))
            }
            ("PATCH", ["messages", which]) => {
                let message = self.of_interaction(&it, which)?;
                self.edit_answer(&message, content)
            }
            ("DELETE", ["messages", which]) => {
                let message = self.of_interaction(&it, which)?;
                self.remove_message(message.id);
                Ok(Answer::nothing())
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn of_interaction(&self, it: &Interaction, which: &str) -> Result<Message, Refusal> {
        let id = if which == "@original" {
            it.original
        } else {
            let own = |id: &Id| it.followups.contains(id) || it.original == Some(*id);
            which.parse().ok().filter(own)
        };
        let message = id
            .and_then(|id| self.messages.get(&id))
            .filter(|it| !it.deleted);
        Ok(message.ok_or_else(Refusal::unknown_message)?.clone())
    }

    fn edit_answer(&mut self, message: &Message, content: &Content) -> Result<Answer, Refusal> {
        let limit = self.file_limit(message.channel);
        let mut draft = self.draft(content, Way::Edit, Some(message), limit)?;
        draft.flags &= !LOADING;
        self.rewrite(message.id, draft, &["users"]);
        Ok(Answer::ok(self.message_json(&self.messages[&message.id])))
    }

    fn follow_up(&mut self, it: &Interaction, content: &Content) -> Result<Answer, Refusal> {
        let loading = it.original.and_then(|id| self.messages.get(&id));
        let loading = loading
            .filter(|it| it.flags & LOADING != 0 && !it.deleted)
            .cloned();
        if let Some(message) = loading {
            // As it was in older versions: the message that loads is the one, and stays ephemeral or not.
            let mut content = content.clone();
            if let Some(body) = content.json.as_object_mut() {
                body.remove("flags");
            }
            return self.edit_answer(&message, &content);
        }
        let limit = self.file_limit(it.channel);
        let draft = self.draft(content, Way::Interaction, None, limit)?;
        let id = self.post(it.channel, self.bot, draft, &["users"], Some(it.id));
        self.interactions
            .get_mut(&it.id)
            .unwrap()
            .followups
            .push(id);
        Ok(Answer::ok(self.message_json(&self.messages[&id])))
    }
}

/// The faults of `data` stand under it.
fn nested(refusal: Refusal) -> Refusal {
    Refusal {
        errors: refusal.errors.map(|errors| json!({ "data": errors })),
        ..refusal
    }
}
