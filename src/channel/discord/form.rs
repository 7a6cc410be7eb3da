//! What is sent, as JSON of Discord's API: messages, cards, forms. Every limit is kept by the way it is made.

use data_encoding::BASE32_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::button::cut;
use super::markdown::{blocks, plain};
use super::multipart::Attachment;
use super::pages::pack;
use crate::command::{Arg, Form};
use crate::message::{Post, Tone};

/// Characters of a message.
pub(super) const CONTENT: usize = 2_000;
/// Characters of the description of an embed, of its title.
const DESCRIPTION: usize = 4_000;
const TITLE: usize = 256;
/// People named in a message.
pub(super) const NAMED: usize = 40;
/// Does not ring.
const SILENT: u64 = 1 << 12;
/// Shows no previews of links.
const NO_PREVIEWS: u64 = 1 << 2;
/// For one person.
pub(super) const EPHEMERAL: u64 = 1 << 6;
/// Characters of a field of a form.
const FIELD: usize = 4_000;

/// The body of a message: page `text`, with `rows` of buttons under it.
pub(super) fn message(post: &Post, text: &str, rows: &[Value]) -> Value {
    let mut body = json!({
        "content": text,
        "embeds": [],
        "components": rows,
        "allowed_mentions": mentions(&post.mentions),
        "flags": NO_PREVIEWS | if post.alert || !post.mentions.is_empty() { 0 } else { SILENT },
    });
    if text.is_empty() {
        set(&mut body, "content", Value::Null);
    }
    body
}

/// The body of a card: a line that reads well alone, and the rest in a frame of the colour of its tone.
pub(super) fn card(post: &Post, rows: &[Value]) -> Value {
    let (first, rest) = head(&post.text);
    let title = plain(first);
    let mut body = String::new();
    for page in pack(&blocks(rest), DESCRIPTION) {
        if !body.is_empty() {
            break;
        }
        body = page;
    }
    let title = escaped(&title);
    let mut embed = json!({ "title": cut(&title, TITLE), "description": body });
    if let Some(tone) = post.tone {
        set(&mut embed, "color", color(tone).into());
    }
    let mut card = json!({
        // No link in it is one, for a preview would be fetched.
        "content": cut(&title.replace("://", ":\u{2060}//"), CONTENT),
        "embeds": [embed],
        "components": rows,
        "allowed_mentions": mentions(&[]),
        "flags": SILENT,
    });
    if body.is_empty() {
        set(&mut card, "embeds", json!([]));
    }
    card
}

/// A frame with what somebody wrote, as he wrote it.
pub(super) fn given_back(text: &str) -> Value {
    let pages = pack(&blocks(&verbatim(text)), DESCRIPTION);
    json!({ "description": pages.first().map_or("…", String::as_str) })
}

/// A text without looks, as Discord shows it.
fn escaped(text: &str) -> String {
    let texts = blocks(&verbatim(text)).into_iter().map(|block| block.text);
    texts.collect::<Vec<_>>().join(" ")
}

/// A text without looks, as `CommonMark`.
pub(super) fn verbatim(text: &str) -> String {
    let escaped = text.chars().flat_map(|letter| {
        let mark = letter.is_ascii_punctuation().then_some('\\');
        mark.into_iter().chain([letter])
    });
    escaped.collect()
}

/// The first line, and what follows it.
fn head(text: &str) -> (&str, &str) {
    text.trim().split_once('\n').unwrap_or((text.trim(), ""))
}

/// Name of the thread under a card, from the title that the card bears.
pub(super) fn thread_name(title: &str) -> String {
    let name = cut(plain(title).trim(), 100);
    if name.is_empty() {
        "Dossier".to_owned()
    } else {
        name
    }
}

/// Whom a message may ping: those who are named, and never more.
pub(super) fn mentions(ids: &[String]) -> Value {
    let users: Vec<&String> = ids.iter().take(NAMED).collect();
    if users.is_empty() {
        json!({ "parse": [] })
    } else {
        json!({ "parse": [], "users": users })
    }
}

/// The body without what only a new message may say.
pub(super) fn edit(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut()
        && let Some(flags) = fields.get("flags").and_then(Value::as_u64)
    {
        fields.insert("flags".to_owned(), (flags & NO_PREVIEWS).into());
    }
    body
}

/// The body with the mark by which Discord knows a message again that it was sent twice.
pub(super) fn once(mut body: Value, key: &str) -> Value {
    set(&mut body, "nonce", nonce(key).into());
    set(&mut body, "enforce_nonce", true.into());
    body
}

/// A name of 25 characters for an outbox key.
pub(super) fn nonce(key: &str) -> String {
    let digest = BASE32_NOPAD.encode(&Sha256::digest(key.as_bytes()));
    digest.chars().take(25).collect()
}

/// The longest description of a file, in characters.
const ALT: usize = 1_024;

