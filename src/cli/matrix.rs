//! `greffier matrix`: the device that Greffier has on its Matrix account.

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::Place;
use super::mail::print;
use crate::channel::matrix::Settings;
use crate::channel::matrix::identity::Identity;
use crate::channel::matrix::tool::{Login, log_in, recover_device, status};

/// Characters of a recovery key, with room for space between them.
const KEY: u64 = 1_000;

/// What can be done with the device.
#[derive(Debug, Subcommand)]
pub(super) enum MatrixCommand {
    /// Log in with the password or token of bot.toml, sign the device, and show the account's new recovery key once
    ///
    /// The daemon does the same by itself at its first start, and puts the recovery key into a file.
    Login {
        /// Forget the device of this folder and make another; use it when the homeserver has logged the old one out
        #[arg(long)]
        new_device: bool,
        /// Make a new identity for the account; every colleague is warned that it changed
        #[arg(long)]
        reset_identity: bool,
    },
    /// Show the account, the device, its fingerprint, and whether it is signed and backed up; exit 1 if it is not
    Status,
    /// Sign the device with the recovery key, from FILE or standard input, and open the key backup
    ///
    /// Use it after the folder of the device was lost: remove what is left of it first.
    Recover {
        /// A file with the recovery key
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Does it.
pub(super) fn run(command: &MatrixCommand, place: &Place) -> anyhow::Result<ExitCode> {
    let config = place.config()?;
    let Some(settings) = &config.matrix else {
        bail!("bot.toml has no [matrix]: write one, with homeserver, user and password_file");
    };
    let data = &config.greffier.data;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match command {
        MatrixCommand::Login {
            new_device,
            reset_identity,
        } => {
            let how = Login {
                new_device: *new_device,
                reset_identity: *reset_identity,
            };
            let done = runtime.block_on(log_in(settings, data, how))?;
            show(&done.identity)?;
            if let Some(key) = done.recovery_key {
                // To the terminal and nowhere else: not into a log, a file or a pipe that keeps what it is given.
                writeln!(
                    io::stderr(),
                    "\nRecovery key, shown this once. Keep it away from this machine:\n\n    {key}\n"
                )?;
            }
            Ok(verdict(&done.identity))
        }
        MatrixCommand::Status => look(settings, data),
        MatrixCommand::Recover { file } => {
            let key = read_key(file.as_ref())?;
            let identity = runtime.block_on(recover_device(settings, data, &key))?;
            show(&identity)?;
            writeln!(
                io::stderr(),
                "\nThe device that was lost is still signed in: sign it out, from another client of this account, if its disk may be in other hands."
            )?;
            Ok(verdict(&identity))
        }
    }
}

fn look(settings: &Settings, data: &std::path::Path) -> anyhow::Result<ExitCode> {
    let seen = status(settings, data)?;
    let Some(identity) = seen.identity else {
        bail!("there is no Matrix device yet: run `greffier matrix login`, or the daemon");
    };
    show(&identity)?;
    print(if seen.in_use {
        "daemon       runs with it"
    } else {
        "daemon       does not run"
    })?;
    Ok(verdict(&identity))
}

fn show(identity: &Identity) -> anyhow::Result<()> {
    let yes = |is: bool| if is { "yes" } else { "NO" };
    print(&format!(
        "account      {}\ndevice       {}\nfingerprint  {}\nsigned       {}\nkey backup   {}\nrecovery     {}",
        identity.user,
        identity.device,
        identity.fingerprint,
        yes(identity.signed),
        yes(identity.backup),
        yes(identity.recovery),
    ))?;
    if let Some(at) = identity.at {
        print(&format!("as of        {at:.0}"))?;
    }
    match &identity.fault {
        Some(fault) => print(&format!("but          {fault}")),
        None => Ok(()),
    }
}

fn verdict(identity: &Identity) -> ExitCode {
    if identity.signed && identity.fault.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read_key(file: Option<&PathBuf>) -> anyhow::Result<String> {
    let mut key = String::new();
    match file {
        Some(path) => {
            let open = std::fs::File::open(path)
                .with_context(|| format!("Cannot read {}", path.display()))?;
            open.take(KEY).read_to_string(&mut key)?;
        }
        None => {
            io::stdin().take(KEY).read_to_string(&mut key)?;
        }
    }
    Ok(key.trim().to_owned())
}
