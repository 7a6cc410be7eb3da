//! Mail that cannot be trusted: held, told, decided on.

use super::desk::{ABF, CHEFFE, Desk, INES, LINA, ROSE};
use super::post::Reply;

const STRANGER: &str = "inconnu@ailleurs.example";

#[test]
fn a_stranger_with_the_reply_address_is_held_and_told_once() {
    let desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");

    let first = mail.answer(STRANGER, "Bonjour, c'est pour mon voisin.");
    assert_eq!(desk.send(STRANGER, &mail.reply_to, &first.text()), 250);
    let room = desk.shown("quarantaine accepter 1");
    // The room may show everything: it sees an excerpt, and that nothing is filed.
    assert!(room.contains("c'est pour mon voisin"), "{room}");
    assert!(!room.contains("nouveau message"), "{room}");
    let told = desk.mail(STRANGER, "mis de côté");
    assert_eq!(told.in_reply_to, [first.message_id()]);
    assert_eq!(told.reply_to, "");
    assert_eq!(told.auto_submitted, "auto-replied");
    let second = mail.answer(STRANGER, "Bonjour encore, toujours moi.");
    assert_eq!(desk.send(STRANGER, &mail.reply_to, &second.text()), 250);
    desk.shown("quarantaine accepter 2");
    desk.settled(0);
    assert_eq!(desk.count(STRANGER, "mis de côté"), 1, "told twice");

    // The other group sees nothing of it and can do nothing with it.
    assert!(!desk.done("quarantaine", ROSE).contains(STRANGER));
    desk.refused("quarantaine accepter 1", ROSE);
    assert!(
        !desk
            .done(&format!("messages {number}"), INES)
            .contains("mon voisin")
    );

    assert!(desk.done("quarantaine", INES).contains(STRANGER));
    assert!(
        desk.done("quarantaine voir 1", INES)
            .contains("c'est pour mon voisin")
    );
    desk.done("quarantaine accepter 1", INES);
    desk.shown("c'est pour mon voisin");
    let messages = desk.done(&format!("messages {number}"), INES);
    assert!(messages.contains("c'est pour mon voisin"), "{messages}");
    assert!(messages.contains("admis par le service"), "{messages}");

    desk.done("quarantaine rejeter 2 Écrivez depuis votre adresse.", INES);
    let rejected = desk.mail(STRANGER, "Écrivez depuis votre adresse");
    assert_eq!(rejected.in_reply_to, [second.message_id()]);
    // Decided twice is decided once.
    desk.refused("quarantaine rejeter 2", INES);
    desk.refused("quarantaine accepter 1", INES);
    desk.settled(0);
    assert_eq!(desk.count(STRANGER, ""), 2);
    assert_eq!(
        desk.done(&format!("messages {number}"), INES)
            .matches("mon voisin")
            .count(),
        1
    );
}

#[test]
fn an_altered_token_opens_nothing() {
    let desk = Desk::open();
    desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    // Its last letter is of the seal.
    let (local, domain) = mail.reply_to.split_once('@').unwrap();
    let last = if local.ends_with('a') { "q" } else { "a" };
    let altered = format!("{}{last}@{domain}", &local[..local.len() - 1]);
    let reply = Reply {
        to: altered.clone(),
        in_reply_to: None,
        ..mail.answer(LINA, "Bonjour, ceci est une réponse.")
    };
    assert_eq!(desk.send(LINA, &altered, &reply.text()), 250);
    desk.shown("quarantaine accepter 1");
    desk.mail(LINA, "n'a pas été remis");
    assert!(
        !desk
            .done("messages 1", INES)
            .contains("ceci est une réponse")
    );
    // It is nobody's: the administrateur alone decides.
    assert!(!desk.done("quarantaine", INES).contains(LINA));
    assert!(desk.done("quarantaine", CHEFFE).contains(LINA));
    // What cannot be a reply address is not taken at all.
    assert_eq!(
        desk.send(LINA, "reponse+abc@greffier.example", &reply.text()),
        550
    );
    assert_eq!(
        desk.send(LINA, "mairie@ailleurs.example", &reply.text()),
        550
    );
}

#[test]
fn an_automatic_answer_is_held_and_not_answered() {
    let desk = Desk::open();
    desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    let absent = mail
        .answer(LINA, "Bonjour, je suis absente.")
        .with_field("Auto-Submitted: auto-replied");
    assert_eq!(desk.send("", &mail.reply_to, &absent.text()), 250);
    desk.shown("quarantaine accepter 1");
    desk.settled(0);
    assert_eq!(
        desk.mails().len(),
        1,
        "only the acknowledgement of the deposit"
    );
}

#[test]
fn a_bounce_marks_the_address_and_tells_the_room() {
    let desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    desk.done(
        &format!("avis demander {number} {ABF} Que dites-vous des abords ?"),
        INES,
    );
    let mail = desk.mail(ABF, "abords");
    let report = format!(
        "From: <mailer-daemon@culture.example>\r\nTo: <{to}>\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Message-ID: <b1@culture.example>\r\nAuto-Submitted: auto-replied\r\nIn-Reply-To: <{id}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.culture.example\r\n\r\n\
         Final-Recipient: rfc822; {ABF}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--b--\r\n",
        to = mail.reply_to,
        id = mail.message_id,
    );
    for _ in 0..2 {
        assert_eq!(desk.send("", &mail.reply_to, &report), 250);
    }
    desk.shown("n'a pas pu être remis");
    desk.settled(0);
    assert_eq!(desk.room().matches("n'a pas pu être remis").count(), 1);
    assert!(desk.room().contains("5.1.1"));
    assert!(
        desk.done(&format!("personnes {number}"), INES)
            .contains(ABF)
    );
}
