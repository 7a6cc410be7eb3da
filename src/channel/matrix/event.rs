//! What an event of a room says, as far as Greffier listens. Everything in it is from outside.

use jiff::Timestamp;
use matrix_sdk::deserialized_responses::{
    DeviceLinkProblem, TimelineEvent, TimelineEventKind, UnableToDecryptReason, VerificationLevel,
    VerificationState,
};
use serde::Deserialize;
use serde_json::Value;

use super::words::without_fallback;

/// An event of a room.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// Its id.
    pub(super) id: String,
    /// Who sent it.
    pub(super) sender: String,
    /// When, by the sender's homeserver.
    pub(super) at: Timestamp,
    /// What it says.
    pub(super) says: Says,
    /// How it came.
    pub(super) seal: Seal,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Says {
    /// A text.
    Text(Text),
    /// A file.
    File(File),
    /// A reaction to a message.
    Reaction {
        /// To which.
        to: String,
        /// The emoji.
        emoji: String,
    },
    /// Somebody came, went, or was put out.
    Member {
        /// Whom it is about.
        who: String,
        /// `join`, `leave`, `ban`, `invite`, `knock`.
        membership: String,
        /// What it was before.
        before: Option<String>,
    },
    /// The room goes on elsewhere.
    Moved {
        /// Where.
        to: String,
    },
    /// It could not be read.
    Unreadable(Unreadable),
    /// Nothing that Greffier listens to.
    Nothing,
}

/// Why an event could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unreadable {
    /// The sender’s client does not send keys to a device that is not signed.
    Unsigned,
    /// The key did not come, or not yet.
    NoKey,
    /// It is broken.
    Broken,
}

/// A text that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text {
    /// As typed, without the quotation of what it answers.
    pub(super) body: String,
    /// First message of its thread, or the message that it answers.
    pub(super) about: Option<String>,
    /// Whether `about` is a thread.
    pub(super) threaded: bool,
    /// The message that it takes the place of.
    pub(super) edits: Option<String>,
}

/// A file that somebody sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    /// Its name as given.
    pub(super) name: String,
    /// What was written beside it.
    pub(super) caption: Option<String>,
    /// Its media type as given.
    pub(super) media_type: String,
    /// Its octets as given.
    pub(super) bytes: Option<u64>,
    /// Where it is: the content's `file` (encrypted) or `url`.
    pub(super) source: Value,
    /// First message of its thread, or the message that it answers.
    pub(super) about: Option<String>,
    /// Whether `about` is a thread.
    pub(super) threaded: bool,
}

/// How an event came, which says how far it can be believed to be its sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    /// Encrypted, by a device that its owner has signed.
    Signed,
    /// Encrypted, by a device that its owner has not signed.
    Unsigned,
    /// Encrypted, by a device of which nothing is known: it is gone, or its owner's devices were not asked for yet.
    Unknown,
    /// Encrypted, and something is wrong: an identity that changed after it was verified, a sender who does not own the
    /// key.
    Doubtful,
    /// In clear.
    Clear,
}

impl Seal {
    fn of(kind: &TimelineEventKind) -> Self {
        let TimelineEventKind::Decrypted(decrypted) = kind else {
            return Self::Clear;
        };
        match &decrypted.encryption_info.verification_state {
            // A colleague whom nobody has verified by hand is the normal case.
            VerificationState::Verified
            | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity) => Self::Signed,
            VerificationState::Unverified(VerificationLevel::UnsignedDevice) => Self::Unsigned,
            VerificationState::Unverified(VerificationLevel::None(
                DeviceLinkProblem::MissingDevice,
            )) => Self::Unknown,
            VerificationState::Unverified(
                VerificationLevel::VerificationViolation
                | VerificationLevel::None(_)
                | VerificationLevel::MismatchedSender,
            ) => Self::Doubtful,
        }
    }

    /// Whether somebody may act by what came so, in a room that is `encrypted` or not.
    pub(super) fn binds(self, encrypted: bool, unsigned_devices_act: bool) -> bool {
        match self {
            Self::Signed => true,
            Self::Unsigned => unsigned_devices_act,
            Self::Unknown | Self::Doubtful => false,
            Self::Clear => !encrypted,
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "type")]
    kind: String,
    event_id: String,
    sender: String,
    origin_server_ts: i64,
    #[serde(default)]
    state_key: Option<String>,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    unsigned: Value,
}

