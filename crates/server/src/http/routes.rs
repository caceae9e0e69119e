//! The URL table: the reader starts here.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};

use super::edge::{caps, cors, headers, host, peer, request_id};
use super::error::words::{self, Words};
use super::table::Table;
use super::{account, enrol, health, keys, login, oidc, openapi, pages, passkey, session, step_up};
use crate::app::SharedApp;

/// The largest body of any route, in bytes: a password of 1024 bytes, escaped, fits many times (OPS-04).
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How a guess at a secret that can be guessed is refused.
const GUESS: &[Words] =
    &[words::TOO_MANY_ATTEMPTS, words::BLOCKED, words::REBIND, words::BUSY, words::GONE, words::WRONG_STEP];
const PASSWORD: &[Words] = &[words::CREDENTIALS, words::UNUSABLE];
const CODE: &[Words] = &[words::CODE, words::HELD];
/// How tokens are refused to who has proved enough for them.
const TOKENS: &[Words] = &[words::NOT_ALLOWED, words::SESSION_ENDED];
const REFRESH: &[Words] =
    &[words::BAD_REFRESH, words::REFRESH_TOO_OFTEN, words::REFRESH_REUSE, words::INSUFFICIENT_USER_AUTHENTICATION];
/// How a passkey's answer is refused.
const KEY: &[Words] = &[words::PASSKEY, words::PASSKEY_COPIED, words::HELD, words::UNUSABLE];
const ASK: &[Words] = &[words::GONE, words::WRONG_STEP, words::UNUSABLE];
const TWICE: &[Words] = &[words::CONFLICT];
const NAME: &[Words] = &[words::UNUSABLE];
const TAKEN: &[Words] = &[words::NAME_TAKEN];
const LAST: &[Words] = &[words::LAST_ONE];
/// How a change of the account is refused.
const CHANGE: &[Words] = &[words::STEP_UP, words::GONE];

/// Every route that everyone may reach, with what it may refuse beside what its types tell.
pub(crate) fn table() -> Table {
    pages::table(Table::new())
        .post("/v1/login", login::begin, "Log in with name and password", &[GUESS, PASSWORD, CODE, TOKENS])
        .post("/v1/login/totp", login::totp, "Go on with a code of an app", &[GUESS, CODE, TOKENS, REFRESH])
        .post("/v1/login/recovery-code", login::recovery, "Go on with a recovery code", &[GUESS, CODE, TOKENS, REFRESH])
        .post("/v1/login/enrol/totp", enrol::offer, "Get the seed of a new app", &[GUESS, TWICE])
        .post(
            "/v1/login/enrol/totp/confirm",
            enrol::confirm,
            "Enrol it with a first code",
            &[GUESS, CODE, TOKENS, TAKEN, TWICE],
        )
        .post("/v1/login/passkey/options", passkey::options, "Ask for a passkey", &[ASK])
        .post(
            "/v1/login/passkey",
            passkey::prove,
            "Log in with a passkey, or go on with one",
            &[GUESS, KEY, TOKENS, REFRESH],
        )
        .post("/v1/login/enrol/passkey", passkey::offer, "Get the options of a new passkey", &[ASK, TWICE])
        .post(
            "/v1/login/enrol/passkey/confirm",
            passkey::confirm,
            "Enrol it with its first answer",
            &[GUESS, KEY, TOKENS, TAKEN, TWICE],
        )
        .post("/v1/invite/accept", enrol::accept, "Accept an invite or ticket", &[GUESS, PASSWORD, TOKENS, TAKEN])
        .post("/v1/session/refresh", session::refresh, "Get new tokens", &[REFRESH, TOKENS, GUESS])
        .get("/v1/session", session::show, "Show the present session", &[])
        .delete("/v1/session", session::end, "Sign out", &[REFRESH, TOKENS])
        .get("/v1/sessions", session::list, "List the account's sessions", &[])
        .delete("/v1/sessions", session::end_others, "End all other sessions", &[])
        .delete("/v1/sessions/{id}", session::end_one, "End a session", &[CHANGE])
        .post(
            "/v1/step-up",
            step_up::begin,
            "Prove both factors again, for one action",
            &[GUESS, PASSWORD, REFRESH, TOKENS],
        )
        .get("/v1/account", account::show, "Show the account", &[])
        .post("/v1/account/password", account::change_password, "Set another password", &[CHANGE, GUESS, PASSWORD])
        .get("/v1/factors", account::factors, "List the second factors", &[])
        .post("/v1/factors/totp", enrol::begin_totp, "Begin to add an app", &[CHANGE, TWICE])
        .post("/v1/factors/passkey", enrol::begin_passkey, "Begin to add a passkey", &[CHANGE, TWICE])
        .post("/v1/factors/recovery-codes", account::new_codes, "Make new recovery codes", &[CHANGE])
        .patch("/v1/factors/{id}", account::rename_factor, "Rename a second factor", &[CHANGE, NAME])
        .delete("/v1/factors/{id}", account::remove_factor, "Remove a second factor", &[CHANGE, LAST])
        .get("/v1/devices", account::devices, "List the known devices", &[])
        .delete("/v1/devices/{id}", account::revoke_device, "Revoke a known device", &[CHANGE])
        .get("/v1/grants", oidc::grants::list, "List the applications that were allowed something", &[])
        .delete(
            "/v1/grants/{client}",
            oidc::grants::revoke,
            "Take back what an application was allowed",
            &[CHANGE, TOKENS],
        )
        .post("/oauth/token", oidc::token::exchange, "Exchange a code or a refresh token for tokens", &[GUESS])
        .get("/oidc/userinfo", oidc::userinfo::show, "Ask who an access token is about", &[])
        .post("/oidc/userinfo", oidc::userinfo::show_posted, "Ask who an access token is about", &[])
        .get("/.well-known/openid-configuration", oidc::discovery::show, "Ask what this server does", &[])
        .get("/.well-known/oauth-authorization-server", oidc::discovery::show_oauth, "Ask what this server does", &[])
        .get("/.well-known/jwks.json", keys::jwks, "Get the public keys", &[])
        .get("/status/{list}", keys::status_list, "Get a status list", &[])
        .get("/openapi.json", openapi::public, "Get this document", &[])
        .get("/health/live", health::live, "Ask whether the process runs", &[])
        .get("/health/ready", health::ready, "Ask whether the server can be asked", &[])
}

/// What everyone may reach.
pub(crate) fn public(app: SharedApp) -> Router {
    table()
        .into_router()
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(SharedApp::clone(&app), cors::answer))
        .layer(from_fn_with_state(SharedApp::clone(&app), host::refuse_foreign_host))
        .layer(from_fn_with_state(SharedApp::clone(&app), peer::refuse_in_the_clear))
        .layer(from_fn(caps::refuse_long))
        .layer(from_fn_with_state(SharedApp::clone(&app), pages::error::as_page))
        .layer(from_fn_with_state(SharedApp::clone(&app), request_id::name_and_log))
        .layer(from_fn_with_state(SharedApp::clone(&app), headers::secure))
        .with_state(app)
}
