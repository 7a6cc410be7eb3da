//! One client: bytes in and out, time, and the hand-over of a mail to the middle.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::session::{Envelope, Policy, Protocol, Reply, Session, Step};
use super::wire::{Content, Ended, Input, Line};
use crate::channel::Inbox;
use crate::channel::authenticate::Arrival;
use crate::channel::mail_id::mail_id;
use crate::message::{Heard, Incoming, MailIn, Piece};

/// What every connection of a listener shares.
#[derive(Clone)]
pub struct Host {
    /// What is taken.
    pub policy: Arc<Policy>,
    /// Where it goes.
    pub inbox: Inbox,
    /// How long a client may think about its next command.
    pub command: Duration,
    /// How long the content of a mail may take.
    pub data: Duration,
}

/// Speaks with one client until it leaves or is sent away. `peer` is its address, if mail from there is to be checked
/// against it.
pub async fn serve<S>(
    host: Host,
    protocol: Protocol,
    stream: S,
    peer: Option<IpAddr>,
    stop: CancellationToken,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = Session::new(Arc::clone(&host.policy), protocol);
    let mut connection = Connection {
        host,
        protocol,
        stream,
        peer,
        session,
        input: Input::default(),
        output: Vec::new(),
    };
    connection.greet();
    match connection.talk(&stop).await {
        Ok(()) => connection.flush().await,
        Err(Gone::Late) => {
            connection.say("421 4.4.2 Timeout, closing\r\n");
            connection.flush().await
        }
        Err(Gone::Lost(error)) => Err(error),
    }
}

struct Connection<S> {
    host: Host,
    protocol: Protocol,
    stream: S,
    peer: Option<IpAddr>,
    session: Session,
    input: Input,
    output: Vec<u8>,
}

/// Why there is nothing more to read.
enum Gone {
    Late,
    Lost(io::Error),
}

