//! `greffier run`: everything put together.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{ColorMode, ConsoleMode, Place, RunArguments, own};
use crate::app::{App, Desk, Ration, Replies, mirrored};
use crate::channel::authenticate::Authenticator;
use crate::channel::clamd::Clamd;
use crate::channel::clock::Clock;
use crate::channel::console::{self, Color, Console, Mode};
use crate::channel::control::{self, Admin, Control};
use crate::channel::discord::{self, Discord};
use crate::channel::eml::Eml;
use crate::channel::http::Http;
use crate::channel::http::health::Health;
use crate::channel::imap::Imap;
use crate::channel::listener::Listener;
use crate::channel::matrix::{self, Bound, Matrix};
use crate::channel::smtp::Smtp;
use crate::channel::{Channel, Shelf};
use crate::command::Catalogue;
use crate::config::{Config, Room};
use crate::daemon::Daemon;
use crate::directory::Directory;
use crate::document::Press;
use crate::domain::{DemarcheId, Demarches, Email, List, Of, Onglet, Privacy};
use crate::mail::compose::Identity;
use crate::mail::{Claim, Own, OwnSeal};
use crate::message::Limits;
use crate::store::sled::{OpenOptions, Sled};
use crate::store::{Change, Collection, Commit, Store};
use crate::suggest::Suggestions;
use crate::suggest::offer::offer;
use crate::template::Templates;
use crate::workshop::Workshop;
use crate::workshop::bench::Bench;

/// Runs the daemon until it is asked to stop.
pub(super) fn run(place: &Place, how: &RunArguments) -> anyhow::Result<ExitCode> {
    let config = place.config()?;
    if let Some(by) = &how.by {
        seated(&config, by)?;
    }
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .context("Cannot collect metrics")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let suggestions = Arc::new(Suggestions::default());
        let console = Console::new(
            console_settings(&config, how),
            Arc::clone(&suggestions) as Arc<dyn console::Suggest>,
        );
        let _beside = super::log::beside(&console);
        let stop = CancellationToken::new();
        on_signals(stop.clone())?;
        let greffier =
            Greffier::open(config, Arc::new(console), &suggestions, Some(metrics), stop).await?;
        greffier.announce();
        greffier.daemon.run().await
    });
    // The console's thread may still wait for a line that will not come.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a name for the console that could do nothing.
fn seated(config: &Config, by: &str) -> anyhow::Result<()> {
    let by = Email::new(by);
    if !by.plausible() {
        bail!("--as {by}: this is no mail address; write one like prenom.nom@service.example");
    }
    if config.platform.is_some() {
        // Who instructs there is not known before it is read.
        return Ok(());
    }
    let demarches = config.demarches().map_err(super::listed)?;
    let known = demarches
        .values()
        .any(|demarche| demarche.has_instructeur(&by));
    if known || config.greffier.administrateurs.contains(&by) {
        return Ok(());
    }
    let instructeurs = demarches.values().flat_map(|demarche| &demarche.groupes);
    let first = instructeurs.flat_map(|groupe| &groupe.instructeurs).next();
    let like = first.map_or(String::new(), |email| format!(", like {email}"));
    bail!(
        "--as {by}: nobody has this address; write that of an instructeur of a démarche of {}{like}, or of an administrateur of bot.toml",
        config.greffier.demarches.display()
    )
}

/// The networks of the rooms, for a process that only decides: what it makes Greffier say there waits for the daemon.
pub(super) fn rooms(config: &Config) -> Vec<(&'static str, Limits)> {
    let how = RunArguments {
        console: ConsoleMode::Off,
        ..RunArguments::default()
    };
    let console = Console::new(
        console_settings(config, &how),
        Arc::new(Suggestions::default()),
    );
    let bound = |room: &Room| room.network == console.name();
    let mut networks = Vec::new();
    if config.rooms.iter().any(bound) {
        networks.push((console.name(), console.limits()));
    }
    if config.matrix.is_some() {
        networks.push((matrix::NETWORK, matrix::LIMITS));
    }
    if config.discord.is_some() {
        networks.push((discord::NETWORK, discord::LIMITS));
    }
    networks
}

