//! The clock: what fails at one dossier holds up no other, and what never changes holds up nothing.

use std::collections::BTreeMap;
use std::path::Path;

use greffier::config::Room;
use greffier::domain::{Demarche, DemarcheId, Demarches, DossierId, Privacy, Statut};
use greffier::message::{DepositIn, Heard, Verdict};
use greffier::store::Store as _;
use greffier::template::Templates;
use jiff::SignedDuration;
use serde_json::json;

use crate::conversation::desk::{Desk, Setting};

/// When both démarches have closed, so that all that is en construction passes en instruction.
const CLOSED: &str = "2024-07-02T08:00:00Z";

fn demarche() -> Demarche {
    toml::from_str(include_str!("../conversations/demarches/cloture.toml")).unwrap()
}

/// The same under another number, closed a day later.
fn other() -> Demarche {
    Demarche {
        number: DemarcheId(42),
        auto_archive_on: Some(jiff::civil::date(2024, 7, 1)),
        ..demarche()
    }
}

/// A desk with a room and that many dossiers.
fn desk(dossiers: u64) -> Desk {
    let closed = demarche();
    let room = Room {
        network: "console".to_owned(),
        id: "#salon".to_owned(),
        externals: false,
        demarche: Some(closed.number),
        groupe: None,
        notify: None,
        threads: true,
        privacy: Some(Privacy::Full),
    };
    let demarches = [closed, other()];
    let setting = Setting {
        demarches: demarches.map(|it| (it.number, it)).into(),
        rooms: vec![room],
        ..Setting::default()
    };
    let mut desk = Desk::new(setting, "2024-06-03T08:00:00Z".parse().unwrap());
    for _ in 0..dossiers {
        deposit(&mut desk, demarche().number);
    }
    desk.pump(&BTreeMap::new());
    desk
}

fn deposit(desk: &mut Desk, demarche: DemarcheId) {
    let deposit = DepositIn {
        demarche: demarche.0,
        body: json!({
            "usager": "jean@exemple.example",
            "demandeur": { "nom": "Martin", "prenom": "Jean" },
            "champs": {},
        }),
        files: Vec::new(),
        digest: None,
    };
    let receipt = desk.hear(None, Heard::Deposit(deposit));
    assert_eq!(receipt.verdict, Verdict::Done, "{receipt:?}");
}

/// The statuts of the dossiers 1 to `count`.
fn statuts(desk: &Desk, count: u64) -> Vec<Statut> {
    let load = |number| desk.app.store.load(DossierId(number)).unwrap().unwrap();
    (1..=count).map(|number| load(number).0.statut).collect()
}

/// Templates of which one fails at the dossier 2 alone.
fn broken(folder: &Path) -> Templates {
    let notice = folder.join("passed_to_instruction");
    std::fs::create_dir_all(&notice).unwrap();
    let text = "Dossier {{ dossier.number if dossier.number != 2 else nothing.at_all }}.";
    std::fs::write(notice.join("chat.md"), text).unwrap();
    Templates::load(Some(folder)).unwrap()
}

#[test]
fn a_dossier_at_which_the_clock_fails_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = desk(3);
    desk.app.templates = broken(folder.path()).into();
    desk.now = CLOSED.parse().unwrap();
    desk.hear(None, Heard::Tick);
    let waits = Statut::EnConstruction;
    let passed = Statut::EnInstruction;
    assert_eq!(statuts(&desk, 3), [passed, waits, passed]);
    // It has said nothing, and is left alone for an hour although it could be done now.
    let said = desk.pump(&BTreeMap::new());
    assert!(!said.is_empty());
    assert!(
        said.iter()
            .all(|said| said.row.queued.dossier != Some(DossierId(2)))
    );
    desk.app.templates = Templates::embedded().into();
    desk.now += SignedDuration::from_mins(59);
    desk.hear(None, Heard::Tick);
    assert_eq!(statuts(&desk, 3), [passed, waits, passed]);
    desk.now += SignedDuration::from_mins(2);
    desk.hear(None, Heard::Tick);
    assert_eq!(statuts(&desk, 3), [passed, passed, passed]);
    desk.pump(&BTreeMap::new());
    desk.leave();
}

#[test]
fn dossiers_of_a_demarche_that_is_gone_hold_up_no_other() {
    let mut desk = desk(4);
    deposit(&mut desk, other().number);
    desk.pump(&BTreeMap::new());
    let only = Demarches::from([(other().number, other())]);
    let all = std::mem::replace(&mut desk.app.demarches, only);
    desk.now = CLOSED.parse().unwrap();
    // The first four that are due are nobody's, and two are looked at in one tick.
    desk.app.at_once = 2 * greffier::store::OPEN;
    for _ in 0..2 {
        assert_eq!(desk.hear(None, Heard::Tick).verdict, Verdict::Done);
        assert_eq!(statuts(&desk, 5), [Statut::EnConstruction; 5]);
    }
    desk.hear(None, Heard::Tick);
    assert_eq!(statuts(&desk, 5)[4], Statut::EnInstruction);
    // They have their turn when the démarche is back.
    desk.app.demarches = all;
    for _ in 0..3 {
        desk.hear(None, Heard::Tick);
    }
    assert_eq!(statuts(&desk, 5), [Statut::EnInstruction; 5]);
    desk.pump(&BTreeMap::new());
    desk.leave();
}
