use data_encoding::BASE64;

use crate::mail::archive::zip::samples::Zip;
use crate::mail::{Attachment, Own, Understood, understand};

/// A mail of these parts, each with its header.
fn mail(parts: &[String]) -> Understood {
    let parts: String = parts
        .iter()
        .map(|part| format!("--b\r\n{part}\r\n"))
        .collect();
    let raw = format!(
        "From: lea@exemple.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    );
    understand(raw.as_bytes(), &Own::default())
}

fn text(text: &str) -> String {
    format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}")
}

fn file(kind: &str, name: &str, content: &[u8]) -> String {
    format!(
        "Content-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        BASE64.encode(content)
    )
}

fn only(parts: &[String]) -> Attachment {
    let mut attachments = mail(parts).attachments;
    assert_eq!(attachments.len(), 1, "{attachments:?}");
    attachments.remove(0)
}

fn why(kind: &str, name: &str, content: &[u8]) -> Option<String> {
    only(&[text("Voici."), file(kind, name, content)]).refused
}

#[test]
fn each_refusal_reaches_the_list_and_takes_the_content_away() {
    let locked = Zip::default().entry("a", b"x", 1, 8, 1, None).done();
    let file = only(&[text("Voici."), file("application/zip", "a.zip", &locked)]);
    assert!(file.refused.unwrap().contains("mot de passe"));
    assert!(file.content.is_empty());
    assert_eq!(why("application/pdf", "plan.pdf", b"%PDF-1.4"), None);
    assert!(why("application/pdf", "plan.pdf.exe", b"%PDF-1.4").is_some());
    assert!(why("application/pdf", "plan\u{202e}fdp.exe", b"%PDF-1.4").is_some());
    assert!(why("application/pdf; name=\"plan.js\"", "plan.pdf", b"%PDF-1.4").is_some());
    assert!(why("application/pdf", "plan.pdf", b"").is_some());
}

#[test]
fn a_message_is_taken_under_its_subject_and_not_with_a_program_in_it() {
    let message = |encoding: &str, inner: &str| {
        format!(
            "Content-Type: message/rfc822\r\n{encoding}\r\n\
             From: a@b.example\r\nSubject: ../Accord\r\nMIME-Version: 1.0\r\n{inner}"
        )
    };
    let plain = only(&[text("Voici."), message("", "\r\nOui")]);
    assert_eq!((plain.name.as_str(), plain.refused), ("Accord.eml", None));
    assert!(plain.content.starts_with(b"From: a@b.example"));
    let program = file("application/pdf", "plan.exe", b"MZ");
    let inner =
        format!("Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n{program}\r\n--c--");
    assert!(
        only(&[text("Voici."), message("", &inner)])
            .refused
            .is_some()
    );
}

#[test]
fn a_message_sent_in_base64_is_kept_as_it_was() {
    let inner = b"From: a@b.example\r\nSubject: Accord\r\n\r\nOui\r\n";
    let part = format!(
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        BASE64.encode(inner)
    );
    assert_eq!(only(&[text("Voici."), part]).content, inner);
}

#[test]
fn messages_nested_too_deep_are_refused() {
    let mut inner = "From: a@b.example\r\nSubject: s\r\n\r\nOui".to_owned();
    for _ in 0..8 {
        inner = format!(
            "From: a@b.example\r\nSubject: s\r\nContent-Type: message/rfc822\r\n\r\n{inner}"
        );
    }
    let part = format!("Content-Type: message/rfc822\r\n\r\n{inner}");
    assert!(only(&[text("Voici."), part]).refused.is_some());
}

#[test]
fn the_signature_of_a_file_is_a_file_and_that_of_a_mail_is_none() {
    let signature = file("application/pkcs7-signature", "plan.pdf.p7s", b"0\x80");
    assert_eq!(
        only(&[text("Voici."), signature.clone()]).name,
        "plan.pdf.p7s"
    );
    let raw = format!(
        "From: a@b.example\r\nSubject: x\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n\
         --b\r\n{}\r\n--b\r\n{signature}\r\n--b--\r\n",
        text("Oui.")
    );
    let understood = understand(raw.as_bytes(), &Own::default());
    assert_eq!(understood.reply, "Oui.");
    assert!(understood.attachments.is_empty());
}

#[test]
fn a_damaged_winmail_is_listed_and_refused() {
    let cut = crate::mail::tnef::samples::outlook();
    let cut = only(&[
        text("Voici."),
        file("application/ms-tnef", "winmail.dat", &cut[..500]),
    ]);
    assert_eq!(cut.name, "winmail.dat");
    assert!(cut.refused.unwrap().contains("abîmé"));
}

#[test]
fn the_text_of_a_winmail_is_not_read_where_the_mail_has_its_own() {
    let winmail = crate::mail::tnef::samples::outlook();
    let winmail = file("application/ms-tnef", "winmail.dat", &winmail);
    let understood = mail(&[text("Non, refus."), winmail]);
    assert_eq!(understood.reply, "Non, refus.");
    assert_eq!(understood.attachments.len(), 4);
}

#[test]
fn a_mail_passed_on_is_what_is_said_only_where_nothing_else_is() {
    let message = "Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nSubject: Accord\r\n\r\nD\u{2019}accord.";
    let alone = mail(&[text(""), message.to_owned()]);
    assert!(alone.forwarded.unwrap().contains("D\u{2019}accord."));
    let beside = [
        text(""),
        message.to_owned(),
        file("application/pdf", "a.pdf", b"%PDF-1.4"),
    ];
    assert_eq!(mail(&beside).forwarded, None);
    assert_eq!(
        mail(&[text("Voir ci-joint."), message.to_owned()]).forwarded,
        None
    );
}
