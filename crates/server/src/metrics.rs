//! What operators watch: every metric with its name, in one place. `docs/metrics.md` lists the same names, and a test
//! compares the two.
//!
//! What this must never do: take a label from what a client sent. Labels are words of the program (`&'static str`) or
//! the pattern of a route: an account's name would be in every dashboard, and made-up ones would fill the memory.

mod certificate;
mod gather;
pub(crate) mod labels;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode};
use poundlock_core::audit::Event;
use poundlock_core::denial::Denial;
use poundlock_core::jws::Alg;
use poundlock_core::time::Time;
use poundlock_store::Store;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use self::certificate::Expiry;
use self::gather::Gauges;
pub(crate) use self::gather::gather;
use self::labels::{
    AudienceKind, Build, Denied, Exemplar, Minted, Refusal, Refused, Requests, Route, Verdict, method, status_class,
};
use crate::hasher::Seen;

/// Upper bounds of answer times, in seconds.
const SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Upper bounds of the work of building a status list, in seconds.
const BUILD_SECONDS: [f64; 8] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];

type Latency = HistogramWithExemplars<Exemplar>;

/// Every metric of one server. Several servers may run in one process, so nothing here is global.
pub(crate) struct Metrics {
    registry: Registry,
    names: Vec<String>,
    requests: Family<Requests, Latency, fn() -> Latency>,
    refusals: Family<Refusal, Counter>,
    denials: Family<Denied, Counter>,
    minted: Family<Minted, Counter>,
    guard: Family<Verdict, Counter>,
    connections: Connections,
    status_build: Histogram,
    status_bytes: Gauge,
    certificate: Expiry,
    gauges: Gauges,
}

/// What the accept loop counts. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    open: Gauge,
    refused: Family<Refused, Counter>,
}

/// One open connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection(Gauge);

impl Connections {
    /// Counts a connection as open until what is returned is dropped.
    pub(crate) fn opened(&self) -> OpenConnection {
        self.open.inc();
        OpenConnection(self.open.clone())
    }

