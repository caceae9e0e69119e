//! The store's own counts as metrics, read at each scrape.

use std::fmt;

use poundlock_core::audit::Event;
use poundlock_store::{Ended, Meter, Spreading};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::Names;
use super::labels::{Exemplar, OfEvent, Outcome};

pub(super) fn register(to: &mut Names, meter: &Meter) {
    let of = |read| Histogram { meter: meter.clone(), read };
    let commit = of(|meter| (meter.commit_micros(), 1e-6));
    to.unit("store_commit", Unit::Seconds, "From asking for a commit to its answer", commit);
    let shared = of(|meter| (meter.batches_per_commit(), 1.0));
    to.plain("store_batches_per_commit", "Batches that shared one commit of SQLite", shared);
    to.counter("store_commits", "Commits, by how they ended", Commits(meter.clone()));
    to.counter("store_retries", "Batches sent again to PostgreSQL", Retries(meter.clone()));
    to.counter("events", "Audit records in force, by event", Events(meter.clone()));
}

/// A distribution, and what one of its units is in ours.
#[derive(Debug)]
struct Histogram {
    meter: Meter,
    read: fn(&Meter) -> (Spreading, f64),
}

impl EncodeMetric for Histogram {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floating point")]
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let (spread, unit) = (self.read)(&self.meter);
        let bound = |bound: u64| if bound == u64::MAX { f64::INFINITY } else { bound as f64 * unit };
        let buckets: Vec<(f64, u64)> = spread.buckets.iter().map(|(upper, count)| (bound(*upper), *count)).collect();
        encoder.encode_histogram::<Exemplar>(spread.sum as f64 * unit, spread.count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[derive(Debug)]
struct Commits(Meter);

impl EncodeMetric for Commits {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        for end in Ended::ALL {
            let labels = Outcome { outcome: end.as_str() };
            encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&self.0.ended(end), None)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[derive(Debug)]
struct Retries(Meter);

impl EncodeMetric for Retries {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.encode_counter::<NoLabelSet, _, u64>(&self.0.retries(), None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// All events, also those that never happened: a rate is known only from two values, and the first theft must count.
#[derive(Debug)]
struct Events(Meter);

impl EncodeMetric for Events {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        for event in Event::ALL {
            let labels = OfEvent { event: event.name() };
            encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&self.0.recorded(*event), None)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
