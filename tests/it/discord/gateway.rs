//! The gateway: sockets that drop, sessions that are resumed or not, across restarts too.

use serde_json::json;

use super::fake::Fake;
use super::scene::{Bot, Office};
use crate::daemon::desk::{LINA, until};

#[test]
fn what_was_missed_while_the_socket_was_gone_is_done() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (_, thread) = office.deposit();
    fake.drop_sockets();
    fake.until_silent();
    let asked = thread.inside.slash("suivre", &[]);
    let done = asked.answer();
    assert!(done.text().contains("C'est fait"));
    fake.until_sessions(1, 1);
    office.bot.quiet();
    assert_eq!(thread.inside.with("suit ce dossier").len(), 1);
}

#[test]
fn a_session_is_resumed_when_discord_asks_for_it_and_begun_anew_when_it_is_no_good() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    fake.ask_reconnect();
    fake.until_sessions(1, 1);
    fake.invalidate(true);
    fake.until_sessions(1, 2);
    fake.close_sockets(4000);
    fake.until_sessions(1, 3);
    fake.invalidate(false);
    fake.until_sessions(2, 3);
    let answer = office.room.slash("statut", &[]).answer();
    assert!(answer.text().contains("ines.roux"));
    until("it is well", || {
        office.bot.ill("discord").is_none().then_some(())
    });
}

#[test]
fn a_restart_resumes_the_session_and_hears_what_was_said_meanwhile() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (_, thread) = office.deposit();
    office.bot.quiet();
    assert_eq!(office.bot.stop(), 0);
    fake.until_silent();
    fake.stop_clock();
    let asked = thread.inside.slash("suivre", &[]);
    office.bot.start();
    let done = asked.answer();
    assert!(done.text().contains("C'est fait"));
    fake.until_sessions(1, 1);
    assert_eq!(fake.sessions().0, 1, "no session was begun");

    // Without the session it is begun anew, and works as well.
    assert_eq!(office.bot.stop(), 0);
    fake.forget_sessions();
    office.bot.start();
    fake.until_sessions(2, 1);
    let answer = office.room.slash("statut", &[]).answer();
    assert!(answer.text().contains("ines.roux"));
}

#[test]
fn only_the_guilds_are_listened_to() {
    let fake = Fake::start();
    let _office = Office::open(&fake);
    let identified = fake.sent().into_iter().find(|sent| sent.op == 2).unwrap();
    assert_eq!(identified.data["intents"], 1);
    assert_eq!(identified.data["token"], "(not recorded)");
}

#[test]
fn what_one_person_says_is_done_in_order() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    let options = [("dossiers", json!(number.to_string()))];
    let mut asked = Vec::new();
    for _ in 0..6 {
        asked.push(office.room.slash("suivre", &options));
        asked.push(office.room.slash("ne-plus-suivre", &options));
    }
    for asked in asked {
        let answer = asked.answer();
        assert!(answer.text().contains("C'est fait"), "{}", answer.text());
    }
    office.bot.quiet();
    assert_eq!(thread.inside.with("suit ce dossier").len(), 6);
    assert_eq!(office.bot.count(LINA, "accepté"), 0);
}

#[test]
fn when_few_sessions_are_left_today_none_is_begun() {
    let fake = Fake::start();
    let guild = fake.guild("Préfecture");
    let mut bot = Bot::on(&fake, "");
    bot.bind(guild.channel("salle"), "");
    fake.remaining(5);
    bot.start();
    let why = until("the health says so", || {
        bot.ill("discord").filter(|why| why.contains("wait"))
    });
    assert!(why.contains("3600"), "{why}");
    assert_eq!(fake.sessions(), (0, 0));
    assert_eq!(
        fake.count("GET", "/gateway/bot"),
        1,
        "and it is not asked again at once"
    );
}

#[test]
fn who_begins_sessions_too_often_waits() {
    let fake = Fake::start();
    let guild = fake.guild("Préfecture");
    let mut bot = Bot::on(&fake, "");
    bot.bind(guild.channel("salle"), "");
    // As a daemon leaves it that has restarted once a second.
    let now = greffier::clock::now();
    let starts: Vec<_> = (0..30)
        .map(|number| (now - jiff::SignedDuration::from_secs(number)).to_string())
        .collect();
    let folder = bot.path().join("var/discord");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("starts.json"), json!(starts).to_string()).unwrap();
    bot.start();
    until("it waits", || {
        bot.log().contains("were begun too often").then_some(())
    });
    assert_eq!(fake.sessions(), (0, 0));
    // It stops at once all the same.
    assert_eq!(bot.stop(), 0);
}
