//! Outgoing mail by SMTP submission (RFC 6409) to one mail server, which carries it on.
//!
//! A mail is delivered once the server has taken it. What the server refuses for now is tried again by the outbox, under
//! the same `Message-ID` and with the same octets; what it refuses for ever marks the address. When the server refuses
//! *us* (a password, our sender's address, no TLS) all mail waits and the operator is told: the people written to have
//! nothing to do with it.

mod relay;
mod session;
mod settings;
pub mod verdict;

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use lettre::Address;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::relay::Relay;
use self::session::{Door, Failure, Kind, Letter, Login, Session, Tls};
pub use self::settings::{Dkim, Envelope, Security, Settings};
use self::verdict::{Stage, Verdict};
use super::http::health::Health;
use super::letter::{addressed, dead, octets};
use super::{Channel, Inbox, Known};
use crate::mail::compose::{Identity, message_id};
use crate::mail::dkim::Signer;
use crate::message::{Destination, Limits, MailOut, Outcome, Outgoing};

/// How long a connection is kept for the next mail.
const KEPT: Duration = Duration::from_secs(30);

/// The mail server that takes our mail.
pub struct Smtp {
    settings: Settings,
    identity: Identity,
    signer: Option<Signer>,
    door: Door,
    relay: Relay,
    permits: Semaphore,
    idle: Mutex<Idle>,
}

/// Connections that wait for a mail, and whether any may.
#[derive(Default)]
struct Idle {
    sessions: VecDeque<(Session, Instant)>,
    closed: bool,
}

impl Smtp {
    /// Reads the files that `settings` names. Nothing is connected before there is a mail to send.
    pub fn new(
        settings: Settings,
        identity: Identity,
        health: Arc<Health>,
    ) -> anyhow::Result<Self> {
        let door = Door {
            host: settings.host.clone(),
            port: settings.port(),
            tls: tls(&settings)?,
            login: login(&settings)?,
            hello: ClientId::Domain(if settings.hello.is_empty() {
                identity.host.clone()
            } else {
                settings.hello.clone()
            }),
            timeout: Duration::from_secs(settings.timeout_seconds),
        };
        Ok(Self {
            signer: settings.dkim.as_ref().map(signer).transpose()?,
            permits: Semaphore::new(settings.connections),
            relay: Relay::new(health),
            idle: Mutex::default(),
            door,
            settings,
            identity,
        })
    }

    /// Where bounces of `mail` go. An answer to a mail that was refused has nowhere to bounce to, so that no loop can begin
    /// (RFC 3834 §3.3); it is the only kind that answers a mail without being part of a conversation.
    fn envelope_from(&self, mail: &MailOut) -> Option<Address> {
        if mail.reply_to.is_none() && mail.thread.is_none() && mail.in_reply_to.is_some() {
            return None;
        }
        let verp = mail
            .reply_to
            .as_ref()
            .filter(|_| self.settings.envelope == Envelope::Verp);
        match verp {
            Some(local) => split(&format!("{local}@{}", self.identity.domain)),
            None => split(&self.identity.from_address),
        }
    }

    async fn letter(
        &self,
        key: &str,
        message: &Outgoing,
        known: &Known,
    ) -> Result<Letter, Outcome> {
        let (mail, to) = addressed(message)?;
        let mut octets = octets(mail, &to, key, &self.identity, known).await?;
        if let Some(signer) = &self.signer {
            octets = signer
                .sign(&octets, known.since)
                .map_err(|error| Outcome::Retry {
                    after: None,
                    why: format!("cannot sign the mail: the DKIM key {error}"),
                })?;
        }
        Ok(Letter {
            envid: message_id(key, &self.identity.host),
            from: self.envelope_from(mail),
            to: split(&to).ok_or_else(|| dead("not a mail address"))?,
            octets,
        })
    }

    /// One try, over a connection that is there or a new one.
    async fn hand_over(&self, letter: &Letter) -> Result<(), Failure> {
        // Never closed, so there is always a permit to wait for.
        let _permit = self.permits.acquire().await;
        let mut session = match self.kept().await {
            Some(session) => session,
            None => Session::open(&self.door).await?,
        };
        let handed = session.hand_over(letter).await;
        let good = match &handed {
            Ok(()) => true,
            Err(failure) => match &failure.kind {
                Kind::Answer(answer) if answer.code != 421 => session.reset().await,
                Kind::Answer(_) | Kind::Broken(_) => false,
                Kind::Unfit(_) => true,
            },
        };
        if good {
            self.keep(session).await;
        }
        handed
    }

    /// A kept connection that is still good.
    async fn kept(&self) -> Option<Session> {
        loop {
            let (mut session, since) = self.idle().sessions.pop_back()?;
            // Servers hang up on those who say nothing.
            if since.elapsed() < KEPT && session.reset().await {
                return Some(session);
            }
        }
    }

