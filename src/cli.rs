//! The command line.

mod check;
mod demo;
mod key;
mod log;
mod mail;
mod matrix;
mod outbox;
mod platform;
mod run;
mod store;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::mail::{MailCommand, print};
use self::matrix::MatrixCommand;
use self::outbox::OutboxCommand;
use self::platform::PlatformCommand;
use self::store::StoreCommand;
use crate::channel::clamd::Clamd;
use crate::channel::control::{
    self, Answer, CallError, DepositRequest, FileOf, LineRequest, Request,
};
use crate::channel::{Channel as _, Inbox};
use crate::config::Config;
use crate::daemon::speak::{Outbox, speak};
use crate::daemon::writer::{Bells, write};
use crate::diagnostic::Diagnostic;
use crate::mail::{Limits, Own};
use crate::message::Verdict;
use crate::workshop::Workshop;

/// The clerk of an instruction team: dossiers, avis and decisions from chat rooms and mailboxes.
///
/// Without a command it runs the daemon with ./bot.toml.
#[derive(Debug, Parser)]
#[command(name = "greffier", version, max_term_width = 100)]
pub struct Arguments {
    /// The configuration
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = "bot.toml",
        env = "GREFFIER_CONFIG"
    )]
    config: PathBuf,
    /// How much to log on standard error: error, warn, info, debug, or a filter like greffier=debug. Libraries log
    /// nothing below info
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        default_value = "warn,greffier=info",
        env = "GREFFIER_LOG"
    )]
    log: String,
    /// Log as JSON, one object a line
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon (the default): rooms, mail, HTTP, until SIGTERM or Ctrl-C
    Run(RunArguments),
    /// Show the whole job on the real components, in a temporary folder; exit 1 if any step did not happen
    Demo,
    /// Read configuration, commands, templates and démarches, and print every error; exit 1 if any
    Check {
        /// Also ask Discord, the Matrix homeserver and the platform whether they let Greffier do what it is configured for
        #[arg(long)]
        online: bool,
    },
    /// Deposit a dossier; exit 65 if the démarche's form refuses it
    ///
    /// FILE holds the JSON that POST /api/demarches/N/dossiers takes, with two keys more: "demarche", its number, and
    /// "fichiers", for each champ the paths of its files, relative to FILE.
    Deposit {
        /// The dossier
        #[arg(value_name = "FILE.json")]
        file: PathBuf,
        /// Number of the démarche, in place of the file's
        #[arg(long, value_name = "N")]
        demarche: Option<u64>,
    },
    /// Say one chat line, and print the answer; exit 1 if it is refused
    #[command(name = "command")]
    Say {
        /// The line, as one would type it in a room: "suivre 4807"
        line: String,
        /// Who says it: the address of an instructeur
        #[arg(long = "as", value_name = "EMAIL")]
        by: String,
        /// A file to send with it; may be repeated
        #[arg(long = "file", value_name = "PATH")]
        files: Vec<PathBuf>,
    },
    /// Read mail the way the daemon does, or hand mail to it
    #[command(subcommand)]
    Mail(MailCommand),
    /// Look after the ledger: verify, export, import, rebuild
    #[command(subcommand)]
    Store(StoreCommand),
    /// Look after messages that could not be delivered
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Look after the device that Greffier has on its Matrix account
    #[command(subcommand)]
    Matrix(MatrixCommand),
    /// Look at how Greffier speaks with the platform
    #[command(subcommand)]
    Platform(PlatformCommand),
}

