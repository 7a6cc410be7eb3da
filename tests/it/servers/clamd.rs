//! `ClamAV` of Debian with one signature of ours, started by the tests in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::dovecot::until;

/// What the signature finds.
pub(crate) const VIRUS: &str = "GREFFIER-TEST-VIRUS";
/// What it is called.
pub(crate) const SIGNATURE: &str = "Greffier.Test.Sample.UNOFFICIAL";

/// A scanner that stops when it is dropped.
pub(crate) struct Clamav {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

/// A clamd that runs, or none where it is not installed: the reason is printed, and the test passes by doing nothing.
/// With `GREFFIER_REQUIRE_SERVERS=1` it fails instead.
pub(crate) fn clamd() -> Option<Clamav> {
    if !Path::new("/usr/sbin/clamd").exists() {
        assert!(
            std::env::var("GREFFIER_REQUIRE_SERVERS").as_deref() != Ok("1"),
            "clamd is not installed: apt-get install clamav-daemon"
        );
        eprintln!("Skipped: clamd is not installed");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let database = here.join("database");
    fs::create_dir(&database).unwrap();
    let sample = data_encoding::HEXLOWER.encode(VIRUS.as_bytes());
    let signature = format!("Greffier.Test.Sample:0:*:{sample}\n");
    fs::write(database.join("test.ndb"), signature).unwrap();
    let config = format!(
        "LocalSocket {}\nDatabaseDirectory {}\nForeground yes\nStreamMaxLength 1M\n",
        here.join("clamd.sock").display(),
        database.display()
    );
    fs::write(here.join("clamd.conf"), config).unwrap();
    let mut server = Clamav {
        folder,
        child: None,
    };
    server.start();
    Some(server)
}

impl Clamav {
    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.sock")
    }

    pub(crate) fn start(&mut self) {
        let child = Command::new("/usr/sbin/clamd")
            .arg("-c")
            .arg(self.folder.path().join("clamd.conf"))
            .arg("--foreground")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        let socket = self.socket();
        until("clamd listens", || {
            std::os::unix::net::UnixStream::connect(&socket).ok()
        });
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Clamav {
    fn drop(&mut self) {
        self.stop();
    }
}
