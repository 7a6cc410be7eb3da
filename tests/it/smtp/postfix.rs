//! The circle: Greffier, Postfix, a mailbox somewhere, Postfix, Greffier.

use std::fs;

use super::fake::Fake;
use crate::daemon::desk::{Desk, LINA, between, until};
use crate::daemon::post::{Mail, Smtp};
use crate::daemon::web;
use crate::servers::postfix;
use crate::servers::postfix::Postfix;

const DOMAIN: &str = "greffier.example";

/// Greffier between a Postfix and the world, where every other mailbox is.
struct Circle {
    desk: Desk,
    postfix: Postfix,
    world: Fake,
}

impl Circle {
    /// A daemon that submits with STARTTLS, or with TLS from the start, and hears by LMTP.
    fn new(security: &str) -> Option<Self> {
        let world = Fake::new(&[("EHLO", &["250-ailleurs.example\r\n250-DSN\r\n250 8BITMIME"])]);
        let postfix = postfix(DOMAIN, world.address)?;
        let port = match security {
            "tls" => postfix.tls_port(),
            _ => postfix.port(),
        };
        let mut desk = Desk::closed();
        let path = desk.path().join("bot.toml");
        let (listener, smtp) = (
            format!("[listener]\nlmtp = \"{}\"", postfix.lmtp()),
            format!(
                "\n[smtp]\nhost = \"{}\"\nport = {port}\nsecurity = \"{security}\"\nca_file = \"{}\"\n",
                postfix.host(),
                postfix.certificate().display()
            ),
        );
        let config = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            config.replace("[listener]", &listener) + smtp.as_str(),
        )
        .unwrap();
        desk.start();
        Some(Self {
            desk,
            postfix,
            world,
        })
    }

    /// The first mail that has reached the world for `to`, with the MAIL line that it came with.
    fn received(&self, to: &str) -> (Mail, String) {
        until(&format!("a mail to {to}"), || {
            let given = self.world.given().into_iter().find(|given| {
                let rcpt = format!("RCPT TO:<{to}>");
                given.taken && given.rcpt.iter().any(|line| line.starts_with(&rcpt))
            })?;
            let mail = Mail::read(String::new(), given.content.as_bytes());
            Some((
                mail,
                format!(
                    "{}\n{}\n{}",
                    given.mail,
                    given.rcpt.join("\n"),
                    given.content
                ),
            ))
        })
    }

    /// What somebody's mail program hands to Postfix.
    fn send(&self, from: &str, to: &[&str], mail: &str) {
        let mut smtp = Smtp::connect(&self.postfix.submission()).unwrap();
        assert_eq!(smtp.say(&format!("MAIL FROM:<{from}>")), Some(250));
        for to in to {
            assert_eq!(smtp.say(&format!("RCPT TO:<{to}>")), Some(250));
        }
        assert_eq!(smtp.say("DATA"), Some(354));
        smtp.write(mail).unwrap();
        assert_eq!(smtp.say("."), Some(250));
    }
}

#[test]
fn a_reply_comes_back_through_postfix() {
    for security in ["starttls", "tls"] {
        let Some(circle) = Circle::new(security) else {
            return;
        };
        circle.desk.deposit(LINA, "Nord");
        let (mail, whole) = circle.received(LINA);
        // Taken over TLS, with the reply address for bounces and a name for reports.
        assert!(whole.contains("with ESMTPS id"), "{whole}");
        let envelope = format!("MAIL FROM:<{}>", mail.reply_to);
        assert!(whole.starts_with(&envelope), "{whole}");
        assert!(
            whole.contains(&format!(" ENVID={}", mail.message_id)),
            "{whole}"
        );
        assert!(whole.contains(" NOTIFY=FAILURE,DELAY"), "{whole}");
        let reply = mail.answer(LINA, "Voici la suite.");
        circle.send(LINA, &[&mail.reply_to], &reply.text());
        circle.desk.shown("Voici la suite.");
        circle.postfix.logged(&["/lmtp[", "status=sent", "250"]);
        circle.desk.settled(0);
    }
}

