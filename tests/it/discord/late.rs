//! Answers after the token of an interaction, and interactions after Discord's patience.

use std::time::Duration;

use serde_json::json;

use super::fake::Fake;
use super::fake::fault::{Failure, Gate};
use super::scene::{Bot, Office};
use crate::daemon::desk::{INES, until};

#[test]
fn what_could_not_be_acknowledged_in_time_is_not_done() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    office.bot.quiet();
    let gate = Gate::default();
    fake.stop_clock();
    fake.fail("POST", "/callback", 1, Failure::HeldBefore(gate.clone()));
    let late = thread.inside.slash("suivre", &[]);
    fake.advance(Duration::from_secs(4));
    gate.open();
    let told = thread.shown("arrivée trop tard");
    assert_eq!(told.rung.users, [office.ines.id]);
    assert!(!late.is_answered());
    let card = office.bot.done(&format!("dossier {number}"), INES);
    assert!(!card.contains("Suivi par"), "{card}");
    // Nothing of it comes after a restart either.
    let done = thread.inside.slash("suivre", &[]).answer();
    assert!(done.text().contains("C'est fait"));
}

#[test]
fn an_answer_later_than_the_token_goes_to_the_channel_or_in_private() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    office.bot.quiet();
    // Discord takes nothing but acknowledgements for a while.
    fake.fail("PATCH", "/messages", 1_000, Failure::Status(500));
    fake.fail("POST", "/messages", 1_000, Failure::Status(500));
    let personal = office
        .room
        .slash("dossier", &[("dossier", json!(number.to_string()))]);
    personal.acknowledged();
    let public = thread
        .inside
        .slash("message", &[("texte", json!("Bonjour, un mot."))]);
    public.acknowledged();
    until("both are heard", || {
        let depths = office.bot.admin(json!({ "name": "depths" }));
        (depths["journal"] == 0 && depths["outbox"].as_u64() >= Some(2)).then_some(())
    });
    fake.advance(Duration::from_mins(16));
    office.bot.advance(16 * 60);
    fake.with(|world| world.faults.clear());
    office.bot.advance(60);
    let direct = office
        .ines
        .direct()
        .shown(0, &format!("Dossier n° {number}"));
    assert!(!direct.ephemeral);
    thread.inside.find(0, "the answer that names her", |seen| {
        let it = seen.rung.users == [office.ines.id] && seen.text().contains("annuler");
        it.then_some(())
    });
    office.bot.quiet();
    // The token is forgotten.
    let folder = office.bot.path().join("var/discord/interactions");
    until("tokens are forgotten", || {
        let files = std::fs::read_dir(&folder).unwrap();
        let mut texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        texts
            .all(|text| text.contains("\"token\":null"))
            .then_some(())
    });
}

/// What was given up, as the operator is told.
fn dead(bot: &Bot) -> String {
    let output = bot.run(&["outbox", "dead"], b"");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_late_answer_is_shown_to_no_more_than_it_was_worded_for() {
    let fake = Fake::start();
    // The room shows everything, and private messages do not.
    let discord = "privacy_acknowledged = true";
    let office = Office::open_with(&fake, discord, "privacy = \"full\"");
    let (number, _) = office.deposit();
    office.bot.quiet();
    fake.fail(
        "PATCH",
        "/messages/@original",
        1_000,
        Failure::Refused(404, 10_015),
    );
    let options = [("dossier", json!(number.to_string()))];
    office.room.slash("dossier", &options).acknowledged();
    until("it is given up", || {
        dead(&office.bot)
            .contains("for one person alone")
            .then_some(())
    });
    office.bot.quiet();
    let direct = office.ines.direct().told();
    assert!(!direct.contains("Moreau"), "{direct}");
    // What speaks of no dossier goes the same way: it was for her alone.
    assert!(office.room.with("Demande").is_empty());
}

#[test]
fn an_answer_to_what_is_forgotten_is_said_to_nobody() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (number, thread) = office.deposit();
    office.bot.quiet();
    fake.fail("PATCH", "/messages/@original", 1_000, Failure::Status(500));
    let options = [("dossier", json!(number.to_string()))];
    office.room.slash("dossier", &options).acknowledged();
    fake.request(0, "PATCH", "/messages/@original");
    assert_eq!(office.bot.stop(), 0);
    let notes = office.bot.path().join("var/discord/interactions");
    for note in std::fs::read_dir(notes).unwrap() {
        std::fs::remove_file(note.unwrap().path()).unwrap();
    }
    fake.mend();
    let before = office.room.mark();
    office.bot.start();
    until("it is given up", || {
        dead(&office.bot).contains("is forgotten").then_some(())
    });
    office.bot.quiet();
    let new = |seen: &super::fake::seen::Seen| seen.revision > before;
    assert!(
        !office.room.timeline().iter().any(new),
        "{}",
        office.room.told()
    );
    assert!(!thread.inside.timeline().iter().any(new));
    assert!(office.ines.direct().timeline().is_empty());
}

#[test]
fn a_card_that_was_edited_too_often_holds_back_nothing() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    fake.limit_old_edits(0);
    fake.advance(Duration::from_hours(2));
    office.bot.done(&format!("suivre {number}"), INES);
    thread.shown("suit ce dossier");
    office.bot.quiet();
    let refused = fake.requests().into_iter().filter(|it| it.code == 30_046);
    assert!(refused.count() > 0, "no edit was refused");
    assert!(
        !office
            .room
            .message(thread.card.id)
            .unwrap()
            .text()
            .contains("Suivi par")
    );
    assert!(
        dead(&office.bot)
            .lines()
            .all(|line| !line.contains("30046"))
    );
    // The next change edits it with all that has happened.
    fake.limit_old_edits(10);
    office.bot.done(&format!("instruire {number}"), INES);
    let card = thread.becomes("En instruction");
    assert!(card.text().contains("Suivi par"), "{}", card.text());
}

#[test]
fn nobody_is_promised_an_answer_that_cannot_come() {
    let fake = Fake::start();
    let office = Office::open_with(&fake, "", "");
    let (number, _) = office.deposit();
    office.bot.quiet();
    // What comes first in the room holds back what answers.
    for method in ["POST", "PATCH"] {
        fake.fail(method, "/channels/", 100_000, Failure::Status(500));
    }
    office.bot.done(&format!("suivre {number}"), INES);
    let options = [("dossier", json!(number.to_string()))];
    let asked = office.room.slash("dossier", &options);
    asked.acknowledged();
    office.bot.advance(13 * 60 + 25);
    let word = asked.answer();
    assert!(word.text().contains("tarde trop"), "{}", word.text());
}
