//! Slash commands: registered once, completed, filled in, chosen from lists; buttons that outlive the daemon.

use serde_json::json;

use super::fake::Fake;
use super::scene::{Bot, Office};
use crate::daemon::desk::{LINA, ROSE};

#[test]
fn commands_are_those_of_the_catalogue_and_registered_only_when_they_change() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let registered = || {
        let requests = fake.requests();
        let puts = requests
            .iter()
            .filter(|it| it.method == "PUT" && it.path.ends_with("/commands"));
        puts.count()
    };
    let commands = fake.commands(None);
    let catalogue = greffier::command::Catalogue::embedded();
    assert_eq!(commands.len(), catalogue.specs().len());
    for spec in catalogue.specs() {
        let found = commands
            .iter()
            .find(|command| command["name"] == spec.slug());
        assert_eq!(found.unwrap()["description"], spec.help, "{}", spec.name);
    }
    assert_eq!(registered(), 1);
    assert_eq!(office.bot.stop(), 0);
    office.bot.start();
    fake.until_sessions(1, 1);
    assert_eq!(registered(), 1, "nothing has changed");

    // A command of one's own: one file, and nothing else.
    assert_eq!(office.bot.stop(), 0);
    std::fs::create_dir(office.bot.path().join("own")).unwrap();
    let own = "name = \"bonjour\"\nfamily = \"start\"\nhelp = \"Dit qui vous êtes\"\nexamples = [\"bonjour\"]\nright = \"anyone\"\ndo = \"status\"\n";
    std::fs::write(office.bot.path().join("own/bonjour.toml"), own).unwrap();
    let file = office.bot.path().join("bot.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        config.replacen("[greffier]", "[greffier]\ncommands = \"own\"", 1),
    )
    .unwrap();
    office.bot.start();
    fake.until_sessions(1, 2);
    assert_eq!(registered(), 2);
    let answer = office.room.slash("bonjour", &[]).answer();
    assert!(answer.text().contains("ines.roux"), "{}", answer.text());
}

#[test]
fn everybody_may_link_and_only_those_who_may_speak_are_offered_more() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let guest = office.guild.member("visiteuse");
    office.guild.overwrite(
        office.channel,
        guest.id,
        0,
        super::fake::permission::SEND_MESSAGES,
    );
    let seat = guest.at(office.channel);
    assert!(seat.offers("lier") && !seat.offers("accepter"));
    assert!(office.room.offers("accepter"));
    // A floor is no right: who is linked to nobody is refused by Greffier.
    let stranger = office.guild.member("inconnu").at(office.channel);
    let (number, _) = office.deposit();
    let refused = stranger.slash("suivre", &[("dossiers", json!(number.to_string()))]);
    assert!(refused.answer().text().contains("pas encore relié"));
    assert!(stranger.complete("suivre", &[], "dossiers", "").is_empty());
    office.bot.quiet();
    assert!(
        !office
            .bot
            .done(&format!("dossier {number}"), crate::daemon::desk::INES)
            .contains("Suivi par")
    );
}

#[test]
fn what_is_typed_is_completed_with_what_the_person_may_see() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (number, _) = office.deposit();
    let south = office.bot.deposit(LINA, "Sud");
    let rose = office.colleague("rose", ROSE);
    let values = |choices: Vec<(String, serde_json::Value)>| {
        let values = choices
            .into_iter()
            .map(|(_, value)| value.as_str().unwrap().to_owned());
        values.collect::<Vec<_>>()
    };
    let of = |room: &super::fake::room::Room<'_>, typed: &str| {
        values(room.complete("dossier", &[], "dossier", typed))
    };
    for typed in ["", &number.to_string(), "MORÉAU", "construction"] {
        assert_eq!(of(&office.room, typed), [number.to_string()], "{typed}");
        if typed != number.to_string() {
            assert_eq!(of(&rose, typed), [south.to_string()], "{typed}");
        }
    }
    assert!(of(&office.room, "dupont").is_empty());
    assert!(of(&rose, &number.to_string()).is_empty());
    // The last of several numbers.
    let listed = office.room.complete("suivre", &[], "dossiers", "99, mor");
    assert_eq!(values(listed), [format!("99, {number}")]);
    assert_eq!(
        values(office.room.complete("dossiers", &[], "onglet", "suiv")),
        ["à suivre", "suivis"]
    );
    let groups = office.room.complete("reaffecter", &[], "groupe", "s");
    assert_eq!(values(groups), ["Sud"]);
    let demarches = office.room.complete("dossiers", &[], "demarche", "démolir");
    assert_eq!(values(demarches), ["101"]);
    let commands = office.room.complete("aide", &[], "commande", "avis d");
    assert!(!commands.is_empty());
}

