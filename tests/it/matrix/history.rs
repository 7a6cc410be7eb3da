//! What was said before Greffier was invited is nobody's order; what was said since is.

use super::client::{People, Room};
use super::scene::{Bot, Office};
use crate::daemon::desk::INES;
use crate::servers::synapse::shared_synapse;

/// The lines that Greffier has answered, by what it answers.
fn answered(room: &Room<'_>, bot: &Bot) -> Vec<String> {
    let seen = room.timeline();
    let from_bot = seen.iter().filter(|seen| seen.sender == bot.id);
    let mut lines: Vec<String> = from_bot.filter_map(|seen| seen.answers.clone()).collect();
    lines.dedup();
    lines
}

#[test]
fn invited_into_a_room_that_has_a_past_it_answers_what_was_said_since() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "passe", true);
    // Whoever is not linked is told so where he asked; with two in a room it would be a private conversation.
    let (leo, mia) = (people.person("leo-passe"), people.person("mia-passe"));
    for (encrypted, away) in [(false, false), (false, true), (true, false), (true, true)] {
        let room = leo.create(encrypted, &[&mia.id]);
        room.until_member(&mia.id, "join");
        for _ in 0..3 {
            room.say("!dossiers");
            room.say(&format!("{} dossiers", office.bot.id));
        }
        // Away when it is invited, it finds the invitation and what was said meanwhile.
        if away {
            assert_eq!(office.bot.stop(), 0);
        }
        room.invite(&office.bot.id);
        let since = room.say("!dossiers");
        if away {
            office.bot.start();
        }
        office.bot.comes(&room);
        let last = room.say("!dossiers");
        room.find(0, "an answer to the last line", |seen| {
            (seen.answers.as_deref() == Some(last.as_str())).then_some(())
        });
        office.bot.quiet();
        assert_eq!(
            answered(&room, &office.bot),
            [since, last],
            "encrypted: {encrypted}, away: {away}\n{}",
            room.told()
        );
    }
}

#[test]
fn invited_before_its_first_start_it_answers_what_was_said_since() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let ines = people.person("ines-premier");
    let mut bot = Bot::on(server, &people, "greffier-premier");
    let room = ines.create(false, &[]);
    room.say("!statut");
    room.invite(&bot.id);
    let since = room.say("!statut");
    bot.bind(&room.id, "privacy = \"full\"");
    bot.start();
    bot.comes(&room);
    bot.link(&ines, INES);
    let last = room.say("!statut");
    room.find(0, "an answer to the last line", |seen| {
        (seen.answers.as_deref() == Some(last.as_str())).then_some(())
    });
    bot.quiet();
    assert_eq!(answered(&room, &bot), [since, last], "{}", room.told());
}

#[test]
fn put_out_and_invited_again_it_does_not_answer_what_it_missed() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "rappel", false);
    let first = office.room.say("!statut");
    office.room.shown(0, "à envoyer");
    office.room.membership("kick", &office.bot.id);
    office.room.until_member(&office.bot.id, "leave");
    office.room.say("!statut");
    let away = office.room.mark();
    office.room.invite(&office.bot.id);
    office.room.find(away, "its return", |seen| {
        let it = seen.state.as_deref() == Some(&office.bot.id);
        (it && seen.content["membership"] == "join").then_some(())
    });
    let last = office.room.say("!statut");
    office.room.find(0, "an answer to the last line", |seen| {
        (seen.answers.as_deref() == Some(last.as_str())).then_some(())
    });
    office.bot.quiet();
    assert_eq!(
        answered(&office.room, &office.bot),
        [first, last],
        "{}",
        office.room.told()
    );
}
