//! Files, from the room to people's mail and back.

use super::client::People;
use super::scene::Office;
use crate::daemon::desk::{ABF, LINA};
use crate::servers::synapse::shared_synapse;

/// Not text, and larger than one block of any cipher.
fn content() -> Vec<u8> {
    (0..200_000_u64)
        .map(|at| ((at * at) >> 7).to_le_bytes()[0])
        .collect()
}

#[test]
fn a_file_with_its_command_goes_to_the_usager() {
    for encrypted in [true, false] {
        let Some(server) = shared_synapse() else {
            return;
        };
        let people = People::of(server);
        let name = if encrypted {
            "piece-chiffree"
        } else {
            "piece-claire"
        };
        let office = Office::open(server, &people, name, encrypted);
        let (number, thread) = office.deposit();
        let line = office.room.say(&format!("!suivre {number}"));
        office.room.reacted(&line, "✅");
        let mark = office.room.mark();
        office.room.upload(
            "plan à corriger.pdf",
            "application/pdf",
            &content(),
            Some(&thread.card.id),
            "!message Voici le plan à corriger.",
        );
        office.room.shown(mark, "annuler");
        office.bot.settled(1);
        office.bot.advance(301);
        let mail = office.bot.mail(LINA, "Voici le plan à corriger.");
        assert_eq!(mail.files, [("plan à corriger.pdf".to_owned(), content())]);
        // To the expert the same way.
        office.room.upload(
            "notice.pdf",
            "application/pdf",
            &content(),
            Some(&thread.card.id),
            &format!("!avis demander {ABF} Voici la notice."),
        );
        let mail = office.bot.mail(ABF, "Voici la notice.");
        assert!(mail.files.contains(&("notice.pdf".to_owned(), content())));
    }
}

#[test]
fn a_file_without_a_command_is_nobodys_business() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "piece-seule", true);
    let (number, thread) = office.deposit();
    office.bot.quiet();
    let mark = office.room.mark();
    office.room.upload(
        "vacances.jpg",
        "image/jpeg",
        &content(),
        Some(&thread.card.id),
        "vacances.jpg",
    );
    office.room.say(&format!("!suivre {number}"));
    thread.shown("suit ce dossier");
    office.bot.quiet();
    let seen = office.room.timeline();
    let about = seen
        .iter()
        .skip(mark)
        .filter(|seen| seen.sender == office.bot.id && seen.text().contains("vacances"));
    assert_eq!(about.count(), 0);
    assert_eq!(office.bot.count(LINA, "vacances"), 0);
}

#[test]
fn a_file_that_was_sent_first_goes_with_the_message() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "piece-avant", true);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    office.room.upload(
        "plan.pdf",
        "application/pdf",
        &content(),
        Some(&thread.card.id),
        "plan.pdf",
    );
    let mark = office.room.mark();
    thread.say("!message Voici le plan.");
    office.room.shown(mark, "annuler");
    // It went with that message, and goes with no other.
    let mark = office.room.mark();
    thread.say("!message Et voici pourquoi.");
    office.room.shown(mark, "annuler");
    office.bot.settled(2);
    office.bot.advance(301);
    let mail = office.bot.mail(LINA, "Voici le plan.");
    assert_eq!(mail.files, [("plan.pdf".to_owned(), content())]);
    assert_eq!(office.bot.mail(LINA, "Et voici pourquoi.").files, []);
}
