//! `/v1/admin`: what administrators do through the socket.

pub(crate) mod audit;
mod backups;
mod clients;
mod groups;
mod invites;
mod keys;
mod last_admin;
mod master;
mod reset;
mod sessions;
mod users;

use axum::http::Method;
use poundlock::testing::{Reply, TestApp};
use poundlock_core::audit::{Key, Record};
use serde_json::Value;

/// A change without a body.
async fn act(app: &TestApp, method: Method, path: &str) -> Reply {
    app.admin(method, &format!("/v1/admin/{path}"), None).await
}

/// A change with a body.
async fn send(app: &TestApp, method: Method, path: &str, body: &Value) -> Reply {
    app.admin(method, &format!("/v1/admin/{path}"), Some(body)).await
}

/// What is there.
async fn read(app: &TestApp, path: &str) -> Value {
    act(app, Method::GET, path).await.ok()
}

/// The newest record of this event; an administrator's change names the admin socket as its actor.
async fn recorded(app: &TestApp, event: &str) -> Record {
    let tail = poundlock_store::audit::tail(app.store(), 50).await.unwrap();
    let records = tail.iter().map(|stored| Record::parse(std::str::from_utf8(&stored.body).unwrap()).unwrap());
    let record = records.into_iter().find(|record| record.event().name() == event);
    let record = record.unwrap_or_else(|| panic!("no record of {event}"));
    assert_eq!(record.detail(Key::Actor).map(ToString::to_string).as_deref(), Some("admin_socket"), "{event}");
    record
}

/// Refreshes with a token answer's refresh token.
async fn refresh(app: &TestApp, tokens: &Value) -> Reply {
    app.post("/v1/session/refresh", &serde_json::json!({ "refresh_token": tokens["refresh_token"] })).await
}

/// The claims of a token, unchecked.
fn claims(tokens: &Value) -> Value {
    use base64::Engine;
    let payload = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Whether the served status list shows the session of these tokens as ended, read as a service reads it.
async fn shown_as_ended(app: &TestApp, tokens: &Value) -> bool {
    use poundlock_verify::{JwkSet, Seconds, StatusList, StatusValue};
    let claims = claims(tokens);
    let entry = &claims["status"]["status_list"];
    let uri = entry["uri"].as_str().unwrap();
    let served = app.get(uri.strip_prefix("http://localhost:8080").unwrap()).await.ok();
    let keys = app.get("/.well-known/jwks.json").await.ok();
    let keys = JwkSet::parse(keys.to_string().as_bytes()).unwrap();
    let now = Seconds::new(app.now().seconds());
    let list = StatusList::check_token(served.as_str().unwrap(), &keys, uri, now).unwrap();
    list.value(entry["idx"].as_u64().unwrap()) == Some(StatusValue::Invalid)
}
