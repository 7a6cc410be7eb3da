//! How Greffier comes into its account: an access token, a password in a file.

use std::fs;

use serde_json::json;

use super::client::People;
use super::scene::{Bot, Office, PASSWORD};
use crate::daemon::desk::INES;
use crate::servers::synapse::shared_synapse;

/// The local part of the account.
fn local(bot: &Bot) -> &str {
    let id = bot.id.trim_start_matches('@');
    id.split(':').next().unwrap()
}

/// `bot.toml` with a token in the place of the password.
fn with_token(bot: &Bot, token: &str) {
    bot.reconfigure(
        "password_file = \"matrix-password\"",
        "token_file = \"matrix-token\"",
    );
    fs::remove_file(bot.path().join("matrix-password")).unwrap();
    fs::write(bot.path().join("matrix-token"), format!("{token}\n")).unwrap();
}

/// The daemon does not start, and says why.
fn refused(bot: &Bot, why: &[&str]) {
    let run = bot.run(&["run", "--console", "off"], b"");
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{said}");
    for why in why {
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_token_made_for_it_is_enough() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open_with(server, &people, "jeton-seul", true, |bot| {
        let request = json!({ "do": "token", "user": local(bot), "password": PASSWORD });
        with_token(bot, people.ask(&request).as_str().unwrap());
    });
    let (number, thread) = office.deposit();
    let line = thread.say("!suivre");
    office.room.reacted(&line, "✅");
    // From its own session afterwards, whatever becomes of the file.
    assert_eq!(office.bot.stop(), 0);
    fs::remove_file(office.bot.path().join("matrix-token")).unwrap();
    office.bot.start();
    let mark = office.room.mark();
    office.room.say(&format!("!dossier {number}"));
    assert!(office.room.shown(mark, "Secteur").encrypted);
    let devices = office
        .ines
        .ask(json!({ "do": "devices", "user": office.bot.id }));
    let devices = devices.as_object().unwrap();
    assert_eq!(devices.len(), 1, "{devices:?}");
    assert!(devices.values().all(|signed| *signed == true));
}

#[test]
fn a_token_whose_device_is_another_programs_is_refused() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut bot = Bot::on(server, &people, "greffier-emprunt");
    bot.sits_in_for(&people, "clerk-emprunt");
    let token = people.ask(&json!({ "do": "own_token", "as": "clerk-emprunt" }));
    with_token(&bot, token.as_str().unwrap());
    for _ in 0..2 {
        refused(
            &bot,
            &["another program", "Make a token for Greffier alone"],
        );
    }
    // With one of its own it goes on where it was refused.
    let request = json!({ "do": "token", "user": local(&bot), "password": PASSWORD });
    let token = people.ask(&request);
    fs::write(bot.path().join("matrix-token"), token.as_str().unwrap()).unwrap();
    bot.start();
    let ines = people.person("ines-emprunt");
    // The other program takes invitations as well: it is Greffier who answers.
    bot.link(&ines, INES);
}

#[test]
fn a_token_that_is_nobodys_is_refused() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut bot = Bot::on(server, &people, "greffier-faux");
    with_token(&bot, "syt_faux");
    bot.start();
    crate::daemon::desk::until("it says what must be done", || {
        let reply = crate::daemon::web::get(bot.http(), "/readyz")?;
        (reply.status != 200 && reply.body.contains("token")).then_some(())
    });
    assert!(
        !bot.log().contains("syt_faux"),
        "the token stands in the log"
    );
}

#[test]
fn a_secret_that_is_missing_or_empty_is_said() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let bot = Bot::on(server, &people, "greffier-vide");
    let file = bot.path().join("matrix-password");
    let password = fs::read(&file).unwrap();
    fs::write(&file, " \n").unwrap();
    refused(&bot, &["matrix-password", "is empty"]);
    fs::remove_file(&file).unwrap();
    refused(&bot, &["matrix-password", "Cannot read"]);
    bot.reconfigure("password_file = \"matrix-password\"\n", "");
    refused(&bot, &["password_file or token_file"]);
    bot.reconfigure(
        "pace_ms = 0\n",
        "password_file = \"matrix-password\"\npace_ms = 0\n",
    );
    fs::write(&file, password).unwrap();
    let mut bot = bot;
    bot.start();
    let ines = people.person("ines-vide");
    let room = ines.create(true, &[&bot.id]);
    bot.comes(&room);
}
