//! What the command line asks of the daemon, and how it is answered.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;

use super::Admin;
use crate::channel::authenticate::Arrival;
use crate::channel::clamd::Away;
use crate::channel::mail_id::mail_id;
use crate::channel::upload::safe_name;
use crate::channel::{Answered, Inbox};
use crate::message::Piece;
use crate::message::{Account, DepositIn, Heard, Incoming, Line, MailIn, Place, Receipt, Scan};

/// Octets of one file at most, as everywhere.
const FILE_MAX: u64 = 20 * 1024 * 1024;
/// Octets of one mail at most.
const MAIL_MAX: u64 = 40 * 1024 * 1024;
/// How long a caller waits for something that is made.
const MAKING: Duration = Duration::from_mins(15);
/// Files of one request at most.
const FILES_MAX: usize = 50;

/// One request. On the wire it is an object with the kind as its only key: `{"line": {"as": …, "text": …}}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// A line of chat (`greffier command`).
    Line(LineRequest),
    /// A mail (`greffier mail deliver`).
    Mail(MailRequest),
    /// A dossier (`greffier deposit`).
    Deposit(DepositRequest),
    /// Something for the operator, as the admin handler understands it.
    Admin(Value),
}

/// A line of chat from the shell.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineRequest {
    /// Who says it: an address.
    #[serde(rename = "as")]
    pub by: String,
    /// The command line.
    pub text: String,
    /// Files to send with it, by absolute path.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// Name of the request, for a caller that may repeat it. Without one each request is another.
    #[serde(default)]
    pub id: Option<String>,
}

/// A mail from a pipe. One of `original_base64` and `path` is given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailRequest {
    /// The mail, in base64 (RFC 4648 §4).
    #[serde(default)]
    pub original_base64: Option<String>,
    /// The file that it is in, by absolute path.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Envelope sender, where it is known.
    #[serde(default)]
    pub mail_from: Option<String>,
    /// Envelope recipients, where they are known.
    #[serde(default)]
    pub rcpt_to: Vec<String>,
}

/// A dossier from a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositRequest {
    /// Number of the démarche.
    pub demarche: u64,
    /// The dossier.
    pub body: Value,
    /// Its files.
    #[serde(default)]
    pub files: Vec<FileOf>,
    /// Name of the request, for a caller that may repeat it.
    #[serde(default)]
    pub id: Option<String>,
}

/// A file that answers a champ.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOf {
    /// Id of the champ.
    pub champ: String,
    /// Absolute path.
    pub path: PathBuf,
}

/// One answer. On the wire it is an object with the kind as its only key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What came of it, committed.
    Receipt(Receipt),
    /// What the admin handler answers.
    Admin(Value),
    /// It could not be done.
    Error(Failure),
}

/// Why a request could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `malformed`, `too_large`, `file`, `infected`, `away`, `stopping`, `failed`.
    pub code: String,
    /// For the person at the shell.
    pub detail: String,
}

impl Failure {
    pub(super) fn new(code: &str, detail: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            detail: detail.into(),
        }
    }
}

/// Does what `line` asks and answers once that is committed.
pub(super) async fn answer_line(line: &[u8], inbox: &Inbox, admin: &Admin) -> Answer {
    match serde_json::from_slice(line) {
        Ok(request) => answer(request, inbox, admin).await,
        Err(error) => Answer::Error(Failure::new("malformed", error.to_string())),
    }
}

/// Does what `request` asks and answers once that is committed.
pub async fn answer(request: Request, inbox: &Inbox, admin: &Admin) -> Answer {
    let done = match request {
        Request::Line(line) => hand_line(line, inbox).await,
        Request::Mail(mail) => hand_mail(mail, inbox).await,
        Request::Deposit(deposit) => hand_deposit(deposit, inbox).await,
        Request::Admin(value) => administer(value, admin).await,
    };
    done.unwrap_or_else(Answer::Error)
}

async fn hand_line(request: LineRequest, inbox: &Inbox) -> Result<Answer, Failure> {
    let mut files = Vec::new();
    few(request.files.len())?;
    for path in request.files {
        files.push(keep(path, FILE_MAX, inbox).await?);
    }
    let id = name(request.id)?;
    let from = Account {
        network: "shell".to_owned(),
        id: request.by,
    };
    let line = Line {
        from,
        place: Place::Direct,
        text: request.text,
        files,
        about: None,
        remote_id: Some(id.clone()),
        doubt: None,
        addressed: true,
    };
    // Before it is handed in, so that no answer is missed.
    let mut made = inbox.watch();
    let answer = hand(id.clone(), Heard::Line(line), inbox).await?;
    match answer {
        Answer::Receipt(receipt) if receipt.awaits => {
            let later = tokio::time::timeout(MAKING, answered(&mut made, &id)).await;
            Ok(Answer::Receipt(later.ok().flatten().unwrap_or(receipt)))
        }
        answer => Ok(answer),
    }
}

