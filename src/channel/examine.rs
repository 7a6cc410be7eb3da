//! A mail before it is taken in: looked at by the virus scanner and by whoever checks senders.

use std::sync::Arc;

use super::Inbox;
use super::authenticate::{Arrival, Authenticator};
use super::clamd::Away;
use crate::mail;
use crate::message::{Authentication, Scan};

/// What is known of a mail from outside of it, for [`MailIn`](crate::message::MailIn).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examined {
    /// What the virus scanner says; none where there is no scanner.
    pub scan: Option<Scan>,
    /// Whether the domain of its `From` answers for it; none where nobody looks.
    pub authentication: Option<Authentication>,
}

impl Inbox {
    /// The same, with the senders of mail checked.
    #[must_use]
    pub fn checked_by(self, authenticator: Authenticator) -> Self {
        Self {
            authenticator: Some(authenticator),
            ..self
        }
    }

    /// Examines a mail as it came, before any trace line of ours stands above it. Its octets are handed back.
    pub async fn examine(
        &self,
        octets: Vec<u8>,
        arrival: Arrival,
    ) -> Result<(Vec<u8>, Examined), Away> {
        let (octets, scan) = self.scan_mail(octets).await?;
        let (octets, authentication) = self.check(octets, arrival).await;
        let examined = Examined {
            scan,
            authentication,
        };
        Ok((octets, examined))
    }

    /// Checks the sender of a mail of which the header is enough. Its octets are handed back.
    pub async fn check(
        &self,
        octets: Vec<u8>,
        arrival: Arrival,
    ) -> (Vec<u8>, Option<Authentication>) {
        let Some(authenticator) = &self.authenticator else {
            return (octets, None);
        };
        let (octets, authentication) = authenticator.check(octets, arrival).await;
        (octets, Some(authentication))
    }

    /// What the scanner says of a mail and of everything that will be taken out of it: the worst of it.
    async fn scan_mail(&self, octets: Vec<u8>) -> Result<(Vec<u8>, Option<Scan>), Away> {
        let Some(mut scan) = self.scan(&octets).await? else {
            return Ok((octets, None));
        };
        let octets = Arc::new(octets);
        let mail = Arc::clone(&octets);
        // Off the async threads: a mail may be large.
        let taken_out = tokio::task::spawn_blocking(move || mail::contained(&mail)).await;
        let Ok(contained) = taken_out else {
            tracing::error!("What a mail holds cannot be taken out for the virus scanner");
            return Ok((unshared(octets), Some(worse(scan, Scan::NotScanned))));
        };
        for content in contained {
            if matches!(scan, Scan::Infected { .. }) {
                break;
            }
            if let Some(found) = self.scan(&content).await? {
                scan = worse(scan, found);
            }
        }
        Ok((unshared(octets), Some(scan)))
    }
}

fn unshared(octets: Arc<Vec<u8>>) -> Vec<u8> {
    Arc::try_unwrap(octets).unwrap_or_else(|octets| octets.to_vec())
}

fn worse(one: Scan, other: Scan) -> Scan {
    match (one, other) {
        (infected @ Scan::Infected { .. }, _) | (_, infected @ Scan::Infected { .. }) => infected,
        (Scan::NotScanned, _) | (_, Scan::NotScanned) => Scan::NotScanned,
        (Scan::Clean, Scan::Clean) => Scan::Clean,
    }
}
