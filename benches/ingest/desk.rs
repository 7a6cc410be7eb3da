//! A daemon in this process: its sockets are real, its room and its mail go nowhere but to disk.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use greffier::app::{self, App};
use greffier::channel::eml::{self, Eml};
use greffier::channel::http::health::Health;
use greffier::channel::http::{self, Http};
use greffier::channel::listener::{self, Listener};
use greffier::channel::{Channel, Heard, Inbox, Known};
use greffier::command::Catalogue;
use greffier::config::Room;
use greffier::daemon::Daemon;
use greffier::directory::Directory;
use greffier::domain::{Demarche, Privacy};
use greffier::mail::compose::Identity;
use greffier::mail::{Own, Purpose, token};
use greffier::message::{
    Account, DepositIn, Heard as What, Incoming, Limits, Line, Outcome, Outgoing, Place, Receipt,
    Verdict,
};
use greffier::shelf::Shelf;
use greffier::store::Store as _;
use greffier::store::sled::{OpenOptions, Sled};
use greffier::template::Templates;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) const DOMAIN: &str = "greffier.example";
pub(crate) const TOKEN: &str = "a bearer token of the benches";
pub(crate) const INES: &str = "ines@ddt.example";
const SECRET: &[u8] = b"a secret of the benches, and of nobody else";
const DEMARCHE: &str = r#"
number = 7
titre = "Permis de démolir"
service = "Direction départementale des territoires"

[[groupe]]
label = "Nord"
instructeurs = ["ines@ddt.example", "paul@ddt.example"]

[[champ]]
id = "travaux"
libelle = "Travaux"
type = "textarea"
obligatoire = true
"#;

