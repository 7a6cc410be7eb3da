//! What went wrong with the homeserver, in so far as it changes what is done next.

use std::time::Duration;

use matrix_sdk::ruma::api::error::{ErrorKind, RetryAfter, UnknownTokenErrorData};
use matrix_sdk::{ClientBuildError, HttpError, RefreshTokenError};

/// Why a call failed. No text of the homeserver is kept: it may name people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The homeserver cannot be reached, or is not well.
    #[error("the homeserver cannot be reached or is not well ({0})")]
    Away(String),
    /// It wants to be left alone for a while.
    #[error("the homeserver asks to wait {} seconds", .0.as_secs())]
    Limited(Duration),
    /// The session is not valid any more; its device is, where `soft` (soft logout).
    #[error(
        "the homeserver does not accept the session any more: run `greffier matrix login --new-device`"
    )]
    LoggedOut {
        /// Whether the same device may log in again.
        soft: bool,
    },
    /// The account or its password is refused.
    #[error("the homeserver refuses the account ({0})")]
    Refused(String),
    /// This one thing is not allowed or not possible.
    #[error("the homeserver refuses ({code})")]
    Denied {
        /// Its error code.
        code: String,
        /// The HTTP status.
        status: u16,
    },
    /// Something of our own failed: the key store, a file.
    #[error("{0}")]
    Local(String),
    /// A person must decide first. What to do is said.
    #[error("{0}")]
    Person(String),
}

impl From<&HttpError> for Fault {
    fn from(error: &HttpError) -> Self {
        match error {
            HttpError::RefreshToken(RefreshTokenError::MatrixAuth(inner)) => {
                match Self::from(&**inner) {
                    // The refresh token itself is refused, in whatever words.
                    Self::Denied { .. } | Self::Refused(_) => Self::LoggedOut { soft: true },
                    fault => fault,
                }
            }
            HttpError::RefreshToken(_) => Self::LoggedOut { soft: true },
            HttpError::Cached(inner) => Self::from(&**inner),
            HttpError::Reqwest(error) => Self::Away(transport(error).to_owned()),
            HttpError::Api(_) => of_api(error),
            HttpError::IntoHttp(_) => Self::Local("a request could not be written".to_owned()),
        }
    }
}

fn transport(error: &matrix_sdk::reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    }
}

fn of_api(error: &HttpError) -> Fault {
    if error.as_uiaa_response().is_some() {
        return Fault::Denied {
            code: "user-interactive authentication".to_owned(),
            status: 401,
        };
    }
    let Some(api) = error.as_client_api_error() else {
        return Fault::Away("its answer cannot be read".to_owned());
    };
    let status = api.status_code.as_u16();
    let Some(kind) = api.error_kind() else {
        return of_status(status, "no error code");
    };
    let code = kind.errcode().to_string();
    match kind {
        ErrorKind::LimitExceeded(data) => Fault::Limited(delay(data.retry_after.as_ref())),
        ErrorKind::UnknownToken(UnknownTokenErrorData { soft_logout, .. }) => {
            Fault::LoggedOut { soft: *soft_logout }
        }
        ErrorKind::MissingToken => Fault::LoggedOut { soft: false },
        ErrorKind::UserDeactivated | ErrorKind::UserLocked | ErrorKind::UserSuspended => {
            Fault::Refused(code)
        }
        // Tchap: the account was not renewed in time.
        _ if code.contains("EXPIRED_ACCOUNT") => Fault::Refused(format!(
            "{code}: the account has expired and must be renewed"
        )),
        _ => of_status(status, &code),
    }
}

fn of_status(status: u16, code: &str) -> Fault {
    match status {
        429 => Fault::Limited(delay(None)),
        500.. => Fault::Away(format!("{status} {code}")),
        _ => Fault::Denied {
            code: code.to_owned(),
            status,
        },
    }
}

fn delay(after: Option<&RetryAfter>) -> Duration {
    let asked = match after {
        Some(RetryAfter::Delay(delay)) => *delay,
        Some(RetryAfter::DateTime(_)) | None => Duration::from_secs(10),
    };
    // A homeserver that asks for hours is asked again sooner.
    asked.clamp(Duration::from_millis(100), Duration::from_mins(15))
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Self::from(&error)
    }
}

impl From<matrix_sdk::Error> for Fault {
    fn from(error: matrix_sdk::Error) -> Self {
        match error {
            matrix_sdk::Error::Http(error) => Self::from(&*error),
            matrix_sdk::Error::WrongRoomState(_) => Self::Denied {
                code: "not in the room".to_owned(),
                status: 403,
            },
            matrix_sdk::Error::AuthenticationRequired => Self::LoggedOut { soft: true },
            // Texts of the libraries name tables and algorithms, and no people.
            matrix_sdk::Error::StateStore(_) | matrix_sdk::Error::CryptoStoreError(_) => {
                Self::Local("the key store cannot be read or written".to_owned())
            }
            _ => Self::Local("the Matrix library could not do it".to_owned()),
        }
    }
}

impl From<ClientBuildError> for Fault {
    fn from(error: ClientBuildError) -> Self {
        match error {
            ClientBuildError::Http(error) => Self::from(&error),
            ClientBuildError::SqliteStore(error) => Self::Person(format!(
                "The Matrix key store cannot be opened ({error}). Its key is in the passphrase file: put back the one that \
                 belongs to it, or restore both from one backup"
            )),
            ClientBuildError::Url(_)
            | ClientBuildError::InvalidServerName
            | ClientBuildError::MissingHomeserver => Self::Person(
                "matrix.homeserver is no address: write one like \"https://matrix.agent.example.fr\""
                    .to_owned(),
            ),
            _ => Self::Away("the homeserver could not be found".to_owned()),
        }
    }
}

impl From<matrix_sdk::StoreError> for Fault {
    fn from(_: matrix_sdk::StoreError) -> Self {
        Self::Local("the key store cannot be read or written".to_owned())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Local(format!(
            "a file cannot be read or written: {}",
            error.kind()
        ))
    }
}
