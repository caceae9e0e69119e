//! `/v1/admin`: what the command line speaks to, over the admin socket alone.

pub(crate) mod audit;
pub(crate) mod invites;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use super::edge::{headers, request_id};
use super::{error, health};
use crate::app::SharedApp;

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The URL table of the admin socket.
pub(crate) fn router(app: SharedApp) -> Router {
    Router::new()
        .route("/v1/admin/invites", get(invites::list).post(invites::make))
        .route("/v1/admin/audit", get(audit::state))
        .route("/v1/admin/audit/records", get(audit::tail))
        .route("/v1/admin/audit/records/{reference}", get(audit::explain))
        .route("/v1/admin/audit/export", get(audit::export))
        .route("/v1/admin/audit/prune", post(audit::prune))
        .route("/v1/admin/ready", get(health::ready))
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(SharedApp::clone(&app), request_id::name_and_log))
        .layer(from_fn(headers::secure))
        .with_state(app)
}
