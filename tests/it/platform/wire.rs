//! A middle that only remembers, and a platform channel beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use greffier::channel::http::health::Health;
use greffier::channel::platform::{Mirror, Platform, Settings};
use greffier::channel::{Channel as _, Heard, Inbox, Known};
use greffier::clock;
use greffier::message::platform::{
    Act, Answered, Claims, DemarcheIn, DossierIn, Gone, Order, Profile, Progress, Said, Taken,
    Undated, Unread, plain,
};
use greffier::message::{
    Body, Destination, Heard as What, Outcome, Outgoing, Piece, Receipt, Verdict,
};
use greffier::shelf::Shelf;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fake::Fake;

/// What was heard.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) demarches: Vec<DemarcheIn>,
    pub(super) dossiers: BTreeMap<u64, DossierIn>,
    pub(super) progress: BTreeMap<u64, Progress>,
    /// The démarches that are not read.
    pub(super) unread: BTreeMap<u64, Unread>,
    pub(super) gone: Vec<Gone>,
    pub(super) answered: Vec<Answered>,
    /// What came in, by id, in its order.
    pub(super) ids: Vec<String>,
    /// Messages that were found to be an order's.
    claimed: BTreeMap<String, String>,
    open: Vec<Order>,
}

/// The middle.
#[derive(Default)]
pub(super) struct Memory(Mutex<Kept>);

impl Memory {
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }

    fn absorb(&self, id: &str, said: Said) {
        let mut kept = self.kept();
        if kept.ids.iter().any(|other| other == id) {
            return;
        }
        kept.ids.push(id.to_owned());
        match said {
            Said::Demarche(demarche) => kept.demarches.push(*demarche),
            Said::Dossier(dossier) => kept.dossier(*dossier),
            Said::Gone(gone) => {
                for dossier in gone.purged.iter().chain(&gone.trashed) {
                    kept.dossiers.remove(&dossier.number);
                }
                kept.gone.push(gone);
            }
            Said::Read(progress) => {
                kept.progress.insert(progress.demarche, progress);
            }
            Said::Unread { demarches } => kept.unread = demarches,
            Said::Answered(answered) => {
                for message in &answered.messages {
                    kept.claimed
                        .insert(message.clone(), answered.order.id.clone());
                }
                kept.open.retain(|order| order.id != answered.order.id);
                if let Some(dossier) = answered.dossier.clone() {
                    kept.dossier(*dossier);
                }
                kept.answered.push(*answered);
            }
        }
    }
}

impl Kept {
    fn dossier(&mut self, dossier: DossierIn) {
        let known = self.dossiers.get(&dossier.number);
        for message in &dossier.messages {
            let new =
                known.is_none_or(|known| known.messages.iter().all(|old| old.id != message.id));
            let order = self.open.iter().find(|order| {
                order.dossier == dossier.number
                    && order.acts.iter().any(|act| {
                        matches!(act, Act::EnvoyerMessage { body, .. } if plain(body) == plain(&message.body))
                    })
            });
            if let Some(order) = order.filter(|_| new) {
                self.claimed.insert(message.id.clone(), order.id.clone());
            }
        }
        self.dossiers.insert(dossier.number, dossier);
    }
}

impl Mirror for Memory {
    fn progress(&self, demarche: u64) -> Option<Progress> {
        self.kept().progress.get(&demarche).cloned()
    }

    fn unread(&self) -> BTreeMap<u64, Unread> {
        self.kept().unread.clone()
    }

    fn taken(&self, dossier: u64) -> Option<Taken> {
        self.kept().dossiers.get(&dossier).map(|dossier| Taken {
            digest: dossier.digest(),
            modified: dossier.modified,
            undated: Undated {
                labels: dossier.labels.clone(),
                correction_pending: dossier.correction_pending,
                archived: dossier.archived,
            },
        })
    }

