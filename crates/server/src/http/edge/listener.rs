//! Where connections are taken from: a port, or a Unix socket for a proxy on this machine.

use std::io;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::arrived::{Io, Peer};

/// A listener of the public surface.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection of which nothing has been read.
#[derive(Debug)]
pub(crate) enum RawStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// The next connection, and who opened it.
    ///
    /// # Errors
    /// As the system says; want of file descriptors passes.
    pub(crate) async fn accept(&self) -> io::Result<(RawStream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Ok((RawStream::Tcp(stream), Peer::Tcp(peer)))
            }
            Self::Unix(listener) => Ok((RawStream::Unix(listener.accept().await?.0), Peer::Unix)),
        }
    }

    /// Where it listens, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|address| address.to_string()).unwrap_or_default(),
            Self::Unix(listener) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                path.map_or_else(|| "a socket".to_owned(), |path| path.display().to_string())
            }
        }
    }
}

impl RawStream {
    pub(super) fn boxed(self) -> Box<dyn Io> {
        match self {
            Self::Tcp(stream) => Box::new(stream),
            Self::Unix(stream) => Box::new(stream),
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}
