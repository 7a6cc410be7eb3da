//! What Discord refuses, loses or forgets: nothing is said twice, nothing is lost, and who must know is told once.

use serde_json::json;

use super::fake::Fake;
use super::fake::fault::{Failure, Gate};
use super::scene::{Office, Thread};
use crate::daemon::desk::{LINA, until};

/// How often a message of the room, or of a thread of it, holds `text`.
fn said(thread: &Thread<'_>, text: &str) -> usize {
    thread.inside.with(text).len() + thread.room.with(text).len()
}

#[test]
fn an_answer_that_is_lost_repeats_nothing() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    fake.fail("POST", "/messages", 2, Failure::CutAfter);
    fake.fail("POST", "/threads", 1, Failure::CutAfter);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    fake.fail("POST", "/callback", 1, Failure::CutAfter);
    fake.fail("PATCH", "/messages/@original", 1, Failure::CutAfter);
    fake.fail("PATCH", "/channels/", 1, Failure::CutAfter);
    let done = thread.inside.slash("suivre", &[]).answer();
    assert!(done.text().contains("C'est fait"));
    thread.becomes("Suivi par");
    office.bot.quiet();
    assert_eq!(said(&thread, "Nouveau dossier"), 1);
    assert_eq!(said(&thread, "suit ce dossier"), 1);
    assert_eq!(thread.room.with(&format!("Dossier n° {number}")).len(), 1);
}

#[test]
fn errors_of_the_server_are_waited_out() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    fake.fail("POST", "/messages", 2, Failure::Status(503));
    fake.fail("POST", "/messages", 1, Failure::CutBefore);
    fake.fail("POST", "/callback", 2, Failure::Status(502));
    let (_, thread) = office.deposit();
    let done = thread.inside.slash("suivre", &[]).answer();
    assert!(done.text().contains("C'est fait"));
    thread.shown("suit ce dossier");
    office.bot.quiet();
    assert_eq!(said(&thread, "Nouveau dossier"), 1);
}

#[test]
fn limits_are_kept_to_and_nothing_is_lost() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    fake.limit("POST", "/channels/{}/messages", 2, 500, false);
    fake.limit_all(Some(50));
    let numbers: Vec<u64> = (0..8).map(|_| office.bot.deposit(LINA, "Nord")).collect();
    for number in numbers {
        let thread = Thread::of(&office.room, number);
        thread.shown("Nouveau dossier");
        assert_eq!(said(&thread, "Nouveau dossier"), 1);
    }
    let refused = fake.requests().iter().filter(|it| it.status == 429).count();
    assert!(refused <= 3, "{refused} requests came too soon");
}

#[test]
fn a_permission_that_is_missing_is_said_once_and_the_room_left_alone() {
    let fake = Fake::start();
    let chief = fake.user("cheffe");
    let discord = format!(
        "administrateurs = [\"{}\"]\nprivacy_acknowledged = true",
        chief.id
    );
    let office = Office::open_with(&fake, &discord, "privacy = \"full\"");
    office.guild.join(chief, &[]);
    office.bot.quiet();
    office.guild.overwrite(
        office.channel,
        fake.bot(),
        0,
        super::fake::permission::SEND_MESSAGES,
    );
    let numbers: Vec<u64> = (0..5).map(|_| office.bot.deposit(LINA, "Nord")).collect();
    chief.direct().shown(0, "Une permission me manque");
    until("the health says so", || office.bot.ill("discord-rooms"));
    let forbidden = fake.requests().iter().filter(|it| it.status == 403).count();
    assert_eq!(forbidden, 1, "refused requests count towards a ban");
    assert_eq!(chief.direct().with("Une permission me manque").len(), 1);
    // Once it may speak again everything is said, in order.
    office.guild.overwrite(office.channel, fake.bot(), 0, 0);
    office.bot.advance(6 * 60);
    for number in numbers {
        Thread::of(&office.room, number).shown("Nouveau dossier");
    }
    assert_eq!(office.bot.ill("discord-rooms"), None);
}

#[test]
fn a_channel_that_was_deleted_is_said_once() {
    let fake = Fake::start();
    let chief = fake.user("cheffe");
    let discord = format!("administrateurs = [\"{}\"]", chief.id);
    let office = Office::open_with(&fake, &discord, "");
    office.guild.join(chief, &[]);
    office.bot.quiet();
    office.guild.delete(office.channel);
    for _ in 0..3 {
        office.bot.deposit(LINA, "Nord");
    }
    chief.direct().shown(0, "retiré d'un salon");
    office.bot.quiet();
    assert_eq!(chief.direct().with("retiré d'un salon").len(), 1);
    assert!(office.bot.ill("discord-rooms").unwrap().contains("deleted"));
}

