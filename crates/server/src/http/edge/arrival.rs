//! From an accepted connection to one that can be served: the PROXY header if one is asked for, then TLS if it ends
//! here, both under one deadline. What is not as it should be is closed without a word.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;

use super::arrived::{Arrived, Io, Peer, Protocol};
use super::client_ip::Network;
use super::listener::RawStream;
use super::proxy_header::{self, HEAD_BYTES, Malformed, Told};
use super::via::Via;

/// What is asked of a connection before it is served.
#[derive(Default)]
pub(crate) struct ArrivalSettings {
    /// Who may send a PROXY header.
    pub(crate) behind: Vec<Network>,
    /// Whether each connection must begin with a PROXY header.
    pub(crate) proxy_protocol: bool,
    /// Ends TLS; without it connections are plain.
    pub(crate) tls: Option<TlsAcceptor>,
    /// For header and handshake together.
    pub(crate) deadline: Duration,
    pub(crate) refused: Refused,
}

/// How many connections were closed for their PROXY header. Logged at 1, 2, 4, 8 and so on: a flood of them must not
/// fill the log.
#[derive(Debug, Default)]
pub(crate) struct Refused(AtomicU64);

/// Makes a connection ready, or closes it.
pub(crate) async fn prepare(stream: RawStream, peer: Peer, settings: &ArrivalSettings) -> Option<Arrived> {
    let ready = async {
        let mut io = stream.boxed();
        let via = if settings.proxy_protocol {
            introduced(&mut io, peer, settings).await?
        } else {
            Via { peer, secure: false }
        };
        match &settings.tls {
            Some(acceptor) => secured(io, via.peer, acceptor).await,
            None => Some(Arrived { io, peer: via.peer, protocol: Protocol::Http1, secure: via.secure }),
        }
    };
    tokio::time::timeout(settings.deadline, ready).await.ok().flatten()
}

/// Reads who is behind the proxy. Only a proxy that was named is heard at all.
async fn introduced(io: &mut Box<dyn Io>, peer: Peer, settings: &ArrivalSettings) -> Option<Via> {
    let direct = Via { peer, secure: false };
    if !direct.is_behind(&settings.behind) {
        settings
            .refused
            .note(peer, "it is not in listen.behind, and only proxies may come to a port with listen.proxy_protocol");
        return None;
    }
    match told(io).await.ok()? {
        Ok(Told::Local) => Some(direct),
        Ok(Told::Client { address, tls }) => {
            // Never Peer::Unix: who comes to a socket of the proxy's was not let in by the mode of ours.
            Some(Via { peer: address.map_or(Peer::Unnamed, Peer::Tcp), secure: tls })
        }
        Err(malformed) => {
            settings.refused.note(peer, &malformed.to_string());
            None
        }
    }
}

/// Reads the header and not a byte more: what follows is TLS or HTTP.
async fn told(io: &mut Box<dyn Io>) -> io::Result<Result<Told, Malformed>> {
    let mut head = [0; HEAD_BYTES];
    io.read_exact(&mut head).await?;
    let rest_bytes = match proxy_header::rest_bytes(&head) {
        Ok(bytes) => bytes,
        Err(malformed) => return Ok(Err(malformed)),
    };
    let mut rest = vec![0; rest_bytes];
    io.read_exact(&mut rest).await?;
    Ok(proxy_header::parse(&head, &rest))
}

async fn secured(io: Box<dyn Io>, peer: Peer, acceptor: &TlsAcceptor) -> Option<Arrived> {
    // Scanners and old clients fail here all day; there is nothing for an operator to do about it.
    let stream = acceptor.accept(io).await.inspect_err(|error| tracing::debug!(?peer, %error, "no TLS")).ok()?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let protocol = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
    Some(Arrived { io: Box::new(stream), peer, protocol, secure: true })
}

impl Refused {
    fn note(&self, peer: Peer, why: &str) {
        let count = self.0.fetch_add(1, SeqCst) + 1;
        if count.is_power_of_two() {
            let from = match peer {
                Peer::Tcp(address) => address.ip().to_canonical().to_string(),
                Peer::Unix | Peer::Unnamed => "the socket".to_owned(),
            };
            tracing::warn!(count, "a connection from {from} was closed: {why}");
        }
    }

    /// How many so far.
    #[cfg(test)]
    fn count(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

/// Shared by all listeners.
pub(crate) type Arrivals = Arc<ArrivalSettings>;
