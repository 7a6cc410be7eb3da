//! The whole middle on a desk: heard twice, time set by hand, the outbox emptied by hand.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use greffier::app::{App, Next, Replies};
use greffier::command::Catalogue;
use greffier::config::Room;
use greffier::directory::Directory;
use greffier::document::Press;
use greffier::domain::{Demarches, Email, Piece, Quiet};
use greffier::mail::{Own, OwnSeal};
use greffier::message::work::{Order, Product};
use greffier::message::{Body, Heard, Incoming, Limits, Outcome, Receipt};
use greffier::shelf::Shelf;
use greffier::store::sled::{OpenOptions, Sled};
use greffier::store::{Journaled, Row, Store};
use greffier::template::Templates;
use greffier::workshop;
use greffier::workshop::bench::Bench;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::site::Site;

/// Domain of the replies.
pub(crate) const DOMAIN: &str = "greffier.example";
/// The relay whose word on the sender is believed.
pub(crate) const RELAY: &str = "mx.greffier.example";

/// Loaded once for all desks.
static PRESS: LazyLock<Arc<Press>> = LazyLock::new(|| Arc::new(Press::embedded()));

/// What the middle is set up with.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) demarches: Demarches,
    pub(crate) rooms: Vec<Room>,
    pub(crate) administrateurs: Vec<Email>,
    pub(crate) quiet: Option<Quiet>,
}

/// The middle, with its ledger in a folder that goes away with it.
pub(crate) struct Desk {
    pub(crate) app: App<Sled>,
    pub(crate) now: Timestamp,
    heard: u32,
    /// Slow work is done only as far as the script lets it.
    pub(crate) held_back: bool,
    /// The workshop fails at everything.
    pub(crate) broken: bool,
    /// Bytes of an export at most.
    pub(crate) largest_export: u64,
    /// The platform that its orders go to, if any; without one they go nowhere.
    pub(super) site: Option<Rc<Site>>,
    _folder: TempDir,
}

/// What was said, and whether it left: a row that was taken up by the other side, or not, and why.
pub(crate) struct Said {
    pub(crate) row: Row,
    /// The message of that remote id was changed rather than a new one sent.
    pub(crate) edited: bool,
    pub(crate) failed: Option<String>,
    /// The pictures that went with it, by name: once it has left, the shelf may have them no more.
    pub(crate) pictures: BTreeMap<String, Vec<u8>>,
}

/// Made-up networks: two with everything, one with short messages and tiny files, and mail.
fn networks() -> BTreeMap<String, Limits> {
    let chat = |text, file, buttons, reactions| Limits {
        text,
        file,
        buttons,
        threads: true,
        edits: true,
        reactions,
        prefix: "",
        forms: false,
        pace: Duration::ZERO,
    };
    let mail = Limits {
        text: 1_000_000,
        ..Limits::NONE
    };
    [
        ("console", chat(20_000, 25_000_000, 9, false)),
        ("matrix", chat(20_000, 25_000_000, 9, true)),
        ("discord", chat(2_000, 40, 25, true)),
        ("mail", mail),
    ]
    .into_iter()
    .map(|(name, limits)| (name.to_owned(), limits))
    .collect()
}

impl Desk {
    pub(crate) fn new(setting: Setting, now: Timestamp) -> Self {
        Self::of(
            DOMAIN,
            b"a secret of the tests, and of nobody else",
            setting,
            now,
        )
    }