#[test]
fn an_archived_thread_is_opened_and_a_deleted_card_made_anew() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    office.guild.archive(thread.card.id, false);
    let options = [("dossiers", json!(number.to_string()))];
    office.room.slash("suivre", &options).answer();
    thread.shown("suit ce dossier");
    assert!(!office.guild.is_archived(thread.card.id));

    office.bot.quiet();
    office.guild.delete_message(thread.card.id);
    let mark = office.room.mark();
    office.room.slash("instruire", &options).answer();
    let card = office.room.find(mark, "another card", |seen| {
        let it = seen.text().contains("En instruction") && !seen.buttons().is_empty();
        it.then(|| seen.clone())
    });
    assert_ne!(card.id, thread.card.id);
}

#[test]
fn a_token_that_is_refused_is_said_and_another_is_taken() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    assert_eq!(office.bot.stop(), 0);
    fake.reset_token();
    let before = fake.requests().len();
    office.bot.start();
    let why = until("the health says so", || {
        office
            .bot
            .ill("discord")
            .filter(|why| why.contains("token"))
    });
    assert!(why.contains("discord.token_file"), "{why}");
    office.bot.deposit(LINA, "Nord");
    let asked = fake.requests().len() - before;
    assert!(asked < 5, "{asked} requests with a bad token");
    assert!(office.bot.log().contains("does not accept the token"));
    assert_eq!(office.bot.stop(), 0);
    std::fs::write(office.bot.path().join("discord-token"), fake.token()).unwrap();
    office.bot.start();
    office.room.shown(0, "Dossier n° 1");
}

#[test]
fn everybody_is_answered_within_three_seconds_while_the_middle_is_busy() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, _) = office.deposit();
    let gate = Gate::default();
    // Nothing else gets through meanwhile.
    fake.fail(
        "PATCH",
        "/messages",
        1000,
        Failure::HeldBefore(gate.clone()),
    );
    fake.fail("POST", "/messages", 1000, Failure::HeldBefore(gate.clone()));
    let options = [("dossier", json!(number.to_string()))];
    let asked: Vec<_> = (0..60)
        .map(|_| office.room.slash("dossier", &options))
        .collect();
    for asked in &asked {
        let (kind, milliseconds) = asked.acknowledged();
        assert_eq!(kind, 5);
        assert!(milliseconds < 3_000, "{milliseconds} ms");
    }
    fake.with(|world| world.faults.clear());
    gate.open();
    for asked in &asked {
        assert!(asked.answer().text().contains("Dossier n°"));
    }
}

#[test]
fn a_storm_of_refusals_silences_greffier_and_people_are_still_answered() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    office.bot.quiet();
    let before = fake.requests().len();
    fake.fail("POST", "/callback", 160, Failure::Refused(403, 0));
    for _ in 0..160 {
        let typing = Some(("dossier", "mor"));
        fake.with(|world| world.command(office.ines.id, office.channel, "dossier", &[], typing))
            .unwrap();
    }
    until("all of it is refused", || {
        let new = fake.requests().into_iter().skip(before);
        (new.filter(|it| it.status == 403).count() == 160).then_some(())
    });
    // Nothing is asked of its own accord, while whoever does something is answered.
    office.bot.deposit(LINA, "Nord");
    until("the health says so", || office.bot.ill("discord-requests"));
    assert_eq!(fake.count("POST", "/channels/"), 0);
    let (kind, _) = office.room.slash("statut", &[]).acknowledged();
    assert_eq!(kind, 5);
    assert!(office.bot.log().contains("refuses too many requests"));
}

#[test]
fn what_discord_fails_at_for_two_days_is_given_up_and_what_is_behind_it_said() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.shown("Nouveau dossier");
    office.bot.quiet();
    let path = format!("/channels/{}/messages", thread.card.id);
    fake.fail("POST", &path, 100_000, Failure::Status(500));
    let before = fake.requests().len();
    office
        .bot
        .done(&format!("suivre {number}"), crate::daemon::desk::INES);
    let behind = office.bot.deposit(LINA, "Nord");
    fake.request(before, "POST", &path);
    office.bot.advance(49 * 3_600);
    Thread::of(&office.room, behind).shown("Nouveau dossier");
    let dead = office.bot.run(&["outbox", "dead"], b"");
    let dead = String::from_utf8_lossy(&dead.stdout).into_owned();
    assert!(dead.contains("not well"), "{dead}");
}
