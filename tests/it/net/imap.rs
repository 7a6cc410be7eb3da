//! The IMAP channel against a real Dovecot.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use greffier::channel::http::health::Health;
use greffier::channel::imap::{Imap, Settings};
use greffier::channel::{Channel, Inbox};
use greffier::message::{Heard, Incoming, MailIn, Receipt, Verdict};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Memory};
use crate::servers::{Dovecot, USER, dovecot, until};

pub(crate) const OLD: Option<&str> = Some(" 1-Jan-2024 10:00:00 +0000");

pub(crate) fn mail(name: &str) -> String {
    format!(
        "From: abf@culture.example\r\nTo: reponse+x@greffier.example\r\nMessage-ID: <{name}@culture.example>\r\n\
         Subject: {name}\r\n\r\nOui.\r\n"
    )
}

/// Settings for that server, `more` added or in the place of what is usual.
pub(crate) fn settings(server: &Dovecot, more: &str) -> Settings {
    let mut all: toml::Table = toml::from_str(&format!(
        "host = \"{}\"\nport = 1143\nsecurity = \"none\"\nuser = \"{USER}\"\npassword_file = \"{}\"\n",
        server.address(),
        server.path("password").display(),
    ))
    .unwrap();
    all.extend(toml::from_str::<toml::Table>(more).unwrap());
    all.try_into().unwrap()
}

/// A channel that listens.
pub(crate) struct Running {
    health: Arc<Health>,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub(crate) fn start(settings: Settings, data: &Path, inbox: Inbox) -> Self {
        let (health, stop) = (Arc::new(Health::default()), CancellationToken::new());
        let imap = Imap::new(settings, data, Arc::clone(&health)).unwrap();
        let stopping = stop.clone();
        let task = tokio::spawn(async move { imap.listen(inbox, stopping).await });
        Self { health, stop, task }
    }

    pub(crate) fn why(&self) -> Option<String> {
        let checks = self.health.checks();
        checks.first().and_then(|check| check.why.clone())
    }

