//! From an address to a connection that is logged in.

use std::fs;
use std::io;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::fault::{Code, Fault};
use super::wire::{Stream, Wire};
use super::{Account, Security, Settings, name};

/// How long a connection may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

/// How one logs in.
pub(super) enum Secret {
    /// A password.
    Password(SecretString),
    /// An access token of OAuth 2.
    Token(SecretString),
}

/// The password or token, from its file.
pub(super) fn secret(settings: &Settings) -> Result<Secret, Fault> {
    let (path, what) = match (&settings.token_file, &settings.password_file) {
        (Some(path), _) => (path, "imap.token_file cannot be read"),
        (None, Some(path)) => (path, "imap.password_file cannot be read"),
        (None, None) => {
            return Err(local(
                "imap.password_file is not set",
                io::ErrorKind::NotFound,
            ));
        }
    };
    let text = fs::read_to_string(path).map_err(|error| Fault::Local { what, error })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.contains(['\r', '\n', '\0']) {
        return Err(local(what, io::ErrorKind::InvalidData));
    }
    let text = SecretString::from(text);
    Ok(match settings.token_file {
        Some(_) => Secret::Token(text),
        None => Secret::Password(text),
    })
}

fn local(what: &'static str, kind: io::ErrorKind) -> Fault {
    Fault::Local {
        what,
        error: kind.into(),
    }
}

/// A connection, protected as it must be and logged in.
pub(super) async fn connect(account: &Account) -> Result<Wire, Fault> {
    let settings = &account.settings;
    let stream = tcp(settings).await?;
    let mut wire = match (settings.security, &account.tls) {
        (Security::Tls, Some(connector)) => {
            let mut wire = Wire::new(handshake(connector, &settings.host, Box::new(stream)).await?);
            wire.greeting().await?;
            wire
        }
        (Security::Starttls, Some(connector)) => {
            let mut wire = Wire::new(Box::new(stream));
            wire.greeting().await?;
            // Refused, it is an error: nothing more is said in the clear.
            wire.command("STARTTLS", "", |_| {}).await?;
            Wire::new(handshake(connector, &settings.host, wire.into_stream()).await?)
        }
        (Security::None, _) => {
            let mut wire = Wire::new(Box::new(stream));
            wire.greeting().await?;
            wire
        }
        (Security::Tls | Security::Starttls, None) => {
            return Err(Fault::Lost("TLS is not set up".to_owned()));
        }
    };
    wire.ask_capabilities().await?;
    log_in(&mut wire, settings).await?;
    // After the login the server can do more (RFC 3501 §6.2).
    wire.ask_capabilities().await?;
    Ok(wire)
}

async fn tcp(settings: &Settings) -> Result<TcpStream, Fault> {
    let address = (settings.host.as_str(), settings.port());
    let stream = timeout(PATIENCE, TcpStream::connect(address))
        .await
        .map_err(|_| Fault::Lost("the server does not answer".to_owned()))?
        .map_err(|error| Fault::lost(&error))?;
    let loopback = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
    if settings.security == Security::None && !loopback {
        return Err(Fault::Lost(
            "this connection would not be protected".to_owned(),
        ));
    }
    // Commands are small and waited for. Where it cannot be set, they are only slower.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn handshake(
    connector: &TlsConnector,
    host: &str,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Fault> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Fault::Lost("imap.host is no name that TLS can check".to_owned()))?;
    let stream = timeout(PATIENCE, connector.connect(name, stream))
        .await
        .map_err(|_| Fault::Lost("the server does not finish TLS".to_owned()))?
        // rustls speaks of certificates and of the protocol, never of content.
        .map_err(|error| Fault::Lost(format!("TLS: {error}")))?;
    Ok(Box::new(stream))
}

async fn log_in(wire: &mut Wire, settings: &Settings) -> Result<(), Fault> {
    let user = &settings.user;
    let ended = match secret(settings)? {
        Secret::Token(token) => {
            wire.authenticate("XOAUTH2", xoauth2(user, token.expose_secret()).as_bytes())
                .await
        }
        Secret::Password(password) if wire.can("AUTH=PLAIN") => {
            let message = format!("\0{user}\0{}", password.expose_secret());
            wire.authenticate("PLAIN", message.as_bytes()).await
        }
        Secret::Password(_) if wire.can("LOGINDISABLED") => Err(Fault::Login(Code::default())),
        Secret::Password(password) => {
            let arguments = format!(
                "{} {}",
                name::quoted(user),
                name::quoted(password.expose_secret())
            );
            wire.command("LOGIN", &arguments, |_| {}).await
        }
    };
    ended.map_err(|fault| match fault {
        // RFC 5530: the server cannot look the person up now, or has too many clients.
        Fault::Refused { command, code }
            if ["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG"]
                .iter()
                .any(|known| code.is(known)) =>
        {
            Fault::Refused { command, code }
        }
        Fault::Refused { code, .. } => Fault::Login(code),
        other => other,
    })
}

/// The only message of XOAUTH2, as Google and Microsoft define it.
fn xoauth2(user: &str, token: &str) -> String {
    format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_said_as_google_and_microsoft_want_it() {
        // The example of Google's documentation.
        let message = xoauth2(
            "someuser@example.com",
            "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
        );
        assert_eq!(
            data_encoding::BASE64.encode(message.as_bytes()),
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
    }
}