/// Reads `event`; none where it is no event at all.
pub(super) fn read(event: &TimelineEvent) -> Option<Event> {
    let raw: Raw = serde_json::from_str(event.raw().json().get()).ok()?;
    let says = match &event.kind {
        TimelineEventKind::UnableToDecrypt { utd_info, .. } => {
            Says::Unreadable(unreadable(&utd_info.reason))
        }
        // State is never encrypted: what an encrypted event says of it is its sender's invention.
        TimelineEventKind::Decrypted(_) if raw.state_key.is_some() => Says::Nothing,
        TimelineEventKind::Decrypted(_) | TimelineEventKind::PlainText { .. } => says(&raw),
    };
    Some(Event {
        id: raw.event_id,
        sender: raw.sender,
        at: Timestamp::from_millisecond(raw.origin_server_ts).ok()?,
        says,
        seal: Seal::of(&event.kind),
    })
}

fn unreadable(reason: &UnableToDecryptReason) -> Unreadable {
    match reason {
        UnableToDecryptReason::MissingMegolmSession {
            withheld_code: Some(_),
        } => Unreadable::Unsigned,
        UnableToDecryptReason::MissingMegolmSession {
            withheld_code: None,
        }
        | UnableToDecryptReason::UnknownMegolmMessageIndex => Unreadable::NoKey,
        _ => Unreadable::Broken,
    }
}

fn says(raw: &Raw) -> Says {
    let content = &raw.content;
    match (raw.kind.as_str(), &raw.state_key) {
        ("m.room.message", None) => message(content),
        ("m.reaction", None) => {
            let relation = &content["m.relates_to"];
            match (text(&relation["event_id"]), text(&relation["key"])) {
                (Some(to), Some(emoji)) => Says::Reaction { to, emoji },
                _ => Says::Nothing,
            }
        }
        ("m.room.member", Some(who)) => Says::Member {
            who: who.clone(),
            membership: text(&content["membership"]).unwrap_or_default(),
            before: at(&raw.unsigned, "/prev_content/membership"),
        },
        ("m.room.tombstone", Some(_)) => {
            text(&content["replacement_room"]).map_or(Says::Nothing, |to| Says::Moved { to })
        }
        _ => Says::Nothing,
    }
}

fn message(content: &Value) -> Says {
    let relation = &content["m.relates_to"];
    let edits = (relation["rel_type"] == "m.replace")
        .then(|| text(&relation["event_id"]))
        .flatten();
    // What an edit says stands apart; what stands beside it is for clients that know no edits.
    let content = if edits.is_some() {
        &content["m.new_content"]
    } else {
        content
    };
    let threaded = relation["rel_type"] == "m.thread";
    let answered = || at(relation, "/m.in_reply_to/event_id");
    let about = if threaded {
        text(&relation["event_id"])
    } else {
        answered()
    };
    let Some(body) = text(&content["body"]) else {
        return Says::Nothing;
    };
    match content["msgtype"].as_str() {
        Some("m.text") => Says::Text(Text {
            body: if about.is_some() || edits.is_some() {
                without_fallback(&body).to_owned()
            } else {
                body
            },
            about,
            threaded,
            edits,
        }),
        Some("m.file" | "m.image" | "m.audio" | "m.video") if edits.is_none() => {
            file(content, body, about, threaded)
        }
        // Among them m.notice, which is what programs say: two that answer each other never end.
        _ => Says::Nothing,
    }
}

fn file(content: &Value, body: String, about: Option<String>, threaded: bool) -> Says {
    let source = if content["file"].is_object() {
        content["file"].clone()
    } else {
        content["url"].clone()
    };
    if source.is_null() {
        return Says::Nothing;
    }
    let filename = text(&content["filename"]);
    let caption = filename
        .as_ref()
        .filter(|name| **name != body)
        .map(|_| body.clone());
    let info = &content["info"];
    Says::File(File {
        name: filename.unwrap_or(body),
        caption,
        media_type: text(&info["mimetype"]).unwrap_or_default(),
        bytes: info["size"].as_u64(),
        source,
        about,
        threaded,
    })
}

