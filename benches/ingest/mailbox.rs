//! A mailbox of a real Dovecot, read as anybody would, and by Greffier.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use greffier::channel::http::health::Health;
use greffier::channel::imap::{Imap, Settings};
use greffier::channel::{Channel as _, Inbox};
use greffier::daemon::speak::{Outbox, speak};
use greffier::daemon::writer::{Bells, write};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::client::mails;
use super::desk::{Quiet, app, fill, folder};
use super::dovecot::{Dovecot, USER, until};

/// Dossiers that the mails are for.
const DOSSIERS: u64 = 500;

/// Puts new mails into the mailbox, as a delivery of the server's own would.
fn deliver(server: &Dovecot, count: u64) {
    static DELIVERED: AtomicU64 = AtomicU64::new(0);
    let folder = server.path("mail").join(USER);
    let owner = server.owner();
    for name in ["", "tmp", "cur", "new"] {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        chown(&folder, Some(owner), Some(owner)).unwrap();
    }
    for mail in mails(count, DOSSIERS) {
        let name = format!("{}.bench", DELIVERED.fetch_add(1, Ordering::Relaxed));
        let path = folder.join("new").join(name);
        fs::write(&path, mail.content.strip_suffix(".\r\n").unwrap()).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
    }
    assert_eq!(
        server.client().count("INBOX"),
        usize::try_from(count).unwrap()
    );
}

/// How long it takes to fetch so many mails and do nothing with them.
pub(crate) fn fetched(server: &Dovecot, count: u64) -> Duration {
    deliver(server, count);
    let started = Instant::now();
    let mut reader = BufReader::new(TcpStream::connect(server.imap()).unwrap());
    let password = fs::read_to_string(server.path("password")).unwrap();
    let password = password.trim_end().replace('"', "\\\"");
    let login = format!("a LOGIN {USER} \"{password}\"\r\na SELECT INBOX\r\n");
    let ask = format!("{login}z UID FETCH 1:* (UID BODY.PEEK[])\r\n");
    reader.get_mut().write_all(ask.as_bytes()).unwrap();
    let (mut line, mut octets, mut found) = (String::new(), Vec::new(), 0);
    while !line.starts_with("z ") {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some((_, length)) = line
            .trim_end()
            .trim_end_matches('}')
            .rsplit_once("BODY[] {")
        {
            octets.resize(length.parse().unwrap(), 0);
            reader.read_exact(&mut octets).unwrap();
            found += 1;
        }
    }
    let elapsed = started.elapsed();
    assert_eq!(found, count);
    let mut client = server.client();
    client.ask("SELECT INBOX");
    client.ask("STORE 1:* +FLAGS.SILENT (\\Deleted)");
    client.ask("EXPUNGE");
    elapsed
}

/// A middle that takes in what a mailbox holds.
pub(crate) struct Reader {
    runtime: Runtime,
    inbox: Inbox,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Reader {
    pub(crate) fn open() -> Self {
        let folder = folder();
        let app = Arc::new(app(folder.path()));
        fill(&app, DOSSIERS);
        let runtime = Runtime::new().unwrap();
        let bells = Arc::new(Bells::default());
        let (sender, heard) = mpsc::channel(256);
        let inbox = Inbox::new(sender, Arc::clone(&app.shelf));
        let stop = CancellationToken::new();
        for network in ["console", "mail"] {
            let outbox = Outbox {
                store: Arc::clone(&app.store),
                shelf: Arc::clone(&app.shelf),
                bells: Arc::clone(&bells),
            };
            let spoken = speak(
                outbox,
                Arc::new(Quiet(network)),
                stop.clone(),
                CancellationToken::new(),
            );
            runtime.spawn(spoken);
        }
        runtime.spawn(write(
            Arc::new(greffier::app::Desk::new(greffier::app::App::clone(&app))),
            heard,
            bells,
        ));
        Self {
            runtime,
            inbox,
            stop,
            _folder: folder,
        }
    }

    /// How long it takes from the connection until so many mails are in their threads, durably, and moved away.
    pub(crate) fn taken(&self, server: &Dovecot, count: u64) -> Duration {
        deliver(server, count);
        let data = folder();
        let imap = Imap::new(settings(server), data.path(), Arc::new(Health::default())).unwrap();
        let (stop, inbox) = (CancellationToken::new(), self.inbox.clone());
        let stopping = stop.clone();
        let mut client = server.client();
        let started = Instant::now();
        let listening = self
            .runtime
            .spawn(async move { imap.listen(inbox, stopping).await });
        until("the mailbox is read", || {
            (client.count("INBOX") == 0).then_some(())
        });
        let elapsed = started.elapsed();
        assert_eq!(client.count("Quarantaine"), 0);
        stop.cancel();
        self.runtime.block_on(listening).unwrap().unwrap();
        elapsed
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn settings(server: &Dovecot) -> Settings {
    let path = |name: &str| server.path(name);
    let password: &Path = &path("password");
    let text = format!(
        "host = \"{}\"\nport = 1143\nsecurity = \"none\"\nuser = \"{USER}\"\npassword_file = \"{}\"\ntake_all = true\n",
        server.address(),
        password.display()
    );
    toml::from_str(&text).unwrap()
}
