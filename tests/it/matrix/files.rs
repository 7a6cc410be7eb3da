//! Files, from the room to people's mail and back.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use super::client::{People, Seen};
use super::scene::{Office, Thread};
use crate::daemon::desk::{ABF, LINA};
use crate::servers::clamd::{VIRUS, clamd};
use crate::servers::synapse::shared_synapse;

/// Not text, and larger than one block of any cipher.
fn content() -> Vec<u8> {
    (0..200_000_u64)
        .map(|at| ((at * at) >> 7).to_le_bytes()[0])
        .collect()
}

#[test]
fn a_file_with_its_command_goes_to_the_usager() {
    for encrypted in [true, false] {
        let Some(server) = shared_synapse() else {
            return;
        };
        let people = People::of(server);
        let name = if encrypted {
            "piece-chiffree"
        } else {
            "piece-claire"
        };
        let office = Office::open(server, &people, name, encrypted);
        let (number, thread) = office.deposit();
        let line = office.room.say(&format!("!suivre {number}"));
        office.room.reacted(&line, "✅");
        let mark = office.room.mark();
        office.room.upload(
            "plan à corriger.pdf",
            "application/pdf",
            &content(),
            Some(&thread.card.id),
            "!message Voici le plan à corriger.",
        );
        office.room.shown(mark, "annuler");
        office.bot.settled(1);
        office.bot.advance(301);
        let mail = office.bot.mail(LINA, "Voici le plan à corriger.");
        assert_eq!(mail.files, [("plan à corriger.pdf".to_owned(), content())]);
        // To the expert the same way.
        office.room.upload(
            "notice.pdf",
            "application/pdf",
            &content(),
            Some(&thread.card.id),
            &format!("!avis demander {ABF} Voici la notice."),
        );
        let mail = office.bot.mail(ABF, "Voici la notice.");
        assert!(mail.files.contains(&("notice.pdf".to_owned(), content())));
    }
}

#[test]
fn a_file_without_a_command_is_nobodys_business() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "piece-seule", true);
    let (number, thread) = office.deposit();
    office.bot.quiet();
    let mark = office.room.mark();
    office.room.upload(
        "vacances.jpg",
        "image/jpeg",
        &content(),
        Some(&thread.card.id),
        "vacances.jpg",
    );
    office.room.say(&format!("!suivre {number}"));
    thread.shown("suit ce dossier");
    office.bot.quiet();
    let seen = office.room.timeline();
    let about = seen
        .iter()
        .skip(mark)
        .filter(|seen| seen.sender == office.bot.id && seen.text().contains("vacances"));
    assert_eq!(about.count(), 0);
    assert_eq!(office.bot.count(LINA, "vacances"), 0);
}

#[test]
fn a_file_that_was_sent_first_goes_with_the_message() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let office = Office::open(server, &people, "piece-avant", true);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    office.room.upload(
        "plan.pdf",
        "application/pdf",
        &content(),
        Some(&thread.card.id),
        "plan.pdf",
    );
    let mark = office.room.mark();
    thread.say("!message Voici le plan.");
    office.room.shown(mark, "annuler");
    // It went with that message, and goes with no other.
    let mark = office.room.mark();
    thread.say("!message Et voici pourquoi.");
    office.room.shown(mark, "annuler");
    office.bot.settled(2);
    office.bot.advance(301);
    let mail = office.bot.mail(LINA, "Voici le plan.");
    assert_eq!(mail.files, [("plan.pdf".to_owned(), content())]);
    assert_eq!(office.bot.mail(LINA, "Et voici pourquoi.").files, []);
}

/// A picture of that size: red on the left, blue on the right, with a grain.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        let [.., grain] = ((x * 7_919 + y * 104_729) >> 3).to_be_bytes();
        let grain = grain / 8;
        if x < width / 2 {
            Rgb([220 + grain, grain, grain])
        } else {
            Rgb([grain, grain, 220 + grain])
        }
    });
    let mut octets = Cursor::new(Vec::new());
    image.write_to(&mut octets, ImageFormat::Png).unwrap();
    octets.into_inner()
}

/// Puts files into the messagerie of a dossier, in that order.
fn file(office: &Office<'_>, thread: &Thread<'_>, files: &[(&str, &str, &[u8])]) {
    for (name, media_type, content) in files {
        let mark = office.room.mark();
        let root = Some(thread.card.id.as_str());
        office
            .room
            .upload(name, media_type, content, root, "!message Au dossier.");
        office.room.shown(mark, &format!("📎 {name}"));
    }
    office.bot.settled(files.len() as u64);
}

/// The file of that name that Greffier has sent.
fn sent(office: &Office<'_>, mark: usize, name: &str) -> Seen {
    office.room.find(mark, &format!("the file {name}"), |seen| {
        let it = seen.sender == office.bot.id && seen.filename.as_deref() == Some(name);
        it.then(|| seen.clone())
    })
}

