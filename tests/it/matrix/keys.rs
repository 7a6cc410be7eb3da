//! Lines whose key does not come, or comes late.

use serde_json::json;

use super::client::{People, Room};
use super::scene::{Bot, Office};
use crate::daemon::desk::{LINA, until};
use crate::daemon::web;
use crate::servers::synapse::shared_synapse;

/// What the sender is told where the key did not come.
const MISSING: &str = "Je n'ai pas pu lire votre message";
/// And where his client gives none.
const WITHHELD: &str = "ma session n'est pas vérifiée";

/// From now on her client gives Greffier no keys; with a code, it says why.
fn withhold(office: &Office<'_>, room: &Room<'_>, code: Option<&str>) {
    let request = json!({ "do": "withhold", "user": office.bot.id, "room": room.id, "code": code });
    office.ines.ask(request);
}

/// Her client gives Greffier the key of the room's last session after all.
fn share(office: &Office<'_>, room: &Room<'_>) {
    let request = json!({ "do": "share", "user": office.bot.id, "room": room.id });
    office.ines.ask(request);
}

/// Says a line that Greffier cannot read, and waits until it has come.
fn sealed(office: &Office<'_>, room: &Room<'_>, text: &str) -> String {
    let before = counted(&office.bot, "greffier_matrix_unreadable_total");
    let line = room.say(text);
    until("a line that cannot be read", || {
        (counted(&office.bot, "greffier_matrix_unreadable_total") > before).then_some(())
    });
    line
}

fn counted(bot: &Bot, name: &str) -> u64 {
    let metrics = web::get(bot.http(), "/metrics").unwrap().body;
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Says a line that Greffier can read, and waits until it is answered: what came before was looked at.
fn answered(office: &Office<'_>) {
    let mark = office.room.mark();
    office.room.say("!statut");
    office.room.shown(mark, "à envoyer");
    office.bot.quiet();
}

#[test]
fn whose_key_does_not_come_is_told_once_an_hour_and_never_obeyed_later() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "retenue", true);
    let (number, _) = office.deposit();
    office.bot.quiet();
    withhold(&office, &office.room, None);
    let first = sealed(&office, &office.room, &format!("!suivre {number}"));
    // Within the minute nothing is said: the key may be on its way.
    office.bot.advance(30);
    office.bot.quiet();
    assert!(office.room.with(MISSING).is_empty());
    office.bot.advance(31);
    let told = office.room.shown(0, MISSING);
    assert_eq!(told.answers.as_deref(), Some(first.as_str()));
    assert!(told.encrypted && told.text().contains("Envoyez-le de nouveau"));
    // Another in the same hour is not. In another room it is: that one was looked at after the other.
    sealed(&office, &office.room, &format!("!suivre {number}"));
    sealed(&office, &office.direct, &format!("suivre {number}"));
    office.bot.advance(61);
    office.direct.shown(0, MISSING);
    office.bot.quiet();
    assert_eq!(office.room.with(MISSING).len(), 1);
    // After the hour again.
    office.bot.advance(3_600);
    let third = sealed(&office, &office.room, &format!("!suivre {number}"));
    office.bot.advance(61);
    office.room.find(0, "a second answer", |seen| {
        (seen.answers.as_deref() == Some(third.as_str())).then_some(())
    });
    assert_eq!(office.room.with(MISSING).len(), 2);
    // Now the key comes: they have been told to say it again.
    let late = counted(&office.bot, "greffier_matrix_read_late_total");
    share(&office, &office.room);
    until("the lines are readable", || {
        (counted(&office.bot, "greffier_matrix_read_late_total") >= late + 3).then_some(())
    });
    answered(&office);
    assert_eq!(office.room.with("suit ce dossier").len(), 0);
    assert_eq!(office.room.with("À confirmer").len(), 0);
}

#[test]
fn whose_client_gives_no_key_to_greffier_is_told_why() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "refusee", true);
    let (number, _) = office.deposit();
    office.bot.quiet();
    withhold(&office, &office.room, Some("m.unverified"));
    let line = sealed(&office, &office.room, &format!("!suivre {number}"));
    office.bot.advance(61);
    let told = office.room.shown(0, WITHHELD);
    assert_eq!(told.answers.as_deref(), Some(line.as_str()));
    office.bot.quiet();
    assert!(office.room.with(MISSING).is_empty());
    share(&office, &office.room);
    answered(&office);
    assert_eq!(office.room.with("suit ce dossier").len(), 0);
}

#[test]
fn a_line_whose_key_is_a_little_late_is_obeyed_once() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "tardive", true);
    for code in [None, Some("m.unverified")] {
        let (number, thread) = office.deposit();
        office.bot.quiet();
        withhold(&office, &office.room, code);
        let line = sealed(&office, &office.room, &format!("!suivre {number}"));
        // Stopped in between, it has not forgotten it.
        if code.is_some() {
            assert_eq!(office.bot.stop(), 0);
            office.bot.start();
        }
        office.bot.advance(30);
        share(&office, &office.room);
        office.room.reacted(&line, "✅");
        thread.shown("suit ce dossier");
    }
    assert_eq!(office.bot.stop(), 0);
    office.bot.start();
    office.bot.advance(61);
    answered(&office);
    assert_eq!(office.room.with("suit ce dossier").len(), 2);
    assert!(office.room.with(MISSING).is_empty());
    assert!(office.room.with(WITHHELD).is_empty());
}

#[test]
fn a_decision_whose_key_comes_after_an_hour_is_asked_about() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "perimee", true);
    let (number, _) = office.deposit();
    office.bot.quiet();
    // To Greffier, whose clock is ahead, what is said now was said an hour ago and took that long to come.
    office.bot.advance(3_700);
    withhold(&office, &office.room, None);
    let act = sealed(&office, &office.room, &format!("!instruire {number}"));
    let decision = sealed(
        &office,
        &office.room,
        &format!("!accepter {number} Bonjour."),
    );
    share(&office, &office.room);
    // Normally done at once.
    office.room.find(0, "a question", |seen| {
        (seen.answers.as_deref() == Some(act.as_str()) && seen.text().contains("À confirmer"))
            .then_some(())
    });
    office.room.find(0, "an answer to the decision", |seen| {
        (seen.answers.as_deref() == Some(decision.as_str())).then_some(())
    });
    answered(&office);
    assert_eq!(office.room.with("passé en instruction").len(), 0);
    assert_eq!(office.bot.count(LINA, "a été accepté"), 0);
}
