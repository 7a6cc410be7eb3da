//! What servers do differently: names of folders, logins by token, numbers, quotas, and many messages.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::thread;

use super::desk::Desk;
use super::imap::{OLD, Running, heard, mail, settings, subject};
use crate::servers::{Dovecot, USER, dovecot, until};

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_where_the_server_wants_them() {
    let under = "namespace inbox {\n separator = .\n prefix = INBOX.\n}\n";
    let Some(server) = dovecot(under) else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    client.ask("CREATE INBOX.R&AOk-ponses");
    client.append("INBOX", None, &mail("one"));
    client.append("INBOX.R&AOk-ponses", None, &mail("two"));
    let folders =
        "folders = [\"INBOX\", \"Réponses\"]\nprocessed = \"Greffe/Traité\"\ntake_all = true";
    for round in 0..2 {
        let running = Running::start(settings(&server, folders), data.path(), desk.inbox.clone());
        running.ready();
        running.end().await;
        assert_eq!(client.count("INBOX.Greffe.Trait&AOk-"), 2, "round {round}");
        assert_eq!(client.count("INBOX.R&AOk-ponses"), 0);
        let all = client.ask("LIST \"\" \"*\"");
        // INBOX, Réponses, Greffe, Greffe.Traité, Quarantaine.
        assert!(
            all.matches("* LIST").count() <= 5 && all.contains("INBOX.Quarantaine"),
            "{all}"
        );
    }
    assert_eq!(desk.heard().len(), 2);
}

/// Answers each request of one who introspects a token: `good` is the mailbox's.
fn introspection() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            thread::spawn(move || {
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if !line.ends_with("\r\n\r\n") {
                        continue;
                    }
                    let good = ["token=good ", "token=good&"]
                        .iter()
                        .any(|said| line.contains(said));
                    let told = format!("{{\"active\":{good},\"username\":\"{USER}\"}}");
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{told}",
                        told.len()
                    );
                    reader.get_mut().write_all(answer.as_bytes()).unwrap();
                    line.clear();
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_the_mailbox_and_a_renewed_one_too() {
    let files = tempfile::tempdir().unwrap();
    let (config, token) = (files.path().join("oauth2.conf"), files.path().join("token"));
    fs::write(
        &config,
        format!(
            "introspection_mode = get\nintrospection_url = http://127.0.0.1:{}/introspect?token=\n\
             username_attribute = username\nactive_attribute = active\nactive_value = true\n",
            introspection()
        ),
    )
    .unwrap();
    let more = format!(
        "auth_mechanisms = plain xoauth2\npassdb {{\n driver = oauth2\n mechanisms = xoauth2\n args = {}\n}}\n",
        config.display()
    );
    let Some(server) = dovecot(&more) else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    server.client().append("INBOX", None, &mail("by token"));
    let start = |said: &str| {
        fs::write(&token, said).unwrap();
        let mut settings = settings(&server, "take_all = true");
        settings.password_file = None;
        settings.token_file = Some(token.clone());
        Running::start(settings, data.path(), desk.inbox.clone())
    };
    let running = start("expired\n");
    until("the token is refused", || {
        running
            .why()
            .filter(|why| why.contains("refuses the login"))
    });
    running.end().await;
    assert_eq!(desk.heard().len(), 0);
    let running = start("good\n");
    heard(&desk, 1);
    running.ready();
    running.end().await;
    let log = server.log();
    assert!(log.contains("method=XOAUTH2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_made_anew_while_it_is_read_is_read_on() {
    // A server that has IDLE does not always say in it that a folder is gone; then it is noticed at its renewal.
    let Some(server) = dovecot("imap_capability = IMAP4rev1 MOVE") else {
        return;
    };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    let folder = "R&AOk-ponses";
    client.ask(&format!("CREATE {folder}"));
    client.append(folder, OLD, &mail("old"));
    let folders = "folders = [\"INBOX\", \"Réponses\"]\npoll_seconds = 1";
    let running = Running::start(settings(&server, folders), data.path(), desk.inbox.clone());
    running.ready();
    client.append(folder, None, &mail("before"));
    client.append("INBOX", None, &mail("beside"));
    heard(&desk, 2);
    until("both are moved", || {
        (client.count("Trait&AOk-") == 2).then_some(())
    });
    client.ask(&format!("DELETE {folder}"));
    client.ask(&format!("CREATE {folder}"));
    client.append(folder, OLD, &mail("old"));
    client.append(folder, None, &mail("after"));
    let last = heard(&desk, 3);
    assert_eq!(subject(&desk, &last[2]), "after");
    until("it is moved", || (client.count(folder) == 1).then_some(()));
    running.end().await;
    assert_eq!(desk.heard().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_room_in_its_folder_is_taken_once_and_moved_when_there_is_room() {
    let quota = "mail_plugins = quota\nnamespace archives {\n prefix = Archives/\n separator = /\n \
        location = maildir:~/archives\n}\nplugin {\n quota = count:Archives:ns=Archives/\n quota_rule = *:messages=2\n \
        quota_vsizes = yes\n}\n";
    let Some(server) = dovecot(quota) else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    let mut client = server.client();
    for number in 0..5 {
        client.append("INBOX", None, &mail(&number.to_string()));
    }
    let start = || {
        let more = "take_all = true\nprocessed = \"Archives/Traité\"";
        Running::start(settings(&server, more), data.path(), desk.inbox.clone())
    };
    let archive = "Archives/Trait&AOk-";
    for (round, moved) in [(0, 2), (1, 2), (2, 1)] {
        let running = start();
        running.ready();
        running.end().await;
        assert_eq!(client.count(archive), moved, "round {round}");
        assert_eq!(desk.heard().len(), 5, "round {round}: one came again");
        client.ask(&format!("SELECT {archive}"));
        client.ask("STORE 1:* +FLAGS.SILENT (\\Deleted)");
        client.ask("EXPUNGE");
        client.ask("CLOSE");
    }
    assert_eq!(client.count("INBOX"), 0);
}

/// Puts so many mails into the mailbox, as if they had been there for long: one file under as many names.
fn fill(server: &Dovecot, count: usize) {
    let (folder, owner) = (server.path("mail").join(USER), server.owner());
    for name in ["", "tmp", "new", "cur"] {
        fs::create_dir_all(folder.join(name)).unwrap();
        chown(folder.join(name), Some(owner), Some(owner)).unwrap();
    }
    let first = folder.join("cur/1704103200.0.old:2,S");
    fs::write(&first, mail("old")).unwrap();
    chown(&first, Some(owner), Some(owner)).unwrap();
    for number in 1..count {
        fs::hard_link(
            &first,
            folder.join(format!("cur/1704103200.{number}.old:2,S")),
        )
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_mails_that_were_there_before_are_left_alone() {
    let Some(server) = dovecot("") else { return };
    let (desk, data) = (Desk::new(), tempfile::tempdir().unwrap());
    fill(&server, 50_000);
    let mut client = server.client();
    assert_eq!(client.count("INBOX"), 50_000);
    for round in 1..=2 {
        let running = Running::start(settings(&server, ""), data.path(), desk.inbox.clone());
        running.ready();
        client.append("INBOX", None, &mail("new"));
        until("it is moved", || {
            (client.count("Trait&AOk-") == round).then_some(())
        });
        running.end().await;
        assert_eq!(desk.heard().len(), round);
    }
    assert_eq!(client.count("INBOX"), 50_000);
}
