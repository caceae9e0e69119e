//! The URL table: the reader starts here.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};

use super::edge::{caps, cors, headers, host, peer, request_id};
use super::{account, enrol, error, health, keys, login, session, step_up};
use crate::app::SharedApp;

/// The largest body of any route, in bytes: a password of 1024 bytes, escaped, fits many times (OPS-04).
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What everyone may reach.
pub(crate) fn public(app: SharedApp) -> Router {
    Router::new()
        .route("/v1/login", post(login::begin))
        .route("/v1/login/totp", post(login::totp))
        .route("/v1/login/recovery-code", post(login::recovery))
        .route("/v1/login/enrol/totp", post(enrol::offer))
        .route("/v1/login/enrol/totp/confirm", post(enrol::confirm))
        .route("/v1/invite/accept", post(enrol::accept))
        .route("/v1/session/refresh", post(session::refresh))
        .route("/v1/session", get(session::show).delete(session::end))
        .route("/v1/sessions", get(session::list).delete(session::end_others))
        .route("/v1/sessions/{id}", delete(session::end_one))
        .route("/v1/step-up", post(step_up::begin))
        .route("/v1/account", get(account::show))
        .route("/v1/account/password", post(account::change_password))
        .route("/v1/factors", get(account::factors))
        .route("/v1/factors/totp", post(enrol::begin_recovered))
        .route("/v1/factors/recovery-codes", post(account::new_codes))
        .route("/v1/factors/{id}", delete(account::remove_factor))
        .route("/v1/devices", get(account::devices))
        .route("/v1/devices/{id}", delete(account::revoke_device))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .route("/status/{list}", get(keys::status_list))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(SharedApp::clone(&app), cors::answer))
        .layer(from_fn_with_state(SharedApp::clone(&app), host::refuse_foreign_host))
        .layer(from_fn_with_state(SharedApp::clone(&app), peer::refuse_past_the_proxy))
        .layer(from_fn(caps::refuse_long))
        .layer(from_fn_with_state(SharedApp::clone(&app), request_id::name_and_log))
        .layer(from_fn(headers::secure))
        .with_state(app)
}
