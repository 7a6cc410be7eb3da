//! An account that is refused, and a homeserver that is unwell: said once, waited out, never hammered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::client::People;
use super::proxy::{Act, Proxy, Request};
use super::scene::{Office, Thread};
use crate::daemon::desk::{LINA, until};
use crate::daemon::web;
use crate::servers::synapse::{Synapse, shared_synapse};

/// Requests that one try to connect may take.
const ONE_TRY: usize = 12;
/// More than a sync brings of one room.
const MANY: usize = 110;

/// An office whose daemon goes through a proxy.
fn behind<'a>(server: &Synapse, people: &'a People, name: &str) -> (Proxy, Office<'a>) {
    let proxy = Proxy::before(server.url());
    let office = Office::open_with(server, people, name, true, |bot| {
        bot.reconfigure(server.url(), &proxy.url());
    });
    (proxy, office)
}

/// Says a line in the room and waits for the answer.
fn answers(office: &Office<'_>) {
    let mark = office.room.mark();
    office.room.say("!statut");
    office.room.shown(mark, "à envoyer");
}

/// Waits for the answer to a line that was said.
fn answered(office: &Office<'_>, line: &str) {
    office.room.find(0, "the answer to the line", |seen| {
        (seen.answers.as_deref() == Some(line)).then_some(())
    });
}

/// What `/readyz` says while something is not well.
fn unwell(office: &Office<'_>) -> Option<String> {
    let reply = web::get(office.bot.http(), "/readyz")?;
    (reply.status != 200).then_some(reply.body)
}

fn well_again(office: &Office<'_>) {
    until("it is well again", || {
        unwell(office).is_none().then_some(())
    });
}

/// How often the log holds `text`.
fn logged(office: &Office<'_>, text: &str) -> usize {
    office.bot.log().matches(text).count()
}

/// Answers the first `count` requests that `which` picks with `act`, and says how many are left.
fn disturb(
    proxy: &Proxy,
    count: usize,
    act: &Act,
    which: impl Fn(&Request) -> bool + Send + 'static,
) -> Arc<AtomicUsize> {
    let left = Arc::new(AtomicUsize::new(count));
    let (counter, act) = (Arc::clone(&left), act.clone());
    proxy.judge(move |request| {
        if !which(request) || counter.load(Ordering::SeqCst) == 0 {
            return Act::Pass;
        }
        counter.fetch_sub(1, Ordering::SeqCst);
        act.clone()
    });
    left
}

/// Waits until nothing is left of a disturbance and all is well. The rests that Greffier takes need not be waited for.
fn over(office: &Office<'_>, left: &AtomicUsize) {
    until("all of it is over", || {
        office.bot.advance(20);
        (left.load(Ordering::SeqCst) == 0 && unwell(office).is_none()).then_some(())
    });
}

#[test]
fn an_account_that_has_expired_is_said_once_and_taken_up_when_it_is_renewed() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "expire");
    office.bot.quiet();
    proxy.judge(|_| Act::refusal(403, "ORG_MATRIX_EXPIRED_ACCOUNT", ""));
    // Wakes the request that waits for news.
    let line = office.room.say("!statut");
    let why = until("it says what must be done", || {
        unwell(&office).filter(|why| why.contains("must be renewed"))
    });
    assert!(why.contains("ORG_MATRIX_EXPIRED_ACCOUNT"), "{why}");
    // Everything else works meanwhile, and is said when it can be.
    let number = office.bot.deposit(LINA, "Nord");
    let before = proxy.seen().len();
    let since = |count: usize| proxy.seen().len() - count;
    // Each try is after a longer rest: one, two, four minutes.
    for (tries, minutes) in [1, 2, 4].into_iter().enumerate() {
        let last = proxy.seen().len();
        office.bot.advance(minutes * 60);
        until("another try", || (since(last) > 0).then_some(()));
        assert!(
            since(before) <= (tries + 1) * ONE_TRY,
            "{} requests after {} tries",
            since(before),
            tries + 1
        );
    }
    assert_eq!(logged(&office, "Matrix does not work"), 1);
    proxy.judge(|_| Act::Pass);
    office.bot.advance(8 * 60);
    well_again(&office);
    Thread::of(&office.room, number).shown("Nouveau dossier");
    answered(&office, &line);
    answers(&office);
}

#[test]
fn a_session_that_has_expired_is_opened_again_by_the_same_device() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "doux");
    let request = json!({ "do": "devices", "user": office.bot.id });
    let before = office.ines.ask(request.clone());
    office.bot.quiet();
    let mut logged_in = false;
    proxy.judge(move |request| {
        if request.path.ends_with("/login") {
            logged_in = true;
        }
        if logged_in {
            return Act::Pass;
        }
        Act::refusal(401, "M_UNKNOWN_TOKEN", ",\"soft_logout\":true")
    });
    let line = office.room.say("!statut");
    answered(&office, &line);
    well_again(&office);
    // The same keys: what it says is readable, and nobody is warned of another device.
    let number = office.bot.deposit(LINA, "Nord");
    let thread = Thread::of(&office.room, number);
    let line = thread.say("!suivre");
    office.room.reacted(&line, "✅");
    assert_eq!(office.ines.ask(request), before);
    assert_eq!(logged(&office, "the same device logs in again"), 1);
    let logins = proxy
        .seen()
        .iter()
        .filter(|(request, _)| request.method == "POST" && request.path.ends_with("/login"))
        .count();
    assert_eq!(logins, 2, "the first and this one");
    assert!(office.room.timeline().iter().all(|seen| !seen.sealed));
}

