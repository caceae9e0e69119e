//! `/v1/admin/audit`, and what every flow leaves in the log.

mod chain;
mod damage;
mod events;
mod export;
mod prune;
mod refusal;
pub(crate) mod secrets;
mod write;

use axum::http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::audit::{Checkpoint, Report, verify_export};
use poundlock_core::time::Span;
use serde_json::{Value, json};

pub(super) const ACCOUNT: &str = "http://localhost:8080/account";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A token of a fresh login for the account API.
async fn account_token(app: &TestApp, user: &TestUser) -> String {
    text(&app.log_in(user, Some(ACCOUNT)).await["access_token"])
}

/// The right to one change, by password and code.
async fn step_up(app: &TestApp, user: &TestUser, token: &str, action: (&str, &str)) -> String {
    let body = json!({ "action": action.0, "target": action.1, "password": user.password });
    let login = app.bearer(Method::POST, "/v1/step-up", Some(&body), token).await.ok()["login"].clone();
    let code = json!({ "login": login, "code": app.code(&user.totp_uri) });
    let right = app.post("/v1/login/totp", &code).await.ok()["step_up"].clone();
    app.advance(Span::from_seconds(30));
    text(&right)
}

/// A wrong password for this name.
async fn wrong_password(app: &TestApp, name: &str) -> Reply {
    app.post("/v1/login", &json!({ "name": name, "password": "not the password at all" })).await
}

/// What `explain` says about the reference of a refusal.
async fn explained(app: &TestApp, reference: &str) -> Value {
    app.admin(Method::GET, &format!("/v1/admin/audit/records/{reference}"), None).await.ok()
}

async fn state(app: &TestApp) -> Value {
    app.admin(Method::GET, "/v1/admin/audit", None).await.ok()
}

/// The last checkpoint, as it went to the log stream.
async fn last_checkpoint(app: &TestApp) -> Checkpoint {
    Checkpoint::parse(state(app).await["last_checkpoint"]["text"].as_str().unwrap()).unwrap()
}

fn check(export: &str, trusted: Option<&Checkpoint>) -> Report {
    verify_export(export.as_bytes().split_inclusive(|byte| *byte == b'\n'), trusted, None)
}

/// Seals and signs, and moves past the minute so that the next checkpoint is due.
async fn seal_and_sign(app: &TestApp) {
    app.seal().await;
    app.checkpoint().await;
    app.advance(Span::from_seconds(61));
}
