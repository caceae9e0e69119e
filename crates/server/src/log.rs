//! The log: where it goes, in which form, and how loud. Standard error alone; standard output is for answers (AUD-08).

use std::io::IsTerminal;

use anyhow::Context;
use tracing::Metadata;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{Config, LogConfig, LogFormat};

/// How loud anybody else's code may be, whatever the filter says. Attack: at `trace` a library prints the bytes it
/// carries, and with them passwords and tokens (AUD-03).
const OTHERS_MAX: tracing::Level = tracing::Level::INFO;

/// What must live as long as the log does.
#[must_use = "dropped, it sends no more traces"]
#[derive(Default)]
pub(crate) struct Running {
    #[cfg(feature = "otel")]
    _traces: Option<crate::spans::Traces>,
}

/// Starts the log of a command. `quiet` is for those that say what they have to say themselves.
pub(crate) fn start(log: &LogConfig, quiet: bool) -> anyhow::Result<()> {
    begin(vec![lines(log, quiet)?])
}

/// Starts the log of a server, and its traces where the configuration names a collector.
pub(crate) fn start_serving(config: &Config, quiet: bool) -> anyhow::Result<Running> {
    let lines = lines(&config.log, quiet)?;
    #[cfg(feature = "otel")]
    if let Some(endpoint) = &config.trace.endpoint {
        let (spans, traces) = crate::spans::layer(endpoint)?;
        begin(vec![lines, spans])?;
        return Ok(Running { _traces: Some(traces) });
    }
    begin(vec![lines])?;
    Ok(Running::default())
}

type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn begin(layers: Vec<AnyLayer>) -> anyhow::Result<()> {
    let started = tracing_subscriber::registry().with(layers).try_init();
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}

fn lines(log: &LogConfig, quiet: bool) -> anyhow::Result<AnyLayer> {
    let filter = if quiet && log.filter == "info" { "warn" } else { &log.filter };
    let filter: Targets = filter.parse().with_context(|| format!("log.filter {filter:?}"))?;
    let filter = filter.and(filter_fn(|metadata| metadata.is_event() && is_ours_or_low(metadata)));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    Ok(match log.format {
        LogFormat::Pretty => Box::new(lines.with_target(false).with_filter(filter)),
        LogFormat::Json => Box::new(lines.json().with_filter(filter)),
    })
}

fn is_ours_or_low(metadata: &Metadata<'_>) -> bool {
    is_ours(metadata) || *metadata.level() <= OTHERS_MAX
}

/// Whether our own code said it.
pub(crate) fn is_ours(metadata: &Metadata<'_>) -> bool {
    let name = metadata.target().split("::").next().unwrap_or_default();
    name == "poundlock" || name.starts_with("poundlock_")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted(Arc<AtomicUsize>);

    impl<S: tracing::Subscriber> Layer<S> for Counted {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn aud_03_no_filter_makes_a_library_print_what_it_carries() {
        let seen = Arc::new(AtomicUsize::new(0));
        let filter: Targets = "trace,hyper=trace,tokio_postgres=trace".parse().unwrap();
        let layer = Counted(Arc::clone(&seen)).with_filter(filter.and(filter_fn(is_ours_or_low)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::debug!(target: "hyper::proto::h1::io", "the bytes of a request");
            tracing::trace!(target: "tokio_postgres::query", "a statement");
            tracing::trace!(target: "poundlocksmith", "not ours");
            assert_eq!(seen.load(Ordering::SeqCst), 0);
            tracing::info!(target: "hyper", "said at info");
            tracing::trace!(target: "poundlock", "ours");
            tracing::trace!(target: "poundlock_store::batch", "ours");
            assert_eq!(seen.load(Ordering::SeqCst), 3);
        });
    }
}