    pub(crate) fn ready(&self) {
        until("all folders are read", || {
            self.why().is_none().then_some(())
        });
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) fn subject(desk: &Desk, incoming: &Incoming) -> String {
    let original = desk.text(&letter(incoming).original.hash);
    let line = original
        .lines()
        .find_map(|line| line.strip_prefix("Subject: "));
    line.unwrap().to_owned()
}

fn letter(incoming: &Incoming) -> &MailIn {
    let Heard::Mail(mail) = &incoming.heard else {
        panic!("{incoming:?}")
    };
    mail
}

pub(crate) fn heard(desk: &Desk, count: usize) -> Vec<Incoming> {
    until("mails are handed in", || {
        Some(desk.heard()).filter(|heard| heard.len() >= count)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_takes_nothing_old_and_then_all_that_comes() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    client.append("INBOX", OLD, &mail("old"));
    let running = Running::start(settings(&server, ""), data.path(), desk.inbox.clone());
    running.ready();
    // It waits in IDLE now, or is about to: either way it must notice.
    client.append("INBOX", None, &mail("new"));
    let heard = heard(&desk, 1);
    assert_eq!(subject(&desk, &heard[0]), "new");
    assert_eq!(letter(&heard[0]).too_large, None);
    until("the mail is moved", || {
        (client.count("Trait&AOk-") == 1).then_some(())
    });
    // A mail somebody moves in is meant to be read, however old it is.
    client.append("INBOX", OLD, &mail("moved in"));
    until("the second is moved", || {
        (client.count("Trait&AOk-") == 2).then_some(())
    });
    assert_eq!(client.count("INBOX"), 1);
    running.end().await;
    assert_eq!(desk.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_nobody_listened_is_taken_at_the_next_start() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let start = || Running::start(settings(&server, ""), data.path(), desk.inbox.clone());
    let running = start();
    running.ready();
    running.end().await;
    server.client().append("INBOX", None, &mail("meanwhile"));
    let running = start();
    assert_eq!(subject(&desk, &heard(&desk, 1)[0]), "meanwhile");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_mailbox_is_taken_if_asked_and_its_flags_stay() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    client.append("INBOX", OLD, &mail("old"));
    let running = Running::start(
        settings(&server, "take_all = true"),
        data.path(),
        desk.inbox.clone(),
    );
    heard(&desk, 1);
    running.ready();
    running.end().await;
    client.ask("SELECT Trait&AOk-");
    let flags = client.ask("FETCH 1 (FLAGS)");
    assert!(!flags.contains("\\Seen"), "{flags}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_stays_where_it_is_while_the_middle_has_stopped() {
    let Some(server) = dovecot("") else { return };
    let data = tempfile::tempdir().unwrap();
    let mut client = server.client();
    client.append("INBOX", None, &mail("waits"));
    let running = Running::start(
        settings(&server, "take_all = true"),
        data.path(),
        Desk::closed().inbox.clone(),
    );
    running.task.await.unwrap().unwrap();
    assert_eq!(client.count("INBOX"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_committed_and_not_moved_comes_again_under_the_same_id() {
    let Some(server) = dovecot("") else { return };
    let data = tempfile::tempdir().unwrap();
    let mut client = server.client();
    client.append("INBOX", None, &mail("twice"));
    // A middle that commits and dies before it says so.
    let (sender, mut receiver) = mpsc::channel::<greffier::channel::Heard>(8);
    let inbox = Inbox::new(sender, Arc::new(Memory::default()));
    let first = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&first);
    tokio::spawn(async move {
        let heard = receiver.recv().await.unwrap();
        note.lock().unwrap().clone_from(&heard.incoming.id);
    });
    let all = "take_all = true";
    let running = Running::start(settings(&server, all), data.path(), inbox);
    running.task.await.unwrap().unwrap();
    assert_eq!(client.count("INBOX"), 1);
    let desk = Desk::new();
    let running = Running::start(settings(&server, all), data.path(), desk.inbox.clone());
    assert_eq!(heard(&desk, 1)[0].id, *first.lock().unwrap());
    until("it is moved", || (client.count("INBOX") == 0).then_some(()));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_mails_are_each_taken_once() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let running = Running::start(settings(&server, ""), data.path(), desk.inbox.clone());
    running.ready();
    let mut client = server.client();
    for number in 0..500 {
        client.append("INBOX", None, &mail(&number.to_string()));
    }
    until("all are moved", || {
        (client.count("Trait&AOk-") == 500).then_some(())
    });
    running.end().await;
    let heard = desk.heard();
    let subjects: Vec<String> = heard.iter().map(|one| subject(&desk, one)).collect();
    let expected: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    assert_eq!(subjects, expected, "each once, in order");
    assert_eq!(client.count("INBOX"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_in_the_middle_loses_nothing() {
    let Some(mut server) = dovecot("") else {
        return;
    };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    for number in 0..300 {
        client.append("INBOX", None, &mail(&number.to_string()));
    }
    let running = Running::start(
        settings(&server, "take_all = true"),
        data.path(),
        desk.inbox.clone(),
    );
    for count in [20, 120, 220] {
        heard(&desk, count);
        server.stop();
        server.start();
    }
    let mut client = server.client();
    until("all are moved", || {
        (client.count("Trait&AOk-") == 300).then_some(())
    });
    assert_eq!(client.count("INBOX"), 0);
    running.end().await;
    let ids: BTreeSet<String> = desk.heard().into_iter().map(|one| one.id).collect();
    assert_eq!(ids.len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_numbers_neither_flood_nor_lose() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    let folder = "R&AOk-ponses";
    client.ask(&format!("CREATE {folder}"));
    client.append(folder, OLD, &mail("old"));
    let start = || {
        let settings = settings(&server, "folders = [\"Réponses\", \"INBOX\"]");
        Running::start(settings, data.path(), desk.inbox.clone())
    };
    let running = start();
    running.ready();
    running.end().await;
    client.ask(&format!("DELETE {folder}"));
    client.ask(&format!("CREATE {folder}"));
    client.append(folder, OLD, &mail("old"));
    client.append(folder, None, &mail("new"));
    let running = start();
    running.ready();
    assert_eq!(subject(&desk, &heard(&desk, 1)[0]), "new");
    client.append(folder, None, &mail("newer"));
    assert_eq!(subject(&desk, &heard(&desk, 2)[1]), "newer");
    running.end().await;
    assert_eq!(desk.heard().len(), 2);
    assert_eq!(client.count(folder), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_mail_that_is_too_large_only_the_header_is_taken() {
    let Some(server) = dovecot("") else { return };
    let desk = Desk::answering(Receipt::of(Verdict::Quarantined));
    let data = tempfile::tempdir().unwrap();
    let mut client = server.client();
    let large = format!("{}{}\r\n", mail("large"), "x".repeat(5000));
    client.append("INBOX", None, &large);
    let running = Running::start(
        settings(&server, "take_all = true\nmax_bytes = 2000"),
        data.path(),
        desk.inbox.clone(),
    );
    let heard = heard(&desk, 1);
    let letter = letter(&heard[0]);
    assert_eq!(letter.too_large, Some(large.len() as u64));
    let original = desk.text(&letter.original.hash);
    assert!(original.contains("Message-ID: <large@"), "{original}");
    assert!(!original.contains("Oui."), "{original}");
    until("it is quarantined", || {
        (client.count("Quarantaine") == 1).then_some(())
    });
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_mail_is_fetched_in_parts_and_is_whole() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    // Around the end of a part, and longer than all that is fetched at once.
    let mut expected = Vec::new();
    for size in [2_097_152, 2_097_153, 3_145_728, 5_000_001] {
        let head = mail(&size.to_string());
        let rest = size - head.len() - 2;
        // No two parts of it are alike.
        let text: String = ('a'..='w').cycle().take(rest).collect();
        expected.push(format!("{head}{text}\r\n"));
        client.append("INBOX", None, expected.last().unwrap());
    }
    let running = Running::start(
        settings(&server, "take_all = true"),
        data.path(),
        desk.inbox.clone(),
    );
    let heard = heard(&desk, expected.len());
    running.ready();
    running.end().await;
    for (one, expected) in heard.iter().zip(&expected) {
        assert!(desk.text(&letter(one).original.hash) == *expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_starttls_trust_the_authority_that_is_named_and_no_other() {
    let Some(server) = dovecot("") else { return };
    for (security, port) in [("tls", 1993), ("starttls", 1143)] {
        let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
        let more = format!("security = \"{security}\"\nport = {port}\ntake_all = true\n");
        let stranger = Running::start(settings(&server, &more), data.path(), desk.inbox.clone());
        until("the certificate is refused", || {
            stranger.why().filter(|why| why.contains("UnknownIssuer"))
        });
        stranger.end().await;
        assert!(!server.log().contains("Login:"), "{security}");
        let ca = server.path("ca.pem");
        let more = format!("{more}ca_file = \"{}\"\n", ca.display());
        let known = Running::start(settings(&server, &more), data.path(), desk.inbox.clone());
        known.ready();
        known.end().await;
        until("a login over TLS is logged", || {
            let log = server.log();
            log.lines()
                .any(|line| line.contains("Login:") && line.contains("TLS"))
                .then_some(())
        });
        std::fs::write(server.path("log"), "").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_mended_without_a_restart() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    std::fs::write(server.path("password"), "wrong\n").unwrap();
    let running = Running::start(settings(&server, ""), data.path(), desk.inbox.clone());
    until("the login is refused", || {
        running
            .why()
            .filter(|why| why.contains("refuses the login (AUTHENTICATIONFAILED)"))
    });
    running.end().await;
    let log = server.log();
    assert_eq!(log.matches("auth failed, 1 attempts").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_moved_is_marked_and_not_handed_in_again() {
    let acl = "mail_plugins = acl\nprotocol imap {\n mail_plugins = acl imap_acl\n}\nplugin {\n acl = vfile\n}";
    let Some(server) = dovecot(acl) else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    client.ask("CREATE Trait&AOk-");
    client.ask(&format!("SETACL Trait&AOk- {USER} lrswtea"));
    client.append("INBOX", None, &mail("stuck"));
    let start = || {
        let settings = settings(&server, "take_all = true");
        Running::start(settings, data.path(), desk.inbox.clone())
    };
    let running = start();
    running.ready();
    client.ask("SELECT INBOX");
    let flags = client.ask("FETCH 1 (FLAGS)");
    assert!(flags.contains("$GreffierTraite"), "{flags}");
    running.end().await;
    // Neither by the same life of the daemon, nor by the next.
    let running = start();
    running.ready();
    running.end().await;
    assert_eq!(desk.heard().len(), 1);
    client.ask(&format!("SETACL Trait&AOk- {USER} lrswiktea"));
    let running = start();
    running.ready();
    assert_eq!(client.count("Trait&AOk-"), 1);
    running.end().await;
    assert_eq!(desk.heard().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_do_little_is_asked_now_and_then_and_loses_nothing_of_others() {
    let Some(server) = dovecot("imap_capability = IMAP4rev1") else {
        return;
    };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let running = Running::start(
        settings(&server, "poll_seconds = 1"),
        data.path(),
        desk.inbox.clone(),
    );
    running.ready();
    let mut client = server.client();
    client.append("INBOX", None, &mail("one"));
    until("it is copied", || {
        (client.count("Trait&AOk-") == 1).then_some(())
    });
    until("it is gone", || (client.count("INBOX") == 0).then_some(()));
    // What somebody else has marked as deleted is not ours to expunge.
    client.append("INBOX", None, &mail("deleted"));
    heard(&desk, 2);
    until("it is gone too", || {
        (client.count("INBOX") == 0).then_some(())
    });
    running.end().await;
    client.append("INBOX", None, &mail("kept"));
    client.ask("SELECT INBOX");
    client.ask("STORE 1 +FLAGS (\\Deleted)");
    client.append("INBOX", None, &mail("two"));
    let running = Running::start(
        settings(&server, "poll_seconds = 1"),
        data.path(),
        desk.inbox.clone(),
    );
    heard(&desk, 3);
    running.ready();
    running.end().await;
    assert_eq!(client.count("INBOX"), 2, "marked, and expunged by nobody");
    assert_eq!(desk.heard().len(), 3);
}

/// A relay to the server that cuts each of its first connections after so many octets from the server.
async fn cutting(server: &Dovecot, mut cuts: Vec<u64>) -> u16 {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = server.address().to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect((address.as_str(), 1143)).await.unwrap();
            let limit = if cuts.is_empty() {
                u64::MAX
            } else {
                cuts.remove(0)
            };
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (from_server, mut to_server) = server.into_split();
                let mut from_server = from_server.take(limit);
                tokio::select! {
                    _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
                    _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_cut_is_fetched_again_whole() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let large = format!("{}{}\r\n", mail("large"), "x".repeat(200_000));
    server.client().append("INBOX", None, &large);
    let port = cutting(&server, vec![100_000, 150_000]).await;
    let more = format!("take_all = true\nhost = \"127.0.0.1\"\nport = {port}");
    let running = Running::start(settings(&server, &more), data.path(), desk.inbox.clone());
    let heard = heard(&desk, 1);
    assert_eq!(desk.text(&letter(&heard[0]).original.hash), large);
    running.ready();
    running.end().await;
    assert_eq!(desk.heard().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_fetched_does_not_keep_the_others() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    let large = format!("{}{}\r\n", mail("large"), "x".repeat(200_000));
    client.append("INBOX", None, &large);
    client.append("INBOX", None, &mail("next"));
    let port = cutting(&server, vec![100_000; 3]).await;
    let more = format!("take_all = true\nhost = \"127.0.0.1\"\nport = {port}");
    let running = Running::start(settings(&server, &more), data.path(), desk.inbox.clone());
    assert_eq!(subject(&desk, &heard(&desk, 1)[0]), "next");
    running.ready();
    running.end().await;
    assert_eq!(client.count("INBOX"), 1);
}
