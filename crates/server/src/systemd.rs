//! What systemd hands over and wants to be told: sockets that it listens on for us, and messages on its notify socket.
//! Without systemd nothing of this happens.

#[cfg(test)]
mod tests;

use std::io;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd::ListenFd;
use rustix::time::{ClockId, clock_gettime};

use crate::http::edge::listener::Listener;

/// Sockets that were passed at start (`LISTEN_FDS`).
#[derive(Debug, Default)]
pub(crate) struct Passed(Vec<Socket>);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Passed {
    /// Takes them. Called once, before there is a second thread: it clears the variables, so that no child takes the
    /// sockets for its own.
    ///
    /// # Errors
    /// A passed descriptor is no listening stream socket, or is named for another use.
    pub(crate) fn take() -> anyhow::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        if names.split(':').any(|name| name == "admin") {
            bail!("a socket with FileDescriptorName=admin was passed: the admin socket is made by the server itself");
        }
        let mut passed = ListenFd::from_env();
        let sockets = (0..passed.len()).map(|index| socket(&mut passed, index)).collect::<anyhow::Result<_>>()?;
        Ok(Self(sockets))
    }

    /// Whether nothing was passed.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As listeners of the runtime that this is called in.
    ///
    /// # Errors
    /// The system does not let them be used without waiting.
    pub(crate) fn listeners(self) -> io::Result<Vec<Listener>> {
        let listener = |socket| match socket {
            Socket::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                Ok(Listener::Tcp(tokio::net::TcpListener::from_std(listener)?))
            }
            Socket::Unix(listener) => {
                listener.set_nonblocking(true)?;
                Ok(Listener::Unix(tokio::net::UnixListener::from_std(listener)?))
            }
        };
        self.0.into_iter().map(listener).collect()
    }
}

fn socket(passed: &mut ListenFd, index: usize) -> anyhow::Result<Socket> {
    if let Ok(Some(listener)) = passed.take_tcp_listener(index) {
        return Ok(Socket::Tcp(listener));
    }
    let listener = passed.take_unix_listener(index).ok().flatten();
    listener.map(Socket::Unix).with_context(|| {
        format!(
            "the socket number {} that was passed is no stream socket: use ListenStream= in the .socket unit",
            index + 1
        )
    })
}

/// The notify socket, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// As the variables say that systemd sets.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Self {
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0);
        let to = variable("NOTIFY_SOCKET").and_then(|name| {
            let address = match name.as_bytes() {
                [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
                _ => SocketAddr::from_pathname(&name),
            };
            Some((UnixDatagram::unbound().ok()?, address.ok()?))
        });
        // Twice as often as it must be, as sd_watchdog_enabled(3) advises.
        Self { watchdog: to.as_ref().and(watchdog).map(|micros| Duration::from_micros(micros.div_ceil(2))), to }
    }

    /// How often to say that the server lives, if anybody asks.
    pub(crate) const fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    pub(crate) fn ready(&self) {
        self.say("READY=1");
    }

    pub(crate) fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    pub(crate) fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// Files are read again; [`Self::ready`] says when that is done. The moment tells this reload from another.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// Whoever started us may have gone, which is no reason to stop.
    fn say(&self, state: &str) {
        if let Some((socket, address)) = &self.to
            && let Err(error) = socket.send_to_addr(state.as_bytes(), address)
        {
            tracing::debug!(%error, "systemd could not be told");
        }
    }
}
