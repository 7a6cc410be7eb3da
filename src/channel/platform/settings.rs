//! `[platform]` of `bot.toml`.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;

/// The instance of the platform whose démarches Greffier reads, and in which it acts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the instance.
    #[serde(default = "url")]
    pub url: String,
    /// File with the token alone, read again for each connection that was refused. An administrateur makes it.
    pub token_file: PathBuf,
    /// The day (`2026-12-31`) on which the token ends: it is logged and said by `/readyz` from a month before.
    #[serde(default)]
    pub token_expires: Option<Date>,
    /// Requests a minute at most. The platform takes 400 of one token, whoever uses it.
    #[serde(default = "requests_per_minute")]
    pub requests_per_minute: u32,
    /// Seconds between two looks at a démarche.
    #[serde(default = "poll_seconds")]
    pub poll_seconds: u64,
    /// Seconds that each look goes back behind the last: what is changed becomes visible a little later.
    #[serde(default = "overlap_seconds")]
    pub overlap_seconds: u64,
    /// Minutes between two readings of a démarche's form, groups, instructeurs and labels.
    #[serde(default = "directory_minutes")]
    pub directory_minutes: u64,
    /// Minutes in which all dossiers are looked through for what changes without a date: labels, corrections that are
    /// resolved, dossiers that are not to be seen any more.
    #[serde(default = "patrol_minutes")]
    pub patrol_minutes: u64,
    /// Minutes that a démarche is not read, for whatever reason, after which its rooms are told.
    #[serde(default = "unread_minutes")]
    pub unread_minutes: u64,
    /// Bytes of a file that is fetched, at most.
    #[serde(default = "max_file_bytes")]
    pub max_file_bytes: u64,
    /// Certificates in PEM that are trusted beside the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A proxy for all requests, like `http://proxy.example.fr:3128`.
    #[serde(default)]
    pub proxy: Option<String>,
}

fn url() -> String {
    "https://demarche.numerique.gouv.fr".to_owned()
}

fn requests_per_minute() -> u32 {
    360
}

fn poll_seconds() -> u64 {
    60
}

fn overlap_seconds() -> u64 {
    300
}

fn directory_minutes() -> u64 {
    10
}

fn patrol_minutes() -> u64 {
    60
}

fn unread_minutes() -> u64 {
    15
}

fn max_file_bytes() -> u64 {
    20 * 1024 * 1024
}

impl Settings {
    /// Paths that it names, to be made absolute.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [Some(&mut self.token_file), self.ca_file.as_mut()]
            .into_iter()
            .flatten()
    }

    /// What is wrong in it, each with what to write.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(why) = self.base() {
            faults.push(format!(
                "platform.url: {why}; write the address of the instance, like \"https://demarche.numerique.gouv.fr\""
            ));
        }
        let mut within = |key: &str, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                faults.push(format!(
                    "platform.{key}: {value} does not work; write {least} to {most}"
                ));
            }
        };
        within(
            "requests_per_minute",
            self.requests_per_minute.into(),
            6,
            6_000,
        );
        within("poll_seconds", self.poll_seconds, 1, 86_400);
        within("overlap_seconds", self.overlap_seconds, 0, 86_400);
        within("directory_minutes", self.directory_minutes, 1, 1_440);
        within("patrol_minutes", self.patrol_minutes, 1, 10_080);
        within("unread_minutes", self.unread_minutes, 0, 1_440);
        within("max_file_bytes", self.max_file_bytes, 1_024, 1_073_741_824);
        let proxy = self.proxy.as_deref();
        if proxy.is_some_and(|proxy| reqwest::Proxy::all(proxy).is_err()) {
            faults.push(
                "platform.proxy: it is no address; write one like \"http://proxy.example.fr:3128\""
                    .to_owned(),
            );
        }
        faults
    }

    /// The address of the instance, without a path's end.
    pub(super) fn base(&self) -> Result<reqwest::Url, &'static str> {
        let url = reqwest::Url::parse(self.url.trim()).map_err(|_| "it is no address")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() || url.host_str().is_none() {
            return Err("it is more than an address");
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) => Ok(url),
            _ => Err("it is not https"),
        }
    }

    pub(super) fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_seconds)
    }

    pub(super) fn patience(&self) -> SignedDuration {
        SignedDuration::from_mins(self.unread_minutes.try_into().unwrap_or(i64::MAX / 60))
    }

    pub(super) fn directory(&self) -> Duration {
        Duration::from_mins(self.directory_minutes)
    }
}

/// Whether `url` is on this machine, by its number.
pub(super) fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(more: &str) -> Vec<String> {
        let settings: Settings = toml::from_str(&format!("token_file = \"t\"\n{more}")).unwrap();
        settings.faults()
    }

    #[test]
    fn one_line_is_enough() {
        assert_eq!(faults(""), Vec::<String>::new());
    }

    #[test]
    fn a_token_travels_by_tls_or_not_at_all() {
        for fine in [
            "https://d.example",
            "https://d.example/sous/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
        ] {
            assert_eq!(
                faults(&format!("url = \"{fine}\"")),
                Vec::<String>::new(),
                "{fine}"
            );
        }
        for odd in [
            "http://d.example",
            "http://localhost",
            "http://127.0.0.1.evil.example",
            "https://name:secret@d.example",
            "https://d.example/?a=1",
            "ftp://127.0.0.1",
            "d.example",
            "",
        ] {
            let faults = faults(&format!("url = \"{odd}\""));
            assert_eq!(faults.len(), 1, "{odd}");
            assert!(!faults[0].contains("secret"));
        }
    }

    #[test]
    fn what_cannot_work_is_said() {
        for odd in [
            "requests_per_minute = 0",
            "poll_seconds = 0",
            "max_file_bytes = 1",
            "proxy = \"http://\"",
        ] {
            assert_eq!(faults(odd).len(), 1, "{odd}");
        }
    }
}
