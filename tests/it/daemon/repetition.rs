//! What is brought twice is taken once.

use super::desk::{Desk, INES, LINA, dossier};
use super::post::Smtp;
use super::web;

#[test]
fn a_deposit_with_its_key_is_made_once() {
    let mut desk = Desk::open();
    let body = dossier(LINA, "Nord");
    let first = desk.post("cle-1", &body).unwrap();
    assert_eq!(first.status, 201);
    assert_eq!(desk.post("cle-1", &body).unwrap(), first);
    desk.kill();
    desk.start();
    assert_eq!(desk.post("cle-1", &body).unwrap(), first);
    let other = desk.post("cle-1", &dossier(LINA, "Sud")).unwrap();
    assert_eq!(other.status, 422, "{}", other.body);
    assert_ne!(desk.post("cle-2", &body).unwrap(), first);
    desk.settled(0);
    assert_eq!(desk.mails().len(), 2);
}

#[test]
fn a_deposit_with_its_files_is_made_once_and_keeps_them() {
    let desk = Desk::open();
    let body = dossier(LINA, "Nord");
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"dossier\"\r\nContent-Type: application/json\r\n\r\n{body}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"plan\"; filename=\"../../plan-masse.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n%PDF plan\r\n--b--\r\n"
    );
    let kind = "multipart/form-data; boundary=b";
    let deposit = || web::deposit_typed(desk.http(), &desk.token(), "cle-1", kind, &form).unwrap();
    let first = deposit();
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(deposit(), first);
    let pieces = desk.done("pieces 1", INES);
    assert_eq!(pieces.matches("plan-masse.pdf").count(), 1, "{pieces}");
    assert!(!pieces.contains(".."), "{pieces}");
    desk.settled(0);
    assert_eq!(desk.mails().len(), 1);
}

#[test]
fn a_mail_handed_over_twice_is_filed_once() {
    let mut desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    let mail = desk.mail(LINA, "n° 1");
    let reply = mail.answer(LINA, "Bonjour, voici la pièce.").text();
    // Two in one session, one through another relay with a trace of its own, one after a restart, one by the pipe.
    let mut smtp = Smtp::connect(desk.smtp()).unwrap();
    assert_eq!(smtp.send(LINA, &mail.reply_to, &reply), Some(250));
    assert_eq!(smtp.send(LINA, &mail.reply_to, &reply), Some(250));
    let relayed = format!(
        "Received: from relais.example by mx.greffier.example; Mon, 3 Jun 2024 10:01:00 +0200\r\n{reply}"
    );
    assert_eq!(desk.send(LINA, &mail.reply_to, &relayed), 250);
    desk.kill();
    desk.start();
    assert_eq!(desk.send(LINA, &mail.reply_to, &reply), 250);
    let piped = desk.run(
        &["mail", "deliver", "--from", LINA, "--to", &mail.reply_to],
        reply.as_bytes(),
    );
    assert_eq!(piped.status.code(), Some(0), "{piped:?}");
    desk.settled(0);
    let messages = desk.done(&format!("messages {number}"), INES);
    assert_eq!(messages.matches("voici la pièce").count(), 1, "{messages}");
    assert_eq!(desk.room().matches("voici la pièce").count(), 1);
}

#[test]
fn a_line_with_its_name_is_obeyed_once() {
    let desk = Desk::open();
    let number = desk.deposit(LINA, "Nord");
    let line = format!("message {number} Bonjour, une seule fois.");
    let first = desk.line("ligne-1", &line, INES).unwrap();
    assert_eq!(desk.line("ligne-1", &line, INES).unwrap(), first);
    desk.advance(301);
    desk.mail(LINA, "une seule fois");
    desk.settled(0);
    assert_eq!(desk.count(LINA, "une seule fois"), 1);
}
