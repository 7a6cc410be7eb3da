//! Dossiers and mails that would ping, format, mislead or overflow.

use serde_json::json;

use super::fake::Fake;
use super::scene::Office;
use crate::daemon::desk::{LINA, dossier};

#[test]
fn what_comes_from_outside_pings_nobody_and_formats_nothing() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let mut body = dossier(LINA, "Nord");
    let hostile = format!(
        "@everyone @here <@{0}> <@&{0}> <#{0}> </suivre:1> **gras** ||caché|| `code` [la mairie](https://evil.example) # titre\n> cité\n```\nbloc",
        office.ines.id
    );
    body["demandeur"]["nom"] = json!("@everyone [x](https://evil.example) *_~`|>#");
    body["champs"]["travaux"] = json!(hostile);
    let reply = office.bot.post("hostile", &body).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let number = reply.json()["dossier"].as_u64().unwrap();
    let thread = super::scene::Thread::of(&office.room, number);
    let shown = office
        .room
        .slash("dossier", &[("dossier", json!(number.to_string()))])
        .answer();
    let mail = office.bot.mail(LINA, "Permis de démolir");
    let answer = mail.answer(LINA, &hostile);
    assert_eq!(office.bot.send(LINA, &mail.reply_to, &answer.text()), 250);
    thread.shown("caché");
    office.bot.quiet();
    let mut all = thread.inside.timeline();
    all.extend(office.room.timeline());
    all.push(shown);
    for seen in &all {
        assert!(!seen.rung.everyone && seen.rung.users.is_empty() && seen.rung.roles.is_empty());
        let text = seen.text();
        for raw in ["@everyone", "@here", "<@", "<#", "</suivre"] {
            // What is shown has something in between that is not seen, or is escaped.
            let bare = text
                .match_indices(raw)
                .any(|(at, _)| !text[..at].ends_with('\\'));
            assert!(!bare, "{raw} in {text}");
        }
        assert!(
            !text.contains("](https://evil.example)") || text.contains("\\]"),
            "{text}"
        );
        assert!(!text.contains("```\nbloc"), "{text}");
    }
    for request in fake.requests() {
        if request.method == "POST" && request.path.ends_with("/messages") {
            assert_eq!(request.body["allowed_mentions"]["parse"], json!([]));
            assert_eq!(request.body["enforce_nonce"], true);
        }
    }
}

#[test]
fn what_is_long_comes_in_pages_that_discord_takes() {
    let fake = Fake::start();
    let office = Office::open(&fake);
    let mut body = dossier(LINA, "Nord");
    body["champs"]["travaux"] = json!("*Démolir* la grange <à colombages> ".repeat(60));
    let reply = office.bot.post("long", &body).unwrap();
    assert_eq!(reply.status, 201, "{}", reply.body);
    let number = reply.json()["dossier"].as_u64().unwrap();
    let thread = super::scene::Thread::of(&office.room, number);
    let mail = office.bot.mail(LINA, "Permis de démolir");
    let long = "Une ligne *très* longue_ de l'usagère, avec <des> marques.\n".repeat(120);
    let answer = mail.answer(LINA, &format!("Début.\n\n{long}\nFin."));
    assert_eq!(office.bot.send(LINA, &mail.reply_to, &answer.text()), 250);
    thread.shown("Début.");
    let help = office.room.slash("aide", &[]);
    let first = help.answer();
    office.bot.quiet();
    assert!(
        !help.followups().is_empty(),
        "the help is short: {}",
        first.text()
    );
    assert!(help.followups().iter().all(|seen| seen.ephemeral));
    for request in fake.requests() {
        assert!(
            request.status < 400 || request.code == 10_003,
            "{request:?}"
        );
    }
}
