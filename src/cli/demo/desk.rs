//! The people of the demo, and their tools: a keyboard, a mail program, a form.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, PipeWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use include_dir::{Dir, include_dir};
use jiff::SignedDuration;
use mail_parser::{MessageParser, MimeHeaders as _};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::super::run::Greffier;
use crate::channel::console::{Color, Console, Mode, Settings, Suggest};
use crate::channel::control::{self, Request};
use crate::cli::mail::print;
use crate::config::Config;
use crate::suggest::Suggestions;

/// The sample démarches and dossiers.
static DATA: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/data");

/// The demo's `bot.toml`: like the sample, on ports of its own.
const BOT: &str = r#"
[greffier]
data = "var"
demarches = "data/demarches"

[mail]
domain = "greffier.example"
from_address = "greffier@greffier.example"

[listener]
smtp = "127.0.0.1:0"

[eml]
folder = "mails"

[http]
listen = "127.0.0.1:0"
token_file = "http-token"

[[room]]
network = "console"
id = "salon"
privacy = "full"
"#;

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Prints a line of the transcript.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    print(text)
}

/// A running Greffier, and those who use it.
pub(super) struct Desk {
    folder: TempDir,
    smtp: SocketAddr,
    http: SocketAddr,
    keyboard: Option<PipeWriter>,
    screen: Receiver<String>,
    /// What the room has said since the last step.
    said: String,
    daemon: Option<JoinHandle<anyhow::Result<()>>>,
    stop: CancellationToken,
    seen: BTreeSet<PathBuf>,
    steps: usize,
}

/// A mail that Greffier sent.
pub(super) struct Received {
    text: String,
    subject: String,
    to: String,
    reply_to: Option<String>,
    message_id: String,
    references: Vec<String>,
}

/// A mail written in answer to one of Greffier's.
pub(super) struct Answer<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a Received,
    pub(super) text: &'a str,
    pub(super) file: Option<(&'a str, &'a str, &'a [u8])>,
}