/// The daemon with everything that `bot.toml` names, its sockets open.
pub(super) struct Greffier {
    pub(super) daemon: Daemon<Sled>,
    pub(super) smtp: Option<SocketAddr>,
    pub(super) http: Option<SocketAddr>,
    lmtp: Option<SocketAddr>,
    config: Config,
    has_console: bool,
}

impl Greffier {
    /// Puts it together. Every socket is opened before anything is taken in, so that a taken port is said at once.
    pub(super) async fn open(
        mut config: Config,
        console: Arc<Console>,
        suggestions: &Suggestions,
        metrics: Option<PrometheusHandle>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        prepare(&mut config)?;
        let has_console = console.mode() != Mode::Off;
        let health = Arc::new(Health::default());
        let post = carrier(&config, &health)?;
        let mut networks = vec![post.network()];
        if has_console {
            networks.push((console.name(), console.limits()));
        }
        if config.matrix.is_some() {
            networks.push((matrix::NETWORK, matrix::LIMITS));
        }
        if config.discord.is_some() {
            networks.push((discord::NETWORK, discord::LIMITS));
        }
        let (desk, store) = middle(&config, networks)?;
        suggestions.from_desk(&desk);
        sweep(Arc::clone(&store));
        health.ill("writer", "Greffier is starting");
        let imap = config
            .imap
            .clone()
            .map(|imap| Imap::new(imap, &config.greffier.data, Arc::clone(&health)))
            .transpose()?;
        let matrix = join_matrix(&config, &desk.app(), &health)?;
        let discord = join_discord(&config, &desk, &health)?;
        let platform = super::platform::join(&config, &desk, &health)?;
        let waiting = Arc::clone(&desk);
        let exports = move |export: &str| {
            let app = waiting.app();
            app.waits_to_be_fetched(export, crate::clock::now())
                .inspect_err(|error| tracing::error!(%error, "Cannot look for an export"))
                .unwrap_or(false)
        };
        let workshop = Arc::new(Workshop::new(bench(&config, &desk, press(&config)?)));
        let accepting = Arc::clone(&desk);
        let mut daemon = Daemon::new(desk, Arc::clone(&health), stop);
        daemon.check_by(authenticator(&config));
        if let Some(clamav) = config.clamav.clone() {
            daemon.scan_by(Arc::new(Clamd::new(clamav, Arc::clone(&health))));
        }

        let accepts = Arc::new(move |local: &str| {
            let app = accepting.app();
            is_reply_address(local, &app.own) || app.takes_deposits(local)
        });
        let listener = Arc::new(Listener::bind(config.listener.clone(), accepts).await?);
        let http = Http::bind(config.http.clone(), health, metrics).await?;
        let site = config.platform.as_ref().map(|platform| &*platform.url);
        let http = Arc::new(http.serving(Arc::new(exports)).deposits_on(site));
        let control = Arc::new(
            Control::bind(
                control::Settings {
                    socket: super::socket(&config),
                },
                admin(store),
            )
            .await?,
        );
        let (smtp, lmtp, address) = (
            listener.smtp_address(),
            listener.lmtp_address(),
            http.address().ok(),
        );
        daemon.listen(listener);
        if let Some(imap) = imap {
            daemon.listen(Arc::new(imap));
        }
        daemon.listen(http);
        daemon.listen(control);
        daemon.listen(Arc::new(Clock {
            period: Duration::from_mins(1),
        }));
        daemon.listen(Arc::clone(&workshop));
        daemon.speak(workshop);
        post.join(&mut daemon);
        if let Some(matrix) = matrix {
            daemon.listen(Arc::clone(&matrix));
            daemon.speak(matrix);
        }
        if let Some(discord) = discord {
            daemon.listen(Arc::clone(&discord));
            daemon.speak(discord);
        }
        if let Some(platform) = platform {
            daemon.listen(Arc::clone(&platform));
            daemon.speak(platform);
        }
        if has_console {
            daemon.listen(Arc::clone(&console));
        }
        // Also without anybody at it: what the shell's own process queued for its room must not wait for ever.
        daemon.speak(console);
        Ok(Self {
            daemon,
            smtp,
            http: address,
            lmtp,
            config,
            has_console,
        })
    }

