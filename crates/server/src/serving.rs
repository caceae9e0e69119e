//! A server under way: listeners, jobs, and an end that loses no answer.

mod doors;
mod sockets;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use poundlock_core::audit::Event;
use poundlock_core::seal::MasterKey;
use poundlock_store::Options;
use tokio::net::UnixListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) use self::sockets::refuse_long_socket;
use self::sockets::{ADMIN_SOCKET, bind_socket};
use crate::app::SharedApp;
use crate::boot::{self, DataLock};
use crate::client::{Client, Way};
use crate::clock::Clock;
use crate::config::Config;
use crate::flow;
use crate::http::edge::accept::{self, Door};
use crate::http::edge::listener::Listener;
use crate::http::{admin, routes};
use crate::jobs;
use crate::systemd::{Notifier, Passed};
use crate::tls::Certificates;

/// A running server.
pub(crate) struct Serving {
    pub(crate) app: SharedApp,
    pub(crate) address: SocketAddr,
    /// Where it listens, for people.
    pub(crate) place: String,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// Unix sockets to remove at the end.
    sockets: Vec<PathBuf>,
    signals: Option<Signals>,
    certificates: Option<Arc<Certificates>>,
    /// Whether its own client can come by the port, as anyone on this machine.
    is_plain_port: bool,
    notifier: Notifier,
    _lock: DataLock,
}

/// What the server is told by, from the moment it is heard.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// SIGHUP, where it does not mean that the terminal is gone.
    reload: Option<Signal>,
}

impl Signals {
    /// The next that ends the server.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Serving {
    /// Starts everything. `lock` is the data folder's, already taken.
    pub(crate) async fn start(config: Config, master: MasterKey, lock: DataLock) -> anyhow::Result<Self> {
        Self::start_on(Passed::default(), config, master, lock).await
    }

    /// The same on sockets that were passed, if any were.
    pub(crate) async fn start_on(
        passed: Passed,
        mut config: Config,
        master: MasterKey,
        lock: DataLock,
    ) -> anyhow::Result<Self> {
        let mut sockets = vec![config.admin_socket()];
        if passed.is_empty() {
            sockets.extend(config.listen.socket.clone());
        }
        let listeners = sockets::listeners(&mut config, passed).await?;
        let certificates = config.listen.tls.as_ref().map(|files| Certificates::load(files, &config.issuer()));
        let certificates = certificates.transpose().context("in [listen.tls]")?;
        let watch_at = config.metrics.at()?;
        let address = config.listen.address;
        flow::admin::backup::clear(&config.data);
        let app = boot::boot(config, master, Clock::start(), &Options::default()).await?;
        // Before anything says that it started: without its socket a server does not serve.
        let admin = bind_socket(&app.config.admin_socket(), 0o600, ADMIN_SOCKET)?;
        if let Ok(now) = app.time.now() {
            boot::note(&app, Event::ServerStarted, now).await?;
        }
        let (stop, stopped) = watch::channel(false);
        let mut tasks = jobs::start(&app, &stopped);
        let door = doors::door(&app, certificates.as_ref())?;
        let is_plain_port = has_plain_port(&listeners, &door);
        let place = listeners.iter().map(Listener::place).collect::<Vec<_>>().join(", ");
        sockets.extend(doors::show_metrics(watch_at, &app, &door, (&mut tasks, &stopped)).await?);
        open(listeners, admin, &app, &door, (&mut tasks, &stopped));
        if let Some(certificates) = &certificates {
            tasks.spawn(jobs::certificates::look_after(Arc::clone(certificates), SharedApp::clone(&app), stopped));
        }
        let notifier = Notifier::of(|name| std::env::var_os(name));
        let (signals, _lock) = (None, lock);
        Ok(Self { app, address, place, stop, tasks, sockets, signals, certificates, is_plain_port, notifier, _lock })
    }

