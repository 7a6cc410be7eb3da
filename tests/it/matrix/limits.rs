//! The homeserver's limits as they come: ten messages at once, one every five seconds after that.

use super::client::People;
use super::scene::{Office, Thread};
use crate::daemon::desk::{LINA, until};
use crate::servers::synapse::{Rates, synapse};

/// Deposits at once, each with a card and a message in its thread: more than the homeserver takes at once, and no more than
/// a test may take.
const BURST: u64 = 9;
/// The same for those who have ten minutes.
const LARGE_BURST: u64 = 60;

#[test]
fn under_the_default_limits_a_burst_arrives_whole_and_in_order() {
    a_burst_of(BURST);
}

#[test]
#[ignore = "takes ten minutes"]
fn under_the_default_limits_a_large_burst_arrives_whole_and_in_order() {
    a_burst_of(LARGE_BURST);
}

fn a_burst_of(deposits: u64) {
    let Some(server) = synapse(Rates::Default) else {
        return;
    };
    let people = People::of(&server);
    let office = Office::open_with(&server, &people, "rafale", true, |bot| {
        bot.reconfigure("pace_ms = 0\n", "");
    });
    let asked = office.direct.mark();
    let mut numbers = Vec::new();
    for deposit in 0..deposits {
        numbers.push(office.bot.deposit(LINA, "Nord"));
        // In the middle of it somebody asks something in private.
        if deposit == deposits / 2 {
            office.direct.say("statut");
        }
    }
    for number in &numbers {
        until_seen(&office, *number);
    }
    office.bot.quiet();
    let answer = office.direct.shown(asked, "à envoyer");
    let last = format!("Nouveau dossier n° {} ", numbers.last().unwrap());
    assert!(
        answer.read_at < office.room.with(&last)[0].read_at,
        "whoever asks waits for his turn and not for the end"
    );
    for number in &numbers {
        let news = office.room.with(&format!("Nouveau dossier n° {number} "));
        assert_eq!(news.len(), 1, "{}", office.room.told());
        let thread = Thread::of(&office.room, *number);
        assert_eq!(news[0].thread.as_deref(), Some(thread.card.id.as_str()));
    }
    // Greffier kept below the limits by itself: it was never told off.
    let told_off =
        server.log().contains("Ratelimit") && office.bot.log().contains("M_LIMIT_EXCEEDED");
    assert!(!told_off, "it ran into the limits");
}

/// Waits, each time for as long as one message may take.
fn until_seen(office: &Office<'_>, number: u64) {
    let text = format!("Nouveau dossier n° {number} ");
    until("the next message is there", || {
        (!office.room.with(&text).is_empty()).then_some(())
    });
}