/// The text at that JSON pointer.
fn at(value: &Value, pointer: &str) -> Option<String> {
    text(value.pointer(pointer)?)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::serde::Raw as RawEvent;
    use serde_json::json;

    use super::*;

    fn of(kind: &str, content: &Value) -> Says {
        let event = json!({
            "type": kind, "event_id": "$e", "sender": "@ines:hs", "origin_server_ts": 1000, "content": content,
        });
        let raw = RawEvent::new(&event).unwrap().cast_unchecked();
        read(&TimelineEvent::from_plaintext(raw)).unwrap().says
    }

    fn body(says: Says) -> Text {
        match says {
            Says::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_line_in_a_thread_is_about_its_first_message() {
        let said = body(of(
            "m.room.message",
            &json!({
                "msgtype": "m.text", "body": "!suivre",
                "m.relates_to": { "rel_type": "m.thread", "event_id": "$root", "is_falling_back": true,
                    "m.in_reply_to": { "event_id": "$last" } },
            }),
        ));
        assert_eq!(
            (said.about.as_deref(), said.threaded),
            (Some("$root"), true)
        );
    }

    #[test]
    fn an_answer_is_about_what_it_answers_and_says_only_what_is_new() {
        let said = body(of(
            "m.room.message",
            &json!({
                "msgtype": "m.text", "body": "> <@g:hs> carte\n\n!suivre",
                "m.relates_to": { "m.in_reply_to": { "event_id": "$card" } },
            }),
        ));
        assert_eq!(
            (said.about.as_deref(), said.threaded),
            (Some("$card"), false)
        );
        assert_eq!(said.body, "!suivre");
    }

    #[test]
    fn an_edit_says_what_it_says_now() {
        let said = body(of(
            "m.room.message",
            &json!({
                "msgtype": "m.text", "body": "* !suivre 43",
                "m.new_content": { "msgtype": "m.text", "body": "!suivre 43" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$e0" },
            }),
        ));
        assert_eq!(
            (said.body.as_str(), said.edits.as_deref()),
            ("!suivre 43", Some("$e0"))
        );
    }

    #[test]
    fn programs_and_odd_things_are_not_listened_to() {
        for content in [
            json!({ "msgtype": "m.notice", "body": "!suivre 1" }),
            json!({ "msgtype": "m.emote", "body": "!suivre 1" }),
            json!({ "msgtype": "m.text" }),
            json!({ "msgtype": "m.text", "body": 4 }),
            json!({ "msgtype": "m.file", "body": "x" }),
            json!({}),
            json!([]),
        ] {
            assert_eq!(of("m.room.message", &content), Says::Nothing, "{content}");
        }
        assert_eq!(
            of("m.reaction", &json!({ "m.relates_to": 3 })),
            Says::Nothing
        );
    }

    #[test]
    fn a_file_may_have_a_caption() {
        let of = |content: Value| match of("m.room.message", &content) {
            Says::File(file) => (file.name, file.caption),
            other => panic!("{other:?}"),
        };
        let plain = json!({ "msgtype": "m.file", "body": "plan.pdf", "url": "mxc://hs/1" });
        assert_eq!(of(plain), ("plan.pdf".to_owned(), None));
        let captioned = json!({
            "msgtype": "m.image", "body": "!message 4 Voici", "filename": "plan.png", "file": { "url": "mxc://hs/1" },
        });
        assert_eq!(
            of(captioned),
            ("plan.png".to_owned(), Some("!message 4 Voici".to_owned()))
        );
    }

    #[test]
    fn only_what_its_owner_signed_binds_in_an_encrypted_room() {
        assert!(Seal::Signed.binds(true, false));
        assert!(!Seal::Unsigned.binds(true, false) && Seal::Unsigned.binds(true, true));
        assert!(!Seal::Doubtful.binds(true, true) && !Seal::Unknown.binds(true, true));
        assert!(!Seal::Clear.binds(true, true) && Seal::Clear.binds(false, false));
    }
}
