//! What the owner of a domain asks for in the DNS (DMARC).

use std::sync::Arc;

use mail_auth::common::cache::NoCache;
use mail_auth::dmarc::{Alignment, Dmarc, Policy};
use mail_auth::{DnsError, Error, MessageAuthenticator, Txt};

use super::verdict;
use crate::mail::trust::{in_dns, organization};

/// The policy for mail `from` a domain: its own, else that of its organisation for what is below it (RFC 7489 §6.6.3). The
/// names between the two, and the public suffix above, where RFC 9989 also looks, are not asked: a registry's record says
/// nothing of the mail of a commune.
pub(super) async fn policy(dns: &MessageAuthenticator, from: &str) -> verdict::Dmarc {
    let from = in_dns(from);
    match record(dns, &from).await {
        Ok(Some(record)) => return read(&record, record.p),
        Ok(None) => {}
        Err(Silent) => return verdict::Dmarc::Unknown,
    }
    let above = organization(&from).filter(|organization| *organization != from);
    let Some(above) = above else {
        return verdict::Dmarc::None;
    };
    match record(dns, &above).await {
        Ok(Some(record)) => read(&record, record.sp),
        Ok(None) => verdict::Dmarc::None,
        Err(Silent) => verdict::Dmarc::Unknown,
    }
}

/// The DNS did not say.
struct Silent;

/// The record at a domain; one that cannot be read, or names no policy, is none.
async fn record(dns: &MessageAuthenticator, domain: &str) -> Result<Option<Arc<Dmarc>>, Silent> {
    // The resolver keeps answers itself.
    let cache: Option<&NoCache<Box<str>, Txt>> = None;
    match dns
        .txt_lookup::<Dmarc>(format!("_dmarc.{domain}."), cache)
        .await
    {
        Ok(record) if record.p == Policy::Unspecified && record.rua.is_empty() => Ok(None),
        Ok(record) => Ok(Some(record)),
        Err(Error::Dns(DnsError::Resolver(_))) => Err(Silent),
        Err(_) => Ok(None),
    }
}

fn read(record: &Dmarc, policy: Policy) -> verdict::Dmarc {
    let asks = match policy {
        Policy::Reject => true,
        // In test mode the policy is taken down by one step (RFC 9989 §4.7).
        Policy::Quarantine => !record.t,
        Policy::None | Policy::Unspecified => false,
    };
    verdict::Dmarc::Record {
        asks,
        strict_dkim: record.adkim == Alignment::Strict,
        strict_spf: record.aspf == Alignment::Strict,
    }
}
