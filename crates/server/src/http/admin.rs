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

use super::edge::{caps, headers, request_id};
use super::error::words::{self, Words};
use super::table::Table;
use super::{health, openapi};
use crate::app::SharedApp;

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// How administrators are refused.
const ADMIN: &[Words] = &[words::UNUSABLE, words::MISSING, words::CONFLICT];
const LAST: &[Words] = &[words::LAST_ONE];
const TAKEN: &[Words] = &[words::NAME_TAKEN];

/// The URL table of the admin socket.
pub(crate) fn table() -> Table {
    Table::new()
        .get("/v1/admin/users", users::list, "List the users", &[])
        .get("/v1/admin/users/{user}", users::show, "Show a user", &[ADMIN])
        .delete("/v1/admin/users/{user}", users::delete, "Delete a user", &[ADMIN, LAST])
        .post("/v1/admin/users/{user}/disable", users::disable, "Shut an account", &[ADMIN, LAST])
        .post("/v1/admin/users/{user}/enable", users::enable, "Open an account again", &[ADMIN])
        .post("/v1/admin/users/{user}/unlock", users::unlock, "Refill the budgets of an account", &[ADMIN])
        .post(
            "/v1/admin/users/{user}/reset-factor",
            users::reset_factor,
            "Remove all second factors, and get a ticket",
            &[ADMIN, LAST],
        )
        .post("/v1/admin/users/{user}/ticket", users::ticket, "Get a ticket for enrolling a factor", &[ADMIN])
        .put("/v1/admin/users/{user}/groups/{group}", groups::add, "Put a user into a group", &[ADMIN, LAST])
        .delete("/v1/admin/users/{user}/groups/{group}", groups::remove, "Take a user out of a group", &[ADMIN, LAST])
        .get("/v1/admin/users/{user}/sessions", sessions::list, "List a user's sessions", &[ADMIN])
        .delete("/v1/admin/users/{user}/sessions", sessions::end_of_user, "End all sessions of a user", &[ADMIN])
        .get("/v1/admin/users/{user}/devices", devices::list, "List a user's known devices", &[ADMIN])
        .delete("/v1/admin/users/{user}/devices/{device}", devices::revoke, "Revoke a known device", &[ADMIN])
        .delete("/v1/admin/sessions", sessions::end_of_everyone, "End all sessions", &[ADMIN])
        .delete("/v1/admin/sessions/{session}", sessions::end, "End a session", &[ADMIN])
        .get("/v1/admin/invites", invites::list, "List the invites and tickets", &[])
        .post("/v1/admin/invites", invites::make, "Invite a user", &[ADMIN, TAKEN])
        .get("/v1/admin/audit", audit::state, "Show how the audit log stands", &[])
        .get("/v1/admin/audit/records", audit::tail, "Show the newest records", &[])
        .get("/v1/admin/audit/records/{reference}", audit::explain, "Explain a reference", &[ADMIN])
        .get("/v1/admin/audit/export", audit::export, "Export the audit log", &[])
        .post("/v1/admin/audit/prune", audit::prune, "Remove old records", &[ADMIN])
        .delete("/v1/admin/invites/{invite}", invites::withdraw, "Withdraw an invite or ticket", &[ADMIN])
        .get("/v1/admin/clients", clients::list, "List the clients", &[])
        .post("/v1/admin/clients", clients::add, "Add a client", &[ADMIN])
        .get("/v1/admin/clients/{client}", clients::show, "Show a client", &[ADMIN])
        .put("/v1/admin/clients/{client}", clients::change, "Change a client", &[ADMIN])
        .post("/v1/admin/clients/{client}/secret", clients::rotate_secret, "Make a client another secret", &[ADMIN])
        .delete("/v1/admin/clients/{client}", clients::remove, "Remove a client", &[ADMIN])
        .get("/v1/admin/audiences", clients::audiences, "List the audiences", &[])
        .put("/v1/admin/audiences/{audience}", clients::put_audience, "Set an audience", &[ADMIN])
        .delete("/v1/admin/audiences/{audience}", clients::remove_audience, "Remove an audience", &[ADMIN])
        .get("/v1/admin/keys", keys::list, "List the signing keys", &[])
        .post("/v1/admin/keys/rotate", keys::rotate, "Rotate the signing keys", &[ADMIN])
        .post("/v1/admin/keys/master", keys::rotate_master, "Rotate the master key", &[ADMIN])
        .post("/v1/admin/keys/{kid}/revoke", keys::revoke, "Revoke a signing key", &[ADMIN])
        .get("/v1/admin/backup", backup::make, "Copy the store", &[ADMIN])
        .get("/v1/admin/doctor", health::seen, "Show what the server sees", &[])
        .get("/v1/admin/ready", health::ready, "Ask whether the server can be asked", &[])
        .get("/v1/admin/openapi.json", openapi::administration, "Get this document", &[])
}

/// What the admin socket serves.
pub(crate) fn router(app: SharedApp) -> Router {
    table()
        .into_router()
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(caps::refuse_long))
        .layer(from_fn_with_state(SharedApp::clone(&app), request_id::name_and_log))
        .layer(from_fn_with_state(SharedApp::clone(&app), headers::secure))
        .with_state(app)
}
