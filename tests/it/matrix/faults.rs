//! A bad network, and a homeserver that has had enough: what a well one cannot be made to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::client::People;
use super::proxy::{Act, Proxy};
use super::scene::{Office, Thread};
use crate::daemon::desk::{LINA, until};
use crate::servers::synapse::{Rates, Synapse, shared_synapse, synapse_with};

/// Deposits at once.
const BURST: usize = 2;

/// An office whose daemon goes through a proxy.
fn behind<'a>(server: &Synapse, people: &'a People, name: &str) -> (Proxy, Office<'a>) {
    let proxy = Proxy::before(server.url());
    let office = Office::open_with(server, people, name, true, |bot| {
        bot.reconfigure(server.url(), &proxy.url());
    });
    (proxy, office)
}

/// Deposits, a command for each, and each message once.
fn a_burst_is_once(office: &Office<'_>) {
    let numbers: Vec<u64> = (0..BURST)
        .map(|_| office.bot.deposit(LINA, "Nord"))
        .collect();
    for number in &numbers {
        let line = office.room.say(&format!("!suivre {number}"));
        office.room.reacted(&line, "✅");
        Thread::of(&office.room, *number).becomes("Suivi par");
    }
    office.bot.quiet();
    for number in &numbers {
        for text in [
            format!("Nouveau dossier n° {number} "),
            format!("Dossier n° {number} — ines"),
        ] {
            assert_eq!(
                office.room.with(&text).len(),
                1,
                "{text}\n{}",
                office.room.told()
            );
        }
    }
}

#[test]
fn an_answer_that_is_lost_on_the_way_doubles_nothing() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "perte");
    // The first answer to each send is lost.
    let mut met: BTreeSet<String> = BTreeSet::new();
    proxy.judge(move |request| {
        let first = request.method == "PUT"
            && request.path.contains("/send/")
            && met.insert(request.path.clone());
        if first { Act::LoseAnswer } else { Act::Pass }
    });
    a_burst_is_once(&office);
    let mut tries: BTreeMap<String, usize> = BTreeMap::new();
    for (request, _) in proxy
        .seen()
        .into_iter()
        .filter(|(request, _)| request.sends())
    {
        *tries.entry(request.path).or_default() += 1;
    }
    assert!(
        tries.values().filter(|tries| **tries > 1).count() >= BURST,
        "{tries:?}"
    );
}

#[test]
fn a_homeserver_that_has_had_enough_is_waited_for() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "assez");
    let mut sends = 0;
    proxy.judge(move |request| {
        if request.method != "PUT" || !request.path.contains("/send/") {
            return Act::Pass;
        }
        sends += 1;
        if sends <= 6 || sends % 3 == 0 {
            Act::too_many(150)
        } else {
            Act::Pass
        }
    });
    a_burst_is_once(&office);
    // Nothing is hurried: after a «wait» comes a pause, not a storm.
    let refused = proxy
        .seen()
        .iter()
        .filter(|(_, act)| matches!(act, Act::Answer(429, _)))
        .count();
    assert!(refused < 60, "{refused} requests were refused");
}

#[test]
fn a_broken_gateway_is_outlived() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let (proxy, office) = behind(server, &people, "passerelle");
    let mut count = 0;
    proxy.judge(move |_| {
        count += 1;
        match count % 4 {
            0 => Act::Answer(502, "<html>Bad Gateway</html>".to_owned()),
            1 => Act::Cut,
            _ => Act::Pass,
        }
    });
    a_burst_is_once(&office);
}

#[test]
fn tokens_that_expire_are_renewed_and_kept() {
    let Some(server) = synapse_with(Rates::High, "refreshable_access_token_lifetime: 5s\n") else {
        return;
    };
    let people = People::of(&server);
    let mut office = Office::open(&server, &people, "jeton", true);
    let session = office.bot.path().join("var/matrix/session.json");
    let kept = || fs::read_to_string(&session).unwrap();
    assert!(
        kept().contains("refresh_token"),
        "the homeserver gave a token that expires"
    );
    for kill in [false, true] {
        let before = kept();
        until("the token is renewed", || {
            let mark = office.room.mark();
            office.room.say("!statut");
            office.room.shown(mark, "à envoyer");
            (kept() != before).then_some(())
        });
        if kill {
            office.bot.kill();
        } else {
            assert_eq!(office.bot.stop(), 0);
        }
        office.bot.start();
    }
    let mark = office.room.mark();
    office.room.say("!statut");
    office.room.shown(mark, "à envoyer");
    let request = serde_json::json!({ "do": "devices", "user": office.bot.id });
    assert_eq!(
        office.ines.ask(request).as_object().unwrap().len(),
        1,
        "it is still the same device"
    );
}
