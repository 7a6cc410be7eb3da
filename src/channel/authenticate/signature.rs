//! The signatures of a mail: DKIM, and the seals of ARC.

use std::sync::Arc;

use mail_auth::common::crypto::{Algorithm, HashAlgorithm};
use mail_auth::common::headers::Header;
use mail_auth::dkim::Canonicalization;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, dkim};

use crate::mail::trust::{is_same, is_vouched, is_within};

/// Octets of a header section that is looked at.
const HEADER: usize = 128 * 1024;
/// Octets of one signature.
const SIGNATURE: usize = 8 * 1024;
/// Signatures of DKIM that are looked at, the uppermost first: each may cost a question to the DNS.
const SIGNATURES: usize = 10;
/// Seals of ARC in a chain that is looked at.
const SEALS: usize = 10;

/// The hashes of a mail's body, one for each way of hashing that its signatures name.
type Hashes = Vec<(Canonicalization, HashAlgorithm, u64, Vec<u8>)>;

/// A mail whose body has been hashed.
pub(super) struct Hashed<'a> {
    header: &'a [u8],
    hashes: Hashes,
}

impl<'a> Hashed<'a> {
    /// Hashes the body of `mail`, off the async threads. None where the header cannot be read or is too long.
    pub(super) async fn of(mail: &'a Arc<Vec<u8>>) -> Option<Self> {
        let shared = Arc::clone(mail);
        let (end, hashes) = tokio::task::spawn_blocking(move || {
            // Strict: a signature that leaves a part of the body out (`l=`) says nothing of what stands there (RFC 6376
            // §8.2). It counts as none. There are then four ways of hashing at most.
            let message = AuthenticatedMessage::parse_with_opts(&shared, None, true)?;
            Some((message.body_offset(), message.body_hashes))
        })
        .await
        .ok()??;
        let header = mail.get(..end).filter(|header| header.len() <= HEADER)?;
        Some(Self { header, hashes })
    }
}

/// What came of the signatures of DKIM.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dkim {
    /// The domains that signed the mail as it is.
    pub(super) passed: Vec<String>,
    /// Whether there was an answer of the DNS for each of them.
    pub(super) known: bool,
}

/// The signatures that are worth a question to the DNS.
pub(super) struct Signatures<'a> {
    message: Option<AuthenticatedMessage<'a>>,
}

impl<'a> Signatures<'a> {
    /// Those of a mail whose `From` is of the domain `from`.
    pub(super) fn read(hashed: &Hashed<'a>, from: &str) -> Self {
        let mut message = AuthenticatedMessage::parse_with_opts(hashed.header, None, true);
        if let Some(message) = &mut message {
            message.body_hashes.clone_from(&hashed.hashes);
            message.dkim_headers.retain(is_sound);
            message.dkim_headers.truncate(SIGNATURES);
            for signature in &mut message.dkim_headers {
                // Nobody is sent a report (RFC 6651), and nobody else signs for the author (RFC 6541).
                signature.header.r = false;
                signature.header.atps = None;
            }
        }
        // Two readers of one header must see the same sender in it.
        let agrees = |message: &AuthenticatedMessage<'_>| {
            matches!(message.from.as_slice(), [one]
                if one.rsplit_once('@').is_some_and(|(_, domain)| is_same(domain, from)))
        };
        Self {
            message: message.filter(agrees),
        }
    }

    /// Whether there is nothing to ask about.
    pub(super) fn is_empty(&self) -> bool {
        self.message
            .as_ref()
            .is_none_or(|message| message.dkim_headers.is_empty() && message.as_headers.is_empty())
    }

    /// Checks those of DKIM. One that is broken, expired or of no key counts as none (RFC 6376 §6.1).
    pub(super) async fn dkim(&self, dns: &MessageAuthenticator) -> Dkim {
        let Some(message) = &self.message else {
            return Dkim {
                passed: Vec::new(),
                known: true,
            };
        };
        let outputs = dns.verify_dkim(message).await;
        let unanswered = |result: &DkimResult| matches!(result, DkimResult::TempError(_));
        let known = !outputs.iter().any(|output| unanswered(output.result()));
        let passed = outputs
            .iter()
            .filter(|output| *output.result() == DkimResult::Pass)
            .filter_map(|output| output.signature())
            .map(|signature| signature.d.clone());
        Dkim {
            passed: passed.collect(),
            known,
        }
    }

    /// The forwarder, one of `trusted`, who sealed the mail as it is and saw it pass DKIM or DMARC for the domain `from`.
    ///
    /// The last seals of the chain must be theirs: whoever comes after them could have changed the mail and said that it
    /// was so before.
    pub(super) async fn forwarder(
        &self,
        dns: &MessageAuthenticator,
        trusted: &[String],
        from: &str,
    ) -> Option<String> {
        let message = self.message.as_ref()?;
        let is_trusted = |domain: &str| trusted.iter().any(|parent| is_within(domain, parent));
        let last = message.as_headers.last()?;
        let sealed = message.ams_headers.last()?;
        let sound = message.as_headers.len() <= SEALS
            && is_trusted(&last.header.d)
            && is_trusted(&sealed.header.d)
            && signs_from(&sealed.header.h)
            && message
                .ams_headers
                .iter()
                .all(|header| header.value.len() <= SIGNATURE)
            && message
                .as_headers
                .iter()
                .all(|header| header.header.a != Algorithm::RsaSha1)
            && sealed.header.a != Algorithm::RsaSha1;
        if !sound {
            return None;
        }
        let output = dns.verify_arc(message).await;
        if *output.result() != DkimResult::Pass {
            return None;
        }
        let mut theirs = output
            .sets()
            .iter()
            .rev()
            .take_while(|set| is_trusted(&set.seal.header.d));
        theirs
            .any(|set| is_vouched(&String::from_utf8_lossy(set.results.value), from))
            .then(|| last.header.d.clone())
    }
}

/// Whether a signature could prove who wrote the mail: it is over the `From` (RFC 6376 §5.4), not by SHA-1 (RFC 8301 §3.1),
/// and not so long that it was made to keep us busy.
fn is_sound(signature: &Header<'_, dkim::Signature>) -> bool {
    signature.value.len() <= SIGNATURE
        && signature.header.a != Algorithm::RsaSha1
        && signs_from(&signature.header.h)
}

fn signs_from(fields: &[String]) -> bool {
    fields
        .iter()
        .any(|field| field.eq_ignore_ascii_case("from"))
}
