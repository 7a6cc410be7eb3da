//! The SMTP and LMTP listener: what a mail server, or `swaks`, hands mail to.
//!
//! It takes mail for our domain only, says 250 only once the middle has committed, and otherwise leaves the mail with
//! its sender.

pub mod connection;
pub mod session;
pub mod wire;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::connection::Host;
use self::session::Policy;
pub use self::session::{Accepts, Protocol};
use super::{Channel, Inbox, Known};
use crate::message::{Limits, Outcome, Outgoing};

/// How long a mail that is being handed over may take once the daemon stops.
const GRACE: Duration = Duration::from_secs(10);

/// `[listener]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port for SMTP. Empty: no SMTP.
    pub smtp: String,
    /// Address and port for LMTP, or the path of a Unix socket (it holds a `/`). Empty: no LMTP.
    pub lmtp: String,
    /// The name that the listener greets with and writes into `Received`. Empty: that of `[mail]`.
    pub hostname: String,
    /// Our mail domain: mail for any other is refused. Empty: that of `[mail]`.
    pub domain: String,
    /// Octets of one mail at most. Each connection may hold as much in memory.
    pub max_bytes: usize,
    /// Recipients of one mail at most.
    pub max_recipients: usize,
    /// Clients at once; the next one is told to come again.
    pub max_connections: usize,
    /// Seconds a client may think about its next command.
    pub command_seconds: u64,
    /// Seconds the content of one mail may take.
    pub data_seconds: u64,
    /// Addresses of our own mail servers: SPF is not checked against them.
    pub relays: Vec<IpAddr>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            smtp: "127.0.0.1:2525".to_owned(),
            lmtp: String::new(),
            hostname: String::new(),
            domain: String::new(),
            max_bytes: 40 * 1024 * 1024,
            max_recipients: 100,
            max_connections: 20,
            command_seconds: 300,
            data_seconds: 600,
            relays: vec![
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ],
        }
    }
}

/// The listener, with its sockets open.
pub struct Listener {
    settings: Settings,
    policy: Arc<Policy>,
    smtp: Option<TcpListener>,
    lmtp: Option<Lmtp>,
    free: Arc<Semaphore>,
}

enum Lmtp {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        path: PathBuf,
    },
}

impl Drop for Lmtp {
    fn drop(&mut self) {
        if let Self::Unix { path, .. } = self {
            // What is left behind is recognised as stale at the next start.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Listener {
    /// Opens the sockets. An error says which address cannot be had. `accepts` answers whether a local part is ours.
    pub async fn bind(settings: Settings, accepts: Accepts) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !settings.domain.is_empty() && !settings.hostname.is_empty(),
            "The mail listener has no domain or name: set `mail.domain` in bot.toml"
        );
        let smtp = match settings.smtp.as_str() {
            "" => None,
            address => Some(tcp(address, "listener.smtp").await?),
        };
        let lmtp = match settings.lmtp.as_str() {
            "" => None,
            path if path.contains('/') => Some(unix(Path::new(path)).await?),
            address => Some(Lmtp::Tcp(tcp(address, "listener.lmtp").await?)),
        };
        let policy = Policy {
            hostname: settings.hostname.clone(),
            domain: settings.domain.clone(),
            max_bytes: settings.max_bytes,
            max_recipients: settings.max_recipients,
            accepts,
        };
        let free = Arc::new(Semaphore::new(
            settings.max_connections.clamp(1, Semaphore::MAX_PERMITS),
        ));
        Ok(Self {
            settings,
            policy: Arc::new(policy),
            smtp,
            lmtp,
            free,
        })
    }

    /// Where SMTP is really listened for: the port asked as 0 has a number here.
    pub fn smtp_address(&self) -> Option<SocketAddr> {
        self.smtp
            .as_ref()
            .and_then(|listener| listener.local_addr().ok())
    }

    /// Where LMTP is really listened for, unless on a Unix socket.
    pub fn lmtp_address(&self) -> Option<SocketAddr> {
        match &self.lmtp {
            Some(Lmtp::Tcp(listener)) => listener.local_addr().ok(),
            _ => None,
        }
    }

