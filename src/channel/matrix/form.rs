//! The content of what is sent, as JSON of the client-server API: messages, edits, threads, files, reactions.

use serde_json::{Value, json};

use super::html::{escape, harmless, html};
use crate::channel::console::plain_text;
use crate::message::{Button, Post};

/// Key under which each message bears its outbox key, by which it is found again after a long absence.
const MARKER: &str = "fr.greffier.key";
/// Key of what a message belongs to.
const RELATION: &str = "m.relates_to";
/// Bytes of body and HTML together. An event may have 65 536 (65 KiB), a third of which encryption takes.
const LARGEST: usize = 30_000;
/// Characters shown of what is sent as a file because it is larger.
const EXCERPT: usize = 1_500;

/// How a message belongs to others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Relation {
    /// The first message of its thread.
    pub(super) thread: Option<String>,
    /// The message that it answers.
    pub(super) answers: Option<String>,
    /// The message that it takes the place of.
    pub(super) edits: Option<String>,
}

/// Both texts of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// For clients that show no HTML, and for notifications: it stands alone.
    pub(super) body: String,
    /// The same with its looks.
    pub(super) html: String,
}

impl Text {
    /// Both texts of `post`, with its choices and those who are pinged.
    pub(super) fn of(post: &Post) -> Self {
        let mut text = Self {
            body: harmless(&plain_text(&post.text)),
            html: html(&post.text),
        };
        let legend = legend(&post.buttons);
        if !legend.is_empty() {
            text.add(&legend, &escape(&legend));
        }
        if !post.mentions.is_empty() {
            let pills: Vec<String> = post.mentions.iter().map(|id| pill(id)).collect();
            text.add(&post.mentions.join(" "), &pills.join(" "));
        }
        text
    }

    fn add(&mut self, body: &str, html: &str) {
        self.body.push_str("\n\n");
        self.body.push_str(body);
        self.html.push_str("\n<p>");
        self.html.push_str(html);
        self.html.push_str("</p>");
    }

    /// What is shown, and the whole for a file where it is too much for one event.
    pub(super) fn fit(self) -> (Self, Option<String>) {
        if self.body.len() + self.html.len() <= LARGEST {
            return (self, None);
        }
        let mut body: String = self.body.chars().take(EXCERPT).collect();
        body.push('…');
        let html = escape(&body).replace('\n', "<br>");
        (Self { body, html }, Some(self.body))
    }
}

/// The choices, each with the reaction that presses it.
fn legend(buttons: &[Button]) -> String {
    let choices = buttons
        .iter()
        .map(|button| format!("{} {}", button.emoji, harmless(&button.label)));
    choices.collect::<Vec<_>>().join(" · ")
}

/// A link that clients show as a person.
fn pill(id: &str) -> String {
    let id = escape(id);
    format!("<a href=\"https://matrix.to/#/{id}\">{id}</a>")
}

/// The content of a message. It is `m.text`, which rings, where somebody must hear of it; `m.notice` otherwise.
pub(super) fn message(post: &Post, text: &Text, relation: &Relation, key: &str) -> Value {
    let kind = if post.alert || !post.mentions.is_empty() {
        "m.text"
    } else {
        "m.notice"
    };
    let mut content = json!({
        "msgtype": kind,
        "body": text.body,
        "format": "org.matrix.custom.html",
        "formatted_body": text.html,
        // Always there: without it old push rules look for names in the text.
        "m.mentions": mentions(&post.mentions),
    });
    if let Some(edited) = &relation.edits {
        // An edit rings for nobody; whom the new text names is for clients that open it later.
        let new = content.clone();
        content = json!({
            "msgtype": kind,
            "body": format!("* {}", text.body),
            "format": "org.matrix.custom.html",
            "formatted_body": format!("* {}", text.html),
            "m.mentions": {},
            "m.new_content": new,
            "m.relates_to": { "rel_type": "m.replace", "event_id": edited },
        });
    } else {
        relate(&mut content, relation);
    }
    set(&mut content, MARKER, json!(key));
    content
}

fn mentions(ids: &[String]) -> Value {
    if ids.is_empty() {
        json!({})
    } else {
        json!({ "user_ids": ids })
    }
}

/// Puts a message into its thread, or beside what it answers.
fn relate(content: &mut Value, relation: &Relation) {
    match (&relation.thread, &relation.answers) {
        (Some(root), answers) => {
            // A client without threads shows it as an answer to something: to what it answers, or to the first message.
            let falling_back = answers.is_none();
            let to = answers.as_ref().unwrap_or(root);
            let thread = json!({
                "rel_type": "m.thread",
                "event_id": root,
                "is_falling_back": falling_back,
                "m.in_reply_to": { "event_id": to },
            });
            set(content, RELATION, thread);
        }
        (None, Some(answers)) => {
            let answer = json!({ "m.in_reply_to": { "event_id": answers } });
            set(content, RELATION, answer);
        }
        (None, None) => {}
    }
}

