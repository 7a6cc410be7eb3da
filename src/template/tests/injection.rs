//! Every text of the samples is hostile; nothing of it may format, ping, link or add a header.

use super::*;
use crate::domain::Privacy;
use pulldown_cmark::{Event, Options, Parser, Tag};

const HOSTILE: &str = "<b>x</b> [clic](https://evil.example) ![i](//evil.example/p.png) @room @everyone <@123> <#9> \
    https://evil.example www.evil.example #salle:evil.example `c` **g** __u__ ~~s~~ ||p|| &lt;i&gt; {{ at }} {% raw %}\r\n\
    # Titre\r\n- liste\r\n1. un\r\n> cite\r\n```\ncode\n```\n| a | b |\n|---|---|\n---\n===\n    indenté\n[ref]: https://evil.example\n\
    \u{202e}gnp.exe\u{0} \u{200b}@here\nBcc: tous@evil.example";

fn hostile() -> Texts {
    let text = || HOSTILE.to_owned();
    let line = || HOSTILE.replace(['\r', '\n'], " ");
    Texts {
        nom: text(),
        prenom: text(),
        // Addresses have been checked for blanks and brackets before, and nothing else is promised.
        usager: "@room*_`evil@a.example".to_owned(),
        invite: "**@everyone**@a.example".to_owned(),
        expert: "[x](//evil)@a.example".to_owned(),
        autre_expert: "_`@here`_@a.example".to_owned(),
        instructeur: "@room_*x*@ddt.example".to_owned(),
        collegue: "<b>@ddt.example".to_owned(),
        champ: text(),
        annotation: text(),
        etiquette: line(),
        message: text(),
        reponse: text(),
        correction: text(),
        demande: text(),
        question: text(),
        avis: text(),
        avis_partage: text(),
        avis_confidentiel: text(),
        motivation: text(),
        fichier: line(),
        fichier_avis: line(),
        bounce: text(),
    }
}

#[test]
fn nothing_hostile_is_alive_in_chat() {
    let stage = Stage::set(hostile());
    for audience in [
        Audience::Room(Privacy::Standard),
        Audience::Room(Privacy::Full),
    ] {
        for said in stage.chat(audience) {
            assert_inert(&said);
        }
    }
}

fn assert_inert(said: &str) {
    for event in Parser::new_ext(said, Options::all()) {
        let alive = matches!(
            event,
            Event::Html(_)
                | Event::InlineHtml(_)
                | Event::Rule
                | Event::TaskListMarker(_)
                | Event::FootnoteReference(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::Start(
                    Tag::Link { .. }
                        | Tag::Image { .. }
                        | Tag::Heading { .. }
                        | Tag::CodeBlock(_)
                        | Tag::Table(_)
                        | Tag::HtmlBlock
                        | Tag::Strikethrough
                        | Tag::FootnoteDefinition(_)
                )
        );
        assert!(!alive, "{event:?} in:\n{said}");
        if let Event::Start(Tag::List(Some(_))) = event {
            panic!("a numbered list in:\n{said}");
        }
    }
    // The link of an export is ours.
    let said = said.replace("https://greffier.example.org/exports/", "");
    for alive in [
        "@room",
        "@everyone",
        "@here",
        "<@1",
        "<#9",
        "://",
        "www.",
        "\u{202e}",
        "\u{0}",
        "\r",
    ] {
        assert!(!said.contains(alive), "{alive:?} in:\n{said}");
    }
}

#[test]
fn nothing_hostile_is_alive_in_a_mail() {
    let stage = Stage::set(hostile());
    for audience in [Audience::Usager, EXPERT, Audience::Instructeur] {
        for mail in stage.mails(audience) {
            assert!(!mail.subject.contains(char::is_control), "{}", mail.subject);
            for alive in [
                "<a ", "<img", "<b>x", "<script", "</b>", "\u{202e}", "\u{0}", "href",
            ] {
                assert!(!mail.html.contains(alive), "{alive:?} in:\n{}", mail.html);
            }
            assert!(
                !mail.text.contains(['\u{202e}', '\u{0}', '\r']),
                "{}",
                mail.text
            );
        }
    }
}

#[test]
fn a_subject_has_one_line_whatever_it_quotes() {
    let stage = Stage::set(hostile());
    let mut demarche = stage.demarche.clone();
    demarche.titre = HOSTILE.to_owned();
    let mut scene = stage.scene(stage.dossier("new"), Audience::Usager);
    scene.demarche = &demarche;
    let mail = stage
        .templates
        .mail(&crate::domain::Notice::Deposited, &scene)
        .unwrap();
    assert!(!mail.subject.contains(char::is_control), "{}", mail.subject);
    assert!(mail.subject.chars().count() <= 160);
    let fields =
        serde_json::json!({ "number": 7, "subject": HOSTILE, "name": HOSTILE, "code": HOSTILE });
    for (name, _) in said::MAILS {
        let mail = stage.templates.mail_named(name, &fields).unwrap();
        assert!(
            !mail.subject.is_empty() && !mail.subject.contains(char::is_control),
            "{}",
            mail.subject
        );
        assert!(!mail.html.contains("<a "), "{}", mail.html);
    }
}

#[test]
fn what_is_said_in_chat_has_a_bound() {
    let long = Texts {
        champ: "mot ".repeat(5_000),
        message: "a\n".repeat(5_000),
        ..Texts::default()
    };
    let stage = Stage::set(long);
    let scene = stage.scene(stage.dossier("accepted"), Audience::Instructeur);
    for notice in life::notices(&stage.texts) {
        assert!(
            stage
                .templates
                .chat(&notice, &scene)
                .unwrap()
                .chars()
                .count()
                <= 4_200
        );
    }
    for answer in said::answers(&stage.texts) {
        assert!(
            stage
                .templates
                .answer(&answer, Some(&scene))
                .unwrap()
                .chars()
                .count()
                <= 13_000
        );
    }
}
