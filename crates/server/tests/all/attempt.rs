//! What many tests send, and how they look at what comes back.

use std::collections::BTreeMap;

use axum::http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::time::Span;
use serde_json::{Value, json};

/// Long enough for every delay of the guard's ladder to be over.
pub(crate) const AFTER_ANY_DELAY: Span = Span::from_hours(1);

/// The API of the account itself.
pub(crate) const ACCOUNT: &str = "http://localhost:8080/account";

/// Tries a password.
pub(crate) async fn password(app: &TestApp, name: &str, password: &str) -> Reply {
    app.post("/v1/login", &json!({ "name": name, "password": password })).await
}

/// Tries a password on a device.
pub(crate) async fn password_on(app: &TestApp, name: &str, password: &str, device: &str) -> Reply {
    app.post("/v1/login", &json!({ "name": name, "password": password, "device": device })).await
}

/// Tries a code in a login.
pub(crate) async fn totp(app: &TestApp, login: &str, code: &str) -> Reply {
    app.post("/v1/login/totp", &json!({ "login": login, "code": code })).await
}

/// Tries a recovery code in a login.
pub(crate) async fn recovery(app: &TestApp, login: &str, code: &str) -> Reply {
    app.post("/v1/login/recovery-code", &json!({ "login": login, "code": code })).await
}

/// A code that is none of the present ones.
pub(crate) fn wrong_code(app: &TestApp, user: &TestUser) -> String {
    let near: Vec<String> = (-6..=6).map(|steps| app.code_at(&user.totp_uri, Span::from_seconds(30 * steps))).collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
}

/// A text member.
pub(crate) fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}")).to_owned()
}

/// Everything of an answer but what names this one request.
pub(crate) fn shape(reply: &Reply) -> (u16, BTreeMap<String, String>, Value) {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let mut body = reply.body.clone();
    let reference = body.as_object_mut().and_then(|body| body.insert("reference".to_owned(), json!("")));
    assert!(reference.is_some_and(|r| r.as_str().is_some_and(|r| !r.is_empty())), "a refusal without a reference");
    (reply.status.as_u16(), headers, body)
}

/// What an access token says, unchecked.
pub(crate) fn claims(tokens: &Value) -> Value {
    use base64::Engine;
    let token = text(tokens, "access_token");
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// How many live sessions the account has, by a token of one of them for the account API.
pub(crate) async fn sessions(app: &TestApp, account_token: &str) -> usize {
    let listed = app.bearer(Method::GET, "/v1/sessions", None, account_token).await.ok();
    listed["sessions"].as_array().unwrap().len()
}

/// Runs `count` of the same at once, each on a task of its own.
pub(crate) async fn at_once<F, T>(count: usize, of: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(of(n))).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}
