//! `[matrix]` of `bot.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

/// The account that Greffier has on a homeserver, and whom it listens to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the homeserver, `https://matrix.agent.example.fr`, or the name of the server that tells it.
    pub homeserver: String,
    /// The account: `@greffier:agent.example.fr`, or its local part.
    pub user: String,
    /// File with its password alone, read when a session is opened.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// File with an access token of a device made for Greffier alone, instead of a password.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Name of the device in people's lists.
    #[serde(default = "device_name")]
    pub device_name: String,
    /// Folder of the session and the keys. By default `matrix` in the data folder.
    #[serde(default)]
    pub store: Option<PathBuf>,
    /// File with the key of that folder. By default `secrets/matrix-passphrase` in the data folder; made if it is missing.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// File with the recovery key. By default `secrets/matrix-recovery-key` in the data folder.
    #[serde(default)]
    pub recovery_key_file: Option<PathBuf>,
    /// Certificates in PEM that are trusted beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A proxy for all requests, like `http://proxy.example.fr:3128`.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Matrix ids of the people who may invite Greffier anywhere, verify its device, and are told when it is put out.
    #[serde(default)]
    pub administrateurs: Vec<String>,
    /// Matrix ids, or servers as in `allowed_servers`, of others who may invite it into rooms.
    #[serde(default)]
    pub inviters: Vec<String>,
    /// Servers whose people may read dossiers in rooms: `*` stands for any part, `!` before a name takes it out. Greffier's
    /// own server where empty.
    #[serde(default)]
    pub allowed_servers: Vec<String>,
    /// Whether somebody may act from a device that its owner has not signed, or in clear text in an encrypted room.
    #[serde(default)]
    pub unsigned_devices_act: bool,
    /// Whether a reaction presses a button. Reactions are not encrypted: the homeserver could forge one.
    #[serde(default = "yes")]
    pub reactions: bool,
    /// Whether private conversations that Greffier opens are encrypted.
    #[serde(default = "yes")]
    pub encrypt_direct: bool,
    /// Messages that may leave at once, after a rest.
    #[serde(default = "burst")]
    pub burst: u32,
    /// Milliseconds between two messages after that. Zero: no pace, for a homeserver that has exempted the account.
    #[serde(default = "pace_ms")]
    pub pace_ms: u64,
    /// Events of a room that are looked through backwards after a long absence.
    #[serde(default = "back_fill")]
    pub back_fill: usize,
    /// The day (`2026-03-01`) on which the account must be renewed; it is logged from a month before.
    #[serde(default)]
    pub renew_before: Option<jiff::civil::Date>,
}

/// A room that is bound, in so far as the channel must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Its id or alias, as it was bound: what the middle calls it.
    pub id: String,
    /// Whether people of other servers may be there when dossiers are spoken of.
    pub externals: bool,
    /// Whether what belongs to a dossier stands in its thread.
    pub threads: bool,
}

/// The rooms that are bound now, by `bot.toml` or by command.
pub type Rooms = dyn Fn() -> Vec<Bound> + Send + Sync;

fn device_name() -> String {
    "Greffier".to_owned()
}

fn yes() -> bool {
    true
}

fn burst() -> u32 {
    8
}

fn back_fill() -> usize {
    5_000
}

fn pace_ms() -> u64 {
    5_000
}

impl Settings {
    /// Paths that it names, to be made absolute.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [
            self.password_file.as_mut(),
            self.token_file.as_mut(),
            self.store.as_mut(),
            self.passphrase_file.as_mut(),
            self.recovery_key_file.as_mut(),
            self.ca_file.as_mut(),
        ]
        .into_iter()
        .flatten()
    }

    /// Fills in the paths that are not given, under `data`.
    pub(super) fn settle(&mut self, data: &Path) {
        self.store.get_or_insert_with(|| data.join("matrix"));
        self.passphrase_file
            .get_or_insert_with(|| data.join("secrets/matrix-passphrase"));
        self.recovery_key_file
            .get_or_insert_with(|| data.join("secrets/matrix-recovery-key"));
    }

    /// Time between two messages.
    pub(super) fn pace(&self) -> Duration {
        Duration::from_millis(self.pace_ms)
    }

    /// What is wrong in it, each with what to write.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, message: String| {
            if wrong {
                faults.push(message);
            }
        };
        let http = self.homeserver.starts_with("http://");
        fault(
            self.homeserver.trim().is_empty() || self.homeserver.contains(char::is_whitespace),
            "matrix.homeserver: write its address, like \"https://matrix.agent.example.fr\""
                .to_owned(),
        );
        fault(
            http && !is_loopback(&self.homeserver),
            "matrix.homeserver: http:// would carry the password in clear; write https://"
                .to_owned(),
        );
        fault(
            self.user.trim().is_empty() || self.user.contains(char::is_whitespace),
            "matrix.user: write the account, like \"@greffier:agent.example.fr\"".to_owned(),
        );
        fault(
            self.password_file.is_some() && self.token_file.is_some(),
            "matrix: write password_file or token_file, not both".to_owned(),
        );
        for (key, ids) in [
            ("administrateurs", &self.administrateurs),
            ("inviters", &self.inviters),
        ] {
            for id in ids.iter().filter(|id| !is_user_id(id)) {
                let server = key == "inviters" && !id.contains('@');
                fault(
                    !server,
                    format!(
                        "matrix.{key}: \"{id}\" is no Matrix id; write one like \"@ines:agent.example.fr\""
                    ),
                );
            }
        }
        fault(self.burst == 0, "matrix.burst: write at least 1".to_owned());
        faults
    }
}

