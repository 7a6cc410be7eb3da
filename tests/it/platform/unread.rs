//! A démarche that is not read any more: its rooms show what is past, and are told so.

use std::collections::BTreeMap;

use greffier::domain::DemarcheId;
use greffier::message::Heard;
use greffier::message::platform::{Said, Unread, WhyUnread};
use greffier::mirror::Settings;

use super::desk::Desk;
use super::middle::{INES, Middle, PAUL};
use crate::daemon::desk::{LINA, until};

fn unread(middle: &mut Middle, why: Option<WhyUnread>) -> Vec<String> {
    let since = middle.desk.now;
    let demarches: BTreeMap<u64, Unread> = why
        .into_iter()
        .map(|why| (12, Unread { since, why }))
        .collect();
    middle.say(Said::Unread { demarches });
    middle.out().1
}

#[test]
fn the_room_is_told_once_when_it_begins_and_once_when_it_ends() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &[]);
    middle.out();
    let status = middle.line(INES, "statut");
    assert!(status.answers[0].contains("première lecture"), "{status:?}");

    let told = unread(&mut middle, Some(WhyUnread::Away));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("ne lit plus la démarche n° 12"),
        "{told:?}"
    );
    assert!(told[0].contains("ne répond pas"), "{told:?}");
    middle.wait(1);
    // Another reason is nothing new to the room; whoever asks is told the last.
    assert!(unread(&mut middle, Some(WhyUnread::Token)).is_empty());
    let status = middle.line(PAUL, "statut");
    assert!(
        status.answers[0].contains("jeton y est refusé"),
        "{status:?}"
    );

    let told = unread(&mut middle, None);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("lit de nouveau la démarche n° 12"),
        "{told:?}"
    );
    assert!(unread(&mut middle, None).is_empty());
    let status = middle.line(PAUL, "statut");
    assert!(!status.answers[0].contains("n’est plus lue"), "{status:?}");
}

/// A daemon that has read its démarche, and tells at once that it does not any more.
fn impatient() -> Desk {
    let mut desk = Desk::closed("");
    let config = desk.path().join("bot.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replacen("[platform]\n", "[platform]\nunread_minutes = 0\n", 1);
    std::fs::write(&config, text).unwrap();
    desk.start();
    desk.is_read();
    desk
}

#[test]
fn a_room_learns_that_the_token_is_refused_and_that_another_is_taken() {
    let mut desk = impatient();
    desk.give(&desk.site.fake.foreign_token());
    desk.stop();
    desk.start();
    desk.shown("Greffier ne lit plus la démarche");
    desk.shown("son jeton y est refusé");
    // What happens meanwhile is told once it is read again.
    let number = desk.site.fake.usager_files(desk.site.demarche, LINA);
    desk.give(&desk.site.fake.token());
    desk.advance(120);
    desk.shown("Greffier lit de nouveau la démarche");
    desk.shown(&format!("Nouveau dossier n° {number}"));
}

#[test]
fn a_kill_neither_hides_nor_repeats_it() {
    for point in [
        "before-journal",
        "after-journal",
        "before-transaction",
        "after-transaction",
        "after-transaction:2",
    ] {
        let mut desk = impatient();
        desk.settled(0);
        desk.stop();
        desk.give(&desk.site.fake.foreign_token());
        if desk.start_killed_at(Some(point)) {
            until("it is killed, or has told", || {
                let told = desk.room().contains("ne lit plus");
                (told || !desk.lives()).then_some(())
            });
        }
        desk.kill();
        desk.start();
        let room = desk.shown("Greffier ne lit plus la démarche");
        assert_eq!(room.matches("ne lit plus").count(), 1, "{point}: {room}");
        desk.give(&desk.site.fake.token());
        desk.advance(120);
        let room = desk.shown("Greffier lit de nouveau la démarche");
        assert_eq!(room.matches("ne lit plus").count(), 1, "{point}: {room}");
    }
}

#[test]
fn what_is_journaled_can_be_read_again() {
    let since = "2026-03-09T09:00:00+01:00".parse().unwrap();
    let why = WhyUnread::Hidden;
    let demarches = BTreeMap::from([(12, Unread { since, why }), (101, Unread { since, why })]);
    let heard = Heard::Platform(Box::new(Said::Unread { demarches }));
    let journaled = serde_json::to_vec(&heard).unwrap();
    let read: Heard = serde_json::from_slice(&journaled).unwrap();
    assert_eq!(read, heard);
}

#[test]
fn what_is_served_no_more_is_told_of_to_nobody() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &[]);
    middle.out();
    let since = middle.desk.now;
    let why = WhyUnread::Away;
    let demarches = BTreeMap::from([(99, Unread { since, why })]);
    middle.say(Said::Unread { demarches });
    assert_eq!(middle.out().1, Vec::<String>::new());
}

#[test]
fn nobody_is_told_that_he_instructs_nothing_before_anything_was_read() {
    let mut middle = Middle::new(Settings::of(DemarcheId(12)), &[]);
    // As if the platform had never answered.
    middle.desk.app.demarches = greffier::domain::Demarches::new();
    for line in ["demarches", "dossiers", "instruire 4807"] {
        let said = middle.line(INES, line);
        assert!(
            said.answers[0].contains("n’a pas encore été lue"),
            "{line}: {said:?}"
        );
    }
    let status = middle.line(INES, "statut");
    assert!(status.answers[0].contains("première lecture"), "{status:?}");
    middle.learn();
    let said = middle.line(INES, "demarches");
    assert!(said.answers[0].contains("Permis de démolir"), "{said:?}");
}
