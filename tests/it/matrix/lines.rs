//! How a command may be said, and what is none.

use serde_json::json;

use super::client::{People, Room};
use super::scene::{Bot, Office};
use crate::servers::synapse::shared_synapse;

/// Says a line that is known to be answered and answers what Greffier said after `mark`, up to there.
fn said_since(room: &Room<'_>, bot: &Bot, mark: usize) -> Vec<String> {
    let asked = room.mark();
    room.say("!statut");
    room.shown(asked, "message à envoyer");
    bot.quiet();
    let seen = room.timeline();
    let from_bot = seen
        .into_iter()
        .skip(mark)
        .filter(|seen| seen.sender == bot.id);
    let texts = from_bot.map(|seen| seen.key.clone().unwrap_or_else(|| seen.text()));
    texts
        .filter(|text| {
            !text.contains("à envoyer") && !text.starts_with('✅') && !text.starts_with('👀')
        })
        .collect()
}

#[test]
fn a_command_may_be_said_in_several_ways() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "manieres", true);
    let (number, thread) = office.deposit();
    let bot = &office.bot.id;
    let answered = |how: &str, say: &dyn Fn()| {
        let mark = office.room.mark();
        say();
        office
            .room
            .find(mark, &format!("an answer to {how}"), |seen| {
                (seen.sender == *bot && seen.is_message() && seen.text().contains("Secteur"))
                    .then_some(())
            });
    };
    for line in [
        format!("!dossier {number}"),
        format!("/dossier {number}"),
        format!("//dossier {number}"),
        format!("!DOSSIER {number}"),
        format!("!dossier\u{202f}{number} "),
        format!("{bot} dossier {number}"),
        format!("{bot}\u{a0}: dossier {number}"),
    ] {
        answered(&line, &|| {
            office.room.say(&line);
        });
    }
    // As Element writes a mention: a pill, and the name in the text.
    answered("a pill", &|| {
        office.room.send(&json!({
            "msgtype": "m.text",
            "body": format!("greffier-manieres: dossier {number}"),
            "format": "org.matrix.custom.html",
            "formatted_body": format!("<a href=\"https://matrix.to/#/{bot}\">greffier-manieres</a>: dossier {number}"),
            "m.mentions": { "user_ids": [bot] },
        }));
    });
    // In the thread, and in answer to the card by a client without threads, with its quotation.
    answered("a line in the thread", &|| {
        thread.say("!dossier");
    });
    answered("a rich reply", &|| {
        office.room.send(&json!({
            "msgtype": "m.text",
            "body": format!("> <{bot}> Dossier\n> n° 7777\n\n!dossier"),
            "format": "org.matrix.custom.html",
            "formatted_body": "<mx-reply><blockquote>Dossier n° 7777</blockquote></mx-reply>!dossier",
            "m.relates_to": { "m.in_reply_to": { "event_id": thread.card.id } },
        }));
    });
    // In private nothing is needed before it.
    let mark = office.direct.mark();
    office.direct.say(&format!("dossier {number}"));
    office.direct.shown(mark, "Secteur");
}

#[test]
fn what_is_not_meant_for_greffier_is_not_answered() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "silence", true);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let mark = office.room.mark();
    office.room.say("Bonjour à tous");
    office.room.say(&format!("suivre {number}"));
    office.room.say("!fromage de chèvre");
    office.room.say("! Attention !");
    office.room.say("/shrug");
    thread.say("je crois qu’il faut accepter");
    office
        .room
        .send(&json!({ "msgtype": "m.notice", "body": format!("!suivre {number}") }));
    office
        .room
        .send(&json!({ "msgtype": "m.emote", "body": format!("!suivre {number}") }));
    assert_eq!(
        said_since(&office.room, &office.bot, mark),
        Vec::<String>::new()
    );
    // Addressed by its name it says what it did not understand.
    let mark = office.room.mark();
    office.room.say(&format!("{} fromage", office.bot.id));
    office.room.shown(mark, "ne connais pas");
}

#[test]
fn what_was_heard_is_marked_as_read() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "lu", true);
    let line = office.room.say("!statut");
    office.room.shown(0, "à envoyer");
    crate::daemon::desk::until("a receipt", || {
        office
            .room
            .read_by(&office.bot.id)
            .contains(&line)
            .then_some(())
    });
}

#[test]
fn a_line_that_was_withdrawn_in_time_is_not_done() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "retrait", true);
    let (number, _) = office.deposit();
    office.bot.quiet();
    assert_eq!(office.bot.stop(), 0);
    let line = office.room.say(&format!("!instruire {number}"));
    office.room.redact(&line);
    let last = office.room.say(&format!("!suivre {number}"));
    office.bot.start();
    office.room.reacted(&last, "✅");
    office.bot.quiet();
    assert_eq!(office.room.with("passé en instruction").len(), 0);
}

#[test]
fn an_edited_line_is_not_done_again() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "edition", true);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    thread.becomes("Suivi par");
    // Corrected after it was done: what was done stays done.
    office.room.edit(&line, &format!("!instruire {number}"));
    office.room.edit(&line, &format!("!suivre {number} "));
    // Never a command, and now one.
    let mark = office.room.mark();
    let talk = office.room.say("Voyons voir.");
    office.room.edit(&talk, &format!("!dossier {number}"));
    said_since(&office.room, &office.bot, mark);
    assert_eq!(thread_news(&office.room, "passé en instruction"), 0);
    assert_eq!(thread_news(&office.room, "suit ce dossier"), 1);
    // Not understood at first: corrected, it is done.
    let line = office.room.say("!suivre le dossier");
    office.room.shown(mark, "Il manque le numéro");
    let mark = office.room.mark();
    office.room.edit(&line, &format!("!dossier {number}"));
    office.room.shown(mark, "Secteur");
}

fn thread_news(room: &Room<'_>, text: &str) -> usize {
    room.with(text).len()
}
