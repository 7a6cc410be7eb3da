//! The device: kept, lost, made anew, thrown out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::client::People;
use super::proxy::Proxy;
use super::scene::{Bot, Office};
use crate::daemon::desk::until;
use crate::daemon::web;
use crate::servers::synapse::shared_synapse;

/// The devices of Greffier's account, each with whether its owner has signed it.
fn devices(office: &Office<'_>) -> Map<String, Value> {
    let request = json!({ "do": "devices", "user": office.bot.id });
    office.ines.ask(request).as_object().unwrap().clone()
}

/// Says a line in the room and waits for the answer.
fn answers(office: &Office<'_>) {
    let mark = office.room.mark();
    office.room.say("!statut");
    office.room.shown(mark, "à envoyer");
}

#[test]
fn its_device_is_signed_and_stays_the_same() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "signe", true);
    let first = devices(&office);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(first.values().all(|signed| *signed == true), "{first:?}");
    for kill in [false, true] {
        if kill {
            office.bot.kill();
        } else {
            assert_eq!(office.bot.stop(), 0);
        }
        office.bot.start();
        answers(&office);
        assert_eq!(devices(&office), first);
    }
    let status = office.bot.run(&["matrix", "status"], b"");
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert_eq!(status.status.code(), Some(0), "{said}");
    assert!(first.keys().all(|device| said.contains(device)), "{said}");
    // Secrets are their owner's alone, and stand nowhere else.
    let secrets = office.bot.path().join("var/secrets");
    for name in ["matrix-passphrase", "matrix-recovery-key"] {
        let file = secrets.join(name);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
        let secret = fs::read_to_string(file).unwrap();
        assert!(
            !office.bot.log().contains(secret.trim()),
            "{name} stands in the log"
        );
    }
}

#[test]
fn a_lost_device_is_made_anew_with_the_recovery_key() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "perdu", true);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    office.bot.quiet();
    assert_eq!(office.bot.stop(), 0);
    fs::remove_dir_all(office.bot.path().join("var/matrix")).unwrap();
    office.bot.start();
    until("another device, signed", || {
        let devices = devices(&office);
        let signed = devices.values().filter(|signed| **signed == true).count();
        (devices.len() == 2 && signed == 2).then_some(())
    });
    let line = thread.say("!instruire");
    office.room.reacted(&line, "✅");
    thread.becomes("En instruction");
    office.bot.quiet();
    assert_eq!(
        office.room.with("suit ce dossier").len(),
        1,
        "what was done is not done again"
    );
    assert!(office.room.timeline().iter().all(|seen| !seen.sealed));
}

#[test]
fn without_the_recovery_key_it_does_not_go_on_half_deaf() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "sansclef", true);
    assert_eq!(office.bot.stop(), 0);
    let secrets = office.bot.path().join("var/secrets");
    let key = fs::read_to_string(secrets.join("matrix-recovery-key")).unwrap();
    fs::remove_file(secrets.join("matrix-recovery-key")).unwrap();
    fs::remove_dir_all(office.bot.path().join("var/matrix")).unwrap();
    refused(&office.bot, "matrix recover");
    // With the key in the operator's hand it is.
    let recovered = office.bot.run(&["matrix", "recover"], key.as_bytes());
    assert_eq!(recovered.status.code(), Some(0), "{recovered:?}");
    office.bot.start();
    until("another device, signed", || {
        let devices = devices(&office);
        let signed = devices.values().filter(|signed| **signed == true);
        (signed.count() >= 2).then_some(())
    });
    // Whoever speaks before the new device has published its keys has to say it again.
    for _ in 0..4 {
        office.room.say("!statut");
        for _ in 0..30 {
            if !office.room.with("à envoyer").is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(500));
        }
    }
    panic!("nothing is answered: {:?}", office.room.timeline());
}

#[test]
fn half_a_device_is_refused() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "moitie", true);
    assert_eq!(office.bot.stop(), 0);
    let store = office.bot.path().join("var/matrix/store");
    let away = office.bot.path().join("var/ailleurs");
    fs::rename(&store, &away).unwrap();
    refused(&office.bot, "not its keys");
    fs::rename(&away, &store).unwrap();
    office.bot.start();
    answers(&office);
}

#[test]
fn a_wrong_password_is_said_and_not_tried_for_ever() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut bot = Bot::on(server, &people, "greffier-mdp");
    let right = fs::read(bot.path().join("matrix-password")).unwrap();
    let proxy = Proxy::before(server.url());
    bot.reconfigure(server.url(), &proxy.url());
    fs::write(bot.path().join("matrix-password"), "autre chose").unwrap();
    bot.start();
    until("it says that the password is refused", || {
        unready(&bot).then_some(())
    });
    until("and logs it", || {
        bot.log().contains("refuses the account").then_some(())
    });
    let tries = proxy
        .seen()
        .iter()
        .filter(|(request, _)| request.path.ends_with("/login") && request.method == "POST")
        .count();
    assert!(tries <= 3, "{tries} tries would lock the account");
    // Everything else works meanwhile.
    bot.deposit(crate::daemon::desk::LINA, "Nord");
    assert_eq!(bot.stop(), 0);
    fs::write(bot.path().join("matrix-password"), right).unwrap();
    bot.start();
    until("it is well", || (!unready(&bot)).then_some(()));
}

#[test]
fn a_device_that_is_thrown_out_says_so() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "exclu", true);
    let admin = people.administrator("admin-exclu");
    let device = devices(&office).keys().next().unwrap().clone();
    let path = format!(
        "/_synapse/admin/v2/users/{}/devices/{device}",
        office.bot.id
    );
    admin.request("DELETE", &path, &json!({}));
    until("it says that its device is gone", || {
        (!office.bot.lives() || unready(&office.bot)).then_some(())
    });
    let log = office.bot.log();
    assert!(
        log.contains("logged out") || log.contains("matrix login"),
        "{log}"
    );
}

#[test]
fn an_administrateur_verifies_it_by_emoji() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open_with(server, &people, "emoji", true, |bot| {
        let ines = bot.id.replace("greffier-emoji", "ines-emoji");
        bot.reconfigure(
            "pace_ms = 0\n",
            &format!("pace_ms = 0\nadministrateurs = [\"{ines}\"]\n"),
        );
    });
    let request = json!({ "do": "verify", "room": office.direct.id, "user": office.bot.id });
    let emojis = office.ines.ask(request);
    let shown: Vec<&str> = emojis
        .as_array()
        .unwrap()
        .iter()
        .map(|emoji| emoji[0].as_str().unwrap())
        .collect();
    assert_eq!(shown.len(), 7);
    let log = office.bot.log();
    let told = log
        .lines()
        .find(|line| line.contains("administrateur must see"))
        .expect("emoji in the log");
    let mut rest = told;
    for emoji in shown {
        // With or without the mark that asks for a picture.
        let emoji = emoji.trim_end_matches('\u{fe0f}');
        let at = rest
            .find(emoji)
            .unwrap_or_else(|| panic!("{emoji} is not next in {told}"));
        rest = &rest[at + emoji.len()..];
    }
    until("it is done on its side", || {
        office
            .bot
            .log()
            .contains("is verified by an administrateur")
            .then_some(())
    });
}

/// Whether it says that something does not work.
fn unready(bot: &Bot) -> bool {
    web::get(bot.http(), "/readyz").is_none_or(|reply| reply.status != 200)
}

/// The daemon does not start, and says why and what to do.
fn refused(bot: &Bot, why: &str) {
    let run = bot.run(&["run", "--console", "off"], b"");
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{said}");
}