/// How the daemon is run.
#[derive(Debug, Clone, Default, Args)]
struct RunArguments {
    /// Who sits at the console: the address of an instructeur
    #[arg(long = "as", value_name = "EMAIL")]
    by: Option<String>,
    /// The console room: auto is a terminal or a script on standard input, if there is one
    #[arg(long, value_enum, default_value_t)]
    console: ConsoleMode,
    /// Colours on the console
    #[arg(long, value_enum, default_value_t)]
    color: ColorMode,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ConsoleMode {
    #[default]
    Auto,
    Terminal,
    Plain,
    Off,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ColorMode {
    #[default]
    Auto,
    Always,
    Never,
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = log_to_stderr(&arguments) {
        complain(&format!("{error:#}"));
        return ExitCode::from(EX_USAGE);
    }
    let place = Place {
        config: arguments.config,
    };
    let done = match arguments
        .command
        .unwrap_or(Command::Run(RunArguments::default()))
    {
        Command::Run(how) => run::run(&place, &how),
        Command::Demo => demo::demo(),
        Command::Check { online } => check::check(&place, online),
        Command::Deposit { file, demarche } => deposit(&file, demarche, &place),
        Command::Say { line, by, files } => say(line, by, &files, &place),
        Command::Mail(command) => mail::run(command, &place),
        Command::Store(command) => store::run(&command, &place),
        Command::Outbox(command) => outbox::run(&command, &place),
        Command::Matrix(command) => matrix::run(&command, &place),
        Command::Platform(command) => platform::run(&command),
    };
    done.unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// Exit codes beside 0 and 1 (sysexits.h).
const EX_USAGE: u8 = 64;
const EX_DATAERR: u8 = 65;
const EX_NOINPUT: u8 = 66;

/// Says what went wrong, to the operator.
fn complain(text: &str) {
    // Nobody reads standard error: there is nobody to tell that.
    let _unread = writeln!(io::stderr(), "greffier: {text}");
}

fn log_to_stderr(arguments: &Arguments) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&arguments.log)
        .context("--log takes a level or a filter like greffier=debug")?;
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(|| log::Log);
    let layer = if arguments.log_json {
        layer.json().boxed()
    } else {
        layer.with_target(false).boxed()
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(|metadata| {
            may_be_logged(metadata.target(), *metadata.level())
        }))
        .with(layer)
        .init();
    Ok(())
}

/// Whether a line of that module and level may be logged at all. Below `info` the libraries show what they handle: the
/// ledger its records, the reader of HTML the text of a mail. The resolver names people's domains at any level, and the
/// Matrix library people and rooms: what there is to know, the channel says itself.
fn may_be_logged(target: &str, level: Level) -> bool {
    let ours = target == "greffier" || target.starts_with("greffier::");
    let telltale = ["hickory_", "matrix_sdk"];
    ours || (level <= Level::INFO && !telltale.iter().any(|library| target.starts_with(library)))
}

/// Where Greffier is configured.
struct Place {
    config: PathBuf,
}

impl Place {
    fn config(&self) -> anyhow::Result<Config> {
        if !self.config.exists() {
            bail!(
                "There is no {}: run `greffier` where one is, name it with --config, or see a whole run without any with `greffier demo`",
                self.config.display()
            );
        }
        Config::load(&self.config).map_err(listed)
    }
}

/// Diagnostics as one error.
fn listed(faults: impl IntoIterator<Item = Diagnostic>) -> anyhow::Error {
    let lines: Vec<String> = faults.into_iter().map(|fault| fault.to_string()).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

/// Who the deployment is by mail.
fn own(config: &Config) -> Own {
    Own {
        domain: config.mail.domain.clone(),
        hosts: vec![config.mail.host.clone()],
        authserv_ids: config.mail.trusted_authserv_ids.clone(),
        files: config.mail.files(),
        inbound_limits: Limits {
            attachment_bytes: config.mail.max_attachment_bytes,
            ..Limits::default()
        },
        ..Own::default()
    }
}

/// Path of the control socket.
fn socket(config: &Config) -> PathBuf {
    config.greffier.data.join("greffier.sock")
}

/// Hands `request` to the running daemon, or does it here when there is none.
fn hand(request: &Request, place: &Place) -> anyhow::Result<Answer> {
    let config = place.config()?;
    match control::call(&socket(&config), request) {
        Err(CallError::NoDaemon) => here(&config, request),
        answer => Ok(answer?),
    }
}

/// Does `request` in this process. What it makes Greffier say waits in the outbox for the daemon.
fn here(config: &Config, request: &Request) -> anyhow::Result<Answer> {
    let (desk, store) = run::middle(config, run::rooms(config))?;
    let shelf = Arc::clone(&desk.app().shelf);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (sender, heard) = mpsc::channel(1);
        let mut inbox =
            Inbox::new(sender, Arc::clone(&shelf)).checked_by(run::authenticator(config));
        if let Some(clamav) = config.clamav.clone() {
            inbox = inbox.scanned_by(Arc::new(Clamd::new(clamav, Arc::default())));
        }
        let bells = Arc::new(Bells::default());
        let outbox = Outbox {
            store: Arc::clone(&store),
            shelf,
            bells: Arc::clone(&bells),
        };
        // What the request orders is made here too, so that it can be waited for.
        let workshop = Arc::new(Workshop::new(run::bench(
            config,
            &desk,
            run::press(config)?,
        )));
        let stop = CancellationToken::new();
        let open = tokio::spawn({
            let (workshop, inbox, stop) = (Arc::clone(&workshop), inbox.clone(), stop.clone());
            async move { workshop.listen(inbox, stop).await }
        });
        let making = tokio::spawn(speak(
            outbox,
            workshop,
            stop.clone(),
            CancellationToken::new(),
        ));
        let writer = tokio::spawn(write(desk, heard, bells));
        let answer = control::answer(request.clone(), &inbox, &run::admin(store)).await;
        stop.cancel();
        open.await??;
        making.await??;
        drop(inbox);
        writer.await??;
        Ok(answer)
    })
}