    /// A client of this very server, which need not know the certificate, and is no proxy.
    pub(crate) fn own_client(&mut self) -> anyhow::Result<Client> {
        if self.is_plain_port {
            return Client::to_own(&Way::Port(self.address), &self.app.issuer);
        }
        let path = self.app.config.data.join("up.sock");
        let listener = bind_socket(&path, 0o600, "--data")?;
        let limits = Arc::new(self.app.config.listen.limits.of_admin());
        let router = routes::public(SharedApp::clone(&self.app));
        self.tasks.spawn(accept::unix(listener, router, limits, self.stop.subscribe()));
        self.sockets.push(path.clone());
        Client::to_own(&Way::Socket(path), &self.app.issuer)
    }

    /// From here on SIGINT and SIGTERM end the server in order. Called before anyone is told that it serves: who then
    /// sends a signal at once must not kill it half-way. Not called while a person is asked: Ctrl-C must work there.
    pub(crate) fn hear_signals(&mut self) -> anyhow::Result<()> {
        if self.signals.is_none() {
            let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            self.signals = Some(Signals { interrupt, terminate, reload: None });
        }
        Ok(())
    }

    /// From here on SIGHUP makes the server look at its certificate at once. Not for `up`, which a closed terminal ends.
    pub(crate) fn hear_reload(&mut self) -> anyhow::Result<()> {
        self.hear_signals()?;
        if let Some(signals) = &mut self.signals {
            signals.reload = Some(signal(SignalKind::hangup())?);
        }
        Ok(())
    }

    /// Waits for SIGINT or SIGTERM, says that it stops for as long as a balancer needs to notice, then ends.
    pub(crate) async fn until_told(mut self) -> anyhow::Result<()> {
        self.hear_signals()?;
        self.notifier.ready();
        if let Some(mut signals) = self.signals.take() {
            self.attend(&mut signals).await;
            self.notifier.stopping();
            self.app.stopping.store(true, Ordering::SeqCst);
            let until_noticed = Duration::from_secs(u64::from(self.app.config.listen.stopping_seconds));
            // Who sends a second signal is in a hurry.
            let _ = timeout(until_noticed, signals.end()).await;
        }
        self.end().await
    }

    /// Does what it is told and feeds the watchdog, until it is told to end.
    async fn attend(&self, signals: &mut Signals) {
        let feed = self.notifier.watchdog();
        let mut feeding = tokio::time::interval(feed.unwrap_or(Duration::from_secs(3600)));
        let Signals { interrupt, terminate, reload } = signals;
        loop {
            tokio::select! {
                _ = interrupt.recv() => return,
                _ = terminate.recv() => return,
                () = next(reload) => self.reload().await,
                // It says that the runtime turns. A store that is away is no reason to be killed.
                _ = feeding.tick(), if feed.is_some() => self.notifier.alive(),
            }
        }
    }

    /// Looks at the certificate's files at once.
    async fn reload(&self) {
        self.notifier.reloading();
        if let Some(certificates) = &self.certificates {
            jobs::certificates::look(certificates, &self.app).await;
        }
        self.notifier.ready();
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

/// The next signal; never, where none is heard.
async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn has_plain_port(listeners: &[Listener], door: &Door) -> bool {
    let has_port = listeners.iter().any(|listener| matches!(listener, Listener::Tcp(_)));
    has_port && door.arrivals.tls.is_none() && !door.arrivals.proxy_protocol
}

/// Serves the public and the administrators from now on.
fn open(
    listeners: Vec<Listener>,
    admin: UnixListener,
    app: &SharedApp,
    door: &Door,
    (tasks, stopped): (&mut JoinSet<()>, &watch::Receiver<bool>),
) {
    for listener in listeners {
        tasks.spawn(accept::public(listener, door.clone(), stopped.clone()));
    }
    let limits = Arc::new(door.limits.of_admin());
    tasks.spawn(accept::unix(admin, admin::router(SharedApp::clone(app)), limits, stopped.clone()));
}
