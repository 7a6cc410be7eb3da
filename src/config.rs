//! `bot.toml` and the démarches, as types. A key that is not known is an error: a misspelt one would be obeyed by nobody.

mod demarches;
mod exports;
mod mail;
mod mirrored;
mod quiet;
mod room;
mod slip;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::channel::{
    authenticate, clamd, discord, eml, http, imap, listener, matrix, platform, smtp,
};
use crate::diagnostic::Diagnostic;
use crate::domain::Email;
use crate::mirror;

pub use self::demarches::demarches;
pub use self::exports::Exports;
pub use self::mail::{EncryptedArchives, Mail};
pub use self::quiet::Quiet;
pub use self::room::Room;

/// `bot.toml`. Paths are relative to the folder that it stands in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where things are and who may do everything.
    #[serde(default)]
    pub greffier: Settings,
    /// Who Greffier is by mail.
    pub mail: Mail,
    /// Mail that comes in by SMTP or LMTP.
    #[serde(default)]
    pub listener: listener::Settings,
    /// Whether the senders of mail are who they say.
    #[serde(default)]
    pub authentication: authenticate::Settings,
    /// A mailbox that is read.
    #[serde(default)]
    pub imap: Option<imap::Settings>,
    /// The virus scanner that everything from outside passes.
    #[serde(default)]
    pub clamav: Option<clamd::Settings>,
    /// Mail that goes out by a mail server.
    #[serde(default)]
    pub smtp: Option<smtp::Settings>,
    /// Rooms on a Matrix homeserver.
    #[serde(default)]
    pub matrix: Option<matrix::Settings>,
    /// Rooms on Discord.
    #[serde(default)]
    pub discord: Option<discord::Settings>,
    /// Mail that goes out as files, where there is no `[smtp]`.
    #[serde(default)]
    pub eml: eml::Settings,
    /// Deposits, health and metrics.
    #[serde(default)]
    pub http: http::Settings,
    /// How much one person may take away.
    #[serde(default)]
    pub exports: Exports,
    /// When nothing rings.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// The platform, where it is the record in the place of Greffier.
    #[serde(default)]
    pub platform: Option<platform::Settings>,
    /// The démarches of the platform that are served.
    #[serde(default, rename = "demarche")]
    pub mirrored: Vec<mirror::Settings>,
    /// Rooms, and what each is told.
    #[serde(default, rename = "room")]
    pub rooms: Vec<Room>,
}

/// `[greffier]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Folder of the running state.
    pub data: PathBuf,
    /// Folder of the démarches.
    pub demarches: PathBuf,
    /// Folder of templates that take the place of the built-in ones, file by file.
    pub templates: Option<PathBuf>,
    /// Folder of commands that takes the place of the built-in one.
    pub commands: Option<PathBuf>,
    /// People who see all quarantined mail and the state of the daemon.
    pub administrateurs: Vec<Email>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "var".into(),
            demarches: "data/demarches".into(),
            templates: None,
            commands: None,
            administrateurs: Vec::new(),
        }
    }
}