    /// The desk of another deployment; its relay is `mx.` and its domain.
    pub(crate) fn of(domain: &str, secret: &[u8], setting: Setting, now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Arc::new(Sled::open(&folder.path().join("store"), &OpenOptions::default()).unwrap());
        let own = Own {
            domain: domain.to_owned(),
            hosts: vec![domain.to_owned()],
            authserv_ids: vec![format!("mx.{domain}")],
            seal: Some(OwnSeal::of(secret)),
            ..Own::default()
        };
        let app = App {
            shelf: store.pieces() as Arc<dyn Shelf>,
            store,
            demarches: setting.demarches,
            mirrored: greffier::app::Mirrored::default(),
            catalogue: Catalogue::embedded(),
            templates: Arc::new(Templates::embedded()),
            directory: Arc::new(Directory::new(
                setting.rooms,
                networks(),
                setting.administrateurs,
            )),
            own,
            from_name: String::new(),
            at_once: greffier::app::AT_ONCE,
            ration: greffier::app::Ration::default(),
            replies: Replies::default(),
            quiet: setting.quiet,
            secret: secret.to_vec(),
            public_url: None,
        };
        Self {
            app,
            now,
            heard: 0,
            held_back: false,
            broken: false,
            largest_export: u64::MAX,
            site: None,
            _folder: folder,
        }
    }

    /// Whether that network carries buttons, edits and so on.
    pub(crate) fn limits(&self, network: &str) -> Limits {
        self.app.directory.limits(network).unwrap_or(Limits::NONE)
    }

    /// Hears something as the daemon would (journal, handle, flush), then once more.
    pub(crate) fn hear(&mut self, id: Option<String>, heard: Heard) -> Receipt {
        self.hear_late(id, self.now, heard)
    }

    /// The same of something that was said at `at`.
    pub(crate) fn hear_late(&mut self, id: Option<String>, at: Timestamp, heard: Heard) -> Receipt {
        self.heard += 1;
        let incoming = Incoming {
            id: id.unwrap_or_else(|| format!("test:{}", self.heard)),
            at,
            heard,
        };
        let store = Arc::clone(&self.app.store);
        let journaled = store.journal(std::slice::from_ref(&incoming)).unwrap();
        let receipt = match &journaled[..] {
            [Journaled::Fresh(id) | Journaled::Waiting(id)] => {
                self.app.handle(Some(*id), &incoming, self.now).unwrap()
            }
            [Journaled::Done(receipt)] => receipt.clone(),
            other => panic!("one was journaled, not {other:?}"),
        };
        store.flush().unwrap();
        self.hear_again(&incoming, &receipt);
        receipt
    }

    /// The second time answers the same and says nothing more.
    fn hear_again(&self, incoming: &Incoming, receipt: &Receipt) {
        let store = &self.app.store;
        let rows = |store: &Sled| store.queued(None, usize::MAX).unwrap();
        let before = (
            rows(store),
            store.totals().unwrap(),
            store.next_number().unwrap(),
        );
        let journaled = store.journal(std::slice::from_ref(incoming)).unwrap();
        assert_eq!(journaled, [Journaled::Done(receipt.clone())]);
        let again = self.app.handle(None, incoming, self.now).unwrap();
        assert_eq!(again, *receipt, "heard again, it was answered otherwise");
        store.flush().unwrap();
        let after = (
            rows(store),
            store.totals().unwrap(),
            store.next_number().unwrap(),
        );
        assert_eq!(before, after, "heard again, it did something more");
    }

    /// Takes steps of slow work, as the writer would, at most `most`. Answers how many there were.
    pub(crate) fn work(&mut self, most: usize) -> usize {
        let mut taken = 0;
        while taken < most
            && let Next::Step(step) = self.app.next_step(None, self.now).unwrap()
        {
            let receipt = self.app.handle(None, &step, self.now).unwrap();
            self.app.store.flush().unwrap();
            self.hear_again(&step, &receipt);
            taken += 1;
        }
        taken
    }