#[test]
fn a_device_that_was_logged_out_does_not_log_in_under_its_name() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "dur");
    office.bot.quiet();
    proxy.judge(|_| Act::refusal(401, "M_UNKNOWN_TOKEN", ",\"soft_logout\":false"));
    let before = proxy.seen().len();
    office.room.say("!statut");
    let why = until("it says what must be done", || {
        unwell(&office).filter(|why| why.contains("greffier matrix login --new-device"))
    });
    assert!(why.contains("logged out"), "{why}");
    for minutes in [1, 2] {
        let last = proxy.seen().len();
        office.bot.advance(minutes * 60);
        until("another try", || (proxy.seen().len() > last).then_some(()));
    }
    let seen = proxy.seen();
    let since = seen.get(before..).unwrap();
    assert!(
        since
            .iter()
            .all(|(request, _)| !request.path.ends_with("/login")),
        "it logged in again"
    );
    assert!(since.len() <= 4 * ONE_TRY, "{} requests", since.len());
    assert_eq!(logged(&office, "Matrix does not work"), 1);
}

#[test]
fn a_homeserver_that_has_had_enough_of_being_asked_is_left_alone() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "patience");
    office.bot.quiet();
    // An hour: whoever asks sooner is asked to wait again.
    let mut asked = false;
    let freed = Arc::new(Mutex::new(false));
    let free = Arc::clone(&freed);
    proxy.judge(move |request| {
        if *free.lock().unwrap() || !request.syncs() {
            return Act::Pass;
        }
        assert!(!asked, "it was asked to wait, and asks again");
        asked = true;
        Act::too_many(3_600_000)
    });
    let before = proxy.seen().len();
    let line = office.room.say("!statut");
    until("it is told to wait", || {
        let seen = proxy.seen();
        let mut since = seen.iter().skip(before);
        since
            .any(|(_, act)| matches!(act, Act::Answer(429, _)))
            .then_some(())
    });
    // What leaves is not concerned.
    let number = office.bot.deposit(LINA, "Nord");
    Thread::of(&office.room, number).shown("Nouveau dossier");
    *freed.lock().unwrap() = true;
    // Not longer than a quarter of an hour, whatever it says.
    office.bot.advance(15 * 60);
    answered(&office, &line);
}

#[test]
fn a_past_that_is_not_shown_is_gone_without() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, mut office) = behind(server, &people, "lacune");
    answers(&office);
    office.bot.quiet();
    assert_eq!(office.bot.stop(), 0);
    let lost = office.room.say("!statut");
    for _ in 0..MANY {
        office.room.say("Il fait beau.");
    }
    let last = office.room.say("!statut");
    proxy.judge(|request| {
        if request.path.contains("/messages?") {
            Act::refusal(403, "M_FORBIDDEN", "")
        } else {
            Act::Pass
        }
    });
    office.bot.start();
    answered(&office, &last);
    office.bot.quiet();
    assert_eq!(logged(&office, "is not shown to Greffier"), 1);
    let seen = office.room.timeline();
    let found = seen
        .iter()
        .any(|seen| seen.answers.as_deref() == Some(lost.as_str()));
    assert!(!found, "the gap was there");
    well_again(&office);
}

#[test]
fn torn_answers_are_asked_for_again() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "dechire");
    office.bot.quiet();
    let torn = Act::Answer(200, "{\"next_batch\":\"s1\",\"rooms\":{\"jo".to_owned());
    for act in [torn, Act::Tear] {
        let left = disturb(&proxy, 4, &act, |request| {
            request.syncs() || request.sends()
        });
        let number = office.bot.deposit(LINA, "Nord");
        let line = office.room.say("!statut");
        over(&office, &left);
        answered(&office, &line);
        Thread::of(&office.room, number).shown("Nouveau dossier");
        office.bot.quiet();
        let news = office.room.with(&format!("Nouveau dossier n° {number} "));
        assert_eq!(news.len(), 1, "{}", office.room.told());
    }
}

#[test]
fn a_homeserver_that_is_ill_for_a_while_is_outlived() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "malade");
    office.bot.quiet();
    let ill = Act::refusal(500, "M_UNKNOWN", "");
    let left = disturb(&proxy, 10, &ill, |_| true);
    let number = office.bot.deposit(LINA, "Nord");
    let line = office.room.say("!statut");
    let why = until("it says that the homeserver is not well", || {
        unwell(&office)
    });
    assert!(why.contains("matrix"), "{why}");
    over(&office, &left);
    answered(&office, &line);
    Thread::of(&office.room, number).shown("Nouveau dossier");
    office.bot.quiet();
    let news = office.room.with(&format!("Nouveau dossier n° {number} "));
    assert_eq!(news.len(), 1, "{}", office.room.told());
}
