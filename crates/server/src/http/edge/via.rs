//! By which way a request came: the only place that reads what the connection left on it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

use super::arrived::Peer;
use super::client_ip::{Network, client_ip, forwarded_ip};
use super::connection::Secured;

/// The way of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Via {
    pub(crate) peer: Peer,
    /// TLS ended here, or at a proxy whose PROXY header vouches for it.
    pub(crate) secure: bool,
}

impl Via {
    /// Reads it; `None` where a router is driven without a connection.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        let of_tcp = || extensions.get::<ConnectInfo<SocketAddr>>().map(|info| Peer::Tcp(info.0));
        let peer = extensions.get::<Peer>().copied().or_else(of_tcp)?;
        Some(Self { peer, secure: extensions.get::<Secured>().is_some() })
    }

    /// The peer's own address, if it has one that is known.
    pub(crate) fn peer_ip(self) -> Option<IpAddr> {
        match self.peer {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix | Peer::Unnamed => None,
        }
    }

    /// Whether a proxy speaks that was named. Who can open the Unix socket was let in by its mode.
    pub(crate) fn is_behind(self, trusted: &[Network]) -> bool {
        match self.peer {
            Peer::Unix => true,
            Peer::Unnamed => false,
            Peer::Tcp(address) => trusted.iter().any(|network| network.contains(address.ip())),
        }
    }

    /// The client's address. On a Unix socket whose proxy names none it is unknown, and the limits for unknown sources
    /// apply (THR-08).
    pub(crate) fn client_ip(self, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
        match self.peer {
            Peer::Unix => forwarded_ip(headers, trusted),
            Peer::Unnamed => None,
            Peer::Tcp(address) => client_ip(Some(address.ip()), headers, trusted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(peer: Peer) -> Via {
        Via { peer, secure: false }
    }

    fn forwarded(text: &str) -> HeaderMap {
        HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), text.parse().unwrap())])
    }

    #[test]
    fn thr_07_a_unix_socket_may_forward_an_address_and_a_stranger_may_not() {
        let stranger = via(Peer::Tcp("203.0.113.9:1".parse().unwrap()));
        let headers = forwarded("198.51.100.7");
        assert_eq!(via(Peer::Unix).client_ip(&headers, &[]), Some("198.51.100.7".parse().unwrap()));
        assert_eq!(stranger.client_ip(&headers, &[]), Some("203.0.113.9".parse().unwrap()));
        assert!(via(Peer::Unix).is_behind(&[]) && !stranger.is_behind(&[]));
        let everyone = [Network::parse("0.0.0.0/0").unwrap(), Network::parse("::/0").unwrap()];
        let unnamed = via(Peer::Unnamed);
        assert_eq!(unnamed.client_ip(&headers, &everyone), None, "a proxy's own process is no proxy of ours");
        assert!(!unnamed.is_behind(&everyone));
    }

    #[test]
    fn thr_08_a_unix_socket_whose_proxy_names_nobody_is_an_unknown_source() {
        for headers in [HeaderMap::new(), forwarded("unknown"), forwarded("")] {
            assert_eq!(via(Peer::Unix).client_ip(&headers, &[]), None, "{headers:?}");
        }
    }

    #[test]
    fn what_the_connection_left_is_read_back() {
        let mut extensions = Extensions::new();
        assert_eq!(Via::of(&extensions), None);
        let address: SocketAddr = "127.0.0.1:7".parse().unwrap();
        extensions.insert(ConnectInfo(address));
        assert_eq!(Via::of(&extensions), Some(via(Peer::Tcp(address))));
        extensions.insert(Peer::Unix);
        extensions.insert(Secured);
        assert_eq!(Via::of(&extensions), Some(Via { peer: Peer::Unix, secure: true }));
    }
}
