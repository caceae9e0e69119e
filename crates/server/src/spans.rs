//! Spans: which step of a request took how long. They go to a collector under the feature `otel`, and nowhere else: lines
//! of the log carry none. A span holds method, route and request id; nothing that a client wrote (AUD-03).

#[cfg(feature = "otel")]
mod export;

#[cfg(not(feature = "otel"))]
use axum::http::HeaderMap;
use tracing::Span;

#[cfg(feature = "otel")]
pub(crate) use self::export::{Traces, follow, layer};

/// The span of one request. Inside it lie those of its flow, of the store and of the hash pool.
pub(crate) fn request(method: &'static str, route: &str, id: &str) -> Span {
    tracing::info_span!("request", method, route, request = id)
}

/// Puts the span under the caller's trace (W3C Trace Context), if that is a proxy of ours.
#[cfg(not(feature = "otel"))]
pub(crate) const fn follow(_: &Span, _: &HeaderMap) {}
