//! Answers after the token of an interaction, and interactions after Discord's patience.

use std::time::Duration;

use serde_json::json;

use super::fake::Fake;
use super::fake::fault::{Failure, Gate};
use super::scene::Office;
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
