//! What messages look like: threads, cards, mentions, and what comes from outside.

use serde_json::{Value, json};

use super::client::{People, Room, Seen};
use super::scene::{Office, Thread};
use crate::daemon::desk::{ABF, LINA, PAUL, dossier};
use crate::servers::synapse::shared_synapse;

/// What an usager could write to do harm in a room.
const HOSTILE: &str = "@room <img src=x onerror=alert(1)> <b>gras</b> [clic](https://mal.example) \
     <a href=\"https://matrix.to/#/@ines-hostile:agent.example\">Inès</a> @ines-hostile:agent.example\n# Titre\n!accepter 1";

#[test]
fn what_comes_from_outside_neither_rings_nor_links_nor_formats() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "hostile", false);
    let mut body = dossier(LINA, "Nord");
    body["demandeur"]["nom"] = json!(HOSTILE.lines().next());
    body["champs"]["travaux"] = json!(HOSTILE);
    let reply = office.bot.post("", &body).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let number = reply.json()["dossier"].as_u64().unwrap();
    let thread = Thread::of(&office.room, number);
    thread.shown("Nouveau dossier");
    let mark = office.room.mark();
    thread.say("!dossier");
    office.room.shown(mark, "!accepter 1");
    let mail = office.bot.mail(LINA, "a bien été déposé");
    let answer = mail.answer(LINA, HOSTILE).with_file("<b>@room.pdf", "%PDF");
    assert_eq!(office.bot.send(LINA, &mail.reply_to, &answer.text()), 250);
    thread.shown("!accepter 1");
    office.bot.quiet();
    for seen in from_bot(&office.room, &office.bot.id) {
        inert(&seen);
    }
    // What the homeserver counts: news ring, nothing names her.
    assert_eq!(unread(&office.room)["highlights"], 0);
}

fn inert(seen: &Seen) {
    let html = seen.html.as_deref().unwrap_or_default();
    // Whatever was written is escaped: only Greffier's own tags are left.
    for tag in html
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
    {
        let foreign = [
            "img",
            "b",
            "h1",
            "a href=\"https://mal",
            "a href=\"https://matrix.to",
        ];
        let harm = foreign.iter().any(|harm| {
            tag == *harm
                || tag.starts_with(&format!("{harm} "))
                || harm.contains(' ') && tag.starts_with(harm)
        });
        assert!(!harm && !tag.contains("onerror"), "<{tag}> in {html}");
    }
    assert!(!seen.rings_all(), "{:?}", seen.mentions);
    assert_eq!(seen.rung(), Vec::<String>::new(), "{}", seen.text());
    assert!(
        seen.mentions.is_some(),
        "without mentions a client looks for names in the text: {}",
        seen.text()
    );
}

#[test]
fn an_avis_rings_for_the_one_who_asked_and_for_nobody_else() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "mentions", false);
    let (_paul, seen_by_paul) = office.colleague(&people, "paul-mentions", PAUL);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    thread.say("!instruire");
    thread.shown("passé en instruction");
    thread.say(&format!("!avis demander {ABF} Qu’en dites-vous ?"));
    let invitation = office.bot.mail(ABF, "Qu'en dites-vous");
    let reply = invitation.answer(ABF, "Un beau colombage.");
    assert_eq!(
        office.bot.send(ABF, &invitation.reply_to, &reply.text()),
        250
    );
    let news = thread.shown("beau colombage");
    assert_eq!(news.rung(), std::slice::from_ref(&office.ines.id));
    seen_by_paul.shown(0, "beau colombage");
    crate::daemon::desk::until("the homeserver counts the mention", || {
        (unread(&office.room)["highlights"].as_u64()? > 0).then_some(())
    });
    assert_eq!(unread(&seen_by_paul)["highlights"], 0);
    // Edits of the card ring nobody, not even with what they hold now.
    for seen in from_bot(&office.room, &office.bot.id) {
        if seen.edits.is_some() {
            assert_eq!(seen.rung(), Vec::<String>::new());
            assert_eq!(seen.msgtype.as_deref(), Some("m.notice"));
            assert!(
                seen.fallback
                    .as_deref()
                    .is_some_and(|text| text.starts_with("* "))
            );
        }
    }
}

#[test]
fn a_room_without_threads_has_none() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open_with(server, &people, "sansfil", true, |bot| {
        bot.configure("threads = false\n");
    });
    let (number, thread) = office.deposit();
    let news = office
        .room
        .shown(0, &format!("Nouveau dossier n° {number}"));
    assert_eq!(news.thread, None);
    // The dossier is still known by the message that is answered.
    let line = office.room.answer(&thread.card.id, "!suivre");
    office.room.reacted(&line, "✅");
    thread.becomes("Suivi par");
    let from_bot = from_bot(&office.room, &office.bot.id);
    assert!(from_bot.iter().all(|seen| seen.thread.is_none()));
}

#[test]
fn nothing_is_too_long_for_an_event() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "long", true);
    let words: Vec<String> = (0..8_000).map(|word| format!("mot{word}é")).collect();
    let long = words.join(" ");
    let mut body = dossier(LINA, "Nord");
    body["champs"]["travaux"] = json!(words[..900].join(" "));
    let reply = office.bot.post("", &body).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let number = reply.json()["dossier"].as_u64().unwrap();
    let thread = Thread::of(&office.room, number);
    let mail = office.bot.mail(LINA, "a bien été déposé");
    let name = format!("{}.pdf", "très-long-".repeat(20));
    let answer = mail.answer(LINA, &long).with_file(&name, "%PDF");
    assert_eq!(office.bot.send(LINA, &mail.reply_to, &answer.text()), 250);
    thread.shown("mot0é");
    for line in ["!dossier", "!messages", "!pieces", "!historique", "!aide"] {
        let mark = office.room.mark();
        thread.say(line);
        office.room.find(mark, line, |seen| {
            (seen.sender == office.bot.id && seen.is_message()).then_some(())
        });
    }
    office.bot.quiet();
    let dead = office.bot.run(&["outbox", "dead"], b"");
    assert_eq!(
        String::from_utf8_lossy(&dead.stdout),
        "",
        "nothing was given up"
    );
}

fn from_bot(room: &Room<'_>, bot: &str) -> Vec<Seen> {
    let mut seen = room.timeline();
    seen.retain(|seen| seen.sender == bot && seen.is_message());
    seen
}

fn unread(room: &Room<'_>) -> Value {
    room.person.ask(json!({ "do": "unread", "room": room.id }))
}
