//! One line of the log for each refusal, and never a flood of them: refusals alike within a minute are written up to a
//! few and then counted. What stands in a line: closed words, our own reference and request id, and a network prefix;
//! nothing that a client wrote (AUD-03, AUD-04).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use poundlock_core::time::Span;

/// Lines of one kind and source that are written in a window.
const WRITTEN_MAX: u64 = 5;

const WINDOW: Span = Span::from_minutes(1);

/// Windows at once; more sources than this share one for each kind.
const WINDOWS_MAX: usize = 1024;

/// Why a request was refused, as its answer said it. Travels with the answer to the edge.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The last part of the problem's type.
    pub(crate) kind: &'static str,
    /// A closed word; finer than the kind.
    pub(crate) reason: &'static str,
    /// What the caller was shown.
    pub(crate) reference: String,
    /// What went wrong on our side, for the operator; names a statement perhaps, never a value.
    pub(crate) fault: Option<String>,
}

/// The request that was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a str,
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) source: Option<IpAddr>,
    pub(crate) status: StatusCode,
}

/// What counts as alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    kind: &'static str,
    reason: &'static str,
    source: String,
    fault: bool,
}

#[derive(Debug)]
struct Window {
    since: Span,
    seen: u64,
}

impl Window {
    const fn is_over(&self, running: Span) -> bool {
        running.millis() - self.since.millis() >= WINDOW.millis()
    }
}

/// The open windows.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    open: Mutex<BTreeMap<Kind, Window>>,
}

impl Refusals {
    /// Writes the line, or counts it. `running` is a clock that nobody sets.
    pub(crate) fn tell(&self, told: &Told, asked: &Asked<'_>, running: Span) {
        let source = prefix(asked.source);
        let fault = asked.status.is_server_error();
        let kind = Kind { kind: told.kind, reason: told.reason, source: source.clone(), fault };
        if !self.is_written(kind, running) {
            return;
        }
        let (status, Told { kind, reason, reference, fault: what }) = (asked.status.as_u16(), told);
        let Asked { request, method, route, .. } = *asked;
        if fault {
            let fault = what.as_deref().unwrap_or("none");
            tracing::error!(kind, reason, reference, request, method, route, source, status, fault, "failed");
        } else {
            tracing::info!(kind, reason, reference, request, method, route, source, status, "refused");
        }
    }

    /// Says how many lines alike were held back in the windows that are over at `running`, or in all of them.
    pub(crate) fn flush(&self, running: Option<Span>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<(Kind, Window)> =
            open.extract_if(.., |_, window| running.is_none_or(|now| window.is_over(now))).collect();
        drop(open);
        for (kind, window) in over {
            held_back(&kind, &window);
        }
    }

    fn is_written(&self, kind: Kind, running: Span) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let over = open.get(&kind).is_some_and(|window| window.is_over(running));
        if over && let Some(window) = open.remove(&kind) {
            held_back(&kind, &window);
        }
        let crowded = open.len() >= WINDOWS_MAX && !open.contains_key(&kind);
        // Attack: a flood from everywhere, each source with lines of its own.
        let kind = if crowded { Kind { source: "*".to_owned(), ..kind } } else { kind };
        let window = open.entry(kind).or_insert(Window { since: running, seen: 0 });
        window.seen += 1;
        window.seen <= WRITTEN_MAX
    }
}

fn held_back(kind: &Kind, window: &Window) {
    let count = window.seen.saturating_sub(WRITTEN_MAX);
    let Kind { kind, reason, source, fault } = kind;
    if count == 0 {
        return;
    }
    if *fault {
        tracing::error!(kind, reason, source, count, "failed alike, not written one by one");
    } else {
        tracing::info!(kind, reason, source, count, "refused alike, not written one by one");
    }
}

/// The network that a request came from: enough to see a pattern, and no person's address (the audit record has the
/// whole one, under a key that erasure destroys).
fn prefix(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => format!("{}/24", Ipv4Addr::from_bits(address.to_bits() >> 8 << 8)),
        Some(IpAddr::V6(address)) => format!("{}/48", Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
    }
}