    /// Tells the operator where it listens.
    fn announce(&self) {
        let domain = &self.config.mail.domain;
        if let Some(address) = self.smtp {
            tracing::info!("Mail for {domain} is taken by SMTP on {address}");
        }
        if let Some(address) = self.lmtp {
            tracing::info!("Mail for {domain} is taken by LMTP on {address}");
        }
        if let Some(platform) = &self.config.platform {
            tracing::info!("Dossiers are those of {}", platform.url);
        }
        match self.http {
            Some(address) if self.config.platform.is_some() => {
                tracing::info!("Exports and health are taken by HTTP on http://{address}/healthz");
            }
            Some(address) => tracing::info!(
                "Dossiers are taken by HTTP on http://{address}/api/demarches/N/dossiers"
            ),
            None => {}
        }
        if self.config.imap.is_some() {
            tracing::info!("Mail is read from a mailbox by IMAP");
        }
        if let Some(smtp) = &self.config.smtp {
            tracing::info!("Mail goes out by SMTP to {}:{}", smtp.host, smtp.port());
        } else {
            tracing::info!(
                "Mail goes out as files in {}",
                self.config.eml.folder.display()
            );
        }
        if !self.has_console {
            tracing::info!("Nobody is at the console: its room is off");
        }
    }
}

/// Whoever makes what takes long.
pub(super) fn bench(config: &Config, desk: &Arc<Desk<Sled>>, press: Press) -> Bench<Sled> {
    let (app, rules) = (desk.app(), Arc::clone(desk));
    Bench {
        store: Arc::clone(&app.store),
        shelf: Arc::clone(&app.shelf),
        rules: Arc::new(move |number| rules.app().demarches.get(&number).cloned()),
        press: Arc::new(press),
        largest_export: config.exports.max_bytes,
    }
}

/// What prints documents, with the operator's own templates.
pub(super) fn press(config: &Config) -> anyhow::Result<Press> {
    Press::load(config.greffier.templates.as_deref()).map_err(super::listed)
}

/// The Matrix channel, if `bot.toml` has one, with its rooms.
fn join_matrix(
    config: &Config,
    app: &Arc<App<Sled>>,
    health: &Arc<Health>,
) -> anyhow::Result<Option<Arc<Matrix>>> {
    let Some(settings) = config.matrix.clone() else {
        return Ok(None);
    };
    let (rooms, lines) = (Arc::clone(app), Arc::clone(app));
    // Asked anew each time: an administrateur may bind rooms at any moment.
    let bound = move || {
        let rooms = rooms.directory.every_room();
        let ours = rooms.iter().filter(|room| room.network == matrix::NETWORK);
        let bound = ours.map(|room| Bound {
            id: room.id.clone(),
            externals: room.externals,
            threads: room.threads,
        });
        bound.collect()
    };
    let takes_files = Arc::new(move |line: &str| lines.catalogue.takes_files(line));
    let data = &config.greffier.data;
    let matrix = Matrix::new(
        settings,
        Arc::new(bound),
        data,
        Arc::clone(health),
        takes_files,
    )?;
    Ok(Some(Arc::new(matrix)))
}

/// The Discord channel, if `bot.toml` has one, with its rooms.
fn join_discord(
    config: &Config,
    desk: &Arc<Desk<Sled>>,
    health: &Arc<Health>,
) -> anyhow::Result<Option<Arc<Discord>>> {
    let Some(settings) = config.discord.clone() else {
        return Ok(None);
    };
    let bound = discord_rooms(config);
    let app = desk.app();
    let (asked, worded) = (Arc::clone(desk), Arc::clone(&app));
    let (linked, threads) = (Arc::clone(&app), Arc::clone(&app));
    let desk = discord::Desk {
        catalogue: app.catalogue.clone(),
        complete: Arc::new(move |what: &discord::Asked| offer(&asked.app(), what)),
        words: phrases(move |name| worded.templates.phrase(name)),
        // Where the ledger cannot say it, the middle decides with all that was sent.
        linked: Arc::new(move |who| !matches!(linked.person_of(who), Ok(None))),
        known: Arc::new(move |thread| {
            let dossier = threads.dossier_of(discord::NETWORK, thread);
            dossier.is_ok_and(|dossier| dossier.is_some())
        }),
    };
    let data = &config.greffier.data;
    let discord = Discord::new(settings, bound, data, Arc::clone(health), desk)?;
    Ok(Some(Arc::new(discord)))
}