fn set(content: &mut Value, key: &str, value: Value) {
    if let Some(fields) = content.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

/// Whether a content is in a thread.
pub(super) fn threaded(content: &Value) -> bool {
    let kind = content.get(RELATION).and_then(|to| to.get("rel_type"));
    kind.is_some_and(|kind| kind == "m.thread")
}

/// A content that belongs to nothing.
pub(super) fn alone(mut content: Value) -> Value {
    if let Some(fields) = content.as_object_mut() {
        fields.remove(RELATION);
    }
    content
}

/// Whether an event, as JSON, bears that outbox key.
pub(super) fn bears(event: &str, key: &str) -> bool {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let marker = event.get("content").and_then(|content| content.get(MARKER));
    marker.is_some_and(|marker| marker == key)
}

/// A reaction.
pub(super) fn reaction(to: &str, emoji: &str) -> Value {
    json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": to, "key": emoji } })
}

/// A file that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attached<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its media type.
    pub(super) media_type: &'a str,
    /// Its octets.
    pub(super) bytes: u64,
    /// Width and height, of a picture.
    pub(super) size: Option<(u32, u32)>,
    /// Where it is: `("url", mxc)` in a clear room, `("file", keys)` in an encrypted one.
    pub(super) source: (&'static str, Value),
}

/// The content of a message that is a file.
pub(super) fn file(attached: &Attached<'_>, relation: &Relation, key: &str) -> Value {
    let kind = match attached.media_type.split('/').next() {
        // Clients draw only these; any other picture is a file to be opened.
        Some("image")
            if matches!(
                attached.media_type,
                "image/png" | "image/jpeg" | "image/gif" | "image/webp"
            ) =>
        {
            "m.image"
        }
        Some("audio") => "m.audio",
        Some("video") => "m.video",
        _ => "m.file",
    };
    let mut info = json!({ "mimetype": attached.media_type, "size": attached.bytes });
    if let Some((width, height)) = attached.size {
        set(&mut info, "w", json!(width));
        set(&mut info, "h", json!(height));
    }
    let mut content = json!({
        "msgtype": kind,
        "body": attached.name,
        "filename": attached.name,
        "info": info,
        "m.mentions": {},
    });
    let (place, source) = &attached.source;
    set(&mut content, place, source.clone());
    relate(&mut content, relation);
    set(&mut content, MARKER, json!(key));
    content
}

/// Width and height of a PNG, GIF or JPEG, from its first octets.
pub(super) fn picture_size(octets: &[u8]) -> Option<(u32, u32)> {
    let be = |at: usize| {
        Some(u32::from(u16::from_be_bytes(
            octets.get(at..at + 2)?.try_into().ok()?,
        )))
    };
    let le = |at: usize| {
        Some(u32::from(u16::from_le_bytes(
            octets.get(at..at + 2)?.try_into().ok()?,
        )))
    };
    if octets.starts_with(b"\x89PNG\r\n\x1a\n") {
        let whole = |at: usize| Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?));
        return Some((whole(16)?, whole(20)?));
    }
    if octets.starts_with(b"GIF8") {
        return Some((le(6)?, le(8)?));
    }
    if !octets.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    while *octets.get(at)? == 0xff {
        let marker = *octets.get(at + 1)?;
        // Start of frame, whatever its coding (ITU T.81, table B.1).
        if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) {
            return Some((be(at + 7)?, be(at + 5)?));
        }
        at += 2 + usize::try_from(be(at + 2)?.max(2)).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Style;

    fn post(text: &str) -> Post {
        Post {
            text: text.to_owned(),
            ..Post::default()
        }
    }

    fn content(post: &Post, relation: &Relation) -> Value {
        message(post, &Text::of(post), relation, "outbox-1.x")
    }

    #[test]
    fn only_an_alert_rings_and_only_those_who_are_named() {
        let quiet = content(&post("**Bonjour** @room"), &Relation::default());
        assert_eq!(quiet["msgtype"], "m.notice");
        assert_eq!(quiet["m.mentions"], json!({}));
        assert!(!quiet.to_string().contains("@room"));
        assert_eq!(quiet[MARKER], "outbox-1.x");
        let alert = Post {
            alert: true,
            mentions: vec!["@ines:hs.example".to_owned()],
            ..post("Un avis est rendu.")
        };
        let alert = content(&alert, &Relation::default());
        assert_eq!(alert["msgtype"], "m.text");
        assert_eq!(
            alert["m.mentions"],
            json!({ "user_ids": ["@ines:hs.example"] })
        );
        assert_eq!(alert["body"], "Un avis est rendu.\n\n@ines:hs.example");
        let html = alert["formatted_body"].as_str().unwrap();
        assert!(
            html.contains("<a href=\"https://matrix.to/#/@ines:hs.example\">"),
            "{html}"
        );
    }

    #[test]
    fn a_card_is_edited_in_place_and_never_into_a_thread() {
        let relation = Relation {
            edits: Some("$card".to_owned()),
            thread: Some("$root".to_owned()),
            answers: None,
        };
        let edit = content(&post("nouveau"), &relation);
        assert_eq!(
            edit["m.relates_to"],
            json!({ "rel_type": "m.replace", "event_id": "$card" })
        );
        assert_eq!(edit["m.new_content"]["body"], "nouveau");
        assert_eq!(edit["body"], "* nouveau");
        assert!(edit["m.new_content"].get("m.relates_to").is_none());
    }

    #[test]
    fn a_thread_reads_well_without_threads() {
        let threaded = |answers: Option<&str>| {
            let relation = Relation {
                thread: Some("$root".to_owned()),
                answers: answers.map(ToOwned::to_owned),
                edits: None,
            };
            content(&post("x"), &relation)["m.relates_to"].clone()
        };
        assert_eq!(threaded(None)["is_falling_back"], true);
        assert_eq!(threaded(None)["m.in_reply_to"]["event_id"], "$root");
        assert_eq!(threaded(Some("$line"))["is_falling_back"], false);
        assert_eq!(
            threaded(Some("$line"))["m.in_reply_to"]["event_id"],
            "$line"
        );
        assert_eq!(threaded(Some("$line"))["event_id"], "$root");
    }

    #[test]
    fn a_message_is_found_again_by_its_key() {
        let event = json!({ "content": content(&post("x"), &Relation::default()) }).to_string();
        assert!(bears(&event, "outbox-1.x"));
        assert!(!bears(&event, "outbox-1") && !bears("{}", "outbox-1.x") && !bears("", ""));
    }

    #[test]
    fn choices_are_shown_with_their_reactions() {
        let button = |emoji: &str, label: &str| Button {
            label: label.to_owned(),
            emoji: emoji.to_owned(),
            line: "x".to_owned(),
            style: Style::Primary,
        };
        let post = Post {
            buttons: vec![button("✅", "Confirmer"), button("❌", "Annuler")],
            ..post("À confirmer")
        };
        assert_eq!(
            Text::of(&post).body,
            "À confirmer\n\n✅ Confirmer · ❌ Annuler"
        );
    }

    #[test]
    fn what_is_too_large_is_a_file_with_its_beginning_shown() {
        let (short, whole) = Text::of(&post("court")).fit();
        assert_eq!((short.body.as_str(), whole), ("court", None));
        let (long, whole) = Text::of(&post(&"é & é\n\n".repeat(5_000))).fit();
        assert!(long.body.len() + long.html.len() < LARGEST);
        assert!(long.body.ends_with('…') && long.html.contains("&amp;"));
        assert!(whole.is_some_and(|whole| whole.len() > LARGEST));
    }

    #[test]
    fn a_file_bears_its_name_type_and_size() {
        let attached = Attached {
            name: "plan.png",
            media_type: "image/png",
            bytes: 12,
            size: Some((3, 4)),
            source: ("url", json!("mxc://hs/x")),
        };
        let content = file(&attached, &Relation::default(), "k");
        assert_eq!(content["msgtype"], "m.image");
        assert_eq!(
            content["info"],
            json!({ "mimetype": "image/png", "size": 12, "w": 3, "h": 4 })
        );
        assert_eq!(content["url"], "mxc://hs/x");
        let svg = Attached {
            media_type: "image/svg+xml",
            ..attached
        };
        assert_eq!(file(&svg, &Relation::default(), "k")["msgtype"], "m.file");
    }

    #[test]
    fn pictures_tell_their_size() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0, 0, 1, 0, 0, 0, 0, 7]);
        assert_eq!(picture_size(&png), Some((256, 7)));
        let jpeg = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc2, 0, 11, 8, 0, 5, 0, 9, 1,
        ];
        assert_eq!(picture_size(&jpeg), Some((9, 5)));
        assert_eq!(picture_size(b"GIF89a\x02\x00\x03\x00"), Some((2, 3)));
        for odd in [
            &b""[..],
            b"\xff\xd8",
            b"\xff\xd8\xff\xe0\0\0",
            b"\x89PNG",
            b"text",
        ] {
            assert_eq!(picture_size(odd), None);
        }
    }
}
