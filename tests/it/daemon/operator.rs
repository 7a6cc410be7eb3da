//! What the operator has: check, deposit, store, outbox.

use std::fs;
use std::process::Output;

use serde_json::json;

use super::desk::{Desk, INES, LINA, between, dossier};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let desk = Desk::closed();
    let well = desk.run(&["check"], b"");
    assert_eq!(well.status.code(), Some(0), "{}", err(&well));
    assert!(out(&well).contains("Everything is well."));

    let demarche = desk.path().join("demarches/102.toml");
    fs::write(
        &demarche,
        "number = 102\ntitre = \"Deux\"\nservise = \"DDT\"\n",
    )
    .unwrap();
    let bot = fs::read_to_string(desk.path().join("bot.toml")).unwrap();
    fs::write(
        desk.path().join("bot.toml"),
        bot.replace("\"salon\"", "\"salon\"\ndemarche = 7"),
    )
    .unwrap();
    let ill = desk.run(&["check"], b"");
    assert_eq!(ill.status.code(), Some(1));
    let said = err(&ill);
    assert!(
        said.contains("102.toml:3") && said.contains("servise"),
        "{said}"
    );
    fs::remove_file(demarche).unwrap();
    // The daemon does not start on it either.
    let run = desk.run(&["run", "--console", "off"], b"");
    assert_eq!(run.status.code(), Some(1));
    assert!(
        err(&run).contains("there is no démarche 7"),
        "{}",
        err(&run)
    );
}

#[test]
fn a_dossier_is_deposited_from_a_file_with_and_without_the_daemon() {
    let mut desk = Desk::closed();
    let file = desk.path().join("dossier.json");
    let mut body = dossier(LINA, "Nord");
    body["demarche"] = json!(101);
    body["fichiers"] = json!({ "plan": "plan-masse.pdf" });
    fs::write(desk.path().join("plan-masse.pdf"), "%PDF plan").unwrap();
    fs::write(&file, body.to_string()).unwrap();
    let deposit = |desk: &Desk| desk.run(&["deposit", "dossier.json"], b"");

    let alone = deposit(&desk);
    assert_eq!(
        (alone.status.code(), out(&alone).trim()),
        (Some(0), "1"),
        "{}",
        err(&alone)
    );
    desk.start();
    let through = deposit(&desk);
    assert_eq!(
        (through.status.code(), out(&through).trim()),
        (Some(0), "2"),
        "{}",
        err(&through)
    );
    desk.shown("Nouveau dossier n° 1");
    desk.shown("Nouveau dossier n° 2");
    desk.mail(LINA, "n° 1");
    desk.mail(LINA, "n° 2");
    assert!(desk.done("pieces 2", INES).contains("plan-masse.pdf"));

    assert_eq!(
        desk.run(&["deposit", "absent.json"], b"").status.code(),
        Some(66)
    );
    body["champs"] = json!({ "secteur": "Est" });
    fs::write(&file, body.to_string()).unwrap();
    let refused = deposit(&desk);
    assert_eq!(refused.status.code(), Some(65));
    assert!(
        err(&refused).contains("/champs/secteur") && err(&refused).contains("/champs/travaux"),
        "{}",
        err(&refused)
    );
    body["demarche"] = json!(999);
    fs::write(&file, body.to_string()).unwrap();
    assert_eq!(deposit(&desk).status.code(), Some(65));
    fs::write(&file, "{").unwrap();
    assert_eq!(deposit(&desk).status.code(), Some(65));
    assert_eq!(desk.command("n'importe quoi", INES).code, 1);
    assert_eq!(desk.run(&["mail", "deliver"], b" ").status.code(), Some(65));
}

