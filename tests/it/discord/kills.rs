//! The daemon is killed at each named point while somebody acts on Discord: one message, one act, and an answer.

use serde_json::json;

use super::fake::Fake;
use super::scene::{Office, Thread};
use crate::daemon::desk::{LINA, dossier};
use crate::servers::until;

/// Kills come at the first time by the point, and some later.
const TIMES: [u32; 2] = [1, 3];

#[test]
fn a_kill_on_the_way_in_repeats_nothing() {
    killed_at(&[
        "before-journal",
        "after-journal",
        "before-transaction",
        "after-transaction",
        "before-flush",
        "after-flush",
    ]);
}

#[test]
fn a_kill_on_the_way_out_repeats_nothing() {
    killed_at(&["before-send", "after-send", "before-record", "after-record"]);
}

fn killed_at(points: &[&str]) {
    let fake = Fake::start();
    // Interactions are not late because the daemon is away: what is tried here is what was acknowledged.
    fake.stop_clock();
    let mut office = Office::open(&fake);
    let mut died = 0;
    for point in points {
        assert!(greffier::kill::POINTS.contains(point));
        for times in TIMES {
            assert_eq!(office.bot.stop(), 0);
            let point = format!("{point}:{times}");
            if !office.bot.start_killed_at(Some(&point)) {
                died += 1;
                office.bot.kill();
                office.bot.start();
            }
            died += one_dossier(&mut office, &point);
        }
    }
    assert!(died >= points.len(), "nobody came by the points: {died}");
}

/// A deposit, a button and an act in the thread. Answers how often the daemon died.
fn one_dossier(office: &mut Office<'_>, key: &str) -> usize {
    let mut died = 0;
    let body = dossier(LINA, "Nord");
    let mut number = None;
    until(&format!("the deposit is taken, {key}"), || {
        died += revive(office);
        let reply = office
            .bot
            .post(key, &body)
            .filter(|reply| reply.status == 201)?;
        number = reply.json()["dossier"].as_u64();
        number
    });
    let number = number.unwrap();
    let name = format!("Dossier n° {number}");
    let room = office.room;
    until(&format!("the card and its thread, {key}"), || {
        died += revive(office);
        let there = room
            .timeline()
            .iter()
            .any(|seen| seen.threaded && seen.text().contains(&name));
        there.then_some(())
    });
    let thread = Thread::of(&room, number);
    let pressed = room.press(thread.card.id, "Suivre");
    let options = [("dossiers", json!(number.to_string()))];
    let passed = room.slash("instruire", &options);
    until(&format!("everything has left, {key}"), || {
        died += revive(office);
        let depths = office.bot.try_admin(json!({ "name": "depths" }))?;
        let done = !thread.inside.with("passé en instruction").is_empty();
        let quiet = depths["journal"] == 0 && depths["outbox"] == 0;
        (done && quiet && office.bot.lives()).then_some(())
    });
    for asked in [pressed, passed] {
        let answer = asked.answer();
        assert!(
            answer.text().contains("C'est fait"),
            "{key}: {}",
            answer.text()
        );
    }
    for text in ["Nouveau dossier", "suit ce dossier", "passé en instruction"] {
        let said =
            thread.inside.with(text).len() + room.with(&format!("{text} n° {number} ")).len();
        assert_eq!(said, 1, "{text}, {key}\n{}", thread.inside.told());
    }
    let cards = room
        .timeline()
        .into_iter()
        .filter(|seen| !seen.ephemeral && seen.text().contains(&format!("{name} —")));
    assert_eq!(cards.count(), 1, "cards, {key}\n{}", room.told());
    died
}

/// Starts the daemon again where it is gone. Answers how many have died.
fn revive(office: &mut Office<'_>) -> usize {
    if office.bot.lives() {
        return 0;
    }
    office.bot.kill();
    office.bot.start();
    1
}
