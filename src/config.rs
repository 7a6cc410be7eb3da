//! `bot.toml` and the démarches, as types. A key that is not known is an error: a misspelt one would be obeyed by nobody.

mod exports;
mod mirrored;
mod quiet;
mod slip;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::channel::{
    authenticate, clamd, discord, eml, http, imap, listener, matrix, platform, smtp,
};
use crate::diagnostic::Diagnostic;
use crate::domain::{Demarche, DemarcheId, Demarches, Email, Privacy, Topic};
use crate::mail::{Files, Limits, Own};
use crate::mirror;

pub use self::exports::Exports;
pub use self::quiet::Quiet;

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

/// `[mail]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Domain of the reply addresses, `reponse+TOKEN@domain`.
    pub domain: String,
    /// Address that Greffier writes from.
    pub from_address: String,
    /// Name shown beside it; the service of the démarche where empty.
    #[serde(default)]
    pub from_name: String,
    /// Right part of every `Message-ID`; the domain where empty.
    #[serde(default)]
    pub host: String,
    /// Relays of our own whose `Authentication-Results` (RFC 8601) are believed, by their authserv-id.
    #[serde(default)]
    pub trusted_authserv_ids: Vec<String>,
    /// Days for which a reply address is answered, from the last mail that we sent in its conversation. 0: for ever.
    #[serde(default = "reply_days")]
    pub reply_days: u32,
    /// Whether an instructeur's answer by mail is sent on although no check proves that it is his. It speaks in the
    /// name of the administration: leave it false unless your mail server can prove nothing.
    #[serde(default)]
    pub instructeurs_unauthenticated: bool,
    /// Endings of the names of files that are taken, without the dot; `"*"` for all. What runs never is. A list of what
    /// administrations receive where absent.
    #[serde(default)]
    pub allowed_types: Option<Vec<String>>,
    /// Bytes of one attachment at most.
    #[serde(default = "max_attachment_bytes")]
    pub max_attachment_bytes: u64,
    /// What becomes of an archive or a document that needs a password.
    #[serde(default)]
    pub encrypted_archives: EncryptedArchives,
}

fn reply_days() -> u32 {
    400
}

fn max_attachment_bytes() -> u64 {
    Limits::default().attachment_bytes
}

impl Mail {
    /// Which files are taken.
    pub fn files(&self) -> Files {
        let mut files = Files {
            encrypted: self.encrypted_archives == EncryptedArchives::Accept,
            ..Files::default()
        };
        if let Some(allowed) = &self.allowed_types {
            let ending = |allowed: &String| allowed.trim_start_matches('.').to_lowercase();
            files.endings = allowed.iter().map(ending).collect();
        }
        files
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let plain = |ending: &String| {
            let ending = ending.trim_start_matches('.');
            ending == "*" || (!ending.is_empty() && ending.chars().all(char::is_alphanumeric))
        };
        if let Some(allowed) = &self.allowed_types
            && (allowed.is_empty() || !allowed.iter().all(plain))
        {
            let what =
                "mail.allowed_types: write endings of names, like [\"pdf\", \"docx\"], or [\"*\"]";
            faults.push(what.to_owned());
        }
        if !(1..=max_attachment_bytes()).contains(&self.max_attachment_bytes) {
            faults.push(format!(
                "mail.max_attachment_bytes: write 1 to {}",
                max_attachment_bytes()
            ));
        }
        faults
    }
}

/// What becomes of an archive or a document that needs a password: nobody can look into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncryptedArchives {
    /// It is left out, and its sender asked for one without a password.
    #[default]
    Refuse,
    /// It is taken as it is.
    Accept,
}

/// `[[room]]`: a room, the démarche that it is for, and what it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The channel: `console`, `matrix` or `discord`.
    pub network: String,
    /// The network's id of the room (on Discord, of the channel); on Matrix, its alias does as well.
    pub id: String,
    /// On Matrix, whether people of servers outside `matrix.allowed_servers` may be there when dossiers are spoken of.
    #[serde(default)]
    pub externals: bool,
    /// The démarche; every one where absent.
    #[serde(default)]
    pub demarche: Option<DemarcheId>,
    /// The group of instructeurs; every one where absent.
    #[serde(default)]
    pub groupe: Option<String>,
    /// What it is told; everything where absent.
    #[serde(default)]
    pub notify: Option<Vec<Topic>>,
    /// One thread for each dossier.
    #[serde(default = "yes")]
    pub threads: bool,
    /// How much of a dossier it may show. Where it is absent, `standard` if the room is known to be encrypted end to end,
    /// `minimal` if not.
    #[serde(default)]
    pub privacy: Option<Privacy>,
}

