//! One connection to the mail server, from the greeting to the answer to a mail's last dot.

use std::error::Error as _;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{
    ClientId, MailBodyParameter, MailParameter, RcptParameter,
};
use lettre::transport::smtp::response::Response;

use super::verdict::{Answer, Stage};

/// How much longer than a command the content of a mail may take.
const CONTENT: u32 = 10;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How to reach the server.
pub(super) struct Door {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Tls>,
    pub(super) login: Option<Login>,
    pub(super) hello: ClientId,
    pub(super) timeout: Duration,
}

/// How one logs in.
pub(super) enum Login {
    /// With a password.
    Password(Credentials),
    /// As this user with the access token of OAuth 2 in a file, which is read at each connection.
    Token { user: String, file: PathBuf },
}

/// How the connection is kept private.
pub(super) enum Tls {
    /// From the first octet (RFC 8314 §3.3).
    Implicit(TlsParameters),
    /// By STARTTLS (RFC 3207), never without.
    Starttls(TlsParameters),
}

/// One mail for one person.
pub(super) struct Letter {
    /// Names it in delivery reports (RFC 3461 §4.4).
    pub(super) envid: String,
    /// Where bounces go; none for `<>`.
    pub(super) from: Option<Address>,
    pub(super) to: Address,
    pub(super) octets: Vec<u8>,
}

/// Why a step did not succeed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) kind: Kind,
}

/// What kind of failure.
#[derive(Debug)]
pub(super) enum Kind {
    /// The server said no.
    Answer(Answer),
    /// The connection, or the server's part of the dialogue, broke off.
    Broken(String),
    /// The server cannot carry this mail.
    Unfit(&'static str),
}

/// What the server offers (RFC 5321 §4.1.1.1).
#[derive(Debug, Default, PartialEq, Eq)]
struct Offers {
    dsn: bool,
    smtputf8: bool,
    eight_bit: bool,
    /// The largest mail, where it says so.
    size: Option<usize>,
}

impl Offers {
    fn read(answer: &Response) -> Self {
        let mut offers = Self::default();
        // The first line is the server's name.
        for line in answer.message().skip(1) {
            let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
            match keyword.to_ascii_uppercase().as_str() {
                "DSN" => offers.dsn = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "8BITMIME" => offers.eight_bit = true,
                // Zero is "no fixed limit" (RFC 1870 §4).
                "SIZE" => offers.size = value.trim().parse().ok().filter(|size| *size > 0),
                _ => {}
            }
        }
        offers
    }
}

/// An open connection, ready for a mail.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    offers: Offers,
    timeout: Duration,
}

impl Session {
    /// Connects, secures the connection and logs in.
    pub(super) async fn open(door: &Door) -> Result<Self, Failure> {
        let timeout = door.timeout;
        let (implicit, starttls) = match &door.tls {
            None => (None, None),
            Some(Tls::Implicit(tls)) => (Some(tls.clone()), None),
            Some(Tls::Starttls(tls)) => (None, Some(tls.clone())),
        };
        let address = (door.host.as_str(), door.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(timeout),
            &door.hello,
            implicit,
            None,
        );
        let mut connection = within(timeout, Stage::Hello, connecting).await?;
        if let Some(tls) = starttls {
            if !connection.can_starttls() {
                return Err(Failure {
                    stage: Stage::Hello,
                    kind: Kind::Broken("the server does not offer STARTTLS".to_owned()),
                });
            }
            within(timeout, Stage::Hello, connection.starttls(tls, &door.hello)).await?;
        }
        // lettre keeps only the extensions that it uses itself, so they are asked for once more.
        let hello = connection.command(Ehlo::new(door.hello.clone()));
        let answer = within(timeout, Stage::Hello, hello).await?;
        expect(Stage::Hello, &answer, 250)?;
        let offers = Offers::read(&answer);
        let mut session = Self {
            connection,
            offers,
            timeout,
        };
        if let Some(login) = &door.login {
            session.log_in(login).await?;
        }
        Ok(session)
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), Failure> {
        let answer = match login {
            Login::Password(credentials) => {
                let mechanisms = [Mechanism::Plain, Mechanism::Login];
                let login = self.connection.auth(&mechanisms, credentials);
                within(self.timeout, Stage::Auth, login).await?
            }
            Login::Token { user, file } => {
                let credentials = Credentials::new(user.clone(), token(file)?);
                let login = self.connection.auth(&[Mechanism::Xoauth2], &credentials);
                within(self.timeout, Stage::Auth, login).await?
            }
        };
        expect(Stage::Auth, &answer, 235)
    }

    /// Forgets what was begun. False where the connection is no longer good.
    pub(super) async fn reset(&mut self) -> bool {
        let answer = within(
            self.timeout,
            Stage::Hello,
            self.connection.command("RSET\r\n"),
        )
        .await;
        answer.is_ok_and(|answer| answer.has_code(250))
    }