#[test]
fn each_recipient_has_an_answer_of_its_own() {
    let Some(circle) = Circle::new("starttls") else {
        return;
    };
    circle.desk.deposit(LINA, "Nord");
    let (mail, _) = circle.received(LINA);
    let nobody = format!("personne@{DOMAIN}");
    let reply = mail.answer(LINA, "Pour vous seuls.");
    circle.send(LINA, &[&nobody, &mail.reply_to], &reply.text());
    circle.desk.shown("Pour vous seuls.");
    circle.postfix.logged(&[&nobody, "status=bounced"]);
    circle.postfix.logged(&["reponse+", "status=sent"]);
    // Postfix tells the one who wrote.
    until("the report of delivery", || {
        let given = circle.world.given();
        given
            .into_iter()
            .find(|given| given.mail.starts_with("MAIL FROM:<>") && given.content.contains(&nobody))
    });
}

#[test]
fn a_mail_waits_in_postfix_while_greffier_cannot_take_it() {
    let Some(mut circle) = Circle::new("starttls") else {
        return;
    };
    circle.desk.deposit(LINA, "Nord");
    let (mail, _) = circle.received(LINA);
    // The shelf cannot be written: 451, and the mail stays where it is.
    let shelf = circle.desk.path().join("var/store/pieces");
    let away = circle.desk.path().join("var/store/away");
    fs::rename(&shelf, &away).unwrap();
    fs::write(&shelf, "").unwrap();
    let reply = mail.answer(LINA, "Premier envoi.");
    circle.send(LINA, &[&mail.reply_to], &reply.text());
    circle.postfix.logged(&["status=deferred", "451"]);
    assert!(!circle.desk.room().contains("Premier envoi."));
    fs::remove_file(&shelf).unwrap();
    fs::rename(&away, &shelf).unwrap();
    circle.desk.shown("Premier envoi.");
    // Greffier is not there at all.
    assert_eq!(circle.desk.stop(), 0);
    let reply = mail.answer(LINA, "Second envoi.");
    circle.send(LINA, &[&mail.reply_to], &reply.text());
    circle.postfix.logged(&["status=deferred", "refused"]);
    circle.desk.start();
    let room = circle.desk.shown("Second envoi.");
    assert_eq!(room.matches("Premier envoi.").count(), 1, "{room}");
    assert_eq!(room.matches("Second envoi.").count(), 1, "{room}");
}

#[test]
fn a_mail_waits_in_greffier_while_postfix_is_away() {
    let Some(circle) = Circle::new("starttls") else {
        return;
    };
    circle.postfix.stop();
    circle.desk.deposit(LINA, "Nord");
    until("the health check says so", || {
        let ready = web::get(circle.desk.http(), "/readyz")?;
        (ready.status == 503 && ready.body.contains("smtp")).then_some(())
    });
    circle.postfix.start();
    let (mail, _) = circle.received(LINA);
    circle.desk.settled(0);
    until("it is well again", || {
        let ready = web::get(circle.desk.http(), "/readyz")?;
        (ready.status == 200).then_some(())
    });
    let again = circle.world.given();
    let again = again
        .iter()
        .filter(|given| given.content.contains(&mail.message_id))
        .count();
    assert_eq!(again, 1, "it left once");
}

#[test]
fn a_bounce_finds_its_dossier() {
    let Some(circle) = Circle::new("starttls") else {
        return;
    };
    circle.world.script("RCPT", &["550 5.1.1 no such mailbox"]);
    let number = circle.desk.deposit(LINA, "Nord");
    let room = circle.desk.shown("n'a pas pu être remis");
    assert!(room.contains("5.1.1"), "{room}");
    let about = between(&room, "Pour voir les envois : courriel ", "\n");
    assert!(
        about.is_some_and(|about| about.trim() == number.to_string()),
        "{room}"
    );
}
