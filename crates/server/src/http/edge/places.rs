//! Places for connections: so many in all, and so many from one source, so that one machine cannot take them all. What
//! was turned away is counted, and logged once a minute: a flood must not fill the log as well.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client_ip::Network;
use super::connection::Ended;
use crate::config::Limits;
use crate::metrics::{Connections, OpenConnection};

/// The part of an IPv6 address that one customer has.
const V6_SOURCE_BITS: u32 = 64;

/// Networks of this machine itself.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];

/// All places of one server.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    per_source_max: usize,
    exempt: Vec<Network>,
    /// Only sources that hold a place, so never more than there are places.
    taken: Mutex<HashMap<IpAddr, usize>>,
    full: AtomicU64,
    source_full: AtomicU64,
    floods: AtomicU64,
    unaccepted: AtomicU64,
    counts: Connections,
}

/// One place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    source: Option<IpAddr>,
    _one: OwnedSemaphorePermit,
    _open: OpenConnection,
}

/// What happened since it was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    full: u64,
    source_full: u64,
    floods: u64,
    unaccepted: u64,
}

impl Places {
    /// Places of which loopback and the proxies in `behind` may take any number.
    pub(crate) fn new(limits: &Limits, behind: &[String], counts: Connections) -> Arc<Self> {
        let exempt = LOOPBACK.into_iter().chain(behind.iter().map(String::as_str)).filter_map(Network::parse);
        Self::exempting(limits, exempt.collect(), counts)
    }

    pub(super) fn exempting(limits: &Limits, exempt: Vec<Network>, counts: Connections) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS))),
            unaccepted: AtomicU64::new(0),
            per_source_max: limits.connections_per_source_max,
            exempt,
            taken: Mutex::default(),
            full: AtomicU64::new(0),
            source_full: AtomicU64::new(0),
            floods: AtomicU64::new(0),
            counts,
        })
    }

    /// A place for a connection on a Unix socket, whose proxy may take any number.
    pub(crate) fn take_any(self: &Arc<Self>) -> Option<Place> {
        let Ok(one) = Arc::clone(&self.free).try_acquire_owned() else {
            self.full.fetch_add(1, SeqCst);
            self.counts.refused("full");
            return None;
        };
        Some(Place { places: Arc::clone(self), source: None, _one: one, _open: self.counts.opened() })
    }

    /// A place for a connection from there, if there is one.
    pub(crate) fn take(self: &Arc<Self>, from: IpAddr) -> Option<Place> {
        let mut place = self.take_any()?;
        place.is_of(from).then_some(place)
    }

    /// Takes account of a connection that the system did not give us, as for want of file descriptors. The first of a
    /// minute is told at once: in a flood there are thousands.
    pub(super) fn cannot_accept(&self, error: &io::Error) {
        if self.unaccepted.fetch_add(1, SeqCst) == 0 {
            tracing::error!(%error, "cannot accept a connection; see docs/edge.md");
        }
    }

    /// Takes account of how a connection ended.
    pub(super) fn note(&self, ended: Ended) {
        if ended == Ended::Flooded {
            self.floods.fetch_add(1, SeqCst);
            self.counts.refused("flood");
        }
    }

    /// Logs what was turned away since the last time, if anything was. Asked once a minute.
    pub(super) fn report(&self) {
        let Tally { full, source_full, floods, unaccepted } = self.tally();
        if full + source_full + floods + unaccepted > 0 {
            tracing::warn!(
                full,
                source_full,
                floods,
                unaccepted,
                "connections were turned away or cut; see docs/edge.md"
            );
        }
    }

    /// Whether no connection has a place.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        Arc::strong_count(&self.free) == 1
    }

    fn tally(&self) -> Tally {
        let [full, source_full, floods, unaccepted] =
            [&self.full, &self.source_full, &self.floods, &self.unaccepted].map(|count| count.swap(0, SeqCst));
        Tally { full, source_full, floods, unaccepted }
    }

    /// The source that an address counts for, unless it is exempt.
    fn source(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        if self.exempt.iter().any(|network| network.contains(address)) {
            return None;
        }
        Some(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let mask = u128::MAX << (128 - V6_SOURCE_BITS);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        })
    }

    fn enter(&self, source: IpAddr) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(source).or_insert(0);
        if *count >= self.per_source_max {
            self.source_full.fetch_add(1, SeqCst);
            self.counts.refused("source");
            return false;
        }
        *count += 1;
        true
    }

    fn leave(&self, source: IpAddr) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&source);
            }
        }
    }
}

impl Place {
    /// Counts the place for the source of this address from now on: a proxy may have named the client (PROXY protocol).
    /// False when that source has all it may have; then the connection is to be closed.
    pub(super) fn is_of(&mut self, address: IpAddr) -> bool {
        let source = self.places.source(address);
        if source == self.source {
            return true;
        }
        if let Some(before) = self.source.take() {
            self.places.leave(before);
        }
        self.source = source.filter(|source| self.places.enter(*source));
        self.source == source
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(source) = self.source {
            self.places.leave(source);
        }
    }
}
