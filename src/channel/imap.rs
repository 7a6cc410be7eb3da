//! A mailbox read over IMAP (RFC 3501): what arrives in its folders is handed in, and moved once that is committed.
//!
//! Each folder has a connection of its own, which waits in IDLE (RFC 2177) or, where the server has none, asks now and
//! then. What is in a folder before the first start stays there untouched.

mod backoff;
mod batch;
mod connect;
mod content;
mod fault;
mod folder;
mod letter;
mod mailbox;
mod name;
mod place;
mod pulse;
mod tls;
mod tree;
mod wire;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use self::folder::Watcher;
use self::place::Places;
use self::pulse::Pulse;
use super::http::health::Health;
use super::{Channel, Inbox, Known};
use crate::message::{Limits, Outcome, Outgoing};

/// `[imap]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name or address of the server. TLS checks its certificate against it.
    pub host: String,
    /// Port; 993 with `tls`, 143 otherwise, where absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: Security,
    /// Who logs in.
    pub user: String,
    /// File that holds the password, alone. It is read again at each connection.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// File that holds an OAuth 2 access token, for XOAUTH2. It is read again at each connection: another program renews it.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Certificates of authorities, as PEM, that are trusted beside those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Folders to read, by their names as people see them, `/` between levels. What a server keeps under INBOX is found
    /// there, and made there.
    #[serde(default = "inbox")]
    pub folders: Vec<String>,
    /// Where a mail goes once it is dealt with. Made if it is missing.
    #[serde(default = "processed")]
    pub processed: String,
    /// Where a mail goes that is held until a person decides. Made if it is missing.
    #[serde(default = "quarantine")]
    pub quarantine: String,
    /// Minutes after which IDLE is renewed; RFC 2177 wants less than 29.
    #[serde(default = "idle_minutes")]
    pub idle_minutes: u64,
    /// Seconds between two looks where the server has no IDLE.
    #[serde(default = "poll_seconds")]
    pub poll_seconds: u64,
    /// Octets of one mail at most. Of a larger one only the header is fetched, and its sender is told.
    #[serde(default = "max_bytes")]
    pub max_bytes: u32,
    /// Takes also what was there before the first start; looked at then only.
    #[serde(default)]
    pub take_all: bool,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first octet (RFC 8314).
    #[default]
    Tls,
    /// TLS after `STARTTLS`, and nothing said before it.
    Starttls,
    /// Nothing: for a server on this machine only.
    None,
}

fn inbox() -> Vec<String> {
    vec!["INBOX".to_owned()]
}
fn processed() -> String {
    "Traité".to_owned()
}
fn quarantine() -> String {
    "Quarantaine".to_owned()
}
fn idle_minutes() -> u64 {
    25
}
fn poll_seconds() -> u64 {
    60
}
fn max_bytes() -> u32 {
    40 * 1024 * 1024
}

impl Settings {
    /// What is wrong, each with what to write instead.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut say = |wrong: bool, what: &str| {
            if wrong {
                faults.push(format!("imap.{what}"));
            }
        };
        say(
            self.host.is_empty(),
            "host: write the name of the IMAP server",
        );
        say(
            self.security == Security::None && !is_loopback(&self.host),
            "security: \"none\" is for a server on this machine; write \"tls\" or \"starttls\"",
        );
        say(
            self.password_file.is_some() == self.token_file.is_some(),
            "password_file: write either password_file or token_file",
        );
        say(
            self.folders.is_empty() || self.folders.len() > 10,
            "folders: write one to ten names",
        );
        say(
            self.folders.contains(&self.processed) || self.folders.contains(&self.quarantine),
            "folders: leave out the folders that mail is moved to",
        );
        let names = self
            .folders
            .iter()
            .chain([&self.processed, &self.quarantine]);
        say(
            names
                .clone()
                .any(|name| name.is_empty() || name.contains(char::is_control)),
            "folders: a name is empty or holds control characters",
        );
        say(
            self.folders.iter().enumerate().any(|(index, name)| {
                let before = self.folders.iter().take(index);
                // INBOX is the same in any case (RFC 3501 §5.1).
                before
                    .into_iter()
                    .any(|other| other.eq_ignore_ascii_case(name))
            }),
            "folders: write each name once",
        );
        say(
            self.user.contains(char::is_control),
            "user: control characters are in it",
        );
        say(
            !(1..29).contains(&self.idle_minutes),
            "idle_minutes: write 1 to 28 (RFC 2177)",
        );
        say(
            !(1..=3600).contains(&self.poll_seconds),
            "poll_seconds: write 1 to 3600",
        );
        say(
            !(1024..=256 * 1024 * 1024).contains(&self.max_bytes),
            "max_bytes: write 1024 to 268435456",
        );
        faults
    }

    /// The files that it names, to be made absolute.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [
            &mut self.password_file,
            &mut self.token_file,
            &mut self.ca_file,
        ]
        .into_iter()
        .flatten()
    }

    fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::Tls => 993,
            Security::Starttls | Security::None => 143,
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What all connections to one mailbox share.
struct Account {
    settings: Settings,
    tls: Option<TlsConnector>,
    places: Places,
    pulse: Pulse,
}

