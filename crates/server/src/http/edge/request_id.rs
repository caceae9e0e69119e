//! Names every request, finds where it came from, and writes its one line in the log: method, route, status, no query
//! and no body (AUD-03).

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use poundlock_core::secret::random_bytes;
use tracing::Instrument;

use super::client_ip::is_unasked;
use super::via::Via;
use crate::app::{App, SharedApp};
use crate::clock::Stopwatch;
use crate::journal::Origin;
use crate::metrics::labels;
use crate::refusals::{Asked, Told};
use crate::spans;

/// Longest user agent that is kept, in characters.
const AGENT_CHARS_MAX: usize = 200;

/// The name of one request; the reference of answers that have no record.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

impl FromRequestParts<SharedApp> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Infallible> {
        let via = Via::of(&parts.extensions);
        let request = parts.extensions.get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            request,
            address: via.and_then(|via| via.client_ip(&parts.headers, &app.config.listen.networks())),
            agent: agent.map(|agent| agent.chars().take(AGENT_CHARS_MAX).collect()),
        })
    }
}

/// Gives the request its name, and counts and logs it when it is answered.
pub(crate) async fn name_and_log(State(app): State<SharedApp>, mut request: Request, next: Next) -> Response {
    let begun = Stopwatch::start();
    let bytes: [u8; 12] = random_bytes(&app.rng);
    let id = RequestId(bytes.iter().fold("req_".to_owned(), |id, byte| format!("{id}{byte:02x}")));
    let (via, trusted) = (Via::of(request.extensions()), app.config.listen.networks());
    warn_once_of_unasked_proxy(via.and_then(Via::peer_ip), &request, &app);
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let source = via.and_then(|via| via.client_ip(request.headers(), &trusted));
    let span = spans::request(labels::method(&method), labels::Route::of(route.as_ref()).as_str(), &id.0);
    if via.is_some_and(|via| via.is_behind(&trusted)) {
        spans::follow(&span, request.headers());
    }
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    let status = response.status();
    app.metrics.answered((&method, route.as_ref()), status, begun.took(), &id.0);
    let (method, route) = (labels::method(&method), labels::Route::of(route.as_ref()));
    tracing::debug!(request = %id, method, route = route.as_str(), status = status.as_u16(), "answered");
    let asked = Asked { request: &id.0, method, route: route.as_str(), source, status };
    tell_refusal(&app, response.extensions_mut().remove::<Told>(), &asked);
    response
}

/// Counts a refusal and writes its line; a failure without a word of its own gets one too.
fn tell_refusal(app: &App, told: Option<Told>, asked: &Asked<'_>) {
    let unsaid = || Told { kind: "unsaid", reason: "unsaid", reference: asked.request.to_owned(), fault: None };
    if let Some(told) = told.or_else(|| asked.status.is_server_error().then(unsaid)) {
        app.metrics.refused(told.kind, told.reason);
        app.refusals.tell(&told, asked, app.time.running());
    }
}

fn warn_once_of_unasked_proxy(peer: Option<IpAddr>, request: &Request, app: &SharedApp) {
    if let Some(peer) = peer
        && is_unasked(Some(peer), request.headers(), &app.config.listen.networks())
    {
        // Once: whoever sends the header could fill the log with it.
        app.unasked_proxy.get_or_init(|| {
            tracing::warn!("X-Forwarded-For from {peer} is ignored; if it is your proxy, add {peer} to listen.behind");
            peer
        });
    }
}