    /// Hands one mail over. It is the server's once this succeeds, and may be when the connection breaks at
    /// [`Stage::Data`].
    pub(super) async fn hand_over(&mut self, letter: &Letter) -> Result<(), Failure> {
        let mail = Mail::new(letter.from.clone(), self.mail_parameters(letter)?);
        let answer = within(self.timeout, Stage::Mail, self.connection.command(mail)).await?;
        expect(Stage::Mail, &answer, 250)?;
        let rcpt = Rcpt::new(letter.to.clone(), self.rcpt_parameters());
        let answer = within(self.timeout, Stage::Rcpt, self.connection.command(rcpt)).await?;
        if !answer.has_code(251) {
            expect(Stage::Rcpt, &answer, 250)?;
        }
        let answer = within(self.timeout, Stage::Data, self.connection.command(Data)).await?;
        expect(Stage::Data, &answer, 354)?;
        // lettre ends the last line itself.
        let octets = letter.octets.strip_suffix(b"\r\n");
        let sending = self.connection.message(octets.unwrap_or(&letter.octets));
        let answer = within(self.timeout * CONTENT, Stage::Data, sending).await?;
        expect(Stage::Data, &answer, 250)
    }

    /// Says goodbye.
    pub(super) async fn quit(mut self) {
        // A server that does not answer is left all the same.
        let _left = tokio::time::timeout(FAREWELL, self.connection.command(Quit)).await;
    }

    fn mail_parameters(&self, letter: &Letter) -> Result<Vec<MailParameter>, Failure> {
        let unfit = |why| Failure {
            stage: Stage::Mail,
            kind: Kind::Unfit(why),
        };
        let mut parameters = Vec::new();
        let unicode = |address: &Address| !AsRef::<str>::as_ref(address).is_ascii();
        if unicode(&letter.to) || letter.from.as_ref().is_some_and(unicode) {
            if !self.offers.smtputf8 {
                return Err(unfit(
                    "5.6.7 the address is not in ASCII and the mail server does not offer SMTPUTF8",
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if let Some(limit) = self.offers.size {
            if letter.octets.len() > limit {
                return Err(unfit("5.3.4 the mail is larger than the mail server takes"));
            }
            parameters.push(MailParameter::Size(letter.octets.len()));
        }
        if !letter.octets.is_ascii() && self.offers.eight_bit {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if self.offers.dsn {
            parameters.push(MailParameter::Other {
                keyword: "RET".to_owned(),
                value: Some("HDRS".to_owned()),
            });
            parameters.push(MailParameter::Other {
                keyword: "ENVID".to_owned(),
                value: Some(letter.envid.clone()),
            });
        }
        Ok(parameters)
    }

    fn rcpt_parameters(&self) -> Vec<RcptParameter> {
        let notify = RcptParameter::Other {
            keyword: "NOTIFY".to_owned(),
            value: Some("FAILURE,DELAY".to_owned()),
        };
        self.offers.dsn.then_some(notify).into_iter().collect()
    }
}

/// The access token in `file`. Without one nobody can log in, which is not the mail's fault.
fn token(file: &Path) -> Result<String, Failure> {
    let broken = |why: String| Failure {
        stage: Stage::Auth,
        kind: Kind::Broken(why),
    };
    let token = fs::read_to_string(file)
        .map_err(|error| broken(format!("smtp.token_file cannot be read: {error}")))?;
    let token = token.trim_end_matches(['\r', '\n']);
    if token.is_empty() || token.contains(char::is_control) {
        return Err(broken("smtp.token_file holds no token".to_owned()));
    }
    Ok(token.to_owned())
}

/// The answer to a step, in time.
async fn within<T>(
    timeout: Duration,
    stage: Stage,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let kind = match tokio::time::timeout(timeout, step).await {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => kind(&error),
        Err(_) => Kind::Broken("the server does not answer in time".to_owned()),
    };
    Err(Failure { stage, kind })
}

fn kind(error: &Error) -> Kind {
    if let Some(code) = error.status() {
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        return Kind::Answer(Answer::new(code.into(), &text));
    }
    // Whatever the server said instead of an answer is not repeated: it may name somebody.
    Kind::Broken(if error.is_response() {
        "the connection was lost, or the server's answer cannot be read".to_owned()
    } else {
        error.to_string()
    })
}

/// A positive answer other than the one expected means that the two sides are out of step: nothing may be concluded from it.
fn expect(stage: Stage, answer: &Response, code: u16) -> Result<(), Failure> {
    if answer.has_code(code) {
        return Ok(());
    }
    Err(Failure {
        stage,
        kind: Kind::Broken(format!(
            "the server answered {} where {code} is expected",
            answer.code()
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_in_any_case() {
        let answer: Response = "250-mx.example\r\n250-Size 1000\r\n250-dsn\r\n250 8BITMIME\r\n"
            .parse()
            .unwrap();
        let offers = Offers::read(&answer);
        assert_eq!(
            offers,
            Offers {
                dsn: true,
                smtputf8: false,
                eight_bit: true,
                size: Some(1000)
            }
        );
        let answer: Response = "250-DSN\r\n250 SIZE 0\r\n".parse().unwrap();
        assert_eq!(Offers::read(&answer), Offers::default());
    }
}
