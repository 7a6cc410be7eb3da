//! The servers and the daemon between them.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::client::Client;
use crate::daemon::desk::Desk;
use crate::servers::postfix::Postfix;
use crate::servers::{CLIENT, Dovecot, OTHERS, dovecot, postfix_between, until};

pub(crate) const DOMAIN: &str = "greffier.example";
/// The mailbox that mail to every reply address comes to.
pub(crate) const MAILBOX: &str = "reponse@greffier.example";

/// How mail comes back to Greffier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Postfix hands it to the listener.
    Lmtp,
    /// Postfix hands it to Dovecot, where Greffier reads it.
    Imap,
}

/// What stands between the daemon and the servers, if anything does: where it is to connect to instead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Between {
    pub(crate) imap: Option<String>,
    pub(crate) smtp: Option<String>,
    pub(crate) lmtp: Option<String>,
}

/// The whole circle.
pub(crate) struct Stage {
    // Stopped in this order.
    pub(crate) desk: Desk,
    pub(crate) postfix: Postfix,
    pub(crate) dovecot: Dovecot,
    pub(crate) client: Client,
    pub(crate) way: Way,
}

/// Servers that run, and a daemon that is not started. None where there are no such servers.
pub(crate) fn stage(way: Way, more: &str) -> Option<Stage> {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(
            std::env::var("GREFFIER_REQUIRE_SERVERS").as_deref() != Ok("1"),
            "Python is not installed: apt-get install python3"
        );
        eprintln!("Skipped: Python is not installed");
        return None;
    }
    let dovecot = dovecot(&format!("{OTHERS}{more}"))?;
    let people = |domain| (domain, Some(dovecot.lmtp()));
    let ours = (way == Way::Imap).then(|| dovecot.lmtp());
    let postfix = postfix_between(&[
        (DOMAIN, ours),
        people("courriel.example"),
        people("culture.example"),
        people("ddt.example"),
    ])?;
    let client = Client {
        imap: dovecot.imap(),
        smtp: postfix.submission(),
    };
    Some(Stage {
        desk: Desk::closed(),
        postfix,
        dovecot,
        client,
        way,
    })
}

impl Stage {
    /// Starts the daemon, and waits until mail that comes is taken.
    pub(crate) fn start(&mut self, between: &Between) {
        let path = self.desk.path().join("bot.toml");
        let mut config = fs::read_to_string(&path).unwrap();
        let (host, port) = split(between.smtp.as_deref(), &self.postfix.submission());
        write!(
            config,
            "\n[smtp]\nhost = \"{host}\"\nport = {port}\nsecurity = \"none\"\n"
        )
        .unwrap();
        match self.way {
            Way::Lmtp => {
                let lmtp = between.lmtp.clone().unwrap_or_else(|| self.postfix.lmtp());
                let listener = format!("[listener]\nlmtp = \"{lmtp}\"");
                config = config.replace("[listener]", &listener);
            }
            Way::Imap => {
                let password = self.desk.path().join("mailbox-password");
                fs::write(&password, CLIENT).unwrap();
                let (host, port) = split(between.imap.as_deref(), &self.dovecot.imap());
                write!(config, "\n[imap]\nhost = \"{host}\"\nport = {port}\nsecurity = \"none\"\nuser = \"{MAILBOX}\"\npassword_file = \"{}\"\n", password.display()).unwrap();
            }
        }
        fs::write(&path, config).unwrap();
        self.desk.start();
        if self.way == Way::Imap {
            until("the mailbox is read", || {
                fs::metadata(self.desk.path().join("var/imap.json")).ok()
            });
        }
    }
}

fn split(between: Option<&str>, direct: &str) -> (String, u16) {
    let (host, port) = between.unwrap_or(direct).rsplit_once(':').unwrap();
    (host.to_owned(), port.parse().unwrap())
}
