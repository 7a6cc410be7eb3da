//! The main job, whole, from a room: what `greffier demo` shows, with a stock client in place of the terminal.

use super::client::{People, Room, Seen};
use super::scene::{Bot, Thread};
use crate::daemon::desk::{ABF, INES, LINA, PAUL, code};
use crate::daemon::post::Mail;
use crate::servers::synapse::shared_synapse;

#[test]
fn the_main_job_is_done_from_an_encrypted_room() {
    main_job("chiffre", true);
}

#[test]
fn the_main_job_is_done_from_a_clear_room() {
    main_job("clair", false);
}

fn main_job(name: &str, encrypted: bool) {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ines = people.person(&format!("ines-{name}"));
    let paul = people.person(&format!("paul-{name}"));
    let mut bot = Bot::on(server, &people, &format!("greffier-{name}"));
    // Invited before it has ever run, by an instructeur at a stock client.
    let room = ines.create(encrypted, &[&paul.id, &bot.id]);
    let seen_by_paul = paul.enter(&room.id, encrypted);
    bot.bind(
        &room.id,
        "privacy = \"full\"\ndemarche = 101\ngroupe = \"Nord\"",
    );
    bot.start();
    bot.comes(&room);
    // Until an account is linked nothing is done for it.
    let line = room.say("!suivre 1");
    room.shown(0, "pas encore relié");
    assert!(
        room.timeline()
            .iter()
            .all(|seen| seen.reacts.as_deref() != Some(&line) || seen.key.as_deref() != Some("✅"))
    );
    bot.link(&ines, INES);
    bot.link(&paul, PAUL);

    let number = bot.deposit(LINA, "Nord");
    let thread = Thread::of(&room, number);
    told_of_the_deposit(&thread, number, encrypted);
    taken_in_charge(&bot, &room, &thread, number);
    avis_given(&bot, &thread);
    usager_answered(&bot, &room, &thread);
    if encrypted {
        decided_by_reaction(&bot, &room, &seen_by_paul, &thread);
    } else {
        decided_by_code(&bot, &room, &seen_by_paul, &thread);
    }
    bot.quiet();
    assert_eq!(bot.count(LINA, "a été accepté"), 1, "decided once");
    thread.becomes("Accepté");
    all_was(&room, &bot.id, encrypted);
    // The other one has seen the same.
    assert!(!seen_by_paul.with("Nouveau dossier").is_empty());
    assert_eq!(bot.stop(), 0);
}

/// A card, and in its thread the news that ring.
fn told_of_the_deposit(thread: &Thread<'_>, number: u64, encrypted: bool) {
    assert_eq!(
        thread.card.msgtype.as_deref(),
        Some("m.notice"),
        "a card does not ring"
    );
    assert!(
        thread.card.text().contains("Moreau"),
        "{}",
        thread.card.text()
    );
    let news = thread.shown(&format!("Nouveau dossier n° {number}"));
    assert_eq!(
        news.msgtype.as_deref(),
        Some("m.text"),
        "a new dossier rings"
    );
    assert_eq!(
        (thread.card.encrypted, news.encrypted),
        (encrypted, encrypted)
    );
    // Clients without threads show it as an answer.
    assert!(news.answers.is_some());
    assert_eq!(news.content["m.relates_to"]["is_falling_back"], true);
}

/// A command in the room, another in the thread, where it needs no number.
fn taken_in_charge(bot: &Bot, room: &Room<'_>, thread: &Thread<'_>, number: u64) {
    let line = room.say(&format!("!suivre {number}"));
    room.reacted(&line, "✅");
    thread.shown("suit ce dossier");
    thread.becomes("Suivi par");
    let line = thread.say("!instruire");
    room.reacted(&line, "✅");
    thread.shown("passé en instruction");
    thread.becomes("En instruction");
    bot.mail(LINA, "instruction");
}