fn yes() -> bool {
    true
}

impl Room {
    /// Whether it is bound to that démarche and group.
    pub fn is_for(&self, demarche: DemarcheId, groupe: &str) -> bool {
        self.demarche.is_none_or(|bound| bound == demarche)
            && self.groupe.as_deref().is_none_or(|bound| bound == groupe)
    }

    /// How much of a dossier it may show, if it is known to be `encrypted` end to end or not.
    pub fn privacy(&self, encrypted: bool) -> Privacy {
        self.privacy.unwrap_or(if encrypted {
            Privacy::Standard
        } else {
            Privacy::Minimal
        })
    }

    /// Whether it wants to be told of that.
    pub fn wants(&self, topic: Topic) -> bool {
        self.notify
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&topic))
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
        let faults = config.faults(&path.display().to_string());
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(faults)
        }
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

    fn faults(&self, file: &str) -> Vec<Diagnostic> {
        let fault = |message: String| Diagnostic {
            file: file.to_owned(),
            line: 0,
            message,
        };
        let mut faults = Vec::new();
        if !self.mail.domain.contains('.')
            || self
                .mail
                .domain
                .contains(|c: char| c.is_whitespace() || c == '@')
        {
            faults.push(fault(
                "mail.domain: write the domain that replies come to, like \"greffier.example.fr\""
                    .to_owned(),
            ));
        }
        if self.mail.from_address.split_once('@').is_none() {
            faults.push(fault(
                "mail.from_address: write a whole address, like \"greffier@example.fr\"".to_owned(),
            ));
        }
        faults.extend(self.mail.faults().into_iter().map(&fault));
        faults.extend(self.http.faults().into_iter().map(&fault));
        faults.extend(self.exports.faults().into_iter().map(&fault));
        faults.extend(self.unreachable().into_iter().map(&fault));
        let smtp = self.smtp.iter().flat_map(smtp::Settings::faults);
        faults.extend(smtp.map(&fault));
        let imap = self.imap.iter().flat_map(imap::Settings::faults);
        faults.extend(imap.map(&fault));
        let matrix = self.matrix.iter().flat_map(matrix::Settings::faults);
        faults.extend(matrix.map(&fault));
        let discord = self.discord.iter().flat_map(discord::Settings::faults);
        faults.extend(discord.map(&fault));
        faults.extend(self.platform_faults().into_iter().map(&fault));
        faults.extend(self.homeless().map(&fault));
        faults.extend(self.exposed().map(&fault));
        let clamav = self.clamav.iter().flat_map(clamd::Settings::faults);
        faults.extend(clamav.map(&fault));
        faults.extend(self.authentication.faults().into_iter().map(&fault));
        let quiet = self.quiet.iter().flat_map(Quiet::faults);
        faults.extend(quiet.map(&fault));
        for (index, room) in self.rooms.iter().enumerate() {
            if self
                .rooms
                .iter()
                .skip(index + 1)
                .any(|other| other.network == room.network && other.id == room.id)
            {
                faults.push(fault(format!(
                    "room {}: bound twice on {}; leave one [[room]]",
                    room.id, room.network
                )));
            }
        }
        faults
    }

    /// Rooms of networks that nothing connects to.
    fn homeless(&self) -> impl Iterator<Item = String> {
        self.rooms.iter().filter_map(|room| {
            let Room { id, network, .. } = room;
            match network.as_str() {
                "console" => None,
                "matrix" if self.matrix.is_none() => Some(format!(
                    "room {id}: there is no [matrix]; write one, with homeserver, user and password_file"
                )),
                "matrix" if !id.starts_with(['!', '#']) => Some(format!(
                    "room {id}: write the id or the alias of a Matrix room, like \"!abc:agent.example.fr\" or \"#instruction:agent.example.fr\""
                )),
                "matrix" => None,
                "discord" if self.discord.is_none() => Some(format!(
                    "room {id}: there is no [discord]; write one, with token_file"
                )),
                "discord" if !discord::settings::is_snowflake(id) => Some(format!(
                    "room {id}: write the id of a Discord channel, like \"1234567890123456789\""
                )),
                "discord" => None,
                _ => Some(format!(
                    "room {id}: network = \"{network}\" is not in this build; write \"console\", \"matrix\" or \"discord\""
                )),
            }
        })
    }

    /// Rooms that would show Discord more than was decided that it may see.
    fn exposed(&self) -> impl Iterator<Item = String> {
        let decided = self
            .discord
            .as_ref()
            .is_none_or(|discord| discord.privacy_acknowledged);
        let shown = self.rooms.iter().filter(move |room| {
            !decided
                && room.network == "discord"
                && room
                    .privacy
                    .is_some_and(|privacy| privacy != Privacy::Minimal)
        });
        shown.map(|room| discord::settings::acknowledge(&format!("room {}", room.id)))
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

    /// What in the rooms does not fit the démarches.
    pub fn unfitting(&self, demarches: &Demarches, file: &str) -> Vec<Diagnostic> {
        let fault = |message: String| Diagnostic {
            file: file.to_owned(),
            line: 0,
            message,
        };
        let mut faults = Vec::new();
        let sender = self.mail.from_address.to_lowercase();
        for demarche in demarches.values() {
            let Some(local) = demarche.depot_local() else {
                continue;
            };
            let reply = Own::default().reply_prefix;
            if local == reply || local.starts_with(&format!("{reply}+")) {
                faults.push(fault(format!(
                    "démarche {}: `{local}` is where answers go; choose another depot_adresse",
                    demarche.number
                )));
            }
            if format!("{local}@{}", self.mail.domain) == sender {
                faults.push(fault(format!("démarche {}: `{local}` is mail.from_address, where reports of delivery go; choose another depot_adresse", demarche.number)));
            }
        }
        for room in &self.rooms {
            let bound = room.demarche.map(|number| (number, demarches.get(&number)));
            match (bound, &room.groupe) {
                // It may not have been read yet.
                (Some((number, None)), _)
                    if self
                        .mirrored
                        .iter()
                        .any(|mirrored| mirrored.number == number) => {}
                (Some((number, None)), _) if self.platform.is_some() => {
                    faults.push(fault(format!(
                        "room {}: no [[demarche]] has the number {number}; add one",
                        room.id
                    )));
                }
                (Some((number, None)), _) => faults.push(fault(format!(
                    "room {}: there is no démarche {number} in {}",
                    room.id,
                    self.greffier.demarches.display()
                ))),
                (Some((number, Some(demarche))), Some(groupe))
                    if !demarche.groupes.iter().any(|known| known.label == *groupe) =>
                {
                    let known: Vec<&str> = demarche
                        .groupes
                        .iter()
                        .map(|groupe| groupe.label.as_str())
                        .collect();
                    faults.push(fault(format!("room {}: the démarche {number} has no group \"{groupe}\"; write one of {known:?}", room.id)));
                }
                (None, Some(_)) => faults.push(fault(format!(
                    "room {}: a groupe needs its demarche",
                    room.id
                ))),
                _ => {}
            }
        }
        faults
    }

    /// The démarches of the folder that it names, or everything wrong in them. None where the platform is the record.
    pub fn demarches(&self) -> Result<Demarches, Vec<Diagnostic>> {
        if self.platform.is_some() {
            return Ok(Demarches::new());
        }
        demarches(&self.greffier.demarches)
    }
}