#[test]
fn a_list_offers_to_choose_one() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (first, _) = office.deposit();
    let (second, _) = office.deposit();
    let list = office.room.slash("dossiers", &[]).answer();
    assert!(list.ephemeral);
    let labels = list.options();
    assert_eq!(labels.len(), 2, "{labels:?}");
    assert!(labels.iter().all(|(label, _)| label.contains("Moreau")));
    let (_, value) = labels
        .iter()
        .find(|(label, _)| label.contains(&format!("n° {second} ")))
        .unwrap();
    let shown = office.room.select(list.id, "v1", &[value]).answer();
    assert!(shown.ephemeral && shown.text().contains(&format!("Dossier n° {second}")));
    assert!(!shown.text().contains(&format!("Dossier n° {first}")));
    // The list stays: one may choose again.
    assert_eq!(office.room.message(list.id).unwrap().options().len(), 2);
}

#[test]
fn buttons_and_forms_work_after_a_restart() {
    let fake = Fake::start();
    let mut office = Office::open(&fake);
    let (number, thread) = office.deposit();
    let open = office
        .room
        .slash("message", &[("dossiers", json!(number.to_string()))]);
    open.modal();
    let file = office
        .ines
        .file("modele.pdf", "application/pdf", b"%PDF modele");
    let with_file = office.room.slash(
        "message",
        &[("dossiers", json!(number.to_string())), ("fichier", file)],
    );
    with_file.modal();
    let preview = office
        .room
        .slash(
            "accepter",
            &[
                ("dossiers", json!(number.to_string())),
                ("motivation", json!("Conforme.")),
            ],
        )
        .answer();
    office.bot.quiet();
    office.bot.kill();
    office.bot.start();
    fake.until_sessions(1, 1);
    let done = open
        .submit(&[("texte", json!("Un premier message."))])
        .answer();
    assert!(done.text().contains("annuler"), "{}", done.text());
    let done = with_file
        .submit(&[("texte", json!("Un second message."))])
        .answer();
    assert!(done.text().contains("annuler"), "{}", done.text());
    thread.shown("modele.pdf");
    let seen = office.room.press(thread.card.id, "Voir").answer();
    assert!(seen.text().contains("Dossier n°"), "{}", seen.text());
    office.room.press(preview.id, "Confirmer");
    office
        .room
        .find(0, "what came of the confirmation", |seen| {
            (seen.id == preview.id && seen.text().contains("C'est fait")).then_some(())
        });
    office.bot.mail(LINA, "a été accepté");
}

#[test]
fn a_button_of_another_time_is_answered_kindly() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let (_, thread) = office.deposit();
    fake.with(|world| {
        let message = world.messages.get_mut(&thread.card.id).unwrap();
        message.text.components[0]["components"][0]["custom_id"] = json!("v0:suivre");
    });
    let answer = office.room.press(thread.card.id, "Suivre").answer();
    assert!(
        answer.ephemeral && answer.text().contains("version précédente"),
        "{}",
        answer.text()
    );
}

#[test]
fn greffier_obeys_in_the_servers_that_are_named() {
    let fake = Fake::start();
    let guild = fake.guild("Ailleurs");
    let channel = guild.channel("salle");
    let ines = guild.member("ines");
    let mut bot = Bot::on(&fake, "guilds = [\"1234\"]");
    bot.start();
    fake.until_sessions(1, 0);
    fake.until_commands(None);
    let answer = ines.at(channel).slash("statut", &[]).answer();
    assert!(
        answer.ephemeral && answer.text().contains("ce serveur"),
        "{}",
        answer.text()
    );
}
