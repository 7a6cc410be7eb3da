//! What Discord is shown: as little as possible, unless somebody has decided otherwise.

use serde_json::json;

use super::fake::Fake;
use super::scene::{Bot, Office};
use crate::daemon::desk::{ABF, LINA, PAUL};

/// Words of the dossier that Discord must not be shown.
const PERSONAL: [&str; 5] = ["Moreau", "Lina", "colombage", "courriel.example", "Grange"];

/// Everything that was sent to Discord, but what people typed themselves.
fn shown(fake: &Fake) -> String {
    let requests = fake.requests();
    let bodies = requests.iter().map(|request| request.body.to_string());
    bodies.collect::<Vec<_>>().join("\n")
}

/// She chooses to be told of that in private as well.
fn told_in_private(office: &Office<'_>, what: &str) {
    let choice = [("choix", json!(what)), ("valeur", json!("oui"))];
    office.room.slash("notifications", &choice).answer();
}

#[test]
fn by_default_discord_is_shown_numbers_and_states() {
    let fake = Fake::start();
    let office = Office::open_with(&fake, "", "");
    let (number, thread) = office.deposit();
    assert_eq!(thread.card.content, format!("📝 Dossier n° {number}"));
    office.room.press(thread.card.id, "Suivre").answer();
    told_in_private(&office, "message");
    // Private messages to somebody who follows it, lists, and what is completed, show no more.
    let mail = office.bot.mail(LINA, "Permis de démolir");
    let answer = mail.answer(LINA, "Voici la photographie du colombage.");
    assert_eq!(office.bot.send(LINA, &mail.reply_to, &answer.text()), 250);
    office.ines.direct().shown(0, &format!("n° {number}"));
    for command in ["dossiers", "messages", "dossier", "historique"] {
        let options = [("dossier", json!(number.to_string()))];
        let options: &[_] = if command == "dossiers" { &[] } else { &options };
        for seat in [office.room, office.ines.direct()] {
            let answer = seat.slash(command, options).answer();
            // Nobody is sent where he would be shown no more.
            assert!(
                !answer.text().contains("en message privé"),
                "{}",
                answer.text()
            );
        }
    }
    let choices = office.room.complete("dossier", &[], "dossier", "moreau");
    assert_eq!(choices.len(), 1, "it is found by what is not shown");
    assert!(!choices[0].0.contains("Moreau"), "{choices:?}");
    office.bot.quiet();
    let shown = shown(&fake);
    for word in PERSONAL {
        assert!(!shown.contains(word), "{word} was shown to Discord");
    }
}

#[test]
fn raising_it_must_be_acknowledged() {
    let fake = Fake::start();
    for (discord, room) in [("", "privacy = \"full\""), ("direct = \"standard\"", "")] {
        let bot = Bot::on(&fake, discord);
        bot.bind(7, room);
        let checked = bot.run(&["check"], b"");
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert_eq!(checked.status.code(), Some(1), "{said}");
        assert!(said.contains("privacy_acknowledged"), "{said}");
        let run = bot.run(&["run"], b"");
        assert_eq!(run.status.code(), Some(1), "it starts all the same");
    }
    let bot = Bot::on(&fake, "direct = \"full\"\nprivacy_acknowledged = true");
    bot.bind(7, "privacy = \"full\"");
    assert_eq!(bot.run(&["check"], b"").status.code(), Some(0));
    assert!(fake.requests().is_empty());
}

#[test]
fn another_api_than_discords_is_refused_away_from_this_machine() {
    let fake = Fake::start();
    let bot = Bot::on(&fake, "");
    let file = bot.path().join("bot.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config.replace(
        &format!("http://{}", fake.address()),
        "https://discord.example",
    );
    std::fs::write(&file, config).unwrap();
    let run = bot.run(&["run"], b"");
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("loopback"));
}

#[test]
fn what_is_personal_is_seen_by_one_person() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let paul = office.colleague("paul", PAUL);
    let (number, thread) = office.deposit();
    let options = [("dossier", json!(number.to_string()))];
    for command in ["dossier", "messages", "historique", "personnes"] {
        let answer = office.room.slash(command, &options).answer();
        assert!(answer.ephemeral, "{command}");
        assert!(paul.message(answer.id).is_none(), "{command}");
    }
    for command in ["statut", "aide", "demarches", "notifications"] {
        assert!(
            office.room.slash(command, &[]).answer().ephemeral,
            "{command}"
        );
    }
    // What the team should see is seen.
    let done = thread.inside.slash("suivre", &[]).answer();
    assert!(!done.ephemeral);
    assert!(paul.thread(thread.card.id).message(done.id).is_some());
}

#[test]
fn private_messages_reach_those_who_take_them_and_others_are_told() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, thread) = office.deposit();
    thread.inside.slash("suivre", &[]).answer();
    office.ines.takes_direct(false);
    // Of the dossiers of another room the answer is given in private.
    let elsewhere = office.guild.channel("autre");
    let lost = office
        .ines
        .at(elsewhere)
        .slash("dossier", &[("dossier", json!(number.to_string()))]);
    let told = lost.answer();
    assert!(told.text().contains("en privé"), "{}", told.text());
    lost.find("that private messages are closed", |it| {
        (!it.followups.is_empty()).then_some(())
    });
    let followup = lost.followups().remove(0);
    assert!(followup.ephemeral && followup.text().contains("messages privés sont fermés"));
    office.bot.quiet();
    let dead = office.bot.run(&["outbox", "dead"], b"");
    let dead = String::from_utf8_lossy(&dead.stdout).into_owned();
    assert!(dead.contains("no private messages"), "{dead}");

    office.ines.takes_direct(true);
    told_in_private(&office, "avis");
    thread
        .inside
        .slash(
            "avis-demander",
            &[("experts", json!(ABF)), ("texte", json!("Un avis ?"))],
        )
        .answer();
    let mail = office.bot.mail(ABF, "Un avis ?");
    let answer = mail.answer(ABF, "Favorable.");
    assert_eq!(office.bot.send(ABF, &mail.reply_to, &answer.text()), 250);
    office.ines.direct().shown(0, "Favorable.");
}
