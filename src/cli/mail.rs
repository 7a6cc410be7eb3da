//! `greffier mail`: reads mail the way the daemon does, and hands mail over.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use data_encoding::BASE64;
use serde::Serialize;

use super::{Place, hand, key};
use crate::channel::control::{self, MailRequest, Request};
use crate::mail::{self, Answer, Own, State, Understood};

/// What can be done with mail.
#[derive(Debug, Subcommand)]
pub(super) enum MailCommand {
    /// Print only the new text of the mail on standard input
    Reply {
        /// Read every *.eml of this folder instead of standard input
        #[arg(long, requires = "out", value_name = "DIR")]
        batch: Option<PathBuf>,
        /// Write each reply to this folder, as *.txt
        #[arg(long, requires = "batch", value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Print what was understood of the mail on standard input, as JSON; never fails on malformed mail
    Read,
    /// Seal reply addresses with a new key: every address in people's mailboxes dies
    ///
    /// Do it when the folder of secrets may have been read by somebody. The daemon takes the new key at its next start:
    /// restart it at once. From then on an answer to an older mail is held in quarantine; whoever it was written to is
    /// told that his address is no longer valid and how to go on, and an instructeur can still accept it. To anybody else
    /// an old address is an unknown one. Every mail that Greffier sends afterwards carries a new address. The last three
    /// keys are kept, beside the new one, only to know old addresses again: remove secrets/reply-key.retired and they
    /// are forgotten.
    RotateKey,
    /// Hand the mail on standard input to Greffier, for a mail server's pipe: 0 taken, 75 try again, 65 not a mail
    Deliver {
        /// Envelope sender
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
        /// Envelope recipient; may be repeated
        #[arg(long = "to", value_name = "ADDRESS")]
        to: Vec<String>,
    },
}

/// Does it. `reply` and `read` need no `bot.toml`, but take the mail domain and the relays from it where it is there.
pub(super) fn run(command: MailCommand, place: &Place) -> anyhow::Result<ExitCode> {
    match command {
        MailCommand::Reply {
            batch: Some(from),
            out: Some(to),
        } => reply_batch(&from, &to, &own(place))?,
        MailCommand::Reply { .. } => print(&understand_input(&own(place))?.reply)?,
        MailCommand::Read => read(&own(place))?,
        MailCommand::RotateKey => {
            key::rotate(&place.config()?)?;
            print(
                "The reply addresses have a new key. Restart the daemon: until then it uses the old one.",
            )?;
        }
        MailCommand::Deliver { from, to } => return Ok(deliver(from, to, place)),
    }
    Ok(ExitCode::SUCCESS)
}

fn own(place: &Place) -> Own {
    place
        .config()
        .map(|config| Own {
            seal: key::seal(&config).unwrap_or_default(),
            ..super::own(&config)
        })
        .unwrap_or_default()
}

/// Exit codes for a mail server (sysexits.h).
const EX_DATAERR: u8 = 65;
const EX_TEMPFAIL: u8 = 75;

/// Whatever goes wrong on our side is for the mail server to try again: it keeps the mail.
fn deliver(from: Option<String>, to: Vec<String>, place: &Place) -> ExitCode {
    let mut raw = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut raw) {
        super::complain(&format!("Cannot read standard input: {error}"));
        return ExitCode::from(EX_TEMPFAIL);
    }
    if raw.iter().all(u8::is_ascii_whitespace) {
        super::complain("There is no mail on standard input");
        return ExitCode::from(EX_DATAERR);
    }
    let request = Request::Mail(MailRequest {
        original_base64: Some(BASE64.encode(&raw)),
        path: None,
        mail_from: from,
        rcpt_to: to,
    });
    match hand(&request, place) {
        Ok(control::Answer::Receipt(_) | control::Answer::Admin(_)) => ExitCode::SUCCESS,
        Ok(control::Answer::Error(failure)) => {
            super::complain(&failure.detail);
            ExitCode::from(if failure.code == "too_large" {
                EX_DATAERR
            } else {
                EX_TEMPFAIL
            })
        }
        Err(error) => {
            super::complain(&format!("{error:#}"));
            ExitCode::from(EX_TEMPFAIL)
        }
    }
}

fn understand_input(own: &Own) -> anyhow::Result<Understood> {
    let mut raw = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut raw)
        .context("Cannot read standard input")?;
    Ok(mail::understand(&raw, own))
}

pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("Cannot write to standard output")
}

fn reply_batch(from: &Path, to: &Path, own: &Own) -> anyhow::Result<()> {
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
        let text = format!("{}\n", mail::understand(&raw, own).reply);
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

fn read(own: &Own) -> anyhow::Result<()> {
    let mail = understand_input(own)?;
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
