//! One connection: commands and what is answered to them.
//!
//! Framing and grammar are async-imap's. The commands are written here, because each must be known to have succeeded: an
//! answer that broke off must never look like a folder without news.

use std::fmt;
use std::time::Duration;

use async_imap::Client;
use async_imap::imap_proto::{Capability, MailboxDatum, Outcome, Response, Status};
use data_encoding::BASE64;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::fault::{Code, Fault};

/// How long the server may think about an answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Octets a second that a mail comes at, at the least.
const SLOWEST: u64 = 16 * 1024;

/// What a connection runs over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Stream for T {}

/// What a response does to the command under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It has succeeded.
    Ended,
    /// The server waits for more of it.
    Goes,
    /// Data, asked for or not.
    Data,
}

/// A connection.
pub(super) struct Wire {
    client: Client<Box<dyn Stream>>,
    commands: u32,
    /// What the server can do, in capitals.
    capabilities: Vec<String>,
    /// Messages in the selected folder.
    exists: u32,
    /// Whether a message came that was not listed yet.
    news: bool,
}

impl Wire {
    /// A connection over `stream`, not greeted yet.
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            client: Client::new(stream),
            commands: 0,
            capabilities: Vec::new(),
            exists: 0,
            news: false,
        }
    }

    /// The stream itself. What was received and not read yet is thrown away, as RFC 3501 §6.2.1 wants before TLS begins.
    pub(super) fn into_stream(self) -> Box<dyn Stream> {
        self.client.into_inner()
    }

    /// Whether the server can do that.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// Messages in the selected folder.
    pub(super) fn exists(&self) -> u32 {
        self.exists
    }

    /// Whether a message came since this was last asked.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// The first line of the server.
    pub(super) async fn greeting(&mut self) -> Result<(), Fault> {
        let mut greeted = false;
        self.next(PATIENCE, "", "", |response| {
            // PREAUTH before STARTTLS would be somebody in between (RFC 9051 §11.1), and is of no use elsewhere.
            greeted = matches!(
                response,
                Response::Data {
                    status: Status::Ok,
                    ..
                }
            );
        })
        .await?;
        if greeted {
            Ok(())
        } else {
            Err(Fault::Lost("this is not the greeting expected".to_owned()))
        }
    }

    /// Asks what the server can do.
    pub(super) async fn ask_capabilities(&mut self) -> Result<(), Fault> {
        let mut capabilities = Vec::new();
        self.command("CAPABILITY", "", |response| {
            if let Response::Capabilities(list) = response {
                capabilities.extend(list.iter().map(|capability| match capability {
                    Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
                    Capability::Auth(how) => format!("AUTH={}", how.to_ascii_uppercase()),
                    Capability::Atom(atom) => atom.to_ascii_uppercase(),
                }));
            }
        })
        .await?;
        self.capabilities = capabilities;
        Ok(())
    }

    /// Runs a command. `each` sees every untagged response; the answer is good only when the server said OK at the end.
    pub(super) async fn command(
        &mut self,
        name: &'static str,
        arguments: &str,
        each: impl FnMut(&Response<'_>),
    ) -> Result<(), Fault> {
        self.command_within(PATIENCE, name, arguments, each).await
    }

    /// The same for an answer of up to `bytes` octets, which may take its time.
    pub(super) async fn fetch(
        &mut self,
        arguments: &str,
        bytes: u32,
        each: impl FnMut(&Response<'_>),
    ) -> Result<(), Fault> {
        let patience = PATIENCE + Duration::from_secs(u64::from(bytes) / SLOWEST);
        self.command_within(patience, "UID FETCH", arguments, each)
            .await
    }

    async fn command_within(
        &mut self,
        patience: Duration,
        name: &'static str,
        arguments: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<(), Fault> {
        let tag = self.say(name, arguments).await?;
        loop {
            if self.next(patience, &tag, name, &mut each).await? == Next::Ended {
                return Ok(());
            }
        }
    }

    /// Authenticates by SASL (RFC 3501 §6.2.2) with a mechanism whose only message is `message`.
    pub(super) async fn authenticate(
        &mut self,
        mechanism: &'static str,
        message: &[u8],
    ) -> Result<(), Fault> {
        let tag = self.say("AUTHENTICATE", mechanism).await?;
        let mut message = Some(message);
        loop {
            match self.next(PATIENCE, &tag, "AUTHENTICATE", ignore).await? {
                Next::Ended => return Ok(()),
                Next::Goes => {
                    // A second question is XOAUTH2's way to say why not: an empty answer lets it end.
                    let said = message.take().map(|octets| BASE64.encode(octets));
                    self.write(&format!("{}\r\n", said.unwrap_or_default()))
                        .await?;
                }
                Next::Data => {}
            }
        }
    }

    /// Waits in IDLE (RFC 2177) until a message comes, `renewal` has passed or `stop` is given.
    pub(super) async fn idle(
        &mut self,
        renewal: Duration,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        let tag = self.say("IDLE", "").await?;
        loop {
            match self.next(PATIENCE, &tag, "IDLE", ignore).await? {
                Next::Ended => return Ok(()),
                Next::Goes => break,
                Next::Data => {}
            }
        }
        // Not a limit for each response: a server that says "still here" every two minutes must not put off the renewal.
        let renewed = Instant::now() + renewal;
        while !self.news {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(renewed) => break,
                next = self.next(renewal, &tag, "IDLE", ignore) => {
                    if next? == Next::Ended {
                        return Ok(());
                    }
                }
            }
        }
        self.write("DONE\r\n").await?;
        while self.next(PATIENCE, &tag, "IDLE", ignore).await? != Next::Ended {}
        Ok(())
    }

    /// Takes leave. Whether the server hears it does not matter.
    pub(super) async fn leave(mut self) {
        let leave = async {
            let tag = self.say("LOGOUT", "").await?;
            self.next(PATIENCE, &tag, "LOGOUT", ignore).await
        };
        let _gone = timeout(Duration::from_secs(1), leave).await;
    }

    async fn say(&mut self, name: &str, arguments: &str) -> Result<String, Fault> {
        self.commands = self.commands.wrapping_add(1);
        let tag = format!("g{}", self.commands);
        let space = if arguments.is_empty() { "" } else { " " };
        self.write(&format!("{tag} {name}{space}{arguments}\r\n"))
            .await?;
        Ok(tag)
    }

    /// Written past async-imap, which would show a password to whoever traces it.
    async fn write(&mut self, line: &str) -> Result<(), Fault> {
        let stream = self.client.get_mut();
        let written = timeout(PATIENCE, async {
            stream.write_all(line.as_bytes()).await?;
            stream.flush().await
        });
        match written.await {
            Ok(written) => written.map_err(|error| Fault::lost(&error)),
            Err(_) => Err(Fault::Lost("the server does not read".to_owned())),
        }
    }

    /// The next response, seen by `each` unless it ends the command `tag`. May be dropped and called again.
    async fn next(
        &mut self,
        patience: Duration,
        tag: &str,
        command: &'static str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<Next, Fault> {
        let response = timeout(patience, self.client.read_response())
            .await
            .map_err(|_| Fault::Lost("the server does not answer".to_owned()))?
            .map_err(|error| Fault::lost(&error))?
            .ok_or_else(|| Fault::Lost("the server hung up".to_owned()))?;
        match response.parsed() {
            Response::Done {
                tag: of,
                status,
                outcome,
            } => ended(of.0 == tag, status, command, outcome),
            Response::Data {
                status: Status::Bye,
                outcome,
            } => {
                let code = Code::of(outcome);
                Err(Fault::Lost(format!("the server says goodbye{code}")))
            }
            Response::Continue(_) => Ok(Next::Goes),
            data => {
                self.note(data);
                each(data);
                Ok(Next::Data)
            }
        }
    }

    /// Keeps count of the selected folder, which the server tells at any time.
    fn note(&mut self, response: &Response<'_>) {
        match response {
            Response::MailboxData(MailboxDatum::Exists(count)) => {
                self.news |= *count > self.exists;
                self.exists = *count;
            }
            Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
            _ => {}
        }
    }
}

fn ignore(_: &Response<'_>) {}

/// How a command ended.
fn ended(
    ours: bool,
    status: &Status,
    command: &'static str,
    outcome: &Outcome<'_>,
) -> Result<Next, Fault> {
    match status {
        _ if !ours => Err(Fault::Lost("an answer to nothing asked".to_owned())),
        Status::Ok => Ok(Next::Ended),
        _ => Err(Fault::Refused {
            command,
            code: Code::of(outcome),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says `lines` whatever is asked.
    fn wire(lines: &'static [u8]) -> Wire {
        Wire::new(Box::new(tokio::io::join(lines, tokio::io::sink())))
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_answer() {
        let mut wire = wire(b"* 1 FETCH (UID 7)\r\n");
        let mut seen = 0;
        let ended = wire.fetch("1:*", 0, |_| seen += 1).await;
        assert!(matches!(ended, Err(Fault::Lost(_))), "{ended:?}");
        assert_eq!(seen, 1);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_answer() {
        let mut wire = wire(b"* 1 FETCH (UID 7 BODY[] {100}\r\nSubject: x");
        let ended = wire.fetch("7", 100, |_| panic!("half a mail")).await;
        assert!(matches!(ended, Err(Fault::Lost(_))), "{ended:?}");
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_code() {
        let mut wire = wire(b"g1 NO [OVERQUOTA] ines@ddt.example has no room\r\n");
        let Err(Fault::Refused { command, code }) = wire.command("UID MOVE", "", |_| {}).await
        else {
            panic!()
        };
        assert!(code.is("OVERQUOTA"));
        let said = Fault::Refused { command, code }.to_string();
        assert_eq!(said, "the server refuses UID MOVE (OVERQUOTA)");
    }

    #[tokio::test]
    async fn what_cannot_be_understood_is_not_repeated() {
        let mut wire = wire(b"* 1 FETCH ines@ddt.example\r\n");
        let fault = wire.command("NOOP", "", |_| {}).await.unwrap_err();
        assert!(!fault.to_string().contains("ines"), "{fault}");
    }

    #[tokio::test]
    async fn a_goodbye_ends_everything() {
        let mut wire = wire(b"* BYE going down\r\ng1 OK\r\n");
        assert!(wire.command("NOOP", "", |_| {}).await.is_err());
    }

    #[tokio::test]
    async fn a_token_that_is_refused_ends_with_an_answer() {
        let mut wire =
            wire(b"+ \r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\ng1 NO [AUTHENTICATIONFAILED] no\r\n");
        let ended = wire.authenticate("XOAUTH2", b"user=a").await;
        assert!(
            matches!(ended, Err(Fault::Refused { code, .. }) if code.is("AUTHENTICATIONFAILED"))
        );
    }

    #[tokio::test]
    async fn only_the_end_of_its_own_command_ends_it() {
        let mut wire = wire(b"g7 OK of somebody else\r\n");
        assert!(wire.command("NOOP", "", |_| {}).await.is_err());
    }

    #[tokio::test]
    async fn a_message_that_comes_meanwhile_is_news() {
        let mut wire = wire(b"* 2 EXISTS\r\ng1 OK done\r\n* 1 EXPUNGE\r\ng2 OK done\r\n");
        wire.command("NOOP", "", |_| {}).await.unwrap();
        assert!(wire.take_news());
        wire.command("NOOP", "", |_| {}).await.unwrap();
        assert!(!wire.take_news());
        assert_eq!(wire.exists(), 1);
    }

    #[tokio::test]
    async fn a_server_that_talks_before_tls_is_not_believed() {
        assert!(wire(b"* PREAUTH hello\r\n").greeting().await.is_err());
        assert!(wire(b"* OK hello\r\n").greeting().await.is_ok());
    }
}
