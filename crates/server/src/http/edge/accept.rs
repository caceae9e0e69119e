//! The accept loop: one task a connection, a deadline for request headers, a cap on connections, and a shutdown that
//! loses no answer.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// What a listener bears.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How long a client may take to send its request headers (slowloris).
    header_deadline: Duration,
    /// Connections at once.
    connections_max: usize,
    /// How long answers under way may take at shutdown.
    drain: Duration,
}

const LIMITS: Limits =
    Limits { header_deadline: Duration::from_secs(10), connections_max: 4096, drain: Duration::from_secs(10) };

/// Serves TCP until `stop`.
pub(crate) async fn tcp(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) {
    serve(listener, router, stop, LIMITS).await;
}

async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>, limits: Limits) {
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(limits.connections_max)));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let Ok((stream, peer)) = accepted.inspect_err(|error| tracing::warn!(%error, "cannot accept")) else {
            // Out of file descriptors: let some connections end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Over the cap a connection is closed at once, which costs less than keeping it waiting.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let _ = stream.set_nodelay(true);
        let service = with_peer(router.clone(), peer);
        let connection = connection(limits).serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that hangs up or sends garbage ends its own connection; there is nothing to do about it.
            let _ = connection.await;
            drop(place);
        });
    }
    // Who comes now is refused at once and can go to another node, rather than wait for an end.
    drop(listener);
    drain(graceful, limits.drain).await;
}

/// Serves a Unix socket until `stop`.
pub(crate) async fn unix(listener: UnixListener, router: Router, mut stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let Ok((stream, _)) = accepted.inspect_err(|error| tracing::warn!(%error, "cannot accept")) else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if !is_own_peer(&stream) {
            tracing::warn!("a process of another user came to the admin socket and was turned away");
            continue;
        }
        let connection =
            connection(LIMITS).serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
    drop(listener);
    drain(graceful, LIMITS.drain).await;
}

fn connection(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_deadline).max_headers(64);
    builder
}

/// The admin socket obeys the user it runs as, and root: nobody else, whatever the file's mode says.
fn is_own_peer(stream: &tokio::net::UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

fn with_peer(
    router: Router,
    peer: SocketAddr,
) -> impl tower::Service<
    hyper::Request<hyper::body::Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future = impl Future<Output = Result<axum::response::Response, std::convert::Infallible>> + Send,
> + Clone
+ Send {
    router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    })
}

async fn drain(graceful: GracefulShutdown, most: Duration) {
    if tokio::time::timeout(most, graceful.shutdown()).await.is_err() {
        tracing::warn!("some answers were still under way at shutdown");
    }
}