/// An expert is asked, and answers by mail with a file.
fn avis_given(bot: &Bot, thread: &Thread<'_>) {
    thread.say(&format!(
        "!avis demander {ABF} question=\"Favorable ?\" Le projet respecte-t-il les abords ?"
    ));
    thread.shown("avis n° 1 demandé");
    let invitation = bot.mail(ABF, "abords");
    assert!(
        invitation.text.contains("Favorable ?"),
        "{}",
        invitation.text
    );
    let reply = invitation
        .answer(ABF, "Oui\n\nLe colombage est bien conservé.")
        .with_file("rapport.pdf", "%PDF rapport");
    assert_eq!(bot.send(ABF, &invitation.reply_to, &reply.text()), 250);
    let news = thread.shown("colombage est bien conservé");
    assert!(news.text().contains("Réponse : oui"), "{}", news.text());
    assert!(news.text().contains("rapport.pdf"), "{}", news.text());
    // It rings for the one who asked, and for nobody else.
    assert_eq!(news.msgtype.as_deref(), Some("m.text"));
    assert_eq!(news.rung().len(), 1, "{:?}", news.mentions);
    assert!(news.rung()[0].starts_with("@ines-"), "{:?}", news.mentions);
    assert!(!news.rings_all());
}

/// A message to the usager and the answer, with a file.
fn usager_answered(bot: &Bot, room: &Room<'_>, thread: &Thread<'_>) {
    let mark = room.mark();
    thread.say("!message Pouvez-vous joindre le plan ?");
    // Until it leaves it can be taken back.
    room.shown(mark, "annuler");
    bot.settled(1);
    bot.advance(301);
    let message = bot.mail(LINA, "joindre le plan");
    let answer = message
        .answer(LINA, "Voici le plan demandé.")
        .with_file("plan-masse.pdf", "%PDF plan");
    assert_eq!(bot.send(LINA, &message.reply_to, &answer.text()), 250);
    let news = thread.shown("Voici le plan demandé.");
    assert!(news.text().contains("plan-masse.pdf"), "{}", news.text());
}

/// Previewed, and confirmed by the reaction that the preview offers. Somebody else's reaction is nobody's.
fn decided_by_reaction(bot: &Bot, room: &Room<'_>, seen_by_paul: &Room<'_>, thread: &Thread<'_>) {
    let preview = previewed(thread);
    room.reacted(&preview.id, "✅");
    room.reacted(&preview.id, "❌");
    seen_by_paul.shown(0, "Le projet respecte le règlement.");
    seen_by_paul.react(&preview.id, "✅");
    bot.quiet();
    assert_eq!(
        bot.count(LINA, "a été accepté"),
        0,
        "confirmed by somebody else"
    );
    room.react(&preview.id, "✅");
    accepted(bot, thread);
}

/// The same with the code.
fn decided_by_code(bot: &Bot, room: &Room<'_>, seen_by_paul: &Room<'_>, thread: &Thread<'_>) {
    let preview = previewed(thread);
    let code = code(&preview.text().replace('`', ""));
    let mark = seen_by_paul.mark();
    seen_by_paul.say(&format!("!confirmer {code}"));
    seen_by_paul.shown(mark, "rien à confirmer");
    bot.quiet();
    assert_eq!(
        bot.count(LINA, "a été accepté"),
        0,
        "confirmed by somebody else"
    );
    let mark = room.mark();
    room.say(&format!("!confirmer {code}"));
    accepted(bot, thread);
    // Once is all.
    room.say(&format!("!confirmer {code}"));
    room.shown(mark, "rien à confirmer");
}

fn previewed(thread: &Thread<'_>) -> Seen {
    thread.say("!accepter Le projet respecte le règlement.");
    let preview = thread.shown("À confirmer");
    assert!(
        preview.text().contains("Le projet respecte le règlement."),
        "{}",
        preview.text()
    );
    preview
}

fn accepted(bot: &Bot, thread: &Thread<'_>) -> Mail {
    let decision = bot.mail(LINA, "a été accepté");
    assert!(
        decision.text.contains("Le projet respecte le règlement."),
        "{}",
        decision.text
    );
    thread.shown("accepté par");
    bot.mail(ABF, "a été accepté");
    decision
}

/// Nothing was said in clear in an encrypted room, nothing could not be read, and nothing rang the whole room.
fn all_was(room: &Room<'_>, bot: &str, encrypted: bool) {
    for seen in room.timeline() {
        if seen.sender == bot && seen.is_message() {
            assert_eq!(seen.encrypted, encrypted, "{}", seen.text());
            assert!(
                seen.mentions.is_some(),
                "no explicit mentions: {}",
                seen.text()
            );
            assert!(!seen.rings_all(), "{}", seen.text());
        }
        assert!(!seen.sealed, "{} could not be read", seen.id);
    }
}