#[test]
fn the_ledger_is_verified_exported_and_imported() {
    let mut desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    desk.done(&format!("suivre {number}"), INES);
    let mail = desk.mail(LINA, "n° 1");
    let reply = mail
        .answer(LINA, "Bonjour, voici.")
        .with_file("plan-masse.pdf", "%PDF plan");
    assert_eq!(desk.send(LINA, &mail.reply_to, &reply.text()), 250);
    desk.settled(0);
    let running = desk.run(&["store", "verify"], b"");
    assert_eq!(running.status.code(), Some(0), "{}", err(&running));
    assert!(out(&running).contains("1 dossiers"), "{}", out(&running));
    let live = desk.run(&["store", "export"], b"");
    assert_eq!(live.status.code(), Some(0), "{}", err(&live));
    assert_eq!(desk.stop(), 0);
    let backup = desk.run(&["store", "export"], b"");
    assert_eq!(backup.status.code(), Some(0), "{}", err(&backup));

    let mut other = Desk::closed();
    let taken = other.run(&["store", "import"], &backup.stdout);
    assert_eq!(taken.status.code(), Some(0), "{}", err(&taken));
    let verified = other.run(&["store", "verify"], b"");
    assert_eq!(verified.status.code(), Some(0), "{}", err(&verified));
    let again = other.run(&["store", "import"], &backup.stdout);
    assert_eq!(
        again.status.code(),
        Some(1),
        "a store that is not empty takes no backup"
    );
    other.start();
    assert!(
        other
            .done(&format!("messages {number}"), INES)
            .contains("voici")
    );
    assert!(
        other
            .done(&format!("pieces {number}"), INES)
            .contains("plan-masse.pdf")
    );
    other.settled(0);
    assert_eq!(other.mails(), [], "nothing is said again");
    let next = other.deposit(LINA, "Nord");
    assert_eq!(next, number + 1);
    assert_eq!(other.stop(), 0);

    let garbage = Desk::closed();
    let refused = garbage.run(&["store", "import"], b"{\"not\": \"a backup\"}\n");
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn what_could_not_be_sent_is_listed_and_sent_again() {
    let desk = Desk::closed();
    // A file where the folder should be: no mail can be written.
    fs::write(desk.path().join("mails"), "").unwrap();
    let mut desk = desk;
    desk.start();
    let number = desk.deposit(LINA, "Nord");
    desk.settled(1);
    let outbox = |arguments: &[&str]| desk.run(&[&["outbox"], arguments].concat(), b"");
    assert_eq!(
        out(&outbox(&["count"])),
        "0 to handle, 1 to send, 0 given up\n"
    );
    assert_eq!(out(&outbox(&["dead"])), "");
    desk.advance(49 * 3600);
    desk.shown("n'a pas pu être remis");
    let dead = outbox(&["dead"]);
    let row = out(&dead);
    assert_eq!(row.lines().count(), 1, "{row}");
    assert!(
        row.contains(&format!("mail\tdossier {number}")) && !row.contains(LINA),
        "{row}"
    );
    let id = row.split('\t').next().unwrap();

    assert_eq!(outbox(&["forget", "9999"]).status.code(), Some(1));
    assert_eq!(outbox(&["replay", "9999"]).status.code(), Some(1));
    fs::remove_file(desk.path().join("mails")).unwrap();
    assert_eq!(outbox(&["replay", id]).status.code(), Some(0));
    desk.mail(LINA, "n° 1");
    desk.settled(0);
    assert_eq!(
        outbox(&["replay", id]).status.code(),
        Some(1),
        "it is not there any more"
    );
    assert_eq!(outbox(&["replay", "--all"]).status.code(), Some(0));
    assert_eq!(out(&outbox(&["dead"])), "");
    assert_eq!(outbox(&["replay"]).status.code(), Some(2), "which one?");
}

#[test]
fn a_file_of_a_dossier_is_where_the_shell_says() {
    let desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    let content = b"%PDF-1.7 un plan";
    let file = desk.path().join("plan.pdf");
    fs::write(&file, content).unwrap();
    desk.done(&format!("suivre {number}"), INES);
    let message = desk.command_with(&format!("message {number} Voici."), INES, &[&file]);
    assert_eq!(message.code, 0, "{}", message.text);
    let said = desk.done(&format!("piece {number} 1"), INES);
    let place = between(&said, "plan.pdf (16 octets) · messagerie, dans ", "\n");
    let place = place.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(fs::read(place).unwrap(), content);
    let none = desk.refused(&format!("piece {number} 2"), INES);
    assert!(none.contains("il en a 1"), "{none}");
}
