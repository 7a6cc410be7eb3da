//! An act on several dossiers in a running daemon: killed in the middle, stopped, and polite to everybody else.

use std::collections::BTreeMap;

use greffier::app::Next;
use greffier::config::Room;
use greffier::domain::{Demarche, Privacy};
use greffier::message::{
    Account, Body, DepositIn, Heard, Incoming, Line, Outcome, Place, Post, Receipt, Verdict,
};
use greffier::store::Store as _;
use serde_json::{Value, json};

use crate::conversation::desk::{Desk as Middle, Setting};
use crate::daemon::desk::{Desk, INES, PAUL, code, plain, until};

/// Dossiers of one act: more than are shown at once, and more than the writer takes in one go.
const DOSSIERS: usize = 30;

fn usager(place: usize) -> String {
    format!("usager{place}@courriel.example")
}

/// A daemon with dossiers 1 to [`DOSSIERS`], that have stopped talking.
fn filled() -> Desk {
    let desk = Desk::open();
    for place in 1..=DOSSIERS {
        desk.deposit(&usager(place), "Nord");
    }
    desk.settled(0);
    desk
}

/// How the act of that code ended, as it is told to whoever asks again.
fn report(desk: &Desk, code: &str, asked: &mut usize) -> Option<String> {
    *asked += 1;
    let id = format!("report-{asked}");
    let receipt = desk.line(&id, &format!("confirmer {code}"), INES)?;
    let text = plain(&receipt.answers.concat());
    text.contains("sur 30").then_some(())?;
    (!text.contains('⏳')).then_some(text)
}

/// The events of a kind, by dossier.
fn events(desk: &Desk, kind: &str) -> BTreeMap<u64, usize> {
    let export = desk.run(&["store", "export"], b"").stdout;
    let mut found = BTreeMap::new();
    for line in String::from_utf8(export).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["event"]["recorded"]["event"] == kind {
            let dossier = line["event"]["dossier"].as_u64().unwrap();
            *found.entry(dossier).or_default() += 1;
        }
    }
    found
}

