//! Where the platform says that files are: nothing is asked for or put where that leads into the network here.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use greffier::message::platform::{Act, Ended};

use super::act::{INES, desk};
use super::fake::{Fake, Fault, Options};
use super::wire::{Desk, number};

/// Something of this machine that is none of the platform's, and how often it was called.
struct Neighbour {
    port: u16,
    called: Arc<AtomicUsize>,
}

impl Neighbour {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let called = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&called);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { port, called }
    }

    /// Addresses of it that are none of a file on this machine: by a name, by what leads to itself, without TLS elsewhere.
    fn names(&self) -> Vec<String> {
        ["localhost", "0.0.0.0", "[::ffff:127.0.0.1]"]
            .map(|host| format!("http://{host}:{}", self.port))
            .into()
    }

    fn called(&self) -> usize {
        self.called.load(Ordering::SeqCst)
    }
}

/// A dossier whose usager has sent a file; what fetches it.
async fn with_file() -> (Fake, Desk, i32, Act) {
    let (fake, desk, dossier) = desk(Options::default()).await;
    let file = fake.store_file("plan.pdf", "application/pdf", b"%PDF-1.4 plan");
    fake.usager(dossier).writes("Voici", &[file]);
    desk.until("the file", |kept| {
        let messages = &kept.dossiers[&number(dossier)].messages;
        messages.iter().any(|message| !message.files.is_empty())
    })
    .await;
    let messages = desk.dossier(dossier).messages;
    let files = messages.into_iter().flat_map(|message| message.files);
    let fetch = Act::Fetch {
        files: files.collect(),
    };
    (fake, desk, dossier, fetch)
}

#[tokio::test]
async fn no_file_is_fetched_within_the_network_here() {
    let (fake, mut desk, dossier, fetch) = with_file().await;
    let neighbour = Neighbour::new();
    for base in neighbour.names() {
        fake.files_at(Some(&base));
        let fetched = desk.act(dossier, INES, vec![fetch.clone()]).await;
        assert_eq!(fetched.ended, Ended::Done, "nothing waits for it");
        assert_eq!(fetched.files, [None], "{base}");
    }
    fake.files_at(None);
    // Nor where the file's own address leads there, although it is the platform's.
    let own = format!("http://127.0.0.1:{}", neighbour.port);
    for to in neighbour.names().iter().chain([&own]) {
        fake.fail("download", 1, Fault::Moved(format!("{to}/plan.pdf")));
        let fetched = desk.act(dossier, INES, vec![fetch.clone()]).await;
        assert_eq!(fetched.files, [None], "{to}");
    }
    assert_eq!(neighbour.called(), 0);
    // On the platform's own side it may be sent on.
    assert_eq!(fake.clear_faults(), 0);
    fake.fail("download", 1, Fault::Moved("/storage/0/none".to_owned()));
    desk.act(dossier, INES, vec![fetch.clone()]).await;
    let fetched = desk.act(dossier, INES, vec![fetch]).await;
    assert!(fetched.files[0].is_some());
}

#[tokio::test]
async fn no_file_is_put_within_the_network_here() {
    let (fake, mut desk, dossier) = desk(Options::default()).await;
    let neighbour = Neighbour::new();
    let piece = Act::EnvoyerMessage {
        body: "Voici".to_owned(),
        piece: Some(desk.file("modele.pdf", b"%PDF-1.4 modele")),
        correction: None,
    };
    for base in neighbour.names() {
        fake.files_at(Some(&base));
        let refused = desk.act(dossier, INES, vec![piece.clone()]).await;
        assert!(
            matches!(refused.ended, Ended::Refused { act: 0, .. }),
            "{base}: {:?}",
            refused.ended
        );
    }
    // Whoever is to take it does not send it on.
    fake.files_at(None);
    let own = format!("http://127.0.0.1:{}/put", neighbour.port);
    fake.fail("upload", 100, Fault::Moved(own));
    let refused = desk.act(dossier, INES, vec![piece.clone()]).await;
    assert!(matches!(refused.ended, Ended::Refused { .. }));
    fake.clear_faults();
    assert_eq!(neighbour.called(), 0);
    assert!(fake.effects().is_empty());
    let sent = desk.act(dossier, INES, vec![piece]).await;
    assert_eq!(sent.ended, Ended::Done);
}
