//! The name servers that are asked, with bounds on time and on what is kept.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mail_auth::MessageAuthenticator;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use mail_auth::hickory_resolver::net::NetError;
use mail_auth::hickory_resolver::system_conf::read_system_conf;

/// Answers that are kept at most.
const KEPT: u64 = 4096;
/// How long an answer is kept at most, whatever it says of itself: a key that is withdrawn is soon forgotten.
const KEPT_FOR: Duration = Duration::from_hours(1);
/// How long it is remembered that there is no answer: a record that was missing is soon seen.
const ABSENT_FOR: Duration = Duration::from_mins(5);
/// Port of the DNS (RFC 1035 §4.2).
const PORT: u16 = 53;

/// The address in `text`, with its port or without.
pub(super) fn nameserver(text: &str) -> Option<SocketAddr> {
    let alone = text.parse::<IpAddr>().ok();
    alone
        .map(|address| SocketAddr::new(address, PORT))
        .or_else(|| text.parse().ok())
}

/// Asks `nameservers`, or those of the system where there are none, and each question twice within `limit`.
pub(super) fn open(
    nameservers: &[String],
    limit: Duration,
) -> Result<MessageAuthenticator, NetError> {
    let (servers, mut options) = if nameservers.is_empty() {
        let (system, options) = read_system_conf()?;
        (system.name_servers, options)
    } else {
        let addresses = nameservers.iter().filter_map(|text| nameserver(text));
        (addresses.map(server).collect(), ResolverOpts::default())
    };
    // Names in mail are whole: the search list of this machine has no say in them, nor has its hosts file.
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = limit / 2;
    options.attempts = 1;
    options.cache_size = KEPT;
    options.positive_max_ttl = Some(KEPT_FOR);
    options.negative_max_ttl = Some(ABSENT_FOR);
    options.preserve_intermediates = false;
    MessageAuthenticator::new(config, options)
}

fn server(address: SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_is_an_address_with_a_port_or_without() {
        let read = |text| nameserver(text).map(|address| address.to_string());
        assert_eq!(read("192.0.2.53").as_deref(), Some("192.0.2.53:53"));
        assert_eq!(read("127.0.0.1:5353").as_deref(), Some("127.0.0.1:5353"));
        assert_eq!(read("2001:db8::53").as_deref(), Some("[2001:db8::53]:53"));
        assert_eq!(read("[::1]:5353").as_deref(), Some("[::1]:5353"));
        for wrong in ["", "ns.example", "192.0.2.53:", "192.0.2.53:99999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