fn say(line: String, by: String, files: &[PathBuf], place: &Place) -> anyhow::Result<ExitCode> {
    let files = files
        .iter()
        .map(|path| absolute(path))
        .collect::<Result<_, _>>()?;
    let request = Request::Line(LineRequest {
        by,
        text: line,
        files,
        id: None,
    });
    match hand(&request, place)? {
        Answer::Receipt(receipt) => {
            for answer in &receipt.answers {
                print(&crate::channel::console::plain_text(answer))?;
            }
            let good = matches!(receipt.verdict, Verdict::Done | Verdict::Ignored);
            Ok(if good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Answer::Error(failure) => bail!("{}", failure.detail),
        Answer::Admin(_) => bail!("the daemon answered something else than a receipt"),
    }
}

fn deposit(file: &Path, demarche: Option<u64>, place: &Place) -> anyhow::Result<ExitCode> {
    if let Some(platform) = place.config()?.platform {
        complain(&format!(
            "dossiers are those of {0} here, and are deposited there: open {0}",
            platform.url
        ));
        return Ok(ExitCode::from(EX_DATAERR));
    }
    let Ok(text) = std::fs::read_to_string(file) else {
        complain(&format!("{} cannot be read", file.display()));
        return Ok(ExitCode::from(EX_NOINPUT));
    };
    let mut body: Value = match serde_json::from_str(&text) {
        Ok(body) => body,
        Err(error) => {
            complain(&format!("{}:{}: {error}", file.display(), error.line()));
            return Ok(ExitCode::from(EX_DATAERR));
        }
    };
    let named = body
        .as_object_mut()
        .and_then(|body| body.remove("demarche"))
        .and_then(|number| number.as_u64());
    let Some(demarche) = demarche.or(named) else {
        complain(&format!(
            "{}: write \"demarche\": N, or give --demarche N",
            file.display()
        ));
        return Ok(ExitCode::from(EX_DATAERR));
    };
    let files = body
        .as_object_mut()
        .and_then(|body| body.remove("fichiers"))
        .unwrap_or_default();
    let files = attached(&files, file.parent().unwrap_or(Path::new(".")))?;
    let answer = hand(
        &Request::Deposit(DepositRequest {
            demarche,
            body,
            files,
            id: None,
        }),
        place,
    )?;
    let receipt = match answer {
        Answer::Receipt(receipt) => receipt,
        Answer::Error(failure) => bail!("{}", failure.detail),
        Answer::Admin(_) => bail!("the daemon answered something else than a receipt"),
    };
    for error in &receipt.errors {
        if error.pointer.is_empty() {
            complain(&error.detail);
        } else {
            complain(&format!("{}: {}", error.pointer, error.detail));
        }
    }
    match (receipt.verdict, receipt.dossier) {
        (Verdict::Done, Some(number)) => {
            print(&number.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        (Verdict::Unknown, _) => {
            complain(&format!("there is no démarche {demarche}"));
            Ok(ExitCode::from(EX_DATAERR))
        }
        _ => Ok(ExitCode::from(EX_DATAERR)),
    }
}

/// The files of `"fichiers": { "champ": "path" or ["path", …] }`.
fn attached(files: &Value, base: &Path) -> anyhow::Result<Vec<FileOf>> {
    let mut attached = Vec::new();
    for (champ, paths) in files.as_object().into_iter().flatten() {
        let several = paths
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![paths.clone()]);
        for path in several {
            let path = path.as_str().with_context(|| {
                format!("fichiers.{champ}: write the path of a file, or a list of them")
            })?;
            attached.push(FileOf {
                champ: champ.clone(),
                path: absolute(&base.join(path))?,
            });
        }
    }
    Ok(attached)
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::may_be_logged;

    #[test]
    fn no_filter_makes_a_library_show_what_it_handles() {
        assert!(may_be_logged("greffier::channel::http", Level::TRACE));
        assert!(may_be_logged("sled::pagecache", Level::INFO));
        assert!(!may_be_logged("matrix_sdk_crypto::machine", Level::WARN));
        assert!(!may_be_logged("sled::tree", Level::TRACE));
        assert!(!may_be_logged("html5ever::tree_builder", Level::DEBUG));
        assert!(!may_be_logged("greffier_like", Level::DEBUG));
        assert!(!may_be_logged("hickory_net::udp", Level::WARN));
    }
}
