//! Disks that are full: Postfix's, and our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::client::file;
use super::stage::{Between, Way, stage};
use crate::daemon::desk::{INES, LINA, until};

#[test]
fn mail_waits_while_the_mail_server_has_no_room() {
    let Some(mut stage) = stage(Way::Lmtp, "") else {
        return;
    };
    stage.start(&Between::default());
    // Said after the content, when Greffier might think that it is done with it.
    let full = "check_recipient_access static:{452 4.3.1 Insufficient system storage}";
    stage
        .postfix
        .set(&format!("smtpd_end_of_data_restrictions = {full}"));
    stage.postfix.stop();
    stage.postfix.start();
    let number = stage.desk.deposit(LINA, "Nord");
    stage.postfix.logged(&["END-OF-MESSAGE", "452 4.3.1", LINA]);
    stage.postfix.set("smtpd_end_of_data_restrictions =");
    // Connections that are kept would go on as before, and Greffier waits longer each time.
    stage.postfix.stop();
    stage.postfix.start();
    stage.desk.advance(600);
    stage.client.read(LINA, &format!("n° {number}"));
    stage.desk.settled(0);
    assert_eq!(stage.client.all(LINA, "INBOX").len(), 1);
    let dead = stage.desk.admin(json!({ "name": "depths" }))["dead"].clone();
    assert!(dead.is_null() || dead == 0, "{dead}");
    assert!(!stage.desk.room().contains("n'a pas pu être remis"));
    assert_eq!(stage.desk.stop(), 0);
}

/// A small disk, for as long as the test runs.
struct Disk(PathBuf);

impl Disk {
    /// None where disks cannot be made.
    fn at(path: &Path) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mounted = cfg!(target_os = "linux")
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs"])
                .arg(path)
                .status()
                .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("Skipped: a small disk can be mounted by root only");
        }
        mounted.then(|| Self(path.to_owned()))
    }

    /// Leaves room for next to nothing.
    fn fill(&self) {
        let ballast = fs::File::create(self.0.join("ballast")).unwrap();
        let block = [0; 4096];
        while std::io::Write::write_all(&mut &ballast, &block).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A reply comes while our own disk is full, and is filed once there is room again: by the same life of the daemon, or by
/// the next, as a service manager would start it.
fn our_own(way: Way) {
    let Some(mut stage) = stage(way, "") else {
        return;
    };
    let Some(disk) = Disk::at(&stage.desk.path().join("var")) else {
        return;
    };
    stage.start(&Between::default());
    let number = stage.desk.deposit(LINA, "Nord");
    stage.desk.settled(0);
    disk.fill();
    let plan = file("plan.pdf", "application/pdf", &b"%".repeat(300_000));
    let about = format!("n° {number}");
    stage
        .client
        .reply(LINA, &about, "plan", "Voici le plan demandé.", &[plan]);
    match way {
        Way::Lmtp => stage.postfix.logged(&["/lmtp[", "status=deferred"]),
        Way::Imap => {
            until("Greffier says so", || {
                let log = stage.desk.log();
                log.contains("cannot be kept on the shelf").then_some(())
            });
        }
    }
    assert!(!stage.desk.room().contains("Voici le plan"));
    disk.empty();
    if !stage.desk.lives() {
        stage.desk.kill();
        stage.desk.start();
    }
    stage.desk.shown("Voici le plan demandé.");
    stage.desk.settled(0);
    let messages = stage.desk.done(&format!("messages {number}"), INES);
    assert_eq!(messages.matches("Voici le plan demandé.").count(), 1);
    assert_eq!(stage.desk.stop(), 0);
    for check in [&["store", "sweep"][..], &["store", "verify"]] {
        let done = stage.desk.run(check, b"");
        assert!(done.status.success(), "{done:?}");
    }
}

#[test]
fn a_reply_waits_in_postfix_while_our_disk_is_full() {
    our_own(Way::Lmtp);
}

#[test]
fn a_reply_waits_in_the_mailbox_while_our_disk_is_full() {
    our_own(Way::Imap);
}
