//! What is read at the moment of a scrape: the clock, the keys, the hash pool, the audit log's tail.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use poundlock_core::time::{Span, Time};
use poundlock_core::timekeeping::Reading;
use poundlock_store::{StoreError, chain};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;

use super::Names;
use super::labels::{OfAlg, State};
use crate::app::App;
use crate::readiness::readiness;

/// How long a scrape waits for the store. Prometheus gives up after ten seconds, and would then know nothing at all.
const STORE_MAX: Duration = Duration::from_secs(3);

/// The states of the clock.
const STATES: [&str; 4] = ["ready", "behind", "jumped", "apart"];

#[derive(Debug, Default)]
pub(super) struct Gauges {
    ready: Gauge,
    clock: Family<State, Gauge>,
    key_age: Family<OfAlg, Gauge<f64, AtomicU64>>,
    hash_places: Gauge,
    hash_memory: Gauge,
    pool_used: Gauge,
    pool_max: Gauge,
    unsealed: Gauge,
    sealed: Gauge,
}

impl Gauges {
    pub(super) fn register(&self, to: &mut Names) {
        to.plain("ready", "1 while /health/ready answers 200", self.ready.clone());
        to.plain("clock_state", "1 for the state that the clock is in", self.clock.clone());
        to.unit("signing_key_age", Unit::Seconds, "Since when the current key signs", self.key_age.clone());
        to.plain("hash_places", "Hashes reserved, queued or running", self.hash_places.clone());
        to.plain("hash_memory_bytes", "Work areas of the hash threads", self.hash_memory.clone());
        to.plain("store_connections", "Connections to PostgreSQL in use", self.pool_used.clone());
        to.plain("store_connections_max", "Connections to PostgreSQL at most; 0 on SQLite", self.pool_max.clone());
        to.plain("audit_unsealed_records", "Records of this node that no chain holds yet", self.unsealed.clone());
        to.plain("audit_sealed_sequence", "The last number of this node's chain", self.sealed.clone());
    }
}

/// Sets every gauge.
pub(crate) async fn gather(app: &App) {
    let gauges = &app.metrics.gauges;
    let reading = app.time.reading();
    let hashing = app.hasher.counts();
    gauges.hash_places.set(whole(hashing.places));
    gauges.hash_memory.set(whole(hashing.memory_kib.saturating_mul(1024)));
    let (used, most) = app.store.pool().unwrap_or_default();
    gauges.pool_used.set(whole(used));
    gauges.pool_max.set(whole(most));
    ages(app, gauges, &reading);
    // At once, so that a scrape waits for the store no longer than for one of the two.
    let (asked, ready) = tokio::join!(tokio::time::timeout(STORE_MAX, ask(app)), readiness(app));
    let answer = asked.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".to_owned())));
    let apart = matches!(&answer, Ok(told) if told.apart);
    let state = state(reading, apart);
    for one in STATES {
        gauges.clock.get_or_create(&State { state: one }).set(i64::from(one == state));
    }
    gauges.ready.set(i64::from(ready.is_ready()));
    if let Ok(told) = answer {
        gauges.unsealed.set(told.unsealed);
        gauges.sealed.set(told.sealed);
    }
}

/// The clock in one word; `apart` is from the database's.
const fn state(reading: Reading, apart: bool) -> &'static str {
    match reading {
        Reading::Ready { .. } if apart => "apart",
        Reading::Ready { .. } => "ready",
        Reading::Behind(_) => "behind",
        Reading::Jumped(_) => "jumped",
    }
}

/// What the store says.
struct Told {
    apart: bool,
    unsealed: i64,
    sealed: i64,
}

async fn ask(app: &App) -> Result<Told, StoreError> {
    let database = app.store.database_time().await?;
    let node = &app.journal.node;
    let head = chain::head(&app.store, node).await?;
    Ok(Told {
        apart: database.is_some_and(|time| crate::timekeeper::is_apart(app.time.skew_from(time))),
        unsealed: chain::tail(&app.store, node).await?,
        sealed: i64::try_from(head.seq).unwrap_or(i64::MAX),
    })
}

fn ages(app: &App, gauges: &Gauges, reading: &Reading) {
    let now: Time = match reading {
        Reading::Ready { now, .. } => *now,
        // The ages are the last thing that matters then; the mark is near enough.
        Reading::Behind(_) | Reading::Jumped(_) => app.time.mark(),
    };
    for (alg, since) in app.keys.load().set.signing_since() {
        let age: Span = now - since;
        let seconds = Duration::from_millis(u64::try_from(age.millis()).unwrap_or(0)).as_secs_f64();
        gauges.key_age.get_or_create(&OfAlg { alg: alg.as_str() }).set(seconds);
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