    async fn accept(&self) -> std::io::Result<Client> {
        tokio::select! {
            client = accept_tcp(self.smtp.as_ref()) => client.map(|(stream, peer)| self.met(Protocol::Smtp, stream, Some(peer))),
            client = accept_lmtp(self.lmtp.as_ref()) => client.map(|(stream, peer)| self.met(Protocol::Lmtp, stream, peer)),
        }
    }

    fn met(&self, protocol: Protocol, stream: Box<dyn Stream>, peer: Option<IpAddr>) -> Client {
        let peer = peer
            .map(|peer| peer.to_canonical())
            .filter(|peer| !self.settings.relays.contains(peer));
        Client {
            protocol,
            stream,
            peer,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

struct Client {
    protocol: Protocol,
    stream: Box<dyn Stream>,
    peer: Option<IpAddr>,
}

async fn tcp(address: &str, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("Cannot listen on {address}: is the port taken? Change `{key}` in bot.toml")
    })
}

async fn unix(path: &Path) -> anyhow::Result<Lmtp> {
    let shown = path.display();
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        anyhow::ensure!(
            UnixStream::connect(path).await.is_err(),
            "Another process listens on {shown}"
        );
        std::fs::remove_file(path)
            .with_context(|| format!("Cannot remove the stale socket {shown}"))?;
    }
    let listener = UnixListener::bind(path).with_context(|| format!("Cannot listen on {shown}"))?;
    // The mail server is in the group of the folder, or it is root.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
        .with_context(|| format!("Cannot set the mode of {shown}"))?;
    Ok(Lmtp::Unix {
        listener,
        path: path.to_owned(),
    })
}

async fn accept_tcp(listener: Option<&TcpListener>) -> std::io::Result<(Box<dyn Stream>, IpAddr)> {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    let (stream, peer) = listener.accept().await?;
    // Answers are small and waited for. Where it cannot be set, they are only slower.
    let _ = stream.set_nodelay(true);
    Ok((Box::new(stream), peer.ip()))
}

async fn accept_lmtp(
    listener: Option<&Lmtp>,
) -> std::io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
    match listener {
        None => std::future::pending().await,
        Some(Lmtp::Tcp(listener)) => accept_tcp(Some(listener))
            .await
            .map(|(stream, peer)| (stream, Some(peer))),
        Some(Lmtp::Unix { listener, .. }) => listener
            .accept()
            .await
            .map(|(stream, _)| (Box::new(stream) as _, None)),
    }
}

async fn turn_away(mut stream: Box<dyn Stream>) {
    use tokio::io::AsyncWriteExt as _;
    // The client may be gone: nothing is lost by that.
    let _ = stream
        .write_all(b"421 4.3.2 Too many connections, come again\r\n")
        .await;
}

async fn serve(host: Host, client: Client, stop: CancellationToken, _permit: OwnedSemaphorePermit) {
    let Client {
        protocol,
        stream,
        peer,
    } = client;
    if let Err(error) = connection::serve(host, protocol, stream, peer, stop).await {
        tracing::debug!(%error, "A mail client left without a word");
    }
}

impl Channel for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn limits(&self) -> Limits {
        Limits::NONE
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> anyhow::Result<()> {
        let host = Host {
            policy: Arc::clone(&self.policy),
            inbox,
            command: Duration::from_secs(self.settings.command_seconds),
            data: Duration::from_secs(self.settings.data_seconds),
        };
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = clients.join_next() => {}
                client = self.accept() => match client {
                    Ok(client) => match Arc::clone(&self.free).try_acquire_owned() {
                        Ok(permit) => drop(clients.spawn(serve(host.clone(), client, stop.clone(), permit))),
                        Err(_) => turn_away(client.stream).await,
                    },
                    Err(error) => {
                        tracing::warn!(%error, "Cannot accept a mail client");
                        // Out of file descriptors: a moment's wait, rather than asking again at full speed.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        let ended = tokio::time::timeout(GRACE, async {
            while clients.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            tracing::warn!("Mail clients were cut off after {GRACE:?}; they keep their mail");
        }
        Ok(())
    }

    async fn deliver(&self, _key: &str, _message: &Outgoing, _known: &Known) -> Outcome {
        Outcome::Dead {
            why: "the mail listener only listens".to_owned(),
        }
    }
}