#[test]
fn a_picture_of_a_dossier_comes_with_a_small_one() {
    for encrypted in [true, false] {
        let Some(server) = shared_synapse() else {
            return;
        };
        let people = People::of(server);
        let name = if encrypted {
            "image-chiffree"
        } else {
            "image-claire"
        };
        let office = Office::open(server, &people, name, encrypted);
        let (number, thread) = office.deposit();
        let line = office.room.say(&format!("!suivre {number}"));
        office.room.reacted(&line, "✅");
        let (large, light) = (picture(1_600, 900), picture(40, 30));
        let files = [
            ("façade.png", "image/png", &large[..]),
            ("vignette.png", "image/png", &light),
            ("faux.png", "image/png", &content()),
        ];
        file(&office, &thread, &files);
        let mark = office.room.mark();
        thread.say("!piece toutes");
        let facade = sent(&office, mark, "façade.png");
        assert_eq!(facade.msgtype.as_deref(), Some("m.image"));
        assert_eq!(facade.thread.as_deref(), Some(thread.card.id.as_str()));
        assert_eq!(facade.encrypted, encrypted);
        assert_eq!(office.room.fetch(&facade), large);
        let whole = office.room.picture(facade.file.as_ref().unwrap());
        assert_eq!(
            (whole.size, whole.media_type.as_str()),
            ((1_600, 900), "image/png")
        );
        assert!(whole.is_red_and_blue(), "{whole:?}");

        let info = &facade.content["info"];
        assert_eq!((&info["w"], &info["h"]), (&json!(1_600), &json!(900)));
        assert_eq!(info["size"], json!(large.len()));
        let (small, other) = if encrypted {
            (info["thumbnail_file"].clone(), "thumbnail_url")
        } else {
            (json!({ "url": info["thumbnail_url"] }), "thumbnail_file")
        };
        assert_eq!(info[other], Value::Null);
        assert_eq!(small.get("key").is_some(), encrypted);
        let small = office.room.picture(&small);
        assert_eq!(small.size, (800, 450));
        assert!(small.is_red_and_blue(), "{small:?}");
        let about = &info["thumbnail_info"];
        assert_eq!((&about["w"], &about["h"]), (&json!(800), &json!(450)));
        assert_eq!(about["mimetype"], json!(small.media_type));
        assert!(about["size"].as_u64().unwrap() < large.len() as u64);

        // A light one is shown itself; what only says that it is one is a file.
        let vignette = sent(&office, mark, "vignette.png");
        assert_eq!(vignette.msgtype.as_deref(), Some("m.image"));
        assert_eq!(vignette.content["info"]["w"], 40);
        assert_eq!(vignette.content["info"].get("thumbnail_info"), None);
        let faux = sent(&office, mark, "faux.png");
        assert_eq!(faux.msgtype.as_deref(), Some("m.file"));
        assert_eq!(office.room.fetch(&faux), content());
    }
}

#[test]
fn a_kill_while_files_leave_sends_none_of_them_twice() {
    let Some(server) = shared_synapse() else {
        return;
    };
    let people = People::of(server);
    let mut office = Office::open(server, &people, "pieces-tuees", true);
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    let large = picture(1_000, 700);
    let files = [
        ("une.png", "image/png", &large[..]),
        ("deux.pdf", "application/pdf", &content()),
    ];
    file(&office, &thread, &files);
    office.bot.advance(301);
    office.bot.quiet();
    assert_eq!(office.bot.stop(), 0);
    // The answer with its files is the first to leave.
    office.bot.start_killed_at(Some("before-record:1"));
    let mark = office.room.mark();
    thread.say("!piece toutes");
    crate::daemon::desk::until("the daemon dies", || (!office.bot.lives()).then_some(()));
    office.bot.kill();
    office.bot.start();
    sent(&office, mark, "deux.pdf");
    office.bot.quiet();
    let seen = office.room.timeline();
    for name in ["une.png", "deux.pdf"] {
        let it =
            |seen: &&Seen| seen.sender == office.bot.id && seen.filename.as_deref() == Some(name);
        let times = seen.iter().skip(mark).filter(it).count();
        assert_eq!(times, 1, "{name}\n{}", office.room.told());
    }
    assert_eq!(office.room.with("Pièces du dossier").len(), 1);
}

#[test]
fn a_file_that_is_infected_or_that_nobody_can_scan_is_not_taken() {
    let (Some(server), Some(mut scanner)) = (shared_synapse(), clamd()) else {
        return;
    };
    let people = People::of(server);
    let socket = scanner.socket();
    let office = Office::open_with(server, &people, "virus", true, |bot| {
        bot.configure(&format!("\n[clamav]\naddress = \"{}\"\n", socket.display()));
    });
    let (number, thread) = office.deposit();
    let line = office.room.say(&format!("!suivre {number}"));
    office.room.reacted(&line, "✅");
    let upload = |name: &str, content: &[u8]| {
        let root = Some(thread.card.id.as_str());
        office.room.upload(name, "text/plain", content, root, name);
    };
    upload("plan.txt", VIRUS.as_bytes());
    let mark = office.room.mark();
    thread.say("!message Voici le plan.");
    office.room.shown(mark, "logiciel malveillant");
    // What was not done is not done later without its file either.
    scanner.stop();
    upload("plan.txt", b"un plan");
    let mark = office.room.mark();
    thread.say("!message Voici le plan.");
    office.room.shown(mark, "n'a pas pu être lu ou analysé");
    scanner.start();
    upload("plan.txt", b"un plan");
    let mark = office.room.mark();
    thread.say("!message Voici le plan.");
    office.room.shown(mark, "annuler");
    office.bot.settled(1);
    office.bot.advance(301);
    let mail = office.bot.mail(LINA, "Voici le plan.");
    assert_eq!(mail.files, [("plan.txt".to_owned(), b"un plan".to_vec())]);
    assert_eq!(office.bot.count(LINA, "Voici le plan."), 1);
}