impl Desk {
    /// Starts Greffier in a folder of its own, with `who` at the console.
    pub(super) fn open(who: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("greffier-demo-")
            .tempdir()
            .context("Cannot make a temporary folder")?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        DATA.extract(&data)
            .context("Cannot write the sample data")?;
        let config = Config::from_text(BOT, folder.path()).map_err(crate::cli::listed)?;
        let (typed, keyboard) = std::io::pipe()?;
        let (shown, paper) = std::io::pipe()?;
        let stop = CancellationToken::new();
        let (ready, opened) = std::sync::mpsc::channel();
        let daemon = {
            let (stop, who) = (stop.clone(), who.to_owned());
            std::thread::spawn(move || {
                run(
                    config,
                    who,
                    Box::new(BufReader::new(typed)),
                    Box::new(paper),
                    stop,
                    &ready,
                )
            })
        };
        let Ok((smtp, http)) = opened.recv() else {
            return Err(ended(daemon)
                .err()
                .unwrap_or_else(|| anyhow::anyhow!("Greffier did not start")));
        };
        let (lines, screen) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(shown).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            folder,
            smtp,
            http,
            keyboard: Some(keyboard),
            screen,
            said: String::new(),
            daemon: Some(daemon),
            stop,
            seen: BTreeSet::new(),
            steps: 0,
        })
    }

    /// Begins a step of the transcript.
    pub(super) fn step(&mut self, title: &str) -> anyhow::Result<()> {
        self.steps += 1;
        self.said.clear();
        say(&format!("\n── {}. {title}", self.steps))
    }

    /// The instructrice types a line.
    pub(super) fn types(&mut self, line: &str) -> anyhow::Result<()> {
        say(&format!("\n  ⌨  {line}"))?;
        let keyboard = self.keyboard.as_mut().context("the keyboard is gone")?;
        writeln!(keyboard, "{line}").context("the console does not listen any more")
    }

    /// Waits until the room says `text`, and prints what it says meanwhile.
    pub(super) fn heard(&mut self, text: &str) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.said.contains(text) {
            match self
                .screen
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.note(&line)?,
                Err(RecvTimeoutError::Timeout) => bail!("the room did not say « {text} »"),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the room fell silent before it said « {text} »")
                }
            }
        }
        // What belongs to the same message.
        while let Ok(line) = self.screen.recv_timeout(Duration::from_millis(300)) {
            self.note(&line)?;
        }
        Ok(())
    }

    fn note(&mut self, line: &str) -> anyhow::Result<()> {
        self.said.push_str(&spaced(line));
        self.said.push('\n');
        say(&format!("     {line}"))
    }

    /// The code of the preview that the room shows.
    pub(super) fn code(&mut self) -> anyhow::Result<String> {
        self.heard("confirmer ")?;
        let after = self.said.rsplit("confirmer ").next().unwrap_or_default();
        let code: String = after
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        ensure!(!code.is_empty(), "the preview shows no code");
        Ok(code)
    }

    /// An usager fills in the form: the sample dossier of that name, over HTTP. Answers its number.
    pub(super) fn deposit(&mut self, demarche: u64, sample: &str) -> anyhow::Result<u64> {
        let text = fs::read_to_string(self.folder.path().join(sample))
            .with_context(|| format!("no sample {sample}"))?;
        let mut body: serde_json::Value = serde_json::from_str(&text)?;
        body.as_object_mut()
            .context("the sample is no object")?
            .remove("demarche");
        let body = body.to_string();
        let token = fs::read_to_string(self.folder.path().join("http-token"))?;
        let path = format!("/api/demarches/{demarche}/dossiers");
        say(&format!("\n  🌐  POST {path}"))?;
        let mut stream = TcpStream::connect(self.http)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nIdempotency-Key: demo-1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.http,
            token.trim(),
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, json) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        let status = head.lines().next().unwrap_or_default();
        say(&format!("     {status}\n     {}\n", json.trim()))?;
        ensure!(
            status.contains(" 201 "),
            "the dossier was not taken: {status}"
        );
        let json: serde_json::Value = serde_json::from_str(json.trim())?;
        json.get("dossier")
            .and_then(serde_json::Value::as_u64)
            .context("the answer names no dossier")
    }

    /// Waits for a mail to `to` with `text` in it.
    pub(super) fn mail(&mut self, to: &str, text: &str) -> anyhow::Result<Received> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            for path in mails(&self.folder.path().join("mails")) {
                if self.seen.contains(&path) {
                    continue;
                }
                let received = read(&fs::read(&path)?)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                if received.to == to && spaced(&received.text).contains(text) {
                    self.seen.insert(path);
                    return Ok(received);
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("no mail to {to} says « {text} »")
    }

    /// Prints the text of a mail as its reader sees it.
    pub(super) fn show_mail(&self, mail: &Received) -> anyhow::Result<()> {
        let answered = mail
            .reply_to
            .as_deref()
            .unwrap_or("(pas de réponse attendue)");
        say(&format!(
            "\n  ✉  À : {}\n     Objet : {}\n     Répondre à : {answered}\n     │",
            mail.to, mail.subject
        ))?;
        for line in mail.text.trim_end().lines() {
            say(&format!("     │ {line}"))?;
        }
        say("")
    }

    /// Somebody answers a mail from his own mail program; a mail server hands it to Greffier.
    pub(super) fn replies(&mut self, answer: &Answer<'_>) -> anyhow::Result<()> {
        let to = answer
            .to
            .reply_to
            .as_deref()
            .context("the mail has no reply address")?;
        let raw = write_reply(answer, to)?;
        say(&format!("\n  ✉  De : {}  →  {to}", answer.from))?;
        for line in answer.text.lines() {
            say(&format!("     │ {line}"))?;
        }
        if let Some((name, ..)) = answer.file {
            say(&format!("     │ 📎 {name}"))?;
        }
        say("")?;
        hand_over(self.smtp, answer.from, to, &raw)
    }

    /// Time passes.
    pub(super) fn later(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        crate::clock::advance(by);
        say(&format!("\n  ⏩  {} minutes plus tard", by.as_mins()))
    }

    /// What `greffier store verify` finds wrong.
    pub(super) fn verify(&self) -> anyhow::Result<Vec<String>> {
        let socket = self.folder.path().join("var/greffier.sock");
        let demarches = self.folder.path().join("data/demarches");
        let request =
            Request::Admin(serde_json::json!({ "name": "verify", "demarches": demarches }));
        match control::call(&socket, &request)? {
            control::Answer::Admin(report) => {
                Ok(serde_json::from_value::<crate::store::Report>(report)?.faults)
            }
            control::Answer::Error(failure) => bail!("{}", failure.detail),
            control::Answer::Receipt(_) => {
                bail!("the daemon answered something else than was asked")
            }
        }
    }

    /// Stops Greffier and waits for it.
    pub(super) fn close(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.keyboard = None;
        self.daemon.take().map_or(Ok(()), ended)
    }
}