/// The rooms of `bot.toml` on Discord.
pub(super) fn discord_rooms(config: &Config) -> Vec<discord::Bound> {
    let rooms = config.rooms.iter();
    let bound = rooms.filter(|room| room.network == discord::NETWORK);
    bound
        .map(|room| discord::Bound {
            id: room.id.clone(),
            threads: room.threads,
        })
        .collect()
}

/// The words of the Discord channel. One whose template fails, which `greffier check` would have said, is empty.
pub(super) fn phrases(
    say: impl Fn(&str) -> Result<String, crate::template::Error> + Send + Sync + 'static,
) -> Arc<discord::Phrases> {
    Arc::new(move |phrase: discord::Phrase| {
        say(phrase.name()).unwrap_or_else(|error| {
            tracing::error!(error = %error, "A template cannot be rendered");
            String::new()
        })
    })
}

/// How much private messages on Discord may show.
fn direct(settings: &discord::Settings) -> Privacy {
    match settings.direct {
        discord::settings::Direct::Minimal => Privacy::Minimal,
        discord::settings::Direct::Standard => Privacy::Standard,
        discord::settings::Direct::Full => Privacy::Full,
    }
}

/// What checks the senders of mail.
pub(super) fn authenticator(config: &Config) -> Authenticator {
    Authenticator::new(
        &config.authentication,
        own(config).authserv_ids,
        config.mail.host.clone(),
    )
}

/// Takes away, in the background, what a crash may have left on the shelf.
fn sweep(store: Arc<Sled>) {
    tokio::task::spawn_blocking(move || match store.sweep() {
        Ok(0) => {}
        Ok(swept) => tracing::info!("Removed {swept} files that nothing speaks of"),
        Err(error) => {
            tracing::error!(error = %error, "Cannot look for files that nothing speaks of");
        }
    });
}

/// What carries the mail out: exactly one of the two.
pub(super) enum Post {
    Smtp(Arc<Smtp>),
    Eml(Arc<Eml>),
}

/// What carries the mail of `config` out, with the files that it needs read. Nothing is connected yet.
pub(super) fn carrier(config: &Config, health: &Arc<Health>) -> anyhow::Result<Post> {
    let identity = identity(config)?;
    Ok(match &config.smtp {
        Some(smtp) => Post::Smtp(Arc::new(Smtp::new(
            smtp.clone(),
            identity,
            Arc::clone(health),
        )?)),
        None => Post::Eml(Arc::new(Eml::new(config.eml.clone(), identity))),
    })
}

impl Post {
    fn network(&self) -> (&'static str, Limits) {
        match self {
            Self::Smtp(smtp) => (smtp.name(), smtp.limits()),
            Self::Eml(eml) => (eml.name(), eml.limits()),
        }
    }

    fn join(self, daemon: &mut Daemon<Sled>) {
        match self {
            Self::Smtp(smtp) => {
                daemon.listen(Arc::clone(&smtp));
                daemon.speak(smtp);
            }
            Self::Eml(eml) => daemon.speak(eml),
        }
    }
}

/// Ctrl-C or SIGTERM asks to stop; a second one insists.
fn on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("Cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Cannot listen to SIGINT")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::warn!("Stopped before everything was finished; the next start goes on with it");
        std::process::exit(130);
    });
    Ok(())
}

/// Folders and secrets that the first start makes.
fn prepare(config: &mut Config) -> anyhow::Result<()> {
    let data = &config.greffier.data;
    fs::create_dir_all(data).with_context(|| format!("Cannot create {}", data.display()))?;
    // Before anything writes as us: it is what our mail is marked with.
    secret(&super::key::path(config))?;
    if let Some(path) = &config.http.token_file {
        config.http.token = Some(SecretString::from(secret(path)?));
    }
    Ok(())
}

/// The secret in a file; a new one where there is no file. It is 32 random octets in hexadecimal.
pub(super) fn secret(path: &Path) -> anyhow::Result<String> {
    if !path.exists() {
        let new = new_secret()?;
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .with_context(|| format!("Cannot create {}", folder.display()))?;
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("Cannot create {}", path.display()))?;
        writeln!(file, "{new}")?;
        file.sync_all()?;
    }
    let text =
        fs::read_to_string(path).with_context(|| format!("Cannot read {}", path.display()))?;
    if readable_by_others(path)? {
        tracing::warn!(
            "Others than its owner can read {0}: chmod 600 {0}, or remove it and a new one is made",
            path.display()
        );
    }
    let text = text.trim();
    if text.len() < 16 {
        bail!(
            "{} holds no secret: write at least 16 characters, or remove it and a new one is made",
            path.display()
        );
    }
    Ok(text.to_owned())
}