    /// Counts a connection that was closed at once; `why` is a word of the program.
    pub(crate) fn refused(&self, why: &'static str) {
        self.refused.get_or_create(&Refused { why }).inc();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Registers metrics and keeps their names as Prometheus shows them.
struct Names {
    registry: Registry,
    names: Vec<String>,
}

impl Names {
    fn counter(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.names.push(format!("poundlock_{name}_total"));
        self.registry.register(name, help, metric);
    }

    fn plain(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.names.push(format!("poundlock_{name}"));
        self.registry.register(name, help, metric);
    }

    fn unit(&mut self, name: &str, unit: Unit, help: &str, metric: impl Metric) {
        self.names.push(format!("poundlock_{name}_{}", unit.as_str()));
        self.registry.register_with_unit(name, help, unit, metric);
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub(crate) fn new(store: &Store, hashing: &Seen) -> Self {
        let mut names = Names { registry: Registry::with_prefix("poundlock"), names: Vec::new() };
        let requests = Family::new_with_constructor((|| Latency::new(SECONDS.into_iter())) as fn() -> Latency);
        let metrics = Self {
            registry: Registry::default(),
            names: Vec::new(),
            requests,
            refusals: Family::default(),
            denials: Family::default(),
            minted: Family::default(),
            guard: Family::default(),
            connections: Connections::default(),
            status_build: Histogram::new(BUILD_SECONDS),
            status_bytes: Gauge::default(),
            certificate: Expiry::default(),
            gauges: Gauges::default(),
        };
        metrics.register(&mut names);
        store::register(&mut names, store.meter());
        hashing_names(&mut names, hashing);
        metrics.gauges.register(&mut names);
        // Alerts watch these: an increase is known only from two values, and the first must count.
        for denial in [Denial::Blocked, Denial::Rebind] {
            let _ = metrics.denials.get_or_create(&Denied { event: Event::LoginBlocked.name(), reason: denial.code() });
        }
        let build = Info::new(Build { version: env!("CARGO_PKG_VERSION") });
        names.names.push("poundlock_build_info".to_owned());
        names.registry.register("build", "The version that runs", build);
        Self { registry: names.registry, names: names.names, ..metrics }
    }

    fn register(&self, to: &mut Names) {
        to.unit("http_request", Unit::Seconds, "Answers, by route, method and class of status", self.requests.clone());
        to.counter("refusals", "Answers that refused, by problem type and reason", self.refusals.clone());
        to.counter("denials", "Decisions against a caller, by event and reason", self.denials.clone());
        to.counter("tokens_minted", "Access tokens signed, by kind of audience and algorithm", self.minted.clone());
        to.counter("guard_verdicts", "Attempts admitted or not, by budget and lane", self.guard.clone());
        to.plain("connections_open", "Connections open now", self.connections.open.clone());
        to.counter("connections_refused", "Connections closed at once, by cause", self.connections.refused.clone());
        to.unit("status_list_build", Unit::Seconds, "Making and signing a status list", self.status_build.clone());
        to.plain("status_list_size_bytes", "The status list that was made last, signed", self.status_bytes.clone());
        let help = "When the TLS certificate ends, in seconds since 1970";
        to.unit("tls_certificate_expiry_timestamp", Unit::Seconds, help, self.certificate.clone());
    }

    /// Every name, as Prometheus shows it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// OpenMetrics text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    /// What the accept loop counts.
    pub(crate) fn connections(&self) -> Connections {
        self.connections.clone()
    }

    /// One answer, and how long it took.
    pub(crate) fn answered(
        &self,
        (asked, route): (&Method, Option<&MatchedPath>),
        status: StatusCode,
        took: Duration,
        request: &str,
    ) {
        let labels = Requests { method: method(asked), route: Route::of(route), status: status_class(status) };
        let exemplar = Exemplar { request: request.to_owned() };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64(), Some(exemplar), None);
    }

    /// One refusal as it was answered.
    pub(crate) fn refused(&self, kind: &'static str, reason: &'static str) {
        self.refusals.get_or_create(&Refusal { kind, reason }).inc();
    }

    /// One decision against a caller, whether its record is written by itself or counted.
    pub(crate) fn denied(&self, event: Event, denial: Denial) {
        self.denials.get_or_create(&Denied { event: event.name(), reason: denial.code() }).inc();
    }

    /// One access token.
    pub(crate) fn minted(&self, kind: AudienceKind, alg: Alg) {
        self.minted.get_or_create(&Minted { audience: kind.as_str(), alg: alg.as_str() }).inc();
    }

    /// One attempt that a budget was asked for. All three are words of the program.
    pub(crate) fn verdict(&self, budget: &'static str, lane: &'static str, verdict: &'static str) {
        self.guard.get_or_create(&Verdict { budget, lane, verdict }).inc();
    }

    /// A status list was made.
    pub(crate) fn status_list(&self, bytes: usize, took: Duration) {
        self.status_build.observe(took.as_secs_f64());
        self.status_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The certificate that is shown holds until then.
    pub(crate) fn certificate(&self, until: Time) {
        self.certificate.set(until);
    }
}

fn hashing_names(to: &mut Names, hashing: &Seen) {
    to.unit("hash_wait", Unit::Seconds, "From being queued to a hash thread", hashing.wait.clone());
    to.unit("hash", Unit::Seconds, "One password hash", hashing.took.clone());
    to.counter("hash_shed", "Hashes refused before anything was spent, by lane and cause", hashing.shed.clone());
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metrics({})", self.names.len())
    }
}

/// The metrics as text, with everything that is read at the moment of asking.
pub(crate) async fn scrape(app: &Arc<crate::app::App>) -> Result<String, fmt::Error> {
    gather(app).await;
    app.metrics.text()
}
