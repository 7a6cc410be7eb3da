//! Summaries, with the daemon killed around their hour.

use greffier::domain::Periode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::desk::{Desk, INES, LINA, PAUL, until};

/// Where the daemon is killed. At its start it ticks once; the second tick is that of the summary.
const POINTS: [&str; 10] = [
    "before-journal:2",
    "after-journal:2",
    "before-transaction:2",
    "after-transaction:2",
    "before-flush:2",
    "after-flush:2",
    "before-send",
    "after-send",
    "before-record",
    "after-record",
];

const SUBJECT: &str = "Votre récapitulatif quotidien";

/// A minute after the next daily summary is due, seen from `at`.
fn next(at: Timestamp) -> Timestamp {
    let today = Periode::Jour.due(at);
    let mut hours = (1..200).map(|hour| at + SignedDuration::from_hours(hour));
    let due = hours.find_map(|later| Periode::Jour.due(later).filter(|day| Some(*day) != today));
    Periode::Jour.moment(due.unwrap()).unwrap() + SignedDuration::from_mins(1)
}

fn summaries(desk: &Desk, to: &str) -> usize {
    let mails = desk.mails();
    let of = mails
        .iter()
        .filter(|mail| mail.to == to && mail.subject == SUBJECT);
    of.count()
}

#[test]
fn a_summary_is_sent_once_wherever_the_daemon_is_killed() {
    let mut desk = Desk::open();
    desk.deposit(LINA, "Nord");
    desk.done("notifications quotidien courriel", INES);
    desk.done("notifications quotidien courriel", PAUL);
    desk.settled(0);
    assert_eq!(desk.stop(), 0);
    let mut deaths = 0;
    let mut hour = greffier::clock::now();
    for (index, point) in POINTS.iter().enumerate() {
        hour = next(hour);
        // The clock begins anew with each daemon.
        let leap = || {
            let ahead = hour.duration_since(greffier::clock::now()).as_secs();
            json!({ "name": "advance", "seconds": ahead })
        };
        if desk.start_killed_at(Some(point)) {
            let _killed = desk.try_admin(leap());
            until("the summary leaves, or the daemon is killed", || {
                let gone = !desk.lives() || summaries(&desk, PAUL) > index;
                gone.then_some(())
            });
        }
        // Some points come a moment after the mail.
        std::thread::sleep(std::time::Duration::from_millis(300));
        deaths += usize::from(!desk.lives());
        desk.kill();
        desk.start();
        desk.admin(leap());
        until("the summaries have left", || {
            let sent = [INES, PAUL].map(|person| summaries(&desk, person));
            sent.iter().all(|sent| *sent > index).then_some(())
        });
        desk.settled(0);
        for person in [INES, PAUL] {
            assert_eq!(summaries(&desk, person), index + 1, "killed {point}");
        }
        desk.kill();
    }
    assert!(deaths >= 8, "only {deaths} deaths");
    // A week without Greffier: one, not seven.
    let days = SignedDuration::from_hours(24 * 7);
    let back = next(hour + days);
    desk.start();
    let ahead = back.duration_since(greffier::clock::now()).as_secs();
    desk.admin(json!({ "name": "advance", "seconds": ahead }));
    until("the summary leaves", || {
        (summaries(&desk, PAUL) > POINTS.len()).then_some(())
    });
    desk.settled(0);
    assert_eq!(summaries(&desk, PAUL), POINTS.len() + 1);
    assert_eq!(desk.stop(), 0);
}
