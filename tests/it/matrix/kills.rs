//! The daemon is killed at each named point while it speaks on Matrix, and the homeserver is cut off in the middle: one
//! message, one act.

use super::client::{People, Room};
use super::scene::{Bot, Office, Thread};
use crate::daemon::desk::{LINA, dossier};
use crate::servers::synapse::{Rates, Synapse, synapse};
use crate::servers::until;

/// Kills come at the first time by the point, and some later.
const TIMES: [u32; 2] = [1, 3];

#[test]
fn a_kill_on_the_way_in_repeats_nothing() {
    killed_at(
        "dedans",
        &[
            "before-journal",
            "after-journal",
            "before-transaction",
            "after-transaction",
            "before-flush",
            "after-flush",
        ],
    );
}

#[test]
fn a_kill_on_the_way_out_repeats_nothing() {
    killed_at(
        "dehors",
        &["before-send", "after-send", "before-record", "after-record"],
    );
}

fn killed_at(name: &str, points: &[&str]) {
    let Some(mut server) = synapse(Rates::High) else {
        return;
    };
    let people = People::of(&server);
    let mut office = Office::open(&server, &people, name, true);
    let mut died = 0;
    for (round, point) in points.iter().enumerate() {
        assert!(greffier::kill::POINTS.contains(point));
        for times in TIMES {
            assert_eq!(office.bot.stop(), 0);
            let point = format!("{point}:{times}");
            let started = office.bot.start_killed_at(Some(&point));
            // Every other time the homeserver goes as well.
            let cut = (round + times as usize).is_multiple_of(2);
            died += usize::from(!started);
            if !started {
                office.bot.kill();
                office.bot.start();
            }
            died += one_dossier(&mut office, &mut server, &point, cut);
        }
    }
    assert!(died >= points.len(), "nobody came by the points: {died}");
}

/// A deposit, a command and an act in the thread, each brought until it is acknowledged. Answers how often the daemon died.
fn one_dossier(office: &mut Office<'_>, server: &mut Synapse, key: &str, cut: bool) -> usize {
    let mut died = 0;
    let body = dossier(LINA, "Nord");
    let mut number = None;
    until(&format!("the deposit is taken, {key}"), || {
        died += revive(&mut office.bot);
        number = office
            .bot
            .post(key, &body)
            .filter(|reply| reply.status == 201);
        number.as_ref().map(|_| ())
    });
    let number = number.unwrap().json()["dossier"].as_u64().unwrap();
    // What the client says reaches the homeserver whether Greffier lives or not.
    let suivre = office.room.say(&format!("!suivre {number}"));
    let instruire = office.room.say(&format!("!instruire {number}"));
    if cut {
        server.cut_off();
        server.start();
    }
    until(&format!("everything has left, {key}"), || {
        died += revive(&mut office.bot);
        let depths = office
            .bot
            .try_admin(serde_json::json!({ "name": "depths" }))?;
        let done = office
            .bot
            .try_admin(serde_json::json!({ "name": "depths" }))
            .is_some();
        (done
            && depths["journal"] == 0
            && depths["outbox"] == 0
            && said(&office.room, number, "passé en instruction") > 0)
            .then_some(())
    });
    office.room.reacted(&suivre, "✅");
    office.room.reacted(&instruire, "✅");
    let thread = Thread::of(&office.room, number);
    thread.becomes("En instruction");
    for (text, what) in [
        ("Nouveau dossier", "news"),
        ("suit ce dossier", "follow"),
        ("passé en instruction", "act"),
    ] {
        assert_eq!(
            said(&office.room, number, text),
            1,
            "{what}, {key}\n{}",
            office.room.told()
        );
    }
    let cards = office.room.with(&format!("Dossier n° {number} —"));
    let cards = cards.iter().filter(|seen| seen.thread.is_none()).count();
    assert_eq!(cards, 1, "cards, {key}\n{}", office.room.told());
    for line in [&suivre, &instruire] {
        let marks = office.room.timeline();
        let marks = marks
            .iter()
            .filter(|seen| seen.sender == office.bot.id && seen.reacts.as_deref() == Some(line));
        let done = marks
            .filter(|seen| seen.key.as_deref().is_some_and(|key| key.starts_with('✅')))
            .count();
        assert_eq!(done, 1, "reactions, {key}");
    }
    let told = office.bot.count(LINA, &format!("n° {number},"));
    assert!(told >= 2, "mails, {key}: {told}");
    died
}

/// How many messages of the dossier hold `text`.
fn said(room: &Room<'_>, number: u64, text: &str) -> usize {
    let name = format!("ossier n° {number} ");
    room.with(text)
        .iter()
        .filter(|seen| seen.text().contains(&name))
        .count()
}

/// Starts the daemon again where it is gone. Answers how many have died.
fn revive(bot: &mut Bot) -> usize {
    if bot.lives() {
        return 0;
    }
    bot.kill();
    bot.start();
    1
}
