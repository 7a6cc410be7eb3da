//! Mails as people's programs write them, and as nobody should.

mod answers;
mod automatic;
mod clients;
mod forms;

use std::fs;
use std::path::PathBuf;

use greffier::mail::{Class, Own, understand};
use proptest::prelude::*;

pub(crate) fn own() -> Own {
    Own {
        authserv_ids: vec!["mx.greffier.example".to_owned()],
        ..Own::default()
    }
}

/// The mails of `tests/data/mail`, by name.
pub(crate) fn mails() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mail");
    let mut mails: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    mails.sort();
    mails
}

#[test]
fn mails_are_understood() {
    for (name, raw) in mails() {
        insta::with_settings!({ snapshot_path => "../data/mail/understood", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_yaml_snapshot!(name, understand(&raw, &own()));
        });
    }
}

#[test]
fn the_line_ends_change_nothing() {
    for (name, raw) in mails() {
        let crlf = raw
            .split(|octet| *octet == b'\n')
            .collect::<Vec<_>>()
            .join(&b"\r\n"[..]);
        let (mut lf, mut crlf) = (understand(&raw, &own()), understand(&crlf, &own()));
        for attachment in lf.attachments.iter_mut().chain(&mut crlf.attachments) {
            attachment.bytes = 0;
            attachment.content = Vec::new();
        }
        assert_eq!(lf, crlf, "{name}");
    }
}

#[test]
fn a_line_of_a_megabyte_is_read() {
    let long = "Le 3 juin 2024 à 10:12 > a@b.example ".repeat(30_000);
    let raw = format!("From: a@example.org\nSubject: x\n\nBonjour\n{long}\n");
    let understood = understand(raw.as_bytes(), &own());
    assert_eq!(understood.class, Class::Reply);
    assert!(understood.reply.starts_with("Bonjour\nLe 3 juin"));
    let subject = "Le 3 juin 2024 à 10:12 ".repeat(30_000);
    let header = format!(
        "From: a@example.org\nSubject: {subject}\nAuthentication-Results: {}\n\nBonjour\n",
        "(".repeat(100_000)
    );
    assert_eq!(understand(header.as_bytes(), &own()).reply, "Bonjour");
}

#[test]
fn lines_of_control_characters_say_nothing() {
    let reply = |body: &str| {
        let raw = format!("From: a@example.org\nSubject: x\n\n{body}");
        understand(raw.as_bytes(), &own())
    };
    assert_eq!(
        reply("\u{f}\n\nBonjour\n\u{f}\n\u{202e}\n").reply,
        "Bonjour"
    );
    assert_eq!(reply("\u{f}\n\u{f}\n").class, Class::Other);
}

#[test]
fn nesting_is_bounded() {
    let raw = format!(
        "From: a@example.org\n{}",
        "Content-Type: message/rfc822\n\n".repeat(100_000)
    );
    understand(raw.as_bytes(), &own());
    let raw = format!(
        "From: a@example.org\nContent-Type: text/html\n\n{}",
        "<div><b><font color=a>".repeat(50_000)
    );
    understand(raw.as_bytes(), &own());
    let parts = "--x\n\n".repeat(200_000);
    let raw = format!("From: a@example.org\nContent-Type: multipart/mixed; boundary=x\n\n{parts}");
    assert!(understand(raw.as_bytes(), &own()).attachments.len() <= 60);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_are_answered(raw: Vec<u8>) {
        understand(&raw, &own());
    }

    #[test]
    fn any_text_body_is_answered(body in "(?s).{0,400}", html: bool) {
        let kind = if html { "html" } else { "plain" };
        understand(format!("From: a@example.org\nContent-Type: text/{kind}; charset=utf-8\n\n{body}").as_bytes(), &own());
    }

    #[test]
    fn mutated_mails_are_answered(which: prop::sample::Index, cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..40), 1..12)) {
        let mails = mails();
        let (_, mut raw) = which.get(&mails).clone();
        for (at, octet, gone) in cuts {
            let at = at.index(raw.len().max(1)).min(raw.len());
            let end = (at + gone).min(raw.len());
            raw.splice(at..end, [octet]);
        }
        understand(&raw, &own());
    }
}

#[test]
fn of_two_from_fields_none_is_the_sender() {
    let mail = |fields: &str| {
        let raw = format!("{fields}Subject: x\r\nMessage-ID: <1@x.example>\r\n\r\nBonjour\r\n");
        understand(raw.as_bytes(), &own()).from
    };
    assert!(mail("From: camille@exemple.example\r\n").is_some());
    assert_eq!(
        mail("From: evil@x.example\r\nFrom: camille@exemple.example\r\n"),
        None
    );
}
