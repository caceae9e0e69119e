//! A server under way: listeners, jobs, and an end that loses no answer.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, bail};
use poundlock_core::audit::Event;
use poundlock_core::seal::MasterKey;
use poundlock_store::Options;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app::SharedApp;
use crate::boot::{self, DataLock};
use crate::clock::Clock;
use crate::cmd::WrongCall;
use crate::config::{Config, MetricsAt};
use crate::http::edge::accept::{self, Door};
use crate::http::edge::places::Places;
use crate::http::{admin, metrics, routes};
use crate::jobs;
use crate::metrics::Connections;

/// Longest path of a Unix socket that every system takes, in bytes.
const SOCKET_BYTES_MAX: usize = 100;

/// A running server.
pub(crate) struct Serving {
    pub(crate) app: SharedApp,
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// Unix sockets to remove at the end.
    sockets: Vec<PathBuf>,
    signals: Option<Signals>,
    _lock: DataLock,
}

/// SIGINT and SIGTERM, from the moment they are heard.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Serving {
    /// Starts everything. `lock` is the data folder's, already taken.
    pub(crate) async fn start(mut config: Config, master: MasterKey, lock: DataLock) -> anyhow::Result<Self> {
        let listeners = bind(config.listen.address).await?;
        let address = listeners.first().context("no address to listen on")?.local_addr()?;
        config.listen.address = address;
        let socket = config.admin_socket();
        let watch_at = config.metrics.at()?;
        let app = boot::boot(config, master, Clock::start(), &Options::default()).await?;
        // Before anything says that it started: without its socket a server does not serve.
        let admin = bind_socket(&socket)?;
        if let Ok(now) = app.time.now() {
            boot::note(&app, Event::ServerStarted, now).await?;
        }
        let (stop, stopped) = watch::channel(false);
        let mut tasks = jobs::start(&app, &stopped);
        let door = door(&app);
        for listener in listeners {
            tasks.spawn(accept::tcp(listener, door.clone(), stopped.clone()));
        }
        let (own, limits) = (SharedApp::clone(&app), Arc::new(door.limits.of_admin()));
        let metrics_socket = show_metrics(watch_at, &app, &door, (&mut tasks, &stopped)).await?;
        tasks.spawn(accept::unix(admin, admin::router(own), limits, stopped));
        let sockets = std::iter::once(socket).chain(metrics_socket).collect();
        Ok(Self { app, address, stop, tasks, sockets, signals: None, _lock: lock })
    }

    /// From here on SIGINT and SIGTERM end the server in order. Called before anyone is told that it serves: who then
    /// sends a signal at once must not kill it half-way. Not called while a person is asked: Ctrl-C must work there.
    pub(crate) fn hear_signals(&mut self) -> anyhow::Result<()> {
        if self.signals.is_none() {
            let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            self.signals = Some(Signals { interrupt, terminate });
        }
        Ok(())
    }

    /// Waits for SIGINT or SIGTERM, says that it stops for as long as a balancer needs to notice, then ends.
    pub(crate) async fn until_told(mut self) -> anyhow::Result<()> {
        self.hear_signals()?;
        if let Some(signals) = &mut self.signals {
            signals.next().await;
            self.app.stopping.store(true, Ordering::SeqCst);
            let until_noticed = Duration::from_secs(u64::from(self.app.config.listen.stopping_seconds));
            // Who sends a second signal is in a hurry.
            let _ = timeout(until_noticed, signals.next()).await;
        }
        self.end().await
    }

    /// Lets answers under way leave, says goodbye in the audit log, seals it, and stores the clock's mark.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        // The receivers may all be gone already; then there is nothing left to stop.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        self.await_flows().await;
        self.app.refusals.flush(None);
        if let Ok(now) = self.app.time.now() {
            boot::note(&self.app, Event::ServerStopped, now).await?;
        }
        jobs::sealer::finish(&self.app).await?;
        boot::store_mark(&self.app).await?;
        self.app.store.close().await;
        for socket in &self.sockets {
            let _ = std::fs::remove_file(socket);
        }
        Ok(())
    }

    /// Waits for flows whose callers hung up: what they write belongs before the last record. A store that does not
    /// answer must not hold up the end for ever, and then has what it had.
    async fn await_flows(&self) {
        let most = self.app.config.listen.limits.drain;
        if timeout(most, self.app.flows.ended()).await.is_err() {
            tracing::warn!("some requests were still being decided at shutdown");
        }
    }
}

/// What all public listeners share.
fn door(app: &SharedApp) -> Door {
    let listen = &app.config.listen;
    Door {
        router: routes::public(SharedApp::clone(app)),
        limits: Arc::new(listen.limits.clone()),
        places: Places::new(&listen.limits, &listen.behind, app.metrics.connections()),
    }
}

/// Binds the address; a loopback one in both families, since `localhost` may mean either.
async fn bind(address: SocketAddr) -> anyhow::Result<Vec<TcpListener>> {
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

/// Starts the metrics listener, if one is wanted. Gives its socket's path, to be removed at the end.
async fn show_metrics(
    at: Option<MetricsAt>,
    app: &SharedApp,
    door: &Door,
    (tasks, stopped): (&mut JoinSet<()>, &watch::Receiver<bool>),
) -> anyhow::Result<Option<PathBuf>> {
    let router = metrics::router(SharedApp::clone(app));
    let limits = Arc::clone(&door.limits);
    match at {
        None => Ok(None),
        Some(MetricsAt::Unix(path)) => {
            tasks.spawn(accept::unix(bind_socket(&path)?, router, limits, stopped.clone()));
            Ok(Some(path))
        }
        Some(MetricsAt::Tcp(address)) => {
            let listener = bind_metrics(address).await?;
            // Places of its own: a full house must not keep the one away who counts it.
            let places = Places::new(&limits, &[], Connections::default());
            tasks.spawn(accept::tcp(listener, Door { router, limits, places }, stopped.clone()));
            Ok(None)
        }
    }
}

async fn bind_metrics(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    let listener = listener
        .with_context(|| format!("cannot show metrics on {address}: is another server there? change metrics.listen"))?;
    tracing::info!("showing metrics on http://{}/metrics", listener.local_addr()?);
    Ok(listener)
}

/// Refuses a path that some systems would cut or reject.
pub(crate) fn refuse_long_socket(path: &Path) -> anyhow::Result<()> {
    let bytes = path.as_os_str().len();
    if bytes > SOCKET_BYTES_MAX {
        return Err(WrongCall(format!(
            "the admin socket's path has {bytes} bytes, and a socket can have {SOCKET_BYTES_MAX}: \
             name a shorter one with --admin-socket"
        ))
        .into());
    }
    Ok(())
}

/// Removes what a dead server has left, and nothing else: not a file that --admin-socket names by mistake, and not the
/// socket of a server on another data folder, whose administrators would then speak to this one.
fn clear_dead_socket(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let Ok(there) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !there.file_type().is_socket() {
        bail!("{} is no socket, and is not removed for one: name another path with --admin-socket", path.display());
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        bail!("another server answers on {}: name another path with --admin-socket", path.display());
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove the old socket {}", path.display()))
}

/// Binds the admin socket, for its owner alone.
fn bind_socket(path: &Path) -> anyhow::Result<UnixListener> {
    refuse_long_socket(path)?;
    clear_dead_socket(path)?;
    let listener = UnixListener::bind(path).with_context(|| format!("cannot make the socket {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
