//! Whether the domain in the `From` of a mail answers for it: DKIM (RFC 6376), SPF (RFC 7208), DMARC (RFC 7489) and ARC
//! (RFC 8617), asked of the DNS when the mail arrives. The verdict is journalled with the mail, so that it is the same
//! whenever the mail is looked at again.
//!
//! A mail that comes straight from a stranger is checked by all four. One that comes from a mail server of ours, or out of
//! a mailbox, has been seen by that server: the `Authentication-Results` of a trusted one are believed where they decide;
//! else DKIM and ARC are checked, which need no peer. SPF cannot be checked then, so that nothing is known to have failed.

mod dns;
mod policy;
mod signature;
mod verdict;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, SpfResult};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use self::signature::{Hashed, Signatures};
use self::verdict::{Dmarc, Found, Spf};
use crate::mail::trust::{self, in_dns, is_within};
use crate::message::authentication::{Authentication, State};

/// `[authentication]` of `bot.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Asks the DNS. Without it only a trusted relay's word counts.
    pub check: bool,
    /// Addresses of the name servers, each with a port or without; those of the system where empty.
    pub nameservers: Vec<String>,
    /// Seconds for all questions about one mail. What is not answered then is not known.
    pub timeout_seconds: u64,
    /// Domains of forwarders and mailing lists whose ARC seal is believed, with what is below them.
    pub trusted_forwarders: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            check: true,
            nameservers: Vec::new(),
            timeout_seconds: 10,
            trusted_forwarders: Vec::new(),
        }
    }
}

impl Settings {
    /// What is wrong, each with what to write instead.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=60).contains(&self.timeout_seconds) {
            faults.push("authentication.timeout_seconds: write 1 to 60".to_owned());
        }
        for text in &self.nameservers {
            if dns::nameserver(text).is_none() {
                faults.push(format!(
                    "authentication.nameservers: \"{text}\" is no IP address; write one like \"192.0.2.53\" or \"[2001:db8::53]:5353\""
                ));
            }
        }
        for domain in &self.trusted_forwarders {
            if !domain.contains('.') || !is_within(domain, domain) {
                faults.push(format!(
                    "authentication.trusted_forwarders: \"{domain}\" is no domain of one organisation; write one like \"lists.example.fr\""
                ));
            }
        }
        faults
    }
}

/// How a mail came to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Straight from somebody who is no mail server of ours.
    Direct {
        /// The address that connected.
        peer: IpAddr,
        /// What it called itself in `HELO` or `EHLO`.
        hello: String,
        /// Reverse-path (RFC 5321), empty for `<>`.
        mail_from: String,
    },
    /// From a mail server of ours, or out of a mailbox.
    Relayed,
}

/// Checks mail on arrival. A clone shares the answers of the DNS that are kept.
#[derive(Clone)]
pub struct Authenticator {
    checker: Arc<Checker>,
}

struct Checker {
    dns: Result<MessageAuthenticator, &'static str>,
    limit: Duration,
    forwarders: Vec<String>,
    relays: Vec<String>,
    hostname: String,
}

impl Authenticator {
    /// One that believes the relays whose authserv-ids (RFC 8601 §2.5) are in `relays`. `hostname` is ours, for the
    /// macros of SPF. Without any name server nothing can be checked: the log says so, and mail is taken all the same.
    pub fn new(settings: &Settings, relays: Vec<String>, hostname: String) -> Self {
        let limit = Duration::from_secs(settings.timeout_seconds);
        let dns = if settings.check {
            dns::open(&settings.nameservers, limit).map_err(|error| {
                tracing::warn!(
                    "No name server is known ({error}): the senders of mail are not checked. Write authentication.nameservers"
                );
                "No name server is known"
            })
        } else {
            Err("Checking is switched off")
        };
        Self {
            checker: Arc::new(Checker {
                dns,
                limit,
                forwarders: settings.trusted_forwarders.clone(),
                relays,
                hostname,
            }),
        }
    }

    /// The octets of `mail`, handed back, and what is known of its sender's domain. It always answers, and in bounded time.
    pub async fn check(&self, mail: Vec<u8>, arrival: Arrival) -> (Vec<u8>, Authentication) {
        let mail = Arc::new(mail);
        let checker = Arc::clone(&self.checker);
        let checked = Arc::clone(&mail);
        // On a task of its own: should the checking ever panic on what somebody sent, the mail is not lost with it.
        let task = tokio::spawn(async move { checker.verdict(&checked, arrival).await });
        let verdict = task.await.unwrap_or_else(|_| {
            tracing::error!("The check of a mail's sender broke off");
            Authentication::unknown("The check broke off")
        });
        if let Some(note) = &verdict.note {
            tracing::info!("The sender of a mail is not known: {note}");
        }
        let mail = Arc::try_unwrap(mail).unwrap_or_else(|mail| mail.to_vec());
        (mail, verdict)
    }
}

