//! `[smtp]` of `bot.toml`.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// The mail server that takes our mail, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name, as its certificate has it, or its address.
    pub host: String,
    /// Its port; by default 465 with `tls`, 587 with `starttls`, 25 with `none`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept private.
    #[serde(default)]
    pub security: Security,
    /// The account to log in as. Empty: none.
    #[serde(default)]
    pub user: String,
    /// The file that holds its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The file that holds, instead of a password, an OAuth 2 access token for XOAUTH2. It is read again at each connection:
    /// another program renews it.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Certificates in PEM that the server's must descend from, in place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The name to greet with. Empty: that of `[mail]`.
    #[serde(default)]
    pub hello: String,
    /// Seconds that the server may take for an answer; ten times as many for the content of a mail.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    /// Connections at once.
    #[serde(default = "connections")]
    pub connections: usize,
    /// Seconds between two mails to the same domain.
    #[serde(default)]
    pub per_domain_seconds: u64,
    /// Where bounces go.
    #[serde(default)]
    pub envelope: Envelope,
    /// Our signature on each mail, where the server does not put one.
    #[serde(default)]
    pub dkim: Option<Dkim>,
}

/// How the connection is kept private.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the start.
    #[default]
    Tls,
    /// TLS after STARTTLS; without it nothing is sent.
    Starttls,
    /// None: for a server on this machine.
    None,
}

/// Where bounces go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// To the reply address, so that a bounce says by itself whose mail came back; to `mail.from_address` where there is no
    /// reply address.
    #[default]
    Verp,
    /// To `mail.from_address`, for servers that let an account send in no other name.
    From,
}

/// `[smtp.dkim]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The domain that signs: that of `mail.from_address`, or one above it.
    pub domain: String,
    /// Under which `selector._domainkey.domain` the public key is found.
    pub selector: String,
    /// The private key in PEM, RSA or Ed25519.
    pub key_file: PathBuf,
}

fn timeout_seconds() -> u64 {
    60
}

fn connections() -> usize {
    4
}

impl Settings {
    /// The port, given or usual.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::Tls => 465,
            Security::Starttls => 587,
            Security::None => 25,
        })
    }

    /// The files that it names.
    pub fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let key = self.dkim.as_mut().map(|dkim| &mut dkim.key_file);
        [
            self.password_file.as_mut(),
            self.token_file.as_mut(),
            self.ca_file.as_mut(),
            key,
        ]
        .into_iter()
        .flatten()
    }

    /// What is wrong in it, each with what to write.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, message: &str| {
            if wrong {
                faults.push(message.to_owned());
            }
        };
        fault(
            self.host.trim().is_empty(),
            "smtp.host: write the mail server's name, like \"smtp.example.fr\"",
        );
        fault(
            self.security == Security::None && !is_loopback(&self.host),
            "smtp.security: \"none\" is for a server on this machine; write \"tls\" or \"starttls\"",
        );
        fault(
            self.user.is_empty() != (self.password_file.is_none() && self.token_file.is_none()),
            "smtp.user and smtp.password_file: write both, or neither; token_file may stand for password_file",
        );
        fault(
            self.password_file.is_some() && self.token_file.is_some(),
            "smtp.token_file: write either password_file or token_file",
        );
        fault(
            !(1..=64).contains(&self.connections),
            "smtp.connections: write a number from 1 to 64",
        );
        fault(
            !(1..=600).contains(&self.timeout_seconds),
            "smtp.timeout_seconds: write a number from 1 to 600",
        );
        fault(
            self.per_domain_seconds > 3600,
            "smtp.per_domain_seconds: write a number up to 3600",
        );
        fault(
            !self.hello.is_empty() && !is_name(&self.hello),
            "smtp.hello: write the name of this machine, like \"greffier.example.fr\"",
        );
        let dkim = self.dkim.as_ref();
        fault(
            dkim.is_some_and(|dkim| !is_name(&dkim.domain) || !is_name(&dkim.selector)),
            "smtp.dkim: write domain and selector as they stand in the DNS, like \"example.fr\" and \"greffier\"",
        );
        faults
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_host_is_enough() {
        let settings = read("host = \"smtp.example.fr\"");
        assert_eq!((settings.port(), settings.faults()), (465, Vec::new()));
        let settings = read("host = \"::1\"\nsecurity = \"none\"");
        assert_eq!((settings.port(), settings.faults()), (25, Vec::new()));
    }

    #[test]
    fn each_fault_is_said() {
        for (text, key) in [
            ("host = \"\"", "smtp.host"),
            ("host = \"a.example\"\nsecurity = \"none\"", "smtp.security"),
            ("host = \"a.example\"\nuser = \"greffier\"", "smtp.user"),
            (
                "host = \"a.example\"\nuser = \"a\"\npassword_file = \"p\"\ntoken_file = \"t\"",
                "smtp.token_file",
            ),
            ("host = \"a.example\"\nconnections = 0", "smtp.connections"),
            (
                "host = \"a.example\"\ntimeout_seconds = 0",
                "smtp.timeout_seconds",
            ),
            (
                "host = \"a.example\"\nper_domain_seconds = 9999",
                "smtp.per_domain_seconds",
            ),
            ("host = \"a.example\"\nhello = \"a b\"", "smtp.hello"),
            (
                "host = \"a.example\"\n[dkim]\ndomain = \"a; b\"\nselector = \"s\"\nkey_file = \"k\"",
                "smtp.dkim",
            ),
        ] {
            let faults = read(text).faults();
            assert!(
                faults.len() == 1 && faults[0].starts_with(key),
                "{text}: {faults:?}"
            );
        }
    }
}
