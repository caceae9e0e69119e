//! The client's address: the peer's own, unless the peer is a proxy that was named. Nobody is trusted by default
//! (THR-07, T-20).

use std::net::IpAddr;

use axum::http::HeaderMap;

/// A network in CIDR form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, or one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().ok()?.to_canonical();
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    /// Whether every address of its family lies in it.
    pub(crate) const fn is_everyone(self) -> bool {
        self.prefix == 0
    }

    /// Whether the address lies in it. A v4 address written as v6 counts as v4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                net.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                net.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The client's address, seen from `peer`. Behind trusted proxies it is the right-most forwarded address that is not a
/// trusted proxy itself: everything left of it is what the client wrote.
pub(crate) fn client_ip(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer?;
    if !is_trusted(peer) {
        return Some(peer.to_canonical());
    }
    forwarded_ip(headers, trusted)
}

/// The client's address as trusted proxies wrote it, which whoever asks has made sure of.
pub(crate) fn forwarded_ip(headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("?")).collect();
    for part in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // What does not read is nobody's, and the limits for unknown sources apply (THR-08). Left of the first hop that
        // is not ours nothing is read at all: there a client could write its way out of the limits of its own address.
        let address = part.trim().parse::<IpAddr>().ok()?;
        if !is_trusted(address) {
            return Some(address.to_canonical());
        }
    }
    None
}

/// Whether a forwarded header came from a peer that nobody named as a proxy.
pub(crate) fn is_unasked(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> bool {
    headers.contains_key("x-forwarded-for")
        && peer.is_some_and(|peer| !trusted.iter().any(|network| network.contains(peer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn t_20_a_forwarded_address_from_a_stranger_has_no_effect() {
        let spoofed = headers(&["1.2.3.4"]);
        assert_eq!(client_ip(Some(ip("9.9.9.9")), &spoofed, &[]), Some(ip("9.9.9.9")));
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        assert_eq!(client_ip(Some(ip("9.9.9.9")), &spoofed, &trusted), Some(ip("9.9.9.9")));
        assert!(is_unasked(Some(ip("9.9.9.9")), &spoofed, &trusted));
    }

    #[test]
    fn thr_07_the_right_most_untrusted_hop_counts() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let peer = Some(ip("10.0.0.1"));
        assert_eq!(client_ip(peer, &headers(&["1.1.1.1, 2.2.2.2, 10.0.0.7"]), &trusted), Some(ip("2.2.2.2")));
        assert_eq!(client_ip(peer, &headers(&["1.1.1.1", "2.2.2.2"]), &trusted), Some(ip("2.2.2.2")));
        assert_eq!(client_ip(peer, &headers(&["::ffff:2.2.2.2"]), &trusted), Some(ip("2.2.2.2")));
    }

    #[test]
    fn t_19_garbage_from_the_client_does_not_hide_its_own_address() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let peer = Some(ip("10.0.0.1"));
        assert_eq!(client_ip(peer, &headers(&["nonsense, 2.2.2.2, 10.0.0.7"]), &trusted), Some(ip("2.2.2.2")));
        assert_eq!(client_ip(peer, &headers(&["nonsense", "2.2.2.2"]), &trusted), Some(ip("2.2.2.2")));
    }

    #[test]
    fn thr_08_a_list_that_does_not_read_is_an_unknown_source() {
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let peer = Some(ip("10.0.0.1"));
        assert_eq!(client_ip(peer, &headers(&["2.2.2.2, nonsense"]), &trusted), None);
        assert_eq!(client_ip(peer, &headers(&[]), &trusted), None);
        assert_eq!(client_ip(None, &headers(&["2.2.2.2"]), &trusted), None);
    }

    #[test]
    fn networks_read_and_contain() {
        assert!(Network::parse("10.0.0.0/33").is_none());
        assert!(Network::parse("ten").is_none());
        assert!(Network::parse("0.0.0.0/0").unwrap().contains(ip("8.8.8.8")));
        assert!(!Network::parse("10.0.0.0/8").unwrap().contains(ip("11.0.0.1")));
        assert!(Network::parse("10.0.0.0/8").unwrap().contains(ip("::ffff:10.1.1.1")));
        assert!(Network::parse("fe80::/10").unwrap().contains(ip("fe80::1")));
    }
}
