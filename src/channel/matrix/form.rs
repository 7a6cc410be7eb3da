//! The content of what is sent, as JSON of the client-server API: messages, edits, threads, files, reactions.

use serde_json::{Value, json};

use super::html::{escape, harmless, html};
use crate::channel::console::plain_text;
use crate::channel::upload::safe_name;
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

/// Whether a content takes the place of another.
pub(super) fn edits(content: &Value) -> bool {
    content.get("m.new_content").is_some()
}

/// A content that belongs to nothing; of an edit, what it would have become.
pub(super) fn alone(mut content: Value) -> Value {
    if let Some(new) = content.get_mut("m.new_content").map(Value::take) {
        let marker = content.get(MARKER).cloned().unwrap_or_default();
        content = new;
        set(&mut content, MARKER, marker);
    }
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

/// Where a file is: `("url", mxc)` in a clear room, `("file", keys)` in an encrypted one.
pub(super) type Source = (&'static str, Value);

/// A file that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attached<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// What it shows, in words.
    pub(super) alt: Option<&'a str>,
    /// Its media type.
    pub(super) media_type: &'a str,
    /// Its octets.
    pub(super) bytes: u64,
    /// What it is as a picture that clients draw; any other is a file to be opened.
    pub(super) picture: Option<Drawn>,
    /// Where it is.
    pub(super) source: Source,
}

/// A picture, as clients are told of it before they fetch it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawn {
    /// Its width.
    pub(super) width: u32,
    /// Its height.
    pub(super) height: u32,
    /// A small one, shown in its place.
    pub(super) thumbnail: Option<Thumbnail>,
}

/// A small picture in the place of a large one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thumbnail {
    /// Its width.
    pub(super) width: u32,
    /// Its height.
    pub(super) height: u32,
    /// Its media type.
    pub(super) media_type: &'static str,
    /// Its octets.
    pub(super) bytes: u64,
    /// Where it is.
    pub(super) source: Source,
}

/// The content of a message that is a file.
pub(super) fn file(attached: &Attached<'_>, relation: &Relation, key: &str) -> Value {
    let mut info = json!({ "mimetype": attached.media_type, "size": attached.bytes });
    let kind = if let Some(drawn) = &attached.picture {
        set(&mut info, "w", json!(drawn.width));
        set(&mut info, "h", json!(drawn.height));
        if let Some(thumbnail) = &drawn.thumbnail {
            thumb(&mut info, thumbnail);
        }
        "m.image"
    } else {
        match attached.media_type.split('/').next() {
            Some("audio") => "m.audio",
            Some("video") => "m.video",
            _ => "m.file",
        }
    };
    let name = harmless(&safe_name(attached.name));
    let mut content = json!({
        "msgtype": kind,
        "body": attached.alt.unwrap_or(&name),
        "filename": name,
        "info": info,
        "m.mentions": {},
    });
    let (place, source) = &attached.source;
    set(&mut content, place, source.clone());
    relate(&mut content, relation);
    set(&mut content, MARKER, json!(key));
    content
}

fn thumb(info: &mut Value, thumbnail: &Thumbnail) {
    let about = json!({
        "mimetype": thumbnail.media_type,
        "size": thumbnail.bytes,
        "w": thumbnail.width,
        "h": thumbnail.height,
    });
    set(info, "thumbnail_info", about);
    let (place, source) = &thumbnail.source;
    set(info, &format!("thumbnail_{place}"), source.clone());
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
    fn a_card_that_cannot_be_edited_is_posted_anew() {
        let relation = Relation {
            edits: Some("$elsewhere".to_owned()),
            ..Relation::default()
        };
        let edit = content(&post("nouveau"), &relation);
        assert!(edits(&edit));
        let anew = alone(edit);
        assert_eq!(
            (&anew["body"], &anew[MARKER]),
            (&json!("nouveau"), &json!("outbox-1.x"))
        );
        assert!(!edits(&anew) && anew.get(RELATION).is_none());
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

    fn attached(picture: Option<Drawn>) -> Value {
        let attached = Attached {
            name: "plan.png",
            alt: None,
            media_type: "image/png",
            bytes: 12,
            picture,
            source: ("url", json!("mxc://hs/x")),
        };
        file(&attached, &Relation::default(), "k")
    }

    #[test]
    fn a_file_bears_its_name_type_and_size() {
        let content = attached(None);
        // What is no picture that clients draw is a file, whatever it says it is.
        assert_eq!(content["msgtype"], "m.file");
        assert_eq!(
            content["info"],
            json!({ "mimetype": "image/png", "size": 12 })
        );
        assert_eq!(content["url"], "mxc://hs/x");
        assert_eq!(
            (&content["body"], &content["filename"]),
            (&json!("plan.png"), &json!("plan.png"))
        );
    }

    #[test]
    fn a_picture_bears_its_small_one() {
        let drawn = |thumbnail| Drawn {
            width: 3,
            height: 4,
            thumbnail,
        };
        let content = attached(Some(drawn(None)));
        assert_eq!(content["msgtype"], "m.image");
        let info = json!({ "mimetype": "image/png", "size": 12, "w": 3, "h": 4 });
        assert_eq!(content["info"], info);
        for (place, source) in [("url", json!("mxc://hs/y")), ("file", json!({ "key": {} }))] {
            let thumbnail = Thumbnail {
                width: 1,
                height: 2,
                media_type: "image/jpeg",
                bytes: 5,
                source: (place, source.clone()),
            };
            let info = attached(Some(drawn(Some(thumbnail))))["info"].clone();
            assert_eq!(
                info["thumbnail_info"],
                json!({ "mimetype": "image/jpeg", "size": 5, "w": 1, "h": 2 })
            );
            assert_eq!(info[format!("thumbnail_{place}")], source);
        }
    }

    #[test]
    fn a_name_neither_leads_away_nor_pings() {
        let attached = Attached {
            name: "../@room \u{202e}fdp.exe",
            alt: None,
            media_type: "application/pdf",
            bytes: 1,
            picture: None,
            source: ("url", json!("mxc://hs/x")),
        };
        let content = file(&attached, &Relation::default(), "k");
        assert_eq!(content["filename"], "@\u{2060}room _fdp.exe");
        assert_eq!(content["body"], content["filename"]);
    }
}