/// Whether `id` has the form of a Matrix user id.
fn is_user_id(id: &str) -> bool {
    id.strip_prefix('@')
        .and_then(|rest| rest.split_once(':'))
        .is_some_and(|(local, server)| !local.is_empty() && !server.is_empty())
        && id.len() <= 255
        && !id.contains(char::is_whitespace)
}

fn is_loopback(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let name = host.strip_prefix('[').map_or_else(
        || host.split(':').next().unwrap_or_default(),
        |rest| rest.split(']').next().unwrap_or_default(),
    );
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether `server` is among `allowed`: the last pattern that fits decides, `!` before it takes out.
pub(super) fn server_is_among(server: &str, allowed: &[String]) -> bool {
    let mut among = false;
    for pattern in allowed {
        let (name, verdict) = match pattern.strip_prefix('!') {
            Some(name) => (name, false),
            None => (pattern.as_str(), true),
        };
        if fits(&server.to_lowercase(), &name.to_lowercase()) {
            among = verdict;
        }
    }
    among
}

/// Whether `name` fits `pattern`, where `*` stands for any characters.
fn fits(name: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return name == pattern;
    };
    let Some(name) = name.strip_prefix(head) else {
        return false;
    };
    (0..=name.len())
        .filter_map(|at| name.get(at..))
        .any(|tail| fits(tail, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    const WHOLE: &str = "homeserver = \"https://hs.example\"\nuser = \"@greffier:hs.example\"\n";

    #[test]
    fn two_lines_are_enough() {
        let mut settings = parse(WHOLE);
        assert_eq!(settings.faults(), Vec::<String>::new());
        settings.settle(Path::new("/var"));
        assert_eq!(settings.store, Some(PathBuf::from("/var/matrix")));
        assert!(!settings.unsigned_devices_act && settings.reactions);
    }

    #[test]
    fn what_cannot_work_is_said() {
        let faults = |text: &str| parse(text).faults();
        assert!(faults("homeserver = \"http://hs.example\"\nuser = \"a\"")[0].contains("https"));
        assert!(faults("homeserver = \"http://127.0.0.1:8008\"\nuser = \"a\"").is_empty());
        assert!(faults("homeserver = \"http://localhost.evil.example\"\nuser = \"a\"").len() == 1);
        assert!(faults("homeserver = \"http://[::1]:8008/\"\nuser = \"a\"").is_empty());
        let both = format!("{WHOLE}password_file = \"a\"\ntoken_file = \"b\"");
        assert!(faults(&both)[0].contains("not both"));
        let odd =
            format!("{WHOLE}administrateurs = [\"ines\"]\ninviters = [\"*.gouv.fr\", \"@x\"]");
        assert_eq!(faults(&odd).len(), 2);
    }

    #[test]
    fn the_last_pattern_that_fits_decides() {
        let allowed =
            |patterns: &[&str]| patterns.iter().map(|&p| p.to_owned()).collect::<Vec<_>>();
        let tchap = allowed(&["agent.*.tchap.gouv.fr", "!agent.externe.tchap.gouv.fr"]);
        assert!(server_is_among("agent.finances.tchap.gouv.fr", &tchap));
        assert!(!server_is_among("agent.externe.tchap.gouv.fr", &tchap));
        assert!(!server_is_among(
            "agent.finances.tchap.gouv.fr.evil.example",
            &tchap
        ));
        assert!(!server_is_among("evil.example", &tchap));
        assert!(server_is_among("HS.example", &allowed(&["hs.example"])));
        assert!(!server_is_among("hs.example", &[]));
    }
}