/// A room that takes everything at once and shows it to nobody.
pub(crate) struct Quiet(pub(crate) &'static str);

impl Channel for Quiet {
    fn name(&self) -> &'static str {
        self.0
    }

    fn limits(&self) -> Limits {
        Limits {
            text: 20_000,
            threads: true,
            edits: true,
            ..Limits::NONE
        }
    }

    async fn listen(&self, _inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    async fn deliver(&self, key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        Outcome::Delivered {
            remote_id: key.to_owned(),
        }
    }
}

/// The middle on a new store in `folder`, with one room.
pub(crate) fn app(folder: &Path) -> App<Sled> {
    let store = Arc::new(Sled::open(&folder.join("store"), &OpenOptions::default()).unwrap());
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
    let limits = Quiet("console").limits();
    let networks = ["console", "mail"].map(|name| (name.to_owned(), limits));
    App {
        shelf: store.pieces() as Arc<dyn Shelf>,
        store,
        demarches: [(demarche.number, demarche)].into(),
        mirrored: greffier::app::Mirrored::default(),
        catalogue: Catalogue::embedded(),
        templates: Arc::new(Templates::embedded()),
        directory: Arc::new(Directory::new(vec![room], networks.into(), Vec::new())),
        own: Own::default(),
        from_name: String::new(),
        at_once: greffier::app::AT_ONCE,
        ration: greffier::app::Ration::default(),
        replies: greffier::app::Replies::default(),
        quiet: None,
        secret: SECRET.to_vec(),
        public_url: None,
    }
}

pub(crate) fn usager(number: u64) -> String {
    format!("usager{number}@courriel.example")
}

pub(crate) fn expert(number: u64) -> String {
    format!("expert{number}@culture.example")
}

/// The reply address of a dossier's usager, or of its first expert.
pub(crate) fn reply_address(number: u64, of_expert: bool) -> String {
    let (purpose, person) = if of_expert {
        (Purpose::Avis(1), expert(number))
    } else {
        (Purpose::Message, usager(number))
    };
    let token = token(SECRET, number, purpose, &person);
    format!("reponse+{token}@{DOMAIN}")
}

pub(crate) fn body(number: u64) -> serde_json::Value {
    json!({
        "usager": usager(number),
        "demandeur": { "nom": "Moreau", "prenom": format!("Lina {number}") },
        "champs": { "travaux": "Démolition d’une grange à colombages, rue de l’Église." },
    })
}

/// Handles `what` and expects it to be done.
pub(crate) fn done(app: &App<Sled>, id: String, what: What) -> Receipt {
    let at = greffier::clock::now();
    let incoming = Incoming {
        id,
        at,
        heard: what,
    };
    let receipt = app.handle(None, &incoming, at).unwrap();
    assert_eq!(receipt.verdict, Verdict::Done, "{receipt:?}");
    receipt
}

/// A line that Inès types in the shell.
pub(crate) fn line(text: String) -> What {
    What::Line(Line {
        from: Account {
            network: "shell".to_owned(),
            id: INES.to_owned(),
        },
        place: Place::Direct,
        text,
        files: Vec::new(),
        about: None,
        remote_id: None,
        doubt: None,
        addressed: true,
    })
}

/// Deposits so many dossiers; each is followed, en instruction, and an expert is asked.
pub(crate) fn fill(app: &App<Sled>, dossiers: u64) {
    for number in 1..=dossiers {
        let deposit = DepositIn {
            demarche: 7,
            body: body(number),
            files: Vec::new(),
            digest: None,
        };
        let receipt = done(app, format!("deposit {number}"), What::Deposit(deposit));
        assert_eq!(receipt.dossier, Some(number));
        let ask = format!(
            "avis demander {number} {} Qu’en pensez-vous ?",
            expert(number)
        );
        for (index, text) in [format!("instruire {number}"), ask].into_iter().enumerate() {
            done(app, format!("line {number} {index}"), line(text));
        }
    }
    app.store.flush().unwrap();
}

/// A daemon that runs.
pub(crate) struct Desk {
    pub(crate) app: Arc<App<Sled>>,
    pub(crate) smtp: SocketAddr,
    pub(crate) http: SocketAddr,
    runtime: Runtime,
    stop: CancellationToken,
    daemon: Option<tokio::task::JoinHandle<anyhow::Result<()>>>,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// Starts it with so many dossiers, and waits until nothing is left to send.
    pub(crate) fn open(dossiers: u64) -> Self {
        let folder = folder();
        let app = Arc::new(app(folder.path()));
        fill(&app, dossiers);
        let runtime = Runtime::new().unwrap();
        let stop = CancellationToken::new();
        let (daemon, smtp, http) =
            runtime.block_on(put_together(&app, folder.path(), stop.clone()));
        let daemon = Some(runtime.spawn(daemon.run()));
        let desk = Self {
            app,
            smtp,
            http,
            runtime,
            stop,
            daemon,
            _folder: folder,
        };
        desk.settled();
        desk
    }

    /// Waits until nothing is left to send.
    pub(crate) fn settled(&self) {
        while self.app.store.depths().unwrap().outbox > 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(daemon) = self.daemon.take() {
            self.runtime.block_on(daemon).unwrap().unwrap();
        }
    }
}

async fn put_together(
    app: &Arc<App<Sled>>,
    folder: &Path,
    stop: CancellationToken,
) -> (Daemon<Sled>, SocketAddr, SocketAddr) {
    let health = Arc::new(Health::default());
    let mut daemon = Daemon::new(
        Arc::new(app::Desk::new(App::clone(app))),
        Arc::clone(&health),
        stop,
    );
    let listener = listener().await;
    let http = http::Settings {
        listen: "127.0.0.1:0".to_owned(),
        token: Some(TOKEN.into()),
        ..http::Settings::default()
    };
    let http = Http::bind(http, health, None).await.unwrap();
    let addresses = (listener.smtp_address().unwrap(), http.address().unwrap());
    let identity = Identity {
        domain: DOMAIN.to_owned(),
        from_address: format!("greffier@{DOMAIN}"),
        host: DOMAIN.to_owned(),
        seal: None,
    };
    let mails = eml::Settings {
        folder: folder.join("mails"),
    };
    daemon.listen(Arc::new(listener));
    daemon.listen(Arc::new(http));
    daemon.speak(Arc::new(Eml::new(mails, identity)));
    daemon.speak(Arc::new(Quiet("console")));
    (daemon, addresses.0, addresses.1)
}

async fn listener() -> Listener {
    let settings = listener::Settings {
        smtp: "127.0.0.1:0".to_owned(),
        hostname: DOMAIN.to_owned(),
        domain: DOMAIN.to_owned(),
        ..listener::Settings::default()
    };
    Listener::bind(settings, Arc::new(|_: &str| true))
        .await
        .unwrap()
}

/// The same listener before nothing: it keeps each mail's file durably and answers.
pub(crate) struct Bare {
    pub(crate) smtp: SocketAddr,
    stop: CancellationToken,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Bare {
    pub(crate) fn open() -> Self {
        let folder = folder();
        let store = Sled::open(&folder.path().join("store"), &OpenOptions::default()).unwrap();
        let runtime = Runtime::new().unwrap();
        let stop = CancellationToken::new();
        let listener = runtime.block_on(listener());
        let smtp = listener.smtp_address().unwrap();
        let (sender, mut heard) = mpsc::channel::<Heard>(256);
        let inbox = Inbox::new(sender, store.pieces());
        let until = stop.clone();
        runtime.spawn(async move { listener.listen(inbox, until).await });
        runtime.spawn(async move {
            while let Some(heard) = heard.recv().await {
                let _gone = heard.receipt.send(Receipt::of(Verdict::Done));
            }
        });
        Self {
            smtp,
            stop,
            _runtime: runtime,
            _folder: folder,
        }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A folder beside the code: the system's own for temporary files may be in memory.
pub(crate) fn folder() -> tempfile::TempDir {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    std::fs::create_dir_all(&target).unwrap();
    tempfile::tempdir_in(target).unwrap()
}
