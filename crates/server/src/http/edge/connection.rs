//! One connection, from its first byte to its end: HTTP/1 or HTTP/2 by the library, and the patience that it has no
//! knob for.

mod frames;
mod guarded;
mod pulse;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::sync::watch;
use tower::ServiceExt;

use self::frames::Frames;
use self::guarded::Guarded;
use self::pulse::{Pulse, Sending};
use super::arrived::{Arrived, Peer, Protocol};
use super::caps::HEAD_BYTES_MAX;
use crate::config::Limits;

/// How far the library reads a head before it refuses it by itself, with no body: beyond our own limits, so that a
/// client that is a little over them reads why.
const HEAD_BYTES_READ: u32 = 2 * HEAD_BYTES_MAX;

/// What waits in memory for one HTTP/1 connection, or for one HTTP/2 stream.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Body bytes that may be under way on one HTTP/2 connection.
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;

/// Streams that a client took back before they were looked at, and streams that broke the rules (rapid reset,
/// CVE-2023-44487; RUSTSEC-2024-0003).
const RESETS_MAX: usize = 20;

/// How often a client that speaks HTTP/2 is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a client may take at the end: over HTTP/2 to close after GOAWAY when nothing is under way, over HTTP/1 to
/// send its first request.
const GOODBYE: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Quietly,
    /// The client sent more frames than it may.
    Flooded,
}

/// Marks a request that came over TLS which ended here, or at a proxy whose PROXY header vouches for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secured;

/// Serves one connection to its end. After `stop` what is under way is answered, and then it closes.
pub(super) async fn serve(arrived: Arrived, router: Router, limits: Arc<Limits>, stop: watch::Receiver<bool>) -> Ended {
    let Arrived { io, peer, protocol, secure } = arrived;
    let pulse = Arc::new(Pulse::default());
    let frames = (protocol == Protocol::Http2).then(|| Frames::new(&limits));
    let io = TokioIo::new(Guarded::new(io, Arc::clone(&pulse), frames, limits.stall));
    let beat = Arc::clone(&pulse);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        if let Peer::Tcp(address) = peer {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        if secure {
            request.extensions_mut().insert(Secured);
        }
        answer(router.clone(), request, Arc::clone(&beat))
    });
    match protocol {
        Protocol::Http1 => drive(http1(&limits).serve_connection(io, service), protocol, &pulse, &limits, stop).await,
        Protocol::Http2 => drive(http2(&limits).serve_connection(io, service), protocol, &pulse, &limits, stop).await,
    }
    if pulse.is_flooded() { Ended::Flooded } else { Ended::Quietly }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    pulse: Arc<Pulse>,
) -> Result<Response<Sending>, Infallible> {
    let open = pulse.begin();
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| open.answered(body)))
}

/// How far a connection is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The server stops, and nothing was asked here yet. A first request may have been sent already, and the library
    /// closes a connection of which it has read nothing: it has a moment to be read.
    Late,
    /// The library answers what is under way, and then closes.
    Ending,
}

/// Drives a connection until it ends, the server stops, or patience does.
async fn drive<C: GracefulConnection>(
    connection: C,
    protocol: Protocol,
    pulse: &Pulse,
    limits: &Limits,
    mut stop: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let mut phase = Phase::Open;
    loop {
        let patience = patience(protocol, pulse, limits, phase);
        let unasked = pulse.begun() == 0;
        phase = tokio::select! {
            // A client that hangs up or sends garbage ends its own connection; there is nothing to do about it.
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|stop| *stop), if phase == Phase::Open => {
                if protocol == Protocol::Http1 && unasked { Phase::Late } else { Phase::Ending }
            }
            () = pulse.moved() => if phase == Phase::Late { Phase::Ending } else { continue },
            () = sleep(patience) => match phase {
                Phase::Ending => return,
                Phase::Open if pulse.is_busy() || unasked => return,
                // It rested for long enough: a client is told so, and may have sent a request just now.
                Phase::Open | Phase::Late => Phase::Ending,
            },
        };
        if phase == Phase::Ending {
            connection.as_mut().graceful_shutdown();
        }
    }
}

/// How long nothing may move; `None` where the library itself waits no longer than it may.
fn patience(protocol: Protocol, pulse: &Pulse, limits: &Limits, phase: Phase) -> Option<Duration> {
    if pulse.is_busy() {
        return Some(limits.answer);
    }
    match protocol {
        _ if phase == Phase::Late => Some(GOODBYE),
        Protocol::Http1 => None,
        Protocol::Http2 if phase == Phase::Ending => Some(GOODBYE),
        Protocol::Http2 if pulse.begun() == 0 => Some(limits.header),
        Protocol::Http2 => Some(limits.idle),
    }
}

async fn sleep(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header);
    builder.max_header_size(HEAD_BYTES_READ as usize).max_buf_size(BUFFER_BYTES_MAX);
    builder
}

fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(PING_EVERY).keep_alive_timeout(PING_EVERY);
    builder.max_concurrent_streams(limits.http2_streams_max).max_header_list_size(HEAD_BYTES_READ);
    builder.max_pending_accept_reset_streams(RESETS_MAX).max_local_error_reset_streams(RESETS_MAX);
    builder.initial_connection_window_size(CONNECTION_WINDOW_BYTES).max_send_buf_size(BUFFER_BYTES_MAX);
    builder
}