/// The body with the names of the files that go with it, and what they show.
pub(super) fn attach(mut body: Value, files: &[Attachment]) -> Value {
    let files = files.iter().enumerate().map(|(index, file)| {
        let mut listed = json!({ "id": index.to_string(), "filename": file.name });
        if let Some(alt) = &file.alt {
            let alt: String = alt.chars().take(ALT).collect();
            set(&mut listed, "description", alt.into());
        }
        listed
    });
    set(&mut body, "attachments", files.collect());
    body
}

fn set(body: &mut Value, key: &str, value: Value) {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

fn color(tone: Tone) -> u32 {
    match tone {
        Tone::Waiting => 0x00e4_7c00,
        Tone::Active => 0x0000_63cb,
        Tone::Good => 0x0018_753c,
        Tone::Bad => 0x00ce_0500,
        Tone::Past => 0x0066_6666,
    }
}

/// The form that asks for what a line lacks. `dossiers` describes the field of the dossiers.
pub(super) fn modal(form: &Form<'_>, custom_id: &str, dossiers: &str) -> Value {
    let mut rows = Vec::new();
    if form.dossiers {
        rows.push(field("dossiers", dossiers, true, false, 400));
    }
    for arg in &form.asks {
        let most = arg.max_length.unwrap_or(FIELD).min(FIELD);
        rows.push(field(
            &arg.name,
            &arg.help,
            arg.required,
            is_long(arg),
            most,
        ));
    }
    json!({ "type": 9, "data": {
        "custom_id": custom_id,
        "title": cut(&form.spec.help, 45),
        "components": rows,
    } })
}

fn is_long(arg: &Arg) -> bool {
    arg.rest
}

fn field(name: &str, label: &str, required: bool, long: bool, most: usize) -> Value {
    json!({ "type": 1, "components": [{
        "type": 4,
        "custom_id": name,
        "label": cut(label, 45),
        "style": if long { 2 } else { 1 },
        "required": required,
        "max_length": most.clamp(1, FIELD),
    }] })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pages::pages;
    use super::*;

    fn post(text: &str) -> Post {
        Post {
            text: text.to_owned(),
            ..Post::default()
        }
    }

    fn count(value: &Value) -> usize {
        value.as_str().map_or(0, |text| text.encode_utf16().count())
    }

    #[test]
    fn a_card_reads_well_without_its_frame() {
        let card = card(
            &Post {
                tone: Some(Tone::Good),
                ..post("🔵 **Dossier n° 12** — Moreau  \nDémolir · Nord\n\n**Accepté** le 3 juin")
            },
            &[],
        );
        assert_eq!(card["content"], "🔵 Dossier n° 12 — Moreau");
        assert_eq!(card["embeds"][0]["title"], "🔵 Dossier n° 12 — Moreau");
        assert_eq!(
            card["embeds"][0]["description"],
            "Démolir · Nord\n\n**Accepté** le 3 juin"
        );
        assert_eq!(card["embeds"][0]["color"], 0x18_753c);
        assert_eq!(card["allowed_mentions"], json!({ "parse": [] }));
    }

    #[test]
    fn only_those_who_are_named_are_pinged() {
        let quiet = message(&post("a"), "a", &[]);
        assert_eq!(quiet["allowed_mentions"], json!({ "parse": [] }));
        assert_eq!(quiet["flags"], SILENT | NO_PREVIEWS);
        let loud = Post {
            mentions: vec!["7".to_owned()],
            ..post("a")
        };
        assert_eq!(pages(&loud), ["a\n<@7>"]);
        let loud = message(&loud, "a", &[]);
        assert_eq!(
            loud["allowed_mentions"],
            json!({ "parse": [], "users": ["7"] })
        );
        assert_eq!(loud["flags"], NO_PREVIEWS);
    }

    #[test]
    fn an_outbox_key_has_one_name_that_fits() {
        assert_eq!(nonce("outbox-1.x"), nonce("outbox-1.x"));
        assert_ne!(nonce("outbox-1.x"), nonce("outbox-2.x"));
        assert_eq!(nonce("x").len(), 25);
    }

    proptest! {
        #[test]
        fn every_message_fits(text in "(\\PC{0,900}\n{0,2}){0,8}", mentions in proptest::collection::vec("[0-9]{20}", 0..60)) {
            let post = Post { text, mentions, alert: true, ..Post::default() };
            for page in pages(&post) {
                prop_assert!((1..=2_000).contains(&page.encode_utf16().count()));
                prop_assert!(!page.trim().is_empty());
            }
            let card = card(&post, &[]);
            prop_assert!(count(&card["content"]) <= 2_000);
            let embed = &card["embeds"][0];
            prop_assert!(count(&embed["title"]) <= 256 && count(&embed["description"]) <= 4_096);
            prop_assert!(count(&embed["title"]) + count(&embed["description"]) <= 6_000);
            prop_assert!((1..=100).contains(&thread_name(&post.text).encode_utf16().count()));
        }
    }
}