/// 32 random octets in hexadecimal.
pub(super) fn new_secret() -> anyhow::Result<String> {
    let mut octets = [0u8; 32];
    getrandom::fill(&mut octets)
        .map_err(|error| anyhow::anyhow!("no randomness for a secret: {error}"))?;
    Ok(HEXLOWER.encode(&octets))
}

fn readable_by_others(path: &Path) -> anyhow::Result<bool> {
    let metadata = fs::metadata(path).with_context(|| format!("Cannot read {}", path.display()))?;
    Ok(metadata.permissions().mode() & 0o077 != 0)
}

/// The middle, on the store that `config` names, and that store.
pub(super) fn middle(
    config: &Config,
    networks: Vec<(&'static str, Limits)>,
) -> anyhow::Result<(Arc<Desk<Sled>>, Arc<Sled>)> {
    let mut demarches = config.demarches().map_err(super::listed)?;
    let unfitting = config.unfitting(&demarches, "bot.toml");
    if !unfitting.is_empty() {
        return Err(super::listed(unfitting));
    }
    let data = &config.greffier.data;
    fs::create_dir_all(data).with_context(|| format!("Cannot create {}", data.display()))?;
    let store = Arc::new(Sled::open(&data.join("store"), &OpenOptions::default())?);
    let served = config.mirrored();
    demarches.extend(mirrored(&*store, &served)?);
    follow_rules(&store, &demarches)?;
    for stray in strays(&*store, &demarches)? {
        tracing::warn!("{stray}");
    }
    let limits: BTreeMap<String, Limits> = networks
        .into_iter()
        .map(|(name, limits)| (name.to_owned(), limits))
        .collect();
    let mut directory = Directory::new(
        config.rooms.clone(),
        limits,
        config.greffier.administrateurs.clone(),
    );
    if let Some(discord) = &config.discord {
        directory = directory.showing_in_private(discord::NETWORK, direct(discord));
    }
    let key = secret(&super::key::path(config))?.into_bytes();
    let retired = super::key::retired(config)?;
    store.pieces().lend_in(config.greffier.data.join("exports"));
    let app = App {
        shelf: store.pieces() as Arc<dyn Shelf>,
        store: Arc::clone(&store),
        demarches,
        mirrored: Arc::new(served),
        catalogue: catalogue(config)?,
        templates: Arc::new(templates(config)?),
        directory: Arc::new(directory),
        own: Own {
            seal: Some(OwnSeal::of(&key)),
            retired_seals: retired.iter().map(|key| OwnSeal::of(key)).collect(),
            ..own(config)
        },
        from_name: config.mail.from_name.clone(),
        at_once: crate::app::AT_ONCE,
        ration: Ration {
            per_day: config.exports.per_day,
            under_way: config.exports.at_once,
        },
        replies: Replies {
            days: config.mail.reply_days,
            instructeurs_unauthenticated: config.mail.instructeurs_unauthenticated,
            retired,
        },
        quiet: config.quiet.as_ref().map(crate::config::Quiet::rule),
        secret: key,
        public_url: config.http.public_url(),
    };
    app.learn_rooms()?;
    Ok((Arc::new(Desk::new(app)), store))
}

pub(super) fn catalogue(config: &Config) -> anyhow::Result<Catalogue> {
    match &config.greffier.commands {
        None => Ok(Catalogue::embedded()),
        Some(folder) => Catalogue::load(folder).map_err(super::listed),
    }
}

pub(super) fn templates(config: &Config) -> anyhow::Result<Templates> {
    Templates::load(config.greffier.templates.as_deref()).map_err(super::listed)
}

/// Dossiers that nobody can see: their démarche, or their group, has left the files.
fn strays(store: &impl Store, demarches: &Demarches) -> Result<Vec<String>, crate::store::Error> {
    let mut strays = Vec::new();
    for (number, total) in store.totals()? {
        let Some(demarche) = demarches.get(&number) else {
            strays.push(format!("{total} dossiers are of the démarche {number}, which no file describes: nobody sees them until one does"));
            continue;
        };
        let mut seen = 0;
        for groupe in &demarche.groupes {
            // Each dossier is in exactly one of these tabs.
            for onglet in [Onglet::Total, Onglet::Archives, Onglet::Supprimes] {
                let of = Of::Groupe(groupe.label.clone());
                seen += store.count(&List {
                    demarche: number,
                    of,
                    onglet,
                    marked: false,
                })?;
            }
        }
        if seen < total {
            strays.push(format!(
                "{} dossiers of the démarche {number} are in groups that its file does not name (any more): nobody sees them; name their group again, and reassign them before it goes",
                total - seen
            ));
        }
    }
    Ok(strays)
}

/// When the rules of the démarches have changed, so may have the days on which the clock must look: the indexes are made anew.
fn follow_rules(store: &Arc<Sled>, demarches: &Demarches) -> anyhow::Result<()> {
    let rules = serde_json::to_vec(demarches).context("Cannot write the démarches as JSON")?;
    let digest = json!(HEXLOWER.encode(&Sha256::digest(&rules)));
    let known = store.get(Collection::Meta, "rules")?;
    if known.as_ref() == Some(&digest) {
        return Ok(());
    }
    if known.is_some() {
        tracing::info!("The rules of the démarches have changed: the indexes are made anew");
        store.rebuild(&|number: DemarcheId| demarches.get(&number).cloned())?;
    }
    let at = crate::clock::now();
    store.commit(&Commit {
        journal: None,
        cause: format!("rules:{}", at.as_microsecond()),
        at,
        dossiers: Vec::new(),
        changes: vec![Change {
            collection: Collection::Meta,
            key: "rules".to_owned(),
            value: Some(digest),
        }],
        outbox: Vec::new(),
        unsay: Vec::new(),
        unsay_waiting: Vec::new(),
        receipt: crate::message::Receipt::of(crate::message::Verdict::Done),
    })?;
    store.flush()?;
    Ok(())
}

fn identity(config: &Config) -> anyhow::Result<Identity> {
    Ok(Identity {
        domain: config.mail.domain.clone(),
        from_address: config.mail.from_address.clone(),
        host: config.mail.host.clone(),
        seal: super::key::seal(config)?,
    })
}

/// Whether a local part is one that Greffier takes mail for: a reply address that could be ours.
fn is_reply_address(local: &str, own: &Own) -> bool {
    own.token_in(&format!("{local}@{}", own.domain))
        .is_some_and(|token| Claim::parse(&token).is_some())
}

fn console_settings(config: &Config, how: &RunArguments) -> console::Settings {
    let room = config.rooms.iter().find(|room| room.network == "console");
    let mode = match how.console {
        _ if room.is_none() => Mode::Off,
        ConsoleMode::Auto => Mode::Auto,
        ConsoleMode::Terminal => Mode::Terminal,
        ConsoleMode::Plain => Mode::Plain,
        ConsoleMode::Off => Mode::Off,
    };
    let color = match how.color {
        ColorMode::Auto => Color::Auto,
        ColorMode::Always => Color::Always,
        ColorMode::Never => Color::Never,
    };
    console::Settings {
        room: room.map_or_else(|| "console".to_owned(), |room| room.id.clone()),
        who: how.by.clone(),
        mode,
        color,
        history: Some(config.greffier.data.join("console-history")),
    }
}

/// What the operator may ask of the running daemon. Without a daemon the same is done in the shell's own process.
pub(super) fn admin(store: Arc<Sled>) -> Admin {
    Arc::new(move |request: Value| super::store::administer(&store, &request))
}

/// The time at which something is asked.
pub(super) fn now() -> Timestamp {
    crate::clock::now()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::{readable_by_others, secret};

    #[test]
    fn a_new_secret_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets/key");
        let made = secret(&path).expect("made");
        assert_eq!(made, secret(&path).expect("kept"));
        assert!(!readable_by_others(&path).expect("there"));
        assert!(!readable_by_others(&folder.path().join("secrets")).expect("there"));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("changed");
        assert!(readable_by_others(&path).expect("there"));
    }
}
