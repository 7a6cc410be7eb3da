//! What is said while Greffier is away, or before it ever came.

use serde_json::json;

use super::client::{People, Room};
use super::scene::{Bot, Office, Thread};
use crate::daemon::desk::{INES, LINA, until};
use crate::daemon::web;
use crate::servers::synapse::{Rates, shared_synapse, synapse};

/// More than a sync brings of one room.
const MANY: usize = 120;

#[test]
fn everything_said_while_it_was_down_is_answered_once() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "absent", true);
    let number = office.bot.deposit(LINA, "Nord");
    Thread::of(&office.room, number).shown("Nouveau dossier");
    office.bot.quiet();
    assert_eq!(office.bot.stop(), 0);

    let bot = office.bot.id.clone();
    let answers = |room: &Room<'_>, mark: usize| {
        let seen = room.timeline();
        let seen = seen.iter().skip(mark);
        seen.filter(|seen| {
            seen.sender == bot && seen.is_message() && seen.text().contains("Secteur")
        })
        .count()
    };
    let mark = office.room.mark();
    let first = office.room.say(&format!("!suivre {number}"));
    for line in 0..MANY {
        office.room.say(&format!("!dossier {number}"));
        if line % 10 == 0 {
            office.room.say("Il fait beau.");
        }
    }
    let last = office.room.say(&format!("!instruire {number}"));
    // Somebody asks in private meanwhile.
    let private = office.direct.mark();
    office.direct.say("statut");

    office.bot.start();
    office.room.reacted(&first, "✅");
    // As many as that take their time; each step has a patience of its own.
    for some in (20..=MANY).step_by(20) {
        office.room.find(mark, &format!("{some} answers"), |_| {
            (answers(&office.room, mark) >= some).then_some(())
        });
    }
    office.room.reacted(&last, "✅");
    office.direct.shown(private, "à envoyer");
    office.bot.quiet();
    office.room.find(mark, "the last answer", |_| {
        (answers(&office.room, mark) >= MANY).then_some(())
    });
    // Once more from its own place: nothing is answered again.
    assert_eq!(office.bot.stop(), 0);
    office.bot.start();
    let again = office.room.mark();
    office.room.say("!statut");
    office.room.shown(again, "à envoyer");
    office.bot.quiet();
    assert_eq!(answers(&office.room, mark), MANY);
    assert_eq!(office.room.with("suit ce dossier").len(), 1);
    assert_eq!(office.room.with("passé en instruction").len(), 1);
}

#[test]
fn who_said_more_than_is_read_again_is_told_so() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open_with(server, &people, "bavard", false, |bot| {
        bot.reconfigure("pace_ms = 0\n", "pace_ms = 0\nback_fill = 20\n");
    });
    assert_eq!(office.bot.stop(), 0);
    let old = office.room.say("!statut");
    for _ in 0..MANY {
        office.room.say("Il fait beau.");
    }
    for _ in 0..MANY {
        office.room.say("Il pleut.");
    }
    let mark = office.room.mark();
    let new = office.room.say("!statut");
    office.bot.start();
    office.room.shown(mark, "je n'ai pas relu tout");
    let answer = office.room.shown(mark, "à envoyer");
    assert_eq!(answer.answers.as_deref(), Some(new.as_str()));
    office.bot.quiet();
    let answered = |line: &str| {
        let seen = office.room.timeline();
        seen.iter()
            .any(|seen| seen.answers.as_deref() == Some(line))
    };
    assert!(!answered(&old), "it was read after all");
}

#[test]
fn nothing_said_before_the_first_start_is_done() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ines = people.person("ines-avant");
    let mut bot = Bot::on(server, &people, "greffier-avant");
    // Its account was in the room long before it ran.
    bot.sits_in_for(&people, "clerk-avant");
    let room = ines.create(false, &[&bot.id]);
    bot.comes(&room);
    room.say("!statut");
    room.say("!aide");
    bot.bind(&room.id, "privacy = \"full\"");
    bot.start();
    // The other program answers invitations as well: nothing is said before Greffier listens.
    until("it listens", || {
        web::get(bot.http(), "/readyz")
            .is_some_and(|reply| reply.status == 200)
            .then_some(())
    });
    let direct = bot.link(&ines, INES);
    let mark = room.mark();
    room.say("!statut");
    room.shown(mark, "à envoyer");
    bot.quiet();
    let from_bot = room
        .timeline()
        .into_iter()
        .filter(|seen| seen.sender == bot.id && seen.is_message())
        .count();
    assert_eq!(from_bot, 1, "{}", room.told());
    drop(direct);
}

#[test]
fn a_homeserver_that_goes_away_for_a_while_loses_nothing() {
    let Some(mut server) = synapse(Rates::High) else {
        return;
    };
    let people = People::of(&server);
    let mut office = Office::open(&server, &people, "panne", true);
    let (first, _) = office.deposit();
    for cut in [true, false] {
        if cut {
            server.cut_off();
        } else {
            server.stop();
        }
        let number = office.bot.deposit(LINA, "Nord");
        // It is not for want of waiting: the rows are there.
        assert!(
            office.bot.admin(json!({ "name": "depths" }))["outbox"]
                .as_u64()
                .unwrap()
                > 0
        );
        if !cut {
            // Started again meanwhile, it waits for the homeserver.
            assert_eq!(office.bot.stop(), 0);
            office.bot.start();
        }
        server.start();
        let thread = Thread::of(&office.room, number);
        thread.shown("Nouveau dossier");
        let line = office.room.say(&format!("!suivre {number}"));
        office.room.reacted(&line, "✅");
        office.bot.quiet();
        assert_eq!(
            office
                .room
                .with(&format!("Nouveau dossier n° {number} "))
                .len(),
            1
        );
    }
    assert_eq!(
        office
            .room
            .with(&format!("Nouveau dossier n° {first} "))
            .len(),
        1
    );
}
