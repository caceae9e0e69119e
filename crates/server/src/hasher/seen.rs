//! What the pool shows to metrics as it happens, in closed words. Decides nothing.

#[cfg(test)]
mod tests;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::{Crowd, Lane};
use crate::metrics::labels::Shed;

/// Upper bounds of waits and hashes, in seconds.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// From being queued to a thread, in seconds.
    pub(crate) wait: Histogram,
    /// What a job took, in seconds.
    pub(crate) took: Histogram,
    /// Places refused.
    pub(crate) shed: Family<Shed, Counter>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { wait: Histogram::new(SECONDS), took: Histogram::new(SECONDS), shed: Family::default() }
    }
}

impl Lane {
    /// Its word in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::KnownDevice => "devices",
            Self::Stranger { .. } => "strangers",
        }
    }
}

impl Crowd {
    /// Its word in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Account => "account",
            Self::Source => "source",
            Self::Closing => "closing",
        }
    }
}
