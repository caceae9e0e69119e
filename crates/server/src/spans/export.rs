//! Spans to a collector: OTLP over HTTP, in batches, on a thread of its own. A collector that does not answer costs spans
//! and nothing else.

use std::collections::HashMap;

use anyhow::Context;
use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

/// The exporter, until it is dropped: then what is left is sent.
#[must_use = "dropped, it sends nothing more"]
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that is gone has no spans to lose that anybody could help.
        let _ = self.0.shutdown();
    }
}

/// The layer that sends spans, and what ends it. Our own spans alone, and no event: a line of the log stays here.
pub(crate) fn layer(endpoint: &str) -> anyhow::Result<(Box<dyn Layer<Registry> + Send + Sync>, Traces)> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .with_context(|| format!("cannot send traces to trace.endpoint {endpoint:?}"))?;
    let resource = Resource::builder_empty().with_service_name("poundlock");
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("poundlock")).with_location(false);
    let ours = filter_fn(|metadata| metadata.is_span() && crate::log::is_ours(metadata));
    Ok((Box::new(spans.with_filter(ours)), Traces(provider)))
}

/// Puts the span under the caller's trace (W3C Trace Context). Called for requests of trusted proxies alone. Attack: who
/// may choose the trace puts the requests of others into it, or has every one of theirs recorded.
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Not `tracestate`: it is free text, and would be sent on.
    let carried: HashMap<String, String> =
        text("traceparent").map(|text| ("traceparent".to_owned(), text)).into_iter().collect();
    if !carried.is_empty() {
        // Refused only when the span is not recorded, and then there is nothing to put anywhere.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&carried));
    }
}