    async fn keep(&self, session: Session) {
        let session = {
            let mut idle = self.idle();
            if idle.closed {
                session
            } else {
                idle.sessions.push_back((session, Instant::now()));
                return;
            }
        };
        session.quit().await;
    }

    /// Hangs up on those that have waited for so long.
    async fn hang_up(&self, kept: Duration) {
        loop {
            let old = {
                let mut idle = self.idle();
                match idle.sessions.front() {
                    Some((_, since)) if since.elapsed() >= kept => idle.sessions.pop_front(),
                    _ => None,
                }
            };
            let Some((session, _)) = old else {
                return;
            };
            session.quit().await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a failure means for the mail.
    fn judge(&self, failure: Failure, to: &Address) -> Outcome {
        let Failure { stage, kind } = failure;
        let (verdict, why) = match kind {
            Kind::Unfit(why) => (Verdict::Never, why.to_owned()),
            Kind::Answer(answer) => (
                answer.verdict(stage),
                answer.told(&[to.user(), to.domain()]),
            ),
            Kind::Broken(why) => match stage {
                Stage::Hello | Stage::Auth => (Verdict::Ours, why),
                Stage::Mail | Stage::Rcpt | Stage::Data => (Verdict::Later, why),
            },
        };
        match verdict {
            Verdict::Never => Outcome::Dead { why },
            Verdict::Later => Outcome::Retry { after: None, why },
            Verdict::Policy => {
                tracing::error!(
                    "The mail server refuses a recipient by a rule; if it is about us, mend it within two days: {why}"
                );
                Outcome::Retry { after: None, why }
            }
            Verdict::Ours => Outcome::Held {
                after: self.relay.fails(&why, Instant::now()),
                why,
            },
        }
    }
}

impl Channel for Smtp {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn limits(&self) -> Limits {
        Limits {
            pace: Duration::from_secs(self.settings.per_domain_seconds),
            ..super::letter::LIMITS
        }
    }

    /// The domain: what is too fast for one mailbox of it is too fast for all.
    fn lane(&self, to: &Destination) -> String {
        let domain = to.address.rsplit('@').next().unwrap_or_default();
        domain.to_lowercase()
    }

    async fn listen(&self, _inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(KEPT) => self.hang_up(KEPT).await,
            }
        }
        // What is still in the outbox leaves over connections that are not kept.
        self.idle().closed = true;
        self.hang_up(Duration::ZERO).await;
        Ok(())
    }

    async fn deliver(&self, key: &str, message: &Outgoing, known: &Known) -> Outcome {
        if let Some(after) = self.relay.rests(Instant::now()) {
            return Outcome::Held {
                after,
                why: "the mail server does not work".to_owned(),
            };
        }
        let letter = match self.letter(key, message, known).await {
            Ok(letter) => letter,
            Err(outcome) => return outcome,
        };
        match self.hand_over(&letter).await {
            Ok(()) => {
                self.relay.works();
                Outcome::Delivered {
                    remote_id: letter.envid,
                }
            }
            Err(failure) => self.judge(failure, &letter.to),
        }
    }
}

fn split(address: &str) -> Option<Address> {
    let (local, domain) = address.split_once('@')?;
    // lettre's own check knows fewer addresses than there are; ours has been made.
    Some(Address::new_dangerous(local, domain))
}

fn tls(settings: &Settings) -> anyhow::Result<Option<Tls>> {
    if settings.security == Security::None {
        return Ok(None);
    }
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let certificates = Certificate::from_pem(&read(path, "smtp.ca_file")?)
            .with_context(|| format!("smtp.ca_file: {} holds no PEM", path.display()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificates);
    }
    let parameters = builder
        .build()
        .context("smtp.ca_file holds a certificate that cannot be used")?;
    Ok(Some(match settings.security {
        Security::Starttls => Tls::Starttls(parameters),
        _ => Tls::Implicit(parameters),
    }))
}

fn login(settings: &Settings) -> anyhow::Result<Option<Login>> {
    if let Some(file) = &settings.token_file {
        read(file, "smtp.token_file")?;
        let (user, file) = (settings.user.clone(), file.clone());
        return Ok(Some(Login::Token { user, file }));
    }
    let Some(path) = &settings.password_file else {
        return Ok(None);
    };
    let password = String::from_utf8(read(path, "smtp.password_file")?)
        .with_context(|| format!("smtp.password_file: {} is not text", path.display()))?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    anyhow::ensure!(
        !password.is_empty(),
        "smtp.password_file: {} is empty",
        path.display()
    );
    let credentials = Credentials::new(settings.user.clone(), password);
    Ok(Some(Login::Password(credentials)))
}

fn signer(dkim: &Dkim) -> anyhow::Result<Signer> {
    let pem = read(&dkim.key_file, "smtp.dkim.key_file")?;
    Signer::new(&dkim.domain, &dkim.selector, &pem)
        .map_err(|error| anyhow::anyhow!("smtp.dkim.key_file: {} {error}", dkim.key_file.display()))
}

fn read(path: &Path, key: &str) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{key}: cannot read {}", path.display()))
}