/// `text` with plain spaces in place of those that do not break.
fn spaced(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

type Source = Box<dyn std::io::BufRead + Send>;
type Sink = Box<dyn std::io::Write + Send>;

/// The daemon's thread: the same parts as `greffier run`, the console on a pair of pipes.
fn run(
    config: Config,
    who: String,
    source: Source,
    sink: Sink,
    stop: CancellationToken,
    ready: &std::sync::mpsc::Sender<(SocketAddr, SocketAddr)>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let suggestions = Arc::new(Suggestions::default());
        let settings = Settings {
            room: "salon".to_owned(),
            who: Some(who),
            mode: Mode::Plain,
            color: Color::Never,
            history: None,
        };
        let console = Console::on(
            settings,
            Arc::clone(&suggestions) as Arc<dyn Suggest>,
            source,
            sink,
        );
        let greffier = Greffier::open(config, Arc::new(console), &suggestions, None, stop).await?;
        let addresses = greffier
            .smtp
            .zip(greffier.http)
            .context("Greffier does not listen")?;
        // A demo that is gone does not wait for the addresses.
        let _gone = ready.send(addresses);
        greffier.daemon.run().await
    });
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

fn ended(daemon: JoinHandle<anyhow::Result<()>>) -> anyhow::Result<()> {
    daemon.join().unwrap_or_else(|_| bail!("Greffier panicked"))
}

fn mails(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "eml"))
        .collect();
    paths.sort();
    paths
}

fn read(raw: &[u8]) -> anyhow::Result<Received> {
    let message = MessageParser::new().parse(raw).context("it is no mail")?;
    let address = |header: Option<&mail_parser::Address<'_>>| {
        header.and_then(|header| Some(header.first()?.address()?.to_owned()))
    };
    let references = message
        .references()
        .as_text_list()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    ensure!(
        message
            .attachments()
            .all(|part| part.attachment_name().is_some()),
        "an attachment has no name"
    );
    Ok(Received {
        text: message.body_text(0).context("it has no text")?.into_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        to: address(message.to()).context("it is to nobody")?,
        reply_to: address(message.reply_to()),
        message_id: message
            .message_id()
            .context("it has no Message-ID")?
            .to_owned(),
        references,
    })
}

/// The answer as a mail program writes it: text on top, the mail answered quoted below.
fn write_reply(answer: &Answer<'_>, to: &str) -> anyhow::Result<Vec<u8>> {
    let quoted: Vec<String> = answer
        .to
        .text
        .lines()
        .map(|line| format!("> {line}"))
        .collect();
    let quoted = quoted.join("\r\n");
    let text = format!(
        "{}\r\n\r\nLe lun. 23 nov. 2026 à 10:12, Greffier <{to}> a écrit :\r\n\r\n{quoted}",
        answer.text
    );
    let mut references = answer.to.references.clone();
    references.push(answer.to.message_id.clone());
    let digest = crate::domain::fold(answer.text)
        .split_whitespace()
        .take(6)
        .collect::<Vec<_>>()
        .join(".");
    let mut message = mail_builder::MessageBuilder::new()
        .from(answer.from)
        .to(to)
        .subject(format!("Re: {}", answer.to.subject))
        .message_id(format!(
            "{digest}@{}",
            answer.from.rsplit('@').next().unwrap_or_default()
        ))
        .in_reply_to(answer.to.message_id.clone())
        .references(references)
        .text_body(text);
    if let Some((name, media_type, content)) = answer.file {
        message = message.attachment(media_type, name, content);
    }
    message
        .write_to_vec()
        .context("the answer cannot be written")
}

/// Hands a mail to Greffier's listener, as a mail server does.
fn hand_over(server: SocketAddr, from: &str, to: &str, raw: &[u8]) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut expect = |code: &str| -> anyhow::Result<()> {
        loop {
            let mut line = String::new();
            ensure!(answers.read_line(&mut line)? > 0, "the listener hung up");
            ensure!(
                line.starts_with(code),
                "the listener answered: {}",
                line.trim()
            );
            if !line.get(3..).is_some_and(|rest| rest.starts_with('-')) {
                return Ok(());
            }
        }
    };
    expect("220")?;
    for (line, code) in [
        ("EHLO mail.example".to_owned(), "250"),
        (format!("MAIL FROM:<{from}>"), "250"),
        (format!("RCPT TO:<{to}>"), "250"),
        ("DATA".to_owned(), "354"),
    ] {
        write!(stream, "{line}\r\n")?;
        expect(code)?;
    }
    let text = String::from_utf8_lossy(raw).replace("\r\n.", "\r\n..");
    write!(stream, "{text}\r\n.\r\n")?;
    expect("250")?;
    write!(stream, "QUIT\r\n")?;
    expect("221")
}
