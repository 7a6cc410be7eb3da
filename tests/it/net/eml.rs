//! Mail written as files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use greffier::channel::eml::{Eml, Settings};
use greffier::channel::{Channel, Known, Shelf};
use greffier::domain::Piece;
use greffier::mail::compose::Identity;
use greffier::message::{Body, Destination, MailOut, Outcome, Outgoing, Post};
use mail_parser::{MessageParser, MimeHeaders};

use super::desk::Memory;

fn eml(folder: &Path) -> Eml {
    let identity = Identity {
        domain: "greffe.example".to_owned(),
        from_address: "greffe@greffe.example".to_owned(),
        host: "mx.greffe.example".to_owned(),
        seal: None,
    };
    Eml::new(
        Settings {
            folder: folder.to_owned(),
        },
        identity,
    )
}

fn known(shelf: &Arc<Memory>) -> Known {
    Known {
        thread: None,
        edits: None,
        since: jiff::Timestamp::UNIX_EPOCH,
        shelf: Arc::clone(shelf) as _,
    }
}

fn outgoing(to: &str, body: Body) -> Outgoing {
    Outgoing {
        to: Destination {
            network: "mail".to_owned(),
            address: to.to_owned(),
        },
        body,
    }
}

fn mail(files: Vec<Piece>) -> Body {
    Body::Mail(Box::new(MailOut {
        subject: "Été".to_owned(),
        text: "Bonjour".to_owned(),
        files,
        ..MailOut::default()
    }))
}

fn piece(hash: String) -> Piece {
    Piece {
        hash,
        name: "reçu.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 3,
    }
}

#[tokio::test]
async fn delivering_twice_writes_one_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox-mail");
    let shelf = Arc::new(Memory::default());
    let hash = shelf.keep(b"abc").unwrap();
    let message = outgoing("usager@client.example", mail(vec![piece(hash)]));
    let first = eml(&outbox)
        .deliver("outbox-1.ab12", &message, &known(&shelf))
        .await;
    let octets = fs::read(outbox.join("outbox-1.ab12.eml")).unwrap();
    let second = eml(&outbox)
        .deliver("outbox-1.ab12", &message, &known(&shelf))
        .await;
    assert_eq!(
        first,
        Outcome::Delivered {
            remote_id: "outbox-1.ab12@mx.greffe.example".to_owned()
        }
    );
    assert_eq!(first, second);
    assert_eq!(fs::read(outbox.join("outbox-1.ab12.eml")).unwrap(), octets);
    assert_eq!(fs::read_dir(&outbox).unwrap().count(), 1);
    let read = MessageParser::new().parse(&octets).unwrap();
    assert_eq!(read.subject(), Some("Été"));
    assert_eq!(
        read.attachment(0).unwrap().attachment_name(),
        Some("reçu.pdf")
    );
    assert_eq!(read.attachment(0).unwrap().contents(), b"abc");
    assert_eq!(
        fs::metadata(outbox.join("outbox-1.ab12.eml"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

#[tokio::test]
async fn what_can_never_be_sent_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Memory::default());
    for message in [
        outgoing("a@b.example\r\nBcc: c@d.example", mail(Vec::new())),
        outgoing("nobody", mail(Vec::new())),
        outgoing("a@b.example", Body::Post(Post::default())),
        outgoing("a@b.example", mail(vec![piece("00".to_owned())])),
    ] {
        let outcome = eml(folder.path())
            .deliver("outbox-1.ab12", &message, &known(&shelf))
            .await;
        assert!(matches!(outcome, Outcome::Dead { .. }), "{message:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let shelf = Arc::new(Memory::default());
    let message = outgoing("a@b.example", mail(Vec::new()));
    let outcome = eml(&blocked)
        .deliver("outbox-1.ab12", &message, &known(&shelf))
        .await;
    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
}
