//! An act on 500 dossiers: the preview, and each dossier with its share of the flushes, as the writer takes them.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot go on stops, and its figures are printed"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use greffier::app::{App, Next, Replies};
use greffier::command::Catalogue;
use greffier::config::Room;
use greffier::directory::Directory;
use greffier::domain::{Demarche, Privacy};
use greffier::mail::Own;
use greffier::message::{
    Account, Body, DepositIn, Heard, Incoming, Limits, Line, Outcome, Place, Receipt, Verdict,
};
use greffier::shelf::Shelf;
use greffier::store::Store as _;
use greffier::store::sled::{OpenOptions, Sled};
use greffier::template::Templates;
use serde_json::json;

/// Dossiers of an act.
const DOSSIERS: usize = 500;
/// Steps that share a flush, as in the writer.
const STEPS: usize = 8;
const INES: &str = "ines@ddt.example";
const DEMARCHE: &str = r#"
number = 7
titre = "Permis de démolir"
service = "Direction départementale des territoires"

[[groupe]]
label = "Nord"
instructeurs = ["ines@ddt.example"]

[[champ]]
id = "travaux"
libelle = "Travaux"
type = "textarea"
"#;

struct Desk {
    app: App<Sled>,
    heard: u64,
    said: u64,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// A store with the dossiers, and a room that takes everything.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Arc::new(Sled::open(&folder.path().join("store"), &OpenOptions::default()).unwrap());
        let demarche: Demarche = toml::from_str(DEMARCHE).unwrap();
        let room = Room {
            externals: false,
            network: "console".to_owned(),
            id: "salon".to_owned(),
            demarche: None,
            groupe: None,
            notify: None,
            threads: true,
            privacy: Some(Privacy::Full),
        };
        let limits = Limits {
            text: 20_000,
            threads: true,
            edits: true,
            buttons: 9,
            ..Limits::NONE
        };
        let app = App {
            shelf: store.pieces() as Arc<dyn Shelf>,
            store,
            demarches: [(demarche.number, demarche)].into(),
            mirrored: greffier::app::Mirrored::default(),
            catalogue: Catalogue::embedded(),
            templates: Arc::new(Templates::embedded()),
            directory: Arc::new(Directory::new(
                vec![room],
                BTreeMap::from([("console".to_owned(), limits)]),
                Vec::new(),
            )),
            own: Own {
                domain: "greffier.example".to_owned(),
                ..Own::default()
            },
            from_name: String::new(),
            replies: Replies::default(),
            secret: b"a secret of the benches, and of nobody else".to_vec(),
            at_once: greffier::app::AT_ONCE,
            ration: greffier::app::Ration::default(),
            quiet: None,
            public_url: None,
        };
        let mut desk = Self {
            app,
            heard: 0,
            said: 0,
            _folder: folder,
        };
        for number in 0..DOSSIERS {
            let deposit = DepositIn {
                demarche: 7,
                body: json!({
                    "usager": format!("usager{number}@example.org"),
                    "demandeur": { "nom": "Martin", "prenom": "Claude" },
                    "champs": { "travaux": "Démolir un appentis au fond de la parcelle." },
                }),
                files: Vec::new(),
                digest: None,
            };
            desk.hear(Heard::Deposit(deposit));
        }
        desk.rest();
        desk
    }

    fn hear(&mut self, heard: Heard) -> Receipt {
        self.heard += 1;
        let incoming = Incoming {
            id: format!("bench:{}", self.heard),
            at: greffier::clock::now(),
            heard,
        };
        self.app.handle(None, &incoming, incoming.at).unwrap()
    }

    /// A line typed in the room, flushed.
    fn line(&mut self, text: &str) -> Receipt {
        let receipt = self.hear(Heard::Line(Line {
            from: Account {
                network: "console".to_owned(),
                id: INES.to_owned(),
            },
            place: Place::Room("salon".to_owned()),
            text: text.to_owned(),
            files: Vec::new(),
            about: None,
            remote_id: None,
            doubt: None,
            addressed: true,
        }));
        self.app.store.flush().unwrap();
        assert_eq!(receipt.verdict, Verdict::Done, "{text}");
        receipt
    }

    /// The code of the last preview.
    fn code(&mut self) -> String {
        let mut code = None;
        for due in self.app.store.queued(Some(self.said), usize::MAX).unwrap() {
            let row = self.app.store.row(due.id).unwrap().unwrap();
            if let Body::Post(post) = &row.queued.outgoing.body {
                let line = post.buttons.first().map(|button| button.line.clone());
                code = line.and_then(|line| Some(line.strip_prefix("confirmer ")?.to_owned()));
            }
        }
        code.unwrap()
    }

    /// Everything that waits is delivered, untimed; the cards are shown.
    fn rest(&mut self) {
        loop {
            let rows = self.app.store.queued(None, usize::MAX).unwrap();
            let now = greffier::clock::now();
            for due in &rows {
                let delivered = Outcome::Delivered {
                    remote_id: format!("remote-{}", due.id),
                };
                self.app.store.settle(due.id, &delivered, now, now).unwrap();
                self.said = due.id;
            }
            match self.app.next_step(None, now).unwrap() {
                Next::Step(step) => drop(self.app.handle(None, &step, now).unwrap()),
                Next::Rest => {}
                Next::Nothing if rows.is_empty() => return,
                Next::Nothing => {}
            }
            self.app.store.flush().unwrap();
        }
    }

    /// One act on all: how long the preview took, and how long the dossiers.
    fn act(&mut self, name: &str) -> (Duration, Duration) {
        let begun = Instant::now();
        self.line(&format!("{name} 1-{DOSSIERS}"));
        let preview = begun.elapsed();
        let code = self.code();
        self.line(&format!("confirmer {code}"));
        let begun = Instant::now();
        for taken in 1..=DOSSIERS {
            let now = greffier::clock::now();
            let Next::Step(step) = self.app.next_step(None, now).unwrap() else {
                panic!("there is more to do");
            };
            self.app.handle(None, &step, now).unwrap();
            if taken % STEPS == 0 || taken == DOSSIERS {
                self.app.store.flush().unwrap();
            }
        }
        let done = begun.elapsed();
        self.rest();
        (preview, done)
    }
}

fn bulk(criterion: &mut Criterion) {
    let mut desk = Desk::new();
    let mut follows = false;
    let mut next = move || {
        follows = !follows;
        desk.act(if follows { "suivre" } else { "ne-plus-suivre" })
    };
    let mut group = criterion.benchmark_group("bulk");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(DOSSIERS as u64));
    group.bench_function("preview of 500", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| next().0).sum());
    });
    group.bench_function("500 dossiers", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| next().1).sum());
    });
    group.finish();
}

criterion_group!(benches, bulk);
criterion_main!(benches);
