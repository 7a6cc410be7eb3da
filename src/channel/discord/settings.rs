//! `[discord]` of `bot.toml`.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// The application that Greffier is on Discord, and where it speaks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// File with the bot's token alone, read at each start of a session.
    pub token_file: PathBuf,
    /// Id of the application; asked of Discord where absent.
    #[serde(default)]
    pub application: Option<String>,
    /// Ids of the servers where Greffier obeys; every server that it is in where empty.
    #[serde(default)]
    pub guilds: Vec<String>,
    /// How much of a dossier private messages may show.
    #[serde(default)]
    pub direct: Direct,
    /// Whether it is understood that Discord stores and reads, outside the European Union, all that it is shown. Without,
    /// no room and no private message may show more than `minimal`.
    #[serde(default)]
    pub privacy_acknowledged: bool,
    /// Discord ids of the people who are told when Greffier cannot speak in a room any more.
    #[serde(default)]
    pub administrateurs: Vec<String>,
    /// Folder of what must survive a restart. By default `discord` in the data folder.
    #[serde(default)]
    pub store: Option<PathBuf>,
    /// Address of another API, for tests: on loopback only.
    #[serde(default)]
    pub api: Option<String>,
}

/// How much of a dossier private messages may show: what `privacy` is for rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direct {
    /// Number, démarche and state.
    #[default]
    Minimal,
    /// Also who it is from.
    Standard,
    /// Everything.
    Full,
}

/// A room of `bot.toml`, in so far as the channel must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The id of its channel.
    pub id: String,
    /// Whether what belongs to a dossier stands in its thread.
    pub threads: bool,
}

impl Settings {
    /// Paths that it names, to be made absolute.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [Some(&mut self.token_file), self.store.as_mut()]
            .into_iter()
            .flatten()
    }

    /// What is wrong in it, each with what to write.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let ids = [
            ("guilds", &self.guilds),
            ("administrateurs", &self.administrateurs),
        ];
        let listed = ids
            .into_iter()
            .flat_map(|(key, ids)| ids.iter().map(move |id| (key, id)));
        let application = self.application.iter().map(|id| ("application", id));
        for (key, id) in listed.chain(application) {
            if !is_snowflake(id) {
                faults.push(format!(
                    "discord.{key}: \"{id}\" is no Discord id; write one like \"1234567890123456789\""
                ));
            }
        }
        if self.direct != Direct::Minimal && !self.privacy_acknowledged {
            faults.push(acknowledge("discord.direct"));
        }
        if self.api.as_deref().is_some_and(|api| !is_loopback(api)) {
            faults.push(
                "discord.api: it is for tests and must be on loopback; leave it out".to_owned(),
            );
        }
        faults
    }
}

/// What to write before `what` may show more than `minimal`.
pub fn acknowledge(what: &str) -> String {
    format!(
        "{what}: more than \"minimal\" would be shown to Discord, which stores it outside the European Union; if that is \
         decided, write privacy_acknowledged = true in [discord]"
    )
}

/// Whether `id` has the form of a Discord id, which stands in addresses.
pub fn is_snowflake(id: &str) -> bool {
    (1..=20).contains(&id.len())
        && id.bytes().all(|c| c.is_ascii_digit())
        && id.parse::<u64>().is_ok_and(|id| id > 0)
}

/// Whether `url` is `http://` on this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let Some(rest) = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("ws://"))
    else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.strip_prefix('[').map_or_else(
        || host.split(':').next().unwrap_or_default(),
        |rest| rest.split(']').next().unwrap_or_default(),
    );
    name.parse::<IpAddr>()
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
    fn what_cannot_work_is_said() {
        assert_eq!(faults("guilds = [\"x\", \"12\"]").len(), 1);
        assert_eq!(faults("application = \"0\"").len(), 1);
        assert_eq!(faults("administrateurs = [\"../1\"]").len(), 1);
        assert!(faults("direct = \"full\"")[0].contains("privacy_acknowledged"));
        assert!(faults("direct = \"full\"\nprivacy_acknowledged = true").is_empty());
    }

    #[test]
    fn another_api_is_on_this_machine_or_refused() {
        assert!(faults("api = \"http://127.0.0.1:8080\"").is_empty());
        assert!(faults("api = \"http://[::1]:8080/x\"").is_empty());
        for odd in [
            "https://discord.example",
            "http://127.0.0.1.evil.example",
            "http://evil.example/127.0.0.1",
            "http://localhost@evil.example",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(faults(&format!("api = \"{odd}\"")).len(), 1, "{odd}");
        }
    }
}
