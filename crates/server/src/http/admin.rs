//! `/v1/admin`: what the command line speaks to, over the admin socket alone.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod clients;
pub(crate) mod devices;
pub(crate) mod groups;
pub(crate) mod invites;
pub(crate) mod keys;
pub(crate) mod sessions;
pub(crate) mod users;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};

use super::edge::{caps, headers, request_id};
use super::{error, health};
use crate::app::SharedApp;

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The URL table of the admin socket.
pub(crate) fn router(app: SharedApp) -> Router {
    Router::new()
        .route("/v1/admin/users", get(users::list))
        .route("/v1/admin/users/{user}", get(users::show).delete(users::delete))
        .route("/v1/admin/users/{user}/disable", post(users::disable))
        .route("/v1/admin/users/{user}/enable", post(users::enable))
        .route("/v1/admin/users/{user}/unlock", post(users::unlock))
        .route("/v1/admin/users/{user}/reset-factor", post(users::reset_factor))
        .route("/v1/admin/users/{user}/ticket", post(users::ticket))
        .route("/v1/admin/users/{user}/groups/{group}", put(groups::add).delete(groups::remove))
        .route("/v1/admin/users/{user}/sessions", get(sessions::list).delete(sessions::end_of_user))
        .route("/v1/admin/users/{user}/devices", get(devices::list))
        .route("/v1/admin/users/{user}/devices/{device}", delete(devices::revoke))
        .route("/v1/admin/sessions", delete(sessions::end_of_everyone))
        .route("/v1/admin/sessions/{session}", delete(sessions::end))
        .route("/v1/admin/invites", get(invites::list).post(invites::make))
        .route("/v1/admin/audit", get(audit::state))
        .route("/v1/admin/audit/records", get(audit::tail))
        .route("/v1/admin/audit/records/{reference}", get(audit::explain))
        .route("/v1/admin/audit/export", get(audit::export))
        .route("/v1/admin/audit/prune", post(audit::prune))
        .route("/v1/admin/invites/{invite}", delete(invites::withdraw))
        .route("/v1/admin/clients", get(clients::list).post(clients::add))
        .route("/v1/admin/clients/{client}", get(clients::show).put(clients::change).delete(clients::remove))
        .route("/v1/admin/audiences", get(clients::audiences))
        .route("/v1/admin/audiences/{audience}", put(clients::put_audience).delete(clients::remove_audience))
        .route("/v1/admin/keys", get(keys::list))
        .route("/v1/admin/keys/rotate", post(keys::rotate))
        .route("/v1/admin/keys/master", post(keys::rotate_master))
        .route("/v1/admin/keys/{kid}/revoke", post(keys::revoke))
        .route("/v1/admin/backup", get(backup::make))
        .route("/v1/admin/doctor", get(health::seen))
        .route("/v1/admin/ready", get(health::ready))
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(caps::refuse_long))
        .layer(from_fn_with_state(SharedApp::clone(&app), request_id::name_and_log))
        .layer(from_fn(headers::secure))
        .with_state(app)
}
