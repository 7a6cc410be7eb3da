//! Lines that a network vouches for only in part: typed long ago, from a device that nobody signed, perhaps for others.

use std::collections::BTreeMap;

use greffier::config::Room;
use greffier::domain::{Demarche, DossierId, Privacy};
use greffier::message::{
    Account, Body, DepositIn, Destination, Doubt, Heard, Line, Place, Remark, Remarked, Verdict,
};
use greffier::store::Store as _;
use jiff::SignedDuration;
use serde_json::json;

use super::desk::{Desk, Setting};

const INES: &str = "ines@ddt.example";

/// A desk with one dossier, and a room of the console.
fn desk() -> Desk {
    let demarche: Demarche = toml::from_str(&format!(
        "number = 21\ntitre = \"Fêtes\"\nservice = \"Préfecture\"\n[[groupe]]\nlabel = \"Nord\"\ninstructeurs = [\"{INES}\"]"
    ))
    .unwrap();
    let room = Room {
        network: "console".to_owned(),
        id: "salle".to_owned(),
        externals: false,
        demarche: None,
        groupe: None,
        notify: None,
        threads: true,
        privacy: Some(Privacy::Full),
    };
    let setting = Setting {
        demarches: [(demarche.number, demarche)].into(),
        rooms: vec![room],
        administrateurs: Vec::new(),
        quiet: None,
    };
    let mut desk = Desk::new(setting, "2024-06-03T07:00:00Z".parse().unwrap());
    let body = json!({ "usager": "lina@exemple.fr", "demandeur": { "prenom": "Lina", "nom": "B" }, "champs": {} });
    desk.hear(
        None,
        Heard::Deposit(DepositIn {
            demarche: 21,
            body,
            files: Vec::new(),
            digest: None,
        }),
    );
    said(&mut desk);
    desk
}

fn line(text: &str) -> Line {
    Line {
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
    }
}

/// The texts that leave now.
fn said(desk: &mut Desk) -> Vec<String> {
    let said = desk.pump(&BTreeMap::new());
    said.into_iter()
        .filter_map(|said| match said.row.queued.outgoing.body {
            Body::Post(post) => Some(post.text),
            Body::React(_) | Body::Mail(_) | Body::Make(_) | Body::Platform(_) => None,
        })
        .collect()
}

fn followers(desk: &Desk) -> usize {
    let (dossier, _) = desk.app.store.load(DossierId(1)).unwrap().unwrap();
    dossier.followers.len()
}

#[test]
fn what_nobody_vouches_for_may_look_and_not_act() {
    let mut desk = desk();
    let mut unsigned = line("suivre 1");
    unsigned.doubt = Some(Doubt::Device);
    let receipt = desk.hear(None, Heard::Line(unsigned.clone()));
    assert_eq!(receipt.verdict, Verdict::Refused);
    let answer = said(&mut desk).concat();
    assert!(answer.contains("vérifiée"), "{answer}");
    assert_eq!(followers(&desk), 0);
    unsigned.text = "dossier 1".to_owned();
    let receipt = desk.hear(None, Heard::Line(unsigned.clone()));
    assert_eq!(receipt.verdict, Verdict::Done);
    assert!(said(&mut desk).concat().contains("Lina"));
    // What was asked from a signed device is not confirmed from another.
    desk.hear(None, Heard::Line(line("instruire 1")));
    said(&mut desk);
    desk.hear(None, Heard::Line(line("construire 1")));
    let preview = said(&mut desk).concat();
    let (_, rest) = preview.split_once("`confirmer ").expect("a preview");
    let code: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    unsigned.text = format!("confirmer {code}");
    let receipt = desk.hear(None, Heard::Line(unsigned));
    assert_eq!(receipt.verdict, Verdict::Refused);
    said(&mut desk);
}

#[test]
fn an_act_typed_more_than_an_hour_ago_is_asked_about_first() {
    let mut desk = desk();
    let hour = desk.now - SignedDuration::from_hours(1);
    desk.hear_late(
        None,
        hour - SignedDuration::from_secs(1),
        Heard::Line(line("suivre 1")),
    );
    let answer = said(&mut desk).concat();
    assert!(
        answer.contains("À confirmer") && answer.contains("suivre le dossier"),
        "{answer}"
    );
    assert_eq!(followers(&desk), 0);
    desk.hear_late(None, hour, Heard::Line(line("suivre 1")));
    assert_eq!(followers(&desk), 1);
    said(&mut desk);
}

#[test]
fn a_word_that_may_be_for_others_is_left_alone_unless_it_looks_like_a_command() {
    let mut desk = desk();
    let mut other = line("xylophone 3");
    other.addressed = false;
    let receipt = desk.hear(None, Heard::Line(other.clone()));
    assert_eq!(receipt.verdict, Verdict::Ignored);
    assert_eq!(said(&mut desk), Vec::<String>::new());
    other.text = "suivr 1".to_owned();
    let receipt = desk.hear(None, Heard::Line(other));
    assert_eq!(receipt.verdict, Verdict::Misunderstood);
    assert!(said(&mut desk).concat().contains("suivre"));
}

#[test]
fn a_remark_of_a_channel_is_worded_and_speaks_of_no_dossier() {
    let mut desk = desk();
    for what in [
        Remarked::NoKey,
        Remarked::Unverified,
        Remarked::EditedTooLate,
        Remarked::FileUnread,
        Remarked::Outsiders,
        Remarked::PutOut,
    ] {
        desk.hear(
            None,
            Heard::Remark(Remark {
                to: Destination {
                    network: "console".to_owned(),
                    address: "salle".to_owned(),
                },
                direct: false,
                answers: None,
                what,
            }),
        );
        let posts = desk.pump(&BTreeMap::new());
        let [one] = &posts[..] else {
            panic!("one message for {what:?}, not {}", posts.len())
        };
        let Body::Post(post) = &one.row.queued.outgoing.body else {
            panic!("no post")
        };
        assert!(post.open && post.text.len() > 40, "{}", post.text);
    }
}