/// A mailbox.
pub struct Imap {
    account: Arc<Account>,
}

impl Imap {
    /// A mailbox to be read. Where it was left is kept in `imap.json` in the folder `data`; how it goes is told to
    /// `health`. An error says which file cannot be read.
    pub fn new(settings: Settings, data: &Path, health: Arc<Health>) -> anyhow::Result<Self> {
        if let Some(fault) = settings.faults().into_iter().next() {
            anyhow::bail!(fault);
        }
        let tls = match settings.security {
            Security::None => None,
            Security::Tls | Security::Starttls => {
                Some(tls::connector(settings.ca_file.as_deref())?)
            }
        };
        connect::secret(&settings).context("Cannot log in to IMAP")?;
        let places = Places::open(data.join("imap.json"))?;
        let account = Account {
            tls,
            places,
            pulse: Pulse::new(health, settings.folders.iter().cloned()),
            settings,
        };
        Ok(Self {
            account: Arc::new(account),
        })
    }
}

impl Channel for Imap {
    fn name(&self) -> &'static str {
        "imap"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let mut folders = JoinSet::new();
        for folder in &self.account.settings.folders {
            let watcher = Watcher::new(
                Arc::clone(&self.account),
                folder.clone(),
                inbox.clone(),
                stop.clone(),
            );
            folders.spawn(watcher.watch());
        }
        while let Some(ended) = folders.join_next().await {
            ended.context("Reading a folder broke off")?;
        }
        Ok(())
    }

    async fn deliver(&self, _key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        Outcome::Dead {
            why: "IMAP only listens".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            host: "imap.example".to_owned(),
            port: None,
            security: Security::Tls,
            user: "greffe".to_owned(),
            password_file: Some("password".into()),
            token_file: None,
            ca_file: None,
            folders: inbox(),
            processed: processed(),
            quarantine: quarantine(),
            idle_minutes: idle_minutes(),
            poll_seconds: poll_seconds(),
            max_bytes: max_bytes(),
            take_all: false,
        }
    }

    #[test]
    fn the_defaults_are_in_order() {
        assert_eq!(settings().faults(), Vec::<String>::new());
        assert_eq!(settings().port(), 993);
    }

    #[test]
    fn a_password_in_the_clear_stays_on_this_machine() {
        let at = |host: &str| Settings {
            host: host.to_owned(),
            security: Security::None,
            ..settings()
        };
        assert_eq!(at("imap.example").faults().len(), 1);
        assert_eq!(at("192.0.2.1").faults().len(), 1);
        assert!(at("127.0.0.1").faults().is_empty());
        assert!(at("::1").faults().is_empty());
    }

    #[test]
    fn mail_is_not_moved_into_a_folder_that_is_read() {
        let wrong = Settings {
            folders: vec!["INBOX".to_owned(), "Traité".to_owned()],
            ..settings()
        };
        assert_eq!(wrong.faults().len(), 1);
        let twice = Settings {
            folders: vec!["INBOX".to_owned(), "INBOX".to_owned()],
            ..settings()
        };
        assert_eq!(twice.faults().len(), 1);
    }

    #[test]
    fn idle_is_renewed_before_the_server_hangs_up() {
        let slow = Settings {
            idle_minutes: 29,
            ..settings()
        };
        assert_eq!(slow.faults().len(), 1);
    }
}