/// The receipt of what `cause` has asked for, once it is made; none where Greffier stops first.
async fn answered(made: &mut broadcast::Receiver<Answered>, cause: &str) -> Option<Receipt> {
    loop {
        match made.recv().await {
            Ok((of, receipt)) if of == cause => return Some(receipt),
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}

async fn hand_mail(request: MailRequest, inbox: &Inbox) -> Result<Answer, Failure> {
    let content = match (request.original_base64, request.path) {
        (Some(text), None) => BASE64
            .decode(text.as_bytes())
            .map_err(|error| Failure::new("malformed", error.to_string()))?,
        (None, Some(path)) => load(path, MAIL_MAX).await?,
        _ => {
            return Err(Failure::new(
                "malformed",
                "give either original_base64 or path",
            ));
        }
    };
    let id = mail_id(&content, &request.rcpt_to);
    // Whoever pipes a mail in had it from a mail server of ours.
    let examined = inbox.examine(content, Arrival::Relayed).await;
    let (content, examined) = examined.map_err(away)?;
    let original = shelve(content, "message.eml".to_owned(), "message/rfc822", inbox).await?;
    let mail = MailIn {
        original,
        mail_from: request.mail_from,
        rcpt_to: request.rcpt_to,
        peer: None,
        authentication: examined.authentication,
        too_large: None,
        scan: examined.scan,
    };
    hand(id, Heard::Mail(mail), inbox).await
}

async fn hand_deposit(request: DepositRequest, inbox: &Inbox) -> Result<Answer, Failure> {
    let mut files = Vec::new();
    few(request.files.len())?;
    for file in request.files {
        files.push((file.champ, keep(file.path, FILE_MAX, inbox).await?));
    }
    let deposit = DepositIn {
        demarche: request.demarche,
        body: request.body,
        files,
        digest: None,
    };
    hand(name(request.id)?, Heard::Deposit(deposit), inbox).await
}

async fn administer(value: Value, admin: &Admin) -> Result<Answer, Failure> {
    let admin = Arc::clone(admin);
    let done = tokio::task::spawn_blocking(move || admin(value)).await;
    match done {
        Ok(Ok(value)) => Ok(Answer::Admin(value)),
        Ok(Err(error)) => Err(Failure::new("failed", format!("{error:#}"))),
        Err(_) => Err(Failure::new("failed", "the request broke off; see the log")),
    }
}

async fn hand(id: String, heard: Heard, inbox: &Inbox) -> Result<Answer, Failure> {
    let incoming = Incoming {
        id,
        at: crate::clock::now(),
        heard,
    };
    let receipt = inbox
        .hand(incoming)
        .await
        .map_err(|closed| Failure::new("stopping", closed.to_string()))?;
    Ok(Answer::Receipt(receipt))
}

/// `shell:` and the caller's name for the request, or a fresh one.
fn name(id: Option<String>) -> Result<String, Failure> {
    if let Some(id) = id {
        let fits = (1..=200).contains(&id.len()) && !id.chars().any(char::is_control);
        return if fits {
            Ok(format!("shell:{id}"))
        } else {
            Err(Failure::new("malformed", "the id is empty or too long"))
        };
    }
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|error| Failure::new("failed", error.to_string()))?;
    Ok(format!("shell:{}", HEXLOWER.encode(&octets)))
}

fn few(files: usize) -> Result<(), Failure> {
    if files <= FILES_MAX {
        Ok(())
    } else {
        Err(Failure::new(
            "too_large",
            format!("at most {FILES_MAX} files"),
        ))
    }
}

async fn keep(path: PathBuf, max: u64, inbox: &Inbox) -> Result<Piece, Failure> {
    let name = path
        .file_name()
        .map(|name| safe_name(&name.to_string_lossy()))
        .unwrap_or_default();
    let content = load(path, max).await?;
    match inbox.scan(&content).await.map_err(away)? {
        None | Some(Scan::Clean) => {}
        Some(Scan::Infected { signature }) => {
            return Err(Failure::new(
                "infected",
                format!("{name} holds {signature}"),
            ));
        }
        Some(Scan::NotScanned) => {
            let detail = format!("{name} is too large for the virus scanner");
            return Err(Failure::new("too_large", detail));
        }
    }
    shelve(content, name, "application/octet-stream", inbox).await
}

async fn shelve(
    content: Vec<u8>,
    name: String,
    media_type: &str,
    inbox: &Inbox,
) -> Result<Piece, Failure> {
    let bytes = content.len() as u64;
    let hash = inbox
        .keep(content)
        .await
        .map_err(|error| Failure::new("failed", format!("cannot keep {name}: {error}")))?;
    Ok(Piece {
        hash,
        name,
        media_type: media_type.to_owned(),
        bytes,
    })
}

/// Nothing unscanned is taken in: whoever asks comes again.
#[expect(clippy::needless_pass_by_value, reason = "it is mapped over errors")]
fn away(away: Away) -> Failure {
    Failure::new("away", away.to_string())
}

async fn load(path: PathBuf, max: u64) -> Result<Vec<u8>, Failure> {
    let shown = path.display().to_string();
    let loaded = tokio::task::spawn_blocking(move || load_now(&path, max))
        .await
        .unwrap_or_else(|e| Err(io::Error::other(e)));
    loaded.map_err(|error| Failure::new("file", format!("{shown}: {error}")))
}

fn load_now(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    if !path.is_absolute() {
        return Err(io::Error::other(
            "give an absolute path: the daemon is in another folder",
        ));
    }
    // Asked before it is opened: to open a pipe would wait for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a plain file"));
    }
    let mut content = Vec::new();
    fs::File::open(path)?
        .take(max + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > max {
        return Err(io::Error::other(format!("more than {max} octets")));
    }
    Ok(content)
}
