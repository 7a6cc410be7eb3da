//! `[platform]` of `bot.toml`.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::json;
use super::outside::is_loopback;

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
    pub unread_minutes: u32,
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

/// The instance of the State.
const STATE: &str = "https://demarche.numerique.gouv.fr";
/// Requests a minute that it takes of one token.
const TAKEN: u32 = 400;

fn url() -> String {
    STATE.to_owned()
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

fn unread_minutes() -> u32 {
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
                "platform.url: {why}; write the address of the instance, like \"{STATE}\""
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
        within("unread_minutes", self.unread_minutes.into(), 0, 1_440);
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

    /// What works, but hardly as it is meant.
    pub fn doubts(&self) -> Vec<String> {
        let state = self.url.trim().trim_end_matches('/') == STATE;
        let many = self.requests_per_minute;
        let doubt = (state && many > TAKEN).then(|| {
            format!(
                "platform.requests_per_minute: {many} is more than the {TAKEN} that {STATE} takes of one token, whoever uses it: it would make Greffier wait; write {TAKEN} or less"
            )
        });
        doubt.into_iter().collect()
    }

    /// The end of the token, where its last day is over at `now`. The platform decides whether that is so.
    pub fn ended(&self, now: Timestamp) -> Option<String> {
        let day = self.token_expires?;
        let over = json::paris(day.tomorrow().ok()?)?;
        (over <= now).then(|| format!(
            "platform.token_expires: the token has ended on {day}: make a new one, write it into platform.token_file and its end here"
        ))
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
        // An instance lives at the root of its host.
        match url.path().trim_end_matches('/') {
            "" => {}
            "/api/v2/graphql" => return Err("it is the address of the API, which Greffier knows"),
            _ => return Err("it has a path"),
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
        SignedDuration::from_mins(self.unread_minutes.into())
    }

    pub(super) fn directory(&self) -> Duration {
        Duration::from_mins(self.directory_minutes)
    }
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
            "https://d.example/",
            "https://d.example:8443",
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
            "https://d.example/admin/procedures",
            "https://d.example/api/v2/graphql",
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
    fn more_requests_than_the_state_takes_are_doubted_and_no_fault() {
        let doubts = |more: &str| {
            let text = format!("token_file = \"t\"\n{more}");
            let settings: Settings = toml::from_str(&text).unwrap();
            assert_eq!(settings.faults(), Vec::<String>::new());
            settings.doubts()
        };
        assert!(doubts("requests_per_minute = 500")[0].contains("write 400 or less"));
        for fine in [
            "",
            "requests_per_minute = 400",
            "requests_per_minute = 500\nurl = \"https://d.example\"",
        ] {
            assert_eq!(doubts(fine), Vec::<String>::new(), "{fine}");
        }
    }

    #[test]
    fn the_end_of_a_token_is_no_fault_of_the_settings() {
        let text = "token_file = \"t\"\ntoken_expires = \"2026-11-20\"";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(settings.faults(), Vec::<String>::new());
        let at = |moment: &str| settings.ended(moment.parse().unwrap());
        assert!(at("2026-11-20T23:00:00Z").unwrap().contains("2026-11-20"));
        assert_eq!(at("2026-11-20T22:59:59Z"), None);
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