    /// When the next row is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let rows = self.app.store.queued(None, usize::MAX).unwrap();
        rows.into_iter().map(|due| due.at).min()
    }

    /// Delivers all that is due. `refused` says why an address takes nothing.
    pub(crate) fn pump(&mut self, refused: &BTreeMap<String, String>) -> Vec<Said> {
        let mut said = Vec::new();
        loop {
            if !self.held_back {
                self.work(usize::MAX);
            }
            let rows = self.app.store.queued(None, usize::MAX).unwrap();
            let due: Vec<u64> = rows
                .into_iter()
                .filter(|due| due.at <= self.now)
                .map(|due| due.id)
                .collect();
            if due.is_empty() {
                return said;
            }
            for id in due {
                let row = self.app.store.row(id).unwrap().unwrap();
                if let Body::Make(order) = row.queued.outgoing.body.clone() {
                    said.push(self.settle(row, None));
                    self.make(id, *order);
                    continue;
                }
                if let (Body::Platform(_), Some(site)) = (&row.queued.outgoing.body, &self.site) {
                    let (site, order) = (Rc::clone(site), row.queued.outgoing.clone());
                    said.push(self.settle(row, None));
                    site.carry_out(self, &order);
                    continue;
                }
                let why = refused.get(&row.queued.outgoing.to.address).cloned();
                said.push(self.settle(row, why));
            }
            self.hear_of_the_dead();
        }
    }

    fn settle(&self, row: Row, failed: Option<String>) -> Said {
        let store = &self.app.store;
        let outgoing = &row.queued.outgoing;
        let before = match &outgoing.body {
            Body::Post(post) if self.limits(&outgoing.to.network).edits => post
                .card
                .as_ref()
                .and_then(|card| store.remote(&outgoing.to, card).unwrap()),
            _ => None,
        };
        let edited = before.is_some();
        let pictures = match &outgoing.body {
            Body::Post(post) => self.pictures(&post.files),
            _ => BTreeMap::new(),
        };
        let outcome = match &failed {
            Some(why) => Outcome::Dead { why: why.clone() },
            None => Outcome::Delivered {
                remote_id: before.unwrap_or_else(|| format!("remote-{}", row.id)),
            },
        };
        store.settle(row.id, &outcome, self.now, self.now).unwrap();
        Said {
            row,
            edited,
            failed,
            pictures,
        }
    }

    fn pictures(&self, files: &[Piece]) -> BTreeMap<String, Vec<u8>> {
        let pictures = files.iter().filter(|file| file.media_type == "image/png");
        pictures
            .filter_map(|file| Some((file.name.clone(), self.app.shelf.read(&file.hash).ok()?)))
            .collect()
    }

    /// Makes what was ordered, and hears of it.
    fn make(&mut self, row: u64, order: Order) {
        let bench = Bench {
            press: Arc::clone(&PRESS),
            store: Arc::clone(&self.app.store),
            shelf: Arc::clone(&self.app.shelf),
            rules: Arc::new({
                let known = self.app.demarches.clone();
                move |number| known.get(&number).cloned()
            }),
            largest_export: self.largest_export,
        };
        let halt = CancellationToken::new();
        let product = if self.broken {
            Product::Failed
        } else {
            workshop::make(&bench, &order, self.now, &halt).unwrap()
        };
        let key = format!("outbox-{row}");
        let Incoming { id, heard, .. } = workshop::heard(&key, order, product, self.now);
        self.hear(Some(id), heard);
    }

    /// What was given up comes back as something heard.
    fn hear_of_the_dead(&mut self) {
        for (id, incoming) in self.app.store.journaled().unwrap() {
            let receipt = self.app.handle(Some(id), &incoming, self.now).unwrap();
            self.app.store.flush().unwrap();
            self.hear_again(&incoming, &receipt);
        }
    }

    /// Nothing may be left to say, now or later, and the ledger must be sound.
    pub(crate) fn leave(self) {
        let left = self.app.store.queued(None, usize::MAX).unwrap();
        assert!(left.is_empty(), "still due: {left:?}");
        let demarches = self.app.demarches.clone();
        let rules = |number| demarches.get(&number).cloned();
        let report = self.app.store.verify(&rules).unwrap();
        assert_eq!(report.faults, Vec::<String>::new());
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let due = self.next_due().filter(|next| *next <= self.now);
        assert!(due.is_none(), "something was still due: {due:?}");
    }
}
