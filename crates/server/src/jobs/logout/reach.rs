//! Which addresses a call of ours may reach. Attack: an application's registration names a host inside the operator's
//! network, or a name that leads there, and has the server knock on its doors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Looks names up, and forgets the addresses that are not to be reached. What is connected to is what was looked at: a
/// name that changes its mind in between gains nothing.
pub(super) struct Resolver {
    private: bool,
}

impl Resolver {
    pub(super) const fn new(private: bool) -> Self {
        Self { private }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| private || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Refuses an address that is written out, which no resolver sees.
pub(super) fn refuse_private(uri: &str, private: bool) -> anyhow::Result<()> {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host
        .strip_prefix('[')
        .map_or_else(|| host.split(':').next().unwrap_or_default(), |six| six.split(']').next().unwrap_or_default());
    let is_private = host.parse::<IpAddr>().is_ok_and(|address| !is_public(address));
    anyhow::ensure!(private || !is_private, "the address is private: set oidc.private_addresses to allow it");
    Ok(())
}

/// An address of the internet at large (RFC 6890 names the others).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_v4(four),
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => is_public_v4(four),
            None => is_public_v6(six),
        },
    }
}

fn is_public_v4(four: Ipv4Addr) -> bool {
    let [a, b, c, _] = four.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let assigned = a == 192 && b == 0 && (c == 0 || c == 2);
    let tests = (a == 198 && (b & 0xfe == 18 || (b == 51 && c == 100))) || (a == 203 && b == 0 && c == 113);
    let local = four.is_private() || four.is_loopback() || four.is_link_local() || a == 0;
    !(local || shared || assigned || tests || a >= 224)
}

fn is_public_v6(six: Ipv6Addr) -> bool {
    let [first, second, ..] = six.segments();
    // 2000::/3 is what is routed, less what carries an IPv4 address in it (Teredo, 6to4) and the examples.
    first & 0xe000 == 0x2000 && first != 0x2002 && !(first == 0x2001 && (second == 0 || second == 0x0db8))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OPS-03.
    #[test]
    fn t_25_only_addresses_of_the_internet_at_large_are_public() {
        for address in ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "2002:7f00:1::",
            "2001:db8::1",
            "64:ff9b::7f00:1",
            "2001::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_that_is_written_out_is_looked_at_too() {
        for uri in ["https://127.0.0.1/x", "http://127.0.0.1:8080/x", "https://10.1.2.3", "http://[::1]:7000/x?y"] {
            assert!(refuse_private(uri, false).is_err(), "{uri}");
            assert!(refuse_private(uri, true).is_ok(), "{uri}");
        }
        for uri in ["https://shop.example/x", "https://1.1.1.1/x"] {
            assert!(refuse_private(uri, false).is_ok(), "{uri}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_here_is_not_followed() {
        let resolve = async |private| Resolver::new(private).resolve("localhost".parse().unwrap()).await.is_ok();
        assert!(!resolve(false).await && resolve(true).await);
    }
}