impl Checker {
    async fn verdict(&self, mail: &Arc<Vec<u8>>, arrival: Arrival) -> Authentication {
        let direct = matches!(arrival, Arrival::Direct { .. });
        // Whatever a stranger's mail says of itself, a stranger wrote it.
        let relays: &[String] = if direct { &[] } else { &self.relays };
        let claimed = trust::claimed(mail, relays);
        let relay = claimed.relay.unwrap_or_default();
        if relay.state != State::None {
            return relay;
        }
        let Some(from) = claimed.from else {
            return Authentication::unknown("There is no single From address");
        };
        let dns = match &self.dns {
            Ok(dns) => dns,
            Err(_) if relay != Authentication::default() => return relay,
            Err(why) => return Authentication::unknown(why),
        };
        let Some(hashed) = Hashed::of(mail).await else {
            return Authentication::unknown("The header cannot be checked");
        };
        let own = self.examine(dns, &hashed, from, arrival).await;
        if own.state == State::None && own.note.is_none() && relay != Authentication::default() {
            return relay;
        }
        own
    }

    async fn examine(
        &self,
        dns: &MessageAuthenticator,
        hashed: &Hashed<'_>,
        from: String,
        arrival: Arrival,
    ) -> Authentication {
        let signatures = Signatures::read(hashed, &from);
        let deadline = Instant::now() + self.limit;
        let peer = match arrival {
            Arrival::Direct {
                peer,
                hello,
                mail_from,
            } => Some((peer, hello, mail_from)),
            // Nothing to go by, and no question for the DNS.
            Arrival::Relayed if signatures.is_empty() => return Authentication::default(),
            Arrival::Relayed => None,
        };
        let (dkim, forwarder, spf, dmarc) = tokio::join!(
            timeout_at(deadline, signatures.dkim(dns)),
            timeout_at(deadline, signatures.forwarder(dns, &self.forwarders, &from)),
            async {
                match &peer {
                    Some((peer, hello, mail_from)) => {
                        Some(self.spf(dns, deadline, *peer, hello, mail_from).await)
                    }
                    None => None,
                }
            },
            timeout_at(deadline, policy::policy(dns, &from)),
        );
        let dkim = dkim.unwrap_or_default();
        verdict::verdict(&Found {
            from,
            dkim: dkim.passed,
            dkim_known: dkim.known,
            forwarder: forwarder.unwrap_or_default(),
            spf,
            dmarc: dmarc.unwrap_or(Dmarc::Unknown),
        })
    }

    /// SPF for the reverse-path or, where that is empty, for the name in `HELO` (RFC 7208 §2.4): the identity that DMARC
    /// looks at (RFC 7489 §3.1.2).
    async fn spf(
        &self,
        dns: &MessageAuthenticator,
        deadline: Instant,
        peer: IpAddr,
        hello: &str,
        mail_from: &str,
    ) -> Spf {
        let hello: String = hello.chars().take(255).collect();
        let (local, domain) = mail_from.rsplit_once('@').unwrap_or(("", &hello));
        let domain = in_dns(domain);
        let sender = format!("{local}@{domain}");
        let parameters = if mail_from.is_empty() {
            SpfParameters::verify_ehlo(peer, &domain, &self.hostname)
        } else {
            SpfParameters::verify_mail_from(peer, &hello, &self.hostname, &sender)
        };
        let result = timeout_at(deadline, dns.verify_spf(parameters)).await;
        Spf {
            domain,
            result: result.map_or(SpfResult::TempError, |output| output.result()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_order_and_what_is_wrong_is_said() {
        assert_eq!(Settings::default().faults(), Vec::<String>::new());
        let wrong = Settings {
            check: true,
            nameservers: vec!["ns.example".to_owned(), "192.0.2.53".to_owned()],
            timeout_seconds: 0,
            trusted_forwarders: vec!["gouv.fr".to_owned(), "lists.example".to_owned()],
        };
        let faults = wrong.faults();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults.iter().any(|fault| fault.contains("gouv.fr")));
        assert!(faults.iter().any(|fault| fault.contains("ns.example")));
    }
}
