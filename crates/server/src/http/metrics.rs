//! `GET /metrics`, on a listener of its own and on no other (OPS-06). Shows counts and the version, and nothing else.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::edge::headers;
use crate::app::SharedApp;
use crate::metrics;

/// The form of the answer: OpenMetrics, which alone has exemplars.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The URL table of the metrics listener.
pub(crate) fn router(app: SharedApp) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .layer(from_fn_with_state(SharedApp::clone(&app), refuse_rebound_name))
        .layer(from_fn_with_state(SharedApp::clone(&app), headers::secure))
        .with_state(app)
}

async fn show(State(app): State<SharedApp>) -> Response {
    match metrics::scrape(&app).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Attack: DNS rebinding, by which a page in the operator's browser would read the metrics of this machine. An address
/// cannot be rebound; where other machines may ask, names are theirs to choose.
async fn refuse_rebound_name(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    if app.config.metrics.allow_remote || is_address(request.headers()) {
        return next.run(request).await;
    }
    StatusCode::MISDIRECTED_REQUEST.into_response()
}

fn is_address(headers: &HeaderMap) -> bool {
    headers.get_all(HOST).iter().all(|host| {
        let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        authority.is_some_and(|authority| {
            let host = authority.host().trim_start_matches('[').trim_end_matches(']');
            host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_answered() {
        let asked = |host: &'static str| HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        for good in ["127.0.0.1:9090", "localhost:9090", "[::1]:9090", "LOCALHOST"] {
            assert!(is_address(&asked(good)), "{good}");
        }
        for bad in ["evil.example:9090", "localhost.evil.example", "", "127.0.0.1.evil.example"] {
            assert!(!is_address(&asked(bad)), "{bad}");
        }
    }
}
