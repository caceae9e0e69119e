//! The sockets of a server: made, passed by systemd, or found in the way.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::{TcpListener, UnixListener};

use crate::cmd::WrongCall;
use crate::config::Config;
use crate::http::edge::listener::Listener;
use crate::systemd::Passed;

/// Longest path of a Unix socket that every system takes, in bytes.
const SOCKET_BYTES_MAX: usize = 100;

/// Connections that may wait to be accepted on a Unix socket.
const BACKLOG: i32 = 1024;

/// Writing by the group, and by everyone else.
const GROUP: u32 = 0o020;
const OTHERS: u32 = 0o002;

/// What names each socket.
pub(super) const ADMIN_SOCKET: &str = "--admin-socket";
pub(super) const METRICS_SOCKET: &str = "metrics.listen";
const PUBLIC_SOCKET: &str = "listen.socket";

/// The listeners of the public surface: those that were passed, or the socket of the configuration, or its port. The
/// configuration learns which address it came to.
pub(super) async fn listeners(config: &mut Config, passed: Passed) -> anyhow::Result<Vec<Listener>> {
    let passed = passed.listeners()?;
    if !passed.is_empty() {
        accept_passed(config, &passed)?;
        return Ok(passed);
    }
    if let Some(path) = &config.listen.socket {
        let mode = config.listen.mode()?;
        refuse_open_folder(path, mode)?;
        return Ok(vec![Listener::Unix(bind_socket(path, mode, PUBLIC_SOCKET)?)]);
    }
    let listeners = bind(config.listen.address).await?;
    config.listen.address = listeners.first().context("no address to listen on")?.local_addr()?;
    Ok(listeners.into_iter().map(Listener::from).collect())
}

/// What was passed must be as safe as what would have been made. An address that other machines reach counts before one
/// that they do not.
fn accept_passed(config: &mut Config, passed: &[Listener]) -> anyhow::Result<()> {
    let mode = config.listen.mode()?;
    let mut addresses = Vec::new();
    for listener in passed {
        match listener {
            Listener::Tcp(listener) => addresses.push(listener.local_addr()?),
            Listener::Unix(listener) => refuse_open_socket(listener, mode)?,
        }
    }
    for address in &addresses {
        config.listen.check_open(*address)?;
    }
    let open = addresses.iter().find(|address| !address.ip().is_loopback());
    if let Some(address) = open.or(addresses.first()) {
        config.listen.address = *address;
    }
    Ok(())
}

/// systemd makes sockets that everyone may open, unless it is told otherwise. Attack: who may open the socket is believed
/// as a proxy, and writes any client's address.
fn refuse_open_socket(listener: &UnixListener, allowed: u32) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let Some(path) = address.as_pathname() else {
        bail!("a Unix socket without a path was passed: everyone on this machine could open it");
    };
    let found = std::fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & OTHERS != 0 || mode & GROUP & !allowed != 0 {
        bail!(
            "the socket {} that was passed has the mode {mode:04o}, and who may open it can write any client's \
             address: set SocketMode=0600 in its unit, or SocketMode=0660, SocketGroup= and listen.socket_mode",
            path.display()
        );
    }
    refuse_open_folder(path, allowed)
}

/// Attack: who may write in a socket's folder puts a socket of their own in its place, and the proxy sends it passwords.
/// A group that the socket's mode lets in is believed here as well.
fn refuse_open_folder(path: &Path, allowed: u32) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let found = std::fs::metadata(folder).with_context(|| format!("cannot look at {}", folder.display()))?;
    let (mode, owner) = (found.permissions().mode() & 0o7777, found.uid());
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        bail!("the folder {} of the socket belongs to another user, who could replace it", folder.display());
    }
    if mode & OTHERS != 0 || mode & GROUP & !allowed != 0 {
        bail!(
            "the folder {0} of the socket has the mode {mode:04o}, and who may write there can put another socket in \
             its place: use a folder of its own, and run chmod 750 {0}",
            folder.display()
        );
    }
    Ok(())
}

/// Binds the address; a loopback one in both families, since `localhost` may mean either.
pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: is another server there? choose another with --listen")
    })?;
    let mut listeners = vec![first];
    let other = match address.ip() {
        IpAddr::V4(ip) if ip == Ipv4Addr::LOCALHOST => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        IpAddr::V6(ip) if ip == Ipv6Addr::LOCALHOST => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => None,
    };
    if let (Some(other), Some(first)) = (other, listeners.first()) {
        let port = first.local_addr()?.port();
        // A machine without the other family still serves this one.
        if let Ok(second) = TcpListener::bind(SocketAddr::new(other, port)).await {
            listeners.push(second);
        }
    }
    Ok(listeners)
}

/// Refuses a path of the admin socket that some systems would cut or reject.
pub(crate) fn refuse_long_socket(path: &Path) -> anyhow::Result<()> {
    refuse_long_path(path, ADMIN_SOCKET)
}

fn refuse_long_path(path: &Path, setting: &str) -> anyhow::Result<()> {
    let bytes = path.as_os_str().len();
    if bytes > SOCKET_BYTES_MAX {
        let what = if setting == ADMIN_SOCKET { "the admin socket's" } else { "a socket's" };
        return Err(WrongCall(format!(
            "{what} path has {bytes} bytes, and a socket can have {SOCKET_BYTES_MAX}: name a shorter one with {setting}"
        ))
        .into());
    }
    Ok(())
}

/// Removes what a dead server has left, and nothing else: not a file that --admin-socket names by mistake, and not the
/// socket of a server on another data folder, whose administrators would then speak to this one.
fn clear_dead_socket(path: &Path, setting: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let Ok(there) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !there.file_type().is_socket() {
        bail!("{} is no socket, and is not removed for one: name another path with {setting}", path.display());
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        bail!("another server answers on {}: name another path with {setting}", path.display());
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove the old socket {}", path.display()))
}

/// Binds a socket that the mode says who may open. `setting` is where its path comes from.
pub(super) fn bind_socket(path: &Path, mode: u32, setting: &str) -> anyhow::Result<UnixListener> {
    refuse_long_path(path, setting)?;
    clear_dead_socket(path, setting)?;
    let made = bound(path, mode).with_context(|| format!("cannot make the socket {}", path.display()))?;
    Ok(made)
}

/// Nobody can connect before the mode is set: it is listened on only then.
fn bound(path: &Path, mode: u32) -> std::io::Result<UnixListener> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    rustix::net::listen(&socket, BACKLOG)?;
    UnixListener::from_std(std::os::unix::net::UnixListener::from(socket))
}
