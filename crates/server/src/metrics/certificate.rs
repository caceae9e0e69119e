//! When the certificate that is shown ends: a moment and not a span, so that it stays right while nobody looks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use poundlock_core::time::Time;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// No certificate.
const NONE: i64 = i64::MIN;

/// A gauge that is not there as long as there is no certificate: a server behind a proxy must alarm nobody.
#[derive(Clone, Debug)]
pub(super) struct Expiry(Arc<AtomicI64>);

impl Default for Expiry {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(NONE)))
    }
}

impl Expiry {
    pub(super) fn set(&self, until: Time) {
        self.0.store(until.seconds(), Ordering::Relaxed);
    }
}

impl EncodeMetric for Expiry {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        match self.0.load(Ordering::Relaxed) {
            NONE => Ok(()),
            seconds => encoder.encode_gauge(&seconds),
        }
    }

    fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed) == NONE
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}