    fn claims(&self, dossier: u64, order: &str) -> Claims {
        let kept = self.kept();
        let known = kept.dossiers.get(&dossier);
        let known = known
            .iter()
            .flat_map(|dossier| &dossier.messages)
            .map(|message| &message.id);
        let (own, others): (BTreeSet<String>, _) = known
            .cloned()
            .partition(|id| kept.claimed.get(id).map(String::as_str) == Some(order));
        Claims { own, others }
    }

    fn shown(&self, demarche: u64) -> Vec<u64> {
        let kept = self.kept();
        let own = kept
            .dossiers
            .values()
            .filter(|dossier| dossier.demarche == demarche);
        own.map(|dossier| dossier.number).collect()
    }
}

/// Files in memory.
#[derive(Default)]
pub(super) struct Files(Mutex<BTreeMap<String, Vec<u8>>>);

impl Shelf for Files {
    fn keep(&self, content: &[u8]) -> io::Result<String> {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(content));
        self.0
            .lock()
            .unwrap()
            .insert(hash.clone(), content.to_vec());
        Ok(hash)
    }

    fn read(&self, hash: &str) -> io::Result<Vec<u8>> {
        let files = self.0.lock().unwrap();
        files
            .get(hash)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A running channel.
pub(super) struct Desk {
    pub(super) fake: Fake,
    pub(super) memory: Arc<Memory>,
    pub(super) files: Arc<Files>,
    pub(super) health: Arc<Health>,
    pub(super) token: PathBuf,
    platform: Arc<Platform>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    folder: Arc<tempfile::TempDir>,
    demarches: Vec<u64>,
    /// When each order was given.
    ordered: BTreeMap<String, Timestamp>,
}

impl Desk {
    /// A channel that reads `demarches` of `fake`.
    pub(super) fn open(fake: &Fake, demarches: &[i32]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        write_token(&folder.path().join("token"), &fake.token());
        let demarches: Vec<u64> = demarches.iter().map(|demarche| number(*demarche)).collect();
        Self::start(fake, demarches, Arc::default(), Arc::default(), folder)
    }

    fn start(
        fake: &Fake,
        demarches: Vec<u64>,
        memory: Arc<Memory>,
        files: Arc<Files>,
        folder: Arc<tempfile::TempDir>,
    ) -> Self {
        let token = folder.path().join("token");
        let health = Arc::new(Health::default());
        let mirror: Arc<dyn Mirror> = memory.clone();
        let platform = Platform::new(
            settings(fake, &folder),
            demarches.clone(),
            mirror,
            health.clone(),
        );
        let platform = Arc::new(platform.unwrap());
        let (sender, heard) = mpsc::channel(16);
        let inbox = Inbox::new(sender, files.clone());
        let stop = CancellationToken::new();
        let tasks = vec![
            tokio::spawn(take_in(memory.clone(), heard)),
            tokio::spawn({
                let (platform, stop) = (platform.clone(), stop.clone());
                async move { platform.listen(inbox, stop).await.unwrap() }
            }),
        ];
        Self {
            fake: fake.clone(),
            memory,
            files,
            health,
            token,
            platform,
            stop,
            tasks,
            folder,
            demarches,
            ordered: BTreeMap::new(),
        }
    }

    /// Ends the channel as `kill -9` does, and starts another with what was committed.
    pub(super) fn again(self) -> Self {
        for task in &self.tasks {
            task.abort();
        }
        let ordered = self.ordered.clone();
        let (memory, files) = (self.memory.clone(), self.files.clone());
        let mut desk = Self::start(
            &self.fake,
            self.demarches.clone(),
            memory,
            files,
            self.folder.clone(),
        );
        desk.ordered = ordered;
        desk
    }

    /// Waits until the middle has heard something.
    pub(super) async fn until(&self, what: &str, heard: impl Fn(&Kept) -> bool) {
        for _ in 0..600 {
            if heard(&self.memory.kept()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not heard within 15 seconds: {what}");
    }

    /// Waits until a démarche is read whole.
    pub(super) async fn whole(&self) {
        let demarches = self.demarches.clone();
        let read = move |kept: &Kept| {
            let whole = |demarche| {
                kept.progress
                    .get(demarche)
                    .is_some_and(|progress| progress.whole)
            };
            demarches.iter().all(whole)
        };
        self.until("all is read", read).await;
    }

    /// A dossier as the middle knows it.
    pub(super) fn dossier(&self, dossier: i32) -> DossierIn {
        self.memory.kept().dossiers[&number(dossier)].clone()
    }

    /// An order of `instructeur` about a dossier as the middle knows it.
    pub(super) fn order(&mut self, dossier: i32, instructeur: &str, acts: Vec<Act>) -> Order {
        let known = self.dossier(dossier);
        let order = Order {
            id: format!("order-{}", self.ordered.len() + 1),
            demarche: known.demarche,
            dossier: known.number,
            dossier_id: known.id.clone(),
            instructeur: Profile {
                id: self.fake.instructeur_id(instructeur),
                email: instructeur.to_owned(),
            },
            acts,
            expects: known.traitements.last().map(|last| last.id.clone()),
            at: self.fake.now(),
            asked: None,
            cause: "line".to_owned(),
            memo: serde_json::Value::Null,
        };
        self.memory.kept().open.push(order.clone());
        self.ordered.insert(order.id.clone(), clock::now());
        order
    }

    /// One try to deliver an order.
    pub(super) async fn deliver(&self, order: &Order) -> Outcome {
        let outgoing = Outgoing {
            to: Destination {
                network: "platform".to_owned(),
                address: order.dossier.to_string(),
            },
            body: Body::Platform(Box::new(order.clone())),
        };
        let known = Known {
            thread: None,
            edits: None,
            since: self.ordered[&order.id],
            shelf: self.files.clone(),
        };
        self.platform.deliver("outbox-1", &outgoing, &known).await
    }

    /// Tries until it is delivered, and answers how it ended. Waits are cut short.
    pub(super) async fn carried_out(&self, order: &Order) -> Answered {
        for _ in 0..30 {
            let outcome = self.deliver(order).await;
            if let Outcome::Held { after, .. } = &outcome {
                tokio::time::sleep((*after).min(Duration::from_millis(250))).await;
            }
            if let Outcome::Delivered { .. } = outcome {
                let kept = self.memory.kept();
                let answered = kept
                    .answered
                    .iter()
                    .find(|answered| answered.order.id == order.id);
                return answered.unwrap().clone();
            }
        }
        panic!("not delivered");
    }

    /// Orders, and carries it out.
    pub(super) async fn act(
        &mut self,
        dossier: i32,
        instructeur: &str,
        acts: Vec<Act>,
    ) -> Answered {
        let order = self.order(dossier, instructeur, acts);
        self.carried_out(&order).await
    }

    /// A file on the shelf.
    pub(super) fn file(&self, name: &str, content: &[u8]) -> Piece {
        Piece {
            hash: self.files.keep(content).unwrap(),
            name: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: content.len() as u64,
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// `[platform]` for a fake.
pub(super) fn settings(fake: &Fake, folder: &tempfile::TempDir) -> Settings {
    let text = format!(
        "url = \"{}\"\ntoken_file = \"{}\"\npoll_seconds = 1\nrequests_per_minute = 6000\npatrol_minutes = 60",
        fake.base_url(),
        folder.path().join("token").display()
    );
    toml::from_str(&text).unwrap()
}

/// Puts a token into its file, for its owner alone.
pub(crate) fn write_token(file: &Path, token: &str) {
    std::fs::write(file, format!("{token}\n")).unwrap();
    open_to(file, 0o600);
}

/// Gives a file these rights.
pub(super) fn open_to(file: &Path, mode: u32) {
    std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

pub(super) fn number(number: i32) -> u64 {
    u64::try_from(number).unwrap()
}

async fn take_in(memory: Arc<Memory>, mut heard: mpsc::Receiver<Heard>) {
    while let Some(heard) = heard.recv().await {
        if let What::Platform(said) = heard.incoming.heard {
            memory.absorb(&heard.incoming.id, *said);
        }
        let _gone = heard.receipt.send(Receipt::of(Verdict::Done));
    }
}