impl Config {
    /// `bot.toml` at `path`, its paths made absolute, or everything wrong in it.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut config: Self = read(path).map_err(|fault| vec![fault])?;
        let base = path.parent().unwrap_or(Path::new(""));
        let base = fs::canonicalize(if base.as_os_str().is_empty() {
            Path::new(".")
        } else {
            base
        })
        .unwrap_or_else(|_| base.to_owned());
        config.settle(&base);
        let faults = config.faults();
        if faults.is_empty() {
            return Ok(config);
        }
        let file = path.display().to_string();
        let whole = |fault| Diagnostic::whole(&file, fault);
        Err(faults.into_iter().map(whole).collect())
    }

    /// The same from text, for the demo and for tests; paths are relative to `base`.
    pub fn from_text(text: &str, base: &Path) -> Result<Self, Vec<Diagnostic>> {
        let mut config: Self = parse(text, "bot.toml").map_err(|fault| vec![fault])?;
        config.settle(base);
        Ok(config)
    }

    fn settle(&mut self, base: &Path) {
        let greffier = &mut self.greffier;
        for path in [
            &mut greffier.data,
            &mut greffier.demarches,
            &mut self.eml.folder,
        ]
        .into_iter()
        .chain(greffier.templates.as_mut())
        .chain(greffier.commands.as_mut())
        .chain(self.http.token_file.as_mut())
        .chain(self.smtp.iter_mut().flat_map(smtp::Settings::files))
        .chain(self.imap.iter_mut().flat_map(imap::Settings::paths))
        .chain(self.matrix.iter_mut().flat_map(matrix::Settings::paths))
        .chain(self.discord.iter_mut().flat_map(discord::Settings::paths))
        .chain(self.platform.iter_mut().flat_map(platform::Settings::paths))
        {
            *path = base.join(&*path);
        }
        if let Some(clamav) = self.clamav.as_mut() {
            clamav.settle(base);
        }
        self.mail.domain = self.mail.domain.trim().to_lowercase();
        if self.mail.host.is_empty() {
            self.mail.host.clone_from(&self.mail.domain);
        }
        if self.listener.domain.is_empty() {
            self.listener.domain.clone_from(&self.mail.domain);
        }
        if self.listener.hostname.is_empty() {
            self.listener.hostname.clone_from(&self.mail.host);
        }
    }

    /// What stands wrong in it, each with what to write.
    fn faults(&self) -> Vec<String> {
        let mut faults = self.mail.faults();
        faults.extend(self.http.faults());
        faults.extend(self.exports.faults());
        faults.extend(self.unreachable());
        faults.extend(self.smtp.iter().flat_map(smtp::Settings::faults));
        faults.extend(self.imap.iter().flat_map(imap::Settings::faults));
        faults.extend(self.matrix.iter().flat_map(matrix::Settings::faults));
        faults.extend(self.discord.iter().flat_map(discord::Settings::faults));
        faults.extend(self.platform_faults());
        faults.extend(self.homeless());
        faults.extend(self.exposed());
        faults.extend(self.clamav.iter().flat_map(clamd::Settings::faults));
        faults.extend(self.authentication.faults());
        faults.extend(self.quiet.iter().flat_map(Quiet::faults));
        faults.extend(self.bound_twice());
        faults
    }

    /// What of the settings could never work: addresses that nothing can listen on, an administrateur who is nobody.
    fn unreachable(&self) -> Vec<String> {
        let unix = |address: &str| address.contains('/');
        let addresses = [
            ("listener.smtp", &self.listener.smtp),
            ("listener.lmtp", &self.listener.lmtp),
            ("http.listen", &self.http.listen),
        ];
        let deaf = addresses.into_iter().filter(|(key, address)| {
            let none = address.is_empty() && *key != "http.listen";
            let socket = *key == "listener.lmtp" && unix(address);
            !none && !socket && !is_host_and_port(address)
        });
        let deaf = deaf.map(|(key, address)| {
            format!(
                "{key}: \"{address}\" is no address and port; write one like \"127.0.0.1:2525\""
            )
        });
        let nobody = self
            .greffier
            .administrateurs
            .iter()
            .filter(|email| !email.plausible());
        let nobody = nobody.map(|email| {
            format!("greffier.administrateurs: \"{email}\" is no whole address; write one like \"nom@example.fr\"")
        });
        deaf.chain(nobody).collect()
    }
}

fn is_host_and_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Diagnostic> {
    let file = path.display().to_string();
    let unread = |error| Diagnostic::whole(&file, format!("cannot be read: {error}"));
    let text = fs::read_to_string(path).map_err(unread)?;
    parse(&text, &file)
}

fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Diagnostic> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| {
            text.get(..span.start).unwrap_or(text).matches('\n').count() + 1
        });
        let advice = error
            .span()
            .and_then(|span| slip::advice(text, span.start, error.message()));
        Diagnostic {
            file: file.to_owned(),
            line,
            message: advice.unwrap_or_else(|| slip::without_value(error.message())),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Config;

    #[test]
    fn addresses_that_nothing_can_listen_on_are_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bot.toml");
        let faults = |smtp: &str, lmtp: &str, http: &str, who: &str| {
            let text = format!(
                "[greffier]\nadministrateurs = [\"{who}\"]\n[mail]\ndomain = \"greffier.example\"\nfrom_address = \"g@greffier.example\"\n\
                 [listener]\nsmtp = \"{smtp}\"\nlmtp = \"{lmtp}\"\n[http]\nlisten = \"{http}\"\n"
            );
            fs::write(&path, text).expect("written");
            Config::load(&path).err().unwrap_or_default()
        };
        let fine = [
            ("127.0.0.1:2525", ""),
            ("", "[::1]:24"),
            ("localhost:25", "/run/greffier.sock"),
        ];
        for (smtp, lmtp) in fine {
            assert_eq!(faults(smtp, lmtp, "127.0.0.1:0", "a@b.example"), []);
        }
        let wrong = faults("127.0.0.1", "lmtp", "0.0.0.0:99999", "x");
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(wrong[0].to_string().contains("listener.smtp"));
    }
}
