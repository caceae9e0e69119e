//! The log: where it goes, in which form, and how loud. Standard error alone; standard output is for answers (AUD-08).

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogConfig, LogFormat};

/// How loud anybody else's code may be, whatever the filter says. Attack: at `trace` a library prints the bytes it
/// carries, and with them passwords and tokens (AUD-03).
const OTHERS_MAX: tracing::Level = tracing::Level::INFO;

/// Starts the log. `quiet` is for commands, which say what they have to say themselves.
pub(crate) fn start(log: &LogConfig, quiet: bool) -> anyhow::Result<()> {
    let filter = if quiet && log.filter == "info" { "warn" } else { &log.filter };
    let filter: Targets = filter.parse().with_context(|| format!("log.filter {filter:?}"))?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Pretty => Box::new(lines.with_target(false).with_filter(filter.and(filter_fn(is_ours_or_low)))),
        LogFormat::Json => Box::new(lines.json().with_filter(filter.and(filter_fn(is_ours_or_low)))),
    };
    let started = tracing_subscriber::registry().with(lines).try_init();
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}

fn is_ours_or_low(metadata: &tracing::Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = target.split("::").next().is_some_and(|name| name == "poundlock" || name.starts_with("poundlock_"));
    ours || *metadata.level() <= OTHERS_MAX
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
