//! The accept loops: a place for each connection, one task a connection, and a shutdown that loses no answer.

#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, timeout};

use super::arrival::{self, Arrivals};
use super::arrived::{Arrived, Peer, Protocol};
use super::connection;
use super::listener::{Listener, RawStream};
use super::places::{Place, Places};
use crate::config::Limits;

/// How often what was turned away is logged.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// How long to let some connections end when no other can be accepted.
const BREATHER: Duration = Duration::from_millis(50);

/// How long a connection that has just come may go on to be ready when the server is told to end: its client saw an
/// open port, and may have a request in its hand.
const LATE: Duration = Duration::from_secs(1);

/// What all public listeners share.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) limits: Arc<Limits>,
    pub(crate) places: Arc<Places>,
    pub(crate) arrivals: Arrivals,
}

/// Serves the public until `stop`.
pub(crate) async fn public(listener: Listener, door: Door, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut minute = tokio::time::interval(REPORT_EVERY);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            _ = minute.tick() => {
                door.places.report();
                continue;
            }
            _ = stop.changed() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // Some connections may end first.
            Err(error) => {
                door.places.cannot_accept(&error);
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        // Over the cap a connection is closed at once, which costs less than keeping it waiting.
        let place = match peer {
            Peer::Tcp(address) => door.places.take(address.ip()),
            Peer::Unix | Peer::Unnamed => door.places.take_any(),
        };
        let Some(place) = place else { continue };
        connections.spawn(door.clone().serve(stream, peer, place, stop.clone()));
    }
    // Who comes now is refused at once and can go to another node, rather than wait for an end.
    drop(listener);
    drain(connections, door.limits.drain).await;
    door.places.report();
}

impl Door {
    async fn serve(self, stream: RawStream, peer: Peer, mut place: Place, mut stop: watch::Receiver<bool>) {
        let mut arriving = pin!(arrival::prepare(stream, peer, &self.arrivals));
        let told = async { drop(stop.wait_for(|stop| *stop).await) };
        let arrived = tokio::select! {
            arrived = arriving.as_mut() => arrived,
            () = told => timeout(LATE, arriving).await.ok().flatten(),
        };
        let Some(arrived) = arrived else { return };
        // A proxy may have named another client than the one whose address it came from.
        if let Peer::Tcp(client) = arrived.peer
            && !place.is_of(client.ip())
        {
            return;
        }
        self.places.note(connection::serve(arrived, self.router, self.limits, stop).await);
    }
}

/// Serves a socket for our own user, such as the admin socket, until `stop`.
pub(crate) async fn unix(listener: UnixListener, router: Router, limits: Arc<Limits>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            _ = stop.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(BREATHER).await;
            continue;
        };
        if !is_own_peer(&stream) {
            tracing::warn!("a process of another user came to a socket for this user alone and was turned away");
            continue;
        }
        let arrived = Arrived { io: Box::new(stream), peer: Peer::Unix, protocol: Protocol::Http1, secure: false };
        connections.spawn(connection::serve(arrived, router.clone(), Arc::clone(&limits), stop.clone()));
    }
    drop(listener);
    drain(connections, limits.drain).await;
}

/// The admin socket obeys the user it runs as, and root: nobody else, whatever the file's mode says.
fn is_own_peer(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

/// Waits until the connections have ended, for so long at most; then they are cut.
async fn drain<T: 'static>(mut connections: JoinSet<T>, most: Duration) {
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(most, ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "some answers were still under way at shutdown");
    }
    connections.shutdown().await;
}
