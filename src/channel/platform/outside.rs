//! Where files may be fetched from and put: what the platform names leads out of the network that Greffier stands in, not
//! into it.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Url;

use super::client::Client;

impl Client {
    /// Whether a file may be asked for at `to`, or put there, which the instance names itself or to which it is sent on
    /// `from` elsewhere. The instance's own address is always good, and one that stands within a network may have its files
    /// there too.
    pub(super) async fn may_follow(&self, from: Option<&Url>, to: &Url) -> bool {
        if !self.may_reach(to) {
            return false;
        }
        let own = to.origin() == self.endpoint.origin();
        if own || from.is_some_and(|from| from.origin() == to.origin()) {
            return true;
        }
        match is_inside(to, self.proxied).await {
            Some(false) => true,
            _ => from.is_none() && is_inside(&self.endpoint, self.proxied).await == Some(true),
        }
    }
}

/// Whether an address is, even in part, one of a network that is not public; none where that cannot be seen. Behind a proxy
/// names are the proxy's to look up.
async fn is_inside(url: &Url, proxied: bool) -> Option<bool> {
    if let Some(address) = address(url) {
        return Some(!is_public(address));
    }
    let host = url.host_str()?;
    if proxied {
        return Some(false);
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let mut addresses = tokio::net::lookup_host((host, port)).await.ok()?.peekable();
    addresses.peek()?;
    Some(!addresses.all(|address| is_public(address.ip())))
}

/// Whether `url` is on this machine, by its number.
pub(super) fn is_loopback(url: &Url) -> bool {
    address(url).is_some_and(|address| address.is_loopback())
}

/// The address that `url` has in place of a name.
fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok()
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || shared
                || first == 0
                || first >= 240)
        }
        IpAddr::V6(address) => {
            let v4 = |high: u16, low: u16| {
                let address = u32::from(high) << 16 | u32::from(low);
                is_public(IpAddr::V4(Ipv4Addr::from(address)))
            };
            match address.segments() {
                // NAT64 (RFC 6052) and the oldest form lead to the IPv4 address in their end, 6to4 to that after its prefix.
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => {
                    return v4(high, low);
                }
                [0x2002, high, low, ..] => return v4(high, low),
                // NAT64 of a network's own (RFC 8215), and addresses of a site.
                [0x64, 0xff9b, 1, ..] | [0xfec0..=0xfeff, ..] => return false,
                _ => {}
            }
            !(address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;
    use super::*;

    #[test]
    fn what_is_inside_is_not_public() {
        for inside in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "::ffff:192.168.1.1",
            "64:ff9b::a01:203",
            "64:ff9b:1::a01:203",
            "::",
            "::10.1.2.3",
            "2002:a01:203::1",
            "fec0::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "192.0.78.1",
            "2001:4860:4860::8888",
            "64:ff9b::c000:4e01",
            "2002:c000:4e01::1",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    fn client(text: &str) -> Client {
        let settings: Settings = toml::from_str(&format!("token_file = \"t\"\n{text}")).unwrap();
        Client::new(&settings).unwrap()
    }

    #[tokio::test]
    async fn no_address_leads_inside_but_from_inside() {
        let url = |text: &str| Url::parse(text).unwrap();
        let first = async |client: &Client, to: &str| client.may_follow(None, &url(to)).await;
        let public = client("url = \"https://192.0.78.1\"");
        assert!(first(&public, "https://192.0.78.1/f").await);
        assert!(first(&public, "https://192.0.78.2/f").await);
        for inside in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[64:ff9b::7f00:1]",
            "2130706433",
            "0x7f.1",
        ] {
            assert!(
                !first(&public, &format!("https://{inside}/f")).await,
                "{inside}"
            );
            let (from, to) = (
                url("https://192.0.78.2/f"),
                url(&format!("https://{inside}/f")),
            );
            assert!(!public.may_follow(Some(&from), &to).await, "{inside}");
        }
        assert!(!first(&public, "http://192.0.78.2/f").await);
        // One that stands inside has its files there, and sends nobody on to what is beside them.
        let inside = client("url = \"https://10.0.0.1\"");
        assert!(first(&inside, "https://10.0.0.2/f").await);
        let (from, to) = (url("https://10.0.0.2/f"), url("https://10.0.0.3/f"));
        assert!(!inside.may_follow(Some(&from), &to).await);
        // No name is looked up here that the proxy looks up.
        let behind = client("url = \"https://d.invalid\"\nproxy = \"http://proxy.invalid:3128\"");
        assert!(first(&behind, "https://files.invalid/f").await);
        assert!(!first(&behind, "https://10.0.0.1/f").await);
    }
}