/// Kills the daemon when it comes by `point` in the middle of an act, and looks at what comes of it after a restart.
fn killed_at(point: &str) {
    let mut desk = filled();
    let preview = desk.done("accepter 1-30 Beau colombage.", INES);
    assert!(preview.contains("accepter 30 dossiers"), "{preview}");
    let code = code(&preview);
    assert_eq!(desk.stop(), 0);
    assert!(desk.start_killed_at(Some(point)), "{point}: it started");
    let begun = desk.line("confirmation", &format!("confirmer {code}"), INES);
    until("it dies", || (!desk.lives()).then_some(()));
    desk.kill();
    desk.start();
    // Confirmed once more, it is the same confirmation.
    let again = until("the confirmation", || {
        desk.line("confirmation", &format!("confirmer {code}"), INES)
    });
    assert_eq!(again.verdict, Verdict::Done, "{again:?}");
    assert!(begun.is_none_or(|begun| begun == again));
    let mut asked = 0;
    let report = until("the report", || report(&desk, &code, &mut asked));
    assert!(report.contains("30 faits sur 30"), "{point}: {report}");
    desk.settled(0);
    for place in 1..=DOSSIERS {
        let told = desk.count(&usager(place), "a été accepté");
        assert_eq!(told, 1, "{point}: the usager of {place}");
    }
    assert_eq!(desk.stop(), 0);
    let decided = events(&desk, "decided");
    assert_eq!(decided.len(), DOSSIERS, "{point}: none is lost");
    assert!(
        decided.values().all(|times| *times == 1),
        "{point}: {decided:?}"
    );
    let verified = desk.run(&["store", "verify"], b"");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn killed_before_a_transaction_nothing_is_lost_or_done_twice() {
    killed_at("before-transaction:14");
}

#[test]
fn killed_after_a_transaction_nothing_is_lost_or_done_twice() {
    killed_at("after-transaction:14");
}

#[test]
fn killed_before_a_flush_nothing_is_lost_or_done_twice() {
    killed_at("before-flush:4");
}

#[test]
fn killed_after_a_flush_nothing_is_lost_or_done_twice() {
    killed_at("after-flush:4");
}

#[test]
fn a_room_sees_one_message_and_the_cards_follow() {
    let mut desk = filled();
    desk.type_line("suivre onglet=\"à suivre\"");
    let room = |desk: &Desk| plain(&desk.room());
    until("the preview", || {
        room(&desk).contains("suivre 30 dossiers").then_some(())
    });
    let code = code(&room(&desk).replace('`', ""));
    desk.type_line(&format!("confirmer {code}"));
    until("the report", || {
        room(&desk).contains("30 faits sur 30").then_some(())
    });
    until("the last card", || {
        (room(&desk).matches("Suivi par ines.roux").count() == DOSSIERS).then_some(())
    });
    // Not one notice of each.
    assert!(!room(&desk).contains("suit ce dossier"), "{}", room(&desk));
    assert!(room(&desk).contains("rapport-"), "the table comes with it");
    assert_eq!(desk.stop(), 0);
    assert_eq!(events(&desk, "followed").len(), DOSSIERS);
}

#[test]
fn others_are_answered_meanwhile_and_each_has_one_act_at_a_time() {
    let desk = filled();
    let preview = |line: &str, by: &str| code(&desk.done(line, by));
    let first = preview("suivre 1-30", INES);
    let more = preview("message 1-30 Bonjour à tous.", INES);
    desk.done(&format!("confirmer {first}"), INES);
    // Whatever the act is at, a colleague has his answer, and she has one too.
    desk.done("dossiers", PAUL);
    let said = desk.command(&format!("confirmer {more}"), INES);
    assert!(
        said.code == 0 || said.text.contains("n'est pas terminé"),
        "{said:?}"
    );
    let mut asked = 0;
    until("the report", || report(&desk, &first, &mut asked));
    if said.code != 0 {
        desk.done(&format!("confirmer {more}"), INES);
    }
    until("the report", || report(&desk, &more, &mut asked));
    let depths = desk.admin(json!({ "name": "depths" }));
    assert_eq!(depths["journal"], 0);
    desk.advance(301);
    desk.settled(0);
    assert_eq!(desk.count(&usager(1), "Bonjour à tous."), 1);
}

/// The middle without network, with that many dossiers of a group whose room is told of everything.
fn middle(dossiers: usize) -> Middle {
    let demarche: Demarche = toml::from_str(
        "number = 7\ntitre = \"Permis\"\nservice = \"DDT\"\n[[groupe]]\nlabel = \"Nord\"\n\
         instructeurs = [\"ines.roux@ddt.example\"]\n",
    )
    .unwrap();
    let room = Room {
        externals: false,
        network: "console".to_owned(),
        id: "salle".to_owned(),
        demarche: None,
        groupe: None,
        notify: None,
        threads: true,
        privacy: Some(Privacy::Full),
    };
    let setting = Setting {
        demarches: [(demarche.number, demarche)].into(),
        rooms: vec![room],
        ..Setting::default()
    };
    let mut middle = Middle::new(setting, "2024-06-03T07:00:00Z".parse().unwrap());
    middle.held_back = true;
    for place in 0..dossiers {
        let deposit = DepositIn {
            demarche: 7,
            body: json!({
                "usager": usager(place),
                "demandeur": { "prenom": "Lina", "nom": "Moreau" },
                "champs": {},
            }),
            files: Vec::new(),
            digest: None,
        };
        let incoming = Incoming {
            id: format!("depot:{place}"),
            at: middle.now,
            heard: Heard::Deposit(deposit),
        };
        let receipt = middle.app.handle(None, &incoming, middle.now).unwrap();
        assert_eq!(receipt.verdict, Verdict::Done);
    }
    middle.app.store.flush().unwrap();
    middle.pump(&BTreeMap::new());
    middle
}

fn types(middle: &mut Middle, text: &str) -> Receipt {
    let line = Line {
        from: Account {
            network: "console".to_owned(),
            id: INES.to_owned(),
        },
        place: Place::Room("salle".to_owned()),
        text: text.to_owned(),
        files: Vec::new(),
        about: None,
        remote_id: None,
        doubt: None,
        addressed: true,
    };
    middle.hear(None, Heard::Line(line))
}

/// The posts to the room that wait.
fn waiting(middle: &Middle) -> Vec<(u64, Post)> {
    let store = &middle.app.store;
    let rows = store.queued(None, usize::MAX).unwrap();
    let rows = rows
        .into_iter()
        .map(|due| store.row(due.id).unwrap().unwrap());
    rows.filter_map(|row| match row.queued.outgoing.body {
        Body::Post(post) => Some((row.id, post)),
        _ => None,
    })
    .collect()
}

#[test]
fn five_hundred_are_done_with_few_messages_and_five_hundred_and_one_are_refused() {
    let mut middle = middle(501);
    let refused = types(&mut middle, "suivre onglet=à-suivre");
    assert_eq!(refused.verdict, Verdict::Refused);
    let said = waiting(&middle);
    assert!(said[0].1.text.contains("plus de 500"), "{said:?}");
    middle.pump(&BTreeMap::new());
    assert_eq!(types(&mut middle, "suivre 1-500").verdict, Verdict::Done);
    let (_, preview) = waiting(&middle).pop().unwrap();
    let confirm = preview.buttons[0].line.clone();
    middle.pump(&BTreeMap::new());
    types(&mut middle, &confirm);
    assert_eq!(middle.work(500), 500);
    // At the beginning, at every 25th but the last, and at the end with its file: nothing of each.
    let posts = waiting(&middle);
    assert_eq!(posts.len(), 1 + 19 + 2);
    assert!(posts.iter().rev().nth(1).unwrap().1.text.contains("500"));
    assert_eq!(posts.last().unwrap().1.files.len(), 1);
    // The cards wait until the room has taken these.
    let next = |middle: &Middle| middle.app.next_step(None, middle.now).unwrap();
    assert_eq!(next(&middle), Next::Rest);
    let deliver = |middle: &Middle| {
        for (id, _) in waiting(middle) {
            let delivered = Outcome::Delivered {
                remote_id: format!("remote-{id}"),
            };
            let (store, now) = (&middle.app.store, middle.now);
            store.settle(id, &delivered, now, now).unwrap();
        }
    };
    deliver(&middle);
    let mut cards = 0;
    loop {
        middle.work(usize::MAX);
        let shown = waiting(&middle).len();
        assert!(shown < 8, "{shown} at once");
        cards += shown;
        if next(&middle) == Next::Nothing {
            break;
        }
        deliver(&middle);
    }
    deliver(&middle);
    assert_eq!(cards, 500);
    middle.held_back = false;
    middle.pump(&BTreeMap::new());
    middle.leave();
}
