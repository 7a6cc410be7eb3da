//! The command line.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::mail::{self, Answer, Own, State, Understood};

/// The clerk of an instruction team.
#[derive(Debug, Parser)]
#[command(name = "greffier", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read mail the way the daemon does
    #[command(subcommand)]
    Mail(MailCommand),
}

#[derive(Debug, Subcommand)]
enum MailCommand {
    /// Print only the new text of the mail on standard input
    Reply {
        /// Read every *.eml of this folder instead of standard input
        #[arg(long, requires = "out", value_name = "DIR")]
        batch: Option<PathBuf>,
        /// Write each reply to this folder, as *.txt
        #[arg(long, requires = "batch", value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Print what was understood of the mail on standard input, as JSON
    Read,
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Mail(MailCommand::Reply {
            batch: Some(from),
            out: Some(to),
        }) => reply_batch(&from, &to),
        Command::Mail(MailCommand::Reply { .. }) => {
            understand_input().and_then(|mail| print(&mail.reply))
        }
        Command::Mail(MailCommand::Read) => read(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "greffier: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn understand_input() -> anyhow::Result<Understood> {
    let mut raw = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut raw)
        .context("Cannot read standard input")?;
    Ok(mail::understand(&raw, &Own::default()))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("Cannot write to standard output")
}

fn reply_batch(from: &Path, to: &Path) -> anyhow::Result<()> {
    let own = Own::default();
    fs::create_dir_all(to).with_context(|| format!("Cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("Cannot read {}", from.display()))? {
        let path = entry
            .with_context(|| format!("Cannot read {}", from.display()))?
            .path();
        let Some(stem) = path
            .file_stem()
            .filter(|_| path.extension() == Some(OsStr::new("eml")))
        else {
            continue;
        };
        let raw = fs::read(&path).with_context(|| format!("Cannot read {}", path.display()))?;
        let mut name = stem.to_owned();
        name.push(".txt");
        let target = to.join(name);
        let text = format!("{}\n", mail::understand(&raw, &own).reply);
        fs::write(&target, text).with_context(|| format!("Cannot write {}", target.display()))?;
    }
    Ok(())
}

/// What `mail read` prints. Its names are kept: scripts read them.
#[derive(Serialize)]
struct Report<'a> {
    class: mail::Class,
    reason: Option<mail::Reason>,
    from: Option<&'a str>,
    from_name: Option<&'a str>,
    subject: &'a str,
    message_id: Option<&'a str>,
    date: Option<&'a str>,
    in_reply_to: Option<&'a str>,
    recipients: &'a [String],
    token: Option<&'a str>,
    thread: Option<&'a str>,
    reply: &'a str,
    /// `oui` or `non` where it is certain, else null.
    oui_non: Option<Answer>,
    attachments: Vec<File<'a>>,
    authentication: State,
    bounce: Option<&'a mail::Bounce>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    r#type: &'a str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
}

impl<'a> File<'a> {
    fn of(file: &'a mail::Attachment) -> Self {
        Self {
            name: &file.name,
            r#type: &file.media_type,
            bytes: file.bytes,
            refused: file.refused.as_deref(),
        }
    }
}

fn read() -> anyhow::Result<()> {
    let mail = understand_input()?;
    let report = Report {
        class: mail.class,
        reason: mail.reason,
        from: mail.from.as_ref().map(|from| from.address.as_str()),
        from_name: mail.from.as_ref().map(|from| from.name.as_str()),
        subject: &mail.subject,
        message_id: mail.message_id.as_deref(),
        date: mail.date.as_deref(),
        in_reply_to: mail.in_reply_to.as_deref(),
        recipients: &mail.recipients,
        token: mail.token.as_deref(),
        thread: mail.thread.as_deref(),
        reply: &mail.reply,
        oui_non: mail
            .oui_non
            .filter(|said| said.certain)
            .map(|said| said.answer),
        attachments: mail.attachments.iter().map(File::of).collect(),
        authentication: mail.authentication.state,
        bounce: mail.bounce.as_ref(),
        notes: &mail.notes,
    };
    print(&serde_json::to_string_pretty(&report).context("Cannot write JSON")?)
}