fn is_host_and_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// The démarches of a folder, one `.toml` each, or everything wrong in them.
pub fn demarches(folder: &Path) -> Result<Demarches, Vec<Diagnostic>> {
    let whole = |message: String| {
        vec![Diagnostic {
            file: folder.display().to_string(),
            line: 0,
            message,
        }]
    };
    let entries =
        fs::read_dir(folder).map_err(|error| whole(format!("cannot be read: {error}")))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    paths.sort();
    let mut demarches = Demarches::new();
    let mut faults = Vec::new();
    for path in paths {
        let file = path.display().to_string();
        let demarche: Demarche = match read(&path) {
            Ok(demarche) => demarche,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        faults.extend(demarche.faults().into_iter().map(|message| Diagnostic {
            file: file.clone(),
            line: 0,
            message,
        }));
        let number = demarche.number;
        let local = demarche.depot_local();
        let taken = demarches
            .values()
            .find(|other: &&Demarche| local.is_some() && other.depot_local() == local);
        if let (Some(other), Some(local)) = (taken, &local) {
            faults.push(Diagnostic {
                file: file.clone(),
                line: 0,
                message: format!(
                    "deposits by mail: the address `{local}` is that of the démarche {} already; choose another depot_adresse",
                    other.number
                ),
            });
        }
        if demarches.insert(number, demarche).is_some() {
            faults.push(Diagnostic {
                file,
                line: 0,
                message: format!("number = {number} is taken by another démarche of this folder"),
            });
        }
    }
    if demarches.is_empty() && faults.is_empty() {
        faults = whole("holds no démarche: write one, as data/demarches/ shows".to_owned());
    }
    if faults.is_empty() {
        Ok(demarches)
    } else {
        Err(faults)
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Diagnostic> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| Diagnostic {
        file: file.clone(),
        line: 0,
        message: format!("cannot be read: {error}"),
    })?;
    parse(&text, &file)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, file: &str) -> Result<T, Diagnostic> {
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
