//! Threads that take nothing from Greffier, and threads that are no dossier's.

use serde_json::json;

use super::fake::Fake;
use super::fake::fault::Failure;
use super::fake::permission::{CREATE_PUBLIC_THREADS, SEND_MESSAGES_IN_THREADS};
use super::scene::Office;
use crate::daemon::desk::LINA;

/// Another dossier's card and thread come as ever.
fn another(office: &Office<'_>) {
    let (_, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    assert_eq!(office.bot.ill("discord-rooms"), None);
}

#[test]
fn a_locked_thread_holds_back_nothing() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    office.guild.archive(thread.card.id, true);
    let options = [("dossiers", json!(number.to_string()))];
    office.room.slash("suivre", &options).answer();
    office.room.shown(0, "suit ce dossier");
    another(&office);
    assert!(thread.inside.with("suit ce dossier").is_empty());
    assert!(
        office.guild.is_archived(thread.card.id),
        "who locked it decides"
    );
    // It is not asked again for each post, for refusals count towards a ban.
    let refused = fake.invalid();
    office.room.slash("instruire", &options).answer();
    office.room.shown(0, "passé en instruction");
    office.bot.quiet();
    assert_eq!(fake.invalid(), refused);
    // Once it is open again what comes stands in it.
    office.guild.unlock(thread.card.id);
    office.bot.advance(6 * 60);
    office.room.slash("ne-plus-suivre", &options).answer();
    thread.shown("ne suit plus ce dossier");
}

#[test]
fn a_thread_that_is_archived_is_opened_and_nothing_else_is_asked_of_it() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let path = format!("/channels/{}/messages", thread.card.id);
    fake.fail("POST", &path, 1, Failure::Refused(400, 50_083));
    let options = [("dossiers", json!(number.to_string()))];
    office.room.slash("suivre", &options).answer();
    thread.shown("suit ce dossier");
    let path = format!("/channels/{}", thread.card.id);
    let opened = fake.request(0, "PATCH", &path);
    assert_eq!(opened.body, json!({ "archived": false }));

    // One that stays archived, whatever is asked.
    let messages = format!("{path}/messages");
    fake.fail("POST", &messages, 2, Failure::Refused(400, 50_083));
    office.room.slash("ne-plus-suivre", &options).answer();
    office.room.shown(0, "ne suit plus ce dossier");
    another(&office);
}

#[test]
fn where_threads_may_not_be_written_in_or_opened_the_room_hears_it() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    office
        .guild
        .overwrite(office.channel, fake.bot(), 0, SEND_MESSAGES_IN_THREADS);
    let options = [("dossiers", json!(number.to_string()))];
    office.room.slash("suivre", &options).answer();
    office.room.shown(0, "suit ce dossier");
    office.bot.quiet();
    assert_eq!(office.bot.ill("discord-rooms"), None);

    office
        .guild
        .overwrite(office.channel, fake.bot(), 0, CREATE_PUBLIC_THREADS);
    let refused = fake.invalid();
    for _ in 0..3 {
        let number = office.bot.deposit(LINA, "Nord");
        office
            .room
            .shown(0, &format!("Nouveau dossier n° {number}"));
    }
    office.bot.quiet();
    assert_eq!(fake.invalid(), refused + 1, "it is tried once for all");
    assert_eq!(office.bot.ill("discord-rooms"), None);
}

#[test]
fn a_form_asks_for_the_dossier_in_a_thread_that_is_no_dossiers() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    let fields = |modal: serde_json::Value| {
        let rows = modal["components"].as_array().unwrap().clone();
        let names = rows.iter().map(|row| {
            row["components"][0]["custom_id"]
                .as_str()
                .unwrap()
                .to_owned()
        });
        names.collect::<Vec<_>>()
    };
    let known = thread.inside.slash("accepter", &[]).modal();
    assert_eq!(fields(known), ["motivation"]);
    let pause = office.room.open_thread("Pause");
    let asked = office.ines.at(pause).slash("accepter", &[]);
    assert_eq!(fields(asked.modal()), ["dossiers", "motivation"]);
    let preview = asked
        .submit(&[
            ("dossiers", json!(number.to_string())),
            ("motivation", json!("Le projet respecte le règlement.")),
        ])
        .answer();
    assert!(
        preview.text().contains("Le projet respecte le règlement."),
        "{}",
        preview.text()
    );
}

#[test]
fn a_late_answer_passes_by_a_locked_thread() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (_, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    // The token is taken no more.
    let original = "/messages/@original";
    fake.fail("PATCH", original, 1_000, Failure::Refused(404, 10_015));
    let before = fake.requests().len();
    let path = format!("/channels/{}/messages", thread.card.id);
    fake.fail("POST", &path, 1_000, Failure::Refused(403, 160_005));
    let asked = thread
        .inside
        .slash("message", &[("texte", json!("Bonjour, un mot."))]);
    asked.acknowledged();
    fake.request(before, "PATCH", original);
    let told = office.room.find(0, "the answer that names her", |seen| {
        let it = seen.rung.users == [office.ines.id] && seen.text().contains("annuler");
        it.then(|| seen.clone())
    });
    assert!(!told.ephemeral);
}
