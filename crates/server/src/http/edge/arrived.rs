//! A connection as the edge serves it, wherever it came from.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

/// What bytes come and go on: a socket, or TLS on one.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection that is ready to be served.
pub(crate) struct Arrived {
    pub(crate) io: Box<dyn Io>,
    pub(crate) peer: Peer,
    pub(crate) protocol: Protocol,
    /// Whether TLS ended here, or at a proxy whose PROXY header vouches for it.
    pub(crate) secure: bool,
}

/// Who is at the other end: the client itself, or the nearest proxy that does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Tcp(SocketAddr),
    /// Whoever may open our own Unix socket.
    Unix,
    /// A client that a PROXY header speaks for and gives no address of. It is nobody's proxy.
    Unnamed,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}
