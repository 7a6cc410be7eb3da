//! What could be said twice where Discord takes no nonce, and what says the same as something else without being it.

use std::collections::BTreeSet;

use serde_json::json;

use super::fake::Fake;
use super::fake::asked::Asked;
use super::fake::fault::{Failure, Gate};
use super::scene::Office;
use crate::daemon::desk::{INES, until};

/// Further messages of an answer go there.
const FOLLOW_UP: &str = "/webhooks/";

/// No page of an answer stands there twice.
fn once(asked: &Asked<'_>) {
    let pages = asked.followups();
    let texts: BTreeSet<String> = pages.iter().map(super::fake::seen::Seen::text).collect();
    assert_eq!(texts.len(), pages.len(), "{texts:?}");
    assert!(!pages.is_empty());
}

#[test]
fn a_page_whose_answer_is_lost_is_said_once() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    fake.fail("POST", FOLLOW_UP, 1, Failure::CutAfter);
    let help = office.room.slash("aide", &[]);
    help.answer();
    office.bot.quiet();
    once(&help);
}

#[test]
fn a_page_that_was_certainly_not_said_is_said_again() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let whole = office.room.slash("aide", &[]);
    whole.answer();
    office.bot.quiet();
    fake.fail("POST", FOLLOW_UP, 1, Failure::Status(503));
    let help = office.room.slash("aide", &[]);
    help.answer();
    office.bot.quiet();
    once(&help);
    assert_eq!(help.followups().len(), whole.followups().len());
}

#[test]
fn a_page_that_was_on_its_way_when_the_daemon_died_is_said_once() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let gate = Gate::default();
    fake.fail("POST", FOLLOW_UP, 1, Failure::HeldAfter(gate.clone()));
    let help = office.room.slash("aide", &[]);
    help.answer();
    fake.request(0, "POST", FOLLOW_UP);
    office.bot.kill();
    gate.open();
    office.bot.start();
    office.bot.quiet();
    once(&help);
}

#[test]
fn two_notices_of_one_wording_are_both_said() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let silent = || {
        for method in ["POST", "PATCH"] {
            fake.fail(method, "/channels/", 100_000, Failure::Status(500));
        }
    };
    silent();
    for command in ["suivre", "ne-plus-suivre", "suivre"] {
        office.bot.done(&format!("{command} {number}"), INES);
    }
    assert_eq!(office.bot.stop(), 0);
    fake.mend();
    // The first of them is said, and recorded; then the daemon dies.
    if office.bot.start_killed_at(Some("after-record:1")) {
        until("the daemon died", || (!office.bot.lives()).then_some(()));
        office.bot.kill();
    }
    assert_eq!(thread.inside.with("suit ce dossier").len(), 1);
    // Later than Discord knows nonces, messages are searched for by their text.
    silent();
    office.bot.start();
    office.bot.advance(10 * 60);
    fake.mend();
    office.bot.advance(60 * 60);
    until("the others are said", || {
        (!thread.inside.with("ne suit plus ce dossier").is_empty()).then_some(())
    });
    office.bot.quiet();
    assert_eq!(thread.inside.with("suit ce dossier").len(), 2);
}

#[test]
fn what_was_sent_and_not_recorded_is_found_again_by_its_text() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let path = format!("/channels/{}/messages", thread.card.id);
    let gate = Gate::default();
    fake.fail("POST", &path, 1, Failure::HeldAfter(gate.clone()));
    let before = fake.requests().len();
    let asked = [("dossiers", json!(number.to_string()))];
    office.room.slash("suivre", &asked).answer();
    fake.request(before, "POST", &path);
    office.bot.kill();
    gate.open();
    // The nonce is forgotten by then.
    fake.fail("POST", "/channels/", 100_000, Failure::Status(500));
    office.bot.start();
    fake.advance(std::time::Duration::from_mins(20));
    office.bot.advance(20 * 60);
    fake.mend();
    office.bot.advance(60 * 60);
    office.bot.quiet();
    assert_eq!(thread.inside.with("suit ce dossier").len(), 1);
}
