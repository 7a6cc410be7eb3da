//! Every word, to be read over by whoever changes one.

use std::fmt::Write;

use super::*;
use crate::domain::Privacy;

/// The dossier that suits what is said of it.
fn suited<'a>(stage: &'a Stage, tag: &str) -> &'a Dossier {
    stage.dossier(match tag {
        "deposited" | "followed" => "new",
        "correction_requested" => "waiting for a correction",
        "passed_to_instruction" | "message_posted" | "avis_requested" | "avis_reminded" => {
            "en instruction"
        }
        "avis_rendered" | "avis_unclear" | "sent" | "reassigned" | "bounced" => {
            "with avis rendered"
        }
        "avis_revoked" => "with an avis revoked",
        "reopened" => "reopened",
        "expiry_noticed" => "expiring",
        _ => "accepted",
    })
}

fn chat(audience: Audience) -> String {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    for notice in life::notices(&stage.texts) {
        let tag = tag(&notice, "notice");
        let scene = stage.scene(suited(&stage, &tag), audience);
        let said = stage.templates.chat(&notice, &scene).unwrap();
        writeln!(all, "=== {tag}\n{said}").unwrap();
    }
    all
}

#[test]
fn notices_in_a_minimal_room() {
    insta::assert_snapshot!(chat(Audience::Room(Privacy::Minimal)));
}

#[test]
fn notices_in_a_standard_room() {
    insta::assert_snapshot!(chat(Audience::Room(Privacy::Standard)));
}

#[test]
fn notices_in_a_full_room() {
    insta::assert_snapshot!(chat(Audience::Room(Privacy::Full)));
}

#[test]
fn notices_to_one_instructeur() {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    for notice in life::notices(&stage.texts) {
        let tag = tag(&notice, "notice");
        if !["sent", "avis_rendered"].contains(&tag.as_str()) {
            continue;
        }
        let scene = stage.scene(suited(&stage, &tag), Audience::Instructeur);
        writeln!(
            all,
            "=== {tag}\n{}",
            stage.templates.chat(&notice, &scene).unwrap()
        )
        .unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn cards() {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    for (name, dossier) in &stage.dossiers {
        for privacy in [Privacy::Minimal, Privacy::Full] {
            let card = stage
                .templates
                .card(&stage.scene(dossier, Audience::Room(privacy)))
                .unwrap();
            writeln!(all, "=== {name}, {privacy:?}\n{card}").unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

fn mails(audience: Audience) -> String {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    for notice in life::notices(&stage.texts) {
        for to in mailed(&notice) {
            if std::mem::discriminant(&to) != std::mem::discriminant(&audience) {
                continue;
            }
            let tag = tag(&notice, "notice");
            let scene = stage.scene(suited(&stage, &tag), to);
            let mail = stage.templates.mail(&notice, &scene).unwrap();
            writeln!(all, "=== {tag}\nObjet : {}\n\n{}", mail.subject, mail.text).unwrap();
        }
    }
    all
}

#[test]
fn mails_to_the_usager() {
    insta::assert_snapshot!(mails(Audience::Usager));
}

#[test]
fn mails_to_an_expert() {
    insta::assert_snapshot!(mails(EXPERT));
}

#[test]
fn mails_to_an_instructeur() {
    insta::assert_snapshot!(mails(Audience::Instructeur));
}

#[test]
fn a_mail_in_html() {
    let stage = Stage::set(Texts::default());
    let scene = stage.scene(stage.dossier("en instruction"), EXPERT);
    let notice = crate::domain::Notice::AvisRequested { avis: AvisId(1) };
    insta::assert_snapshot!(stage.templates.mail(&notice, &scene).unwrap().html);
}

#[test]
fn mails_outside_a_dossier() {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    for (name, _) in said::MAILS {
        let mail = stage
            .templates
            .mail_named(name, &said::mail_fields(&stage.texts))
            .unwrap();
        writeln!(all, "=== {name}\nObjet : {}\n\n{}", mail.subject, mail.text).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn several_dossiers_together() {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    for name in said::TOGETHER {
        for fields in said::together_fields(name) {
            let mail = stage.templates.mail_named(name, &fields).unwrap();
            writeln!(all, "=== {name}\nObjet : {}\n\n{}", mail.subject, mail.text).unwrap();
            let audience = Audience::Room(Privacy::Minimal);
            let said = stage.templates.room_named(name, audience, &fields).unwrap();
            writeln!(all, "=== salon/{name}\n{said}\n").unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn refusals() {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    let scene = stage.scene(stage.dossier("en instruction"), Audience::Instructeur);
    for refusal in life::refusals(&stage.texts) {
        let said = stage.templates.refusal(&refusal, Some(&scene)).unwrap();
        writeln!(all, "=== {}\n{said}", tag(&refusal, "kind")).unwrap();
    }
    insta::assert_snapshot!(all);
}

fn answers(audience: Audience) -> String {
    let stage = Stage::set(Texts::default());
    let mut all = String::new();
    let scene = stage.scene(stage.dossier("with avis rendered"), audience);
    for answer in said::answers(&stage.texts) {
        let said = stage.templates.answer(&answer, Some(&scene)).unwrap();
        writeln!(all, "=== {}\n{said}", tag(&answer, "answer")).unwrap();
    }
    for name in said::ROOM_LINES {
        let said = stage
            .templates
            .room_named(name, audience, &said::room_fields(&stage.texts))
            .unwrap();
        writeln!(all, "=== salon/{name}\n{said}").unwrap();
    }
    all
}

#[test]
fn answers_in_private() {
    insta::assert_snapshot!(answers(Audience::Instructeur));
}

#[test]
fn answers_in_a_minimal_room() {
    insta::assert_snapshot!(answers(Audience::Room(Privacy::Minimal)));
}

#[test]
#[ignore = "writes the mails as pages, to be looked at"]
fn pages() {
    let stage = Stage::set(Texts::default());
    let folder = std::path::PathBuf::from(std::env::var("PAGES").unwrap());
    for notice in life::notices(&stage.texts) {
        for to in mailed(&notice) {
            let tag = tag(&notice, "notice");
            let scene = stage.scene(suited(&stage, &tag), to);
            let mail = stage.templates.mail(&notice, &scene).unwrap();
            std::fs::write(folder.join(format!("{tag}-{}.html", to.tag())), mail.html).unwrap();
        }
    }
    for name in said::TOGETHER {
        for (index, fields) in said::together_fields(name).iter().enumerate() {
            let mail = stage.templates.mail_named(name, fields).unwrap();
            std::fs::write(folder.join(format!("{name}-{index}.html")), mail.html).unwrap();
        }
    }
}