impl From<io::Error> for Gone {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn greet(&mut self) {
        let word = match self.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        };
        let line = format!("220 {} {word} Greffier\r\n", self.host.policy.hostname);
        self.say(&line);
    }

    async fn talk(&mut self, stop: &CancellationToken) -> Result<(), Gone> {
        while let Some(line) = self.next(stop).await? {
            match self.session.hear(line) {
                Step::Say(reply) => self.say(&reply.to_string()),
                Step::Introduce(lines) => self.say(&lines),
                Step::Content(envelope) => self.content(&envelope).await?,
                Step::Chunk { octets, last } => {
                    if !self.chunk(octets, last).await? {
                        return Ok(());
                    }
                }
                Step::Close(reply) => {
                    self.say(&reply.to_string());
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next line, waited for no longer than a command may take to arrive whole. None once stopping.
    async fn next(&mut self, stop: &CancellationToken) -> Result<Option<Line>, Gone> {
        if let Some(line) = self.input.line() {
            return Ok(Some(line));
        }
        // Answers to pipelined commands leave together (RFC 2920 §3.2).
        self.flush().await?;
        let busy = self.session.is_busy();
        let line = within(
            self.host.command,
            next_line(&mut self.stream, &mut self.input),
        );
        tokio::select! {
            biased;
            () = stop.cancelled(), if !busy => {
                self.say("421 4.3.2 Stopping, come again\r\n");
                Ok(None)
            }
            line = line => line.map(Some),
        }
    }

    async fn content(&mut self, envelope: &Envelope) -> Result<(), Gone> {
        self.say("354 End with CRLF.CRLF\r\n");
        self.flush().await?;
        let mut content = Content::new(self.host.policy.max_bytes);
        let ended = within(self.host.data, async {
            loop {
                if let Some(ended) = content.feed(&mut self.input) {
                    return Ok(ended);
                }
                if content.is_hopeless() {
                    return Err(Gone::Lost(io::Error::other("content far beyond the limit")));
                }
                receive(&mut self.stream, &mut self.input).await?;
            }
        })
        .await?;
        let reply = match ended {
            Ended::Whole(content) => self.hand(envelope, content).await,
            Ended::TooLarge => Reply("552 5.3.4 Mail too large"),
            Ended::BareNewline => {
                Reply("550 5.6.0 Lines must end in CRLF, not in a bare LF (RFC 5321 2.3.8)")
            }
        };
        self.answer(&reply);
        Ok(())
    }

    /// Reads a chunk. False where the client is better sent away.
    async fn chunk(&mut self, octets: usize, last: bool) -> Result<bool, Gone> {
        if octets / 2 > self.host.policy.max_bytes {
            self.say("552 5.3.4 Mail too large\r\n");
            return Ok(false);
        }
        let expected = self.session.expect_chunk(octets);
        let mut chunk = Vec::new();
        within(self.host.data, async {
            let mut left = octets;
            loop {
                let taken = self.input.take(left);
                left -= taken.len();
                if expected.is_ok() {
                    chunk.extend_from_slice(taken);
                }
                if left == 0 {
                    return Ok(());
                }
                // Who waits for the answer to what came before the chunk may not send it otherwise.
                self.flush().await?;
                receive(&mut self.stream, &mut self.input).await?;
            }
        })
        .await?;
        match expected {
            Err(reply) => self.say(&reply.to_string()),
            Ok(()) => match self.session.chunk(&chunk, last) {
                None => self.say("250 2.0.0 Chunk taken\r\n"),
                Some((envelope, content)) => {
                    let reply = self.hand(&envelope, content).await;
                    self.answer(&reply);
                }
            },
        }
        Ok(true)
    }

    /// Keeps a mail and hands it to the middle. Only a mail that is committed is answered 250.
    async fn hand(&self, envelope: &Envelope, content: Vec<u8>) -> Reply {
        let at = crate::clock::now();
        let id = mail_id(&content, &envelope.to);
        // As it came, before our own trace line stands above it.
        let examined = self.host.inbox.examine(content, self.arrival(envelope));
        let Ok((mut content, examined)) = examined.await else {
            return Reply("451 4.7.1 Cannot be scanned for viruses now, try again later");
        };
        // In its place: a large mail is in memory once.
        content.splice(0..0, self.received(&id, at).into_bytes());
        let bytes = content.len() as u64;
        let hash = match self.host.inbox.keep(content).await {
            Ok(hash) => hash,
            Err(error) => {
                tracing::error!(%error, "Cannot keep a mail on the shelf; its sender will come again");
                return Reply("451 4.3.0 Cannot keep it now, try again later");
            }
        };
        let original = Piece {
            hash,
            name: "message.eml".to_owned(),
            media_type: "message/rfc822".to_owned(),
            bytes,
        };
        let mail = MailIn {
            original,
            mail_from: Some(envelope.from.clone()),
            rcpt_to: envelope.to.clone(),
            peer: self.peer,
            authentication: examined.authentication,
            too_large: None,
            scan: examined.scan,
        };
        match self
            .host
            .inbox
            .hand(Incoming {
                id,
                at,
                heard: Heard::Mail(mail),
            })
            .await
        {
            Ok(_) => Reply("250 2.0.0 Taken"),
            Err(_) => Reply("451 4.3.0 Stopping, try again later"),
        }
    }

    fn arrival(&self, envelope: &Envelope) -> Arrival {
        match self.peer {
            Some(peer) => Arrival::Direct {
                peer,
                hello: self.session.client().to_owned(),
                mail_from: envelope.from.clone(),
            },
            None => Arrival::Relayed,
        }
    }

    /// The trace line of RFC 5321 §4.4, without the recipients: a mail may have several, who need not know each other.
    fn received(&self, id: &str, at: Timestamp) -> String {
        let client: String = self
            .session
            .client()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || ".-[]:_".contains(*c))
            .take(255)
            .collect();
        let client = if client.is_empty() {
            "unknown"
        } else {
            &client
        };
        let peer = match self.peer {
            Some(IpAddr::V4(address)) => format!(" ([{address}])"),
            Some(IpAddr::V6(address)) => format!(" ([IPv6:{address}])"),
            None => String::new(),
        };
        let short: String = id.trim_start_matches("mail:").chars().take(16).collect();
        let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let hostname = &self.host.policy.hostname;
        let with = self.session.with();
        format!(
            "Received: from {client}{peer}\r\n\tby {hostname} with {with} id {short};\r\n\t{date}\r\n"
        )
    }

    fn answer(&mut self, reply: &Reply) {
        let lines = self.session.settle(reply);
        self.say(&lines);
    }

    fn say(&mut self, lines: &str) {
        self.output.extend_from_slice(lines.as_bytes());
    }

    /// Sends the answers that wait. A client that does not read them is not waited for longer than for a command.
    async fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        let sent = async {
            self.stream.write_all(&output).await?;
            self.stream.flush().await
        };
        // A limit of zero would cut before the first octet.
        let limit = self.host.command.max(Duration::from_secs(1));
        timeout(limit, sent)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S, input: &mut Input) -> Result<(), Gone> {
    match stream.read_buf(input.buffer()).await? {
        0 => Err(Gone::Lost(io::ErrorKind::UnexpectedEof.into())),
        _ => Ok(()),
    }
}

async fn next_line<S: AsyncRead + Unpin>(stream: &mut S, input: &mut Input) -> Result<Line, Gone> {
    loop {
        if let Some(line) = input.line() {
            return Ok(line);
        }
        receive(stream, input).await?;
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Gone>>,
) -> Result<T, Gone> {
    timeout(limit, work).await.unwrap_or(Err(Gone::Late))
}
